//! Whether a state is sound, looked at for a bounded time, and what can still be read of one that is not.
//!
//! A damaged file is never written over: it may be the only record of what was paid for.

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::StoreError;
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

/// Every taskId that can still be read from a state, damaged or not, with the id of its task where that can be read too.
/// Nothing is written.
///
/// # Errors
/// [`StoreError::NotAState`] or what SQLite says, where nothing can be read at all.
pub fn salvage(path: &Path) -> Result<Vec<(Option<Id>, TaskId)>, StoreError> {
    super::files::check_is_state(path)?;
    let failed = |e| StoreError::database(path, e);
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
    db.execute_batch("PRAGMA query_only = ON; PRAGMA cell_size_check = ON;").map_err(failed)?;
    // From both ends, since a scan stops at the first page that cannot be read.
    let mut found: Vec<(i64, i64, String)> = Vec::new();
    let mut trouble = None;
    for order in ["ASC", "DESC"] {
        let query =
            format!("SELECT key, task, task_id FROM attempt WHERE task_id IS NOT NULL ORDER BY key {order}");
        let mut query = match db.prepare(&query) {
            Ok(query) => query,
            Err(e) => {
                trouble = Some(e);
                break;
            }
        };
        let mut rows = query.query([]).map_err(failed)?;
        loop {
            match rows.next() {
                Ok(Some(row)) => found.extend(row.get(0).and_then(|key| Ok((key, row.get(1)?, row.get(2)?)))),
                Ok(None) => break,
                Err(e) => {
                    trouble = Some(e);
                    break;
                }
            }
        }
    }
    if let (true, Some(e)) = (found.is_empty(), trouble) {
        return Err(failed(e));
    }
    found.sort();
    found.dedup();
    let mut name = db.prepare("SELECT id FROM task WHERE key = ?1").ok();
    let mut id =
        |task: i64| name.as_mut().and_then(|name| name.query_row([task], |row| row.get(0)).ok()).map(Id);
    Ok(found.into_iter().map(|(_, task, task_id)| (id(task), TaskId(task_id))).collect())
}
