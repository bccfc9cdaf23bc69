//! The one clock of a run: tokio's, so that tests can stop it, counted from the start of the run.

use std::time::Duration;

use tokio::time::Instant;

#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    pub(super) fn start() -> Clock {
        Clock { start: Instant::now() }
    }

    /// The time since the start.
    pub(super) fn now(self) -> Duration {
        self.start.elapsed()
    }

    /// The instant of a time since the start.
    pub(super) fn at(self, time: Duration) -> Instant {
        self.start + time
    }
}
