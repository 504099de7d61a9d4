//! Conventions where a derivative does not exist or is infinite: those of the primitive table and those of the library, at first order in both modes and at second.
//!
//! Second partials at a point of the table are 0, unless a line of [`SECOND`] or [`NONE`] says otherwise.

use adit::conventions::{At, Convention};
use adit::ir::prim::{Kink, Row, Sort};
use adit::ir::{Prim, Scalar};
use adit::{CONVENTIONS, Mode};
use adit_tests::compare::difference;
use adit_tests::filetest::Limits;
use adit_tests::subject::{Subject, number};
use serde_json::{Map, Value as Json, json};

const INF: f64 = f64::INFINITY;

/// Rows, points, and the second partials there, row by row.
const SECOND: &[(&str, &[f64], &[f64])] = &[
    ("div", &[1.0, 0.0], &[0.0, -INF, -INF, INF]),
    ("sqrt", &[0.0], &[-INF]),
    ("cbrt", &[0.0], &[-INF]),
    ("cbrt", &[-0.0], &[INF]),
    ("pow", &[0.0, 2.0], &[2.0, 0.0, 0.0, 0.0]),
    ("pow", &[0.0, 1.0], &[0.0, -INF, -INF, 0.0]),
    ("powi", &[0.0, -1.0], &[INF]),
    ("log", &[0.0], &[-INF]),
    ("log2", &[0.0], &[-INF]),
    ("log10", &[0.0], &[-INF]),
    ("log1p", &[-1.0], &[-INF]),
    ("log1mexp", &[0.0], &[-INF]),
    ("logaddexp", &[INF, INF], &[0.25, -0.25, -0.25, 0.25]),
    ("xlogy", &[0.5, 0.0], &[0.0, INF, INF, -INF]),
    ("xlog1py", &[0.5, -1.0], &[0.0, INF, INF, -INF]),
    ("polygamma", &[-1.0, 0.5], &[f64::NAN]),
    ("asin", &[1.0], &[INF]),
    ("asin", &[-1.0], &[-INF]),
    ("acos", &[1.0], &[-INF]),
    ("acos", &[-1.0], &[INF]),
    ("acosh", &[1.0], &[-INF]),
    ("atanh", &[1.0], &[INF]),
    ("atanh", &[-1.0], &[-INF]),
];

/// Rows and points where nothing is promised of second partials: infinite terms of both signs meet.
const NONE: &[(&str, &[f64])] = &[
    ("pow", &[0.0, 0.5]),
    ("pow", &[0.0, 0.0]),
    ("pow", &[-2.0, 3.0]),
    ("erfinv", &[1.0]),
    ("erfinv", &[-1.0]),
    ("erfcinv", &[0.0]),
    ("erfcinv", &[2.0]),
];

/// A call of a primitive as a program writes it.
fn expression(row: &Row, source: &str) -> String {
    let names = row.parameters;
    match (source.starts_with(char::is_alphabetic), names) {
        (false, [x]) => format!("{source}{x}"),
        (false, [x, y]) => format!("{x} {source} {y}"),
        _ => format!("{source}({})", names.join(", ")),
    }
}

fn point(row: &Row, kink: &Kink) -> Json {
    let value = |s: &Scalar| match s {
        Scalar::F64(x) => number(*x),
        Scalar::F32(x) => number(f64::from(*x)),
        Scalar::I64(n) => json!(n),
        Scalar::Bool(b) => json!(b),
    };
    Json::Object(row.parameters.iter().zip(kink.at).map(|(p, s)| ((*p).to_owned(), value(s))).collect())
}

fn gradient(row: &Row, kink: &Kink) -> Json {
    let floats = row.parameters.iter().zip(kink.partials).zip(row.signature.args).filter(|(_, ty)| ty.is_float());
    Json::Object(floats.map(|((p, d), _)| ((*p).to_owned(), number(*d))).collect::<Map<_, _>>())
}

/// Whether a line is about this convention; zeros of the two signs are different points.
fn is_at(row: &Row, kink: &Kink, name: &str, at: &[f64]) -> bool {
    let float = |s: &Scalar| match s {
        Scalar::F64(x) => *x,
        Scalar::F32(x) => f64::from(*x),
        Scalar::I64(n) => *n as f64,
        Scalar::Bool(_) => f64::NAN,
    };
    row.name == name && kink.at.iter().map(float).map(f64::to_bits).eq(at.iter().map(|x| x.to_bits()))
}

/// The Hessian that is expected; nothing where nothing is promised.
fn second(row: &Row, kink: &Kink) -> Option<Json> {
    if NONE.iter().any(|(name, at)| is_at(row, kink, name, at)) {
        return None;
    }
    let width = row.signature.args.iter().filter(|ty| ty.is_float()).count();
    let line = SECOND.iter().find(|(name, at, _)| is_at(row, kink, name, at));
    let flat = line.map_or_else(|| vec![0.0; width * width], |(.., hessian)| hessian.to_vec());
    Some(flat.chunks(width).map(|r| r.iter().map(|x| number(*x)).collect::<Json>()).collect())
}

#[test]
fn conventions_of_the_table_hold() {
    let mut wrong = Vec::new();
    for row in Prim::ALL.iter().map(|p| p.row()).filter(|row| row.signature.result == Sort::Float) {
        let Some(source) = row.source else { continue };
        let ty = |sort: &Sort| if *sort == Sort::Float { "f64".to_owned() } else { sort.to_string() };
        let params = row.parameters.iter().zip(row.signature.args).map(|(p, sort)| format!("{p}: {}", ty(sort)));
        let text = format!("fn f({}) -> f64 {{ {} }}", params.collect::<Vec<_>>().join(", "), expression(row, source));
        for kink in row.kinks {
            let subject = Subject::new(&text, 2, Limits::default()).unwrap();
            let at = point(row, kink);
            if let Some(expected) = second(row, kink) {
                let complaint = difference(&expected, &subject.hessian(None, &at).unwrap(), 1e-12);
                wrong.extend(complaint.map(|c| format!("{text} at {at}, second: {c}")));
            }
            for mode in [Mode::Reverse, Mode::Forward] {
                let (_, found) = subject.gradient(None, &at, mode).unwrap();
                let complaint = difference(&gradient(row, kink), &found, 1e-12);
                wrong.extend(complaint.map(|c| format!("{text} at {at}, {mode:?}: {c}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_line_is_about_a_convention() {
    let known = |name: &str, at: &[f64]| {
        let rows = Prim::ALL.iter().map(|p| p.row());
        rows.flat_map(|row| row.kinks.iter().map(move |k| (row, k))).any(|(row, k)| is_at(row, k, name, at))
    };
    assert!(SECOND.iter().all(|(name, at, _)| known(name, at)));
    assert!(NONE.iter().all(|(name, at)| known(name, at)));
}

fn floats(numbers: &[f64]) -> Json {
    numbers.iter().map(|x| number(*x)).collect()
}

/// The point, or derivatives of the same shape out of a flat list.
fn shaped(c: &Convention, flat: &mut dyn Iterator<Item = f64>) -> Json {
    let part = |(name, at): &(&str, At)| {
        let json = match at {
            At::Number(_) => number(flat.next().expect("one for each")),
            At::Vector(x) => floats(&flat.take(x.len()).collect::<Vec<_>>()),
        };
        ((*name).to_owned(), json)
    };
    Json::Object(c.at.iter().map(part).collect())
}

fn point_of(c: &Convention) -> Json {
    let numbers = c.at.iter().flat_map(|(_, at)| match at {
        At::Number(x) => vec![*x],
        At::Vector(x) => x.to_vec(),
    });
    shaped(c, &mut numbers.collect::<Vec<_>>().into_iter())
}

fn complaints(c: &Convention) -> Vec<String> {
    let subject = Subject::new(&c.program(), 2, Limits::default()).expect("it compiles");
    let at = point_of(c);
    let gradient = shaped(c, &mut c.gradient.iter().copied());
    let mut wrong = Vec::new();
    for mode in [Mode::Reverse, Mode::Forward] {
        let (value, found) = subject.gradient(None, &at, mode).expect("it runs");
        wrong.extend(difference(&json!([number(c.value), gradient]), &json!([value, found]), 1e-12));
    }
    if let Some(hessian) = c.hessian {
        let rows: Json = hessian.chunks(c.gradient.len().max(1)).map(floats).collect();
        wrong.extend(difference(&rows, &subject.hessian(None, &at).expect("it runs"), 1e-12));
    }
    wrong.into_iter().map(|w| format!("{} at {at}: {w}", c.expression)).collect()
}

#[test]
fn conventions_of_what_is_composed_hold() {
    let wrong: Vec<String> = CONVENTIONS.iter().flat_map(complaints).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
