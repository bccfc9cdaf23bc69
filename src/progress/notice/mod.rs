//! The notices of a run: facts that a person should know while it goes on, each with its level.
//!
//! `text` turns each of them into one sentence, and is the only place that does.

mod text;

use std::path::PathBuf;
use std::time::Duration;

use crate::task::TaskId;

/// The severity of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Information; nothing is wrong.
    Note,
    /// Something is wrong, and the run copes with it.
    Warning,
    /// Something that should have been done was not.
    Error,
}

impl Level {
    /// The word in front of the sentence.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// Something that a person should know while the run goes on. The reason why a run ends is a
/// [`StopReason`](crate::engine::StopReason).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The service refused a job because too many were running, which revealed its limit.
    SlotsLearned {
        /// The number of jobs that the run keeps at the service from now on.
        slots: usize,
        /// The number that was configured.
        asked: usize,
    },
    /// No requests are sent for a while.
    BackingOff {
        /// The length of the pause.
        wait: Duration,
        /// The reason, as a phrase: `the service asked for a pause (429)`.
        why: String,
    },
    /// The service has not answered for a while.
    Unreachable {
        /// The time since its last answer.
        since: Duration,
        /// The error of the last request.
        why: String,
    },
    /// The service answers again.
    Reachable {
        /// The length of the outage.
        after: Duration,
    },
    /// The account has run out of quota during the run.
    QuotaGone {
        /// The number of jobs that are still running.
        running: u64,
    },
    /// The next submit would exceed the budget.
    BudgetReached {
        /// The number of tasks that are not submitted yet.
        left: u64,
        /// The number of jobs that are still running.
        running: u64,
    },
    /// Tasks will miss the deadline even if every `auto` task is sent fast.
    WillBeLate {
        /// The estimated number of those tasks.
        tasks: u64,
        /// The deadline, in words.
        deadline: String,
    },
    /// The deadline has passed.
    DeadlineOver {
        /// The number of tasks that have not ended.
        left: u64,
    },
    /// The time limit for submitting has passed.
    TimeOver {
        /// The number of jobs that are still running.
        running: u64,
        /// The longest time that the run waits for them.
        drain: Duration,
    },
    /// Several prompts in a row were rejected, which puts the account at risk.
    Breaker {
        /// The number of prompts in a row.
        in_a_row: u64,
        /// The number of jobs that are still running.
        running: u64,
    },
    /// The run was asked to stop for the first time: it waits for the jobs that are running.
    Stopping {
        /// The number of jobs that are still running.
        running: u64,
    },
    /// An earlier run died after it had recorded that it would submit, and before it recorded the
    /// reply.
    SubmitsInterrupted {
        /// The number of tasks that are unknown because of it.
        tasks: u64,
    },
    /// A task was about to be paid for again, and an earlier attempt of it has images by now.
    LateImages {
        /// The task.
        id: TaskId,
    },
    /// The run listens for callbacks of the service.
    Listening {
        /// The local address.
        address: String,
        /// The URL that the service is given, without a token.
        url: String,
    },
    /// The run waits for callbacks about submits whose reply an earlier run lost.
    AwaitingCallbacks {
        /// The number of submits.
        submits: u64,
        /// The longest time that the run waits.
        at_most: Duration,
    },
    /// The state cannot be written, so nothing more is submitted.
    StateNotWritten {
        /// The error.
        why: String,
    },
    /// The state was deleted or replaced while the run went on, so nothing more is submitted.
    StateGone {
        /// The file to which the taskIds were saved, or why they could not be.
        file: Result<PathBuf, String>,
        /// The number of taskIds.
        tasks: u64,
        /// The first of them with their tasks, running jobs first.
        first: Vec<(TaskId, String)>,
    },
    /// A change could not be written to the state.
    NotRecorded {
        /// The task.
        id: TaskId,
        /// The change, in words: `accepted as MtAd7mCuc4YqK_a1iAQSW`.
        what: String,
        /// The error.
        why: String,
    },
    /// The results could not be written now.
    ResultsNotWritten {
        /// The error, with the path.
        why: String,
    },
    /// The downloads of this run.
    Downloads {
        /// The number of images that were downloaded.
        downloaded: u64,
        /// The number of images whose download failed.
        failed: u64,
        /// The folder of the images.
        folder: PathBuf,
        /// The first failure: the task, the number of the image (0 for the grid) and the reason.
        first_failed: Option<(TaskId, u32, String)>,
    },
    /// The downloads that earlier runs left pending could not be read from the state.
    DownloadsNotLoaded {
        /// The error.
        why: String,
    },
    /// The deliveries of the hooks `on_done` and `on_finish` in this run.
    Deliveries {
        /// The number of deliveries that succeeded.
        delivered: u64,
        /// The number of deliveries that failed or are left to the next run.
        pending: u64,
        /// The first failure: the task, if it is about one, and the reason.
        first_failed: Option<(Option<TaskId>, String)>,
    },
    /// No hooks are called in this run.
    HooksDisabled {
        /// The reason, and how to change it, as a phrase.
        why: String,
    },
    /// The deliveries that earlier runs left pending could not be read from the state.
    DeliveriesNotLoaded {
        /// The error.
        why: String,
    },
    /// A results file cannot hold everything, or holds it in another form.
    ResultsLimited {
        /// The file.
        path: PathBuf,
        /// What is different, as one sentence.
        what: String,
    },
    /// The results were written to another file, because the requested one could not be replaced.
    ResultsMoved {
        /// The file that they are in.
        path: PathBuf,
        /// The error, with the requested path.
        why: String,
    },
}

impl Notice {
    /// The sentence with the level in front: `warning: …`.
    pub(super) fn with_level(&self) -> String {
        format!("{}: {self}", self.level().as_str())
    }

    /// The severity of this notice.
    pub fn level(&self) -> Level {
        match self {
            Notice::SlotsLearned { .. }
            | Notice::Reachable { .. }
            | Notice::BudgetReached { .. }
            | Notice::TimeOver { .. }
            | Notice::Stopping { .. }
            | Notice::LateImages { .. }
            | Notice::Downloads { failed: 0, .. }
            | Notice::Deliveries { pending: 0, .. }
            | Notice::HooksDisabled { .. }
            | Notice::AwaitingCallbacks { .. }
            | Notice::Listening { .. } => Level::Note,
            Notice::BackingOff { .. }
            | Notice::Unreachable { .. }
            | Notice::QuotaGone { .. }
            | Notice::Breaker { .. }
            | Notice::WillBeLate { .. }
            | Notice::DeadlineOver { .. }
            | Notice::SubmitsInterrupted { .. }
            | Notice::Downloads { .. }
            | Notice::DownloadsNotLoaded { .. }
            | Notice::Deliveries { .. }
            | Notice::DeliveriesNotLoaded { .. }
            | Notice::ResultsLimited { .. }
            | Notice::ResultsMoved { .. } => Level::Warning,
            Notice::StateGone { .. }
            | Notice::StateNotWritten { .. }
            | Notice::NotRecorded { .. }
            | Notice::ResultsNotWritten { .. } => Level::Error,
        }
    }
}
