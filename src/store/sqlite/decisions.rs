//! Recording what a person decided in a table.
//!
//! One transaction under the lock of the state: a crash leaves all of it or nothing, and the same
//! table a second time decides nothing new. Nothing is paid here. A task that is to be made waits
//! and is marked as decided until it has ended, so that any later run carries it out, and a run of
//! a table carries out nothing else.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::columns::{mode_at, redone_of, state_at};
use super::{HeldStore, Snapshot, outcomes};
use crate::failpoint::Point;
use crate::plan::{DecisionOutcome, TaskStanding, judge};
use crate::seeded_fault::{self, SeededFault};
use crate::store::{DecidedTask, PickOutcome, ReturnedTask, RowDecision, StoreError};
use crate::task::{Counts, Decision, Fingerprint, ModeCounts, State, TaskId, TaskRow};

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
    /// What would become of decisions, each for itself, if they were recorded now.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read the state, or a row is about a task that it does
    /// not have.
    pub fn judge_decisions(&self, rows: &[RowDecision]) -> Result<Vec<DecidedTask>, StoreError> {
        judge_all(&self.db, rows, self.is_live()).map_err(|e| self.error(e))
    }

    /// What would become of decisions if they were recorded now; the tasks that a run of them would
    /// submit, by mode; and how many of these are due because of earlier decisions.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read the state, or a row is about a task that it does
    /// not have.
    pub fn plan_decisions(
        &self,
        rows: &[RowDecision],
    ) -> Result<(Vec<DecidedTask>, ModeCounts, u64), StoreError> {
        plan(&self.db, rows, self.is_live()).map_err(|e| self.error(e))
    }

    /// What the state has of the task of a ref. `None` where it has no such task.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read the state.
    pub fn returned_task(&self, task: TaskRow) -> Result<Option<ReturnedTask>, StoreError> {
        returned_task(&self.db, task).map_err(|e| self.error(e))
    }

    /// How many of these tasks have each status.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read the state.
    pub fn counts_of(&self, tasks: &[TaskRow]) -> Result<Counts, StoreError> {
        let read = || {
            let mut counts = Counts::default();
            let mut query = self.db.prepare("SELECT state FROM state WHERE task = ?1")?;
            for task in tasks {
                let state = query.query_row([task.0], |row| state_at(row, 0))?;
                counts.add(state.shown(self.is_live()), 1);
            }
            Ok(counts)
        };
        read().map_err(|e| self.error(e))
    }
}

fn judge_all(db: &Connection, rows: &[RowDecision], is_live: bool) -> rusqlite::Result<Vec<DecidedTask>> {
    rows.iter().map(|row| Ok(judge_row(db, row, is_live)?.0)).collect()
}

fn plan(
    db: &Connection,
    rows: &[RowDecision],
    is_live: bool,
) -> rusqlite::Result<(Vec<DecidedTask>, ModeCounts, u64)> {
    let decided = judge_all(db, rows, is_live)?;
    let mut due: BTreeSet<TaskRow> = decided_tasks(db)?.into_iter().collect();
    let mut submitted = BTreeSet::new();
    for task in &decided {
        match task.outcome {
            Some((_, outcome)) if outcome.submits() => drop(submitted.insert(task.task)),
            Some((_, DecisionOutcome::Skip)) => drop(due.remove(&task.task)),
            _ => {}
        }
    }
    due.retain(|task| !submitted.contains(task));
    let mut modes = ModeCounts::default();
    let mut query = db.prepare("SELECT mode FROM task WHERE key = ?1")?;
    for task in submitted.iter().chain(&due) {
        modes.add(query.query_row([task.0], |row| mode_at(row, 0))?);
    }
    Ok((decided, modes, due.len() as u64))
}

fn returned_task(db: &Connection, task: TaskRow) -> rusqlite::Result<Option<ReturnedTask>> {
    let mut query = db.prepare_cached(
        "SELECT prompt, fingerprint, picks,
             (SELECT count(*) FROM attempt WHERE attempt.task = state.task
                 AND outcome IS NOT 'not_accepted' AND outcome IS NOT 'refused'),
             CASE state WHEN 'done' THEN coalesce(
                 (SELECT json_array_length(images) FROM attempt WHERE attempt.task = state.task
                     AND outcome IS NOT 'not_accepted' ORDER BY attempt.key DESC LIMIT 1), 0) ELSE 0 END
         FROM state JOIN task ON key = task WHERE key = ?1",
    )?;
    let row = |row: &Row<'_>| {
        let picks: Option<String> = row.get(2)?;
        Ok(ReturnedTask {
            prompt: row.get(0)?,
            fingerprint: Fingerprint(row.get(1)?),
            attempts: row.get(3)?,
            images: row.get::<_, i64>(4)?.try_into().unwrap_or(0),
            picks: picks.and_then(|picks| serde_json::from_str(&picks).ok()).unwrap_or_default(),
        })
    };
    query.query_row([task.0], row).optional()
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
        if let (Some(picks), Some(PickOutcome::Kept | PickOutcome::Cleared)) = (&row.picks, task.picks) {
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
        () if picks.is_empty() => PickOutcome::Cleared,
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
        DecisionOutcome::Skip if seeded_fault::is_on(SeededFault::TableSkipIgnored) => return Ok(()),
        DecisionOutcome::Submit => format!("{waits}, class = NULL, reason = NULL"),
        // The attempt stays what it is, and so does the reason.
        DecisionOutcome::Resend => waits,
        DecisionOutcome::SubmitPending if seeded_fault::is_on(SeededFault::MakeOfPendingIgnored) => {
            return Ok(());
        }
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
