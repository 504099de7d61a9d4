//! Bytes that say what they are.
//!
//! In: something that was compiled, and the machine it is for. Out: bytes that can be kept; and from bytes, what was compiled, or why not. Machine code is behind this: what can be told wrong is refused
//! before anything of it is read, by a hash over all of it. That guards against accidents; whoever makes such bytes on purpose can make this process do anything, as with a shared library.
//!
//! ```text
//! magic (8) │ format (4) │ BLAKE3 of all that follows (32) │ version, machine │ what was compiled
//! ```
//!
//! Only the first three are forever: they tell all else apart. It knows nothing of what was compiled.

use crate::machine::{Lack, Machine};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What such bytes begin with. No text does, and what mangles texts mangles it.
pub const MAGIC: [u8; 8] = *b"\x89ADC\r\n\x1a\n";

/// Changes when what follows the hash is laid out in another way.
const FORMAT: u32 = 1;

/// Who reads and writes: tables of compiled code, and the workspace that it works on, are laid out in one way in one version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

const HASH: usize = 12;
const REST: usize = HASH + 32;

#[derive(Serialize, Deserialize)]
struct Head {
    version: String,
    machine: Machine,
}

/// Why bytes are not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// They begin with something else.
    Foreign,
    /// They are not what was written.
    Damaged,
    /// Another version wrote them: which one, if it wrote the same format.
    Version(Option<String>),
    /// They are for another machine.
    Machine(Lack),
}

impl Unfit {
    /// The number of its diagnostic code.
    pub fn code(&self) -> &'static str {
        match self {
            Unfit::Foreign | Unfit::Damaged => "AD0930",
            Unfit::Version(_) => "AD0931",
            Unfit::Machine(_) => "AD0932",
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::Foreign => f.write_str("this is no compiled derivative"),
            Unfit::Damaged => f.write_str("this compiled derivative is damaged: its contents are not what was written"),
            Unfit::Version(other) => {
                let other = other.as_deref().unwrap_or("of another version");
                write!(f, "this was compiled by Adit {other}, and this is Adit {VERSION}: compile it again")
            }
            Unfit::Machine(Lack::Kind(wanted, here)) => write!(f, "this was compiled for {wanted}, and this is {here}"),
            Unfit::Machine(Lack::Features(lacking)) => {
                let lacking = lacking.join(", ");
                write!(
                    f,
                    "this was compiled for a processor with {lacking}, which this one lacks: compile it here, or for `--cpu baseline`"
                )
            }
        }
    }
}

impl std::error::Error for Unfit {}

/// Bytes of something that was compiled for a machine.
///
/// # Errors
/// If it holds what cannot be written down: a function of the host.
pub fn seal(machine: &Machine, compiled: &impl Serialize) -> Result<Vec<u8>, postcard::Error> {
    let mut bytes = [&MAGIC[..], &FORMAT.to_le_bytes(), &[0; 32]].concat();
    bytes = postcard::to_extend(&Head { version: VERSION.to_owned(), machine: machine.clone() }, bytes)?;
    bytes = postcard::to_extend(compiled, bytes)?;
    let hash = blake3::hash(&bytes[REST..]);
    bytes[HASH..REST].copy_from_slice(hash.as_bytes());
    Ok(bytes)
}

/// What was compiled.
///
/// # Errors
/// If the bytes are not those of [`seal`], in this version and for such a machine.
pub fn open<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unfit> {
    if !bytes.starts_with(&MAGIC) {
        return Err(Unfit::Foreign);
    }
    let (Some(format), Some(hash), Some(rest)) =
        (bytes.get(MAGIC.len()..HASH), bytes.get(HASH..REST), bytes.get(REST..))
    else {
        return Err(Unfit::Damaged);
    };
    if format != FORMAT.to_le_bytes() {
        return Err(Unfit::Version(None));
    }
    if blake3::hash(rest).as_bytes() != hash {
        return Err(Unfit::Damaged);
    }
    let (head, rest) = postcard::take_from_bytes::<Head>(rest).map_err(|_| Unfit::Damaged)?;
    if head.version != VERSION {
        return Err(Unfit::Version(Some(head.version)));
    }
    if let Some(lack) = head.machine.lack() {
        return Err(Unfit::Machine(lack));
    }
    postcard::from_bytes(rest).map_err(|_| Unfit::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> Vec<u8> {
        seal(&Machine::here([]), &(7_u32, "seven".to_owned())).expect("it can be written")
    }

    /// The same with another head, and the right hash.
    fn with_head(head: &Head) -> Vec<u8> {
        let rest = postcard::to_extend(&7_u32, postcard::to_stdvec(head).expect("it can be written"));
        let rest = rest.expect("it can be written");
        [&MAGIC[..], &FORMAT.to_le_bytes(), blake3::hash(&rest).as_bytes(), &rest].concat()
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(open(&sealed()), Ok((7_u32, "seven".to_owned())));
    }

    #[test]
    fn every_changed_bit_and_every_missing_end_is_found() {
        let whole = sealed();
        for bit in 0..8 * whole.len() {
            let mut changed = whole.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let wanted = match bit / 8 {
                0..8 => Unfit::Foreign,
                8..12 => Unfit::Version(None),
                _ => Unfit::Damaged,
            };
            assert_eq!(open::<(u32, String)>(&changed), Err(wanted), "bit {bit}");
        }
        for end in 0..whole.len() {
            let wanted = if end < MAGIC.len() { Unfit::Foreign } else { Unfit::Damaged };
            assert_eq!(open::<(u32, String)>(&whole[..end]), Err(wanted), "{end} bytes");
        }
    }

    #[test]
    fn another_version_and_another_machine_are_refused() {
        let here = Machine::here([]);
        let old = with_head(&Head { version: "0.0.1".into(), machine: here });
        assert_eq!(open::<u32>(&old), Err(Unfit::Version(Some("0.0.1".into()))));
        let odd = Machine::here(["levitation".to_owned()]);
        let odd = with_head(&Head { version: VERSION.into(), machine: odd });
        assert!(matches!(open::<u32>(&odd), Err(Unfit::Machine(Lack::Features(_)))));
    }

    #[test]
    fn what_is_not_what_was_expected_is_damaged() {
        assert_eq!(open::<(u32, u32, Vec<String>)>(&sealed()), Err(Unfit::Damaged));
    }
}
