//! What a run begins with, of what waits: in which order, which of them, and what earlier runs mean
//! for it.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, params};

use super::columns::mode_at;
use super::durations::durations;
use super::{RunStart, Snapshot, StoreError, waiting_at};
use crate::engine::{History, ObservedDurations, Waiting};
use crate::plan::{Filters, Selection, TaskView};
use crate::task::{Mode, Prices, Quota, Status, TaskId, TaskMode, TaskRow};

/// Reads how much waits, and the history. Gives what claims the tasks.
pub(super) fn read(
    db: &Connection,
    selection: &Selection,
    prices: &Prices,
    snapshot: &mut RunStart,
) -> rusqlite::Result<TaskClaims> {
    snapshot.history = History {
        spent: spent(db, prices)?,
        failures: failures(db)?,
        barred: barred(db, &selection.filters)?,
        observed: ObservedDurations::default(),
    };
    let claims = TaskClaims::of(db, selection, &snapshot.history.failures)?;
    count(db, claims.clone(), snapshot)?;
    if snapshot.backlog.tasks.of(TaskMode::Auto) > 0 {
        snapshot.history.observed = durations(db)?;
    }
    Ok(claims)
}

/// Counts what the run will claim, and what waits besides.
fn count(db: &Connection, mut claims: TaskClaims, snapshot: &mut RunStart) -> rusqlite::Result<()> {
    if claims.takes_all() {
        // There may be a million: of their rows nothing is read but the mode.
        let mut query = db.prepare(
            "SELECT mode FROM state JOIN task ON key = task
             WHERE state = 'pending' AND position IS NOT NULL ORDER BY priority DESC, position",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            snapshot.backlog.tasks.add(mode_at(row, 0)?);
        }
        return Ok(());
    }
    let (backlog, not_selected) = (&mut snapshot.backlog.tasks, &mut snapshot.not_selected);
    claims.walk(db, |chosen| {
        match chosen {
            Some(waiting) => backlog.add(waiting.mode),
            None => *not_selected += 1,
        }
        true
    })
}

/// Which of the tasks that wait a run claims, and how far it is.
///
/// They are claimed in their order, page by page. What waits again after it was claimed, or did not
/// wait when the run began, is in the hands of the run and is not claimed.
#[derive(Debug, Clone)]
pub(super) struct TaskClaims {
    filters: Filters,
    pilot: Option<Pilot>,
    /// The priority and the position of the last task that was looked at.
    last: Option<(i64, i64)>,
    /// Tasks that did not wait when the run began, but may before it ends.
    in_hand: HashSet<TaskRow>,
}

impl TaskClaims {
    fn of(
        db: &Connection,
        selection: &Selection,
        failures: &HashMap<TaskRow, u32>,
    ) -> rusqlite::Result<TaskClaims> {
        let pilot = if selection.pilot { Some(Pilot::of(db, failures)?) } else { None };
        let mut query =
            db.prepare("SELECT task FROM state WHERE state IN ('submitting', 'running', 'unknown')")?;
        let in_hand = query.query_map([], |row| row.get(0).map(TaskRow))?.collect::<rusqlite::Result<_>>()?;
        Ok(TaskClaims { filters: selection.filters.clone(), pilot, last: None, in_hand })
    }

    fn takes_all(&self) -> bool {
        self.filters.is_empty() && self.pilot.is_none()
    }

    /// Claims the next so many. Where it fails nothing is claimed.
    pub(super) fn next(&mut self, db: &Connection, count: usize) -> rusqlite::Result<Vec<Waiting>> {
        let mut claims = self.clone();
        let mut tasks = Vec::new();
        if count > 0 {
            claims.walk(db, |chosen| {
                tasks.extend(chosen);
                tasks.len() < count
            })?;
        }
        *self = claims;
        Ok(tasks)
    }

    /// Goes on through what waits, and says of each task whether it is chosen, until no more are
    /// wanted.
    fn walk(
        &mut self,
        db: &Connection,
        mut is_more_wanted: impl FnMut(Option<Waiting>) -> bool,
    ) -> rusqlite::Result<()> {
        let columns = if self.takes_all() { "0, '', ''" } else { "entry, id, vars" };
        let mut query = db.prepare_cached(&format!(
            "SELECT key, mode, timeout, priority, position, {columns} FROM state JOIN task ON key = task
             WHERE state = 'pending' AND position IS NOT NULL AND priority <= ?1
                 AND (priority < ?1 OR position > ?2)
             ORDER BY priority DESC, position"
        ))?;
        let mut rows = query.query(<[i64; 2]>::from(self.last.unwrap_or((i64::MAX, 0))))?;
        while let Some(row) = rows.next()? {
            let waiting = waiting_at(row)?;
            self.last = Some((row.get(3)?, row.get(4)?));
            if self.in_hand.contains(&waiting.task) {
                continue;
            }
            let matches =
                self.filters.is_empty() || is_chosen(&self.filters, row, waiting.mode, Status::Pending)?;
            let entry = row.get(5)?;
            let chosen = matches && self.pilot.as_mut().is_none_or(|pilot| pilot.takes(entry, &waiting));
            if !is_more_wanted(chosen.then_some(waiting)) {
                break;
            }
        }
        Ok(())
    }
}

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
        "SELECT key, mode, timeout, position IS NOT NULL AND NOT skip, 0, 0, id, vars
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
    let vars: String = row.get(7)?;
    let vars: Vec<String> = serde_json::from_str(&vars).unwrap_or_default();
    Ok(filters.matches(TaskView { id: &TaskId(row.get(6)?), mode, status, vars: &vars }))
}

/// One task of each entry.
#[derive(Debug, Clone)]
struct Pilot {
    /// Entries of which one was submitted before, or was taken.
    begun: HashSet<u32>,
    /// Tasks that failed and are to be sent again.
    failed: HashSet<TaskRow>,
}

impl Pilot {
    fn of(db: &Connection, failures: &HashMap<TaskRow, u32>) -> rusqlite::Result<Self> {
        let mut query = db.prepare(
            "SELECT DISTINCT entry FROM state
             WHERE position IS NOT NULL AND (state NOT IN ('pending', 'skipped') OR EXISTS (
                 SELECT 1 FROM attempt WHERE attempt.task = state.task AND attempt.key > asked_after
                     AND outcome = 'failed'))",
        )?;
        let begun = query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(Pilot { begun, failed: failures.keys().copied().collect() })
    }

    /// Whether the task is the one of its entry; one that failed and is to be sent again still is.
    fn takes(&mut self, entry: u32, waiting: &Waiting) -> bool {
        self.failed.contains(&waiting.task) || self.begun.insert(entry)
    }
}
