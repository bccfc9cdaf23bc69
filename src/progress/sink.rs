//! The interface between the runner and the views of a run.

use std::time::Duration;

use super::event::RunEvent;
use super::run_progress::RunProgress;

/// A view of one run.
pub trait Sink: Send {
    /// Shows an event.
    fn event(&mut self, event: &RunEvent, now: &RunProgress);

    /// Shows that time has passed.
    fn tick(&mut self, _now: &RunProgress) {}

    /// The interval at which this sink wants ticks; `None` where it wants none.
    fn tick_every(&self) -> Option<Duration> {
        None
    }
}
