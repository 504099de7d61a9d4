//! The reverse of a loop that keeps snapshots: iterations are run again, a block of them at a time, and each block is reversed as soon as it was run.
//!
//! In: a loop with a `checkpoint`, and the function of its iterations ([`crate::steps`]). Out: a forward sweep that takes snapshots of the loop's state, and a driver that takes them back:
//!
//! ```text
//! forward sweep                                     reverse sweep
//! for v4 in … (carried, n = 0, next = 0, left = c)    while (end = trips, left, adjoints) end > 0 {
//!   if n == next {                                      pop a snapshot: the state before iteration `at`
//!     push the state, n                                 while at < start of the last block before end {
//!     next += width · sow(blocks to come, left)           push it again ; run some blocks: call @f__steps ; at += …
//!     left -= 1                                         }
//!   }                                                   reverse the block: call @f__steps__vjp
//!   the body                                            end = start of the block
//! }                                                   }
//! ```
//!
//! **The plan** is two numbers: the width of a block, in iterations, and the number of snapshots. `every k` has blocks of k and as many snapshots as there are blocks, `binomial c` blocks of one
//! and c snapshots; a budget decides both by the size of the state. Where snapshots go is for [`sow`](adit_ir::Prim) (in the forward sweep) and `revolve` (in the reverse) to say,
//! rows of the table of primitives; what a block saves is known, since its reverse is made first ([`super::prices`]). That any plan is right does not depend on them: the driver reads from each snapshot where it was taken.
//!
//! **The state** is what the loop carries and the contents of the arrays that it writes and reads. Iterations are run again on arrays of their own, so that the primal's keep their final contents.
//! Arrays that the loop only reads are used where they are, unless something writes them later; then they are saved once.
//!
//! Snapshots are records on a tape, the newest last, so loops in loops need no care.

use super::Sweep;
use super::facts;
use super::halves::Wanted;
use super::kept::Met;
use super::loops::Carried;
use super::prices::{Prices, Records};
use super::ruled::{backwards, is_constant};
use crate::AdOpt;
use crate::algebra;
use crate::nest;
use crate::refusal::Refusal;
use crate::schedule::{self, Plan};
use crate::steps::{Lent, Steps, floats};
use adit_ir::{
    Builder, Checkpoint, CheckpointKind, CmpOp, Const, FuncId, Function, Inst, Int, Ints, Op, OperandMap, Region,
    ScalarType, TapeType, Type, Value, ValueMap, Values,
};
use std::rc::Rc;

/// Where the state of a loop is kept.
struct Snapshots {
    /// The tape of scalars: what is carried, and how many iterations came before.
    tape: Value,
    fields: Vec<ScalarType>,
    /// The tapes of arrays, by element.
    arrays: Vec<(Value, ScalarType)>,
}

/// The forward sweep's part, as the reverse sweep sees it.
struct Taken {
    width: Value,
    /// How many iterations there were.
    trips: Value,
    /// How many snapshots may be added.
    left: Value,
}

/// What the functions of iterations are called with, in the reverse sweep.
struct Operands {
    scalars: Values,
    arrays: Values,
    shadows: Values,
    /// The arrays among them that snapshots restore, with their extents.
    state: Vec<(Value, Ints)>,
}

/// The functions of iterations.
struct Callees<'a> {
    steps: &'a Steps,
    reverse: FuncId,
    /// What it saves, if that matters.
    records: Option<Rc<Records>>,
    /// What iterations return: first so many that are carried.
    results: Vec<ScalarType>,
    carried: usize,
    /// The scalars from outside that have adjoints.
    outside: Values,
    /// Types of the adjoints that the reverse derivative returns.
    adjoints: Vec<ScalarType>,
    /// Whether blocks are never run without being reversed.
    each_block: bool,
}

impl Sweep<'_, '_> {
    /// The reverse of a loop that is not silent; false if it has none of this kind.
    pub(super) fn checkpointed(&mut self, inst: Inst, carried: &[Carried]) -> Result<bool, Refusal> {
        let kept = self.source.inst(inst).op.checkpoint();
        if let Some(copy) = self.forward.inst(inst) {
            self.b.func_mut().inst_mut(copy).op.set_checkpoint(None);
        }
        let outlined = self.requests.outlined;
        if let (Some(_), Some(copy), true) = (kept, self.forward.inst(inst), self.requests.saved.is_some()) {
            let needless = self.options.opts.has(AdOpt::Local) && self.seeds(inst, copy, carried).is_ok();
            self.asked.kept.push(Met { inst, needless });
        }
        let (Some(kept), Some(steps), Some(copy)) = (kept, outlined.of(self.id, inst), self.forward.inst(inst)) else {
            return Ok(false);
        };
        let outside: Values = steps.scalars.iter().copied().filter(|&v| self.activity.of(v)).collect();
        let Some(parent) = self.frame().primal.and_then(|primal| self.forward.region(primal)) else { return Ok(false) };
        let callees = self.callees(inst, kept.kind, steps, carried, outside)?;
        let snapshots = self.snapshots(inst, steps);
        let taken = self.take_snapshots(inst, copy, parent, kept, &callees, &snapshots);
        let operands = self.operands(steps, copy, parent);
        let mut seeds: Values = carried.iter().map(|c| self.or_zero(c.seed, c.init)).collect();
        for &v in &callees.outside {
            let so_far = self.so_far(v);
            seeds.push(self.or_zero(so_far, v));
        }
        let adjoints = self.drive(&callees, &snapshots, &taken, &operands, seeds);
        for (&v, &adjoint) in callees.outside.iter().zip(&adjoints[carried.len()..]) {
            self.set(v, adjoint);
        }
        for (c, &adjoint) in carried.iter().zip(&adjoints) {
            self.add(c.init, adjoint);
        }
        Ok(true)
    }

    fn callees<'a>(
        &mut self,
        inst: Inst,
        kind: CheckpointKind,
        steps: &'a Steps,
        carried: &[Carried],
        outside: Values,
    ) -> Result<Callees<'a>, Refusal> {
        let source = self.source;
        let results = &source.inst(inst).results;
        let with_adjoint: Vec<bool> = results.iter().map(|r| carried.iter().any(|c| c.result == *r)).collect();
        let mut params: Vec<bool> = steps.scalars.iter().map(|&v| self.activity.of(v)).collect();
        params.extend(&with_adjoint);
        params.extend([false; 2]);
        params.extend(steps.arrays.iter().map(|lent| self.shadow(lent.array).is_some()));
        let floats: Vec<Value> = floats(source, &steps.scalars).collect();
        let seeded = with_adjoint.iter().copied().chain(floats.iter().map(|&v| self.activity.of(v)));
        let wanted = Wanted { f: steps.id, params, results: seeded.collect() };
        let carried = (0..results.len()).filter(|&j| with_adjoint[j]).map(|j| results[j]);
        let returned = outside.iter().copied().chain(carried);
        let reverse = self.requests.request_whole(wanted.clone());
        let records = (kind == CheckpointKind::Budget).then(|| self.records(&wanted)).transpose()?;
        Ok(Callees {
            steps,
            reverse,
            records,
            results: results.iter().chain(&floats).filter_map(|&r| source.ty(r).scalar()).collect(),
            carried: results.len(),
            adjoints: returned.filter_map(|v| source.ty(v).scalar()).collect(),
            outside,
            each_block: kind == CheckpointKind::Every,
        })
    }

    fn snapshots(&mut self, inst: Inst, steps: &Steps) -> Snapshots {
        let source = self.source;
        let carried = source.inst(inst).results.iter().filter_map(|&r| source.ty(r).scalar());
        let fields: Vec<ScalarType> = carried.chain([ScalarType::I64]).collect();
        let state = steps.arrays.iter().filter(|lent| lent.is_state());
        let elements: Vec<ScalarType> =
            state.filter_map(|lent| source.ty(lent.array).array()).map(|ty| ty.element).collect();
        let arrays = elements.into_iter().map(|element| (self.tape_of(&[element]), element)).collect();
        Snapshots { tape: self.tape_of(&fields), fields, arrays }
    }

    /// A tape for records of these fields: one of their own, or the shared one.
    fn tape_of(&mut self, fields: &[ScalarType]) -> Value {
        if self.is_cut {
            return self.shared_tape();
        }
        let ty = TapeType { fields: fields.into() };
        self.at_entry(Op::TapeNew { ty: ty.clone() }, Type::Tape(ty))
    }

    /// Makes the forward copy of the loop take snapshots.
    fn take_snapshots(
        &mut self,
        inst: Inst,
        copy: Inst,
        parent: Region,
        kept: Checkpoint,
        callees: &Callees<'_>,
        snapshots: &Snapshots,
    ) -> Taken {
        let (source, map, steps) = (self.source, self.values_there(), callees.steps);
        let (outlined, iterations) = (self.requests.outlined, self.requests.function(steps.id));
        let state: Vec<(Value, Ints)> = state_of(steps).map(|lent| forward_array(source, &map, lent.array)).collect();
        let (plan, zero) = self.insert_forward(parent, Some(copy), |b| {
            let trips = trips(b, copy, steps, &map, kept.kind);
            let prices = |b: &mut Builder| {
                let elements = snapshots.arrays.iter().map(|(_, element)| *element);
                let arrays: Vec<_> = elements.zip(state.iter().map(|(_, extents)| extents.clone())).collect();
                let snapshot = Prices::snapshot(b, &snapshots.fields, &arrays);
                let prices = Prices { source, map: &map, outlined, steps };
                let iteration = callees.records.as_ref().and_then(|records| prices.iteration(b, iterations, records));
                [snapshot, iteration.unwrap_or_else(|| b.constant(Const::I64(i64::MAX)))]
            };
            let plan = plan(b, map.int(kept.size), kept.kind, trips, prices);
            (plan, b.i64(0))
        });
        let regions = self.b.func().inst(copy).op.regions();
        let added = self.carry_more(copy, &[zero, zero, plan.snapshots], &regions);
        let body = *regions.last().expect("loops have a body");
        let params = self.b.func().region(body).params.clone();
        let [n, next, left] = [3, 2, 1].map(|back| params[params.len() - back]);
        let carried = &params[params.len() - 3 - source.inst(inst).results.len()..params.len() - 3];
        let first = self.b.func().region(body).insts.first().copied();
        let yields = self.insert_forward(body, first, |b| {
            let due = b.cmp(CmpOp::Eq, n, next);
            b.open(&[]);
            push_state(b, snapshots, &state, carried, n);
            let changed = schedule::following(b, &plan, n, left);
            let then = b.close(&changed);
            b.open(&[]);
            let otherwise = b.close(&[next, left]);
            let chosen = b.if_(due, then, otherwise);
            let mut yields: Values = [algebra::successor(b, n)].into_iter().collect();
            yields.extend(b.results(chosen));
            yields
        });
        self.b.func_mut().region_mut(body).yields.extend(yields);
        let depth = self.depth();
        let [width, trips, left] = [plan.width, added[0], added[2]].map(|v| self.saved(v, depth));
        Taken { width, trips, left }
    }

    /// What stands for values of the source where the loop stands: in the forward sweep, or in the copy of a loop that runs again.
    fn values_there(&self) -> ValueMap {
        let mut map = self.forward.map.clone();
        self.again.iter().for_each(|&(v, own)| map.set(v, own));
        map
    }

    /// What the functions of iterations are called with; arrays that may have changed since are saved.
    fn operands(&mut self, steps: &Steps, copy: Inst, parent: Region) -> Operands {
        let scalars = steps.scalars.iter().map(|&v| self.residual(v)).collect();
        let mut operands = Operands { scalars, arrays: Values::new(), shadows: Values::new(), state: Vec::new() };
        for lent in &steps.arrays {
            let array = match lent.written {
                true => self.zeros_like(lent.array),
                false => self.as_it_was(lent.array, copy, parent),
            };
            operands.arrays.push(array);
            operands.shadows.extend(self.shadow(lent.array));
            if lent.is_state() {
                let extents = self.extents(lent.array);
                operands.state.push((array, extents));
            }
        }
        operands
    }

    /// An array that the loop only reads, with what it holds then.
    pub(super) fn as_it_was(&mut self, array: Value, copy: Inst, parent: Region) -> Value {
        if let Some(&restored) = self.standin.get(&self.forward.map.value(array)) {
            return restored;
        }
        let visible = self.place[self.facts.home(array).index()] == 0 && !self.is_cut;
        if visible && (is_constant(self.source, array) || !self.is_written_later(array)) {
            return self.forward.map.value(array);
        }
        let Some(element) = self.source.ty(array).array().map(|ty| ty.element) else { return array };
        let tape = self.tape_of(&[element]);
        let (from, extents) = forward_array(self.source, &self.values_there(), array);
        // After the loop, which leaves it alone, so that it comes back before the snapshots do.
        let insts = &self.b.func().region(parent).insts;
        let next = insts.iter().position(|&i| i == copy).and_then(|place| insts.get(place + 1)).copied();
        let mut pushed = None;
        self.insert_forward(parent, next, |b| {
            push_array(b, tape, from, &extents);
            pushed = b.func().region(b.current()).insts.last().copied();
        });
        if self.last == Some(copy) {
            self.last = pushed;
        }
        let restored = self.zeros_like(array);
        let extents = self.extents(array);
        pop_array(&mut self.b, tape, element, restored, &extents);
        restored
    }

    /// Whether anything may write an array between the loop that is being reversed and the end of the function.
    fn is_written_later(&self, array: Value) -> bool {
        let source = self.source;
        let top = &source.region(source.body).insts;
        // The reverse sweep is at one of the body's instructions; those after it, and it itself if the loop lies inside, may run after the loop.
        let from = self.at.and_then(|at| top.iter().position(|&i| i == at)).unwrap_or(0);
        top[from..].iter().any(|&inst| facts::is_written(self.requests.module, source, inst, array))
    }

    /// The driver. Gives the adjoints of what is carried first, then those of scalars from outside.
    fn drive(
        &mut self,
        callees: &Callees<'_>,
        snapshots: &Snapshots,
        taken: &Taken,
        operands: &Operands,
        seeds: Values,
    ) -> Values {
        let inits: Values = [taken.trips, taken.left].into_iter().chain(seeds).collect();
        let types: Vec<Type> = inits.iter().map(|&v| self.b.ty(v).clone()).collect();
        let b = &mut self.b;
        let cond = b.open(&types);
        let end = b.func().region(cond).params[0];
        let zero = b.i64(0);
        let more = b.cmp(CmpOp::Gt, end, zero);
        let cond = b.close(&[more]);

        let body = b.open(&types);
        let params = b.func().region(body).params.clone();
        let (end, left, adjoints) = (params[0], params[1], &params[2..]);
        let mut at = pop_state(b, snapshots, &operands.state);
        let start = schedule::block_start(b, taken.width, end);
        let mut left = algebra::successor(b, left);
        if !callees.each_block {
            (at, left) = advance(b, callees, snapshots, operands, taken.width, start, (at, left));
        }
        let found = reverse_block(b, callees, operands, &at, end, adjoints);
        // Adjoints come in the order of parameters: scalars from outside, then what is carried.
        let (outside, carried) = found.split_at(callees.outside.len());
        let yields: Values = [start, left].into_iter().chain(carried.iter().chain(outside).copied()).collect();
        let body = b.close(&yields);
        let inst = b.while_(&inits, cond, body);
        b.results(inst)[2..].into()
    }
}

fn state_of(steps: &Steps) -> impl Iterator<Item = &Lent> {
    steps.arrays.iter().filter(|lent| lent.is_state())
}

/// An array of the forward sweep, with its extents there.
fn forward_array(source: &Function, map: &ValueMap, array: Value) -> (Value, Ints) {
    let extents = source.ty(array).array().map(|ty| map.array_ty(ty).dims).unwrap_or_default();
    (map.value(array), extents)
}

/// How many iterations there will be, before the loop; `None` where the plan does not ask.
fn trips(b: &mut Builder, copy: Inst, steps: &Steps, map: &ValueMap, kind: CheckpointKind) -> Option<Value> {
    if kind == CheckpointKind::Every {
        return None;
    }
    if let Op::For { lo, hi, step, .. } = b.func().inst(copy).op {
        return Some(schedule::trips(b, lo, hi, step));
    }
    let (Some(callee), Op::While { inits, .. }) = (steps.trips, &b.func().inst(copy).op) else { return None };
    let mut args = map.values(&steps.scalars);
    args.extend(inits.iter().copied());
    for lent in &steps.arrays {
        let array = map.value(lent.array);
        let own = lent.written.then(|| b.ty(array).array().cloned()).flatten().map(|ty| b.alloc(ty));
        if let Some(own) = own {
            b.copy(own, array);
        }
        args.push(own.unwrap_or(array));
    }
    let call = b.call(callee, &args, &[ScalarType::I64]);
    Some(b.results(call)[0])
}

/// The width of blocks and the number of snapshots.
fn plan(
    b: &mut Builder,
    size: Int,
    kind: CheckpointKind,
    trips: Option<Value>,
    prices: impl FnOnce(&mut Builder) -> [Value; 2],
) -> Plan {
    let size = schedule::at_least_one(b, size);
    let one = b.i64(1);
    let trips = trips.unwrap_or(one);
    match kind {
        CheckpointKind::Every => Plan { width: size, snapshots: b.constant(Const::I64(i64::MAX)), trips },
        CheckpointKind::Binomial => Plan { width: one, snapshots: size, trips },
        CheckpointKind::Budget => {
            let [snapshot, iteration] = prices(b);
            schedule::affordable(b, size, trips, snapshot, iteration)
        }
    }
}

/// Saves the state of the loop before an iteration.
fn push_state(b: &mut Builder, snapshots: &Snapshots, state: &[(Value, Ints)], carried: &[Value], n: Value) {
    for ((array, extents), (tape, _)) in state.iter().zip(&snapshots.arrays) {
        push_array(b, *tape, *array, extents);
    }
    let record: Values = carried.iter().copied().chain([n]).collect();
    b.tape_push(snapshots.tape, &record);
}

/// Takes the newest snapshot; gives what is carried, and how many iterations came before.
fn pop_state(b: &mut Builder, snapshots: &Snapshots, state: &[(Value, Ints)]) -> Values {
    let record = b.tape_pop_record(snapshots.tape, &snapshots.fields);
    for ((array, extents), (tape, element)) in state.iter().zip(&snapshots.arrays).rev() {
        pop_array(b, *tape, *element, *array, extents);
    }
    record
}

fn push_array(b: &mut Builder, tape: Value, array: Value, extents: &[Int]) {
    nest::each(b, extents, None, |b, at, _| {
        let element = b.load(array, at);
        b.tape_push(tape, &[element]);
        None
    });
}

fn pop_array(b: &mut Builder, tape: Value, element: ScalarType, array: Value, extents: &[Int]) {
    backwards(b, extents, |b, at| {
        let popped = b.tape_pop_record(tape, &[element]);
        b.store(array, at, popped[0]);
    });
}

/// Runs the iterations from a snapshot to the start of the last block, with more snapshots on the way.
fn advance(
    b: &mut Builder,
    callees: &Callees<'_>,
    snapshots: &Snapshots,
    operands: &Operands,
    width: Value,
    start: Value,
    from: (Values, Value),
) -> (Values, Value) {
    let (mut inits, left) = from;
    inits.push(left);
    let types: Vec<Type> = inits.iter().map(|&v| b.ty(v).clone()).collect();
    let last = types.len() - 1;
    let cond = b.open(&types);
    let n = b.func().region(cond).params[last - 1];
    let more = b.cmp(CmpOp::Lt, n, start);
    let cond = b.close(&[more]);

    let body = b.open(&types);
    let params = b.func().region(body).params.clone();
    let (carried, n, left) = (&params[..last - 1], params[last - 1], params[last]);
    push_state(b, snapshots, &operands.state, carried, n);
    let [to, left] = schedule::onward(b, width, [n, start], left);
    let mut args = operands.scalars.clone();
    args.extend(carried.iter().copied().chain([n, to]));
    args.extend(operands.arrays.iter().copied());
    let call = b.call(callees.steps.id, &args, &callees.results);
    let yields: Values = b.results(call).into_iter().take(callees.carried).chain([to, left]).collect();
    let body = b.close(&yields);
    let inst = b.while_(&inits, cond, body);
    let mut reached = b.results(inst);
    let left = reached.pop().unwrap_or(left);
    (reached, left)
}

/// Runs and reverses the iterations from a state to `end`; gives the adjoints that the reverse derivative returns.
fn reverse_block(
    b: &mut Builder,
    callees: &Callees<'_>,
    operands: &Operands,
    at: &[Value],
    end: Value,
    seeds: &[Value],
) -> Values {
    let mut args = operands.scalars.clone();
    args.extend(at.iter().copied().chain([end]));
    args.extend(operands.arrays.iter().chain(&operands.shadows).chain(seeds).copied());
    let results: Vec<ScalarType> = callees.results.iter().chain(&callees.adjoints).copied().collect();
    let call = b.call(callees.reverse, &args, &results);
    b.results(call)[callees.results.len()..].into()
}
