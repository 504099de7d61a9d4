//! `speculate`: sums try plain products first.

use crate::harness::{after, check};
use adit_ir::FuncId;
use adit_ir::print::print_function;

#[test]
fn sums_try_plain_products_first() {
    check(
        "speculate",
        "func @f(v0: [f64; d0], v1: [f64; d0]) -> f64 {
           v2 = const 0.0
           v3 = for v4 in 0..d0 (v5: f64 = v2) {
             v6 = load v0[v4]
             v7 = load v1[v4]
             v8 = smul v6, v7
             v9 = sub v5, v8
             yield v9
           }
           return v3
         }",
        "func @f(v0: [f64; d0], v1: [f64; d0]) -> f64 {
  v2 = const 0.0
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = load v0[v4]
    v7 = load v1[v4]
    v8 = mul v6, v7
    v9 = sub v5, v8
    yield v9
  }
  v10 = const false
  v11 = cmp ne v3, v3
  v12 = select v11, v11, v10
  v13 = if v12 {
    v14 = for v15 in 0..d0 (v16: f64 = v2) {
      v17 = load v0[v15]
      v18 = load v1[v15]
      v19 = smul v17, v18
      v20 = sub v16, v19
      yield v20
    }
    yield v14
  } else {
    yield v3
  }
  return v13
}",
    );
}

#[test]
fn products_of_matrices_are_left_to_kernels_unless_there_are_many() {
    let sums = |count: usize| {
        let yields: Vec<String> = (0..count).map(|k| format!("v{}", 300 + k)).collect();
        let list = |of: &dyn Fn(usize) -> String| (0..count).map(of).collect::<Vec<_>>().join(", ");
        let results = list(&|k| format!("v{}", 500 + k));
        let carried = list(&|k| format!("v{}: f64 = v3", 400 + k));
        let products: String = (0..count).map(|k| format!("v{} = smul v7, v{}\n", 100 + k, 200 + k)).collect();
        let loads: String = (0..count).map(|k| format!("v{} = load v1[v6, {k}]\n", 200 + k)).collect();
        let added: String = (0..count).map(|k| format!("v{} = add v{}, v{}\n", 300 + k, 400 + k, 100 + k)).collect();
        let written: String = (0..count).map(|k| format!("acc v2[v4, {k}], v{}\n", 500 + k)).collect();
        format!(
            "func @f(v0: [f64; d0, d1], v1: [f64; d1, 8], v2: mut [f64; d0, 8]) {{
               v3 = const 0.0
               for v4 in 0..d0 {{
                 {results} = for v6 in 0..d1 ({carried}) {{
                   v7 = load v0[v4, v6]
                   {loads} {products} {added}
                   yield {}
                 }}
                 {written}
               }}
             }}",
            yields.join(", ")
        )
    };
    for count in [1, 4, 5, 8] {
        let module = after("speculate", &sums(count));
        let text = print_function(&module, module.function(FuncId::new(0)));
        assert_eq!(text.contains("if v"), count > 4, "{count}: {text}");
    }
}

/// A loop over `v0` and `v1` that carries `v5` from `start`, with a strong product `v8` in `body`.
fn loop_with_a_strong_product(start: &str, body: &str) -> String {
    format!(
        "func @f(v0: [f64; d0], v1: mut [f64; d0]) -> f64 {{
           v2 = const {start}
           v3 = for v4 in 0..d0 (v5: f64 = v2) {{
             v6 = load v0[v4]
             v7 = load v1[v4]
             v8 = smul v6, v7
             {body}
           }}
           return v3
         }}"
    )
}

#[test]
fn loops_whose_sums_would_not_tell_keep_strong_products() {
    let kept = [
        // A sum of zeros has the sign of the products.
        ("-0.0", "v9 = add v5, v8 yield v9"),
        ("0.0", "v9 = sub v8, v5 yield v9"),
        ("0.0", "v9 = mul v5, v8 yield v9"),
        // NaN or the sign would be lost on the way.
        ("0.0", "v9 = max v8, v6 v10 = add v5, v9 yield v10"),
        ("0.0", "v9 = div v6, v8 v10 = add v5, v9 yield v10"),
        ("0.0", "v9 = cmp lt v8, v6 v10 = select v9, v6, v7 v11 = add v5, v10 yield v11"),
        // It can't run twice.
        ("0.0", "acc v1[v4], v8 v9 = add v5, v8 yield v9"),
    ];
    for (start, body) in kept {
        let module = after("speculate", &loop_with_a_strong_product(start, body));
        let printed = print_function(&module, module.function(FuncId::new(0)));
        assert_eq!(printed.matches("= for ").count(), 1, "{printed}");
    }
}
