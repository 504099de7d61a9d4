//! Texts made to break a parser: deep, long, cut off, random. All of this runs in the 2 MiB of a test thread.

mod common;

use adit_diag::FileId;
use adit_syntax::ast::ItemKind;
use adit_syntax::{MAX_DIAGNOSTICS, MAX_SOURCE, dump, parse};

/// Parses, then does what recurses over trees: compare, copy, show, drop. Gives the codes.
#[track_caller]
fn exercise(text: &str) -> Vec<&'static str> {
    let parsed = parse(FileId(0), text);
    let copy = parsed.clone();
    assert!(copy == parsed);
    assert!(!dump::ast(&copy.file, text).is_empty() || copy.file.items.is_empty());
    let _ = format!("{:?}", copy.file).len();
    for d in &parsed.diagnostics {
        assert!(d.span.start <= d.span.end && d.span.end as usize <= text.len(), "{d:?}");
        assert!(text.is_char_boundary(d.span.start as usize) && text.is_char_boundary(d.span.end as usize));
    }
    parsed.diagnostics.iter().map(|d| d.code.0).collect()
}

fn in_body(expr: &str) -> String {
    format!("fn f() {{ let x = {expr}; }} fn g() {{ }}")
}

const DEEP: usize = 100_000;

#[test]
fn deep_nesting_is_refused_once() {
    let around = |open: &str, middle: &str, close: &str| {
        in_body(&format!("{}{middle}{}", open.repeat(DEEP), close.repeat(DEEP)))
    };
    for text in [
        around("(", "1", ")"),
        around("[", "1", "]"),
        around("{", "1", "}"),
        around("f(", "1", ")"),
        around("a[", "1", "]"),
        around("1 + (", "1", ")"),
        around("a || b && c < d + e * -(", "1", ")"),
        around("S { a: ", "1", "}"),
        around("if a { ", "1", "}"),
        around("if ", "a", " { b }"),
        around("for i in 0..n { ", "", "}"),
        around("sum(", "1", " for i in 0..n)"),
        around("|x| ", "1", ""),
        around("-", "1", ""),
        around("!", "1", ""),
        around("- !", "1", ""),
        around("x ^ ", "1", ""),
        around("{ if a { b } else ", "{}", "}"),
        format!("fn f(x: {}f64{}) {{ }}", "[".repeat(DEEP), "; n]".repeat(DEEP)),
        format!("fn f(x: {}f64{}) {{ }}", "(".repeat(DEEP), ")".repeat(DEEP)),
        format!("fn f(x: {}f64{}) {{ }}", "fn(".repeat(DEEP), ")".repeat(DEEP)),
        format!("fn f(x: {}f64) {{ }}", "fn() -> ".repeat(DEEP)),
        format!("fn f() {{ let {}a{} = 1; }}", "(".repeat(DEEP), ")".repeat(DEEP)),
        in_body(&format!("x{}", "[0]".repeat(DEEP))),
        in_body(&format!("x{}", ".a".repeat(DEEP))),
        in_body(&format!("x{}", "(1)".repeat(DEEP))),
        in_body(&format!("t{}", ".0".repeat(DEEP))),
    ] {
        let codes = exercise(&text);
        let deep = codes.iter().filter(|code| **code == "AD0006").count();
        assert!(deep >= 1, "{}: {codes:?}", &text[..60]);
        assert!(codes.len() <= 3, "{}: {codes:?}", &text[..60]);
    }
}

#[test]
fn unclosed_nesting_is_refused() {
    for open in ["(", "[", "{", "f(", "if a {", "-(", "[[", "({[", "|x| (", "fn f() {", "S {", "fn f(x: [", "/*"] {
        let codes = exercise(&format!("fn f() {{ {}", open.repeat(DEEP)));
        assert!(!codes.is_empty() && codes.len() <= MAX_DIAGNOSTICS, "{open}");
    }
    for close in [")", "]", "}", "([)]", "(]", "{)"] {
        let codes = exercise(&close.repeat(DEEP));
        assert!(!codes.is_empty() && codes.len() <= MAX_DIAGNOSTICS, "{close}");
    }
}

#[test]
fn nesting_up_to_the_limit_is_fine() {
    let nested = |n: usize| in_body(&format!("{}1{}", "(".repeat(n), ")".repeat(n)));
    assert_eq!(exercise(&nested(250)), [] as [&str; 0]);
    assert_eq!(exercise(&nested(260)), ["AD0006"]);
    let horner = |n: usize| in_body(&format!("{}1{}", "a + x * (".repeat(n), ")".repeat(n)));
    assert_eq!(exercise(&horner(240)), [] as [&str; 0]);
    let ifs = |n: usize| in_body(&format!("if a {{ b }}{} else {{ c }}", " else if a { b }".repeat(n)));
    assert_eq!(exercise(&ifs(500)), [] as [&str; 0]);
    assert_eq!(exercise(&ifs(10_000)), ["AD0006"]);
}

#[test]
fn the_worst_tree_within_the_limits_is_safe() {
    // All levels of operators at each of the 250 levels of parentheses: far more frames of the parser, and
    // paths of the tree, than any other text of that nesting.
    let (open, close) = ("a || b && c < d + e * -f(", ")");
    for n in [60, 90, 125, 250] {
        exercise(&in_body(&format!("{}1{}", open.repeat(n), close.repeat(n))));
        exercise(&in_body(&format!("{}1{}", "if a { for i in 0..n { b[".repeat(n), "]; } }".repeat(n))));
        exercise(&in_body(&format!("{}1{}", "|x: [f64; ".repeat(n), "]| x".repeat(n))));
    }
}

#[test]
fn long_chains_are_not_deep() {
    for op in ["+", "-", "*", "/", "%", "@", "&&", "||"] {
        let text = in_body(&format!("a{}", format!(" {op} a").repeat(DEEP)));
        assert_eq!(exercise(&text), [] as [&str; 0], "{op}");
    }
    let comparisons = in_body(&format!("a{}", " < a".repeat(DEEP)));
    assert_eq!(exercise(&comparisons).len(), MAX_DIAGNOSTICS);
}

#[test]
fn long_lists_are_not_deep() {
    for text in [
        format!("fn f() {{ {} }}", "let x = a * b + 1;".repeat(DEEP)),
        format!("fn f() {{ {} }}", "if a { b; } ".repeat(DEEP)),
        format!("fn f({}) {{ }}", "x: f64, ".repeat(DEEP)),
        in_body(&format!("[{}]", "1.0, ".repeat(DEEP))),
        in_body(&format!("f({})", "x, ".repeat(DEEP))),
        in_body(&format!("a[{}]", "0..n, ".repeat(DEEP))),
        "fn f() { }\n".repeat(DEEP),
        "/// a\n".repeat(DEEP) + "fn f() { }",
    ] {
        assert_eq!(exercise(&text), [] as [&str; 0], "{}", &text[..40]);
    }
}

#[test]
fn many_mistakes_are_cut_off() {
    assert_eq!(exercise(&format!("fn f() {{ {} }}", "let x = ;".repeat(DEEP))).len(), MAX_DIAGNOSTICS);
    assert_eq!(exercise(&"# ".repeat(DEEP)).len(), MAX_DIAGNOSTICS);
}

#[test]
fn a_source_beyond_the_limit_is_refused() {
    let codes = exercise(&" ".repeat(MAX_SOURCE + 1));
    assert_eq!(codes, ["AD0009"]);
    assert_eq!(exercise(&" ".repeat(MAX_SOURCE)), [] as [&str; 0]);
}

/// A program with every construct in it.
const ALL: &str = "import \"o.ad\"; const N: i64 = 3; /// d
struct L<n, m> { w: [f64; n, m], b: (f64, bool) }
@jvp(f) fn j(x: f64, y: &mut [f64; n, 2 * m], g: fn(f64) -> f64) -> (f64, L<n, m>) {
    let mut (a, _): (f64, i64) = (1e-3, -9223372036854775808);
    @checkpoint(budget: 64 MiB) for i in 0..=n step -1 { y[i, ..] += x^-2; if a < b { break; } else { continue; } }
    while !c && d || e { a.b.0 = [q * 2 for i in 0..n, j in 1..m]; print(a, \"t\\n\"); }
    let s = sum(x[i] for i in 0..n) @ |u, v: f64| { u };
    return (L { w: s, b }, f(&mut a, t[1..]));
}
";

#[test]
fn every_prefix_and_every_missing_piece_is_safe() {
    assert_eq!(exercise(ALL), [] as [&str; 0]);
    for (at, c) in ALL.char_indices() {
        exercise(&ALL[..at]);
        exercise(&format!("{}{}", &ALL[..at], &ALL[at + c.len_utf8()..]));
    }
}

/// A small generator of pseudo-random numbers (xorshift64), so that failures repeat.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }
}

/// Pieces that random texts are made of.
const PIECES: &[&str] = &[
    "fn",
    "struct",
    "const",
    "import",
    "let",
    "mut",
    "if",
    "else",
    "while",
    "for",
    "in",
    "break",
    "continue",
    "return",
    "true",
    "false",
    "x",
    "step",
    "_",
    "f",
    "1",
    "2.5",
    "1e9",
    "3x",
    "99999999999999999999",
    "\"t\"",
    "\"t",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ":",
    ".",
    "..",
    "..=",
    "->",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "+=",
    "-",
    "-=",
    "*",
    "*=",
    "/",
    "/=",
    "%",
    "@",
    "^",
    "!",
    "&&",
    "||",
    "&",
    "|",
    "// c\n",
    "/// d\n",
    "/*",
    "*/",
    "#",
    "θ",
    "@checkpoint(every: 2)",
    "@jvp(f)",
    "fn f(",
    "x: f64",
    "let x = ",
    "for i in 0..n {",
    "\n",
    "\u{0}",
];

#[test]
fn random_pieces_are_safe() {
    let mut random = Random(0x5eed_ad17);
    for _ in 0..6_000 {
        let length = 1 + random.below(60);
        let glue = if random.below(2) == 0 { " " } else { "" };
        let text: Vec<_> = (0..length).map(|_| PIECES[random.below(PIECES.len())]).collect();
        exercise(&text.join(glue));
        exercise(&format!("fn f() {{ {} }}", text.join(glue)));
    }
}

#[test]
fn random_changes_of_a_program_are_safe() {
    let mut random = Random(0xc0ffee);
    let words: Vec<&str> = ALL.split_inclusive([' ', '(', '[', '{', ';']).collect();
    for _ in 0..4_000 {
        let mut changed = words.clone();
        for _ in 0..1 + random.below(4) {
            let at = random.below(changed.len());
            match random.below(4) {
                0 if changed.len() > 1 => drop(changed.remove(at)),
                1 => changed.insert(at, PIECES[random.below(PIECES.len())]),
                2 => changed[at] = words[random.below(words.len())],
                _ => changed.truncate(at + 1),
            }
        }
        exercise(&changed.concat());
    }
}

#[test]
fn random_bytes_are_safe() {
    let mut random = Random(0xb17e5);
    for _ in 0..3_000 {
        let bytes: Vec<u8> = (0..random.below(200)).map(|_| random.below(256) as u8).collect();
        exercise(&String::from_utf8_lossy(&bytes));
        let ascii: Vec<u8> = (0..random.below(200)).map(|_| 32 + random.below(95) as u8).collect();
        exercise(&String::from_utf8_lossy(&ascii));
    }
}

#[test]
fn a_tree_without_diagnostics_has_no_error_nodes() {
    let mut random = Random(0xe44);
    for _ in 0..6_000 {
        let length = 1 + random.below(12);
        let text: Vec<_> = (0..length).map(|_| PIECES[random.below(PIECES.len())]).collect();
        let text = format!("fn f() {{ {} }}", text.join(" "));
        let parsed = parse(FileId(0), &text);
        let shown = dump::ast(&parsed.file, &text);
        let has_error = shown.lines().any(|line| line.trim_start().starts_with("error ·"));
        assert!(!has_error || !parsed.diagnostics.is_empty(), "{text}");
        let is_fn = |kind: &ItemKind| matches!(kind, ItemKind::Fn(_));
        assert!(!parsed.diagnostics.is_empty() || parsed.file.items.iter().all(|item| is_fn(&item.kind)));
    }
}
