//! Test functions of optimisation against the crate `argmin_testfunctions`: values, gradients, Hessians.
//!
//! The functions are written in the language (`oracles/test_functions.ad`) from their formulas; the crate has them, their gradients and their Hessians worked out by hand. Points are random,
//! within the domains that the collections give. Functions of any number of variables are taken with numbers that leave chunks of lanes with and without remainders.

use adit::{Engine, Function, Mode, Module, Value};
use adit_tests::fuzz::rng::Rng;
use argmin_testfunctions as by_hand;

/// A function of others, to compare with.
struct Known {
    name: &'static str,
    /// How many variables.
    sizes: &'static [usize],
    /// Between these each variable is.
    domain: (f64, f64),
    value: fn(&[f64]) -> f64,
    gradient: fn(&[f64]) -> Vec<f64>,
    hessian: fn(&[f64]) -> Vec<Vec<f64>>,
}

fn two(x: &[f64]) -> &[f64; 2] {
    x.try_into().expect("a function of two variables")
}

fn rows(h: [[f64; 2]; 2]) -> Vec<Vec<f64>> {
    h.iter().map(|row| row.to_vec()).collect()
}

/// Functions of two variables.
macro_rules! planar {
    ($($name:ident, $gradient:ident, $hessian:ident, $domain:expr;)*) => {
        vec![$(Known {
            name: stringify!($name),
            sizes: &[2],
            domain: $domain,
            value: |x| by_hand::$name(two(x)),
            gradient: |x| by_hand::$gradient(two(x)).to_vec(),
            hessian: |x| rows(by_hand::$hessian(two(x))),
        },)*]
    };
}

/// Functions of any number of variables.
macro_rules! spatial {
    ($($name:ident, $gradient:ident, $hessian:ident, $domain:expr;)*) => {
        vec![$(Known {
            name: stringify!($name),
            sizes: &[2, 3, 8, 9, 19],
            domain: $domain,
            value: |x| by_hand::$name(x),
            gradient: |x| by_hand::$gradient(x),
            hessian: |x| by_hand::$hessian(x),
        },)*]
    };
}

fn known() -> Vec<Known> {
    let mut all = planar! {
        beale, beale_derivative, beale_hessian, (-4.5, 4.5);
        booth, booth_derivative, booth_hessian, (-10.0, 10.0);
        bukin_n6, bukin_n6_derivative, bukin_n6_hessian, (-15.0, 3.0);
        cross_in_tray, cross_in_tray_derivative, cross_in_tray_hessian, (-10.0, 10.0);
        easom, easom_derivative, easom_hessian, (1.0, 5.0);
        eggholder, eggholder_derivative, eggholder_hessian, (-512.0, 512.0);
        goldsteinprice, goldsteinprice_derivative, goldsteinprice_hessian, (-2.0, 2.0);
        himmelblau, himmelblau_derivative, himmelblau_hessian, (-5.0, 5.0);
        holder_table, holder_table_derivative, holder_table_hessian, (-10.0, 10.0);
        levy_n13, levy_n13_derivative, levy_n13_hessian, (-10.0, 10.0);
        matyas, matyas_derivative, matyas_hessian, (-10.0, 10.0);
        mccormick, mccormick_derivative, mccormick_hessian, (-3.0, 4.0);
        picheny, picheny_derivative, picheny_hessian, (0.0, 1.0);
        schaffer_n2, schaffer_n2_derivative, schaffer_n2_hessian, (-100.0, 100.0);
        schaffer_n4, schaffer_n4_derivative, schaffer_n4_hessian, (-100.0, 100.0);
        threehumpcamel, threehumpcamel_derivative, threehumpcamel_hessian, (-5.0, 5.0);
    };
    all.extend(spatial! {
        ackley, ackley_derivative, ackley_hessian, (-32.768, 32.768);
        levy, levy_derivative, levy_hessian, (-10.0, 10.0);
        rastrigin, rastrigin_derivative, rastrigin_hessian, (-5.12, 5.12);
        rosenbrock, rosenbrock_derivative, rosenbrock_hessian, (-2.0, 2.0);
        sphere, sphere_derivative, sphere_hessian, (-10.0, 10.0);
        styblinski_tang, styblinski_tang_derivative, styblinski_tang_hessian, (-5.0, 5.0);
        zero, zero_derivative, zero_hessian, (-1.0, 1.0);
    });
    all
}

fn module() -> Module {
    let compiled = Engine::new().compile(include_str!("../oracles/test_functions.ad"));
    compiled.unwrap_or_else(|e| panic!("{e}"))
}

fn close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * largest, "{what}, number {i}: {a}, by hand {b}");
    }
}

fn compare(f: &Function, known: &Known, point: &[f64]) {
    let name = |what: &str| format!("{what} of {} at {point:?}", known.name);
    let x = Value::from(point);
    let args = std::slice::from_ref(&x);
    let ran = |e: adit::Error| -> ! { panic!("{}: {e}", name("a run")) };
    let expected = (known.gradient)(point);
    for mode in [Mode::Reverse, Mode::Forward] {
        let gradient = f.gradient().mode(mode).at(args).unwrap_or_else(|e| ran(e));
        close(&name("the value"), &gradient.value.floats(), &[(known.value)(point)], 1e-12);
        close(&name("the gradient"), &gradient.floats(), &expected, 1e-10);
    }
    let (_, hessian) = f.hessian().at(args).unwrap_or_else(|e| ran(e));
    close(&name("the Hessian"), &Value::from(hessian).floats(), &(known.hessian)(point).concat(), 1e-9);
}

#[test]
fn values_gradients_and_hessians_are_those_worked_out_by_hand() {
    let module = module();
    let mut rng = Rng::new(1, 17);
    for known in known() {
        let f = module.function(known.name).unwrap_or_else(|e| panic!("{e}"));
        for &size in known.sizes {
            for _ in 0..40 {
                let point: Vec<f64> = (0..size).map(|_| rng.float(known.domain.0, known.domain.1)).collect();
                compare(&f, &known, &point);
            }
        }
    }
}

#[test]
fn no_function_is_left_out() {
    let module = module();
    let known = known();
    let helpers = ["goldstein_price_factors"];
    for name in module.function_names() {
        assert!(helpers.contains(&name) || known.iter().any(|k| k.name == name), "{name}");
    }
    assert_eq!(known.len() + helpers.len(), module.function_names().len());
}
