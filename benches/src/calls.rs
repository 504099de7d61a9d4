//! What a call costs beside the work: functions of a few operations, called from Rust in every way there is.
//!
//! In: how often to repeat. Out: nanoseconds a call, of which the function's own operations are next to nothing; the first row is the same two operations in Rust, behind a call that is not inlined.
//!
//! ```text
//! two operations, gradient, bound                 12.3
//! ```

use crate::Result;
use adit::bench::clock::{batch_of, median, time};
use adit::{Engine, Leaves, Workspace};
use std::hint::black_box;

const SOURCE: &str = "
struct P<n> { a: f64, b: f64, w: [f64; n] }
fn square(x: f64) -> f64 { x * x }
fn two(x: f64, y: f64) -> f64 { x * y + x }
fn line(p: P<n>, x: [f64; n]) -> f64 { let mut s = p.a; for i in 0..n { s += p.b * p.w[i] * x[i]; } s }
fn norm(x: [f64; n]) -> f64 { let mut s = 0.0; for i in 0..n { s += x[i] * x[i]; } s }
fn turn(x: [f64; 3]) -> [f64; 3] { [x[0] * x[1], x[1] * x[2], x[2] * x[0]] }";

/// A struct of numbers and a slice.
#[derive(Clone, Debug, Leaves)]
struct P {
    a: f64,
    b: f64,
    w: Vec<f64>,
}

/// A way to call, and what it is.
struct Way<'w> {
    what: &'static str,
    call: Box<dyn FnMut() + 'w>,
}

/// The goal, for the gradient of two operations: nanoseconds.
pub const MOST: f64 = 15.0;

/// The row that has this goal.
pub const MEANT: &str = "two operations, gradient, bound";

/// Nanoseconds of a call, for each way; all take turns.
///
/// # Errors
/// If a function does not compile.
pub fn measure(repeats: usize) -> Result<Vec<(&'static str, f64)>> {
    let mut ways = ways().map_err(|e| e.to_string())?;
    // The first call may compile.
    ways.iter_mut().for_each(|way| (way.call)());
    let calls: Vec<u64> = ways.iter_mut().map(|way| batch_of(&mut way.call)).collect();
    let mut times = vec![Vec::new(); ways.len()];
    for _ in 0..repeats {
        for ((way, calls), times) in ways.iter_mut().zip(&calls).zip(&mut times) {
            times.push(time(*calls, &mut way.call));
        }
    }
    Ok(ways.iter().zip(times).map(|(way, times)| (way.what, median(&times))).collect())
}

#[inline(never)]
fn in_rust(x: f64, y: f64) -> (f64, f64, f64) {
    (x * y + x, y + 1.0, x)
}

fn ways() -> adit::Result<Vec<Way<'static>>> {
    let module = Engine::new().compile(SOURCE)?;
    let mut ways = Vec::new();
    let mut way = |what, call: Box<dyn FnMut()>| ways.push(Way { what, call });
    way("two operations, gradient, in Rust", Box::new(|| _ = black_box(in_rust(black_box(1.5), black_box(2.5)))));

    let two = module.function("two")?;
    let gradient = two.gradient().build()?;
    let mut bound = gradient.bind(&[1.0.into(), 2.0.into()])?;
    let (mut workspace, mut slopes) = (Workspace::new(), [0.0; 2]);
    way(
        MEANT,
        Box::new(move || _ = black_box(bound.value_and_gradient(&mut workspace, &[1.5, 2.5], &mut slopes).is_ok())),
    );
    let (mut workspace, mut dx, mut dy) = (Workspace::new(), 0.0, 0.0);
    let call = gradient.clone();
    way(
        "two operations, gradient",
        Box::new(move || {
            _ = black_box(call.value_and_gradient(&mut workspace, (1.5, black_box(2.5)), (&mut dx, &mut dy)).is_ok());
        }),
    );
    let (typed, mut workspace) = (module.typed::<fn(f64) -> f64>("square")?, Workspace::new());
    way("x * x, typed", Box::new(move || _ = black_box(typed.call(&mut workspace, (black_box(1.5),)).is_ok())));
    let (jvp, mut workspace, mut value, mut tangent) = (two.jvp().build()?, Workspace::new(), 0.0, 0.0);
    way(
        "two operations, jvp",
        Box::new(move || {
            let along = (1.0, black_box(2.0));
            let ran = jvp.value_and_tangent(&mut workspace, (1.5, 2.5), along, &mut value, &mut tangent);
            _ = black_box(ran.is_ok());
        }),
    );
    let (jvp, mut workspace, mut value, mut tangents) = (two.jvp().lanes(8).build()?, Workspace::new(), 0.0, [0.0; 8]);
    way(
        "two operations, jvp, 8 lanes",
        Box::new(move || {
            let mut along = [(1.0, black_box(2.0)); 8];
            let mut tangents = tangents.each_mut();
            let ran = jvp.value_and_tangents(&mut workspace, (1.5, 2.5), &mut along, &mut value, &mut tangents);
            _ = black_box(ran.is_ok());
        }),
    );
    let (vjp, mut workspace, mut value, mut dx, mut dy) = (two.vjp().build()?, Workspace::new(), 0.0, 0.0, 0.0);
    way(
        "two operations, vjp",
        Box::new(move || {
            let slopes = (&mut dx, &mut dy);
            let ran = vjp.value_and_cotangents(&mut workspace, (1.5, 2.5), black_box(2.0), &mut value, slopes);
            _ = black_box(ran.is_ok());
        }),
    );
    slices(&module, &mut way)?;
    Ok(ways)
}

fn slices(module: &adit::Module, way: &mut impl FnMut(&'static str, Box<dyn FnMut()>)) -> adit::Result<()> {
    let line = module.function("line")?;
    let p = P { a: 0.5, b: 2.0, w: vec![1.0; 5] };
    let (call, mut workspace, q) = (module.typed::<fn(&P, &[f64]) -> f64>("line")?, Workspace::new(), p.clone());
    way(
        "struct and slice of 5, typed",
        Box::new(move || _ = black_box(call.call(&mut workspace, (&q, &[1.0; 5])).is_ok())),
    );
    let (gradient, mut workspace, mut dp, mut dx) = (line.gradient().build()?, Workspace::new(), p.clone(), [0.0; 5]);
    way(
        "struct and slice of 5, gradient",
        Box::new(move || {
            let slopes = (&mut dp, &mut dx);
            _ = black_box(gradient.value_and_gradient(&mut workspace, (&p, &[1.0; 5]), slopes).is_ok());
        }),
    );
    let norm = module.function("norm")?;
    let (call, mut workspace, mut value) = (norm.build()?, Workspace::new(), 0.0);
    way(
        "slice of 20, primal",
        Box::new(move || _ = black_box(call.call(&mut workspace, &[1.0; 20], &mut value).is_ok())),
    );
    let (gradient, mut workspace, mut dx) = (norm.gradient().build()?, Workspace::new(), [0.0; 20]);
    let mut bound = gradient.bind(&[[0.0; 20].into()])?;
    way(
        "slice of 20, gradient",
        Box::new(move || _ = black_box(gradient.value_and_gradient(&mut workspace, &[1.0; 20], &mut dx).is_ok())),
    );
    let (mut workspace, mut dx) = (Workspace::new(), [0.0; 20]);
    way(
        "slice of 20, gradient, bound",
        Box::new(move || _ = black_box(bound.value_and_gradient(&mut workspace, &[1.0; 20], &mut dx).is_ok())),
    );
    let (hvp, mut workspace, mut dx, mut product) = (norm.hvp().build()?, Workspace::new(), [0.0; 20], [0.0; 20]);
    way(
        "slice of 20, hvp",
        Box::new(move || {
            let ran = hvp.value_gradient_and_product(&mut workspace, &[1.0; 20], &[0.5; 20], &mut dx, &mut product);
            _ = black_box(ran.is_ok());
        }),
    );
    let (turn, mut workspace, mut value) = (module.function("turn")?, Workspace::new(), [0.0; 3]);
    let (jacobian, mut matrix) = (turn.jacobian().build()?, [0.0; 9]);
    way(
        "3 to 3, jacobian",
        Box::new(move || {
            let x = black_box([1.0, 2.0, 3.0]);
            _ = black_box(jacobian.value_and_jacobian(&mut workspace, &x, &mut value, &mut matrix).is_ok());
        }),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_call_runs_and_the_goal_is_for_one_of_them() {
        let found = measure(1).expect("all compile");
        assert!(found.iter().all(|(_, ns)| *ns > 0.0));
        assert!(found.iter().any(|(what, _)| *what == MEANT));
    }
}
