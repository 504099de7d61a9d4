//! Which counted loops may run several iterations at once.
//!
//! In: a `for` of a function. Out: a [`Loop`]: its body as a list of steps without branches, what has to hold before it for no iteration to stop, and how each carried value adds up; or a [`Refusal`], why its
//! iterations have to run one by one, and where.
//!
//! ```text
//! for v4 in 0..d0 (v5: f64 = v2) {                       before   0 <= v4 + 1 < d0, at the first index and the last
//!   v6 = add v4, 1    v7 = load v0[v6]                   steps    load v0[v4 + 1]
//!   v8 = if v3 { yield v7 } else { yield v2 }      ⇒              choose v8 = v3 ? v7 : v2
//!   v9 = add v5, v8                                               v9 = add v5, v8
//!   yield v9                                             v5       a sum
//! }
//! ```
//!
//! Iterations are *independent* where each element that one writes is touched by no other: of any two accesses of the array some axis is subscripted by the same form `c·index + …` ([`Linear`]), or by two that never meet, like rows `w` and
//! `w + 1`; or by two that are as far apart as the loop is long, like columns `j` and `b + j` for `j` below `b`, which is asked before it.
//! A carried value is a *reduction* where it goes through additions and subtractions of other things alone (or products, or minima, or maxima), whatever is chosen on the way, and nothing else looks at it ([`Reduction`]).
//! Branches become choices, since all that stands in them is total; what they write is written under a guard. A tape is an array, too, as long as every iteration pushes as much as the others, or pops as much. All of it is computed anew from the instructions: nothing is believed, and nothing is in the text.
//! Nothing here knows a machine; which functions have vector forms is the code generator's to say.

mod carried;
mod linear;
pub mod products;
mod read;
mod spread;

pub use carried::Reduction;
pub use linear::Linear;
pub use read::{read, read_as_independent};
pub use spread::{Spread, spread};

use crate::entities::{Inst, Value};
use crate::types::Int;
use adit_diag::Span;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::fmt;

/// Subscripts that go up faster are left alone, so that no multiple of one wraps in a loop of 2^40 iterations.
const STEEPEST: u64 = 1 << 16;

/// A loop whose iterations may run together, in any order.
#[derive(Debug)]
pub struct Loop {
    /// The index; it goes up or down by one.
    pub index: Value,
    /// What is the same in all iterations, and what has to hold, in order.
    pub before: Vec<Before>,
    /// What differs, in order.
    pub steps: Vec<Step>,
    /// How carried values add up, in order.
    pub carried: Vec<Reduction>,
    /// What steps are guarded by.
    pub guards: Vec<Guard>,
    /// Arrays that the loop writes.
    pub written: Vec<Value>,
    /// What an iteration saves on tapes or takes back, in order.
    pub records: Vec<Record>,
    /// For each carried value: what it is called in the body, and what it is yielded as.
    pub ends: Vec<(Value, Value)>,
    /// What is on the way of a carried value, with the carried value's place.
    pub ways: FxHashMap<Value, usize>,
}

/// Something to be done once.
#[derive(Debug)]
pub enum Before {
    /// An instruction that gives the same in every iteration, and cannot stop the program once all before it holds.
    Compute(Inst),
    /// One of two values that are the same in every iteration.
    Choose(Choice),
    /// The form has to be in range, at the first index and the last.
    InRange(Linear, Int),
    /// The forms, of the same scale, must not meet in different iterations: they are the same, or as far apart as the loop is long.
    Apart(Linear, Linear),
    /// The condition has to hold.
    Holds(Value),
}

/// A part of one iteration.
#[derive(Debug)]
pub struct Step {
    /// What is done.
    pub what: What,
    /// Where the source says so.
    pub span: Span,
}

/// What is done.
#[derive(Debug)]
pub enum What {
    /// A total function of numbers.
    Compute(Inst),
    /// What an `if` gives.
    Choose(Choice),
    /// One element is read.
    Load(Access, Value),
    /// One element is overwritten, by the value.
    Store(Access, Value, Option<usize>),
    /// The value is added to one element.
    Acc(Access, Value, Option<usize>),
    /// The value becomes a field of a record.
    Save(Field, Value),
    /// The value is a field of a record.
    Take(Field, Value),
}

/// A record that every iteration pushes, or that every iteration pops.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// The tape.
    pub tape: Value,
    /// Whether it is pushed.
    pub saves: bool,
    /// Its bytes.
    pub bytes: u64,
    /// Those of the records of this tape that come before it in the same iteration.
    pub before: u64,
}

/// A field of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// The record, by its place in [`Loop::records`].
    pub record: usize,
    /// How many bytes of the record lie in front of it.
    pub offset: u64,
}

/// One of two values.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// A truth value.
    pub cond: Value,
    /// Where it holds.
    pub then: Value,
    /// Where not.
    pub otherwise: Value,
    /// What it is called.
    pub result: Value,
}

/// The condition under which something is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Guard {
    /// A truth value.
    pub cond: Value,
    /// Which it has to be.
    pub holds: bool,
    /// The guard that has to hold besides, by its place.
    pub outer: Option<usize>,
}

/// An element of an array.
#[derive(Debug)]
pub struct Access {
    /// The array.
    pub array: Value,
    /// Its subscripts.
    pub subscripts: SmallVec<[Linear; 2]>,
}

/// How a code generator does an operation on several numbers at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// By instructions for several numbers.
    Lanes,
    /// By a function of slices.
    Kernel,
    /// Not at all.
    None,
}

/// Why iterations have to run one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Why.
    pub why: Why,
    /// Where.
    pub span: Span,
}

/// Why iterations have to run one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// There is a loop inside.
    Nested,
    /// Its step is not one.
    Step,
    /// It calls a function of the program.
    Calls,
    /// It calls a function of the host.
    Host,
    /// It prints.
    Prints,
    /// It makes an array, or changes a whole one.
    WholeArrays,
    /// It saves or takes back what the reverse sweep needs.
    Tape,
    /// It does so in some iterations only, or both on one tape.
    Records,
    /// It may stop in the middle.
    Stops,
    /// It computes in single precision, or with arrays of truth values.
    Type,
    /// Where it reads or writes depends on data.
    Subscript,
    /// It writes what other iterations read or write.
    Dependence,
    /// An iteration needs what the one before it computed.
    Carried,
    /// It is long.
    Long,
    /// It has no function that machines have two of, and calls this one.
    Function(&'static str),
    /// Nothing in it gains by running several at once.
    Nothing,
    /// It has fewer iterations than this, which it would have to have.
    Short(i64),
    /// It is in another loop, in front of which nothing tells how long it is, or which is too long.
    Within,
    /// Functions over slices would take stack of a function that calls itself.
    Recursive,
    /// It runs only where something is no number.
    Rare,
    /// Its function is so large that compiling it takes its time as it is.
    Large,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Nested => "there is a loop inside",
            Why::Step => "its step is not 1",
            Why::Calls => "a function of the program is called",
            Why::Host => "a function of the host is called",
            Why::Prints => "it prints",
            Why::WholeArrays => "an array is made or changed as a whole",
            Why::Tape => "something is saved for the reverse sweep",
            Why::Records => "something is saved for the reverse sweep, or taken back, in some iterations only",
            Why::Stops => "this may stop the program in the middle of the loop",
            Why::Type => "only `f64`, `i64` and truth values outside of arrays have vectors",
            Why::Subscript => "which element this is depends on data",
            Why::Dependence => "other iterations read or write the same elements",
            Why::Carried => "an iteration needs what the one before it computed",
            Why::Long => "it is too long",
            Why::Function(name) => return write!(f, "`{name}` has no vector form"),
            Why::Nothing => "there is nothing to gain",
            Why::Short(least) => return write!(f, "it gains from {least} iterations on"),
            Why::Within => "in front of the loops around it nothing tells how often it runs, or they are too long to be there twice",
            Why::Recursive => "its function calls itself, and slices would take much of the stack",
            Why::Rare => "it runs only where something is no number",
            Why::Large => "there is too much in its function to compile more",
        })
    }
}

impl Loop {
    /// Whether its iterations have nothing to do with one another; otherwise they add something up.
    pub fn is_parallel(&self) -> bool {
        self.carried.is_empty()
    }

    /// What an iteration pushes on each tape that it uses, or pops, as one record.
    pub fn tapes(&self) -> Vec<Record> {
        let mut tapes: Vec<Record> = Vec::new();
        for record in &self.records {
            match tapes.iter_mut().find(|all| all.tape == record.tape) {
                Some(all) => all.bytes += record.bytes,
                None => tapes.push(record.clone()),
            }
        }
        tapes
    }
}
