//! Salvage: every taskId that can still be read from a damaged state file.
//!
//! Two ways, joined: what SQLite itself still reads, and the rows that lie in the file's pages,
//! read without SQLite (`pages` finds the pages, `rows` the rows in them). Nothing is written: the
//! file may be the only record of what was paid for.

mod pages;
mod rows;
#[cfg(test)]
mod tests;

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::sqlite::check_is_state;
use super::{StateLocation, StoreError};
use crate::task::{RemoteTaskId, TaskId};
use pages::{Found, carve};

/// Every taskId that can still be read from a state, damaged or not, with the id of its task where
/// that can be read too: what SQLite reads, and what else lies in its pages. Nothing is written.
pub(super) fn salvage(location: &StateLocation) -> Result<Vec<(Option<TaskId>, RemoteTaskId)>, StoreError> {
    let path = location.path();
    let begins = check_is_state(path);
    let mut found = match begins {
        Ok(()) | Err(StoreError::NotAState(_)) => carve(path).map_err(|e| StoreError::file(path, e))?,
        Err(e) => return Err(e),
    };
    // The first page may be what is gone; a file that has taskIds is one of ours all the same.
    if found.attempts.is_empty() {
        begins?;
    }
    // What SQLite cannot read is what the other way is for.
    let _ = read(path, &mut found);
    let Found { attempts, ids } = found;
    Ok(attempts
        .into_iter()
        .map(|(_, task, task_id)| (ids.get(&task).cloned().map(TaskId), RemoteTaskId(task_id)))
        .collect())
}

/// Adds what SQLite can read.
fn read(path: &Path, found: &mut Found) -> rusqlite::Result<()> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    db.execute_batch("PRAGMA query_only = ON; PRAGMA cell_size_check = ON;")?;
    // From both ends, since a scan stops at the first page that cannot be read.
    for order in ["ASC", "DESC"] {
        let query =
            format!("SELECT key, task, task_id FROM attempt WHERE task_id IS NOT NULL ORDER BY key {order}");
        let mut query = db.prepare(&query)?;
        let mut rows = query.query([])?;
        while let Ok(Some(row)) = rows.next() {
            found.attempts.extend(row.get(0).and_then(|key| Ok((key, row.get(1)?, row.get(2)?))));
        }
    }
    let mut query = db.prepare("SELECT id FROM task WHERE key = ?1")?;
    for (_, task, _) in &found.attempts {
        if let Ok(id) = query.query_row([task], |row| row.get(0)) {
            found.ids.insert(*task, id);
        }
    }
    Ok(())
}
