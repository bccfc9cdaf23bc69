//! The state in an SQLite file.
//!
//! One run at a time holds a state ([`Store::open`]) and writes it through one thread; anybody may read it meanwhile
//! ([`Reader`]). What is answered is on the disk: an intent before its request leaves, a taskId the moment it is known.

mod again;
mod attempts;
mod chosen;
mod deliveries;
#[cfg(test)]
mod deliveries_tests;
mod downloads;
mod durations;
mod figures;
mod files;
mod integrity;
mod ledger;
mod listing;
mod lock;
#[cfg(test)]
mod long_life_tests;
mod reader;
mod reserve;
mod resolve;
#[cfg(test)]
mod resolve_tests;
#[cfg(test)]
mod rules_tests;
pub(super) mod schema;
mod shared;
#[cfg(test)]
mod tests;
mod writer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

pub use again::Again;
pub use attempts::{Attempt, Outcome};
pub use deliveries::{About, Delivery, DeliveryCount, DeliveryKey, Due, Told, Undelivered};
pub use downloads::{Brought, FileRow, FilesCount, PicturesOf};
pub use figures::{RunRow, Variable};
pub use ledger::{Intent, Outgoing};
pub use reader::{Header, Reader, View, kept_outline};
pub use resolve::{Doubt, Found, Resolution, Resolved};
pub use writer::WriteError;
use writer::{Run, Writer};

use super::StoreError;
use crate::engine::{
    Adrift, AttemptKey, Change, DEFAULT_TIMEOUT, FailureClass, Past, Resumed, TaskRow, Waiting,
};
use crate::failpoint::{self, Point};
use crate::plan::{Choice, Knowledge, Only, Plan};
use crate::task::{Counts, Mode, Prices, RemoteTaskId, State, Task, TaskId};
pub(crate) use files::check_is_state;
use ledger::{mode_at, state_at};
use lock::Lock;
use reserve::Reserve;

/// What a manifest brings to a state.
#[derive(Debug, Clone, Copy)]
pub struct Listing<'a> {
    /// The batch's name.
    pub batch: &'a str,
    /// The manifest's own columns.
    pub columns: &'a [String],
    /// Its hash.
    pub manifest: [u8; 32],
    /// The name of its file.
    pub file: &'a str,
}

/// What a run starts from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// What waits to be submitted in this run, the most urgent first, then in the manifest's order.
    pub waiting: Vec<Waiting>,
    /// How many others wait, which were not chosen for this run.
    pub held_back: u64,
    /// What earlier runs mean for this one.
    pub past: Past,
    /// What earlier runs left running, and what is worth a second look.
    pub resumed: Vec<Resumed>,
    /// The tasks of those, in the same order.
    pub resumed_tasks: Vec<ResumedTask>,
    /// Submits of earlier runs of which nothing is known.
    pub adrift: Vec<Adrift>,
    /// The tasks of those, in the same order.
    pub adrift_tasks: Vec<ResumedTask>,
    /// How many submits of a run that died became unknown just now.
    pub cut_off: u64,
    /// How many tasks of the manifest have each status.
    pub counts: Counts,
    /// The first free number for an attempt; 0 stands for 1.
    pub next_attempt: i64,
}

/// Whose an attempt is that was resumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumedTask {
    /// The task's name.
    pub id: TaskId,
    /// Where it stands.
    pub state: State,
    /// Whether the manifest still has it.
    pub listed: bool,
    /// The secret part of the callback address that the attempt was given.
    pub hook_token: Option<String>,
}

/// A state that this process holds, before its run begins: it can still be planned.
#[derive(Debug)]
pub struct Store {
    db: Connection,
    path: PathBuf,
    lock: Lock,
}

impl Store {
    /// Opens, or creates, the state at this path, and holds it. `holder` says who we are, for whoever comes second.
    ///
    /// # Errors
    /// [`StoreError::Held`] where another run has it; [`StoreError::OtherService`] where it was made with another service;
    /// [`StoreError::NotAState`] and [`StoreError::Newer`] where it is none of ours, which leaves it as it is.
    pub fn open(path: &Path, service: &str, holder: &str) -> Result<Store, StoreError> {
        if path.exists() {
            files::check_is_state(path).or_else(|e| if files::is_empty(path) { Ok(()) } else { Err(e) })?;
        }
        let store = Store::take(path, holder)?;
        match reader::header(&store.db).map_err(|e| store.error(e))? {
            Some(header) if header.service != service => Err(StoreError::OtherService {
                path: path.into(),
                theirs: header.service,
                ours: service.to_owned(),
            }),
            _ => {
                store.say_whose(service).map_err(|e| store.error(e))?;
                Ok(store)
            }
        }
    }

    /// Opens the state at this path, whichever service it was made with, and holds it.
    ///
    /// # Errors
    /// [`StoreError::Absent`] where there is none; else as [`open`](Store::open).
    pub fn open_existing(path: &Path, holder: &str) -> Result<Store, StoreError> {
        files::check_is_state(path)?;
        Store::take(path, holder)
    }

    fn take(path: &Path, holder: &str) -> Result<Store, StoreError> {
        let lock = Lock::take(path, holder)?;
        failpoint::reach(Point::LockTaken).map_err(|e| StoreError::file(path, e))?;
        Ok(Store { db: schema::open_for_writing(path)?, path: path.into(), lock })
    }

    /// The name of the manifest's file that the state listed last, if it ever did.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn listed_from(&self) -> Result<Option<String>, StoreError> {
        let query = "SELECT file FROM header";
        self.db.query_row(query, [], |row| row.get(0)).map_err(|e| self.error(e))
    }

    /// Whether the state lists just what the manifest of this hash lists.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn lists(&self, manifest: &[u8; 32]) -> Result<bool, StoreError> {
        let query = "SELECT manifest IS ?1 FROM header";
        self.db.query_row(query, [manifest], |row| row.get(0)).map_err(|e| self.error(e))
    }

    /// Keeps what a run needs of the manifest that the state lists, for the next one.
    ///
    /// # Errors
    /// What SQLite says; then nothing is changed.
    pub fn keep_outline(&self, text: &str) -> Result<(), StoreError> {
        let query = "UPDATE header SET outline = ?1 WHERE outline IS NOT ?1";
        self.db.execute(query, [text]).map(drop).map_err(|e| self.error(e))
    }

    /// Everything the state knows, to compare a manifest with.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn knowledge(&self) -> Result<Knowledge, StoreError> {
        reader::knowledge(&self.db).map_err(|e| self.error(e))
    }

    /// Carries out the plan for these tasks, in one transaction: the state lists what the manifest lists now.
    ///
    /// # Errors
    /// What SQLite says; then nothing is changed.
    pub fn list(
        &mut self,
        listing: Listing<'_>,
        tasks: impl Iterator<Item = Task>,
        plan: &Plan,
    ) -> Result<(), StoreError> {
        listing::write(&mut self.db, listing, tasks, plan).map_err(|e| StoreError::database(&self.path, e))
    }

    /// Modes of the batch without a price, which a budget needs.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn unpriced(&self, prices: &Prices) -> Result<Vec<Mode>, StoreError> {
        chosen::unpriced(&self.db, prices).map_err(|e| self.error(e))
    }

    /// Lets failed tasks wait again: those that are chosen, and with `lost` those too that were lost.
    ///
    /// # Errors
    /// What SQLite says; then nothing is changed.
    pub fn send_again(&mut self, only: &Only, lost: bool) -> Result<Again, StoreError> {
        again::send(&mut self.db, only, lost).map_err(|e| StoreError::database(&self.path, e))
    }

    /// What the state says of its batch.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn header(&self) -> Result<Header, StoreError> {
        Ok(reader::header(&self.db).map_err(|e| self.error(e))?.unwrap_or_default())
    }

    /// Begins a run that submits all that waits; see [`begin_with`](Store::begin_with).
    ///
    /// # Errors
    /// What SQLite or the system say.
    pub fn begin(self, prices: Prices) -> Result<(Snapshot, Ledger), StoreError> {
        self.begin_with(prices, &Choice::default())
    }

    /// Begins a run: submits that an earlier run left without a reply become unknown, and the state is written from now on
    /// by a thread of its own.
    ///
    /// # Errors
    /// What SQLite or the system say.
    pub fn begin_with(self, prices: Prices, choice: &Choice) -> Result<(Snapshot, Ledger), StoreError> {
        let now = Timestamp::now();
        let begun = (|| {
            let cut_off = ledger::settle_submitting(&self.db, now)? as u64;
            self.db.execute("INSERT INTO run (started_at) VALUES (?1)", [now.as_millisecond()])?;
            let run = self.db.last_insert_rowid();
            reach(Point::RunBegun)?;
            let run = Run { key: run, prices, told: deliveries::told(&self.db)? };
            Ok((run, Snapshot { cut_off, ..read_snapshot(&self.db, now, choice, &prices)? }))
        })();
        let (run, snapshot) = begun.map_err(|e| self.error(e))?;
        let Store { db, path, lock } = self;
        let reserve = Reserve::keep(&path);
        let writer = Writer::start(db, run, reserve).map_err(|e| StoreError::file(&path, e))?;
        Ok((snapshot, Ledger { writer, path, run: run.key, _lock: lock }))
    }

    /// Writes what became of a picture.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn record_file(&self, row: &FileRow) -> Result<(), StoreError> {
        downloads::write(&self.db, row, Timestamp::now()).map_err(|e| self.error(e))
    }

    /// The state file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn say_whose(&self, service: &str) -> rusqlite::Result<()> {
        self.db.execute(
            "INSERT INTO header (only_row, batch, service, columns, created_at) VALUES (1, '', ?1, '[]', ?2)
             ON CONFLICT DO NOTHING",
            params![service, Timestamp::now().as_millisecond()],
        )?;
        Ok(())
    }

    fn error(&self, source: rusqlite::Error) -> StoreError {
        StoreError::database(&self.path, source)
    }
}

/// The state of a run that goes on: written by its thread, held until it is dropped.
#[derive(Debug)]
pub struct Ledger {
    // The order matters: the writer ends before the lock is given back.
    writer: Writer,
    path: PathBuf,
    run: i64,
    _lock: Lock,
}

impl Ledger {
    /// Writes the intent to submit. Answered when it is on the disk, with what to send.
    pub fn intend(&self, intent: Intent) -> oneshot::Receiver<Result<Outgoing, WriteError>> {
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

    /// Writes what came of telling. Answered when it is on the disk.
    pub fn record_delivery(&self, delivery: Delivery) -> oneshot::Receiver<Result<(), WriteError>> {
        self.writer.record_delivery(delivery)
    }

    /// Writes that the run is over, for this reason, and what is to be told of it, in JSON. Answered when it is on the disk.
    pub fn end(
        &self,
        why: &'static str,
        summary: Option<String>,
    ) -> oneshot::Receiver<Result<(), WriteError>> {
        self.writer.end(why, summary)
    }

    /// Writes what is known better now of what is to be told of the run. Answered when it is on the disk.
    pub fn summarize(&self, summary: String) -> oneshot::Receiver<Result<(), WriteError>> {
        self.writer.summarize(summary)
    }

    /// The row of this run.
    pub fn run(&self) -> i64 {
        self.run
    }

    /// The state file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The same as [`failpoint::reach`], as SQLite would say it.
fn reach(point: Point) -> rusqlite::Result<()> {
    failpoint::reach(point).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

fn read_snapshot(
    db: &Connection,
    now: Timestamp,
    choice: &Choice,
    prices: &Prices,
) -> rusqlite::Result<Snapshot> {
    let mut snapshot = Snapshot::default();
    chosen::read(db, choice, prices, &mut snapshot)?;
    // What was given up is asked about once more, since that is free and a late picture is paid for.
    let late = FailureClass::ALL.into_iter().filter(|class| class.may_have_pictures());
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
        snapshot.resumed_tasks.push(ResumedTask { id, state, listed: row.get(8)?, hook_token: row.get(9)? });
        snapshot.resumed.push(Resumed {
            attempt: AttemptKey(row.get(3)?),
            waiting: waiting_at(row)?,
            mode: mode_at(row, 10)?,
            task_id: RemoteTaskId(row.get(4)?),
            age: age_at(now, row.get(5)?),
            second_look: state != State::Running,
        });
    }
    read_adrift(db, now, &mut snapshot)?;
    snapshot.counts = reader::counts(db, true)?;
    snapshot.next_attempt =
        db.query_row("SELECT coalesce(max(key), 0) + 1 FROM attempt", [], |row| row.get(0))?;
    Ok(snapshot)
}

/// The last attempt of each task that is unknown: a callback may still settle it, and it may be for the run to send it again.
fn read_adrift(db: &Connection, now: Timestamp, snapshot: &mut Snapshot) -> rusqlite::Result<()> {
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
        snapshot.adrift.push(Adrift {
            attempt: AttemptKey(row.get(3)?),
            waiting: waiting_at(row)?,
            mode: mode_at(row, 8)?,
            age: age_at(now, row.get(5)?),
            called_back: hook_token.is_some(),
        });
        let (id, listed) = (TaskId(row.get(6)?), row.get(7)?);
        snapshot.adrift_tasks.push(ResumedTask { id, state: State::Unknown, listed, hook_token });
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
