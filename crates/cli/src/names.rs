//! Names that were meant.
//!
//! In: a name that is not known, and those that are. Out: the nearest one, or a list. It prints nothing.

/// The known name that is probably meant: at most one edit for every three letters (letters of another case count as the same), and the nearest.
pub fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    let most = name.chars().count() / 3;
    let distances = known.iter().map(|k| (distance(name, k), *k));
    distances.filter(|(d, _)| *d <= most).min_by_key(|(d, _)| *d).map(|(_, k)| k)
}

/// `there are a, b, c`.
pub fn list(known: &[&str]) -> String {
    match known {
        [] => "there are none".to_owned(),
        [one] => format!("there is `{one}`"),
        many => format!("there are {}", many.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")),
    }
}

/// Levenshtein's distance, letters compared without case; a neighbouring pair swapped counts 2.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        assert_eq!(nearest("sigm", &["alpha", "sigma"]), Some("sigma"));
        assert_eq!(nearest("X", &["x", "y"]), Some("x"));
        assert_eq!(nearest("gamma", &["x", "sigma"]), None);
        assert_eq!(nearest("y", &["x"]), None);
        assert_eq!(nearest("x", &[]), None);
    }

    #[test]
    fn lists_read_well() {
        assert_eq!(list(&[]), "there are none");
        assert_eq!(list(&["a"]), "there is `a`");
        assert_eq!(list(&["a", "b"]), "there are `a`, `b`");
    }
}
