//! A model of the state file: what it holds, how writes change it, and what a run starts from.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::engine::{DEFAULT_TIMEOUT, History, IntentId, Resumed, Unacknowledged, Waiting};
use crate::task::{
    AttemptKey, Change, ChangeKind, FailureClass, Mode, RemoteTaskId, State as TaskState, TaskMode, TaskRow,
    transition,
};

/// A write on its way to the disk.
#[derive(Debug, Clone)]
pub(super) enum StateWrite {
    /// An intent, the attempt that it becomes, its task, its mode, and when it was made.
    Intent(IntentId, AttemptKey, TaskRow, Mode, Duration),
    Change(Change),
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
    class: Option<FailureClass>,
}

impl ModelAttempt {
    /// Whether its job certainly failed while it was generated.
    pub(super) fn has_failed(&self) -> bool {
        !self.open && self.class == Some(FailureClass::Generation)
    }
}

/// The rows of all tasks and attempts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StateModel {
    pub(super) tasks: Vec<TaskState>,
    pub(super) attempts: BTreeMap<AttemptKey, ModelAttempt>,
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
        StateModel { tasks: (0..tasks).map(|_| TaskState::Pending).collect(), attempts: BTreeMap::new() }
    }

    pub(super) fn task(&self, task: TaskRow) -> TaskState {
        self.tasks[task.0 as usize]
    }

    pub(super) fn apply(&mut self, write: &StateWrite) {
        let change = match write {
            StateWrite::Intent(_, attempt, task, mode, at) => {
                let (task_id, open, class) = (None, true, None);
                let row = ModelAttempt { task: *task, mode: *mode, intended_at: *at, task_id, open, class };
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
        row.class = next.class;
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
        for row in self.attempts.values_mut() {
            if self.tasks[row.task.0 as usize] == TaskState::Submitting && row.open {
                row.open = false;
                self.tasks[row.task.0 as usize] = TaskState::Unknown;
            }
        }
        let tasks = (0..self.tasks.len() as i64).map(TaskRow);
        let waiting = tasks.filter(|task| self.task(*task) == TaskState::Pending).map(waiting_of).collect();
        let resumed = self.attempts.iter().filter_map(|(attempt, row)| {
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
        for row in self.attempts.values().filter(|row| row.has_failed()) {
            *history.failures.entry(row.task).or_default() += 1;
        }
        history
    }
}
