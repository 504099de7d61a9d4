//! The last stages as text.

mod common;

use adit_codegen::{Cpu, Options, clif_text, native_text, vcode_text};
use common::{last, module};

const TEXT: &str = "func @g(v0: f64) -> f64 {
  v1 = add v0, v0
  return v1
}
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = for v3 in 0..d0 (v4: f64 = v1) {
    v5 = load v0[v3]
    v6 = sin v5
    v7 = call @g(v6)
    v8 = add v4, v7
    yield v8
  }
  return v2
}";

fn options() -> Options {
    Options { cpu: Cpu::Baseline, ..Options::default() }
}

#[test]
fn clif_names_what_it_calls() {
    let module = module(TEXT);
    let text = clif_text(&module, last(&module), &options()).expect("it compiles");
    assert!(text.contains("; sin\n") && text.contains("; @g\n"), "{text}");
    assert!(text.contains("load.f64"), "{text}");
}

#[test]
fn machine_ir_is_there() {
    let module = module(TEXT);
    let text = vcode_text(&module, last(&module), &options()).expect("it compiles");
    assert!(text.contains("block0:") && text.contains("%rbp"), "{text}");
}

#[cfg(target_arch = "x86_64")]
#[test]
fn machine_code_stands_below_its_source_line() {
    let module = module(TEXT);
    let line = |span: adit_diag::Span| {
        let number = TEXT[..span.start as usize].matches('\n').count() + 1;
        TEXT.lines().nth(number - 1).map(|text| (number, text.to_owned()))
    };
    let text = native_text(&module, last(&module), &options(), &line).expect("it compiles");
    let at = text.find("; 11 | v8 = add v4, v7").expect("the line is there");
    assert!(text[at..].lines().nth(1).is_some_and(|next| next.contains("addsd")), "{text}");
    assert!(text.contains("; sin") && text.contains("; @g"), "{text}");
}
