//! Programs made to hurt: long, deep, mutated. Nothing panics, nothing takes quadratic time.

use super::{checked, mistakes, right};
use crate::check::check;
use adit_diag::FileId;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Whatever the text, checking ends without a panic, and there is a program only without mistakes.
fn survive(text: &str) {
    let parsed = adit_syntax::parse(FileId(0), text);
    let checked = check(&parsed.file);
    assert!(checked.program.is_none() || checked.diagnostics.is_empty());
    if parsed.diagnostics.is_empty() {
        assert_eq!(checked.program.is_none(), !checked.diagnostics.is_empty(), "{text}");
    }
}

const SEEDS: [&str; 4] = [
    "struct L<n, m> { w: [f64; n, m], b: [f64; n] } fn apply(l: L<n, m>, x: [f64; m]) -> [f64; n] { tanh(l.w @ x + l.b) }
     fn f(w: [f64; 2, 3], x: [f64; 3]) -> f64 { let l = L { w: w, b: w[.., 0] }; sum(apply(l, x)) }",
    "const N: i64 = 3; const M: i64 = N * 2; fn g(a: &mut [f64; k], s: &mut f64) { a[0] += s; s = a[k - 1]; }
     fn f(x: [f64; N]) -> f64 { let mut a = x; let mut s = 0.0; for i in 0..M step 2 { if i > 3 { break; } g(&mut a, &mut s); } s }",
    "fn f(x: [f64; n], k: i64) -> (f64, [f64; n]) { let y = [if x[i] > 0 { x[i]^2 } else { 0 } for i in 0..n]; let (a, b) = (sum(y), 2);
     while true { if a > 1 { return (a, y); } let z: [f64; n] = where(y > x, y, 1 / x); print(\"z\", z, b, k); } }",
    "fn f(x: [f64; n]) -> f64 { let s = sort(cumsum(softmax(x))); max(x[i] * s[j] for i in 0..n, j in i..n) - logsumexp(s[1..n]) + normal_logpdf(x[0], -1, 2)
     - mean(normal_logpdf(x, 0, exp(s))) + dot(x, s) + norm([[1, 2], [3, 4]] @ x[..2]) }",
];

/// A small generator of numbers, so that failures repeat.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n.max(1)
    }
}

fn tokens(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = false;
    for c in text.chars() {
        let letter = c.is_alphanumeric() || c == '_';
        match out.last_mut() {
            Some(last) if word && letter => last.push(c),
            _ => out.push(c.to_string()),
        }
        word = letter;
    }
    out
}

#[test]
fn seeds_are_right() {
    SEEDS.into_iter().for_each(right);
}

#[test]
fn mutated_programs_do_not_panic() {
    let mut random = Random(1);
    let all: Vec<Vec<String>> = SEEDS.iter().map(|s| tokens(s)).collect();
    for round in 0..6000 {
        let mut words = all[round % all.len()].clone();
        for _ in 0..=random.below(3) {
            let at = random.below(words.len());
            match random.below(4) {
                0 => drop(words.remove(at)),
                1 => words[at] = all[random.below(all.len())][random.below(60)].clone(),
                2 => {
                    let other = random.below(words.len());
                    words.swap(at, other);
                }
                _ => {
                    let from = &all[random.below(all.len())];
                    let start = random.below(from.len());
                    let piece = &from[start..(start + random.below(12)).min(from.len())];
                    words.splice(at..at, piece.iter().cloned());
                }
            }
        }
        survive(&words.concat());
    }
}

#[test]
fn every_prefix_does_not_panic() {
    for seed in SEEDS {
        for end in (0..seed.len()).filter(|i| seed.is_char_boundary(*i)) {
            survive(&seed[..end]);
        }
    }
}

#[track_caller]
fn quickly(source: &str) {
    let parsed = adit_syntax::parse(FileId(0), source);
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics.first());
    let start = Instant::now();
    let checked = check(&parsed.file);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(checked.diagnostics.len() <= 100);
    drop(checked);
}

const LONG: usize = 50_000;

#[test]
fn long_programs_take_linear_time() {
    let lets = (0..LONG).fold(String::new(), |mut s, i| {
        let _ = writeln!(s, "let a{} = a{i} + 1;", i + 1);
        s
    });
    quickly(&format!("fn f(a0: f64) -> f64 {{ {lets} a{LONG} }}"));
    quickly(&format!("fn f(a0: i64) -> [f64; a0 + {LONG}] {{ {lets} zeros(a{LONG}) }}"));
    let halves = lets.replace("+ 1", "/ 2");
    quickly(&format!("fn f(a0: i64) -> [f64; a0] {{ {halves} zeros(a{LONG}) }}"));
    quickly(&format!("fn f(x: f64) -> f64 {{ x {} }}", "+ 2 * x ".repeat(LONG)));
    quickly(&format!("fn f(x: i64) -> [f64; x] {{ zeros(x {}) }}", "+ x ".repeat(LONG)));
    let arms = "else if x > 1 { 1 } ".repeat(400);
    quickly(&format!("fn f(x: f64) -> f64 {{ if x > 0 {{ 1 }} {arms} else {{ 2.5 }} }}"));
    quickly(&format!("fn f(x: f64) -> f64 {{ sum([{} x]) }}", "1, ".repeat(LONG)));
    quickly(&format!("fn f(x: f64) -> f64 {{ sum([{} [x, 1]]) }}", "[1, 2], ".repeat(LONG)));
    let unknown = (0..LONG).fold(String::new(), |mut s, i| {
        let _ = writeln!(s, "unknown{i};");
        s
    });
    quickly(&format!("fn f(x: f64) {{ {unknown} }}"));
    let functions = (0..LONG).fold(String::new(), |mut s, i| {
        let _ = writeln!(s, "fn f{i}(x: f64) -> f64 {{ f{}(x) }}", (i + 1) % LONG);
        s
    });
    quickly(&functions);
}

#[test]
fn growing_shapes_stay_small() {
    let slices = "let x = x[1..len(x)]; ".repeat(5000);
    quickly(&format!("fn f(x: [f64; n]) -> f64 {{ {slices} sum(x) }}"));
    let doubled = "let x = double(x); ".repeat(5000);
    quickly(&format!(
        "fn double(x: [f64; n]) -> [f64; n * n + n / 2] {{ zeros(n * n + n / 2) }} fn f(x: [f64; n]) -> f64 {{ {doubled} sum(x) }}"
    ));
    let parameters = (0..2000)
        .map(|i| format!("x{i}: [f64; n{i} + n{}], y{i}: [f64; n{i}]", (i + 1) % 2000))
        .collect::<Vec<_>>()
        .join(", ");
    quickly(&format!("fn f({parameters}) {{ }}"));
    let lent = (0..2000).map(|i| format!("&mut x{i}")).collect::<Vec<_>>().join(", ");
    let lent_parameters = (0..2000).map(|i| format!("x{i}: &mut f64")).collect::<Vec<_>>().join(", ");
    quickly(&format!("fn g({lent_parameters}) {{ }} fn f({lent_parameters}) {{ g({lent}); }}"));
}

/// The deepest trees that the parser lets pass fit a thread of one megabyte.
#[test]
fn deep_programs_fit_small_stacks() {
    let deep = |open: &str, middle: &str, close: &str| {
        let n = 240;
        format!("fn f(x: f64, v: [f64; n]) -> f64 {{ {}{middle}{} }}", open.repeat(n), close.repeat(n))
    };
    let sources = [
        deep("(1 + ", "x", ")"),
        deep("sin(", "x", ")"),
        deep("-", "x", ""),
        deep("{ ", "x", " }"),
        deep("if x > 0 { ", "x", " } else { 1 }"),
        deep("sum([", "x", "])"),
        deep("v[i64(", "x", ")]"),
        deep("normal_logpdf(", "x", ", 0, 1)"),
        deep("sum(", "x", " for i in 0..2)"),
        deep("(x, ", "x", ").1"),
        deep("x ^ ", "2", ""),
    ];
    let check_all = move || {
        for source in &sources {
            survive(source);
        }
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(check_all).unwrap();
    thread.join().unwrap();
}

#[test]
fn nested_calls_that_lend_are_refused_once() {
    let mut call = "x".to_owned();
    for _ in 0..60 {
        call = format!("g(&mut y, {call})");
    }
    let found =
        mistakes(&format!("fn g(a: &mut f64, b: f64) -> f64 {{ b }} fn f(x: f64, y: &mut f64) -> f64 {{ {call} }}"));
    assert!(found.iter().all(|m| m.starts_with("AD0403")), "{found:?}");
    assert!(checked("fn f() { }").program.is_some());
}
