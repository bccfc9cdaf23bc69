//! What a person decides about tasks whose outcome is unknown: follow the job that was found, send
//! again, or give up.
//!
//! One transaction under the lock of the state: a crash leaves all of it or nothing, and asking
//! twice asks for the same, since what was settled is unknown no more. Nothing is paid here. What
//! is sent again is paid by the run that comes after, once for each task; the attempt that nobody
//! knows about stays in the history, and counts as spent.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{mode_at, state_at};
use super::retry::REQUEUE;
use super::{HeldStore, Snapshot, outcomes, snapshot};
use crate::plan::TaskView;
use crate::seeded_fault::{self, SeededFault};
use crate::store::{InDoubt, LinkOutcome, Resolution, ResolveReport, StoreError};
use crate::task::{AttemptKey, ChangeKind, Counts, Quota, RemoteTaskId, State, Status, TaskId};

impl HeldStore {
    /// Settles the tasks that are unknown and chosen. Submits that a run left without a reply when
    /// it died are unknown too.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state; then nothing is changed.
    pub fn resolve(
        &mut self,
        chosen: impl Fn(TaskView<'_>) -> bool,
        how: Resolution,
    ) -> Result<ResolveReport, StoreError> {
        resolve(&mut self.db, chosen, how).map_err(|e| self.error(e))
    }

    /// A person found the job of a task that is unknown, was given up, or waits to be sent again
    /// because it was unknown: its attempt opens again under this taskId, and the next run follows
    /// it.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state; then nothing is changed.
    pub fn link_job(&mut self, id: &TaskId, task_id: &RemoteTaskId) -> Result<LinkOutcome, StoreError> {
        link_job(&mut self.db, id, task_id).map_err(|e| self.error(e))
    }

    /// How many tasks of the manifest have each status.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        snapshot::counts(&self.db, false).map_err(|e| self.error(e))
    }
}

fn resolve(
    db: &mut Connection,
    chosen: impl Fn(TaskView<'_>) -> bool,
    how: Resolution,
) -> rusqlite::Result<ResolveReport> {
    let (now, tx) = (Timestamp::now(), db.transaction()?);
    outcomes::settle_submitting(&tx, now)?;
    let (mut tasks, mut skipped, mut gone) = (0, 0, 0);
    {
        let mut query = tx.prepare(
            "SELECT key, id, coalesce((SELECT mode FROM attempt WHERE attempt.task = state.task
                     AND outcome IS NOT 'not_accepted' ORDER BY attempt.key DESC LIMIT 1), mode), vars, skip OR kept_skip,
                 position IS NULL
             FROM state JOIN task ON key = task WHERE state = 'unknown'",
        )?;
        let mut wait = tx.prepare(REQUEUE)?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let (key, id, mode) = (row.get(0)?, TaskId(row.get(1)?), mode_at(row, 2)?);
            let vars = vars_at(row, 3)?;
            if !chosen(TaskView { id: &id, mode, status: Status::Unknown, vars: &vars }) {
                continue;
            }
            match how {
                Resolution::Resend if row.get(4)? => {
                    skipped += 1;
                    continue;
                }
                // What is not in the manifest any more is not sent again.
                Resolution::Resend
                    if row.get(5)? && !seeded_fault::is_on(SeededFault::ResendTakesDeleted) =>
                {
                    gone += 1;
                    continue;
                }
                Resolution::Resend => drop(wait.execute([key])?),
                Resolution::GiveUp => give_up(&tx, key, now)?,
            }
            tasks += 1;
        }
    }
    let counts = snapshot::counts(&tx, false)?;
    tx.commit()?;
    Ok(ResolveReport { tasks, skipped, gone, counts })
}

/// The last attempt of a task that may have been accepted.
const LAST: &str =
    "SELECT max(key) FROM attempt AS last WHERE last.task = ?1 AND last.outcome IS NOT 'not_accepted'";

fn give_up(db: &Connection, task: i64, at: Timestamp) -> rusqlite::Result<()> {
    db.prepare_cached(&format!(
        "UPDATE attempt SET outcome = 'lost', reason = 'given up by a person' || coalesce('; ' || reason, ''),
             finished_at = ?2
         WHERE key = ({LAST})"
    ))?
    .execute(params![task, at.as_millisecond()])?;
    db.prepare_cached(
        "UPDATE state SET state = 'lost', class = NULL, decided = 0,
             reason = 'given up by a person' || coalesce('; ' || reason, '')
         WHERE task = ?1",
    )?
    .execute([task])?;
    Ok(())
}

fn link_job(db: &mut Connection, id: &TaskId, task_id: &RemoteTaskId) -> rusqlite::Result<LinkOutcome> {
    let (now, tx) = (Timestamp::now(), db.transaction()?);
    outcomes::settle_submitting(&tx, now)?;
    let listed = tx
        .query_row(
            "SELECT key, state FROM task JOIN state ON task = key
             WHERE id = ?1 AND (position IS NOT NULL OR state = 'unknown')
             ORDER BY state = 'unknown' DESC, position IS NULL, key DESC LIMIT 1",
            [&id.0],
            |row| Ok((row.get::<_, i64>(0)?, state_at(row, 1)?)),
        )
        .optional()?;
    let Some((task, state)) = listed else { return Ok(LinkOutcome::NoTask) };
    let last = tx
        .query_row(
            &format!("SELECT key, outcome, task_id FROM attempt WHERE key = ({LAST})"),
            [task],
            |row| {
                let (outcome, name): (Option<String>, Option<String>) = (row.get(1)?, row.get(2)?);
                Ok((AttemptKey(row.get(0)?), outcome, name))
            },
        )
        .optional()?;
    let Some((attempt, outcome, name)) = last else { return Ok(LinkOutcome::NotInDoubt(state.shown(false))) };
    if name.as_deref() == Some(&task_id.0) {
        return Ok(LinkOutcome::AlreadyLinked(state.shown(false)));
    }
    let holder = "SELECT id FROM attempt JOIN task ON task.key = attempt.task WHERE task_id = ?1";
    if !seeded_fault::is_on(SeededFault::JobsTakenTwice)
        && let Some(other) = tx.query_row(holder, [&task_id.0], |row| row.get(0)).optional()?
    {
        return Ok(LinkOutcome::TakenBy(TaskId(other)));
    }
    // What was given up, or sent to wait again before it was found, may still be taken back:
    // nothing was sent since.
    let in_doubt = name.is_none()
        && matches!(outcome.as_deref(), Some("unknown" | "lost"))
        && matches!(state, State::Unknown | State::Lost | State::Pending);
    if !in_doubt {
        return Ok(LinkOutcome::NotInDoubt(state.shown(false)));
    }
    outcomes::apply(&tx, &ChangeKind::Accepted(task_id.clone()).of(attempt), None, now)?;
    tx.commit()?;
    Ok(LinkOutcome::Linked)
}

impl Snapshot {
    /// The tasks whose outcome is unknown: those of the manifest, in its order, then those that it
    /// has no longer. A submit in flight is one of them unless a run goes on.
    pub fn in_doubt(&self) -> impl Iterator<Item = Result<InDoubt, StoreError>> {
        let mut from = (false, -1);
        let mut page = Vec::new().into_iter();
        std::iter::from_fn(move || {
            if page.len() == 0 {
                match in_doubt_after(&self.db, from, self.is_live()) {
                    Ok(doubts) => page = doubts.into_iter(),
                    Err(e) => {
                        from = (true, i64::MAX);
                        return Some(Err(self.error(e)));
                    }
                }
            }
            let (place, doubt) = page.next()?;
            from = place;
            Some(Ok(doubt))
        })
    }
}

/// How many are read at once.
const PAGE: i64 = 500;

/// Those after a place: whether they have gone from the manifest, and their position in it, else
/// their key.
fn in_doubt_after(
    db: &Connection,
    (is_gone, after): (bool, i64),
    is_live: bool,
) -> rusqlite::Result<Vec<((bool, i64), InDoubt)>> {
    let columns = "task.id, coalesce(attempt.prompt, task.prompt), coalesce(attempt.mode, task.mode), quota,
             intended_at, coalesce(attempt.reason, state.reason), run, vars";
    let last = "LEFT JOIN attempt ON attempt.key = (
                 SELECT max(key) FROM attempt AS last
                 WHERE last.task = state.task AND last.outcome IS NOT 'not_accepted')";
    let read = |place: &str, condition: &str, is_gone: bool, after: i64| {
        let mut query = db.prepare_cached(&format!(
            "SELECT {place}, {columns} FROM state JOIN task ON task.key = state.task {last}
             WHERE {condition} AND {place} > ?1 AND (state = 'unknown' OR state = 'submitting' AND NOT ?2)
             ORDER BY {place} LIMIT ?3"
        ))?;
        let rows = query.query_map(params![after, is_live, PAGE], |row| {
            Ok(((is_gone, row.get(0)?), in_doubt_at(row)?))
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    let mut doubts = match is_gone {
        false => read("position", "position IS NOT NULL", false, after)?,
        true => read("state.task", "position IS NULL", true, after)?,
    };
    if doubts.is_empty() && !is_gone {
        doubts = read("state.task", "position IS NULL", true, -1)?;
    }
    Ok(doubts)
}

fn in_doubt_at(row: &Row<'_>) -> rusqlite::Result<InDoubt> {
    let submitted_at: Option<i64> = row.get(5)?;
    Ok(InDoubt {
        id: TaskId(row.get(1)?),
        prompt: row.get(2)?,
        mode: mode_at(row, 3)?,
        quota: row.get::<_, Option<i64>>(4)?.map(|quota| Quota(quota.unsigned_abs())),
        submitted_at: submitted_at.and_then(|at| Timestamp::from_millisecond(at).ok()),
        reason: row.get(6)?,
        run: row.get(7)?,
        vars: vars_at(row, 8)?,
    })
}

fn vars_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<String>> {
    let vars: String = row.get(column)?;
    Ok(serde_json::from_str(&vars).unwrap_or_default())
}
