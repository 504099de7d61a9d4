//! Goals: figures that were promised, one line each.
//!
//! In: what was measured. Out: lines with the figure, its bound, and whether it holds. A goal that was not measured has no line.

use std::fmt;

/// A figure and the most it may be.
#[derive(Clone, Debug)]
pub struct Goal {
    /// What it is.
    pub what: String,
    /// What was measured.
    pub found: f64,
    /// The most it may be.
    pub most: f64,
    /// Its unit, after the number.
    pub unit: &'static str,
}

impl Goal {
    /// A goal.
    pub fn new(what: impl Into<String>, found: f64, most: f64, unit: &'static str) -> Self {
        Goal { what: what.into(), found, most, unit }
    }

    /// Whether it is reached.
    pub fn holds(&self) -> bool {
        self.found <= self.most
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Goal { what, found, most, unit } = self;
        let verdict = if self.holds() { "reached" } else { "MISSED" };
        write!(f, "{what:<58} {found:>8.2}{unit:<3}  at most {most:>5}{unit:<3}  {verdict}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_says_whether_it_holds() {
        assert!(Goal::new("a", 1.0, 2.0, " ms").to_string().ends_with("reached"));
        assert!(Goal::new("a", 3.0, 2.0, " ms").to_string().ends_with("MISSED"));
        assert!(!Goal::new("a", f64::NAN, 2.0, " ms").holds());
    }
}
