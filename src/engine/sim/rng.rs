//! The one generator of random numbers of everything that is played in virtual time, and of its
//! tests and benchmarks.
//!
//! It is splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
//! 2014): good enough for simulations, the same on every machine, and never to be used for a
//! secret.

/// A sequence of numbers that looks random and is the same for the same seed.
#[derive(Debug, Clone)]
pub struct SimRng(u64);

impl SimRng {
    /// A generator that starts from this state. Those of neighboring states are not independent
    /// when the states differ by the constant of the generator; see [`SimRng::of_stream`].
    pub fn new(state: u64) -> SimRng {
        SimRng(state)
    }

    /// A generator for one of many streams of the same seed, as the runs of a forecast.
    pub fn of_stream(seed: u64, stream: u64) -> SimRng {
        SimRng(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ stream.wrapping_mul(0xD1B5_4A32_D192_ED03))
    }

    /// Any number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    /// A number from 0 up to but not including 1.
    pub fn next_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number from `low` up to but not including `high`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next_f64()
    }

    /// A whole number from 0 up to but not including `end`; 0 where `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next_u64() % end.max(1)
    }

    /// A whole number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// Whether something happens that happens at this rate, from 0 to 1 and exact to a millionth. A
    /// rate of 0 uses up no number of the sequence.
    pub fn chance(&mut self, rate: f64) -> bool {
        rate > 0.0 && self.below(1_000_000) < (rate * 1e6) as u64
    }

    /// One of these values, which must not be none.
    pub fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len() as u64) as usize]
    }
}
