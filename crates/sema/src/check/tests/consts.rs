//! Constants.

use super::{function, mistakes, program, right, wrong};
use crate::typed::ExprKind;
use adit_ir::Const;

#[track_caller]
fn value(consts: &str) -> Const {
    let program = program(&format!("{consts} fn f() {{ print(C); }}"));
    let f = function(&program, "f");
    let crate::typed::StmtKind::Expr(e) = &f.body.stmts[0].kind else { panic!("{f:?}") };
    let ExprKind::Print(parts) = &e.kind else { panic!("{f:?}") };
    let crate::typed::PrintArg::Value(e) = &parts[0] else { panic!("{f:?}") };
    let ExprKind::Const(c) = e.kind else { panic!("{f:?}") };
    c
}

#[test]
fn constants_are_computed() {
    assert_eq!(value("const C: f64 = 2 * pi;"), Const::F64(std::f64::consts::TAU));
    assert_eq!(value("const A: i64 = B + 1; const C: i64 = A * A / 2; const B: i64 = 2;"), Const::I64(4));
    assert_eq!(value("const C: f64 = if D > 1 { sqrt(D) } else { 0 }; const D: f64 = 4;"), Const::F64(2.0));
    assert_eq!(value("const C: bool = 1 < 2 && !(3 == 4);"), Const::Bool(true));
    assert_eq!(value("const C: bool = 1 > 2 && 1 / 0 == 0;"), Const::Bool(false));
    assert_eq!(value("const C: i64 = -9223372036854775808;"), Const::I64(i64::MIN));
    assert_eq!(value("const C: f64 = -0;"), Const::F64(-0.0));
    assert_eq!(value("const C: f64 = -inf;"), Const::F64(f64::NEG_INFINITY));
    assert_eq!(value("const C: f64 = f64(7 / 2) + f64(1 > 0);"), Const::F64(4.0));
    assert_eq!(value("const C: f64 = { 3 };"), Const::F64(3.0));
    assert_eq!(value("const e: f64 = 1; const C: f64 = e;"), Const::F64(1.0));
}

#[test]
fn what_is_not_constant() {
    wrong("AD0209", "const C: f64 = «[1, 2][0]»;");
    wrong("AD0209", "fn g() -> f64 { 1 } const C: f64 = «g()»;");
    wrong("AD0209", "const C: f64 = «normal_logpdf(0, 0, 1)»;");
    wrong("AD0209", "const C: i64 = «1 / 0»;");
    wrong("AD0209", "const C: i64 = «i64(nan)»;");
    wrong("AD0209", "const C: i64 = «2^-1»;");
    wrong("AD0209", "const C: «[f64; 2]» = 0;");
    wrong("AD0209", "const C: f64 = { «let x = 1;» 2 };");
    wrong("AD0201", "const C: i64 = «1.5»;");
    wrong("AD0206", "const K: i64 = 2; const C: f64 = «K»;");
    wrong("AD0101", "const C: f64 = «x»;");
    wrong("AD0202", "const C: f64 = 1 «+» true;");
}

#[test]
fn circles_of_constants() {
    wrong("AD0209", "const «A»: f64 = A;");
    assert_eq!(
        mistakes("const A: f64 = B + 1; const B: f64 = A * 2; const C: f64 = A + B; fn f() -> f64 { A + B + C }"),
        ["AD0209 B"]
    );
}

#[test]
fn a_mistake_in_a_constant_is_told_once() {
    assert_eq!(mistakes("const A: f64 = x; const B: f64 = A; fn f(v: [f64; A]) -> f64 { A + B }"), ["AD0101 x"]);
}

#[test]
fn long_chains_are_followed() {
    let chain = (1..20_000).map(|i| format!("const C{}: i64 = C{i} + 1;\n", i - 1)).collect::<String>();
    right(&format!("{chain} const C19999: i64 = 0; fn f(x: [f64; C0]) -> [f64; 19999] {{ x }}"));
}
