//! The typed tree: what a program means, in the shape it was written.
//!
//! In: built by [`crate::check()`] from the syntax tree. Out: input of the lowering and of the tree interpreter, which share this file and nothing else. Names are
//! resolved to [`LocalId`], [`StructId`] and [`FnId`]; literals have adapted to their context; overloads are chosen; every expression has its type. Control flow, early exits,
//! compound assignments, comprehensions, slices and element-wise arithmetic stand as the source has them: nothing is desugared here.
//!
//! A tree is only ever made from a program without errors, so there are no error nodes.
//!
//! **Shapes.** Types carry dimensions as [`DimExpr`], for checking and for results of calls. [`DimExpr::Unknown`] means that types can't tell; the lowering then
//! takes extents from the array itself and emits a run-time check wherever two shapes must agree and are not the same by construction.
//! An extent that is an expression stands for 0 where the expression is negative (`[e for i in 0..k]`).
//!
//! **What can be relied on:**
//! - An expression has the type [`Ty::Never`] only if it is an `if` or a block whose value is not used: operands, arguments, conditions, subscripts always have a value.
//! - [`Block::value`] is there exactly if the block's type is neither unit nor never; values of other types that are dropped stand among the statements.
//! - An `if` that gives arrays (also within structs and tuples) has a type without [`DimExpr::Unknown`], and its dimensions mention only locals declared before the `if`.
//!   The same holds for the element of a comprehension; and for those of its own extents whose range mentions an outer index.
//! - Spans in functions of the library have no file ([`Span::is_none`]): what goes wrong there belongs to the place of the user's call.
//! - `break` and `continue` never leave a loop condition or the element of a generator; `return` may stand there.
//! - `f64(b)` and `i64(b)` of a `bool` are [`Builtin::Where`] with 1 and 0. Conversions to the same type are left out.
//! - [`Builtin::CumSum`], [`Builtin::Sort`] and [`Builtin::SoftMax`] are never made: these are library functions, called as such.
//! - A dimension name is always bound by a bare mention in a parameter's array type, as an argument of a struct type that has it bare in a field, or in a function type.
//!
//! **Functions as values.** A function is known wherever it is mentioned: it is passed, named by a `let` without `mut`, called, captured, and nothing else. An expression of the type [`Ty::Fn`] is always
//! an [`ExprKind::Function`]; it stands as an argument, as a callee, or as the value of a `let` with a [`Pattern::Local`]. A lambda is a place in a function ([`LambdaDef`]), where captures are taken, and for
//! each way in which it is used a function of its own, its *instance* ([`FnDef::instance_of`]), whose first parameters are captures.

use adit_diag::Span;
use adit_ir::{CmpOp, Const, External, Mode, Prim, ScalarType};
use std::sync::Arc;

/// A variable, parameter, loop index or dimension of one function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct LocalId(pub u32);

/// A struct of the program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StructId(pub u32);

/// A function of the program: the user's, or one of the library written in the language itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FnId(pub u32);

/// A lambda of one function: a position in [`FnDef::lambdas`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LambdaId(pub u32);

/// A checked program.
#[derive(Clone, Default, Debug)]
pub struct Program {
    /// By [`StructId`].
    pub structs: Vec<StructDef>,
    /// By [`FnId`].
    pub functions: Vec<FnDef>,
}

/// A struct.
#[derive(Clone, Debug)]
pub struct StructDef {
    /// Its name.
    pub name: Arc<str>,
    /// The names of its dimension parameters; [`DimExpr::Struct`] counts them.
    pub dims: Vec<Arc<str>>,
    /// In order.
    pub fields: Vec<FieldDef>,
    /// Its definition.
    pub span: Span,
}

/// A field of a struct.
#[derive(Clone, Debug)]
pub struct FieldDef {
    /// Its name.
    pub name: Arc<str>,
    /// Its type; dimensions in terms of the struct's parameters.
    pub ty: Ty,
}

/// A function.
#[derive(Clone, Debug)]
pub struct FnDef {
    /// Its name, unique in the program.
    pub name: Arc<str>,
    /// Its documentation.
    pub docs: String,
    /// Its name in the source.
    pub span: Span,
    /// Whether it comes with the language rather than from the user's file.
    pub is_library: bool,
    /// The dimension names that its parameter list binds, in order of first mention: immutable `i64` locals.
    pub dims: Vec<LocalId>,
    /// In order.
    pub params: Vec<ParamDef>,
    /// The type of what it returns, unit included; dimensions over `dims`, `i64` parameters and constants.
    pub result: Ty,
    /// By [`LocalId`].
    pub locals: Vec<LocalDef>,
    /// By [`LambdaId`]: the lambdas written in the body.
    pub lambdas: Vec<LambdaDef>,
    /// If this is an instance of a lambda: where its captures come from.
    pub instance_of: Option<Instance>,
    /// The body; its value is returned. Empty if there is an `external`.
    pub body: Block,
    /// What the function is instead of a body: a kernel, or a function that the host registered.
    pub external: Option<ExternalDef>,
    /// The functions that say what its derivatives are; their types fit.
    pub rules: FnRules,
}

/// A function without a body.
#[derive(Clone, Debug)]
pub struct ExternalDef {
    /// What it is.
    pub function: External,
    /// The host's partials, by [`Mode::ALL`]: functions with the signatures of [`adit_ir::rules`].
    pub partials: [Option<External>; 2],
}

impl ExternalDef {
    /// The host's partials for a mode.
    pub fn partials(&self, mode: Mode) -> Option<&External> {
        let place = Mode::ALL.iter().position(|m| *m == mode)?;
        self.partials[place].as_ref()
    }
}

/// The derivative rules of a function.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct FnRules {
    /// `@jvp(f)`
    pub jvp: Option<FnId>,
    /// `@vjp(f)`
    pub vjp: Option<FnId>,
}

impl FnRules {
    /// The rule for a mode.
    pub fn of(&self, mode: Mode) -> Option<FnId> {
        match mode {
            Mode::Jvp => self.jvp,
            Mode::Vjp => self.vjp,
        }
    }

    /// The rule for a mode, to change.
    pub fn of_mut(&mut self, mode: Mode) -> &mut Option<FnId> {
        match mode {
            Mode::Jvp => &mut self.jvp,
            Mode::Vjp => &mut self.vjp,
        }
    }
}

impl FnDef {
    /// Whether a parameter is a function: then there is no such function until it is known which.
    pub fn takes_functions(&self) -> bool {
        self.params.iter().any(|p| matches!(self.locals[p.local.0 as usize].ty, Ty::Fn(_)))
    }
}

/// A lambda, as written in a function.
#[derive(Clone, Debug)]
pub struct LambdaDef {
    /// All of it.
    pub span: Span,
    /// What any of its instances captures, by value, where it is written.
    pub captures: Vec<Capture>,
}

/// A captured variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capture {
    /// The variable; perhaps a function.
    pub from: LocalId,
    /// An immutable local that has its value from there on: the variable itself, or, if it is mutable, one that is declared by the lambda.
    pub held: LocalId,
}

/// That a function is a lambda, checked for certain types of its parameters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Instance {
    /// For each of the first parameters, which of [`LambdaDef::captures`] it is.
    pub captures: Vec<u32>,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct ParamDef {
    /// Its variable.
    pub local: LocalId,
    /// Whether it is `&mut`.
    pub lent: bool,
    /// Its declaration.
    pub span: Span,
}

/// A variable.
#[derive(Clone, Debug)]
pub struct LocalDef {
    /// As the source spells it.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Ty,
    /// Whether it may be assigned: `let mut`, or a `&mut` parameter.
    pub mutable: bool,
    /// Where it is declared.
    pub span: Span,
}

/// The type of an expression.
#[derive(Clone, PartialEq, Debug)]
pub enum Ty {
    /// A number.
    Scalar(ScalarType),
    /// An array of numbers.
    Array {
        /// What one element is.
        element: ScalarType,
        /// Extents, outermost first; the rank is always known.
        dims: Vec<DimExpr>,
    },
    /// A struct.
    Struct {
        /// Which.
        id: StructId,
        /// Its dimension arguments.
        dims: Vec<DimExpr>,
    },
    /// A tuple; the empty one is unit.
    Tuple(Vec<Ty>),
    /// A function. What it takes and gives is told where it is used; of a name that a `let` gave to a function it is not told, since each use may differ.
    Fn(Option<Box<FnTy>>),
    /// The type of what never gives a value: a block that ends in `return`, `break`, `continue`, or `while true` without `break`.
    Never,
}

impl Ty {
    /// `f64`.
    pub const F64: Ty = Ty::Scalar(ScalarType::F64);
    /// `f32`.
    pub const F32: Ty = Ty::Scalar(ScalarType::F32);
    /// `i64`.
    pub const I64: Ty = Ty::Scalar(ScalarType::I64);
    /// `bool`.
    pub const BOOL: Ty = Ty::Scalar(ScalarType::Bool);

    /// `()`.
    pub fn unit() -> Ty {
        Ty::Tuple(Vec::new())
    }

    /// Whether it is `()`.
    pub fn is_unit(&self) -> bool {
        matches!(self, Ty::Tuple(items) if items.is_empty())
    }
}

/// What a function takes and gives. Dimensions are those of the function around: a function type binds none for itself.
#[derive(Clone, PartialEq, Debug)]
pub struct FnTy {
    /// In order.
    pub params: Vec<FnTyParam>,
    /// What it returns; unit if nothing.
    pub result: Ty,
}

/// A parameter in a function type.
#[derive(Clone, PartialEq, Debug)]
pub struct FnTyParam {
    /// Whether it is `&mut`.
    pub lent: bool,
    /// Its type.
    pub ty: Ty,
}

/// An extent as far as types know it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum DimExpr {
    /// A literal.
    Const(i64),
    /// An immutable `i64` local in scope: a dimension name, a parameter, a `let` without `mut`, a loop index.
    Local(LocalId),
    /// A dimension parameter of the struct around, counted from 0; only within a [`StructDef`].
    Struct(u32),
    /// `a op b`, where `op` is an integer row of the primitive table (addition, subtraction, multiplication, division, remainder).
    Apply(Prim, Box<[DimExpr; 2]>),
    /// Known only when it runs.
    Unknown,
}

/// Statements in braces and a value.
#[derive(Clone, Debug)]
pub struct Block {
    /// From `{` to `}`.
    pub span: Span,
    /// Perhaps 100,000.
    pub stmts: Vec<Stmt>,
    /// The value; none means unit (or never).
    pub value: Option<Box<Expr>>,
    /// The type of the value.
    pub ty: Ty,
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// All of it.
    pub span: Span,
    /// What it does.
    pub kind: StmtKind,
}

/// The forms of a statement.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// `let pattern = value;` An array value is copied in meaning.
    Let {
        /// What is declared.
        pattern: Pattern,
        /// Its value; where a type was ascribed, already of that type. Where types can't tell that the ascribed dimensions hold, `checks` are made when it runs.
        value: Expr,
        /// The ascribed type, if dimensions were ascribed that types can't decide.
        ascribed: Option<Ty>,
    },
    /// `place = value;` or `place op= value;` The place's subscripts are evaluated first, once; then the value, wholly; then it is stored.
    Assign {
        /// What is assigned.
        place: Place,
        /// For compound assignment: how old and new value combine.
        op: Option<BinOp>,
        /// The right-hand side: of the place's type, or a scalar that is stored to (combined with) every element.
        value: Expr,
    },
    /// An expression for its effect.
    Expr(Expr),
    /// `while condition { body }`
    While {
        /// `@checkpoint(…)` before it.
        checkpoint: Option<Checkpoint>,
        /// A `bool`.
        condition: Expr,
        /// The body.
        body: Block,
    },
    /// `for var in range { body }`
    For {
        /// `@checkpoint(…)` before it.
        checkpoint: Option<Checkpoint>,
        /// The index; a fresh immutable local in each iteration.
        var: LocalId,
        /// Evaluated once, before the loop: lo, hi, step.
        range: Range,
        /// The body.
        body: Block,
    },
    /// `break;`
    Break,
    /// `continue;`
    Continue,
    /// `return;`, `return value;`
    Return(Option<Expr>),
}

/// `@checkpoint(…)` before a loop. It does not change what the loop computes.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// What is bounded.
    pub kind: adit_ir::CheckpointKind,
    /// By how much: an `i64`, evaluated once, before all else of the loop.
    pub size: Box<Expr>,
}

/// What a `let` declares.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// A variable.
    Local(LocalId),
    /// Nothing.
    Wildcard,
    /// The parts of a tuple.
    Tuple(Vec<Pattern>),
}

/// `lo..hi step k`; all `i64`.
#[derive(Clone, Debug)]
pub struct Range {
    /// All of it.
    pub span: Span,
    /// First index.
    pub lo: Box<Expr>,
    /// Bound.
    pub hi: Box<Expr>,
    /// Whether the bound is itself taken.
    pub inclusive: bool,
    /// 1 if absent.
    pub step: Option<Box<Expr>>,
}

/// Something that can be assigned or lent.
#[derive(Clone, Debug)]
pub struct Place {
    /// All of it.
    pub span: Span,
    /// The variable.
    pub local: LocalId,
    /// How to go in from there.
    pub path: Vec<Step>,
    /// The type of what is assigned.
    pub ty: Ty,
}

/// One step into a place.
#[derive(Clone, Debug)]
pub enum Step {
    /// A field of a struct or tuple, by position.
    Field(u32),
    /// Subscripts of an array; always the last step.
    Index(Vec<Subscript>),
}

/// What stands between the commas of `a[…]`.
#[derive(Clone, Debug)]
pub struct Subscript {
    /// All of it.
    pub span: Span,
    /// What it says.
    pub kind: SubscriptKind,
}

/// The forms of a subscript.
#[derive(Clone, Debug)]
pub enum SubscriptKind {
    /// One position; this dimension disappears.
    Index(Expr),
    /// `lo..hi`; this dimension stays.
    Slice {
        /// 0 if absent.
        lo: Option<Expr>,
        /// The extent if absent.
        hi: Option<Expr>,
        /// Whether the bound is itself taken.
        inclusive: bool,
    },
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Where it stands.
    pub span: Span,
    /// What it gives.
    pub ty: Ty,
    /// What it says.
    pub kind: ExprKind,
}

/// The forms of an expression.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A literal, a `const`, or `pi e inf nan`.
    Const(Const),
    /// A variable.
    Local(LocalId),
    /// A function of the table, element by element over its array arguments (of equal shapes; scalars are repeated); negation and `!` included.
    Prim {
        /// Which.
        prim: Prim,
        /// As many as its signature has.
        args: Vec<Expr>,
    },
    /// Operators of one precedence, from left to right; arithmetic and comparisons work element by element.
    Binary {
        /// The leftmost operand.
        first: Box<Expr>,
        /// At least one; perhaps 100,000.
        rest: Vec<Link>,
    },
    /// A call of a function of the program.
    Call {
        /// Which.
        callee: FnId,
        /// One per parameter; evaluated left to right.
        args: Vec<Arg>,
    },
    /// A function as a value; its type is [`Ty::Fn`].
    Function(FnValue),
    /// A call of a function value. The callee comes first, then arguments as in a call.
    CallValue {
        /// An [`ExprKind::Function`] whose type is told.
        callee: Box<Expr>,
        /// One per parameter of the callee's type; evaluated left to right.
        args: Vec<Arg>,
    },
    /// Derivatives of a function at a point.
    Derivative(Box<Derivative>),
    /// A function known to the compiler that is no row of the table.
    Builtin {
        /// Which.
        builtin: Builtin,
        /// Its operands.
        args: Vec<Expr>,
    },
    /// A reduction over a generator. Reductions over arrays are [`ExprKind::Builtin`].
    Reduce {
        /// Which.
        op: Reduction,
        /// What is reduced.
        generator: Generator,
    },
    /// `[e for i in 0..n, …]`: an array of the loops' trip counts, then of the element's own dimensions.
    Comprehension(Generator),
    /// `[a, b]`: one array of all elements. Nested literals are one literal with more dimensions.
    Array {
        /// Extents, outermost first; their product is the number of elements.
        dims: Vec<usize>,
        /// Scalars, row major.
        elements: Vec<Expr>,
    },
    /// An array literal of arrays that are not themselves literals: stacked, of one shape.
    Stack(Vec<Expr>),
    /// `a[i, lo..hi]`: a scalar if every subscript is a position, else a copy of the part.
    Index {
        /// The array.
        base: Box<Expr>,
        /// One per dimension.
        subscripts: Vec<Subscript>,
    },
    /// A field of a struct or tuple, by position.
    Field {
        /// The struct or tuple.
        base: Box<Expr>,
        /// From 0.
        index: u32,
    },
    /// A struct literal.
    Struct {
        /// Field positions and values, in the order written (which is the order of evaluation).
        fields: Vec<(u32, Expr)>,
    },
    /// A tuple.
    Tuple(Vec<Expr>),
    /// `if … else if … else …`
    If {
        /// In order; at least one.
        arms: Vec<Arm>,
        /// Absent only if the value is unit.
        otherwise: Option<Block>,
    },
    /// A block.
    Block(Block),
    /// `assert(condition, "message")`
    Assert {
        /// A `bool`.
        condition: Box<Expr>,
        /// What the error says.
        message: String,
    },
    /// `print(e, "text", …)`
    Print(Vec<PrintArg>),
}

/// A function as a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FnValue {
    /// A function of the program.
    Named(FnId),
    /// A lambda that is written here: captures are taken.
    Lambda {
        /// Which of this function.
        lambda: LambdaId,
        /// The function that it is, for the types of this use; none where a `let` names it.
        instance: Option<FnId>,
    },
    /// A parameter, a capture, or the name of a lambda.
    Local {
        /// Its variable.
        local: LocalId,
        /// If that is a lambda: the function that it is, for the types of this use. A parameter knows it already.
        instance: Option<FnId>,
    },
}

/// Derivatives of a function at a point. *Inputs* are the parameters that carry floats, captures aside; a derivative in one of them has its type, where integers and truth values are 0 and false.
#[derive(Clone, Debug)]
pub struct Derivative {
    /// What is wanted.
    pub kind: DerivativeKind,
    /// Forward or reverse, if the source says so.
    pub mode: Option<Mode>,
    /// The function: an [`ExprKind::Function`] whose type is told.
    pub callee: Box<Expr>,
    /// One per parameter of the callee; for a directional derivative, then one tangent per input; for a cotangent, then the seed. Evaluated left to right. Lent arguments hold afterwards what
    /// the function leaves there, once.
    pub args: Vec<Arg>,
}

/// What is wanted of a function. With *inputs* and result as in [`Derivative`], and values of several inputs as a tuple:
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DerivativeKind {
    /// The derivative of a result of one float in each input.
    Gradient,
    /// `(value, gradient)`
    ValueAndGradient,
    /// `(value, tangent)`
    Jvp,
    /// `(value, cotangents)`: one per input.
    Vjp,
    /// The derivative of each part of the result in each input: extents of the result first.
    Jacobian,
    /// The Jacobian of the gradient.
    Hessian,
    /// The Hessian times the tangents: shaped as the gradient.
    Hvp,
}

/// An operator and its right operand.
#[derive(Clone, Debug)]
pub struct Link {
    /// From the start of the chain to the end of `rhs`.
    pub span: Span,
    /// The type of the chain up to here.
    pub ty: Ty,
    /// The operator.
    pub op: BinOp,
    /// The right operand.
    pub rhs: Expr,
}

/// A binary operator, overload chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BinOp {
    /// A row of the table.
    Prim(Prim),
    /// A comparison.
    Cmp(CmpOp),
    /// `&&`: the right side runs only if the left holds.
    And,
    /// `||`: the right side runs only if the left does not hold.
    Or,
    /// `@`: matrix by matrix, matrix by vector, vector by matrix, or vector by vector (a scalar).
    MatMul,
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub enum Arg {
    /// By value.
    Value(Expr),
    /// `&mut place`: a variable, field, element or slice; what the callee left there is in place after the call.
    Lent(Place),
}

/// Loops and an element.
#[derive(Clone, Debug)]
pub struct Generator {
    /// Outermost first; bounds of inner ones may mention outer indices (in a reduction; in a comprehension the extents must not vary).
    pub loops: Vec<GeneratorLoop>,
    /// A scalar; in a comprehension also an array.
    pub element: Box<Expr>,
}

/// `i in range`
#[derive(Clone, Debug)]
pub struct GeneratorLoop {
    /// The index.
    pub var: LocalId,
    /// Its values.
    pub range: Range,
}

/// A condition and its block.
#[derive(Clone, Debug)]
pub struct Arm {
    /// A `bool`.
    pub condition: Expr,
    /// What is done if it holds.
    pub body: Block,
}

/// One piece of what `print` writes.
#[derive(Clone, Debug)]
pub enum PrintArg {
    /// Literal text.
    Text(String),
    /// A scalar or array.
    Value(Expr),
}

/// What is made of the elements of a generator or an array.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reduction {
    /// `f64` or `i64`; 0 if empty.
    Sum,
    /// `f64` or `i64`; 1 if empty.
    Prod,
    /// `f64` (−∞ if empty) or `i64` (`i64::MIN` if empty).
    Max,
    /// `f64` (∞ if empty) or `i64` (`i64::MAX` if empty).
    Min,
    /// `f64`; NaN if empty.
    Mean,
    /// `bool`; false if empty; all elements are evaluated.
    Any,
    /// `bool`; true if empty; all elements are evaluated.
    All,
    /// Index (row major) of the first largest; an empty operand is a run-time error.
    ArgMax,
    /// Index (row major) of the first smallest; an empty operand is a run-time error.
    ArgMin,
    /// `f64`; −∞ if empty.
    LogSumExp,
    /// Euclidean, of all elements; 0 if empty.
    Norm,
}

/// Functions on arrays known to the compiler.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Builtin {
    /// A reduction over all elements of one array.
    Reduce(Reduction),
    /// `dot(a, b)` of two vectors of one length; `f64` or `i64` elements, as for `@`.
    Dot,
    /// `zeros(n, m)`: the element type is that of the expression.
    Zeros,
    /// `ones(n, m)`
    Ones,
    /// `fill(v, n, m)`
    Fill,
    /// `identity(n)`
    Identity,
    /// `len(a)`: the first dimension.
    Len,
    /// `size(a, k)`: the `k`-th dimension; `k` out of range is a run-time error.
    Size,
    /// `transpose(a)` of a matrix.
    Transpose,
    /// `matmul(a, b)`: as `@`.
    MatMul,
    /// `where(c, a, b)`, element by element; both sides are evaluated.
    Where,
    /// `cumsum(x)` of a vector.
    CumSum,
    /// `sort(x)`: ascending, stable.
    Sort,
    /// `softmax(x)` of a vector.
    SoftMax,
}
