//! The events of a run: the one enum between the runner and the sinks.
//!
//! An event is something that happens to a task or to the run; anything else that a person should
//! know is a [`Notice`].

use std::path::PathBuf;
use std::time::Duration;

use super::notice::Notice;
use super::summary::Summary;
use crate::task::{Images, RemoteTaskId, Status, TaskId};

/// An event of a run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum RunEvent {
    /// The plan is made and the state is locked. It is the first event, and comes once.
    Started {
        /// The batch's name.
        batch: String,
        /// The base URL of the service.
        service: String,
        /// Where the state is, for people.
        state: String,
        /// The first results file that will be written.
        results: PathBuf,
    },
    /// The service accepted a task; its taskId is durable.
    Submitted {
        /// The task.
        id: TaskId,
        /// The taskId of this attempt.
        task_id: RemoteTaskId,
    },
    /// A task ended in this run.
    Ended {
        /// The task.
        id: TaskId,
        /// Its status: `done`, `failed`, `unknown` or `lost`.
        status: Status,
        /// The taskId of its last attempt, where there is one.
        task_id: Option<RemoteTaskId>,
        /// The reason, unless the task is done.
        reason: Option<String>,
        /// The time from its submit to its end, where this run saw both.
        took: Option<Duration>,
        /// The URLs of its images.
        images: Images,
    },
    /// An attempt failed at the service, or its outcome is unknown; the task will be resent, which
    /// is billed again.
    Retrying {
        /// The task.
        id: TaskId,
        /// The taskId of that attempt, where there is one.
        task_id: Option<RemoteTaskId>,
        /// The reason.
        reason: String,
    },
    /// A message for people.
    Notice(Notice),
    /// The run is over and its results are written. It is the last event, and comes once.
    Finished(Box<Summary>),
}
