//! The nouns of the glossary: a task, its names, its mode, its state, and what became of it.
//!
//! Two names must never be mixed up, so each has a type: [`Id`] is the person's name of a task, stable over edits of the
//! manifest; [`TaskId`] is the service's name of one accepted attempt. This module knows no other and does no I/O.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A task's name, unique in its batch: given, or made from the content; never from the position.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub String);

/// The service's name of an accepted attempt (`taskId` on the wire, `task_id` in columns).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub String);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the service is asked to run a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// About a minute a job, the dearer one. The service's own default.
    #[default]
    Fast,
    /// One to ten minutes a job, the cheaper one, for bulk. People also write `relax`.
    Relaxed,
}

impl Mode {
    /// The word of the wire and of every column: `fast` or `relaxed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Fast => "fast",
            Mode::Relaxed => "relaxed",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not a mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a mode: `fast` or `relaxed`")]
pub struct NotAMode(pub String);

impl FromStr for Mode {
    type Err = NotAMode;

    fn from_str(text: &str) -> Result<Self, NotAMode> {
        match text.trim().to_ascii_lowercase().as_str() {
            "fast" => Ok(Mode::Fast),
            "relaxed" | "relax" => Ok(Mode::Relaxed),
            _ => Err(NotAMode(text.to_owned())),
        }
    }
}

/// What the service charges, in thousandths of a quota, so that sums are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Quota(pub u64);

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 1000, self.0 % 1000);
        if part == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{part:03}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

/// The text is not an amount of quota.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an amount of quota: a number from 0 to 1000000 with at most three decimals, as in `2` or `1.5`"
)]
pub struct NotAQuota(pub String);

impl FromStr for Quota {
    type Err = NotAQuota;

    fn from_str(text: &str) -> Result<Self, NotAQuota> {
        let refused = || NotAQuota(text.to_owned());
        let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 7 || part.len() > 3 || !digits(whole) || !digits(part) {
            return Err(refused());
        }
        let whole: u64 = whole.parse().map_err(|_| refused())?;
        let thousandths: u64 = format!("{part:0<3}").parse().map_err(|_| refused())?;
        if whole > 1_000_000 {
            return Err(refused());
        }
        Ok(Quota(whole * 1000 + thousandths))
    }
}

/// What one job costs in each mode, as the user configured it; the service publishes no price list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Prices {
    /// For one `fast` job.
    pub fast: Option<Quota>,
    /// For one `relaxed` job.
    pub relaxed: Option<Quota>,
}

impl Prices {
    /// The price of one job in this mode, if it was configured.
    pub fn of(&self, mode: Mode) -> Option<Quota> {
        match mode {
            Mode::Fast => self.fast,
            Mode::Relaxed => self.relaxed,
        }
    }
}

/// Hash of what makes the picture: the final prompt and the mode. The same id with another fingerprint is a changed task.
///
/// The timeout and the callback address are sent as well, but they are about delivery: raising a timeout half way through
/// a batch must not buy again what is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// The fingerprint of a prompt sent in a mode.
    pub fn of(prompt: &str, mode: Mode) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(mode.as_str().as_bytes());
        hasher.update(b"\0");
        hasher.update(prompt.as_bytes());
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        Fingerprint(bytes)
    }
}

/// One thing to be generated, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The person's name for it.
    pub id: Id,
    /// The final prompt, as it will be sent.
    pub prompt: String,
    /// The mode it will be sent in.
    pub mode: Mode,
    /// How long the service may take, in seconds, 300 to 1200; `None` leaves it to the service (600).
    pub timeout: Option<u16>,
    /// The person's own receiver of callbacks, passed through to the service.
    pub hook_url: Option<String>,
    /// The values of the manifest's own columns, in the order of the batch's columns; empty where the task has none.
    pub vars: Vec<String>,
    /// What the manifest wants done with the task, besides the usual.
    pub action: Option<Action>,
    /// What is more urgent is submitted first, -1000 to 1000; equals in the manifest's order.
    pub priority: i16,
    /// Which entry of the manifest it was made from, counted from 0; all rows of a table are one.
    pub entry: u32,
    /// What an earlier run made of it, where the manifest is that run's results.
    pub earlier: Option<Box<Earlier>>,
}

/// What an earlier run made of a task, as its results tell. Taken over where the state knows nothing of the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Where the task stands: neither pending nor being submitted.
    pub state: State,
    /// The service's name of the last attempt.
    pub task_id: Option<TaskId>,
    /// Why it failed, was lost or is unknown.
    pub reason: Option<String>,
    /// What it gave.
    pub pictures: Pictures,
    /// What it cost, where that was known.
    pub quota: Option<Quota>,
    /// When the last attempt was submitted.
    pub submitted_at: Option<Timestamp>,
    /// When it was seen to end.
    pub finished_at: Option<Timestamp>,
}

/// What a manifest may want done with a task that is known already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Make it once more, even where it is done. Carried out once, until the manifest no longer asks for it.
    Redo,
    /// Do not submit it.
    Skip,
}

impl Task {
    /// A task that says no more than it must.
    pub fn new(id: impl Into<String>, prompt: impl Into<String>, mode: Mode) -> Task {
        Task {
            id: Id(id.into()),
            prompt: prompt.into(),
            mode,
            timeout: None,
            hook_url: None,
            vars: Vec::new(),
            action: None,
            priority: 0,
            entry: 0,
            earlier: None,
        }
    }

    /// Hash of what makes the picture.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.prompt, self.mode)
    }
}

/// Where a task stands, as the state file records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Nothing that counts was sent.
    Pending,
    /// The intent to submit is durable; the reply is not. Found so at the start of a run, it is unknown.
    Submitting,
    /// The taskId is durable; the job has not been seen to end.
    Running,
    /// The pictures' addresses are known.
    Done,
    /// It ended without pictures, or was refused.
    Failed,
    /// The reply to a submit was lost: a job may exist and may be billed. Never sent again by itself.
    Unknown,
    /// The service no longer knows the taskId. Never sent again by itself.
    Lost,
    /// A person said not to.
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

    /// The status a person is shown. A submit in flight is `running` while its run lives, and `unknown` after it died.
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

/// Where a task stands, in the words of the results' `status` column.
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

/// How many tasks of a batch have each status.
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

    /// One task went from one status to another.
    pub fn shift(&mut self, from: Status, to: Status) {
        self.0[from as usize] = self.0[from as usize].saturating_sub(1);
        self.0[to as usize] += 1;
    }

    /// The number of tasks.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// The pictures of a job that is done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pictures {
    /// The address of the 2×2 overview, where the service gave one.
    pub grid: Option<String>,
    /// The addresses of the single pictures, normally four.
    pub images: Vec<String>,
}

/// A task and what became of it: what a row of the results is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What was, or will be, sent.
    pub task: Task,
    /// Where it stands.
    pub state: State,
    /// Why it failed, was lost or is unknown.
    pub reason: Option<String>,
    /// How many paid submits it took so far.
    pub attempts: u32,
    /// What those cost, where prices are configured.
    pub quota: Option<Quota>,
    /// The service's name of the last attempt.
    pub task_id: Option<TaskId>,
    /// What it gave.
    pub pictures: Pictures,
    /// When the last attempt was submitted.
    pub submitted_at: Option<Timestamp>,
    /// When the last attempt was seen to end.
    pub finished_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_relax_and_the_wire_says_relaxed() {
        assert_eq!("relax".parse(), Ok(Mode::Relaxed));
        assert_eq!(" Fast ".parse(), Ok(Mode::Fast));
        assert!("turbo".parse::<Mode>().is_err());
        assert_eq!(Mode::Relaxed.as_str(), "relaxed");
    }

    #[test]
    fn quota_is_exact_and_reads_as_it_was_written() {
        for text in ["0", "2", "1.5", "0.015", "1000000"] {
            assert_eq!(text.parse::<Quota>().map(|q| q.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("2.50".parse(), Ok(Quota(2500)));
        for text in ["", ".5", "-1", "1e3", "1.2345", "99999999", "1000001", "2 quota"] {
            assert!(text.parse::<Quota>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_fingerprint_tells_prompts_and_modes_apart_and_nothing_else() {
        let mug = Fingerprint::of("a mug", Mode::Fast);
        assert_eq!(mug, Fingerprint::of("a mug", Mode::Fast));
        assert_ne!(mug, Fingerprint::of("a mug", Mode::Relaxed));
        assert_ne!(mug, Fingerprint::of("a mug ", Mode::Fast));
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
