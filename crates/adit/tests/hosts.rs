//! Functions of the host, called by programs and differentiated by what was registered.

use adit::ir::Operand;
use adit::{Engine, ErrorKind, HostFunction, Value};

fn spring() -> HostFunction {
    HostFunction::scalar("fn spring(x: f64, k: f64) -> f64", |a| 0.5 * a[1] * a[0] * a[0])
        .partials(|a, out| (out[0], out[1]) = (a[1] * a[0], 0.5 * a[0] * a[0]))
}

/// Squares of all elements, and their sum.
fn squares() -> HostFunction {
    squares_of("fn squares(x: [f64; n]) -> ([f64; n], f64)")
}

fn squares_of(signature: &str) -> HostFunction {
    HostFunction::new(signature, |operands| {
        let [Operand::Array { elements: x, .. }, Operand::Out { elements: y, .. }] = operands else {
            return Err("takes one array".into());
        };
        y.iter_mut().zip(*x).for_each(|(y, x)| *y = x * x);
        Ok([y.iter().sum()].into_iter().collect())
    })
    .jvp(|operands| {
        let [
            Operand::Array { elements: x, .. },
            Operand::Array { elements: dx, .. },
            Operand::Out { elements: dy, .. },
        ] = operands
        else {
            return Err("takes two arrays".into());
        };
        for (i, dy) in dy.iter_mut().enumerate() {
            *dy = 2.0 * x[i] * dx[i];
        }
        Ok([dy.iter().sum()].into_iter().collect())
    })
    .vjp(|operands| {
        let [
            Operand::Array { elements: x, .. },
            Operand::Array { elements: w, .. },
            Operand::Float(s),
            Operand::Out { elements: out, .. },
        ] = operands
        else {
            return Err("takes two arrays and a float".into());
        };
        for (i, out) in out.iter_mut().enumerate() {
            *out = 2.0 * x[i] * (w[i] + *s);
        }
        Ok([].into_iter().collect())
    })
}

fn checking() -> Engine {
    Engine::builder().check_hosts(true).build().expect("these are options")
}

#[test]
fn both_modes_use_what_was_registered() {
    let engine = checking().with_function(spring()).expect("right").with_function(squares()).expect("right");
    let text = "fn f(x: [f64; n], k: f64) -> f64 {
                    let mut y = x;
                    let mut total = 0.0;
                    for t in 0..2 {
                        let (z, s) = squares(y);
                        y = z;
                        total += spring(s, k) + y[0];
                    }
                    total
                }";
    let own = "fn spring(x: f64, k: f64) -> f64 { 0.5 * k * x * x }
               fn squares(x: [f64; n]) -> ([f64; n], f64) { (x * x, sum(x * x)) }";
    let function = |text: &str| engine.compile(text).and_then(|m| m.function("f")).expect("it compiles");
    let args = [[0.5, -1.2].into(), 3.0.into()];
    let (host, plain) = (function(text), function(&format!("{own}\n{text}")));
    for mode in [adit::Mode::Forward, adit::Mode::Reverse] {
        let [a, b] = [&host, &plain].map(|f| f.gradient().mode(mode).at(&args).expect("there is one"));
        assert_eq!(a.value, b.value);
        for (a, b) in a.floats().iter().zip(b.floats()) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }
}

#[test]
fn single_precision_is_widened_and_rounded() {
    let single = HostFunction::scalar("fn spring(x: f32, k: f64) -> f32", |a| 0.5 * a[1] * a[0] * a[0])
        .partials(|a, out| (out[0], out[1]) = (a[1] * a[0], 0.5 * a[0] * a[0]));
    let many = squares_of("fn squares(x: [f32; n]) -> ([f32; n], f64)");
    let engine = checking().with_function(single).expect("right").with_function(many).expect("right");
    let text = "fn f(x: [f32; n], k: f64) -> f32 {
                    let mut y = x;
                    let mut total: f32 = 0;
                    for t in 0..2 {
                        let (z, s) = squares(y);
                        y = z;
                        total += spring(f32(s), k) * y[0];
                    }
                    total
                }";
    let own = "fn spring(x: f32, k: f64) -> f32 { f32(0.5 * k * f64(x) * f64(x)) }
               fn squares(x: [f32; n]) -> ([f32; n], f64) { let y = f64(x); (f32(y * y), sum(y * y)) }";
    let function = |text: &str| engine.compile(text).and_then(|m| m.function("f")).expect("it compiles");
    let args = [Value::from(vec![0.5_f32, -1.2]), 3.1.into()];
    let (host, plain) = (function(text), function(&format!("{own}\n{text}")));
    for mode in [adit::Mode::Forward, adit::Mode::Reverse] {
        let [a, b] = [&host, &plain].map(|f| f.gradient().mode(mode).at(&args).expect("there is one"));
        assert_eq!(a.value, b.value);
        assert!(matches!(a.value, Value::F32(_)) && a.of("x").is_some_and(|x| x.as_slice_f32().is_some()));
        for (a, b) in a.floats().iter().zip(b.floats()) {
            assert!((a - b).abs() < 1e-5 * b.abs().max(1.0), "{a} {b}");
        }
    }
}

#[test]
fn derivatives_in_a_program_go_through_host_functions_by_name() {
    let engine = checking().with_function(spring()).expect("right");
    let text = "fn f(x: f64) -> f64 { let (dx, dk) = grad(spring)(x, 3); dx + dk + apply(spring, x) }
                fn apply(g: fn(f64, f64) -> f64, x: f64) -> f64 { g(x, 2) }";
    let f = engine.compile(text).and_then(|m| m.function("f")).expect("it compiles");
    assert_eq!(f.call(&[2.0.into()]).expect("it runs").value, Value::F64(6.0 + 2.0 + 4.0));
}

#[test]
fn the_library_keeps_its_own_functions() {
    let own = HostFunction::scalar("fn cholesky(x: f64) -> f64", |a| 3.0 * a[0]).partials(|_, out| out[0] = 3.0);
    let engine = checking().with_function(own).expect("right");
    let text = "fn f(x: f64, a: [f64; n, n]) -> f64 { cholesky(x) + inner(a) }
                fn inner(a: [f64; n, n]) -> f64 { multi_normal_cholesky_logpdf([0.0, 0.0], [0.0, 0.0], a) }";
    let f = engine.compile(text).and_then(|m| m.function("f")).expect("it compiles");
    let gradient = f.gradient().at(&[2.0.into(), Value::matrix(&[vec![1.0, 0.0], vec![0.0, 1.0]])]).expect("it runs");
    assert_eq!(gradient.of("x"), Some(&Value::F64(3.0)));
}

#[test]
fn wrong_derivatives_are_told_at_registration() {
    let wrong =
        HostFunction::scalar("fn f(x: f64) -> f64", |a| a[0].sin()).partials(|a, out| out[0] = 1.01 * a[0].cos());
    let single =
        HostFunction::scalar("fn f(x: f32) -> f32", |a| a[0].sin()).partials(|a, out| out[0] = 1.01 * a[0].cos());
    for wrong in [wrong.clone(), single] {
        let error = checking().with_function(wrong).expect_err("1 % too much");
        assert_eq!(error.diagnostics()[0].code.0, "AD0612");
    }
    assert!(Engine::new().with_function(wrong).is_ok(), "nobody asked");
}

#[test]
fn a_panic_is_an_error_of_the_run_with_its_place() {
    let panics =
        HostFunction::scalar("fn f(x: f64) -> f64", |a| if a[0] > 1.0 { panic!("too hot: {}", a[0]) } else { a[0] });
    let engine = Engine::new().with_function(panics).expect("a signature");
    let module = engine.compile("fn g(x: f64) -> f64 {\n    1 + f(x)\n}").expect("it compiles");
    let g = module.function("g").expect("it is there");
    let error = g.call(&[2.0.into()]).expect_err("it panics");
    assert_eq!((error.kind(), error.diagnostics()[0].code.0), (ErrorKind::Run, "AD0815"));
    assert!(error.render(false).contains("too hot: 2") && error.render(false).contains("2:9"), "{error}");
    assert_eq!(g.call(&[0.5.into()]).expect("the engine lives on").value, Value::F64(1.5));
}

#[test]
fn another_number_of_floats_than_the_signature_says_is_an_error_of_the_run() {
    let pair =
        |give: usize| HostFunction::new("fn f(x: f64) -> (f64, f64)", move |_| Ok(adit::Floats::from_elem(1.0, give)));
    let told = |give: usize| {
        let engine = Engine::new().with_function(pair(give)).expect("a signature");
        let module =
            engine.compile("fn g(x: f64) -> f64 {\n    let (a, b) = f(x);\n    a + b\n}").expect("it compiles");
        module.function("g").and_then(|g| g.call(&[2.0.into()]))
    };
    assert_eq!(told(2).expect("two are wanted").value, Value::F64(2.0));
    for give in [0, 1, 3] {
        let error = told(give).expect_err("another number");
        assert_eq!((error.kind(), error.diagnostics()[0].code.0), (ErrorKind::Run, "AD0815"));
        assert!(error.render(false).contains(&format!("gave {give} where 2 floats are wanted")), "{error}");
        assert!(error.render(false).contains("2:18"), "{error}");
    }
}

#[test]
fn what_was_not_registered_is_refused() {
    let engine =
        Engine::new().with_function(HostFunction::scalar("fn f(x: f64) -> f64", |a| a[0])).expect("a signature");
    let module = engine.compile("fn g(x: f64) -> f64 { f(x)^2 }").expect("it compiles");
    let error = module.function("g").and_then(|g| g.gradient().at(&[2.0.into()])).expect_err("no derivative");
    assert_eq!(error.diagnostics()[0].code.0, "AD0611");
    // Partials have no derivatives of their own.
    let engine = Engine::new().with_function(spring()).expect("a signature");
    let module = engine.compile("fn g(x: f64) -> f64 { spring(x, 2) }").expect("it compiles");
    let g = module.function("g").expect("it is there");
    let error = g.hvp().at(&[2.0.into()], &[Some(1.0.into())]).expect_err("no second derivative");
    assert_eq!(error.diagnostics()[0].code.0, "AD0611");
}

#[test]
fn signatures_are_checked() {
    for signature in
        ["fn f(x: f64)", "fn f(x: &mut f64) -> f64", "fn f(x: [i64; n]) -> f64", "fn f(", "f", "fn f() -> i64"]
    {
        let refused = Engine::new().with_function(HostFunction::scalar(signature, |_| 0.0));
        assert!(refused.is_err(), "{signature}");
    }
}

#[test]
fn a_check_compares_partials_with_differences() {
    let report = |partial: f64| {
        let cube = HostFunction::scalar("fn cube(x: f64) -> f64", |a| a[0].powi(3))
            .partials(move |a, out| out[0] = partial * a[0] * a[0]);
        let module =
            Engine::new().with_function(cube).unwrap().compile("fn f(x: f64) -> f64 { sin(cube(x)) }").unwrap();
        module.function("f").unwrap().check(&[1.3.into()], &[], 1).unwrap()
    };
    assert!(report(3.0).agrees(), "{:?}", report(3.0));
    assert!(report(3.0).pairs.iter().any(|p| p.right == "differences"));
    assert!(!report(2.9).agrees());
}

#[test]
fn a_check_says_that_differences_tell_nothing() {
    let far = HostFunction::scalar("fn far(x: f64) -> f64", |a| 1e20 + a[0]).partials(|_, out| out[0] = 1.0);
    let module = Engine::new().with_function(far).unwrap().compile("fn f(x: f64) -> f64 { far(x) }").unwrap();
    let report = module.function("f").unwrap().check(&[1.3.into()], &[], 1).unwrap();
    assert!(report.agrees() && report.notes.iter().any(|n| n.contains("compared with nothing")), "{report:?}");
}

#[test]
fn registered_partials_are_checked_where_the_function_is_defined() {
    let root = |factor: f64| {
        HostFunction::scalar("fn late(x: f64) -> f64", |a| (a[0] - 1000.0).sqrt())
            .partials(move |a, out| out[0] = factor / (a[0] - 1000.0).sqrt())
    };
    assert!(checking().with_function(root(0.5)).is_ok());
    assert!(checking().with_function(root(5.0)).is_err());
}

#[test]
fn right_partials_of_large_values_are_not_refused() {
    let large = HostFunction::scalar("fn large(x: f64) -> f64", |a| 1e12 + a[0]).partials(|_, out| out[0] = 1.0);
    assert!(checking().with_function(large).is_ok());
}
