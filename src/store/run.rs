//! The runs of a batch: those that were recorded, and what the next one starts from.

use jiff::Timestamp;

use crate::engine::{Backlog, Claim, History, Resumed, Unacknowledged};
use crate::task::{Counts, State, TaskId};

/// One run of the batch, as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// The number of the run, from 1.
    pub run: i64,
    /// The time at which it began.
    pub started_at: Option<Timestamp>,
    /// The time at which it ended; `None` if it goes on, or was killed.
    pub ended_at: Option<Timestamp>,
    /// The word for why it ended; `None` if it did not.
    pub ending: Option<String>,
}

/// What a run starts from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunStart {
    /// The number of pending tasks that this run may claim, by mode.
    pub backlog: Backlog,
    /// The number of other pending tasks, which were not selected for this run.
    pub not_selected: u64,
    /// The costs, failures and durations of earlier runs that the rules of this run depend on.
    pub history: History,
    /// The jobs to follow: those that earlier runs left running, and failed or lost ones that may
    /// still turn out to have images.
    pub resumed: Vec<Resumed>,
    /// The tasks of [`resumed`](RunStart::resumed), in the same order.
    pub resumed_tasks: Vec<ResumedTask>,
    /// The submits of earlier runs whose outcome is unknown.
    pub in_doubt: Vec<Unacknowledged>,
    /// The tasks of [`in_doubt`](RunStart::in_doubt), in the same order.
    pub in_doubt_tasks: Vec<ResumedTask>,
    /// The number of submits that became unknown at this start, because the run that made them
    /// died.
    pub interrupted: u64,
    /// The number of tasks of the manifest by status.
    pub counts: Counts,
}

/// What a run has claimed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClaimedTasks {
    /// The tasks, with the earlier attempts to ask about.
    pub claim: Claim,
    /// The tasks of these attempts, in the same order.
    pub earlier_tasks: Vec<ResumedTask>,
}

/// The task of an attempt that an earlier run made and this one goes on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumedTask {
    /// The task.
    pub id: TaskId,
    /// The recorded state of the task.
    pub state: State,
    /// Whether the manifest still has the task.
    pub active: bool,
    /// The secret part of the callback URL that the attempt was submitted with.
    pub hook_token: Option<String>,
}
