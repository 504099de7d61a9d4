//! Loops, branches, and leaving them early in every nesting.

use super::harness::*;

#[test]
fn counted_loops() {
    assert_eq!(f("fn f(n: i64) -> i64 { let mut s = 0; for i in 0..n { s += i; } s }", &[V::I(5)]), "10");
    assert_eq!(f("fn f(n: i64) -> i64 { let mut s = 0; for i in 0..=n { s += i; } s }", &[V::I(5)]), "15");
    assert_eq!(
        f("fn f(n: i64) -> i64 { let mut s = 0; for i in n..0 step -2 { s = 10 * s + i; } s }", &[V::I(5)]),
        "531"
    );
    assert_eq!(
        f("fn f(n: i64) -> i64 { let mut s = 0; for i in n..=0 step -1 { s = 10 * s + i; } s }", &[V::I(3)]),
        "3210"
    );
    assert_eq!(
        f("fn f(k: i64) -> i64 { let mut s = 0; for i in 1..=3 step k { s = 10 * s + i; } s }", &[V::I(1)]),
        "123"
    );
    assert_eq!(
        f("fn f(k: i64) -> i64 { let mut s = 0; for i in 3..=1 step k { s = 10 * s + i; } s }", &[V::I(-1)]),
        "321"
    );
    assert!(
        f("fn f(k: i64) -> i64 { let mut s = 0; for i in 3..1 step k { s += i; } s }", &[V::I(0)])
            .starts_with("AD0811")
    );
}

#[test]
fn bounds_are_evaluated_once() {
    let source = "fn p(x: i64) -> i64 { print(x); x }
        fn f(n: i64) -> i64 { let mut n = n; let mut s = 0; for i in p(0)..p(n) step p(1) { n = 100; s += i; } s }";
    assert_eq!(f(source, &[V::I(3)]), "3 | 0 | 3 | 1");
}

#[test]
fn newton() {
    let source = "fn f(a: f64) -> f64 { let mut r = a; while abs(r * r - a) > 1e-12 { r = 0.5 * (r + a / r); } r }";
    assert_eq!(f(source, &[V::F(4.0)]), "2.000000000000002");
}

#[test]
fn conditions_that_assign() {
    let source =
        "fn f(n: i64) -> (i64, i64) { let mut i = 0; let mut s = 0; while ({ i += 1; i <= n }) { s += i; } (i, s) }";
    assert_eq!(f(source, &[V::I(4)]), "(5, 10)");
    let source = "fn f(n: i64) -> (i64, i64) { let mut i = 0; let mut s = 0;
        while ({ if i == 3 { return (-i, s); } i <= n }) { i += 1; s += i; } (i, s) }";
    assert_eq!(f(source, &[V::I(10)]), "(-3, 6)");
    assert_eq!(f(source, &[V::I(1)]), "(2, 3)");
}

#[test]
fn break_and_continue() {
    let source = "fn f(n: i64) -> i64 { let mut s = 0;
        for i in 0..n { if i % 2 == 0 { continue; } if i > 6 { break; } s = 10 * s + i; } s }";
    assert_eq!(f(source, &[V::I(100)]), "135");
    let source = "fn f(n: i64) -> i64 { let mut i = 0; let mut s = 0;
        while true { i += 1; if i > n { break; } if i % 3 == 0 { continue; } s = 10 * s + i; } s }";
    assert_eq!(f(source, &[V::I(5)]), "1245");
}

#[test]
fn a_condition_is_not_evaluated_after_a_break() {
    let source = "fn p(i: i64) -> bool { print(i); true }
        fn f() -> i64 { let mut i = 0; while p(i) { i += 1; if i == 2 { break; } } i }";
    assert_eq!(f(source, &[]), "2 | 0 | 1");
}

#[test]
fn break_leaves_the_inner_loop_only() {
    let source = "fn f(n: i64) -> i64 { let mut s = 0;
        for i in 0..n { for j in 0..n { if j > i { break; } if j == 1 { continue; } s = 10 * s + j + 1; } s += 100 * i; } s }";
    let expected = {
        let (mut s, n) = (0i64, 4);
        for i in 0..n {
            for j in 0..n {
                if j > i {
                    break;
                }
                if j == 1 {
                    continue;
                }
                s = 10 * s + j + 1;
            }
            s += 100 * i;
        }
        s
    };
    assert_eq!(f(source, &[V::I(4)]), expected.to_string());
}

#[test]
fn early_returns_at_every_depth() {
    let source = "fn f(k: i64) -> i64 {
        if k == 0 { return 10; }
        let mut s = 0;
        for i in 0..5 {
            if i == k { return 100 + s; }
            let mut j = 0;
            while j < 5 {
                if i * j == k { return 1000 + 10 * i + j; }
                if j > i { break; }
                j += 1;
            }
            s += j;
        }
        if k == 50 { s += 7; } else { if k == 60 { return s; } s += 1; }
        s * 2
    }";
    let expected = |k: i64| {
        if k == 0 {
            return 10;
        }
        let mut s = 0;
        for i in 0..5 {
            if i == k {
                return 100 + s;
            }
            let mut j = 0;
            while j < 5 {
                if i * j == k {
                    return 1000 + 10 * i + j;
                }
                if j > i {
                    break;
                }
                j += 1;
            }
            s += j;
        }
        if k == 50 {
            s += 7;
        } else {
            if k == 60 {
                return s;
            }
            s += 1;
        }
        s * 2
    };
    for k in [0, 1, 2, 3, 4, 6, 8, 12, 16, 50, 60, 70] {
        assert_eq!(f(source, &[V::I(k)]), expected(k).to_string(), "k = {k}");
    }
}

#[test]
fn nothing_runs_after_leaving() {
    let source = "fn f(k: i64) -> i64 {
        print(1);
        let x = 6 / if k == 0 { return -1; } else { k };
        print(x);
        if k == 1 { print(2); return 2; print(3); }
        let y = { if k == 2 { return 20; } 5 } + { print(4); 1 };
        print(y);
        y
    }";
    assert_eq!(f(source, &[V::I(0)]), "-1 | 1");
    assert_eq!(f(source, &[V::I(1)]), "2 | 1 | 6 | 2");
    assert_eq!(f(source, &[V::I(2)]), "20 | 1 | 3");
    assert_eq!(f(source, &[V::I(3)]), "6 | 1 | 2 | 4 | 6");
}

#[test]
fn leaving_from_within_arguments_and_conditions() {
    let source = "fn g(a: i64, b: i64) -> i64 { print(a, b); a + b }
        fn f(k: i64) -> i64 {
            let mut s = 0;
            for i in 0..4 {
                s += g(i, if i == k { break; } else { if i == k + 1 { continue; } i });
                if ({ if k == 7 { return 70; } i > 2 }) && g(1, 1) == 2 { s += 100; }
            }
            s
        }";
    assert_eq!(f(source, &[V::I(2)]), "2 | 0 0 | 1 1");
    assert_eq!(f(source, &[V::I(0)]), "0");
    assert_eq!(f(source, &[V::I(-1)]), "112 | 1 1 | 2 2 | 3 3 | 1 1");
    assert_eq!(f(source, &[V::I(7)]), "70 | 0 0");
}

#[test]
fn if_is_an_expression() {
    let source =
        "fn f(x: f64) -> f64 { let y = if x > 2 { x * 2 } else if x > 1 { x } else { let t = x + 1; -t }; y + 1 }";
    assert_eq!(f(source, &[V::F(3.0)]), "7.0");
    assert_eq!(f(source, &[V::F(1.5)]), "2.5");
    assert_eq!(f(source, &[V::F(0.0)]), "0.0");
    let source = "fn f(x: f64) -> (f64, i64) { if x > 2 { (x, 1) } else { (-x, 2) } }";
    assert_eq!(f(source, &[V::F(1.0)]), "(-1.0, 2)");
}

#[test]
fn variables_assigned_in_branches() {
    let source = "fn f(k: i64) -> (i64, i64) { let mut a = 1; let mut b = 2;
        if k > 0 { a = 10; if k > 1 { b = a; a = 5; } } else { b = 20; }
        (a, b) }";
    assert_eq!(f(source, &[V::I(0)]), "(1, 20)");
    assert_eq!(f(source, &[V::I(1)]), "(10, 2)");
    assert_eq!(f(source, &[V::I(2)]), "(5, 10)");
}

#[test]
fn endless_loops_end_by_return() {
    let source = "fn f(n: i64) -> i64 { let mut i = 0; while true { i += 3; if i > n { return i; } } }";
    assert_eq!(f(source, &[V::I(10)]), "12");
}

#[test]
fn values_declared_between_exits_are_known_after() {
    let source = "fn f(k: i64) -> i64 {
        if k == 1 { return 1; }
        let a = k * 2;
        if a == 4 { return a; }
        let b = a + 1;
        if b == 7 { return a + b; }
        a * b
    }";
    assert_eq!(f(source, &[V::I(1)]), "1");
    assert_eq!(f(source, &[V::I(2)]), "4");
    assert_eq!(f(source, &[V::I(3)]), "13");
    assert_eq!(f(source, &[V::I(4)]), "72");
}

#[test]
fn a_thousand_early_returns_stay_linear() {
    let program = |n: usize| {
        let mut source = String::from("fn f(x: i64) -> i64 {\n let mut s = x;\n");
        for i in 0..n {
            source += &format!(" if s == {i} {{ return {i}; }}\n s += 1;\n");
        }
        source + " s\n}"
    };
    let size = |n| {
        let module = lower(&super::harness::program(&program(n)));
        module.iter().map(|(_, f)| f.live_inst_count()).sum::<usize>()
    };
    let (small, large) = (size(100), size(1000));
    assert!(large < 11 * small, "{small} instructions for 100 returns, {large} for 1,000");
    assert_eq!(f(&program(1000), &[V::I(-500)]), "500");
    assert_eq!(f(&program(1000), &[V::I(5)]), "1005");
}

#[test]
fn ten_thousand_statements_and_a_long_chain() {
    let mut source = String::from("fn f(x: f64) -> f64 {\n let mut s = x;\n");
    for i in 0..10_000 {
        source += &format!(" s = s + {i};\n");
    }
    source += " s\n}";
    assert_eq!(f(&source, &[V::F(0.5)]), "49995000.5");
    let chain = vec!["x"; 10_000].join(" + ");
    assert_eq!(f(&format!("fn f(x: f64) -> f64 {{ {chain} }}"), &[V::F(1.0)]), "10000.0");
}

#[test]
fn deep_nesting_is_lowered() {
    let depth = 250;
    let nested = |open: &str, close: &str, core: &str| {
        format!("fn f(x: f64, n: i64) -> f64 {{ {}{core}{} }}", open.repeat(depth), close.repeat(depth))
    };
    let args = [V::F(2.0), V::I(1)];
    assert_eq!(f(&nested("if x > 0 {", "} else { 0.0 }", "x"), &args), "2.0");
    assert_eq!(f(&nested("(1.0 + ", ")", "x"), &args), "252.0");
    let loops = ["for i in 0..n {".repeat(depth), "s += x;".into(), "}".repeat(depth)].concat();
    assert_eq!(f(&format!("fn f(x: f64, n: i64) -> f64 {{ let mut s = 0.0; {loops} s }}"), &args), "2.0");
    let mut chain = String::from("fn f(x: f64, n: i64) -> f64 { if n == 0 { 0.0 }");
    for i in 2..500 {
        chain += &format!(" else if n == {i} {{ {i}.0 }}");
    }
    chain += " else { x } }";
    assert_eq!(f(&chain, &args), "2.0");
    assert_eq!(f(&chain, &[V::F(2.0), V::I(450)]), "450.0");
    let sums = format!("fn f(x: f64, n: i64) -> f64 {{ {}x{} }}", "sum(".repeat(200), " for i in 0..n)".repeat(200));
    assert_eq!(f(&sums, &args), "2.0");
}
