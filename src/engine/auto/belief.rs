//! What is believed of how long jobs take, from what was expected, from those that ended and from those that run.

use std::collections::VecDeque;
use std::time::Duration;

use crate::task::Mode;

/// How many times as slow as expected a mode is believed to be of which nothing was seen.
const CAUTION: f64 = 2.5;
/// How many jobs must have ended until their average is believed, and until their longest is.
pub(super) const FOR_AVERAGE: usize = 10;
const FOR_LONGEST: usize = 60;
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

    /// What is believed while jobs of these ages run.
    ///
    /// The first jobs that end are the quick ones: an average of those would be far too low. So each job that runs hands its
    /// share on to those that took longer than it has yet (Kaplan and Meier's estimate), or to the longest there is.
    fn now(&self, mut ages: Vec<f64>) -> Shape {
        let longest = self.longest(ages.len());
        let seen = self.sorted.len();
        if seen < FOR_AVERAGE {
            let average =
                (CAUTION * self.expected).clamp(self.sorted.last().copied().unwrap_or(0.0), self.limit);
            return Shape { points: Vec::new(), average, deviation: SPREAD * average, longest, seen };
        }
        ages.sort_by(f64::total_cmp);
        let mut points = Vec::with_capacity(seen + 1);
        let mut left = seen + ages.len();
        let mut mass = 1.0 / left as f64;
        let mut ages = ages.into_iter().peekable();
        for took in self.sorted.iter().copied() {
            while ages.next_if(|age| *age < took).is_some() {
                left -= 1;
                mass += mass / left as f64;
            }
            points.push((took, mass));
            left -= 1;
        }
        points.push((longest, mass * left as f64));
        let mean = |of: &dyn Fn(f64) -> f64| points.iter().map(|(took, mass)| of(*took) * mass).sum::<f64>();
        let average = mean(&|took| took);
        let found = mean(&|took| (took - average).powi(2)).sqrt();
        let deviation = if seen < FOR_DEVIATION { found.max(SPREAD * average) } else { found };
        Shape { points, average, deviation, longest, seen }
    }
}

/// What is believed of a mode at a moment, in seconds.
#[derive(Debug)]
pub(super) struct Shape {
    /// Durations and how likely they are, the shortest first; none where too few were seen.
    points: Vec<(f64, f64)>,
    pub(super) average: f64,
    deviation: f64,
    pub(super) longest: f64,
    pub(super) seen: usize,
}

impl Shape {
    /// The average, taken as slow as it may be.
    pub(super) fn cautious(&self) -> f64 {
        match self.seen {
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
        let longer = self.points.partition_point(|(took, _)| *took <= age);
        let longer = &self.points[longer..];
        let mass: f64 = longer.iter().map(|(_, mass)| mass).sum();
        if longer.len() > FOR_AVERAGE && mass > 0.0 {
            let mean = longer.iter().map(|(took, mass)| (took - age) * mass).sum::<f64>() / mass;
            let square = longer.iter().map(|(took, mass)| (took - age - mean).powi(2) * mass).sum::<f64>();
            return (mean, square / mass);
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
    pub(super) fn now(&self, in_flight: &[(Mode, Duration)]) -> [Shape; 2] {
        let ages = |of: Mode| {
            let its = in_flight.iter().filter(|(mode, _)| *mode == of);
            its.map(|(_, age)| age.as_secs_f64()).collect()
        };
        [self.fast.now(ages(Mode::Fast)), self.relaxed.now(ages(Mode::Relaxed))]
    }
}
