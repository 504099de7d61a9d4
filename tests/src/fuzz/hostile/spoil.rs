//! Ways to spoil a text.

use crate::fuzz::rng::Rng;

/// What texts of either kind are made of.
const WORDS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ":",
    "..",
    "..=",
    "=",
    "+=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "@",
    "&",
    "&mut ",
    "&&",
    "||",
    "!",
    "<",
    ">",
    "==",
    "->",
    ".",
    "|",
    "\"",
    "//",
    "///",
    "fn ",
    "let ",
    "mut ",
    "if ",
    "else ",
    "for ",
    "in ",
    "while ",
    "return ",
    "break;",
    "continue;",
    "struct ",
    "const ",
    "import ",
    "true",
    "false",
    "f64",
    "i64",
    "bool",
    "f32",
    "sum(",
    "max(",
    "zeros(",
    "sqrt(",
    "transpose(",
    "grad(",
    "len(",
    "step ",
    "x",
    "n",
    "0",
    "1",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "1e308",
    "1e-320",
    "nan",
    "inf",
    "99999999999999999999",
    "0x",
    "1.",
    ".5",
    "1e",
    "_",
    "é",
    "\u{0}",
    "\u{202e}",
    "𝛼",
    "func @f(",
    "v0",
    "v1",
    "v99999999",
    "d0",
    "yield ",
    "const ",
    "load ",
    "store ",
    "tape.push ",
    "call @f(",
    "rev ",
    "alloc ",
    "mut [f64; d0]",
    "[f64; 3]",
    "tape<(f64)>",
];

/// What is nested deeply.
const NESTS: &[(&str, &str)] = &[
    ("(", ")"),
    ("[", "]"),
    ("{", "}"),
    ("-", ""),
    ("!", ""),
    ("if true {", "}"),
    ("if x > 0.0 { 1.0 } else { ", "}"),
    ("for i in 0..1 {", "}"),
    ("while false {", "}"),
    ("sin(", ")"),
    ("f(", ")"),
    ("x[", "]"),
    ("2^", ""),
    ("1 + ", ""),
    ("1 * (", ")"),
    ("&mut ", ""),
    ("|x| ", ""),
    ("//", "\n"),
    ("let x = ", ";"),
    ("struct S {", "}"),
    ("((x, y), ", ")"),
    ("v5 = if v4 {", "}"),
];

/// A good text, spoiled in one to four ways.
pub(super) fn spoiled(corpus: &[String], rng: &mut Rng) -> String {
    let mut text = rng.pick(corpus).clone();
    for _ in 0..1 + rng.weighted(&[5, 3, 2, 1]) {
        text = once(text, corpus, rng);
        // Repeated repetition is no new mistake.
        let mut end = text.len().min(LARGEST);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}

/// No text is longer.
const LARGEST: usize = 1 << 20;

fn once(text: String, corpus: &[String], rng: &mut Rng) -> String {
    match rng.below(16) {
        0 => bytes(text, rng),
        1 => cut(&text, rng).0.to_owned(),
        2 => cut(&text, rng).1.to_owned(),
        3 => {
            let other: &String = rng.pick(corpus);
            splice(&text, other, rng)
        }
        4 => nest(&text, rng),
        5 => lines(&text, rng, |rng, lines| {
            let (a, b) = (rng.below(lines.len()), rng.below(lines.len()));
            lines.swap(a, b);
        }),
        6 => lines(&text, rng, |rng, lines| {
            let k = rng.below(lines.len());
            lines.remove(k);
        }),
        7 => lines(&text, rng, |rng, lines| {
            let k = rng.below(lines.len());
            let line = lines[k];
            let times = if rng.percent(3) { 2000 } else { 1 + rng.below(3) };
            (0..times).for_each(|_| lines.insert(k, line));
        }),
        8 => numbers(&text, rng),
        _ => tokens(&text, corpus, rng),
    }
}

/// A place between two characters.
fn place(text: &str, rng: &mut Rng) -> usize {
    let mut at = rng.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn cut<'t>(text: &'t str, rng: &mut Rng) -> (&'t str, &'t str) {
    text.split_at(place(text, rng))
}

fn bytes(text: String, rng: &mut Rng) -> String {
    let mut bytes = text.into_bytes();
    for _ in 0..1 + rng.below(4) {
        let at = rng.below(bytes.len() + 1);
        match rng.below(3) {
            0 if at < bytes.len() => bytes[at] = (rng.bits() % 256) as u8,
            1 if at < bytes.len() => {
                bytes.remove(at);
            }
            _ => bytes.insert(at, (rng.bits() % 128) as u8),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn splice(a: &str, b: &str, rng: &mut Rng) -> String {
    format!("{}{}", cut(a, rng).0, cut(b, rng).1)
}

fn nest(text: &str, rng: &mut Rng) -> String {
    let &(open, close) = rng.pick(NESTS);
    let depth = *rng.pick(&[3, 20, 100, 260, 3000, 50_000]);
    let (before, after) = cut(text, rng);
    let closing = if rng.percent(70) { depth } else { rng.below(depth + 1) };
    format!("{before}{}{}{after}", open.repeat(depth), close.repeat(closing))
}

fn lines(text: &str, rng: &mut Rng, change: impl FnOnce(&mut Rng, &mut Vec<&str>)) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return text.to_owned();
    }
    change(rng, &mut lines);
    lines.join("\n")
}

/// A number becomes another.
fn numbers(text: &str, rng: &mut Rng) -> String {
    let digits: Vec<usize> = text.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(i, _)| i).collect();
    if digits.is_empty() {
        return text.to_owned();
    }
    let at = *rng.pick(&digits);
    let new = *rng.pick(&[
        "0",
        "-1",
        "1",
        "7",
        "9223372036854775807",
        "1000000000",
        "4294967296",
        "1e400",
        "nan",
        "0.0",
        "(1/0)",
        "00",
    ]);
    format!("{}{new}{}", &text[..at], &text[at + 1..])
}

/// A word goes, comes, or becomes another one of this or another text.
fn tokens(text: &str, corpus: &[String], rng: &mut Rng) -> String {
    let words = words(text);
    if words.is_empty() {
        return text.to_owned();
    }
    let (start, end) = *rng.pick(&words);
    let other = match rng.below(3) {
        0 => (*rng.pick(WORDS)).to_owned(),
        1 => {
            let (a, b) = *rng.pick(&words);
            text[a..b].to_owned()
        }
        _ => {
            let from = rng.pick(corpus);
            let words = self::words(from);
            let (a, b) = if words.is_empty() { (0, 0) } else { *rng.pick(&words) };
            from[a..b].to_owned()
        }
    };
    match rng.below(4) {
        0 => format!("{}{}", &text[..start], &text[end..]),
        1 => format!("{}{other} {}", &text[..start], &text[start..]),
        _ => format!("{}{other}{}", &text[..start], &text[end..]),
    }
}

/// Runs of letters and digits, and single other characters.
fn words(text: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut in_word = false;
    for (i, c) in text.char_indices() {
        let word = c.is_alphanumeric() || c == '_';
        match found.last_mut() {
            Some(last) if word && in_word => last.1 = i + c.len_utf8(),
            _ if c.is_whitespace() => {}
            _ => found.push((i, i + c.len_utf8())),
        }
        in_word = word;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_and_single_characters() {
        let text = "x1 += (é);";
        let found: Vec<&str> = words(text).into_iter().map(|(a, b)| &text[a..b]).collect();
        assert_eq!(found, ["x1", "+", "=", "(", "é", ")", ";"]);
    }

    #[test]
    fn spoiling_never_stops_and_is_the_same_every_time() {
        let corpus = vec![String::new(), "fn f(x: f64) -> f64 { x }".to_owned(), "é𝛼".to_owned()];
        for i in 0..2000 {
            let once = spoiled(&corpus, &mut Rng::new(3, i));
            assert_eq!(once, spoiled(&corpus, &mut Rng::new(3, i)));
        }
    }
}
