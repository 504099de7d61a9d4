//! Loops in stages: what becomes of a text, what stays as it is, and that nothing else changes, for any number of iterations, in any direction, whatever stops or prints.

use crate::harness::read;
use adit_ir::bounds::Facts;
use adit_ir::limits::Limits;
use adit_ir::loops::Form;
use adit_ir::prim::{Code, Native};
use adit_ir::print::print_function;
use adit_ir::{Argument, Elements, ElementsMut, FuncId, Function, Module, Op, Scalar};
use adit_opt::{Fission, Mutant, Options, fission};

/// Iterations of a block in these tests.
const BLOCK: i64 = 4;

/// As a machine with vectors that calls functions of slices.
fn form(_: &Function, _: &Facts<'_>, op: &Op) -> Form {
    let Op::Prim { prim, .. } = op else { return Form::Lanes };
    match prim.row().code {
        Code::Call => Form::Kernel,
        Code::Native(Native::IMin) => Form::None,
        Code::Native(_) => Form::Lanes,
    }
}

/// The module with its first function after the pass, if it changed anything.
fn split_with(text: &str, eager: bool, mutant: Option<Mutant>) -> Option<Module> {
    let mut module = read(text);
    let fission = Some(Fission { block: BLOCK, form, eager });
    let f = fission::run(&module, module.function(FuncId::new(0)), Options { fission, mutant, ..Options::default() })?;
    *module.function_mut(FuncId::new(0)) = f;
    adit_ir::verify::verify(&module).unwrap_or_else(|e| panic!("{e:?}\n{}", printed(&module)));
    Some(module)
}

fn split(text: &str) -> Option<Module> {
    split_with(text, true, None)
}

fn printed(module: &Module) -> String {
    print_function(module, module.function(FuncId::new(0)))
}

/// What can be seen of a run: results or the error, arrays that may be written (after an error nobody says what is in them), lines.
type Seen = (Result<Vec<Scalar>, String>, Vec<u64>, Vec<String>);

/// Runs `@f(v0: [f64; d0], v1: mut [f64; d1], v2: f64, v3: i64)`, the arrays as long as is said.
fn run(module: &Module, n: usize, m: usize, count: i64) -> Seen {
    let x: Vec<f64> = (0..n).map(|i| 0.3 + 0.7 * i as f64).collect();
    let mut y: Vec<f64> = (0..m).map(|i| 1.0 - 0.4 * i as f64).collect();
    let mut lines = Vec::new();
    let (xs, ys) = ([n], [m]);
    let mut args = vec![
        Argument::Array { dims: &xs, elements: Elements::F64(&x) },
        Argument::ArrayMut { dims: &ys, elements: ElementsMut::F64(&mut y) },
        Argument::Scalar(Scalar::F64(0.9)),
        Argument::Scalar(Scalar::I64(count)),
    ];
    let limits = Limits::default();
    let ran = adit_interp::ir::run(module, FuncId::new(0), &mut args, &limits, &mut |line| lines.push(line.to_owned()));
    let ran = ran.map_err(|e| e.to_string());
    let y = if ran.is_ok() { y.iter().map(|y| y.to_bits()).collect() } else { Vec::new() };
    (ran, y, lines)
}

/// The function around a loop `v10 = …` that carries one number from `v2`.
fn around(before: &str, the_loop: &str) -> String {
    format!(
        "func @f(v0: [f64; d0], v1: mut [f64; d1], v2: f64, v3: i64) -> f64 {{
           v4 = const 0.5  v5 = const 1  v6 = const 2.0
           {before}
           {the_loop}
           return v10
         }}"
    )
}

/// That a loop is split, and all that can be seen is the same: for loops over `v3` iterations and arrays that are too short for some.
fn same(before: &str, the_loop: &str) -> String {
    let text = around(before, the_loop);
    let (plain, module) = (read(&text), split(&text).unwrap_or_else(|| panic!("it is not split: {text}")));
    for count in -2..=3 * BLOCK + 1 {
        for (n, m) in [(20, 20), (5, 20), (20, 6), (0, 0), (9, 3)] {
            let [wanted, found] = [&plain, &module].map(|module| run(module, n, m, count));
            assert_eq!(wanted, found, "{count} {n} {m}\n{}", printed(&module));
        }
    }
    printed(&module)
}

/// The heads of loops, in order.
fn heads(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.split_once("for ")).map(|(_, head)| head.trim_end_matches(" {")).collect()
}

const DECAY: &str = "v12 = load v0[v9]  v13 = exp v12  v14 = mul v11, v4  v15 = add v14, v13  yield v15 }";

#[test]
fn functions_come_before_the_recurrence_that_adds_them() {
    let text = same("", &format!("v10 = for v9 in 0..v3 (v11: f64 = v2) {{ {DECAY}"));
    let expected = "    v33 = alloc [f64; 4]
    v34 = const 0
    v35, v36 = for v37 in 0..v29 step 4 (v38: i64 = v34, v39: f64 = v2) {
      v40 = iadd v7, v37
      for v41 in 0..4 {
        v42 = iadd v40, v41
        v43 = load v0[v42]
        v44 = exp v43
        store v33[v41], v44
      }
      v45 = for v46 in 0..4 (v47: f64 = v39) {
        v48 = load v33[v46]
        v49 = mul v47, v4
        v50 = add v49, v48
        yield v50
      }
      v51 = const 4
      v52 = iadd v37, v51
      yield v52, v45
    }
    yield v35, v36
  } else {
    yield v28, v2
  }
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn loops_in_every_direction_are_split() {
    for head in ["0..v3", "rev v9 in 0..v3", "v9 in v3..0 step -1", "rev v9 in v3..-1 step -1", "v9 in 2..v3"] {
        let head = if head.contains("in") { head.to_owned() } else { format!("v9 in {head}") };
        same("", &format!("v10 = for {head} (v11: f64 = v2) {{ {DECAY}"));
    }
}

#[test]
fn what_is_taken_from_a_tape_is_taken_in_order() {
    let before = "v20 = tape.new (f64, i64)
        for v21 in 0..v3 { v22 = itof v21  v23 = mul v22, v2  tape.push v20, (v23, v21) }";
    let text = same(
        before,
        "v10, v30 = for rev v9 in 0..v3 (v11: f64 = v2, v31: f64 = v4) {
           v12, v13 = tape.pop v20  v14 = sin v12  v15 = cos v12  v16 = mul v14, v2
           v17 = mul v11, v15  v18 = mul v11, v16  v19 = add v31, v18  yield v17, v19 }",
    );
    let heads = heads(&text);
    let stages: Vec<bool> =
        heads.iter().filter(|head| head.contains("0..4")).map(|head| head.starts_with("rev")).collect();
    assert_eq!(stages, [true, false, true], "{text}");
}

#[test]
fn a_tape_that_runs_out_stops_where_it_did() {
    let before = "v20 = tape.new (f64)  v24 = const 7
        for v21 in 0..v24 { v23 = itof v21  tape.push v20, (v23) }";
    let body = DECAY.replace("exp v12", "exp v22");
    same(before, &format!("v10 = for v9 in 0..v3 (v11: f64 = v2) {{ v22 = tape.pop v20  {body}"));
}

#[test]
fn what_is_saved_is_saved_in_order() {
    let the_loop = "v30 = for v9 in 0..v3 (v11: f64 = v2) {
          v12 = load v0[v9]  v13 = exp v12  v14 = mul v13, v4  tape.push v20, (v14, v11)  v15 = add v11, v14  yield v15 }
        v10 = for rev v31 in 0..v3 (v32: f64 = v30) {
          v33, v34 = tape.pop v20  v35 = sin v33  v36 = mul v32, v35  v37 = add v36, v34  yield v37 }";
    same("v20 = tape.new (f64, f64)", the_loop);
}

#[test]
fn elements_that_other_iterations_touch_keep_iterations_in_order() {
    let bodies = [
        // The next element is written, and read in the next iteration.
        "v12 = load v1[v9]  v13 = exp v12  v14 = iadd v9, v5  v16 = mul v13, v4  store v1[v14], v16  v15 = add v11, v13  yield v15 }",
        // One element is added to by all.
        "v12 = load v1[v9]  v13 = sin v12  v14 = mul v13, v11  acc v1[0], v14  v15 = mul v11, v4  yield v15 }",
        // What is written may be any.
        "v12 = load v0[v9]  v13 = exp v12  v14 = imin v9, v5  store v1[v14], v13  v16 = load v1[v9]  v15 = add v11, v16  yield v15 }",
    ];
    for body in bodies {
        let text = around("", &format!("v10 = for v9 in 0..v3 (v11: f64 = v2) {{ {body}"));
        let plain = read(&text);
        let Some(module) = split(&text) else { continue };
        for count in 0..=3 * BLOCK + 1 {
            assert_eq!(run(&plain, 20, 20, count), run(&module, 20, 20, count), "{}", printed(&module));
        }
    }
}

#[test]
fn elements_that_are_each_iterations_own_do_not() {
    same(
        "",
        "v10 = for v9 in 0..v3 (v11: f64 = v2) {
           v12 = load v1[v9]  v13 = sin v12  store v1[v9], v13  v14 = mul v11, v13  acc v1[v9], v14  v16 = load v1[v9]
           v17 = exp v16  v15 = mul v11, v4  v18 = add v15, v12  acc v1[v9], v17  yield v18 }",
    );
}

#[test]
fn what_the_recurrence_gives_goes_to_a_stage_behind_it() {
    let text = same(
        "",
        "v10 = for v9 in 0..v3 (v11: f64 = v2) {
           v12 = load v0[v9]  v13 = mul v11, v12  v14 = sub v13, v11  v15 = mul v14, v4  v16 = sin v11  acc v1[v9], v16  yield v15 }",
    );
    assert_eq!(heads(&text).iter().filter(|head| head.contains("0..4")).count(), 2, "{text}");
}

#[test]
fn what_is_carried_round_is_that_of_its_iteration() {
    same(
        "",
        "v10, v20, v21 = for v9 in 0..v3 (v11: f64 = v2, v22: f64 = v4, v23: i64 = v5) {
           v12 = load v0[v9]  v13 = exp v12  v14 = mul v11, v13  v15 = sub v14, v22  v16 = sin v22  v17 = mul v16, v11
           acc v1[v9], v17  v18 = iadd v23, v9  yield v15, v13, v18 }",
    );
}

#[test]
fn lines_and_stops_come_in_order() {
    let bodies = [
        "v12 = load v0[v9]  print \"a\", v9  v13 = exp v12  v14 = mul v11, v4  v15 = add v14, v13  print \"b\", v15  yield v15 }",
        "v12 = load v0[v9]  v13 = exp v12  v14 = mul v11, v4  v15 = add v14, v13  v16 = cmp lt v15, v6  assert v16, failed(\"large\")  yield v15 }",
        "v12 = load v0[v9]  v13 = exp v12  v16 = cmp ne v9, v8  assert v16, failed(\"odd\")  v14 = mul v11, v13  print v14  v17 = imul v9, v9
         v18 = load v0[v17]  v15 = add v14, v18  yield v15 }",
        "v12 = load v0[v9]  v13 = exp v12  v16 = idiv v8, v9  v17 = itof v16  v14 = mul v11, v17  v15 = add v14, v13  print v15  yield v15 }",
    ];
    for body in bodies {
        same("v8 = const 6", &format!("v10 = for v9 in 0..v3 (v11: f64 = v2) {{ {body}"));
    }
}

#[test]
fn subscripts_beyond_the_end_stop_the_run_where_they_did() {
    same("", "v10 = for rev v9 in 0..v3 (v11: f64 = v2) {
        v20 = iadd v9, v5  v12 = load v0[v20]  v13 = exp v12  v14 = mul v11, v4  v15 = add v14, v13  store v1[v9], v15  print v9  yield v15 }");
}

#[test]
fn assertions_of_a_range_are_made_in_front() {
    let text = same(
        "v7 = const 0",
        "v10 = for v9 in 0..v3 (v11: f64 = v2) {
           v20 = cmp ge v9, v7  v21 = cmp lt v9, d0  v22 = and v20, v21  assert v22, index_out_of_range(v9, d0)
           v12 = load v0[v9]  v13 = exp v12  v14 = mul v11, v4  v15 = add v14, v13  yield v15 }",
    );
    assert_eq!(text.matches("assert").count(), 1, "{text}");
}

#[test]
fn branches_and_arrays_of_an_iteration_stay_whole() {
    same(
        "",
        "v10 = for v9 in 0..v3 (v11: f64 = v2) {
           v12 = load v0[v9]  v20 = cmp gt v12, v6
           v13 = if v20 { v21 = exp v12  acc v1[v9], v21  yield v21 } else { yield v4 }
           v30 = alloc [f64; 2]  store v30[1], v13  v31 = load v30[1]  v32 = load v30[0]
           v14 = mul v11, v31  v33 = add v14, v32  v15 = add v33, v13  yield v15 }",
    );
}

#[test]
fn loops_inside_run_in_a_stage() {
    same(
        "",
        "v10 = for v9 in 0..v3 (v11: f64 = v2) {
           v12 = load v0[v9]  v13 = exp v12
           v14 = for v20 in 0..v9 (v21: f64 = v11) { v22 = mul v21, v4  v23 = add v22, v13  yield v23 }
           v15 = add v14, v13  yield v15 }",
    );
}

#[test]
fn a_loop_inside_another_is_split_for_each_of_its_runs() {
    let text = same(
        "",
        "v10 = for v20 in 0..v3 (v21: f64 = v2) {
           v22 = for v9 in v20..v3 (v11: f64 = v21) { v12 = load v0[v9]  v13 = exp v12  v14 = mul v11, v4  v15 = add v14, v13  yield v15 }
           yield v22 }",
    );
    assert_eq!(heads(&text).len(), 5, "{text}");
}

#[test]
fn calls_stay_in_order() {
    let text = around(
        "",
        "v10 = for v9 in 0..v3 (v11: f64 = v2) {
           v12 = load v0[v9]  v13 = exp v12  v14 = call @g(v1, v13)  v15 = mul v14, v11  v16 = call @g(v1, v15)  yield v16 }",
    ) + "func @g(v0: mut [f64; d0], v1: f64) -> f64 { v2 = load v0[0]  v3 = add v2, v1  store v0[0], v3  print v3  return v3 }";
    let (plain, module) = (read(&text), split(&text).expect("the first function of the body comes before all calls"));
    for count in 0..=3 * BLOCK {
        assert_eq!(run(&plain, 20, 20, count), run(&module, 20, 20, count), "{}", printed(&module));
    }
}

#[test]
fn what_gains_nothing_stays() {
    let kept = [
        // No function.
        "v10 = for v9 in 0..v3 (v11: f64 = v2) { v12 = load v0[v9]  v14 = mul v11, v4  v15 = add v14, v12  yield v15 }",
        // The function is part of the recurrence.
        "v10 = for v9 in 0..v3 (v11: f64 = v2) { v12 = sin v11  v14 = mul v12, v4  v15 = add v11, v14  yield v15 }",
        // Vectors take it as it is.
        "v10 = for v9 in 0..v3 (v11: f64 = v2) { v12 = load v0[v9]  v14 = exp v12  v15 = add v11, v14  yield v15 }",
        // It goes by twos.
        "v10 = for v9 in 0..v3 step 2 (v11: f64 = v2) { v12 = load v0[v9]  v13 = exp v12  v14 = mul v11, v13  yield v14 }",
        // It is short.
        "v10 = for v9 in 0..3 (v11: f64 = v2) { v12 = load v0[v9]  v13 = exp v12  v14 = mul v11, v13  v15 = add v14, v13  yield v15 }",
    ];
    for body in kept {
        if let Some(module) = split(&around("", body)) {
            panic!("{}", printed(&module));
        }
    }
    // Nobody said what has vectors.
    let module = read(&around("", &format!("v10 = for v9 in 0..v3 (v11: f64 = v2) {{ {DECAY}")));
    assert!(fission::run(&module, module.function(FuncId::new(0)), Options::default()).is_none());
}

/// `Σ sin(v0[i])`, and its derivatives along so many directions.
fn along(lanes: usize) -> String {
    let all = |part: &dyn Fn(usize) -> String, by: &str| (0..lanes).map(part).collect::<Vec<_>>().join(by);
    format!(
        "func @f(v0: [f64; d0], v1: [f64; d0, {lanes}]) -> (f64, {types}) {{
           v2 = const 0.0
           v3, {results} = for v4 in 0..d0 (v5: f64 = v2, {carried}) {{
             v6 = load v0[v4]  {loads}
             v7 = sin v6  v8 = cos v6  v9 = neg v8
             {products}  v10 = add v5, v7  {sums}
             yield v10, {sums_named}
           }}
           return v3, {results} }}",
        types = all(&|_| "f64".into(), ", "),
        results = all(&|k| format!("v2{k}"), ", "),
        carried = all(&|k| format!("v3{k}: f64 = v2"), ", "),
        loads = all(&|k| format!("v4{k} = load v1[v4, {k}]"), "  "),
        products = all(&|k| format!("v5{k} = mul v4{k}, v9"), "  "),
        sums = all(&|k| format!("v6{k} = add v3{k}, v5{k}"), "  "),
        sums_named = all(&|k| format!("v6{k}"), ", "),
    )
}

#[test]
fn what_goes_two_at_a_time_within_an_iteration_stays_together() {
    // Few directions are as well off in several iterations at once.
    assert!(split_with(&along(4), false, None).is_none());
    let (plain, module) = (read(&along(8)), split_with(&along(8), false, None).expect("it is split"));
    // The functions wait in arrays; what is done with each direction does not.
    let text = printed(&module);
    let (before, behind) = text.split_once("yield v").expect("the first stage that carries something ends");
    assert_eq!(before.matches("alloc").count(), 2, "{text}");
    assert_eq!(before.matches("mul").count(), 8, "{text}");
    assert_eq!(behind.matches("alloc").count(), 0, "{text}");
    for n in 0..=3 * BLOCK as usize {
        let x: Vec<f64> = (0..9 * n).map(|i| 0.3 - 0.07 * i as f64).collect();
        let [wanted, found] = [&plain, &module].map(|module| {
            let (one, many) = ([n], [n, 8]);
            let mut args = [
                Argument::Array { dims: &one, elements: Elements::F64(&x[..n]) },
                Argument::Array { dims: &many, elements: Elements::F64(&x[n..]) },
            ];
            adit_interp::ir::run(module, FuncId::new(0), &mut args, &Limits::default(), &mut |_| {}).expect("it runs")
        });
        assert_eq!(format!("{wanted:?}"), format!("{found:?}"), "{n}");
    }
}

#[test]
fn bounds_that_no_number_can_tell_apart_are_left_to_the_loop() {
    let text = "func @f(v0: i64, v1: i64, v2: f64) -> f64 {
        v4 = const 0.5
        v10 = for v9 in v0..v1 (v11: f64 = v2) { v12 = itof v9  v13 = exp v12  v14 = mul v11, v4  v15 = add v14, v13  yield v15 }
        return v10 }";
    let (plain, module) = (read(text), split(text).expect("it is split"));
    for (lo, hi) in
        [(i64::MAX - 100, i64::MIN + 100), (i64::MAX, i64::MIN), (i64::MAX - 9, i64::MAX), (i64::MIN, i64::MIN + 9)]
    {
        let [wanted, found] = [&plain, &module].map(|module| {
            let mut args = [Scalar::I64(lo), Scalar::I64(hi), Scalar::F64(1.0)].map(Argument::Scalar);
            adit_interp::ir::run(module, FuncId::new(0), &mut args, &Limits::default(), &mut |_| {}).expect("it runs")
        });
        assert_eq!(format!("{wanted:?}"), format!("{found:?}"), "{lo} {hi}");
    }
}

/// The tests above notice the mistakes that they are for.
#[test]
fn seeded_bugs_of_stages_are_seen() {
    let printing = "v12 = load v0[v9]  print \"a\", v9  v13 = exp v12  v14 = mul v11, v4  v15 = add v14, v13  print \"b\", v15  yield v15 }";
    let popping = "v12 = tape.pop v20  v13 = exp v12  v16 = tape.pop v20  v14 = mul v11, v13  v15 = add v14, v16  tape.push v20, (v15)  yield v15 }";
    let passing =
        "v12 = load v1[v9]  v13 = exp v12  v14 = iadd v9, v5  v15 = sub v13, v11  store v1[v14], v15  yield v15 }";
    let behind = "v14 = mul v11, v4  v15 = add v14, v4  v16 = sin v11  acc v1[v9], v16  yield v15 }";
    let bugs = [
        (Mutant::StopsSplit, printing),
        (Mutant::StopsSplit, popping),
        (Mutant::DistanceForgotten, passing),
        (Mutant::CarriedLate, behind),
        (Mutant::RestRepeated, behind),
    ];
    for (mutant, body) in bugs {
        let before = "v20 = tape.new (f64)  v24 = const 40  for v21 in 0..v24 { v22 = itof v21  tape.push v20, (v22) }";
        let text = around(before, &format!("v10 = for v9 in 0..v3 (v11: f64 = v2) {{ {body}"));
        let plain = read(&text);
        let differs = |mutant: Option<Mutant>| {
            let Some(module) = split_with(&text, true, mutant) else { return false };
            (0..=3 * BLOCK).any(|count| run(&plain, 20, 20, count) != run(&module, 20, 20, count))
        };
        assert!(!differs(None), "{body}");
        assert!(differs(Some(mutant)), "{} is not seen by {body}", mutant.name());
    }
}
