//! Sending again what failed: by class, a bounded number of times, each a new paid attempt.
//!
//! Only a job that the service took, and then said had failed while it was made, is sent again by
//! itself. A prompt that was refused or moderated would be again; what is lost, unknown, late or
//! without images may have been made and billed. (What is unknown is, once in a run, where the
//! policy says so: see `unknown`.)
//!
//! Where the program dies, nothing is paid for beyond that: before the failure is recorded, the
//! attempt is open, is asked about again and fails again, as the same one; after it, the task waits
//! and the failure is counted from the attempts; after the next intent, that attempt is unknown,
//! and its task is not sent again. Only how long was waited already is forgotten.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::known_durations::ObservedDurations;
use super::message::{Action, Waiting};
use super::policy::Policy;
use super::{Engine, RunPhase};
use crate::task::{Change, ChangeKind, FailureClass, Quota, TaskRow};

/// However often a task failed, it waits no longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// What earlier runs mean for this one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// What all attempts so far cost, those that run and those whose outcome is unknown included.
    /// The largest number there is where that is unknown, since then nothing is within a
    /// budget.
    pub spent: Quota,
    /// How often the job of a task failed at the service since it was last asked for by a person.
    /// Tasks that never did are left out.
    pub failures: HashMap<TaskRow, u32>,
    /// Tasks whose jobs are followed, but which this run may not send again: they are not among
    /// those chosen for it, or the manifest skips them, or has them no longer.
    pub excluded: HashSet<TaskRow>,
    /// How long jobs took, the last ones first.
    pub observed: ObservedDurations,
}

/// How often which task failed, and which are sent again when.
#[derive(Debug)]
pub(super) struct Retries {
    most: u32,
    first_wait: Duration,
    seed: u64,
    failures: HashMap<TaskRow, u32>,
    excluded: HashSet<TaskRow>,
    /// By the time at which they are due, the latest first.
    later: Vec<(Duration, Waiting)>,
}

impl Retries {
    pub(super) fn new(policy: &Policy) -> Self {
        Retries {
            most: policy.retries,
            first_wait: policy.retry_after,
            seed: policy.seed,
            failures: HashMap::new(),
            excluded: HashSet::new(),
            later: Vec::new(),
        }
    }

    /// The job of a task failed at the service. True where the task may be sent again: by this run,
    /// unless the task is excluded, and then by another.
    fn failed(&mut self, now: Duration, waiting: Waiting) -> bool {
        let failures = self.failures.entry(waiting.task).or_default();
        *failures += u32::from(!mutant!(FailuresNotCounted));
        if *failures > self.most {
            return false;
        }
        if !self.excluded.contains(&waiting.task) {
            self.wait_until(now + self.wait(waiting.task, self.failures[&waiting.task]), waiting);
        }
        true
    }

    /// A task is sent again as long after `now` as one that failed for the first time.
    pub(super) fn wait_again(&mut self, now: Duration, waiting: Waiting) {
        self.wait_until(now + self.wait(waiting.task, 1), waiting);
    }

    /// A task is sent again when this is due.
    pub(super) fn wait_until(&mut self, due: Duration, waiting: Waiting) {
        let place = self.later.partition_point(|(at, _)| *at > due);
        self.later.insert(place, (due, waiting));
    }

    /// Whether this run may not send a task again.
    pub(super) fn excludes(&self, task: TaskRow) -> bool {
        self.excluded.contains(&task)
    }

    /// Three quarters to five quarters of a wait that doubles with each failure.
    fn wait(&self, task: TaskRow, failures: u32) -> Duration {
        let whole = self.first_wait * 2u32.saturating_pow(failures.saturating_sub(1).min(16));
        let mut hasher = DefaultHasher::new();
        (self.seed, task, failures).hash(&mut hasher);
        let jitter = (hasher.finish() >> 11) as f64 / (1u64 << 53) as f64;
        whole.min(LONGEST_WAIT).mul_f64(0.75 + jitter / 2.0)
    }

    /// What is sent again next.
    pub(super) fn first(&self) -> Option<&Waiting> {
        self.later.last().map(|(_, waiting)| waiting)
    }

    /// When that is.
    pub(super) fn next_at(&self) -> Option<Duration> {
        self.later.last().map(|(at, _)| *at)
    }

    /// What will be sent again.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Waiting> {
        self.later.iter().map(|(_, waiting)| waiting)
    }

    /// How many tasks will be sent again.
    pub(super) fn len(&self) -> usize {
        self.later.len()
    }

    fn take_due(&mut self, now: Duration) -> Option<Waiting> {
        self.later.pop_if(|(at, _)| *at <= now).map(|(_, waiting)| waiting)
    }
}

impl Engine {
    /// The same engine, with what earlier runs mean for it.
    #[must_use]
    pub fn with_history(mut self, history: History) -> Self {
        self.budget = super::budget::RunBudget::new(&self.policy, history.spent);
        (self.retries.failures, self.retries.excluded) = (history.failures, history.excluded);
        self.modes.remember(&history.observed);
        self
    }

    /// What failed and is due waits again, before all others: its turn came before theirs.
    pub(super) fn requeue_due_retries(&mut self, now: Duration) {
        while self.run_phase == RunPhase::Running
            && let Some(waiting) = self.retries.take_due(now)
        {
            self.waiting.push_front(waiting);
        }
    }

    /// Whether anything may be submitted in this run, now or when what failed is due.
    pub(super) fn may_yet_submit(&self) -> bool {
        let later = self.retries.first().is_some_and(|waiting| self.budget.allows(waiting));
        self.may_submit() || (self.run_phase == RunPhase::Running && self.allowed != Some(0) && later)
    }

    /// A job has ended: what that means for its task is recorded.
    pub(super) fn record_outcome(&mut self, now: Duration, waiting: Waiting, change: Change) {
        let change = match change {
            Change { attempt, kind: ChangeKind::Failed(failure) }
                if failure.class == FailureClass::Generation =>
            {
                match self.retries.failed(now, waiting) {
                    true => ChangeKind::FailedWillRetry(failure).of(attempt),
                    false => ChangeKind::Failed(failure).of(attempt),
                }
            }
            other => other,
        };
        match &change {
            Change { kind: ChangeKind::Done(..), .. } => self.breaker.passed(),
            Change { kind: ChangeKind::Failed(failure), .. } if failure.class == FailureClass::Moderated => {
                self.on_prompt_rejected(waiting.task);
            }
            _ => {}
        }
        self.actions.push_back(Action::Record(change));
    }
}
