//! How far a batch and its run are at a moment.

use std::time::Duration;

use jiff::Timestamp;

use crate::task::{Counts, Status};

/// The state of a batch and its run at the moment of an event, which it already includes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunProgress {
    /// The time of day.
    pub at: Timestamp,
    /// The time since this run began.
    pub elapsed: Duration,
    /// The batch's tasks by status.
    pub counts: Counts,
    /// The number of the service's slots that this run may use now.
    pub slots: usize,
    /// The number of those slots that are in use.
    pub in_slots: usize,
    /// The number of tasks that this run still has to finish: those that run and those that it will
    /// submit. It is less than pending and running together where a limit applies or the run is
    /// stopping.
    pub remaining: u64,
}

impl RunProgress {
    /// The number of tasks that no run will do anything more for.
    pub(super) fn settled(&self) -> u64 {
        let open = self.counts.of(Status::Pending) + self.counts.of(Status::Running);
        self.counts.total().saturating_sub(open)
    }

    /// The share of the batch that is settled, in whole percent, rounded down.
    pub(super) fn percent(&self) -> u64 {
        match self.counts.total() {
            0 => 100,
            total => self.settled() * 100 / total,
        }
    }
}
