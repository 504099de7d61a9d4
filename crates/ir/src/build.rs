//! The builder: appends instructions to a function, region by region.
//!
//! In: operations and their operands. Out: a [`Function`]. The builder keeps a stack of open regions and the current source span;
//! result types follow from operands, so callers never state them. It folds nothing and checks nothing.
//!
//! ```
//! use adit_ir::{Builder, Prim, ScalarType, Passing};
//! use adit_diag::Span;
//! let mut b = Builder::new("square", Span::default());
//! let x = b.param(ScalarType::F64.into(), Passing::ByValue);
//! let y = b.prim(Prim::Mul, &[x, x]);
//! let f = b.finish(&[y]);
//! assert_eq!(f.live_inst_count(), 1);
//! ```

use crate::entities::{FuncId, Inst, Region, Value};
use crate::func::{Function, Param, Passing};
use crate::inst::{CmpOp, Const, Op, PrintPart, Values};
use crate::prim::Prim;
use crate::trap::Trap;
use crate::types::{ArrayType, Int, ScalarType, TapeType, Type};
use adit_diag::Span;

/// Appends to one function.
#[derive(Debug)]
pub struct Builder {
    func: Function,
    open: Vec<Region>,
    span: Span,
}

impl Builder {
    /// Starts a function.
    pub fn new(name: impl Into<String>, span: Span) -> Self {
        let func = Function::new(name, span);
        let open = vec![func.body];
        Builder { func, open, span }
    }

    /// The function so far.
    pub fn func(&self) -> &Function {
        &self.func
    }

    /// The function so far, to change what the builder has no word for.
    pub fn func_mut(&mut self) -> &mut Function {
        &mut self.func
    }

    /// The span that further instructions carry.
    pub fn set_span(&mut self, span: Span) {
        self.span = span;
    }

    /// The span that further instructions carry.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Adds a dimension: an `i64` that array parameters' types will mention.
    pub fn dim(&mut self) -> Value {
        let v = self.func.add_value(Type::I64);
        self.func.dims.push(v);
        v
    }

    /// Adds a parameter.
    pub fn param(&mut self, ty: Type, passing: Passing) -> Value {
        let value = self.func.add_value(ty);
        self.func.params.push(Param { value, passing });
        value
    }

    /// The type of a value.
    pub fn ty(&self, v: Value) -> &Type {
        self.func.ty(v)
    }

    /// Returns these scalars and ends the function.
    ///
    /// # Panics
    /// If a region is still open, or a returned value is no scalar.
    pub fn finish(mut self, returned: &[Value]) -> Function {
        assert_eq!(self.open.len(), 1, "every region is closed before its function ends");
        self.func.results = returned.iter().map(|&v| self.scalar_type(v)).collect();
        let body = self.func.body;
        self.func.region_mut(body).yields = returned.into();
        self.func
    }

    /// Opens a region with parameters of these types; further instructions go there. Its parameters are in [`Function::region`].
    pub fn open(&mut self, params: &[Type]) -> Region {
        let region = self.func.add_region();
        for ty in params {
            let v = self.func.add_value(ty.clone());
            self.func.region_mut(region).params.push(v);
        }
        self.open.push(region);
        region
    }

    /// Closes the innermost open region, which yields these values.
    ///
    /// # Panics
    /// If only the body is open.
    pub fn close(&mut self, yields: &[Value]) -> Region {
        assert!(self.open.len() > 1, "the body is closed by `finish`");
        let region = self.open.pop().expect("just counted");
        self.func.region_mut(region).yields = yields.into();
        region
    }

    /// Opens a region that was closed, to append to it. What it yields is stated anew when it is closed.
    pub fn reopen(&mut self, region: Region) {
        self.open.push(region);
    }

    /// The innermost open region.
    pub fn current(&self) -> Region {
        *self.open.last().expect("the body stays open until `finish`")
    }

    /// Appends an operation with results of these types.
    pub fn push(&mut self, op: Op, results: &[Type]) -> Inst {
        self.push_typed(op, results.iter().cloned())
    }

    /// [`Builder::push`] for types that need not be kept: copies of whole functions pass through here.
    pub fn push_typed(&mut self, op: Op, results: impl IntoIterator<Item = Type>) -> Inst {
        // Pushing one by one is several times faster than collecting, and most operations have one result.
        let mut values = Values::new();
        for ty in results {
            values.push(self.func.add_value(ty));
        }
        let inst = self.func.add_inst(op, values, self.span);
        let region = self.current();
        self.func.region_mut(region).insts.push(inst);
        inst
    }

    /// How many regions are open, the body included.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// Appends an operation to the open region that is the `depth`-th from outside, the body being the first.
    pub fn push_at(&mut self, depth: usize, op: Op, results: &[Type]) -> Inst {
        let inner = self.open.split_off(depth);
        let inst = self.push(op, results);
        self.open.extend(inner);
        inst
    }

    /// Appends an operation with one result.
    pub fn push_one(&mut self, op: Op, result: Type) -> Value {
        let inst = self.push(op, &[result]);
        self.func.inst(inst).results[0]
    }

    /// What an instruction defined.
    pub fn results(&self, inst: Inst) -> Values {
        self.func.inst(inst).results.clone()
    }

    /// A literal.
    pub fn constant(&mut self, c: Const) -> Value {
        self.push_one(Op::Const(c), c.ty().into())
    }

    /// A literal of a float type, the nearest to `x`.
    pub fn float(&mut self, ty: ScalarType, x: f64) -> Value {
        self.constant(Const::float(ty, x))
    }

    /// A float literal.
    pub fn f64(&mut self, x: f64) -> Value {
        self.constant(Const::F64(x))
    }

    /// An integer literal.
    pub fn i64(&mut self, i: i64) -> Value {
        self.constant(Const::I64(i))
    }

    /// A truth value.
    pub fn bool(&mut self, b: bool) -> Value {
        self.constant(Const::Bool(b))
    }

    /// The value of an integer operand; a literal becomes an instruction.
    pub fn int_value(&mut self, i: Int) -> Value {
        match i {
            Int::Const(c) => self.i64(c),
            Int::Value(v) => v,
        }
    }

    /// The zero of a scalar type.
    pub fn zero(&mut self, ty: ScalarType) -> Value {
        match ty {
            ScalarType::F64 | ScalarType::F32 => self.float(ty, 0.0),
            ScalarType::I64 => self.i64(0),
            ScalarType::Bool => self.bool(false),
        }
    }

    /// A function of the table.
    pub fn prim(&mut self, prim: Prim, args: &[Value]) -> Value {
        let first = |i: usize| args.get(i).and_then(|&v| self.func.ty(v).scalar());
        let result = prim.row().signature.result_for(first);
        self.push_one(Op::Prim { prim, args: args.into() }, result.into())
    }

    /// A comparison.
    pub fn cmp(&mut self, op: CmpOp, a: Value, b: Value) -> Value {
        self.push_one(Op::Cmp { op, a, b }, Type::BOOL)
    }

    /// One of two scalars.
    pub fn select(&mut self, cond: Value, then: Value, otherwise: Value) -> Value {
        let ty = self.ty(then).clone();
        self.push_one(Op::Select { cond, then, otherwise }, ty)
    }

    /// An `if` over two closed regions.
    pub fn if_(&mut self, cond: Value, then: Region, otherwise: Region) -> Inst {
        let types = self.types_of(&self.func.region(then).yields.clone());
        self.push(Op::If { cond, then, otherwise }, &types)
    }

    /// A `for` over a closed region whose first parameter is the index.
    pub fn for_(&mut self, bounds: Bounds, inits: &[Value], body: Region) -> Inst {
        let Bounds { lo, hi, step, reversed } = bounds;
        let types = self.types_of(inits);
        self.push(Op::For { lo, hi, step, reversed, checkpoint: None, inits: inits.into(), body }, &types)
    }

    /// A `while` over two closed regions.
    pub fn while_(&mut self, inits: &[Value], cond: Region, body: Region) -> Inst {
        let types = self.types_of(inits);
        self.push(Op::While { checkpoint: None, inits: inits.into(), cond, body }, &types)
    }

    /// A new array of zeros.
    pub fn alloc(&mut self, ty: ArrayType) -> Value {
        self.push_one(Op::Alloc { ty: ty.clone() }, Type::Array(ty))
    }

    /// One element.
    ///
    /// # Panics
    /// If `array` is no array.
    pub fn load(&mut self, array: Value, subscripts: &[Int]) -> Value {
        let element = self.ty(array).array().expect("loads read arrays").element;
        self.push_one(Op::Load { array, subscripts: subscripts.into() }, element.into())
    }

    /// Overwrites one element.
    pub fn store(&mut self, array: Value, subscripts: &[Int], value: Value) {
        self.push(Op::Store { array, subscripts: subscripts.into(), value }, &[]);
    }

    /// Adds to one element.
    pub fn acc(&mut self, array: Value, subscripts: &[Int], value: Value) {
        self.push(Op::Acc { array, subscripts: subscripts.into(), value }, &[]);
    }

    /// Overwrites all elements with those of another array.
    pub fn copy(&mut self, to: Value, from: Value) {
        self.push(Op::Copy { to, from }, &[]);
    }

    /// Overwrites all elements with one value.
    pub fn fill(&mut self, array: Value, value: Value) {
        self.push(Op::Fill { array, value }, &[]);
    }

    /// A call of a function that returns scalars of these types.
    pub fn call(&mut self, callee: FuncId, args: &[Value], results: &[ScalarType]) -> Inst {
        let types: Vec<Type> = results.iter().map(|&s| s.into()).collect();
        self.push(Op::Call { callee, args: args.into() }, &types)
    }

    /// A new tape; without fields, a mixed one.
    pub fn tape_new(&mut self, fields: &[ScalarType]) -> Value {
        let ty = TapeType { fields: fields.into() };
        self.push_one(Op::TapeNew { ty: ty.clone() }, Type::Tape(ty))
    }

    /// Adds one record.
    pub fn tape_push(&mut self, tape: Value, values: &[Value]) {
        self.push(Op::TapePush { tape, values: values.into() }, &[]);
    }

    /// Takes the newest record off a tape that is not mixed.
    ///
    /// # Panics
    /// If `tape` is no tape.
    pub fn tape_pop(&mut self, tape: Value) -> Values {
        let fields = self.ty(tape).tape().expect("pops take from tapes").fields.clone();
        self.tape_pop_record(tape, &fields)
    }

    /// Takes the newest record, which has these fields, off any tape.
    pub fn tape_pop_record(&mut self, tape: Value, fields: &[ScalarType]) -> Values {
        let types: Vec<Type> = fields.iter().map(|&s| s.into()).collect();
        let inst = self.push(Op::TapePop { tape }, &types);
        self.results(inst)
    }

    /// Raises `trap` unless the condition holds.
    pub fn assert(&mut self, cond: Value, trap: Trap, details: &[Int]) {
        self.push(Op::Assert { cond, trap, details: details.into() }, &[]);
    }

    /// Writes a line for the user.
    pub fn print(&mut self, parts: Vec<PrintPart>) {
        self.push(Op::Print { parts }, &[]);
    }

    fn types_of(&self, values: &[Value]) -> Vec<Type> {
        values.iter().map(|&v| self.ty(v).clone()).collect()
    }

    fn scalar_type(&self, v: Value) -> ScalarType {
        self.ty(v).scalar().expect("functions return scalars")
    }
}

/// What a counted loop runs over.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// First index.
    pub lo: Int,
    /// Bound, exclusive.
    pub hi: Int,
    /// Not 0.
    pub step: Int,
    /// Whether the sequence runs last to first.
    pub reversed: bool,
}

impl Bounds {
    /// `0..n` by ones.
    pub fn up_to(n: Int) -> Self {
        Bounds { lo: Int::Const(0), hi: n, step: Int::Const(1), reversed: false }
    }
}
