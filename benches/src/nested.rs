//! Derivatives within derivatives: every example with three operators around its function.
//!
//! In: the programs of `examples/`. Out: programs with one function more, `deep`, and the milliseconds from source text to its machine code. Which parameters are differentiated is chosen so that derivatives go through all of the
//! example; the others are captured.
//!
//! ```text
//! fn deep(v: [f64; n], y: [f64; n]) -> [f64; n] { grad(|c| sum(grad(|b| sum(grad(|a: [f64; n]| loss(a, y))(b)))(c)))(v) }
//! ```

use crate::Result;
use adit::Engine;
use adit::bench::clock::once;

/// An example, and how its function is written as one of `v` alone.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The file's name.
    pub name: &'static str,
    source: &'static str,
    /// The type of `v`.
    ty: &'static str,
    /// The other parameters of `deep`.
    others: &'static str,
    /// The call.
    call: &'static str,
    /// How many operators are put around it: three less those that the example has.
    depth: usize,
}

/// The operators, by which a function of `v` and its type become a number or an array.
pub const OPERATORS: [&str; 3] = ["grad of grad of grad", "Hessian of grad", "hvp of grad"];

macro_rules! example {
    ($name:literal, $ty:literal, $others:literal, $call:literal, $depth:literal) => {
        Example {
            name: $name,
            source: include_str!(concat!("../../examples/", $name, ".ad")),
            ty: $ty,
            others: $others,
            call: $call,
            depth: $depth,
        }
    };
}

/// All of them.
#[rustfmt::skip]
pub const EXAMPLES: [Example; 17] = [
    example!("ba", "[f64; n, 11]", ", points: [f64; m, 3], weights: [f64; p], features: [f64; p, 2]", "squared_error(v, points, weights, features)", 3),
    example!("control_flow", "[f64; n]", "", "control_flow(v)", 3),
    example!("gaussian_process", "[f64; 3]", ", x: [f64; n], y: [f64; n]", "evidence(x, y, v[0], v[1], v[2])", 3),
    example!("gmm", "[f64; k, d]", ", alpha: [f64; k], mu: [f64; k, d], l: [f64; k, d * (d - 1) / 2], x: [f64; n, d]", "log_likelihood(alpha, mu, v, l, x, 1.0, 0)", 3),
    example!("hidden_markov", "[f64; k, k]", ", mu: [f64; k], sigma: [f64; k], y: [f64; t]", "forward(v, mu, sigma, y)", 3),
    example!("kalman", "[f64; d, d]", ", H: [f64; k, d], Q: [f64; d, d], R: [f64; k, k], x0: [f64; d], P0: [f64; d, d], y: [f64; t, k]", "log_likelihood(v, H, Q, R, x0, P0, y)", 3),
    example!("kmeans", "[f64; k, d]", ", points: [f64; n, d]", "cost(v, points)", 3),
    example!("linreg", "[f64; 3]", ", x: [f64; n], y: [f64; n]", "neg_log_posterior(Params { alpha: v[0], beta: v[1], sigma: v[2] }, x, y)", 3),
    example!("lstm", "[f64; rows, b]", ", main: [f64; rows, 4 * b], extra: [f64; 3, b], text: [f64; c, b]", "loss(main, extra, v, text)", 3),
    example!("mlp", "[f64; h, d]", ", net: Net<d, h, k>, x: [f64; n, d], y: [f64; n]", "{ let mut m = net; m.w1 = v; loss(m, x, y) }", 3),
    example!("nested_optimisation", "[f64; 2]", "", "optimum(v)", 1),
    example!("newton_sqrt", "f64", "", "newton_sqrt(v)", 3),
    example!("nice_function", "f64", "", "nice_function(v)", 3),
    example!("recurrence", "f64", ", p: f64, steps: i64", "last(v, p, steps)", 3),
    example!("skinned_mesh", "[f64; k]", ", bones: [f64; k, 3, 4], w: [f64; n, k], p: [f64; n, 3], target: [f64; n, 3]", "energy(v, bones, w, p, target)", 3),
    example!("softmax_regression", "[f64; k, d]", ", b: [f64; k], x: [f64; n, d], class: [i64; n], ridge: f64", "loss(v, b, x, class, ridge)", 3),
    example!("test_function", "[f64; n]", "", "test_function(v)", 3),
];

impl Example {
    /// The program with one of [`OPERATORS`].
    pub fn program(&self, operator: usize) -> String {
        let Example { source, ty, others, call, depth, .. } = self;
        let total = if *ty == "f64" { "" } else { "sum" };
        let of = |function: String, at: &str| format!("{total}(grad({function})({at}))");
        let f = format!("|v: {ty}| {call}");
        let deep = match (operator, depth) {
            (_, 1) => of(f, "v"),
            (0, _) => {
                of(format!("|v_outer: {ty}| {}", of(format!("|v_inner: {ty}| {}", of(f, "v_inner")), "v_outer")), "v")
            }
            (1, _) => format!("{total}(hessian(|v_inner: {ty}| {})(v))", of(f, "v_inner")),
            (_, _) => format!("{total}(hvp(|v_inner: {ty}| {}, v, v))", of(f, "v_inner")),
        };
        format!("{source}\nfn deep(v: {ty}{others}) -> f64 {{ {deep} }}\n")
    }

    /// Milliseconds from source text to machine code, once for each of so many times.
    ///
    /// # Errors
    /// If the program does not compile.
    pub fn compile(&self, operator: usize, repeats: usize) -> Result<Vec<f64>> {
        let program = self.program(operator);
        let once = || {
            let (ms, made) = once(|| {
                let module = Engine::new().compile(&program)?;
                module.function("deep")?.build()
            });
            made.map(|_| ms).map_err(|e| e.to_string())
        };
        (0..repeats).map(|_| once()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_nested_in_every_way() {
        for example in EXAMPLES {
            for (operator, name) in OPERATORS.iter().enumerate() {
                let module = Engine::new().compile(&example.program(operator));
                assert!(
                    module.is_ok(),
                    "{}, {}: {}",
                    example.name,
                    name,
                    module.err().map_or(String::new(), |e| e.render(false))
                );
            }
        }
    }
}
