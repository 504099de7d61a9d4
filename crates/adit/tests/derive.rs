//! Rust structs that derive `Leaves` are structs of the language: nested, generic, tuples, names that differ.

use adit::{Engine, Leaves, Workspace};

#[derive(Clone, Debug, Default, Leaves, PartialEq)]
struct Layer {
    w: Vec<[f64; 2]>,
    b: Vec<f64>,
}

#[derive(Clone, Debug, Leaves, PartialEq)]
struct Net<L> {
    first: L,
    #[adit(name = "type_")]
    r#type: i64,
    last: Pair,
    scale: f64,
}

#[derive(Clone, Debug, Leaves, PartialEq)]
struct Pair([f64; 2], f32);

/// Borrows what it passes.
#[derive(Leaves)]
struct Borrowed<'x> {
    w: &'x [f64],
    k: f64,
}

/// As `Borrowed`, with another name.
#[derive(Leaves)]
struct Other<'x> {
    w: &'x [f64],
    b: f64,
}

const SOURCE: &str = "
struct Layer<n> { w: [f64; n, 2], b: [f64; n] }
struct Net<n> { first: Layer<n>, type_: i64, last: ([f64; 2], f32), scale: f64 }
fn loss(net: Net<n>, x: [f64; 2]) -> f64 {
    net.scale * sum(net.first.w @ x + net.first.b) + sum(net.last.0 * x) * f64(net.last.1)
}
struct B<n> { w: [f64; n], k: f64 }
fn inner(b: B<n>) -> f64 { b.k * sum(b.w) }
fn step(net: &mut Net<n>, rate: f64) { net.scale = net.scale * rate; net.first.b = rate * net.first.b; }
struct S<n> { w: [f64; n], k: i64 }
fn other(s: S<n>) -> f64 { sum(s.w) }";

fn net() -> Net<Layer> {
    let first = Layer { w: vec![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], b: vec![0.5; 3] };
    Net { first, r#type: 3, last: Pair([10.0, 20.0], 0.5), scale: 2.0 }
}

#[test]
fn structs_go_in_and_gradients_come_out() {
    let module = Engine::new().compile(SOURCE).unwrap_or_else(|e| panic!("{e}"));
    let gradient = module.function("loss").and_then(|f| f.gradient().wrt(["net"]).build()).expect("it compiles");
    let (net, mut ws) = (net(), Workspace::new());
    let mut slopes = net.clone();
    slopes.first = Layer::default();
    let value = gradient.value_and_gradient(&mut ws, (&net, &[1.0, 10.0]), &mut slopes).expect("it runs");
    assert_eq!(value, 2.0 * (21.0 + 43.0 + 65.0 + 1.5) + 210.0 * 0.5);
    let first = Layer { w: vec![[2.0, 20.0]; 3], b: vec![2.0; 3] };
    assert_eq!(slopes, Net { first, r#type: 3, last: Pair([0.5, 5.0], 210.0), scale: 130.5 });
}

#[test]
fn what_is_lent_is_changed_in_place() {
    let module = Engine::new().compile(SOURCE).unwrap_or_else(|e| panic!("{e}"));
    let step = module.function("step").and_then(|f| f.build()).expect("it compiles");
    let (mut changed, mut ws) = (net(), Workspace::new());
    step.call(&mut ws, (&mut changed, 0.5), ()).expect("it runs");
    let mut expected = net();
    expected.scale = 1.0;
    expected.first.b = vec![0.25; 3];
    assert_eq!(changed, expected);
}

#[test]
fn fields_that_do_not_fit_are_told_by_name() {
    let module = Engine::new().compile(SOURCE).unwrap_or_else(|e| panic!("{e}"));
    let [inner, other] = ["inner", "other"].map(|f| module.function(f).and_then(|f| f.build()).expect("it compiles"));
    let (mut ws, mut out) = (Workspace::new(), 0.0);
    let b = Borrowed { w: &[1.0, 2.0], k: 3.0 };
    inner.call(&mut ws, &b, &mut out).expect("it runs");
    assert_eq!(out, 9.0);
    let wrong = other.call(&mut ws, &b, &mut out).expect_err("an integer is wanted").to_string();
    assert!(wrong.contains("`s.k` takes i64, not f64"), "{wrong}");
    let wrong = inner.call(&mut ws, &Other { w: &[1.0], b: 0.0 }, &mut out).expect_err("another struct").to_string();
    assert!(wrong.contains("a field `b` was given: where `b.k` comes"), "{wrong}");
}

#[test]
fn what_is_only_borrowed_cannot_receive_a_gradient() {
    let module = Engine::new().compile(SOURCE).unwrap_or_else(|e| panic!("{e}"));
    let gradient = module.function("inner").and_then(|f| f.gradient().build()).expect("it compiles");
    let (b, mut db) = (Borrowed { w: &[1.0], k: 3.0 }, Borrowed { w: &[0.0], k: 0.0 });
    let wrong = gradient.value_and_gradient(&mut Workspace::new(), &b, &mut db).expect_err("nowhere to write");
    assert!(wrong.to_string().contains("the gradient of `b.w` is written: pass it by `&mut`"), "{wrong}");
}
