//! Numbers for the problems: the same on every machine and in every run.
//!
//! In: a seed. Out: uniform and normal numbers, by SplitMix64 and the polar form of Box and Muller. Good enough for test data, and for nothing that depends on chance.

/// A source of numbers.
#[derive(Clone, Debug)]
pub struct Numbers {
    state: u64,
}

impl Numbers {
    /// A source that gives the same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        Numbers { state: seed }
    }

    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number of the standard normal distribution.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Many in [0, 1).
    pub fn uniforms(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.uniform()).collect()
    }

    /// Many of a normal distribution around 0.
    pub fn normals(&mut self, n: usize, scale: f64) -> Vec<f64> {
        (0..n).map(|_| scale * self.normal()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_repeat_and_have_the_moments_of_their_distribution() {
        let (u, z) = (Numbers::new(1).uniforms(4000), Numbers::new(2).normals(4000, 2.0));
        assert_eq!(u, Numbers::new(1).uniforms(4000));
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let square = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>() / v.len() as f64;
        assert!((mean(&u) - 0.5).abs() < 0.02 && (square(&u) - 1.0 / 3.0).abs() < 0.02);
        assert!(mean(&z).abs() < 0.1 && (square(&z) - 4.0).abs() < 0.4);
    }
}
