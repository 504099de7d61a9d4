//! One file a command, or a family of them.
//!
//! In: typed arguments and a [`Session`]. Out: an [`Answer`], or the error that stopped it.

mod bench;
mod build;
mod check;
mod cost;
mod derivatives;
mod emit;
mod explain;
mod opt;
mod optimize;
mod run;
mod sample;
mod sparse;

use crate::args::Command;
use crate::session::{Answer, Session};
use adit::Result;

/// Does what a command says.
///
/// # Errors
/// What the command gives.
pub fn execute(session: &Session, command: &Command) -> Result<Answer> {
    match command {
        Command::Run(args) => run::run(session, args),
        Command::Grad(args) => derivatives::grad(session, args),
        Command::Jvp(args) => derivatives::jvp(session, args),
        Command::Vjp(args) => derivatives::vjp(session, args),
        Command::Jac(args) => derivatives::jac(session, args),
        Command::Hess(args) => derivatives::hess(session, args),
        Command::Hvp(args) => derivatives::hvp(session, args),
        Command::Check(args) => check::check(session, args),
        Command::Emit(args) => emit::emit(session, args),
        Command::Cost(args) => cost::cost(session, args),
        Command::Bench(args) => bench::bench(session, args),
        Command::Build(args) => build::build(session, args),
        Command::Optimize(args) => optimize::optimize(session, args),
        Command::Sample(args) => sample::sample(session, args),
        Command::Opt(args) => opt::opt(session, args),
        Command::Explain(args) => explain::explain(session, args),
    }
}
