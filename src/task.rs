//! The nouns of the glossary: a task, its names, its mode, its state, and what became of it.
//!
//! Two names must never be mixed up, so each has a type: [`TaskId`] is the person's name of a task,
//! stable over edits of the manifest; [`RemoteTaskId`] is the service's name of one accepted
//! attempt. This module knows no other and does no I/O.

mod attempt;
mod decision;
mod kept_cells;
mod mode;
mod mode_counts;
mod prices;
mod quota;
mod row_ref;
mod transition;

use std::fmt;

pub use attempt::{AttemptKey, AttemptOutcome, Change, ChangeKind, Failure, FailureClass, TaskRow};
pub use decision::Decision;
use jiff::Timestamp;
pub use kept_cells::{AddedCell, KeptCells, TypedDecision};
pub use mode::{Mode, NotAMode, TaskMode};
pub use mode_counts::ModeCounts;
pub use prices::Prices;
pub use quota::{NotAQuota, Outlay, Quota};
pub use row_ref::{RowRef, RowRefError};
use serde::{Deserialize, Serialize};
pub use transition::{IllegalTransition, Transition, transition};

/// A task's id, unique in its batch: given in the manifest, or derived from the content; never from
/// the position.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub String);

/// The service's id of an accepted attempt (`taskId` on the wire, `task_id` in columns).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RemoteTaskId(pub String);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RemoteTaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The hash of a task's prompt in canonical form. The same id with another fingerprint is a changed
/// task.
///
/// Mode, timeout, priority and the callback address are how a task is sent, not what it is:
/// changing them buys nothing again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// The fingerprint of a prompt in canonical form.
    pub fn of(canonical_prompt: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"prompt\0");
        hasher.update(canonical_prompt.as_bytes());
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        Fingerprint(bytes)
    }
}

/// A task of a manifest, ready to be submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The id of the task.
    pub id: TaskId,
    /// The final prompt, as it is sent.
    pub prompt: String,
    /// The mode in which it is sent, or `auto`.
    pub mode: TaskMode,
    /// The time that the service may take, in seconds, 300 to 1200; `None` leaves it to the service
    /// (600).
    pub timeout: Option<u16>,
    /// The URL of a receiver of the user's own, which the service calls.
    pub hook_url: Option<String>,
    /// The values of the manifest's columns, in the order of the batch's columns; empty where the
    /// task has none.
    pub vars: Vec<String>,
    /// The decision that the manifest has for the task, if any.
    pub decision: Option<Decision>,
    /// The priority, -1000 to 1000: higher ones are submitted first, equal ones in the manifest's
    /// order.
    pub priority: i16,
    /// The index of the manifest's entry, counted from 0; all rows of a table are one entry.
    pub entry: u32,
    /// The outcome of the task in an earlier run, if the manifest is that run's results.
    pub earlier: Option<Box<Earlier>>,
}

/// The outcome of a task according to results of an earlier run, used where the state does not know
/// the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// The state of the task, neither pending nor submitting.
    pub state: State,
    /// The service's id of the last attempt.
    pub task_id: Option<RemoteTaskId>,
    /// The reason why it failed, was lost or is unknown.
    pub reason: Option<String>,
    /// The images.
    pub images: Images,
    /// The cost, if it is known.
    pub quota: Option<Quota>,
    /// When the last attempt was submitted.
    pub submitted_at: Option<Timestamp>,
    /// When the last attempt was seen to end.
    pub finished_at: Option<Timestamp>,
}

impl Task {
    /// A task with these properties and no others.
    pub fn new(id: impl Into<String>, prompt: impl Into<String>, mode: impl Into<TaskMode>) -> Task {
        Task {
            id: TaskId(id.into()),
            prompt: prompt.into(),
            mode: mode.into(),
            timeout: None,
            hook_url: None,
            vars: Vec::new(),
            decision: None,
            priority: 0,
            entry: 0,
            earlier: None,
        }
    }
}

/// The state of a task in the state file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// The task was never submitted, or is to be submitted again.
    Pending,
    /// The intent to submit is durable, the reply is not. At the start of a run such a task is
    /// unknown.
    Submitting,
    /// The taskId is durable, and the job has not been seen to end.
    Running,
    /// The URLs of the images are known.
    Done,
    /// The job ended without images, or the submit was rejected.
    Failed,
    /// The reply to the submit was lost: a job may exist and be billed. Never submitted again by
    /// itself.
    Unknown,
    /// The service no longer knows the job. Never submitted again by itself.
    Lost,
    /// A decision says not to submit the task.
    Skipped,
}

impl State {
    /// Every state, in the order of a task's life.
    pub const ALL: [State; 8] = [
        State::Pending,
        State::Submitting,
        State::Running,
        State::Done,
        State::Failed,
        State::Unknown,
        State::Lost,
        State::Skipped,
    ];

    /// The word in the state file.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Submitting => "submitting",
            State::Running => "running",
            State::Done => "done",
            State::Failed => "failed",
            State::Unknown => "unknown",
            State::Lost => "lost",
            State::Skipped => "skipped",
        }
    }

    /// The state of this word in the state file, if it is one.
    pub fn from_word(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The status that people are shown. A submit in flight is `running` while its run lives, and
    /// `unknown` after it died.
    pub fn shown(self, run_lives: bool) -> Status {
        match self {
            State::Pending => Status::Pending,
            State::Submitting if run_lives => Status::Running,
            State::Submitting | State::Unknown => Status::Unknown,
            State::Running => Status::Running,
            State::Done => Status::Done,
            State::Failed => Status::Failed,
            State::Lost => Status::Lost,
            State::Skipped => Status::Skipped,
        }
    }
}

/// The status of a task, as the column `status` of the results has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words of State, less `submitting`")]
pub enum Status {
    Pending,
    Running,
    Done,
    Failed,
    Unknown,
    Lost,
    Skipped,
}

impl Status {
    /// Every status, in the order in which they are listed to people.
    pub const ALL: [Status; 7] = [
        Status::Pending,
        Status::Running,
        Status::Done,
        Status::Failed,
        Status::Unknown,
        Status::Lost,
        Status::Skipped,
    ];

    /// The status of this word, whatever its case and the blanks around it.
    pub fn from_word(word: &str) -> Option<Status> {
        let word = word.trim();
        Status::ALL.into_iter().find(|status| word.eq_ignore_ascii_case(status.as_str()))
    }

    /// The word of the `status` column.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Running => "running",
            Status::Done => "done",
            Status::Failed => "failed",
            Status::Unknown => "unknown",
            Status::Lost => "lost",
            Status::Skipped => "skipped",
        }
    }
}

/// The number of tasks with each status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([u64; Status::ALL.len()]);

impl Counts {
    /// The number of tasks with this status.
    pub fn of(&self, status: Status) -> u64 {
        self.0[status as usize]
    }

    /// Adds `n` tasks with this status.
    pub fn add(&mut self, status: Status, n: u64) {
        self.0[status as usize] += n;
    }

    /// Removes `n` tasks with this status.
    pub fn remove(&mut self, status: Status, n: u64) {
        self.0[status as usize] = self.0[status as usize].saturating_sub(n);
    }

    /// Moves one task from one status to another.
    pub fn shift(&mut self, from: Status, to: Status) {
        self.0[from as usize] = self.0[from as usize].saturating_sub(1);
        self.0[to as usize] += 1;
    }

    /// The number of tasks.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// The images of a job that is done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Images {
    /// The URL of the grid, the 2×2 overview, if the service gave one.
    pub grid: Option<String>,
    /// The URLs of the single images, normally four.
    pub urls: Vec<String>,
}

/// A task with its outcome: what a row of the results is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The row of the task in the state.
    pub row: TaskRow,
    /// The task as it was, or will be, sent.
    pub task: Task,
    /// The state of the task.
    pub state: State,
    /// The reason why it failed, was lost or is unknown.
    pub reason: Option<String>,
    /// The mode that the last attempt was sent in.
    pub sent_in: Option<Mode>,
    /// The number of paid submits so far.
    pub attempts: u32,
    /// The cost of those, if prices are configured.
    pub quota: Option<Quota>,
    /// The service's id of the last attempt.
    pub task_id: Option<RemoteTaskId>,
    /// The images of the task.
    pub images: Images,
    /// When the last attempt was submitted.
    pub submitted_at: Option<Timestamp>,
    /// When the last attempt was seen to end.
    pub finished_at: Option<Timestamp>,
    /// The numbers of the images that a person picked, from 1, in ascending order.
    pub picks: Vec<u16>,
    /// The cells that a person wrote into the results.
    pub kept: KeptCells,
}

impl Record {
    /// The record of a task that was never submitted, with nothing kept or picked.
    pub fn pending(row: TaskRow, task: Task) -> Record {
        Record {
            row,
            task,
            state: State::Pending,
            reason: None,
            sent_in: None,
            attempts: 0,
            quota: None,
            task_id: None,
            images: Images::default(),
            submitted_at: None,
            finished_at: None,
            picks: Vec::new(),
            kept: KeptCells::default(),
        }
    }

    /// The ref of the task as it stands, in the batch of these letters.
    pub fn row_ref(&self, letters: &str) -> RowRef {
        RowRef { batch: letters.to_owned(), task: self.row, attempts: self.attempts }
    }

    /// Whether the image of this index, from 0, is shown and passed on: it was picked, or no image
    /// of the task was.
    pub fn is_chosen(&self, index: usize) -> bool {
        is_chosen(&self.picks, self.images.urls.len(), index)
    }

    /// The mode that it was sent in, or else that it will be.
    pub fn mode(&self) -> TaskMode {
        self.sent_in.map_or(self.task.mode, TaskMode::Fixed)
    }
}

/// Whether the image of this index, from 0, of so many is among the picked ones, or none of them is
/// picked.
pub fn is_chosen(picks: &[u16], images: usize, index: usize) -> bool {
    let mut picks =
        picks.iter().map(|pick| usize::from(*pick)).filter(|pick| (1..=images).contains(pick)).peekable();
    picks.peek().is_none() || picks.any(|pick| pick == index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_images_are_chosen_where_none_of_them_is_picked() {
        let chosen = |picks: &[u16]| (0..4).filter(|index| is_chosen(picks, 4, *index)).collect::<Vec<_>>();
        assert_eq!(chosen(&[1, 3]), [0, 2]);
        assert_eq!(chosen(&[4, 9]), [3]);
        assert_eq!((chosen(&[]), chosen(&[7])), (vec![0, 1, 2, 3], vec![0, 1, 2, 3]));
    }

    #[test]
    fn a_submit_in_flight_is_unknown_once_its_run_is_dead() {
        assert_eq!(State::Submitting.shown(true), Status::Running);
        assert_eq!(State::Submitting.shown(false), Status::Unknown);
        for state in State::ALL {
            assert_eq!(State::from_word(state.as_str()), Some(state));
        }
    }
}
