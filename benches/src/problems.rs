//! The problems: programs of `examples/`, with arguments of a fixed size and what they are differentiated by.
//!
//! In: nothing. Out: [`all`], the list that every bench goes through. A problem never changes to suit the compiler.

use crate::Result;
use crate::numbers::Numbers;
use adit::{Array, Engine, Function, Value};

/// A program with arguments.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The program's name: `examples/NAME.ad`, and `peers/NAME.c`.
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
}

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
        let module = Engine::new().compile(self.source).map_err(|e| e.to_string())?;
        module.function(self.function).map_err(|e| e.to_string())
    }

    /// All floats of the arguments, in order.
    pub fn floats(&self) -> Vec<f64> {
        self.args.iter().flat_map(Value::floats).collect()
    }
}

/// Every problem, small ones first.
pub fn all() -> Vec<Problem> {
    vec![
        newton_sqrt(),
        linreg("n=20", line(20)),
        linreg("n=150", iris()),
        linreg("n=1000", line(1000)),
        over_uniforms("test_function", include_str!("../../examples/test_function.ad")),
        over_uniforms("control_flow", include_str!("../../examples/control_flow.ad")),
        mlp(),
    ]
}

fn newton_sqrt() -> Problem {
    let source = include_str!("../../examples/newton_sqrt.ad");
    let args = vec![2.0.into()];
    Problem { name: "newton_sqrt", size: "", source, function: "newton_sqrt", wrt: &[], sizes: vec![], args }
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
    Problem { name: "linreg", size, source, function: "neg_log_posterior", wrt: &["p"], sizes, args }
}

/// A function of a thousand numbers in [0, 1).
fn over_uniforms(name: &'static str, source: &'static str) -> Problem {
    let args = vec![Numbers::new(1000).uniforms(1000).into()];
    Problem { name, size: "n=1000", source, function: name, wrt: &[], sizes: vec![1000], args }
}

/// Ten inputs, two hidden layers of 32, one output, a batch of 64: 1,441 weights and biases.
fn mlp() -> Problem {
    const INPUT: usize = 10;
    const HIDDEN: usize = 32;
    const BATCH: usize = 64;
    let source = include_str!("../../examples/mlp.ad");
    let mut numbers = Numbers::new(1441);
    let mut normals = |dims: &[usize], scale: f64| {
        let n = dims.iter().product();
        Value::Array(Array::f64(dims, numbers.normals(n, scale)))
    };
    let net = Value::structure([
        ("w1", normals(&[HIDDEN, INPUT], 0.3)),
        ("b1", normals(&[HIDDEN], 0.1)),
        ("w2", normals(&[HIDDEN, HIDDEN], 0.2)),
        ("b2", normals(&[HIDDEN], 0.1)),
        ("w3", normals(&[HIDDEN], 0.2)),
        ("b3", 0.1.into()),
    ]);
    let args = vec![net, normals(&[BATCH, INPUT], 1.0), normals(&[BATCH], 1.0)];
    let sizes = vec![INPUT, HIDDEN, HIDDEN, BATCH];
    Problem { name: "mlp", size: "10-32-32-1, batch 64", source, function: "loss", wrt: &["net"], sizes, args }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_compiles_and_its_gradient_has_the_size_of_its_parameters() {
        for problem in all() {
            let f = problem.compile().expect("it compiles");
            let gradient = f.gradient_wrt(&problem.args, problem.wrt, adit::Mode::Reverse).expect("it runs");
            assert!(gradient.value.as_f64().is_some_and(f64::is_finite), "{}", problem.title());
            let wanted = match problem.name {
                "mlp" => 1441,
                "linreg" => 3,
                _ => problem.floats().len(),
            };
            assert_eq!(gradient.floats().len(), wanted, "{}", problem.title());
        }
    }
}
