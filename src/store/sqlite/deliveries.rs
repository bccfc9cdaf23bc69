//! The deliveries to the batch's hooks, pending and done: a transactional outbox.
//!
//! A row is written in the transaction that makes a task done, so a kill at any moment between that
//! and the delivery leaves it pending for the next run. It is delivered at least once, and never
//! again once its success is recorded; its id is the same in each try.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Snapshot, records};
use crate::store::{
    Delivery, DeliveryCount, DeliveryKey, FailedDelivery, NotifyOn, Payload, PendingDelivery, StoreError,
};
use crate::task::{AttemptKey, Status, TaskId};

impl Snapshot {
    /// All pending deliveries, with the attempts they are about, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn pending_deliveries(&self) -> Result<Vec<(DeliveryKey, Option<AttemptKey>)>, StoreError> {
        let read = || {
            let mut query = self
                .db
                .prepare("SELECT key, attempt FROM delivery WHERE delivered_at IS NULL ORDER BY key")?;
            let row =
                |row: &Row<'_>| Ok((DeliveryKey(row.get(0)?), row.get::<_, Option<i64>>(1)?.map(AttemptKey)));
            query.query_map([], row)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|e| self.error(e))
    }

    /// The pending delivery of an attempt, if there is one.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn pending_of(&self, attempt: AttemptKey) -> Result<Option<DeliveryKey>, StoreError> {
        let query = "SELECT key FROM delivery WHERE attempt = ?1 AND delivered_at IS NULL";
        let key = self.db.query_row(query, [attempt.0], |row| Ok(DeliveryKey(row.get(0)?))).optional();
        key.map_err(|e| self.error(e))
    }

    /// The pending delivery of the end of a run, if there is one.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn pending_of_run(&self, run: i64) -> Result<Option<DeliveryKey>, StoreError> {
        let query = "SELECT key FROM delivery WHERE run = ?1 AND delivered_at IS NULL";
        let key = self.db.query_row(query, [run], |row| Ok(DeliveryKey(row.get(0)?))).optional();
        key.map_err(|e| self.error(e))
    }

    /// Loads a pending delivery. `None` where it was delivered, or nothing is left to say.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn delivery(&self, key: DeliveryKey) -> Result<Option<PendingDelivery>, StoreError> {
        read(&self.db, key).map_err(|e| self.error(e))
    }

    /// The numbers of deliveries of a batch.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn deliveries(&self) -> Result<DeliveryCount, StoreError> {
        let query = "SELECT count(delivered_at), count(*) - count(delivered_at) FROM delivery";
        let row = |row: &Row<'_>| {
            let (delivered, pending): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok(DeliveryCount { delivered: delivered.unsigned_abs(), pending: pending.unsigned_abs() })
        };
        self.db.query_row(query, [], row).map_err(|e| self.error(e))
    }

    /// The first pending deliveries, those that were tried before those that were not.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn failed_deliveries(&self, most: u32) -> Result<Vec<FailedDelivery>, StoreError> {
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
                Ok(FailedDelivery { id: id.map(TaskId), tries: row.get(1)?, error: row.get(2)? })
            };
            query.query_map([most], row)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|e| self.error(e))
    }
}

/// Which tasks the batch delivers, if any.
pub(super) fn notify_on(db: &Connection) -> rusqlite::Result<Option<NotifyOn>> {
    let word: Option<String> =
        db.query_row("SELECT told FROM header", [], |row| row.get(0)).optional()?.flatten();
    Ok([NotifyOn::Done, NotifyOn::Ended].into_iter().find(|on| Some(on.as_str()) == word.as_deref()))
}

/// Enqueues the delivery of a task that ended. A pending delivery of the same attempt with another
/// status is replaced.
pub(super) fn enqueue_delivery(db: &Connection, attempt: AttemptKey, status: Status) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM delivery WHERE attempt = ?1 AND status <> ?2 AND delivered_at IS NULL")?
        .execute(params![attempt.0, status.as_str()])?;
    db.prepare_cached("INSERT INTO delivery (attempt, status) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![attempt.0, status.as_str()])
        .map(drop)
}

/// Enqueues the delivery of a run that is over, or updates its summary.
pub(super) fn enqueue_run_delivery(db: &Connection, run: i64, body: &str) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO delivery (run, body) VALUES (?1, ?2)
         ON CONFLICT (run) DO UPDATE SET body = excluded.body WHERE delivered_at IS NULL",
        params![run, body],
    )
    .map(drop)
}

/// Records what became of the tries of a delivery.
pub(super) fn write(db: &Connection, delivery: &Delivery, at: Timestamp) -> rusqlite::Result<()> {
    let Delivery { key, tries, error } = delivery;
    let at = at.as_millisecond();
    db.prepare_cached(
        "UPDATE delivery SET tries = tries + ?2, tried_at = ?3, error = ?4, delivered_at = ?5 WHERE key = ?1",
    )?
    .execute(params![key.0, tries, at, error, error.is_none().then_some(at)])
    .map(drop)
}

fn read(db: &Connection, key: DeliveryKey) -> rusqlite::Result<Option<PendingDelivery>> {
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
    let payload = match (attempt, task, body) {
        (Some(attempt), Some(task), _) => {
            let Some(record) = records::record_of(db, task, attempt)? else { return Ok(None) };
            let word = status.unwrap_or_default();
            let status = Status::ALL.into_iter().find(|status| status.as_str() == word);
            Payload::Task {
                record: Box::new(record),
                status: status.unwrap_or(Status::Done),
                files: files(db, attempt)?,
            }
        }
        (_, _, Some(body)) => Payload::Run(body),
        _ => return Ok(None),
    };
    Ok(Some(PendingDelivery { key, id, payload }))
}

fn files(db: &Connection, attempt: i64) -> rusqlite::Result<Vec<(u32, String)>> {
    let mut query =
        db.prepare_cached("SELECT n, path FROM file WHERE attempt = ?1 AND path IS NOT NULL ORDER BY n")?;
    query.query_map([attempt], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
