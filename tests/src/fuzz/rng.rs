//! Random numbers that are the same everywhere.
//!
//! In: a seed. Out: a stream of choices, the same on every machine and in every run: a program of a failure is found again by its seed.

/// A small generator of random numbers (Steele, Lea and Flood's SplitMix64).
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// A stream of its own for each pair.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = Rng { state: seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95) };
        rng.state = rng.bits();
        rng
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`, which is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    /// From `lo` up to and including `hi`.
    pub fn between(&mut self, lo: i64, hi: i64) -> i64 {
        lo + (self.bits() % ((hi - lo) as u64 + 1)) as i64
    }

    /// True so many times out of a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.bits() % 100 < percent
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// An index, as likely as its weight; weights are not all 0.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        let total: u64 = weights.iter().map(|&w| u64::from(w)).sum();
        let mut at = self.bits() % total;
        for (i, &w) in weights.iter().enumerate() {
            if at < u64::from(w) {
                return i;
            }
            at -= u64::from(w);
        }
        weights.len() - 1
    }

    /// A float with three decimals between these bounds: short to read, seldom equal to another.
    pub fn float(&mut self, lo: f64, hi: f64) -> f64 {
        let steps = ((hi - lo) * 1000.0) as i64;
        ((lo * 1000.0).round() + self.between(0, steps) as f64) / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn streams_are_the_same_every_time_and_differ() {
        let first = |seed, stream| Rng::new(seed, stream).bits();
        assert_eq!(first(1, 2), first(1, 2));
        assert_ne!(first(1, 2), first(1, 3));
        assert_ne!(first(1, 2), first(2, 2));
    }

    #[test]
    fn choices_stay_within_their_bounds() {
        let mut rng = Rng::new(7, 7);
        for _ in 0..1000 {
            assert!((-2..=3).contains(&rng.between(-2, 3)));
            assert!((-1.5..=1.5).contains(&rng.float(-1.5, 1.5)));
            assert_eq!(rng.weighted(&[0, 3, 0]), 1);
        }
    }
}
