//! What the language page says of form, construct by construct: each text parses, to the tree it means.

mod common;

use adit_syntax::ast::{CheckpointPolicy, ItemKind, RuleKind, StmtKind, Type, TypeKind};
use common::{body_of, good, shape_of, stmts_of, wrong};

#[test]
fn operators_bind_as_the_page_says() {
    for (text, expected) in [
        ("a || b && c", "(a || (b && c))"),
        ("a && b == c", "(a && (b == c))"),
        ("a < b + c", "(a < (b + c))"),
        ("a + b * c", "(a + (b * c))"),
        ("a * b + c", "((a * b) + c)"),
        ("a - b + c", "(a - b + c)"),
        ("a / b * c % d @ e", "(a / b * c % d @ e)"),
        ("a * -b", "(a * (- b))"),
        ("-x^2", "(- (x ^ 2))"),
        ("2^-1", "(2 ^ (- 1))"),
        ("a ^ b ^ c", "(a ^ (b ^ c))"),
        ("2^-x^2", "(2 ^ (- (x ^ 2)))"),
        ("!a && !b", "((! a) && (! b))"),
        ("--x", "(- (- x))"),
        ("-a[i].x^2 * b", "((- (a[i].x ^ 2)) * b)"),
        ("f(x)^2 @ g(y)", "((f(x) ^ 2) @ g(y))"),
        ("a || b && c || d", "(a || (b && c) || d)"),
        ("(a + b) * (c)", "((a + b) * c)"),
        ("(a < b) == (c < d)", "((a < b) == (c < d))"),
        ("a - -b", "(a - (- b))"),
    ] {
        assert_eq!(shape_of(text), expected, "{text}");
    }
}

#[test]
fn literals_are_read_as_numbers() {
    assert_eq!(shape_of("1_000"), "1000");
    assert_eq!(shape_of("1e-12 + 2. + 1.5E+3"), "(1e-12 + 2.0 + 1500.0)");
    assert_eq!(shape_of("9223372036854775807"), "9223372036854775807");
    assert_eq!(shape_of("-9223372036854775808"), "-9223372036854775808");
    assert_eq!(shape_of("-1"), "(- 1)");
    assert_eq!(shape_of("(true, false)"), "tuple(true, false)");
    assert_eq!(wrong("const A: i64 = 9223372036854775808;"), [("AD0003", "9223372036854775808".into())]);
    assert_eq!(wrong("const A: i64 = -9223372036854775808^2;").len(), 1);
    assert_eq!(wrong("const A: f64 = 1e400;"), [("AD0003", "1e400".into())]);
    assert_eq!(wrong("const A: f64 = 2x;"), [("AD0003", "2x".into())]);
}

#[test]
fn operands_follow_each_other() {
    for (text, expected) in [
        ("p.alpha + t.0", "(p.alpha + t.0)"),
        ("t.0.1.2", "t.0.1.2"),
        ("t.0.x", "t.0.x"),
        ("a[i, j]", "a[i, j]"),
        ("a[lo..hi]", "a[lo..hi]"),
        ("a[i, ..]", "a[i, ..]"),
        ("a[.., j]", "a[.., j]"),
        ("t[i, .., ..]", "t[i, .., ..]"),
        ("a[1..]", "a[1..]"),
        ("a[..n - 1]", "a[..(n - 1)]"),
        ("a[a..=b]", "a[a..=b]"),
        ("a[..=b]", "a[..=b]"),
        ("a[2..2]", "a[2..2]"),
        ("grad(f)(a, b)", "grad(f)(a, b)"),
        ("grad(|w| loss(w, x, y))(w0)", "grad((|w| loss(w, x, y)))(w0)"),
        ("grad(f, reverse)", "grad(f, reverse)"),
        ("jvp(f, (x, y), (dx, dy))", "jvp(f, tuple(x, y), tuple(dx, dy))"),
        ("f(&mut a, &mut s.w[i, 0..n])", "f(&mut a, &mut s.w[i, 0..n])"),
        ("f(x, y,)", "f(x, y)"),
        ("f()", "f()"),
    ] {
        assert_eq!(shape_of(text), expected, "{text}");
    }
}

#[test]
fn brackets_make_tuples_arrays_and_structs() {
    for (text, expected) in [
        ("()", "tuple()"),
        ("((a))", "a"),
        ("(a,)", "tuple(a)"),
        ("(a, (b, c),)", "tuple(a, tuple(b, c))"),
        ("[]", "array[]"),
        ("[1.0, 2.0,]", "array[1.0, 2.0]"),
        ("[[1.0, 2.0], [3.0, 4.0]]", "array[array[1.0, 2.0], array[3.0, 4.0]]"),
        ("Layer { w: w0, b: b0 }", "Layer{w: w0, b: b0}"),
        ("Layer { w: w0, b }.b", "Layer{w: w0, b: b}.b"),
        ("Empty {}", "Empty{}"),
        ("[e for i in 0..n]", "[e for i in 0..n]"),
        ("[e for i in 0..n, j in i..=m step 2]", "[e for i in 0..n, j in i..=m step 2]"),
        ("[[i * j for j in 0..m] for i in 0..n,]", "[[(i * j) for j in 0..m] for i in 0..n]"),
        ("sum(x[i] * y[i] for i in 0..n)", "sum((x[i] * y[i]) for i in 0..n)"),
        ("f(e for i in 0..n, j in 0..m, k)", "f(e for i in 0..n, j in 0..m, k)"),
    ] {
        assert_eq!(shape_of(text), expected, "{text}");
    }
}

#[test]
fn lambdas_reach_as_far_as_they_can() {
    assert_eq!(shape_of("|x, y| x * y + c"), "(|x, y| ((x * y) + c))");
    assert_eq!(shape_of("|x: f64| { x }"), "(|x: T| {x})");
    assert_eq!(shape_of("|| 1"), "(|| 1)");
    assert_eq!(shape_of("f(|x| x, |y| |z| y)"), "f((|x| x), (|y| (|z| y)))");
    assert_eq!(shape_of("|a: [f64; n], b: &mut f64| a || b"), "(|a: T, b: T| (a || b))");
}

#[test]
fn if_and_blocks_are_expressions() {
    assert_eq!(shape_of("if a { 1 } else if b { 2 } else { 3 }"), "(if a {1} else if b {2} else {3})");
    assert_eq!(shape_of("if a { 1 } else { 2 } + 1"), "((if a {1} else {2}) + 1)");
    assert_eq!(shape_of("{ let x = 1; x }"), "{let x = 1; x}");
    assert_eq!(stmts_of("let y = if a { b } else { c } * 2;"), "{let y = ((if a {b} else {c}) * 2);}");
    assert_eq!(stmts_of("if a { b }"), "{(if a {b})}");
    assert_eq!(stmts_of("if a { b } -c"), "{(if a {b}); (- c)}");
    assert_eq!(stmts_of("{ a } [b]"), "{{a}; array[b]}");
}

#[test]
fn a_brace_in_a_header_starts_the_block() {
    assert_eq!(stmts_of("if a == b { c }"), "{(if (a == b) {c})}");
    assert_eq!(stmts_of("while a { b; }"), "{while a {b;}}");
    assert_eq!(stmts_of("for i in a..b { c; }"), "{for i in a..b {c;}}");
    assert_eq!(stmts_of("while { a; b } { c; }"), "{while {a; b} {c;}}");
    assert_eq!(stmts_of("if { a } && { b } { c }"), "{(if ({a} && {b}) {c})}");
    assert_eq!(stmts_of("for i in { a }..b { c; }"), "{for i in {a}..b {c;}}");
    assert_eq!(stmts_of("if (S { x: 1 }).x == f(S { x }) { c }"), "{(if (S{x: 1}.x == f(S{x: x})) {c})}");
}

#[test]
fn statements_of_every_sort() {
    for (text, expected) in [
        ("let b = a;", "{let b = a;}"),
        ("let mut b: [f64; n] = a;", "{let mut b: T = a;}"),
        ("let (a, b) = t;", "{let (a, b) = t;}"),
        ("let mut (a, (b, _)): T = t;", "{let (mut a, (mut b, _)): T = t;}"),
        ("let (mut a, b) = t;", "{let (mut a, b) = t;}"),
        ("let l: Layer<n>= e;", "{let l: T = e;}"),
        ("x = 1; x += 1; x -= 1; x *= 2; x /= 2;", "{x = 1; x += 1; x -= 1; x *= 2; x /= 2;}"),
        ("a[i, j] = 1; s.field = 2; s.w[i] += 3; t.0 = 4;", "{a[i, j] = 1; s.field = 2; s.w[i] += 3; t.0 = 4;}"),
        ("a[i, ..] = row; a[1..n] = a[0..n - 1];", "{a[i, ..] = row; a[1..n] = a[0..(n - 1)];}"),
        ("while true { if a { break; } else { continue; } }", "{while true {(if a {break;} else {continue;})}}"),
        ("for i in 0..n step -1 { }", "{for i in 0..n step (- 1) {}}"),
        ("for _ in 0..=n { return; }", "{for _ in 0..=n {return;}}"),
        ("return a + b;", "{return (a + b);}"),
        ("return a", "{return a;}"),
        ("assert(c, \"a\\n\\\"b\\\"\"); print(e, \"t\", x)", "{assert(c, \"a\\n\\\"b\\\"\"); print(e, \"t\", x)}"),
        (";;a;;", "{a;}"),
        ("let step = 1; for i in step..step step step { }", "{let step = 1; for i in step..step step step {}}"),
    ] {
        assert_eq!(stmts_of(text), expected, "{text}");
    }
}

#[test]
fn definitions_of_every_sort() {
    let text = "import \"other.ad\";
        const TAU: f64 = 2 * pi;
        /// A layer.
        ///  Indented.
        struct Layer<n, m> {
            /// The weights.
            w: [f64; n, m],
            b: [f64; n],
        }
        fn apply(l: Layer<n, m>, x: &mut [f64; m]) -> [f64; n] { l.w @ x + l.b }
        @jvp(f) fn f_jvp(x: f64, dx: f64) -> (f64, f64) { (x, dx) }
        @vjp(f) fn f_vjp(x: f64, ybar: f64) -> (f64, f64) { (x, ybar) }
        fn nothing() {}";
    let items = good(text).file.items;
    let ItemKind::Import(import) = &items[0].kind else { panic!("{items:?}") };
    assert_eq!(import.path, "other.ad");
    let ItemKind::Const(tau) = &items[1].kind else { panic!("{items:?}") };
    assert_eq!(common::shape(&tau.value), "(2 * pi)");
    let ItemKind::Struct(layer) = &items[2].kind else { panic!("{items:?}") };
    assert_eq!(items[2].docs, "A layer.\n Indented.");
    assert_eq!((layer.dims.len(), layer.fields.len()), (2, 2));
    assert_eq!(layer.fields[0].docs, "The weights.");
    let ItemKind::Fn(apply) = &items[3].kind else { panic!("{items:?}") };
    assert_eq!((apply.params[0].lent, apply.params[1].lent), (false, true));
    assert_eq!(&text[apply.signature.start as usize..][..8], "fn apply");
    for (item, kind) in [(&items[4], RuleKind::Jvp), (&items[5], RuleKind::Vjp)] {
        let ItemKind::Fn(f) = &item.kind else { panic!("{items:?}") };
        let rule = f.rule.as_ref().expect("it is a rule");
        assert_eq!((rule.kind, &*rule.target.name), (kind, "f"));
    }
    let ItemKind::Fn(nothing) = &items[6].kind else { panic!("{items:?}") };
    assert!(nothing.result.is_none() && nothing.body.value.is_none());
}

/// A type in a short notation.
fn type_shape(ty: &Type) -> String {
    let all = |types: &[Type]| types.iter().map(type_shape).collect::<Vec<_>>().join(", ");
    let exprs = |dims: &[adit_syntax::ast::Expr]| dims.iter().map(common::shape).collect::<Vec<_>>().join(", ");
    match &ty.kind {
        TypeKind::Named { name, dims } if dims.is_empty() => name.name.to_string(),
        TypeKind::Named { name, dims } => format!("{}<{}>", name.name, exprs(dims)),
        TypeKind::Array { element, dims } => format!("[{}; {}]", type_shape(element), exprs(dims)),
        TypeKind::Tuple(elements) => format!("tuple({})", all(elements)),
        TypeKind::Fn { params, result } => {
            let params: Vec<_> =
                params.iter().map(|p| format!("{}{}", if p.lent { "&mut " } else { "" }, type_shape(&p.ty))).collect();
            let result = result.as_ref().map_or("none".to_owned(), |ty| type_shape(ty));
            format!("fn({}) -> {result}", params.join(", "))
        }
        TypeKind::Error => "error".to_owned(),
    }
}

#[test]
fn types_of_every_sort() {
    for (text, expected) in [
        ("f64", "f64"),
        ("[f64; n]", "[f64; n]"),
        ("[f64; k, d * (d + 1) / 2]", "[f64; k, (d * (d + 1) / 2)]"),
        ("[bool; 3,]", "[bool; 3]"),
        ("Layer<n, 2 * m>", "Layer<n, (2 * m)>"),
        ("Layer<n,>", "Layer<n>"),
        ("()", "tuple()"),
        ("(f64)", "f64"),
        ("(f64, [i64; n])", "tuple(f64, [i64; n])"),
        ("fn(f64, &mut [f64; n]) -> f64", "fn(f64, &mut [f64; n]) -> f64"),
        ("fn(fn() -> f64)", "fn(fn() -> f64) -> none"),
    ] {
        let items = good(&format!("fn f(x: {text}) {{}}")).file.items;
        let ItemKind::Fn(f) = &items[0].kind else { panic!("{items:?}") };
        assert_eq!(type_shape(&f.params[0].ty), expected, "{text}");
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only loops have checkpoints")]
#[test]
fn checkpoints_stand_before_loops() {
    let body = body_of(
        "fn f() {
            @checkpoint(every: 2 * k) for i in 0..n { }
            @checkpoint(binomial: 8,) while c { }
            @checkpoint(budget: 64 MiB) for i in 0..n { }
        }",
    );
    let policies: Vec<_> = body
        .stmts
        .into_iter()
        .filter_map(|stmt| match stmt.kind {
            StmtKind::For(f) => f.checkpoint,
            StmtKind::While(w) => w.checkpoint,
            _ => None,
        })
        .map(|checkpoint| checkpoint.policy)
        .collect();
    assert!(matches!(&policies[0], CheckpointPolicy::Every(k) if common::shape(k) == "(2 * k)"));
    assert!(matches!(&policies[1], CheckpointPolicy::Binomial(_)));
    assert_eq!(policies[2], CheckpointPolicy::Budget(64 << 20));
}

#[test]
fn newlines_and_comments_mean_nothing() {
    assert_eq!(stmts_of("let x // a\n = /* b */ 1 +\n 2; /// c\n x"), "{let x = (1 + 2); x}");
}

#[test]
fn expression_ids_are_dense_and_spans_include_parentheses() {
    let text = "fn f() { (a + b) * c - d }";
    let value = body_of(text).value.expect("it has a value");
    assert_eq!(&text[value.span.start as usize..value.span.end as usize], "(a + b) * c - d");
    let parsed = good(text);
    // a, b, a + b, c, (…) * c, d, … - d
    assert_eq!(parsed.file.expr_count, 7);
    assert_eq!(value.id.index(), 6);
}
