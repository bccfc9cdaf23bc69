//! One entry of the billing ledger: a submit of a task and its outcome.

use jiff::Timestamp;

use crate::task::{AttemptOutcome, Mode, Quota, RemoteTaskId, TaskId};

/// One submit of a task, and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The task.
    pub id: TaskId,
    /// The ordinal of the attempt among those of its task, starting at 1.
    pub number: u32,
    /// The time at which the intent to submit was recorded.
    pub submitted_at: Option<Timestamp>,
    /// The time at which the attempt was seen to end.
    pub finished_at: Option<Timestamp>,
    /// The mode in which it was submitted.
    pub mode: Mode,
    /// The price: zero if the service did not take it, `None` if no price was configured.
    pub quota: Option<Quota>,
    /// The service's id of the job, if it is known.
    pub task_id: Option<RemoteTaskId>,
    /// The outcome, or where the attempt stands.
    pub outcome: AttemptOutcome,
    /// The reason of the outcome, in words.
    pub reason: Option<String>,
    /// The run that submitted it; `None` if it was imported from results.
    pub run: Option<i64>,
}
