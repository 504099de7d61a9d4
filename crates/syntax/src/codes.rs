//! The codes of what can be wrong with the form of a program. `docs/errors/` has a page for each.

use adit_diag::Code;

/// A character that no token starts with, or an escape that texts do not have.
pub const UNKNOWN_CHARACTER: Code = Code("AD0001");
/// A text or comment without its end.
pub const UNTERMINATED: Code = Code("AD0002");
/// A number with something wrong in it, or out of range.
pub const BAD_NUMBER: Code = Code("AD0003");
/// Something else was expected here.
pub const UNEXPECTED: Code = Code("AD0004");
/// A bracket without its partner.
pub const UNCLOSED: Code = Code("AD0005");
/// Nested too deeply.
pub const TOO_DEEP: Code = Code("AD0006");
/// `a < b < c`
pub const CHAINED_COMPARISON: Code = Code("AD0007");
/// An assignment to, or `&mut` of, something that is not a place.
pub const NOT_A_PLACE: Code = Code("AD0008");
/// A source text beyond the limit.
pub const TOO_LARGE: Code = Code("AD0009");
