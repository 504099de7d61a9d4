//! Every engine against every other.
//!
//! In: a function and a point. Out: a [`CheckReport`]: for each pair of engines how far their results are apart.
//!
//! | what | engines | agree if |
//! |---|---|---|
//! | value | typed tree, IR as written, IR cleaned up (all interpreted), machine code in strict mode | equal bit for bit; as derivatives, if the program contains a derivative: it is made before or after cleaning up, and rounds otherwise; the tree where both are finite |
//! | output | the same | equal line by line; equally many lines, if the program contains a derivative |
//! | derivative | reverse and forward as machine code; reverse and forward as written, interpreted; reverse cleaned up, interpreted; the typed tree in numbers that move; forward by the bodies of functions that have rules; complex step | difference at most [`TOLERANCE`] ([`SINGLE_TOLERANCE`] where the program has an `f32`) · max(1, largest component) |
//! | inner product | ⟨w, J d⟩ by forward, ⟨Jᵀ w, d⟩ by reverse mode, for random d (and w, unless the result is one float) | as derivatives |
//! | second derivative | forward over reverse and reverse over reverse as machine code, complex step of reverse, symmetry | as derivatives |
//!
//! Derivatives are compared along every unit direction where that is cheap, else along a few random ones. Interpreters share neither code generation nor passes with machine code; the complex
//! step shares no derivative rule with either mode. What this does not do: it says nothing about other points than the given one, and near a kink engines may differ without
//! being wrong, which is noted.

mod engines;
mod hosts;
mod output;
mod second;
mod tree;

use crate::error::Result;
use crate::function::{Function, Wrt};
use crate::value::{Value, float_names};
use engines::{Flat, Subject};
use output::Output;

/// How far derivatives may be apart, relative to max(1, largest component).
pub const TOLERANCE: f64 = 1e-10;

/// The same, where the program computes with `f32` anywhere.
pub const SINGLE_TOLERANCE: f64 = 1e-4;

/// Operands closer than this to a kink, and sides of a comparison closer than this, are noted.
const NEAR: f64 = 1e-8;

/// What a comparison is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quantity {
    /// The result and the final contents of `&mut` parameters.
    Value,
    /// What is printed.
    Output,
    /// The derivative of the result, or of a random combination of results.
    Derivative,
    /// The two sides of the identity that ties the modes together.
    InnerProduct,
    /// The derivative of the gradient.
    SecondDerivative,
}

impl Quantity {
    /// All of them, in the order of reports.
    pub const ALL: [Quantity; 5] =
        [Quantity::Value, Quantity::Output, Quantity::Derivative, Quantity::InnerProduct, Quantity::SecondDerivative];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Quantity::Value => "value",
            Quantity::Output => "output",
            Quantity::Derivative => "derivative",
            Quantity::InnerProduct => "inner product",
            Quantity::SecondDerivative => "second derivative",
        }
    }
}

/// Two engines compared.
#[derive(Clone, PartialEq, Debug)]
pub struct Pair {
    /// What was compared.
    pub quantity: Quantity,
    /// One engine.
    pub left: &'static str,
    /// The other.
    pub right: &'static str,
    /// The largest difference, relative to max(1, largest component).
    pub worst: f64,
    /// Where it is, if it is not 0.
    pub place: Option<String>,
    /// Whether that is close enough.
    pub agrees: bool,
}

/// What a check found.
#[derive(Clone, PartialEq, Debug)]
pub struct CheckReport {
    /// The value of the function.
    pub value: Value,
    /// How far derivatives may be apart, relative to max(1, largest component).
    pub tolerance: f64,
    /// All comparisons.
    pub pairs: Vec<Pair>,
    /// What a reader should know: engines left out, kinks nearby, how many directions.
    pub notes: Vec<String>,
}

impl CheckReport {
    /// Whether all engines agree.
    pub fn agrees(&self) -> bool {
        self.pairs.iter().all(|pair| pair.agrees)
    }

    /// Compares each with each.
    fn compare(&mut self, quantity: Quantity, engines: &[(&'static str, Vec<f64>)], names: &[String]) {
        for (i, (right, b)) in engines.iter().enumerate() {
            for (left, a) in &engines[..i] {
                let (worst, at) = difference(a, b);
                let place = at.and_then(|at| names.get(at).cloned());
                self.pairs.push(Pair { quantity, left, right, worst, place, agrees: worst <= self.tolerance });
            }
        }
    }
}

impl Function {
    /// Compares the value and the derivative of every engine with every other at a point; with `order` 2 the Hessian too.
    ///
    /// ```
    /// let module = adit::Engine::new().compile("fn f(x: [f64; n]) -> f64 { sum(sin(x) * x) }")?;
    /// let report = module.function("f")?.check(&[[0.5, 1.0, 2.0].into()], &[], 1)?;
    /// assert!(report.agrees());
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Function::gradient`], for any result that holds floats. That engines disagree is no error.
    pub fn check(&self, args: &[Value], wrt: Wrt<'_>, order: u8) -> Result<CheckReport> {
        self.program()?;
        if order > 1 {
            self.one_float()?;
        }
        let subject = Subject::new(self, args, wrt)?;
        let (value, tolerance) = (subject.value.clone(), subject.tolerance);
        let mut report = CheckReport { value, tolerance, pairs: Vec::new(), notes: Vec::new() };
        values(&subject, &mut report)?;
        derivatives(&subject, &mut report)?;
        if order > 1 {
            second::check(&subject, &mut report)?;
        }
        Ok(report)
    }
}

fn values(subject: &Subject<'_>, report: &mut CheckReport) -> Result<()> {
    let engines = engines::values(subject, &mut report.notes)?;
    let rounds = engines::contains_derivatives(subject.function).then_some(report.tolerance);
    for (i, (right, b, printed)) in engines.iter().enumerate() {
        for (left, a, before) in &engines[..i] {
            if *before != Output::default() || *printed != Output::default() {
                let agrees = before.lines == printed.lines && (rounds.is_some() || before == printed);
                let worst = if agrees { 0.0 } else { f64::INFINITY };
                report.pairs.push(Pair { quantity: Quantity::Output, left, right, worst, place: None, agrees });
            }
            let pair = match rounds {
                Some(tolerance) if *left == tree::NAME => near(left, a, right, b, tolerance),
                Some(tolerance) => {
                    let pair = bits(left, a, right, b);
                    let agrees = pair.agrees || (a.is_like(b) && pair.worst <= tolerance);
                    Pair { agrees, ..pair }
                }
                None => bits(left, a, right, b),
            };
            report.pairs.push(pair);
        }
    }
    Ok(())
}

/// Compares values bit for bit.
fn bits(left: &'static str, a: &Flat, right: &'static str, b: &Flat) -> Pair {
    let (a, b) = (a.floats(), b.floats());
    let same = |x: f64, y: f64| x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan());
    let first = a.iter().zip(&b).position(|(x, y)| !same(*x, *y));
    let agrees = first.is_none() && a.len() == b.len();
    let place = first.map(|i| format!("number {} of the result", i + 1));
    Pair { quantity: Quantity::Value, left, right, worst: difference(&a, &b).0, place, agrees }
}

/// Compares values that contain derivatives, found in different ways: where an infinity meets a zero on one of them, the other may know better.
fn near(left: &'static str, a: &Flat, right: &'static str, b: &Flat, tolerance: f64) -> Pair {
    let (a, b) = (a.floats(), b.floats());
    let both = a.iter().zip(&b).map(|(x, y)| if x.is_finite() && y.is_finite() { (*x, *y) } else { (0.0, 0.0) });
    let (x, y): (Vec<f64>, Vec<f64>) = both.unzip();
    let (worst, at) = if a.len() == b.len() { difference(&x, &y) } else { (f64::INFINITY, None) };
    let place = at.map(|i| format!("number {} of the result", i + 1));
    Pair { quantity: Quantity::Value, left, right, worst, place, agrees: worst <= tolerance }
}

fn derivatives(subject: &Subject<'_>, report: &mut CheckReport) -> Result<()> {
    let directions = subject.directions();
    report.notes.push(directions.in_words());
    let columns = engines::derivatives(subject, &directions, &mut report.notes)?;
    let names = directions.names(&subject.float_names());
    report.compare(Quantity::Derivative, &columns, &names);
    if let Some(found) = columns.first() {
        hosts::compare(subject, &directions, found, report)?;
    }
    if let Some(sides) = engines::inner_product(subject)? {
        report.compare(Quantity::InnerProduct, &sides, &[]);
    }
    Ok(())
}

/// To an infinitesimal step an infinite slope looks at least as steep as this.
const STEEP: f64 = 1e30;

/// The largest difference relative to max(1, largest component), and where it is. NaN and the infinities are no distance from themselves, an infinity none from what is
/// [`STEEP`] in its direction; all else is infinitely far from them.
fn difference(a: &[f64], b: &[f64]) -> (f64, Option<usize>) {
    if a.len() != b.len() {
        return (f64::INFINITY, None);
    }
    let largest = a.iter().chain(b).filter(|x| x.abs() < STEEP).fold(1.0f64, |m, x| m.max(x.abs()));
    let mut worst = (0.0, None);
    for (i, (&x, &y)) in a.iter().zip(b).enumerate() {
        let steep = (x.is_infinite() && y * x.signum() > STEEP) || (y.is_infinite() && x * y.signum() > STEEP);
        let apart = match x == y || (x.is_nan() && y.is_nan()) || steep {
            true => 0.0,
            false if x.is_finite() && y.is_finite() => (x - y).abs() / largest,
            false => f64::INFINITY,
        };
        if apart > worst.0 {
            worst = (apart, Some(i));
        }
    }
    worst
}

impl Subject<'_> {
    /// A name for each active float.
    fn float_names(&self) -> Vec<String> {
        let parts = &self.gradient_shape.parameters;
        parts.iter().flat_map(|(name, v)| float_names(name, v)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Engine;

    fn check(source: &str, args: &[Value], order: u8) -> CheckReport {
        let module = Engine::new().compile(source).unwrap_or_else(|e| panic!("{e}"));
        module.entry().unwrap_or_else(|e| panic!("{e}")).check(args, &[], order).unwrap_or_else(|e| panic!("{e}"))
    }

    fn agree(source: &str, args: &[Value], order: u8) -> CheckReport {
        let report = check(source, args, order);
        let apart: Vec<_> = report.pairs.iter().filter(|p| !p.agrees).collect();
        assert!(apart.is_empty(), "{apart:#?}");
        report
    }

    #[test]
    fn differences_are_relative_to_the_largest_component() {
        assert_eq!(difference(&[1000.0, 1.0], &[1000.0, 2.0]), (1e-3, Some(1)));
        assert_eq!(difference(&[0.5], &[0.25]), (0.25, Some(0)));
        assert_eq!(difference(&[f64::NAN, f64::INFINITY], &[f64::NAN, f64::INFINITY]), (0.0, None));
        assert_eq!(difference(&[f64::NAN], &[1.0]), (f64::INFINITY, Some(0)));
        assert_eq!(difference(&[1.0], &[]), (f64::INFINITY, None));
        assert_eq!(difference(&[f64::INFINITY, f64::NEG_INFINITY], &[1e40, -1e80]), (0.0, None));
        assert_eq!(difference(&[f64::INFINITY], &[-1e40]), (f64::INFINITY, Some(0)));
    }

    #[test]
    fn engines_agree_on_scalars_arrays_structs_and_loops() {
        let source = "struct P { a: f64, k: i64, w: [f64; n] }
            fn f(p: P<n>, x: [f64; n], s: &mut f64) -> f64 {
                let mut t = 0.0;
                for i in 0..n { if x[i] > 0.5 { t += p.w[i] * sin(x[i]) * p.a; } else { t += x[i]^2; } }
                s = t * s;
                t + s * f64(p.k)
            }";
        let source = source.replace("struct P {", "struct P<n> {");
        let p = Value::structure([("a", 1.5.into()), ("k", 2i64.into()), ("w", [0.1, 0.2].into())]);
        let report = agree(&source, &[p, [0.25, 2.0].into(), 3.0.into()], 2);
        let count = |q| report.pairs.iter().filter(|p| p.quantity == q).count();
        assert_eq!(count(Quantity::Value), 6);
        assert_eq!(count(Quantity::Derivative), 21);
        assert_eq!(count(Quantity::InnerProduct), 1);
        assert_eq!(count(Quantity::SecondDerivative), 4, "three engines, and symmetry");
    }

    #[test]
    fn derivatives_in_a_program_are_compared_with_the_tree() {
        let source = "fn f(x: [f64; n]) -> f64 {
                let g = |x: [f64; n]| { let mut s = 0.0; for i in 0..n { s += x[i]^3 * sin(x[0]); } s };
                sum(hessian(g)(x)) + grad(g)(x)[1]
            }";
        let report = agree(source, &[[0.25, 2.0].into()], 1);
        assert!(report.notes.iter().all(|n| !n.contains("tree")), "{:?}", report.notes);
        assert!(report.pairs.iter().any(|p| p.left == tree::NAME && p.quantity == Quantity::Value));
        assert!(!near("", &Flat(vec![]), "", &Flat(vec![adit_ir::Scalar::F64(1.0)]), 1.0).agrees);
    }

    #[test]
    fn a_tree_that_takes_too_long_is_left_out() {
        let source = "fn f(x: [f64; n]) -> f64 { sum(grad(|v| { let mut s = 0.0; for i in 0..2000 { s += dot(v, v); } s })(x)) }";
        let x: Vec<f64> = (0..50).map(f64::from).collect();
        let report = agree(source, &[x.into()], 1);
        assert!(report.notes.iter().any(|n| n.contains("typed tree is left out")), "{:?}", report.notes);
    }

    #[test]
    fn results_of_several_floats_are_combined_at_random() {
        let report =
            agree("fn f(x: [f64; n]) -> ([f64; n], f64, i64) { (x * x, sum(exp(x)), n) }", &[[1.0, 2.0].into()], 1);
        assert!(report.pairs.iter().any(|p| p.quantity == Quantity::InnerProduct));
    }

    #[test]
    fn a_derivative_within_the_program_may_round_otherwise_where_it_is_cleaned_up() {
        let source = "fn f(x: f64) -> f64 { exp(x) * sin(x * x) }
            fn g(x: f64) -> f64 { grad(grad(grad(grad(f, forward), reverse), forward), reverse)(x) }";
        let report = agree(source, &[0.7.into()], 1);
        let apart = |p: &&Pair| p.quantity == Quantity::Value && p.worst > 0.0;
        assert!(report.pairs.iter().any(|p| apart(&p)), "the engines round alike: choose another point");
    }

    #[test]
    fn many_parameters_are_checked_along_random_directions() {
        let x: Vec<f64> = (0..2000).map(|i| f64::from(i) * 1e-3).collect();
        let report = agree("fn f(x: [f64; n]) -> f64 { sum(sin(x)) }", &[x.into()], 1);
        assert!(report.notes.iter().any(|n| n.contains("random")), "{:?}", report.notes);
    }

    #[test]
    fn recursion_is_checked_in_all_modes_to_second_order() {
        let report = agree(
            "fn f(x: f64, n: i64) -> f64 { if n == 0 { x } else { sin(f(x, n - 1)) } }",
            &[0.5.into(), 3i64.into()],
            2,
        );
        assert!(report.notes.iter().all(|n| !n.contains("left out")), "{:?}", report.notes);
    }

    #[test]
    fn on_a_kink_the_complex_step_has_no_say() {
        for body in ["abs(x)", "max(x, 0)", "relu(x)", "sqrt(x)", "log(x)", "1 / x", "cbrt(x)", "hypot(x, x)"] {
            agree(&format!("fn f(x: f64) -> f64 {{ {body} }}"), &[0.0.into()], 1);
        }
        let report = agree("fn f(x: f64) -> f64 { abs(x) }", &[0.0.into()], 2);
        assert!(report.notes.iter().any(|n| n.contains("complex step is left out")), "{:?}", report.notes);
        let beside = agree("fn f(x: f64) -> f64 { abs(x) }", &[1e-3.into()], 1);
        assert!(beside.pairs.iter().any(|p| p.right == "complex step"));
    }

    #[test]
    fn rules_are_compared_with_bodies() {
        let source = |factor: &str| {
            format!(
                "fn energy(x: [f64; n]) -> f64 {{ sum(x * x) }}
                 @vjp(energy) fn energy_vjp(x: [f64; n], w: f64) -> (f64, [f64; n]) {{ (energy(x), {factor} * w * x) }}
                 fn f(x: [f64; n]) -> f64 {{ energy(sin(x)) }}"
            )
        };
        let report = agree(&source("2"), &[[0.5, 1.0].into()], 1);
        assert!(report.notes.iter().all(|n| !n.contains("left out")), "{:?}", report.notes);
        assert!(report.pairs.iter().any(|p| p.left == "forward" && p.right == "forward, rules left aside"));
        assert!(!check(&source("2.02"), &[[0.5, 1.0].into()], 1).agrees(), "1 % too much");
    }

    #[test]
    fn a_kink_elsewhere_hides_no_wrong_rule() {
        let source = |factor: &str| {
            format!(
                "fn sq(x: f64) -> f64 {{ x * x }}
                 @jvp(sq) fn sq_jvp(x: f64, dx: f64) -> (f64, f64) {{ (sq(x), {factor} * x * dx) }}
                 fn f(x: f64) -> f64 {{ sq(x) + abs(x - x) }}"
            )
        };
        agree(&source("2"), &[1.5.into()], 1);
        assert!(!check(&source("3"), &[1.5.into()], 1).agrees());
    }

    #[test]
    fn a_rule_of_an_iteration_is_compared_where_its_last_step_is_on_a_kink() {
        let source = |factor: &str| {
            format!(
                "fn root(x: f64) -> f64 {{
                     let mut y = x;
                     while abs(y^3 - x) > 1e-13 * x {{ y -= (y^3 - x) / (3 * y^2); }}
                     y
                 }}
                 @jvp(root) fn root_jvp(x: f64, dx: f64) -> (f64, f64) {{ let y = root(x); (y, dx / ({factor} * y^2)) }}
                 fn f(x: f64) -> f64 {{ root(x) }}"
            )
        };
        for x in [8.0, 7.3, 27.0] {
            agree(&source("3"), &[x.into()], 1);
            assert!(!check(&source("2"), &[x.into()], 1).agrees(), "at {x}");
        }
    }

    #[test]
    fn a_rule_may_follow_a_convention_of_its_own_on_a_kink() {
        let source = "fn ramp(x: f64) -> f64 { max(x, 0) }
            @jvp(ramp) fn ramp_jvp(x: f64, dx: f64) -> (f64, f64) { (ramp(x), if x > 0 { dx } else { 0 }) }
            fn f(x: f64) -> f64 { ramp(x) }";
        let report = agree(source, &[0.0.into()], 1);
        assert!(report.notes.iter().any(|n| n.contains("but not beside it")), "{:?}", report.notes);
    }

    #[test]
    fn kinks_nearby_are_noted() {
        let report = check("fn f(x: f64) -> f64 { abs(x - 1) }", &[1.0.into()], 1);
        assert!(report.notes.iter().any(|n| n.contains("kink")), "{:?}", report.notes);
    }
}
