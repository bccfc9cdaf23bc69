//! What earlier runs mean for the next one: what was spent, how often tasks failed, and which of
//! them the run must not send again.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, params};

use super::columns::waiting_at;
use super::task_claims::is_selected;
use super::{Snapshot, StoreError};
use crate::engine::Waiting;
use crate::plan::Selection;
use crate::seeded_fault::{self, SeededFault};
use crate::task::{Mode, Prices, Quota, Status, TaskMode, TaskRow};

/// Modes in which something was, or may be, submitted, and for which there is no price: with them,
/// what a batch costs cannot be bounded.
pub(super) fn unpriced(db: &Connection, prices: &Prices) -> rusqlite::Result<Vec<Mode>> {
    let mut modes = vec![Mode::Fast, Mode::Relaxed];
    modes.retain(|mode| prices.of(*mode).is_none());
    if modes.is_empty() {
        return Ok(modes);
    }
    let mut query = db.prepare(
        "SELECT EXISTS (SELECT 1 FROM state CROSS JOIN task ON key = task
                 WHERE state IN ('pending', 'submitting', 'running', 'unknown', 'failed', 'lost')
                     AND position IS NOT NULL AND mode IN (?1, ?2))
             OR EXISTS (SELECT 1 FROM spent WHERE mode = ?1 AND NOT priced AND attempts > 0)",
    )?;
    let mut unpriced = Vec::new();
    for mode in modes {
        if query.query_row([mode.as_str(), TaskMode::Auto.as_str()], |row| row.get(0))? {
            unpriced.push(mode);
        }
    }
    Ok(unpriced)
}

impl Snapshot {
    /// What all attempts cost that may have been accepted: what was recorded, else by these prices.
    /// What counts for a budget. `None` where it is unknown, since a price is missing.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn reserved(&self, prices: &Prices) -> Result<Option<Quota>, StoreError> {
        let spent = spent(&self.db, prices).map_err(|e| self.error(e))?;
        Ok(Some(spent).filter(|spent| spent.0 < u64::MAX))
    }
}

/// What all attempts cost that may have been accepted: what was recorded, else today's price.
pub(super) fn spent(db: &Connection, prices: &Prices) -> rusqlite::Result<Quota> {
    let price = |mode| prices.of(mode).map(|quota| quota.0 as i64);
    let query = "SELECT coalesce(sum(cost), 0), count(*) - count(cost) FROM (
             SELECT CASE WHEN priced THEN quota WHEN mode = 'fast' THEN attempts * ?1 ELSE attempts * ?2 END AS cost
             FROM spent WHERE attempts > 0)";
    let (sum, unpriced): (i64, i64) = db
        .prepare_cached(query)?
        .query_row(params![price(Mode::Fast), price(Mode::Relaxed)], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if seeded_fault::is_on(SeededFault::UnknownNotSpent) {
        let query =
            "SELECT coalesce(sum(quota), 0) FROM attempt WHERE task_id IS NOT NULL OR outcome IS NULL";
        return db.query_row(query, [], |row| row.get(0).map(|sum: i64| Quota(sum.unsigned_abs())));
    }
    Ok(if unpriced > 0 { Quota(u64::MAX) } else { Quota(sum.unsigned_abs()) })
}

/// How often jobs of open tasks failed at the service since a person asked for them last.
pub(super) fn failures(db: &Connection) -> rusqlite::Result<HashMap<TaskRow, u32>> {
    // From the attempts that failed, which are few, to their tasks, of which a million may wait.
    let mut query = db.prepare(
        "SELECT attempt.task, count(*) FROM attempt CROSS JOIN state ON state.task = attempt.task
         WHERE outcome = 'failed' AND attempt.class = 'generation' AND attempt.key > asked_after
             AND state IN ('pending', 'running', 'unknown')
         GROUP BY attempt.task",
    )?;
    query.query_map([], |row| Ok((TaskRow(row.get(0)?), row.get(1)?)))?.collect()
}

/// Tasks that run, or of which nothing is known, and would not be submitted if they waited.
pub(super) fn excluded(db: &Connection, selection: &Selection) -> rusqlite::Result<HashSet<TaskRow>> {
    let mut query = db.prepare(
        "SELECT key, mode, timeout,
             position IS NOT NULL AND NOT skip AND NOT kept_skip AND (decided OR NOT ?1), 0, 0, id, vars
         FROM state JOIN task ON key = task WHERE state IN ('running', 'unknown')",
    )?;
    let mut rows = query.query([selection.decided])?;
    let mut excluded = HashSet::new();
    while let Some(row) = rows.next()? {
        let Waiting { task, mode, .. } = waiting_at(row)?;
        // It would wait if it had to be sent again.
        if !row.get::<_, bool>(3)? || !is_selected(&selection.filters, row, mode, Status::Pending)? {
            excluded.insert(task);
        }
    }
    Ok(excluded)
}
