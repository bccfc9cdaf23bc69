//! The tasks that wait for a slot, in their order, and how many of them there are of each mode.
//!
//! They come in portions that the run claims while it goes on, so that the store may share a batch
//! among several runs and a long batch is never all in memory. What was claimed once stays here
//! until it is submitted: a task that waits again is put to the front, and is not claimed again.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use super::message::{Action, Backlog, Claim, Waiting};
use super::{Engine, RunPhase};
use crate::task::{ModeCounts, TaskRow};

/// The fewest tasks that are claimed at a time, where the policy does not say.
const PORTION: usize = 256;
/// The fewest tasks that are claimed at a time for each slot, so that none is idle meanwhile.
const TASKS_A_SLOT: usize = 4;

/// The queue: what is submitted next is at its front.
#[derive(Debug, Default)]
pub(super) struct PendingQueue {
    /// The tasks that were claimed.
    tasks: VecDeque<Waiting>,
    /// How many of each mode those are.
    counts: ModeCounts,
    /// How many of each mode may still be claimed; they come after those.
    unclaimed: ModeCounts,
    /// Tasks that keep their place, and are not submitted before those behind them.
    passed_over: HashSet<TaskRow>,
    /// How many were asked for, while the answer is awaited.
    asked: Option<usize>,
}

impl From<Backlog> for PendingQueue {
    fn from(backlog: Backlog) -> Self {
        PendingQueue { unclaimed: backlog.tasks, ..PendingQueue::default() }
    }
}

impl PendingQueue {
    /// What is submitted next.
    pub(super) fn front(&self) -> Option<&Waiting> {
        self.tasks.get(self.next()?)
    }

    /// The place of the first task that is not passed over.
    fn next(&self) -> Option<usize> {
        self.tasks.iter().position(|waiting| !self.passed_over.contains(&waiting.task))
    }

    /// Lets those behind a task be submitted before it.
    pub(super) fn pass_over(&mut self, task: TaskRow) {
        self.passed_over.insert(task);
    }

    /// Ends that.
    pub(super) fn take_up(&mut self, task: TaskRow) {
        self.passed_over.remove(&task);
    }

    /// Takes a task out, wherever it is. False where it is not there.
    pub(super) fn remove(&mut self, task: TaskRow) -> bool {
        let at = self.tasks.iter().position(|waiting| waiting.task == task);
        let removed = at.and_then(|at| self.tasks.remove(at));
        if let Some(waiting) = &removed {
            self.counts.take(waiting.mode);
        }
        removed.is_some()
    }

    pub(super) fn push_front(&mut self, waiting: Waiting) {
        self.counts.add(waiting.mode);
        self.tasks.push_front(waiting);
    }

    pub(super) fn push_back(&mut self, waiting: Waiting) {
        self.counts.add(waiting.mode);
        self.tasks.push_back(waiting);
    }

    pub(super) fn pop_front(&mut self) -> Option<Waiting> {
        let waiting = self.tasks.remove(self.next()?)?;
        self.counts.take(waiting.mode);
        Some(waiting)
    }

    /// Those that were claimed, from the front.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.tasks.iter()
    }

    /// How many there are, those that are not claimed yet included.
    pub(super) fn len(&self) -> usize {
        self.tasks.len() + self.unclaimed()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many are not claimed yet.
    fn unclaimed(&self) -> usize {
        usize::try_from(self.unclaimed.total()).unwrap_or(usize::MAX)
    }

    /// Whether a claim is not answered yet.
    pub(super) fn is_claiming(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether the first so many were claimed, as far as there are so many: then they can be
    /// counted.
    pub(super) fn covers(&self, first: Option<u64>) -> bool {
        self.unclaimed() == 0 || first.is_none_or(|first| first <= self.tasks.len() as u64)
    }

    /// How many to claim now, where the queue is short or does not cover the first so many.
    fn claim(&mut self, portion: usize, first: Option<u64>) -> Option<usize> {
        if self.is_claiming() || self.unclaimed() == 0 {
            return None;
        }
        let first = first.map_or(0, |first| usize::try_from(first).unwrap_or(usize::MAX));
        let missing = first.saturating_sub(self.tasks.len()).min(self.unclaimed());
        let is_short = self.tasks.len() < portion.div_ceil(2);
        self.asked = (is_short || missing > 0).then_some(portion.max(missing));
        self.asked
    }

    /// Takes in the tasks of the last claim.
    fn claimed(&mut self, tasks: Vec<Waiting>) {
        let are_last = self.asked.take().is_some_and(|asked| tasks.len() < asked);
        for waiting in tasks {
            self.unclaimed.take(waiting.mode);
            self.push_back(waiting);
        }
        if are_last {
            self.unclaimed = ModeCounts::default();
        }
    }

    /// How many of each mode are among the first so many.
    pub(super) fn counts(&self, first: Option<u64>) -> ModeCounts {
        match first.and_then(|first| usize::try_from(first).ok()).filter(|first| *first < self.len()) {
            None => {
                let mut counts = self.counts;
                counts.merge(self.unclaimed);
                counts
            }
            Some(first) => {
                let mut counts = ModeCounts::default();
                self.tasks.iter().take(first).for_each(|waiting| counts.add(waiting.mode));
                counts
            }
        }
    }
}

impl Engine {
    pub(super) fn tasks_claimed(&mut self, now: Duration, Claim { mut tasks, earlier }: Claim) {
        if mutant!(ClaimedTwice)
            && let Some(first) = tasks.first().copied()
        {
            tasks.push(first);
        }
        self.waiting.claimed(tasks);
        self.look_at_earlier(now, earlier);
    }

    /// Claims more tasks before the queue is too short for the slots, and as many as the decisions
    /// of this run go by.
    pub(super) fn claim_tasks(&mut self) {
        if self.run_phase != RunPhase::Running || self.allowed == Some(0) || !self.next_fits() {
            return;
        }
        let enough = PORTION.max(self.policy.concurrency.saturating_mul(TASKS_A_SLOT));
        let portion = self.policy.portion.unwrap_or(enough).max(1);
        if let Some(count) = self.waiting.claim(portion, self.allowed) {
            self.actions.push_back(Action::ClaimTasks(count));
        }
    }
}
