//! What is read: JSON, columns, arrays, standard input.

mod common;

use common::{adit, fed, file, same};
use serde_json::{Value as Json, json};

const ECHO: &str = "fn f(x: f64, n: i64, b: bool, v: [f64; k], m: [f64; r, c], i: [i64; k2]) -> \
                    (f64, i64, bool, [f64; k], [f64; r, c], [i64; k2]) { (x, n, b, v, m, i) }";

fn echo(x: &str, n: &str, v: &str, m: &str) -> Json {
    let at = format!("{{\"x\": {x}, \"n\": {n}, \"b\": true, \"v\": {v}, \"m\": {m}, \"i\": [1, -2]}}");
    fed(ECHO.as_bytes(), &["run", "-", "--at", &at, "--json"]).json()["value"].clone()
}

#[test]
fn values_come_back_as_they_went_in() {
    let value = echo("0.1", "-9223372036854775808", "[1, 2.5, 1e-320]", "[[1, 2, 3], [4, 5, 6]]");
    assert_eq!(value[0].as_f64(), Some(0.1));
    assert_eq!(value[1].as_i64(), Some(i64::MIN));
    assert_eq!(value[2], json!(true));
    assert_eq!(value[3][2].as_f64(), Some(1e-320));
    assert_eq!(value[4], json!([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    assert_eq!(value[5], json!([1, -2]));
}

#[test]
fn special_floats_are_texts() {
    let value = echo("\"NaN\"", "0", "[\"Infinity\", \"-Infinity\", -0.0]", "[[0]]");
    assert_eq!(value[0], json!("NaN"));
    assert_eq!(value[3][0], json!("Infinity"));
    assert_eq!(value[3][1], json!("-Infinity"));
    assert!(value[3][2].as_f64().is_some_and(|z| z == 0.0 && z.is_sign_negative()));
}

#[test]
fn empty_arrays_have_extents() {
    let value = echo("1", "3.0", "[]", "[[], []]");
    assert_eq!(value[1], json!(3));
    assert_eq!(value[3], json!([]));
    assert_eq!(value[4], json!([[], []]));
    assert_eq!(echo("1", "3", "[]", "[]")[4], json!([]));
}

#[test]
fn every_float_reads_back_bit_for_bit() {
    let source = b"fn f(x: [f64; n]) -> [f64; n] { x }";
    let mut state = 1u64;
    let mut floats = vec![f64::MAX, f64::MIN_POSITIVE, 5e-324, -1.0 / 3.0, 9007199254740993.0];
    while floats.len() < 500 {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let x = f64::from_bits(state);
        if x.is_finite() {
            floats.push(x);
        }
    }
    let at = json!({ "x": floats }).to_string();
    let ran = fed(source, &["run", "-", "--at", &at, "--json"]).json();
    let back: Vec<u64> = ran["value"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap().to_bits()).collect();
    assert_eq!(back, floats.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
}

fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).expect("headers are short").to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn columns_and_arrays_are_relative_to_the_json_file() {
    file("refs", "t.csv", b"x,y,flag\n1,0.5,true\n2,-1e3,false\n");
    let numbers: Vec<u8> = [1.0f64, 2.0, 3.0, 4.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    file("refs", "m.npy", &npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }\n", &numbers));
    let at = file("refs", "at.json", br#"{"x": "@t.csv:x", "y": "@t.csv:y", "k": "@t.csv:x", "m": "@m.npy"}"#);
    let source =
        "fn f(x: [f64; n], y: [f64; n], k: [i64; n], m: [f64; n, n]) -> f64 { sum(x * y) + f64(k[1]) + m[1, 0] }";
    let at = format!("@{}", at.display());
    let ran = fed(source.as_bytes(), &["grad", "-", "--at", &at, "--json"]).json();
    let gradient = json!({"x": [0.5, -1000.0], "y": [1.0, 2.0], "m": [[0.0, 0.0], [1.0, 0.0]]});
    same(&json!({"value": -1994.5, "gradient": gradient}), &ran);
}

#[test]
fn references_in_text_are_relative_to_the_working_folder() {
    let at = r#"{"x": "@examples/data/iris.csv:petal_length"}"#;
    let ran = fed(b"fn f(x: [f64; n]) -> i64 { n }", &["run", "-", "--at", at, "--json"]);
    assert_eq!(ran.json()["value"], json!(150));
    let rows = r#"{"m": ["@examples/data/iris.csv:petal_length", "@examples/data/iris.csv:petal_width"]}"#;
    let ran = fed(b"fn f(m: [f64; r, n]) -> i64 { r * 1000 + n }", &["run", "-", "--at", rows, "--json"]);
    assert_eq!(ran.json()["value"], json!(2150));
}

#[test]
fn standard_input_holds_the_program_or_the_arguments() {
    let ran = fed(b"fn f(x: f64) -> f64 { x * x }", &["grad", "-", "--at", "{\"x\": 3}", "--json"]);
    same(&json!({"value": 9.0, "gradient": {"x": 6.0}}), &ran.json());
    let ran = fed(b"{\"x\": 3}", &["grad", "examples/nice_function.ad", "--at", "@-", "--json"]);
    same(&json!({"value": 7.0, "gradient": {"x": 2.0}}), &ran.json());
}

#[test]
fn directions_and_seeds_come_from_files_too() {
    let dir = file("dirs", "dir.json", b"{\"x\": 2}");
    let dir = format!("@{}", dir.display());
    let ran = adit(&["jvp", "examples/nice_function.ad", "--at", "{\"x\": 3}", "--dir", &dir, "--json"]);
    same(&json!({"value": 7.0, "tangent": 4.0}), &ran.json());
    let seed = file("dirs", "seed.json", b"\xef\xbb\xbf 5");
    let seed = format!("@{}", seed.display());
    let ran = adit(&["vjp", "examples/nice_function.ad", "--at", "{\"x\": 3}", "--seed", &seed, "--json"]);
    same(&json!({"value": 7.0, "cotangent": {"x": 10.0}}), &ran.json());
}

#[test]
fn nobody_reading_to_the_end_is_no_error() {
    use std::io::Read;
    use std::process::Stdio;
    let many: Vec<f64> = vec![1.5; 200_000];
    let at = file("pipe", "at.json", json!({ "x": many }).to_string().as_bytes());
    let source = file("pipe", "f.ad", b"fn f(x: [f64; n]) -> [f64; n] { 2 * x }");
    let at = format!("@{}", at.display());
    let mut command = common::command(&["run", source.to_str().unwrap(), "--at", &at, "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), done.stderr.as_slice()), (Some(0), &b""[..]));
}
