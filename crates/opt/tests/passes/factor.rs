//! Factors that come after their loops: what becomes of a text, what stays as it is, and that numbers are the same but for rounding, wherever they are.

use crate::harness::read;
use adit_ir::limits::Limits;
use adit_ir::print::print_function;
use adit_ir::{Argument, Elements, FuncId, Module, Scalar};
use adit_opt::{Options, factor};

/// The only function after the pass, if it changed anything.
fn factored(text: &str) -> Option<Module> {
    let mut module = read(text);
    let f = factor::run(&module, module.function(FuncId::new(0)), Options::default())?;
    *module.function_mut(FuncId::new(0)) = f;
    adit_ir::verify::verify(&module).expect("what it makes verifies");
    Some(module)
}

fn text(module: &Module) -> String {
    print_function(module, module.function(FuncId::new(0)))
}

/// A loop over `v0` that carries `v7` from `v6`, with `x` in `v9`, `s` and `m` as `v1` and `v2`, zero as `v3`.
fn sum(body: &str) -> String {
    format!(
        "func @f(v0: [f64; d0], v1: f64, v2: f64, v6: f64) -> f64 {{
           v3 = const 0.0
           v4 = for v5 in 0..d0 (v7: f64 = v6) {{
             v9 = load v0[v5]
             {body}
           }}
           return v4
         }}"
    )
}

/// What a density of normals is made of.
const SCORES: &str = "v10 = sub v9, v2  v11 = div v10, v1  v12 = mul v11, v11  v13 = const 0.5  v14 = mul v12, v13
    v15 = add v14, v6  v16 = sub v7, v15  yield v16";

fn value(module: &Module, x: &[f64], numbers: [f64; 3]) -> f64 {
    let dims = [x.len()];
    let mut args = vec![Argument::Array { dims: &dims, elements: Elements::F64(x) }];
    args.extend(numbers.map(|x| Argument::Scalar(Scalar::F64(x))));
    let ran = adit_interp::ir::run(module, FuncId::new(0), &mut args, &Limits::default(), &mut |_| {});
    match ran.expect("it runs")[..] {
        [Scalar::F64(value)] => value,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn what_stays_the_same_comes_after_the_loop() {
    let module = factored(&sum(SCORES)).expect("that saves a quotient, two products and a sum");
    let expected = "func @f(v0: [f64; d0], v1: f64, v2: f64, v3: f64) -> f64 {
  v4 = const 0.0
  v5 = const 0.0
  v6 = for v7 in 0..d0 (v8: f64 = v5) {
    v9 = load v0[v7]
    v10 = sub v9, v2
    v11 = mul v10, v10
    v12 = add v8, v11
    yield v12
  }";
    assert!(text(&module).starts_with(expected), "{}", text(&module));
}

#[test]
fn sums_of_the_same_products_are_one() {
    let text_of_two = "func @f(v0: [f64; d0], v1: f64, v2: f64) -> (f64, f64) {
           v3 = const 0.0
           v4, v5 = for v6 in 0..d0 (v7: f64 = v3, v8: f64 = v3) {
             v9 = load v0[v6]
             v10 = mul v9, v1
             v11 = smul v10, v2
             v12 = sub v7, v11
             v13 = add v11, v10
             v14 = add v8, v13
             yield v12, v14
           }
           return v4, v5
         }";
    let module = factored(text_of_two).expect("it saves two products and a sum");
    let printed = text(&module);
    let tried = printed.split("  }").next().expect("there is a loop");
    assert_eq!(tried.matches("= add").count(), 1, "{printed}");
    assert_eq!(tried.matches("mul").count(), 0, "{printed}");
}

#[test]
fn what_is_known_on_the_way_or_saves_little_or_runs_once_stays() {
    let kept = [
        // One product is not worth it.
        "v10 = mul v9, v1  v11 = add v7, v10  yield v11",
        // The sum is looked at.
        "v10 = mul v9, v1  v11 = div v10, v2  v12 = add v7, v11  v13 = cmp lt v7, v1  v14 = select v13, v12, v7  yield v14",
        // It is no sum.
        "v10 = mul v9, v1  v11 = div v10, v2  v12 = sub v11, v7  yield v12",
        "v10 = mul v9, v1  v11 = div v10, v2  v12 = mul v7, v11  yield v12",
        // What is divided by changes.
        "v10 = div v1, v9  v11 = add v10, v10  v12 = add v7, v11  yield v12",
        // The distance from a number is small where both are not.
        "v10 = sub v9, v2  v11 = add v7, v10  yield v11",
        // What is squared is a number and a part that stays, so that little is saved.
        "v10 = mul v9, v1  v11 = add v10, v2  v12 = mul v11, v1  v13 = mul v12, v12  v14 = add v7, v13  yield v14",
        // Nothing is left of it, unless it is no number.
        "v10 = mul v9, v1  v11 = sub v10, v10  v12 = mul v11, v2  v13 = add v7, v12  yield v13",
    ];
    for body in kept {
        if let Some(module) = factored(&sum(body)) {
            panic!("{body}\n{}", text(&module));
        }
    }
}

#[test]
fn a_loop_that_writes_is_not_run_twice() {
    let writes =
        sum(SCORES).replace("v0: [f64; d0]", "v0: mut [f64; d0]").replace("yield v16", "store v0[v5], v1  yield v16");
    assert!(factored(&writes).is_none());
}

#[test]
fn numbers_are_the_same_but_for_rounding() {
    let plain = read(&sum(SCORES));
    let module = factored(&sum(SCORES)).expect("it saves enough");
    let huge = [1e200, -3e200, 2e200];
    let tiny = [1e-200, 2e-200, -1e-200];
    let cases: [(&[f64], [f64; 3]); 10] = [
        (&[1.0, 2.5, -3.0, 0.25], [0.3, 0.7, 1.5]),
        (&[], [0.3, 0.7, 1.5]),
        (&[], [0.0, 0.7, 1.5]),
        // Squares overflow, or vanish, where those of scores do not.
        (&huge, [1e200, 0.0, 1.5]),
        (&tiny, [1e-200, 0.0, 1.5]),
        // Scores are not finite, or no numbers.
        (&[1.0, f64::INFINITY], [0.3, 0.7, 1.5]),
        (&[1.0, f64::NAN], [0.3, 0.7, 1.5]),
        (&[1.0, 2.0], [0.0, 0.7, 1.5]),
        (&[1.0, 2.0], [0.3, 0.7, f64::NEG_INFINITY]),
        (&[1.0, 2.0], [f64::INFINITY, 0.7, 1.5]),
    ];
    for (x, numbers) in cases {
        let [wanted, found] = [&plain, &module].map(|module| value(module, x, numbers));
        let apart = (wanted - found).abs();
        assert!(
            wanted.to_bits() == found.to_bits() || apart <= 1e-13 * wanted.abs() || wanted.is_nan() && found.is_nan(),
            "{x:?} {numbers:?}: {wanted} and {found}"
        );
    }
}

#[test]
fn what_cancels_is_added_up_as_it_was() {
    // Halves of squares, less what they nearly are.
    let plain = sum(SCORES);
    let near = 0.5 + 1e-13;
    let x = vec![1.0; 1000];
    let module = factored(&plain).expect("it saves enough");
    let [wanted, found] = [&read(&plain), &module].map(|module| value(module, &x, [1.0, 0.0, -near]));
    assert_eq!(wanted.to_bits(), found.to_bits(), "{wanted:e} and {found:e}");
}

/// The tangents of Σ x (a + b x) along two directions: those of `a` in `v2` and `v6`, those of `b` in `v1` and `v2`.
const TANGENTS: &str = "func @f(v0: [f64; d0], v1: f64, v2: f64, v6: f64) -> (f64, f64) {
    v3 = const 0.0
    v4, v5 = for v7 in 0..d0 (v8: f64 = v3, v9: f64 = v3) {
      v10 = load v0[v7]
      v11 = smul v1, v10
      v12 = add v2, v11
      v13 = smul v12, v10
      v14 = add v8, v13
      v15 = smul v2, v10
      v16 = add v6, v15
      v17 = smul v16, v10
      v18 = add v9, v17
      yield v14, v18
    }
    return v4, v5
  }";

#[test]
fn tangents_that_stay_leave_sums_that_all_directions_have() {
    let module = factored(TANGENTS).expect("two sums are left, of a number and of its square");
    let expected = "    v12 = load v0[v9]
    v13 = add v10, v12
    v14 = mul v12, v12
    v15 = add v11, v14
    yield v13, v15
  }";
    let printed = text(&module);
    assert!(printed.contains(expected), "{printed}");
}

#[test]
fn terms_of_one_tangent_stay_together() {
    // x − x² may be small where both are not; the tangent is the same.
    let one = "v10 = mul v9, v9  v11 = smul v1, v9  v12 = smul v1, v10  v13 = sub v11, v12  v14 = mul v13, v2  v15 = smul v14, v9
        v16 = add v7, v15  yield v16";
    assert!(factored(&sum(one)).is_none());
    // Of two tangents there are two sums.
    let module = factored(&sum(&one.replace("smul v1, v10", "smul v6, v10"))).expect("factors are taken out");
    let printed = text(&module);
    let tried = printed.split("yield").next().expect("there is a loop");
    assert_eq!((tried.matches("= sub").count(), tried.matches("= add").count()), (0, 2), "{printed}");
}

#[test]
fn tangents_that_cancel_are_added_up_as_they_were() {
    let one =
        "v10 = smul v1, v9  v11 = add v2, v10  v12 = smul v11, v9  v13 = smul v12, v9  v14 = add v7, v13  yield v14";
    let (plain, module) = (read(&sum(one)), factored(&sum(one)).expect("products are taken out"));
    // a + b x is nearly 0 everywhere, and exactly so where it is computed first.
    let x: Vec<f64> = (0..50).map(|i| 1e6 + f64::from(i % 7)).collect();
    let numbers = [1.0, -1e6, 0.0];
    assert_eq!(value(&module, &x, numbers), value(&plain, &x, numbers));
    let numbers = [0.3, 0.7, 1.5];
    let (a, b) = (value(&module, &x, numbers), value(&plain, &x, numbers));
    assert!((a - b).abs() <= 1e-14 * b.abs(), "{a} and {b}");
}

#[test]
fn a_loop_that_never_runs_adds_nothing() {
    let text = sum(SCORES).replace("in 0..d0", "in 5..d0");
    let module = factored(&text).expect("it saves enough");
    assert_eq!(value(&module, &[1.0, 2.0], [0.3, 0.7, 1.5]), 1.5);
}
