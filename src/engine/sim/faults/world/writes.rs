//! The store of the world: what it takes and what it refuses, and what may be written at all.

use std::time::Duration;

use super::super::super::Agenda;
use super::super::oracle::Answer;
use super::super::scenario::PRICES;
use super::super::state::StateWrite;
use super::{FaultyWorld, WorldEvent};
use crate::engine::{DEFAULT_TIMEOUT, Event, IntentRefusal, LATE};
use crate::task::{AttemptKey, Change, ChangeKind, Mode, State as TaskState, TaskRow};

impl FaultyWorld {
    /// Adds a write to those on the way to the disk, which arrive in order.
    pub(super) fn write(&mut self, write: StateWrite, agenda: &mut Agenda<WorldEvent>) {
        self.live.apply(&write);
        self.writes.push_back(write);
        let takes = Duration::from_millis(self.rng.between(1, 50));
        self.written_at = self.written_at.max(agenda.now() + takes);
        agenda.schedule(self.written_at - agenda.now(), WorldEvent::Written);
    }

    /// The oldest write reaches the disk, or fails.
    pub(super) fn written(&mut self) -> Option<Event> {
        let write = self.writes.pop_front()?;
        let fails = self.rng.chance(self.scenario.faults.disk);
        match (&write, fails) {
            (StateWrite::Intent(intent, attempt, ..), true) => {
                self.refused_in_a_row = 0;
                self.live.requeue_due_retries(*attempt);
                Some(Event::IntentFailed(*intent))
            }
            (StateWrite::Change(_), true) => {
                self.disk_failed = true;
                Some(Event::StoreFailed)
            }
            (StateWrite::Intent(intent, attempt, task, mode, _), false) => {
                if let Some(why) = self.refusal(*task, *mode) {
                    self.live.requeue_due_retries(*attempt);
                    return Some(Event::IntentRefused { intent: *intent, why });
                }
                self.disk.apply(&write);
                self.refused_in_a_row = 0;
                Some(Event::IntentRecorded { intent: *intent, attempt: *attempt })
            }
            (StateWrite::Change(_), false) => {
                self.disk.apply(&write);
                None
            }
        }
    }

    /// Why the store does not take the intent to submit this task, if it does not.
    pub(super) fn refusal(&mut self, task: TaskRow, mode: Mode) -> Option<IntentRefusal> {
        let others_spend = self.rng_of_others.chance(self.service.faults.over_budget);
        let is_over = match self.scenario.policy.budget {
            None => {
                self.at_budget |= others_spend;
                self.at_budget
            }
            Some(cap) => {
                let price = PRICES.of(mode).unwrap_or_default().0;
                let spent = self.disk.spent(&PRICES).0;
                if others_spend {
                    let rest = cap.0.saturating_sub(spent + self.others_spent);
                    self.others_spent += rest.saturating_sub(self.rng_of_others.below(price));
                }
                spent + self.others_spent + price > cap.0
            }
        };
        if is_over {
            self.refused.0 += 1;
            self.refused_in_a_row += 1;
            return Some(IntentRefusal::OverBudget);
        }
        // What was to make it wait may not have reached the disk.
        let waits = self.disk.task(task) == TaskState::Pending;
        if waits && !self.rng_of_others.chance(self.service.faults.not_ours) {
            return None;
        }
        self.taken.insert(task);
        self.refused.1 += 1;
        self.refused_in_a_row = 0;
        Some(IntentRefusal::NotOurs)
    }

    /// An intent is to be recorded: only of a task that is pending, in a mode it may have, after
    /// the service has answered about its earlier attempts, and while the service is not trusted
    /// only one at a time.
    pub(super) fn intend(&mut self, now: Duration, attempt: AttemptKey, task: TaskRow) {
        assert!(!self.at_budget || self.disk_failed, "submits go on over the budget");
        let most = 2 * self.scenario.policy.concurrency + 2;
        assert!(self.refused_in_a_row <= most, "what the budget has no room for is intended again and again");
        // A task that an earlier run had submitted again was asked about by that run.
        let claimed = self.claimed.contains(&task).then(|| self.live.open_questions(task));
        for (earlier, row) in claimed.into_iter().flatten() {
            let answer = self.oracle.observed.get(&earlier).and_then(|observed| observed.answer);
            let ends_by = row.intended_at + DEFAULT_TIMEOUT + self.scenario.policy.grace;
            let is_settled = match answer {
                None | Some(Answer::Images) => false,
                Some(Answer::Running) => ends_by <= now,
                Some(Answer::NoImages) => true,
            };
            assert!(
                is_settled,
                "{task:?} is paid for again, and of {earlier:?} was heard {answer:?}: {row:?}"
            );
        }
        assert!(!self.taken.contains(&task), "a task that another run has is intended again");
        assert_eq!(self.live.task(task), TaskState::Pending, "a settled task is submitted again");
        let young = self.live.attempts.iter().any(|(other, row)| {
            let sent_at = self.oracle.observed.get(other).and_then(|observed| observed.sent_at);
            let under_way = row.open && self.live.task(row.task) == TaskState::Submitting;
            under_way && sent_at.unwrap_or(row.intended_at) + LATE > now
        });
        assert!(self.trusted || !young, "several submits before the service is trusted");
        self.oracle.of(attempt).task = Some(task);
        self.routable.insert(attempt);
    }

    pub(super) fn record(&mut self, change: Change, agenda: &mut Agenda<WorldEvent>) {
        match &change {
            Change { attempt, kind: ChangeKind::Resend } => self.resend(*attempt),
            Change { kind: ChangeKind::Rejected(_) | ChangeKind::Refused(_), .. } => {
                self.refused_in_a_row = 0
            }
            Change { attempt, kind: ChangeKind::Done(_) } => {
                let is_late = self.live.task(self.live.attempts[attempt].task) == TaskState::Pending;
                self.came_late += u64::from(is_late);
            }
            Change { attempt, kind: ChangeKind::Accepted(_) } => {
                let row = &self.live.attempts[attempt];
                let sent_at = self.oracle.of(*attempt).sent_at.unwrap_or_default();
                let is_late = self.live.task(row.task) == TaskState::Unknown && sent_at < self.run_started_at;
                self.tied_late += u64::from(is_late);
            }
            _ => {}
        }
        let patience = self.scenario.policy.lost_after;
        self.oracle.check(agenda.now(), &change, &self.service, patience);
        self.write(StateWrite::Change(change), agenda);
    }

    /// A task is to be sent again: only if it is unknown, only where the policy says so, and once
    /// in a run.
    pub(super) fn resend(&mut self, attempt: AttemptKey) {
        let row = &self.live.attempts[&attempt];
        assert!(self.scenario.policy.resend_unknown, "{attempt:?} is sent again, and nobody wanted it");
        let is_unknown = self.live.task(row.task) == TaskState::Unknown;
        assert!(is_unknown, "{attempt:?} is not unknown, and is sent again");
        assert!(!self.stopped, "{attempt:?} is to be sent again after a stop");
        let resends = self.resends.entry(row.task).or_default();
        resends.attempts.insert(attempt);
        resends.in_this_run += 1;
        assert_eq!(resends.in_this_run, 1, "{attempt:?} is sent again once more in a run");
    }
}
