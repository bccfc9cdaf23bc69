//! What is unknown: replies that were lost, callbacks that settle them late, and sending again
//! where a person would rather pay twice than wait.
//!
//! A lost reply leaves the attempt in doubt: it holds no slot, and a callback at the address that
//! only it was given can still say which job it is. The run waits for that as long as such a job
//! can take since its submit, in this run or in an earlier one; afterwards a callback is still
//! heard while the run goes on anyway.
//!
//! Where the policy says so, the task is then sent again, once in a run: an outage that swallows
//! replies costs one more attempt a task and run at the most, and five lost replies in a row end
//! submitting as ever. The decision is recorded ([`ChangeKind::Resend`]) before anything is sent
//! for it, and the attempt stays unknown: a run that dies before that leaves the task unknown, one
//! that dies after it leaves it waiting, and one that dies after the next intent leaves that one
//! unknown.

use crate::task::{AttemptKey, ChangeKind, TaskRow};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::in_flight::{InFlight, Phase};
use super::message::{Action, StopReason, Unacknowledged};
use super::policy::Policy;
use super::{Engine, LOST_REPLIES_IN_A_ROW, RunPhase};

/// What is not waited for any more, and what was sent again.
#[derive(Debug, Default)]
pub(super) struct InDoubtSet {
    /// Attempts that no job can be running for any more, but which may still be called back.
    stranded: BTreeMap<AttemptKey, InFlight>,
    /// Tasks that this run has sent again.
    again: HashSet<TaskRow>,
}

impl Unacknowledged {
    /// Whether a run with this policy waits for its callback.
    pub fn is_awaited(&self, policy: &Policy) -> bool {
        policy.callbacks && self.called_back && self.age < self.waiting.timeout + policy.grace
    }
}

impl Engine {
    /// The same engine, with submits of earlier runs of which nothing is known.
    #[must_use]
    pub fn with_in_doubt(mut self, in_doubt: Vec<Unacknowledged>) -> Self {
        for lost in in_doubt {
            let longest = lost.waiting.timeout + self.policy.grace;
            // What nobody will call back for has waited long enough.
            let age = if lost.is_awaited(&self.policy) { lost.age } else { lost.age.max(longest) };
            if !mutant!(EarlierRunsForgotten) {
                let flight = InFlight::new(lost.waiting, lost.mode, Phase::InDoubt, Duration::ZERO, age);
                self.in_flight.insert(lost.attempt, flight);
            }
        }
        self
    }

    /// No reply will come any more: whether the submit was accepted cannot be known.
    pub(super) fn lost_reply(&mut self, now: Duration, attempt: AttemptKey, why: String) {
        if self.resolve_from_early_callback(now, attempt) {
            return;
        }
        self.trusted = false;
        self.lost_replies += 1;
        if mutant!(ResendUnknown)
            && let Some(flight) = self.in_flight.get(attempt)
        {
            self.waiting.push_back(flight.waiting);
        }
        self.actions.push_back(Action::Record(ChangeKind::Unknown(why.clone()).of(attempt)));
        if self.lost_replies >= LOST_REPLIES_IN_A_ROW {
            self.drain(StopReason::Unreachable(why));
        } else if self.lost_replies > 1 {
            self.submit_trouble(now, &why);
        }
        if (!self.policy.callbacks || mutant!(InDoubtNotAwaited))
            && let Some(flight) = self.in_flight.remove(attempt)
            && self.sends_again(flight.waiting.task)
        {
            self.actions.push_back(Action::Record(ChangeKind::Resend.of(attempt)));
            self.retries.wait_again(now, flight.waiting);
        }
    }

    /// No reply will say which job is this attempt's; a callback may. True where one has.
    pub(super) fn resolve_from_early_callback(&mut self, now: Duration, attempt: AttemptKey) -> bool {
        let Some(flight) = self.in_flight.get_mut(attempt) else { return false };
        flight.phase = Phase::InDoubt;
        for item in std::mem::take(&mut flight.early) {
            self.callback(now, attempt, item);
        }
        !self.in_flight.get(attempt).is_some_and(|flight| matches!(flight.phase, Phase::InDoubt))
    }

    /// A callback for an attempt that is not waited for any more: it is heard all the same.
    pub(super) fn reattach_late_callback(&mut self, attempt: AttemptKey) {
        if let Some(flight) = self.unknowns.stranded.remove(&attempt) {
            self.in_flight.insert(attempt, flight);
        }
    }

    /// Waits no longer for callbacks of jobs that must have ended: what is unknown stays so, or is
    /// sent again.
    pub(super) fn expire_in_doubt(&mut self, now: Duration) {
        let stranded: Vec<_> = self
            .in_flight
            .iter()
            .filter(|(_, flight)| matches!(flight.phase, Phase::InDoubt))
            .filter(|(_, flight)| flight.deadline(self.policy.grace) <= now)
            .map(|(attempt, _)| attempt)
            .collect();
        // The oldest is to be first in the line, and what is due goes to its front.
        for attempt in stranded.into_iter().rev() {
            let Some(flight) = self.in_flight.remove(attempt) else { continue };
            if self.sends_again(flight.waiting.task) {
                self.actions.push_back(Action::Record(ChangeKind::Resend.of(attempt)));
                self.retries.wait_until(now, flight.waiting);
            } else if self.policy.callbacks {
                self.unknowns.stranded.insert(attempt, flight);
            }
        }
    }

    /// Whether the task of an attempt that is unknown is sent again by this run; says so once for a
    /// task.
    fn sends_again(&mut self, task: TaskRow) -> bool {
        let may =
            self.policy.resend_unknown && self.run_phase == RunPhase::Running && !self.retries.excludes(task);
        may && (self.unknowns.again.insert(task) || mutant!(ResendsWithoutEnd))
    }
}
