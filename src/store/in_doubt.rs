//! Tasks in doubt, that is, tasks with a submit whose outcome is unknown: what a person can decide
//! about them, and the result of that decision.

use jiff::Timestamp;

use crate::plan::TaskView;
use crate::task::{Counts, Mode, Quota, Status, TaskId};

/// A task whose outcome is unknown, with its last submit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InDoubt {
    /// The task.
    pub id: TaskId,
    /// The prompt that was submitted.
    pub prompt: String,
    /// The mode in which it was submitted.
    pub mode: Mode,
    /// The price that is due if the service took the submit, where a price is configured.
    pub quota: Option<Quota>,
    /// The time at which the intent to submit was recorded.
    pub submitted_at: Option<Timestamp>,
    /// The reason why the outcome is unknown, in words.
    pub reason: Option<String>,
    /// The run that submitted it; `None` if it was imported from results.
    pub run: Option<i64>,
    /// The values of the manifest's own columns.
    pub vars: Vec<String>,
}

impl InDoubt {
    /// The task as filters see it.
    pub fn view(&self) -> TaskView<'_> {
        TaskView { id: &self.id, mode: self.mode.into(), status: Status::Unknown, vars: &self.vars }
    }
}

/// A decision about tasks in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The tasks become pending: the next run makes one more paid attempt of each.
    Resend,
    /// The tasks become lost, and are not submitted again.
    GiveUp,
}

/// The result of carrying out a [`Resolution`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResolveReport {
    /// The number of tasks that were in doubt and are not any more.
    pub tasks: u64,
    /// The number of tasks that stay in doubt because they are skipped.
    pub skipped: u64,
    /// The number of tasks that are not sent again because the manifest does not have them any
    /// more.
    pub gone: u64,
    /// The number of tasks of the manifest by status, after the decision.
    pub counts: Counts,
}

/// The result of linking a job of the service to a task in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkOutcome {
    /// The job is the task's now, and the next run follows it.
    Linked,
    /// The job was the task's already; the status of the task.
    AlreadyLinked(Status),
    /// The job belongs to another task, and a job never belongs to two.
    TakenBy(TaskId),
    /// The outcome of the task is known; its status.
    NotInDoubt(Status),
    /// The manifest that the state was last synced with has no such task.
    NoTask,
}
