//! The explicit form: shadows accumulate, forward and reverse agree, and what cannot be right is told before anything runs.

use adit::{Active, Activity, BatchDuplicated, Const, Duplicated, DuplicatedNoNeed, Engine, Module, Sweep, Value};

const SOURCE: &str = "
fn f(w: [f64; n], x: [f64; n], a: f64) -> f64 { a * sum(w^2 * x) }
fn scratch(x: [f64; n], tmp: &mut [f64; n]) -> f64 { tmp = x * x; sum(tmp) }
fn fill(x: [f64; n], out: &mut [f64; n]) { out = x * x * out; }
fn number(x: f64, s: &mut f64) -> f64 { s = s * x; 2 * x }
fn count(x: [f64; n], k: i64) -> f64 { f64(k) * sum(x) }
fn nothing(x: f64) -> i64 { ftoi(x) }
struct P<n> { w: [f64; n], k: f64, id: i64 }
fn of_struct(p: P<n>, x: [f64; n]) -> f64 { p.k * sum(p.w * x) }";

fn module() -> Module {
    Engine::new().compile(&SOURCE.replace("ftoi(x)", "i64(x)")).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn reverse_adds_to_shadows_and_returns_what_is_active() {
    let m = module();
    let (w, x, mut dw) = ([1.0, 2.0], [3.0, 5.0], [0.0; 2]);
    for runs in [1.0, 2.0] {
        let args = (Duplicated(&w, &mut dw), Const(&x), Active(2.0));
        let d = m.autodiff(Sweep::Reverse, "f", Activity::Active, args).expect("it runs");
        assert_eq!((d.value, d.adjoints), (None, ((), (), 23.0)));
        assert_eq!(dw, [12.0 * runs, 40.0 * runs]);
    }
    let args = (DuplicatedNoNeed(&w, &mut dw), Const(&x), Const(2.0));
    let d = m.autodiff(Sweep::ReverseWithPrimal, "f", Activity::Active, args).expect("it runs");
    assert_eq!((d.value, d.adjoints, dw), (Some(46.0.into()), ((), (), ()), [36.0, 120.0]));
}

#[test]
fn structs_have_shadows_of_their_shape_which_make_zero_gives() {
    let m = module();
    let p = Value::structure([("w", [1.0, 2.0].into()), ("k", 0.5.into()), ("id", 7i64.into())]);
    let mut shadow = p.zeroed();
    for _ in 0..2 {
        let args = (Duplicated(&p, &mut shadow), Const(&[3.0, 5.0]));
        m.autodiff(Sweep::Reverse, "of_struct", Activity::Active, args).expect("it runs");
    }
    assert_eq!(shadow, Value::structure([("w", [3.0, 5.0].into()), ("k", 26.0.into()), ("id", 0i64.into())]));
}

#[test]
fn what_is_written_has_seeds_in_its_shadow_and_then_its_adjoint() {
    let m = module();
    let (x, mut dx, mut out, mut seed) = ([2.0, 3.0], [0.0; 2], [10.0, 20.0], [1.0, 0.5]);
    let args = (Duplicated(&x, &mut dx), Duplicated(&mut out, &mut seed));
    m.autodiff(Sweep::Reverse, "fill", Activity::Const, args).expect("it runs");
    assert_eq!(out, [40.0, 180.0]);
    assert_eq!(dx, [2.0 * 2.0 * 10.0, 2.0 * 3.0 * 20.0 * 0.5]);
    assert_eq!(seed, [4.0, 4.5]);

    let (mut out, mut tangent) = ([10.0, 20.0], [1.0, 0.0]);
    let args = (Duplicated(&x, &[1.0, 1.0]), Duplicated(&mut out, &mut tangent));
    m.autodiff(Sweep::Forward, "fill", Activity::Const, args).expect("it runs");
    assert_eq!((out, tangent), ([40.0, 180.0], [40.0 + 4.0, 120.0]));
}

#[test]
fn forward_takes_directions_one_or_several() {
    let m = module();
    let (w, x) = ([1.0, 2.0], [3.0, 5.0]);
    let args = (Duplicated(&w, &[1.0, 0.0]), Const(&x), Duplicated(2.0, 1.0));
    let d = m.autodiff(Sweep::ForwardWithPrimal, "f", Activity::Duplicated, args).expect("it runs");
    assert_eq!((d.value, d.tangents), (Some(46.0.into()), vec![35.0.into()]));
    let batch = BatchDuplicated(&w, [&[1.0, 0.0], &[0.0, 1.0], &[1.0, 1.0]]);
    let args = (batch, Const(&x), BatchDuplicated(2.0, [1.0, 0.0, 10.0]));
    let d = m.autodiff(Sweep::Forward, "f", Activity::BatchDuplicated(3), args).expect("it runs");
    assert_eq!((d.value, d.tangents), (None, vec![35.0.into(), 40.0.into(), 282.0.into()]));
}

fn told<T>(result: adit::Result<T>) -> String {
    match result {
        Ok(_) => panic!("a refusal was expected"),
        Err(e) => format!("{}: {}", e.diagnostics()[0].code, e.diagnostics()[0].message),
    }
}

#[test]
fn what_cannot_be_right_is_told_before_the_run() {
    let m = module();
    let (x, mut dx, mut tmp) = ([2.0, 3.0], [0.0; 2], [0.0; 2]);
    let reverse = Sweep::Reverse;
    let d = m.autodiff(reverse, "scratch", Activity::Active, (Duplicated(&x, &mut dx), Const(&mut tmp)));
    assert_eq!(
        told(d),
        "AD0907: `tmp` is Const, but values that depend on `x` are written to it: give it a shadow, as Duplicated"
    );
    assert_eq!((dx, tmp), ([0.0; 2], [0.0; 2]));
    // With a shadow it is right.
    let mut shadow = [0.0; 2];
    let args = (Duplicated(&x, &mut dx), Duplicated(&mut tmp, &mut shadow));
    m.autodiff(reverse, "scratch", Activity::Active, args).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((dx, tmp), ([4.0, 6.0], [4.0, 9.0]));

    let mut s = 1.0;
    let d = m.autodiff(reverse, "number", Activity::Active, (Active(2.0), Const(&mut s)));
    assert!(told(d).starts_with("AD0907: `s` is Const, but values that depend on `x` are written to it"));
    let mut ds = 0.0;
    let d = m.autodiff(reverse, "number", Activity::Active, (Active(2.0), Duplicated(&mut s, &mut ds)));
    assert!(told(d).starts_with("AD0907: `s` cannot be Duplicated: numbers that are lent by themselves"));

    let mut short = [0.0; 1];
    let args = (Duplicated(&x, &mut short), Const(&x), Const(1.0));
    let d = m.autodiff(reverse, "f", Activity::Active, args);
    assert_eq!(told(d), "AD0906: the shadow of `w` has the extents [1] where [2] are wanted");
    let mut single = [0.0_f32; 2];
    let d = m.autodiff(reverse, "f", Activity::Active, (Duplicated(&x, &mut single), Const(&x), Const(1.0)));
    assert_eq!(told(d), "AD0905: the shadow of `w` takes an array of f64, not f32");
    let d = m.autodiff(reverse, "f", Activity::Active, (Duplicated(&x, &dx), Const(&x), Const(1.0)));
    assert_eq!(told(d), "AD0905: the shadow of `w` is written: pass it by `&mut`");

    let d = m.autodiff(reverse, "f", Activity::Const, (Const(&x), Const(&x), Active(1.0)));
    assert_eq!(told(d), "AD0907: the result was said to be Const, but it depends on `a`");
    let d = m.autodiff(reverse, "f", Activity::Duplicated, (Const(&x), Const(&x), Active(1.0)));
    assert!(told(d).starts_with("AD0907: the result cannot be Duplicated: in reverse mode"));
    let d = m.autodiff(reverse, "f", Activity::Active, (Const(&x), Active(1.0)));
    assert_eq!(told(d), "AD0904: 3 values are wanted (`w`, `x`, `a`), 2 were given");
    let d = m.autodiff(reverse, "count", Activity::Active, (Duplicated(&x, &mut dx), Active(3_i64)));
    assert_eq!(told(d), "AD0907: `k` holds no floats: it can only be Const, not Active");
    let d = m.autodiff(reverse, "nothing", Activity::Active, (Active(3.0),));
    assert!(told(d).starts_with("AD0602"));
    let d = m.autodiff(reverse, "f", Activity::Active, (Active(1.0), Const(&x), Const(1.0)));
    assert_eq!(told(d), "AD0905: `w` takes an array of f64, not one f64");

    let forward = Sweep::Forward;
    let d = m.autodiff(forward, "f", Activity::Duplicated, (Const(&x), Const(&x), Active(1.0)));
    assert!(told(d).starts_with("AD0907: `a` cannot be Active: in forward mode the direction is said as a shadow"));
    let args = (BatchDuplicated(&x, [&x, &x]), Const(&x), Duplicated(1.0, 1.0));
    let d = m.autodiff(forward, "f", Activity::BatchDuplicated(2), args);
    assert_eq!(told(d), "AD0907: `a` has 1 shadows, `w` 2: all have equally many");
    let d = m.autodiff(forward, "f", Activity::Duplicated, (BatchDuplicated(&x, [&x, &x]), Const(&x), Const(1.0)));
    assert_eq!(told(d), "AD0907: the result has 1 shadows, the arguments 2");
}

/// What grows and shrinks by itself where it is overwritten does not where it is read or added to.
#[test]
fn shadows_of_another_shape_are_refused_whoever_owns_them() {
    let m = module();
    let (w, x) = ([1.0, 2.0], [3.0, 5.0]);
    let told = |d: adit::Result<_>| {
        d.map(|_: adit::Differentiated<((), (), ())>| ()).expect_err("it does not fit").to_string()
    };
    for wrong in [vec![7.0], vec![7.0; 3], Vec::new()] {
        for sweep in [Sweep::Reverse, Sweep::Forward] {
            let mut shadow = wrong.clone();
            let result = if sweep == Sweep::Reverse { Activity::Active } else { Activity::Duplicated };
            let d = told(m.autodiff(sweep, "f", result, (Duplicated(&w, &mut shadow), Const(&x), Const(2.0))));
            let text =
                format!("error[AD0906]: the shadow of `w` has the extents [{}] where [2] are wanted", wrong.len());
            assert!(d.contains(&text), "{d}");
            assert_eq!(shadow, wrong);
            let mut shadow = Value::from(wrong.clone());
            let d = told(m.autodiff(sweep, "f", result, (Duplicated(&w, &mut shadow), Const(&x), Const(2.0))));
            assert!(d.contains(&text), "{d}");
            assert_eq!(shadow, Value::from(wrong.clone()));
        }
    }
}
