//! What each instruction means, by programs in the text form and values by hand.

use super::*;
use adit_diag::FileId;
use adit_ir::{Elements, ElementsMut, Trap};
use std::sync::atomic::AtomicBool;

fn module(text: &str) -> Module {
    adit_reader::read_verified(FileId(0), text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

fn last(module: &Module) -> FuncId {
    module.ids().last().expect("there is a function")
}

/// Runs the last function of a text.
fn run_last(text: &str, args: &mut [Argument<'_>]) -> Result<Vec<Scalar>, RunError> {
    run_limited(text, args, Limits::default())
}

fn run_limited(text: &str, args: &mut [Argument<'_>], limits: Limits) -> Result<Vec<Scalar>, RunError> {
    let module = module(text);
    run(&module, last(&module), args, &limits, &mut |_| {})
}

/// Runs the last function, which takes one float and returns one.
fn float(text: &str, x: f64) -> f64 {
    match run_last(text, &mut [f64(x)]).as_deref() {
        Ok([Scalar::F64(y)]) => *y,
        other => panic!("{other:?}"),
    }
}

fn f64(x: f64) -> Argument<'static> {
    Argument::Scalar(Scalar::F64(x))
}

fn i64(i: i64) -> Argument<'static> {
    Argument::Scalar(Scalar::I64(i))
}

fn bool(b: bool) -> Argument<'static> {
    Argument::Scalar(Scalar::Bool(b))
}

fn trap(text: &str, args: &mut [Argument<'_>]) -> (Trap, [i64; 2]) {
    let error = run_last(text, args).expect_err("the run stops");
    (error.trap, error.details)
}

const HORNER: &str = "func @horner(v0: f64, v1: [f64; d0]) -> f64 {
  v2 = const 0.0
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = mul v5, v0
    v7 = load v1[v4]
    v8 = add v6, v7
    yield v8
  }
  return v3
}";

#[test]
fn a_loop_over_an_array() {
    let elements = Elements::F64(&[2.0, 3.0, 5.0]);
    let mut args = [f64(10.0), Argument::Array { dims: &[3], elements }];
    assert_eq!(run_last(HORNER, &mut args), Ok(vec![Scalar::F64(235.0)]));
}

/// The indices of a loop, as digits of a number.
fn indices(header: &str) -> Result<Vec<Scalar>, RunError> {
    let text = format!(
        "func @f() -> i64 {{
  v0 = const 0
  v1 = const 100
  v2 = for {header} (v4: i64 = v0) {{
    v5 = imul v4, v1
    v6 = iadd v5, v3
    yield v6
  }}
  return v2
}}"
    );
    run_last(&text, &mut [])
}

#[test]
fn loops_run_over_their_indices_in_both_directions() {
    let cases = [
        ("v3 in 1..4", 10203),
        ("rev v3 in 1..4", 30201),
        ("v3 in 1..8 step 3", 10407),
        ("rev v3 in 1..8 step 3", 70401),
        ("v3 in 7..0 step -3", 70401),
        ("rev v3 in 7..0 step -3", 10407),
        ("v3 in 4..4", 0),
        ("v3 in 4..1", 0),
        ("v3 in 1..4 step -1", 0),
    ];
    for (header, expected) in cases {
        assert_eq!(indices(header), Ok(vec![Scalar::I64(expected)]), "{header}");
    }
    assert_eq!(indices("v3 in 1..4 step 0").map_err(|e| e.trap), Err(Trap::ZeroStep));
}

#[test]
fn loops_at_the_ends_of_the_integers_end() {
    let max = i64::MAX;
    let cases = [
        format!("v3 in {}..{max} step 10", max - 1),
        format!("v3 in {}..{} step {}", i64::MIN, max, max),
        format!("v3 in {max}..{} step {}", i64::MIN, i64::MIN),
    ];
    let once = [max - 1, i64::MIN, max];
    for (header, first) in cases.iter().zip(once) {
        let text = format!("func @f() {{ for {header} {{ print v3 }} }}");
        let module = module(&text);
        let mut lines = Vec::new();
        let result = run(&module, last(&module), &mut [], &Limits::default(), &mut |line| lines.push(line.to_string()));
        assert_eq!(result, Ok(vec![]));
        assert_eq!(lines[0], first.to_string());
        assert!(lines.len() <= 3, "{lines:?}");
    }
}

#[test]
fn a_while_carries_to_its_condition_and_out() {
    let text = "func @f(v0: f64) -> f64 {
  v1 = const 0.0
  v2 = while (v3: f64 = v1) {
    v4 = cmp lt v3, v0
    yield v4
  } do (v5) {
    v6 = const 3.0
    v7 = add v5, v6
    yield v7
  }
  return v2
}";
    assert_eq!(float(text, 10.0), 12.0);
    assert_eq!(float(text, -1.0), 0.0);
    assert_eq!(float(text, f64::NAN), 0.0);
}

#[test]
fn carried_values_change_places_at_once() {
    let text = "func @f(v0: f64) -> f64 {
  v1 = const 1.0
  v2, v3 = for v4 in 0..3 (v5: f64 = v0, v6: f64 = v1) {
    yield v6, v5
  }
  v7 = div v2, v3
  return v7
}";
    assert_eq!(float(text, 4.0), 0.25);
}

#[test]
fn choices() {
    let text = "func @f(v0: f64) -> f64 {
  v1 = const 0.0
  v2 = cmp ge v0, v1
  v3 = if v2 {
    v4 = sqrt v0
    yield v4
  } else {
    v5 = neg v0
    yield v5
  }
  v6 = select v2, v3, v1
  v7 = add v3, v6
  return v7
}";
    assert_eq!(float(text, 9.0), 6.0);
    assert_eq!(float(text, -9.0), 9.0);
}

#[test]
fn memory_of_every_type() {
    let text = "func @f(v0: mut [f64; d0], v1: mut [i64; 2], v2: mut [bool; d0, 2], v3: f64) -> f64 {
  v4 = const 7
  v5 = const true
  store v0[1], v3
  acc v0[1], v3
  acc v0[0], v3
  fill v1, v4
  store v2[1, 0], v5
  v6 = alloc [f64; d0]
  v7 = load v6[1]
  copy v6, v0
  v8 = load v6[1]
  v9 = add v7, v8
  return v9
}";
    let (mut floats, mut ints, mut bools) = ([1.0, 2.0], [0, 0], [true, false, false, false]);
    let mut args = [
        Argument::ArrayMut { dims: &[2], elements: ElementsMut::F64(&mut floats) },
        Argument::ArrayMut { dims: &[2], elements: ElementsMut::I64(&mut ints) },
        Argument::ArrayMut { dims: &[2, 2], elements: ElementsMut::Bool(&mut bools) },
        f64(0.5),
    ];
    assert_eq!(run_last(text, &mut args), Ok(vec![Scalar::F64(1.0)]));
    assert_eq!(floats, [1.5, 1.0]);
    assert_eq!(ints, [7, 7]);
    assert_eq!(bools, [true, false, true, false]);
}

const TAPE: &str = "func @f(v0: i64) -> f64 {
  v1 = tape.new (f64, i64)
  for v2 in 0..v0 {
    v3 = itof v2
    tape.push v1, (v3, v2)
  }
  v4 = const 0.0
  v5 = const 10.0
  v6 = for v7 in 0..3 (v8: f64 = v4) {
    v9, v10 = tape.pop v1
    v11 = mul v8, v5
    v12 = add v11, v9
    yield v12
  }
  return v6
}";

#[test]
fn tapes_are_last_in_first_out() {
    assert_eq!(run_last(TAPE, &mut [i64(3)]), Ok(vec![Scalar::F64(210.0)]));
    assert_eq!(trap(TAPE, &mut [i64(2)]), (Trap::EmptyTape, [0; 2]));
}

#[test]
fn records_of_a_mixed_tape_come_back_as_they_went() {
    let text = |popped: &str| {
        format!(
            "func @fill(v0: mut tape, v1: i64) {{
  v2 = itof v1
  tape.push v0, (v2)
  tape.push v0, (v1, v2)
}}
func @f(v0: i64) -> (f64, f64) {{
  v1 = tape.new
  call @fill(v1, v0)
  v2, v3 = tape.pop v1 {popped}
  v4 = tape.pop v1 (f64)
  return v3, v4
}}"
        )
    };
    assert_eq!(run_last(&text("(i64, f64)"), &mut [i64(3)]), Ok(vec![Scalar::F64(3.0), Scalar::F64(3.0)]));
    assert_eq!(trap(&text("(f64, f64)"), &mut [i64(3)]), (Trap::EmptyTape, [0; 2]));
}

#[test]
fn an_outcome_counts() {
    let module = module(TAPE);
    let interpreter = Interpreter::new(&module, Limits::default());
    let mut inputs = [Input::Scalar(Cell::<f64>::I64(5))];
    let outcome = interpreter.run_with(last(&module), &mut inputs, &mut |_| {}).expect("it runs");
    assert_eq!(outcome.records_left, 2);
    assert_eq!(outcome.peak_bytes, 5 * 16);
    assert_eq!(outcome.steps, 5 + 3);
    assert_eq!(outcome.nearest_kink, f64::INFINITY);
}

#[test]
fn kinks_are_measured() {
    let text = "func @f(v0: f64) -> f64 {
  v1 = const 2.0
  v2 = cmp lt v0, v1
  v3 = max v0, v1
  v4 = abs v0
  return v4
}";
    let module = module(text);
    let kink = |x: f64| {
        let interpreter = Interpreter::new(&module, Limits::default());
        let mut inputs = [Input::Scalar(Cell::F64(x))];
        interpreter.run_with(last(&module), &mut inputs, &mut |_| {}).expect("it runs").nearest_kink
    };
    assert_eq!(kink(2.5), 0.5);
    assert_eq!(kink(0.25), 0.25);
    assert_eq!(kink(-0.5), 0.5);
}

const FACTORIAL: &str = "func @factorial(v0: i64) -> i64 {
  v1 = const 1
  v2 = cmp le v0, v1
  v3 = if v2 {
    yield v1
  } else {
    v4 = isub v0, v1
    v5 = call @factorial(v4)
    v6 = imul v0, v5
    yield v6
  }
  return v3
}";

#[test]
fn recursion_is_bounded_by_the_limit_not_by_the_host() {
    assert_eq!(run_last(FACTORIAL, &mut [i64(10)]), Ok(vec![Scalar::I64(3_628_800)]));
    assert_eq!(trap(FACTORIAL, &mut [i64(20_000)]), (Trap::RecursionTooDeep, [10_000, 0]));
    let deep = Limits { depth: 200_000, ..Limits::default() };
    assert!(run_limited(FACTORIAL, &mut [i64(200_000)], deep).is_ok());
    assert!(run_limited(FACTORIAL, &mut [i64(200_001)], deep).is_err());
    let unbounded = Limits { depth: u32::MAX, ..Limits::default() };
    let error = run_limited(FACTORIAL, &mut [i64(i64::MAX)], unbounded).expect_err("the interpreter has an end");
    assert_eq!(error.trap, Trap::RecursionTooDeep);
}

#[test]
fn calls_lend_arrays_and_bind_their_sizes() {
    let text = "func @g(v0: mut [f64; d0], v1: [f64; d0, 2]) -> i64 {
  v2 = load v1[0, 1]
  store v0[0], v2
  return d0
}
func @f(v0: [f64; d0, 2], v1: i64) -> (f64, i64) {
  v2 = alloc [f64; v1]
  v3 = call @g(v2, v0)
  v4 = load v2[0]
  return v4, v3
}";
    let run = |n| {
        let elements = Elements::F64(&[1.0, 2.0, 3.0, 4.0]);
        run_last(text, &mut [Argument::Array { dims: &[2, 2], elements }, i64(n)])
    };
    assert_eq!(run(2), Ok(vec![Scalar::F64(2.0), Scalar::I64(2)]));
    let error = run(3).expect_err("3 is not 2");
    assert_eq!(error.trap, Trap::ShapeMismatch("dimension 1 of argument 2 of `g`".into()));
    assert_eq!(error.details, [3, 2]);
    assert!(text[error.span.start as usize..].starts_with("v3 = call"));
}

#[test]
fn the_hosts_arguments_are_checked() {
    let array = |dims, elements| Argument::Array { dims, elements };
    let (one, two) = ([1.0], [1.0, 2.0]);
    let mismatch = |args: &mut [Argument<'_>]| match trap(HORNER, args) {
        (Trap::ShapeMismatch(what), _) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(mismatch(&mut [f64(1.0)]), "the number of arguments of `horner`");
    assert_eq!(mismatch(&mut [f64(1.0), f64(1.0)]), "the kind of argument 2 of `horner`");
    assert_eq!(mismatch(&mut [i64(1), array(&[1], Elements::F64(&one))]), "the kind of argument 1 of `horner`");
    assert_eq!(mismatch(&mut [f64(1.0), array(&[1, 1], Elements::F64(&one))]), "the kind of argument 2 of `horner`");
    assert_eq!(mismatch(&mut [f64(1.0), array(&[1], Elements::I64(&[1]))]), "the kind of argument 2 of `horner`");
    let elements = "the number of elements of argument 2 of `horner`";
    assert_eq!(mismatch(&mut [f64(1.0), array(&[3], Elements::F64(&two))]), elements);
    let huge = [usize::MAX];
    assert_eq!(mismatch(&mut [f64(1.0), array(&huge, Elements::F64(&two))]), elements);
    let literal = "func @f(v0: [f64; 3]) {}";
    let (found, details) = trap(literal, &mut [array(&[2], Elements::F64(&two))]);
    assert_eq!(found, Trap::ShapeMismatch("dimension 1 of argument 1 of `f`".into()));
    assert_eq!(details, [3, 2]);
}

#[test]
fn subscripts_are_checked() {
    let text = "func @f(v0: mut [f64; 2, 3], v1: i64, v2: i64, v3: f64) { store v0[v1, v2], v3 }";
    let store = |i, j| {
        let mut elements = [0.0; 6];
        let array = Argument::ArrayMut { dims: &[2, 3], elements: ElementsMut::F64(&mut elements) };
        let result = run_last(text, &mut [array, i64(i), i64(j), f64(1.0)]);
        (result.map_err(|e| (e.trap, e.details)), elements)
    };
    assert_eq!(store(1, 2), (Ok(vec![]), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]));
    assert_eq!(store(2, 0).0, Err((Trap::IndexOutOfRange, [2, 2])));
    assert_eq!(store(0, 3).0, Err((Trap::IndexOutOfRange, [3, 3])));
    assert_eq!(store(-1, 9).0, Err((Trap::IndexOutOfRange, [-1, 2])));
}

#[test]
fn instructions_stop_the_run_with_the_numbers_that_explain_it() {
    let cases = [
        ("v2 = idiv v0, v0", Trap::DivisionByZero, [0, 0]),
        ("v2 = const -2 v3 = ipow v0, v2", Trap::NegativeExponent, [-2, 0]),
        ("v2 = const nan v3 = ftoi v2", Trap::FloatToInt, [0, 0]),
        ("v2 = const -1 v3 = alloc [f64; 0, v2]", Trap::NegativeLength, [-1, 0]),
        (
            "v2 = alloc [f64; 2] v3 = alloc [f64; 3] copy v2, v3",
            Trap::ShapeMismatch("the two sides of a copy".into()),
            [2, 3],
        ),
        ("assert v1, failed(\"no\")", Trap::AssertFailed("no".into()), [0, 0]),
        ("assert v1, bad_slice(v0, 4)", Trap::BadSlice, [0, 4]),
        ("v2 = alloc [f64; 4611686018427387904, 4611686018427387904]", Trap::MemoryLimit, [i64::MAX, 4 << 30]),
        ("v2 = alloc [bool; 4294967297]", Trap::MemoryLimit, [(4 << 30) + 1, 4 << 30]),
    ];
    for (body, wanted, numbers) in cases {
        let text = format!("func @f(v0: i64, v1: bool) {{ {body} }}");
        assert_eq!(trap(&text, &mut [i64(0), bool(false)]), (wanted, numbers), "{body}");
    }
}

#[test]
fn memory_of_a_region_goes_when_it_ends() {
    let text = "func @f(v0: i64) {
  for v1 in 0..v0 {
    v2 = alloc [f64; 100]
    v3 = tape.new (i64)
    tape.push v3, (v1)
  }
}";
    let limits = Limits { memory_bytes: 808, ..Limits::default() };
    assert_eq!(run_limited(text, &mut [i64(1000)], limits), Ok(vec![]));
    let limits = Limits { memory_bytes: 807, ..Limits::default() };
    let error = run_limited(text, &mut [i64(1000)], limits).expect_err("one byte is missing");
    assert_eq!((error.trap, error.details), (Trap::MemoryLimit, [8, 807]));
}

#[test]
fn records_have_a_limit_of_their_own() {
    let text = "func @f(v0: i64) {
  v1 = tape.new (i64)
  for v2 in 0..v0 {
    v3 = alloc [f64; 100]
    v4 = tape.new (i64, bool)
    v5 = const true
    tape.push v4, (v2, v5)
    tape.push v1, (v2)
  }
}";
    let limits = Limits { tape_bytes: Some(8 * 10 + 9), ..Limits::default() };
    assert_eq!(run_limited(text, &mut [i64(10)], limits), Ok(vec![]));
    let error = run_limited(text, &mut [i64(11)], limits).expect_err("some bytes are missing");
    assert_eq!((error.trap, error.details), (Trap::TapeLimit, [8, 89]));
}

#[test]
fn an_outer_tape_keeps_what_inner_regions_push() {
    let text = "func @f(v0: i64) -> i64 {
  v1 = tape.new (i64)
  v2 = const true
  if v2 {
    v3 = alloc [f64; 10]
    tape.push v1, (v0)
  }
  v4 = tape.pop v1
  v5 = alloc [f64; 10]
  return v4
}";
    let limits = Limits { memory_bytes: 88, ..Limits::default() };
    assert_eq!(run_limited(text, &mut [i64(7)], limits), Ok(vec![Scalar::I64(7)]));
}

#[test]
fn steps_are_iterations_and_calls() {
    let text = "func @g() {}
func @f(v0: i64) { for v1 in 0..v0 { call @g() } }";
    let steps = |n| Limits { steps: Some(n), ..Limits::default() };
    assert_eq!(run_limited(text, &mut [i64(5)], steps(10)), Ok(vec![]));
    let error = run_limited(text, &mut [i64(5)], steps(9)).expect_err("one step is missing");
    assert_eq!((error.trap, error.details), (Trap::StepLimit, [9, 0]));
}

#[test]
fn a_run_without_end_is_interrupted() {
    let text = "func @f() { v0 = const true while { yield v0 } do {} }";
    let module = module(text);
    let flag = AtomicBool::new(true);
    let interpreter = Interpreter::new(&module, Limits::default()).interrupted_by(&flag);
    let error = interpreter.run(last(&module), &mut [], &mut |_| {}).expect_err("the flag is set");
    assert_eq!(error.trap, Trap::Interrupted);
}

#[test]
fn prints_are_lines() {
    let text = "func @f(v0: f64, v1: [i64; 2, d0]) {
  v2 = const true
  print \"x =\", v0, v1
  print
  print v2, d0
}";
    let module = module(text);
    let mut lines = Vec::new();
    let mut args = [f64(0.1), Argument::Array { dims: &[2, 1], elements: Elements::I64(&[4, 5]) }];
    let result = run(&module, last(&module), &mut args, &Limits::default(), &mut |line| lines.push(line.to_string()));
    assert_eq!(result, Ok(vec![]));
    assert_eq!(lines, ["x = 0.1 [[4], [5]]", "", "true 1"]);
}

#[test]
fn the_complex_step_gives_a_derivative() {
    let module = module(HORNER);
    let h = 1e-100;
    let real = |x: f64| Complex64::new(x, 0.0);
    let coefficients = [2.0, 3.0, 5.0].map(real).to_vec();
    let mut inputs =
        [Input::Scalar(Cell::F64(Complex64::new(10.0, h))), Input::Array(Array::of(&[3], coefficients.clone()))];
    let outcome = run_complex(&module, last(&module), &mut inputs, &Limits::default(), &mut |_| {}).expect("it runs");
    match outcome.results[..] {
        [Cell::F64(y)] => assert_eq!((y.re, y.im / h), (235.0, 43.0)),
        ref other => panic!("{other:?}"),
    }
    assert_eq!(inputs[1], Input::Array(Array::of(&[3], coefficients)));
}

#[test]
fn a_complex_run_branches_on_real_parts_and_writes_back() {
    let text = "func @f(v0: f64, v1: mut [f64; 1]) {
  v2 = const 1.0
  v3 = cmp gt v0, v2
  if v3 {
    v4 = mul v0, v0
    acc v1[0], v4
  }
}";
    let module = module(text);
    let run = |x: f64| {
        let start = Array::of(&[1], vec![Complex64::new(1.0, 0.0)]);
        let mut inputs = [Input::Scalar(Cell::F64(Complex64::new(x, 1e-100))), Input::Array(start)];
        let result = run_complex(&module, last(&module), &mut inputs, &Limits::default(), &mut |_| {});
        assert_eq!(result.map(|o| o.results), Ok(vec![]));
        let [_, Input::Array(Array { data: Data::F64(x), .. })] = &inputs else {
            panic!("{inputs:?}");
        };
        x[0]
    };
    assert_eq!(run(3.0), Complex64::new(10.0, 6e-100));
    assert_eq!(run(1.0), Complex64::new(1.0, 0.0));
}

#[test]
fn after_an_error_the_host_has_its_buffers_back() {
    let text = "func @f(v0: mut [f64; 2], v1: i64, v2: f64) { store v0[0], v2 store v0[v1], v2 }";
    let mut elements = [0.0; 2];
    let array = Argument::ArrayMut { dims: &[2], elements: ElementsMut::F64(&mut elements) };
    assert!(run_last(text, &mut [array, i64(2), f64(1.0)]).is_err());
    assert_eq!(elements[1], 0.0);
}
