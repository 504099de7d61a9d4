//! The problems: programs of `examples/` and [unseen] ones, with arguments of a fixed size and what they are differentiated by.
//!
//! In: nothing. Out: [`all`], the list that every bench goes through. A problem never changes to suit the compiler.

use crate::numbers::Numbers;
use crate::{Result, unseen};
use adit::bench::{At, Steady, What};
use adit::{Array, Data, Engine, Function, Value};

/// A program with arguments.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The program's name: `examples/NAME.ad` or `unseen/NAME.ad`, and `peers/NAME.c`.
    pub name: &'static str,
    /// Its size, in words.
    pub size: &'static str,
    /// Its text.
    pub source: &'static str,
    /// The function measured.
    pub function: &'static str,
    /// The parameters that it is differentiated by; empty means all.
    pub wrt: &'static [&'static str],
    /// Sizes of the arguments, as the peer wants them.
    pub sizes: Vec<usize>,
    /// Its arguments.
    pub args: Vec<Value>,
    /// What value and gradient may cost at most, in primals.
    pub most: Option<f64>,
}

/// Of a loss that only maps and sums.
const MAP_REDUCE: Option<f64> = Some(2.5);

/// Of a recurrence.
const RECURRENCE: Option<f64> = Some(3.5);

/// Of anything else.
const OTHER: Option<f64> = Some(4.0);

impl Problem {
    /// Name and size.
    pub fn title(&self) -> String {
        format!("{} {}", self.name, self.size).trim_end().to_string()
    }

    /// Compiles the source; no machine code is made yet.
    ///
    /// # Errors
    /// If the program does not compile.
    pub fn compile(&self) -> Result<Function> {
        self.compile_by(&Engine::new())
    }

    /// Compiles the source with the options of an engine.
    ///
    /// # Errors
    /// If the program does not compile.
    pub fn compile_by(&self, engine: &Engine) -> Result<Function> {
        let module = engine.compile(self.source).map_err(|e| e.to_string())?;
        module.function(self.function).map_err(|e| e.to_string())
    }

    /// A call at its arguments, to be repeated.
    ///
    /// # Errors
    /// If it does not compile.
    pub fn steady(&self, f: &Function, what: What) -> Result<Steady> {
        Steady::new(f, what, At { args: &self.args, wrt: self.wrt }).map_err(|e| e.to_string())
    }

    /// All floats of the arguments, in order.
    pub fn floats(&self) -> Vec<f64> {
        self.args.iter().flat_map(Value::floats).collect()
    }
}

/// Every problem, small ones first; then the [unseen] ones.
pub fn all() -> Vec<Problem> {
    let mut all = vec![
        newton_sqrt(),
        linreg("n=20", line(20)),
        linreg("n=150", iris()),
        linreg("n=1000", line(1000)),
        over_uniforms("test_function", include_str!("../../examples/test_function.ad")),
        over_uniforms("control_flow", include_str!("../../examples/control_flow.ad")),
        mlp(),
        softmax_regression(),
        kmeans(),
        gmm("d=2, k=5, n=1000", (2, 5, 1000)),
        gmm("d=10, k=25, n=1000", (10, 25, 1000)),
        lstm(),
        ba(),
        recurrence(),
        hidden_markov(),
        kalman(),
        gaussian_process(),
        skinned_mesh(),
        nested_optimisation(),
    ];
    all.extend(unseen::all());
    all
}

fn newton_sqrt() -> Problem {
    let source = include_str!("../../examples/newton_sqrt.ad");
    let args = vec![2.0.into()];
    let most = OTHER;
    Problem { name: "newton_sqrt", size: "", source, function: "newton_sqrt", wrt: &[], sizes: vec![], args, most }
}

/// Points near a line.
fn line(n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut numbers = Numbers::new(20);
    let x = numbers.normals(n, 1.0);
    let y = x.iter().map(|x| 0.5 - 0.5 * x + 2.0 * numbers.normal()).collect();
    (x, y)
}

/// Petal length and petal width of Fisher's irises.
fn iris() -> (Vec<f64>, Vec<f64>) {
    let mut lines = include_str!("../../examples/data/iris.csv").lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column = |name: &str| header.iter().position(|&h| h == name).unwrap_or(usize::MAX);
    let (length, width) = (column("petal_length"), column("petal_width"));
    let number = |cells: &[&str], at: usize| cells.get(at).and_then(|c| c.parse::<f64>().ok());
    lines
        .filter_map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            Some((number(&cells, length)?, number(&cells, width)?))
        })
        .unzip()
}

fn linreg(size: &'static str, (x, y): (Vec<f64>, Vec<f64>)) -> Problem {
    let source = include_str!("../../examples/linreg.ad");
    let p = Value::structure([("alpha", 0.3.into()), ("beta", (-0.4).into()), ("sigma", 1.7.into())]);
    let sizes = vec![x.len()];
    let args = vec![p, x.into(), y.into()];
    let most = (sizes[0] >= 1000).then_some(MAP_REDUCE).flatten();
    Problem { name: "linreg", size, source, function: "neg_log_posterior", wrt: &["p"], sizes, args, most }
}

/// A function of a thousand numbers in [0, 1).
fn over_uniforms(name: &'static str, source: &'static str) -> Problem {
    let args = vec![Numbers::new(1000).uniforms(1000).into()];
    Problem { name, size: "n=1000", source, function: name, wrt: &[], sizes: vec![1000], args, most: MAP_REDUCE }
}

/// Arrays of normal numbers from one source.
pub(crate) fn normals(numbers: &mut Numbers, dims: &[usize], scale: f64) -> Value {
    Value::Array(Array::f64(dims, numbers.normals(dims.iter().product(), scale)))
}

/// Ten inputs, two hidden layers of 32, one output, a batch of 64: 1,441 weights and biases.
fn mlp() -> Problem {
    const INPUT: usize = 10;
    const HIDDEN: usize = 32;
    const BATCH: usize = 64;
    let source = include_str!("../../examples/mlp.ad");
    let mut numbers = Numbers::new(1441);
    let mut normals = |dims: &[usize], scale: f64| normals(&mut numbers, dims, scale);
    let net = Value::structure([
        ("w1", normals(&[HIDDEN, INPUT], 0.3)),
        ("b1", normals(&[HIDDEN], 0.1)),
        ("w2", normals(&[HIDDEN, HIDDEN], 0.2)),
        ("b2", normals(&[HIDDEN], 0.1)),
        ("w3", normals(&[HIDDEN], 0.2)),
        ("b3", 0.1.into()),
    ]);
    let args = vec![net, normals(&[BATCH, INPUT], 1.0), normals(&[BATCH], 1.0)];
    let (size, sizes) = ("10-32-32-1, batch 64", vec![INPUT, HIDDEN, HIDDEN, BATCH]);
    Problem { name: "mlp", size, source, function: "loss", wrt: &["net"], sizes, args, most: OTHER }
}

/// A thousand samples of ten numbers, in five classes.
fn softmax_regression() -> Problem {
    const N: usize = 1000;
    const D: usize = 10;
    const K: usize = 5;
    let source = include_str!("../../examples/softmax_regression.ad");
    let mut numbers = Numbers::new(5);
    let mut normals = |dims: &[usize], scale: f64| normals(&mut numbers, dims, scale);
    let (w, b, x) = (normals(&[K, D], 0.5), normals(&[K], 0.5), normals(&[N, D], 1.0));
    let class: Vec<i64> = numbers.uniforms(N).iter().map(|u| (u * K as f64) as i64).collect();
    let args = vec![w, b, x, Value::Array(Array { dims: vec![N], data: Data::I64(class) }), 0.01.into()];
    let (size, sizes, wrt) = ("n=1000, d=10, k=5", vec![N, D, K], &["w", "b"]);
    Problem { name: "softmax_regression", size, source, function: "loss", wrt, sizes, args, most: MAP_REDUCE }
}

/// A thousand points around ten centres, in the plane and one dimension more.
fn kmeans() -> Problem {
    const N: usize = 1000;
    const D: usize = 3;
    const K: usize = 10;
    let source = include_str!("../../examples/kmeans.ad");
    let mut numbers = Numbers::new(10);
    let args = vec![normals(&mut numbers, &[K, D], 2.0), normals(&mut numbers, &[N, D], 2.0)];
    let (size, sizes, wrt) = ("n=1000, d=3, k=10", vec![N, D, K], &["centres"]);
    Problem { name: "kmeans", size, source, function: "cost", wrt, sizes, args, most: MAP_REDUCE }
}

/// A mixture of `k` components in `d` dimensions, at a thousand points.
/// A mixture with so many points that threads are worth waking; no part of [`all`].
pub fn large_gmm() -> Problem {
    gmm("d=2, k=5, n=100,000", (2, 5, 100_000))
}

fn gmm(size: &'static str, (d, k, n): (usize, usize, usize)) -> Problem {
    let source = include_str!("../../examples/gmm.ad");
    let mut numbers = Numbers::new(25);
    let mu = Value::Array(Array::f64(&[k, d], numbers.uniforms(k * d)));
    let mut normals = |dims: &[usize], scale: f64| normals(&mut numbers, dims, scale);
    let alpha = normals(&[k], 1.0);
    let (q, l) = (normals(&[k, d], 1.0), normals(&[k, d * (d - 1) / 2], 1.0));
    let args = vec![alpha, mu, q, l, normals(&[n, d], 1.0), 1.0.into(), 0.into()];
    let (sizes, wrt) = (vec![n, d, k], &["alpha", "mu", "q", "l"]);
    Problem { name: "gmm", size, source, function: "log_likelihood", wrt, sizes, args, most: Some(3.0) }
}

/// Two layers of 14 cells, over 1024 characters.
fn lstm() -> Problem {
    const LAYERS: usize = 2;
    const B: usize = 14;
    const C: usize = 1024;
    let source = include_str!("../../examples/lstm.ad");
    let mut numbers = Numbers::new(14);
    let mut normals = |dims: &[usize], scale: f64| normals(&mut numbers, dims, scale);
    let (main, extra) = (normals(&[2 * LAYERS, 4 * B], 0.5), normals(&[3, B], 0.5));
    let state = normals(&[2 * LAYERS, B], 0.5);
    let text = numbers.uniforms(C * B).iter().map(|&u| f64::from(u8::from(u < 0.5))).collect();
    let args = vec![main, extra, state, Value::Array(Array::f64(&[C, B], text))];
    let (size, sizes, wrt) = ("l=2, c=1024", vec![LAYERS, B, C], &["main", "extra"]);
    Problem { name: "lstm", size, source, function: "loss", wrt, sizes, args, most: RECURRENCE }
}

/// A thousand observations of a hundred points by ten cameras.
fn ba() -> Problem {
    const CAMERAS: usize = 10;
    const POINTS: usize = 100;
    const P: usize = 1000;
    let source = include_str!("../../examples/ba.ad");
    let mut numbers = Numbers::new(11);
    let mut normals = |dims: &[usize], scale: f64| normals(&mut numbers, dims, scale);
    let (cameras, points) = (normals(&[CAMERAS, 11], 0.5), normals(&[POINTS, 3], 1.0));
    let features = normals(&[P, 2], 1.0);
    let weights: Value = numbers.uniforms(P).into();
    let args = vec![cameras, points, weights, features];
    let (size, sizes, wrt) = ("n=10, m=100, p=1000", vec![CAMERAS, POINTS, P], &["cameras", "points", "weights"]);
    Problem { name: "ba", size, source, function: "squared_error", wrt, sizes, args, most: OTHER }
}

/// A hundred thousand steps, so short that the adjoint does not underflow.
fn recurrence() -> Problem {
    const STEPS: usize = 100_000;
    let source = include_str!("../../examples/recurrence.ad");
    let args = vec![0.3.into(), (500.0 / STEPS as f64).into(), (STEPS as i64).into()];
    let (size, sizes, wrt) = ("100,000 steps", vec![STEPS], &[]);
    Problem { name: "recurrence", size, source, function: "last", wrt, sizes, args, most: RECURRENCE }
}

/// Eight states, two hundred observations.
fn hidden_markov() -> Problem {
    const K: usize = 8;
    const T: usize = 200;
    let source = include_str!("../../examples/hidden_markov.ad");
    let mut numbers = Numbers::new(8);
    let (logits, mu) = (normals(&mut numbers, &[K, K], 1.0), normals(&mut numbers, &[K], 2.0));
    let sigma: Vec<f64> = numbers.uniforms(K).iter().map(|u| u + 0.5).collect();
    let args = vec![logits, mu, sigma.into(), normals(&mut numbers, &[T], 2.0)];
    let (size, sizes, wrt) = ("k=8, t=200", vec![K, T], &["logits", "mu", "sigma"]);
    Problem { name: "hidden_markov", size, source, function: "forward", wrt, sizes, args, most: RECURRENCE }
}

/// The identity times a factor.
fn diagonal(n: usize, factor: f64) -> Value {
    let entries = (0..n * n).map(|i| if i % (n + 1) == 0 { factor } else { 0.0 }).collect();
    Value::Array(Array::f64(&[n, n], entries))
}

/// Four hidden numbers, two observed, a hundred times.
fn kalman() -> Problem {
    const D: usize = 4;
    const K: usize = 2;
    const T: usize = 100;
    let source = include_str!("../../examples/kalman.ad");
    let mut numbers = Numbers::new(4);
    let transition = diagonal(D, 0.9);
    let (observed, x0) = (normals(&mut numbers, &[K, D], 1.0), normals(&mut numbers, &[D], 1.0));
    let y = normals(&mut numbers, &[T, K], 1.0);
    let args = vec![transition, observed, diagonal(D, 0.1), diagonal(K, 0.5), x0, diagonal(D, 1.0), y];
    let (size, sizes, wrt) = ("d=4, k=2, t=100", vec![D, K, T], &["F", "H", "Q", "R", "x0", "P0"]);
    Problem { name: "kalman", size, source, function: "log_likelihood", wrt, sizes, args, most: RECURRENCE }
}

/// A series of sixty points.
fn gaussian_process() -> Problem {
    const N: usize = 60;
    let source = include_str!("../../examples/gaussian_process.ad");
    let x: Vec<f64> = (0..N).map(|i| 0.1 * i as f64).collect();
    let y = normals(&mut Numbers::new(60), &[N], 1.0);
    let args = vec![x.into(), y, 0.8.into(), 1.2.into(), 0.3.into()];
    let (size, sizes, wrt) = ("n=60", vec![N], &["ls", "amp", "noise"]);
    Problem { name: "gaussian_process", size, source, function: "evidence", wrt, sizes, args, most: OTHER }
}

/// Five hundred points on eight bones.
fn skinned_mesh() -> Problem {
    const K: usize = 8;
    const N: usize = 500;
    let source = include_str!("../../examples/skinned_mesh.ad");
    let mut numbers = Numbers::new(500);
    let mut normals = |dims: &[usize], scale: f64| normals(&mut numbers, dims, scale);
    let (theta, bones, points) = (normals(&[K], 0.5), normals(&[K, 3, 4], 1.0), normals(&[N, 3], 1.0));
    let args = vec![theta, bones, normals(&[N, K], 0.2), points, normals(&[N, 3], 1.0)];
    let (size, sizes, wrt) = ("k=8, n=500", vec![K, N], &["theta"]);
    Problem { name: "skinned_mesh", size, source, function: "energy", wrt, sizes, args, most: OTHER }
}

/// A minimum of maxima, both by steps along gradients.
fn nested_optimisation() -> Problem {
    let source = include_str!("../../examples/nested_optimisation.ad");
    let args = vec![vec![1.3, 0.8].into()];
    let name = "nested_optimisation";
    Problem { name, size: "", source, function: "optimum", wrt: &[], sizes: vec![], args, most: OTHER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_compiles_and_its_gradient_has_the_size_of_its_parameters() {
        for problem in all() {
            let f = problem.compile().expect("it compiles");
            let gradient = f.gradient().wrt(problem.wrt).at(&problem.args).expect("it runs");
            assert!(gradient.value.as_f64().is_some_and(f64::is_finite), "{}", problem.title());
            let names = f.signature().params.iter().map(|p| p.name.as_str());
            let wanted =
                names.zip(&problem.args).filter(|(name, _)| problem.wrt.is_empty() || problem.wrt.contains(name));
            let wanted: usize = wanted.map(|(_, v)| v.floats().len()).sum();
            assert_eq!(gradient.floats().len(), wanted, "{}", problem.title());
        }
    }
}
