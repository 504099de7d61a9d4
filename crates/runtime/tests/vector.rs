//! Kernels of slices against the functions of the primitive table.
//!
//! In: every row of `vector`, on every kind of machine that this one is. Shown: the values that are exact (zeros, infinities, no numbers), nearness to the scalar functions at millions of random points, and that
//! a result depends on its operands alone: not on the place in the slice, its length, the destination, or company in a pair.

#![expect(unsafe_code, reason = "kernels are called by address, as compiled code does")]

use adit_ir::Prim;
use adit_ir::host::Scalar;
use adit_ir::prim::{Code, Signature};
use adit_ir::types::ScalarType;
use adit_runtime::vector::{At, Function, Level, ROWS, Row, Slice, address, single};
use std::collections::BTreeMap;

/// Levels that this machine has.
fn levels() -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().filter(|level| level.is_here())
}

/// Runs a kernel into new memory.
fn run(slice: &Slice, x: &[f64], y: &[f64]) -> [Vec<f64>; 2] {
    let (mut to, mut too) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    assert!(slice.run([&mut to, &mut too], [x, y]), "{}", slice.name);
    [to, too]
}

/// The scalar functions of a row.
fn scalar(row: &Row, x: f64, y: f64) -> [f64; 2] {
    let of = |prim: Prim, x: f64, y: f64| {
        let operands = [Scalar::F64(x), Scalar::F64(y)];
        match prim.apply(&operands[..prim.row().arity()]) {
            Ok(Scalar::F64(value)) => value,
            other => panic!("{prim}: {other:?}"),
        }
    };
    match row.function {
        Function::One(prim) => [of(prim, x, y), 0.0],
        Function::Pair(first, second, At::Same) => [of(first, x, y), of(second, x, y)],
        Function::Pair(first, second, At::Negated) => [of(first, x, y), of(second, -x, y)],
        Function::Pair(first, second, At::Swapped) => [of(first, x, y), of(second, y, x)],
    }
}

/// Reproducible numbers between 0 and 1.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Of every kind: near 1, of ordinary size, of any size, any bits.
    fn any(&mut self) -> f64 {
        let sign = if self.unit() < 0.5 { -1.0 } else { 1.0 };
        match (self.unit() * 5.0) as u32 {
            0 => sign * self.unit(),
            1 => sign * (0.9 + 0.2 * self.unit()),
            2 => sign * 40.0 * self.unit(),
            3 => sign * (1500.0 * (self.unit() - 0.5)).exp(),
            _ => sign * 750.0 * self.unit(),
        }
    }
}

/// Operands at which functions have exact values, or change their course.
fn odd_values() -> Vec<f64> {
    let positive = [
        0.0,
        f64::INFINITY,
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        2.5e-310,
        1e-300,
        1e-160,
        1e-20,
        1e-9,
        0.25,
        0.5,
        0.75,
        1.0 - f64::EPSILON / 2.0,
        1.0,
        1.0 + f64::EPSILON,
        1.5,
        2.0,
        2.5,
        3.0,
        8.0,
        27.0,
        100.0,
        708.3,
        709.782712893384,
        709.7827128933841,
        710.4758600739439,
        710.475860073944,
        745.1,
        745.2,
        746.0,
        1000.0,
        1e6,
        1.0000001e6,
        4503599627370495.5,
        4503599627370496.0,
        1e22,
        1e150,
        1e160,
        1e300,
    ];
    positive.iter().flat_map(|&x| [x, -x]).chain([f64::NAN]).collect()
}

/// Whether a value is as good as another: the same if there is nothing to round, else within some units of the last place.
fn agrees(got: f64, want: f64, units: f64, scale: f64) -> bool {
    if want.is_nan() || want.is_infinite() || want == 0.0 || got == 0.0 || !got.is_finite() {
        let nothing = want == 0.0 && got == 0.0 && want.is_sign_negative() == got.is_sign_negative();
        let tiny = (got - want).abs() <= units * 5e-324;
        return nothing
            || got == want && want != 0.0
            || got.is_nan() && want.is_nan()
            || tiny && (got != 0.0 || want != 0.0);
    }
    (got - want).abs() <= units * ulp(want.abs().max(scale))
}

fn ulp(x: f64) -> f64 {
    let x = x.abs().max(f64::MIN_POSITIVE);
    f64::from_bits(x.to_bits() + 1) - x
}

/// A sum that may vanish while its operands do not is as exact as they are.
fn scale(row: &Row, x: f64, y: f64) -> f64 {
    let (Function::One(first) | Function::Pair(first, _, _)) = row.function;
    scale_of(first, x, y)
}

fn scale_of(prim: Prim, x: f64, y: f64) -> f64 {
    if prim == Prim::Logaddexp && x.is_finite() && y.is_finite() { x.abs().max(y.abs()) } else { 0.0 }
}

/// Compares all kernels of a row with the scalar functions.
fn compare(row: &Row, x: &[f64], y: &[f64], units: f64) {
    let mut wrong = Vec::new();
    for level in levels() {
        let slice = &row.kernels[level as usize][0];
        let got = run(slice, x, y);
        for i in 0..x.len() {
            let want = scalar(row, x[i], y[i]);
            for k in 0..slice.results {
                let (value, scale) = (got[k][i], if k == 0 { scale(row, x[i], y[i]) } else { 0.0 });
                if !agrees(value, want[k], units, scale) {
                    wrong.push(format!("{} of {:e}, {:e}: {value:e}, not {:e}", slice.name, x[i], y[i], want[k]));
                }
            }
        }
    }
    let few: Vec<&String> = wrong.iter().take(9).collect();
    assert!(wrong.is_empty(), "{} are wrong: {few:#?}", wrong.len());
}

#[test]
fn special_values_are_those_of_the_scalar_functions() {
    let odd = odd_values();
    for row in ROWS {
        if row.kernels[0][0].sources == 1 {
            compare(row, &odd, &odd, 3.0);
            continue;
        }
        let x: Vec<f64> = odd.iter().flat_map(|&x| odd.iter().map(move |_| x)).collect();
        let y: Vec<f64> = odd.iter().flat_map(|_| odd.iter().copied()).collect();
        compare(row, &x, &y, 3.0);
    }
}

#[test]
fn random_points_are_near_the_scalar_functions() {
    let points: usize = std::env::var("ADIT_VECTOR_POINTS").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for row in ROWS {
        for _ in 0..points.div_ceil(10_000) {
            let mut draw = || (0..points.min(10_000)).map(|_| random.any()).collect::<Vec<f64>>();
            compare(row, &draw(), &draw(), 4.0);
        }
    }
}

#[test]
fn results_depend_on_operands_alone() {
    let mut random = Random(7);
    let mut draw = || (0..48).map(|i| if i % 7 == 3 { odd_values()[i] } else { random.any() }).collect::<Vec<f64>>();
    let (x, y) = (draw(), draw());
    for (row, level) in ROWS.iter().flat_map(|row| levels().map(move |level| (row, level))) {
        let slice = &row.kernels[level as usize][0];
        let whole = run(slice, &x, &y);
        for (start, length) in (0..8).flat_map(|start| (0..40).map(move |length| (start, length))) {
            let part = run(slice, &x[start..start + length], &y[start..start + length]);
            for k in 0..slice.results {
                let same = part[k].iter().zip(&whole[k][start..]).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same, "{} from {start}, {length} of them", slice.name);
            }
        }
        for n in [1, 4, 5, 8, 48] {
            in_place(slice, &x[..n], &y[..n], &whole);
        }
    }
}

/// Each destination in turn takes the place of each source.
fn in_place(slice: &Slice, x: &[f64], y: &[f64], whole: &[Vec<f64>; 2]) {
    for (which, operand) in [x, y].into_iter().enumerate().take(slice.sources) {
        let (mut same, mut other) = (operand.to_vec(), vec![0.0; x.len()]);
        let sources = if which == 0 { [same.as_ptr(), y.as_ptr()] } else { [x.as_ptr(), same.as_ptr()] };
        // SAFETY: all have the same length; one destination is a source, the other one is apart.
        unsafe { slice.call([same.as_mut_ptr(), other.as_mut_ptr()], sources, x.len()) };
        assert!(same.iter().zip(&whole[0]).all(|(a, b)| a.to_bits() == b.to_bits()), "{} in place", slice.name);
    }
}

#[test]
fn machines_with_fused_products_agree() {
    let mut random = Random(99);
    let mut draw = || (0..4000).map(|_| random.any()).collect::<Vec<f64>>();
    let (x, y) = (draw(), draw());
    if Level::here() != Level::Avx512 {
        return;
    }
    for row in ROWS {
        let [wide, narrow] = [Level::Avx512, Level::Avx2].map(|level| run(&row.kernels[level as usize][0], &x, &y));
        assert!(
            wide.iter().flatten().zip(narrow.iter().flatten()).all(|(a, b)| a.to_bits() == b.to_bits()),
            "{:?}",
            row.function
        );
    }
}

#[test]
fn pairs_give_what_their_functions_give() {
    let mut random = Random(5);
    let mut draw = || (0..1000).map(|_| random.any()).collect::<Vec<f64>>();
    let (x, y) = (draw(), draw());
    let alone = |prim: Prim, level: Level, x: &[f64], y: &[f64]| {
        let row =
            ROWS.iter().find(|row| row.function == Function::One(prim)).expect("the functions of a pair have rows");
        let [value, _] = run(&row.kernels[level as usize][0], x, y);
        value
    };
    for (row, level) in ROWS.iter().flat_map(|row| levels().map(move |level| (row, level))) {
        let Function::Pair(first, second, at) = row.function else { continue };
        let negative: Vec<f64> = x.iter().map(|x| -x).collect();
        let [one, two] = run(&row.kernels[level as usize][0], &x, &y);
        let (u, v) = match at {
            At::Same => (&x, &y),
            At::Negated => (&negative, &y),
            At::Swapped => (&y, &x),
        };
        let want = alone(first, level, &x, &y).into_iter().chain(alone(second, level, u, v));
        assert!(one.into_iter().chain(two).zip(want).all(|(a, b)| a.to_bits() == b.to_bits()), "{:?}", row.function);
    }
}

#[test]
fn single_precision_is_the_value_rounded_once() {
    let mut random = Random(3);
    let mut draw = || (0..300).map(|_| random.any() as f32).collect::<Vec<f32>>();
    let (x, y) = (draw(), draw());
    let wide = |x: &[f32]| x.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
    for (row, level) in ROWS.iter().flat_map(|row| levels().map(move |level| (row, level))) {
        let [double, single] = &row.kernels[level as usize];
        let want = run(double, &wide(&x), &wide(&y));
        let mut got = [vec![0.0f32; 300], vec![0.0f32; 300]];
        let [a, b] = &mut got;
        // SAFETY: all slices have 300 elements.
        unsafe { single.call([a.as_mut_ptr(), b.as_mut_ptr()], [x.as_ptr(), y.as_ptr()], 300) };
        for k in 0..single.results {
            assert!(got[k].iter().zip(&want[k]).all(|(a, b)| a.to_bits() == (*b as f32).to_bits()), "{}", single.name);
        }
    }
}

/// Every function of one or two floats that compiled code calls has a kernel.
#[test]
fn no_function_is_forgotten() {
    let called = Prim::ALL.iter().filter(|prim| matches!(prim.row().code, Code::Call));
    let floats = called.filter(|prim| [Signature::F1, Signature::F2].contains(&prim.row().signature));
    let forgotten: Vec<&Prim> =
        floats.filter(|&&prim| single(prim, ScalarType::F64, Level::Baseline).is_none()).collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}

/// The largest error at the points of the file, in units of the last place, for each function with and without fused products.
fn errors() -> BTreeMap<&'static str, [f64; 2]> {
    let mut worst = BTreeMap::new();
    for line in include_str!("data/vector.txt").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let prim = Prim::from_name(words[0]).expect("lines begin with a primitive");
        let [x, y, high, low] = [1, 2, 3, 4].map(|i: usize| words[i].parse::<f64>().expect("floats follow"));
        let errors = worst.entry(prim.name()).or_insert([0.0f64; 2]);
        for level in levels() {
            let slice = single(prim, ScalarType::F64, level).expect("there is a kernel");
            let [got, _] = run(slice, &[x], &[y]);
            let unit = if high.abs() < f64::MIN_POSITIVE { 5e-324 } else { ulp(scale_of(prim, x, y).max(high.abs())) };
            let error = (((got[0] - high) - low) / unit).abs();
            let fused = usize::from(level != Level::Baseline);
            errors[fused] = if error <= errors[fused] { errors[fused] } else { error };
        }
    }
    worst
}

/// `docs/accuracy.md` states the largest errors, and none is above 2. With `ADIT_WRITE` set, the table is written.
#[test]
fn the_accuracy_is_what_the_book_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/accuracy.md");
    let text = std::fs::read_to_string(path).expect("the page is there");
    let (head, rest) = text.split_once("<!-- errors -->\n").expect("the table is marked");
    let (table, tail) = rest.split_once("<!-- end -->").expect("the table is marked");
    let errors = errors();
    assert!(errors.values().flatten().all(|error| *error <= 2.0), "{errors:?}");
    if std::env::var_os("ADIT_WRITE").is_some() {
        let lines = errors.iter().map(|(name, [plain, fused])| format!("| {name} | {plain:.2} | {fused:.2} |\n"));
        let table = format!("| function | baseline | AVX2, AVX-512 |\n|---|---|---|\n{}", lines.collect::<String>());
        std::fs::write(path, format!("{head}<!-- errors -->\n{table}<!-- end -->{tail}"))
            .expect("the page can be written");
        return;
    }
    for (name, errors) in errors {
        let row = table
            .lines()
            .find_map(|line| line.strip_prefix(&format!("| {name} | ")))
            .unwrap_or_else(|| panic!("no row for {name}"));
        let stated: Vec<f64> = row.split('|').filter_map(|word| word.trim().parse().ok()).collect();
        assert!(errors[0] <= stated[0] + 0.005 && errors[1] <= stated[1] + 0.005, "{name}: {errors:?}, not {stated:?}");
    }
}

#[test]
fn names_lead_to_kernels() {
    let all = || ROWS.iter().flat_map(|row| row.kernels.iter().flatten());
    let mut names: Vec<&str> = all().map(|slice| slice.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert_eq!(address("vector.exp.f64"), Some(ROWS[0].kernels[0][0].address));
    assert_eq!(address("vector.nothing.f64"), None);
    assert_eq!(address("vector.exp.f64.avx512").is_some(), Level::Avx512.is_here());
    assert_eq!(single(Prim::Exp, ScalarType::F32, Level::Baseline).map(|slice| slice.name), Some("vector.exp.f32"));
}
