//! What is known of jobs before a run: how long they take as published, and what earlier runs
//! observed.

use std::time::Duration;

use crate::task::Mode;

/// How long a job takes as the service publishes it: fast 25 to 90 seconds, relaxed one to ten
/// minutes, most of them short. `chance` is from 0, the quickest, to 1, the slowest.
pub fn published_duration(mode: Mode, chance: f64) -> Duration {
    Duration::from_secs_f64(match mode {
        Mode::Fast => 25.0 + 65.0 * chance,
        Mode::Relaxed => 60.0 + 540.0 * chance * chance,
    })
}

/// How long the jobs took that were seen to end well, the last ones first, and how many failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObservedDurations {
    /// Durations of jobs in fast mode, from the intent until the end was seen.
    pub fast: Vec<Duration>,
    /// Durations of jobs in relaxed mode.
    pub relaxed: Vec<Duration>,
    /// How many of the last jobs ended well.
    pub done: u64,
    /// How many of the last jobs failed while they were generated.
    pub failed: u64,
}

impl ObservedDurations {
    /// The durations of jobs in this mode.
    pub fn of(&self, mode: Mode) -> &[Duration] {
        match mode {
            Mode::Fast => &self.fast,
            Mode::Relaxed => &self.relaxed,
        }
    }

    /// The share of jobs that failed while they were generated, from 0 to 1.
    pub(super) fn failure_rate(&self) -> f64 {
        self.failed as f64 / (self.done + self.failed).max(1) as f64
    }
}
