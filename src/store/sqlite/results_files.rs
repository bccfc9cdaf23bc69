//! What belongs to people in files of results: which files the program wrote, so that no other is
//! replaced, and the cells that a person wrote into them.
//!
//! These notes are written by whoever replaces a file, also beside the run that writes the state:
//! they say nothing about a task's life or its cost. A transaction of its own each, made only while
//! the state is that of the batch whose results are written.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Snapshot, kept_cells, manifest_path};
use crate::store::{BatchStore, StateLocation, StoreError, WrittenFile};
use crate::task::{KeptCells, TaskRow};

/// How many of the files that were written at one path are remembered: the one that is there, and
/// the one that was to replace it when the program was killed.
const REMEMBERED: u32 = 2;

impl Snapshot {
    /// The last files that the program wrote at this path. What stands there is one of them, unless
    /// it was edited since.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read the state.
    pub fn written_files(&self, path: &Path) -> Result<Vec<WrittenFile>, StoreError> {
        let Some(path) = manifest_path::recorded(self.location.path(), path) else { return Ok(Vec::new()) };
        let read = || {
            let mut query = self.db.prepare("SELECT hash, added FROM results_file WHERE path = ?1")?;
            let files = query.query_map([path], |row| {
                let added: String = row.get(1)?;
                Ok(WrittenFile { hash: row.get(0)?, added: serde_json::from_str(&added).unwrap_or_default() })
            })?;
            files.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|e| self.error(e))
    }

    /// Whether the program has written any results since it remembers them.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read the state.
    pub fn has_written_files(&self) -> Result<bool, StoreError> {
        let query = "SELECT EXISTS (SELECT 1 FROM results_file)";
        self.db.query_row(query, [], |row| row.get(0)).map_err(|e| self.error(e))
    }

    /// What is kept of a person's cells about this task, and the picked images. `None` where the
    /// state has no such task.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read the state.
    pub fn kept_cells(&self, task: TaskRow) -> Result<Option<(KeptCells, Vec<u16>)>, StoreError> {
        let read = || {
            let mut query = self.db.prepare_cached("SELECT kept_cells, picks FROM state WHERE task = ?1")?;
            let row = |row: &rusqlite::Row<'_>| {
                let (kept, picks): (Option<String>, Option<String>) = (row.get(0)?, row.get(1)?);
                let kept = kept.map(|kept| kept_cells::read(&kept)).unwrap_or_default();
                Ok((kept, picks.and_then(|picks| serde_json::from_str(&picks).ok()).unwrap_or_default()))
            };
            query.query_row([task.0], row).optional()
        };
        read().map_err(|e| self.error(e))
    }

    /// Every task of which a person's cells are kept, with them, in no order.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read the state.
    pub fn all_kept_cells(&self) -> Result<Vec<(TaskRow, KeptCells)>, StoreError> {
        let read = || {
            let mut query =
                self.db.prepare("SELECT task, kept_cells FROM state WHERE kept_cells IS NOT NULL")?;
            let row = |row: &rusqlite::Row<'_>| {
                let kept: String = row.get(1)?;
                Ok((TaskRow(row.get(0)?), kept_cells::read(&kept)))
            };
            query.query_map([], row)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|e| self.error(e))
    }

    /// The task of this id, or else that of this taskId, in results without refs: the listed one,
    /// if several have the id.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read the state.
    pub fn task_of_results(&self, id: &str, task_id: &str) -> Result<Option<TaskRow>, StoreError> {
        let read = || {
            // Of several tasks of one id, as after an edit, it is the one that has the job.
            let mut query = self.db.prepare_cached(
                "SELECT task.key FROM task JOIN state ON state.task = task.key WHERE id = ?1
                 ORDER BY EXISTS (SELECT 1 FROM attempt WHERE attempt.task = task.key AND task_id = ?2) DESC,
                     position IS NULL, task.key DESC LIMIT 1",
            )?;
            let found = query.query_row([id, task_id], |row| row.get(0).map(TaskRow)).optional()?;
            if found.is_some() || task_id.is_empty() {
                return Ok(found);
            }
            let mut query = self.db.prepare_cached("SELECT task FROM attempt WHERE task_id = ?1 LIMIT 1")?;
            query.query_row([task_id], |row| row.get(0).map(TaskRow)).optional()
        };
        read().map_err(|e: rusqlite::Error| self.error(e))
    }

    /// Whether the task has an attempt of this taskId.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read the state.
    pub fn has_attempt(&self, task: TaskRow, task_id: &str) -> Result<bool, StoreError> {
        let read = || {
            let query = "SELECT EXISTS (SELECT 1 FROM attempt WHERE task = ?1 AND task_id = ?2)";
            self.db.prepare_cached(query)?.query_row(params![task.0, task_id], |row| row.get(0))
        };
        read().map_err(|e| self.error(e))
    }
}

impl BatchStore {
    /// Remembers a file of results that is about to stand at this path.
    ///
    /// # Errors
    /// [`StoreError`], where the state cannot be written, or is not that of the batch with these
    /// letters any more.
    pub fn remember_file(&self, letters: &str, path: &Path, file: &WrittenFile) -> Result<(), StoreError> {
        self.note(letters, |db, location| {
            let Some(path) = manifest_path::recorded(location.path(), path) else { return Ok(()) };
            db.execute("DELETE FROM results_file WHERE path = ?1 AND hash = ?2", params![path, file.hash])?;
            db.execute(
                "INSERT INTO results_file (path, hash, added) VALUES (?1, ?2, ?3)",
                params![path, file.hash, json(&file.added)],
            )?;
            db.execute(
                "DELETE FROM results_file WHERE path = ?1 AND key NOT IN (
                     SELECT key FROM results_file WHERE path = ?1 ORDER BY key DESC LIMIT ?2)",
                params![path, REMEMBERED],
            )?;
            Ok(())
        })
    }

    /// Keeps a person's cells: the columns that were added to the results, and the cells of these
    /// tasks.
    ///
    /// # Errors
    /// As [`remember_file`](BatchStore::remember_file); then nothing is changed.
    pub fn keep_cells(
        &self,
        letters: &str,
        added: &[String],
        cells: &[(TaskRow, KeptCells)],
    ) -> Result<(), StoreError> {
        self.note(letters, |db, _| {
            db.execute("UPDATE header SET added = ?1 WHERE added IS NOT ?1", [json(added)])?;
            let mut keep = db.prepare("UPDATE state SET kept_cells = ?2 WHERE task = ?1")?;
            for (task, kept) in cells {
                keep.execute(params![task.0, kept_cells::write(kept)])?;
            }
            Ok(())
        })
    }

    /// Writes notes in one transaction, beside the run that may be writing the state.
    fn note(
        &self,
        letters: &str,
        write: impl FnOnce(&Connection, &StateLocation) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let location = self.resolved()?;
        let snapshot = Snapshot::take(&location, None, true)?;
        let written = (|| {
            let db = &snapshot.db;
            db.execute_batch(
                "COMMIT; PRAGMA query_only = OFF; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; BEGIN IMMEDIATE",
            )?;
            let is_same: bool =
                db.query_row("SELECT letters IS ?1 FROM header", [letters], |row| row.get(0))?;
            if is_same {
                write(db, &location)?;
                db.execute_batch("COMMIT")?;
            }
            Ok(is_same)
        })();
        if !snapshot.db.is_autocommit() {
            let _ = snapshot.db.execute_batch("ROLLBACK");
        }
        match written.map_err(|e| snapshot.error(e))? {
            true => Ok(()),
            false => Err(StoreError::Gone(location.path().into())),
        }
    }
}

fn json(texts: &[String]) -> String {
    serde_json::Value::from(texts).to_string()
}
