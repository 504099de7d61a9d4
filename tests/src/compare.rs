//! Whether a result is the expected one.
//!
//! In: two JSON values. Out: nothing, or the first place where they differ. Numbers agree within a tolerance relative to max(1, |expected|); NaN and the
//! infinities, which JSON has as texts, agree only with themselves. Integers are compared exactly where both are written without a point. Objects have
//! the same names; their order is not compared.

use serde_json::Value as Json;

/// The first difference, as a path and both sides.
pub fn difference(expected: &Json, found: &Json, tolerance: f64) -> Option<String> {
    compare(expected, found, tolerance, &mut String::new())
}

fn compare(expected: &Json, found: &Json, tolerance: f64, path: &mut String) -> Option<String> {
    let same = match (expected, found) {
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            let items = a.iter().zip(b).enumerate();
            return first(items.map(|(i, (a, b))| (format!("[{i}]"), a, b)), tolerance, path);
        }
        (Json::Object(a), Json::Object(b)) if a.len() == b.len() && a.keys().all(|k| b.contains_key(k)) => {
            let fields = a.iter().map(|(k, v)| (format!(".{k}"), v, &b[k]));
            return first(fields, tolerance, path);
        }
        (Json::Number(a), Json::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            _ => close(expected.as_f64(), found.as_f64(), tolerance),
        },
        _ => expected == found,
    };
    (!same).then(|| format!("{path} expected {expected}, found {found}"))
}

fn first<'a>(
    parts: impl Iterator<Item = (String, &'a Json, &'a Json)>,
    tolerance: f64,
    path: &mut String,
) -> Option<String> {
    let length = path.len();
    for (step, expected, found) in parts {
        path.push_str(&step);
        let difference = compare(expected, found, tolerance, path);
        if difference.is_some() {
            return difference;
        }
        path.truncate(length);
    }
    None
}

fn close(expected: Option<f64>, found: Option<f64>, tolerance: f64) -> bool {
    let (Some(expected), Some(found)) = (expected, found) else {
        return false;
    };
    (expected - found).abs() <= tolerance * expected.abs().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_agree_within_the_tolerance() {
        assert_eq!(difference(&json!(2), &json!(2.0000000001), 1e-9), None);
        assert!(difference(&json!(2), &json!(2.1), 1e-9).is_some());
        assert_eq!(difference(&json!(1e-30), &json!(0.0), 1e-12), None);
        assert!(difference(&json!(1e-30), &json!(0.0), 1e-40).is_some());
    }

    #[test]
    fn integers_agree_exactly() {
        let big = i64::MAX;
        assert!(difference(&json!(big), &json!(big - 1), 1e-9).is_some());
    }

    #[test]
    fn special_numbers_agree_with_themselves() {
        assert_eq!(difference(&json!("NaN"), &json!("NaN"), 1e-9), None);
        assert!(difference(&json!("Infinity"), &json!(1e300), 1e-9).is_some());
        assert!(difference(&json!("Infinity"), &json!("-Infinity"), 1e-9).is_some());
        assert!(difference(&json!(1), &json!("NaN"), 1e-9).is_some());
    }

    #[test]
    fn the_place_of_a_difference_is_told() {
        let a = json!({"p": {"x": [1, 2]}});
        let b = json!({"p": {"x": [1, 3]}});
        let told = difference(&a, &b, 1e-9).unwrap();
        assert!(told.starts_with(".p.x[1] expected 2"), "{told}");
        assert!(difference(&json!([1]), &json!([1, 2]), 1e-9).is_some());
        assert!(difference(&json!({"x": 1}), &json!({"y": 1}), 1e-9).is_some());
    }
}
