//! What is told of draws: means, quantiles, and how far they can be trusted.
//!
//! In: draws by chain. Out: [`Summary`] for each number. Effective sample sizes and R-hat are those of A. Vehtari, A. Gelman, D. Simpson, B. Carpenter, P.-C. Bürkner, "Rank-normalization, folding, and
//! localization: an improved R-hat for assessing convergence of MCMC", Bayesian Analysis 16 (2021): of halves of chains, of ranks made normal; R-hat is the larger one of the draws and of their distances from the median. They are
//! NaN where there are fewer than 4 draws in a half, or where a draw is not finite or all are equal.

use crate::chains::Run;

/// What is told of the draws of one number.
#[derive(Clone, PartialEq, Debug)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub sd: f64,
    /// The quantiles at 0.05, 0.5 and 0.95.
    pub quantiles: [f64; 3],
    /// The effective sample size for means and medians.
    pub ess_bulk: f64,
    /// The effective sample size for the quantiles at 0.05 and 0.95.
    pub ess_tail: f64,
    /// How much chains disagree: 1 if not at all; above 1.01 they cannot be trusted.
    pub r_hat: f64,
}

/// A summary of each number of a run.
pub fn summary(run: &Run) -> Vec<Summary> {
    run.names.iter().enumerate().map(|(i, name)| summary_of(name, &run.of(i))).collect()
}

fn summary_of(name: &str, chains: &[Vec<f64>]) -> Summary {
    let mut sorted: Vec<f64> = chains.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let mean = mean(&sorted);
    Summary {
        name: name.to_owned(),
        mean,
        sd: variance(&sorted).sqrt(),
        quantiles: [0.05, 0.5, 0.95].map(|p| quantile(&sorted, p)),
        ess_bulk: effective_sample_size(chains),
        ess_tail: tail_sample_size(chains),
        r_hat: r_hat(chains),
    }
}

/// The bulk effective sample size.
pub fn effective_sample_size(chains: &[Vec<f64>]) -> f64 {
    halves(chains).map_or(f64::NAN, |halves| ess(&normal_ranks(&halves)))
}

/// The tail effective sample size: the smaller one of those at the quantiles 0.05 and 0.95.
pub fn tail_sample_size(chains: &[Vec<f64>]) -> f64 {
    let Some(halves) = halves(chains) else { return f64::NAN };
    let mut sorted: Vec<f64> = chains.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let at = |p: f64| {
        let limit = quantile(&sorted, p);
        let below = |half: &Vec<f64>| half.iter().map(|&x| f64::from(u8::from(x <= limit))).collect();
        ess(&halves.iter().map(below).collect::<Vec<_>>())
    };
    at(0.05).min(at(0.95))
}

/// The potential scale reduction.
pub fn r_hat(chains: &[Vec<f64>]) -> f64 {
    let Some(halves) = halves(chains) else { return f64::NAN };
    let mut sorted: Vec<f64> = halves.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let median = quantile(&sorted, 0.5);
    let folded: Vec<Vec<f64>> = halves.iter().map(|h| h.iter().map(|x| (x - median).abs()).collect()).collect();
    let of = |halves: &[Vec<f64>]| {
        let (within, total) = variances(&normal_ranks(halves));
        (total / within).sqrt()
    };
    of(&halves).max(of(&folded))
}

/// Halves of equal length; none where nothing can be told.
fn halves(chains: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let n = chains.iter().map(Vec::len).min()?;
    let first = *chains[0].first()?;
    let all = || chains.iter().flatten();
    if n < 8 || !all().all(|x| x.is_finite()) || all().all(|x| *x == first) {
        return None;
    }
    Some(chains.iter().flat_map(|c| [c[..n / 2].to_vec(), c[n - n / 2..n].to_vec()]).collect())
}

/// The mean variance within chains, and the variance estimated by those within and between.
fn variances(chains: &[Vec<f64>]) -> (f64, f64) {
    let n = chains[0].len() as f64;
    let within = mean(&chains.iter().map(|c| variance(c)).collect::<Vec<_>>());
    let between = variance(&chains.iter().map(|c| mean(c)).collect::<Vec<_>>());
    (within, within * (n - 1.0) / n + between)
}

/// By Geyer's initial monotone sequence of sums of two neighbouring autocorrelations.
fn ess(chains: &[Vec<f64>]) -> f64 {
    let (n, count) = (chains[0].len(), (chains.len() * chains[0].len()) as f64);
    let (within, total) = variances(chains);
    let centred: Vec<Vec<f64>> = chains.iter().map(|c| c.iter().map(|x| x - mean(c)).collect()).collect();
    let correlation = |lag: usize| {
        let products = |c: &Vec<f64>| c.iter().zip(&c[lag..]).map(|(a, b)| a * b).sum::<f64>() / n as f64;
        1.0 - (within - mean(&centred.iter().map(products).collect::<Vec<_>>())) / total
    };
    let (mut sum, mut least) = (0.0, f64::INFINITY);
    for lag in (0..n.saturating_sub(3)).step_by(2) {
        let even = if lag == 0 { 1.0 } else { correlation(lag) };
        let pair = even + correlation(lag + 1);
        if pair < 0.0 {
            sum += even.max(0.0) / 2.0;
            break;
        }
        least = pair.min(least);
        sum += least;
    }
    count / (2.0 * sum - 1.0).max(1.0 / count.log10())
}

/// Values in the place of which their ranks among all stand, as quantiles of the normal distribution; equal values share a rank.
fn normal_ranks(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut order: Vec<(f64, usize, usize)> = Vec::new();
    for (i, chain) in chains.iter().enumerate() {
        order.extend(chain.iter().enumerate().map(|(j, &x)| (x, i, j)));
    }
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut out: Vec<Vec<f64>> = chains.iter().map(|c| vec![0.0; c.len()]).collect();
    let count = order.len() as f64;
    let mut start = 0;
    for tie in order.chunk_by(|a, b| a.0 == b.0) {
        let rank = start as f64 + (tie.len() as f64 + 1.0) / 2.0;
        let z = normal_quantile((rank - 0.375) / (count + 0.25));
        tie.iter().for_each(|&(_, i, j)| out[i][j] = z);
        start += tie.len();
    }
    out
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn variance(x: &[f64]) -> f64 {
    let mean = mean(x);
    x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (x.len() as f64 - 1.0)
}

/// Between the two nearest of sorted values, in proportion.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = p * last as f64;
    let (low, high) = (sorted[at as usize], sorted[(at as usize + 1).min(last)]);
    low + (high - low) * at.fract()
}

const LOWER: f64 = 0.02425;
const A: [f64; 6] = [
    -3.969_683_028_665_376e1,
    2.209_460_984_245_205e2,
    -2.759_285_104_469_687e2,
    1.383_577_518_672_69e2,
    -3.066_479_806_614_716e1,
    2.506_628_277_459_239,
];
const B: [f64; 6] = [
    -5.447_609_879_822_406e1,
    1.615_858_368_580_409e2,
    -1.556_989_798_598_866e2,
    6.680_131_188_771_972e1,
    -1.328_068_155_288_572e1,
    1.0,
];
const C: [f64; 6] = [
    -7.784_894_002_430_293e-3,
    -3.223_964_580_411_365e-1,
    -2.400_758_277_161_838,
    -2.549_732_539_343_734,
    4.374_664_141_464_968,
    2.938_163_982_698_783,
];
const D: [f64; 5] =
    [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416, 1.0];

/// The inverse of the normal distribution function, to a relative error of 1.2e-9 (P. J. Acklam's rational approximations).
fn normal_quantile(p: f64) -> f64 {
    let polynomial = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    if p < LOWER {
        let q = (-2.0 * p.ln()).sqrt();
        return polynomial(&C, q) / polynomial(&D, q);
    }
    let q = p - 0.5;
    q * polynomial(&A, q * q) / polynomial(&B, q * q)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that are as good as independent.
    fn noise(seed: u64, n: usize) -> Vec<f64> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..n).map(|_| normal_quantile(next().clamp(1e-12, 1.0 - 1e-12))).collect()
    }

    #[test]
    fn quantiles_of_the_normal_distribution_are_those_of_tables() {
        for (p, z) in
            [(0.5, 0.0), (0.975, 1.959963985), (0.001, -3.090232306), (0.84134474607, 1.0), (0.02, -2.053748911)]
        {
            assert!((normal_quantile(p) - z).abs() < 1e-8, "{p}: {}", normal_quantile(p));
        }
    }

    #[test]
    fn ranks_of_equal_values_are_shared() {
        let z = normal_ranks(&[vec![3.0, 1.0], vec![1.0, 2.0]]);
        // Ranks 4, 1.5, 1.5, 3 of 4.
        let expected = [4.0, 1.5, 1.5, 3.0].map(|r| normal_quantile((r - 0.375) / 4.25));
        assert_eq!(z.concat(), expected);
    }

    #[test]
    fn a_chain_of_pairs_has_the_effective_sample_size_that_one_computes_by_hand() {
        // Autocorrelations of 1, 1, -1, -1 and so on at lags 0, 1, 2: 1, about 0, about -1; the first pair alone counts, so n / (2 - 1) at about.
        let chain: Vec<f64> = (0..400).map(|i| if i / 2 % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert!((ess(&[chain.clone(), chain]) - 800.0).abs() < 10.0);
    }

    #[test]
    fn independent_draws_count_fully_and_correlated_ones_as_theory_says() {
        let chains: Vec<Vec<f64>> = (1..5).map(|s| noise(s, 2000)).collect();
        let ess = effective_sample_size(&chains);
        assert!((ess / 8000.0 - 1.0).abs() < 0.1, "{ess}");
        assert!((tail_sample_size(&chains) / 8000.0 - 1.0).abs() < 0.15);
        assert!((r_hat(&chains) - 1.0).abs() < 0.005);
        // x' = 0.6 x + noise: n (1 - 0.6) / (1 + 0.6).
        let correlate = |c: &Vec<f64>| {
            c.iter()
                .scan(0.0, |x, e| {
                    *x = 0.6 * *x + e;
                    Some(*x)
                })
                .collect()
        };
        let correlated: Vec<Vec<f64>> = chains.iter().map(correlate).collect();
        let ess = effective_sample_size(&correlated);
        assert!((ess / 2000.0 - 1.0).abs() < 0.15, "{ess}");
    }

    #[test]
    fn chains_that_disagree_are_told() {
        let mut chains: Vec<Vec<f64>> = (1..5).map(|s| noise(s, 500)).collect();
        chains[0].iter_mut().for_each(|x| *x += 2.0);
        assert!(r_hat(&chains) > 1.1);
        // The same place, another width: only folding sees it.
        let mut chains: Vec<Vec<f64>> = (1..5).map(|s| noise(s, 500)).collect();
        chains[0].iter_mut().for_each(|x| *x *= 5.0);
        assert!(r_hat(&chains) > 1.1);
        // A drift within a chain.
        let drift = vec![noise(1, 500).iter().enumerate().map(|(i, x)| x + i as f64 / 100.0).collect()];
        assert!(r_hat(&drift) > 1.1);
    }

    #[test]
    fn where_nothing_can_be_told_it_is_nan() {
        for chains in [vec![], vec![vec![1.0; 3]], vec![vec![1.0; 100]], vec![[vec![f64::NAN], noise(1, 99)].concat()]]
        {
            assert!(r_hat(&chains).is_nan() && effective_sample_size(&chains).is_nan());
        }
    }

    #[test]
    fn quantiles_lie_between_values() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(quantile(&[5.0], 0.95), 5.0);
    }
}
