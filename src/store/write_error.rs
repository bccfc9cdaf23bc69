//! Why the state could not be written, and what was saved of one that is gone.

use std::path::PathBuf;

use crate::task::{IllegalTransition, RemoteTaskId, TaskId};

/// Why something was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The disk was full: what is not paid for yet is not tried any more.
    #[error("the disk was full a moment ago")]
    DiskFull,
    /// The state was deleted or replaced: what is written is read by nobody.
    #[error("the state was deleted or replaced")]
    Gone(Box<Rescued>),
    /// The thread that writes has ended.
    #[error("the state is no longer written, after an earlier error")]
    WriterGone,
    /// The change contradicts the state.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// What the database says.
    #[error("{0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What was saved of a state that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rescued {
    /// The file with the ids and taskIds, or why there is none.
    pub file: Result<PathBuf, String>,
    /// How many taskIds there are.
    pub tasks: u64,
    /// The first of them, those of running jobs before others.
    pub first: Vec<(TaskId, RemoteTaskId)>,
}
