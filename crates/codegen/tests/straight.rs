//! Runs of arithmetic, which have a code generator of their own, mean what the interpreter says: with more values alive than registers, calls of every shape in between, values that come from outside
//! and go there, within loops and between them. `ADIT_PROGRAMS` sets how many programs are tried.

mod common;

use adit_codegen::{OptLevel, Options};
use adit_ir::limits::Limits;
use adit_ir::{Bounds, Builder, Int, Module, Passing, Prim, ScalarType, Type, Value};
use common::{Arg, f, i};

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 33) as usize) % n
    }

    /// Mostly something recent, as in programs.
    fn recent(&mut self, values: &[Value]) -> Value {
        let most = if self.below(4) == 0 { values.len() } else { values.len().min(6) };
        values[values.len() - 1 - self.below(most)]
    }
}

/// What makes a float and never stops the program.
fn operations() -> Vec<Prim> {
    let total = |p: &&Prim| p.row().guard.is_none() && p.row().signature.result.at(ScalarType::F64) == ScalarType::F64;
    Prim::ALL.iter().filter(total).copied().collect()
}

const LITERALS: [f64; 8] = [0.0, -0.0, 1.0, 0.1, -2.5, f64::INFINITY, f64::NAN, 1e-310];

/// Appends so many operations to `values`.
fn arithmetic(dice: &mut Dice, b: &mut Builder, integer: Value, values: &mut Vec<Value>, count: usize) {
    let all = operations();
    let simple: Vec<Prim> = [Prim::Add, Prim::Mul, Prim::Sub, Prim::Smul, Prim::Neg, Prim::Div].to_vec();
    for _ in 0..count {
        let prim = if dice.below(4) == 0 { all[dice.below(all.len())] } else { simple[dice.below(simple.len())] };
        let types = prim.row().signature.args_at(ScalarType::F64);
        let args: Vec<Value> = types.map(|ty| operand(dice, b, ty, integer, values)).collect();
        values.push(b.prim(prim, &args));
    }
}

fn operand(dice: &mut Dice, b: &mut Builder, ty: ScalarType, integer: Value, values: &[Value]) -> Value {
    match (ty, dice.below(8)) {
        (ScalarType::F64, 0) => b.f64(LITERALS[dice.below(LITERALS.len())]),
        (ScalarType::F64, _) => dice.recent(values),
        (ScalarType::Bool, n) => b.bool(n > 3),
        (ScalarType::I64, 0..3) => integer,
        (ScalarType::I64, n) => b.i64(n as i64 - 4),
        (ScalarType::F32, _) => b.prim(Prim::Narrow, &[dice.recent(values)]),
    }
}

/// Arithmetic before, in and after a loop that may have a loop in it.
fn program(seed: u64) -> Module {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut b = Builder::new("f", Default::default());
    let mut values = vec![b.param(Type::F64, Passing::ByValue), b.param(Type::F64, Passing::ByValue)];
    let n = b.param(Type::I64, Passing::ByValue);
    let size = 5 + dice.below(120);
    arithmetic(&mut dice, &mut b, n, &mut values, size);
    for _ in 0..dice.below(3) {
        let first = dice.recent(&values);
        let last = in_loop(&mut dice, &mut b, n, &values, first, 2);
        values.push(last);
        arithmetic(&mut dice, &mut b, n, &mut values, size);
    }
    let results: Vec<Value> = (0..1 + dice.below(4)).map(|_| dice.recent(&values)).collect();
    let mut module = Module::new();
    module.push(b.finish(&results));
    module
}

fn in_loop(dice: &mut Dice, b: &mut Builder, n: Value, outside: &[Value], first: Value, depth: usize) -> Value {
    let bounds = Bounds { lo: Int::Const(0), hi: Int::Value(n), step: Int::Const(1), reversed: false };
    let body = b.open(&[Type::I64, Type::F64]);
    let (index, carried) = (b.func().region(body).params[0], b.func().region(body).params[1]);
    let mut values = outside.to_vec();
    values.push(carried);
    let size = 1 + dice.below(40);
    arithmetic(dice, b, index, &mut values, size);
    if depth > 0 && dice.below(2) == 0 {
        let start = dice.recent(&values);
        let inner = in_loop(dice, b, n, &values, start, depth - 1);
        values.push(inner);
        arithmetic(dice, b, index, &mut values, size);
    }
    let last = dice.recent(&values);
    let body = b.close(&[last]);
    let inst = b.for_(bounds, &[first], body);
    b.results(inst)[0]
}

fn kinds() -> Vec<Options> {
    let base = Options { large_above: 0, run_from: 1, verify_clif: true, ..Options::default() };
    vec![Options { run_from: 20, ..base.clone() }, Options { opt: OptLevel::O0, ..base.clone() }, base]
}

#[test]
fn runs_mean_what_the_interpreter_says() {
    let programs = std::env::var("ADIT_PROGRAMS").ok().and_then(|n| n.parse().ok()).unwrap_or(150);
    for seed in 0..programs {
        let module = program(seed);
        for args in [[f(0.3), f(-1.7), i(3)], [f(0.0), f(f64::INFINITY), i(1)], [f(1e300), f(-0.0), i(0)]] {
            let expected = common::interpreted(&module, &args, Limits::default());
            for options in kinds() {
                let found = common::compiled(&module, &args, Limits::default(), &options);
                assert_eq!(found, expected, "program {seed}, {options:?}\n{}", adit_ir::print_module(&module));
            }
        }
    }
}

#[test]
fn a_long_run_has_no_instruction_of_cranelift() {
    let mut b = Builder::new("f", Default::default());
    let mut x = b.param(Type::F64, Passing::ByValue);
    for _ in 0..2000 {
        let y = b.prim(Prim::Sin, &[x]);
        x = b.prim(Prim::Mul, &[x, y]);
    }
    let mut module = Module::new();
    let id = module.push(b.finish(&[x]));
    let clif = adit_codegen::clif_text(&module, id, &Options::default()).expect("it compiles");
    let native = adit_codegen::native_text(&module, id, &Options::default(), &|_| None).expect("it compiles");
    if cfg!(all(target_arch = "x86_64", not(windows))) {
        assert!(clif.lines().count() < 60 && clif.contains("; run 0"), "{clif}");
        assert!(native.contains("\nrun 0:\n") && native.matches("; sin").count() == 2000);
    }
    let args: [Arg; 1] = [f(1.1)];
    let expected = common::interpreted(&module, &args, Limits::default());
    assert_eq!(common::compiled(&module, &args, Limits::default(), &Options::default()), expected);
}
