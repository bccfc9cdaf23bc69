//! How long the jobs of one mode take, learned from those that ended and from those that still run.
//!
//! Ages are cut into bins that grow by a tenth. For each the time that jobs lived in it and the
//! ends that fell into it are counted, so that a job that has not ended yet counts for what it has
//! shown, and one of an earlier run only from where it was first seen. Ends over time lived is the
//! hazard: how likely a job that has lived so long is to end now. What is expected before anything
//! was seen goes in as a job or two that were never there, and fades with the rest.

use std::time::Duration;

/// The upper edge of the first bin, in seconds: nothing ends sooner that is worth waiting for.
const FINEST: f64 = 0.01;
/// How much longer each bin reaches than the one before.
const RATIO: f64 = 1.1;
/// Enough bins for three hours.
const BINS: usize = 148;
/// How many ends are remembered: a service that changes its pace is followed.
const MEMORY: f64 = 100.0;
/// How many jobs the expectation counts for.
const EXPECTATION: f64 = 2.0;
/// How peaked the expectation is: a Weibull distribution with this shape, whose mean is
/// `WEIBULL_MEAN` of its scale.
const WEIBULL: i32 = 3;
const WEIBULL_MEAN: f64 = 0.893;
/// Beyond the expectation, in all that was never seen, a job that ran for so long is expected to
/// run for a third as long again: it counts for this much of a job.
const BEYOND: f64 = 0.2;
const THIRDS: f64 = 3.0;

const EDGES: [f64; BINS + 1] = {
    let mut edges = [0.0; BINS + 1];
    let (mut bin, mut edge) = (1, FINEST);
    while bin <= BINS {
        edges[bin] = edge;
        edge *= RATIO;
        bin += 1;
    }
    edges
};

/// What is known of the durations of one mode.
#[derive(Debug)]
pub(super) struct Durations {
    ended: [f64; BINS],
    lived: [f64; BINS],
    /// The hazard in each bin, and all of it up to each bin's lower edge: made from the counts when
    /// it is needed.
    hazard: [f64; BINS],
    upto: [f64; BINS],
    median: f64,
    stale: bool,
}

fn bin(age: f64) -> usize {
    if age < FINEST {
        return 0;
    }
    (1 + ((age / FINEST).ln() / RATIO.ln()) as usize).min(BINS - 1)
}

impl Durations {
    pub(super) fn new(expected: Duration) -> Self {
        let mut durations = Durations {
            ended: [0.0; BINS],
            lived: [0.0; BINS],
            hazard: [0.0; BINS],
            upto: [0.0; BINS],
            median: 0.0,
            stale: false,
        };
        let expected = expected.as_secs_f64().max(FINEST);
        let alive = |age: f64| (-(age * WEIBULL_MEAN / expected).powi(WEIBULL)).exp();
        for bin in 0..BINS {
            let (low, high) = (EDGES[bin], EDGES[bin + 1]);
            durations.lived[bin] = EXPECTATION * (high - low) * (alive(low) + alive(high)) / 2.0;
            durations.ended[bin] = EXPECTATION * (alive(low) - alive(high));
            if low > expected {
                durations.lived[bin] += BEYOND * (high - low);
                durations.ended[bin] += BEYOND * THIRDS * (high - low) / low;
            }
        }
        durations.settle();
        durations
    }

    /// How long half of the jobs take at the most. A few that were expected to take for ever do not
    /// move it.
    pub(super) fn median(&self) -> Duration {
        Duration::from_secs_f64(self.median)
    }

    /// A job that was alive at the first age was so at the second.
    pub(super) fn lived(&mut self, from: Duration, to: Duration) {
        self.spread(from, to, |lived, _, part, _| *lived += part);
    }

    /// A job that was alive at the first age had ended by the second.
    pub(super) fn ended(&mut self, from: Duration, by: Duration) {
        for count in self.lived.iter_mut().chain(&mut self.ended) {
            *count *= 1.0 - 1.0 / MEMORY;
        }
        let by = by.max(from + Duration::from_micros(1));
        // Somewhere in between: half of it was lived.
        self.spread(from, by, |lived, ended, part, whole| {
            *lived += part / 2.0;
            *ended += part / whole;
        });
    }

    fn spread(&mut self, from: Duration, to: Duration, mut add: impl FnMut(&mut f64, &mut f64, f64, f64)) {
        let (from, to) = (from.as_secs_f64(), to.as_secs_f64().min(EDGES[BINS]));
        let mut at = bin(from);
        while at < BINS && EDGES[at] < to {
            let part = (EDGES[at + 1].min(to) - EDGES[at].max(from)).max(0.0);
            add(&mut self.lived[at], &mut self.ended[at], part, to - from);
            at += 1;
        }
        self.stale = true;
    }

    /// Brings the hazard up to date with the counts.
    pub(super) fn settle(&mut self) {
        let (mut upto, mut median) = (0.0, EDGES[BINS]);
        for bin in 0..BINS {
            let near = bin.saturating_sub(1)..=(bin + 1).min(BINS - 1);
            let sum = |counts: &[f64; BINS]| counts[near.clone()].iter().sum::<f64>() + counts[bin];
            let hazard = sum(&self.ended) / sum(&self.lived).max(1e-9);
            let width = EDGES[bin + 1] - EDGES[bin];
            (self.hazard[bin], self.upto[bin]) = (hazard, upto);
            let left = std::f64::consts::LN_2 - upto;
            upto += hazard * width;
            if left >= 0.0 && upto > std::f64::consts::LN_2 {
                median = EDGES[bin] + left / hazard;
            }
        }
        (self.median, self.stale) = (median, false);
    }

    /// The cumulative hazard of a job up to this age, in seconds. A job that is alive at a
    /// cumulative hazard of `a` has ended by that of `b` with a chance of `1 - exp(a - b)`.
    pub(super) fn cumulative_hazard(&self, age: f64) -> f64 {
        let bin = bin(age);
        self.upto[bin] + self.hazard[bin] * (age - EDGES[bin]).max(0.0)
    }

    pub(super) fn is_stale(&self) -> bool {
        self.stale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn chance(durations: &Durations, from: f64, to: f64) -> f64 {
        1.0 - (durations.cumulative_hazard(from) - durations.cumulative_hazard(to)).exp()
    }

    #[test]
    fn what_is_expected_holds_until_something_is_seen() {
        for expected in [1.0, 60.0, 300.0] {
            let durations = Durations::new(seconds(expected));
            let median = durations.median().as_secs_f64();
            assert!((median / expected - 1.0).abs() < 0.1, "{median} for {expected}");
            assert!(chance(&durations, 0.0, expected / 4.0) < 0.02);
        }
    }

    #[test]
    fn an_expectation_that_is_far_off_is_given_up_after_a_few_jobs() {
        for (expected, real) in [(60.0, 1.0), (60.0, 400.0)] {
            let mut durations = Durations::new(seconds(expected));
            for _ in 0..10 {
                durations.lived(seconds(0.0), seconds(real));
                durations.ended(seconds(real), seconds(real * 1.05));
            }
            durations.settle();
            let median = durations.median().as_secs_f64();
            assert!((median / real - 1.0).abs() < 0.1, "{median} for {real}");
            assert!(chance(&durations, real * 0.9, real * 1.15) > 0.5);
            assert!(chance(&durations, 0.0, real * 0.7) < 0.25);
        }
    }

    #[test]
    fn jobs_that_do_not_end_count() {
        let mut durations = Durations::new(seconds(60.0));
        let before = chance(&durations, 60.0, 120.0);
        for _ in 0..10 {
            durations.lived(seconds(0.0), seconds(200.0));
        }
        durations.settle();
        assert!(before > 0.8, "{before}");
        assert!(chance(&durations, 60.0, 120.0) < 0.4);
    }

    #[test]
    fn the_shape_is_learned_and_not_only_the_mean() {
        let mut durations = Durations::new(seconds(60.0));
        for n in 0..200 {
            let took = 25.0 + 65.0 * f64::from(n * 37 % 200) / 200.0;
            durations.lived(Duration::ZERO, seconds(took - 0.5));
            durations.ended(seconds(took - 0.5), seconds(took + 0.5));
        }
        durations.settle();
        assert!((durations.median().as_secs_f64() - 57.5).abs() < 3.0, "{:?}", durations.median());
        assert!(chance(&durations, 0.0, 20.0) < 0.05);
        assert!((chance(&durations, 0.0, 57.5) - 0.5).abs() < 0.1);
        assert!(chance(&durations, 80.0, 95.0) > 0.9);
    }
}
