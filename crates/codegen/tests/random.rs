//! Random programs mean the same everywhere. The generator aims at what compiled code leaves out: bounds checks of subscripts near loop indices, checks made before in scope, values kept
//! in memory, memory of regions. `ADIT_PROGRAMS` sets how many are tried.

mod common;

use adit_ir::limits::Limits;
use adit_ir::{
    ArrayType, Bounds, Builder, CmpOp, Const, FuncId, Int, Module, Passing, Prim, PrintPart, Region, Scalar,
    ScalarType, Type, Value,
};
use common::Arg;

/// A small generator of pseudo-random numbers (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 33) as usize) % n
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// What is in scope.
#[derive(Clone)]
struct Scope {
    floats: Vec<Value>,
    ints: Vec<Value>,
    bools: Vec<Value>,
    arrays: Vec<Value>,
    written: Vec<Value>,
    tapes: Vec<Value>,
}

struct Generator {
    dice: Dice,
    b: Builder,
    budget: usize,
    callee: Option<FuncId>,
}

/// Subscripts and bounds stay near these; the last ones provoke wrapping.
const NEAR: [i64; 12] = [0, 1, 2, 3, -1, -2, 4, 5, 1, 0, i64::MAX, i64::MIN];

impl Generator {
    fn int(&mut self, scope: &Scope) -> Int {
        match self.dice.below(4) {
            0 => Int::Const(self.dice.pick(&NEAR[..10])),
            1 if self.dice.one_in(8) => Int::Const(self.dice.pick(&NEAR)),
            _ => Int::Value(self.dice.pick(&scope.ints)),
        }
    }

    /// A subscript: usually a recent integer, plus or minus little.
    fn subscript(&mut self, scope: &Scope) -> Int {
        let recent = scope.ints.len().saturating_sub(4);
        match self.dice.below(6) {
            0 => Int::Const(self.dice.pick(&NEAR[..6])),
            1 => Int::Value(self.dice.pick(&scope.ints)),
            _ => Int::Value(self.dice.pick(&scope.ints[recent..])),
        }
    }

    fn element(&mut self, scope: &Scope, array: Value) -> Vec<Int> {
        let rank = self.b.ty(array).array().map_or(0, |a| a.dims.len());
        (0..rank).map(|_| self.subscript(scope)).collect()
    }

    fn region(&mut self, scope: &Scope, params: &[Type], yields: &[ScalarType], depth: usize) -> Region {
        let region = self.b.open(params);
        let params = self.b.func().region(region).params.clone();
        let mut inner = scope.clone();
        for &p in &params {
            match self.b.ty(p).scalar() {
                Some(ScalarType::F64) => inner.floats.push(p),
                Some(ScalarType::I64) => inner.ints.push(p),
                Some(ScalarType::F32 | ScalarType::Bool) | None => {}
            }
        }
        self.insts(&mut inner, depth);
        let results: Vec<Value> = yields.iter().map(|ty| self.last(&inner, *ty)).collect();
        self.b.close(&results)
    }

    fn last(&mut self, scope: &Scope, ty: ScalarType) -> Value {
        let recent = |list: &[Value]| list[list.len().saturating_sub(3)..].to_vec();
        match ty {
            ScalarType::F64 => self.dice.pick(&recent(&scope.floats)),
            ScalarType::I64 => self.dice.pick(&recent(&scope.ints)),
            ScalarType::Bool => self.dice.pick(&recent(&scope.bools)),
            ScalarType::F32 => panic!("no program has one"),
        }
    }

    fn insts(&mut self, scope: &mut Scope, depth: usize) {
        let count = 2 + self.dice.below(9);
        for _ in 0..count {
            if self.budget == 0 {
                return;
            }
            self.budget -= 1;
            self.inst(scope, depth);
        }
    }

    fn inst(&mut self, scope: &mut Scope, depth: usize) {
        match self.dice.below(23) {
            0 => scope.floats.push(self.b.f64([0.0, -0.0, 1.5, -2.0, f64::INFINITY, f64::NAN][self.dice.below(6)])),
            1..=3 => {
                let prim = self.dice.pick(&[Prim::Iadd, Prim::Isub, Prim::Iadd, Prim::Isub, Prim::Imul, Prim::Imin]);
                let a = self.dice.pick(&scope.ints);
                let c = self.dice.pick(&NEAR[..10]);
                let c = self.b.i64(c);
                let (a, c) = if self.dice.one_in(4) { (c, a) } else { (a, c) };
                scope.ints.push(self.b.prim(prim, &[a, c]));
            }
            4 => {
                let prim = self.dice.pick(&[Prim::Idiv, Prim::Irem, Prim::Imul, Prim::Imax, Prim::Isub]);
                let (a, c) = (self.dice.pick(&scope.ints), self.dice.pick(&scope.ints));
                scope.ints.push(self.b.prim(prim, &[a, c]));
            }
            5 | 6 => {
                let prim = self.dice.pick(&[Prim::Add, Prim::Sub, Prim::Mul, Prim::Smul, Prim::Max, Prim::Div]);
                let (a, c) = (self.last(scope, ScalarType::F64), self.dice.pick(&scope.floats));
                scope.floats.push(self.b.prim(prim, &[a, c]));
            }
            7 => {
                let prim = self.dice.pick(&[Prim::Sin, Prim::Neg, Prim::Relu, Prim::Sign, Prim::Floor]);
                let a = self.dice.pick(&scope.floats);
                scope.floats.push(self.b.prim(prim, &[a]));
            }
            8 => {
                let a = self.dice.pick(&scope.ints);
                scope.floats.push(self.b.prim(Prim::Itof, &[a]));
            }
            9 if self.dice.one_in(3) => {
                let b = self.dice.one_in(2);
                scope.bools.push(self.b.bool(b));
            }
            9 => {
                let op = self.dice.pick(&CmpOp::ALL);
                let (a, c) = if self.dice.one_in(2) {
                    (self.dice.pick(&scope.floats), self.dice.pick(&scope.floats))
                } else {
                    (self.dice.pick(&scope.ints), self.dice.pick(&scope.ints))
                };
                scope.bools.push(self.b.cmp(op, a, c));
            }
            10 => {
                let cond = self.dice.pick(&scope.bools);
                let (a, c) = (self.dice.pick(&scope.floats), self.dice.pick(&scope.floats));
                scope.floats.push(self.b.select(cond, a, c));
            }
            11..=13 => {
                let array = self.dice.pick(&scope.arrays);
                let subscripts = self.element(scope, array);
                scope.floats.push(self.b.load(array, &subscripts));
            }
            14 | 15 => {
                let array = self.dice.pick(&scope.written);
                let subscripts = self.element(scope, array);
                let value = self.last(scope, ScalarType::F64);
                if self.dice.one_in(2) {
                    self.b.store(array, &subscripts, value);
                } else {
                    self.b.acc(array, &subscripts, value);
                }
            }
            16 | 17 => self.array_or_tape(scope),
            18 => self.call_copy_or_print(scope),
            19 if depth > 0 => self.if_(scope, depth - 1),
            20 | 21 if depth > 0 => self.for_(scope, depth - 1),
            22 if depth > 0 => self.while_(scope, depth - 1),
            _ => scope.ints.push({
                let c = self.dice.pick(&NEAR[..10]);
                self.b.i64(c)
            }),
        }
    }

    fn array_or_tape(&mut self, scope: &mut Scope) {
        match self.dice.below(5) {
            0 => scope.tapes.push(self.b.tape_new(&[ScalarType::F64, ScalarType::I64, ScalarType::Bool])),
            1 | 2 if !scope.tapes.is_empty() => {
                let tape = self.dice.pick(&scope.tapes);
                if self.dice.one_in(3) {
                    let popped = self.b.tape_pop(tape);
                    scope.floats.push(popped[0]);
                    scope.ints.push(popped[1]);
                    scope.bools.push(popped[2]);
                } else {
                    let (x, i) = (self.last(scope, ScalarType::F64), self.last(scope, ScalarType::I64));
                    let c = self.last(scope, ScalarType::Bool);
                    self.b.tape_push(tape, &[x, i, c]);
                }
            }
            _ => {
                let rank = 1 + self.dice.below(2);
                let dims = (0..rank).map(|_| self.int(scope)).collect();
                let array = self.b.alloc(ArrayType { element: ScalarType::F64, dims });
                scope.arrays.push(array);
                scope.written.push(array);
            }
        }
    }

    fn call_copy_or_print(&mut self, scope: &mut Scope) {
        let (to, from) = (self.dice.pick(&scope.written), self.dice.pick(&scope.arrays));
        let rank = |g: &Generator, a| g.b.ty(a).array().map_or(0, |a| a.dims.len());
        match (self.dice.below(4), self.callee) {
            (0, _) => {
                let value = self.last(scope, ScalarType::F64);
                self.b.fill(to, value);
            }
            (1, _) if to != from && rank(self, to) == rank(self, from) => self.b.copy(to, from),
            (2, Some(callee)) if to != from && rank(self, to) == 1 && rank(self, from) == 1 => {
                let (x, i) = (self.last(scope, ScalarType::F64), self.last(scope, ScalarType::I64));
                let results = [ScalarType::F64, ScalarType::F64, ScalarType::I64];
                let call = self.b.call(callee, &[x, to, from, i], &results);
                let results = self.b.results(call);
                scope.floats.extend(&results[..2]);
                scope.ints.push(results[2]);
            }
            _ => {
                let value = self.last(scope, ScalarType::I64);
                self.b.print(vec![PrintPart::Value(value)]);
            }
        }
    }

    fn if_(&mut self, scope: &mut Scope, depth: usize) {
        let cond = self.dice.pick(&scope.bools);
        self.if_on(cond, scope, depth);
        // Often followed by others on the flag just made.
        while self.budget > 0 && self.dice.one_in(2) {
            self.budget -= 1;
            let flag = scope.bools[scope.bools.len() - 1];
            self.if_on(flag, scope, depth);
        }
    }

    fn if_on(&mut self, cond: Value, scope: &mut Scope, depth: usize) {
        let yields = [ScalarType::F64, ScalarType::I64, ScalarType::Bool];
        let then = self.region(scope, &[], &yields, depth);
        let otherwise = self.region(scope, &[], &yields, depth);
        let inst = self.b.if_(cond, then, otherwise);
        let results = self.b.results(inst);
        scope.floats.push(results[0]);
        scope.ints.push(results[1]);
        scope.bools.push(results[2]);
    }

    fn bounds(&mut self, scope: &Scope) -> Bounds {
        let (lo, hi) = (self.int(scope), self.int(scope));
        let step = match self.dice.below(8) {
            0 => Int::Const(2),
            1 => Int::Const(-1),
            2 => Int::Const(-3),
            3 => self.int(scope),
            _ => Int::Const(1),
        };
        Bounds { lo, hi, step, reversed: self.dice.one_in(3) }
    }

    fn for_(&mut self, scope: &mut Scope, depth: usize) {
        let bounds = self.bounds(scope);
        let inits = [self.last(scope, ScalarType::F64), self.last(scope, ScalarType::I64)];
        let yields = [ScalarType::F64, ScalarType::I64];
        let body = self.region(scope, &[Type::I64, Type::F64, Type::I64], &yields, depth);
        let inst = self.b.for_(bounds, &inits, body);
        let results = self.b.results(inst);
        scope.floats.push(results[0]);
        scope.ints.push(results[1]);
    }

    /// A loop that counts down, so that it ends.
    fn while_(&mut self, scope: &mut Scope, depth: usize) {
        let count = self.b.constant(Const::I64(self.dice.below(5) as i64));
        let init = self.last(scope, ScalarType::F64);
        let region = self.b.open(&[Type::F64, Type::I64]);
        let params = self.b.func().region(region).params.clone();
        let zero = self.b.i64(0);
        let more = self.b.cmp(CmpOp::Gt, params[1], zero);
        let cond = self.b.close(&[more]);
        let region = self.b.open(&[Type::F64, Type::I64]);
        let params = self.b.func().region(region).params.clone();
        let mut inner = scope.clone();
        inner.floats.push(params[0]);
        inner.ints.push(params[1]);
        self.insts(&mut inner, depth);
        let one = self.b.i64(1);
        let less = self.b.prim(Prim::Isub, &[params[1], one]);
        let x = self.last(&inner, ScalarType::F64);
        let body = self.b.close(&[x, less]);
        let inst = self.b.while_(&[init, count], cond, body);
        let results = self.b.results(inst);
        scope.floats.push(results[0]);
        scope.ints.push(results[1]);
    }
}

fn array(dims: &[Int]) -> Type {
    Type::Array(ArrayType { element: ScalarType::F64, dims: dims.into() })
}

/// A function `(f64, mut [f64; d0], [f64; d1 or d0], i64) -> (f64, f64, i64)`.
fn function(dice: Dice, name: &str, budget: usize, callee: Option<FuncId>) -> (adit_ir::Function, Dice) {
    let mut g = Generator { dice, b: Builder::new(name, Default::default()), budget, callee };
    let d0 = g.b.dim();
    let d1 = if g.dice.one_in(3) { d0 } else { g.b.dim() };
    let x = g.b.param(Type::F64, Passing::ByValue);
    let out = g.b.param(array(&[d0.into()]), Passing::Mut);
    let read = g.b.param(array(&[d1.into()]), Passing::ByValue);
    let k = g.b.param(Type::I64, Passing::ByValue);
    let truth = g.b.bool(true);
    let mut scope = Scope {
        floats: vec![x],
        ints: vec![d0, d1, k],
        bools: vec![truth],
        arrays: vec![out, read],
        written: vec![out],
        tapes: vec![],
    };
    while g.budget > 0 {
        g.insts(&mut scope, 4);
    }
    let results = [g.last(&scope, ScalarType::F64), g.last(&scope, ScalarType::F64), g.last(&scope, ScalarType::I64)];
    (g.b.finish(&results), g.dice)
}

fn program(seed: u64) -> Module {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    dice.below(2);
    let mut module = Module::new();
    let (inner, dice) = function(dice, "inner", 20, None);
    let inner = module.push(inner);
    // Some are large enough to have values kept in memory.
    let mut dice = dice;
    let budget = if dice.one_in(6) { 900 } else { 15 + dice.below(90) };
    let (outer, _) = function(dice, "outer", budget, Some(inner));
    module.push(outer);
    module
}

/// The same program with `f32` for `f64`.
fn in_single(module: &Module) -> Module {
    let literal = |c: &str| match c.parse::<f64>() {
        Ok(x) if c.contains(['.', 'e', 'n']) => adit_ir::print::literal(Const::F32(x as f32)),
        Ok(_) => c.to_owned(),
        Err(_) if c.starts_with("nan") => "f32 nan".to_owned(),
        Err(_) => c.to_owned(),
    };
    let line = |line: &str| {
        let line = line.replace("f64", "f32").replace("itof", "itos");
        match line.split_once("= const ") {
            Some((head, c)) => format!("{head}= const {}", literal(c)),
            None => line,
        }
    };
    let text = adit_ir::print_module(module);
    common::module(&text.lines().map(line).collect::<Vec<_>>().join("\n"))
}

/// The same argument with `f32` for `f64`.
fn single(arg: &Arg) -> Arg {
    let all = |x: &[f64]| x.iter().map(|&x| x as f32).collect();
    match arg {
        Arg::Scalar(Scalar::F64(x)) => Arg::Scalar(Scalar::F32(*x as f32)),
        Arg::F64(dims, x) => Arg::F32(dims.clone(), all(x)),
        Arg::MutF64(dims, x) => Arg::MutF32(dims.clone(), all(x)),
        Arg::Scalar(_) | Arg::I64(..) | Arg::Bool(..) | Arg::MutI64(..) | Arg::MutBool(..) => arg.clone(),
        Arg::F32(..) | Arg::MutF32(..) => arg.clone(),
    }
}

#[test]
fn random_programs_agree() {
    let count = std::env::var("ADIT_PROGRAMS").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let start = std::env::var("ADIT_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let limits = Limits { memory_bytes: 1 << 20, steps: Some(3_000), ..Limits::default() };
    let free = Limits { steps: None, ..limits };
    let mut finished = 0;
    for seed in start..start + count {
        let module = program(seed);
        adit_ir::verify(&module).unwrap_or_else(|e| panic!("{seed}: {:?}", e[0]));
        let is_single = seed % 3 == 2;
        let module = if is_single { in_single(&module) } else { module };
        let mut dice = Dice(seed + 7);
        for size in [0, 1, 3, 5] {
            let out = Arg::MutF64(vec![size], (0..size).map(|i| i as f64 - 1.5).collect());
            let other = if dice.one_in(2) { size } else { size + 1 };
            let read = Arg::F64(vec![other], (0..other).map(|i| 0.5 * i as f64 - 0.75).collect());
            let args = [common::f(0.75), out, read, common::i(dice.below(6) as i64 - 1)];
            let args = if is_single { args.each_ref().map(single) } else { args };
            let expected = common::interpreted(&module, &args, limits);
            let ended = !matches!(&expected.result, Err(e) if e.trap == adit_ir::Trap::StepLimit);
            finished += usize::from(expected.result.is_ok());
            for options in common::all_options() {
                let limits = if options.fuel { limits } else { free };
                if options.fuel || ended {
                    let seen = common::compiled(&module, &args, limits, &options);
                    assert_eq!(
                        seen,
                        expected,
                        "seed {seed} size {size} {options:?}\n{}",
                        adit_ir::print_module(&module)
                    );
                }
            }
        }
    }
    assert!(finished as u64 > count / 4, "only {finished} of {} runs finished", 4 * count);
}
