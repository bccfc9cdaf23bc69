//! Which mode the next task is sent in: its own, or what [`auto`](super::auto) decides where it
//! leaves that to the run.
//!
//! Asked anew at every submit, with what was learned until then. A decision is no promise: a task
//! that was not accepted is decided on once more. What was paid for in either mode is paid for, so
//! nothing here touches what runs.

use std::time::Duration;

use super::auto::{self, DurationEstimate, DurationEstimates, Situation};
use super::in_flight::InFlight;
use super::known_durations::ObservedDurations;
use super::message::{EngineNotice, Waiting};
use super::policy::{DEFAULT_TIMEOUT, Policy};
use super::{Engine, RunPhase};
use crate::task::{Mode, TaskMode};

/// How much longer than expected the longest job is believed to take at first, as published: fast
/// 60 and 90 seconds, relaxed five and ten minutes.
const LONGEST: [f64; 2] = [1.5, 2.0];

/// What the choice between the modes goes by.
#[derive(Debug)]
pub(super) struct Modes {
    estimates: DurationEstimates,
    /// What was said of the deadline: that tasks will miss it, and that it is over.
    said_risk: bool,
    said_over: bool,
}

impl Modes {
    pub(super) fn new(policy: &Policy) -> Self {
        let limit = DEFAULT_TIMEOUT + policy.grace;
        let estimate = |expected: Duration, mode: Mode| {
            DurationEstimate::new(expected, expected.mul_f64(LONGEST[mode as usize]), limit)
        };
        let estimates = DurationEstimates {
            fast: estimate(policy.expect_fast, Mode::Fast),
            relaxed: estimate(policy.expect_relaxed, Mode::Relaxed),
        };
        Modes { estimates, said_risk: false, said_over: false }
    }

    /// Adds what earlier runs saw to the estimates.
    pub(super) fn remember(&mut self, observed: &ObservedDurations) {
        for mode in [Mode::Fast, Mode::Relaxed] {
            observed.of(mode).iter().rev().for_each(|took| self.estimates.add(mode, *took));
        }
    }

    /// A job ended well, and was seen to have by the time it was so old.
    pub(super) fn learn(&mut self, flight: &InFlight, took: Duration) {
        if flight.alive.is_some() {
            self.estimates.add(flight.mode, took);
        }
    }
}

impl Engine {
    /// The mode that this task is sent in now; `None` where the budget does not allow to send it at
    /// all.
    pub(super) fn mode_for(&self, now: Duration, waiting: &Waiting) -> Option<Mode> {
        match waiting.mode {
            TaskMode::Fixed(_) if mutant!(ModeIgnored) => Some(Mode::Relaxed),
            TaskMode::Fixed(mode) => Some(mode),
            TaskMode::Auto => self.situated(now, auto::decide),
        }
    }

    /// Says once that tasks will miss the deadline, and once that it is over, if that is so.
    pub(super) fn warn_about_deadline(&mut self, now: Duration) {
        let Some(deadline) = self.policy.deadline.filter(|_| self.run_phase == RunPhase::Running) else {
            return;
        };
        if self.deadline_at().is_some_and(|at| at <= now) {
            self.modes.said_over = true;
            self.notify(EngineNotice::DeadlineOver(self.remaining()));
        }
        let is_known = self.waiting.covers(self.allowed);
        if now < deadline && is_known && !std::mem::replace(&mut self.modes.said_risk, true) {
            let late = self.situated(now, auto::at_risk);
            if late > 0 {
                self.notify(EngineNotice::WillBeLate(late as u64));
            }
        }
    }

    /// When the deadline has something to say.
    pub(super) fn deadline_at(&self) -> Option<Duration> {
        let waits = self.run_phase == RunPhase::Running && !self.modes.said_over && self.remaining() > 0;
        self.policy.deadline.filter(|_| waits)
    }

    /// Shortly before the deadline it is asked once more, so that what ends in time is seen in
    /// time.
    pub(super) fn last_look_at(&self) -> Option<Duration> {
        let look = self.policy.deadline?.saturating_sub(2 * self.policy.poll_min);
        (self.polling.asked_at < look).then_some(look)
    }

    fn situated<T>(&self, now: Duration, judge: impl Fn(&Situation<'_>, &DurationEstimates) -> T) -> T {
        let holds_slot = |flight: &&InFlight| flight.holds_slot();
        let in_flight: Vec<(Mode, Duration)> =
            self.in_flight.all().filter(holds_slot).map(|flight| (flight.mode, flight.ran(now))).collect();
        let mut counts = self.waiting.counts(self.allowed);
        self.retries.waiting().for_each(|waiting| counts.add(waiting.mode));
        let waiting = |mode: TaskMode| usize::try_from(counts.of(mode)).unwrap_or(usize::MAX);
        let situation = Situation {
            // Without a deadline there is all the time there is.
            left: self.policy.deadline.map_or(Duration::MAX, |deadline| deadline.saturating_sub(now)),
            waiting: waiting(TaskMode::Auto),
            others: [waiting(Mode::Fast.into()), waiting(Mode::Relaxed.into())],
            in_flight: &in_flight,
            slots: self.slots.limit(),
            prices: self.policy.prices,
            budget: self.budget.left(),
        };
        judge(&situation, &self.modes.estimates)
    }
}
