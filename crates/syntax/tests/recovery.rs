//! Wrong programs: what is reported, where, and that one mistake hides no other.

mod common;

use common::{messages, rendered, wrong};

/// One mistake: its code, the text under the carets, and a part of message or help.
#[track_caller]
fn one(text: &str, code: &str, under: &str, says: &str) {
    let found = wrong(text);
    assert_eq!(found.len(), 1, "{}", rendered(text));
    assert_eq!((found[0].0, found[0].1.as_str()), (code, under), "{}", rendered(text));
    let message = &messages(text)[0];
    assert!(message.contains(says), "{message}");
}

/// One mistake in the body of a function.
#[track_caller]
fn one_in_body(body: &str, code: &str, under: &str, says: &str) {
    one(&format!("fn f() {{ {body} }}\nfn g() {{ }}"), code, under, says);
}

#[test]
fn statements_say_what_is_missing() {
    one_in_body("let x = 1 let y = 2;", "AD0004", "", "expected `;` after this statement, found the keyword `let`");
    one_in_body("let x;", "AD0004", "", "every variable has a value from the start");
    one_in_body("let = 1;", "AD0004", "=", "the name of a variable");
    one_in_body("let in = 1;", "AD0004", "in", "keywords cannot be names");
    one_in_body("x = ;", "AD0004", ";", "expected an expression, found `;`");
    one_in_body("f(x) = 1;", "AD0008", "f(x)", "not a place");
    one_in_body("(a, b) = t;", "AD0008", "(a, b)", "let (a, b)");
    one_in_body("a + b += 1;", "AD0008", "a + b", "assigned");
    one_in_body("g(&mut 1);", "AD0008", "1", "lent");
    one_in_body("g(&x);", "AD0004", "&", "expected `&mut`");
    one_in_body("else { }", "AD0004", "else", "no `if` before it");
    one_in_body("if a { } else b", "AD0004", "", "expected `{`");
    one_in_body("while { }", "AD0004", "{", "expected an expression, found `{`");
    one_in_body("for i in n { }", "AD0004", "", "for i in 0..n");
    one_in_body("for 1 in 0..n { }", "AD0004", "1", "loop variable");
    one_in_body("for i 0..n { }", "AD0004", "", "expected `in`");
    one_in_body("@checkpoint(every: 3) x = 1;", "AD0004", "x", "`for` or `while`");
    one_in_body("@checkpoint(never) for i in 0..n { }", "AD0004", "never", "`every`, `binomial` or `budget`");
    one_in_body("@checkpoint(budget: 64) for i in 0..n { }", "AD0004", "", "`MiB`");
    one_in_body("fn h() { }", "AD0004", "fn", "functions are defined at the top");
    one_in_body("const A: f64 = 1;", "AD0004", "const", "write `let`");
}

#[test]
fn expressions_say_what_is_meant() {
    one_in_body("a < b < c", "AD0007", "<", "a < b && b < c");
    one_in_body("a == b != c", "AD0007", "!=", "do not chain");
    one_in_body("x**2", "AD0004", "*", "x^2");
    one_in_body("i++;", "AD0004", "+", "i += 1");
    one_in_body("+x", "AD0004", "+", "no prefix `+`");
    one_in_body("x %= 2;", "AD0004", "=", "x = x % y");
    one_in_body("a & b", "AD0004", "", "`&&`");
    one_in_body("let r = 0..n;", "AD0004", "", "ranges stand only");
    one_in_body(".5", "AD0004", ".", "0.5");
    one_in_body("let t = \"text\";", "AD0004", "\"text\"", "only as arguments");
    one_in_body("_ + 1", "AD0004", "_", "`_` has no value");
    one_in_body("[0.0; n]", "AD0004", ";", "fill(v, n)");
    one_in_body("(x for i in 0..n)", "AD0004", "", "sum(e for");
    one_in_body("[x for i in 0..n if c]", "AD0004", "", "no filters");
    one_in_body("[x for i in 0..n for j in 0..m]", "AD0004", "", "after a comma");
    one_in_body("a[]", "AD0004", "[]", "subscript");
    one_in_body("s.+", "AD0004", "+", "the name of a field");
    one_in_body("S { ..s }", "AD0004", "..", "no `..rest`");
    one_in_body("if c { 1 } else { 2 } * 3", "AD0004", "*", "parentheses around it");
    one_in_body("x = while c { };", "AD0004", "while", "loops are statements");
    one_in_body("print(\"a\\qb\")", "AD0001", "\\q", "unknown escape");
    one_in_body("elif c { }", "AD0004", "", "else if");
    one_in_body("var x = 1;", "AD0004", "", "`let`");
    one_in_body("if s == S { x: 1 } { }", "AD0004", "", "needs parentheses");
    one_in_body("x: f64 = 1;", "AD0004", "", "let x: T");
    one_in_body("if x = 3 { }", "AD0004", "", "`==`");
}

#[test]
fn what_cannot_be_read_is_told_once() {
    one_in_body("x # 2", "AD0001", "#", "means nothing here");
    one_in_body("print(\"never ends); }", "AD0002", "\"never ends); } }", "never closed");
    let codes: Vec<_> = wrong("fn f() { x # 2 }\nfn g() { y + }").into_iter().map(|d| d.0).collect();
    assert_eq!(codes, ["AD0001", "AD0004"]);
}

#[test]
fn definitions_say_what_is_missing() {
    one("func f() { }", "AD0004", "func", "functions start with `fn`");
    one("let x = 1;\nfn f() { }", "AD0004", "let", "const NAME");
    one("fn (x: f64) { }", "AD0004", "(", "the name of the function");
    one("fn f(x) { }", "AD0004", "", "`:` and the type");
    one("fn f(mut x: f64) { }", "AD0004", "mut", "let mut y = x");
    one("fn f(x: & f64) { }", "AD0004", "&", "`&mut`");
    one("fn f<n>(x: [f64; n]) { }", "AD0004", "<", "need no declaration");
    one("fn f() -> f64;", "AD0004", "", "the body of the function");
    one("fn f(): f64 { 1 }", "AD0004", "", "after `->`");
    one("fn f(x: [f64]) { }", "AD0004", "[f64]", "no dimensions");
    one("fn f(x: (f64, &mut f64)) { }", "AD0004", "&", "only a parameter can be lent");
    one("struct S { x f64 }", "AD0004", "", "`:` and the type of the field");
    one("struct S { x: f64; y: f64 }", "AD0004", "", "`,` or `}`");
    one("const N = 3;", "AD0004", "", "the type of the constant");
    one("import other;", "AD0004", "other", "the path of a file");
    one("@inline fn f() { }", "AD0004", "inline", "`jvp` or `vjp`");
    one("@jvp(f) struct S { }", "AD0004", "struct", "a function after the rule");
}

#[test]
fn brackets_are_reported_where_they_open() {
    one_in_body("let y = g(x; let z = 1;", "AD0005", "(", "this parenthesis is never closed");
    one_in_body("let y = a[1; let z = 1;", "AD0005", "[", "this bracket is never closed");
    one_in_body("if a { b;", "AD0005", "{", "this brace is never closed");
    one_in_body("let y = g(x];", "AD0005", "]", "this parenthesis is closed by `]`");
    one_in_body("let y = x);", "AD0004", ")", "closes nothing");
    one("fn f() { a } }", "AD0004", "}", "closes nothing");
    one("fn f() { let x = (1;\n let y = 2; x + y }", "AD0005", "(", "never closed");
}

#[test]
fn one_run_reports_independent_mistakes() {
    let text = "fn f(x: f64 {
    x
}
fn g() -> f64 {
    let a = 1 +;
    let b = (2;
    for i in { }
    let c = h(1 2) + k(3 4);
    c <<< d;
    a = = b;
    [1, , 2]
}
struct S { x: , y: f64 }
fn ok() { }
const C: f64 = ;
";
    let codes: Vec<_> = wrong(text).iter().map(|(code, _)| *code).collect();
    assert_eq!(
        codes,
        ["AD0005", "AD0004", "AD0005", "AD0004", "AD0004", "AD0004", "AD0004", "AD0004", "AD0004", "AD0004", "AD0004"],
        "{}",
        rendered(text)
    );
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other items are of no interest here")]
#[test]
fn what_is_right_is_kept_beside_what_is_wrong() {
    let parsed = adit_syntax::parse(adit_diag::FileId(0), "fn f( { }\nfn g() { let x = ; let y = 1; y }\nfn h() { }");
    let names: Vec<_> = parsed
        .file
        .items
        .iter()
        .filter_map(|item| match &item.kind {
            adit_syntax::ast::ItemKind::Fn(f) => Some((&*f.name.name, f.body.stmts.len())),
            _ => None,
        })
        .collect();
    assert!(names.contains(&("g", 2)) && names.contains(&("h", 0)), "{names:?}");
}

#[test]
fn a_message_reads_well() {
    let text = "fn f(x: f64) -> f64 {\n    let y = 2 * x\n    y\n}\n";
    let expected = "\
error[AD0004]: expected `;` after this statement, found `y`
 --> t.ad:2:18
  |
2 |     let y = 2 * x
  |                  ^
3 |     y
  |     - found this
";
    assert_eq!(rendered(text), expected);
}

#[test]
fn an_empty_file_is_an_empty_file() {
    assert_eq!(wrong(""), []);
    assert_eq!(wrong(" // nothing\n/* here */\u{feff}"), []);
    assert_eq!(wrong("///"), []);
}
