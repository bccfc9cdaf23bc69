//! How long jobs take, estimated from what was expected, from the jobs that ended, and from those
//! that run.
//!
//! The first jobs that end are the quick ones. So nothing is concluded from a few: neither an
//! average, nor the longest duration while many still run, nor how long a job still takes that has
//! outlived most of those seen.

use std::collections::VecDeque;
use std::time::Duration;

use crate::task::Mode;

/// How many times as slow as expected a mode is taken to be until some of its jobs were seen.
const CAUTION: f64 = 2.5;
/// How many jobs must have ended before their average is used.
pub(super) const FOR_AVERAGE: usize = 10;
/// How many jobs must have ended before their longest duration is used.
const FOR_LONGEST: usize = 60;
/// How many jobs must have ended before their standard deviation is used as it is.
const FOR_DEVIATION: usize = 30;
/// How many jobs must have taken longer than some age for them to say how long a job of that age
/// still takes.
const FOR_REST: usize = 10;
/// How many standard errors are added to an average. Many, since it is looked at before every
/// submit, and the first look that finds it low cannot be taken back.
const ERRORS: f64 = 5.0;
/// The least standard deviation, as a share of the average, until many jobs were seen.
const SPREAD: f64 = 0.4;
/// How much longer than the longest of `n` jobs another one may take, as a share of it: this,
/// divided by `n`.
const MARGIN: f64 = 5.0;
/// How many standard deviations longer than the average the last job of all may take.
const LAST: f64 = 3.0;
/// How many jobs are remembered: a service that changes its pace is followed.
const MEMORY: usize = 200;

/// The estimate of how long the jobs of a mode take, in seconds.
#[derive(Debug, Clone)]
pub struct DurationEstimate {
    expected: f64,
    longest: f64,
    limit: f64,
    /// The durations of the jobs that ended, in the order in which they were seen.
    seen: VecDeque<f64>,
    /// The same durations, the shortest first.
    sorted: Vec<f64>,
}

impl DurationEstimate {
    /// The estimate before any job was seen: what is expected on average and at the most, and the
    /// time after which a job is given up whatever was expected.
    pub fn new(expected: Duration, longest: Duration, limit: Duration) -> DurationEstimate {
        let [expected, longest, limit] = [expected, longest, limit].map(|time| time.as_secs_f64());
        let (seen, sorted) = (VecDeque::new(), Vec::new());
        DurationEstimate { expected, longest: longest.max(expected), limit, seen, sorted }
    }

    /// The estimate by what the service publishes: fast 25 to 90 seconds, relaxed one to ten
    /// minutes, most of them short.
    pub fn published(mode: Mode, limit: Duration) -> DurationEstimate {
        let [expected, longest] = match mode {
            Mode::Fast => [60, 90],
            Mode::Relaxed => [240, 600],
        };
        DurationEstimate::new(Duration::from_secs(expected), Duration::from_secs(longest), limit)
    }

    /// Adds a job that ended after this long, and forgets the oldest of many.
    pub fn add(&mut self, took: Duration) {
        let took = took.as_secs_f64();
        let place = |sorted: &[f64], took: f64| sorted.partition_point(|other| *other < took);
        if self.seen.len() == MEMORY
            && let Some(oldest) = self.seen.pop_front()
        {
            self.sorted.remove(place(&self.sorted, oldest));
        }
        self.seen.push_back(took);
        self.sorted.insert(place(&self.sorted, took), took);
    }

    /// The average that was expected before any job was seen.
    pub(super) fn expected(&self) -> f64 {
        self.expected
    }

    /// The longest that a job takes, as far as can be said while so many run: the longest one may
    /// be among those.
    fn longest(&self, running: usize) -> f64 {
        let (n, seen) = (self.seen.len(), self.sorted.last().copied().unwrap_or(0.0));
        if n < FOR_LONGEST.max(3 * running) {
            return (CAUTION * self.longest).max(seen).min(self.limit);
        }
        (seen * (1.0 + MARGIN / n as f64)).min(self.limit)
    }

    /// The distribution while so many jobs run.
    fn distribution(&self, running: usize) -> Distribution<'_> {
        let (seen, longest) = (&self.sorted[..], self.longest(running));
        let n = seen.len() as f64;
        if seen.len() < FOR_AVERAGE {
            let average = (CAUTION * self.expected).max(seen.last().copied().unwrap_or(0.0)).min(self.limit);
            return Distribution { seen, average, deviation: SPREAD * average, longest };
        }
        let average = seen.iter().sum::<f64>() / n;
        let found = (seen.iter().map(|took| (took - average).powi(2)).sum::<f64>() / n).sqrt();
        let deviation = if seen.len() < FOR_DEVIATION { found.max(SPREAD * average) } else { found };
        Distribution { seen, average, deviation, longest }
    }
}

/// How long the jobs of a mode take, as estimated at one moment, in seconds.
#[derive(Debug)]
pub(super) struct Distribution<'a> {
    /// The durations of the jobs that ended, the shortest first.
    pub(super) seen: &'a [f64],
    pub(super) average: f64,
    deviation: f64,
    pub(super) longest: f64,
}

impl Distribution<'_> {
    /// The average, taken as slow as it may be.
    pub(super) fn cautious(&self) -> f64 {
        match self.seen.len() {
            0..FOR_AVERAGE => self.average, // at its worst already
            seen => self.average + ERRORS * self.deviation / (seen as f64).sqrt(),
        }
    }

    /// How long the last job of all may take.
    pub(super) fn last(&self) -> f64 {
        (self.cautious() + LAST * self.deviation).min(self.longest)
    }

    pub(super) fn variance(&self) -> f64 {
        self.deviation.powi(2)
    }

    /// How long a job of this age still takes: the mean, and its variance.
    pub(super) fn left(&self, age: f64) -> (f64, f64) {
        let longer = &self.seen[self.seen.partition_point(|took| *took <= age)..];
        if self.seen.len() >= FOR_AVERAGE && longer.len() >= FOR_REST {
            let n = longer.len() as f64;
            let mean = longer.iter().map(|took| took - age).sum::<f64>() / n;
            return (mean, longer.iter().map(|took| (took - age - mean).powi(2)).sum::<f64>() / n);
        }
        // Few went on for so long: anywhere between now and the longest.
        let most = (self.longest - age).max(0.0);
        (most / 2.0, most * most / 12.0)
    }
}

/// The estimates of both modes.
#[derive(Debug, Clone)]
pub struct DurationEstimates {
    /// The estimate of fast mode.
    pub fast: DurationEstimate,
    /// The estimate of relaxed mode.
    pub relaxed: DurationEstimate,
}

impl DurationEstimates {
    /// The estimates by what the service publishes.
    pub fn published(limit: Duration) -> DurationEstimates {
        DurationEstimates {
            fast: DurationEstimate::published(Mode::Fast, limit),
            relaxed: DurationEstimate::published(Mode::Relaxed, limit),
        }
    }

    /// Adds a job of this mode that ended after this long.
    pub fn add(&mut self, mode: Mode, took: Duration) {
        match mode {
            Mode::Fast => self.fast.add(took),
            Mode::Relaxed => self.relaxed.add(took),
        }
    }

    /// The distributions while these jobs run, by mode.
    pub(super) fn distributions(&self, in_flight: &[(Mode, Duration)]) -> [Distribution<'_>; 2] {
        let running = |of: Mode| in_flight.iter().filter(|(mode, _)| *mode == of).count();
        [self.fast.distribution(running(Mode::Fast)), self.relaxed.distribution(running(Mode::Relaxed))]
    }
}
