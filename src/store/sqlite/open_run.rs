//! The mark of a run that began and has not ended, by which a state without its log is known.
//!
//! What a run writes goes to the log (`-wal`) first. A copy of the main file alone would open, and
//! what was submitted last would be submitted again. So a run writes its mark into the main file
//! before it submits anything, and takes it away when it has ended; no connection removes the log
//! while the mark is there. A main file with the mark and without a log is not whole. On the disk
//! it is so in every moment: SQLite syncs the log, and its name, before it writes to the main file.
//!
//! The mark also names the process, by which a copy of the state finds out that the run still goes
//! on elsewhere: what it has submitted is in flight there, and not unknown.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::{StoreError, database_error, file_access};
use crate::seeded_fault::{self, SeededFault};

/// A log shorter than its own header has nothing in it, and that of a run has the mark at least.
const LOG_HEADER: u64 = 32;

/// Writes the mark of this run, into the main file too. Readers of a moment ago may hold that up,
/// for as long as the connection waits at most; then the main file has it a little later.
pub(super) fn open(db: &Connection, run: i64) -> rusqlite::Result<()> {
    keep_wal(db, true)?;
    db.execute("INSERT OR REPLACE INTO open_run VALUES (1, ?1, ?2, 0)", params![run, this_process()])?;
    checkpoint(db, "FULL")
}

/// Takes the mark away: the state is whole without its log, which the last connection to close may
/// remove.
pub(super) fn close(db: &Connection) -> rusqlite::Result<()> {
    db.execute("DELETE FROM open_run", [])?;
    keep_wal(db, false)?;
    // The last to close may be a reader, which writes nothing into the main file.
    checkpoint(db, "PASSIVE")
}

/// Takes away the mark of a run that died, once its log was read.
///
/// # Errors
/// [`StoreError::Held`] where its process lives: this is a copy of a state that is being written.
pub(super) fn close_ended(db: &Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |e| database_error(path, e);
    let query = "SELECT process FROM open_run";
    let process =
        db.query_row(query, [], |row| row.get::<_, Option<String>>(0)).optional().map_err(failed)?;
    let Some(process) = process else { return Ok(()) };
    if process.as_deref().is_some_and(lives_elsewhere) {
        let holder = "a run that still writes the state of which this is a copy".to_owned();
        return Err(StoreError::Held { path: path.into(), holder });
    }
    db.execute("DELETE FROM open_run", []).map(drop).map_err(failed)
}

/// Whether the mark is there.
pub(super) fn is_open(db: &Connection) -> rusqlite::Result<bool> {
    let query = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'open_run')";
    let has_table: bool = db.query_row(query, [], |row| row.get(0))?;
    Ok(has_table && db.query_row("SELECT EXISTS (SELECT 1 FROM open_run)", [], |row| row.get(0))?)
}

/// Sets whether the last to close leaves the WAL as it is, instead of writing it into the file: a
/// file that is damaged, or is none of ours, is not written to.
pub(super) fn keep_wal(db: &Connection, keep: bool) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep).map(drop)
}

/// Writes what is in the log into the main file, as far as readers let it.
pub(super) fn checkpoint(db: &Connection, how: &str) -> rusqlite::Result<()> {
    db.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()))
}

/// Refuses a state whose log is missing. Nothing is written, so that the log is still missed the
/// next time.
pub(super) fn check_log(path: &Path) -> Result<(), StoreError> {
    if seeded_fault::is_on(SeededFault::LostLogUnnoticed) {
        return Ok(());
    }
    for _ in 0..3 {
        if has_log(path) {
            return Ok(());
        }
        match submits_of_open(path) {
            Ok(None) => return Ok(()),
            Ok(Some(_)) if has_log(path) => return Ok(()),
            Ok(Some(attempts)) => {
                let wal = file_access::beside(path, "-wal");
                return Err(StoreError::LogMissing { path: path.into(), wal, attempts });
            }
            // Somebody may be writing it just now; what is damaged is found by who opens it.
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    Ok(())
}

/// Whether there is a log beside the state, with anything in it.
pub(super) fn has_log(path: &Path) -> bool {
    std::fs::metadata(file_access::beside(path, "-wal")).is_ok_and(|found| found.len() >= LOG_HEADER)
}

/// How many submits the main file knows, where it has the mark.
fn submits_of_open(path: &Path) -> rusqlite::Result<Option<u64>> {
    let db = frozen(path)?;
    if !is_open(&db)? {
        return Ok(None);
    }
    let needs_log: bool = db.query_row("SELECT NOT is_copy FROM open_run", [], |row| row.get(0))?;
    let attempts: i64 = db.query_row("SELECT count(*) FROM attempt", [], |row| row.get(0))?;
    Ok(needs_log.then_some(attempts.unsigned_abs()))
}

/// Opens the main file alone: without its log, without a lock, and without a file beside it.
pub(super) fn frozen(path: &Path) -> rusqlite::Result<Connection> {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                uri.push(char::from(*byte))
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri, flags)
}

/// This process, so that no other has the same words for itself: the start of the machine, the
/// number, and when it began.
fn this_process() -> Option<String> {
    process(std::process::id())
}

#[cfg(target_os = "linux")]
fn process(id: u32) -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name, in parentheses, may have anything in it; the state and the start are the 1st and
    // the 20th after it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let began = fields.nth(18)?;
    (!matches!(state, "Z" | "X")).then(|| format!("{} {id} {began}", boot.trim()))
}

#[cfg(not(target_os = "linux"))]
fn process(_: u32) -> Option<String> {
    None
}

/// Whether this is a process of this machine that lives, and not this one.
fn lives_elsewhere(words: &str) -> bool {
    let id = words.split(' ').nth(1).and_then(|id| id.parse().ok());
    id.is_some_and(|id| id != std::process::id() && process(id).as_deref() == Some(words))
}
