//! The iterations of a counted loop.
//!
//! In: the bounds and the step of a `for`, and whether it runs backwards. Out: how many iterations it has, and the index of each. Whoever runs a loop asks here; compiled code counts for itself.
//!
//! ```text
//! for i in 2..9 step 3            2 5 8        3 iterations
//! for i in 2..9 step 3 reversed   8 5 2        the same, from the last to the first
//! ```

/// The iterations of a counted loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trips {
    lo: i64,
    step: i64,
    count: u64,
    reversed: bool,
}

impl Trips {
    /// None for a step of 0.
    pub fn new(lo: i64, hi: i64, step: i64, reversed: bool) -> Option<Self> {
        let distance = if step < 0 { i128::from(lo) - i128::from(hi) } else { i128::from(hi) - i128::from(lo) };
        let stride = i128::from(step.unsigned_abs());
        let count = (stride != 0).then(|| (distance.max(0) + stride - 1) / stride)?;
        // The distance is below 2^64, so the count is.
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        Some(Trips { lo, step, count, reversed })
    }

    /// How many there are.
    pub fn count(self) -> u64 {
        self.count
    }

    /// The index of the iteration that comes after `done` others, none after the last.
    pub fn index(self, done: u64) -> Option<i64> {
        let left = self.count.checked_sub(done)?.checked_sub(1)?;
        let k = if self.reversed { left } else { done };
        // It lies before the bound, so that wrapping arithmetic is exact.
        Some(self.lo.wrapping_add(self.step.wrapping_mul(k as i64)))
    }
}

#[cfg(test)]
mod tests {
    use super::Trips;

    fn all(lo: i64, hi: i64, step: i64, reversed: bool) -> Vec<i64> {
        let trips = Trips::new(lo, hi, step, reversed).expect("a step");
        (0..).map_while(|done| trips.index(done)).collect()
    }

    #[test]
    fn indices_in_order_and_backwards() {
        assert_eq!(all(2, 9, 3, false), [2, 5, 8]);
        assert_eq!(all(2, 9, 3, true), [8, 5, 2]);
        assert_eq!(all(3, -4, -2, false), [3, 1, -1, -3]);
        assert!(all(5, 5, 1, false).is_empty() && all(6, 5, 1, true).is_empty());
        assert_eq!(Trips::new(0, 5, 0, false), None);
    }

    #[test]
    fn the_widest_loops_do_not_overflow() {
        let all = Trips::new(i64::MIN, i64::MAX, 1, true).expect("a step");
        assert_eq!(all.count(), u64::MAX);
        assert_eq!((all.index(0), all.index(u64::MAX - 1)), (Some(i64::MAX - 1), Some(i64::MIN)));
        let two = Trips::new(i64::MAX, i64::MIN, i64::MIN, false).expect("a step");
        assert_eq!((two.count(), two.index(0), two.index(1), two.index(2)), (2, Some(i64::MAX), Some(-1), None));
    }
}
