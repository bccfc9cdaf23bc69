//! The content of the report, as plain data.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::breakdown::TopValues;
use crate::task::{Counts, Mode, Quota, Record};

/// The content of the page besides its tasks.
#[derive(Debug)]
pub struct ReportPage {
    /// The batch's name.
    pub batch: String,
    /// The service that made the images.
    pub service: String,
    /// The names of the batch's own columns.
    pub columns: Vec<String>,
    /// The letters that name the batch in the refs of its tables.
    pub letters: Option<String>,
    /// When the state was read.
    pub created_at: Timestamp,
    /// Whether a run is going on: then a submit in flight is `running`, else `unknown`.
    pub run_lives: bool,
    /// The tasks by status.
    pub counts: Counts,
    /// The quota that was spent, if prices are known.
    pub spent: Option<Quota>,
    /// Identifies this batch in the browser's storage, which keeps the choices.
    pub key: String,
    /// The name of the file that choices are saved to.
    pub picks: String,
    /// The command that reads this file.
    pub next: String,
    /// Figures by the values of each variable.
    pub figures: Vec<TopValues>,
    /// The runs that are drawn, oldest first.
    pub runs: Vec<RunTimeline>,
    /// How many runs are not drawn.
    pub runs_left_out: usize,
    /// The durations of jobs that are done, in milliseconds.
    pub waits: Vec<(Mode, Vec<u32>)>,
    /// The reasons why attempts failed, most frequent first.
    pub failures: Vec<FailureReason>,
    /// How many more reasons there are.
    pub failures_left_out: usize,
}

/// The attempts that failed for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureReason {
    /// How they ended.
    pub color: OutcomeColor,
    /// The reason.
    pub reason: String,
    /// How many there were.
    pub attempts: u64,
    /// Their cost, as far as it is known.
    pub quota: Quota,
}

/// A task with its images.
#[derive(Debug)]
pub struct ReportEntry {
    /// The task and its outcome.
    pub record: Record,
    /// The files of its images, by number; 0 is the grid.
    pub files: Vec<(u32, PathBuf)>,
}

/// How an attempt ended, as a color.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the outcomes of attempts, in as many colors as can be distinguished")]
pub enum OutcomeColor {
    Done,
    Failed,
    Refused,
    Lost,
    Unknown,
    Running,
}

impl OutcomeColor {
    pub(super) const ALL: [OutcomeColor; 6] = [
        OutcomeColor::Done,
        OutcomeColor::Failed,
        OutcomeColor::Refused,
        OutcomeColor::Lost,
        OutcomeColor::Unknown,
        OutcomeColor::Running,
    ];

    /// The word that the page shows and styles it by.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            OutcomeColor::Done => "done",
            OutcomeColor::Failed => "failed",
            OutcomeColor::Refused => "refused",
            OutcomeColor::Lost => "lost",
            OutcomeColor::Unknown => "unknown",
            OutcomeColor::Running => "running",
        }
    }
}

/// An attempt in a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineBar {
    /// The id of its task.
    pub id: String,
    /// When it was submitted.
    pub from: Timestamp,
    /// When it was seen to end, or was last known to run.
    pub to: Timestamp,
    /// The outcome.
    pub color: OutcomeColor,
}

/// A run, with its attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunTimeline {
    /// The run's number; 0 for attempts that were imported from results.
    pub number: i64,
    /// The reason why it ended, in a word; `None` if it is still going on, or died.
    pub ending: Option<String>,
    /// The attempts of the run.
    pub bars: Vec<TimelineBar>,
}
