//! The jobs that one run of a forecast meets, drawn from what was observed and what is published.

use std::time::Duration;

use super::super::sim::{SimJob, SimRng};
use super::super::{Resumed, published_duration};
use super::input::ForecastInput;
use crate::task::Mode;

/// How many observed jobs the published durations weigh as much as.
const PUBLISHED_WEIGHT: usize = 8;

/// The durations and the rate of failures that one run meets.
#[derive(Debug)]
pub(super) struct JobSampler {
    durations: [Vec<Duration>; 2],
    failure_rate: f64,
    rng: SimRng,
}

impl JobSampler {
    /// Draws the durations of a run from those observed, less the overhead that is in them, and
    /// those published.
    pub(super) fn new(input: &ForecastInput<'_>, run: u64, overhead: Duration) -> JobSampler {
        let mut rng = SimRng::of_stream(input.seed, run);
        let durations = [Mode::Fast, Mode::Relaxed].map(|mode| {
            let seen = input.observed.of(mode);
            let draw = |_| match rng.below((seen.len() + PUBLISHED_WEIGHT) as u64) as usize {
                // What is left of a quick one is no less than half of it.
                n if n < seen.len() => seen[n].saturating_sub(overhead).max(seen[n] / 2),
                _ => published_duration(mode, rng.next_f64()).div_f64(input.speed.max(1e-6)),
            };
            (0..seen.len() + PUBLISHED_WEIGHT).map(draw).collect()
        });
        JobSampler { durations, failure_rate: input.observed.failure_rate(), rng }
    }

    /// The next job that is submitted in this mode.
    pub(super) fn next_job(&mut self, mode: Mode) -> SimJob {
        let durations = &self.durations[mode as usize];
        let takes = durations[self.rng.below(durations.len() as u64) as usize];
        SimJob { takes, fails: self.failure_rate > 0.0 && self.rng.next_f64() < self.failure_rate }
    }

    /// What a job of an earlier run still does, which has not ended at its age.
    pub(super) fn rest_of(&mut self, resumed: &Resumed) -> SimJob {
        let age = resumed.age;
        let durations = self.durations[resumed.mode as usize].iter().copied();
        let longer: Vec<Duration> = durations.filter(|takes| *takes > age).collect();
        SimJob::done_after(match longer.len() as u64 {
            // It is older than any: it goes on for up to half as long again.
            0 => age.mul_f64(self.rng.next_f64() / 2.0),
            n => longer[self.rng.below(n) as usize] - age,
        })
    }
}
