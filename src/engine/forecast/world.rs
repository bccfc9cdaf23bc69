//! The durations and the failures that one run of a forecast lives with, drawn from what was seen and what is usual.

use std::time::Duration;

use super::super::dice::Dice;
use super::{Prospect, usual};
use crate::task::Mode;

/// How many jobs seen the published durations outweigh.
const USUAL: usize = 8;

/// The durations that one run lives with.
#[derive(Debug)]
pub(super) struct World {
    modes: [Vec<Duration>; 2],
    failing: f64,
    dice: Dice,
}

impl World {
    pub(super) fn new(prospect: &Prospect<'_>, run: u64, seen_late: Duration) -> World {
        let mut dice = Dice::new(prospect.seed, run);
        let modes = [Mode::Fast, Mode::Relaxed].map(|mode| {
            let seen = prospect.learned.of(mode);
            let draw = |_| match dice.below(seen.len() + USUAL) {
                // What is left of a quick one is no less than half of it.
                n if n < seen.len() => seen[n].saturating_sub(seen_late).max(seen[n] / 2),
                _ => usual(mode, dice.luck()).div_f64(prospect.speed.max(1e-6)),
            };
            (0..seen.len() + USUAL).map(draw).collect()
        });
        World { modes, failing: prospect.learned.failing(), dice }
    }

    pub(super) fn fails(&mut self) -> bool {
        self.failing > 0.0 && self.dice.luck() < self.failing
    }

    pub(super) fn draw(&mut self, mode: Mode) -> Duration {
        let durations = &self.modes[mode as usize];
        durations[self.dice.below(durations.len())]
    }

    /// How long a job takes in all that was not over at this age.
    pub(super) fn draw_beyond(&mut self, mode: Mode, age: Duration) -> Duration {
        let longer: Vec<Duration> =
            self.modes[mode as usize].iter().copied().filter(|takes| *takes > age).collect();
        match longer.len() {
            // Older than anything seen: it may go on for as long as it tells of.
            0 => age + age.mul_f64(self.dice.luck() / 2.0),
            n => longer[self.dice.below(n)],
        }
    }
}
