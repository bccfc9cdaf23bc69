//! Recording what a person decided in a table.
//!
//! One transaction under the lock of the state: a crash leaves all of it or nothing, and the same
//! table a second time decides nothing new. Nothing is paid here. A task that is to be made waits
//! and is marked as decided until it has ended, so that any later run carries it out, and a run of
//! a table carries out nothing else.

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};

use super::columns::{redone_of, state_at};
use super::{HeldStore, Snapshot, outcomes};
use crate::failpoint::Point;
use crate::plan::{DecisionOutcome, TaskStanding, judge};
use crate::store::{DecidedTask, PickOutcome, RowDecision, StoreError};
use crate::task::{Decision, State, TaskId, TaskRow};

impl HeldStore {
    /// Records decisions, in their order, and gives what became of each. Submits that a run left
    /// without a reply when it died are unknown.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state, or a row is about a task that
    /// it does not have; then nothing is changed.
    pub fn record_decisions(&mut self, rows: &[RowDecision]) -> Result<Vec<DecidedTask>, StoreError> {
        record(&mut self.db, rows).map_err(|e| self.error(e))
    }

    /// The tasks of the manifest that wait because of decisions.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read the state.
    pub fn decided_tasks(&self) -> Result<Vec<TaskRow>, StoreError> {
        decided_tasks(&self.db).map_err(|e| self.error(e))
    }
}

impl Snapshot {
    /// What would become of decisions, in their order, if they were recorded now.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read the state, or a row is about a task that it does
    /// not have.
    pub fn judge_decisions(&self, rows: &[RowDecision]) -> Result<Vec<DecidedTask>, StoreError> {
        let judge = |row| Ok(judge_row(&self.db, row, self.is_live())?.0);
        rows.iter().map(judge).collect::<rusqlite::Result<_>>().map_err(|e| self.error(e))
    }

    /// The tasks of the manifest that wait because of decisions.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read the state.
    pub fn decided_tasks(&self) -> Result<Vec<TaskRow>, StoreError> {
        decided_tasks(&self.db).map_err(|e| self.error(e))
    }
}

fn decided_tasks(db: &Connection) -> rusqlite::Result<Vec<TaskRow>> {
    let mut query = db.prepare(
        "SELECT task FROM state WHERE decided AND state = 'pending' AND position IS NOT NULL ORDER BY position",
    )?;
    query.query_map([], |row| row.get(0).map(TaskRow))?.collect()
}

fn record(db: &mut Connection, rows: &[RowDecision]) -> rusqlite::Result<Vec<DecidedTask>> {
    let tx = db.transaction()?;
    outcomes::settle_submitting(&tx, Timestamp::now())?;
    let mut decided = Vec::with_capacity(rows.len());
    for row in rows {
        let (task, standing) = judge_row(&tx, row, false)?;
        if let Some((_, outcome)) = task.outcome {
            carry_out(&tx, row.task, standing, outcome)?;
        }
        if let (Some(picks), Some(PickOutcome::Kept)) = (&row.picks, task.picks) {
            let query = "UPDATE state SET picks = ?2 WHERE task = ?1";
            tx.prepare_cached(query)?.execute(params![row.task.0, json(picks)])?;
        }
        decided.push(task);
    }
    super::reach(Point::RecordingDecisions)?;
    tx.commit()?;
    Ok(decided)
}

/// What becomes of a row's decisions, and where its task stands.
fn judge_row(
    db: &Connection,
    row: &RowDecision,
    is_live: bool,
) -> rusqlite::Result<(DecidedTask, TaskStanding)> {
    let (id, standing, picked) = standing(db, row.task, is_live)?;
    let outcome = row.decision.map(|decision| (decision, judge(standing, row.seen, decision)));
    let picks = row.picks.as_deref().map(|picks| match () {
        () if standing.attempts != row.seen.attempts => PickOutcome::OtherImages,
        () if picked.as_deref() == json(picks).as_deref() => PickOutcome::Unchanged,
        () => PickOutcome::Kept,
    });
    Ok((DecidedTask { task: row.task, id, outcome, picks }, standing))
}

/// Where a task stands, with its id and its picks.
fn standing(
    db: &Connection,
    task: TaskRow,
    is_live: bool,
) -> rusqlite::Result<(TaskId, TaskStanding, Option<String>)> {
    let mut query = db.prepare_cached(
        "SELECT id, state, position IS NOT NULL, kept_skip, skip, decided, picks,
             (SELECT count(*) FROM attempt WHERE attempt.task = state.task
                 AND outcome IS NOT 'not_accepted' AND outcome IS NOT 'refused'),
             state = 'skipped' AND EXISTS (SELECT 1 FROM attempt WHERE attempt.task = state.task
                 AND outcome IN ('failed', 'refused') AND attempt.key > asked_after)
         FROM state JOIN task ON key = task WHERE key = ?1",
    )?;
    query.query_row([task.0], |row| {
        let state = match state_at(row, 1)? {
            State::Submitting if !is_live => State::Unknown,
            state => state,
        };
        let standing = TaskStanding {
            state,
            attempts: row.get(7)?,
            is_listed: row.get(2)?,
            kept_skip: row.get(3)?,
            manifest_skip: row.get(4)?,
            failed_before_skip: row.get(8)?,
            is_decided: row.get(5)?,
        };
        Ok((TaskId(row.get(0)?), standing, row.get(6)?))
    })
}

/// Changes the task's row as the outcome of a decision says.
fn carry_out(
    db: &Transaction<'_>,
    task: TaskRow,
    standing: TaskStanding,
    outcome: DecisionOutcome,
) -> rusqlite::Result<()> {
    // A skip that the manifest says is over; it is not said again by the same manifest.
    let ends_skip = format!(
        "kept_skip = 0, redone = CASE WHEN skip THEN {} ELSE redone END, skip = 0",
        redone_of(Some(Decision::Skip))
    );
    let waits = format!(
        "state = 'pending', decided = 1, {ends_skip},
         asked_after = (SELECT coalesce(max(key), 0) FROM attempt WHERE attempt.task = state.task)"
    );
    let change = match outcome {
        DecisionOutcome::Nothing(_) => return Ok(()),
        DecisionOutcome::Submit => format!("{waits}, class = NULL, reason = NULL"),
        // The attempt stays what it is, and so does the reason.
        DecisionOutcome::Resend => waits,
        DecisionOutcome::SubmitPending => "decided = 1".to_owned(),
        DecisionOutcome::Skip => {
            "state = 'skipped', class = NULL, reason = NULL, kept_skip = 1, decided = 0".to_owned()
        }
        DecisionOutcome::KeepSkip => "kept_skip = 1".to_owned(),
        DecisionOutcome::EndSkip => ends_skip,
        DecisionOutcome::FailAgain => format!(
            "state = 'failed', {ends_skip}, (class, reason) = (
                 SELECT class, reason FROM attempt WHERE attempt.task = state.task
                     AND outcome IN ('failed', 'refused') ORDER BY attempt.key DESC LIMIT 1)"
        ),
    };
    tracing::debug!(task = task.0, from = standing.state.as_str(), ?outcome, "a decision is carried out");
    db.prepare_cached(&format!("UPDATE state SET {change} WHERE task = ?1"))?.execute([task.0]).map(drop)
}

fn json(picks: &[u16]) -> Option<String> {
    (!picks.is_empty()).then(|| serde_json::Value::from(picks).to_string())
}
