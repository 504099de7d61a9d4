//! The two halves of a reverse derivative, for functions whose calls stay calls.
//!
//! In: requests for callees, with what is active. Out: for each the identities of its two halves, given *before* either is made, so that recursion finds them; and
//! the halves, cut out of the derivative of the callee ([`cut`]).
//!
//! ```text
//! func @g__vjp(params, shadows, seeds, tape) {       func @g__aug(params, mut tape) -> results {
//!   the forward sweep                          ⇒       the forward sweep ; tape.push tape, (what the reverse sweep mentions of it)
//!   the reverse sweep                                 }
//!   return results, adjoints                          func @g__rev(mut shadows, seeds, mut tape) -> adjoints {
//! }                                                     tape.pop tape (…) ; the reverse sweep
//!                                                     }
//! ```
//!
//! All halves share one tape, which the outermost derivative makes. The reverse sweep is the forward sweep backwards, calls included, so each pop finds the record of its push.
//! Sizes that a shadow in the signature tells are not recorded, and constants are written again.

use super::Report;
use super::prices::Records;
use crate::Mutant;
use crate::catalog::Names;
use crate::steps::Outlined;
use adit_ir::{
    Builder, Copier, FuncId, Function, Inst, Module, Op, OperandMap, Param, Plain, ScalarType, Value, Values,
};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::rc::Rc;

/// What is asked of a callee's derivative.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Wanted {
    /// Of which function.
    pub f: FuncId,
    /// Which of its parameters are active.
    pub params: Vec<bool>,
    /// Which of its results have adjoints.
    pub results: Vec<bool>,
}

/// The functions that stand for a callee.
#[derive(Clone, Copy, Debug)]
pub struct Halves {
    /// The augmented primal: does what the callee does, and records it.
    pub aug: FuncId,
    /// The reverse: takes the records back.
    pub rev: FuncId,
}

/// What is to be made.
#[derive(Debug)]
pub struct Job {
    /// What is asked.
    pub wanted: Wanted,
    /// In what form.
    pub form: Form,
}

/// The form of a derivative, with the names that it takes.
#[derive(Debug)]
pub enum Form {
    /// The augmented primal and the reverse.
    Halves([String; 2]),
    /// Both in one function.
    Whole(String),
}

/// The halves that one derivative asks for, in the order in which they join the module, after the derivative itself.
#[derive(Debug)]
pub struct Requests<'m> {
    /// The module of all callees.
    pub module: &'m Module,
    /// Names still free.
    pub names: Names,
    /// What all derivatives save, if that is wanted.
    pub saved: Option<Report>,
    /// Instructions of bodies in whose loops something is saved.
    pub taped: Vec<(FuncId, Inst)>,
    /// Iterations of loops, which join the module after the derivative.
    pub outlined: &'m Outlined,
    known: FxHashMap<Wanted, Halves>,
    wholes: FxHashMap<Wanted, FuncId>,
    /// Those that were made before their turn, until then, with what they save.
    pub early: FxHashMap<Wanted, (Option<Function>, Rc<Records>)>,
    /// How many functions will have joined the module.
    count: usize,
    waiting: VecDeque<Job>,
}

impl<'m> Requests<'m> {
    /// Nothing requested yet.
    pub fn new(module: &'m Module, names: Names, outlined: &'m Outlined) -> Self {
        let count = module.len() + 1 + outlined.functions.len();
        let (known, wholes, early) = (FxHashMap::default(), FxHashMap::default(), FxHashMap::default());
        let waiting = VecDeque::new();
        Requests { module, names, saved: None, taped: Vec::new(), outlined, known, wholes, early, count, waiting }
    }

    /// A function of the module, or one that was outlined.
    pub fn function(&self, f: FuncId) -> &'m Function {
        match f.index().checked_sub(self.module.len() + 1) {
            Some(place) => &self.outlined.functions[place],
            None => self.module.function(f),
        }
    }

    /// What runs a function and reverses it at once, once all waiting jobs are done.
    pub fn request_whole(&mut self, wanted: Wanted) -> FuncId {
        if let Some(&id) = self.wholes.get(&wanted) {
            return id;
        }
        let id = FuncId::new(self.count);
        self.count += 1;
        let name = self.names.fresh(&format!("{}__vjp", self.function(wanted.f).name));
        self.waiting.push_back(Job { wanted: wanted.clone(), form: Form::Whole(name) });
        self.wholes.insert(wanted, id);
        id
    }

    /// The name of what runs a function and reverses it, and waits to be made.
    pub fn name_of(&self, wanted: &Wanted) -> Option<String> {
        self.waiting.iter().find(|job| job.wanted == *wanted).and_then(|job| match &job.form {
            Form::Whole(name) => Some(name.clone()),
            Form::Halves(_) => None,
        })
    }

    /// What stands for a callee, once all waiting jobs are done.
    pub fn request(&mut self, wanted: Wanted) -> Halves {
        if let Some(&halves) = self.known.get(&wanted) {
            return halves;
        }
        let halves = Halves { aug: FuncId::new(self.count), rev: FuncId::new(self.count + 1) };
        self.count += 2;
        let name = &self.module.function(wanted.f).name;
        let names = ["aug", "rev"].map(|half| self.names.fresh(&format!("{name}__{half}")));
        self.waiting.push_back(Job { wanted: wanted.clone(), form: Form::Halves(names) });
        self.known.insert(wanted, halves);
        halves
    }

    /// The names of the outermost derivative's halves. The reverse joins the module after what was outlined; calls of the same function with the same activity are calls of these.
    pub fn outermost(&mut self, wanted: &Wanted) -> [String; 2] {
        let halves = Halves { aug: FuncId::new(self.module.len()), rev: FuncId::new(self.count) };
        self.count += 1;
        self.known.insert(wanted.clone(), halves);
        let name = &self.module.function(wanted.f).name;
        ["aug", "rev"].map(|half| self.names.fresh(&format!("{name}__{half}")))
    }

    /// The next halves to make.
    pub fn next(&mut self) -> Option<Job> {
        self.waiting.pop_front()
    }

    /// How many functions were requested.
    pub fn len(&self) -> usize {
        2 * self.known.len() + self.wholes.len()
    }
}

/// A derivative with the shared tape as its last parameter, and where it falls apart.
#[derive(Debug)]
pub struct Whole {
    /// The derivative.
    pub function: Function,
    /// The number of instructions of the body before the reverse sweep.
    pub forward: usize,
    /// The number of parameters of the primal.
    pub params: usize,
    /// The number of results of the primal.
    pub results: usize,
    /// What it saves.
    pub records: Records,
}

/// Makes the augmented primal and the reverse out of the whole.
pub fn cut(whole: &Whole, names: [String; 2], mutant: Option<Mutant>) -> [Function; 2] {
    let mut crossing = Crossing::of(whole);
    let [aug, rev] = names;
    let reverse = reverse(whole, &crossing, rev);
    if mutant == Some(Mutant::RecordReversed) {
        crossing.recorded.reverse();
    }
    [forward(whole, &crossing, aug), reverse]
}

fn forward(whole: &Whole, crossing: &Crossing, name: String) -> Function {
    let f = &whole.function;
    let mut b = Builder::new(name, f.span);
    let mut copier = Copier::new(f);
    dims(&mut b, &mut copier, f.dims.iter().copied());
    let (tape, _) = f.params.split_last().expect("the tape is the last parameter");
    params(&mut b, &mut copier, f.params[..whole.params].iter().chain([tape]));
    insts(&mut b, &mut copier, &f.region(f.body).insts[..whole.forward]);
    b.set_span(f.span);
    if !crossing.recorded.is_empty() {
        b.tape_push(copier.map.value(tape.value), &copier.map.values(&crossing.recorded));
    }
    let returned = copier.map.values(&f.region(f.body).yields[..whole.results]);
    b.finish(&returned)
}

fn reverse(whole: &Whole, crossing: &Crossing, name: String) -> Function {
    let f = &whole.function;
    let mut b = Builder::new(name, f.span);
    let mut copier = Copier::new(f);
    dims(&mut b, &mut copier, crossing.dims.iter().copied());
    let (tape, _) = f.params.split_last().expect("the tape is the last parameter");
    params(&mut b, &mut copier, f.params[whole.params..].iter());
    insts(&mut b, &mut copier, &crossing.literals);
    b.set_span(f.span);
    if !crossing.recorded.is_empty() {
        let fields: Vec<ScalarType> = crossing.recorded.iter().filter_map(|&v| f.ty(v).scalar()).collect();
        let popped = b.tape_pop_record(copier.map.value(tape.value), &fields);
        for (&from, to) in crossing.recorded.iter().zip(popped) {
            copier.map.set(from, to);
        }
    }
    insts(&mut b, &mut copier, &f.region(f.body).insts[whole.forward..]);
    let returned = copier.map.values(&f.region(f.body).yields[whole.results..]);
    b.finish(&returned)
}

fn dims(b: &mut Builder, copier: &mut Copier<'_>, dims: impl Iterator<Item = Value>) {
    for dim in dims {
        copier.map.set(dim, b.dim());
    }
}

fn params<'f>(b: &mut Builder, copier: &mut Copier<'_>, params: impl Iterator<Item = &'f Param>) {
    for param in params {
        let ty = copier.map.ty(copier.source.ty(param.value));
        copier.map.set(param.value, b.param(ty, param.passing));
    }
}

fn insts(b: &mut Builder, copier: &mut Copier<'_>, insts: &[Inst]) {
    for &inst in insts {
        b.set_span(copier.span(inst));
        copier.copy(&mut Plain, b, inst);
    }
}

/// What the reverse sweep mentions of the forward sweep.
struct Crossing {
    /// Dimensions that the reverse's own parameters bind, in order of first mention.
    dims: Vec<Value>,
    /// Literals.
    literals: Vec<Inst>,
    /// Everything else.
    recorded: Values,
}

/// Where a value of the body comes from.
#[derive(Clone, Copy, PartialEq)]
enum Origin {
    Reverse,
    Forward,
    Literal(Inst),
}

impl Crossing {
    fn of(whole: &Whole) -> Self {
        let f = &whole.function;
        let mut origin = vec![Origin::Reverse; f.value_count()];
        let params = f.params[..whole.params].iter().map(|param| param.value);
        params.chain(f.dims.iter().copied()).for_each(|v| origin[v.index()] = Origin::Forward);
        let (before, after) = f.region(f.body).insts.split_at(whole.forward);
        for &inst in before {
            let data = f.inst(inst);
            let from = if let Op::Const(_) = data.op { Origin::Literal(inst) } else { Origin::Forward };
            data.results.iter().for_each(|&v| origin[v.index()] = from);
        }
        let mut crossing = Crossing { dims: Vec::new(), literals: Vec::new(), recorded: Values::new() };
        for param in &f.params[whole.params..] {
            let mentioned = f.ty(param.value).array().map_or(&[][..], |ty| &ty.dims);
            for dim in mentioned.iter().filter_map(|dim| dim.value()) {
                if std::mem::replace(&mut origin[dim.index()], Origin::Reverse) == Origin::Forward {
                    crossing.dims.push(dim);
                }
            }
        }
        let mut see = |v: Value| match std::mem::replace(&mut origin[v.index()], Origin::Reverse) {
            Origin::Reverse => {}
            Origin::Literal(inst) => crossing.literals.push(inst),
            Origin::Forward => crossing.recorded.push(v),
        };
        after.iter().for_each(|&inst| mentions(f, inst, &mut see));
        f.region(f.body).yields[whole.results..].iter().for_each(|&v| see(v));
        crossing
    }
}

/// Calls `see` with each value that an instruction mentions, its regions included.
fn mentions(f: &Function, inst: Inst, see: &mut dyn FnMut(Value)) {
    let op = &f.inst(inst).op;
    op.visit_operands(see);
    for region in op.regions() {
        let data = f.region(region);
        data.insts.iter().for_each(|&inner| mentions(f, inner, see));
        data.yields.iter().for_each(|&v| see(v));
    }
}
