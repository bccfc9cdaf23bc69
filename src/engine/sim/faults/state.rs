//! A model of the state file: what it holds, how writes change it, and what a run starts from.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::engine::{DEFAULT_TIMEOUT, EarlierAttempt, History, IntentId, Resumed, Unacknowledged, Waiting};
use crate::task::{
    AttemptKey, AttemptOutcome, Change, ChangeKind, FailureClass, Mode, Prices, Quota, RemoteTaskId,
    State as TaskState, TaskMode, TaskRow, transition,
};

/// A write on its way to the disk.
#[derive(Debug, Clone)]
pub(super) enum StateWrite {
    /// An intent, the attempt that it becomes, its task, its mode, and when it was made.
    Intent(IntentId, AttemptKey, TaskRow, Mode, Duration),
    Change(Change),
}

/// What a person can do to a task between two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PersonDecision {
    /// `redo`, in a table or the manifest.
    Redo,
    /// `retry`, with `--lost`.
    Retry,
    /// `resolve --resend`.
    Resend,
    Skip,
    Make,
    /// Takes it off the manifest, or puts it back.
    List,
}

impl PersonDecision {
    pub(super) const ALL: [PersonDecision; 6] = [
        PersonDecision::Redo,
        PersonDecision::Retry,
        PersonDecision::Resend,
        PersonDecision::Skip,
        PersonDecision::Make,
        PersonDecision::List,
    ];
}

/// An attempt as the state has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModelAttempt {
    pub(super) task: TaskRow,
    pub(super) mode: Mode,
    /// When its intent was written, by the clock of the world.
    pub(super) intended_at: Duration,
    pub(super) task_id: Option<RemoteTaskId>,
    pub(super) open: bool,
    outcome: AttemptOutcome,
    class: Option<FailureClass>,
}

impl ModelAttempt {
    /// Whether its job certainly failed while it was generated.
    pub(super) fn has_failed(&self) -> bool {
        !self.open && self.class == Some(FailureClass::Generation)
    }

    /// Whether its job may have images by now, though the task is to be sent again.
    pub(super) fn may_have_images(&self) -> bool {
        let given_up = match self.outcome {
            AttemptOutcome::Lost | AttemptOutcome::Unknown => true,
            AttemptOutcome::Failed => self.class.is_some_and(FailureClass::may_have_images),
            _ => self.open,
        };
        self.task_id.is_some() && given_up
    }
}

/// The rows of all tasks and attempts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StateModel {
    pub(super) tasks: Vec<TaskState>,
    pub(super) attempts: BTreeMap<AttemptKey, ModelAttempt>,
    /// The last attempt of a task before a person asked for it again.
    asked_after: BTreeMap<TaskRow, AttemptKey>,
    /// The tasks that had failed before they were skipped.
    failed_before_skip: BTreeSet<TaskRow>,
    /// The tasks that the manifest does not list.
    pub(super) unlisted: BTreeSet<TaskRow>,
}

/// The mode of a task: of four in a row one is `auto`, one relaxed, and two are fast.
pub(super) fn mode_of(task: TaskRow) -> TaskMode {
    match task.0 % 4 {
        1 => TaskMode::Auto,
        2 => Mode::Relaxed.into(),
        _ => Mode::Fast.into(),
    }
}

pub(super) fn waiting_of(task: TaskRow) -> Waiting {
    Waiting { task, mode: mode_of(task), timeout: DEFAULT_TIMEOUT }
}

impl StateModel {
    pub(super) fn new(tasks: i64) -> StateModel {
        StateModel { tasks: (0..tasks).map(|_| TaskState::Pending).collect(), ..StateModel::default() }
    }

    pub(super) fn task(&self, task: TaskRow) -> TaskState {
        self.tasks[task.0 as usize]
    }

    pub(super) fn apply(&mut self, write: &StateWrite) {
        let change = match write {
            StateWrite::Intent(_, attempt, task, mode, at) => {
                let row = ModelAttempt {
                    task: *task,
                    mode: *mode,
                    intended_at: *at,
                    task_id: None,
                    open: true,
                    outcome: AttemptOutcome::Submitting,
                    class: None,
                };
                assert!(self.attempts.insert(*attempt, row).is_none(), "{attempt:?} is used twice");
                self.tasks[task.0 as usize] = TaskState::Submitting;
                return;
            }
            StateWrite::Change(change) => change,
        };
        let Change { attempt, kind } = change;
        let row = self.attempts.get_mut(attempt).expect("a change of an attempt that was never intended");
        let word = &mut self.tasks[row.task.0 as usize];
        let Some(next) = transition(*word, kind).unwrap_or_else(|e| panic!("{attempt:?}: {e}")) else {
            return;
        };
        *word = next.state;
        row.open = !next.outcome.has_ended();
        (row.outcome, row.class) = (next.outcome, next.class);
        if let ChangeKind::Accepted(task_id) = kind {
            row.task_id = Some(task_id.clone());
        }
    }

    /// Removes an attempt whose intent could not be written.
    pub(super) fn requeue_due_retries(&mut self, attempt: AttemptKey) {
        if let Some(row) = self.attempts.remove(&attempt) {
            self.tasks[row.task.0 as usize] = TaskState::Pending;
        }
    }

    /// The last attempt of each task. An earlier one can still be open in the state: its end could
    /// not be written, and its task went on.
    pub(super) fn latest(&self) -> BTreeMap<TaskRow, AttemptKey> {
        self.attempts.iter().map(|(key, row)| (row.task, *key)).collect()
    }

    /// The submits whose outcome is unknown when a run begins at `now`.
    pub(super) fn in_doubt(&self, now: Duration, called_back: bool) -> Vec<Unacknowledged> {
        let latest = self.latest();
        let unknown = self.attempts.iter().filter(|(attempt, row)| {
            self.task(row.task) == TaskState::Unknown && latest[&row.task] == **attempt
        });
        let in_doubt = |(attempt, row): (&AttemptKey, &ModelAttempt)| Unacknowledged {
            attempt: *attempt,
            waiting: waiting_of(row.task),
            mode: row.mode,
            age: now - row.intended_at,
            called_back,
        };
        unknown.map(in_doubt).collect()
    }

    /// Begins a run at `now`, as the store does it: open submits are unknown from now on. Gives the
    /// tasks that wait and the jobs to follow.
    pub(super) fn begin(&mut self, now: Duration) -> (Vec<Waiting>, Vec<Resumed>) {
        self.settle_submitting();
        let waits = |task: &TaskRow| self.task(*task) == TaskState::Pending && !self.unlisted.contains(task);
        let waiting = self.rows().filter(waits).map(waiting_of).collect();
        let last: BTreeMap<TaskRow, AttemptKey> = self
            .attempts
            .iter()
            .filter(|(_, row)| row.outcome != AttemptOutcome::Rejected)
            .map(|(key, row)| (row.task, *key))
            .collect();
        let resumed = self.attempts.iter().filter(|(key, row)| last.get(&row.task) == Some(key));
        let resumed = resumed.filter_map(|(attempt, row)| {
            let task_id = row.task_id.clone()?;
            let second_look = match self.task(row.task) {
                TaskState::Running if row.open => false,
                TaskState::Lost => true,
                TaskState::Failed if row.class.is_some_and(FailureClass::may_have_images) => true,
                _ => return None,
            };
            let age = now - row.intended_at;
            Some(Resumed {
                attempt: *attempt,
                waiting: waiting_of(row.task),
                mode: row.mode,
                task_id,
                age,
                second_look,
            })
        });
        (waiting, resumed.collect())
    }

    /// What earlier runs mean for the next one, as the store gives it.
    pub(super) fn history(&self) -> History {
        let mut history = History::default();
        for (key, row) in self.attempts.iter().filter(|(_, row)| row.has_failed()) {
            if self.asked_after.get(&row.task).is_none_or(|asked_after| asked_after < key) {
                *history.failures.entry(row.task).or_default() += 1;
            }
        }
        history.excluded = self.unlisted.iter().copied().collect();
        history
    }

    /// The attempts of tasks that were claimed at `now` that may have images by now.
    pub(super) fn earlier(&self, now: Duration, claimed: &[Waiting]) -> Vec<EarlierAttempt> {
        let of = |waiting: &Waiting| {
            let (waiting, task) = (*waiting, waiting.task);
            self.open_questions(task).map(move |(attempt, row)| EarlierAttempt {
                attempt,
                waiting,
                mode: row.mode,
                task_id: row.task_id.clone().unwrap(),
                age: now - row.intended_at,
            })
        };
        claimed.iter().flat_map(of).collect()
    }

    /// The attempts of a task since its last images that may have some by now.
    pub(super) fn open_questions(&self, task: TaskRow) -> impl Iterator<Item = (AttemptKey, &ModelAttempt)> {
        let its = move || self.attempts.iter().filter(move |(_, row)| row.task == task);
        let done =
            its().filter(|(_, row)| row.outcome == AttemptOutcome::Done).map(|(key, _)| *key).next_back();
        let since = its().filter(move |(key, _)| done.is_none_or(|done| done < **key));
        since.filter(|(_, row)| row.may_have_images()).map(|(key, row)| (*key, row))
    }

    /// What all attempts cost that may have been accepted.
    pub(super) fn spent(&self, prices: &Prices) -> Quota {
        let spent = self.attempts.values().filter(|row| row.open || row.outcome.is_spent());
        Quota(spent.filter_map(|row| prices.of(row.mode)).map(|price| price.0).sum())
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = TaskRow> + use<> {
        (0..self.tasks.len() as i64).map(TaskRow)
    }

    /// Submits that a run left without a reply are unknown.
    pub(super) fn settle_submitting(&mut self) {
        for row in self.attempts.values_mut() {
            let state = &mut self.tasks[row.task.0 as usize];
            if *state == TaskState::Submitting && row.open {
                (row.open, row.outcome) = (false, AttemptOutcome::Unknown);
                *state = TaskState::Unknown;
            }
        }
    }

    /// A person decides about a task between two runs. Gives whether one more paid attempt is asked
    /// for, or `None` where nothing is changed.
    pub(super) fn decide(&mut self, task: TaskRow, decision: PersonDecision) -> Option<bool> {
        use PersonDecision::{List, Make, Redo, Resend, Retry, Skip};
        use TaskState::{Done, Failed, Lost, Pending, Skipped, Unknown};
        let (next, pays) = match (decision, self.task(task)) {
            (List, _) => {
                if !self.unlisted.remove(&task) {
                    self.unlisted.insert(task);
                }
                return Some(false);
            }
            _ if self.unlisted.contains(&task) => return None,
            (Redo, Done | Failed | Lost | Unknown) | (Retry, Failed | Lost) | (Resend, Unknown) => {
                (Pending, true)
            }
            (Skip, Pending) => (Skipped, false),
            (Skip, Failed) => {
                self.failed_before_skip.insert(task);
                (Skipped, false)
            }
            (Make, Skipped) if self.failed_before_skip.remove(&task) => (Failed, false),
            (Make, Skipped) => (Pending, false),
            _ => return None,
        };
        self.tasks[task.0 as usize] = next;
        if pays && let Some(last) = self.latest().get(&task) {
            self.asked_after.insert(task, *last);
        }
        Some(pays)
    }
}
