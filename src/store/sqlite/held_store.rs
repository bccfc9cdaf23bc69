//! A state that this process holds alone, and the commands that it takes before a run.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::batch_writer::BatchWriter;
use super::intents::RunRecord;
use super::lock::Lock;
use super::reserve::Reserve;
use super::writer::Writer;
use super::{
    Snapshot, database_error, deliveries, file_access, history, image_files, open_run, outcomes, reach,
    retry, run_start, schema, snapshot, state_file, sync, watch,
};
use crate::failpoint::{self, Point};
use crate::plan::{Filters, KnownTasks, Plan, Selection, TakeOver};
use crate::seeded_fault::{self, SeededFault};
use crate::store::{
    FileRow, Header, ManifestRef, NotifyOn, RetryReport, RunStart, StateLocation, StoreError,
};
use crate::task::{Mode, Prices, Quota, Task};

/// A state that this process holds, before its run begins: it can still be planned.
#[derive(Debug)]
pub struct HeldStore {
    pub(super) db: Connection,
    location: StateLocation,
    lock: Lock,
}

impl HeldStore {
    /// Opens, or creates, the state at this place, and holds it; see
    /// [`BatchStore::open`](crate::store::BatchStore::open).
    pub(in crate::store) fn open(
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
    /// [`BatchStore::hold`](crate::store::BatchStore::hold).
    pub(in crate::store) fn open_existing(
        location: &StateLocation,
        holder: &str,
    ) -> Result<HeldStore, StoreError> {
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
        let written = sync::write(&mut self.db, state, manifest, tasks, plan, std::iter::empty());
        written.map_err(|e| self.error(e))
    }

    /// The same for a state that is new, with what results say of tasks that the manifest has no
    /// longer: where their rows are put back, they are known.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state; then nothing is changed.
    pub fn sync_taken_over(
        &mut self,
        manifest: ManifestRef<'_>,
        tasks: impl Iterator<Item = Task>,
        plan: &Plan,
        take_over: &TakeOver,
    ) -> Result<(), StoreError> {
        let state = self.location.path();
        let tasks = take_over.with_earlier(tasks);
        let written = sync::write(&mut self.db, state, manifest, tasks, plan, take_over.unlisted());
        written.map_err(|e| self.error(e))
    }

    /// Modes of the batch without a price, which a budget needs.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn unpriced(&self, prices: &Prices) -> Result<Vec<Mode>, StoreError> {
        history::unpriced(&self.db, prices).map_err(|e| self.error(e))
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

    /// Sets which tasks are delivered from now on.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn set_notify_on(&self, notify_on: Option<NotifyOn>) -> Result<(), StoreError> {
        let written = self.db.execute("UPDATE header SET told = ?1", [notify_on.map(NotifyOn::as_str)]);
        written.map(drop).map_err(|e| self.error(e))
    }

    /// Enqueues the deliveries of tasks that were done before there was an `on_done`. Returns their
    /// number.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn enqueue_all_done(&self) -> Result<u64, StoreError> {
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
            let interrupted = outcomes::settle_submitting(&self.db, now)? as u64;
            self.db.execute("INSERT INTO run (started_at) VALUES (?1)", [now.as_millisecond()])?;
            let run = self.db.last_insert_rowid();
            open_run::open(&self.db, run)?;
            reach(Point::RunBegun)?;
            let run = RunRecord { key: run, prices, budget, notify_on: deliveries::notify_on(&self.db)? };
            let all = Selection::default();
            let selection = if seeded_fault::is_on(SeededFault::SelectionIgnored) { &all } else { selection };
            let (start, claims) = run_start::read(&self.db, now, selection, &prices)?;
            Ok((run, RunStart { interrupted, ..start }, claims))
        })();
        let (run, snapshot, claims) = begun.map_err(|e| self.error(e))?;
        let HeldStore { db, location, lock } = self;
        let path = location.path();
        let reserve = Reserve::keep(path);
        let is_gone = Arc::new(AtomicBool::new(false));
        let watch = watch::Watch::over(path, Arc::clone(&is_gone));
        let writer = Writer::start(db, run, reserve, watch, claims).map_err(|e| StoreError::file(path, e))?;
        Ok((snapshot, BatchWriter::new(writer, location, is_gone, run.key, lock)))
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

    pub(super) fn error(&self, source: rusqlite::Error) -> StoreError {
        database_error(self.location.path(), source)
    }
}
