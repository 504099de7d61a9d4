//! For each bullet of the specification a program that breaks it, and nothing else.

use super::*;
use crate::build::{Bounds, Builder};
use crate::inst::{CmpOp, Op};
use crate::prim::Prim;
use crate::trap::Trap;
use crate::types::TapeType;

fn start() -> Builder {
    Builder::new("f", Span::default())
}

fn array_ty(dims: &[Int]) -> ArrayType {
    let dims = dims.into();
    let element = ScalarType::F64;
    ArrayType { element, dims }
}

fn array(dims: &[Int]) -> Type {
    Type::Array(array_ty(dims))
}

fn rules(f: Function) -> Vec<Rule> {
    let mut module = Module::new();
    module.push(f);
    rules_of(&module)
}

fn rules_of(module: &Module) -> Vec<Rule> {
    let violations = verify(module).err().unwrap_or_default();
    violations.into_iter().map(|v| v.rule).collect()
}

/// A function with one `f64`, an array of three and a `mut` array of three, plus what `add` appends.
fn with(add: impl FnOnce(&mut Builder, Value, Value, Value)) -> Vec<Rule> {
    let mut b = start();
    let three = array(&[Int::Const(3)]);
    let x = b.param(Type::F64, Passing::ByValue);
    let read = b.param(three.clone(), Passing::ByValue);
    let write = b.param(three, Passing::Mut);
    add(&mut b, x, read, write);
    rules(b.finish(&[]))
}

/// `f`, called by a `g` with the same parameters, whose arguments `args` chooses.
fn calling(args: impl FnOnce(&mut Builder, Value, Value, Value) -> Vec<Value>) -> Vec<Rule> {
    let mut module = Module::new();
    let three = array(&[Int::Const(3)]);
    let signature = |b: &mut Builder| {
        let x = b.param(Type::F64, Passing::ByValue);
        let read = b.param(three.clone(), Passing::ByValue);
        (x, read, b.param(three.clone(), Passing::Mut))
    };
    let mut f = start();
    signature(&mut f);
    let f = module.push(f.finish(&[]));
    let mut g = Builder::new("g", Span::default());
    let (x, read, write) = signature(&mut g);
    let args = args(&mut g, x, read, write);
    g.call(f, &args, &[]);
    module.push(g.finish(&[]));
    rules_of(&module)
}

#[test]
fn a_right_program_has_no_violations() {
    let found = with(|b, x, read, write| {
        let loaded = b.load(read, &[Int::Const(0)]);
        let y = b.prim(Prim::Mul, &[x, loaded]);
        b.open(&[Type::I64, Type::F64]);
        let region = b.current();
        let (i, s) = (b.func().region(region).params[0], b.func().region(region).params[1]);
        let own = b.alloc(array_ty(&[i.into()]));
        b.fill(own, s);
        b.acc(write, &[i.into()], y);
        let body = b.close(&[s]);
        b.for_(Bounds::up_to(Int::Const(3)), &[y], body);
        b.copy(write, read);
        let tape = b.tape_new(&[ScalarType::F64]);
        b.tape_push(tape, &[y]);
        let popped = b.tape_pop(tape)[0];
        let less = b.cmp(CmpOp::Lt, popped, y);
        b.select(less, popped, y);
        b.assert(less, Trap::AssertFailed(String::new()), &[]);
    });
    assert_eq!(found, []);
    assert_eq!(calling(|_, x, read, write| vec![x, read, write]), []);
}

#[test]
fn exists() {
    let found = with(|b, _, _, _| {
        let nothing = Value::new(1000);
        b.func_mut().dims.push(nothing);
    });
    assert!(!found.is_empty() && found.iter().all(|&r| r == Rule::Exists), "{found:?}");
    let mut b = start();
    b.push(Op::Call { callee: FuncId::new(9), args: Default::default() }, &[]);
    assert_eq!(rules(b.finish(&[])), [Rule::Exists]);
    let mut b = start();
    let c = b.bool(true);
    let (then, otherwise) = (Region::new(77), b.func_mut().add_region());
    b.push(Op::If { cond: c, then, otherwise }, &[]);
    assert_eq!(rules(b.finish(&[])), [Rule::Exists]);
}

#[test]
fn names() {
    let mut module = Module::new();
    module.push(start().finish(&[]));
    module.push(start().finish(&[]));
    assert_eq!(rules_of(&module), [Rule::Names]);
}

#[test]
fn once() {
    let twice = with(|b, x, _, _| {
        let y = b.prim(Prim::Exp, &[x]);
        let again = b.prim(Prim::Exp, &[x]);
        let last = *b.func().region(b.current()).insts.last().unwrap();
        b.func_mut().inst_mut(last).results[0] = y;
        let _ = again;
    });
    assert_eq!(twice, [Rule::Once]);
    let mut b = start();
    b.print(vec![]);
    let mut f = b.finish(&[]);
    let inst = f.region(f.body).insts[0];
    let body = f.body;
    f.region_mut(body).insts.push(inst);
    assert_eq!(rules(f), [Rule::Once]);
}

#[test]
fn scope() {
    let before = with(|b, x, _, _| {
        let later = b.func_mut().add_value(Type::F64);
        b.prim(Prim::Mul, &[x, later]);
    });
    assert_eq!(before, [Rule::Scope]);
    let own_result = with(|b, x, _, _| {
        let y = b.prim(Prim::Exp, &[x]);
        let last = *b.func().region(b.current()).insts.last().unwrap();
        let op = Op::Prim { prim: Prim::Exp, args: [y].into_iter().collect() };
        b.func_mut().inst_mut(last).op = op;
    });
    assert_eq!(own_result, [Rule::Scope]);
    let sibling = with(|b, x, _, _| {
        let c = b.bool(true);
        b.open(&[]);
        let inside = b.prim(Prim::Exp, &[x]);
        let then = b.close(&[]);
        b.open(&[]);
        let otherwise = b.close(&[]);
        b.if_(c, then, otherwise);
        b.prim(Prim::Exp, &[inside]);
    });
    assert_eq!(sibling, [Rule::Scope]);
}

#[test]
fn regions() {
    let two_owners = with(|b, _, _, _| {
        let c = b.bool(true);
        b.open(&[]);
        let arm = b.close(&[]);
        b.if_(c, arm, arm);
    });
    assert_eq!(two_owners, [Rule::Regions]);
    let no_index = with(|b, _, _, _| {
        b.open(&[]);
        let body = b.close(&[]);
        b.for_(Bounds::up_to(Int::Const(3)), &[], body);
    });
    assert_eq!(no_index, [Rule::Regions]);
    let wrong_type = with(|b, x, _, _| {
        b.open(&[Type::I64]);
        let no = b.bool(false);
        let cond = b.close(&[no]);
        b.open(&[Type::F64]);
        let body = b.close(&[x]);
        b.while_(&[x], cond, body);
    });
    assert_eq!(wrong_type, [Rule::Regions]);
}

fn nested(depth: usize) -> Vec<Rule> {
    let mut b = start();
    let c = b.bool(true);
    for _ in 1..depth {
        b.open(&[]);
    }
    for _ in 1..depth {
        let then = b.close(&[]);
        let otherwise = b.func_mut().add_region();
        b.if_(c, then, otherwise);
    }
    rules(b.finish(&[]))
}

#[test]
fn nesting() {
    assert_eq!(nested(MAX_NESTING), []);
    let found = nested(100_000);
    assert!(!found.is_empty() && found.iter().all(|&r| r == Rule::Nesting), "{found:?}");
}

#[test]
fn operands() {
    let wrong_type = with(|b, x, _, _| {
        b.prim(Prim::Iadd, &[x, x]);
    });
    assert_eq!(wrong_type, [Rule::Operands; 2]);
    let too_few = with(|b, x, _, _| {
        b.prim(Prim::Mul, &[x]);
    });
    assert_eq!(too_few, [Rule::Operands]);
    let mixed = with(|b, x, _, _| {
        let i = b.i64(1);
        b.cmp(CmpOp::Lt, x, i);
        let c = b.bool(true);
        b.cmp(CmpOp::Lt, c, c);
        b.select(c, x, i);
        b.select(x, x, x);
        b.assert(x, Trap::EmptyTape, &[x.into()]);
    });
    assert_eq!(mixed, [Rule::Operands; 6]);
    let memory = with(|b, x, _, write| {
        let i = b.i64(1);
        b.store(write, &[Int::Const(0)], i);
        b.acc(write, &[Int::Const(0)], i);
        b.fill(x, x);
        b.push(Op::TapePop { tape: x }, &[]);
        let ints = ArrayType { element: ScalarType::I64, dims: [Int::Const(3)].into_iter().collect() };
        let ints = b.alloc(ints);
        b.acc(ints, &[Int::Const(0)], i);
        b.copy(write, ints);
        b.open(&[Type::I64]);
        let body = b.close(&[]);
        b.for_(Bounds::up_to(x.into()), &[], body);
    });
    assert_eq!(memory, [Rule::Operands; 7]);
}

#[test]
fn results() {
    let found = with(|b, x, _, _| {
        let op = |b: &mut Builder, types: &[Type]| {
            let args = [x].into_iter().collect();
            b.push(Op::Prim { prim: Prim::Exp, args }, types);
        };
        op(b, &[Type::I64]);
        op(b, &[]);
        op(b, &[array(&[Int::Const(3)])]);
        b.push(Op::Alloc { ty: array_ty(&[Int::Const(3)]) }, &[array(&[Int::Const(4)])]);
    });
    assert_eq!(found, [Rule::Results; 4]);
}

#[test]
fn yields() {
    let arms_differ = with(|b, x, _, _| {
        let c = b.bool(true);
        b.open(&[]);
        let then = b.close(&[x]);
        b.open(&[]);
        let otherwise = b.close(&[c]);
        b.if_(c, then, otherwise);
    });
    assert_eq!(arms_differ, [Rule::Yields]);
    let no_bool = with(|b, x, _, _| {
        b.open(&[]);
        let cond = b.close(&[x]);
        b.open(&[]);
        let body = b.close(&[]);
        b.while_(&[], cond, body);
    });
    assert_eq!(no_bool, [Rule::Yields]);
    let lost = with(|b, x, _, _| {
        b.open(&[Type::I64, Type::F64]);
        let body = b.close(&[]);
        b.for_(Bounds::up_to(Int::Const(3)), &[x], body);
    });
    assert_eq!(lost, [Rule::Yields]);
    let mut f = start().finish(&[]);
    f.results.push(ScalarType::F64);
    assert_eq!(rules(f), [Rule::Yields]);
}

#[test]
fn handles() {
    let carried = with(|b, _, read, _| {
        b.open(&[Type::I64, array(&[Int::Const(3)])]);
        let body = b.close(&[read]);
        b.for_(Bounds::up_to(Int::Const(3)), &[read], body);
    });
    assert_eq!(carried, [Rule::Handles]);
    let selected = with(|b, _, read, write| {
        let c = b.bool(true);
        b.select(c, read, write);
    });
    assert_eq!(selected, [Rule::Handles]);
    let yielded = with(|b, _, read, _| {
        let c = b.bool(true);
        b.open(&[]);
        let then = b.close(&[read]);
        b.open(&[]);
        let otherwise = b.close(&[read]);
        b.if_(c, then, otherwise);
    });
    assert_eq!(yielded, [Rule::Handles]);
    let mut b = start();
    let fields = [ScalarType::F64].into_iter().collect();
    b.param(Type::Tape(TapeType { fields }), Passing::Mut);
    assert_eq!(rules(b.finish(&[])), [Rule::Handles]);
    let mut b = start();
    b.param(Type::Tape(TapeType::mixed()), Passing::ByValue);
    assert_eq!(rules(b.finish(&[])), [Rule::Signature]);
}

#[test]
fn signature() {
    let mut b = start();
    b.param(Type::F64, Passing::Mut);
    assert_eq!(rules(b.finish(&[])), [Rule::Signature]);
    let mut b = start();
    b.dim();
    assert_eq!(rules(b.finish(&[])), [Rule::Signature]);
    let mut b = start();
    let n = b.param(Type::I64, Passing::ByValue);
    b.param(array(&[n.into()]), Passing::ByValue);
    assert_eq!(rules(b.finish(&[])), [Rule::Signature]);
    let mut b = start();
    let n = b.dim();
    b.param(array(&[n.into()]), Passing::ByValue);
    b.func_mut().set_ty(n, Type::F64);
    assert_eq!(rules(b.finish(&[])), [Rule::Signature]);
}

#[test]
fn arrays() {
    let found = with(|b, x, _, _| {
        b.alloc(array_ty(&[]));
        b.alloc(array_ty(&[Int::Const(1); MAX_RANK + 1]));
        b.alloc(array_ty(&[x.into()]));
    });
    assert_eq!(found, [Rule::Arrays; 3]);
}

#[test]
fn subscripts() {
    let found = with(|b, x, read, _| {
        b.load(read, &[]);
        b.load(read, &[Int::Const(0), Int::Const(0)]);
        b.load(read, &[x.into()]);
    });
    assert_eq!(found, [Rule::Subscripts; 3]);
}

#[test]
fn writes() {
    let found = with(|b, x, read, write| {
        b.store(read, &[Int::Const(0)], x);
        b.acc(read, &[Int::Const(0)], x);
        b.fill(read, x);
        b.copy(read, write);
    });
    assert_eq!(found, [Rule::Writes; 4]);
    let lent = calling(|b, x, read, _| {
        let own = b.alloc(array_ty(&[Int::Const(3)]));
        vec![x, own, read]
    });
    assert_eq!(lent, [Rule::Writes]);
}

#[test]
fn calls() {
    assert_eq!(calling(|_, x, read, _| vec![x, read]), [Rule::Calls]);
    assert_eq!(calling(|_, _, read, write| vec![read, read, write]), [Rule::Calls]);
    let rank = calling(|b, x, _, write| {
        let square = b.alloc(array_ty(&[Int::Const(3), Int::Const(3)]));
        vec![x, square, write]
    });
    assert_eq!(rank, [Rule::Calls]);
}

#[test]
fn aliases() {
    assert_eq!(calling(|_, x, _, write| vec![x, write, write]), [Rule::Aliases]);
    let copied = with(|b, _, _, write| b.copy(write, write));
    assert_eq!(copied, [Rule::Aliases]);
}

#[test]
fn tapes() {
    let found = with(|b, x, _, _| {
        let mixed = b.tape_new(&[]);
        b.tape_push(mixed, &[x]);
        b.tape_push(mixed, &[]);
        b.tape_pop_record(mixed, &[]);
        b.tape_pop_record(mixed, &[ScalarType::F64, ScalarType::Bool]);
        let tape = b.tape_new(&[ScalarType::I64]);
        b.tape_push(tape, &[x]);
        let i = b.i64(1);
        b.tape_push(tape, &[i, i]);
    });
    assert_eq!(found, [Rule::Tapes; 4]);
    let mut b = Builder::new("user", Span::NONE);
    let tape = b.param(Type::Tape(TapeType::mixed()), Passing::Mut);
    let popped = b.tape_pop_record(tape, &[ScalarType::I64]);
    b.tape_push(tape, &popped);
    assert_eq!(rules(b.finish(&[])), []);
}

#[test]
fn details() {
    let found = with(|b, _, _, _| {
        let c = b.bool(true);
        b.assert(c, Trap::EmptyTape, &[Int::Const(0); 3]);
    });
    assert_eq!(found, [Rule::Details]);
}

#[test]
fn derived() {
    use crate::derived::{Derived, Mode};
    let mut b = start();
    let x = b.param(Type::F64, Passing::ByValue);
    b.param(Type::I64, Passing::ByValue);
    let mut module = Module::new();
    let of = module.push(b.finish(&[x]));
    let of_another = |of: FuncId, active: &[bool], change: &dyn Fn(&mut Function)| {
        let mut module = module.clone();
        let derived = Derived::new(FuncId::new(0), Mode::Vjp, vec![true, false]);
        let mut f = derived.declare(&module, "f__vjp".into());
        f.derived = Some(Derived::new(of, Mode::Vjp, active.to_vec()));
        change(&mut f);
        module.push(f);
        rules_of(&module)
    };
    assert_eq!(of_another(of, &[true, false], &|_| ()), []);
    assert_eq!(of_another(FuncId::new(7), &[true, false], &|_| ()), [Rule::Exists]);
    assert_eq!(of_another(of, &[true], &|_| ()), [Rule::Derived]);
    assert_eq!(of_another(of, &[true, true], &|_| ()), [Rule::Derived]);
    assert_eq!(of_another(of, &[false, false], &|_| ()), [Rule::Derived]);
    assert_eq!(of_another(of, &[true, false], &|f| f.results.push(ScalarType::F64)), [Rule::Derived]);
}

#[test]
fn a_long_program_is_quick_and_reports_are_bounded() {
    let found = with(|b, x, _, _| {
        let i = b.i64(0);
        for _ in 0..200_000 {
            b.prim(Prim::Mul, &[x, i]);
        }
    });
    assert_eq!(found.len(), ENOUGH);
}
