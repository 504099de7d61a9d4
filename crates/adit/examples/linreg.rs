//! Newton's method on the regression of `examples/linreg.ad`: gradient and Hessian from machine code, a 3 by 3 system solved here.
//!
//! `cargo run --release -p adit --example linreg`. In: Fisher's irises. Out: the most probable intercept, slope and scale of petal width given petal length.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use adit::{Engine, Function, Value};
use std::error::Error;
use std::path::Path;

/// Where the iteration stands.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Intercept, slope, scale.
    pub params: [f64; 3],
    /// The negative log posterior there.
    pub value: f64,
    /// The largest component of its gradient.
    pub slope: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("trip      alpha       beta      sigma        value   |gradient|");
    for (trip, step) in fit()?.iter().enumerate() {
        let Step { params: [alpha, beta, sigma], value, slope } = step;
        println!("{trip:>4} {alpha:>10.6} {beta:>10.6} {sigma:>10.6} {value:>12.6} {slope:>12.1e}");
    }
    Ok(())
}

/// Fits the regression, one entry per iteration.
pub fn fit() -> Result<Vec<Step>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let posterior = Engine::new().compile_file(folder.join("linreg.ad"))?.function("neg_log_posterior")?;
    let table = std::fs::read_to_string(folder.join("data/iris.csv"))?;
    let (x, y) = (column(&table, "petal_length")?, column(&table, "petal_width")?);

    let mut params = [0.0, 0.0, 1.0];
    let mut steps = Vec::new();
    for _ in 0..30 {
        let (gradient, hessian) = posterior.hessian().wrt(["p"]).at(&arguments(params, &x, &y))?;
        let gradient_now = gradient.floats();
        let value = gradient.value.as_f64().ok_or("the posterior is a number")?;
        let slope = gradient_now.iter().fold(0.0, |most: f64, g| most.max(g.abs()));
        steps.push(Step { params, value, slope });
        if slope < 1e-6 {
            break;
        }
        let hessian = Value::Array(hessian).floats();
        let direction = solve(&hessian, &gradient_now);
        params = downhill(&posterior, params, direction, value, &x, &y)?;
    }
    Ok(steps)
}

/// Goes the full way, or half of it, or a quarter, until the value falls and sigma stays positive.
fn downhill(
    posterior: &Function,
    from: [f64; 3],
    direction: [f64; 3],
    value: f64,
    x: &[f64],
    y: &[f64],
) -> Result<[f64; 3], adit::Error> {
    let mut length = 1.0;
    loop {
        let to = std::array::from_fn(|i| from[i] - length * direction[i]);
        let falls = to[2] > 0.0 && posterior.call(&arguments(to, x, y))?.value.as_f64() < Some(value);
        if falls || length < 1e-9 {
            return Ok(to);
        }
        length /= 2.0;
    }
}

fn arguments([alpha, beta, sigma]: [f64; 3], x: &[f64], y: &[f64]) -> [Value; 3] {
    let p = Value::structure([("alpha", alpha.into()), ("beta", beta.into()), ("sigma", sigma.into())]);
    [p, x.into(), y.into()]
}

/// A column of a table with a header.
fn column(table: &str, name: &str) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut lines = table.lines();
    let header = lines.next().ok_or("the table is empty")?;
    let at = header.split(',').position(|h| h == name).ok_or("there is no such column")?;
    lines.map(|line| Ok(line.split(',').nth(at).ok_or("a row is short")?.parse()?)).collect()
}

/// Solves a 3 by 3 system by elimination. Where the matrix is not positive definite, its diagonal is raised until the result points uphill.
fn solve(matrix: &[f64], right: &[f64]) -> [f64; 3] {
    let mut raise = 0.0;
    loop {
        let solution = eliminate(matrix, right, raise);
        let uphill: f64 = solution.iter().zip(right).map(|(s, r)| s * r).sum();
        if uphill > 0.0 {
            return solution;
        }
        raise = 10.0 * raise + 1.0;
    }
}

fn eliminate(matrix: &[f64], right: &[f64], raise: f64) -> [f64; 3] {
    let mut rows: [[f64; 4]; 3] = std::array::from_fn(|i| {
        std::array::from_fn(|j| if j == 3 { right[i] } else { matrix[3 * i + j] + if i == j { raise } else { 0.0 } })
    });
    for k in 0..3 {
        let best = (k..3).max_by(|&a, &b| rows[a][k].abs().total_cmp(&rows[b][k].abs())).unwrap_or(k);
        rows.swap(k, best);
        let pivot = rows[k];
        for i in (0..3).filter(|&i| i != k) {
            let factor = rows[i][k] / pivot[k];
            rows[i].iter_mut().zip(pivot).for_each(|(x, p)| *x -= factor * p);
        }
    }
    std::array::from_fn(|i| rows[i][3] / rows[i][i])
}
