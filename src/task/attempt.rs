//! One paid submit of a task: its row in the state, how it can end, and why it fails.

use super::{Images, RemoteTaskId};

/// The row of a task in the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskRow(pub i64);

/// The row of an attempt in the state. Rows are numbered upwards in the order of intents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptKey(pub i64);

/// The reason why an attempt gave no images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind of the failure.
    pub class: FailureClass,
    /// The service's own words, if it gave any.
    pub reason: String,
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// The submit was refused for its content: nothing was accepted.
    Refused,
    /// Moderation rejected the prompt.
    Moderated,
    /// The generation failed at the service.
    Generation,
    /// The job was not seen to end in its time.
    Timeout,
    /// The job is done, but its images were never named.
    NoImages,
}

impl FailureClass {
    /// Every class.
    pub const ALL: [FailureClass; 5] = [
        FailureClass::Refused,
        FailureClass::Moderated,
        FailureClass::Generation,
        FailureClass::Timeout,
        FailureClass::NoImages,
    ];

    /// The word in the state.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureClass::Refused => "refused",
            FailureClass::Moderated => "moderated",
            FailureClass::Generation => "generation",
            FailureClass::Timeout => "timeout",
            FailureClass::NoImages => "no_pictures",
        }
    }

    /// The class of this word in the state, if it is one.
    pub fn from_word(word: &str) -> Option<FailureClass> {
        FailureClass::ALL.into_iter().find(|class| class.as_str() == word)
    }

    /// Whether the job may have succeeded after all, so that one more status request, which is
    /// free, can bring its images.
    pub fn may_have_images(self) -> bool {
        matches!(self, FailureClass::Timeout | FailureClass::NoImages)
    }
}

/// How an attempt ended, or that it has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttemptOutcome {
    /// The job succeeded.
    Done,
    /// The job ended without images.
    Failed,
    /// The service no longer knows the job, or a person gave it up.
    Lost,
    /// It cannot be known whether the service accepted the attempt.
    Unknown,
    /// The job runs, as far as is known.
    Running,
    /// The submit is in flight.
    Submitting,
    /// The attempt ended in a way that could not be recorded.
    Open,
    /// The service refused the attempt for its content: it cost nothing.
    Refused,
    /// The attempt was certainly not accepted: it cost nothing.
    Rejected,
}

impl AttemptOutcome {
    /// Every outcome, in the order in which they are summed up to people.
    pub const ALL: [AttemptOutcome; 9] = [
        AttemptOutcome::Done,
        AttemptOutcome::Failed,
        AttemptOutcome::Lost,
        AttemptOutcome::Unknown,
        AttemptOutcome::Running,
        AttemptOutcome::Submitting,
        AttemptOutcome::Open,
        AttemptOutcome::Refused,
        AttemptOutcome::Rejected,
    ];

    /// The word of tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            AttemptOutcome::Done => "done",
            AttemptOutcome::Failed => "failed",
            AttemptOutcome::Lost => "lost",
            AttemptOutcome::Unknown => "unknown",
            AttemptOutcome::Running => "running",
            AttemptOutcome::Submitting => "submitting",
            AttemptOutcome::Open => "open",
            AttemptOutcome::Refused => "refused",
            AttemptOutcome::Rejected => "not_accepted",
        }
    }

    /// The outcome of this word in the state, where it is that of an attempt that has ended.
    pub fn from_word(word: &str) -> Option<AttemptOutcome> {
        AttemptOutcome::ALL.into_iter().find(|outcome| outcome.has_ended() && outcome.as_str() == word)
    }

    /// Whether the attempt has an end that the state records. An unknown one has; a callback may
    /// open it again.
    pub fn has_ended(self) -> bool {
        !matches!(self, AttemptOutcome::Running | AttemptOutcome::Submitting | AttemptOutcome::Open)
    }

    /// Whether the attempt may have been billed, and so counts as spent.
    pub fn is_spent(self) -> bool {
        !matches!(self, AttemptOutcome::Refused | AttemptOutcome::Rejected)
    }
}

/// A fact about an attempt, to be made durable. Live and resumed runs change a task only by these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The attempt that the fact is about.
    pub attempt: AttemptKey,
    /// The fact.
    pub kind: ChangeKind,
}

/// The kind of a change. [`transition`](super::transition) says what each means for its task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// The service accepted the attempt under this id.
    Accepted(RemoteTaskId),
    /// The attempt was certainly not accepted: the task is pending again, and nothing was billed.
    /// The text is the reason.
    Rejected(String),
    /// The service refused the content: the task failed, and nothing was billed.
    Refused(Failure),
    /// It cannot be known whether the attempt was accepted. The text is the reason.
    Unknown(String),
    /// The job succeeded. Of an attempt that was given up before, this is seen late, perhaps as
    /// its task waits to be sent again.
    Done(Images),
    /// The job ended without images.
    Failed(Failure),
    /// The job ended without images, and the task is pending again: one more paid attempt.
    FailedWillRetry(Failure),
    /// The service no longer knows the job. The text says how that was seen.
    Lost(String),
    /// The attempt stays unknown, and its task is pending again, as the batch's settings say: one
    /// more paid attempt.
    Resend,
}

impl ChangeKind {
    /// This fact, about this attempt.
    pub fn of(self, attempt: AttemptKey) -> Change {
        Change { attempt, kind: self }
    }
}
