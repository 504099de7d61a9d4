//! Run-time errors: what can stop a program, and where.
//!
//! In: nothing. Out: [`Trap`] (which rule was broken, as it stands in the IR and in compiled code) and [`RunError`] (a trap that
//! happened, with its source position and the numbers that explain it). Interpreter and compiled code raise the same ones.

use adit_diag::Span;
use std::fmt;

/// A rule of the language that a run can break.
#[derive(Clone, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum Trap {
    /// A subscript outside its dimension. Details: subscript, extent.
    IndexOutOfRange,
    /// `/` or `%` of an `i64` by zero.
    DivisionByZero,
    /// `assert(false, message)`.
    AssertFailed(String),
    /// More active calls than the limit, or than the stack of the thread has room for. Details: the limit; or 0, and the bytes of stack that the next call takes.
    RecursionTooDeep,
    /// Arrays and tapes beyond the byte limit. Details: bytes asked for, limit.
    MemoryLimit,
    /// What reverse sweeps save beyond its byte limit; the place is that of the loop. Details: bytes asked for, limit.
    TapeLimit,
    /// More loop iterations and calls than the fuel given. Detail: the limit.
    StepLimit,
    /// Stopped from another thread, or by the time limit.
    Interrupted,
    /// Two extents that must agree do not; the text says which. Details: left, right.
    ShapeMismatch(String),
    /// A negative exponent on an `i64`. Detail: the exponent.
    NegativeExponent,
    /// A float that is NaN or out of range, converted to `i64`.
    FloatToInt,
    /// A loop whose step is 0.
    ZeroStep,
    /// A slice `a[lo..hi]` with `hi < lo`, or out of range. Details: lo, hi.
    BadSlice,
    /// A negative extent. Detail: the extent.
    NegativeLength,
    /// A matrix without an inverse. Details: the first pivot that is zero, how many there are.
    Singular,
    /// A matrix that is not positive definite. Details: the first leading minor that is not, how many there are.
    NotPositiveDefinite,
    /// A function of the host refused its arguments or panicked; the text says why.
    HostFailed(String),
    /// A pop from an empty tape, or of a record of another kind than the newest: only malformed IR text can ask for it.
    EmptyTape,
}

impl Trap {
    /// The diagnostic code that users see.
    pub fn code(&self) -> &'static str {
        match self {
            Trap::IndexOutOfRange => "AD0801",
            Trap::DivisionByZero => "AD0802",
            Trap::AssertFailed(_) => "AD0803",
            Trap::RecursionTooDeep => "AD0804",
            Trap::MemoryLimit => "AD0805",
            Trap::StepLimit => "AD0806",
            Trap::Interrupted => "AD0807",
            Trap::ShapeMismatch(_) | Trap::EmptyTape => "AD0808",
            Trap::NegativeExponent => "AD0809",
            Trap::FloatToInt => "AD0810",
            Trap::ZeroStep => "AD0811",
            Trap::BadSlice | Trap::NegativeLength => "AD0812",
            Trap::Singular => "AD0813",
            Trap::NotPositiveDefinite => "AD0814",
            Trap::HostFailed(_) => "AD0815",
            Trap::TapeLimit => "AD0816",
        }
    }

    /// The word for it in the text form. [`Trap::parse`] is its inverse.
    pub fn name(&self) -> &'static str {
        match self {
            Trap::IndexOutOfRange => "index_out_of_range",
            Trap::DivisionByZero => "division_by_zero",
            Trap::AssertFailed(_) => "failed",
            Trap::RecursionTooDeep => "recursion_too_deep",
            Trap::MemoryLimit => "memory_limit",
            Trap::TapeLimit => "tape_limit",
            Trap::StepLimit => "step_limit",
            Trap::Interrupted => "interrupted",
            Trap::ShapeMismatch(_) => "shape_mismatch",
            Trap::NegativeExponent => "negative_exponent",
            Trap::FloatToInt => "float_to_int",
            Trap::ZeroStep => "zero_step",
            Trap::BadSlice => "bad_slice",
            Trap::NegativeLength => "negative_length",
            Trap::Singular => "singular",
            Trap::NotPositiveDefinite => "not_positive_definite",
            Trap::HostFailed(_) => "host_failed",
            Trap::EmptyTape => "empty_tape",
        }
    }

    /// The text it carries, if it is one that does.
    pub fn text(&self) -> Option<&str> {
        match self {
            Trap::AssertFailed(text) | Trap::ShapeMismatch(text) | Trap::HostFailed(text) => Some(text),
            Trap::IndexOutOfRange | Trap::DivisionByZero | Trap::RecursionTooDeep => None,
            Trap::MemoryLimit | Trap::TapeLimit | Trap::StepLimit | Trap::Interrupted => None,
            Trap::NegativeExponent | Trap::FloatToInt | Trap::ZeroStep => None,
            Trap::BadSlice | Trap::NegativeLength | Trap::EmptyTape => None,
            Trap::Singular | Trap::NotPositiveDefinite => None,
        }
    }

    /// The trap of this name, given a text exactly if it carries one.
    pub fn parse(name: &str, text: Option<String>) -> Option<Trap> {
        match text {
            Some(text) => [Trap::AssertFailed, Trap::ShapeMismatch, Trap::HostFailed]
                .map(|with| with(text.clone()))
                .into_iter()
                .find(|trap| trap.name() == name),
            None => PLAIN.iter().find(|trap| trap.name() == name).cloned(),
        }
    }
}

/// Every trap without a text.
const PLAIN: [Trap; 15] = [
    Trap::IndexOutOfRange,
    Trap::DivisionByZero,
    Trap::RecursionTooDeep,
    Trap::MemoryLimit,
    Trap::TapeLimit,
    Trap::StepLimit,
    Trap::Interrupted,
    Trap::NegativeExponent,
    Trap::FloatToInt,
    Trap::ZeroStep,
    Trap::BadSlice,
    Trap::NegativeLength,
    Trap::Singular,
    Trap::NotPositiveDefinite,
    Trap::EmptyTape,
];

/// A trap that happened.
#[derive(Clone, PartialEq, Debug)]
pub struct RunError {
    /// Which rule.
    pub trap: Trap,
    /// The source position of the instruction.
    pub span: Span,
    /// The numbers that the trap's documentation names, zero where it names none.
    pub details: [i64; 2],
}

impl RunError {
    /// A trap without details.
    pub fn new(trap: Trap, span: Span) -> Self {
        RunError { trap, span, details: [0; 2] }
    }

    /// A trap with the numbers that explain it.
    pub fn with_details(trap: Trap, span: Span, details: [i64; 2]) -> Self {
        RunError { trap, span, details }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.details;
        match &self.trap {
            Trap::IndexOutOfRange => write!(f, "index {a} is out of range for a dimension of length {b}"),
            Trap::DivisionByZero => f.write_str("integer division by zero"),
            Trap::AssertFailed(message) => write!(f, "assertion failed: {message}"),
            Trap::RecursionTooDeep if b > 0 => {
                write!(f, "recursion is deeper than the stack of this thread: it has no room for a call of {b} bytes")
            }
            Trap::RecursionTooDeep => write!(f, "recursion is deeper than the limit of {a} calls"),
            Trap::MemoryLimit => write!(f, "this needs {a} bytes more than the memory limit of {b} bytes leaves"),
            Trap::TapeLimit => write!(f, "the reverse sweep of this has to save more than the tape limit of {b} bytes"),
            Trap::StepLimit => write!(f, "the run took more than the limit of {a} steps"),
            Trap::Interrupted => f.write_str("the run was interrupted"),
            Trap::ShapeMismatch(what) => write!(f, "sizes do not agree: {what}: {a} and {b}"),
            Trap::NegativeExponent => write!(f, "an integer cannot be raised to the negative power {a}"),
            Trap::FloatToInt => f.write_str("this float is NaN or out of range for an integer"),
            Trap::ZeroStep => f.write_str("the step of this loop is 0"),
            Trap::BadSlice => write!(f, "the slice {a}..{b} does not lie within its dimension"),
            Trap::NegativeLength => write!(f, "an array cannot have the negative length {a}"),
            Trap::Singular => write!(f, "the matrix is singular: pivot {a} of {b} is zero"),
            Trap::NotPositiveDefinite => {
                write!(f, "the matrix is not positive definite: leading minor {a} of {b} is not positive")
            }
            Trap::HostFailed(text) => write!(f, "the host function {text}"),
            Trap::EmptyTape => f.write_str("a tape was popped more often than pushed, or a record of another kind"),
        }
    }
}

impl std::error::Error for RunError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for trap in PLAIN {
            assert_eq!(Trap::parse(trap.name(), None), Some(trap.clone()));
            assert_eq!(Trap::parse(trap.name(), Some("a".into())), None);
        }
        let texts = [Trap::AssertFailed("a".into()), Trap::ShapeMismatch("b".into()), Trap::HostFailed("c".into())];
        for trap in texts {
            let text = trap.text().map(String::from);
            assert_eq!(Trap::parse(trap.name(), text), Some(trap.clone()));
            assert_eq!(Trap::parse(trap.name(), None), None);
        }
    }
}
