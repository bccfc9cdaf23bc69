//! The records of a batch: every task of the manifest with what became of it, as the results show
//! it.

use jiff::Timestamp;
use rusqlite::{Connection, Row};

use super::columns::{mode_at, state_at};
use super::{Snapshot, kept_cells};
use crate::seeded_fault::{self, SeededFault};
use crate::store::StoreError;
use crate::task::{Images, Quota, Record, RemoteTaskId, State, Task, TaskId, TaskRow};

impl Snapshot {
    /// Every task of the manifest, in its order, with what became of it.
    pub fn records(&self) -> impl Iterator<Item = Result<Record, StoreError>> {
        self.keyed_records().map(|keyed| keyed.map(|(_, record)| record))
    }

    /// The same, with the task's key.
    pub(super) fn keyed_records(&self) -> impl Iterator<Item = Result<(i64, Record), StoreError>> {
        let mut from = -1;
        let mut page = Vec::new().into_iter();
        std::iter::from_fn(move || {
            if page.len() == 0 {
                match records_after(&self.db, from) {
                    Ok(records) => page = records.into_iter(),
                    Err(e) => {
                        from = i64::MAX;
                        return Some(Err(self.error(e)));
                    }
                }
            }
            let (position, key, record) = page.next()?;
            from = position;
            Some(Ok((key, record)))
        })
    }
}

/// How many records are read at once: enough to be fast, little to hold.
const PAGE: i64 = 500;

/// What [`record_at`] reads, in its order.
const TASK: &str = "SELECT key, id, prompt, mode, timeout, vars, state, reason, position, hook_url,
        priority, entry, picks, kept_cells FROM state JOIN task ON key = task";
/// What [`add_attempt`] reads, in its order: of a task, up to an attempt.
const ATTEMPTS: &str =
    "SELECT outcome, quota, task_id, grid, images, intended_at, finished_at, mode FROM attempt
     WHERE task = ?1 AND outcome IS NOT 'not_accepted' AND key <= ?2 ORDER BY key";

/// A task as it was when this attempt had ended; `None` where the attempt has not.
pub(super) fn record_of(db: &Connection, task: i64, attempt: i64) -> rusqlite::Result<Option<Record>> {
    let mut query = db.prepare_cached("SELECT outcome, reason FROM attempt WHERE key = ?1")?;
    let (outcome, reason): (Option<String>, Option<String>) =
        query.query_row([attempt], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let state = match outcome.as_deref() {
        Some("done") => State::Done,
        Some("failed" | "refused") => State::Failed,
        Some("lost") => State::Lost,
        _ => return Ok(None),
    };
    let mut query = db.prepare_cached(&format!("{TASK} WHERE key = ?1"))?;
    let record = query.query_row([task], record_at)?;
    let mut record = Record { state, reason, ..record };
    let mut attempts = db.prepare_cached(ATTEMPTS)?;
    let mut its = attempts.query([task, attempt])?;
    while let Some(row) = its.next()? {
        add_attempt(&mut record, row)?;
    }
    Ok(Some(record))
}

fn records_after(db: &Connection, position: i64) -> rusqlite::Result<Vec<(i64, i64, Record)>> {
    let mut tasks = db.prepare_cached(&format!("{TASK} WHERE position > ?1 ORDER BY position LIMIT ?2"))?;
    let mut attempts = db.prepare_cached(ATTEMPTS)?;
    let mut records = Vec::new();
    let mut rows = tasks.query([position, PAGE])?;
    while let Some(row) = rows.next()? {
        let key: i64 = row.get(0)?;
        let mut record = record_at(row)?;
        let mut its = attempts.query([key, i64::MAX])?;
        while let Some(attempt) = its.next()? {
            add_attempt(&mut record, attempt)?;
        }
        records.push((row.get(8)?, key, record));
    }
    Ok(records)
}

fn record_at(row: &Row<'_>) -> rusqlite::Result<Record> {
    let vars: String = row.get(5)?;
    let picks: Option<String> = row.get(12)?;
    let kept: Option<String> = row.get(13)?;
    Ok(Record {
        row: TaskRow(row.get(0)?),
        task: Task {
            id: TaskId(row.get(1)?),
            prompt: row.get(2)?,
            mode: mode_at(row, 3)?,
            timeout: row.get(4)?,
            hook_url: row.get(9)?,
            vars: serde_json::from_str(&vars).unwrap_or_default(),
            decision: None,
            priority: row.get(10)?,
            entry: row.get(11)?,
            earlier: None,
        },
        state: state_at(row, 6)?,
        reason: row.get(7)?,
        sent_in: None,
        attempts: 0,
        quota: None,
        task_id: None,
        images: Images::default(),
        submitted_at: None,
        finished_at: None,
        picks: picks.and_then(|picks| serde_json::from_str(&picks).ok()).unwrap_or_default(),
        kept: kept.map(|kept| kept_cells::read(&kept)).unwrap_or_default(),
    })
}

/// The last attempt is the one that is shown, of a task that is done the last one with images; all
/// that were paid count.
fn add_attempt(record: &mut Record, row: &Row<'_>) -> rusqlite::Result<()> {
    let outcome: Option<String> = row.get(0)?;
    if outcome.as_deref() != Some("refused") {
        record.attempts += 1;
        if let Some(price) = row.get::<_, Option<i64>>(1)? {
            let sum = record.quota.unwrap_or_default().0 + price.unsigned_abs();
            record.quota = Some(Quota(sum));
        }
    }
    if record.state == State::Pending {
        return Ok(()); // what an earlier attempt gave is history once the task is to be made again
    }
    if seeded_fault::is_on(SeededFault::OldestImagesShown) && !record.images.urls.is_empty() {
        return Ok(());
    }
    if record.state == State::Done && outcome.as_deref() != Some("done") {
        return Ok(()); // images of an earlier attempt came late
    }
    record.sent_in = row.get::<_, Option<String>>(7)?.and_then(|mode| mode.parse().ok());
    record.task_id = row.get::<_, Option<String>>(2)?.map(RemoteTaskId);
    let images: Option<String> = row.get(4)?;
    let images = images.and_then(|images| serde_json::from_str(&images).ok()).unwrap_or_default();
    record.images = Images { grid: row.get(3)?, urls: images };
    record.submitted_at = Timestamp::from_millisecond(row.get(5)?).ok();
    record.finished_at = row
        .get::<_, Option<i64>>(6)?
        .and_then(|at| Timestamp::from_millisecond(at).ok())
        .filter(|_| record.state.is_final());
    Ok(())
}

impl State {
    fn is_final(self) -> bool {
        matches!(self, State::Done | State::Failed | State::Lost)
    }
}
