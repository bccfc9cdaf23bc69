//! Whether a state is sound, looked at for a bounded time, and what can still be read of one that is not.
//!
//! A damaged file is never written over: it may be the only record of what was paid for.

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::StoreError;
use super::carve::{Found, carve};
use crate::task::{Id, TaskId};

/// How long it is looked at. A state of ten thousand tasks is looked at whole in that time, a larger one in part.
const AT_MOST: Duration = Duration::from_millis(300);

/// Looks for damage, at most for a moment.
pub(super) fn check(db: &Connection, path: &Path) -> Result<(), StoreError> {
    let interrupt = db.get_interrupt_handle();
    let (done, is_done) = channel::<()>();
    let watch = std::thread::spawn(move || {
        // Nobody ever sends: either the other end is dropped, or the time is over.
        if is_done.recv_timeout(AT_MOST) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            interrupt.interrupt();
        }
    });
    let found = db.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    drop(done);
    let _ = watch.join();
    match found {
        Ok(word) if word == "ok" => Ok(()),
        Ok(what) => Err(StoreError::Damaged { path: path.into(), what }),
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(()),
        Err(e) => Err(StoreError::database(path, e)),
    }
}

/// Every taskId that can still be read from a state, damaged or not, with the id of its task where that can be read too: what
/// SQLite reads, and what else lies in its pages. Nothing is written.
///
/// # Errors
/// [`StoreError::Absent`] where there is no such file, [`StoreError::File`] where it cannot be read, and
/// [`StoreError::NotAState`] where it does not begin like a state and has no taskId in it either.
pub fn salvage(path: &Path) -> Result<Vec<(Option<Id>, TaskId)>, StoreError> {
    let told = super::files::check_is_state(path);
    let mut found = match told {
        Ok(()) | Err(StoreError::NotAState(_)) => carve(path).map_err(|e| StoreError::file(path, e))?,
        Err(e) => return Err(e),
    };
    // The first page may be what is gone; a file that has taskIds is one of ours all the same.
    if found.attempts.is_empty() {
        told?;
    }
    // What SQLite cannot read is what the other way is for.
    let _ = read(path, &mut found);
    let Found { attempts, ids } = found;
    Ok(attempts
        .into_iter()
        .map(|(_, task, task_id)| (ids.get(&task).cloned().map(Id), TaskId(task_id)))
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
