//! `adit check`
use crate::args::Check;
use crate::session::{Answer, Session, usage};
use adit::Result;
/// x
pub fn check(_: &Session, _: &Check) -> Result<Answer> { Err(usage("later")) }
