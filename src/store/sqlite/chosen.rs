//! What a run begins with, of what waits: in which order, which of them, and what earlier runs mean for it.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, params};

use super::durations::durations;
use super::{RunStart, Snapshot, StoreError, waiting_at};
use crate::engine::{History, ObservedDurations, Waiting};
use crate::plan::{Filters, Selection, TaskView};
use crate::task::{Mode, Prices, Quota, Status, TaskId, TaskMode, TaskRow};

/// Reads what waits, and the history.
pub(super) fn read(
    db: &Connection,
    selection: &Selection,
    prices: &Prices,
    snapshot: &mut RunStart,
) -> rusqlite::Result<()> {
    snapshot.history = History {
        spent: spent(db, prices)?,
        failures: failures(db)?,
        barred: barred(db, &selection.filters)?,
        observed: ObservedDurations::default(),
    };
    choose(db, selection, snapshot)?;
    if snapshot.waiting.iter().any(|waiting| waiting.mode == TaskMode::Auto) {
        snapshot.history.observed = durations(db)?;
    }
    Ok(())
}

fn choose(db: &Connection, selection: &Selection, snapshot: &mut RunStart) -> rusqlite::Result<()> {
    if *selection == Selection::default() {
        snapshot.waiting = waiting(db)?;
        return Ok(());
    }
    let mut pilot = if selection.pilot { Some(Pilot::of(db, &snapshot.history.failures)?) } else { None };
    let mut query = db.prepare(
        "SELECT key, mode, timeout, entry, id, vars FROM state JOIN task ON key = task
         WHERE state = 'pending' AND position IS NOT NULL ORDER BY priority DESC, position",
    )?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let waiting = waiting_at(row)?;
        let chosen = selection.filters.is_empty()
            || is_chosen(&selection.filters, row, waiting.mode, Status::Pending)?;
        let entry = row.get(3)?;
        if chosen && pilot.as_mut().is_none_or(|pilot| pilot.takes(entry, &waiting)) {
            snapshot.waiting.push(waiting);
        } else {
            snapshot.not_selected += 1;
        }
    }
    Ok(())
}

/// All that waits. There may be a million: of their rows nothing is read but what the run needs at once.
fn waiting(db: &Connection) -> rusqlite::Result<Vec<Waiting>> {
    let mut query = db.prepare(
        "SELECT key, mode, timeout FROM state JOIN task ON key = task
         WHERE state = 'pending' AND position IS NOT NULL ORDER BY priority DESC, position",
    )?;
    query.query_map([], waiting_at)?.collect()
}

/// Modes in which something was, or may be, submitted, and for which there is no price: with them, what a batch costs
/// cannot be bounded.
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
    /// What all attempts cost that may have been accepted: what was recorded, else by these prices. What counts for a
    /// budget. `None` where it cannot be told, since a price is missing.
    ///
    /// # Errors
    /// What SQLite says.
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
    Ok(if unpriced > 0 { Quota(u64::MAX) } else { Quota(sum.unsigned_abs()) })
}

/// How often jobs of open tasks failed at the service since a person asked for them last.
fn failures(db: &Connection) -> rusqlite::Result<HashMap<TaskRow, u32>> {
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
fn barred(db: &Connection, filters: &Filters) -> rusqlite::Result<HashSet<TaskRow>> {
    let mut query = db.prepare(
        "SELECT key, mode, timeout, position IS NOT NULL AND NOT skip, id, vars
         FROM state JOIN task ON key = task WHERE state IN ('running', 'unknown')",
    )?;
    let mut rows = query.query([])?;
    let mut barred = HashSet::new();
    while let Some(row) = rows.next()? {
        let Waiting { task, mode, .. } = waiting_at(row)?;
        // It would wait if it had to be sent again.
        if !row.get::<_, bool>(3)? || !is_chosen(filters, row, mode, Status::Pending)? {
            barred.insert(task);
        }
    }
    Ok(barred)
}

fn is_chosen(
    filters: &Filters,
    row: &rusqlite::Row<'_>,
    mode: TaskMode,
    status: Status,
) -> rusqlite::Result<bool> {
    let vars: String = row.get(5)?;
    let vars: Vec<String> = serde_json::from_str(&vars).unwrap_or_default();
    Ok(filters.matches(TaskView { id: &TaskId(row.get(4)?), mode, status, vars: &vars }))
}

/// One task of each entry.
struct Pilot<'a> {
    /// Entries of which one was submitted before, or was taken.
    begun: HashSet<u32>,
    failures: &'a HashMap<TaskRow, u32>,
}

impl<'a> Pilot<'a> {
    fn of(db: &Connection, failures: &'a HashMap<TaskRow, u32>) -> rusqlite::Result<Self> {
        let mut query = db.prepare(
            "SELECT DISTINCT entry FROM state
             WHERE position IS NOT NULL AND (state NOT IN ('pending', 'skipped') OR EXISTS (
                 SELECT 1 FROM attempt WHERE attempt.task = state.task AND attempt.key > asked_after
                     AND outcome = 'failed'))",
        )?;
        let begun = query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(Pilot { begun, failures })
    }

    /// Whether the task is the one of its entry; one that failed and is to be sent again still is.
    fn takes(&mut self, entry: u32, waiting: &Waiting) -> bool {
        self.failures.contains_key(&waiting.task) || self.begun.insert(entry)
    }
}
