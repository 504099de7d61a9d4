//! Straight-line programs: N operations in a row, written out.
//!
//! In: N. Out: source text whose two variables take turns, `a = sin(a) * b + 0.1;`, so that each operation needs the one before it. This is what tracing tools and generated
//! code look like to a compiler, and where compile time must not grow faster than the program.

use std::fmt::Write as _;

/// What the growth of compile time is measured on.
pub const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];

/// A program of that many operations, its function `straight(x, y)`.
pub fn program(operations: usize) -> String {
    let mut text = String::from("fn straight(x: f64, y: f64) -> f64 {\n    let mut a = x;\n    let mut b = y;\n");
    for i in 0..operations {
        let (to, other) = if i % 2 == 0 { ("a", "b") } else { ("b", "a") };
        // Writing to a string does not fail.
        let _ = writeln!(text, "    {to} = sin({to}) * {other} + 0.1;");
    }
    text.push_str("    a + b\n}\n");
    text
}

/// By which power of the program's size the time grew.
pub fn exponent(sizes: (usize, usize), times: (f64, f64)) -> f64 {
    (times.1 / times.0).ln() / (sizes.1 as f64 / sizes.0 as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_program_does_what_its_lines_say() {
        let module = adit::Engine::new().compile(&program(3)).expect("it compiles");
        let f = module.function("straight").expect("it is there");
        let (mut a, mut b) = (0.3_f64, 0.7_f64);
        a = a.sin() * b + 0.1;
        b = b.sin() * a + 0.1;
        a = a.sin() * b + 0.1;
        let value = f.call(&[0.3.into(), 0.7.into()]).expect("it runs").value;
        assert_eq!(value.as_f64(), Some(a + b));
    }

    #[test]
    fn a_quadratic_has_the_exponent_two() {
        assert!((exponent((10, 100), (3.0, 300.0)) - 2.0).abs() < 1e-12);
    }
}
