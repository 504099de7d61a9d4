//! What the reverse sweep saves: bytes of the records that loops push, in the IR that is compiled.

use adit::{AdOpt, AdOpts, Engine, Of, Stage};

/// Bytes of the records pushed per run of the regions of each depth, the function's body first; empty if nothing is saved.
fn saved(source: &str, ad_opt: AdOpts) -> Vec<usize> {
    let module = Engine::builder().ad_opt(ad_opt).build().and_then(|engine| engine.compile(source));
    let module = module.unwrap_or_else(|e| panic!("{e}"));
    let function = module.entry().unwrap_or_else(|e| panic!("{e}"));
    let text = function.emit(Stage::VjpOptimized, Of::Vjp, 1).unwrap_or_else(|e| panic!("{e}"));
    let mut bytes = Vec::new();
    for line in text.lines().filter(|line| line.trim_start().starts_with("tape.push")) {
        let depth = line.len() - line.trim_start().len();
        let record = line.split('(').nth(1).and_then(|rest| rest.split(')').next()).expect("a list of fields");
        bytes.resize(bytes.len().max(depth / 2), 0);
        bytes[depth / 2 - 1] += 8 * record.split(',').count();
    }
    bytes
}

fn only(opt: AdOpt) -> AdOpts {
    AdOpts::NONE.with(opt)
}

/// Reading again and computing again, where loops are reversed as a whole.
fn planned() -> AdOpts {
    only(AdOpt::Reload).with(AdOpt::Recompute)
}

#[test]
fn of_a_recurrence_only_the_state_is_saved() {
    let source = "fn f(x0: f64, p: f64, n: i64) -> f64 { let mut x = x0; for t in 0..n { x += 0.01 * sin(x) * p; } x }";
    assert_eq!(saved(source, AdOpts::NONE), [0, 16]);
    assert_eq!(saved(source, planned()), [0, 8]);
}

/// x is carried, so something of it must be saved; what follows from it is not.
#[test]
fn one_value_of_a_chain_is_saved() {
    let source = "
fn f(x0: f64, n: i64) -> f64 {
    let mut x = x0;
    for i in 0..n { let a = exp(x); let b = a * a; x = sin(b); }
    x
}";
    assert_eq!(saved(source, AdOpts::NONE), [0, 16]);
    assert_eq!(saved(source, planned()), [0, 8]);
}

#[test]
fn what_a_loop_does_not_change_is_not_saved_in_it() {
    let source = "
fn f(a: [f64; n], y: f64) -> f64 {
    let g = exp(y);
    let mut s = 0.0;
    for i in 0..n { s += a[i] * g; }
    s
}";
    assert_eq!(saved(source, only(AdOpt::Recompute)), [0, 8]);
    assert_eq!(saved(source, only(AdOpt::Reload)), []);
}

#[test]
fn what_follows_from_the_index_is_not_saved() {
    let source = "fn f(x: f64, n: i64) -> f64 { let mut s = 0.0; for i in 0..n { s += sin(f64(3 * i + 1)) * x; } s }";
    assert_eq!(saved(source, AdOpts::NONE), [0, 8]);
    assert_eq!(saved(source, planned()), []);
}

/// The product of the outer iteration is saved once per outer iteration, not once per inner one.
#[test]
fn what_an_inner_loop_does_not_change_is_saved_outside() {
    let source = "
fn f(a: [f64; n], x0: f64) -> f64 {
    let mut x = x0;
    for i in 0..n {
        let g = exp(x);
        for j in 0..n { x += a[j] * g; }
    }
    x
}";
    assert_eq!(saved(source, planned()), [0, 8]);
}

#[test]
fn what_is_overwritten_is_saved() {
    let body = |index: &str| {
        format!(
            "fn f(x0: [f64; n]) -> f64 {{
    let mut x = x0;
    for i in 1..n - 1 {{ let v = x[{index}]; x[i] = 0.5 * x[i] + v * v; }}
    sum(x)
}}"
        )
    };
    assert_eq!(saved(&body("i - 1"), planned()), [], "written before, and not again");
    assert_eq!(saved(&body("i"), planned()), [0, 8], "written in the same iteration");
    assert_eq!(saved(&body("i + 1"), planned()), [0, 8], "written in the next iteration");
}

#[test]
fn a_write_in_an_outer_iteration_counts() {
    let source = "
fn f(x0: [f64; n], k: i64) -> f64 {
    let mut x = x0;
    let mut s = 0.0;
    for t in 0..k {
        for i in 0..n { s += x[i]^2; }
        for i in 0..n { x[i] *= 0.5; }
    }
    s
}";
    assert_eq!(saved(source, planned()), [0, 0, 8]);
    let after = "
fn f(x0: [f64; n]) -> f64 {
    let mut x = x0;
    for i in 0..n { x[i] *= 0.5; }
    let mut s = 0.0;
    for i in 0..n { s += x[i]^2; }
    s
}";
    assert_eq!(saved(after, planned()), []);
}

/// Nothing of the layers is saved but the weighted sums: weights and inputs are read again.
#[test]
fn matrices_are_read_again() {
    let source = "fn f(w: [f64; n, m], x: [f64; m]) -> f64 { sum(tanh(w @ x)) }";
    assert_eq!(saved(source, planned()), []);
}

/// The state of the recurrence is saved, once, though each row reads all of it; so is a product that is read twice.
#[test]
fn an_array_that_a_loop_reads_again_and_again_is_saved_once() {
    let kept = only(AdOpt::Reload).with(AdOpt::Keep);
    let source = "
fn f(w: [f64; n, n], x0: [f64; n], t: i64) -> f64 {
    let mut x = x0;
    for i in 0..t { x = w @ x; }
    x[0]
}";
    assert_eq!(saved(source, only(AdOpt::Reload)), [0, 0, 0, 8]);
    assert_eq!(saved(source, kept), [0, 0, 8]);
    let twice = "
fn f(w: [f64; n, n], p: [f64; n, n], t: i64) -> f64 {
    let mut x = p;
    let mut s = 0.0;
    for i in 0..t {
        s += sum(x @ w) + sum(w @ x);
        x = x + w;
    }
    s
}";
    assert_eq!(saved(twice, kept), [0, 0, 0, 8]);
}

/// Rows are read once each, and what is written in between is not the same.
#[test]
fn an_array_that_is_read_once_or_changes_is_not_saved_as_a_whole() {
    let kept = only(AdOpt::Reload).with(AdOpt::Keep);
    let once = "
fn f(x0: [f64; n], t: i64) -> f64 {
    let mut x = x0;
    for i in 0..t { x = x * x; }
    x[0]
}";
    assert_eq!(saved(once, kept), saved(once, only(AdOpt::Reload)));
    let changes = "
fn f(x0: [f64; n]) -> f64 {
    let mut (x, s) = (x0, 0.0);
    for i in 0..n { for k in 0..n { s += x[k] * x[k]; } x[i] = 2.0 * x[i]; }
    s
}"
    .replace("let mut (x, s)", "let (mut x, mut s)");
    assert_eq!(saved(&changes, kept), saved(&changes, only(AdOpt::Reload)));
}

#[test]
fn the_stage_tells_what_is_saved_and_why() {
    let source = "fn f(x0: f64, n: i64) -> f64 {
    let mut x = x0;
    for t in 0..n {
        for u in 0..9 { x += 0.01 * sin(x); }
        if x > 1.0 { x = sqrt(x) / (1.0 + x); }
    }
    x
}";
    let stage = |ad_opt| {
        let module = Engine::builder().ad_opt(ad_opt).build().and_then(|engine| engine.compile(source));
        module.and_then(|m| m.entry()).and_then(|f| f.emit(Stage::Tape, Of::Vjp, 1)).unwrap_or_else(|e| panic!("{e}"))
    };
    let expected = "\
f saves for its reverse sweep
  4: for u in 0..9 { x += 0.01 * sin(x); }
     8 bytes an iteration of line 3: the result of a loop
     8 bytes an iteration of line 4: carried by the loop
  in all 8·i3 + 8·i3·9 bytes; iterations: i3 (line 3)
";
    assert_eq!(stage(planned()), expected);
    let loops = "  loop of line 3: reversed as a whole: a number that it carries is more than a sum
  loop of line 4: reversed as a whole: what is around it is reversed as a whole
";
    assert_eq!(stage(planned().with(AdOpt::Local)), expected.to_owned() + loops);
    assert!(stage(AdOpts::NONE).contains("the optimisation is off"));
}

/// How many elements the reverse sweep adds to within loops, and after them.
#[test]
fn what_a_loop_adds_to_one_element_is_added_once() {
    let source = "
fn f(theta: [f64; 2], x: [f64; n], w: [f64; m]) -> f64 {
    let mut s = 0.0;
    for i in 0..n { s += sin(theta[0] * x[i] + theta[1]); if x[i] > 0.5 { s += w[2] * s; } }
    s
}";
    let added = |ad_opt| {
        let engine = Engine::builder().ad_opt(ad_opt).build();
        let function =
            engine.and_then(|engine| engine.compile(source)).and_then(|m| m.entry()).unwrap_or_else(|e| panic!("{e}"));
        let text = function.emit(Stage::VjpOptimized, Of::Vjp, 1).unwrap_or_else(|e| panic!("{e}"));
        let reverse = text.split("for rev").nth(1).expect("a reversed loop").to_owned();
        let (inside, after) = reverse.split_once("\n  }\n").expect("its end");
        [inside, after].map(|part| part.matches("acc ").count())
    };
    assert_eq!(added(planned()), [4, 0]);
    assert_eq!(added(planned().with(AdOpt::Registers)), [1, 3], "x[i] alone is added to in the loop");
}

/// What an iteration pushes and pops is not multiplied by the number of iterations.
#[test]
fn the_stage_tells_which_loops_are_reversed_iteration_by_iteration() {
    let source = "fn f(x: [f64; n, m]) -> f64 {
    let mut s = 0.0;
    for i in 0..n {
        let mut p = 1.0;
        for j in 0..m { p *= x[i, j]; }
        s += p;
    }
    s
}";
    let module = Engine::new().compile(source).unwrap_or_else(|e| panic!("{e}"));
    let stage = module.entry().and_then(|f| f.emit(Stage::Tape, Of::Vjp, 1)).unwrap_or_else(|e| panic!("{e}"));
    let expected = "\
f saves for its reverse sweep
  5: for j in 0..m { p *= x[i, j]; }
     8 bytes an iteration of line 5: carried by the loop
  in all 8·i5 bytes; iterations: i5 (line 5)
  loop of line 3: each iteration is reversed right after it ran
  loop of line 5: reversed as a whole: a number that it carries is more than a sum
";
    assert_eq!(stage, expected);
}

#[test]
fn the_stage_tells_what_snapshots_hold_and_how_many_there_are() {
    let stage = |source: &str| {
        let module = Engine::new().compile(source).unwrap_or_else(|e| panic!("{e}"));
        module.function("f").and_then(|f| f.emit(Stage::Tape, Of::Vjp, 1)).unwrap_or_else(|e| panic!("{e}"))
    };
    let told = stage(
        "fn f(x0: [f64; n], steps: i64) -> f64 {
    let mut x = x0;
    @checkpoint(binomial: 10)
    for t in 0..steps { for i in 0..n { x[i] = sin(x[i]) * 1.5; } }
    @checkpoint(budget: 1 KiB)
    while x[0] > 1.0 { x[0] = 0.9 * x[0] - 0.01 * sin(x[0]); }
    @checkpoint(every: 5)
    for t in 0..20 { x[0] = sin(x[0]); }
    sum(x)
}",
    );
    let expected = "f saves nothing but snapshots for its reverse sweep
  loop of line 9: each iteration is reversed right after it ran
  loop of line 3: at most 10 snapshots of 8 + 8·n bytes; an iteration runs 4.6 times if there are 1000, 6.8 times if there are 10000
  loop of line 5: within 1024 bytes, half of them for snapshots of 8 + 8·n bytes, half for iterations that are reversed at once; each runs twice, more often where snapshots are too few; iterations are counted before, which runs each once more
  loop of line 7: a snapshot of 8 + 8·n bytes every 5 iterations, which are reversed at once; each runs twice
";
    assert_eq!(told.split("\n\n").next().map(|first| format!("{}\n", first.trim_end())), Some(expected.to_owned()));
    let told = stage(
        "fn f(x: [f64; n]) -> f64 { let mut s = 0.0; @checkpoint(binomial: 2) for i in 0..n { s += exp(x[i]); } s }",
    );
    assert!(told.contains("without `@checkpoint` each iteration would be reversed right after it ran"), "{told}");
}
