//! Numbers for drawing: a small generator and smooth one-dimensional noise. No platform's own
//! functions where they could round differently: images must be the same everywhere.

/// SplitMix64: small, and the same on every machine.
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Rng(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// From 0 up to 1.
    pub(super) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// From `low` up to `high`.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The center of attention, by the image's number: left, right, the middle, far right.
pub(super) fn focus(number: u8, rng: &mut Rng) -> f32 {
    [0.32, 0.68, 0.5, 0.8][usize::from(number.wrapping_sub(1) % 4)] + rng.between(-0.06, 0.06)
}

/// Evenly spread over -1 to 1, one value a place.
fn grain(x: u32, y: u32, seed: u32) -> f32 {
    let mut h = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77) ^ seed.wrapping_mul(0xC2B2_AE3D);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    h ^= h >> 15;
    (h >> 8) as f32 / (1u32 << 23) as f32 - 1.0
}

/// Smooth noise over a line, from -1 to 1, with a hill about every unit.
pub(super) fn smooth(x: f32, seed: u32) -> f32 {
    let cell = x.floor();
    let t = x - cell;
    let at = |offset: i32| grain((cell as i32).wrapping_add(offset) as u32, 0x51ED, seed);
    let t = t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    at(0) + (at(1) - at(0)) * t
}

/// Noise with finer and finer detail on top, from about -1 to 1.
pub(super) fn rugged(x: f32, seed: u32, octaves: u32) -> f32 {
    let (mut sum, mut size, mut step) = (0.0, 0.5, 1.0);
    for octave in 0..octaves {
        sum += size * smooth(x * step, seed.wrapping_add(octave * 101));
        size *= 0.48;
        step *= 2.07;
    }
    sum * 1.35
}

/// A wave of period 1 and height -1 to 1: two parabolas, which the eye takes for a sine and which
/// round alike everywhere.
pub(super) fn wave(x: f32) -> f32 {
    let t = (x - x.floor()) * 2.0;
    let hump = |t: f32| 4.0 * t * (1.0 - t);
    if t < 1.0 { hump(t) } else { -hump(t - 1.0) }
}
