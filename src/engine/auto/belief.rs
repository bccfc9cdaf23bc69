//! What is believed of how long jobs take, from what was expected, from those that ended and from those that run.
//!
//! The first jobs that end are the quick ones. So nothing is concluded from a few: neither an average, nor the longest while
//! many still run, nor how long those take that have outlived most of what was seen.

use std::collections::VecDeque;
use std::time::Duration;

use crate::task::Mode;

/// How many times as slow as expected a mode is believed to be of which nothing was seen.
const CAUTION: f64 = 2.5;
/// How many jobs must have ended until their average is believed, and until their longest is.
pub(super) const FOR_AVERAGE: usize = 10;
const FOR_LONGEST: usize = 60;
/// How many that took longer tell how long a job of some age still takes.
const FEW: usize = 10;
/// How many until their deviation is believed.
const FOR_DEVIATION: usize = 30;
/// How many errors of an average it is taken too slow. Many, since it is looked at before every submit, and the first look
/// that finds it low cannot be taken back.
const ERRORS: f64 = 5.0;
/// The least that durations are believed to deviate, as a share of their average, until many were seen.
const SPREAD: f64 = 0.4;
/// How much longer than the longest of so many jobs another one may take, as a share of it: this over their number.
const MARGIN: f64 = 5.0;
/// How many deviations longer than the average the last job of all may take.
const LAST: f64 = 3.0;
/// How many jobs are remembered: a service that changes its pace is followed.
const MEMORY: usize = 200;

/// What is known of how long the jobs of a mode take.
#[derive(Debug, Clone)]
pub struct Belief {
    expected: f64,
    longest: f64,
    limit: f64,
    /// In the order in which they were seen.
    seen: VecDeque<f64>,
    /// The same, the shortest first.
    sorted: Vec<f64>,
}

impl Belief {
    /// Before any job was seen: what is expected on average and at the most, and the time after which a job is given up
    /// whatever was expected.
    pub fn new(expected: Duration, longest: Duration, limit: Duration) -> Belief {
        let [expected, longest, limit] = [expected, longest, limit].map(|time| time.as_secs_f64());
        let (seen, sorted) = (VecDeque::new(), Vec::new());
        Belief { expected, longest: longest.max(expected), limit, seen, sorted }
    }

    /// By what is published of the service: fast 25 to 90 seconds, relaxed one to ten minutes, most of them short.
    pub fn usual(mode: Mode, limit: Duration) -> Belief {
        let [expected, longest] = match mode {
            Mode::Fast => [60, 90],
            Mode::Relaxed => [240, 600],
        };
        Belief::new(Duration::from_secs(expected), Duration::from_secs(longest), limit)
    }

    /// A job ended after this long.
    pub fn learn(&mut self, took: Duration) {
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

    pub(super) fn expected(&self) -> f64 {
        self.expected
    }

    /// The longest that a job takes, as far as can be said while so many run: the longest may be among those.
    fn longest(&self, running: usize) -> f64 {
        let (n, seen) = (self.seen.len(), self.sorted.last().copied().unwrap_or(0.0));
        if n < FOR_LONGEST.max(3 * running) {
            return (CAUTION * self.longest).max(seen).min(self.limit);
        }
        (seen * (1.0 + MARGIN / n as f64)).min(self.limit)
    }

    /// What is believed while so many jobs run.
    fn now(&self, running: usize) -> Shape<'_> {
        let (seen, longest) = (&self.sorted[..], self.longest(running));
        let n = seen.len() as f64;
        if seen.len() < FOR_AVERAGE {
            let average = (CAUTION * self.expected).max(seen.last().copied().unwrap_or(0.0)).min(self.limit);
            return Shape { seen, average, deviation: SPREAD * average, longest };
        }
        let average = seen.iter().sum::<f64>() / n;
        let found = (seen.iter().map(|took| (took - average).powi(2)).sum::<f64>() / n).sqrt();
        let deviation = if seen.len() < FOR_DEVIATION { found.max(SPREAD * average) } else { found };
        Shape { seen, average, deviation, longest }
    }
}

/// What is believed of a mode at a moment, in seconds.
#[derive(Debug)]
pub(super) struct Shape<'a> {
    /// What jobs took, the shortest first.
    pub(super) seen: &'a [f64],
    pub(super) average: f64,
    deviation: f64,
    pub(super) longest: f64,
}

impl Shape<'_> {
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
        if self.seen.len() >= FOR_AVERAGE && longer.len() >= FEW {
            let n = longer.len() as f64;
            let mean = longer.iter().map(|took| took - age).sum::<f64>() / n;
            return (mean, longer.iter().map(|took| (took - age - mean).powi(2)).sum::<f64>() / n);
        }
        // Few went on for so long: anywhere between now and the longest.
        let most = (self.longest - age).max(0.0);
        (most / 2.0, most * most / 12.0)
    }
}

/// What is known of both modes.
#[derive(Debug, Clone)]
pub struct Beliefs {
    /// Of fast mode.
    pub fast: Belief,
    /// Of relaxed mode.
    pub relaxed: Belief,
}

impl Beliefs {
    /// By what is published of the service.
    pub fn usual(limit: Duration) -> Beliefs {
        Beliefs { fast: Belief::usual(Mode::Fast, limit), relaxed: Belief::usual(Mode::Relaxed, limit) }
    }

    /// A job of this mode ended after this long.
    pub fn learn(&mut self, mode: Mode, took: Duration) {
        match mode {
            Mode::Fast => self.fast.learn(took),
            Mode::Relaxed => self.relaxed.learn(took),
        }
    }

    /// What is believed while these jobs run, by mode.
    pub(super) fn now(&self, in_flight: &[(Mode, Duration)]) -> [Shape<'_>; 2] {
        let running = |of: Mode| in_flight.iter().filter(|(mode, _)| *mode == of).count();
        [self.fast.now(running(Mode::Fast)), self.relaxed.now(running(Mode::Relaxed))]
    }
}
