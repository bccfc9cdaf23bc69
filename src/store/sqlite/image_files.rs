//! The files that pictures became: what is still to be brought, and where each file is.
//!
//! A row is written after its file is whole under its name, and says nothing about the task: a
//! picture that cannot be brought leaves its task done.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::mode_at;
use super::snapshot::Snapshot;
use crate::store::{AttemptImages, DownloadedFile, FileCounts, FileRow, StoreError};
use crate::task::{AttemptKey, Images, Quota, Record, RemoteTaskId, State, Task, TaskMode};

impl Snapshot {
    /// The attempts that made the pictures of the listed tasks, in the manifest's order.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn attempts_with_images(&self) -> Result<Vec<AttemptKey>, StoreError> {
        let read = || {
            let mut query = self.db.prepare(
                "SELECT max(attempt.key) FROM state JOIN attempt ON attempt.task = state.task
                 WHERE position IS NOT NULL AND state = 'done' AND outcome = 'done' AND task_id IS NOT NULL
                 GROUP BY state.task ORDER BY position",
            )?;
            let keys = query.query_map([], |row| Ok(AttemptKey(row.get(0)?)))?;
            keys.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|e| self.error(e))
    }

    /// What an attempt made. `None` where it is not done.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn attempt_images(&self, attempt: AttemptKey) -> Result<Option<AttemptImages>, StoreError> {
        read(&self.db, attempt).map_err(|e| self.error(e))
    }

    /// Every task of the manifest, in its order, with what became of it and the files of its
    /// pictures that were brought, each with its number.
    pub fn records_with_files(
        &self,
    ) -> impl Iterator<Item = Result<(Record, Vec<(u32, String)>), StoreError>> {
        self.keyed_records().map(|keyed| {
            let (key, record) = keyed?;
            let files = match record.state {
                State::Done => files_of(&self.db, key).map_err(|e| self.error(e))?,
                _ => Vec::new(),
            };
            Ok((record, files))
        })
    }

    /// How many files the listed tasks have, and how many could not be brought.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn files(&self) -> Result<FileCounts, StoreError> {
        let query = "SELECT count(path), count(*) - count(path) FROM file
             JOIN attempt ON attempt.key = file.attempt JOIN state ON state.task = attempt.task
             WHERE position IS NOT NULL
                 AND file.attempt = (SELECT max(key) FROM attempt AS last
                     WHERE last.task = state.task AND last.outcome = 'done')";
        let row = |row: &Row<'_>| {
            let (downloaded, failed): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok(FileCounts { downloaded: downloaded.unsigned_abs(), failed: failed.unsigned_abs() })
        };
        self.db.query_row(query, [], row).map_err(|e| self.error(e))
    }
}

fn files_of(db: &Connection, task: i64) -> rusqlite::Result<Vec<(u32, String)>> {
    let mut query = db.prepare_cached(
        "SELECT n, path FROM file WHERE path IS NOT NULL
             AND attempt = (SELECT max(key) FROM attempt WHERE task = ?1 AND outcome = 'done') ORDER BY n",
    )?;
    query.query_map([task], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Writes what became of a picture.
pub(super) fn write(db: &Connection, row: &FileRow, at: Timestamp) -> rusqlite::Result<()> {
    let FileRow { attempt, n, file, tries } = row;
    let downloaded = file.as_ref().ok();
    db.prepare_cached(
        "INSERT OR REPLACE INTO file (attempt, n, path, hash, bytes, kind, fetched_at, tries, error)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        attempt.0,
        n,
        downloaded.map(|file| &file.path),
        downloaded.map(|file| file.hash),
        downloaded.map(|file| file.bytes as i64),
        downloaded.map(|file| &file.kind),
        at.as_millisecond(),
        tries,
        file.as_ref().err(),
    ])
    .map(drop)
}

fn read(db: &Connection, attempt: AttemptKey) -> rusqlite::Result<Option<AttemptImages>> {
    let mut query = db.prepare_cached(
        "SELECT id, coalesce(attempt.prompt, task.prompt), task.mode, vars, task_id, grid, images, quota, intended_at, finished_at,
             attempt.mode, picks
         FROM attempt JOIN task ON task.key = attempt.task JOIN state ON state.task = task.key
         WHERE attempt.key = ?1 AND outcome = 'done' AND task_id IS NOT NULL",
    )?;
    let found = query.query_row([attempt.0], |row| {
        let list = |column| {
            let text: Option<String> = row.get(column)?;
            Ok::<Vec<String>, rusqlite::Error>(
                text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
            )
        };
        let time = |at: Option<i64>| at.and_then(|at| Timestamp::from_millisecond(at).ok());
        let id: String = row.get(0)?;
        let prompt: String = row.get(1)?;
        let quota: Option<i64> = row.get(7)?;
        Ok(AttemptImages {
            task: Task { vars: list(3)?, ..Task::new(id, prompt, mode_at::<TaskMode>(row, 2)?) },
            sent_in: mode_at(row, 10)?,
            task_id: RemoteTaskId(row.get(4)?),
            images: Images { grid: row.get(5)?, urls: list(6)? },
            quota: quota.map(|quota| Quota(quota.unsigned_abs())),
            submitted_at: time(row.get(8)?),
            finished_at: time(row.get(9)?),
            picks: row
                .get::<_, Option<String>>(11)?
                .and_then(|picks| serde_json::from_str(&picks).ok())
                .unwrap_or_default(),
            files: Vec::new(),
            earlier: Vec::new(),
        })
    });
    let Some(mut found) = found.optional()? else { return Ok(None) };
    let mut query = db.prepare_cached(
        "SELECT n, path, hash, bytes, kind, error, tries, file.attempt FROM file
         WHERE file.attempt IN (SELECT key FROM attempt
             WHERE task = (SELECT task FROM attempt WHERE key = ?1)) ORDER BY file.attempt, n",
    )?;
    let mut rows = query.query([attempt.0])?;
    while let Some(row) = rows.next()? {
        let path: Option<String> = row.get(1)?;
        if row.get::<_, i64>(7)? != attempt.0 {
            found.earlier.extend(path);
            continue;
        }
        let file = match path {
            Some(path) => Ok(DownloadedFile {
                path,
                hash: row.get(2)?,
                bytes: row.get::<_, i64>(3)?.unsigned_abs(),
                kind: row.get(4)?,
            }),
            None => Err(row.get::<_, Option<String>>(5)?.unwrap_or_default()),
        };
        found.files.push(FileRow { attempt, n: row.get(0)?, file, tries: row.get(6)? });
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> Connection {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.mjbatch");
        let db = super::super::schema::open_for_writing(&path).unwrap();
        db.execute_batch(
            "INSERT INTO task VALUES (1, 'mug', x'00', 'a mug', 'fast');
             INSERT INTO state (task, position, vars, state) VALUES (1, 0, '[\"A-1\"]', 'done');
             INSERT INTO attempt (key, task, intended_at, task_id, outcome, images, mode) VALUES
                 (1, 1, 0, 'T1', 'done', '[\"http://h/1.png\"]', 'fast'),
                 (2, 1, 0, 'T2', 'done', '[\"http://h/2.png\"]', 'fast'),
                 (3, 1, 0, 'T3', NULL, NULL, 'fast');",
        )
        .unwrap();
        db
    }

    #[test]
    fn a_file_is_reported_of_its_attempt_and_of_earlier_ones() {
        let db = state();
        let downloaded =
            |path: &str| DownloadedFile { path: path.into(), hash: [7; 32], bytes: 9, kind: "png".into() };
        let row = |attempt, file| FileRow { attempt: AttemptKey(attempt), n: 1, file, tries: 2 };
        write(&db, &row(1, Ok(downloaded("mug-1.png"))), Timestamp::now()).unwrap();
        write(&db, &row(2, Err("gone".into())), Timestamp::now()).unwrap();
        let found = read(&db, AttemptKey(2)).unwrap().unwrap();
        assert_eq!((found.task.id.0.as_str(), found.task.vars.as_slice()), ("mug", &["A-1".to_owned()][..]));
        assert_eq!(found.images.urls, ["http://h/2.png"]);
        assert_eq!(
            (found.files, found.earlier),
            (vec![row(2, Err("gone".into()))], vec!["mug-1.png".into()])
        );
        write(&db, &row(2, Ok(downloaded("mug-1.png"))), Timestamp::now()).unwrap();
        assert_eq!(read(&db, AttemptKey(2)).unwrap().unwrap().files, [row(2, Ok(downloaded("mug-1.png")))]);
        assert_eq!(read(&db, AttemptKey(3)).unwrap(), None, "it is not done");
    }
}
