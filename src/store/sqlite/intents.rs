//! The intents of a run: the budget is checked and the attempt is numbered in the transaction that
//! records it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::history::spent;
use super::outcomes::set_state;
use crate::engine::IntentRefusal;
use crate::store::{Intent, IntentOutcome, NotifyOn, Outgoing};
use crate::task::{AttemptKey, Prices, Quota, State, TaskId};

/// What every write of a run goes by.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunRecord {
    /// Its row.
    pub(super) key: i64,
    /// What it pays for a job.
    pub(super) prices: Prices,
    /// The most that all runs together may spend.
    pub(super) budget: Option<Quota>,
    /// The tasks of which a delivery is queued.
    pub(super) notify_on: Option<NotifyOn>,
}

/// Writes an intent, unless the task does not wait any more or the attempt would pass the budget of
/// the run. All of it happens in one transaction, so that two runs can never reserve the same money
/// or the same task.
pub(super) fn intend(
    db: &Connection,
    run: &RunRecord,
    intent: &Intent,
    at: Timestamp,
) -> rusqlite::Result<IntentOutcome> {
    let Intent { task, mode, hook_token } = intent;
    let outgoing = db
        .prepare_cached(
            "SELECT id, prompt, timeout, hook_url FROM task JOIN state ON task = key
             WHERE key = ?1 AND state = 'pending'",
        )?
        .query_row([task.0], |row| {
            Ok(Outgoing {
                id: TaskId(row.get(0)?),
                prompt: row.get(1)?,
                mode: *mode,
                timeout: row.get(2)?,
                hook_url: row.get(3)?,
            })
        })
        .optional()?;
    let Some(outgoing) = outgoing else { return Ok(IntentOutcome::Refused(IntentRefusal::NotOurs)) };
    let price = run.prices.of(*mode);
    if let Some(budget) = run.budget {
        let spent = spent(db, &run.prices)?;
        let sum = price.and_then(|price| spent.0.checked_add(price.0));
        // What has no price is within no budget.
        if sum.is_none_or(|sum| sum > budget.0) {
            return Ok(IntentOutcome::Refused(IntentRefusal::OverBudget));
        }
    }
    db.prepare_cached(
        "INSERT INTO attempt (task, run, intended_at, hook_token, quota, mode) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        task.0,
        run.key,
        at.as_millisecond(),
        hook_token,
        price.map(|quota| quota.0 as i64),
        mode.as_str()
    ])?;
    // No attempt is ever deleted, so that the number is higher than all before it.
    let attempt = AttemptKey(db.last_insert_rowid());
    set_state(db, task.0, State::Submitting, None, None)?;
    // The images that were picked are not those of this attempt.
    db.prepare_cached("UPDATE state SET picks = NULL WHERE task = ?1 AND picks IS NOT NULL")?
        .execute([task.0])?;
    Ok(IntentOutcome::Recorded(attempt, outgoing))
}
