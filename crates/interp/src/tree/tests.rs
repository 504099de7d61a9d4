//! Construct by construct: a program, arguments, what it must give. Values are worked out by hand from the language's page.

use super::{Array, Outcome, Value, run};
use adit_diag::FileId;
use adit_ir::{Limits, RunError, Scalar, ScalarType, Trap};
use adit_sema::typed::{FnId, Program};

pub(super) fn program(source: &str) -> Program {
    let parsed = adit_syntax::parse(FileId(0), source);
    assert!(parsed.diagnostics.is_empty(), "{:?} in {source}", parsed.diagnostics);
    let checked = adit_sema::check(&parsed.file);
    assert!(checked.diagnostics.is_empty(), "{:?} in {source}", checked.diagnostics);
    checked.program.expect("there are no errors")
}

fn outcome_with(source: &str, args: Vec<Value>, limits: Limits) -> Result<Outcome, RunError> {
    let program = program(source);
    let main = program.functions.iter().position(|f| &*f.name == "f").expect("there is an `f`");
    run(&program, FnId(main as u32), args, &limits, &mut |_| {})
}

pub(super) fn outcome(source: &str, args: Vec<Value>) -> Result<Outcome, RunError> {
    outcome_with(source, args, Limits::default())
}

pub(super) fn value(source: &str, args: Vec<Value>) -> Value {
    outcome(source, args).expect("the run succeeds").value
}

/// The code of the error that stops `f`, and the text it points at.
pub(super) fn stopped(source: &str, args: Vec<Value>) -> (Trap, String) {
    let error = outcome(source, args).expect_err("the run stops");
    (error.trap, source[error.span.start as usize..error.span.end as usize].to_string())
}

pub(super) fn floats(dims: &[usize], x: &[f64]) -> Value {
    let elements = x.iter().map(|&x| Scalar::F64(x)).collect();
    Value::Array(Array { element: ScalarType::F64, dims: dims.to_vec(), elements })
}

fn ints(x: &[i64]) -> Value {
    let elements = x.iter().map(|&x| Scalar::I64(x)).collect();
    Value::Array(Array { element: ScalarType::I64, dims: vec![x.len()], elements })
}

fn bools(x: &[bool]) -> Value {
    let elements = x.iter().map(|&x| Scalar::Bool(x)).collect();
    Value::Array(Array { element: ScalarType::Bool, dims: vec![x.len()], elements })
}

/// Programs without arguments that give one float.
fn gives(cases: &[(&str, f64)]) {
    for (body, expected) in cases {
        let source = format!("fn f() -> f64 {{ {body} }}");
        assert_eq!(value(&source, vec![]), (*expected).into(), "{body}");
    }
}

/// Programs without arguments that give one integer.
fn gives_ints(cases: &[(&str, i64)]) {
    for (body, expected) in cases {
        let source = format!("fn f() -> i64 {{ {body} }}");
        assert_eq!(value(&source, vec![]), (*expected).into(), "{body}");
    }
}

#[test]
fn precedence_and_association() {
    gives(&[
        ("2.0 + 3.0 * 4.0", 14.0),
        ("-2.0^2", -4.0),
        ("2.0^3.0^2.0", 512.0),
        ("2.0^-1.0", 0.5),
        ("10.0 - 4.0 - 3.0", 3.0),
        ("24.0 / 4.0 / 3.0", 2.0),
        ("7.0 % 4.0 * 2.0", 6.0),
        ("-(2.0) * 3.0", -6.0),
    ]);
    gives_ints(&[
        ("7 / 2 * 2", 6),
        ("-7 / 2", -3),
        ("-7 % 3", -1),
        ("if 1 + 1 == 2 && !(2 < 1) || false { 1 } else { 0 }", 1),
        ("if true || 1 / 0 == 1 { 4 } else { 5 }", 4),
        ("if false && 1 / 0 == 1 { 4 } else { 5 }", 5),
    ]);
}

#[test]
fn blocks_ifs_and_shadowing() {
    gives(&[
        ("let x = 1.0; let x = x + 1.0; { let x = 10.0; } x", 2.0),
        ("let y = { let a = 2.0; a * a }; y", 4.0),
        ("if 1 < 2 { 1.0 } else if 2 < 3 { 2.0 } else { 3.0 }", 1.0),
        ("if 2 < 1 { 1.0 } else if 2 < 3 { 2.0 } else { 3.0 }", 2.0),
        ("let (a, (b, _)) = (1.0, (2.0, 3.0)); a + 10.0 * b", 21.0),
        ("let mut x = 3.0; x += 2.0; x *= 4.0; x -= 1.0; x /= 2.0; x", 9.5),
        ("let mut a = 1.0; let mut b = 2.0; let t = (b, a + b); a = t.0; b = t.1; 10.0 * a + b", 23.0),
    ]);
}

#[test]
fn loops_and_their_exits() {
    gives_ints(&[
        ("let mut s = 0; for i in 0..4 { s += i; } s", 6),
        ("let mut s = 0; for i in 0..=4 { s += i; } s", 10),
        ("let mut s = 0; for i in 4..0 { s += 1; } s", 0),
        ("let mut s = 0; for i in 5..0 step -2 { s = 10 * s + i; } s", 531),
        ("let mut s = 0; for i in 4..=0 step -2 { s = 10 * s + i; } s", 420),
        ("let mut s = 0; for i in 0..3 { for j in 0..i { s = 10 * s + i + j; } } s", 123),
        ("let mut n = 3; let mut c = 0; for i in 0..n { n = 10; c += 1; } c", 3),
        ("let mut s = 0; for i in 0..10 { if i == 5 { break; } if i % 2 == 1 { continue; } s = 10 * s + i; } s", 24),
        ("let mut s = 0; for i in 0..3 { for j in 0..3 { if j == 1 { break; } s += 1; } s += 10; } s", 33),
        ("let mut i = 0; while i * i < 50 { i += 1; } i", 8),
        ("let mut i = 0; while true { i += 1; if i > 6 { return i; } }", 7),
        ("for i in 0..9 { for j in 0..9 { if i * j == 42 { return 10 * i + j; } } } -1", 67),
        ("let x = if 1 < 2 { return 5; } else { 3 }; x", 5),
        ("let mut s = 0; for i in 0..3 { let t = if i == 1 { continue; } else { i }; s += t; } s", 2),
    ]);
}

#[test]
fn values_are_copies() {
    gives(&[
        ("let a = [1.0, 2.0]; let mut b = a; b[0] = 5.0; a[0] + 10.0 * b[0]", 51.0),
        ("let mut a = [1.0, 2.0]; let b = a; a[0] = 5.0; a[0] + 10.0 * b[0]", 15.0),
        ("let mut a = [1.0, 2.0, 3.0]; a[1..3] = a[0..2]; a[0] + 10.0 * a[1] + 100.0 * a[2]", 211.0),
        ("let mut a = [1.0, 2.0, 3.0]; a = [a[2 - i] for i in 0..3]; a[0] + 10.0 * a[1] + 100.0 * a[2]", 123.0),
    ]);
    let source = "fn g(a: [f64; n]) -> f64 { let mut b = a; b[0] = 7.0; b[0] }
                  fn f(a: [f64; n]) -> f64 { g(a) + a[0] }";
    assert_eq!(value(source, vec![[1.0, 2.0][..].into()]), 8.0.into());
}

#[test]
fn lent_parameters() {
    let source = "struct S { w: [f64; 2], k: f64 }
        fn double(x: &mut f64) { x *= 2.0; }
        fn shift(a: &mut [f64; n], by: f64) -> f64 { for i in 0..n { a[i] += by; } a[0] }
        fn twice(x: &mut f64) { double(&mut x); double(&mut x); }
        fn f(s: &mut S, z: &mut f64) -> f64 {
            double(&mut s.k); twice(&mut z); let r = shift(&mut s.w, z); double(&mut s.w[1]); r
        }";
    let s = Value::Tuple(vec![[1.0, 2.0][..].into(), 3.0.into()]);
    let outcome = outcome(source, vec![s, 1.0.into()]).expect("the run succeeds");
    assert_eq!(outcome.value, 5.0.into());
    assert_eq!(outcome.finals, vec![Value::Tuple(vec![[5.0, 12.0][..].into(), 6.0.into()]), 4.0.into()]);
}

#[test]
fn operands_are_evaluated_from_left_to_right() {
    let source = "fn next(s: &mut f64) -> f64 { s = 10.0 * s; s }
        fn f() -> f64 { let mut s = 1.0; let a = s + next(&mut s) + s; a }";
    assert_eq!(value(source, vec![]), 21.0.into());
    let source = "fn next(k: &mut i64) -> i64 { k += 1; k }
        fn f() -> f64 { let mut k = 0; let mut a = [1.0, 2.0, 3.0]; a[next(&mut k)] += f64(k); 10.0 * a[1] + f64(k) }";
    assert_eq!(value(source, vec![]), 31.0.into());
    let source = "fn clear(a: &mut [f64; n]) -> i64 { for i in 0..n { a[i] = 0.0; } 0 }
        fn f() -> f64 { let mut a = [1.0, 2.0]; a[clear(&mut a)] + a[1] }";
    assert_eq!(value(source, vec![]), 1.0.into());
}

#[test]
fn structs_and_tuples() {
    let source = "struct P<n> { w: [f64; n], t: (f64, i64) }
        fn make(n: i64, x: f64) -> P<n> { P { t: (x, 3), w: fill(x, n) } }
        fn f() -> f64 { let mut p = make(2, 1.5); let q = p; p.w[1] = 9.0; p.t.0 += 1.0; p.w[1] + p.t.0 + q.w[1] + q.t.0 }";
    assert_eq!(value(source, vec![]), 14.5.into());
}

#[test]
fn element_wise_arithmetic() {
    let x = || floats(&[2], &[1.0, 4.0]);
    for (body, expected) in [
        ("2 * x + 1", floats(&[2], &[3.0, 9.0])),
        ("sqrt(x) - x / 2", floats(&[2], &[0.5, 0.0])),
        ("-x^2", floats(&[2], &[-1.0, -16.0])),
        ("max(x, 2.0)", floats(&[2], &[2.0, 4.0])),
        ("x * sum(x)", floats(&[2], &[5.0, 20.0])),
    ] {
        assert_eq!(value(&format!("fn f(x: [f64; n]) -> [f64; n] {{ {body} }}"), vec![x()]), expected, "{body}");
    }
    assert_eq!(value("fn f(x: [f64; n]) -> [bool; n] { x > 2 }", vec![x()]), bools(&[false, true]));
    let source = "fn f(x: [f64; n], y: [f64; m]) -> [f64; n] { x + y }";
    let (trap, text) = stopped(source, vec![x(), floats(&[3], &[0.0; 3])]);
    assert_eq!((trap.code(), text.as_str()), ("AD0808", "x + y"));
}

#[test]
fn comprehensions_and_reductions() {
    gives(&[
        ("sum(f64(i) for i in 0..4)", 6.0),
        ("sum(f64(i * j) for i in 0..3, j in 0..i)", 2.0),
        ("prod(f64(i) for i in 1..=4)", 24.0),
        ("max(f64(i) for i in 0..0)", f64::NEG_INFINITY),
        ("min(f64(i) for i in 3..0 step -1)", 1.0),
        ("sum(zeros(0))", 0.0),
        ("prod(zeros(0))", 1.0),
        ("min(zeros(0))", f64::INFINITY),
        ("logsumexp(zeros(0))", f64::NEG_INFINITY),
        ("norm([3.0, 4.0])", 5.0),
        ("mean([1.0, 2.0, 6.0])", 3.0),
        ("dot([1.0, 2.0], [3.0, 4.0])", 11.0),
        ("logsumexp([0.0, 0.0]) - log(2.0)", 0.0),
        ("sum([[f64(i + j) for j in 0..2] for i in 0..3])", 9.0),
    ]);
    gives_ints(&[("sum(i for i in 0..4)", 6), ("max(i * (4 - i) for i in 0..5)", 4)]);
    let nan = value("fn f() -> f64 { mean(zeros(0)) }", vec![]);
    assert!(matches!(nan, Value::Scalar(Scalar::F64(x)) if x.is_nan()));
    let source = "fn f() -> [f64; 2, 3] { [f64(10 * i + j) for i in 0..2, j in 0..3] }";
    assert_eq!(value(source, vec![]), floats(&[2, 3], &[0.0, 1.0, 2.0, 10.0, 11.0, 12.0]));
    let source = "fn f(a: [f64; n, m]) -> [f64; m, n] { [a[.., j] for j in 0..m] }";
    assert_eq!(value(source, vec![floats(&[1, 2], &[1.0, 2.0])]), floats(&[2, 1], &[1.0, 2.0]));
    let source = "fn f(n: i64) -> [f64; n, 3] { [1.0 for i in 0..n, j in 0..3] }";
    assert_eq!(value(source, vec![0.into()]), floats(&[0, 3], &[]));
}

#[test]
fn slices_as_values_and_places() {
    let a = || floats(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let source = "fn f(a: [f64; n, m]) -> f64 { sum(a[1, ..]) + 100.0 * sum(a[.., 0]) + 10000.0 * sum(a[0..1, 1..3]) }";
    assert_eq!(value(source, vec![a()]), 50515.0.into());
    let source = "fn f(a: [f64; n, m], r: [f64; m]) -> [f64; n, m] { let mut b = a; b[0, ..] = r; b[.., 1] += 1.0; b }";
    let expected = floats(&[2, 3], &[7.0, 9.0, 9.0, 4.0, 6.0, 6.0]);
    assert_eq!(value(source, vec![a(), floats(&[3], &[7.0, 8.0, 9.0])]), expected);
    assert_eq!(value("fn f() -> i64 { len([1, 2, 3][2..2]) + len([1, 2, 3][0..=1]) }", vec![]), 2.into());
    assert_eq!(stopped("fn f(k: i64) -> f64 { sum([1.0, 2.0][k..1]) }", vec![2.into()]).0, Trap::BadSlice);
    assert_eq!(stopped("fn f(k: i64) -> f64 { sum([1.0, 2.0][0..k]) }", vec![3.into()]).0, Trap::BadSlice);
}

#[test]
fn matrices() {
    let a = || floats(&[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let x = || floats(&[2], &[1.0, 10.0]);
    let two = "fn f(a: [f64; n, n], x: [f64; n]) ->";
    assert_eq!(value(&format!("{two} [f64; n] {{ a @ x }}"), vec![a(), x()]), floats(&[2], &[21.0, 43.0]));
    assert_eq!(value(&format!("{two} [f64; n] {{ x @ a }}"), vec![a(), x()]), floats(&[2], &[31.0, 42.0]));
    assert_eq!(value(&format!("{two} f64 {{ x @ a @ x }}"), vec![a(), x()]), 451.0.into());
    let square = floats(&[2, 2], &[7.0, 10.0, 15.0, 22.0]);
    assert_eq!(value("fn f(a: [f64; n, n]) -> [f64; n, n] { a @ a }", vec![a()]), square);
    let flipped = floats(&[2, 2], &[1.0, 3.0, 2.0, 4.0]);
    assert_eq!(value("fn f(a: [f64; n, m]) -> [f64; m, n] { transpose(a) }", vec![a()]), flipped);
    assert_eq!(value("fn f() -> f64 { sum(identity(3)) + sum(ones(2, 2)) }", vec![]), 7.0.into());
}

#[test]
fn integer_arrays_as_indices() {
    let source = "fn f(x: [f64; n], k: [i64; m]) -> f64 { sum(x[k[i]] for i in 0..m) }";
    assert_eq!(value(source, vec![[1.0, 10.0, 100.0][..].into(), ints(&[2, 0, 2])]), 201.0.into());
    let (trap, text) = stopped(source, vec![[1.0][..].into(), ints(&[1])]);
    assert_eq!((trap.code(), text.as_str()), ("AD0801", "x[k[i]]"));
}

#[test]
fn run_time_errors_and_where() {
    for (body, code, at) in [
        ("let a = [1, 2]; a[2]", "AD0801", "a[2]"),
        ("let a = [1, 2]; a[-1]", "AD0801", "a[-1]"),
        ("let mut a = [1, 2]; let k = 5; a[k] = 1; 0", "AD0801", "a[k]"),
        ("let z = 0; 1 + 7 / z", "AD0802", "7 / z"),
        ("let z = 0; 7 % z", "AD0802", "7 % z"),
        ("assert(1 > 2, \"no\"); 0", "AD0803", "assert(1 > 2, \"no\")"),
        ("let k = -1; 2^k", "AD0809", "2^k"),
        ("i64(nan)", "AD0810", "i64(nan)"),
        ("let k = 0; for i in 0..3 step k { } 0", "AD0811", "k"),
        ("let k = -2; len(zeros(k))", "AD0812", "zeros(k)"),
    ] {
        let (trap, text) = stopped(&format!("fn f() -> i64 {{ {body} }}"), vec![]);
        assert_eq!((trap.code(), text.as_str()), (code, at), "{body}");
    }
}

#[test]
fn sizes_are_checked() {
    let inner = "fn g(a: [f64; n], b: [f64; n]) -> f64 { a[0] }";
    let source = format!("{inner} fn f(x: [f64; n], k: i64) -> f64 {{ g(x, x[0..k]) }}");
    let (trap, text) = stopped(&source, vec![[1.0, 2.0][..].into(), 1.into()]);
    assert_eq!((trap.code(), text.as_str()), ("AD0808", "g(x, x[0..k])"));
    let source = "fn f(x: [f64; n], k: i64) -> [f64; n] { x[0..k] }";
    assert_eq!(stopped(source, vec![[1.0, 2.0][..].into(), 1.into()]).1, "x[0..k]");
    let source = "fn f(x: [f64; n], k: i64) -> f64 { let mut y = x; y = x[0..k]; y[0] }";
    assert_eq!(stopped(source, vec![[1.0, 2.0][..].into(), 1.into()]).1, "y");
    let source = "fn f(x: [f64; n, n]) -> f64 { x[0, 0] }";
    assert_eq!(stopped(source, vec![floats(&[1, 2], &[1.0, 2.0])]).0.code(), "AD0808");
}

#[test]
fn limits_hold() {
    let recursion = "fn f(k: i64) -> i64 { if k == 0 { 0 } else { 1 + f(k - 1) } }";
    let deep = |depth| Limits { depth, ..Limits::default() };
    assert_eq!(outcome_with(recursion, vec![9.into()], deep(10)).map(|o| o.value), Ok(9.into()));
    let error = outcome_with(recursion, vec![10.into()], deep(10)).expect_err("one too deep");
    assert_eq!((error.trap, error.details), (Trap::RecursionTooDeep, [10, 0]));
    let endless = "fn f() -> i64 { while true { } }";
    let limits = Limits { steps: Some(1000), ..Limits::default() };
    assert_eq!(outcome_with(endless, vec![], limits).expect_err("endless").trap, Trap::StepLimit);
    let huge = "fn f(n: i64) -> f64 { sum(zeros(n)) }";
    assert_eq!(stopped(huge, vec![(1 << 50).into()]).0, Trap::MemoryLimit);
}

#[test]
fn no_program_reaches_the_end_of_the_stack() {
    let nested = "if k < 0 { 1 } else { 2 + ".repeat(40);
    let source = format!("fn f(k: i64) -> i64 {{ {nested} f(k + 1) {} }}", "}".repeat(40));
    let error = outcome(&source, vec![0.into()]).expect_err("endless recursion");
    assert_eq!(error.trap, Trap::RecursionTooDeep);
    let limits = Limits { depth: u32::MAX, ..Limits::default() };
    let error = outcome_with(&source, vec![0.into()], limits).expect_err("endless recursion");
    assert_eq!(error.trap, Trap::RecursionTooDeep);
}

#[test]
fn lines_are_printed_in_order() {
    let program = program("fn f(x: [f64; n]) { for i in 0..n { print(\"x\", i, x[i]); } print(x, true); }");
    let mut lines = Vec::new();
    let args = vec![[1.0, 2.5][..].into()];
    run(&program, FnId(0), args, &Limits::default(), &mut |line| lines.push(line.to_string())).expect("runs");
    assert_eq!(lines, ["x 0 1.0", "x 1 2.5", "[1.0, 2.5] true"]);
}

#[test]
fn library_functions_are_functions() {
    let source = "fn f(x: f64) -> f64 { normal_logpdf(x, 0, 1) }";
    let Value::Scalar(Scalar::F64(found)) = value(source, vec![0.0.into()]) else { panic!("a float") };
    assert!((found + 0.918_938_533_204_672_7).abs() < 1e-15);
}
