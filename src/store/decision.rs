//! The decisions of a person about tasks, as a table says them, and what became of each.

use crate::plan::{DecisionOutcome, SeenTask};
use crate::task::{Decision, Fingerprint, TaskId, TaskRow};

/// What a row of a table decides about a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowDecision {
    /// The task.
    pub task: TaskRow,
    /// What the row says of the task.
    pub seen: SeenTask,
    /// What is to be done with it, if anything.
    pub decision: Option<Decision>,
    /// The numbers of the picked images, from 1, if that is decided too; an empty list takes all
    /// picks back.
    pub picks: Option<Vec<u16>>,
}

/// What became of the decisions of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidedTask {
    /// The task's row.
    pub task: TaskRow,
    /// The task's id.
    pub id: TaskId,
    /// The decision and its outcome, if there was one.
    pub outcome: Option<(Decision, DecisionOutcome)>,
    /// What became of the picks, if there were any.
    pub picks: Option<PickOutcome>,
}

/// What becomes of picks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PickOutcome {
    /// They are kept now.
    Kept,
    /// None are kept any more.
    Cleared,
    /// They were so already.
    Unchanged,
    /// They are those of images that are not the task's any more.
    OtherImages,
}

/// What the state has of a task to which a row of a table refers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedTask {
    /// The prompt.
    pub prompt: String,
    /// The hash of the prompt in canonical form.
    pub fingerprint: Fingerprint,
    /// How many attempts it has that were not certainly rejected.
    pub attempts: u32,
    /// How many single images it shows.
    pub images: usize,
    /// The numbers of the images that are picked.
    pub picks: Vec<u16>,
}
