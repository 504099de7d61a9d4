//! Constraints, and the transforms that remove them.
//!
//! In: numbers that may be anything, as the sampler moves them. Out: numbers within a constraint, and the logarithm of the determinant of the Jacobian, without which the density would be another
//! one. The way back is for starting points. Each transform carries its own adjoint.
//!
//! | constraint | from y | log of the Jacobian |
//! |---|---|---|
//! | lower a | x = a + exp y | y |
//! | upper b | x = b - exp y | y |
//! | interval a, b | x = a + (b - a) s, s = 1 / (1 + exp -y) | log (b - a) + log s + log (1 - s) |
//! | ordered | x₀ = y₀, xᵢ = xᵢ₋₁ + exp yᵢ | Σᵢ yᵢ, i > 0 |
//! | simplex | stick-breaking: xᵢ = rᵢ zᵢ of what is left, rᵢ; zᵢ = 1 / (1 + exp -(yᵢ - log (k - i))), k = n - 1 | Σᵢ log rᵢ + log zᵢ + log (1 - zᵢ) |
//!
//! Simplices and ordered vectors lie along the last dimension of an array. The formulas are those of the Stan reference manual, "Constraint transforms".

use crate::CONSTRAINT;
use adit::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// What a parameter has to be.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Constraint {
    /// Any number.
    #[default]
    Real,
    /// Above this.
    Lower(f64),
    /// Below this.
    Upper(f64),
    /// Between these.
    Interval(f64, f64),
    /// Positive numbers whose sum is 1.
    Simplex,
    /// Increasing numbers.
    Ordered,
}

/// `log (1 / (1 + exp -y))`, of any `y`.
fn log_sigmoid(y: f64) -> f64 {
    if y < 0.0 { y - y.exp().ln_1p() } else { -(-y).exp().ln_1p() }
}

fn sigmoid(y: f64) -> f64 {
    log_sigmoid(y).exp()
}

impl Constraint {
    /// Whether any number is within it.
    pub(crate) fn is_possible(self) -> bool {
        match self {
            Constraint::Lower(a) | Constraint::Upper(a) => a.is_finite(),
            Constraint::Interval(a, b) => a.is_finite() && b.is_finite() && a < b,
            Constraint::Real | Constraint::Simplex | Constraint::Ordered => true,
        }
    }

    /// How many free numbers make a row of so many constrained ones.
    pub(crate) fn free(self, row: usize) -> usize {
        match self {
            Constraint::Simplex => row.saturating_sub(1),
            Constraint::Real | Constraint::Lower(_) | Constraint::Upper(_) => row,
            Constraint::Interval(..) | Constraint::Ordered => row,
        }
    }

    /// Whether it is about rows, not about each number.
    pub(crate) fn joins(self) -> bool {
        matches!(self, Constraint::Simplex | Constraint::Ordered)
    }

    /// Constrained numbers from free ones, a row; gives the logarithm of the Jacobian's determinant.
    pub fn apply(self, y: &[f64], x: &mut [f64]) -> f64 {
        match self {
            Constraint::Real => {
                x.copy_from_slice(y);
                0.0
            }
            Constraint::Lower(a) => each(y, x, |y| (a + y.exp(), y)),
            Constraint::Upper(b) => each(y, x, |y| (b - y.exp(), y)),
            Constraint::Interval(a, b) => {
                let log_width = (b - a).ln();
                each(y, x, |y| {
                    let (s, rest) = (log_sigmoid(y), log_sigmoid(-y));
                    // From the nearer end, so that no digit is lost.
                    let x = if y < 0.0 { a + (b - a) * s.exp() } else { b - (b - a) * rest.exp() };
                    (x, log_width + s + rest)
                })
            }
            Constraint::Simplex => simplex(y, x),
            Constraint::Ordered => {
                let mut last = 0.0;
                let mut log_jacobian = 0.0;
                for (i, (y, x)) in y.iter().zip(x).enumerate() {
                    *x = if i == 0 { *y } else { last + y.exp() };
                    log_jacobian += if i == 0 { 0.0 } else { *y };
                    last = *x;
                }
                log_jacobian
            }
        }
    }

    /// From the adjoints of constrained numbers, those of the free ones, with the slope of the logarithm of the Jacobian's determinant added. `x` is what [`Constraint::apply`] made of `y`.
    pub fn pull_back(self, y: &[f64], x: &[f64], x_bar: &[f64], y_bar: &mut [f64]) {
        match self {
            Constraint::Real => y_bar.copy_from_slice(x_bar),
            // The slope is the number itself.
            Constraint::Lower(0.0) => {
                x.iter().zip(x_bar).zip(y_bar).for_each(|((x, x_bar), y_bar)| *y_bar = x_bar * x + 1.0);
            }
            Constraint::Lower(_) => {
                y.iter().zip(x_bar).zip(y_bar).for_each(|((y, x_bar), y_bar)| *y_bar = x_bar * y.exp() + 1.0);
            }
            Constraint::Upper(_) => {
                y.iter().zip(x_bar).zip(y_bar).for_each(|((y, x_bar), y_bar)| *y_bar = 1.0 - x_bar * y.exp());
            }
            Constraint::Interval(a, b) => {
                y.iter().zip(x_bar).zip(y_bar).for_each(|((y, x_bar), y_bar)| {
                    let (s, rest) = (sigmoid(*y), sigmoid(-*y));
                    *y_bar = x_bar * (b - a) * s * rest + rest - s;
                });
            }
            Constraint::Simplex => simplex_back(y, x, x_bar, y_bar),
            Constraint::Ordered => {
                let mut after = 0.0;
                for i in (0..y.len()).rev() {
                    after += x_bar[i];
                    y_bar[i] = if i == 0 { after } else { after * y[i].exp() + 1.0 };
                }
            }
        }
    }

    /// Free numbers from constrained ones; none if these break the constraint, or lie on its edge.
    pub fn invert(self, x: &[f64], y: &mut [f64]) -> Option<()> {
        match self {
            Constraint::Real => y.copy_from_slice(x),
            Constraint::Lower(a) => x.iter().zip(&mut *y).for_each(|(x, y)| *y = (x - a).ln()),
            Constraint::Upper(b) => x.iter().zip(&mut *y).for_each(|(x, y)| *y = (b - x).ln()),
            Constraint::Interval(a, b) => {
                x.iter().zip(&mut *y).for_each(|(x, y)| *y = ((x - a) / (b - x)).ln());
            }
            Constraint::Simplex => {
                let mut left = 1.0;
                if (x.iter().sum::<f64>() - 1.0).abs() > 1e-8 {
                    return None;
                }
                for i in 0..y.len() {
                    y[i] = (x[i] / (left - x[i])).ln() + ((y.len() - i) as f64).ln();
                    left -= x[i];
                }
            }
            Constraint::Ordered => {
                for i in 0..y.len() {
                    y[i] = if i == 0 { x[0] } else { (x[i] - x[i - 1]).ln() };
                }
            }
        }
        y.iter().all(|y| y.is_finite()).then_some(())
    }
}

/// Each number by itself: constrained, and the logarithm of its slope.
fn each(y: &[f64], x: &mut [f64], one: impl Fn(f64) -> (f64, f64)) -> f64 {
    let mut log_jacobian = 0.0;
    for (y, x) in y.iter().zip(x) {
        let (constrained, log_slope) = one(*y);
        *x = constrained;
        log_jacobian += log_slope;
    }
    log_jacobian
}

fn simplex(y: &[f64], x: &mut [f64]) -> f64 {
    let (mut left, mut log_left, mut log_jacobian) = (1.0, 0.0, 0.0);
    for i in 0..y.len() {
        let shifted = y[i] - ((y.len() - i) as f64).ln();
        let (log_z, log_rest) = (log_sigmoid(shifted), log_sigmoid(-shifted));
        x[i] = left * log_z.exp();
        log_jacobian += log_left + log_z + log_rest;
        log_left += log_rest;
        left = log_left.exp();
    }
    if let Some(last) = x.last_mut() {
        *last = left;
    }
    log_jacobian
}

fn simplex_back(y: &[f64], x: &[f64], x_bar: &[f64], y_bar: &mut [f64]) {
    // What is left after the i-th piece, and the adjoint of its logarithm: from the last piece back.
    let Some((&last, &last_bar)) = x.last().zip(x_bar.last()) else { return };
    let mut log_left_bar = last_bar * last;
    for i in (0..y.len()).rev() {
        let shifted = y[i] - ((y.len() - i) as f64).ln();
        let (z, rest) = (sigmoid(shifted), sigmoid(-shifted));
        // x_i = exp(log_left + log_z); the Jacobian has log_left + log_z + log_rest; log_left' = log_left + log_rest.
        let piece_bar = x_bar[i] * x[i] + 1.0;
        y_bar[i] = piece_bar * rest - (1.0 + log_left_bar) * z;
        log_left_bar += piece_bar;
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Constraint::Real => f.write_str("real"),
            Constraint::Lower(0.0) => f.write_str("positive"),
            Constraint::Lower(a) => write!(f, "lower({a:?})"),
            Constraint::Upper(b) => write!(f, "upper({b:?})"),
            Constraint::Interval(a, b) => write!(f, "interval({a:?}, {b:?})"),
            Constraint::Simplex => f.write_str("simplex"),
            Constraint::Ordered => f.write_str("ordered"),
        }
    }
}

/// `positive`, `lower(0.5)`, `upper(1)`, `interval(0, 1)`, `simplex`, `ordered`, `real`.
impl FromStr for Constraint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, rest) = text.trim().split_once('(').map_or((text.trim(), ""), |(name, rest)| (name.trim(), rest));
        let numbers: Vec<Option<f64>> = match rest.trim().strip_suffix(')') {
            Some(list) => list.split(',').map(|n| n.trim().parse().ok()).collect(),
            None => Vec::new(),
        };
        let constraint = match (name, &numbers[..]) {
            ("real", []) => Some(Constraint::Real),
            ("positive", []) => Some(Constraint::Lower(0.0)),
            ("lower", &[Some(a)]) => Some(Constraint::Lower(a)),
            ("upper", &[Some(b)]) => Some(Constraint::Upper(b)),
            ("interval", &[Some(a), Some(b)]) => Some(Constraint::Interval(a, b)),
            ("simplex", []) => Some(Constraint::Simplex),
            ("ordered", []) => Some(Constraint::Ordered),
            (_, _) => None,
        };
        constraint.filter(|constraint| constraint.is_possible()).ok_or_else(|| {
            let known = "real, positive, lower(a), upper(b), interval(a, b) with a < b, simplex, ordered";
            Error::input(CONSTRAINT, format!("`{text}` is no constraint; there are {known}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Constraint; 7] = [
        Constraint::Real,
        Constraint::Lower(0.0),
        Constraint::Lower(0.5),
        Constraint::Upper(-1.0),
        Constraint::Interval(-1.0, 3.0),
        Constraint::Simplex,
        Constraint::Ordered,
    ];

    #[test]
    fn adjoints_agree_with_differences() {
        let y = [0.3, -1.2, 0.7, 0.1];
        let weights = [1.5, -0.5, 2.0, 0.25, -1.0];
        for c in ALL {
            let n = y.len() + usize::from(c == Constraint::Simplex);
            let value = |y: &[f64]| {
                let mut x = vec![0.0; n];
                let log_jacobian = c.apply(y, &mut x);
                log_jacobian + x.iter().zip(weights).map(|(x, w)| x * w + 0.5 * x * x).sum::<f64>()
            };
            let mut x = vec![0.0; n];
            c.apply(&y, &mut x);
            let x_bar: Vec<f64> = x.iter().zip(weights).map(|(x, w)| w + x).collect();
            let mut y_bar = [0.0; 4];
            c.pull_back(&y, &x, &x_bar, &mut y_bar);
            for i in 0..y.len() {
                let (mut up, mut down) = (y, y);
                (up[i], down[i]) = (y[i] + 1e-5, y[i] - 1e-5);
                let slope = (value(&up) - value(&down)) / 2e-5;
                assert!((slope - y_bar[i]).abs() < 1e-8, "{c}, {i}: {slope} {}", y_bar[i]);
            }
        }
    }

    #[test]
    fn jacobians_are_those_of_the_transforms() {
        let y = [0.3, -1.2, 0.7];
        for c in ALL {
            let n = y.len() + usize::from(c == Constraint::Simplex);
            let mut x = vec![0.0; n];
            let log_jacobian = c.apply(&y, &mut x);
            let column = |j: usize| -> Vec<f64> {
                let (mut up, mut down) = (y, y);
                (up[j], down[j]) = (y[j] + 1e-5, y[j] - 1e-5);
                let (mut a, mut b) = (vec![0.0; n], vec![0.0; n]);
                c.apply(&up, &mut a);
                c.apply(&down, &mut b);
                (0..3).map(|i| (a[i] - b[i]) / 2e-5).collect()
            };
            let m: Vec<Vec<f64>> = (0..3).map(column).collect();
            let minor = |i: usize, j: usize| m[1][i] * m[2][j] - m[1][j] * m[2][i];
            let determinant = m[0][0] * minor(1, 2) - m[0][1] * minor(0, 2) + m[0][2] * minor(0, 1);
            assert!((determinant.abs().ln() - log_jacobian).abs() < 1e-7, "{c}");
        }
    }

    #[test]
    fn constrained_numbers_lead_back() {
        let y = [0.3, -1.2, 0.7];
        for c in ALL {
            let mut x = vec![0.0; y.len() + usize::from(c == Constraint::Simplex)];
            c.apply(&y, &mut x);
            let mut back = [0.0; 3];
            assert_eq!(c.invert(&x, &mut back), Some(()));
            assert!(y.iter().zip(back).all(|(y, b)| (y - b).abs() < 1e-12), "{c}: {back:?}");
        }
        let broken: [(Constraint, &[f64]); 5] = [
            (Constraint::Lower(0.0), &[-1.0]),
            (Constraint::Upper(0.0), &[1.0]),
            (Constraint::Interval(0.0, 1.0), &[1.0]),
            (Constraint::Simplex, &[0.5, 0.6]),
            (Constraint::Ordered, &[2.0, 1.0]),
        ];
        for (c, x) in broken {
            assert_eq!(c.invert(x, &mut vec![0.0; c.free(x.len())]), None, "{c}");
        }
    }

    #[test]
    fn constraints_have_names() {
        for text in ["real", "positive", "lower(0.5)", "upper(-1.0)", "interval(0.0, 1.0)", "simplex", "ordered"] {
            assert_eq!(text.parse::<Constraint>().expect("it works").to_string(), text);
        }
        for text in ["postive", "lower", "lower(x)", "interval(1, 0)", "interval(0)", "simplex(2)", "lower(inf)"] {
            assert!(text.parse::<Constraint>().unwrap_err().to_string().contains("AD0920"), "{text}");
        }
    }
}
