//! Patterns of small programs: what each construct says, and what it must not forget.

use super::*;
use crate::Mutant;
use adit_diag::FileId;
use adit_ir::limits::Limits;

/// `x` has `n` floats, numbered; `y`, of as many, is the output; `k` are integers.
struct Case {
    module: Module,
    n: usize,
    k: Vec<i64>,
}

/// A function `@f(v0: [f64; d0], v1: mut [f64; d0], v2: [i64; d1])`.
fn case(n: usize, k: &[i64], body: &str) -> Case {
    let text = format!("func @f(v0: [f64; d0], v1: mut [f64; d0], v2: [i64; d1]) {{\n{body}\n}}");
    let module = adit_reader::read_verified(FileId::NONE, &text).unwrap_or_else(|e| panic!("{e:?}"));
    Case { module, n, k: k.to_vec() }
}

impl Case {
    fn problem(&self) -> Problem<'_> {
        let extent = |n: usize| vec![n as i64];
        let inputs = vec![
            Input::Array(extent(self.n), Elements::Floats(Some(0))),
            Input::Array(extent(self.n), Elements::Floats(None)),
            Input::Array(extent(self.k.len()), Elements::Ints(self.k.clone())),
        ];
        Problem { module: &self.module, function: self.module.find("f").unwrap(), inputs, columns: self.n }
    }

    fn with(&self, options: &Options<'_>) -> Result<Vec<String>, RunError> {
        let pattern = self.problem().jacobian(&[Output::Argument(1)], options)?;
        Ok(spy(&pattern))
    }

    fn rows(&self) -> Vec<String> {
        self.with(&Options::default()).unwrap_or_else(|e| panic!("{e}"))
    }
}

/// A row of text for each row: `x` for an entry, `.` for none.
fn spy(pattern: &Pattern) -> Vec<String> {
    let entry = |row, column| if pattern.contains(row, column) { 'x' } else { '.' };
    (0..pattern.rows()).map(|row| (0..pattern.columns()).map(|column| entry(row, column)).collect()).collect()
}

#[test]
fn known_loops_are_exact() {
    let stencil = case(
        5,
        &[],
        "v3 = const 1
         v4 = isub d0, v3
         for v5 in 1..v4 {
           v6 = isub v5, v3
           v7 = load v0[v6]
           v8 = iadd v5, v3
           v9 = load v0[v8]
           v10 = add v7, v9
           store v1[v5], v10
         }",
    );
    assert_eq!(stencil.rows(), [".....", "x.x..", ".x.x.", "..x.x", "....."]);
}

#[test]
fn index_arrays_are_known() {
    let gather = case(
        3,
        &[2, 0, 2],
        "for v3 in 0..d1 {
           v4 = load v2[v3]
           v5 = load v0[v4]
           acc v1[v3], v5
         }",
    );
    assert_eq!(gather.rows(), ["..x", "x..", "..x"]);
}

#[test]
fn both_arms_count_and_start_from_the_same_memory() {
    let branch = case(
        4,
        &[],
        "v3 = load v0[0]
         v4 = const 0.0
         v5 = cmp gt v3, v4
         v6 = load v0[1]
         v7 = load v0[2]
         store v1[3], v3
         v8 = if v5 {
           v9 = load v1[3]
           store v1[1], v9
           store v1[3], v6
           yield v6
         } else {
           v10 = load v1[3]
           store v1[2], v10
           yield v7
         }
         store v1[0], v8",
    );
    assert_eq!(branch.rows(), [".xx.", "x...", "x...", "xx.."]);
    let options = Options { mutant: Some(Mutant::ElseForgotten), ..Options::default() };
    assert_eq!(branch.with(&options).unwrap()[0], ".x..");
}

#[test]
fn subscripts_that_floats_decide_reach_all_elements() {
    let unknown = case(
        3,
        &[],
        "v3 = load v0[0]
         v4 = ftoi v3
         v5 = load v0[v4]
         store v1[1], v5
         v6 = load v0[1]
         store v1[v4], v6",
    );
    assert_eq!(unknown.rows(), [".x.", "xxx", ".x."]);
}

#[test]
fn a_loop_that_floats_may_leave_keeps_its_index() {
    let left = case(
        4,
        &[],
        "v3 = const 0
         v4 = const false
         v5 = const 1.0
         v6 = const 1
         v7, v8 = while (v9: i64 = v3, v10: bool = v4) {
           v11 = cmp lt v9, d0
           v12 = not v10
           v13 = and v11, v12
           yield v13
         } do (v14, v15) {
           v16 = load v0[v14]
           v17 = cmp gt v16, v5
           if v17 {
           } else {
             store v1[v14], v16
           }
           v18 = iadd v14, v6
           yield v18, v17
         }",
    );
    assert_eq!(left.rows(), ["x...", ".x..", "..x.", "...x"]);
}

#[test]
fn loops_that_count_without_end_settle() {
    // y[i] and y[j] swap as long as floats say, and the trips are counted.
    let newton = case(
        3,
        &[],
        "v3 = const 0
         v4 = load v0[0]
         v5 = load v0[1]
         v6 = const 1
         v7 = load v0[2]
         v8, v9, v10 = while (v11: i64 = v3, v12: f64 = v4, v13: f64 = v5) {
           v14 = cmp gt v12, v13
           yield v14
         } do (v15, v16, v17) {
           v18 = iadd v15, v6
           v19 = mul v16, v7
           yield v18, v17, v19
         }
         store v1[0], v9
         store v1[1], v10
         v20 = itof v8
         store v1[2], v20",
    );
    assert_eq!(newton.rows(), ["xxx", "xxx", "..."]);
}

#[test]
fn loops_of_unknown_length_hand_on_what_they_wrote() {
    // y[i] = x[i] + y[i + 1], as often as x[0] says.
    let shifted = case(
        4,
        &[],
        "v3 = load v0[0]
         v4 = ftoi v3
         v5 = const 1
         v6 = isub d0, v5
         copy v1, v0
         for v7 in 0..v4 {
           for v8 in 0..v6 {
             v9 = iadd v8, v5
             v10 = load v1[v9]
             acc v1[v8], v10
           }
         }",
    );
    assert_eq!(shifted.rows(), ["xxxx", ".xxx", "..xx", "...x"]);
}

#[test]
fn what_stops_on_every_path_is_an_error_and_on_some_is_none() {
    let always = case(2, &[], "v3 = load v0[2]\nstore v1[0], v3");
    assert_eq!(always.with(&Options::default()).unwrap_err().trap, Trap::IndexOutOfRange);
    let sometimes = case(
        2,
        &[],
        "v3 = load v0[0]
         v4 = const 0.0
         v5 = cmp lt v3, v4
         if v5 {
           v6 = load v0[2]
           store v1[1], v6
         }
         store v1[0], v3",
    );
    assert_eq!(sometimes.rows(), ["x.", ".."]);
}

#[test]
fn limits_are_kept() {
    let endless = case(
        2,
        &[],
        "v3 = const true
         while {
           yield v3
         } do {
         }",
    );
    let limits = Limits { steps: Some(1000), ..Limits::default() };
    assert_eq!(endless.with(&Options { limits, ..Options::default() }).unwrap_err().trap, Trap::StepLimit);
    // All of x in each of y: few sets, and too many entries.
    let dense = case(
        2000,
        &[],
        "v3 = const 0.0
         v4 = for v5 in 0..d0 (v6: f64 = v3) {
           v7 = load v0[v5]
           v8 = add v6, v7
           yield v8
         }
         fill v1, v4",
    );
    let limits = Limits { memory_bytes: 100 << 20, ..Limits::default() };
    assert_eq!(dense.with(&Options { limits, ..Options::default() }).unwrap_err().trap, Trap::MemoryLimit);
    let large = case(2, &[], "v3 = alloc [f64; 1000000]");
    let limits = Limits { memory_bytes: 1 << 20, ..Limits::default() };
    assert_eq!(large.with(&Options { limits, ..Options::default() }).unwrap_err().trap, Trap::MemoryLimit);
}

#[test]
fn recursion_that_only_floats_end_may_do_anything() {
    let text = "func @f(v0: f64, v1: f64, v2: f64) -> (f64, f64) {
  v3 = call @g(v0, v1)
  return v3, v2
}
func @g(v0: f64, v1: f64) -> f64 {
  v2 = cmp gt v0, v1
  v3 = if v2 {
    v4 = sub v0, v1
    v5 = call @g(v4, v1)
    yield v5
  } else {
    yield v0
  }
  return v3
}";
    let module = adit_reader::read_verified(FileId::NONE, text).unwrap_or_else(|e| panic!("{e:?}"));
    let inputs = (0..3).map(|i| Input::Float(Some(i))).collect();
    let problem = Problem { module: &module, function: module.find("f").unwrap(), inputs, columns: 3 };
    let pattern = problem.jacobian(&[Output::Result(0), Output::Result(1)], &Options::default()).unwrap();
    assert_eq!(spy(&pattern), ["xx.", "..x"]);
}

#[test]
fn rules_and_kernels_may_do_anything() {
    let text = "func @f(v0: f64, v1: f64) -> f64 {
  v2 = call @g(v0, v1)
  return v2
}
func @g(v0: f64, v1: f64) -> f64 jvp @h {
  return v0
}
func @h(v0: f64, v1: f64, v2: f64, v3: f64) -> f64 {
  return v3
}";
    let module = adit_reader::read_verified(FileId::NONE, text).unwrap_or_else(|e| panic!("{e:?}"));
    let inputs = (0..2).map(|i| Input::Float(Some(i))).collect();
    let problem = Problem { module: &module, function: module.find("f").unwrap(), inputs, columns: 2 };
    let pattern = problem.jacobian(&[Output::Result(0)], &Options::default()).unwrap();
    assert_eq!(spy(&pattern), ["xx"]);
}

fn hessian(n: usize, body: &str) -> Vec<String> {
    let case = case(n, &[], body);
    // The value is in `y[0]`.
    let pattern = case.problem().hessian(&[Output::Argument(1)], &Options::default()).unwrap();
    assert!(pattern.is_symmetric());
    spy(&pattern)
}

#[test]
fn what_meets_in_something_that_is_not_linear() {
    let some = hessian(
        4,
        "v3 = load v0[0]
         v4 = load v0[1]
         v5 = mul v3, v4
         v6 = load v0[2]
         v7 = mul v6, v6
         v8 = load v0[3]
         v9 = add v5, v7
         v10 = add v9, v8
         store v1[0], v10",
    );
    assert_eq!(some, [".x..", "x...", "..x.", "...."]);
}

#[test]
fn what_does_not_reach_the_result_does_not_count() {
    let some = hessian(
        3,
        "v3 = load v0[0]
         v4 = load v0[1]
         v5 = mul v3, v4
         v6 = const 1.0
         v7 = cmp gt v5, v6
         v8 = stopgrad v5
         v9 = load v0[2]
         v10 = sin v9
         v11 = select v7, v10, v3
         v12 = add v11, v8
         store v1[0], v12",
    );
    assert_eq!(some, ["...", "...", "..x"]);
}

#[test]
fn sums_of_neighbours_are_banded() {
    let chain = hessian(
        4,
        "v3 = const 1
         for v4 in 1..d0 {
           v5 = isub v4, v3
           v6 = load v0[v4]
           v7 = load v0[v5]
           v8 = sub v6, v7
           v10 = mul v8, v8
           acc v1[0], v10
         }",
    );
    assert_eq!(chain, ["xx..", "xxx.", ".xxx", "..xx"]);
}

#[test]
fn tapes_keep_records_apart_as_long_as_the_path_is_known() {
    let reversed = case(
        3,
        &[],
        "v3 = tape.new (f64)
         for v4 in 0..d0 {
           v5 = load v0[v4]
           tape.push v3, (v5)
         }
         for v6 in 0..d0 {
           v7 = tape.pop v3
           store v1[v6], v7
         }",
    );
    assert_eq!(reversed.rows(), ["..x", ".x.", "x.."]);
    let mixed = case(
        2,
        &[],
        "v3 = tape.new (f64)
         v4 = load v0[0]
         v5 = load v0[1]
         tape.push v3, (v4)
         tape.push v3, (v5)
         v6 = const 0.0
         v7 = cmp gt v4, v6
         if v7 {
           v8 = tape.pop v3
         }
         v9 = tape.pop v3
         store v1[0], v9",
    );
    assert_eq!(mixed.rows(), ["xx", ".."]);
}

#[test]
fn collecting_sets_changes_nothing() {
    // Prefix sums of products: many sets, of which few are needed at a time.
    let body = "v3 = const 0.0
         v9 = for v4 in 0..d0 (v5: f64 = v3) {
           v6 = load v0[v4]
           v7 = mul v6, v5
           v8 = add v6, v7
           store v1[v4], v6
           yield v8
         }
         store v1[0], v9";
    let case = case(1000, &[], body);
    let mut machine = Machine::new(&case.module, Options::default(), true);
    machine.collect_at(100);
    let rows = case.problem().run(&mut machine, &[Output::Argument(1)]).unwrap();
    let domain = &mut machine.domain;
    let mut count = 0;
    domain.sets.each(rows[0].set, &mut |_| count += 1);
    assert_eq!(count, 1000);
    let pairs = domain.pairs.rows(&mut domain.sets, rows[0].pairs, 1000);
    domain.sets.each(pairs[7], &mut |_| count += 1);
    assert_eq!(count, 1000 + 999, "with all but itself");
    domain.sets.each(rows[7].set, &mut |n| count = n as usize);
    assert_eq!(count, 7);
}
