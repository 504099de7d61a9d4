//! Reverse mode, level 0: a copy of the primal that saves what the reverse needs, then every region in reverse order.
//!
//! In: a function and its activity. Out: a function in three parts:
//!
//! ```text
//! func @f__vjp(params of f, mut shadows of active arrays, seeds) {
//!   tapes, constants                                    (only those that turn out to be needed)
//!   a copy of f, with a tape.push at the end of regions  (the forward sweep)
//!   f's instructions, last to first, transposed           (the reverse sweep)
//!   return results of f, adjoints of active scalars
//! }
//! ```
//!
//! **Adjoints** are SSA values ([`adjoints`]). One of a value that lies outside a region is an accumulator: yielded from reversed `if`s, carried through reversed loops.
//! It becomes one at its first contribution, so nothing is carried that stays zero.
//!
//! **Residuals** ([`residuals`]): the reverse of a region is built first, and asks for primal values as its rules mention them. Values of the function's body are visible
//! and used as they are; constants are written again; the index of a `for` is that of the reversed `for`; what the [`plan`] says is made again; everything else is a field of the record that the forward copy
//! of its region pushes at its end and the reverse of that region pops at its start. Both run equally often in opposite order, so every pop meets its push.
//!
//! **Requirements** that the reverse of an instruction keeps:
//! 1. It takes the adjoint of each result exactly once, and leaves it zero. A value of a loop's body so starts each iteration at zero.
//! 2. It reads all adjoints that it takes before it contributes to any.
//! 3. It multiplies only with strong zeros, and reads the primal's memory only where the plan finds that it is unchanged.
//! 4. What overwrites an element, inactive values included, zeroes the shadow's element: earlier contents do not matter to what follows.
//! 5. Nothing is asserted, printed or stored into the primal's arrays in the reverse sweep.
//!
//! **Calls** that were not inlined become calls of the two halves of the callee's derivative ([`halves`]): one in the forward sweep, one in the reverse, with one tape for all
//! records of all halves.
//!
//! **Iteration by iteration**: loops whose iterations meet only in sums are reversed within the forward sweep ([`local`]), or run again within the reverse sweep ([`rerun`]), and save nothing.
//!
//! Files: `adjoints`, `registers`, `residuals`, `plan`, `frames` (the regions under construction); one per construct: `scalars`, `branches`, `loops`, `arrays`, `tapes`, `calls`, `ruled` (calls with rules); `scratch` (what functions become before that), `local`, `rerun`,
//! `independent` and `early` (iteration by iteration).
//! What this does not do: reuse of storage.

mod adjoints;
mod arrays;
mod branches;
mod calls;
mod checkpoints;
mod early;
mod facts;
mod forward;
mod frames;
mod halves;
mod held;
mod independent;
mod kept;
mod local;
mod loops;
mod nest;
mod plan;
mod prices;
mod registers;
mod rerun;
mod residuals;
mod ruled;
mod scalars;
mod scratch;
mod tapes;

use crate::activity::Activity;
use crate::literals::Literals;
use crate::refusal::{Refusal, check_size};
use crate::silent::{Silent, silenced};
use crate::steps::Outlined;
use crate::{AdOpt, Mutant, Options};
use adit_ir::{
    Builder, FuncId, Function, Inst, Module, Op, Param, Passing, Region, Rules, ScalarType, TapeType, Type, Value,
    ValueMap, Values,
};
pub(crate) use facts::{read, written};
use std::cell::OnceCell;

use facts::Facts;
use forward::Forward;
use frames::{Frame, Kind};
use halves::{Form, Job, Requests, Wanted, Whole, cut};
pub use independent::{Obstacle, Reversal, Reversed};
pub use kept::{Extent, Kept, Snapshot};
use plan::{Asked, Overwrites, Plan};
pub use plan::{Loop, Saved, Why};
use prices::Records;
use registers::Registers;
use ruled::Ruled;
use std::rc::Rc;

/// What reverse sweeps do, for people.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Report {
    /// What they save, in the order of the source, function by function.
    pub saved: Vec<Saved>,
    /// The loops that they reverse, likewise, and how.
    pub loops: Vec<Reversed>,
    /// Those with a checkpoint, likewise.
    pub kept: Vec<Kept>,
}

/// Silent copies of what it calls; the reverse derivative of `f`, then the halves of all that it calls: in the order in which they join the module.
///
/// With a limit for tapes, loops that save something share it as their budgets, and all is made again.
pub fn all(module: &Module, f: FuncId, active: &[bool], options: &Options) -> Result<(Copies, Vec<Function>), Refusal> {
    let made = made(module, f, active, options, Asking::Whole(None))?;
    Ok((made.silent, made.built))
}

/// The same, cut in two: the augmented primal comes first, and the reverse at the place that is given among what is built.
pub fn split(
    module: &Module,
    f: FuncId,
    active: &[bool],
    options: &Options,
) -> Result<(Copies, Vec<Function>, usize), Refusal> {
    let made = made(module, f, active, options, Asking::Halves)?;
    Ok((made.silent, made.built, made.reverse))
}

/// What the reverse derivative of `f`, and the halves of all that it calls, save.
pub fn saved(module: &Module, f: FuncId, active: &[bool], options: &Options) -> Result<Report, Refusal> {
    Ok(made(module, f, active, options, Asking::Whole(Some(Report::default())))?.report.unwrap_or_default())
}

/// Functions with their rules.
type Copies = Vec<(Function, Rules)>;

/// What is asked of the outermost derivative.
#[derive(Clone)]
enum Asking {
    /// One function, and a report if there is one to be written.
    Whole(Option<Report>),
    /// Two, which have only a tape in common.
    Halves,
}

/// What joins the module, the silent copies first; and what is told.
struct Made {
    silent: Copies,
    built: Vec<Function>,
    /// The place of the outermost reverse in `built`, of halves.
    reverse: usize,
    report: Option<Report>,
    /// Instructions of bodies in whose loops something is saved.
    taped: Vec<(FuncId, Inst)>,
}

fn made(module: &Module, f: FuncId, active: &[bool], options: &Options, asking: Asking) -> Result<Made, Refusal> {
    let moved = moved(module, f, options);
    let module = moved.as_ref().unwrap_or(module);
    let made = made_as_it_is(module, f, active, options, asking.clone())?;
    match options.max_tape.filter(|_| !made.taped.is_empty()) {
        None => Ok(made),
        Some(limit) => {
            let bounded = crate::steps::bounded(module, &made.taped, limit);
            made_as_it_is(&bounded, f, active, options, asking)
        }
    }
}

/// Without a look at the limit.
fn made_as_it_is(
    module: &Module,
    f: FuncId,
    active: &[bool],
    options: &Options,
    asking: Asking,
) -> Result<Made, Refusal> {
    let silenced = silenced(module, f);
    let (module, silent) = match &silenced {
        Some((extended, silent)) => (extended, silent.clone()),
        None => (module, Silent::default()),
    };
    let (names, outlined) = Outlined::find(module, f, &silent);
    let mut requests = Requests::new(module, names, &outlined);
    let is_cut = matches!(asking, Asking::Halves);
    requests.saved = match asking {
        Asking::Whole(report) => report,
        Asking::Halves => None,
    };
    let (built, reverse) = build(&mut requests, f, active, is_cut, options)?;
    Ok(Made { silent: silent.copies, built, reverse, report: requests.saved, taped: requests.taped })
}

/// The module with scratch arrays made where they are used, if loops may be reversed iteration by iteration.
fn moved(module: &Module, f: FuncId, options: &Options) -> Option<Module> {
    let matters = options.opts.has(AdOpt::Local) || options.opts.has(AdOpt::Rerun);
    matters.then(|| scratch::moved_inwards(module, f, options.mutant == Some(Mutant::ScratchUnwritten))).flatten()
}

/// All functions, and the place of the outermost reverse among them if it is cut off.
fn build(
    requests: &mut Requests<'_>,
    f: FuncId,
    active: &[bool],
    is_cut: bool,
    options: &Options,
) -> Result<(Vec<Function>, usize), Refusal> {
    let module = requests.module;
    let stand_in = crate::ruled::stand_in(module, f);
    let source = stand_in.as_ref().unwrap_or_else(|| module.function(f));
    let floats = module.function(f).results.iter().map(|ty| ty.is_float()).collect();
    let wanted = Wanted { f, params: active.to_vec(), results: floats };
    let outlined = requests.outlined.functions.iter().cloned();
    let mut built: Vec<Function> = match is_cut {
        false => {
            let name = requests.names.fresh(&format!("{}__vjp", module.function(f).name));
            std::iter::once(whole(requests, source, &wanted, &name, false, options)?.function).chain(outlined).collect()
        }
        true => {
            let names = requests.outermost(&wanted);
            let whole = whole(requests, source, &wanted, &names[0], true, options)?;
            let [aug, rev] = cut(&whole, names, options.mutant);
            std::iter::once(aug).chain(outlined).chain([rev]).collect()
        }
    };
    let reverse = built.len() - 1;
    let mut size = built.iter().map(Function::inst_count).sum::<usize>();
    while let Some(Job { wanted, form }) = requests.next() {
        let source = requests.function(wanted.f);
        check_size(source, size + source.inst_count() + requests.len(), options)?;
        let made = match form {
            Form::Whole(name) => match requests.early.get_mut(&wanted).and_then(|(made, _)| made.take()) {
                Some(made) => vec![made],
                None => vec![whole(requests, source, &wanted, &name, false, options)?.function],
            },
            Form::Halves(names) => {
                let whole = whole(requests, source, &wanted, &names[0], true, options)?;
                cut(&whole, names, options.mutant).into()
            }
        };
        size += made.iter().map(Function::inst_count).sum::<usize>();
        check_size(source, size + requests.len(), options)?;
        built.extend(made);
    }
    Ok((built, reverse))
}

/// A derivative to be made.
struct Target<'s> {
    id: FuncId,
    source: &'s Function,
    name: &'s str,
    /// The active parameters.
    params: Vec<&'s Param>,
    /// The results with adjoints.
    returned: Vec<Value>,
    activity: Activity,
    facts: Facts,
    registers: Registers,
    /// Whether it is to be cut in halves.
    is_cut: bool,
    options: Options,
}

/// One derivative, in one piece; one that is to be cut in halves gets the shared tape as its last parameter.
///
/// It is made at level 0, which tells what its reverse sweep asks for; where that is anything, it is made again by a plan.
fn whole(
    requests: &mut Requests<'_>,
    source: &Function,
    wanted: &Wanted,
    name: &str,
    is_cut: bool,
    options: &Options,
) -> Result<Whole, Refusal> {
    let module = requests.module;
    check_size(source, source.inst_count(), options)?;
    let options = options.acting_in(source);
    let active = source.params.iter().zip(&wanted.params).filter(|(_, active)| **active);
    let params: Vec<&Param> = active.map(|(param, _)| param).collect();
    let yields = &source.region(source.body).yields;
    let returned: Vec<Value> = yields.iter().zip(&wanted.results).filter(|(_, r)| **r).map(|(&v, _)| v).collect();
    let activity = find_activity(module, source, &params, &returned, options);
    let facts = Facts::new(module, source, &activity)?;
    let registers = match options.opts.has(AdOpt::Registers) {
        true => Registers::find(module, source, &activity, &facts, options.mutant),
        false => Registers::default(),
    };
    let target = Target { id: wanted.f, source, name, params, returned, activity, facts, registers, is_cut, options };
    let (mut whole, mut asked) = attempt(requests, &target, Plan::default())?;
    if !asked.is_empty() && plan::is_on(options.opts) {
        let mut plan = plan::plan(module, source, &target.facts, &asked, is_cut, &options);
        let reruns = plan::reruns(source, &target.facts, &asked, &plan);
        if !reruns.is_empty() {
            // What is asked for from now on is another matter.
            (_, asked) = attempt(requests, &target, Plan::running_again(reruns.clone()))?;
            plan = plan::plan(module, source, &target.facts, &asked, is_cut, &options).and_running_again(reruns);
        }
        (whole, asked) = attempt(requests, &target, plan)?;
    }
    whole.records = Records::of(source, &target.facts, &asked);
    requests.taped.extend(asked.taped.iter().map(|&inst| (wanted.f, inst)));
    if let Some(saved) = &mut requests.saved {
        let reversed = |&(inst, how): &(Inst, Reversal)| Reversed {
            function: source.name.clone(),
            span: source.inst(inst).span,
            how,
        };
        asked.say_once(&target.facts);
        saved.loops.extend(asked.loops.iter().map(reversed));
        let outlined = requests.outlined;
        saved
            .kept
            .extend(asked.kept.iter().filter_map(|met| kept::kept(source, &target.facts, outlined, wanted.f, met)));
        saved.saved.extend(plan::report(module, source, &target.facts, &asked, is_cut, &options));
    }
    Ok(whole)
}

/// One derivative by a plan, and what its reverse sweep asked for.
fn attempt(requests: &mut Requests<'_>, target: &Target<'_>, plan: Plan) -> Result<(Whole, Asked), Refusal> {
    let &Target { source, ref params, ref returned, ref activity, is_cut, .. } = target;
    let mut b = Builder::new(target.name, source.span);
    let forward = forward::signature(source, &mut b);
    let shadows = shadow_params(source, &forward.map, &mut b, params);
    let seeds: Values = returned.iter().map(|&v| b.param(source.ty(v).clone(), Passing::ByValue)).collect();
    let tape = is_cut.then(|| b.param(Type::Tape(TapeType::mixed()), Passing::Mut));
    let ruled = Ruled::find(requests.module, source, &|v| activity.of(v), tape)?;
    let (forward, primal) = forward::copy(source, &mut b, forward, ruled);
    let last = b.func().region(b.current()).insts.last().copied();

    let mut sweep = Sweep::new(requests, target, plan, forward, b);
    (sweep.tape, sweep.last) = (tape, last);
    for (param, shadow) in shadows {
        sweep.shadow[param.index()] = Some(shadow);
    }
    sweep.reverse(returned, &seeds)?;
    let asked = std::mem::take(&mut sweep.asked);
    let (function, forward) = sweep.finish(primal, params);
    let (params, results) = (source.params.len(), source.results.len());
    let whole = Whole { function, forward, params, results, records: Records::default() };
    Ok((whole, asked))
}

/// What lies between the active parameters and what is returned, what the caller lends included.
fn find_activity(
    module: &Module,
    source: &Function,
    params: &[&Param],
    returned: &[Value],
    options: Options,
) -> Activity {
    let seeds: Vec<Value> = params.iter().map(|p| p.value).collect();
    let lent = params.iter().filter(|p| p.passing == Passing::Mut).map(|p| p.value);
    let sinks: Vec<Value> = returned.iter().copied().chain(lent).collect();
    Activity::new(module, source, &seeds, &sinks, options)
}

/// The shadows of active arrays and tapes.
fn shadow_params(source: &Function, map: &ValueMap, b: &mut Builder, params: &[&Param]) -> Vec<(Value, Value)> {
    let handles = params.iter().filter(|p| source.ty(p.value).scalar().is_none());
    handles.map(|p| (p.value, b.param(map.ty(source.ty(p.value)), Passing::Mut))).collect()
}

/// A reverse sweep under way. Values and regions are the primal's unless a field says otherwise.
struct Sweep<'s, 'r> {
    requests: &'r mut Requests<'s>,
    source: &'r Function,
    activity: &'r Activity,
    facts: &'r Facts,
    registers: &'r Registers,
    plan: Plan,
    asked: Asked,
    literals: Literals,
    forward: Forward,
    b: Builder,
    options: Options,
    /// By primal value: its adjoint as seen from the innermost frame; `None` is a structural zero.
    adjoint: Vec<Option<Value>>,
    /// By primal value: the innermost frame that has recorded it, once one other than its home has.
    recorded: Vec<Option<usize>>,
    /// By primal array or tape: its shadow.
    shadow: Vec<Option<Value>>,
    /// The reverse regions being built, outermost first.
    frames: Vec<Frame>,
    /// By primal region: its place in `frames`, once its reverse has begun.
    place: Vec<usize>,
    /// By value of the forward sweep: what stands for it in the reverse, while that is visible.
    standin: rustc_hash::FxHashMap<Value, Value>,
    /// What the copy of a loop that runs again has for values of the source from outside of it.
    again: Vec<(Value, Value)>,
    /// What is written after it was read, once somebody asks.
    overwrites: OnceCell<Overwrites<'r>>,
    /// Which instructions of the derivative define what.
    definitions: early::Definitions,
    /// What goes before the forward sweep.
    entry: Vec<Inst>,
    /// Literal zeros among them, one for each float type that asked.
    zeros: Vec<(ScalarType, Value)>,
    /// The tape that all halves share.
    tape: Option<Value>,
    /// Which function this is the derivative of.
    id: FuncId,
    /// The instruction of the primal's body that is being reversed.
    at: Option<Inst>,
    /// The last instruction of the forward sweep, in the body.
    last: Option<Inst>,
    /// Whether the two sweeps will be two functions, which have only the shared tape in common.
    is_cut: bool,
}

impl<'s, 'r> Sweep<'s, 'r> {
    fn new(requests: &'r mut Requests<'s>, target: &'r Target<'_>, plan: Plan, forward: Forward, b: Builder) -> Self {
        let &Target { id, source, ref activity, ref facts, ref registers, is_cut, options, .. } = target;
        let adjoints = source.value_count() + registers.len();
        Sweep {
            requests,
            source,
            activity,
            facts,
            registers,
            plan,
            asked: Asked::default(),
            literals: Literals::new(source),
            forward,
            options,
            adjoint: vec![None; adjoints],
            recorded: vec![None; adjoints],
            shadow: vec![None; source.value_count()],
            frames: vec![Frame::visible(source.body, Kind::Straight, b.current(), b.span())],
            place: vec![0; source.region_count()],
            standin: rustc_hash::FxHashMap::default(),
            again: Vec::new(),
            overwrites: OnceCell::new(),
            definitions: early::Definitions::default(),
            entry: Vec::new(),
            zeros: Vec::new(),
            tape: None,
            is_cut,
            id,
            at: None,
            last: None,
            b,
        }
    }

    /// What the derivative of some iterations saves, which is made before its turn.
    fn records(&mut self, wanted: &Wanted) -> Result<Rc<Records>, Refusal> {
        if let Some((_, records)) = self.requests.early.get(wanted) {
            return Ok(records.clone());
        }
        let Some(name) = self.requests.name_of(wanted) else { return Ok(Rc::default()) };
        let source = self.requests.function(wanted.f);
        let made = whole(self.requests, source, wanted, &name, false, &self.options)?;
        let records = Rc::new(made.records);
        self.requests.early.insert(wanted.clone(), (Some(made.function), records.clone()));
        Ok(records)
    }

    /// Emits the reverse sweep.
    fn reverse(&mut self, returned: &[Value], seeds: &[Value]) -> Result<(), Refusal> {
        self.hidden_shadows();
        for (&v, &seed) in returned.iter().zip(seeds) {
            self.add(v, seed);
        }
        self.region(self.source.body)
    }

    /// Returns the primal results and the adjoints of the active scalar parameters. Also tells how many instructions of the body come before the reverse sweep: those up to
    /// the last that was copied. The reverse sweep has put others in front of it since.
    fn finish(mut self, primal: Values, params: &[&Param]) -> (Function, usize) {
        let mut returned = primal;
        for param in params.iter().filter(|p| self.source.ty(p.value).scalar().is_some()) {
            let adjoint = self.take(param.value);
            returned.push(self.or_zero(adjoint, param.value));
        }
        if self.has(Mutant::ContentsLost) {
            self.forget_contents(params);
        }
        let body = self.b.current();
        let last = self.last;
        let insts = &mut self.b.func_mut().region_mut(body).insts;
        let added = self.entry.len();
        insts.splice(0..0, self.entry);
        let forward = insts.iter().position(|&i| Some(i) == last).map_or(added, |place| place + 1);
        (self.b.finish(&returned), forward)
    }

    /// Emits the reverse of a region's instructions into the current frame.
    fn region(&mut self, region: Region) -> Result<(), Refusal> {
        let source = self.source;
        self.open_shadows(region);
        for &inst in source.region(region).insts.iter().rev() {
            if region == source.body {
                self.at = Some(inst);
            }
            self.b.set_span(source.inst(inst).span);
            check_size(source, self.b.func().inst_count(), &self.options)?;
            self.inst(inst)?;
            self.empty_registers(inst);
        }
        Ok(())
    }

    fn inst(&mut self, inst: Inst) -> Result<(), Refusal> {
        let data = self.source.inst(inst);
        let results = &data.results;
        match &data.op {
            Op::Const(_) | Op::Cmp { .. } | Op::Assert { .. } | Op::Print { .. } => {}
            // Shadows of these were made at the start of the region.
            Op::Alloc { .. } | Op::TapeNew { .. } => {}
            Op::Call { callee, args } if self.forward.ruled.has(inst) => self.ruled(inst, *callee, args),
            Op::Call { callee, args } => self.call(inst, *callee, args, results),
            Op::Prim { prim, args } => self.prim(*prim, args, results[0]),
            Op::Select { cond, then, otherwise } => self.select(*cond, *then, *otherwise, results[0]),
            Op::If { cond, then, otherwise } => self.branch(*cond, *then, *otherwise, results)?,
            Op::For { body, inits, .. } => self.counted(inst, *body, inits)?,
            Op::While { inits, cond, body, .. } => self.uncounted(inst, inits, *cond, *body)?,
            Op::Load { array, subscripts } => self.load(inst, *array, subscripts, results[0]),
            Op::Store { array, subscripts, value } => self.store(*array, subscripts, *value),
            Op::Acc { array, subscripts, value } => self.acc(*array, subscripts, *value),
            Op::Copy { to, from } => self.copy(*to, *from),
            Op::Fill { array, value } => self.fill(*array, *value),
            Op::TapePush { tape, values } => self.tape_push(*tape, values),
            Op::TapePop { tape } => self.tape_pop(*tape, results),
        }
        Ok(())
    }

    /// [`Mutant::ContentsLost`]
    fn forget_contents(&mut self, params: &[&Param]) {
        for array in params.iter().filter(|p| p.passing == Passing::Mut).map(|p| p.value) {
            if let (Some(shadow), Type::Array(_)) = (self.shadow(array), self.source.ty(array)) {
                let zero = self.zero(array);
                self.b.fill(shadow, zero);
            }
        }
    }

    fn has(&self, mutant: Mutant) -> bool {
        self.options.mutant == Some(mutant) && !(self.is_cut && mutant.keeps_arrays())
    }

    /// The tape that all halves share; the outermost derivative makes it.
    fn shared_tape(&mut self) -> Value {
        if let Some(tape) = self.tape {
            return tape;
        }
        let ty = TapeType::mixed();
        let tape = self.at_entry(Op::TapeNew { ty: ty.clone() }, Type::Tape(ty));
        self.tape = Some(tape);
        tape
    }

    /// Adds an instruction before the forward sweep.
    fn at_entry(&mut self, op: Op, ty: Type) -> Value {
        let span = self.source.span;
        let result = self.b.func_mut().add_value(ty);
        let inst = self.b.func_mut().add_inst(op, [result].into_iter().collect(), span);
        self.entry.push(inst);
        result
    }
}
