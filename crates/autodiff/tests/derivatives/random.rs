//! Random programs: the modes agree on them, and they see the seeded bugs.
//!
//! In: a seed. Out: a function of two floats, an integer, an array and a `mut` array, with nested loops of all kinds, branches, carried values that change places, arrays local
//! to iterations, constant stores, tapes and selects. Every second one calls another such function, which calls itself. Sizes and magnitudes stay small.

use crate::harness::{Random, bug, floats, plans, relations_to_order};
use crate::programs::Arg;
use adit_autodiff::{Mutant, Options};
use adit_diag::Span;
use adit_interp::ir::{Array, Cell, Input};
use adit_ir::{
    ArrayType, Bounds, Builder, CmpOp, FuncId, Int, Module, Passing, Prim, ScalarType, Type, Value, Values, verify,
};

const LEN: i64 = 3;

/// Writes one function. The lists hold what is in scope.
struct Writer {
    b: Builder,
    random: Random,
    floats: Vec<Value>,
    ints: Vec<Value>,
    arrays: Vec<Value>,
    written: Vec<Value>,
    budget: usize,
    /// Whether there is a function to call.
    calls: bool,
    /// Whether this is that function.
    callee: bool,
}

/// The function that is called.
const CALLEE: usize = 1;

impl Writer {
    fn module(seed: u64) -> Module {
        let calls = seed % 2 == 1;
        let mut module = Module::new();
        module.push(Writer::function("f", seed, calls, false));
        if calls {
            module.push(Writer::function("g", seed ^ 0x5a5a, true, true));
        }
        module
    }

    fn function(name: &str, seed: u64, calls: bool, callee: bool) -> adit_ir::Function {
        let b = Builder::new(name, Span::NONE);
        let (floats, ints, arrays, written) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let budget = if callee { 14 } else { 40 };
        let mut w = Writer { b, random: Random::new(seed), floats, ints, arrays, written, budget, calls, callee };
        for _ in 0..2 {
            let x = w.b.param(Type::F64, Passing::ByValue);
            w.floats.push(x);
        }
        let n = w.b.param(Type::I64, Passing::ByValue);
        w.ints.push(n);
        let dims = [Int::Const(LEN)].into_iter().collect();
        let ty = Type::Array(ArrayType { element: ScalarType::F64, dims });
        let read = w.b.param(ty.clone(), Passing::ByValue);
        let lent = w.b.param(ty, Passing::Mut);
        w.arrays = vec![read, lent];
        w.written = vec![lent];
        let count = 4 + w.random.below(8);
        w.statements(count / 2, 0);
        if callee {
            w.recursion(n);
        }
        w.statements(count - count / 2, 0);
        let (x, y) = (w.float(), w.float());
        w.b.finish(&[x, y])
    }

    /// A call of the function of the same signature, on arrays that differ.
    fn call(&mut self, n: Value) -> Values {
        let (x, y) = (self.float(), self.float());
        let lent = self.written[self.random.below(self.written.len())];
        let others: Vec<Value> = self.arrays.iter().copied().filter(|&a| a != lent).collect();
        let read = others[self.random.below(others.len())];
        let inst = self.b.call(FuncId::new(CALLEE), &[x, y, n, read, lent], &[ScalarType::F64; 2]);
        self.b.results(inst)
    }

    /// Calls itself with one less, unless that is below 0.
    fn recursion(&mut self, n: Value) {
        let (zero, one) = (self.b.i64(0), self.b.i64(1));
        let goes_on = self.b.cmp(CmpOp::Gt, n, zero);
        self.b.open(&[]);
        let less = self.b.prim(Prim::Isub, &[n, one]);
        let yields = self.scoped(|w| {
            w.number();
            w.number();
            w.store();
            let called = w.call(less);
            w.number();
            let own = w.float();
            [called[0], w.b.prim(Prim::Mul, &[called[1], own])].into_iter().collect::<Values>()
        });
        let then = self.b.close(&yields);
        self.b.open(&[]);
        let yields = self.some_floats(2);
        let otherwise = self.b.close(&yields);
        let inst = self.b.if_(goes_on, then, otherwise);
        self.floats.extend(self.b.results(inst));
    }

    fn float(&mut self) -> Value {
        // Newer values more often, so that chains are long.
        let n = self.floats.len();
        let from = if self.random.below(3) == 0 { 0 } else { n / 2 };
        self.floats[from + self.random.below(n - from)]
    }

    fn constant(&mut self) -> Value {
        let x = (self.random.number() * 8.0).round() / 4.0;
        self.b.f64(x)
    }

    fn subscript(&mut self) -> Int {
        if self.random.below(2) == 0 {
            return Int::Const(self.random.below(LEN as usize) as i64);
        }
        let at = self.random.below(self.ints.len());
        let len = self.b.i64(LEN);
        let rest = self.b.prim(Prim::Irem, &[self.ints[at], len]);
        Int::Value(self.b.prim(Prim::Iabs, &[rest]))
    }

    fn statements(&mut self, count: usize, depth: usize) {
        for _ in 0..count {
            if self.budget == 0 {
                return;
            }
            self.budget -= 1;
            match self.random.below(if depth < 3 { 22 } else { 15 }) {
                0..=5 => self.number(),
                6 | 7 => self.load(),
                8..=10 => self.store(),
                11 => self.whole_array(),
                12 => self.select(),
                13 => self.alloc(),
                14 if self.calls && !self.callee => {
                    let n = self.ints[self.random.below(self.ints.len())];
                    let results = self.call(n);
                    self.floats.extend(results);
                }
                14 => self.number(),
                15..=17 => self.branch(depth),
                18 | 19 => self.counted(depth),
                20 => self.uncounted(depth),
                _ => self.tape(),
            }
        }
    }

    fn number(&mut self) {
        let (x, y) = (self.float(), self.float());
        let v = match self.random.below(10) {
            0 => self.b.prim(Prim::Sin, &[x]),
            1 => self.b.prim(Prim::Tanh, &[x]),
            2 => self.b.prim(Prim::Add, &[x, y]),
            3 | 4 => {
                let bounded = self.b.prim(Prim::Tanh, &[y]);
                self.b.prim(Prim::Mul, &[x, bounded])
            }
            5 => self.b.prim(Prim::Sub, &[x, y]),
            6 => {
                let square = self.b.prim(Prim::Mul, &[y, y]);
                let one = self.b.f64(1.0);
                let positive = self.b.prim(Prim::Add, &[square, one]);
                self.b.prim(Prim::Div, &[x, positive])
            }
            7 => self.constant(),
            8 => self.b.prim(Prim::Floor, &[x]),
            _ => self.b.prim(Prim::Sigmoid, &[x]),
        };
        self.floats.push(v);
    }

    fn load(&mut self) {
        let array = self.arrays[self.random.below(self.arrays.len())];
        let at = self.subscript();
        let v = self.b.load(array, &[at]);
        self.floats.push(v);
    }

    fn store(&mut self) {
        let array = self.written[self.random.below(self.written.len())];
        let at = self.subscript();
        let v = if self.random.below(4) == 0 { self.constant() } else { self.float() };
        let bounded = self.b.prim(Prim::Sin, &[v]);
        match self.random.below(3) {
            0 => self.b.acc(array, &[at], bounded),
            1 => self.b.store(array, &[at], v),
            _ => self.b.store(array, &[at], bounded),
        }
    }

    fn whole_array(&mut self) {
        let to = self.written[self.random.below(self.written.len())];
        let from = self.arrays[self.random.below(self.arrays.len())];
        if to == from {
            let v = self.float();
            self.b.fill(to, v);
        } else {
            self.b.copy(to, from);
        }
    }

    fn alloc(&mut self) {
        let dims = [Int::Const(LEN)].into_iter().collect();
        let array = self.b.alloc(ArrayType { element: ScalarType::F64, dims });
        self.arrays.push(array);
        self.written.push(array);
    }

    fn condition(&mut self) -> Value {
        if self.random.below(2) == 0 {
            let (x, limit) = (self.float(), self.constant());
            return self.b.cmp(CmpOp::Lt, x, limit);
        }
        let at = self.random.below(self.ints.len());
        let one = self.b.i64(1);
        self.b.cmp(CmpOp::Gt, self.ints[at], one)
    }

    fn select(&mut self) {
        let cond = self.condition();
        let (x, y) = (self.float(), self.float());
        let v = self.b.select(cond, x, y);
        self.floats.push(v);
    }

    /// Runs `inside` with what it adds to the scope taken away again.
    fn scoped<T>(&mut self, inside: impl FnOnce(&mut Self) -> T) -> T {
        let sizes = [&self.floats, &self.ints, &self.arrays, &self.written].map(Vec::len);
        let out = inside(self);
        let lists = [&mut self.floats, &mut self.ints, &mut self.arrays, &mut self.written];
        lists.into_iter().zip(sizes).for_each(|(list, size)| list.truncate(size));
        out
    }

    fn some_floats(&mut self, count: usize) -> Values {
        (0..count).map(|_| self.float()).collect()
    }

    fn branch(&mut self, depth: usize) {
        let cond = self.condition();
        let results = self.random.below(3);
        let arms = [(); 2].map(|()| {
            self.b.open(&[]);
            let yields = self.scoped(|w| {
                let count = w.random.below(4);
                w.statements(count, depth + 1);
                w.some_floats(results)
            });
            self.b.close(&yields)
        });
        let inst = self.b.if_(cond, arms[0], arms[1]);
        self.floats.extend(self.b.results(inst));
    }

    /// What a loop's body carries on: often what another place received, so that values change places.
    fn carried_on(&mut self, params: &[Value]) -> Values {
        params
            .iter()
            .map(|_| match self.random.below(3) {
                0 => params[self.random.below(params.len())],
                1 => self.float(),
                _ => {
                    let x = self.float();
                    self.b.prim(Prim::Sin, &[x])
                }
            })
            .collect()
    }

    /// What a loop that sums yields: to each number that it carries something else is added, an element of an array perhaps.
    fn sums(&mut self, params: &[Value]) -> Values {
        let term = |w: &mut Self, &param: &Value| {
            w.load();
            let element = w.floats[w.floats.len() - 1];
            let term = if w.random.below(2) == 0 { w.float() } else { w.b.prim(Prim::Sin, &[element]) };
            let prim = [Prim::Add, Prim::Sub][w.random.below(2)];
            w.b.prim(prim, &[param, term])
        };
        params.iter().map(|param| term(self, param)).collect()
    }

    fn counted(&mut self, depth: usize) {
        let carried = self.random.below(4);
        let inits = self.some_floats(carried);
        let bounds = match self.random.below(4) {
            0 => Bounds::up_to(Int::Value(self.ints[0])),
            1 => Bounds { lo: Int::Const(3), hi: Int::Const(-1), step: Int::Const(-2), reversed: false },
            2 => Bounds { reversed: true, ..Bounds::up_to(Int::Const(2)) },
            _ => Bounds::up_to(Int::Const(2)),
        };
        let mut types = vec![Type::I64];
        types.resize(carried + 1, Type::F64);
        let region = self.b.open(&types);
        let params = self.b.func().region(region).params.clone();
        let sums = self.random.below(3) == 0;
        let yields = self.scoped(|w| {
            w.ints.push(params[0]);
            w.floats.extend(params[1..].iter().filter(|_| !sums));
            let count = 1 + w.random.below(4);
            w.statements(count, depth + 1);
            if sums { w.sums(&params[1..]) } else { w.carried_on(&params[1..]) }
        });
        self.b.close(&yields);
        let inst = self.b.for_(bounds, &inits, region);
        self.floats.extend(self.b.results(inst));
    }

    /// Carries a counter, and stops at 3 trips or when a carried float grows; the condition may write.
    fn uncounted(&mut self, depth: usize) {
        let zero = self.b.i64(0);
        let mut inits: Values = [zero].into_iter().collect();
        let carried = 1 + self.random.below(2);
        inits.extend(self.some_floats(carried));
        let mut types = vec![Type::I64];
        types.resize(carried + 1, Type::F64);

        let cond = self.b.open(&types);
        let params = self.b.func().region(cond).params.clone();
        let goes_on = self.scoped(|w| {
            w.ints.push(params[0]);
            w.floats.extend(&params[1..]);
            let count = w.random.below(2);
            w.statements(count, 3);
            let (limit, three) = (w.b.f64(0.75), w.b.i64(3));
            let small = w.b.cmp(CmpOp::Lt, params[1], limit);
            let few = w.b.cmp(CmpOp::Lt, params[0], three);
            w.b.prim(Prim::And, &[small, few])
        });
        self.b.close(&[goes_on]);

        let body = self.b.open(&types);
        let params = self.b.func().region(body).params.clone();
        let yields = self.scoped(|w| {
            w.ints.push(params[0]);
            w.floats.extend(&params[1..]);
            let count = 1 + w.random.below(3);
            w.statements(count, depth + 1);
            let one = w.b.i64(1);
            let mut yields: Values = [w.b.prim(Prim::Iadd, &[params[0], one])].into_iter().collect();
            yields.extend(w.carried_on(&params[1..]));
            yields
        });
        self.b.close(&yields);
        let inst = self.b.while_(&inits, cond, body);
        self.floats.extend(&self.b.results(inst)[1..]);
    }

    /// Pushes in one loop, pops in another.
    fn tape(&mut self) {
        let tape = self.b.tape_new(&[ScalarType::I64, ScalarType::F64]);
        let region = self.b.open(&[Type::I64]);
        let i = self.b.func().region(region).params[0];
        let x = self.scoped(|w| {
            w.ints.push(i);
            w.load();
            w.number();
            w.float()
        });
        self.b.tape_push(tape, &[i, x]);
        self.b.close(&[]);
        self.b.for_(Bounds::up_to(Int::Const(LEN)), &[], region);

        let init = self.float();
        let region = self.b.open(&[Type::I64, Type::F64]);
        let carried = self.b.func().region(region).params[1];
        let popped = self.b.tape_pop(tape);
        let next = self.b.prim(Prim::Mul, &[carried, popped[1]]);
        let next = self.b.prim(Prim::Sin, &[next]);
        self.b.close(&[next]);
        let inst = self.b.for_(Bounds::up_to(Int::Const(LEN)), &[init], region);
        self.floats.extend(self.b.results(inst));
    }
}

/// A point to look at the program of this seed.
fn point(random: &mut Random) -> Vec<Input<f64>> {
    let float = |random: &mut Random| Input::Scalar(Cell::F64(random.number() * 1.5));
    let array =
        |random: &mut Random| Input::Array(Array::of(&[LEN], (0..LEN).map(|_| random.number() * 1.5).collect()));
    let mut point = vec![float(random), float(random), Input::Scalar(Cell::I64(random.below(4) as i64))];
    point.extend([array(random), array(random)]);
    point
}

fn check(seed: u64, order: usize, options: &Options) -> Result<(), String> {
    let mut module = Writer::module(seed);
    verify(&module).unwrap_or_else(|violations| panic!("program {seed}: {}", violations[0]));
    let mut random = Random::new(seed + 1);
    let point = point(&mut random);
    relations_to_order(&mut module, FuncId::new(0), &point, order, &mut random, options)
}

/// How many programs a test run checks: more with `ADIT_RANDOM_PROGRAMS`.
/// A random program as text, and the arguments to run it with.
pub fn text_and_args(seed: u64) -> (String, Vec<Arg>) {
    let module = Writer::module(seed);
    let args = point(&mut Random::new(seed + 1)).into_iter().enumerate().map(|(i, x)| match x {
        Input::Scalar(Cell::I64(n)) => Arg::I(n),
        Input::Scalar(_) => Arg::F(floats(&x)[0]),
        Input::Array(_) if i == 4 => Arg::Mut(floats(&x)),
        Input::Array(_) => Arg::V(floats(&x)),
    });
    (adit_ir::print_module(&module), args.collect())
}

fn programs() -> u64 {
    std::env::var("ADIT_RANDOM_PROGRAMS").ok().and_then(|n| n.parse().ok()).unwrap_or(300)
}

#[test]
fn modes_agree_on_random_programs_to_second_order() {
    for seed in 0..programs() {
        let options = &plans()[usize::from(seed % 3 != 0)];
        if let Err(error) = check(seed, 2, options) {
            let text = adit_ir::print::print_module(&Writer::module(seed));
            panic!("program {seed}, {}: {error}\n{text}", options.opts);
        }
    }
}

/// What takes other programs, or derivatives of derivatives, to see: random source texts do.
const UNSEEN: &[Mutant] = &[
    Mutant::FlagAfterUpdate,
    Mutant::NegativeStepKept,
    Mutant::BoundsAgain,
    Mutant::OffsetLost,
    Mutant::StopIgnoredAgain,
    Mutant::StrongZeroAsSelect,
    Mutant::MixedTermLost,
    Mutant::LaterIterationForgotten,
    Mutant::ScratchUnwritten,
    Mutant::AscendCarried,
    Mutant::AscendShared,
    Mutant::AscendSaved,
    Mutant::KeptOverWrites,
    Mutant::KeptForAll,
];

#[test]
fn random_programs_see_each_seeded_bug() {
    for &mutant in Mutant::ALL.iter().filter(|mutant| !UNSEEN.contains(mutant)) {
        let found = (0..3_000).find(|&seed| check(seed, 1, &bug(mutant)).is_err());
        assert!(found.is_some(), "3,000 programs do not see {}", mutant.name());
    }
}
