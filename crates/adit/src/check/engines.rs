//! The engines that are compared.
//!
//! In: a [`Subject`]: a function, a point, the combination of results whose derivative is taken. Out: values, and derivatives along directions, by each engine.

use super::output::Output;
use super::{NEAR, SINGLE_TOLERANCE, TOLERANCE, difference, tree};
use crate::calls::{self, Along, Lane, Seeds};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{Frame, Slot};
use crate::function::{Function, Wrt};
use crate::options::Options;
use crate::outcome::Gradient;
use crate::pipeline::{self, Derivative, Derived, Unit};
use crate::value::{Data, Value, change_single};
use adit_diag::Span;
use adit_interp::ir::{Array as Cells, Cell, Data as Elements, Input, Interpreter, Outcome};
use adit_ir::{FuncId, Scalar, ScalarType};
use num_complex::Complex64;
use std::sync::Arc;

/// The imaginary step: so small that its square does not count, and that products of derivatives do not vanish.
const STEP: f64 = 1e-80;

/// How far beside a kink rules are compared once more, relative to max(1, float).
const BESIDE: f64 = 1e-6;

/// Instructions that interpreters may spend on unit directions.
const BUDGET: u64 = 20_000_000;

/// No more unit directions than this.
const MOST_UNITS: usize = 400;

/// How many random directions stand for too many units.
const RANDOM: usize = 8;

/// A function at a point.
pub(super) struct Subject<'f> {
    pub(super) function: &'f Function,
    pub(super) active: Vec<bool>,
    pub(super) frame: Frame,
    pub(super) value: Value,
    /// Of the floats of the result: 1 for one float, else random.
    pub(super) weights: Vec<f64>,
    pub(super) seeds: Seeds,
    /// A derivative of zeros, for its shape.
    pub(super) gradient_shape: Gradient,
    /// Instructions that one interpreted run takes, roughly.
    pub(super) cost: u64,
    /// An instruction whose operands are exactly on a kink, if there is one.
    pub(super) on_kink: Option<Span>,
    /// How far derivatives may be apart.
    pub(super) tolerance: f64,
}

/// What an engine found, with its name.
type Named = (&'static str, Vec<f64>);

/// An engine to be asked, with its name.
type Engine<'a> = (&'static str, &'a dyn Fn() -> Result<Vec<f64>>);

impl<'f> Subject<'f> {
    pub(super) fn new(function: &'f Function, args: &[Value], wrt: Wrt<'_>) -> Result<Self> {
        let active = function.active(wrt, true)?;
        let frame = function.frame(args)?;
        let value = function.call(args)?.value;
        let mut random = Random(1);
        let weights: Vec<f64> =
            if value.as_f64().is_some() { vec![1.0] } else { value.floats().iter().map(|_| random.next()).collect() };
        if weights.is_empty() {
            let text = format!("`{}` gives {}, which holds no floats", function.name(), function.signature().result);
            return Err(function.refused("AD0602", text));
        }
        let mut seed = value.clone();
        let mut next = weights.iter();
        seed.for_each_float_mut(&mut |x| *x = next.next().copied().unwrap_or(0.0));
        let seeds = calls::seed_leaves(function.shape(), &seed)?;
        let zeros = vec![0.0; function.shape().active_floats(&frame, &active)];
        let gradient_shape = function.shape().gradient_from_floats(&frame, value.clone(), &zeros, &active);
        Subject {
            function,
            active,
            frame,
            value,
            weights,
            seeds,
            gradient_shape,
            cost: 0,
            on_kink: None,
            tolerance: TOLERANCE,
        }
        .explored()
    }

    /// Runs it once in the interpreter.
    fn explored(mut self) -> Result<Self> {
        let machine = Machine::new(self.function, &Derivative::Primal, 0)?;
        let f = machine.derived.function();
        let mut instructions = 0;
        if has_single(&machine.derived) {
            self.tolerance = SINGLE_TOLERANCE;
        }
        f.walk(&mut |_| instructions += 1);
        let (_, outcome) = machine.run_cells(&self.frame, &|x| x)?;
        self.on_kink = outcome.on_kink;
        self.cost = outcome.steps.saturating_add(1).saturating_mul(instructions + 1);
        Ok(self)
    }

    /// A note that the complex step is left out, if it differs from another engine at a point on a kink: there derivatives follow conventions that it does not know.
    pub(super) fn excuse(&self, complex: &[f64], other: &[f64]) -> Option<String> {
        let span = self.on_kink.filter(|_| difference(complex, other).0 > self.tolerance)?;
        let sources = self.function.sources();
        let line = sources.position(span).map_or(0, |p| p.line);
        let text = sources.snippet(span).unwrap_or_default();
        Some(format!(
            "the complex step is left out: `{text}` at line {line} is on a kink, where derivatives are a convention"
        ))
    }

    /// The point with its active floats changed, one after the other.
    fn moved(&self, change: &mut dyn FnMut(&mut f64)) -> Frame {
        let mut frame = self.frame.clone();
        let inputs = self.function.shape().layout.ir_destination(0);
        let moving = frame.slots.iter_mut().zip(&self.active).take(inputs).filter(|(_, active)| **active);
        for (slot, _) in moving {
            match slot {
                Slot::Scalar(Scalar::F64(x)) => change(x),
                Slot::Scalar(Scalar::F32(x)) => change_single(x, change),
                Slot::Scalar(_) => {}
                Slot::Array(_, a) => a.data.for_each_float_mut(change),
            }
        }
        frame
    }

    /// The point moved a little in each active float, so that what is true beside a kink can be asked.
    fn beside(&self) -> Frame {
        let mut random = Random(4);
        self.moved(&mut |x| *x += BESIDE * x.abs().max(1.0) * random.next())
    }

    /// The combination of results, so far along a direction.
    pub(super) fn value_at(&self, machine: &Machine<'_>, along: &[f64], by: f64) -> Result<f64> {
        let mut along = along.iter();
        let mut frame = self.moved(&mut |x| *x += by * along.next().copied().unwrap_or(0.0));
        let results = machine.run(&mut frame)?;
        Ok(self.combined(&self.function.shape().outcome(&frame, &results).value))
    }

    /// The largest float that a direction moves, or 1.
    pub(super) fn largest(&self, along: &[f64]) -> f64 {
        let (mut along, mut largest) = (along.iter(), 1.0f64);
        self.moved(&mut |x| {
            if along.next().is_some_and(|d| *d != 0.0) && x.is_finite() {
                largest = largest.max(x.abs());
            }
        });
        largest
    }

    /// How many floats the active parameters hold.
    pub(super) fn width(&self) -> usize {
        self.function.shape().active_floats(&self.frame, &self.active)
    }

    pub(super) fn directions(&self) -> Directions {
        let n = self.width();
        let affordable = BUDGET / self.cost.max(1);
        if n <= MOST_UNITS && n as u64 <= affordable.max(1) {
            return Directions::Units(n);
        }
        let mut random = Random(2);
        Directions::Random((0..RANDOM.min(n)).map(|_| (0..n).map(|_| random.next()).collect()).collect())
    }

    /// The frame that `f__vjp` takes.
    pub(super) fn reverse_frame(&self) -> Result<Frame> {
        let mut frame = self.frame.clone();
        self.function.shape().add_shadows(&mut frame, &self.active, &self.seeds.scalars, &self.seeds.arrays)?;
        Ok(frame)
    }

    fn forward_frame(&self, along: &[f64]) -> Frame {
        self.forward_frame_at(self.frame.clone(), along)
    }

    fn forward_frame_at(&self, mut frame: Frame, along: &[f64]) -> Frame {
        let along = Along { lanes: 1, component: &|float, _| along[float] };
        self.function.shape().add_tangents(&mut frame, &self.active, &along);
        frame
    }

    /// The combination of results that is differentiated, of a tangent of the result.
    fn combined(&self, tangent: &Value) -> f64 {
        dot(&self.weights, &tangent.floats())
    }
}

/// Along what derivatives are compared.
pub(super) enum Directions {
    /// Every unit direction of that many.
    Units(usize),
    /// These.
    Random(Vec<Vec<f64>>),
}

impl Directions {
    pub(super) fn in_words(&self) -> String {
        match self {
            Directions::Units(1) => "derivatives are compared in the only component".to_owned(),
            Directions::Units(n) => format!("derivatives are compared in all {n} components"),
            Directions::Random(d) => format!("derivatives are compared along {} random directions", d.len()),
        }
    }

    /// How many.
    pub(super) fn count(&self) -> usize {
        match self {
            Directions::Units(n) => *n,
            Directions::Random(d) => d.len(),
        }
    }

    /// A name for each direction.
    pub(super) fn names(&self, floats: &[String]) -> Vec<String> {
        match self {
            Directions::Units(_) => floats.to_vec(),
            Directions::Random(d) => (1..=d.len()).map(|i| format!("random direction {i}")).collect(),
        }
    }

    /// What `derivative` gives along each.
    pub(super) fn each<T>(&self, mut derivative: impl FnMut(&[f64]) -> Result<T>) -> Result<Vec<T>> {
        match self {
            Directions::Units(n) => (0..*n).map(|k| derivative(&unit(*n, k))).collect(),
            Directions::Random(d) => d.iter().map(|d| derivative(d)).collect(),
        }
    }

    /// The components of a gradient along each.
    fn components(&self, gradient: Vec<f64>) -> Vec<f64> {
        match self {
            Directions::Units(_) => gradient,
            Directions::Random(d) => d.iter().map(|d| dot(d, &gradient)).collect(),
        }
    }
}

fn unit(n: usize, k: usize) -> Vec<f64> {
    (0..n).map(|i| f64::from(u8::from(i == k))).collect()
}

/// The sum of products in which a weight of 0 leaves its number out, whatever it is.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).filter(|(w, _)| **w != 0.0).map(|(w, x)| w * x).sum()
}

/// Numbers between -1 and 1, the same on every run (splitmix64).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// A result and final contents, as numbers in order.
pub(super) struct Flat(pub(super) Vec<Scalar>);

impl Flat {
    fn of(function: &Function, frame: &Frame, results: &[Scalar]) -> Flat {
        let outcome = function.shape().outcome(frame, results);
        let mut out = Vec::new();
        flatten(&outcome.value, &mut out);
        outcome.finals.iter().for_each(|(_, v)| flatten(v, &mut out));
        Flat(out)
    }

    /// Whether all but floats is the same.
    pub(super) fn is_like(&self, other: &Flat) -> bool {
        let same = |(a, b): (&Scalar, &Scalar)| a.ty() == b.ty() && (a.ty().is_float() || a == b);
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(same)
    }

    /// The numbers as floats that are equal exactly if the numbers are; integers beyond 2⁵³ by their bits.
    pub(super) fn floats(&self) -> Vec<f64> {
        let float = |s: &Scalar| match *s {
            Scalar::F64(x) => x,
            Scalar::F32(x) => f64::from(x),
            Scalar::I64(i) if i.unsigned_abs() > 1 << 53 => f64::from_bits(i as u64),
            Scalar::I64(i) => i as f64,
            Scalar::Bool(b) => f64::from(u8::from(b)),
        };
        self.0.iter().map(float).collect()
    }
}

pub(super) fn flatten(value: &Value, out: &mut Vec<Scalar>) {
    match value {
        Value::F64(x) => out.push(Scalar::F64(*x)),
        Value::F32(x) => out.push(Scalar::F32(*x)),
        Value::I64(i) => out.push(Scalar::I64(*i)),
        Value::Bool(b) => out.push(Scalar::Bool(*b)),
        Value::Array(a) => match &a.data {
            Data::F64(x) => out.extend(x.iter().map(|x| Scalar::F64(*x))),
            Data::F32(x) => out.extend(x.iter().map(|x| Scalar::F32(*x))),
            Data::I64(x) => out.extend(x.iter().map(|x| Scalar::I64(*x))),
            Data::Bool(x) => out.extend(x.iter().map(|x| Scalar::Bool(*x))),
        },
        Value::Struct(fields) => fields.iter().for_each(|(_, v)| flatten(v, out)),
        Value::Tuple(items) => items.iter().for_each(|v| flatten(v, out)),
    }
}

/// Whether a function, or one that it calls, has a float of single precision.
fn has_single(derived: &Derived) -> bool {
    let mut reached = vec![derived.id];
    let mut next = 0;
    while let Some(&id) = reached.get(next) {
        next += 1;
        let f = derived.module.function(id);
        let values = (0..f.value_count()).map(adit_ir::Value::new);
        let single = |ty: &adit_ir::Type| match ty {
            adit_ir::Type::Scalar(s) => *s == ScalarType::F32,
            adit_ir::Type::Array(a) => a.element == ScalarType::F32,
            adit_ir::Type::Tape(_) => false,
        };
        if values.into_iter().any(|v| single(f.ty(v))) {
            return true;
        }
        f.walk(&mut |inst| {
            if let adit_ir::Op::Call { callee, .. } = f.inst(inst).op
                && !reached.contains(&callee)
            {
                reached.push(callee);
            }
        });
    }
    false
}

/// An interpreter of one derivative of a function.
pub(super) struct Machine<'f> {
    function: &'f Function,
    pub(super) derived: Derived,
}

impl<'f> Machine<'f> {
    /// Of the IR as written (level 0) or cleaned up.
    pub(super) fn new(function: &'f Function, derivative: &Derivative, opt: u8) -> Result<Self> {
        let options = Options { opt, ..function.options().clone() };
        let (unit, id) = function.program()?;
        let derived = pipeline::derive(unit, id, derivative, &options)?;
        let derived = if opt == 0 { derived } else { pipeline::optimized(derived, &options)? };
        Ok(Machine { function, derived })
    }

    /// Runs in floats.
    pub(super) fn run(&self, frame: &mut Frame) -> Result<Vec<Scalar>> {
        self.run_printing(frame, &mut |_| {})
    }

    /// [`Machine::run`], and `print` gets the lines.
    fn run_printing(&self, frame: &mut Frame, print: &mut dyn FnMut(&str)) -> Result<Vec<Scalar>> {
        let ran = self.interpreter().run(self.derived.id, &mut frame.arguments(), print);
        ran.map_err(|e| Error::run(&e, self.function.sources().clone()))
    }

    fn interpreter(&self) -> Interpreter<'_> {
        let options = self.function.options();
        Interpreter::new(&self.derived.module, options.limits).interrupted_by(&options.interrupt)
    }

    /// Runs in numbers that `lift` makes of the floats of a frame, slot by slot in order.
    fn run_cells<N: adit_interp::ir::Number>(
        &self,
        frame: &Frame,
        lift: &dyn Fn(f64) -> N,
    ) -> Result<(Vec<Input<N>>, Outcome<N>)> {
        let mut inputs: Vec<Input<N>> = frame.slots.iter().map(|slot| input(slot, lift)).collect();
        self.run_inputs(&mut inputs).map(|outcome| (inputs, outcome))
    }

    fn run_inputs<N: adit_interp::ir::Number>(&self, inputs: &mut [Input<N>]) -> Result<Outcome<N>> {
        let ran = self.interpreter().run_with(self.derived.id, inputs, &mut |_| {});
        ran.map_err(|e| Error::run(&e, self.function.sources().clone()))
    }

    /// Runs with an infinitesimal imaginary part along a direction of the active floats; gives the derivatives of results and of the contents of all slots.
    pub(super) fn complex_step(&self, frame: &Frame, active: &[bool], along: &[f64]) -> Result<(Frame, Vec<Scalar>)> {
        let destinations = self.function.shape().layout.ir_destination(0);
        let mut along = along.iter().copied();
        let mut inputs = Vec::with_capacity(frame.slots.len());
        for (i, slot) in frame.slots.iter().enumerate() {
            let mut input = input(slot, &|x| Complex64::new(x, 0.0));
            if active.get(i).is_some_and(|a| *a) && i < destinations {
                for_each_float(&mut input, &mut |z| z.im = along.next().unwrap_or(0.0) * STEP);
            }
            inputs.push(input);
        }
        let outcome = self.run_inputs(&mut inputs)?;
        let mut moved = frame.clone();
        for (slot, input) in moved.slots.iter_mut().zip(&inputs) {
            take_imaginary(slot, input);
        }
        let results = outcome.results.iter().map(|cell| match cell {
            Cell::F64(z) => Scalar::F64(z.im / STEP),
            Cell::F32(z) => Scalar::F32((z.im / STEP) as f32),
            Cell::I64(i) => Scalar::I64(*i),
            Cell::Bool(b) => Scalar::Bool(*b),
        });
        Ok((moved, results.collect()))
    }
}

fn input<N: adit_interp::ir::Number>(slot: &Slot, lift: &dyn Fn(f64) -> N) -> Input<N> {
    match slot {
        Slot::Scalar(Scalar::F64(x)) => Input::Scalar(Cell::F64(lift(*x))),
        Slot::Scalar(Scalar::F32(x)) => Input::Scalar(Cell::F32(lift(f64::from(*x)))),
        Slot::Scalar(s) => Input::Scalar(Cell::from_real(*s)),
        Slot::Array(_, a) => {
            let data = match &a.data {
                Data::F64(x) => Elements::F64(x.iter().map(|x| lift(*x)).collect()),
                Data::F32(x) => Elements::F32(x.iter().map(|x| lift(f64::from(*x))).collect()),
                Data::I64(x) => Elements::I64(x.clone()),
                Data::Bool(x) => Elements::Bool(x.clone()),
            };
            let dims = a.dims.iter().map(|&d| i64::try_from(d).unwrap_or(i64::MAX)).collect();
            Input::Array(Cells { dims, data })
        }
    }
}

fn for_each_float(input: &mut Input<Complex64>, change: &mut dyn FnMut(&mut Complex64)) {
    match input {
        Input::Scalar(Cell::F64(z) | Cell::F32(z)) => change(z),
        Input::Array(Cells { data: Elements::F64(x) | Elements::F32(x), .. }) => x.iter_mut().for_each(change),
        Input::Scalar(_) | Input::Array(_) => {}
    }
}

fn take_imaginary(slot: &mut Slot, input: &Input<Complex64>) {
    match (slot, input) {
        (Slot::Scalar(Scalar::F64(x)), Input::Scalar(Cell::F64(z))) => *x = z.im / STEP,
        (Slot::Scalar(Scalar::F32(x)), Input::Scalar(Cell::F32(z))) => *x = (z.im / STEP) as f32,
        (Slot::Array(_, a), Input::Array(Cells { data: Elements::F64(from) | Elements::F32(from), .. })) => {
            a.data = Data::floats(a.data.element(), from.iter().map(|z| z.im / STEP));
        }
        (Slot::Scalar(_) | Slot::Array(..), _) => {}
    }
}

/// The value by every engine that has one, and what was printed.
pub(super) fn values(subject: &Subject<'_>, notes: &mut Vec<String>) -> Result<Vec<(&'static str, Flat, Output)>> {
    let f = subject.function;
    let mut out = Vec::new();
    out.extend(tree::value(subject, notes));
    let written = Machine::new(f, &Derivative::Primal, 0)?;
    note_kinks(subject, &written, notes)?;
    for (name, machine) in [("IR as written", written), ("IR cleaned up", Machine::new(f, &Derivative::Primal, 1)?)] {
        let mut frame = subject.frame.clone();
        let mut output = Output::default();
        let results = machine.run_printing(&mut frame, &mut |line| output.add(line))?;
        out.push((name, Flat::of(f, &frame, &results), output));
    }
    let (sink, output) = Output::sink();
    let mut frame = subject.frame.clone();
    let results = f.strict(Some(sink))?.run(&Derivative::Primal, &mut frame)?;
    out.push(("machine code", Flat::of(f, &frame, &results), output()));
    Ok(out)
}

fn note_kinks(subject: &Subject<'_>, machine: &Machine<'_>, notes: &mut Vec<String>) -> Result<()> {
    let (_, outcome) = machine.run_cells(&subject.frame, &|x| x)?;
    if outcome.nearest_kink < NEAR {
        let sources = subject.function.sources();
        let place = sources.position(outcome.nearest_kink_at);
        let text = sources.snippet(outcome.nearest_kink_at).unwrap_or_default();
        let place = place.map_or_else(String::new, |p| format!(" at line {}, `{text}`", p.line));
        notes.push(format!(
            "a kink or the border of a branch is {:.1e} away{place}: engines may differ there",
            outcome.nearest_kink
        ));
    }
    Ok(())
}

pub(super) fn first_message(error: &Error) -> String {
    error.diagnostics().first().map_or_else(String::new, |d| d.message.clone())
}

/// Whether the function, or one that it calls, contains a derivative.
pub(super) fn contains_derivatives(f: &Function) -> bool {
    let derives = |(unit, id): (&Arc<Unit>, FuncId)| {
        pipeline::reachable(&unit.ir, id).iter().any(|&id| unit.ir.function(id).derived.is_some())
    };
    f.program().is_ok_and(derives)
}

/// The derivative along each direction, by every engine.
pub(super) fn derivatives(
    subject: &Subject<'_>,
    directions: &Directions,
    notes: &mut Vec<String>,
) -> Result<Vec<(&'static str, Vec<f64>)>> {
    let mut out = Vec::new();
    let reverse: [Engine<'_>; 3] = [
        ("reverse", &|| reverse_compiled(subject)),
        ("reverse, interpreted", &|| reverse_interpreted(subject, 1)),
        ("reverse as written", &|| reverse_interpreted(subject, 0)),
    ];
    for (name, gradient) in reverse {
        match gradient() {
            Ok(gradient) => out.push((name, directions.components(gradient))),
            Err(e) if e.kind() == ErrorKind::Compile => {
                notes.push(format!("reverse mode is left out: {}", first_message(&e)));
                break;
            }
            Err(e) => return Err(e),
        }
    }
    match directions.each(|d| forward_compiled(subject, d)) {
        Ok(forward) => {
            out.push(("forward", forward));
            let machine = Machine::new(subject.function, &forward_of(subject), 0)?;
            out.push(("forward as written", directions.each(|d| forward_interpreted(subject, &machine, d))?));
        }
        Err(e) if e.kind() == ErrorKind::Compile && !out.is_empty() => {
            notes.push(format!("forward mode is left out: {}", first_message(&e)));
        }
        Err(e) => return Err(e),
    }
    out.extend(tree::derivatives(subject, directions, notes));
    bodies(subject, directions, &mut out, notes)?;
    let machine = Machine::new(subject.function, &Derivative::Primal, 0)?;
    let complex = match directions.each(|d| complex_step(subject, &machine, d)) {
        Ok(complex) => complex,
        Err(e) if e.diagnostics().iter().all(|d| d.code.0 == "AD0815") => {
            notes.push(format!("the complex step is left out: {}", first_message(&e)));
            return Ok(out);
        }
        Err(e) => return Err(e),
    };
    let other = out.last().map_or(&[][..], |(_, columns)| columns);
    match subject.excuse(&complex, other) {
        Some(note) => notes.push(note),
        None => out.push(("complex step", complex)),
    }
    Ok(out)
}

/// What functions with derivative rules have for derivatives by their own bodies. On a kink rules may follow other conventions, but beside it both are the same.
fn bodies(
    subject: &Subject<'_>,
    directions: &Directions,
    out: &mut Vec<(&'static str, Vec<f64>)>,
    notes: &mut Vec<String>,
) -> Result<()> {
    let Some(unit) = without_rules(subject.function)? else { return Ok(()) };
    let options = Options { opt: 0, ..subject.function.options().clone() };
    let derivative = Derivative::Jvp(subject.active.clone(), 1);
    let (_, id) = subject.function.program()?;
    let machine = pipeline::derive(&unit, id, &derivative, &options)
        .map(|derived| Machine { function: subject.function, derived });
    let found = machine.and_then(|machine| {
        let columns = directions.each(|d| forward_interpreted(subject, &machine, d))?;
        Ok((machine, columns))
    });
    let (machine, columns) = match found {
        Ok(found) => found,
        Err(e) => {
            let why = first_message(&e);
            notes.push(format!("derivative rules are not compared with the bodies of their functions: {why}"));
            return Ok(());
        }
    };
    let differs = out.iter().any(|(_, other)| difference(&columns, other).0 > subject.tolerance);
    if differs && subject.on_kink.is_some() && same_beside(subject, &machine, directions) {
        notes
            .push("derivative rules differ from the bodies of their functions on a kink, but not beside it".to_owned());
        return Ok(());
    }
    out.push(("forward, rules left aside", columns));
    Ok(())
}

/// The program without the rules of its functions, if there are any.
fn without_rules(function: &Function) -> Result<Option<Unit>> {
    let (unit, id) = function.program()?;
    let reached = pipeline::reachable(&unit.ir, id);
    let ruled = |id: &FuncId| !unit.ir.rules(*id).is_empty() && unit.ir.function(*id).external.is_none();
    let ruled: Vec<FuncId> = reached.into_iter().filter(ruled).collect();
    if ruled.is_empty() {
        return Ok(None);
    }
    let mut ir = unit.ir.clone();
    ruled.into_iter().for_each(|id| ir.set_rules(id, adit_ir::Rules::default()));
    Ok(Some(Unit { sources: unit.sources.clone(), file: unit.file, program: unit.program.clone(), ir }))
}

/// Whether forward mode gives the same with rules and without, a little beside the point.
fn same_beside(subject: &Subject<'_>, bodies: &Machine<'_>, directions: &Directions) -> bool {
    let at = subject.beside();
    let along = |machine: &Machine<'_>| directions.each(|d| forward_interpreted_at(subject, machine, at.clone(), d));
    let ruled = Machine::new(subject.function, &forward_of(subject), 0).and_then(|machine| along(&machine));
    match (ruled, along(bodies)) {
        (Ok(a), Ok(b)) => difference(&a, &b).0 <= subject.tolerance,
        _ => false,
    }
}

/// The reverse derivative, in which rules of one mode serve the other.
fn reverse_of(subject: &Subject<'_>) -> Derivative {
    subject.function.served(Derivative::Vjp(subject.active.clone()))
}

/// The forward one, likewise.
fn forward_of(subject: &Subject<'_>) -> Derivative {
    subject.function.served(Derivative::Jvp(subject.active.clone(), 1))
}

fn reverse_compiled(subject: &Subject<'_>) -> Result<Vec<f64>> {
    let mut frame = subject.reverse_frame()?;
    let results = subject.function.run_quietly(&reverse_of(subject), &mut frame)?;
    Ok(subject.function.shape().gradient(&frame, &results, &subject.active).floats())
}

fn reverse_interpreted(subject: &Subject<'_>, opt: u8) -> Result<Vec<f64>> {
    let machine = Machine::new(subject.function, &reverse_of(subject), opt)?;
    let mut frame = subject.reverse_frame()?;
    let results = machine.run(&mut frame)?;
    Ok(subject.function.shape().gradient(&frame, &results, &subject.active).floats())
}

fn forward_compiled(subject: &Subject<'_>, along: &[f64]) -> Result<f64> {
    let mut frame = subject.forward_frame(along);
    let results = subject.function.run_quietly(&forward_of(subject), &mut frame)?;
    Ok(subject.combined(&subject.function.shape().tangent(&frame, &results, &subject.active, Lane::ONLY)))
}

fn forward_interpreted(subject: &Subject<'_>, machine: &Machine<'_>, along: &[f64]) -> Result<f64> {
    forward_interpreted_at(subject, machine, subject.frame.clone(), along)
}

fn forward_interpreted_at(subject: &Subject<'_>, machine: &Machine<'_>, at: Frame, along: &[f64]) -> Result<f64> {
    let mut frame = subject.forward_frame_at(at, along);
    let results = machine.run(&mut frame)?;
    Ok(subject.combined(&subject.function.shape().tangent(&frame, &results, &subject.active, Lane::ONLY)))
}

fn complex_step(subject: &Subject<'_>, machine: &Machine<'_>, along: &[f64]) -> Result<f64> {
    let (frame, results) = machine.complex_step(&subject.frame, &subject.active, along)?;
    Ok(subject.combined(&subject.function.shape().outcome(&frame, &results).value))
}

/// ⟨w, J d⟩ and ⟨Jᵀ w, d⟩; nothing where a mode is refused.
pub(super) fn inner_product(subject: &Subject<'_>) -> Result<Option<[Named; 2]>> {
    let gradient = match reverse_compiled(subject) {
        Ok(gradient) => gradient,
        Err(e) if e.kind() == ErrorKind::Compile => return Ok(None),
        Err(e) => return Err(e),
    };
    let mut random = Random(3);
    let along: Vec<f64> = gradient.iter().map(|_| random.next()).collect();
    let forward = match forward_compiled(subject, &along) {
        Ok(forward) => forward,
        Err(e) if e.kind() == ErrorKind::Compile => return Ok(None),
        Err(e) => return Err(e),
    };
    // Cancellation is measured against the size of what cancels.
    let size = along.iter().zip(&gradient).map(|(d, g)| (d * g).abs()).fold(1.0, f64::max);
    let scaled = |x: f64| vec![x, if size.is_finite() { size } else { 1.0 }];
    Ok(Some([("<w, J d>, forward", scaled(forward)), ("<J^T w, d>, reverse", scaled(dot(&along, &gradient)))]))
}
