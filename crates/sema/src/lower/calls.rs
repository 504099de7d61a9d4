//! Calls of functions of the program.
//!
//! In: a callee and arguments. Out: a `call` with flattened arguments, by the callee's [`Layout`]. Arguments are evaluated from left to right. An array passed by value is its storage, if it is all of
//! some; a lent one likewise. A lent slice or element is copied in and back. Results that are arrays go to storage made here, or straight to where they are wanted.
//!
//! ```text
//! let y = scale(x, &mut s);       v5 = alloc [f64; d0]; v6 = call @scale(v0, v1, v5)       s is v6, y is v5
//! ```
//!
//! The extents that one dimension name binds, and expressions of names, are compared here, in the user's words.

use super::env::Lowerer;
use super::functions::FnVal;
use super::places::Target;
use super::special::Key;
use super::values::{Arr, Sink, Val, Vals, View};
use crate::layout::{DimSource, Layout, ResultLeaf, extent_in_words};
use crate::typed::*;
use adit_diag::{Code, Diagnostic};
use adit_ir::{FuncId, Int, Ints, ScalarType, Value};
use rustc_hash::FxHashMap;

/// A flattened argument.
#[derive(Clone, Debug)]
pub(super) struct Passed {
    pub(super) value: Value,
    pub(super) dims: Ints,
    pub(super) back: Back,
}

/// Arguments, evaluated.
#[derive(Clone, Default, Debug)]
pub(super) struct Given {
    /// Leaf by leaf.
    pub(super) passed: Vec<Passed>,
    /// Those that are functions, in order.
    pub(super) functions: Vec<FnVal>,
}

/// What happens to a lent argument after the call.
#[derive(Clone, Debug)]
pub(super) enum Back {
    Nothing,
    /// The new value of a slot.
    Slot(u32),
    /// The new value of an element.
    Element(View, Ints),
    /// The array that was passed is copied back to the slice.
    Part(View),
}

/// The sizes that a call binds: the callee's names and `i64` parameters.
pub(super) type Sizes = FxHashMap<LocalId, Int>;

impl<'p> Lowerer<'p> {
    /// A call; what goes straight to a sink is given as a view of it.
    pub(super) fn call(&mut self, e: &Expr, callee: FnId, args: &[Arg], sinks: Option<&[Sink]>) -> Vals {
        let given = self.arguments(args);
        self.at(e.span);
        self.call_with(e, callee, args, &given, sinks)
    }

    /// A call with arguments that were evaluated; what a lambda captured stands before them.
    pub(super) fn call_with(
        &mut self,
        e: &Expr,
        callee: FnId,
        args: &[Arg],
        given: &Given,
        sinks: Option<&[Sink]>,
    ) -> Vals {
        let unit = self.unit;
        let (Some(layout), Some(id)) = (&unit.layouts[callee.0 as usize], self.callee(e, callee, given)) else {
            return self.nothing(&e.ty);
        };
        let passed = &given.passed;
        let sizes = self.bind_sizes(e, callee, layout, args, passed);
        self.compare_sizes(callee, layout, &sizes, passed);
        let destinations = self.destinations(layout, &sizes, sinks);
        let mut captured = Vec::new();
        given.functions.iter().for_each(|function| self.pass_captured(function, &mut captured));
        let results = self.push_call(id, layout, &sizes, captured, passed, &destinations);
        self.take_back(passed, layout, &results);
        let leaf = |leaf: &ResultLeaf| match *leaf {
            ResultLeaf::Scalar(i) => Val::Scalar(results[i]),
            ResultLeaf::Array(i) => {
                Val::Array(Box::new(Arr::of_view(layout.destinations[i].element, destinations[i].clone())))
            }
        };
        layout.result_leaves.iter().map(leaf).collect()
    }

    /// The function of the IR that is called.
    pub(super) fn callee(&mut self, e: &Expr, callee: FnId, given: &Given) -> Option<FuncId> {
        if given.functions.is_empty() {
            return self.unit.ids[callee.0 as usize];
        }
        let key = Key { def: callee, functions: given.functions.iter().map(|f| f.shape).collect() };
        let asked = self.unit.specials.borrow_mut().ask(self.unit.program, key);
        asked.map_err(|why| self.endless(why, e.span)).ok()
    }

    /// Evaluates arguments, from left to right, and flattens them.
    pub(super) fn arguments(&mut self, args: &[Arg]) -> Given {
        let mut functions = Vec::new();
        let last_busy = args.iter().rposition(|arg| self.is_busy_arg(arg)).unwrap_or(0);
        let mut passed = Vec::new();
        for (i, arg) in args.iter().enumerate() {
            match arg {
                Arg::Value(e) if matches!(e.kind, ExprKind::Function(_)) => functions.extend(self.function(e)),
                Arg::Value(e) => {
                    let mut vals = self.expr(e);
                    if i < last_busy {
                        self.freeze(&mut vals);
                    }
                    self.at(e.span);
                    for val in &vals {
                        passed.push(self.pass(val));
                    }
                }
                Arg::Lent(place) => {
                    let target = self.target(place);
                    self.at(place.span);
                    self.lend(target, &mut passed);
                }
            }
        }
        Given { passed, functions }
    }

    fn is_busy_arg(&self, arg: &Arg) -> bool {
        match arg {
            Arg::Value(e) => self.facts.is_busy(e),
            Arg::Lent(place) => place.path.iter().any(|step| match step {
                Step::Field(_) => false,
                Step::Index(subscripts) => subscripts.iter().any(|s| match &s.kind {
                    SubscriptKind::Index(e) => self.facts.is_busy(e),
                    SubscriptKind::Slice { lo, hi, .. } => lo.iter().chain(hi).any(|e| self.facts.is_busy(e)),
                }),
            }),
        }
    }

    pub(super) fn pass(&mut self, val: &Val) -> Passed {
        match val {
            Val::Scalar(v) => Passed { value: *v, dims: Ints::new(), back: Back::Nothing },
            Val::Array(arr) => Passed { value: self.handle(arr), dims: arr.dims.clone(), back: Back::Nothing },
        }
    }

    /// What is passed for a lent place.
    fn lend(&mut self, target: Target, passed: &mut Vec<Passed>) {
        match target {
            Target::Slots { first, count } => {
                for slot in first..first + count {
                    let leaf = super::env::LeafTy { element: ScalarType::F64, rank: 0 };
                    passed.push(match self.slot_val(slot, &leaf) {
                        Val::Scalar(value) => Passed { value, dims: Ints::new(), back: Back::Slot(slot) },
                        Val::Array(arr) => self.lend_array(&arr),
                    });
                }
            }
            Target::Element { view, at } => {
                let value = self.load(&view, &at);
                passed.push(Passed { value, dims: Ints::new(), back: Back::Element(view, at) });
            }
            Target::Part { view, whole, parts } => {
                self.check_part(&whole, &parts);
                let arr = Arr::of_view(self.element_type(view.array), view);
                passed.push(self.lend_array(&arr));
            }
        }
    }

    fn lend_array(&mut self, arr: &Arr) -> Passed {
        match arr.view() {
            Some(view) if view.whole => Passed { value: view.array, dims: arr.dims.clone(), back: Back::Nothing },
            Some(view) => {
                let copy = self.fresh(arr);
                Passed { value: copy.array, dims: arr.dims.clone(), back: Back::Part(view.clone()) }
            }
            None => Passed { value: self.fresh(arr).array, dims: arr.dims.clone(), back: Back::Nothing },
        }
    }

    // Sizes

    pub(super) fn bind_sizes(
        &mut self,
        e: &Expr,
        callee: FnId,
        layout: &Layout,
        args: &[Arg],
        passed: &[Passed],
    ) -> Sizes {
        let mut sizes = Sizes::default();
        for (leaf, arg) in layout.params.iter().zip(passed) {
            if let Some(local) = leaf.local
                && !leaf.is_array()
                && leaf.element == ScalarType::I64
            {
                sizes.insert(local, self.int(arg.value));
            }
        }
        for dim in &layout.dims {
            let value = match dim.source {
                DimSource::Extent { leaf, axis } => passed[leaf].dims[axis],
                DimSource::Explicit(_) => self.explicit_size(e, callee, dim.local, args),
            };
            sizes.insert(dim.local, value);
        }
        sizes
    }

    /// A dimension that only the type of a struct argument tells.
    fn explicit_size(&mut self, e: &Expr, callee: FnId, dim: LocalId, args: &[Arg]) -> Int {
        let def = &self.unit.program.functions[callee.0 as usize];
        let own = &def.params[def.params.len().saturating_sub(args.len())..];
        for (param, arg) in own.iter().zip(args) {
            let given = match arg {
                Arg::Value(e) => &e.ty,
                Arg::Lent(place) => &place.ty,
            };
            let found = given_dim(&def.locals[param.local.0 as usize].ty, given, dim);
            if let Some(size) = found.and_then(|found| self.dim(found)) {
                return size;
            }
        }
        let name = &def.locals[dim.0 as usize].name;
        let message = format!("the dimension `{name}` of `{}` is not known here", def.name);
        self.error(Diagnostic::new(Code("AD0306"), e.span, message));
        Int::Const(0)
    }

    /// Extents must be what the names in them were bound to.
    pub(super) fn compare_sizes(&mut self, callee: FnId, layout: &Layout, sizes: &Sizes, passed: &[Passed]) {
        let name = &self.unit.program.functions[callee.0 as usize].name;
        for (leaf, arg) in layout.params.iter().zip(passed) {
            for (axis, (dim, &found)) in leaf.dims.iter().zip(&arg.dims).enumerate() {
                let wanted = self.callee_dim(dim, sizes);
                if wanted != found {
                    let what = extent_in_words(&leaf.path.to_string(), axis, leaf.dims.len());
                    let text = format!("{what} of `{name}` and `{}`", layout.dim_in_words(dim));
                    self.require_same(found, wanted, text);
                }
            }
        }
    }

    /// The value of an extent of the callee's signature.
    pub(super) fn callee_dim(&mut self, dim: &DimExpr, sizes: &Sizes) -> Int {
        match dim {
            DimExpr::Const(c) => Int::Const(*c),
            DimExpr::Local(local) => sizes.get(local).copied().unwrap_or(Int::Const(0)),
            DimExpr::Apply(prim, operands) => {
                let [a, b] = operands.as_ref();
                let (a, b) = (self.callee_dim(a, sizes), self.callee_dim(b, sizes));
                self.arith(*prim, a, b)
            }
            DimExpr::Struct(_) | DimExpr::Unknown => Int::Const(0),
        }
    }

    // The call

    /// Storage for array results: where they are wanted, if that has the right shape for sure.
    fn destinations(&mut self, layout: &Layout, sizes: &Sizes, sinks: Option<&[Sink]>) -> Vec<View> {
        let mut out = Vec::new();
        for (at, leaf) in layout.result_leaves.iter().enumerate() {
            let ResultLeaf::Array(i) = *leaf else { continue };
            let leaf = &layout.destinations[i];
            let dims: Ints = leaf.dims.iter().map(|dim| self.callee_dim(dim, sizes)).collect();
            let sink = sinks.and_then(|sinks| sinks.get(at));
            let place = self.direct_place(sink, &dims).filter(|place| place.whole);
            out.push(match place {
                Some(place) => place,
                None => self.storage(leaf.element, &dims),
            });
        }
        out
    }

    fn push_call(
        &mut self,
        id: FuncId,
        layout: &Layout,
        sizes: &Sizes,
        captured: Vec<Value>,
        passed: &[Passed],
        destinations: &[View],
    ) -> Vec<Value> {
        let mut values = captured;
        values.reserve(layout.ir_params());
        for dim in &layout.dims {
            if let DimSource::Explicit(_) = dim.source {
                values.push(self.int_value(sizes[&dim.local]));
            }
        }
        values.extend(passed.iter().map(|arg| arg.value));
        values.extend(destinations.iter().map(|place| place.array));
        let mut results: Vec<ScalarType> = layout.results.iter().map(|leaf| leaf.element).collect();
        results.extend(layout.finals.iter().map(|&i| layout.params[i].element));
        let inst = self.b.call(id, &values, &results);
        self.b.results(inst).to_vec()
    }

    /// What the callee left in lent arguments.
    pub(super) fn take_back(&mut self, passed: &[Passed], layout: &Layout, results: &[Value]) {
        let mut finals = results[layout.results.len()..].iter();
        for (leaf, arg) in layout.params.iter().zip(passed) {
            let last = if leaf.lent && !leaf.is_array() { finals.next() } else { None };
            match (&arg.back, last) {
                (Back::Slot(slot), Some(&v)) => self.set_scalar(*slot, v),
                (Back::Element(view, at), Some(&v)) => self.store(view, at, v),
                (Back::Part(place), _) => {
                    let from = View::whole(arg.value, &arg.dims, super::values::Origin::Temporary);
                    let arr = Arr::of_view(leaf.element, from);
                    self.fill(place, &arr);
                }
                (Back::Nothing | Back::Slot(_) | Back::Element(..), _) => {}
            }
        }
    }
}

/// What an argument's type says about a dimension that the parameter's type mentions bare.
fn given_dim<'t>(param: &Ty, given: &'t Ty, dim: LocalId) -> Option<&'t DimExpr> {
    let pair = |wanted: &[DimExpr], given: &'t [DimExpr]| {
        let at = wanted.iter().position(|d| *d == DimExpr::Local(dim))?;
        given.get(at)
    };
    match (param, given) {
        (Ty::Array { dims: wanted, .. }, Ty::Array { dims: given, .. })
        | (Ty::Struct { dims: wanted, .. }, Ty::Struct { dims: given, .. }) => pair(wanted, given),
        (Ty::Tuple(wanted), Ty::Tuple(given)) => wanted.iter().zip(given).find_map(|(w, g)| given_dim(w, g, dim)),
        (Ty::Fn(Some(wanted)), Ty::Fn(Some(given))) => {
            let mut params = wanted.params.iter().zip(&given.params);
            let found = params.find_map(|(w, g)| given_dim(&w.ty, &g.ty, dim));
            found.or_else(|| given_dim(&wanted.result, &given.result, dim))
        }
        (Ty::Scalar(_) | Ty::Array { .. } | Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never, _) => None,
    }
}
