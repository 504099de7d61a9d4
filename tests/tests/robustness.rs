//! No text harms the compiler: it compiles, or it is refused with a code.
//!
//! Long, deep, cut off, shuffled and random texts. What compiles is run, and differentiated in both modes, at made-up arguments under limits; what comes out is
//! not looked at. A panic fails the test; a stack overflow, a signal or an endless loop ends it.

use adit::{Array, Data, Engine, Error, Function, Limits, Mode, Module, ScalarType, Type, Value};
use adit_tests::{check_all, files};
use std::fmt::Write;

/// Compiles, runs what can be run, and gives the codes of what was told at compile time.
fn codes(source: &str) -> Vec<String> {
    let limits = |limits: &mut Limits| (limits.steps, limits.memory_bytes) = (Some(10_000), 16 << 20);
    match Engine::builder().limits(limits).build().and_then(|engine| engine.compile(source)) {
        Ok(module) => {
            run_all(&module);
            Vec::new()
        }
        Err(error) => told(&error),
    }
}

fn told(error: &Error) -> Vec<String> {
    assert!(!error.render(false).is_empty());
    let codes: Vec<String> = error.diagnostics().iter().map(|d| d.code.to_string()).collect();
    assert!(!codes.is_empty());
    assert!(codes.iter().all(|c| c != "AD9999"), "{}", error.render(false));
    codes
}

fn run_all(module: &Module) {
    for name in module.function_names() {
        match module.function(name) {
            Ok(function) => run(&function),
            Err(error) => drop(told(&error)),
        }
    }
}

/// Runs a function and its derivatives. Nothing is asked of the numbers.
fn run(function: &Function) {
    let args: Vec<Value> = function.signature().params.iter().map(|p| sample(&p.ty)).collect();
    let outcomes = [
        function.call(&args).map(drop),
        function.gradient().at(&args).map(drop),
        function.gradient().mode(Mode::Forward).at(&args).map(drop),
    ];
    outcomes.iter().filter_map(|o| o.as_ref().err()).for_each(|e| drop(told(e)));
}

/// A value of this type; dimensions that have names are 2.
fn sample(ty: &Type) -> Value {
    match ty {
        Type::Scalar(ScalarType::F64) => Value::F64(0.75),
        Type::Scalar(ScalarType::F32) => Value::F32(0.75),
        Type::Scalar(ScalarType::I64) => Value::I64(2),
        Type::Scalar(ScalarType::Bool) => Value::Bool(true),
        Type::Array { element, dims } => {
            let dims: Vec<usize> = dims.iter().map(|d| d.parse().unwrap_or(2).min(64)).collect();
            let size: usize = dims.iter().product();
            let data = match element {
                ScalarType::F64 => Data::F64((0..size).map(|i| 0.5 + i as f64).collect()),
                ScalarType::F32 => Data::F32((0..size).map(|i| 0.5 + i as f32).collect()),
                ScalarType::I64 => Data::I64(vec![1; size]),
                ScalarType::Bool => Data::Bool(vec![true; size]),
            };
            Value::Array(Array { dims, data })
        }
        Type::Struct { fields, .. } => Value::Struct(fields.iter().map(|(n, t)| (n.clone(), sample(t))).collect()),
        Type::Tuple(items) => Value::Tuple(items.iter().map(sample).collect()),
    }
}

/// A small generator of random numbers: the same on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

#[test]
fn deep_brackets_are_refused() {
    for (open, close) in [("(", ")"), ("[", "]"), ("{", "}"), ("-", ""), ("!", ""), ("sin(", ")")] {
        let (open, close) = (open.repeat(100_000), close.repeat(100_000));
        let told = codes(&format!("fn f(x: f64) -> f64 {{ {open}x{close} }}"));
        assert!(told.iter().any(|c| c == "AD0006"), "{told:?}");
    }
}

#[test]
fn deep_statements_are_refused() {
    for head in ["if x > 0 { ", "while true { ", "for i in 0..2 { ", "{ "] {
        let (open, close) = (head.repeat(20_000), "}".repeat(20_000));
        let told = codes(&format!("fn f(x: f64) -> f64 {{ {open} {close} x }}"));
        assert!(told.iter().any(|c| c == "AD0006"), "{head}: {told:?}");
    }
}

#[test]
fn deep_types_are_refused() {
    let (open, close) = ("(".repeat(50_000), ")".repeat(50_000));
    let told = codes(&format!("fn f(x: {open}f64{close}) -> f64 {{ 1.0 }}"));
    assert!(!told.is_empty());
}

#[test]
fn long_chains_of_operators_compile_or_meet_a_limit() {
    for operator in ["+", "*", "-"] {
        let chain = format!(" {operator} x").repeat(10_000);
        let told = codes(&format!("fn f(x: f64) -> f64 {{ x{chain} }}"));
        assert!(told.is_empty() || told == ["AD0701"], "{told:?}");
    }
    let told = codes(&format!("fn f(x: f64) -> bool {{ x > 0{} }}", " && x > 0".repeat(10_000)));
    assert!(told.is_empty() || told == ["AD0701"] || told == ["AD0006"], "{told:?}");
}

#[test]
fn long_chains_of_else_if_compile_or_meet_a_limit() {
    let mut source = String::from("fn f(x: f64) -> f64 { if x > 0 { 1.0 }");
    for i in 1..5_000 {
        write!(source, " else if x > -{i}.0 {{ {i}.0 }}").unwrap();
    }
    source.push_str(" else { 0.0 } }");
    let told = codes(&source);
    assert!(told.is_empty() || told == ["AD0701"] || told == ["AD0006"], "{told:?}");
}

/// A function of so many statements, each of which depends on the one before.
fn straight(statements: usize) -> String {
    let mut source = String::from("fn f(x: f64) -> f64 {\n    let mut s = x;\n");
    for i in 0..statements {
        writeln!(source, "    s = s * x + {i}.5;").expect("text takes text");
    }
    source.push_str("    s\n}\n");
    source
}

#[test]
fn a_hundred_thousand_statements_compile() {
    assert!(Engine::new().compile(&straight(100_000)).is_ok());
}

#[test]
fn ten_thousand_statements_are_differentiated() {
    assert_eq!(codes(&straight(10_000)), Vec::<String>::new());
}

/// Functions that call one another in a row; the first calls nothing.
fn chain(length: usize, link: &str) -> String {
    let mut source = String::from("fn f0(x: f64) -> f64 { sin(x) * x }\n");
    for i in 1..length {
        let body = link.replace("NEXT", &format!("f{}", i - 1));
        writeln!(source, "fn f{i}(x: f64) -> f64 {{ {body} }}").expect("text takes text");
    }
    source
}

/// Takes the gradient of the one function that no other calls.
fn gradient_of_the_last(source: &str) -> Vec<String> {
    let module = Engine::new().compile(source).expect("the chain compiles");
    let last = module.entry().expect("one function is not called");
    let gradient = last.gradient().at(&[Value::F64(0.75)]);
    gradient.map_or_else(|error| told(&error), |_| Vec::new())
}

#[test]
fn a_long_chain_of_calls_is_differentiated() {
    assert_eq!(gradient_of_the_last(&chain(400, "NEXT(x) + 1")), Vec::<String>::new());
}

#[test]
fn calls_that_double_at_each_level_are_differentiated() {
    assert_eq!(gradient_of_the_last(&chain(10, "NEXT(x) + NEXT(x * 0.5)")), Vec::<String>::new());
}

#[test]
fn a_thousand_early_returns_compile() {
    let mut source = String::from("fn f(x: f64) -> f64 {\n");
    for i in 0..1_000 {
        writeln!(source, "    if x < {i}.5 {{ return x * {i}.0; }}").unwrap();
    }
    source.push_str("    x\n}\n");
    assert_eq!(codes(&source), Vec::<String>::new());
}

#[test]
fn a_source_too_large_is_refused() {
    let source = "// nothing\n".repeat(2 << 20);
    assert_eq!(codes(&source), ["AD0009"]);
}

#[test]
fn programs_cut_off_anywhere_are_told() {
    check_all(&files("tests/filetests/run", ".ad"), |_, text| {
        let program = text.find("\n\n").map_or(text, |at| &text[at..]);
        let step = (program.len() / 40).max(1);
        for end in (0..program.len()).step_by(step).filter(|&i| program.is_char_boundary(i)) {
            codes(&program[..end]);
        }
        Vec::new()
    });
}

#[test]
fn programs_with_exchanged_words_are_told() {
    check_all(&files("tests/filetests/run", ".ad"), |path, text| {
        let program = text.find("\n\n").map_or(text, |at| &text[at..]);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut random = Random(name.bytes().fold(7, |h, b| h * 31 % 1_000_003 + u64::from(b)));
        let words: Vec<&str> = program.split_inclusive([' ', '\n', '(', ')', ';', ',']).collect();
        for _ in 0..20 {
            let mut words = words.clone();
            let (a, b) = (random.below(words.len()), random.below(words.len()));
            words.swap(a, b);
            words.remove(random.below(words.len()));
            codes(&words.concat());
        }
        Vec::new()
    });
}

#[test]
fn random_texts_are_told() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let pieces = [
        "fn", "f", "(", ")", "{", "}", "[", "]", "x", ":", "f64", "->", ";", ",", "1", "2.5", "+", "*", "^", "..",
        "for", "i", "in", "if", "else", "let", "mut", "=", "+=", "&mut", "@", "|", "||", "\"", "é", "\u{0}", "//",
        "\n", "struct", "const", "return", "while", "true", "<", "==", ".", "..=", "step", "1e", "0x", "import",
    ];
    for _ in 0..3_000 {
        let length = random.below(60);
        let text: Vec<&str> = (0..length).map(|_| pieces[random.below(pieces.len())]).collect();
        codes(&text.join(if random.below(2) == 0 { " " } else { "" }));
    }
}
