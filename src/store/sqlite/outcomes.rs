//! How a change becomes rows: the one place where the state of a task and its attempts are written.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::columns::state_at;
use super::deliveries;
use crate::failpoint::Point;
use crate::seeded_fault::{self, SeededFault};
use crate::store::NotifyOn;
use crate::task::{AttemptKey, Change, ChangeKind, FailureClass, Images, State, Transition, transition};

/// Writes a change, and with it the delivery that is due to it.
pub(super) fn apply(
    db: &Connection,
    change: &Change,
    notify_on: Option<NotifyOn>,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let Change { attempt, kind } = change;
    let (task, state) = db
        .prepare_cached("SELECT task, state FROM attempt JOIN state USING (task) WHERE attempt.key = ?1")?
        .query_row([attempt.0], |row| Ok((row.get::<_, i64>(0)?, state_at(row, 1)?)))?;
    let next = transition(state, kind).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
    let Some(next) = next else { return Ok(()) };
    match kind {
        ChangeKind::Accepted(task_id) => {
            // An attempt that was settled as unknown, and is now known by its callback, opens
            // again.
            db.prepare_cached(
                "UPDATE attempt SET task_id = ?2, outcome = NULL, reason = NULL, finished_at = NULL WHERE key = ?1",
            )?
            .execute(params![attempt.0, task_id.0])?;
            set_state(db, task, next.state, None, None)?;
        }
        ChangeKind::Rejected(_) => {
            end(db, *attempt, &next, at)?;
            set_state(db, task, next.state, None, None)?;
            // Where an earlier attempt failed, that is still why it waits.
            db.prepare_cached(
                "UPDATE state SET (class, reason) = (
                     SELECT class, reason FROM attempt
                     WHERE attempt.task = state.task AND outcome = 'failed' AND attempt.key > asked_after
                     ORDER BY attempt.key DESC LIMIT 1)
                 WHERE task = ?1",
            )?
            .execute([task])?;
        }
        ChangeKind::Resend => {
            // The attempt stays what it is, and so does the reason.
            db.prepare_cached(
                "UPDATE state SET state = ?2 WHERE task = (
                     SELECT task FROM attempt WHERE key = ?1 AND outcome = 'unknown')",
            )?
            .execute(params![attempt.0, next.state.as_str()])?;
        }
        ChangeKind::Refused(_)
        | ChangeKind::Unknown(_)
        | ChangeKind::Done(_)
        | ChangeKind::Failed(_)
        | ChangeKind::FailedWillRetry(_)
        | ChangeKind::Lost(_) => {
            end(db, *attempt, &next, at)?;
            set_state(db, task, next.state, next.class, next.reason)?;
        }
    }
    if let ChangeKind::Done(images) = kind {
        write_images(db, *attempt, images)?;
    }
    let status = next.state.shown(true);
    match notify_on.filter(|notify_on| next.is_final() && notify_on.includes(status)) {
        Some(_) => deliveries::enqueue_delivery(db, *attempt, status),
        None => Ok(()),
    }
}

/// Submits without a reply in the records: the run that made them died. What became of them cannot
/// be known. Gives how many there were.
pub(super) fn settle_submitting(db: &Connection, at: Timestamp) -> rusqlite::Result<usize> {
    let reason = "the run ended before the reply was recorded";
    db.execute(
        "UPDATE attempt SET outcome = 'unknown', reason = ?1, finished_at = ?2
         WHERE outcome IS NULL AND task_id IS NULL AND task IN (SELECT task FROM state WHERE state = 'submitting')",
        params![reason, at.as_millisecond()],
    )?;
    super::reach(Point::Settling)?;
    if seeded_fault::is_on(SeededFault::InterruptedSubmitsWait) {
        return db
            .execute("UPDATE state SET state = 'pending', reason = ?1 WHERE state = 'submitting'", [reason]);
    }
    db.execute("UPDATE state SET state = 'unknown', reason = ?1 WHERE state = 'submitting'", [reason])
}

/// The run is over, for this reason.
pub(super) fn end_run(db: &Connection, run: i64, why: &str, at: Timestamp) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE run SET ended_at = ?2, ending = ?3 WHERE key = ?1",
        params![run, at.as_millisecond(), why],
    )?;
    Ok(())
}

/// The attempt has ended so.
fn end(db: &Connection, attempt: AttemptKey, next: &Transition<'_>, at: Timestamp) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE attempt SET outcome = ?2, class = ?3, reason = ?4, finished_at = ?5 WHERE key = ?1",
    )?
    .execute(params![
        attempt.0,
        next.outcome.as_str(),
        next.class.map(FailureClass::as_str),
        next.reason,
        at.as_millisecond()
    ])?;
    Ok(())
}

fn write_images(db: &Connection, attempt: AttemptKey, images: &Images) -> rusqlite::Result<()> {
    let urls = serde_json::Value::from(images.urls.as_slice()).to_string();
    db.prepare_cached("UPDATE attempt SET grid = ?2, images = ?3 WHERE key = ?1")?.execute(params![
        attempt.0,
        images.grid,
        urls
    ])?;
    Ok(())
}

/// The task stands so. A decision is carried out once the task has ended, and a skip that came too
/// late is over once it is done.
pub(super) fn set_state(
    db: &Connection,
    task: i64,
    state: State,
    class: Option<FailureClass>,
    reason: Option<&str>,
) -> rusqlite::Result<()> {
    let is_under_way = matches!(state, State::Pending | State::Submitting | State::Running | State::Unknown);
    db.prepare_cached(
        "UPDATE state SET state = ?2, class = ?3, reason = ?4, decided = decided AND ?5,
             kept_skip = kept_skip AND ?6
         WHERE task = ?1",
    )?
    .execute(params![
        task,
        state.as_str(),
        class.map(FailureClass::as_str),
        reason,
        is_under_way || seeded_fault::is_on(SeededFault::DecidedNotCleared),
        state != State::Done
    ])?;
    Ok(())
}
