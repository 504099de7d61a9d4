//! The structured SSA form of Adit, and its table of primitives.
//!
//! In: nothing but numbers and spans. Out: the language that every stage of the compiler after the front end speaks: entities ([`entities`]), types ([`types`]),
//! instructions ([`inst`]), functions and modules ([`func`]), the builder ([`build`]), copies that differ ([`copy`]), the text form ([`print`]), the verifier
//! ([`verify`]), the table of primitives ([`prim`]), run-time errors ([`trap`]) and what hosts pass in ([`host`]). Nothing here optimises, differentiates or runs anything.

pub mod build;
pub mod copy;
pub mod entities;
pub mod func;
pub mod host;
pub mod inst;
pub mod prim;
pub mod trap;
pub mod types;

pub use build::{Bounds, Builder};
pub use copy::{Copier, Plain, Rewrite, ValueMap};
pub use entities::{FuncId, Inst, Region, Value};
pub use func::{Function, Module, Param, Passing, RegionData};
pub use host::{Argument, Elements, ElementsMut, Scalar};
pub use inst::{CmpOp, Const, Effect, InstData, Op, OperandMap, PrintPart, Values};
pub use prim::Prim;
pub use trap::{RunError, Trap};
pub use types::{ArrayType, Int, Ints, ScalarType, TapeType, Type};
