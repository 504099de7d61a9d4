//! Code that nobody holds any more is freed. Alone in its process, since it looks at the process's memory.

mod common;

use adit_codegen::{Options, compile};
use common::{last, module};

/// Bytes of memory that the process has.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status.split_whitespace().nth(1).and_then(|p| p.parse::<usize>().ok());
    pages.unwrap_or(0) * 4096
}

const TEXT: &str = "func @f(v0: f64) -> f64 {
  v1 = while (v2: f64 = v0) {
    v3 = const true
    yield v3
  } do (v4) {
    print v4
    v5 = sin v4
    yield v5
  }
  return v1
}";

#[test]
fn compiling_and_dropping_leaks_nothing() {
    let module = module(TEXT);
    let round = || {
        for _ in 0..500 {
            let id = last(&module);
            let code = compile(&module, &[id], &Options::default()).expect("it compiles");
            assert!(code.size() > 0);
            drop(code.entry(id));
        }
    };
    round();
    let before = resident();
    round();
    round();
    let grown = resident().saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes more after 1000 modules");
}
