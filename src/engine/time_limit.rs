//! The time a run has: how long it submits and how long it then follows; and the run that waits for
//! nothing.

use std::time::Duration;

use super::message::StopReason;
use super::{Engine, RunPhase};

/// A run that does not wait submits until the slots are full once.
#[derive(Debug)]
pub(super) struct NoWaitState {
    /// What earlier runs left running has not been asked about yet: it may hold slots no longer.
    pub(super) to_look: bool,
    /// The service said that the account's slots are full.
    pub(super) refused: bool,
}

impl Engine {
    /// When nothing more is submitted, and when nothing more is followed.
    fn window(&self) -> Option<(Duration, Duration)> {
        let submits = self.policy.max_duration?;
        Some((submits, submits.saturating_add(self.policy.drain)))
    }

    /// When the time has something to say next.
    pub(super) fn window_at(&self) -> Option<Duration> {
        let (submits, follows) = self.window()?;
        match self.run_phase {
            RunPhase::Running => Some(submits),
            RunPhase::Draining(_) => Some(follows),
            RunPhase::Closing(_) | RunPhase::Finished(_) => None,
        }
    }

    pub(super) fn check_time_limit(&mut self, now: Duration) {
        let Some((submits, follows)) = self.window() else { return };
        if now >= submits {
            self.drain(StopReason::TimeOver);
        }
        // Replies that are under way are still awaited: no job becomes unknown for a second's sake.
        if now >= follows
            && let RunPhase::Draining(ending) = &self.run_phase
        {
            self.close(ending.clone());
        }
    }

    /// Ends a run that does not wait, once nothing more fits.
    pub(super) fn finish_no_wait(&mut self) {
        if !self.policy.no_wait || self.run_phase != RunPhase::Running {
            return;
        }
        let looked = !self.round.to_look || self.in_flight.tracked().next().is_none();
        let none_left = !self.may_submit() && !self.waiting.is_claiming() && self.earlier.is_empty();
        let full = self.round.refused || self.slots_are_full() || none_left;
        if looked && full && self.in_flight.unanswered() == 0 {
            self.close(if self.next_fits() { StopReason::NotAwaited } else { StopReason::BudgetReached });
        }
    }
}
