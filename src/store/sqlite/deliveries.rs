//! What is to be told to others about the batch, and what of it was: an outbox.
//!
//! A row is written in the transaction that makes a task done, so a kill at any moment between that and the telling leaves it
//! due for the next run. It is told at least once, and never again once its success is written; its id is the same in each try.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::snapshot::{self, Snapshot};
use super::{HeldStore, StoreError};
use crate::task::{AttemptKey, Record, Status, TaskId};

/// Of which tasks a batch tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Those that are done.
    Done,
    /// Those that failed or were lost as well.
    Ended,
}

impl Told {
    fn as_str(self) -> &'static str {
        match self {
            Told::Done => "done",
            Told::Ended => "ended",
        }
    }

    /// Whether a task that ended so is told of.
    pub(super) fn includes(self, status: Status) -> bool {
        self == Told::Ended || status == Status::Done
    }
}

/// The number of something that is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryKey(pub i64);

/// Something that is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its number.
    pub key: DeliveryKey,
    /// Its name for whoever is told: the same in each try.
    pub id: String,
    /// What it is about.
    pub about: About,
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A task ended.
    Task {
        /// The task and what became of it, as it was then where it was sent again since.
        record: Box<Record>,
        /// How it ended.
        status: Status,
        /// Its pictures' files, by number.
        files: Vec<(u32, String)>,
    },
    /// A run is over: its summary, in JSON.
    Run(String),
}

/// What came of telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub key: DeliveryKey,
    /// How often it was tried just now.
    pub tries: u32,
    /// Why it did not work, where it did not.
    pub error: Option<String>,
}

/// Something that was not told yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// The task; none where it is about a run.
    pub id: Option<TaskId>,
    /// How often it was tried, in all runs.
    pub tries: u32,
    /// Why the last try did not work, if there was one.
    pub error: Option<String>,
}

/// How much was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryCount {
    /// Told.
    pub delivered: u64,
    /// Not told yet.
    pub due: u64,
}

impl HeldStore {
    /// Says of which tasks the batch tells from now on.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn tell(&self, told: Option<Told>) -> Result<(), StoreError> {
        let written = self.db.execute("UPDATE header SET told = ?1", [told.map(Told::as_str)]);
        written.map(drop).map_err(|e| self.error(e))
    }

    /// Has told as well what was done before anybody was to be told of it. Gives how many tasks that are.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn tell_all(&self) -> Result<u64, StoreError> {
        let added = self.db.execute(
            "INSERT INTO delivery (attempt, status)
             SELECT max(attempt.key), 'done' FROM state JOIN attempt ON attempt.task = state.task
             WHERE position IS NOT NULL AND state = 'done' AND outcome = 'done'
             GROUP BY state.task ORDER BY position
             ON CONFLICT DO NOTHING",
            [],
        );
        added.map(|rows| rows as u64).map_err(|e| self.error(e))
    }
}

impl Snapshot {
    /// The numbers of all that is to be told, with the attempts they are about, the oldest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn due(&self) -> Result<Vec<(DeliveryKey, Option<AttemptKey>)>, StoreError> {
        let read = || {
            let mut query = self
                .moment()
                .prepare("SELECT key, attempt FROM delivery WHERE delivered_at IS NULL ORDER BY key")?;
            let row =
                |row: &Row<'_>| Ok((DeliveryKey(row.get(0)?), row.get::<_, Option<i64>>(1)?.map(AttemptKey)));
            query.query_map([], row)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|e| self.error(e))
    }

    /// What is to be told about an attempt, if anything is.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn due_of(&self, attempt: AttemptKey) -> Result<Option<DeliveryKey>, StoreError> {
        let query = "SELECT key FROM delivery WHERE attempt = ?1 AND delivered_at IS NULL";
        let key = self.db.query_row(query, [attempt.0], |row| Ok(DeliveryKey(row.get(0)?))).optional();
        key.map_err(|e| self.error(e))
    }

    /// What is to be told about the end of a run, if anything is.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn due_of_run(&self, run: i64) -> Result<Option<DeliveryKey>, StoreError> {
        let query = "SELECT key FROM delivery WHERE run = ?1 AND delivered_at IS NULL";
        let key = self.db.query_row(query, [run], |row| Ok(DeliveryKey(row.get(0)?))).optional();
        key.map_err(|e| self.error(e))
    }

    /// What is to be told under this number. `None` where it was told, or nothing is left to tell.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn delivery(&self, key: DeliveryKey) -> Result<Option<Due>, StoreError> {
        read(&self.db, key).map_err(|e| self.error(e))
    }

    /// How much was told.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn deliveries(&self) -> Result<DeliveryCount, StoreError> {
        let query = "SELECT count(delivered_at), count(*) - count(delivered_at) FROM delivery";
        let row = |row: &Row<'_>| {
            let (delivered, due): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok(DeliveryCount { delivered: delivered.unsigned_abs(), due: due.unsigned_abs() })
        };
        self.db.query_row(query, [], row).map_err(|e| self.error(e))
    }

    /// The first of what was not told yet, those that were tried before those that were not.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn undelivered(&self, most: u32) -> Result<Vec<Undelivered>, StoreError> {
        let read = || {
            let mut query = self.db.prepare(
                "SELECT id, tries, error FROM (
                     SELECT delivery.key AS key, task.id AS id, tries, error FROM delivery
                     LEFT JOIN attempt ON attempt.key = delivery.attempt
                     LEFT JOIN task ON task.key = attempt.task
                     WHERE delivered_at IS NULL)
                 ORDER BY error IS NULL, key LIMIT ?1",
            )?;
            let row = |row: &Row<'_>| {
                let id: Option<String> = row.get(0)?;
                Ok(Undelivered { id: id.map(TaskId), tries: row.get(1)?, error: row.get(2)? })
            };
            query.query_map([most], row)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|e| self.error(e))
    }
}

/// Of which tasks the batch tells, if of any.
pub(super) fn told(db: &Connection) -> rusqlite::Result<Option<Told>> {
    let word: Option<String> =
        db.query_row("SELECT told FROM header", [], |row| row.get(0)).optional()?.flatten();
    Ok([Told::Done, Told::Ended].into_iter().find(|told| Some(told.as_str()) == word.as_deref()))
}

/// A task ended: it is to be told. What was to be told of the same attempt, and was not, is overtaken.
pub(super) fn owe(db: &Connection, attempt: AttemptKey, status: Status) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM delivery WHERE attempt = ?1 AND status <> ?2 AND delivered_at IS NULL")?
        .execute(params![attempt.0, status.as_str()])?;
    db.prepare_cached("INSERT INTO delivery (attempt, status) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![attempt.0, status.as_str()])
        .map(drop)
}

/// A run is over: its summary is to be told. One that is there already is brought up to date.
pub(super) fn owe_run(db: &Connection, run: i64, body: &str) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO delivery (run, body) VALUES (?1, ?2)
         ON CONFLICT (run) DO UPDATE SET body = excluded.body WHERE delivered_at IS NULL",
        params![run, body],
    )
    .map(drop)
}

/// Writes what came of telling.
pub(super) fn write(db: &Connection, delivery: &Delivery, at: Timestamp) -> rusqlite::Result<()> {
    let Delivery { key, tries, error } = delivery;
    let at = at.as_millisecond();
    db.prepare_cached(
        "UPDATE delivery SET tries = tries + ?2, tried_at = ?3, error = ?4, delivered_at = ?5 WHERE key = ?1",
    )?
    .execute(params![key.0, tries, at, error, error.is_none().then_some(at)])
    .map(drop)
}

fn read(db: &Connection, key: DeliveryKey) -> rusqlite::Result<Option<Due>> {
    let mut query = db.prepare_cached(
        "SELECT delivery.id, delivery.attempt, status, body, task FROM delivery
         LEFT JOIN attempt ON attempt.key = delivery.attempt
         WHERE delivery.key = ?1 AND delivered_at IS NULL",
    )?;
    type Found = (String, Option<i64>, Option<String>, Option<String>, Option<i64>);
    let found: Option<Found> = query
        .query_row([key.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .optional()?;
    let Some((id, attempt, status, body, task)) = found else { return Ok(None) };
    let about = match (attempt, task, body) {
        (Some(attempt), Some(task), _) => {
            let Some(record) = snapshot::record_of(db, task, attempt)? else { return Ok(None) };
            let word = status.unwrap_or_default();
            let status = Status::ALL.into_iter().find(|status| status.as_str() == word);
            About::Task {
                record: Box::new(record),
                status: status.unwrap_or(Status::Done),
                files: files(db, attempt)?,
            }
        }
        (_, _, Some(body)) => About::Run(body),
        _ => return Ok(None),
    };
    Ok(Some(Due { key, id, about }))
}

fn files(db: &Connection, attempt: i64) -> rusqlite::Result<Vec<(u32, String)>> {
    let mut query =
        db.prepare_cached("SELECT n, path FROM file WHERE attempt = ?1 AND path IS NOT NULL ORDER BY n")?;
    query.query_map([attempt], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
