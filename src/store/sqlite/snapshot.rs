//! Reading a state, also while a run writes it: what `status` and the results are made from.

use std::io::ErrorKind;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use tempfile::TempDir;

use super::columns::{mode_at, over_at, state_at};
use super::{database_error, file_access, lock, manifest_path, open_run, schema, state_file};
use crate::plan::{KnownTask, KnownTasks};
use crate::seeded_fault::{self, SeededFault};
use crate::store::{Header, StateLocation, StoreError};
use crate::task::{Counts, Fingerprint, Quota, State, Status, TaskId, TaskMode};

/// A state at one moment, to read: what is read through one snapshot belongs together, also while a
/// run writes the state.
#[derive(Debug)]
pub struct Snapshot {
    /// In a read transaction from the first query to the end.
    pub(super) db: Connection,
    pub(super) location: StateLocation,
    /// The run that was going on, in words, as the snapshot was taken.
    holder: Option<String>,
    is_live: bool,
    /// The folder of the copy that is read, where the state could not be read in its own.
    _copy: Option<TempDir>,
}

impl Snapshot {
    /// Takes a snapshot of the state at this place. A state of an older program is brought up to
    /// date first. `holder` and `is_live` were found out before: a run that ends in between leaves
    /// nothing in flight.
    pub(in crate::store) fn take(
        location: &StateLocation,
        holder: Option<String>,
        is_live: bool,
    ) -> Result<Snapshot, StoreError> {
        let path = location.path();
        let open = |path: &Path| schema::open_for_reading(path).map(|db| (db, None));
        let (db, copy) = open(path).or_else(|e| match e {
            StoreError::Older(_) => match bring_up_to_date(path) {
                Ok(()) => open(path),
                Err(e) if !is_live && may_not_write(&e) => open_copy(path).map_err(|_| e),
                Err(e) => Err(e),
            },
            // Where there is no log, the file alone is all; else it is read where the log can be.
            e if !is_live && may_not_write(&e) => match open_run::has_log(path) {
                false => schema::open_frozen(path).map(|db| (db, None)).or_else(|_| open_copy(path)),
                true => open_copy(path),
            }
            .map_err(|_| e),
            other => Err(other),
        })?;
        db.execute_batch("BEGIN").map_err(|e| database_error(path, e))?;
        Ok(Snapshot { db, location: location.clone(), holder, is_live, _copy: copy })
    }

    /// Copies the whole state of this moment, also while a run writes it, to a new file. Gives how
    /// many tasks have each status.
    pub(in crate::store) fn copy_to(self, to: &Path) -> Result<Counts, StoreError> {
        if file_access::exists(to) {
            return Err(StoreError::Exists(to.into()));
        }
        let draft = state_file::DraftState::begin(to)?;
        let copy = || {
            self.db.execute_batch("COMMIT; PRAGMA query_only = OFF")?;
            let at =
                draft.path().to_str().ok_or_else(|| rusqlite::Error::InvalidPath(draft.path().into()))?;
            self.db.execute("VACUUM INTO ?1", [at])?;
            let copied = Connection::open(draft.path())?;
            copied.execute("UPDATE open_run SET is_copy = 1", [])?;
            let counts = counts(&copied, self.is_live)?;
            copied.close().map_err(|(_, e)| e)?;
            Ok(counts)
        };
        let counts = copy().map_err(|e| database_error(to, e))?;
        draft.publish_new(to)?;
        Ok(counts)
    }

    /// Leaves the log where a run began meanwhile: only a connection that has seen no run open
    /// removes it.
    fn before_close(&self) -> rusqlite::Result<()> {
        if !self.db.is_autocommit() {
            self.db.execute_batch("COMMIT")?;
        }
        open_run::keep_wal(&self.db, open_run::is_open(&self.db)?)
    }

    /// The process that runs the batch, in words, if one did as the snapshot was taken.
    pub fn holder(&self) -> Option<&str> {
        self.holder.as_deref()
    }

    /// Whether a run was going on as the snapshot was taken: then what is in flight is under way,
    /// else it is unknown.
    pub fn is_live(&self) -> bool {
        self.is_live
    }

    /// What the state says of its batch; empty where a run died before it could write that.
    ///
    /// # Errors
    /// Where the state cannot be read.
    pub fn header(&self) -> Result<Header, StoreError> {
        let header = header(&self.db, self.location.path());
        Ok(header.map_err(|e| self.error(e))?.unwrap_or_default())
    }

    /// When the state was made, which distinguishes it from another of the same batch. `None` where
    /// a run died before that was written.
    ///
    /// # Errors
    /// Where the state cannot be read.
    pub fn created_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let read = || {
            let mut query = self.db.prepare("SELECT created_at FROM header")?;
            let mut rows = query.query([])?;
            rows.next()?.map(|row| row.get(0)).transpose()
        };
        let at: Option<i64> = read().map_err(|e| self.error(e))?;
        Ok(at.and_then(|at| Timestamp::from_millisecond(at).ok()))
    }

    /// Everything the state knows, to compare a manifest with.
    pub fn known_tasks(&self) -> Result<KnownTasks, StoreError> {
        known_tasks(&self.db).map_err(|e| self.error(e))
    }

    /// What a version of a task would send: its prompt and its mode.
    pub fn content(&self, key: i64) -> Result<(String, TaskMode), StoreError> {
        let query = "SELECT prompt, mode FROM task WHERE key = ?1";
        let row = |row: &Row<'_>| Ok((row.get(0)?, mode_at(row, 1)?));
        self.db.query_row(query, [key], row).map_err(|e| self.error(e))
    }

    /// How many tasks of the manifest have each status.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        counts(&self.db, self.is_live).map_err(|e| self.error(e))
    }

    /// Whether the manifest had a task of this id when the state last saw one, or one of it is
    /// unknown.
    pub fn has_task(&self, id: &TaskId) -> Result<bool, StoreError> {
        let query = "SELECT EXISTS (SELECT 1 FROM task JOIN state ON task = key WHERE id = ?1
             AND (position IS NOT NULL OR state IN ('unknown', 'submitting')))";
        self.db.query_row(query, [&id.0], |row| row.get(0)).map_err(|e| self.error(e))
    }

    /// The largest number of single pictures that a task has.
    pub fn most_images(&self) -> Result<usize, StoreError> {
        let query =
            "SELECT coalesce(max(json_array_length(images)), 0) FROM attempt WHERE images IS NOT NULL";
        let most: i64 = self.db.query_row(query, [], |row| row.get(0)).map_err(|e| self.error(e))?;
        Ok(usize::try_from(most).unwrap_or(0))
    }

    /// What the attempts that count cost, where prices are configured: those of one run, or of all.
    pub fn spent(&self, run: Option<i64>) -> Result<Option<Quota>, StoreError> {
        let query = "SELECT sum(quota) FROM spent WHERE priced AND attempts > 0 AND (?1 IS NULL OR run = ?1)";
        let sum: Option<i64> =
            self.db.query_row(query, [run], |row| row.get(0)).map_err(|e| self.error(e))?;
        Ok(sum.map(|sum| Quota(sum.unsigned_abs())))
    }

    /// The tasks of the manifest that ended badly, or of which nothing is known, in its order, with
    /// where they stand and why.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn failed_tasks(&self, mut note: impl FnMut(&TaskId, State, Option<&str>)) -> Result<(), StoreError> {
        let mut read = || {
            let mut query = self.db.prepare(
                "SELECT id, state, reason FROM state JOIN task ON key = task
                 WHERE state IN ('failed', 'unknown', 'submitting', 'lost') AND position IS NOT NULL
                 ORDER BY position",
            )?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                note(&TaskId(row.get(0)?), state_at(row, 1)?, row.get_ref(2)?.as_str_or_null()?);
            }
            Ok(())
        };
        read().map_err(|e| self.error(e))
    }

    pub(super) fn error(&self, source: rusqlite::Error) -> StoreError {
        database_error(self.location.path(), source)
    }
}

/// Brings the tables of an older state up to date.
fn bring_up_to_date(path: &Path) -> Result<(), StoreError> {
    let mut held = lock::Lock::take(path, "an update of the state")?;
    held.hold_state(path)?;
    let db = schema::open_for_writing(path)?;
    drop(db);
    Ok(())
}

/// Whether this is what a file or a folder says that may not be written to.
fn may_not_write(error: &StoreError) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, PermissionDenied, ReadOnly, SystemIoFailure};
    match error {
        StoreError::File { source, .. } => {
            matches!(source.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
        }
        StoreError::Failed { source, .. } => {
            let code = source.downcast_ref().and_then(rusqlite::Error::sqlite_error_code);
            matches!(code, Some(CannotOpen | PermissionDenied | ReadOnly | SystemIoFailure))
        }
        _ => false,
    }
}

/// Opens a copy of a state that nobody runs, in a folder of its own, where it can be written to. An
/// older one is brought up to date there.
fn open_copy(path: &Path) -> Result<(Connection, Option<TempDir>), StoreError> {
    let failed = |e| StoreError::file(path, e);
    let folder = tempfile::Builder::new().prefix("mjbatch-").tempdir().map_err(failed)?;
    let copy = folder.path().join("state");
    for ending in ["", "-wal"] {
        match std::fs::copy(file_access::beside(path, ending), file_access::beside(&copy, ending)) {
            Err(e) if ending.is_empty() || e.kind() != ErrorKind::NotFound => return Err(failed(e)),
            _ => {}
        }
        #[cfg(unix)]
        let _ = std::fs::set_permissions(
            file_access::beside(&copy, ending),
            std::os::unix::fs::PermissionsExt::from_mode(0o600),
        );
    }
    let db = schema::open_for_reading(&copy).or_else(|e| match e {
        StoreError::Older(_) => {
            drop(schema::open_for_writing(&copy)?);
            schema::open_for_reading(&copy)
        }
        other => Err(other),
    })?;
    Ok((db, Some(folder)))
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        if self.before_close().is_err() {
            let _ = open_run::keep_wal(&self.db, true);
        }
    }
}

/// What the state has kept of its manifest, if there is one that can be read as it is.
pub(in crate::store) fn cached_manifest(location: &StateLocation) -> Option<String> {
    let db = schema::open_for_reading(location.path()).ok()?;
    db.query_row("SELECT outline FROM header", [], |row| row.get(0)).ok()?
}

/// What the state at this path says of its batch, if it says anything yet.
pub(super) fn header(db: &Connection, state: &Path) -> rusqlite::Result<Option<Header>> {
    let query = "SELECT batch, service, columns, letters, path, added FROM header";
    let row = |row: &Row<'_>| {
        let (columns, recorded): (String, Option<String>) = (row.get(2)?, row.get(4)?);
        let added: Option<String> = row.get(5)?;
        Ok(Header {
            batch: row.get(0)?,
            service: row.get(1)?,
            columns: serde_json::from_str(&columns).unwrap_or_default(),
            added: added.and_then(|added| serde_json::from_str(&added).ok()).unwrap_or_default(),
            letters: row.get(3)?,
            manifest_path: recorded.map(|recorded| manifest_path::resolved(state, &recorded)),
        })
    };
    db.query_row(query, [], row).optional()
}

pub(super) fn known_tasks(db: &Connection) -> rusqlite::Result<KnownTasks> {
    let mut known_tasks = KnownTasks::new();
    let mut query = db.prepare(
        "SELECT key, id, fingerprint, state, position, redone,
             state = 'skipped' AND EXISTS (SELECT 1 FROM attempt WHERE attempt.task = task.key
                 AND outcome IN ('failed', 'refused') AND attempt.key > asked_after),
             kept_skip
         FROM task JOIN state ON task = key",
    )?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let known = KnownTask {
            key: row.get(0)?,
            fingerprint: Fingerprint(row.get(2)?),
            state: state_at(row, 3)?,
            position: row.get(4)?,
            failed_before_skip: row.get(6)?,
            kept_skip: row.get(7)?,
            over: over_at(row.get(5)?),
        };
        known_tasks.entry(TaskId(row.get(1)?)).or_default().push(known);
    }
    Ok(known_tasks)
}

pub(super) fn counts(db: &Connection, is_live: bool) -> rusqlite::Result<Counts> {
    let mut counts = Counts::default();
    let mut query = db.prepare("SELECT state, tasks FROM listed")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let n: i64 = row.get(1)?;
        counts.add(state_at(row, 0)?.shown(is_live), n.unsigned_abs());
    }
    // What is unknown stays so whatever has become of its row in the manifest.
    let gone: i64 = db.query_row(
        "SELECT count(*) FROM state
         WHERE state IN ('unknown', 'submitting') AND position IS NULL AND (state = 'unknown' OR NOT ?1)",
        [is_live],
        |row| row.get(0),
    )?;
    let gone = if seeded_fault::is_on(SeededFault::DeletedUnknownNotCounted) { 0 } else { gone };
    counts.add(Status::Unknown, gone.unsigned_abs());
    Ok(counts)
}
