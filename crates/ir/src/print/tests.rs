//! One text per form; what it should be is written out in full.

use super::*;
use crate::build::{Bounds, Builder};
use crate::inst::{CheckpointKind, CmpOp};
use crate::prim::Prim;
use adit_diag::FileId;

fn array(element: ScalarType, dims: &[Int]) -> Type {
    let dims = dims.into();
    Type::Array(ArrayType { element, dims })
}

fn print(f: Function) -> String {
    let mut module = Module::new();
    let id = module.push(f);
    print_function(&module, module.function(id))
}

fn horner() -> Function {
    let mut b = Builder::new("horner", Span::default());
    let n = b.dim();
    let x = b.param(Type::F64, Passing::ByValue);
    let c = b.param(array(ScalarType::F64, &[n.into()]), Passing::ByValue);
    let zero = b.f64(0.0);
    let body = b.open(&[Type::I64, Type::F64]);
    let (i, s) = (b.func().region(body).params[0], b.func().region(body).params[1]);
    let product = b.prim(Prim::Mul, &[s, x]);
    let coefficient = b.load(c, &[i.into()]);
    let sum = b.prim(Prim::Add, &[product, coefficient]);
    let body = b.close(&[sum]);
    let sum = b.for_(Bounds::up_to(n.into()), &[zero], body);
    let sum = b.results(sum);
    b.finish(&sum)
}

#[test]
fn a_loop() {
    assert_eq!(
        print(horner()),
        "\
func @horner(v0: f64, v1: [f64; d0]) -> f64 {
  v2 = const 0.0
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = mul v5, v0
    v7 = load v1[v4]
    v8 = add v6, v7
    yield v8
  }
  return v3
}
"
    );
}

#[test]
fn a_loop_backwards_by_twos_and_a_while() {
    let mut b = Builder::new("f", Span::default());
    let x = b.param(Type::F64, Passing::ByValue);
    b.open(&[Type::I64]);
    let body = b.close(&[]);
    let bounds = Bounds { lo: Int::Const(-3), hi: Int::Const(9), step: Int::Const(2), reversed: true };
    let counted = b.for_(bounds, &[], body);
    let kept = |kind, size| Some(Checkpoint { kind, size });
    b.func_mut().inst_mut(counted).op.set_checkpoint(kept(CheckpointKind::Every, Int::Const(4)));
    let cond = b.open(&[Type::F64]);
    let carried = b.func().region(cond).params[0];
    let more = b.cmp(CmpOp::Lt, carried, x);
    let cond = b.close(&[more]);
    let body = b.open(&[Type::F64]);
    let carried = b.func().region(body).params[0];
    let next = b.prim(Prim::Exp, &[carried]);
    let body = b.close(&[next]);
    let last = b.while_(&[x], cond, body);
    b.func_mut().inst_mut(last).op.set_checkpoint(kept(CheckpointKind::Budget, Int::Const(1024)));
    let last = b.results(last)[0];
    assert_eq!(
        print(b.finish(&[last, x])),
        "\
func @f(v0: f64) -> (f64, f64) {
  for rev v1 in -3..9 step 2 checkpoint every 4 {
  }
  v2 = while checkpoint budget 1024 (v3: f64 = v0) {
    v4 = cmp lt v3, v0
    yield v4
  } do (v5) {
    v6 = exp v5
    yield v6
  }
  return v2, v0
}
"
    );
}

#[test]
fn memory_tapes_and_choices() {
    let mut b = Builder::new("odd name", Span::default());
    let n = b.dim();
    let out = b.param(array(ScalarType::F64, &[n.into(), Int::Const(3)]), Passing::Mut);
    let c = b.param(Type::BOOL, Passing::ByValue);
    let three = b.i64(3);
    let ty = ArrayType { element: ScalarType::F64, dims: [n.into(), three.into()].into_iter().collect() };
    let a = b.alloc(ty);
    let x = b.f64(f64::NEG_INFINITY);
    b.fill(a, x);
    b.copy(out, a);
    b.store(out, &[three.into(), Int::Const(0)], x);
    b.acc(out, &[three.into(), Int::Const(0)], x);
    let tape = b.tape_new(&[ScalarType::F64, ScalarType::Bool]);
    b.tape_push(tape, &[x, c]);
    let popped = b.tape_pop(tape);
    let chosen = b.select(c, popped[0], x);
    b.open(&[]);
    let then = b.close(&[chosen]);
    b.open(&[]);
    let otherwise = b.close(&[x]);
    b.if_(c, then, otherwise);
    b.assert(c, Trap::IndexOutOfRange, &[three.into(), Int::Const(4)]);
    b.assert(c, Trap::AssertFailed("no \"way\"\n".into()), &[]);
    let text = PrintPart::Text("x =".into());
    b.print(vec![text, PrintPart::Value(x)]);
    b.print(vec![]);
    assert_eq!(
        print(b.finish(&[])),
        r#"func @"odd name"(v0: mut [f64; d0, 3], v1: bool) {
  v2 = const 3
  v3 = alloc [f64; d0, v2]
  v4 = const -inf
  fill v3, v4
  copy v0, v3
  store v0[v2, 0], v4
  acc v0[v2, 0], v4
  v5 = tape.new (f64, bool)
  tape.push v5, (v4, v1)
  v6, v7 = tape.pop v5
  v8 = select v1, v6, v4
  v9 = if v1 {
    yield v8
  } else {
    yield v4
  }
  assert v1, index_out_of_range(v2, 4)
  assert v1, failed("no \"way\"\n")
  print "x =", v4
  print
}
"#
    );
}

#[test]
fn literals_are_the_shortest_that_read_back() {
    let texts = [1.0, 0.1, 1e300, -0.0, 5e-324, f64::INFINITY, f64::NAN].map(|x| literal(Const::F64(x)));
    assert_eq!(texts, ["1.0", "0.1", "1e300", "-0.0", "5e-324", "inf", "nan"]);
    let other = f64::from_bits(0xfff8_0000_0000_0001);
    assert_eq!(literal(Const::F64(other)), "nan(0xfff8000000000001)");
    assert_eq!(literal(Const::I64(i64::MIN)), "-9223372036854775808");
}

#[test]
fn calls_name_their_callee_even_if_there_is_none() {
    let mut module = Module::new();
    let g = module.push(Builder::new("g", Span::default()).finish(&[]));
    let mut b = Builder::new("f", Span::default());
    b.call(g, &[], &[]);
    b.call(FuncId::new(7), &[Value::new(99)], &[]);
    let f = b.finish(&[]);
    let text = print_function(&module, &f);
    assert_eq!(text, "func @f() {\n  call @g()\n  call @?7(?99)\n}\n");
}

#[test]
fn source_lines_stand_where_they_change() {
    let mut module = Module::new();
    let mut b = Builder::new("f", Span::default());
    for line in [1, 1, 2] {
        b.set_span(Span::new(FileId(0), line, line));
        b.f64(0.0);
    }
    let id = module.push(b.finish(&[]));
    let source = |span: Span| Some(format!("line {}", span.start));
    let options = PrintOptions { source: Some(&source) };
    let text = print_function_with(&module, module.function(id), options);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1..4], ["  v0 = const 0.0  ; line 1", "  v1 = const 0.0", "  v2 = const 0.0  ; line 2"]);
}

#[test]
fn a_region_that_owns_itself_prints_to_an_end() {
    let mut b = Builder::new("f", Span::default());
    let c = b.bool(true);
    let body = b.func().body;
    let mut f = b.finish(&[]);
    let op = Op::If { cond: c, then: body, otherwise: f.add_region() };
    let inst = f.add_inst(op, Default::default(), Span::default());
    f.region_mut(body).insts.push(inst);
    assert!(print(f).contains("deeper than any program"));
}
