//! Runs programs and their derivatives, and relates them.
//!
//! In: a module, a function, a point. Out: nothing, or what does not hold. [`relations`] holds for *any* function, derivatives included, so calling it on a derivative of
//! order k tests order k + 1.

use crate::lanes;
use crate::programs::Arg;
use adit_autodiff::{AdOpts, Mutant, Options, jvp, vjp_with};
use adit_diag::FileId;
use adit_interp::ir::{Array, Cell, Data, Input, Interpreter, Number, Outcome};
use adit_ir::{FuncId, Limits, Module, Passing, Scalar, ScalarType, Type, verify};
use num_complex::Complex64;

/// A reproducible stream of numbers in −1..1.
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// One of the first `n` integers.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.number() + 1.0) / 2.0 * n as f64) as usize % n
    }

    pub fn number(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// The module of a text, which must verify.
pub fn read(text: &str) -> Module {
    adit_reader::read_verified(FileId(0), text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

/// Arguments as the interpreter takes them; dimensions are those of the parameter's type where literal.
pub fn inputs(module: &Module, f: FuncId, args: &[Arg]) -> Vec<Input<f64>> {
    let f = module.function(f);
    let array = |v: adit_ir::Value, data: Data<f64>, len: usize| {
        let dims = &f.ty(v).array().expect("arrays go to arrays").dims;
        let literal: Option<Vec<i64>> = dims.iter().map(|d| d.constant()).collect();
        Input::Array(Array { dims: literal.unwrap_or_else(|| vec![len as i64]), data })
    };
    let elements = |v: adit_ir::Value, x: &[f64]| match f.ty(v).array().map(|a| a.element) {
        Some(ScalarType::F32) => Data::F32(x.iter().map(|x| x.single()).collect()),
        _ => Data::F64(x.to_vec()),
    };
    let input = |(p, arg): (&adit_ir::Param, &Arg)| match arg {
        Arg::F(x) if *f.ty(p.value) == Type::F32 => Input::Scalar(Cell::F32(x.single())),
        Arg::F(x) => Input::Scalar(Cell::F64(*x)),
        Arg::I(i) => Input::Scalar(Cell::I64(*i)),
        Arg::V(x) | Arg::Mut(x) => array(p.value, elements(p.value, x), x.len()),
        Arg::Is(x) => array(p.value, Data::I64(x.clone()), x.len()),
        Arg::Matrix(dims, x) => Input::Array(Array { dims: dims.to_vec(), data: elements(p.value, x) }),
    };
    f.params.iter().zip(args).map(input).collect()
}

/// Every float parameter.
pub fn all_floats(module: &Module, f: FuncId) -> Vec<bool> {
    let f = module.function(f);
    f.params.iter().map(|p| f.ty(p.value).is_float()).collect()
}

pub fn run(module: &Module, f: FuncId, inputs: &mut [Input<f64>]) -> Result<Outcome<f64>, String> {
    let limits = Limits { memory_bytes: 1 << 24, tape_bytes: None, depth: 1000, steps: Some(1_000_000), threads: 1 };
    let interpreter = Interpreter::new(module, limits);
    interpreter.run_with(f, inputs, &mut |_| {}).map_err(|e| e.to_string())
}

fn run_complex(module: &Module, f: FuncId, inputs: &mut [Input<Complex64>]) -> Result<Outcome<Complex64>, String> {
    let interpreter = Interpreter::new(module, Limits::default());
    interpreter.run_with(f, inputs, &mut |_| {}).map_err(|e| e.to_string())
}

/// The floats of a scalar or an array.
pub fn floats(input: &Input<f64>) -> Vec<f64> {
    match input {
        Input::Scalar(Cell::F64(x) | Cell::F32(x)) => vec![*x],
        Input::Array(Array { data: Data::F64(x) | Data::F32(x), .. }) => x.clone(),
        Input::Scalar(Cell::I64(_) | Cell::Bool(_)) | Input::Array(_) => Vec::new(),
    }
}

/// A random tangent or seed of the shape of `like`.
fn random_like(like: &Input<f64>, random: &mut Random) -> Input<f64> {
    match like {
        Input::Scalar(Cell::F32(_)) => Input::Scalar(Cell::F32(random.number().single())),
        Input::Scalar(_) => Input::Scalar(Cell::F64(random.number())),
        Input::Array(a) => {
            let numbers = floats(like).iter().map(|_| random.number()).collect();
            Input::Array(Array { dims: a.dims.clone(), data: data_like(&a.data, numbers) })
        }
    }
}

/// Numbers as elements of the same type.
pub fn data_like(like: &Data<f64>, numbers: Vec<f64>) -> Data<f64> {
    match like {
        Data::F32(_) => Data::F32(numbers.into_iter().map(Number::single).collect()),
        Data::F64(_) | Data::I64(_) | Data::Bool(_) => Data::F64(numbers),
    }
}

pub fn zero_like(like: &Input<f64>) -> Input<f64> {
    match like {
        Input::Scalar(Cell::F32(_)) => Input::Scalar(Cell::F32(0.0)),
        Input::Scalar(_) => Input::Scalar(Cell::F64(0.0)),
        Input::Array(a) => {
            let data = data_like(&a.data, vec![0.0; floats(like).len()]);
            Input::Array(Array { dims: a.dims.clone(), data })
        }
    }
}

pub fn float_results(results: &[Cell<f64>]) -> Vec<f64> {
    let float = |c: &Cell<f64>| match c {
        Cell::F64(x) | Cell::F32(x) => Some(*x),
        Cell::I64(_) | Cell::Bool(_) => None,
    };
    results.iter().filter_map(float).collect()
}

pub fn bits<T: std::fmt::Debug>(what: &T) -> String {
    format!("{what:?}").replace("-NaN", "NaN")
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "products pair what has one shape");
    a.iter().zip(b).map(|(x, y)| if *x == 0.0 || *y == 0.0 { 0.0 } else { x * y }).sum()
}

fn magnitude(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| if *x == 0.0 || *y == 0.0 { 0.0 } else { (x * y).abs() }).sum()
}

thread_local! {
    /// How far from each other close numbers are.
    static TOLERANCE: std::cell::Cell<f64> = const { std::cell::Cell::new(1e-9) };
}

/// Compares, in `run`, as rounding to `f32` allows.
pub fn single<T>(run: impl FnOnce() -> T) -> T {
    TOLERANCE.set(1e-4);
    let out = run();
    TOLERANCE.set(1e-9);
    out
}

pub fn close(a: f64, b: f64, scale: f64) -> bool {
    let finite = a.is_finite() && b.is_finite();
    a == b || (a.is_nan() && b.is_nan()) || (finite && (a - b).abs() <= TOLERANCE.get() * (a.abs() + b.abs() + scale))
}

/// Directions: one tangent per float parameter.
pub fn directions(point: &[Input<f64>], active: &[bool], random: &mut Random) -> Vec<Input<f64>> {
    point.iter().zip(active).filter(|(_, a)| **a).map(|(x, _)| random_like(x, random)).collect()
}

/// What a function gives at a point, in the direction of tangents: results, `mut` arrays, and the tangents of both.
struct Forward {
    tangents: Vec<f64>,
    lent: Vec<Vec<f64>>,
}

pub fn lent(module: &Module, f: FuncId) -> Vec<bool> {
    let f = module.function(f);
    let lent = |p: &adit_ir::Param| p.passing == Passing::Mut && f.ty(p.value).is_float();
    f.params.iter().map(lent).collect()
}

fn forward(
    module: &Module,
    f: FuncId,
    g: FuncId,
    point: &[Input<f64>],
    tangents: &[Input<f64>],
) -> Result<Forward, String> {
    let mut args: Vec<Input<f64>> = point.iter().chain(tangents).cloned().collect();
    let outcome = run(module, g, &mut args)?;
    let mut plain = point.to_vec();
    let primal = run(module, f, &mut plain)?;
    let count = primal.results.len();
    if bits(&outcome.results[..count].to_vec()) != bits(&primal.results) {
        return Err("jvp changes the primal results".into());
    }
    if outcome.records_left != primal.records_left {
        return Err("jvp leaves records on its tapes".into());
    }
    let active = all_floats(module, f);
    let of_param = active.iter().zip(lent(module, f)).filter(|(a, _)| **a).map(|(_, lent)| lent);
    let shadows = args[point.len()..].iter().zip(of_param).filter(|(_, lent)| *lent);
    let tangents = float_results(&outcome.results[count..]);
    Ok(Forward { tangents, lent: shadows.map(|(shadow, _)| floats(shadow)).collect() })
}

/// The complex step: the same, by an oracle that knows nothing of derivatives.
fn complex_step(
    module: &Module,
    f: FuncId,
    point: &[Input<f64>],
    tangents: &[Input<f64>],
) -> Result<(Vec<f64>, Vec<Vec<f64>>), String> {
    const H: f64 = 1e-100;
    let active = all_floats(module, f);
    let mut tangents = tangents.iter();
    let mut shifted: Vec<Input<Complex64>> = Vec::new();
    for (x, &active) in point.iter().zip(&active) {
        let tangent = if active { tangents.next().cloned().expect("one per active parameter") } else { zero_like(x) };
        shifted.push(shift(x, &floats(&tangent), H));
    }
    let outcome = run_complex(module, f, &mut shifted)?;
    let imaginary = |c: &Cell<Complex64>| match c {
        Cell::F64(z) | Cell::F32(z) => Some(z.im / H),
        Cell::I64(_) | Cell::Bool(_) => None,
    };
    let results = outcome.results.iter().filter_map(imaginary).collect();
    let arrays = shifted.iter().zip(lent(module, f)).filter(|(_, lent)| *lent).map(|(x, _)| match x {
        Input::Array(Array { data: Data::F64(x) | Data::F32(x), .. }) => x.iter().map(|z| z.im / H).collect(),
        Input::Array(_) | Input::Scalar(_) => Vec::new(),
    });
    Ok((results, arrays.collect()))
}

fn shift(x: &Input<f64>, tangent: &[f64], h: f64) -> Input<Complex64> {
    let z = |(x, t): (&f64, &f64)| Complex64::new(*x, h * t);
    match x {
        Input::Scalar(Cell::F64(x)) => Input::Scalar(Cell::F64(z((x, &tangent[0])))),
        Input::Scalar(Cell::F32(x)) => Input::Scalar(Cell::F32(z((x, &tangent[0])))),
        Input::Scalar(Cell::I64(i)) => Input::Scalar(Cell::I64(*i)),
        Input::Scalar(Cell::Bool(b)) => Input::Scalar(Cell::Bool(*b)),
        Input::Array(Array { dims, data }) => {
            let data = match data {
                Data::F64(x) => Data::F64(x.iter().zip(tangent).map(z).collect()),
                Data::F32(x) => Data::F32(x.iter().zip(tangent).map(z).collect()),
                Data::I64(x) => Data::I64(x.clone()),
                Data::Bool(x) => Data::Bool(x.clone()),
            };
            Input::Array(Array { dims: dims.clone(), data })
        }
    }
}

/// What reverse mode gives: one adjoint per active parameter, and the seeds that it was given for `mut` arrays.
#[derive(Debug)]
pub struct Reverse {
    pub adjoints: Vec<Vec<f64>>,
    pub results: Vec<Cell<f64>>,
}

/// The bits of the floats of an argument.
fn numbers_of(input: &Input<f64>) -> Vec<u64> {
    floats(input).into_iter().map(f64::to_bits).collect()
}

/// Seeds of the types of the float results.
fn seed_inputs(module: &Module, f: FuncId, seeds: &[f64]) -> Vec<Input<f64>> {
    let floats = module.function(f).results.iter().filter(|ty| ty.is_float());
    floats.zip(seeds).map(|(&ty, &s)| Input::Scalar(Cell::from_real(Scalar::float(ty, s)))).collect()
}

/// Runs a reverse derivative `g` of `f`. `seeds`: one per float result; `lent_seeds`: one per `mut` float array.
pub fn reverse(
    module: &Module,
    f: FuncId,
    g: FuncId,
    point: &[Input<f64>],
    seeds: &[f64],
    lent_seeds: &[Vec<f64>],
) -> Result<Reverse, String> {
    let active = all_floats(module, f);
    let is_lent = lent(module, f);
    let mut args: Vec<Input<f64>> = point.to_vec();
    let mut next_lent = lent_seeds.iter();
    let is_array = |i: usize| matches!(point[i], Input::Array(_));
    let arrays: Vec<usize> = (0..point.len()).filter(|&i| active[i] && is_array(i)).collect();
    for &i in &arrays {
        let mut shadow = zero_like(&point[i]);
        if let (true, Input::Array(a)) = (is_lent[i], &mut shadow) {
            a.data = data_like(&a.data, next_lent.next().cloned().expect("one per lent array"));
        }
        args.push(shadow);
    }
    args.extend(seed_inputs(module, f, seeds));
    let outcome = run(module, g, &mut args)?;
    if outcome.records_left != 0 {
        return Err("vjp leaves records on its tapes".into());
    }
    let mut after = point.to_vec();
    run(module, f, &mut after)?;
    if after.iter().zip(&args).any(|(a, b)| numbers_of(a) != numbers_of(b)) {
        return Err("vjp leaves other contents".into());
    }
    let primal = module.function(f).results.len();
    let mut scalars = float_results(&outcome.results[primal..]).into_iter();
    let mut shadows = args[point.len()..].iter();
    let adjoint = |i: usize| match point[i] {
        Input::Array(_) => shadows.next().map(floats).expect("one per active array"),
        Input::Scalar(_) => scalars.next().into_iter().collect(),
    };
    let adjoints = (0..point.len()).filter(|&i| active[i]).map(adjoint).collect();
    Ok(Reverse { adjoints, results: outcome.results[..primal].to_vec() })
}

/// Reverse mode without optimisations.
pub fn level_0() -> Options {
    Options { opts: AdOpts::NONE, ..Options::default() }
}

/// Level 0, and all optimisations.
pub fn plans() -> [Options; 2] {
    [level_0(), Options::default()]
}

/// A seeded bug, with the optimisation that it breaks, or at level 0.
pub fn bug(mutant: Mutant) -> Options {
    let opts = mutant.of().map_or(AdOpts::NONE, |opt| AdOpts::NONE.with(opt));
    Options { mutant: Some(mutant), opts, ..Options::default() }
}

/// The derivatives of `f` for all its float parameters, in a module that still verifies and reads back.
pub fn derivatives(module: &mut Module, f: FuncId, options: &Options) -> (FuncId, FuncId) {
    let active = all_floats(module, f);
    let forward = jvp(module, f, &active).expect("within limits");
    let reverse = vjp_with(module, f, &active, options).expect("no calls, within limits");
    if let Err(violations) = verify(module) {
        let text = adit_ir::print::print_function(module, module.function(reverse));
        panic!("{}\n{text}", violations[0]);
    }
    (forward, reverse)
}

/// A function and arguments for it.
type AtPoint = (FuncId, Vec<Input<f64>>);

/// Checks `f` at a point: jvp against the complex step, several lanes of it against one, and ⟨ȳ, J ẋ⟩ = ⟨Jᵀ ȳ, ẋ⟩. Gives jvp and vjp with points to check them at in turn.
pub fn relations(
    module: &mut Module,
    f: FuncId,
    point: &[Input<f64>],
    random: &mut Random,
    options: &Options,
) -> Result<[AtPoint; 2], String> {
    let (jvp, vjp) = derivatives(module, f, options);
    lanes::agree(module, f, point, random, options)?;
    let active = all_floats(module, f);
    let tangents = directions(point, &active, random);
    let given = forward(module, f, jvp, point, &tangents)?;
    let (results, arrays) = complex_step(module, f, point, &tangents)?;
    let pairs = given.tangents.iter().chain(given.lent.iter().flatten());
    for (&a, &b) in pairs.zip(results.iter().chain(arrays.iter().flatten())) {
        if !close(a, b, 1e-3) && a.is_finite() && b.is_finite() {
            return Err(format!("jvp gives {a}, the complex step {b}"));
        }
    }

    let seeds: Vec<f64> = given.tangents.iter().map(|_| random.number()).collect();
    let lent_seeds: Vec<Vec<f64>> = given.lent.iter().map(|a| a.iter().map(|_| random.number()).collect()).collect();
    let back = reverse(module, f, vjp, point, &seeds, &lent_seeds)?;
    let primal = run(module, f, &mut point.to_vec())?;
    if bits(&back.results) != bits(&primal.results) {
        return Err("vjp changes the primal results".into());
    }
    let outputs: Vec<f64> = given.tangents.iter().chain(given.lent.iter().flatten()).copied().collect();
    let cotangents: Vec<f64> = seeds.iter().chain(lent_seeds.iter().flatten()).copied().collect();
    let adjoints: Vec<f64> = back.adjoints.concat();
    let directions: Vec<f64> = tangents.iter().flat_map(floats).collect();
    let (left, right) = (dot(&cotangents, &outputs), dot(&adjoints, &directions));
    let scale = magnitude(&cotangents, &outputs) + magnitude(&adjoints, &directions) + 1e-6;
    if !close(left, right, scale) && left.is_finite() {
        return Err(format!("forward mode gives {left}, reverse mode {right}"));
    }

    let jvp_point = point.iter().chain(&tangents).cloned().collect();
    let mut vjp_point = point.to_vec();
    vjp_point.extend(shadow_points(point, &active, random));
    vjp_point.extend(seed_inputs(module, f, &seeds));
    Ok([(jvp, jvp_point), (vjp, vjp_point)])
}

fn shadow_points(point: &[Input<f64>], active: &[bool], random: &mut Random) -> Vec<Input<f64>> {
    let arrays = point.iter().zip(active).filter(|(x, a)| **a && matches!(x, Input::Array(_)));
    arrays.map(|(x, _)| random_like(x, random)).collect()
}

/// Checks `f`, its derivatives, theirs, and so on: `order` levels.
pub fn relations_to_order(
    module: &mut Module,
    f: FuncId,
    point: &[Input<f64>],
    order: usize,
    random: &mut Random,
    options: &Options,
) -> Result<(), String> {
    let next = relations(module, f, point, random, options).map_err(|e| name_of(module, f, &e))?;
    if order > 1 {
        for (g, point) in next {
            relations_to_order(module, g, &point, order - 1, random, options)?;
        }
    }
    Ok(())
}

fn name_of(module: &Module, f: FuncId, error: &str) -> String {
    format!("{}: {error}", module.function(f).name)
}
