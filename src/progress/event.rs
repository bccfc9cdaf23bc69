//! What a run tells: the one enum between the runner and whatever shows its progress.
//!
//! What happens to tasks and to the run is an event; what a person should know besides is a [`Notice`].

use std::path::PathBuf;
use std::time::Duration;

use super::{Notice, Summary};
use crate::task::{Images, RemoteTaskId, Status, TaskId};

/// Something happened in a run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum RunEvent {
    /// The plan is made and the state is held. The first event, once.
    Started {
        /// The batch's name.
        batch: String,
        /// The service's address.
        service: String,
        /// Where the state is, for people.
        state: String,
        /// The results file that will be written.
        results: PathBuf,
    },
    /// The service took a task and named it; both are durable.
    Submitted {
        /// The task.
        id: TaskId,
        /// The service's name of this attempt.
        task_id: RemoteTaskId,
    },
    /// A task ended in this run, for better or worse.
    Ended {
        /// The task.
        id: TaskId,
        /// How: `done`, `failed`, `unknown` or `lost`.
        status: Status,
        /// The service's name of the last attempt, where there is one.
        task_id: Option<RemoteTaskId>,
        /// Why, unless it is done.
        reason: Option<String>,
        /// The time from its submit to its end, as far as it was seen.
        took: Option<Duration>,
        /// What it gave.
        images: Images,
    },
    /// The job of a task failed at the service, or nothing is known of it; the task waits to be sent again, which is paid for again.
    Retrying {
        /// The task.
        id: TaskId,
        /// The service's name of the attempt that failed.
        task_id: Option<RemoteTaskId>,
        /// Why.
        reason: String,
    },
    /// Something that a person should know.
    Notice(Notice),
    /// The run is over and its results are written. The last event, once.
    Finished(Box<Summary>),
}
