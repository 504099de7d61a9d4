//! The structured SSA form of Adit, and its table of primitives.
//!
//! In: nothing but numbers and spans. Out: the language that every stage of the compiler after the front end speaks: entities ([`entities`]), types ([`types`]),
//! instructions ([`inst`]), functions and modules ([`func`]), derivatives not yet made ([`derived`]), the builder ([`build`]), copies that differ ([`copy`]), the text form ([`mod@print`]), when two programs are
//! one ([`mod@same`]), the verifier ([`mod@verify`]), the table of primitives ([`prim`]), functions without a body ([`external`]) and the table of kernels ([`kernel`]), run-time
//! errors ([`trap`]), what hosts pass in ([`host`]) and how it looks to users ([`display`]), what a run may use ([`limits`]), what a call checks ([`shape`]), how often a counted loop runs ([`trips`]), what derivative rules take
//! and give ([`mod@rules`]), who calls whom ([`graph`]), of which sweeps matrices are made ([`sweeps`]), the form of tables of seeded bugs ([`mod@mutants`]). Nothing here optimises, differentiates or runs anything.

pub mod bounds;
pub mod build;
pub mod copy;
pub mod derived;
pub mod display;
pub mod entities;
pub mod external;
pub mod func;
pub mod graph;
pub mod host;
pub mod inst;
pub mod kernel;
pub mod limits;
pub mod loops;
pub mod mutants;
pub mod prim;
pub mod print;
pub mod rules;
pub mod same;
pub mod shape;
pub mod sweeps;
pub mod trap;
pub mod trips;
pub mod types;
pub mod verify;

pub use build::{Bounds, Builder};
pub use copy::{Copier, Plain, Rewrite, ValueMap};
pub use derived::{Derived, MAX_LANES, Mode, unmade};
pub use entities::{FuncId, Inst, Region, Value};
pub use external::{External, Operand};
pub use func::{Function, Module, Param, Passing, RegionData, Rules};
pub use graph::CallGraph;
pub use host::{Argument, Elements, ElementsMut, Scalar};
pub use inst::{Checkpoint, CheckpointKind, CmpOp, Const, Effect, InstData, Op, OperandMap, PrintPart, Values};
pub use kernel::Kernel;
pub use limits::Limits;
pub use prim::Prim;
pub use print::{PrintOptions, print_function, print_function_with, print_module, print_module_with};
pub use rules::{RuleHead, RuleParam, RuleShape, rule_name};
pub use same::{same, same_modules};
pub use shape::Shapes;
pub use trap::{RunError, Trap};
pub use trips::Trips;
pub use types::{ArrayType, Int, Ints, ScalarType, TapeType, Type};
pub use verify::{Rule, Violation, verify, verify_function};
