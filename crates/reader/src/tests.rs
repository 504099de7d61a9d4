//! Reading is the inverse of printing, and no text does harm.

use super::*;
use adit_ir::{Prim, ScalarType, print_module, same_modules};

/// Every operation and every form, as printing writes them.
const EVERYTHING: &str = r#"func @horner(v0: f64, v1: [f64; d0]) -> f64 {
  v2 = const 0.0
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = mul v5, v0
    v7 = load v1[v4]
    v8 = add v6, v7
    yield v8
  }
  return v3
}

func @"an odd name\n"(v0: f64, v1: [f64; d0, d1], v2: mut [i64; d1, 3], v3: bool, v4: mut [bool; 2]) -> (f64, i64, bool) {
  v5 = const -3
  v6 = const nan
  v7 = const -inf
  v8 = const inf
  v9 = const 1e-300
  v10 = const -0.0
  v11 = const nan(0xfff8000000000001)
  v12 = const true
  v13 = cmp lt v0, v9
  v14 = select v13, v0, v9
  v15, v16 = if v13 {
    v17 = const 2.0
    yield v17, v5
  } else {
    yield v14, v5
  }
  if v3 {
    store v4[0], v12
  }
  if v3 {
  } else {
    fill v4, v3
  }
  for rev v18 in v5..-1 step -2 checkpoint binomial v5 {
    for v19 in d0..v18 {
      v20 = alloc [f64; d0, v5, 4]
      acc v20[0, v18, 3], v0
      store v2[v19, 2], v5
    }
  }
  v21 = alloc [f64; d0, d1]
  copy v21, v1
  v22, v23 = while (v24: f64 = v0, v25: i64 = v5) {
    v26 = cmp ne v24, v9
    yield v26
  } do (v27, v28) {
    v29 = exp v27
    v30 = iadd v28, v28
    yield v29, v30
  }
  while {
    yield v3
  } do {
    assert v3, step_limit
  }
  v31 = alloc [f64; d1]
  v32 = call @horner(v0, v31)
  v33 = tape.new (f64, i64, bool)
  tape.push v33, (v0, v5, v3)
  v34, v35, v36 = tape.pop v33
  assert v3, index_out_of_range(v5, 4)
  assert v3, failed("no \"way\"\n\u{7f}é")
  assert v3, shape_mismatch("left and right")(v5, d1)
  assert v3, empty_tape
  print
  print "x =", v0, v1
  print v12
  v37 = not v12
  call @nothing()
  return v32, v35, v36
}

func @nothing() {
}

func @mixed(v0: mut tape, v1: f64) -> (i64, bool) {
  tape.push v0, (v1)
  v2, v3 = tape.pop v0 (i64, bool)
  v4 = tape.new
  v5, v6 = call @mixed(v4, v1)
  return v2, v3
}

func @horner__jvp(v0: f64, v1: [f64; d0], v2: f64) -> (f64, f64) = jvp @horner wrt v0

func @horner__jvp3(v0: f64, v1: [f64; d0], v2: [f64; d0, 3]) -> (f64, f64, f64, f64) = silent jvp 3 @horner wrt v1

func @horner__jvp2(v0: f64, v1: [f64; d0], v2: f64, v3: f64) -> (f64, f64, f64) = silent served jvp 2 @horner wrt v0

func @nothing__vjp() = served vjp @nothing
"#;

fn read(text: &str) -> Result<Module, Vec<Diagnostic>> {
    read_module(FileId(0), text)
}

fn complaint(text: &str) -> (u32, u32, String) {
    let errors = read_verified(FileId(0), text).expect_err("the text is wrong");
    let first = &errors[0];
    (first.span.start, first.span.end, first.message.clone())
}

#[test]
fn lanes_have_a_limit() {
    for lanes in ["0", "65", "-1", "99999999999999999999"] {
        let text = format!("func @f(v0: f64) -> f64 {{\n  return v0\n}}\n\nfunc @g(v0: f64) -> f64 = jvp {lanes} @f\n");
        let (.., message) = complaint(&text);
        assert!(message.contains("lanes") || message.contains("64 bits"), "{message}");
    }
    let reverse = "func @f(v0: f64) -> f64 {\n  return v0\n}\n\nfunc @g(v0: f64, v1: f64) -> f64 = vjp 2 @f\n";
    assert!(complaint(reverse).2.contains("lanes"));
}

#[test]
fn what_is_printed_reads_back() {
    let module = read_verified(FileId(0), EVERYTHING).expect("the text is right");
    let printed = print_module(&module);
    assert_eq!(printed, EVERYTHING);
    let again = read(&printed).expect("what is printed reads");
    assert!(same_modules(&module, &again));
}

#[test]
fn any_numbers_and_layout_will_do() {
    let odd = "; a comment; still the same one
func @f(v7: mut [f64 ; d0],v3:f64)->f64{v9=exp v3 ; [f64; no type
store v7[ 0 ] , v9 print v9 v10=exp v9 return v10}";
    let plain = "func @f(v0: mut [f64; d0], v1: f64) -> f64 {
  v2 = exp v1
  store v0[0], v2
  print v2
  v3 = exp v2
  return v3
}
";
    // A `;` after the element type separates only if nothing but blanks is between.
    let module = read_verified(FileId(0), odd).expect("the text is right");
    assert_eq!(print_module(&module), plain);
}

#[test]
fn instructions_know_their_place() {
    let text = "func @f(v0: bool) {\n  if v0 {\n    v1 = const 1.0\n  }\n}\n";
    let module = read(text).expect("the text is right");
    let (_, f) = module.iter().next().expect("there is one");
    let mut places = Vec::new();
    f.walk(&mut |inst| {
        let span = f.inst(inst).span;
        places.push(&text[span.start as usize..span.end as usize]);
    });
    assert_eq!(places, ["if v0", "v1 = const 1.0"]);
    assert_eq!(&text[f.span.start as usize..f.span.end as usize], "func @f(v0: bool)");
}

#[test]
fn complaints_have_a_place_and_a_reason() {
    let cases = [
        ("x", "x", "a module is a list of functions, each beginning with `func`"),
        ("func @f() { v0 = frob v1 }", "frob", "expected an operation, found `frob`"),
        ("func @f() { v0 = exp v1 }", "v1", "`v1` is not defined before"),
        ("func @f(v0: f64, v0: f64) { }", "v0", "`v0` is defined twice"),
        ("func @f() { v0 = const 1 v0 = const 2 }", "v0", "`v0` is defined twice"),
        ("func @f(v0: [f64; d1]) { }", ")", "no parameter mentions d0, but one with a larger number"),
        ("func @f(v0: f64) { v1 = load v0[0] }", "v0", "this is no array"),
        ("func @f() { v0, v1 = const 1 }", "v0, v1 = const 1", "this gives 1 results, and 2 are named"),
        ("func @f() { call @g() }", "@g", "there is no function of this name"),
        ("func @f() { v0 = const 99999999999999999999 }", "99999999999999999999", "this integer does not fit 64 bits"),
        ("func @f() { v0 = const 1e999 }", "1e999", "this float is too large"),
        ("func @f() { v0 = const nan(0x1) }", "0x1", "these are not the bits of a NaN"),
        ("func @f() { ~ }", "~", "`~` begins no word of the text form"),
        ("func @f() { ", "", "expected an operation, found the end of the text"),
        ("func @f() { } }", "}", "expected `func`, found `}`"),
        ("func @f(v0: [f64; 2]) { return v0 }", "func @f(v0: [f64; 2])", "v0 is no scalar, so it cannot be returned"),
        (
            "func @f(v0: bool) { assert v0, failed }",
            "failed",
            "`failed` is no run-time error, or has no text, or lacks its text",
        ),
    ];
    for (text, place, reason) in cases {
        let (start, end, message) = complaint(text);
        assert_eq!(message, reason, "in {text}");
        assert_eq!(&text[start as usize..end as usize], place, "in {text}");
    }
}

#[test]
fn each_function_gives_its_own_complaint() {
    let errors = read("func @f() { ? }").expect_err("no word");
    assert_eq!(errors.len(), 1);
    let errors = read("func @f() { v0 = x } func @g() { } func @h() { v0 = y }").expect_err("two are wrong");
    assert_eq!(errors.len(), 2);
    assert!(errors.iter().all(|d| d.code == SYNTAX));
}

#[test]
fn what_does_not_verify_has_a_code_of_its_own() {
    let errors = read_verified(FileId(0), "func @f(v0: f64) { v1 = iadd v0, v0 }").expect_err("wrong types");
    assert!(errors.iter().all(|d| d.code == ILL_FORMED && !d.span.is_none()), "{errors:?}");
}

#[test]
fn no_primitive_is_called_like_a_word_of_the_text_form() {
    for word in ["func", "return", "yield", "mut", "else", "do", "rev", "in", "step", "true", "false", "inf", "nan"] {
        assert_eq!(Prim::from_name(word), None);
    }
    for (word, _) in ops::OPERATIONS {
        assert_eq!(Prim::from_name(word), None);
    }
}

#[test]
fn every_primitive_reads_back() {
    for &prim in Prim::ALL {
        let signature = prim.row().signature;
        for &float in signature.float_types() {
            reads_back(prim, float);
        }
    }
}

fn reads_back(prim: Prim, float: ScalarType) {
    let signature = prim.row().signature;
    let params: Vec<String> = signature.args_at(float).enumerate().map(|(i, ty)| format!("v{i}: {ty}")).collect();
    let args: Vec<String> = (0..signature.args.len()).map(|i| format!("v{i}")).collect();
    let (n, name, ty) = (args.len(), prim.name(), signature.result.at(float));
    let (params, args) = (params.join(", "), args.join(", "));
    let text = format!("func @f({params}) -> {ty} {{\n  v{n} = {name} {args}\n  return v{n}\n}}\n");
    let module = read_verified(FileId(0), &text).expect("the text is right");
    assert_eq!(print_module(&module), text);
}

#[test]
fn literals_of_single_precision_read_back() {
    for literal in ["0.1", "-0.0", "1e-45", "inf", "-inf", "nan", "nan(0x7fc00001)", "3.4028235e38"] {
        let text = format!("func @f() -> f32 {{\n  v0 = const f32 {literal}\n  return v0\n}}\n");
        let module = read_verified(FileId(0), &text).expect("the text is right");
        assert_eq!(print_module(&module), text);
    }
    let wrong = |literal: &str| complaint(&format!("func @f() -> f32 {{ v0 = const f32 {literal} return v0 }}")).2;
    assert!(wrong("1e39").contains("too large"));
    assert!(wrong("nan(0x7fc0000100000000)").contains("NaN"));
    assert!(wrong("1").contains("literal"));
}

#[test]
fn the_two_float_types_do_not_mix() {
    let text = "func @f(v0: f64, v1: f32) -> f64 { v2 = add v0, v1 return v2 }";
    assert!(read_verified(FileId(0), text).is_err());
}

#[test]
fn deep_texts_are_refused_and_the_deepest_read() {
    let nested = |depth: usize| {
        let (open, close) = ("if v0 { ".repeat(depth - 1), "} ".repeat(depth - 1));
        format!("func @f(v0: bool) {{ {open} {close} }}")
    };
    assert!(read_verified(FileId(0), &nested(verify::MAX_NESTING)).is_ok());
    assert!(complaint(&nested(100_000)).2.contains("nest"));
    assert!(read(&"func @f() { if ".repeat(10_000)).is_err());
}

#[test]
fn long_texts_are_quick() {
    let mut text = String::from("func @f(v0: f64) {\n");
    for i in 1..100_000 {
        text += &format!("v{i} = add v{}, v0\n", i - 1);
    }
    text += "}";
    assert!(read_verified(FileId(0), &text).is_ok());
}

/// A small generator of numbers; the same numbers on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// One change: a word or a line is dropped, doubled, or replaced by another; or a byte is changed.
fn mutate(random: &mut Random, text: &str) -> String {
    let separator = [' ', '\n'][random.below(2)];
    let mut parts: Vec<String> = text.split(separator).map(String::from).collect();
    let (i, j) = (random.below(parts.len()), random.below(parts.len()));
    match random.below(6) {
        0 => drop(parts.remove(i)),
        1 => parts.insert(i, parts[j].clone()),
        2 => parts.swap(i, j),
        3 => parts[i] = parts[j].clone(),
        4 => parts[i] = format!("v{},", random.below(40)),
        _ => {
            let mut bytes = std::mem::take(&mut parts[i]).into_bytes();
            let at = random.below(bytes.len() + 1);
            bytes.insert(at, b" (){}[];:,=-.0123456789\"\\@vdx\x80"[random.below(29)]);
            parts[i] = String::from_utf8_lossy(&bytes).into_owned();
        }
    }
    parts.join(&separator.to_string())
}

#[test]
fn no_text_does_harm() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut read_count, mut verified) = (0, 0);
    for _ in 0..6_000 {
        let mut text = EVERYTHING.to_string();
        for _ in 0..=random.below(3) {
            text = mutate(&mut random, &text);
        }
        let Ok(module) = read(&text) else { continue };
        read_count += 1;
        let printed = print_module(&module);
        if verify(&module).is_ok() {
            verified += 1;
            let again = read(&printed).unwrap_or_else(|e| panic!("{e:?}\n{text}"));
            assert!(same_modules(&module, &again), "{text}");
            assert_eq!(print_module(&again), printed);
        }
    }
    // The mutations are worth something only if many of their results get far.
    assert!(read_count > 300 && verified > 100, "{read_count} read, {verified} verified");
}
