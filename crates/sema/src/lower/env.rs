//! The state of lowering one function: slots, regions, and what is known of values.
//!
//! In: a function's layout and facts. Out: [`Lowerer`], to which the other files add a method per construct.
//!
//! - **Slots.** Each leaf of each local has one, and so has each *temporary*: a scalar that regions hand outwards (the value of an `if`, the accumulator of a
//!   reduction, an exit flag). A slot holds the current SSA value of a scalar, or the storage of an array.
//! - **Journal.** Every change of a slot since a region was opened is in the journal: [`Lowerer::changes`] takes them back and tells them, and whoever closes the
//!   region yields them. So what a region yields is what it changed, in time linear in that.
//! - **Memo.** Integer arithmetic without traps is computed once per region and its inner ones, so equal extents are equal names.

use super::Unit;
use super::analysis::Facts;
use super::exits::{Exited, Frame, Guard};
use super::functions::FnVal;
use super::special::{Special, Task};
use super::values::{Arr, Axis, Lazy, Origin, Sink, Val, Vals, View};
use crate::layout::Layout;
use crate::typed::*;
use adit_diag::{Code, Diagnostic, Span};
use adit_ir::{ArrayType, Builder, Const, Function, Int, Ints, Op, Prim, Region, ScalarType, Type, Value, Values};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Regions nest less deep than [`adit_ir::verify::MAX_NESTING`].
const MAX_REGIONS: usize = adit_ir::verify::MAX_NESTING - 8;

/// What a slot holds.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    Undefined,
    Scalar(Value),
    Array(Box<View>),
}

impl Slot {
    pub(super) fn scalar(&self) -> Option<Value> {
        match self {
            Slot::Scalar(v) => Some(*v),
            Slot::Undefined | Slot::Array(_) => None,
        }
    }
}

/// What a leaf is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct LeafTy {
    pub(super) element: ScalarType,
    /// 0 for a scalar.
    pub(super) rank: usize,
}

/// A change of a slot within a region.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) slot: u32,
    pub(super) old: Slot,
    pub(super) new: Slot,
}

/// An open region.
#[derive(Debug)]
struct Scope {
    journal: usize,
    memo: usize,
    natural: usize,
    region: Region,
}

/// An integer operation that was already computed.
type Computed = (Prim, Int, Int);

/// Lowers one function.
#[derive(Debug)]
pub(super) struct Lowerer<'p> {
    pub(super) unit: &'p Unit<'p>,
    pub(super) id: FnId,
    pub(super) def: &'p FnDef,
    pub(super) layout: &'p Layout,
    pub(super) facts: Facts,
    pub(super) b: Builder,
    slots: Vec<Slot>,
    /// The first slot of each local.
    base: Vec<u32>,
    slot_locals: Vec<LocalId>,
    journal: Vec<(u32, Slot)>,
    scopes: Vec<Scope>,
    memo: FxHashMap<Computed, Value>,
    memo_log: Vec<Computed>,
    constants: FxHashMap<Value, Const>,
    /// Values that are not negative here, with their place in the log.
    natural: FxHashMap<Value, usize>,
    natural_log: Vec<Value>,
    /// Loop indices that run by ones from a literal ≥ 0 to below this.
    pub(super) below: FxHashMap<Value, Int>,
    /// The region of each `alloc`.
    pub(super) homes: FxHashMap<Value, Region>,
    pub(super) guards: Vec<Guard>,
    pub(super) frames: Vec<Frame>,
    pub(super) exited: Exited,
    /// Whether arrays made now are needed after the guard around.
    pub(super) lasting: bool,
    /// Where the function's result goes.
    pub(super) result: Vec<Sink>,
    /// Variables that are the result: their storage is that of the result.
    pub(super) named_results: Vec<(LocalId, View)>,
    /// Functions by the variables that they are.
    pub(super) functions: FxHashMap<LocalId, FnVal>,
    /// How many leading parameters hold what given functions captured.
    pub(super) captured_params: usize,
    /// Which functions this one is given.
    pub(super) special: Option<Special>,
    errors: Vec<Diagnostic>,
}

impl<'p> Lowerer<'p> {
    pub(super) fn new(unit: &'p Unit<'p>, task: Task<'p>, facts: Facts) -> Self {
        let Task { id, def, layout, special } = task;
        let name = special.as_ref().map_or(&*def.name, |s| &*s.name);
        let b = Builder::new(name, def.span);
        let mut base = Vec::with_capacity(def.locals.len());
        let mut slot_locals = Vec::new();
        for (i, local) in def.locals.iter().enumerate() {
            base.push(slot_locals.len() as u32);
            let leaves = unit.sizes.leaves(&local.ty).min(crate::layout::MAX_LEAVES);
            slot_locals.extend(std::iter::repeat_n(LocalId(i as u32), leaves));
        }
        Lowerer {
            unit,
            id,
            def,
            layout,
            facts,
            b,
            slots: vec![Slot::Undefined; slot_locals.len()],
            base,
            slot_locals,
            journal: Vec::new(),
            scopes: Vec::new(),
            memo: FxHashMap::default(),
            memo_log: Vec::new(),
            constants: FxHashMap::default(),
            natural: FxHashMap::default(),
            natural_log: Vec::new(),
            below: FxHashMap::default(),
            homes: FxHashMap::default(),
            guards: Vec::new(),
            frames: Vec::new(),
            exited: Exited::No,
            lasting: false,
            result: Vec::new(),
            named_results: Vec::new(),
            functions: FxHashMap::default(),
            captured_params: 0,
            special,
            errors: Vec::new(),
        }
    }

    /// The function, and what could not be lowered.
    pub(super) fn finish(mut self) -> (Function, Vec<Diagnostic>) {
        if let Some(external) = &self.def.external {
            let mut function = self.b.finish(&[]);
            function.results = self.layout.results.iter().map(|leaf| leaf.element).collect();
            function.external = Some(external.function.clone());
            return (function, self.errors);
        }
        let returned = self.returned();
        (self.b.finish(&returned), self.errors)
    }

    // Slots

    /// The first slot of a local.
    pub(super) fn base(&self, local: LocalId) -> u32 {
        self.base[local.0 as usize]
    }

    /// The local that a slot belongs to; none for a temporary.
    pub(super) fn local_of(&self, slot: u32) -> Option<LocalId> {
        self.slot_locals.get(slot as usize).copied()
    }

    /// The declared type of a local.
    pub(super) fn local_ty(&self, local: LocalId) -> &'p Ty {
        &self.def.locals[local.0 as usize].ty
    }

    pub(super) fn slot(&self, slot: u32) -> &Slot {
        &self.slots[slot as usize]
    }

    pub(super) fn set(&mut self, slot: u32, to: Slot) {
        let old = std::mem::replace(&mut self.slots[slot as usize], to);
        if !self.scopes.is_empty() {
            self.journal.push((slot, old));
        }
    }

    pub(super) fn set_scalar(&mut self, slot: u32, v: Value) {
        self.set(slot, Slot::Scalar(v));
    }

    /// A new temporary without a value.
    pub(super) fn temporary(&mut self) -> u32 {
        self.slots.push(Slot::Undefined);
        self.slots.len() as u32 - 1
    }

    /// The scalar in a slot; zero if nothing was stored on the way here, which then never matters.
    pub(super) fn get_scalar(&mut self, slot: u32, ty: ScalarType) -> Value {
        match self.slot(slot) {
            Slot::Scalar(v) => *v,
            Slot::Undefined | Slot::Array(_) => self.zero(ty),
        }
    }

    /// What a slot holds, as a value; of this type, if nothing was stored on the way here.
    pub(super) fn slot_val(&mut self, slot: u32, ty: &LeafTy) -> Val {
        match self.slot(slot) {
            Slot::Array(view) => {
                let view = (**view).clone();
                Val::Array(Box::new(Arr::of_view(ty.element, view)))
            }
            Slot::Scalar(v) => Val::Scalar(*v),
            Slot::Undefined => self.nothing_of(ty),
        }
    }

    /// A value for code that is never reached.
    fn nothing_of(&mut self, ty: &LeafTy) -> Val {
        let zero = self.zero(ty.element);
        if ty.rank == 0 {
            return Val::Scalar(zero);
        }
        let dims = std::iter::repeat_n(Int::Const(0), ty.rank).collect();
        Val::Array(Box::new(Arr { element: ty.element, dims, lazy: Lazy::Splat(zero) }))
    }

    /// Values of a type for code that is never reached.
    pub(super) fn nothing(&mut self, ty: &Ty) -> Vals {
        let leaves = self.leaf_types(ty);
        leaves.iter().map(|leaf| self.nothing_of(leaf)).collect()
    }

    /// The leaves of a type, in order.
    pub(super) fn leaf_types(&self, ty: &Ty) -> SmallVec<[LeafTy; 1]> {
        let mut out = SmallVec::new();
        self.push_leaf_types(ty, &mut out);
        out
    }

    fn push_leaf_types(&self, ty: &Ty, out: &mut SmallVec<[LeafTy; 1]>) {
        match ty {
            Ty::Scalar(element) => out.push(LeafTy { element: *element, rank: 0 }),
            Ty::Array { element, dims } => out.push(LeafTy { element: *element, rank: dims.len() }),
            Ty::Struct { id, .. } => {
                let fields = &self.unit.program.structs[id.0 as usize].fields;
                fields.iter().for_each(|f| self.push_leaf_types(&f.ty, out));
            }
            Ty::Tuple(items) => items.iter().for_each(|item| self.push_leaf_types(item, out)),
            Ty::Fn(_) | Ty::Never => {}
        }
    }

    // Regions

    /// Opens a region with parameters of these types and gives them.
    pub(super) fn open(&mut self, params: &[Type]) -> Values {
        if self.scopes.len() >= MAX_REGIONS {
            let message = format!("`{}` has control flow nested deeper than {MAX_REGIONS} levels", self.def.name);
            self.limit(message);
        }
        let region = self.b.open(params);
        self.scopes.push(Scope {
            journal: self.journal.len(),
            memo: self.memo_log.len(),
            natural: self.natural_log.len(),
            region,
        });
        self.b.func().region(region).params.as_slice().into()
    }

    /// Takes back every change of a slot since the innermost region was opened, and tells them in order of first change.
    pub(super) fn changes(&mut self) -> Vec<Change> {
        let from = self.scopes.last().map_or(0, |s| s.journal);
        let mut firsts: FxHashMap<u32, usize> = FxHashMap::default();
        let mut out: Vec<Change> = Vec::new();
        for (slot, old) in self.journal.drain(from..) {
            firsts.entry(slot).or_insert_with(|| {
                out.push(Change { slot, old, new: Slot::Undefined });
                out.len() - 1
            });
        }
        for change in &mut out {
            change.new = std::mem::replace(&mut self.slots[change.slot as usize], change.old.clone());
        }
        out
    }

    /// The slots that changed since the innermost region was opened, newest last; one may occur twice.
    pub(super) fn changed(&self) -> impl Iterator<Item = u32> {
        let from = self.scopes.last().map_or(0, |s| s.journal);
        self.journal[from..].iter().map(|(slot, _)| *slot)
    }

    /// Closes the innermost region; its changes have been taken.
    pub(super) fn close(&mut self, yields: &[Value]) -> Region {
        if let Some(scope) = self.scopes.pop() {
            for key in self.memo_log.drain(scope.memo..) {
                self.memo.remove(&key);
            }
            for v in self.natural_log.drain(scope.natural..) {
                self.natural.remove(&v);
            }
        }
        self.b.close(yields)
    }

    /// Sets what a closed region yields.
    pub(super) fn set_yields(&mut self, region: Region, yields: &[Value]) {
        self.b.func_mut().region_mut(region).yields = yields.into();
    }

    /// Appends an operation to the region around the innermost one: it runs before the latter.
    pub(super) fn push_outside(&mut self, op: Op, ty: Type) -> Value {
        let around = self.scopes.len().checked_sub(2).map(|i| self.scopes[i].region);
        let span = self.b.span();
        let f = self.b.func_mut();
        let region = around.unwrap_or(f.body);
        let v = f.add_value(ty);
        let inst = f.add_inst(op, Values::from_slice(&[v]), span);
        f.region_mut(region).insts.push(inst);
        if let Type::Array(_) = f.ty(v) {
            self.homes.insert(v, region);
        }
        v
    }

    // Instructions

    /// Further instructions belong to this text; those of the library belong to none.
    pub(super) fn at(&mut self, span: Span) {
        self.b.set_span(if self.def.is_library { Span::NONE } else { span });
    }

    pub(super) fn constant(&mut self, c: Const) -> Value {
        let v = self.b.constant(c);
        self.constants.insert(v, c);
        v
    }

    pub(super) fn bool(&mut self, b: bool) -> Value {
        self.constant(Const::Bool(b))
    }

    pub(super) fn zero(&mut self, ty: ScalarType) -> Value {
        self.constant(zero(ty))
    }

    /// The literal that a value is, if it is one.
    pub(super) fn literal(&self, v: Value) -> Option<Const> {
        self.constants.get(&v).copied()
    }

    /// A value as an integer operand.
    pub(super) fn int(&self, v: Value) -> Int {
        match self.literal(v) {
            Some(Const::I64(c)) => Int::Const(c),
            Some(Const::F64(_) | Const::F32(_) | Const::Bool(_)) | None => Int::Value(v),
        }
    }

    pub(super) fn int_value(&mut self, i: Int) -> Value {
        match i {
            Int::Const(c) => self.constant(Const::I64(c)),
            Int::Value(v) => v,
        }
    }

    /// A function of the table; integer arithmetic is computed once.
    pub(super) fn prim(&mut self, prim: Prim, args: &[Value]) -> Value {
        match args {
            [a, b] if computed_once(prim) => {
                let (a, b) = (self.int(*a), self.int(*b));
                let result = self.arith(prim, a, b);
                self.int_value(result)
            }
            _ => self.b.prim(prim, args),
        }
    }

    /// Integer arithmetic of two operands: a literal if both are, an operand if nothing changes, else computed once.
    pub(super) fn arith(&mut self, prim: Prim, a: Int, b: Int) -> Int {
        if let Some(known) = prim.folded(a, b) {
            return known;
        }
        let key = (prim, a, b);
        if let Some(&v) = self.memo.get(&key) {
            return Int::Value(v);
        }
        let (a, b) = (self.int_value(a), self.int_value(b));
        let v = self.b.prim(prim, &[a, b]);
        if computed_once(prim) {
            self.memo.insert(key, v);
            self.memo_log.push(key);
        }
        Int::Value(v)
    }

    pub(super) fn add(&mut self, a: Int, b: Int) -> Int {
        self.arith(Prim::Iadd, a, b)
    }

    pub(super) fn sub(&mut self, a: Int, b: Int) -> Int {
        if a == b { Int::Const(0) } else { self.arith(Prim::Isub, a, b) }
    }

    // Arrays

    /// States that a value is never negative.
    pub(super) fn mark_natural(&mut self, i: Int) {
        if let Int::Value(v) = i
            && !self.natural.contains_key(&v)
        {
            self.natural.insert(v, self.natural_log.len());
            self.natural_log.push(v);
        }
    }

    /// Whether an integer is known not to be negative.
    pub(super) fn is_natural(&self, i: Int) -> bool {
        match i {
            Int::Const(c) => c >= 0,
            Int::Value(v) => self.natural.contains_key(&v),
        }
    }

    /// Whether an integer was known not to be negative before the innermost region was opened.
    pub(super) fn is_natural_outside(&self, i: Int) -> bool {
        let here = self.scopes.last().map_or(0, |s| s.natural);
        match i {
            Int::Const(c) => c >= 0,
            Int::Value(v) => self.natural.get(&v).is_some_and(|&at| at < here),
        }
    }

    /// A new array of zeros; afterwards its extents are known not to be negative.
    pub(super) fn alloc(&mut self, element: ScalarType, dims: &[Int]) -> View {
        if dims.len() > adit_ir::verify::MAX_RANK {
            self.limit(format!("an array has more than {} dimensions", adit_ir::verify::MAX_RANK));
        }
        let array = self.b.alloc(ArrayType { element, dims: Ints::from(dims) });
        let region = self.b.current();
        self.homes.insert(array, region);
        dims.iter().for_each(|&d| self.mark_natural(d));
        View::whole(array, dims, Origin::Temporary)
    }

    /// The subscripts of the storage for indices of a view.
    pub(super) fn subscripts(&mut self, view: &View, indices: &[Int]) -> Ints {
        let mut out = Ints::new();
        for axis in &view.axes {
            out.push(match *axis {
                Axis::Fixed(i) => i,
                Axis::Along { dim, offset } => self.add(indices[dim], offset),
            });
        }
        out
    }

    pub(super) fn load(&mut self, view: &View, indices: &[Int]) -> Value {
        let subscripts = self.subscripts(view, indices);
        self.b.load(view.array, &subscripts)
    }

    pub(super) fn store(&mut self, view: &View, indices: &[Int], v: Value) {
        let subscripts = self.subscripts(view, indices);
        self.b.store(view.array, &subscripts, v);
    }

    // Errors

    pub(super) fn error(&mut self, diagnostic: Diagnostic) {
        self.errors.push(diagnostic);
    }

    /// Whether a compile-time limit was reported.
    pub(super) fn has_limit(&self) -> bool {
        self.errors.iter().any(|e| e.code == Code("AD0701"))
    }

    /// A compile-time limit, reported once per function.
    pub(super) fn limit(&mut self, message: String) {
        if !self.has_limit() {
            let span = self.def.span;
            self.error(super::limit(span, message));
        }
    }
}

/// The zero of a scalar type.
pub(super) fn zero(ty: ScalarType) -> Const {
    match ty {
        ScalarType::F64 | ScalarType::F32 => Const::float(ty, 0.0),
        ScalarType::I64 => Const::I64(0),
        ScalarType::Bool => Const::Bool(false),
    }
}

/// Whether it takes and gives integers and never traps.
fn computed_once(prim: Prim) -> bool {
    let row = prim.row();
    !row.traps() && row.signature == adit_ir::prim::Signature::I2
}
