//! The values of number and text literals.
//!
//! What goes in: the text of one token. What comes out: its value, or what is wrong with it and perhaps
//! what to write instead.

/// What is wrong with a literal, and what could be written instead.
pub(crate) type Wrong = (String, Option<String>);

/// 2⁶³: the one integer that is a literal only under a minus.
pub(crate) const MIN_MAGNITUDE: u64 = 1 << 63;

/// The value of an integer literal; up to 2⁶³, which the caller has to refuse without a minus.
pub(crate) fn int(text: &str) -> Result<u64, Wrong> {
    let value = digits(text).parse::<u64>().ok().filter(|v| *v <= MIN_MAGNITUDE);
    value.ok_or_else(too_large)
}

/// The refusal of an integer beyond `i64`.
pub(crate) fn too_large() -> Wrong {
    let help = "the largest `i64` is 9223372036854775807; for a float, write `.0` after it";
    ("this integer is too large".to_owned(), Some(help.to_owned()))
}

/// The value of a float literal.
pub(crate) fn float(text: &str) -> Result<f64, Wrong> {
    let value = digits(text).parse::<f64>().unwrap_or(f64::NAN);
    if value.is_finite() {
        return Ok(value);
    }
    let help = "the largest `f64` is about 1.8e308; infinity is called `inf`";
    Err(("this number is too large".to_owned(), Some(help.to_owned())))
}

/// What is wrong with digits that run into letters.
pub(crate) fn bad_number(text: &str) -> Wrong {
    let message = format!("`{text}` is not a number");
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'));
    let (number, tail) = text.split_at(split.unwrap_or(text.len()));
    let help = match tail {
        "f64" | "f32" | "i64" => Some(format!("numbers have no suffix; write `{tail}({number})`")),
        "e" | "E" => Some("an exponent needs digits, as in `1e-3`".to_owned()),
        _ if tail.starts_with(['x', 'b', 'o']) && number == "0" => {
            Some("numbers are written in decimal digits".to_owned())
        }
        _ => Some(format!("to multiply, write `{number} * {tail}`")),
    };
    (message, help)
}

fn digits(text: &str) -> String {
    text.replace('_', "")
}

/// The contents of a text literal, quotes excluded, escapes resolved; what is wrong carries its byte range
/// in `token`.
pub(crate) fn text(token: &str) -> (String, Vec<(std::ops::Range<usize>, Wrong)>) {
    let (mut value, mut wrong) = (String::new(), Vec::new());
    let inner = token.strip_prefix('"').unwrap_or(token);
    let mut chars = inner.strip_suffix('"').unwrap_or(inner).char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next() {
            Some((_, 'n')) => value.push('\n'),
            Some((_, 't')) => value.push('\t'),
            Some((_, 'r')) => value.push('\r'),
            Some((_, c @ ('\\' | '"'))) => value.push(c),
            other => {
                let escaped = other.map_or(String::new(), |(_, c)| c.escape_debug().to_string());
                let length = 1 + other.map_or(0, |(_, c)| c.len_utf8());
                let help = "texts have the escapes `\\n`, `\\t`, `\\r`, `\\\\` and `\\\"`".to_owned();
                let message = format!("unknown escape `\\{escaped}`");
                wrong.push((1 + at..1 + at + length, (message, Some(help))));
            }
        }
    }
    (value, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_reach_two_to_the_63() {
        assert_eq!(int("1_000"), Ok(1000));
        assert_eq!(int("9223372036854775808"), Ok(MIN_MAGNITUDE));
        assert!(int("9223372036854775809").is_err());
        assert!(int(&"9".repeat(400)).is_err());
    }

    #[test]
    fn floats_are_finite_and_exact() {
        assert_eq!(float("1_0.5e-1"), Ok(1.05));
        assert_eq!(float("2."), Ok(2.0));
        assert_eq!(float("1e-400"), Ok(0.0));
        assert!(float("1e309").is_err());
    }

    #[test]
    fn bad_numbers_say_what_to_write() {
        let help = |text: &str| bad_number(text).1.expect("there is always a hint");
        assert_eq!(help("2x"), "to multiply, write `2 * x`");
        assert_eq!(help("1.5f32"), "numbers have no suffix; write `f32(1.5)`");
        assert!(help("0xff").contains("decimal"));
        assert!(help("1e").contains("exponent"));
    }

    #[test]
    fn escapes_are_resolved_or_reported() {
        assert_eq!(text(r#""a\n\"b\\""#), ("a\n\"b\\".to_owned(), vec![]));
        let (value, wrong) = text(r#""a\qb""#);
        assert_eq!((value.as_str(), wrong[0].0.clone()), ("ab", 2..4));
        assert_eq!(text(r#""open\"#).0, "open");
    }
}
