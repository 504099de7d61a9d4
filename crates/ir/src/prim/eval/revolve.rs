//! Where the next snapshot of a chain goes, so that least is computed again: the binomial schedule of Griewank and Walther ("revolve").
//!
//! With s snapshots and no step run more than t times, chains of up to β(s, t) = C(s + t, s) steps can be reversed. A chain of l steps is cut where both parts stay within the least t that
//! serves l: m steps on, the rest is reversed with one snapshot less, then the first m steps with all.
//!
//! A forward sweep that runs all steps before any is reversed is cut otherwise ([`sow`]): what lies behind its last snapshot is run again, and then that one is free. The part behind the ith of s snapshots is so
//! reversed with s − i + 1 of them, and s snapshots reach Σ β(i, t) for i from 1 to s, which is β(s, t + 1) − 1. No more than s exist at any time.

/// C(s + t, s), at most `i64::MAX`; 0 where one of the two is negative.
fn reach(s: i64, t: i64) -> i64 {
    if s < 0 || t < 0 {
        return 0;
    }
    let (n, k) = (s.unsigned_abs() + t.unsigned_abs(), s.min(t).unsigned_abs());
    let mut product: u128 = 1;
    for i in 1..=k {
        // Each partial product is itself a binomial coefficient, so the division is exact and what is too large stays so.
        product = product * u128::from(n - k + i) / u128::from(i);
        if product >= i64::MAX as u128 {
            return i64::MAX;
        }
    }
    product as i64
}

/// How many terms are found one from the other, before a search does better.
const FEW: i64 = 40;

/// For the least t with β(s, t) ≥ l: β(s, t − 1) and β(s − 1, t − 1); for s ≥ 2 and l ≥ 2.
fn around(l: i64, s: i64) -> [i64; 2] {
    let (mut last, mut current, mut t) = (0, 1_i64, 0);
    while current < l && t < FEW {
        t += 1;
        let next = current.checked_mul(s.saturating_add(t)).map_or_else(|| reach(s, t), |product| product / t);
        (last, current) = (current, next);
    }
    if current < l {
        t = repetitions(l, s);
        return [reach(s, t - 1), reach(s - 1, t - 1)];
    }
    // C(s + t − 1, s − 1) is what a step of t adds.
    [last, last - if t > 1 { reach_before(last, s, t) } else { 0 }]
}

/// β(s, t − 2), from β(s, t − 1).
fn reach_before(reached: i64, s: i64, t: i64) -> i64 {
    let n = s.saturating_add(t - 1);
    reached.checked_mul(t - 1).map_or_else(|| reach(s, t - 2), |product| product / n)
}

/// The least t with β(s, t) ≥ l, for s ≥ 1.
fn repetitions(l: i64, s: i64) -> i64 {
    least(0, l, |t| reach(s, t) >= l)
}

/// The least number from `low` on for which something holds that holds for `high`, and for all that are greater than one for which it holds.
fn least(mut low: i64, mut high: i64, holds: impl Fn(i64) -> bool) -> i64 {
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// How many steps to go on before the next snapshot, of l steps that s snapshots serve, one of them at the start: between 1 and l − 1, all but the last if there is no other snapshot.
/// 1 for chains of less than two steps.
pub extern "C" fn revolve(l: i64, s: i64) -> i64 {
    if l < 2 {
        return 1;
    }
    if s < 2 {
        return l - 1;
    }
    if l - 1 <= s {
        return 1;
    }
    let [first, rest] = around(l, s);
    first.min(l - rest).clamp(1, l - 1)
}

/// How far s snapshots of a forward sweep reach, for s ≥ 1.
fn sown(s: i64, t: i64) -> i64 {
    reach(s, t + 1) - 1
}

/// The least t with which s snapshots of a forward sweep reach l, for s ≥ 2.
fn sowings(l: i64, s: i64) -> i64 {
    let serves = |t: i64| sown(s, t) >= l;
    (0..FEW).find(|&t| serves(t)).unwrap_or_else(|| least(FEW, l, serves))
}

/// How many steps a forward sweep goes on before the next snapshot, if l steps are left and s snapshots may be taken, one of them here: between 1 and l − 1; l if there is no other. 1 for chains of less than two steps.
pub extern "C" fn sow(l: i64, s: i64) -> i64 {
    if l < 2 {
        return 1;
    }
    match s {
        ..2 => l,
        _ if l <= s => 1,
        _ => {
            let t = sowings(l, s);
            // What is left must be at least what the others reach with one repetition less.
            reach(s, t).min(l - sown(s - 1, t - 1)).clamp(1, l - 1)
        }
    }
}

/// How many steps are run again after a forward sweep of l steps that took s snapshots on its way, besides one for each turn. Many where there are many.
pub fn reversed_after_all(l: i64, s: i64) -> i64 {
    let (mut left, mut free, mut again) = (l, s.max(1), 0_i64);
    while left > 1 {
        let part = sow(left, free).min(left);
        let t = repetitions(part, free);
        again = again.saturating_add(t.saturating_mul(part).saturating_sub(reach(free + 1, t - 1)));
        (left, free) = (left - part, free - 1);
    }
    again
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By dynamic programming: the fewest steps that are run, besides the one that each turn runs, by length and by snapshots.
    fn fewest(lengths: usize, snapshots: usize) -> Vec<Vec<i64>> {
        let mut fewest = vec![vec![0; lengths + 1]; snapshots + 1];
        for s in 1..=snapshots {
            for l in 2..=lengths {
                let all = |m: usize| m as i64 + fewest[s][m] + if s > 1 { fewest[s - 1][l - m] } else { 0 };
                let cuts = if s > 1 { 1..l } else { l - 1..l };
                fewest[s][l] = cuts.map(all).min().expect("there is a cut");
            }
        }
        fewest
    }

    /// What following [`revolve`] runs.
    fn followed(l: i64, s: i64) -> i64 {
        if l < 2 {
            return 0;
        }
        let m = revolve(l, s);
        m + followed(l - m, s - 1) + followed(m, s)
    }

    #[test]
    fn no_schedule_runs_fewer_steps() {
        let fewest = fewest(200, 20);
        for s in 1..=20 {
            for l in 1..=200 {
                let t = repetitions(l, s);
                let formula = t * l - reach(s + 1, t - 1);
                assert_eq!(fewest[s as usize][l as usize], formula, "{l} steps, {s} snapshots");
                assert_eq!(followed(l, s), formula, "{l} steps, {s} snapshots");
            }
        }
    }

    /// What is run after a forward sweep that follows [`sow`], besides the one that each turn runs.
    fn after_sowing(l: i64, s: i64) -> i64 {
        if l < 2 {
            return 0;
        }
        let m = sow(l, s);
        followed(m, s) + if s > 1 { after_sowing(l - m, s - 1) } else { 0 }
    }

    #[test]
    fn no_forward_sweep_leaves_fewer_steps_to_run() {
        let fewest = fewest(200, 20);
        let mut left = vec![vec![0; 201]; 21];
        for s in 1..=20 {
            for l in 2..=200 {
                let cuts = (1..l).map(|m| fewest[s][m] + left[s - 1][l - m]);
                let cut = if s > 1 { cuts.min() } else { None };
                left[s][l] = cut.map_or(fewest[s][l], |cut| cut.min(fewest[s][l]));
                assert_eq!(after_sowing(l as i64, s as i64), left[s][l], "{l} steps, {s} snapshots");
                assert_eq!(reversed_after_all(l as i64, s as i64), left[s][l], "{l} steps, {s} snapshots");
            }
        }
        assert_eq!([after_sowing(1000, 10), after_sowing(1000, 100)], [2640, 900]);
    }

    #[test]
    fn counts_known_by_hand() {
        for (l, s, steps) in
            [(10, 3, 15), (56, 5, 140), (100, 10, 222), (60, 3, 234), (1000, 10, 3636), (1000, 32, 2405)]
        {
            assert_eq!(followed(l, s), steps, "{l} steps, {s} snapshots");
        }
    }

    #[test]
    fn terms_found_from_one_another_are_those_of_the_search() {
        for s in [2, 3, 5, 17, 1 << 40] {
            for l in [2, 3, 50, 861, 862, 5000, 1_000_000, i64::MAX] {
                let t = repetitions(l, s);
                assert_eq!(around(l, s), [reach(s, t - 1), reach(s - 1, t - 1)], "{l} steps, {s} snapshots");
            }
        }
    }

    #[test]
    fn any_numbers_will_do() {
        for l in [i64::MIN, -1, 0, 1, 2, 3, i64::MAX - 1, i64::MAX] {
            for s in [i64::MIN, -1, 0, 1, 2, 3, 63, 64, 1 << 40, i64::MAX] {
                let m = revolve(l, s);
                assert!(m >= 1 && (l < 2 || m < l), "{l} steps, {s} snapshots: {m}");
                let m = sow(l, s);
                assert!(m >= 1 && (l < 2 || m < l || s < 2), "{l} steps, {s} snapshots: {m}");
            }
        }
    }
}
