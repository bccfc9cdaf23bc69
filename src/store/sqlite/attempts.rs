//! The money ledger, read: every attempt in the order in which they were made, however many, a page at a time.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::ledger::{mode_at, state_at};
use super::{Snapshot, StoreError};
use crate::task::{Mode, Quota, RemoteTaskId, State, TaskId};

/// One submit of a task, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The task.
    pub id: TaskId,
    /// The how manieth of this task's it is, from 1.
    pub number: u32,
    /// When it was about to leave.
    pub submitted_at: Option<Timestamp>,
    /// When it was seen to end.
    pub finished_at: Option<Timestamp>,
    /// The mode it was sent in.
    pub mode: Mode,
    /// What it cost: nothing where it was refused; none where no price was given.
    pub quota: Option<Quota>,
    /// The service's name of its job.
    pub task_id: Option<RemoteTaskId>,
    /// How it ended, if it did.
    pub outcome: Outcome,
    /// Why.
    pub reason: Option<String>,
    /// The run that made it; none where it was taken over from results.
    pub run: Option<i64>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The job ended well.
    Done,
    /// The job ended without pictures.
    Failed,
    /// The service does not know the job any more, or a person gave it up.
    Lost,
    /// Nothing is known of it.
    Unknown,
    /// The job runs, as far as is known.
    Running,
    /// Its submit is under way.
    Submitting,
    /// It has ended in a way that could not be written.
    Open,
    /// The service refused it for its content: it cost nothing.
    Refused,
    /// It certainly was not accepted: it cost nothing.
    NotAccepted,
}

impl Outcome {
    /// Every outcome, in the order in which they are summed up to people.
    pub const ALL: [Outcome; 9] = [
        Outcome::Done,
        Outcome::Failed,
        Outcome::Lost,
        Outcome::Unknown,
        Outcome::Running,
        Outcome::Submitting,
        Outcome::Open,
        Outcome::Refused,
        Outcome::NotAccepted,
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Failed => "failed",
            Outcome::Lost => "lost",
            Outcome::Unknown => "unknown",
            Outcome::Running => "running",
            Outcome::Submitting => "submitting",
            Outcome::Open => "open",
            Outcome::Refused => "refused",
            Outcome::NotAccepted => "not_accepted",
        }
    }

    /// Whether it may have been billed, and so counts as spent.
    pub fn is_spent(self) -> bool {
        !matches!(self, Outcome::Refused | Outcome::NotAccepted)
    }
}

impl Snapshot {
    /// Every attempt of the batch, those of tasks that the manifest has no longer included, the oldest first. What is under
    /// way is unknown unless a run goes on.
    pub fn attempts(&self) -> impl Iterator<Item = Result<Attempt, StoreError>> {
        let mut from = 0;
        let mut page = Vec::new().into_iter();
        std::iter::from_fn(move || {
            if page.len() == 0 {
                match attempts_after(&self.db, from, self.is_live()) {
                    Ok(attempts) => page = attempts.into_iter(),
                    Err(e) => {
                        from = i64::MAX;
                        return Some(Err(self.error(e)));
                    }
                }
            }
            let (key, attempt) = page.next()?;
            from = key;
            Some(Ok(attempt))
        })
    }
}

/// How many are read at once: enough to be fast, little to hold.
const PAGE: i64 = 500;

fn attempts_after(db: &Connection, key: i64, is_live: bool) -> rusqlite::Result<Vec<(i64, Attempt)>> {
    let mut query = db.prepare_cached(
        "SELECT attempt.key, id,
             (SELECT count(*) FROM attempt AS it WHERE it.task = attempt.task AND it.key <= attempt.key),
             intended_at, coalesce(attempt.mode, task.mode), quota, task_id, outcome, attempt.reason, run, state,
             finished_at
         FROM attempt JOIN task ON task.key = attempt.task JOIN state ON state.task = task.key
         WHERE attempt.key > ?1 ORDER BY attempt.key LIMIT ?2",
    )?;
    query.query_map(params![key, PAGE], |row| Ok((row.get(0)?, attempt_at(row, is_live)?)))?.collect()
}

fn attempt_at(row: &Row<'_>, is_live: bool) -> rusqlite::Result<Attempt> {
    let task_id: Option<String> = row.get(6)?;
    let word: Option<String> = row.get(7)?;
    let outcome = match word {
        Some(word) => Outcome::ALL.into_iter().find(|it| it.as_str() == word).unwrap_or(Outcome::Open),
        None => match (state_at(row, 10)?, task_id.is_some()) {
            (State::Running, true) => Outcome::Running,
            (State::Submitting, false) if is_live => Outcome::Submitting,
            (State::Submitting, false) => Outcome::Unknown,
            _ => Outcome::Open,
        },
    };
    let quota = row.get::<_, Option<i64>>(5)?.map(|quota| Quota(quota.unsigned_abs()));
    Ok(Attempt {
        id: TaskId(row.get(1)?),
        number: row.get(2)?,
        submitted_at: Timestamp::from_millisecond(row.get(3)?).ok(),
        finished_at: row.get::<_, Option<i64>>(11)?.and_then(|at| Timestamp::from_millisecond(at).ok()),
        mode: mode_at(row, 4)?,
        quota: if outcome.is_spent() { quota } else { Some(Quota(0)) },
        task_id: task_id.map(RemoteTaskId),
        outcome,
        reason: row.get(8)?,
        run: row.get(9)?,
    })
}
