//! Sending failed tasks again because a person asks for it: they wait once more, and what was stays
//! in the history.
//!
//! One transaction under the lock of the state: a crash leaves all of it or nothing, and asking
//! twice asks for the same, since what waits has not failed. What is paid for anew is paid by the
//! run that comes after, once for each task.

use rusqlite::{Connection, params};

use super::columns::{mode_at, state_at};
use crate::failpoint::Point;
use crate::plan::{Filters, TaskView};
use crate::seeded_fault::{self, SeededFault};
use crate::store::RetryReport;
use crate::task::{State, TaskId, TaskMode};

/// A task waits again because a person says so; what failed before is not counted against it.
pub(super) const REQUEUE: &str = "UPDATE state SET state = 'pending',
         asked_after = (SELECT coalesce(max(key), 0) FROM attempt WHERE attempt.task = state.task)
     WHERE task = ?1";

/// Lets the tasks of the manifest wait again that failed (with `lost` those too that were lost) and
/// are chosen. Those whose outcome is unknown never do.
pub(super) fn requeue_failed(
    db: &mut Connection,
    filters: &Filters,
    lost: bool,
) -> rusqlite::Result<RetryReport> {
    let tx = db.transaction()?;
    let mut report = RetryReport::default();
    {
        let mut query = tx.prepare(
            "SELECT key, id, mode, vars, state, class FROM state JOIN task ON key = task
             WHERE position IS NOT NULL AND NOT skip AND NOT kept_skip
                 AND (state = 'failed' OR state = 'lost' AND ?1 OR state = 'unknown' AND ?2)",
        )?;
        let mut wait = tx.prepare(REQUEUE)?;
        let mut rows = query.query([lost, seeded_fault::is_on(SeededFault::RetryTakesUnknown)])?;
        while let Some(row) = rows.next()? {
            let (key, mode, state): (i64, TaskMode, State) =
                (row.get(0)?, mode_at(row, 2)?, state_at(row, 4)?);
            let vars: String = row.get(3)?;
            let vars: Vec<String> = serde_json::from_str(&vars).unwrap_or_default();
            let id = TaskId(row.get(1)?);
            if !filters.matches(TaskView { id: &id, mode, status: state.shown(false), vars: &vars }) {
                continue;
            }
            wait.execute(params![key])?;
            report.tasks.add(mode);
            match row.get::<_, Option<String>>(5)?.as_deref() {
                Some("refused" | "moderated") => report.turned_down += 1,
                Some("timeout" | "no_pictures") => report.may_be_made += 1,
                _ if state == State::Lost => report.may_be_made += 1,
                _ => {}
            }
        }
    }
    super::reach(Point::RequeuingFailed)?;
    tx.commit()?;
    Ok(report)
}
