//! Claims the pending tasks of a run: which of them it may submit, in which order, and how far it
//! is.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::columns::{age_at, late_classes, mode_at, waiting_at};
use crate::engine::{Claim, EarlierAttempt, Waiting};
use crate::plan::{Filters, Selection, TaskView};
use crate::store::{ClaimedTasks, ResumedTask, RunStart};
use crate::task::{AttemptKey, RemoteTaskId, State, Status, TaskId, TaskMode, TaskRow};

/// Counts what the run will claim, and what waits besides.
pub(super) fn count(
    db: &Connection,
    mut claims: TaskClaims,
    snapshot: &mut RunStart,
) -> rusqlite::Result<()> {
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
    let mut selected = 0;
    claims.walk(db, |waiting| {
        if let Some(waiting) = waiting {
            snapshot.backlog.tasks.add(waiting.mode);
            selected += 1;
        }
        true
    })?;
    let waiting = "SELECT coalesce((SELECT tasks FROM listed WHERE state = 'pending'), 0)";
    let waiting: u64 = db.query_row(waiting, [], |row| row.get::<_, i64>(0))?.unsigned_abs();
    snapshot.not_selected = waiting.saturating_sub(selected);
    Ok(())
}

/// Which of the tasks that wait a run claims, and how far it is.
///
/// They are claimed in their order, page by page. What waits again after it was claimed, or did not
/// wait when the run began, is in the hands of the run and is not claimed.
#[derive(Debug, Clone)]
pub(super) struct TaskClaims {
    filters: Filters,
    pilot: Option<Pilot>,
    /// Only what waits because of a decision is claimed.
    decided: bool,
    /// The priority and the position of the last task that was looked at.
    last: Option<(i64, i64)>,
    /// Tasks that did not wait when the run began, but may before it ends.
    in_hand: HashSet<TaskRow>,
}

impl TaskClaims {
    pub(super) fn of(
        db: &Connection,
        selection: &Selection,
        failures: &HashMap<TaskRow, u32>,
    ) -> rusqlite::Result<TaskClaims> {
        let pilot = if selection.pilot { Some(Pilot::of(db, failures)?) } else { None };
        let mut query =
            db.prepare("SELECT task FROM state WHERE state IN ('submitting', 'running', 'unknown')")?;
        let in_hand = query.query_map([], |row| row.get(0).map(TaskRow))?.collect::<rusqlite::Result<_>>()?;
        Ok(TaskClaims {
            filters: selection.filters.clone(),
            pilot,
            decided: selection.decided,
            last: None,
            in_hand,
        })
    }

    fn takes_all(&self) -> bool {
        self.filters.is_empty() && self.pilot.is_none() && !self.decided
    }

    /// Claims the next so many. Where it fails nothing is claimed.
    pub(super) fn next(&mut self, db: &Connection, count: usize) -> rusqlite::Result<ClaimedTasks> {
        let mut claims = self.clone();
        let mut tasks = Vec::new();
        if count > 0 {
            claims.walk(db, |selected| {
                tasks.extend(selected);
                tasks.len() < count
            })?;
        }
        let claimed = with_earlier(db, tasks, Timestamp::now())?;
        *self = claims;
        Ok(claimed)
    }

    /// Goes on through what waits, and says of each task whether it is selected, until no more are
    /// wanted.
    fn walk(
        &mut self,
        db: &Connection,
        mut is_more_wanted: impl FnMut(Option<Waiting>) -> bool,
    ) -> rusqlite::Result<()> {
        let columns = if self.takes_all() { "0, '', ''" } else { "entry, id, vars" };
        // A few among a million that wait are found by their own index.
        let decided = if self.decided { "INDEXED BY state_decided" } else { "" };
        let is_decided = if self.decided { "AND decided" } else { "" };
        let mut query = db.prepare_cached(&format!(
            "SELECT key, mode, timeout, priority, position, {columns}
             FROM state {decided} JOIN task ON key = task
             WHERE state = 'pending' AND position IS NOT NULL AND priority <= ?1
                 AND (priority < ?1 OR position > ?2) {is_decided}
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
                self.filters.is_empty() || is_selected(&self.filters, row, waiting.mode, Status::Pending)?;
            let entry = row.get(5)?;
            let selected = matches && self.pilot.as_mut().is_none_or(|pilot| pilot.takes(entry, &waiting));
            if !is_more_wanted(selected.then_some(waiting)) {
                break;
            }
        }
        Ok(())
    }
}

/// The tasks with those of their attempts that may have images by now: the service named them, and
/// they are not known to have ended without. What came before images that the task has had is
/// history: whoever asks for others does not mean those.
fn with_earlier(db: &Connection, tasks: Vec<Waiting>, now: Timestamp) -> rusqlite::Result<ClaimedTasks> {
    let mut query = db.prepare_cached(&format!(
        "SELECT attempt.key, attempt.mode, task_id, intended_at, hook_token, id
         FROM attempt JOIN task ON task.key = attempt.task
         WHERE attempt.task = ?1 AND task_id IS NOT NULL
             AND (outcome IS NULL OR outcome IN ('lost', 'unknown')
                 OR outcome = 'failed' AND (class IS NULL OR class IN ({})))
             AND attempt.key > coalesce((SELECT max(key) FROM attempt AS last
                 WHERE last.task = ?1 AND last.outcome = 'done'), 0)
         ORDER BY attempt.key",
        late_classes()
    ))?;
    let (mut earlier, mut earlier_tasks) = (Vec::new(), Vec::new());
    for waiting in &tasks {
        let mut rows = query.query(params![waiting.task.0])?;
        while let Some(row) = rows.next()? {
            earlier.push(EarlierAttempt {
                attempt: AttemptKey(row.get(0)?),
                waiting: *waiting,
                mode: mode_at(row, 1)?,
                task_id: RemoteTaskId(row.get(2)?),
                age: age_at(now, row.get(3)?),
            });
            let (hook_token, id) = (row.get(4)?, TaskId(row.get(5)?));
            earlier_tasks.push(ResumedTask { id, state: State::Pending, active: true, hook_token });
        }
    }
    Ok(ClaimedTasks { claim: Claim { tasks, earlier }, earlier_tasks })
}

/// Whether these filters select the task of a row with its id and its variables at 6 and 7.
pub(super) fn is_selected(
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
