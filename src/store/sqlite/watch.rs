//! Whether the state that a run writes is still the one under its name, and what is saved where it
//! is not.
//!
//! A file that was deleted, or that another took the place of, can be written to the end; but
//! nobody will ever read it, and the next run would pay for everything again. So a run looks before
//! each intent, submits nothing more once the state is gone, and writes every taskId that it knows
//! to a file beside it.

use std::fs::File;
use std::io::{self, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use rusqlite::Connection;

use super::file_access::{self, FileIdentity};
use crate::store::Rescued;
use crate::task::{RemoteTaskId, TaskId};

/// The most taskIds that are said, beside those that are in the file.
const MOST_SAID: i64 = 500;

/// The state of a run, watched.
pub(super) struct Watch {
    state: PathBuf,
    /// The files that SQLite has open: the state and its log.
    open: [Option<FileIdentity>; 2],
    is_gone: Arc<AtomicBool>,
    file: Option<(File, PathBuf)>,
}

impl Watch {
    /// Watches a state that is open, and whose log is there. `is_gone` says to others what was
    /// found.
    pub(super) fn over(state: &Path, is_gone: Arc<AtomicBool>) -> Watch {
        Watch { state: state.to_owned(), open: identities(state), is_gone, file: None }
    }

    /// Whether the state was found gone, now or before.
    pub(super) fn is_gone(&self) -> bool {
        if identities(&self.state) != self.open {
            self.is_gone.store(true, Ordering::Release);
        }
        self.is_gone.load(Ordering::Acquire)
    }

    /// Writes out every taskId that the open state knows. Done again, it is written anew: more may
    /// be known by then.
    pub(super) fn rescue(&mut self, db: &Connection) -> Rescued {
        let file = self.write(db).map_err(|e| e.to_string());
        let tasks = "SELECT count(*) FROM attempt WHERE task_id IS NOT NULL";
        let tasks: i64 = db.query_row(tasks, [], |row| row.get(0)).unwrap_or(0);
        let first = first(db).unwrap_or_default();
        tracing::error!(state = %self.state.display(), tasks, "the state is gone");
        Rescued { file, tasks: tasks.unsigned_abs(), first }
    }

    fn write(&mut self, db: &Connection) -> io::Result<PathBuf> {
        if self.file.is_none() {
            let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
            let path = file_access::beside(&self.state, &format!(".rescued-{now}.csv"));
            self.file = Some((file_access::private().create_new(true).open(&path)?, path));
        }
        let Some((file, path)) = &mut self.file else { return Err(io::ErrorKind::NotFound.into()) };
        file.rewind()?;
        let mut csv = csv::Writer::from_writer(&mut *file);
        csv.write_record(["id", "task_id"])?;
        let mut all = || {
            let mut query = db.prepare(
                "SELECT id, task_id FROM attempt JOIN task ON task.key = task WHERE task_id IS NOT NULL
                 ORDER BY attempt.key",
            )?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                let row: [String; 2] = [row.get(0)?, row.get(1)?];
                csv.write_record(row).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
            }
            Ok::<(), rusqlite::Error>(())
        };
        let read = all();
        csv.flush()?;
        drop(csv);
        read.map_err(io::Error::other)?;
        file.sync_all()?;
        Ok(path.clone())
    }
}

fn identities(state: &Path) -> [Option<FileIdentity>; 2] {
    [FileIdentity::at(state), FileIdentity::at(&file_access::beside(state, "-wal"))]
}

fn first(db: &Connection) -> rusqlite::Result<Vec<(TaskId, RemoteTaskId)>> {
    let mut query = db.prepare(
        "SELECT id, task_id FROM attempt JOIN task ON task.key = task WHERE task_id IS NOT NULL
         ORDER BY outcome IS NOT NULL, attempt.key LIMIT ?1",
    )?;
    let rows = query.query_map([MOST_SAID], |row| Ok((TaskId(row.get(0)?), RemoteTaskId(row.get(1)?))))?;
    rows.collect()
}
