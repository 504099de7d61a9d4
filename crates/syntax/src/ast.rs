//! The syntax tree of the Adit language.
//!
//! What goes in: nothing; the parser builds it. What comes out: one [`File`] of items, every node with its
//! [`Span`], every expression with an [`ExprId`] that is unique and dense in its file, so that later stages
//! can keep facts about expressions in vectors of length [`File::expr_count`].
//!
//! ```text
//! a + b * c - d    Binary { first: a, rest: [+ (Binary { first: b, rest: [* c] }), - d] }
//! ```
//!
//! **Depth.** No path from an item down to a leaf passes more than [`MAX_DEPTH`] expressions, types and
//! loops, whatever the source says, so recursion over a tree is safe on a small stack. What is long in
//! ordinary programs is a vector, not a path: the statements of a block, the operands of
//! `a + b + c + …`, the arms of `if … else if …`. **Such vectors may have 100,000 entries: go through them
//! with a loop, and do not rebuild them as nested nodes.**
//!
//! What it deliberately does not do: names are not resolved, literals have no type yet, parentheses leave
//! no trace but a wider span. Where the source was wrong, the tree has `Error` nodes; a diagnostic for each
//! was already given, so that later stages can be silent about them.

mod ops;

pub use ops::{AssignOp, BinaryOp, UnaryOp};

use adit_diag::{FileId, Span};
use std::sync::Arc;

/// The longest path from an item to a leaf, counted in expressions, types and loops. An arm of an
/// `if … else if …` counts as nested in the arms before it, as it is once the chain is lowered.
pub const MAX_DEPTH: u16 = 512;

/// A name as the source spells it. Cheap to clone: one file keeps one copy of each.
pub type Name = Arc<str>;

/// A name and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ident {
    /// The spelling.
    pub name: Name,
    /// The place.
    pub span: Span,
}

/// The number of an expression, dense from 0 in its file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ExprId(pub u32);

impl ExprId {
    /// The id as an index into a vector of length [`File::expr_count`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One source file.
#[derive(Clone, PartialEq, Debug)]
pub struct File {
    /// The text it was parsed from.
    pub id: FileId,
    /// The items, in the order of the source.
    pub items: Vec<Item>,
    /// All [`ExprId`]s are below this.
    pub expr_count: u32,
}

/// A definition at the top of a file.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    /// From the first attribute or keyword to the end; documentation not included.
    pub span: Span,
    /// The `///` lines before it, joined by line breaks, each without the slashes and one space.
    pub docs: String,
    /// What is defined.
    pub kind: ItemKind,
}

/// What an item defines.
#[derive(Clone, PartialEq, Debug)]
pub enum ItemKind {
    /// `fn f(x: f64) -> f64 { … }`
    Fn(FnItem),
    /// `struct Layer<n, m> { w: [f64; n, m] }`
    Struct(StructItem),
    /// `const TAU: f64 = 2 * pi;`
    Const(ConstItem),
    /// `import "other.ad";`
    Import(ImportItem),
}

/// A function definition.
#[derive(Clone, PartialEq, Debug)]
pub struct FnItem {
    /// `@jvp(f)` or `@vjp(f)` before it.
    pub rule: Option<Rule>,
    /// Its name.
    pub name: Ident,
    /// Its parameters.
    pub params: Vec<Param>,
    /// The type after `->`; without one the function gives unit.
    pub result: Option<Type>,
    /// Its body.
    pub body: Block,
    /// From `fn` to the end of the result type.
    pub signature: Span,
}

/// `@jvp(f)` or `@vjp(f)`: the function that follows is a derivative rule of another.
#[derive(Clone, PartialEq, Debug)]
pub struct Rule {
    /// From `@` to `)`.
    pub span: Span,
    /// Which rule.
    pub kind: RuleKind,
    /// The function it is a rule of.
    pub target: Ident,
}

/// The two sorts of derivative rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RuleKind {
    /// Values and tangents in, value and tangent out.
    Jvp,
    /// Values and cotangent in, value and cotangents out.
    Vjp,
}

/// A parameter of a function: `x: T`, or `x: &mut T`.
#[derive(Clone, PartialEq, Debug)]
pub struct Param {
    /// Name and type.
    pub span: Span,
    /// Its name.
    pub name: Ident,
    /// Whether it is lent (`&mut`) rather than given by value.
    pub lent: bool,
    /// Its type, without the `&mut`.
    pub ty: Type,
}

/// A struct definition.
#[derive(Clone, PartialEq, Debug)]
pub struct StructItem {
    /// Its name.
    pub name: Ident,
    /// The dimension parameters in `<…>`; empty without.
    pub dims: Vec<Ident>,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// A field of a struct definition.
#[derive(Clone, PartialEq, Debug)]
pub struct Field {
    /// Name and type.
    pub span: Span,
    /// The `///` lines before it.
    pub docs: String,
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Type,
}

/// A constant definition.
#[derive(Clone, PartialEq, Debug)]
pub struct ConstItem {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Type,
    /// Its value.
    pub value: Expr,
}

/// An import.
#[derive(Clone, PartialEq, Debug)]
pub struct ImportItem {
    /// The path as written, escapes resolved.
    pub path: String,
    /// The place of the string literal.
    pub path_span: Span,
}

/// A type as written.
#[derive(Clone, PartialEq, Debug)]
pub struct Type {
    /// Where it stands.
    pub span: Span,
    /// Length of the longest path to a leaf, this node included; at most [`MAX_DEPTH`].
    pub height: u16,
    /// What it says.
    pub kind: TypeKind,
}

/// The forms of a type.
#[derive(Clone, PartialEq, Debug)]
pub enum TypeKind {
    /// `f64`, `Params`, `Layer<n, 2 * m>`.
    Named {
        /// A scalar or a struct.
        name: Ident,
        /// The dimension arguments in `<…>`; empty without.
        dims: Vec<Expr>,
    },
    /// `[f64; n, m]`; the parser has seen to it that there is at least one dimension.
    Array {
        /// What the elements are.
        element: Box<Type>,
        /// The dimensions: literals, names, integer expressions.
        dims: Vec<Expr>,
    },
    /// `(A, B)`; `()` is unit; never of length one (parentheses around a type leave no trace).
    Tuple(Vec<Type>),
    /// `fn(f64, &mut [f64; n]) -> f64`.
    Fn {
        /// The parameters.
        params: Vec<FnTypeParam>,
        /// The type after `->`; without one, unit.
        result: Option<Box<Type>>,
    },
    /// Something that was not a type; already reported.
    Error,
}

/// A parameter in a function type.
#[derive(Clone, PartialEq, Debug)]
pub struct FnTypeParam {
    /// Whether it is lent (`&mut`).
    pub lent: bool,
    /// Its type, without the `&mut`.
    pub ty: Type,
}

/// Statements in braces, and perhaps a value.
#[derive(Clone, PartialEq, Debug)]
pub struct Block {
    /// From `{` to `}`.
    pub span: Span,
    /// The longest path in it; at most [`MAX_DEPTH`].
    pub height: u16,
    /// The statements; there may be 100,000.
    pub stmts: Vec<Stmt>,
    /// The last expression, if no `;` follows it: the value of the block. Also an `if` without `else` and a
    /// call that gives nothing stand here, with the value unit.
    pub value: Option<Box<Expr>>,
}

/// A statement.
#[derive(Clone, PartialEq, Debug)]
pub struct Stmt {
    /// All of it, with the `;`.
    pub span: Span,
    /// What it does.
    pub kind: StmtKind,
}

/// The forms of a statement.
#[derive(Clone, PartialEq, Debug)]
pub enum StmtKind {
    /// `let x = e;`, `let mut (a, b): T = e;`
    Let {
        /// What is declared.
        pattern: Pattern,
        /// The type ascribed.
        ty: Option<Type>,
        /// The value.
        value: Expr,
    },
    /// `a[i, j] = e;`, `s += e;`
    Assign {
        /// What is assigned: a name, an index, a field, or these nested ([`Expr::is_place`]), or
        /// [`ExprKind::Error`].
        place: Expr,
        /// How.
        op: AssignOp,
        /// The place of the operator.
        op_span: Span,
        /// The value.
        value: Expr,
    },
    /// An expression for its effect; its value is dropped.
    Expr(Expr),
    /// `while c { … }`
    While(Box<While>),
    /// `for i in a..b step k { … }`
    For(Box<For>),
    /// `break;`
    Break,
    /// `continue;`
    Continue,
    /// `return;`, `return e;`
    Return(Option<Expr>),
}

/// `while c { … }`
#[derive(Clone, PartialEq, Debug)]
pub struct While {
    /// `@checkpoint(…)` before it.
    pub checkpoint: Option<Checkpoint>,
    /// The condition.
    pub condition: Expr,
    /// The body.
    pub body: Block,
}

/// `for i in a..b step k { … }`
#[derive(Clone, PartialEq, Debug)]
pub struct For {
    /// `@checkpoint(…)` before it.
    pub checkpoint: Option<Checkpoint>,
    /// The loop variable; may be `_`.
    pub var: Ident,
    /// The values it takes.
    pub range: Range,
    /// The body.
    pub body: Block,
}

/// What a `let` declares.
#[derive(Clone, PartialEq, Debug)]
pub struct Pattern {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub kind: PatternKind,
}

/// The forms of a pattern.
#[derive(Clone, PartialEq, Debug)]
pub enum PatternKind {
    /// A variable.
    Name {
        /// Its name.
        name: Ident,
        /// Whether `mut` stands before it, or before the tuple around it.
        mutable: bool,
    },
    /// `_`: the value is dropped.
    Wildcard,
    /// `(a, b)`, of any length but one. Nesting is limited like that of types.
    Tuple(Vec<Pattern>),
    /// Something that was not a pattern; already reported.
    Error,
}

/// `lo..hi`, `lo..=hi`, perhaps with `step k`.
#[derive(Clone, PartialEq, Debug)]
pub struct Range {
    /// All of it.
    pub span: Span,
    /// The first value.
    pub lo: Expr,
    /// The bound.
    pub hi: Expr,
    /// Whether the bound is itself a value (`..=`).
    pub inclusive: bool,
    /// The distance of successive values; 1 without.
    pub step: Option<Expr>,
}

/// `@checkpoint(…)` before a loop.
#[derive(Clone, PartialEq, Debug)]
pub struct Checkpoint {
    /// From `@` to `)`.
    pub span: Span,
    /// What it asks for.
    pub policy: CheckpointPolicy,
}

/// How the memory of a loop's reverse sweep is bound.
#[derive(Clone, PartialEq, Debug)]
pub enum CheckpointPolicy {
    /// `every: k`: a snapshot each `k` iterations.
    Every(Expr),
    /// `binomial: c`: at most `c` snapshots, placed to recompute least.
    Binomial(Expr),
    /// `budget: 64 MiB`: at most so many bytes.
    Budget(u64),
    /// Something else; already reported.
    Error,
}

/// An expression.
#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    /// Its number in the file.
    pub id: ExprId,
    /// Where it stands, parentheses around it included.
    pub span: Span,
    /// Length of the longest path to a leaf, this node included; at most [`MAX_DEPTH`].
    pub height: u16,
    /// What it says.
    pub kind: ExprKind,
}

/// The forms of an expression.
#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    /// An integer literal. Not negative, except for `-9223372036854775808`, which is one literal.
    Int(i64),
    /// A float literal; finite.
    Float(f64),
    /// `true`, `false`
    Bool(bool),
    /// A variable, parameter, dimension, constant or function.
    Name(Name),
    /// `-x`, `!c`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// What it is applied to.
        operand: Box<Expr>,
    },
    /// Operators of one precedence, applied from left to right: `first op rhs op rhs …`. There is at least
    /// one link; where a comparison or `^` stands, exactly one.
    Binary {
        /// The leftmost operand.
        first: Box<Expr>,
        /// Each further operator with its right operand; there may be 100,000.
        rest: Vec<Link>,
    },
    /// `f(x, &mut y)`
    Call {
        /// The function: usually a name, or a call that gives a function, as in `grad(f)(x)`.
        callee: Box<Expr>,
        /// The arguments.
        args: Vec<Arg>,
    },
    /// `a[i, 0..n]`; at least one subscript.
    Index {
        /// The array.
        base: Box<Expr>,
        /// The subscripts.
        subscripts: Vec<Subscript>,
    },
    /// `p.alpha`
    Field {
        /// The struct.
        base: Box<Expr>,
        /// The field.
        field: Ident,
    },
    /// `t.0`
    TupleField {
        /// The tuple.
        base: Box<Expr>,
        /// The position, from 0.
        index: u32,
        /// The place of the position.
        index_span: Span,
    },
    /// `Layer { w: w0, b }`
    Struct {
        /// The struct.
        name: Ident,
        /// Its fields, in the order written.
        fields: Vec<FieldInit>,
    },
    /// `(a, b)`; `()` is unit; `(a,)` has one element.
    Tuple(Vec<Expr>),
    /// `[1.0, 2.0]`; may be empty.
    Array(Vec<Expr>),
    /// `[e for i in 0..n, j in 0..m]`
    Comprehension(Generator),
    /// `if a { … } else if b { … } else { … }`
    If {
        /// The conditions with their blocks, in order; at least one.
        arms: Vec<Arm>,
        /// The last `else`.
        otherwise: Option<Block>,
    },
    /// `{ …; e }`
    Block(Block),
    /// `|x, y: f64| e`
    Lambda {
        /// The parameters.
        params: Vec<LambdaParam>,
        /// The body.
        body: Box<Expr>,
    },
    /// Something that was not an expression; already reported.
    Error,
}

/// An operator and its right operand, in [`ExprKind::Binary`].
#[derive(Clone, PartialEq, Debug)]
pub struct Link {
    /// The value of the chain up to here. For the last link, the id of the whole expression. Its span is
    /// that of the chain's start, joined with that of `rhs`.
    pub id: ExprId,
    /// The operator.
    pub op: BinaryOp,
    /// The place of the operator.
    pub op_span: Span,
    /// The right operand.
    pub rhs: Expr,
}

/// An argument of a call.
#[derive(Clone, PartialEq, Debug)]
pub struct Arg {
    /// All of it.
    pub span: Span,
    /// What is given.
    pub kind: ArgKind,
}

/// The forms of an argument.
#[derive(Clone, PartialEq, Debug)]
pub enum ArgKind {
    /// A value.
    Value(Expr),
    /// `&mut place`; the parser has seen to it that it is a place ([`Expr::is_place`]) or
    /// [`ExprKind::Error`].
    Lent(Expr),
    /// A string literal, escapes resolved, as in `assert(c, "message")`.
    Text(String),
    /// `e for i in 0..n`, as in `sum(x[i] for i in 0..n)`.
    Generator(Generator),
}

/// `e for i in 0..n, j in 0..m`
#[derive(Clone, PartialEq, Debug)]
pub struct Generator {
    /// The element.
    pub element: Box<Expr>,
    /// The loops, outermost first; at least one.
    pub loops: Vec<GeneratorLoop>,
}

/// `i in 0..n` in a generator.
#[derive(Clone, PartialEq, Debug)]
pub struct GeneratorLoop {
    /// All of it.
    pub span: Span,
    /// The variable; may be `_`.
    pub var: Ident,
    /// The values it takes.
    pub range: Range,
}

/// What stands between the commas of `a[…]`.
#[derive(Clone, PartialEq, Debug)]
pub struct Subscript {
    /// All of it.
    pub span: Span,
    /// What it says.
    pub kind: SubscriptKind,
}

/// The forms of a subscript.
#[derive(Clone, PartialEq, Debug)]
pub enum SubscriptKind {
    /// One position.
    Index(Expr),
    /// `lo..hi`, `lo..=hi`, `lo..`, `..hi`, `..`
    Slice {
        /// The first position; 0 without.
        lo: Option<Expr>,
        /// The bound; the dimension without.
        hi: Option<Expr>,
        /// Whether the bound is itself taken (`..=`, which always has one).
        inclusive: bool,
    },
}

/// `w: w0` in a struct literal.
#[derive(Clone, PartialEq, Debug)]
pub struct FieldInit {
    /// All of it.
    pub span: Span,
    /// The field.
    pub name: Ident,
    /// Its value; for the short form `b`, the name `b`.
    pub value: Expr,
}

/// A condition and its block, in [`ExprKind::If`].
#[derive(Clone, PartialEq, Debug)]
pub struct Arm {
    /// The condition.
    pub condition: Expr,
    /// What is done if it holds.
    pub body: Block,
}

/// A parameter of a lambda: `x`, `x: T`.
#[derive(Clone, PartialEq, Debug)]
pub struct LambdaParam {
    /// Name and type.
    pub span: Span,
    /// Its name.
    pub name: Ident,
    /// Whether it is lent (`x: &mut T`).
    pub lent: bool,
    /// Its type, if written, without the `&mut`.
    pub ty: Option<Type>,
}

impl Expr {
    /// Whether this can be assigned or lent, as far as syntax can tell: a name, or an index or field of a
    /// place.
    pub fn is_place(&self) -> bool {
        let mut expr = self;
        loop {
            expr = match &expr.kind {
                ExprKind::Name(_) => return true,
                ExprKind::Index { base, .. } | ExprKind::Field { base, .. } | ExprKind::TupleField { base, .. } => base,
                ExprKind::Int(_)
                | ExprKind::Float(_)
                | ExprKind::Bool(_)
                | ExprKind::Unary { .. }
                | ExprKind::Binary { .. }
                | ExprKind::Call { .. }
                | ExprKind::Struct { .. }
                | ExprKind::Tuple(_)
                | ExprKind::Array(_)
                | ExprKind::Comprehension(_)
                | ExprKind::If { .. }
                | ExprKind::Block(_)
                | ExprKind::Lambda { .. }
                | ExprKind::Error => return false,
            };
        }
    }

    /// Whether a statement that starts with this ends with its `}`, without a `;`.
    pub fn is_block_like(&self) -> bool {
        matches!(self.kind, ExprKind::If { .. } | ExprKind::Block(_))
    }
}
