//! The state in an SQLite file.
//!
//! One run at a time holds a state ([`HeldStore`]) and writes it through one thread
//! ([`BatchWriter`]); anybody may read it meanwhile ([`Snapshot`]). What is answered is on the
//! disk: an intent before its request leaves, a taskId the moment it is known.

mod attempts;
#[cfg(test)]
pub(in crate::store) mod begun;
mod breakdown;
mod chosen;
mod columns;
mod common_values;
mod deliveries;
mod durations;
mod file_access;
mod found;
mod image_files;
mod integrity;
mod kept_cells;
mod ledger;
mod lock;
mod manifest_path;
mod migrate;
mod open_run;
mod reserve;
mod resolve;
mod retry;
pub(super) mod schema;
mod snapshot;
mod state_file;
mod sync;
#[cfg(test)]
mod tests;
mod watch;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

pub(super) use found::found_in;
pub use ledger::{Intent, IntentOutcome, Outgoing};
pub use snapshot::Snapshot;
pub use watch::Rescued;
pub use writer::WriteError;
use writer::Writer;

use super::{
    Delivery, FileRow, Header, ManifestRef, ResumedTask, RetryReport, RunStart, StateLocation, StoreError,
};
use crate::engine::{DEFAULT_TIMEOUT, Resumed, Unacknowledged, Waiting};
use crate::failpoint::{self, Point};
use crate::plan::{Filters, KnownTasks, Plan, Selection};
use crate::task::{
    AttemptKey, Change, FailureClass, Mode, Prices, Quota, RemoteTaskId, State, Task, TaskId, TaskRow,
};
use chosen::TaskClaims;
use columns::{mode_at, state_at};
use ledger::RunRecord;
use lock::Lock;
pub(super) use lock::holder;
use reserve::Reserve;
pub(super) use snapshot::cached_manifest;
pub(crate) use state_file::check_is_state;
pub(super) use state_file::resolve;

/// A state that this process holds, before its run begins: it can still be planned.
#[derive(Debug)]
pub struct HeldStore {
    db: Connection,
    location: StateLocation,
    lock: Lock,
}

impl HeldStore {
    /// Opens, or creates, the state at this place, and holds it; see
    /// [`BatchStore::open`](super::BatchStore::open).
    pub(super) fn open(
        location: &StateLocation,
        service: &str,
        holder: &str,
    ) -> Result<HeldStore, StoreError> {
        let path = location.path();
        if file_access::exists(path) {
            state_file::check_is_state(path)?;
        }
        let store = HeldStore::take(location, holder)?;
        match snapshot::header(&store.db, path).map_err(|e| store.error(e))? {
            Some(header) if header.service != service => Err(StoreError::OtherService {
                path: path.into(),
                theirs: header.service,
                ours: service.to_owned(),
            }),
            _ => {
                store.record_service(service).map_err(|e| store.error(e))?;
                Ok(store)
            }
        }
    }

    /// Opens the state at this place, whichever service it was made with, and holds it; see
    /// [`BatchStore::hold`](super::BatchStore::hold).
    pub(super) fn open_existing(location: &StateLocation, holder: &str) -> Result<HeldStore, StoreError> {
        state_file::check_is_state(location.path())?;
        HeldStore::take(location, holder)
    }

    fn take(location: &StateLocation, holder: &str) -> Result<HeldStore, StoreError> {
        let path = location.path();
        let mut lock = Lock::take(path, holder)?;
        failpoint::reach(Point::LockTaken).map_err(|e| StoreError::file(path, e))?;
        schema::make_where_absent(path)?;
        lock.hold_state(path)?;
        Ok(HeldStore { db: schema::open_for_writing(path)?, location: location.clone(), lock })
    }

    /// The state at this moment. No run is live in it, since this process holds it.
    ///
    /// # Errors
    /// Where the state cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Snapshot::take(&self.location, None, false)
    }

    /// The name of the manifest's file that the state listed last, if it ever did.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn manifest_file(&self) -> Result<Option<String>, StoreError> {
        let query = "SELECT file FROM header";
        self.db.query_row(query, [], |row| row.get(0)).map_err(|e| self.error(e))
    }

    /// Records where the manifest that the state lists is now: it may have been renamed, or moved.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state; then nothing is changed.
    pub fn record_manifest_file(&self, manifest: &Path) -> Result<(), StoreError> {
        sync::record_file(&self.db, self.location.path(), manifest).map_err(|e| self.error(e))
    }

    /// Whether the state lists just what the manifest of this hash lists.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn is_current(&self, manifest: &[u8; 32]) -> Result<bool, StoreError> {
        let query = "SELECT manifest IS ?1 FROM header";
        self.db.query_row(query, [manifest], |row| row.get(0)).map_err(|e| self.error(e))
    }

    /// Keeps what a run needs of the manifest that the state lists, for the next one.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state; then nothing is changed.
    pub fn cache_manifest(&self, text: &str) -> Result<(), StoreError> {
        let query = "UPDATE header SET outline = ?1 WHERE outline IS NOT ?1";
        self.db.execute(query, [text]).map(drop).map_err(|e| self.error(e))
    }

    /// Everything the state knows, to compare a manifest with.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn known_tasks(&self) -> Result<KnownTasks, StoreError> {
        snapshot::known_tasks(&self.db).map_err(|e| self.error(e))
    }

    /// Carries out the plan for these tasks, in one transaction: the state lists what the manifest
    /// lists now.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state; then nothing is changed.
    pub fn sync_manifest(
        &mut self,
        manifest: ManifestRef<'_>,
        tasks: impl Iterator<Item = Task>,
        plan: &Plan,
    ) -> Result<(), StoreError> {
        let state = self.location.path();
        sync::write(&mut self.db, state, manifest, tasks, plan).map_err(|e| self.error(e))
    }

    /// Modes of the batch without a price, which a budget needs.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn unpriced(&self, prices: &Prices) -> Result<Vec<Mode>, StoreError> {
        chosen::unpriced(&self.db, prices).map_err(|e| self.error(e))
    }

    /// Lets failed tasks wait again: those that are chosen, and with `lost` those too that were
    /// lost.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state; then nothing is changed.
    pub fn retry(&mut self, filters: &Filters, lost: bool) -> Result<RetryReport, StoreError> {
        retry::requeue_failed(&mut self.db, filters, lost).map_err(|e| self.error(e))
    }

    /// What the state says of its batch.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn header(&self) -> Result<Header, StoreError> {
        let header = snapshot::header(&self.db, self.location.path());
        Ok(header.map_err(|e| self.error(e))?.unwrap_or_default())
    }

    /// Begins a run that submits all that waits; see [`begin_with`](HeldStore::begin_with).
    ///
    /// # Errors
    /// [`StoreError`], where SQLite or the system cannot write the state.
    pub fn begin(self, prices: Prices) -> Result<(RunStart, BatchWriter), StoreError> {
        self.begin_with(prices, None, &Selection::default())
    }

    /// Begins a run: submits that an earlier run left without a reply become unknown, and the state
    /// is written from now on by a thread of its own. No intent is taken that would pass the budget
    /// by these prices.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite or the system cannot write the state.
    pub fn begin_with(
        self,
        prices: Prices,
        budget: Option<Quota>,
        selection: &Selection,
    ) -> Result<(RunStart, BatchWriter), StoreError> {
        let now = Timestamp::now();
        let begun = (|| {
            let interrupted = ledger::settle_submitting(&self.db, now)? as u64;
            self.db.execute("INSERT INTO run (started_at) VALUES (?1)", [now.as_millisecond()])?;
            let run = self.db.last_insert_rowid();
            open_run::open(&self.db, run)?;
            reach(Point::RunBegun)?;
            let run = RunRecord { key: run, prices, budget, notify_on: deliveries::notify_on(&self.db)? };
            let (start, claims) = read_snapshot(&self.db, now, selection, &prices)?;
            Ok((run, RunStart { interrupted, ..start }, claims))
        })();
        let (run, snapshot, claims) = begun.map_err(|e| self.error(e))?;
        let HeldStore { db, location, lock } = self;
        let path = location.path();
        let reserve = Reserve::keep(path);
        let (is_over, is_gone) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let watch = watch::Watch::over(path, Arc::clone(&is_gone));
        let writer = Writer::start(db, run, reserve, watch, claims).map_err(|e| StoreError::file(path, e))?;
        Ok((snapshot, BatchWriter { writer, location, is_over, is_gone, run: run.key, _lock: lock }))
    }

    /// Writes what became of a picture.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn record_file(&self, row: &FileRow) -> Result<(), StoreError> {
        image_files::write(&self.db, row, Timestamp::now()).map_err(|e| self.error(e))
    }

    fn record_service(&self, service: &str) -> rusqlite::Result<()> {
        self.db.execute(
            "INSERT INTO header (only_row, batch, service, columns, created_at) VALUES (1, '', ?1, '[]', ?2)
             ON CONFLICT DO NOTHING",
            params![service, Timestamp::now().as_millisecond()],
        )?;
        schema::draw_letters(&self.db)
    }

    fn error(&self, source: rusqlite::Error) -> StoreError {
        database_error(self.location.path(), source)
    }
}

/// The state of a run that goes on: written by its thread, held until it is dropped.
#[derive(Debug)]
pub struct BatchWriter {
    // The order matters: the writer ends before the lock is given back.
    writer: Writer,
    location: StateLocation,
    /// The end of the run was recorded.
    is_over: Arc<AtomicBool>,
    /// The state was deleted or replaced.
    is_gone: Arc<AtomicBool>,
    run: i64,
    _lock: Lock,
}

impl BatchWriter {
    /// Claims the next so many of the tasks that wait: the most urgent first, then in the
    /// manifest's order. Fewer, where no more are left. No task is ever claimed twice by a run.
    pub fn claim(&self, count: usize) -> oneshot::Receiver<Result<Vec<Waiting>, WriteError>> {
        self.writer.claim(count)
    }

    /// Writes the intent to submit. Answered when it is on the disk, with the number of the attempt
    /// and what to send; or, where it is refused, why.
    pub fn intend(&self, intent: Intent) -> oneshot::Receiver<Result<IntentOutcome, WriteError>> {
        self.writer.intend(intent)
    }

    /// Writes a change. Answered when it is on the disk.
    pub fn record(&self, change: Change) -> oneshot::Receiver<Result<(), WriteError>> {
        self.writer.record(change)
    }

    /// Writes what became of a picture. Answered when it is on the disk.
    pub fn record_file(&self, row: FileRow) -> oneshot::Receiver<Result<(), WriteError>> {
        self.writer.record_file(row)
    }

    /// Writes what became of a delivery. Answered when it is on the disk.
    pub fn record_delivery(&self, delivery: Delivery) -> oneshot::Receiver<Result<(), WriteError>> {
        self.writer.record_delivery(delivery)
    }

    /// Writes that the run is over, for this reason, and the summary of it to deliver, in JSON.
    /// Answered when it is on the disk.
    pub fn end(
        &self,
        why: &'static str,
        summary: Option<String>,
    ) -> oneshot::Receiver<Result<(), WriteError>> {
        self.is_over.store(true, Ordering::Release);
        self.writer.end(why, summary)
    }

    /// Writes the better summary of the run to deliver. Answered when it is on the
    /// disk.
    pub fn summarize(&self, summary: String) -> oneshot::Receiver<Result<(), WriteError>> {
        self.writer.summarize(summary)
    }

    /// The row of this run.
    pub fn run(&self) -> i64 {
        self.run
    }

    /// Where the state is.
    pub fn location(&self) -> &StateLocation {
        &self.location
    }

    /// What reads the state from another thread while the run writes it.
    pub fn reader(&self) -> RunReader {
        let (is_over, is_gone) = (Arc::clone(&self.is_over), Arc::clone(&self.is_gone));
        RunReader { location: self.location.clone(), is_over, is_gone }
    }
}

/// Reads the state of a run that goes on in this process.
#[derive(Debug, Clone)]
pub struct RunReader {
    location: StateLocation,
    is_over: Arc<AtomicBool>,
    is_gone: Arc<AtomicBool>,
}

impl RunReader {
    /// The state at this moment. The run is live in it until its end was recorded.
    ///
    /// # Errors
    /// Where the state cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        if self.is_gone.load(Ordering::Acquire) {
            return Err(StoreError::Gone(self.location.path().into()));
        }
        Snapshot::take(&self.location, None, !self.is_over.load(Ordering::Acquire))
    }
}

/// What SQLite says of the state at this path, as a fact about the state.
fn database_error(path: &Path, source: rusqlite::Error) -> StoreError {
    match source.sqlite_error_code() {
        // A file that does not begin like a database is refused before SQLite sees it: the rest of
        // its header is damaged.
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged { path: path.into(), what: source.to_string() }
        }
        _ => StoreError::Failed { path: path.into(), source: Box::new(source) },
    }
}

/// The same as [`failpoint::reach`], as SQLite would say it.
fn reach(point: Point) -> rusqlite::Result<()> {
    failpoint::reach(point).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

fn read_snapshot(
    db: &Connection,
    now: Timestamp,
    selection: &Selection,
    prices: &Prices,
) -> rusqlite::Result<(RunStart, TaskClaims)> {
    let mut snapshot = RunStart::default();
    let claims = chosen::read(db, selection, prices, &mut snapshot)?;
    // What was given up is asked about once more, since that is free and a late picture is paid
    // for.
    let late = FailureClass::ALL.into_iter().filter(|class| class.may_have_images());
    let late: Vec<String> = late.map(|class| format!("'{}'", class.as_str())).collect();
    let mut query = db.prepare(&format!(
        "SELECT task.key, task.mode, timeout, attempt.key, task_id, intended_at, state, id, position IS NOT NULL,
                hook_token, attempt.mode
         FROM state CROSS JOIN task ON task.key = state.task CROSS JOIN attempt ON attempt.task = task.key
         WHERE (state = 'running' OR state = 'lost' OR state = 'failed' AND state.class IN ({}))
             AND task_id IS NOT NULL AND (state = 'running' AND outcome IS NULL OR outcome = state)
             AND attempt.key = (SELECT max(key) FROM attempt AS last
                 WHERE last.task = task.key AND last.outcome IS NOT 'not_accepted')
         ORDER BY attempt.key",
        late.join(", ")
    ))?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (id, state) = (TaskId(row.get(7)?), state_at(row, 6)?);
        snapshot.resumed_tasks.push(ResumedTask { id, state, active: row.get(8)?, hook_token: row.get(9)? });
        snapshot.resumed.push(Resumed {
            attempt: AttemptKey(row.get(3)?),
            waiting: waiting_at(row)?,
            mode: mode_at(row, 10)?,
            task_id: RemoteTaskId(row.get(4)?),
            age: age_at(now, row.get(5)?),
            second_look: state != State::Running,
        });
    }
    read_in_doubt(db, now, &mut snapshot)?;
    snapshot.counts = snapshot::counts(db, true)?;
    Ok((snapshot, claims))
}

/// The last attempt of each task that is unknown: a callback may still settle it, and it may be for
/// the run to send it again.
fn read_in_doubt(db: &Connection, now: Timestamp, snapshot: &mut RunStart) -> rusqlite::Result<()> {
    let mut query = db.prepare(
        "SELECT task.key, task.mode, timeout, attempt.key, hook_token, intended_at, id, position IS NOT NULL,
                attempt.mode
         FROM state JOIN task ON task.key = state.task JOIN attempt ON attempt.task = task.key
         WHERE state = 'unknown' AND outcome = 'unknown' AND task_id IS NULL
             AND attempt.key = (SELECT max(key) FROM attempt AS last
                 WHERE last.task = task.key AND last.outcome IS NOT 'not_accepted')
         ORDER BY attempt.key",
    )?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let hook_token: Option<String> = row.get(4)?;
        snapshot.in_doubt.push(Unacknowledged {
            attempt: AttemptKey(row.get(3)?),
            waiting: waiting_at(row)?,
            mode: mode_at(row, 8)?,
            age: age_at(now, row.get(5)?),
            called_back: hook_token.is_some(),
        });
        let (id, active) = (TaskId(row.get(6)?), row.get(7)?);
        snapshot.in_doubt_tasks.push(ResumedTask { id, state: State::Unknown, active, hook_token });
    }
    Ok(())
}

/// How old at `now` a submit of that time is; a clock that went back makes none older.
fn age_at(now: Timestamp, submitted: i64) -> Duration {
    Duration::from_millis(u64::try_from(now.as_millisecond() - submitted).unwrap_or(0))
}

fn waiting_at(row: &rusqlite::Row<'_>) -> rusqlite::Result<Waiting> {
    let timeout: Option<u16> = row.get(2)?;
    Ok(Waiting {
        task: TaskRow(row.get(0)?),
        mode: mode_at(row, 1)?,
        timeout: timeout.map_or(DEFAULT_TIMEOUT, |seconds| Duration::from_secs(seconds.into())),
    })
}
