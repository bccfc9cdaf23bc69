//! Whether a state is sound, checked for a bounded time. A damaged file is never written over: it
//! may be the only record of what was paid for.

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::{StoreError, database_error};

/// How long it is looked at. A state of ten thousand tasks is looked at whole in that time, a
/// larger one in part.
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
        Err(e) => Err(database_error(path, e)),
    }
}
