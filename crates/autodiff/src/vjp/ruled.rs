//! Reverse mode through calls that have rules: the forward sweep calls the function, the reverse sweep its rule.
//!
//! In and out, for `func @f(v0: [f64; d0], v1: f64, v2: mut [f64; d0]) vjp @r`:
//!
//! ```text
//! call @f(v1, v2, v3)          save the elements of v1 ; call @f(v1, v2, v3)                               (forward sweep)
//!                              v5 = alloc (the elements of v1) ; v6 = alloc (zeros)                        (reverse sweep)
//!                              v7 = call @r(v5, v2, v3_bar, v6) ; fill v3_bar = 0
//!                              v1_bar[k] += v6[k] for all k ; v2_bar += v7
//! ```
//!
//! **What a rule reads.** Scalars are residuals. Arrays may be overwritten after the call, or be gone: their elements go to a tape of their own, in front of the call, and come back from it in
//! the reverse; parameters that are never written are used as they are, and so is what the [plan](super::plan) finds unchanged. Calls in a row that read one array, which nothing writes between them, save it once, in front of the
//! last of them. Cotangents of what is inactive are dropped.

use super::Sweep;
use super::facts;
use super::frames::Kind;
use crate::algebra::{self, Factor};
use crate::nest;
use crate::refusal::Refusal;
use crate::ruled::{self, Way};
use adit_ir::{
    Bounds, Builder, Copier, FuncId, Function, Inst, Int, Ints, Mode, Module, Op, OperandMap, Passing, Region,
    RuleParam, RuleShape, ScalarType, TapeType, Type, Value, Values,
};
use rustc_hash::FxHashMap;

/// The calls of a function that rules differentiate.
#[derive(Debug, Default)]
pub(super) struct Ruled {
    ways: FxHashMap<Inst, Way>,
    /// By call and argument.
    saves: FxHashMap<(Inst, usize), Save>,
    /// By call: where the next arguments are saved in the forward sweep, in front of its copy and of what is saved already; and the region that lists it.
    places: FxHashMap<Inst, (Inst, Region)>,
    /// The tape for all elements, if the sweeps become two functions: nothing else of the forward sweep is there in the reverse.
    tape: Option<Value>,
    /// By region of the reverse sweep and array: the call or the loop that was last seen with it, and what stands for the array as it was then. Nothing changes that.
    pub(super) standing: FxHashMap<(Region, Value), (Inst, Value)>,
}

/// Between calls that share what is saved lie at most so many instructions.
const NEAR: usize = 500;

/// How the elements of an array are saved, should the reverse ask for them. Nothing of it is listed until then.
#[derive(Debug)]
struct Save {
    tape: Value,
    /// Makes the tape, unless it is the shared one.
    make: Option<Inst>,
    /// Push the elements.
    push: Vec<Inst>,
}

impl Ruled {
    /// Finds them among the active calls.
    pub(super) fn find(
        module: &Module,
        source: &Function,
        active: &dyn Fn(Value) -> bool,
        tape: Option<Value>,
    ) -> Result<Self, Refusal> {
        let (mut ruled, mut refused) = (Ruled { tape, ..Ruled::default() }, None);
        source.walk(&mut |inst| {
            let data = source.inst(inst);
            let Op::Call { callee, args } = &data.op else { return };
            if refused.is_some() || !args.iter().chain(&data.results).any(|&v| active(v)) {
                return;
            }
            match ruled::way(module, *callee, Mode::Vjp, data.span) {
                Ok(Some(way)) => drop(ruled.ways.insert(inst, way)),
                Ok(None) => {}
                Err(refusal) => refused = Some(refusal),
            }
        });
        refused.map_or(Ok(ruled), Err)
    }

    /// Whether a call is one of them.
    pub(super) fn has(&self, inst: Inst) -> bool {
        self.ways.contains_key(&inst)
    }

    /// In the forward sweep, before the copy of a call: how the arrays that its rule may read are saved.
    pub(super) fn before(&mut self, copier: &Copier<'_>, b: &mut Builder, inst: Inst) {
        let source = copier.source;
        let Op::Call { args, .. } = &source.inst(inst).op else { return };
        if !self.has(inst) {
            return;
        }
        for (i, &arg) in args.iter().enumerate() {
            let stays = self.tape.is_none() && is_constant(source, arg);
            let Some(ty) = source.ty(arg).array().filter(|_| !stays) else { continue };
            let (tape, make) = match self.tape {
                Some(tape) => (tape, None),
                None => own_tape(b, ty.element, source),
            };
            let (array, dims) = (copier.map.value(arg), copier.map.array_ty(ty).dims);
            let scratch = b.open(&[]);
            nest::each(b, &dims, None, |b, at, _| {
                let element = b.load(array, at);
                b.tape_push(tape, &[element]);
                None
            });
            b.close(&[]);
            let push = std::mem::take(&mut b.func_mut().region_mut(scratch).insts);
            self.saves.insert((inst, i), Save { tape, make, push });
        }
    }

    /// In the forward sweep, after the copy of a call.
    pub(super) fn after(&mut self, b: &Builder, inst: Inst) {
        let region = b.current();
        if let (true, Some(&copy)) = (self.has(inst), b.func().region(region).insts.last()) {
            self.places.insert(inst, (copy, region));
        }
    }
}

/// A tape of single elements, and the instruction that makes it, not listed yet.
fn own_tape(b: &mut Builder, element: ScalarType, source: &Function) -> (Value, Option<Inst>) {
    let ty = TapeType { fields: [element].into_iter().collect() };
    let tape = b.func_mut().add_value(Type::Tape(ty.clone()));
    let make = b.func_mut().add_inst(Op::TapeNew { ty }, [tape].into_iter().collect(), source.span);
    (tape, Some(make))
}

/// Whether an array is never written.
pub(super) fn is_constant(source: &Function, array: Value) -> bool {
    source.params.iter().any(|p| p.value == array && p.passing == Passing::ByValue)
}

impl Sweep<'_, '_> {
    pub(super) fn ruled(&mut self, inst: Inst, callee: FuncId, args: &[Value]) {
        let Some(&way) = self.forward.ruled.ways.get(&inst) else { return };
        let f = self.requests.module.function(callee);
        let seeds: Vec<Option<Value>> = self.source.inst(inst).results.iter().map(|&r| self.take(r)).collect();
        let silent = seeds.iter().all(Option::is_none);
        let lent = |i: usize| f.params[i].passing == Passing::Mut && self.shadow(args[i]).is_some();
        if silent && !(0..args.len()).any(lent) {
            return;
        }
        match way {
            Way::Rule(rule) => self.by_rule(inst, f, rule, args, &seeds),
            Way::Units(rule) => self.by_units(f, rule, args, &seeds),
        }
    }

    fn by_rule(&mut self, inst: Inst, f: &Function, rule: FuncId, args: &[Value], seeds: &[Option<Value>]) {
        let shape = RuleShape::of(f, Mode::Vjp);
        let results = &self.source.inst(inst).results;
        let mut wanted = Vec::new();
        let mut operands = Values::new();
        for param in &shape.params {
            operands.push(match *param {
                RuleParam::Primal(i) => {
                    let place = operands.len();
                    let reads = self.requests.module.function(rule).params[place].passing == Passing::ByValue;
                    self.argument(inst, i, args[i], reads)
                }
                RuleParam::Given(i) => match self.shadow(args[i]) {
                    Some(shadow) => shadow,
                    None => self.zeros_like(args[i]),
                },
                RuleParam::Seed(k) => self.or_zero(seeds[k], results[k]),
                RuleParam::Wanted(i) => {
                    let cotangent = self.zeros_like(args[i]);
                    wanted.push((i, cotangent));
                    cotangent
                }
            });
        }
        let inst = self.b.call(rule, &operands, &self.requests.module.function(rule).results);
        let cotangents = self.b.results(inst);
        for param in &shape.params {
            if let RuleParam::Given(i) = *param
                && let Some(shadow) = self.shadow(args[i])
            {
                let zero = self.zero(args[i]);
                self.b.fill(shadow, zero);
            }
        }
        for (i, cotangent) in wanted {
            self.add_all(args[i], cotangent);
        }
        for (&i, cotangent) in shape.results.iter().zip(cotangents) {
            self.add(args[i], cotangent);
        }
    }

    /// Adds the elements of a cotangent to those of an array's shadow, if it has one.
    pub(super) fn add_all(&mut self, array: Value, cotangent: Value) {
        let Some(shadow) = self.shadow(array) else { return };
        let dims = self.extents(array);
        nest::each(&mut self.b, &dims, None, |b, at, _| {
            let w = b.load(cotangent, at);
            b.acc(shadow, at, w);
            None
        });
    }

    /// All that moves is scalars: one column of the Jacobian for each active argument.
    fn by_units(&mut self, f: &Function, rule: FuncId, args: &[Value], seeds: &[Option<Value>]) {
        let shape = RuleShape::of(f, Mode::Jvp);
        let moves = |p: &RuleParam| match p {
            RuleParam::Given(i) => Some(*i),
            RuleParam::Primal(_) | RuleParam::Seed(_) | RuleParam::Wanted(_) => None,
        };
        let mut cotangents = Vec::new();
        for column in shape.params.iter().filter_map(moves) {
            if !self.activity.of(args[column]) {
                continue;
            }
            let mut operands = Values::new();
            for param in &shape.params {
                match *param {
                    RuleParam::Primal(i) => operands.push(self.residual(args[i])),
                    RuleParam::Given(i) => {
                        let float = self.element(args[i]);
                        operands.push(self.b.float(float, f64::from(u8::from(i == column))));
                    }
                    // There are no arrays.
                    RuleParam::Seed(_) | RuleParam::Wanted(_) => {}
                }
            }
            let inst = self.b.call(rule, &operands, &self.requests.module.function(rule).results);
            let partials = self.b.results(inst);
            let mut total = None;
            for (&k, partial) in shape.results.iter().zip(partials) {
                let Some(seed) = seeds[k] else { continue };
                if let Some(term) = algebra::product(&mut self.b, seed, Factor::Value(partial)) {
                    let term = algebra::converted(&mut self.b, term, self.source.ty(args[column]));
                    total = Some(algebra::sum(&mut self.b, total, term));
                }
            }
            cotangents.extend(total.map(|total| (args[column], total)));
        }
        for (arg, cotangent) in cotangents {
            self.add(arg, cotangent);
        }
    }

    /// What stands for an argument as it was at the call: for arrays that the rule only reads, what stood for them at the next call, if it is the same.
    fn argument(&mut self, inst: Inst, i: usize, arg: Value, reads: bool) -> Value {
        if !reads || self.source.ty(arg).array().is_none() {
            return self.saved_argument(inst, i, arg);
        }
        let key = (self.b.current(), arg);
        let known = self.forward.ruled.standing.get(&key).copied();
        let array = match known.filter(|&(next, _)| self.is_same_until(inst, next, arg)) {
            Some((_, array)) => array,
            None => self.saved_argument(inst, i, arg),
        };
        self.forward.ruled.standing.insert(key, (inst, array));
        array
    }

    /// Whether an array is the same at two calls, the second of which comes soon after the first.
    pub(super) fn is_same_until(&self, first: Inst, second: Inst, array: Value) -> bool {
        let (nest, f) = (&self.facts.nest, self.source);
        let insts = &f.region(nest.region(first)).insts;
        let from = insts.iter().position(|&i| i == first).unwrap_or(0);
        let between = insts[from..].iter().take(NEAR).position(|&i| i == second);
        let module = self.requests.module;
        between.is_some_and(|n| !insts[from..from + n].iter().any(|&i| facts::is_written(module, f, i, array)))
    }

    /// What stands for an argument as it was at the call.
    fn saved_argument(&mut self, inst: Inst, i: usize, arg: Value) -> Value {
        if self.source.ty(arg).array().is_none() {
            return self.residual(arg);
        }
        if self.plan.unchanged(inst, arg) {
            return self.forward.map.value(arg);
        }
        self.note_tape(Kind::Straight);
        self.asked.arrays.push((inst, arg));
        match self.forward.ruled.saves.remove(&(inst, i)) {
            Some(save) => self.restore(inst, save, arg),
            None => self.forward.map.value(arg),
        }
    }

    /// Makes the forward sweep push the elements of an array before a call, and gives an array with what the reverse pops.
    fn restore(&mut self, inst: Inst, save: Save, arg: Value) -> Value {
        // What is saved first is restored last, so that one tape may serve all.
        if let Some((next, region)) = self.forward.ruled.places.get_mut(&inst) {
            self.entry.extend(save.make);
            let insts = &mut self.b.func_mut().region_mut(*region).insts;
            let place = insts.iter().position(|i| i == next).unwrap_or(insts.len());
            *next = save.push.first().copied().unwrap_or(*next);
            insts.splice(place..place, save.push);
        }
        let array = self.zeros_like(arg);
        let dims = self.extents(arg);
        let element: Vec<ScalarType> = self.b.ty(array).array().map(|ty| ty.element).into_iter().collect();
        backwards(&mut self.b, &dims, |b, at| {
            let popped = b.tape_pop_record(save.tape, &element);
            b.store(array, at, popped[0]);
        });
        array
    }

    pub(super) fn zeros_like(&mut self, array: Value) -> Value {
        let Some(ty) = self.source.ty(array).array() else { return self.zero(array) };
        let mut ty = ty.clone();
        ty.dims = self.residual_ints(&ty.dims);
        self.b.alloc(ty)
    }

    pub(super) fn extents(&mut self, array: Value) -> Ints {
        let dims = self.source.ty(array).array().map(|ty| ty.dims.clone()).unwrap_or_default();
        self.residual_ints(&dims)
    }
}

/// Visits all elements of an array, last to first.
pub(super) fn backwards(b: &mut Builder, dims: &[Int], element: impl FnOnce(&mut Builder, &[Int])) {
    let mut at = Ints::new();
    for _ in dims {
        let region = b.open(&[Type::I64]);
        at.push(b.func().region(region).params[0].into());
    }
    element(b, &at);
    for &dim in dims.iter().rev() {
        let region = b.close(&[]);
        b.for_(Bounds { reversed: true, ..Bounds::up_to(dim) }, &[], region);
    }
}
