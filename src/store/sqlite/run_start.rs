//! What a run starts from: the jobs to follow, the submits in doubt, and what it may claim.

use jiff::Timestamp;
use rusqlite::Connection;

use super::columns::{age_at, late_classes, mode_at, state_at, waiting_at};
use super::durations::durations;
use super::history::{excluded, failures, spent};
use super::snapshot;
use super::task_claims::{TaskClaims, count};
use crate::engine::{History, ObservedDurations, Resumed, Unacknowledged};
use crate::plan::Selection;
use crate::store::{ResumedTask, RunStart};
use crate::task::{AttemptKey, Prices, RemoteTaskId, State, TaskId, TaskMode};

/// Reads how much waits, and the history. Gives what claims the tasks.
fn read_backlog(
    db: &Connection,
    selection: &Selection,
    prices: &Prices,
    snapshot: &mut RunStart,
) -> rusqlite::Result<TaskClaims> {
    snapshot.history = History {
        spent: spent(db, prices)?,
        failures: failures(db)?,
        excluded: excluded(db, selection)?,
        observed: ObservedDurations::default(),
    };
    let claims = TaskClaims::of(db, selection, &snapshot.history.failures)?;
    count(db, claims.clone(), snapshot)?;
    if snapshot.backlog.tasks.of(TaskMode::Auto) > 0 {
        snapshot.history.observed = durations(db)?;
    }
    Ok(claims)
}

/// Reads all that a run starts from. Gives what claims its tasks.
pub(super) fn read(
    db: &Connection,
    now: Timestamp,
    selection: &Selection,
    prices: &Prices,
) -> rusqlite::Result<(RunStart, TaskClaims)> {
    let mut snapshot = RunStart::default();
    let claims = read_backlog(db, selection, prices, &mut snapshot)?;
    // What was given up is asked about once more, since that is free and a late picture is paid
    // for.
    let mut query = db.prepare(&format!(
        "SELECT task.key, task.mode, timeout, attempt.key, task_id, intended_at, state, id, position IS NOT NULL,
                hook_token, attempt.mode
         FROM state CROSS JOIN task ON task.key = state.task CROSS JOIN attempt ON attempt.task = task.key
         WHERE (state = 'running' OR state = 'lost' OR state = 'failed' AND state.class IN ({}))
             AND task_id IS NOT NULL AND (state = 'running' AND outcome IS NULL OR outcome = state)
             AND attempt.key = (SELECT max(key) FROM attempt AS last
                 WHERE last.task = task.key AND last.outcome IS NOT 'not_accepted')
         ORDER BY attempt.key",
        late_classes()
    ))?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (id, state) = (TaskId(row.get(7)?), state_at(row, 6)?);
        snapshot.resumed_tasks.push(ResumedTask { id, state, active: row.get(8)?, hook_token: row.get(9)? });
        snapshot.resumed.push(Resumed {
            attempt: AttemptKey(row.get(3)?),
            waiting: waiting_at(row)?,
            mode: mode_at(row, 10)?,
            task_id: RemoteTaskId(row.get(4)?),
            age: age_at(now, row.get(5)?),
            second_look: state != State::Running,
        });
    }
    read_in_doubt(db, now, &mut snapshot)?;
    snapshot.counts = snapshot::counts(db, true)?;
    Ok((snapshot, claims))
}

/// The last attempt of each task that is unknown: a callback may still settle it, and it may be for
/// the run to send it again.
fn read_in_doubt(db: &Connection, now: Timestamp, snapshot: &mut RunStart) -> rusqlite::Result<()> {
    let mut query = db.prepare(
        "SELECT task.key, task.mode, timeout, attempt.key, hook_token, intended_at, id, position IS NOT NULL,
                attempt.mode
         FROM state JOIN task ON task.key = state.task JOIN attempt ON attempt.task = task.key
         WHERE state = 'unknown' AND outcome = 'unknown' AND task_id IS NULL
             AND attempt.key = (SELECT max(key) FROM attempt AS last
                 WHERE last.task = task.key AND last.outcome IS NOT 'not_accepted')
         ORDER BY attempt.key",
    )?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let hook_token: Option<String> = row.get(4)?;
        snapshot.in_doubt.push(Unacknowledged {
            attempt: AttemptKey(row.get(3)?),
            waiting: waiting_at(row)?,
            mode: mode_at(row, 8)?,
            age: age_at(now, row.get(5)?),
            called_back: hook_token.is_some(),
        });
        let (id, active) = (TaskId(row.get(6)?), row.get(7)?);
        snapshot.in_doubt_tasks.push(ResumedTask { id, state: State::Unknown, active, hook_token });
    }
    Ok(())
}
