//! Chance by a seed.

/// A sequence that looks random and is the same for the same seed.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Dice(u64);

impl Dice {
    pub(in crate::engine) fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0xD129_0E1D_9F2B_6E3B).wrapping_add(0x9E37_79B9_7F4A_7C15))
    }

    pub(in crate::engine) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    /// From 0 up to but not including this.
    pub(in crate::engine) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// From the first to the second, both included.
    pub(in crate::engine) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True at this rate.
    pub(in crate::engine) fn roll(&mut self, rate: f64) -> bool {
        rate > 0.0 && self.below(1_000_000) < (rate * 1e6) as u64
    }

    pub(in crate::engine) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}
