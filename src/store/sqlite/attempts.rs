//! Every attempt in the order in which they were made, however many, a page at a time.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::Snapshot;
use super::columns::{mode_at, state_at};
use crate::store::{Attempt, StoreError};
use crate::task::{AttemptOutcome, Quota, RemoteTaskId, State, TaskId};

impl Snapshot {
    /// Every attempt of the batch, those of tasks that the manifest has no longer included, the
    /// oldest first. What is under way is unknown unless a run goes on.
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
        Some(word) => AttemptOutcome::from_word(&word).unwrap_or(AttemptOutcome::Open),
        None => match (state_at(row, 10)?, task_id.is_some()) {
            (State::Running, true) => AttemptOutcome::Running,
            (State::Submitting, false) if is_live => AttemptOutcome::Submitting,
            (State::Submitting, false) => AttemptOutcome::Unknown,
            _ => AttemptOutcome::Open,
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
