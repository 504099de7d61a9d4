//! Programs written for seeded bugs that random programs seldom or never show.
//!
//! In: a bug. Out: a program ([`Shown`]) and what its function `f` gives for x = 2 and a = [1, 2, 3], with and without the bug ([`gives`]). Derivatives stand within the programs: they are made of
//! cleaned functions, as the compiler does it.

use super::bug::Bug;
use super::call::run_ir;
use super::compile::{Clean, build};
use super::relations::LIMITS;
use adit_interp::ir::{Array, Cell, Input, Interpreter};
use adit_ir::Scalar;

/// A program that a bug changes.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// The bug's name.
    pub bug: &'static str,
    /// The program; its function `f` is called.
    pub source: &'static str,
    /// What it gives.
    pub value: f64,
}

/// One program for each bug that needs one.
pub const PROGRAMS: &[Shown] = &[
    Shown {
        bug: "local-carried",
        source: "
            fn g(b: [f64; n]) -> f64 {
                let mut s = 0.0;
                for i in 0..n { s = 0.5 * s + b[i]; }
                s
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let d = grad(g)(a);
                d[0] + 10.0 * d[1] + 100.0 * d[2]
            }",
        value: 105.25,
    },
    Shown {
        bug: "local-seed",
        source: "
            fn g(b: [f64; n]) -> f64 {
                let mut s = 0.0;
                for i in 0..n { s += b[i]^2; }
                s * s
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let d = grad(g)(a);
                d[0] + 10.0 * d[1] + 100.0 * d[2]
            }",
        value: 17976.0,
    },
    Shown {
        bug: "local-writes",
        source: "
            fn g(b: [f64; n]) -> f64 {
                let (mut w, mut s) = (zeros(n), 0.0);
                for i in 0..n {
                    if i == 0 { w[0] = b[i]^2; }
                    s += w[0] * b[i];
                }
                s
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let d = grad(g)(a);
                d[0] + 10.0 * d[1] + 100.0 * d[2]
            }",
        value: 123.0,
    },
    Shown {
        bug: "local-written-later",
        source: "
            fn g(b: [f64; n]) -> f64 {
                let (mut z, mut s) = (b, 0.0);
                for i in 0..n { s += z[i]^2; }
                z[0] = 5.0;
                s + z[0]
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let d = grad(g)(a);
                d[0] + 10.0 * d[1] + 100.0 * d[2]
            }",
        value: 642.0,
    },
    Shown {
        bug: "scratch-unwritten",
        source: "
            fn g(b: [f64; n]) -> f64 {
                let (mut w, mut s) = (zeros(2), 0.0);
                for i in 0..n {
                    let k = i / n;
                    if i == 0 { w[k] = b[i]^2; }
                    s += w[k] * b[i];
                }
                s
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let d = grad(g)(a);
                d[0] + 10.0 * d[1] + 100.0 * d[2]
            }",
        value: 123.0,
    },
    Shown {
        bug: "rerun-carried",
        source: "
            fn g(b: [f64; n]) -> f64 {
                let mut p = 1.0;
                for i in 0..n { p = p * b[i]; }
                p * p
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let d = grad(g)(a);
                d[0] + 10.0 * d[1] + 100.0 * d[2]
            }",
        value: 2832.0,
    },
    Shown {
        bug: "rerun-shared",
        source: "
            fn g(b: [f64; n]) -> f64 {
                let (mut w, mut s) = (zeros(2), 0.0);
                for i in 0..n {
                    let mut t = 1.0;
                    for k in 0..n { t *= b[i]; }
                    s += t;
                    w[i / n] = b[i];
                }
                s * s + w[0]
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let d = grad(g)(a);
                d[0] + 10.0 * d[1] + 100.0 * d[2]
            }",
        value: 203356.0,
    },
    Shown {
        bug: "rerun-written-later",
        source: "
            fn g(b: [f64; n]) -> f64 {
                let (mut z, mut s) = (b, 0.0);
                for i in 0..n {
                    let mut t = 1.0;
                    for k in 0..2 { t *= z[i]; }
                    s += t;
                }
                z[0] = 5.0;
                s * s + z[0]
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let d = grad(g)(a);
                d[0] + 10.0 * d[1] + 100.0 * d[2]
            }",
        value: 17976.0,
    },
    Shown {
        bug: "ascend-carried",
        source: "
            fn g(b: [f64; n]) -> f64 {
                let mut s = 0.0;
                for i in 0..n { s = 0.5 * s + b[i]; }
                s
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let d = grad(g)(a);
                d[0] + 10.0 * d[1] + 100.0 * d[2]
            }",
        value: 105.25,
    },
    Shown {
        bug: "ascend-shared",
        source: "
            fn g(b: [f64; n]) -> f64 {
                let mut y = b;
                for i in 1..n { y[i] = b[i] + 2.0 * y[i - 1]; }
                y[n - 1]
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let d = grad(g)(a);
                d[0] + 10.0 * d[1] + 100.0 * d[2]
            }",
        value: 124.0,
    },
    Shown {
        bug: "ascend-saved",
        source: "
            fn g(b: [f64; n]) -> f64 {
                let mut s = 0.0;
                for i in 0..n {
                    let mut t = 0.0;
                    for j in 0..n {
                        let mut u = b[j];
                        for k in 0..n { u = tanh(u * b[i]); }
                        t += u;
                    }
                    s += t * t;
                }
                s
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let d = grad(g)(a);
                d[0] + 10.0 * d[1] + 100.0 * d[2]
            }",
        value: 45.29573289112055,
    },
    Shown {
        bug: "later-iteration-forgotten",
        source: "
            fn sums(b: [f64; n]) -> f64 {
                let mut w = b;
                let mut s = 0.0;
                for i in 0..n {
                    for j in 0..n { w[j] += b[i]; }
                    s += w[0] * w[0];
                }
                s
            }
            fn f(x: f64, a: [f64; n]) -> f64 { grad(sums)(a)[1] }",
        value: 22.0,
    },
    Shown {
        bug: "negative-step-kept",
        source: "
            fn steps(b: [f64; n]) -> f64 {
                let mut s = 1.0;
                for i in n - 1..0 step -1 { s += s * b[i]; }
                s
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let d = grad(steps)(a);
                d[1] + 10.0 * d[2]
            }",
        value: 34.0,
    },
    Shown {
        bug: "offset-lost",
        source: "
            fn f(x: f64, a: [f64; n]) -> f64 {
                let k = i64(x) - 1;
                let d = grad(|b: [f64; n]| sum(b[k..n]))(a);
                d[0] + 10.0 * d[1] + 100.0 * d[2]
            }",
        value: 110.0,
    },
    Shown {
        bug: "stop-ignored-again",
        source: "
            fn g(b: f64) -> f64 { b * b * stop_gradient(b) }
            fn f(x: f64, a: [f64; n]) -> f64 { grad(grad(g))(x) }",
        value: 4.0,
    },
    Shown {
        bug: "strong-zero-as-select",
        source: "
            fn g(b: f64) -> f64 { sin(b) * sin(b) }
            fn f(x: f64, a: [f64; n]) -> f64 { grad(grad(g), forward)(x - 2.0) }",
        value: 2.0,
    },
    Shown {
        bug: "merged-across-store",
        source: "
            fn f(x: f64, a: [f64; n]) -> f64 {
                let (i, j) = (i64(x), n - 1);
                let mut b = zeros(n);
                b[i] = x;
                let before = b[j];
                b[i] = 7.0;
                before + 10.0 * b[j]
            }",
        value: 72.0,
    },
    Shown {
        bug: "trap-hoisted",
        source: "
            fn f(x: f64, a: [f64; n]) -> f64 {
                let mut s = x;
                for i in 5..n { s += a[7]; }
                s
            }",
        value: 2.0,
    },
    Shown {
        bug: "alloc-hoisted",
        source: "
            fn f(x: f64, a: [f64; n]) -> f64 {
                let mut s = 0.0;
                for i in 0..n {
                    let mut b = zeros(100);
                    b[i64(x)] += x;
                    s += b[i64(x)];
                }
                s
            }",
        value: 6.0,
    },
    Shown {
        bug: "unrolled-forwards",
        source: "
            fn g(b: [f64; n]) -> f64 {
                let mut s = b[0];
                for i in 0..3 {
                    let mut c = 0.0;
                    for j in 0..n { c += f64(j); }
                    s = s * b[i] + c;
                }
                s
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let d = grad(g)(a);
                d[0] + 10.0 * d[1] + 100.0 * d[2]
            }",
        value: 1232.0,
    },
    Shown {
        bug: "rule-bypassed",
        source: "
            fn twice(b: f64) -> f64 { 2.0 * b }
            @vjp(twice)
            fn twice_vjp(b: f64, w: f64) -> (f64, f64) { (2.0 * b, 5.0 * w) }
            fn f(x: f64, a: [f64; n]) -> f64 { grad(|b: f64| twice(b))(x) }",
        value: 5.0,
    },
    Shown {
        bug: "copy-elided",
        source: "
            fn f(x: f64, a: [f64; n]) -> f64 {
                let mut b = a;
                let c = b;
                b[0] = x;
                c[0]
            }",
        value: 1.0,
    },
    Shown {
        bug: "downward-test",
        source: "
            fn f(x: f64, a: [f64; n]) -> f64 {
                let mut s = 0.0;
                for i in n..0 step -1 {
                    if i == 1 { break; }
                    s += f64(i) * x;
                }
                s
            }",
        value: 10.0,
    },
    Shown {
        bug: "capture-constant",
        source: "
            fn f(x: f64, a: [f64; n]) -> f64 { grad(|b: f64| grad(|c: f64| b * b * c)(1.0))(x) }",
        value: 4.0,
    },
    Shown {
        bug: "contents-not-restored",
        source: "
            fn squares(b: &mut [f64; n]) -> [f64; n] {
                for i in 0..n { b[i] = b[i] * b[i]; }
                b
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let mut b = a;
                let d = jacobian(squares, reverse)(&mut b);
                d[2, 2]
            }",
        value: 6.0,
    },
    Shown {
        bug: "nan-believed",
        source: "
            fn g(b: f64, a: [f64; n]) -> f64 { sum((a[i] - 1.0) * sqrt(b - 3.0 + a[i]) for i in 0..n) }
            fn f(x: f64, a: [f64; n]) -> f64 { grad(|b: f64| g(b, a))(x) }",
        value: 1.2071067811865475,
    },
    Shown {
        bug: "product-compared",
        source: "
            fn f(x: f64, a: [f64; n]) -> f64 {
                let (mut s, mut r) = (0.0, 0.0);
                for i in 0..n {
                    let d = grad(|b: f64| (a[i] - 1.0) * sqrt(b))(x - 3.0 + a[i]);
                    if d > -1.0 { s += 1.0; }
                    if i > 0 { r += d; }
                }
                s + r
            }",
        value: 4.207_106_781_186_548,
    },
    Shown {
        bug: "infinite-believed",
        source: "
            fn f(x: f64, a: [f64; n]) -> f64 {
                let w = 1.0 / x^600;
                let mut s = 0.0;
                for i in 0..n { let z = x^(300 * i64(a[i])) * w; s += 0.5 * z * z * (0.5 * x); }
                s
            }",
        value: 2.074_757_784_440_496_5e180,
    },
    Shown {
        bug: "cancelled-believed",
        source: "
            fn f(x: f64, a: [f64; n]) -> f64 {
                let (w, all) = (0.7 * x, 0.294 * x);
                let mut s = 0.0;
                for i in 0..n { let z = (1.0 + 1e-9 * a[i]) * w; s += 0.3 * z * z - all; }
                s
            }",
        value: 7.056_000_006_500_085e-9,
    },
    Shown {
        bug: "trips-below-zero",
        source: "
            fn f(x: f64, a: [f64; n]) -> f64 {
                let mut s = 1.5;
                for i in 5..n { let z = a[i] * x; s += 0.5 * z * z + x; }
                s
            }",
        value: 1.5,
    },
    Shown {
        bug: "kept-over-writes",
        source: "
            fn g(b: [f64; n]) -> f64 {
                let (mut w, mut s) = (b, 0.0);
                for i in 0..n {
                    for k in 0..n { s += w[k]^2; }
                    w[i] = 2.0 * w[i];
                }
                s
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let d = grad(g)(a);
                d[0] + 10.0 * d[1] + 100.0 * d[2]
            }",
        value: 2058.0,
    },
    Shown {
        bug: "kept-for-all",
        source: "
            fn g(b: [f64; n]) -> f64 {
                let (mut w, mut s) = (b, 0.0);
                for i in 0..n { for k in 0..n { s += w[k]^2; } }
                for k in 0..n { w[k] = w[k]^2; }
                for i in 0..n { for k in 0..n { s += w[k]^2; } }
                for k in 0..n { w[k] = 0.5 * w[k]; }
                s + w[0]
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let d = grad(g)(a);
                d[0] + 10.0 * d[1] + 100.0 * d[2]
            }",
        value: 35299.0,
    },
    Shown {
        bug: "skip-carried",
        source: "
            fn g(b: [f64; n]) -> f64 {
                let (mut s, mut t) = (b[0], 0.0);
                for i in 0..n {
                    s = s * (f64(i) + 2.0);
                    t += b[i]^2;
                }
                s + (if t > 100.0 { t } else { 0.0 })
            }
            fn f(x: f64, a: [f64; n]) -> f64 { grad(g)(a)[0] }",
        value: 24.0,
    },
    Shown {
        bug: "skip-added",
        source: "
            fn g(b: [f64; n]) -> f64 {
                let c = 2.0 * b;
                let (mut s, mut t) = (0.0, 0.0);
                for i in 0..n {
                    s += b[i]^2;
                    t += c[i]^3;
                }
                t * t + (if s > 100.0 { s } else { 0.0 })
            }
            fn f(x: f64, a: [f64; n]) -> f64 { grad(g)(a)[0] }",
        value: 13824.0,
    },
    Shown {
        bug: "skip-first",
        source: "
            fn g(b: [f64; n], most: f64) -> f64 {
                let (mut s, mut t) = (0.0, 0.0);
                for i in 0..n {
                    s += b[i]^2;
                    t += 3.0 * b[i];
                }
                if s > most { s * s } else { t * t }
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                grad(|b: [f64; n]| g(b, 100.0))(a)[0] + grad(|b: [f64; n]| g(b, 1.0))(a)[0]
            }",
        value: 164.0,
    },
    Shown {
        bug: "skip-factor",
        source: "
            fn g(b: [f64; n], x: f64) -> f64 {
                let c = if x > 100.0 { x } else { 0.0 };
                let mut s = 0.0;
                for i in 0..n { s += log(c * b[i]); }
                s * s
            }
            fn f(x: f64, a: [f64; n]) -> f64 {
                let d = grad(|b: [f64; n]| g(b, x))(a)[0];
                if d == d { 1.0 } else { 2.0 }
            }",
        value: 2.0,
    },
];

/// Bugs that no program of the language shows, or seldom: its conditions, if they write, are evaluated in the loop's body, and what is lent is restored after a derivative. The random programs of `adit-autodiff`, which are IR, do.
const OF_IR: [&str; 2] = ["tests-miscounted", "rerun-stores"];

/// The test that sees a bug where random programs are not relied upon.
pub fn named_test(bug: Bug) -> Option<&'static str> {
    if OF_IR.contains(&bug.name()) {
        return Some("random_programs_see_each_seeded_bug");
    }
    if bug.name() == "skip-trapping" {
        return Some("loops_that_may_stop_are_not_passed_over");
    }
    if bug.name().starts_with("fission-") {
        return Some("seeded_bugs_of_stages_are_seen");
    }
    let written = PROGRAMS.iter().any(|program| program.bug == bug.name());
    written.then_some("programs_written_for_seeded_bugs_show_them")
}

/// What the program gives, or how it stops.
///
/// # Errors
/// What the compiler says, or the run-time error.
pub fn gives(program: &Shown, bug: Bug) -> Result<f64, String> {
    let mut built = build(program.source, "f", Clean::Each, bug)?;
    bug.clean(&mut built.plain, built.main);
    let finishing = adit_opt::Options { inexact: true, ..bug.optimiser() };
    if let Some(finished) = adit_opt::finish_all(&built.plain, built.main, finishing) {
        built.plain = finished;
    }
    let a = Array::of(&[3], vec![1.0, 2.0, 3.0]);
    let inputs = [Input::Scalar(Cell::F64(2.0)), Input::Array(a)];
    let interpreter = Interpreter::new(&built.plain, LIMITS);
    let run = run_ir(&interpreter, built.plain.function(built.main), built.main, &inputs);
    let (answer, _) = run.map_err(|e| e.to_string())?;
    match answer.results[..] {
        [Scalar::F64(value)] => Ok(value),
        _ => Err(format!("{:?}", answer.results)),
    }
}
