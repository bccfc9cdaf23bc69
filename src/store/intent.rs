//! The intent to submit a task: what a run asks the store to make durable, and its answer.

use crate::engine::IntentRefusal;
use crate::task::{AttemptKey, Mode, TaskId, TaskRow};

/// An attempt that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Its task.
    pub task: TaskRow,
    /// The mode it is sent in.
    pub mode: Mode,
    /// The secret part of its callback address, where there is one.
    pub hook_token: Option<String>,
}

/// What the store made of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntentOutcome {
    /// It is on the disk: the attempt with this number, and what is sent for it.
    Recorded(AttemptKey, Outgoing),
    /// Nothing of it is in the state.
    Refused(IntentRefusal),
}

/// What is sent for an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The task's name.
    pub id: TaskId,
    /// The final prompt.
    pub prompt: String,
    /// The mode.
    pub mode: Mode,
    /// How long the service may take, in seconds, where the task says so.
    pub timeout: Option<u16>,
    /// The person's own receiver of callbacks.
    pub hook_url: Option<String>,
}
