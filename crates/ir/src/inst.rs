//! Instructions: the closed list of what the IR can say.
//!
//! In: nothing. Out: [`Op`] with its operands and regions, and the questions every pass asks of one ([`Op::operands`], [`Op::map_operands`],
//! [`Op::regions`], [`Op::effect`]). Functions of numbers are all one variant, [`Op::Prim`]; what they mean stands in [`crate::prim`].
//! What an operation's types must be is [`mod@crate::verify`]'s to say, not this file's.

use crate::entities::{FuncId, Region, Value};
use crate::prim::Prim;
use crate::trap::Trap;
use crate::types::{ArrayType, Int, Ints, ScalarType, TapeType};
use adit_diag::Span;
use smallvec::{SmallVec, smallvec};

/// A short list of values.
pub type Values = SmallVec<[Value; 2]>;

/// A literal.
#[derive(Clone, Copy, Debug)]
pub enum Const {
    /// Any float, NaN included.
    F64(f64),
    /// Any float of single precision, NaN included.
    F32(f32),
    /// Any integer.
    I64(i64),
    /// A truth value.
    Bool(bool),
}

impl PartialEq for Const {
    /// Equality of bits, so that `-0.0` differs from `0.0` and NaN equals itself.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Const::F64(a), Const::F64(b)) => a.to_bits() == b.to_bits(),
            (Const::F32(a), Const::F32(b)) => a.to_bits() == b.to_bits(),
            (Const::I64(a), Const::I64(b)) => a == b,
            (Const::Bool(a), Const::Bool(b)) => a == b,
            (Const::F64(_) | Const::F32(_) | Const::I64(_) | Const::Bool(_), _) => false,
        }
    }
}

impl Eq for Const {}

impl Const {
    /// Its type.
    pub fn ty(self) -> ScalarType {
        match self {
            Const::F64(_) => ScalarType::F64,
            Const::F32(_) => ScalarType::F32,
            Const::I64(_) => ScalarType::I64,
            Const::Bool(_) => ScalarType::Bool,
        }
    }

    /// A literal of a float type, the nearest to `x`; of type `f64` if `ty` is no float type.
    pub fn float(ty: ScalarType, x: f64) -> Const {
        match ty {
            ScalarType::F32 => Const::F32(x as f32),
            ScalarType::F64 | ScalarType::I64 | ScalarType::Bool => Const::F64(x),
        }
    }

    /// The number, where it is a float.
    pub fn as_float(self) -> Option<f64> {
        match self {
            Const::F64(x) => Some(x),
            Const::F32(x) => Some(f64::from(x)),
            Const::I64(_) | Const::Bool(_) => None,
        }
    }
}

impl std::hash::Hash for Const {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        match self {
            Const::F64(x) => (0u8, x.to_bits()).hash(state),
            Const::I64(i) => (1u8, i).hash(state),
            Const::Bool(b) => (2u8, b).hash(state),
            Const::F32(x) => (3u8, x.to_bits()).hash(state),
        }
    }
}

/// A comparison. Floats compare as IEEE says: with a NaN only `Ne` holds. Booleans have `Eq` and `Ne`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CmpOp {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl CmpOp {
    /// Every comparison.
    pub const ALL: [CmpOp; 6] = [CmpOp::Eq, CmpOp::Ne, CmpOp::Lt, CmpOp::Le, CmpOp::Gt, CmpOp::Ge];

    /// The keyword in the text form.
    pub fn name(self) -> &'static str {
        match self {
            CmpOp::Eq => "eq",
            CmpOp::Ne => "ne",
            CmpOp::Lt => "lt",
            CmpOp::Le => "le",
            CmpOp::Gt => "gt",
            CmpOp::Ge => "ge",
        }
    }

    /// Whether it holds between two ordered or unordered numbers.
    pub fn holds<T: PartialOrd>(self, a: T, b: T) -> bool {
        match self {
            CmpOp::Eq => a == b,
            CmpOp::Ne => a != b,
            CmpOp::Lt => a < b,
            CmpOp::Le => a <= b,
            CmpOp::Gt => a > b,
            CmpOp::Ge => a >= b,
        }
    }
}

/// How the reverse of a loop is to bound its memory. It has no meaning for the loop itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Checkpoint {
    /// What is bounded.
    pub kind: CheckpointKind,
    /// By how much; less than 1 counts as 1.
    pub size: Int,
}

/// What a [`Checkpoint`] bounds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CheckpointKind {
    /// The iterations from one snapshot to the next.
    Every,
    /// The number of snapshots, placed so that least is computed again.
    Binomial,
    /// The bytes of snapshots and tape.
    Budget,
}

impl CheckpointKind {
    /// All of them.
    pub const ALL: [CheckpointKind; 3] = [CheckpointKind::Every, CheckpointKind::Binomial, CheckpointKind::Budget];

    /// The keyword, in the text form and in the language.
    pub fn name(self) -> &'static str {
        match self {
            CheckpointKind::Every => "every",
            CheckpointKind::Binomial => "binomial",
            CheckpointKind::Budget => "budget",
        }
    }
}

/// One piece of what `print` writes; pieces are separated by a space.
#[derive(Clone, PartialEq, Debug)]
pub enum PrintPart {
    /// Literal text.
    Text(String),
    /// A scalar, or every element of an array.
    Value(Value),
}

/// What an instruction does.
#[derive(Clone, PartialEq, Debug)]
pub enum Op {
    /// A literal.
    Const(Const),
    /// A function of the primitive table.
    Prim {
        /// Which.
        prim: Prim,
        /// As many as its signature has.
        args: Values,
    },
    /// A comparison of two scalars of one type.
    Cmp {
        /// Which.
        op: CmpOp,
        /// Left.
        a: Value,
        /// Right.
        b: Value,
    },
    /// One of two scalars; both are already computed.
    Select {
        /// A `bool`.
        cond: Value,
        /// The result if it holds.
        then: Value,
        /// The result if not.
        otherwise: Value,
    },
    /// One of two regions runs; what it yields are the results.
    If {
        /// A `bool`.
        cond: Value,
        /// Without parameters.
        then: Region,
        /// Without parameters.
        otherwise: Region,
    },
    /// A counted loop over `lo, lo + step, …` as long as before `hi` (below it, or above it for a negative step). How many there are is known on entry, and no
    /// index wraps past the bound, whatever the numbers.
    /// A step of 0 is [`Trap::ZeroStep`].
    For {
        /// First index.
        lo: Int,
        /// Bound, exclusive.
        hi: Int,
        /// Not 0.
        step: Int,
        /// Whether the same sequence of indices runs last to first.
        reversed: bool,
        /// What its reverse may keep.
        checkpoint: Option<Checkpoint>,
        /// First values of what is carried.
        inits: Values,
        /// Parameters: the index, then what is carried. Yields what is carried on.
        body: Region,
    },
    /// A loop of unknown length.
    While {
        /// What its reverse may keep.
        checkpoint: Option<Checkpoint>,
        /// First values of what is carried.
        inits: Values,
        /// Parameters: what is carried. Yields one `bool`: whether the body runs.
        cond: Region,
        /// Parameters: what is carried. Yields what is carried on.
        body: Region,
    },
    /// A new array of zeros (`false` for `bool`), alive until the region ends. A negative extent is [`Trap::NegativeLength`].
    Alloc {
        /// Element type and dimensions.
        ty: ArrayType,
    },
    /// One element.
    Load {
        /// An array.
        array: Value,
        /// One per dimension.
        subscripts: Ints,
    },
    /// Overwrites one element.
    Store {
        /// An array that may be written.
        array: Value,
        /// One per dimension.
        subscripts: Ints,
        /// Of the element type.
        value: Value,
    },
    /// Adds to one element of an array of floats.
    Acc {
        /// An array that may be written.
        array: Value,
        /// One per dimension.
        subscripts: Ints,
        /// Of the element type.
        value: Value,
    },
    /// Overwrites all elements with those of another array of the same shape ([`Trap::ShapeMismatch`] if not).
    Copy {
        /// An array that may be written.
        to: Value,
        /// Another array of the same element type and rank.
        from: Value,
    },
    /// Overwrites all elements with one value.
    Fill {
        /// An array that may be written.
        array: Value,
        /// Of the element type.
        value: Value,
    },
    /// A call; its results are scalars, arrays come back through `mut` parameters.
    Call {
        /// A function of the same module.
        callee: FuncId,
        /// One per parameter.
        args: Values,
    },
    /// A new empty tape, alive until the region ends.
    TapeNew {
        /// The fields of a record.
        ty: TapeType,
    },
    /// Adds one record.
    TapePush {
        /// A tape.
        tape: Value,
        /// One per field.
        values: Values,
    },
    /// Takes the newest record off; its fields are the results.
    TapePop {
        /// A tape.
        tape: Value,
    },
    /// Stops the run unless the condition holds.
    Assert {
        /// A `bool`.
        cond: Value,
        /// What is raised.
        trap: Trap,
        /// The numbers that the trap's documentation names; at most two.
        details: Ints,
    },
    /// Writes a line for the user.
    Print {
        /// In order.
        parts: Vec<PrintPart>,
    },
}

/// What a pass must know before it moves, merges or drops an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// A function of its operands, that never fails: free to move, merge and drop.
    Pure,
    /// A function of its operands that may raise a trap: may be merged with an equal one before it, not dropped, not hoisted.
    Trap,
    /// Reads memory (and may raise a trap).
    Read,
    /// Allocates: dropped if unused, never merged.
    Alloc,
    /// Writes memory, tapes or the user's screen, calls, or stops the run.
    Write,
    /// Contains regions: their instructions decide.
    Regions,
}

impl Op {
    /// Its effect, nested regions aside.
    pub fn effect(&self) -> Effect {
        match self {
            Op::Prim { prim, .. } if prim.row().traps() => Effect::Trap,
            Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } => Effect::Pure,
            Op::If { .. } | Op::For { .. } | Op::While { .. } => Effect::Regions,
            Op::Alloc { .. } | Op::TapeNew { .. } => Effect::Alloc,
            Op::Load { .. } => Effect::Read,
            Op::Store { .. } | Op::Acc { .. } | Op::Copy { .. } | Op::Fill { .. } | Op::Call { .. } => Effect::Write,
            Op::TapePush { .. } | Op::TapePop { .. } | Op::Assert { .. } | Op::Print { .. } => Effect::Write,
        }
    }

    /// What its reverse may keep, of a loop that says so.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        match self {
            Op::For { checkpoint, .. } | Op::While { checkpoint, .. } => *checkpoint,
            Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } | Op::If { .. } => None,
            Op::Alloc { .. } | Op::Load { .. } | Op::Store { .. } | Op::Acc { .. } | Op::Copy { .. } => None,
            Op::Fill { .. } | Op::Call { .. } | Op::TapeNew { .. } | Op::TapePush { .. } => None,
            Op::TapePop { .. } | Op::Assert { .. } | Op::Print { .. } => None,
        }
    }

    /// Says what the reverse of a loop may keep; other operations stay as they are.
    pub fn set_checkpoint(&mut self, to: Option<Checkpoint>) {
        if let Op::For { checkpoint, .. } | Op::While { checkpoint, .. } = self {
            *checkpoint = to;
        }
    }

    /// The regions it owns, in order.
    pub fn regions(&self) -> SmallVec<[Region; 2]> {
        match self {
            Op::If { then, otherwise, .. } => smallvec![*then, *otherwise],
            Op::For { body, .. } => smallvec![*body],
            Op::While { cond, body, .. } => smallvec![*cond, *body],
            Op::Const(_)
            | Op::Prim { .. }
            | Op::Cmp { .. }
            | Op::Select { .. }
            | Op::Alloc { .. }
            | Op::Load { .. } => smallvec![],
            Op::Store { .. } | Op::Acc { .. } | Op::Copy { .. } | Op::Fill { .. } | Op::Call { .. } => smallvec![],
            Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } | Op::Assert { .. } | Op::Print { .. } => {
                smallvec![]
            }
        }
    }

    /// The values it mentions itself (not those inside its regions), in order of writing; dimensions of an `alloc` included.
    pub fn operands(&self) -> SmallVec<[Value; 4]> {
        let mut out = SmallVec::new();
        // One walk serves reading and rewriting: the operation is cheap to clone but for calls and prints, so it is not cloned here.
        self.visit_operands(&mut |v| out.push(v));
        out
    }

    /// Calls `see` with each value it mentions itself.
    pub fn visit_operands(&self, see: &mut dyn FnMut(Value)) {
        match self {
            Op::Const(_) | Op::TapeNew { .. } => {}
            Op::Prim { args, .. } | Op::Call { args, .. } => args.iter().copied().for_each(see),
            Op::Cmp { a, b, .. } => [*a, *b].into_iter().for_each(see),
            Op::Select { cond, then, otherwise } => [*cond, *then, *otherwise].into_iter().for_each(see),
            Op::If { cond, .. } => see(*cond),
            Op::For { lo, hi, step, checkpoint, inits, .. } => {
                [*lo, *hi, *step].into_iter().filter_map(Int::value).for_each(&mut *see);
                visit_size(checkpoint, see);
                inits.iter().copied().for_each(see);
            }
            Op::While { checkpoint, inits, .. } => {
                visit_size(checkpoint, see);
                inits.iter().copied().for_each(see);
            }
            Op::Alloc { ty } => visit_ints(&ty.dims, see),
            Op::Load { array, subscripts } => {
                see(*array);
                visit_ints(subscripts, see);
            }
            Op::Store { array, subscripts, value } | Op::Acc { array, subscripts, value } => {
                see(*array);
                visit_ints(subscripts, see);
                see(*value);
            }
            Op::Copy { to, from } => [*to, *from].into_iter().for_each(see),
            Op::Fill { array, value } => [*array, *value].into_iter().for_each(see),
            Op::TapePush { tape, values } => {
                see(*tape);
                values.iter().copied().for_each(see);
            }
            Op::TapePop { tape } => see(*tape),
            Op::Assert { cond, details, .. } => {
                see(*cond);
                visit_ints(details, see);
            }
            Op::Print { parts } => parts.iter().filter_map(printed).for_each(see),
        }
    }

    /// Replaces each value it mentions itself. An integer operand may become a literal: `map` decides for both kinds.
    pub fn map_operands(&mut self, map: &dyn OperandMap) {
        match self {
            Op::Const(_) | Op::TapeNew { .. } => {}
            Op::Prim { args, .. } | Op::Call { args, .. } => map_values(args, map),
            Op::Cmp { a, b, .. } => map_each([a, b], map),
            Op::Select { cond, then, otherwise } => map_each([cond, then, otherwise], map),
            Op::If { cond, .. } => map_each([cond], map),
            Op::For { lo, hi, step, checkpoint, inits, .. } => {
                for int in [lo, hi, step] {
                    *int = map.int(*int);
                }
                map_size(checkpoint, map);
                map_values(inits, map);
            }
            Op::While { checkpoint, inits, .. } => {
                map_size(checkpoint, map);
                map_values(inits, map);
            }
            Op::Alloc { ty } => map_ints(&mut ty.dims, map),
            Op::Load { array, subscripts } => {
                map_each([array], map);
                map_ints(subscripts, map);
            }
            Op::Store { array, subscripts, value } | Op::Acc { array, subscripts, value } => {
                map_each([array, value], map);
                map_ints(subscripts, map);
            }
            Op::Copy { to, from } => map_each([to, from], map),
            Op::Fill { array, value } => map_each([array, value], map),
            Op::TapePush { tape, values } => {
                map_each([tape], map);
                map_values(values, map);
            }
            Op::TapePop { tape } => map_each([tape], map),
            Op::Assert { cond, details, .. } => {
                map_each([cond], map);
                map_ints(details, map);
            }
            Op::Print { parts } => {
                for part in parts {
                    if let PrintPart::Value(v) = part {
                        *v = map.value(*v);
                    }
                }
            }
        }
    }
}

/// How [`Op::map_operands`] replaces operands.
pub trait OperandMap {
    /// What stands for this value.
    fn value(&self, v: Value) -> Value;

    /// What stands for this integer operand.
    fn int(&self, i: Int) -> Int {
        match i {
            Int::Const(c) => Int::Const(c),
            Int::Value(v) => Int::Value(self.value(v)),
        }
    }
}

fn visit_ints(ints: &[Int], see: &mut dyn FnMut(Value)) {
    ints.iter().copied().filter_map(Int::value).for_each(see);
}

fn visit_size(checkpoint: &Option<Checkpoint>, see: &mut dyn FnMut(Value)) {
    checkpoint.iter().filter_map(|c| c.size.value()).for_each(see);
}

fn map_size(checkpoint: &mut Option<Checkpoint>, map: &dyn OperandMap) {
    if let Some(checkpoint) = checkpoint {
        checkpoint.size = map.int(checkpoint.size);
    }
}

fn printed(part: &PrintPart) -> Option<Value> {
    match part {
        PrintPart::Text(_) => None,
        PrintPart::Value(v) => Some(*v),
    }
}

fn map_values(values: &mut [Value], map: &dyn OperandMap) {
    values.iter_mut().for_each(|v| *v = map.value(*v));
}

fn map_each<const N: usize>(values: [&mut Value; N], map: &dyn OperandMap) {
    values.into_iter().for_each(|v| *v = map.value(*v));
}

fn map_ints(ints: &mut [Int], map: &dyn OperandMap) {
    ints.iter_mut().for_each(|i| *i = map.int(*i));
}

/// An instruction: what it does, what it defines, where it comes from.
#[derive(Clone, Debug)]
pub struct InstData {
    /// What it does.
    pub op: Op,
    /// The values it defines.
    pub results: Values,
    /// The source text it comes from.
    pub span: Span,
}
