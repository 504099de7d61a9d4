//! Time: batches of calls, medians and quartiles.
//!
//! In: something to call. Out: nanoseconds a call. A batch is long enough for the clock and short enough to fit between two interruptions, mostly; what is reported is the median of many,
//! since on a shared machine the mean belongs to the neighbours.

use std::time::{Duration, Instant};

/// How long a batch takes at least.
const BATCH: Duration = Duration::from_micros(300);

/// How many calls fill a batch.
pub fn batch_of(mut call: impl FnMut()) -> u64 {
    let mut calls = 1;
    loop {
        let taken = time(calls, &mut call);
        if taken * calls as f64 >= BATCH.as_nanos() as f64 || calls >= 1 << 30 {
            return calls;
        }
        calls *= 2;
    }
}

/// Nanoseconds a call, over one batch.
pub fn time(calls: u64, mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        call();
    }
    start.elapsed().as_nanos() as f64 / calls as f64
}

/// Milliseconds of one call, and what it gave.
pub fn once<T>(call: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let made = call();
    (start.elapsed().as_secs_f64() * 1e3, made)
}

/// The median; NaN of nothing.
pub fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

/// The median, and between which values the middle half lies; all NaN of nothing.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// A quarter is below.
    pub low: f64,
    /// A quarter is above.
    pub high: f64,
}

impl Spread {
    /// Of these times.
    pub fn of(times: &[f64]) -> Spread {
        let mut sorted = times.to_vec();
        sorted.sort_by(f64::total_cmp);
        let quarter = sorted.len().saturating_sub(1) / 4;
        let (low, high) = (sorted.get(quarter), sorted.iter().rev().nth(quarter));
        let or_nan = |time: Option<&f64>| time.copied().unwrap_or(f64::NAN);
        Spread { median: median(times), low: or_nan(low), high: or_nan(high) }
    }

    /// The same in other units.
    #[must_use]
    pub fn times(self, factor: f64) -> Spread {
        Spread { median: factor * self.median, low: factor * self.low, high: factor * self.high }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn half_of_all_times_is_within_the_quartiles() {
        let times: Vec<f64> = (0..9).rev().map(f64::from).collect();
        assert_eq!(Spread::of(&times), Spread { median: 4.0, low: 2.0, high: 6.0 });
        assert_eq!(Spread::of(&[3.0, 1.0]), Spread { median: 2.0, low: 1.0, high: 3.0 });
        assert_eq!(Spread::of(&[5.0]).times(2.0), Spread { median: 10.0, low: 10.0, high: 10.0 });
        assert!(Spread::of(&[]).low.is_nan());
    }
}
