//! Bounds of floats, and the transforms that remove them.
//!
//! In: floats that may be anything, as solvers move them. Out: floats within their bounds, and derivatives by the former from derivatives by the latter. Unlike the transforms of a sampler, these reach the bound itself,
//! where their slope is zero: a minimum that lies on a bound is one of a smooth function, and Newton's steps find it.
//!
//! | bound | from y |
//! |---|---|
//! | above a | x = a + sqrt(y^2 + 1) - 1 |
//! | below b | x = b - sqrt(y^2 + 1) + 1 |
//! | between a and b | x = a + (b - a) sin(y)^2 |
//!
//! They are those of MINUIT (F. James, M. Roos, Computer Physics Communications 10, 1975), written so that no digit is lost at the bound. It decides nothing.

use adit::Result;
use std::borrow::Cow;
use std::fmt;

/// Where a float has to stay.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Bound {
    /// Anywhere.
    #[default]
    Free,
    /// This, or above.
    Lower(f64),
    /// This, or below.
    Upper(f64),
    /// One of these, or between them.
    Between(f64, f64),
}

/// The bound of each float; none at all where nothing is bounded.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Bounds {
    of: Vec<Bound>,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Free => f.write_str("real"),
            Bound::Lower(0.0) => f.write_str("positive"),
            Bound::Lower(a) => write!(f, "lower({a:?})"),
            Bound::Upper(b) => write!(f, "upper({b:?})"),
            Bound::Between(a, b) => write!(f, "interval({a:?}, {b:?})"),
        }
    }
}

/// `sqrt(y^2 + 1) - 1`
fn bowl(y: f64) -> f64 {
    let root = y.hypot(1.0);
    y * (y / (root + 1.0))
}

/// The `y` that is not negative of a bowl.
fn bowl_back(height: f64) -> f64 {
    height.sqrt() * (height + 2.0).sqrt()
}

impl Bound {
    /// Within the bound.
    fn outside(self, y: f64) -> f64 {
        match self {
            Bound::Free => y,
            Bound::Lower(a) => a + bowl(y),
            Bound::Upper(b) => b - bowl(y),
            Bound::Between(a, b) => {
                // From the nearer end.
                let (sin, cos) = y.sin_cos();
                if sin.abs() < cos.abs() { a + (b - a) * sin * sin } else { b - (b - a) * cos * cos }
            }
        }
    }

    /// Without the bound; none for what is not strictly within.
    fn inside(self, x: f64) -> Option<f64> {
        match self {
            Bound::Free => Some(x),
            Bound::Lower(a) => (x > a).then(|| bowl_back(x - a)),
            Bound::Upper(b) => (x < b).then(|| bowl_back(b - x)),
            Bound::Between(a, b) => (a < x && x < b).then(|| ((x - a) / (b - a)).sqrt().asin()),
        }
    }

    /// The first and the second derivative of [`Bound::outside`].
    fn slopes(self, y: f64) -> [f64; 2] {
        let root = y.hypot(1.0);
        let bowl = [y / root, 1.0 / (root * root * root)];
        match self {
            Bound::Free => [1.0, 0.0],
            Bound::Lower(_) => bowl,
            Bound::Upper(_) => bowl.map(|slope| -slope),
            Bound::Between(a, b) => [(b - a) * (2.0 * y).sin(), 2.0 * (b - a) * (2.0 * y).cos()],
        }
    }
}

impl Bounds {
    /// Bounds the floats at these places, of so many.
    pub(crate) fn set(&mut self, size: usize, places: impl Iterator<Item = usize>, bound: Bound) {
        self.of.resize(size, Bound::Free);
        places.for_each(|place| self.of[place] = bound);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Floats within their bounds.
    pub(crate) fn outside<'y>(&self, y: &'y [f64]) -> Cow<'y, [f64]> {
        if self.is_empty() {
            return Cow::Borrowed(y);
        }
        // Too many or too few are told of by whoever takes them.
        let all = self.of.iter().copied().chain(std::iter::repeat(Bound::Free));
        y.iter().zip(all).map(|(y, bound)| bound.outside(*y)).collect()
    }

    /// Floats without their bounds; the first that is not within.
    pub(crate) fn inside(&self, x: Vec<f64>) -> std::result::Result<Vec<f64>, (usize, Bound)> {
        if self.is_empty() {
            return Ok(x);
        }
        let one = |(at, (x, bound)): (usize, (&f64, &Bound))| bound.inside(*x).ok_or((at, *bound));
        x.iter().zip(&self.of).enumerate().map(one).collect()
    }

    /// A first derivative by free floats, from that by bounded ones; a direction the other way.
    pub(crate) fn scale(&self, y: &[f64], slopes: &mut [f64]) {
        let scaled = |((bound, y), slope): ((&Bound, &f64), &mut f64)| *slope *= bound.slopes(*y)[0];
        self.of.iter().zip(y).zip(slopes).for_each(scaled);
    }

    /// Room for a gradient, where second derivatives need it.
    pub(crate) fn gradient(&self, size: usize) -> Vec<f64> {
        if self.is_empty() { Vec::new() } else { vec![0.0; size] }
    }

    /// What the bends of the transforms add to the second derivative of a sum of squares by these residuals, as rows of a Jacobian whose residuals are 0; what would be taken away stays.
    pub(crate) fn bends(&self, y: &[f64], gradient: &[f64]) -> Vec<Vec<f64>> {
        let mut rows = vec![vec![0.0; y.len()]; y.len()];
        self.each_curved(y, gradient, |at, [_, bend]| rows[at][at] = bend.max(0.0).sqrt());
        rows
    }

    /// Calls with each place, the slope of its transform, and what the transform's bend adds to the second derivative of a function with this gradient.
    pub(crate) fn each_curved(&self, y: &[f64], gradient: &[f64], mut see: impl FnMut(usize, [f64; 2])) {
        for (at, ((bound, y), g)) in self.of.iter().zip(y).zip(gradient).enumerate() {
            let [slope, bend] = bound.slopes(*y);
            see(at, [slope, bend * g]);
        }
    }

    /// `run` with a direction by bounded floats in the place of one by free ones.
    pub(crate) fn along(&self, y: &[f64], along: &[f64], run: &mut dyn FnMut(&[f64]) -> Result<()>) -> Result<()> {
        if self.is_empty() {
            return run(along);
        }
        let mut scaled = along.to_vec();
        self.scale(y, &mut scaled);
        run(&scaled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Bound; 4] = [Bound::Free, Bound::Lower(-2.0), Bound::Upper(0.5), Bound::Between(-1.0, 3.0)];

    #[test]
    fn there_and_back_is_the_same() {
        for bound in ALL {
            for y in [1e-9, 0.3, 0.7, 1.5] {
                // So near to the bound only what is left of x can be found again; on it, nothing.
                let back = bound.inside(bound.outside(y)).unwrap_or(0.0);
                assert!((back - y).abs() < 1e-7, "{bound}: {y} became {back}");
            }
        }
        assert!(Bound::Lower(0.0).inside(0.0).is_none() && Bound::Between(0.0, 1.0).inside(1.5).is_none());
    }

    #[test]
    fn slopes_are_those_of_differences() {
        for bound in ALL {
            for y in [-1.3, -0.2, 0.0, 0.4, 2.0] {
                let h = 1e-5;
                let difference = |f: &dyn Fn(f64) -> f64| (f(y + h) - f(y - h)) / (2.0 * h);
                let [first, second] = bound.slopes(y);
                assert!((first - difference(&|y| bound.outside(y))).abs() < 1e-8, "{bound} at {y}");
                assert!((second - difference(&|y| bound.slopes(y)[0])).abs() < 1e-8, "{bound} at {y}");
            }
        }
    }

    #[test]
    fn nothing_leaves_its_bound() {
        for y in [-1e300, -7.0, -1e-200, 0.0, 1e-8, 3.0, 1e8] {
            assert!(Bound::Lower(2.0).outside(y) >= 2.0 && Bound::Upper(2.0).outside(y) <= 2.0);
            let x = Bound::Between(-0.1, 0.3).outside(y);
            assert!((-0.1..=0.3).contains(&x), "{y} became {x}");
        }
    }
}
