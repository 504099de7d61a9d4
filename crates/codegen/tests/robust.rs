//! Nothing that runs harms its host: threads with small stacks, endless loops, memory that must stay flat, code that must be freed.

mod common;

use adit_codegen::{OptLevel, Options};
use adit_ir::limits::Limits;
use adit_ir::{Bounds, Builder, Int, Module, Passing, Prim, Scalar, Trap, Type};
use adit_runtime::Workspace;
use common::{Arg, bits, call, entry, f, i, interpreted, module};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes of memory that the process has.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status.split_whitespace().nth(1).and_then(|p| p.parse::<usize>().ok());
    pages.unwrap_or(0) * 4096
}

/// Recursion whose frames are as large as they get: many results and many values alive across the call.
fn greedy_recursion() -> String {
    let mut text = String::from("func @f(v0: f64, v1: i64) -> f64 {\n  v2 = const 1\n  v3 = isub v1, v2\n");
    for k in 0..200 {
        text += &format!("  v{} = add v{}, v0\n", 10 + k, if k == 0 { 0 } else { 9 + k });
    }
    text += "  v4 = call @f(v0, v3)\n";
    for k in 0..200 {
        text += &format!("  v{} = mul v{}, v{}\n", 300 + k, if k == 0 { 4 } else { 299 + k }, 10 + k);
    }
    text + "  return v499\n}"
}

fn on_stack_of<T: Send + 'static>(bytes: usize, run: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = thread::Builder::new().stack_size(bytes).spawn(run);
    thread.expect("threads start").join().expect("it does not panic")
}

#[test]
fn recursion_on_small_stacks_is_an_error() {
    for text in
        [greedy_recursion(), "func @f(v0: f64, v1: i64) -> f64 {\n  v2 = call @f(v0, v1)\n  return v2\n}".into()]
    {
        for opt in [OptLevel::O0, OptLevel::O2] {
            let module = module(&text);
            let entry = entry(&module, &Options { opt, ..Options::default() });
            for bytes in [192 << 10, 512 << 10, 2 << 20] {
                let entry = entry.clone();
                let stopped = on_stack_of(bytes, move || {
                    let limits = Limits { depth: u32::MAX, ..Limits::default() };
                    let mut workspace = Workspace::with_limits(limits);
                    let mut args = [f(1.0), i(5)];
                    call(&entry, &mut workspace, &mut args).expect_err("it never ends")
                });
                assert_eq!((&stopped.trap, stopped.details[0]), (&Trap::RecursionTooDeep, 0));
                assert!(stopped.details[1] > 0 && stopped.to_string().contains("stack of this thread"), "{stopped}");
            }
        }
    }
}

#[test]
fn mutual_recursion_through_others_is_an_error() {
    let text = "func @h(v0: f64) -> f64 {
  v1 = exp v0
  return v1
}
func @g(v0: f64) -> f64 {
  v1 = call @h(v0)
  v2 = call @f(v1)
  v3 = call @h(v2)
  return v3
}
func @f(v0: f64) -> f64 {
  v1 = call @g(v0)
  v2 = add v1, v0
  return v2
}";
    let module = module(text);
    let entry = entry(&module, &Options::default());
    let trap = on_stack_of(256 << 10, move || {
        let mut workspace = Workspace::with_limits(Limits { depth: u32::MAX, ..Limits::default() });
        call(&entry, &mut workspace, &mut [f(0.5)]).expect_err("it never ends").trap
    });
    assert_eq!(trap, Trap::RecursionTooDeep);
}

#[test]
fn frames_larger_than_the_stack_find_room_elsewhere() {
    // Every value is needed again, last one first.
    const COUNT: usize = 30_000;
    let mut b = Builder::new("f", Default::default());
    let mut values = vec![b.param(Type::F64, Passing::ByValue)];
    for _ in 0..COUNT {
        let last = values[values.len() - 1];
        values.push(b.prim(Prim::Cos, &[last]));
    }
    let mut total = b.f64(0.0);
    for &v in values.iter().rev() {
        total = b.prim(Prim::Add, &[total, v]);
    }
    let mut module = Module::new();
    module.push(b.finish(&[total]));
    let expected = interpreted(&module, &[f(0.5)], Limits::default()).result.expect("it runs");
    for opt in [OptLevel::O0, OptLevel::O2] {
        let entry = entry(&module, &Options { opt, ..Options::default() });
        let found = on_stack_of(128 << 10, move || call(&entry, &mut Workspace::new(), &mut [f(0.5)]));
        let found: Vec<u64> = found.expect("there is room").into_iter().map(bits).collect();
        assert_eq!(found, expected, "{opt:?}");
    }
}

const ENDLESS: &str = "func @f(v0: f64) -> f64 {
  v1 = while (v2: f64 = v0) {
    v3 = const true
    yield v3
  } do (v4) {
    yield v4
  }
  return v1
}";

#[test]
fn another_thread_stops_every_kind_of_loop() {
    let counted = "func @f(v0: f64) -> f64 {
  v5 = const 9223372036854775807
  v1 = for v3 in 0..v5 (v2: f64 = v0) {
    yield v2
  }
  v6 = for rev v7 in 0..v5 step 3 (v8: f64 = v1) {
    yield v8
  }
  return v6
}";
    let twice = "func @f(v0: f64) -> f64 {
  for v3 in 0..10 {
  }
  for v4 in 0..9223372036854775807 {
  }
  return v0
}";
    for text in [ENDLESS, counted, twice] {
        for opt in [OptLevel::O0, OptLevel::O2] {
            let module = module(text);
            let entry = entry(&module, &Options { opt, ..Options::default() });
            let mut workspace = Workspace::new();
            let flag = workspace.interrupt();
            let stopper = thread::spawn(move || {
                thread::sleep(Duration::from_millis(30));
                flag.store(true, Ordering::Relaxed);
                Instant::now()
            });
            let error = call(&entry, &mut workspace, &mut [f(1.0)]).expect_err("it never ends");
            let late = stopper.join().expect("it does not panic").elapsed();
            assert_eq!(error.trap, Trap::Interrupted);
            assert!(late < Duration::from_secs(5), "{late:?}");
            workspace.interrupt().store(false, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_flag_set_beforehand_stops_at_once_and_can_be_shared() {
    let module = module(ENDLESS);
    let entry = entry(&module, &Options::default());
    let mut workspace = Workspace::new();
    workspace.set_interrupt(Arc::new(AtomicBool::new(true)));
    for _ in 0..3 {
        let error = call(&entry, &mut workspace, &mut [f(1.0)]).expect_err("it is interrupted");
        assert_eq!(error.trap, Trap::Interrupted);
    }
}

#[test]
fn temporaries_of_iterations_take_no_memory() {
    let text = "func @f(v0: i64) -> f64 {
  v1 = const 0.5
  v2 = for v3 in 0..v0 (v4: f64 = v1) {
    v5 = alloc [f64; 1000]
    store v5[1], v4
    v6 = load v5[1]
    v7 = tape.new (f64)
    tape.push v7, (v6)
    v8 = const true
    v9 = if v8 {
      v10 = alloc [f64; v3]
      v11 = load v5[1]
      yield v11
    } else {
      yield v6
    }
    yield v9
  }
  return v2
}";
    let module = module(text);
    let limits = Limits { memory_bytes: 100_000, ..Limits::default() };
    let entry = entry(&module, &Options::default());
    let mut workspace = Workspace::with_limits(limits);
    for _ in 0..3 {
        assert_eq!(call(&entry, &mut workspace, &mut [i(10_000)]), Ok(vec![Scalar::F64(0.5)]));
    }
    assert!(call(&entry, &mut workspace, &mut [i(100_000)]).is_err(), "the inner array grows beyond the limit");
    assert_eq!(workspace.memory_in_use().0, 0);
    assert_eq!(call(&entry, &mut workspace, &mut [i(10)]), Ok(vec![Scalar::F64(0.5)]));
}

#[test]
fn memory_never_exceeds_the_limit_by_much() {
    let text = "func @f(v0: i64) {
  v1 = tape.new (i64, i64)
  for v2 in 0..v0 {
    tape.push v1, (v2, v2)
  }
}";
    let module = module(text);
    let entry = entry(&module, &Options::default());
    let mut workspace = Workspace::with_limits(Limits { memory_bytes: 8 << 20, ..Limits::default() });
    let before = resident();
    let error = call(&entry, &mut workspace, &mut [i(i64::MAX)]).expect_err("the tape grows without bound");
    assert_eq!((error.trap, error.details), (Trap::MemoryLimit, [16, 8 << 20]));
    assert!(resident().saturating_sub(before) < 64 << 20);
    workspace.release_memory();
    assert_eq!(workspace.memory_in_use(), (0, 0));
}

#[test]
fn records_have_a_limit_of_their_own() {
    let text = "func @f(v0: i64) {
  v1 = tape.new (i64, i64)
  for v2 in 0..v0 {
    v3 = alloc [f64; 100]
    tape.push v1, (v2, v2)
    v4 = tape.new (i64, i64)
    for v5 in 0..v0 {
      tape.push v4, (v2, v5)
    }
  }
}";
    let module = module(text);
    let entry = entry(&module, &Options::default());
    let mut workspace = Workspace::with_limits(Limits { tape_bytes: Some(32_000), ..Limits::default() });
    for _ in 0..3 {
        let error = call(&entry, &mut workspace, &mut [i(1001)]).expect_err("a record is too much");
        assert_eq!((error.trap, error.details), (Trap::TapeLimit, [16, 32_000]));
        assert_eq!(call(&entry, &mut workspace, &mut [i(900)]), Ok(vec![]));
    }
}

#[test]
fn entries_keep_their_code_and_run_in_many_threads() {
    let module = module("func @f(v0: f64) -> f64 {\n  v1 = sin v0\n  v2 = mul v1, v1\n  return v2\n}");
    let entry = entry(&module, &Options::default());
    let threads: Vec<_> = (0..4)
        .map(|k| {
            let entry = entry.clone();
            thread::spawn(move || {
                let mut workspace = Workspace::new();
                for n in 0..1000 {
                    let x = f64::from(k * 1000 + n);
                    let y = call(&entry, &mut workspace, &mut [f(x)]);
                    assert_eq!(y, Ok(vec![Scalar::F64(x.sin() * x.sin())]));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|t| t.join().expect("it does not panic"));
}

#[test]
fn a_panicking_sink_panics_the_call_and_no_more() {
    let module = module("func @f(v0: f64) -> f64 {\n  print v0\n  return v0\n}");
    let entry = entry(&module, &Options::default());
    let mut workspace = Workspace::new();
    workspace.set_sink(Some(Box::new(|line| panic!("sink: {line}"))));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = call(&entry, &mut workspace, &mut [f(2.5)]);
    }));
    let message = result.expect_err("the panic goes on").downcast::<String>().map(|m| *m);
    assert_eq!(message.ok().as_deref(), Some("sink: 2.5"));
    workspace.set_sink(None);
    assert!(call(&entry, &mut workspace, &mut [f(2.5)]).is_ok());
}

/// Forward code and then code that uses its values in the opposite order.
fn forward_then_backward(n: usize) -> Module {
    let mut b = Builder::new("f", Default::default());
    let x = b.param(Type::F64, Passing::ByValue);
    let mut forward = vec![x];
    for k in 0..n {
        let last = forward[forward.len() - 1];
        let other = forward[forward.len() - 1 - (k % 5).min(forward.len() - 1)];
        let prim = if k % 4 == 0 { Prim::Sub } else { Prim::Mul };
        forward.push(b.prim(prim, &[last, other]));
    }
    let mut bar = b.f64(1.0);
    for &v in forward.iter().rev() {
        let t = b.prim(Prim::Smul, &[bar, v]);
        bar = b.prim(Prim::Add, &[t, bar]);
    }
    let mut module = Module::new();
    module.push(b.finish(&[bar]));
    module
}

#[test]
fn large_straight_code_compiles_in_near_linear_time_and_means_the_same() {
    for n in [10, 200, 500, 2_000, 20_000] {
        let module = forward_then_backward(n);
        let args = [f(0.999)];
        let expected = interpreted(&module, &args, Limits::default());
        for opt in [OptLevel::O0, OptLevel::O1, OptLevel::O2] {
            let options = Options { opt, ..Options::default() };
            let started = Instant::now();
            let seen = common::compiled(&module, &args, Limits::default(), &options);
            assert_eq!(seen, expected, "{n} {opt:?}");
            assert!(started.elapsed() < Duration::from_secs(20), "{n} {opt:?} took {:?}", started.elapsed());
        }
    }
}

#[test]
fn thousands_of_checks_compile_in_near_linear_time() {
    let mut b = Builder::new("f", Default::default());
    let n = b.dim();
    let dims = [Int::Value(n)].into_iter().collect();
    let ty = Type::Array(adit_ir::ArrayType { element: adit_ir::ScalarType::F64, dims });
    let x = b.param(ty, Passing::ByValue);
    let k = b.param(Type::I64, Passing::ByValue);
    let mut sum = b.f64(0.0);
    for j in 0..16_000 {
        let j = b.i64(j);
        let subscript = b.prim(Prim::Imul, &[k, j]);
        let element = b.load(x, &[subscript.into()]);
        sum = b.prim(Prim::Add, &[sum, element]);
    }
    let mut module = Module::new();
    module.push(b.finish(&[sum]));
    for opt in [OptLevel::O0, OptLevel::O2] {
        let started = Instant::now();
        let entry = entry(&module, &Options { opt, verify_clif: false, ..Options::default() });
        assert!(started.elapsed() < Duration::from_secs(20), "{opt:?} took {:?}", started.elapsed());
        let mut args = [common::xs(&[0.5]), i(0)];
        assert_eq!(call(&entry, &mut Workspace::new(), &mut args), Ok(vec![Scalar::F64(8000.0)]));
    }
}

/// A large function with loops that use values from far above, and arrays.
#[test]
fn values_kept_in_memory_are_right_in_loops_and_branches() {
    let mut b = Builder::new("f", Default::default());
    let n = b.dim();
    let dims = || [Int::Value(n)].into_iter().collect();
    let array = |dims| Type::Array(adit_ir::ArrayType { element: adit_ir::ScalarType::F64, dims });
    let x = b.param(array(dims()), Passing::ByValue);
    let out = b.param(array(dims()), Passing::Mut);
    let k = b.param(Type::I64, Passing::ByValue);
    let first = b.load(x, &[Int::Const(0)]);
    let mut values = vec![first];
    for j in 0..300 {
        let prim = if j % 2 == 0 { Prim::Add } else { Prim::Sub };
        let v = b.prim(prim, &[values[j], values[j / 2]]);
        values.push(v);
    }
    for round in 0..30 {
        let old = values[round * 7];
        b.open(&[Type::I64, Type::F64]);
        let region = b.current();
        let (index, carried) = (b.func().region(region).params[0], b.func().region(region).params[1]);
        let element = b.load(x, &[index.into()]);
        let product = b.prim(Prim::Mul, &[element, old]);
        let next = b.prim(Prim::Add, &[carried, product]);
        let limit = b.cmp(adit_ir::CmpOp::Lt, index, k);
        let then = b.open(&[]);
        let far = b.prim(Prim::Add, &[values[round * 3], next]);
        b.acc(out, &[index.into()], far);
        b.close(&[far]);
        let otherwise = b.open(&[]);
        b.close(&[next]);
        let chosen = b.if_(limit, then, otherwise);
        let chosen = b.results(chosen)[0];
        for _ in 0..round * 2 {
            b.prim(Prim::Mul, &[chosen, old]);
        }
        let body = b.close(&[chosen]);
        let looped = b.for_(Bounds { reversed: round % 2 == 0, ..Bounds::up_to(n.into()) }, &[old], body);
        let looped = b.results(looped)[0];
        values.push(looped);
        let scaled = b.prim(Prim::Smul, &[looped, values[300 - round]]);
        values.push(scaled);
    }
    let result = *values.last().expect("not empty");
    let mut module = Module::new();
    module.push(b.finish(&[result]));
    adit_ir::verify(&module).expect("it verifies");
    for k in [0, 2, 5] {
        let args = [common::xs(&[1.5, -2.25, 0.125, 3.0]), common::out(4), i(k)];
        let expected = interpreted(&module, &args, Limits::default());
        for options in common::all_options() {
            assert_eq!(common::compiled(&module, &args, Limits::default(), &options), expected);
        }
    }
}

#[test]
fn nesting_as_deep_as_the_verifier_admits_needs_little_stack() {
    let mut b = Builder::new("f", Default::default());
    let x = b.param(Type::F64, Passing::ByValue);
    let t = b.bool(true);
    let depth = adit_ir::verify::MAX_NESTING - 1;
    for _ in 0..depth {
        b.open(&[]);
    }
    let mut inner = b.prim(Prim::Add, &[x, x]);
    for _ in 0..depth {
        let then = b.close(&[inner]);
        b.open(&[]);
        let otherwise = b.close(&[x]);
        let inst = b.if_(t, then, otherwise);
        inner = b.results(inst)[0];
    }
    let mut module = Module::new();
    module.push(b.finish(&[inner]));
    adit_ir::verify(&module).expect("it verifies");
    let seen = on_stack_of(2 << 20, move || {
        let entry = entry(&module, &Options::default());
        call(&entry, &mut Workspace::new(), &mut [f(1.5)])
    });
    assert_eq!(seen, Ok(vec![Scalar::F64(3.0)]));
}

#[test]
fn arguments_can_be_passed_again() {
    let arg = Arg::MutF64(vec![2], vec![1.0, 2.0]);
    let module = module("func @f(v0: mut [f64; d0]) {\n  v1 = const 1.0\n  acc v0[0], v1\n}");
    let entry = entry(&module, &Options::default());
    let mut args = [arg];
    for _ in 0..3 {
        call(&entry, &mut Workspace::new(), &mut args).expect("it runs");
    }
    assert!(matches!(&args[0], Arg::MutF64(_, x) if *x == [4.0, 2.0]));
}
