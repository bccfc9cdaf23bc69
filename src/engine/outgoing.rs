//! What goes out: which task is submitted when, and when the service is asked.

use std::time::Duration;

use super::in_flight::{InFlight, Phase, Purpose};
use super::message::{Action, EngineNotice, IntentId, StopReason, Waiting};
use super::{Engine, LATE, RunPhase};
use crate::task::{AttemptKey, RemoteTaskId, TaskMode};

impl Engine {
    /// Whether anything is left that may be submitted, slots aside.
    pub(super) fn may_submit(&self) -> bool {
        let working = self.run_phase == RunPhase::Running
            || mutant!(StopIgnored) && self.run_phase == RunPhase::Draining(StopReason::Interrupted);
        let is_free = |waiting: &&Waiting| !self.earlier.hold(waiting.task);
        let next = self.waiting.front().filter(is_free).is_some_and(|waiting| self.budget.allows(waiting));
        working && next && self.allowed != Some(0) && self.waiting.covers(self.allowed)
    }

    /// When another submit may be under way besides those that are: at once where the service is
    /// trusted, else when the reply to the last one is late.
    pub(super) fn trusts_at(&self) -> Duration {
        let last =
            self.in_flight.all().filter(|flight| flight.is_unanswered()).map(|flight| flight.since).max();
        last.filter(|_| !self.trusted && !mutant!(TrustAtOnce)).map_or(Duration::ZERO, |since| since + LATE)
    }

    pub(super) fn slots_are_full(&self) -> bool {
        self.in_flight.slots_held() >= self.slots.limit()
    }

    /// When the next submit may leave. `None` where nothing is left to submit, or all slots are
    /// taken.
    pub(super) fn submit_at(&self) -> Option<Duration> {
        let free_at = self.slots.free_at(self.in_flight.slots_held()).filter(|_| self.may_submit())?;
        Some(free_at.max(self.trusts_at()).max(self.submits.until()))
    }

    /// When one more slot than refusals taught is tried for: where all are taken, and a submit
    /// could leave.
    pub(super) fn grow_at(&self) -> Option<Duration> {
        let full = self.may_submit() && self.slots_are_full();
        let grow_at = self.slots.grow_at(self.in_flight.slots_held()).filter(|_| full)?;
        Some(grow_at.max(self.trusts_at()).max(self.submits.until()))
    }

    pub(super) fn submit_more(&mut self, now: Duration) {
        if self.grow_at().is_some_and(|at| at <= now) {
            self.slots.probe_more(now, self.a_job_takes());
        }
        while self.submit_at().is_some_and(|at| at <= now) {
            let mode = self.waiting.front().and_then(|waiting| self.mode_for(now, waiting));
            let Some((waiting, mode)) = mode.and_then(|mode| Some((self.waiting.pop_front()?, mode))) else {
                return;
            };
            if self.take_what_came(waiting.task) {
                continue;
            }
            let intent = IntentId(self.next_intent);
            self.next_intent += 1;
            self.allowed = self.allowed.map(|left| left - 1);
            self.budget.reserve(intent, mode);
            let flight = InFlight::new(waiting, mode, Phase::Intending, now, Duration::ZERO);
            self.in_flight.intend(intent, flight);
            self.actions.push_back(Action::RecordIntent(intent, waiting.task, mode));
            if mutant!(SendBeforeDurable) {
                self.intent_recorded(now, intent, AttemptKey(intent.0 as i64 + 1));
            }
        }
        self.notify_budget_reached();
    }

    /// When the next round of status requests is due, if there is anything to ask. A reply that
    /// does not come is not waited for: asking again is free, and slots may stand idle meanwhile.
    pub(super) fn ask_at(&self) -> Option<Duration> {
        self.in_flight.tracked().next()?;
        if mutant!(NoPollAfterError) && self.asks.in_a_row() > 0 {
            return None;
        }
        let due = match self.polling.outstanding {
            0 => self.polling.next_at.min(self.last_look_at().unwrap_or(Duration::MAX)),
            _ => self.polling.asked_at + LATE.max(self.policy.poll_max / 3),
        };
        Some(due.max(self.asks.until()))
    }

    pub(super) fn ask(&mut self, now: Duration) {
        if self.polling.stale && self.polling.outstanding == 0 {
            let slot_wanted = self.may_submit() && self.slots_are_full();
            self.polling.plan(&self.policy, &self.in_flight, slot_wanted);
        }
        let following = matches!(self.run_phase, RunPhase::Running | RunPhase::Draining(_));
        if following && self.ask_at().is_some_and(|at| at <= now) {
            if self.polling.outstanding > 0 {
                self.pass_over_held();
            }
            self.polling.outstanding = 0;
            self.polling.asked_at = now;
            self.ask_for(self.in_flight.tracked_ids());
        }
    }

    pub(super) fn ask_for(&mut self, ids: Vec<RemoteTaskId>) {
        for ids in ids.chunks(self.polling.ids_a_request) {
            self.polling.outstanding += 1;
            self.actions.push_back(Action::PollStatus(ids.to_vec()));
        }
    }

    /// How long a job of the kind that waits next is expected to take.
    pub(super) fn a_job_takes(&self) -> Duration {
        let next = self.waiting.front().map_or_else(TaskMode::default, |waiting| waiting.mode);
        self.polling.typical(self.policy.prices.cheapest(next))
    }

    pub(super) fn second_looks(&self) -> impl Iterator<Item = AttemptKey> {
        self.in_flight
            .iter()
            .filter(|(_, flight)| matches!(&flight.phase, Phase::Running(tracking) if tracking.purpose == Purpose::SecondLook))
            .map(|(attempt, _)| attempt)
    }

    pub(super) fn notify(&mut self, notice: EngineNotice) {
        self.actions.push_back(Action::Notify(notice));
    }
}
