//! The one thread that writes the state: everything that waits goes into one transaction, and is
//! answered after its commit.
//!
//! While one commit is synced to the disk, the next ones gather. When the disk is full, what the
//! service has said is written into the space that was kept for it; from then on no intent is. What
//! was written goes from the log into the main file every few seconds, and every fifty submits:
//! where the log is lost, little is lost with it.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use tokio::sync::oneshot;

use super::intents::{self, RunRecord};
use super::open_run;
use super::outcomes;
use super::reserve::Reserve;
use super::task_claims::TaskClaims;
use super::watch::Watch;
use super::{deliveries, image_files};
use crate::failpoint::Point;
use crate::store::{ClaimedTasks, Delivery, FileRow, Intent, IntentOutcome, Rescued, WriteError};
use crate::task::{Change, IllegalTransition};

/// The most commands in one transaction.
const AT_ONCE: usize = 1024;

/// The most submits that only the log knows.
const MOST_IN_LOG: usize = 50;
/// The longest that anything is only in the log.
const LONGEST_IN_LOG: Duration = Duration::from_secs(3);

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> WriteError {
        match error {
            rusqlite::Error::ToSqlConversionFailure(cause) => match cause.downcast::<IllegalTransition>() {
                Ok(illegal) => WriteError::Illegal(*illegal),
                Err(cause) => WriteError::Failed(cause),
            },
            other => WriteError::Failed(Box::new(other)),
        }
    }
}

/// Why a transaction failed.
enum Unwritten {
    /// Nothing of it is in the state.
    RolledBack(rusqlite::Error),
    /// It is in the state, and that could not be said: to write it again would be to write it
    /// twice.
    Committed(rusqlite::Error),
}

impl From<rusqlite::Error> for Unwritten {
    fn from(error: rusqlite::Error) -> Unwritten {
        Unwritten::RolledBack(error)
    }
}

impl From<Unwritten> for WriteError {
    fn from((Unwritten::RolledBack(error) | Unwritten::Committed(error)): Unwritten) -> WriteError {
        error.into()
    }
}

/// What the thread is asked to do, with the time of it and where the answer goes.
pub(super) enum WriteCommand {
    /// Reads the next so many tasks that wait; writes nothing.
    Claim(usize, oneshot::Sender<Result<ClaimedTasks, WriteError>>),
    Intend(Intent, Timestamp, oneshot::Sender<Result<IntentOutcome, WriteError>>),
    Record(Change, Timestamp, oneshot::Sender<Result<(), WriteError>>),
    /// An image was downloaded, or could not be.
    File(FileRow, Timestamp, oneshot::Sender<Result<(), WriteError>>),
    /// A delivery arrived, or failed.
    Delivered(Delivery, Timestamp, oneshot::Sender<Result<(), WriteError>>),
    /// The run is over, for this reason, and this is to be delivered of it.
    End(&'static str, Option<String>, Timestamp, oneshot::Sender<Result<(), WriteError>>),
    /// The summary to deliver of the run that is over is known better now.
    Summary(String, oneshot::Sender<Result<(), WriteError>>),
    Stop,
}

impl WriteCommand {
    /// Whether it is for something that is not paid for, or not yet, or can be found out again.
    fn can_wait(&self) -> bool {
        matches!(
            self,
            WriteCommand::Intend(..)
                | WriteCommand::File(..)
                | WriteCommand::Delivered(..)
                | WriteCommand::Summary(..)
        )
    }
}

/// What the thread works with.
pub(super) struct WriterThread {
    db: Connection,
    run: RunRecord,
    reserve: Reserve,
    claims: TaskClaims,
    /// The disk was full: nothing more may be submitted.
    is_full: bool,
    log: Log,
    watch: Watch,
    /// What was saved when the state was found gone.
    rescued: Option<Rescued>,
}

/// What is in the log and not in the main file yet.
struct Log {
    submits: usize,
    /// Since when anything is.
    since: Option<Instant>,
}

impl Log {
    /// How long it may stay so.
    fn patience(&self) -> Duration {
        match self.since {
            _ if self.submits >= MOST_IN_LOG => Duration::ZERO,
            Some(since) => LONGEST_IN_LOG.saturating_sub(since.elapsed()),
            None => Duration::MAX,
        }
    }
}

impl WriterThread {
    pub(super) fn new(
        db: Connection,
        run: RunRecord,
        reserve: Reserve,
        watch: Watch,
        claims: TaskClaims,
    ) -> WriterThread {
        let log = Log { submits: 0, since: None };
        WriterThread { db, run, reserve, claims, is_full: false, log, watch, rescued: None }
    }

    /// Carries out what comes in until the handle is dropped.
    pub(super) fn serve(&mut self, inbox: &Receiver<WriteCommand>) {
        let mut batch = Vec::new();
        loop {
            let first = match self.log.patience() {
                Duration::MAX => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                patience => inbox.recv_timeout(patience),
            };
            match first {
                Ok(first) => batch.push(first),
                Err(RecvTimeoutError::Timeout) => {
                    self.empty_log();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
            batch.extend(inbox.try_iter().take(AT_ONCE - 1));
            let stop = batch.iter().any(|command| matches!(command, WriteCommand::Stop));
            let (claims, mut changes) =
                batch.drain(..).partition::<Vec<_>, _>(|command| matches!(command, WriteCommand::Claim(..)));
            self.write_batch(&mut changes);
            claims.into_iter().for_each(|claim| self.claim(claim));
            if stop {
                return;
            }
        }
    }

    /// Claims tasks, which writes nothing.
    fn claim(&mut self, command: WriteCommand) {
        if let WriteCommand::Claim(count, answer) = command {
            let _ = answer.send(self.claims.next(&self.db, count).map_err(WriteError::from));
        }
    }

    /// Writes what is in the log into the main file, as far as readers let it. Where that fails,
    /// the log has it all the same.
    fn empty_log(&mut self) {
        if let Err(why) = open_run::checkpoint(&self.db, "PASSIVE") {
            tracing::debug!(%why, "the log is not written into the state");
        }
        self.log = Log { submits: 0, since: None };
    }

    /// The last word of the thread: the state is whole without its log.
    pub(super) fn end(&mut self) {
        if self.watch.is_gone() {
            // SQLite would remove the log of whatever has the name now.
            self.watch.rescue(&self.db);
            return;
        }
        if let Err(why) = open_run::close(&self.db) {
            tracing::debug!(%why, "the state keeps its log");
        }
    }

    /// Writes the commands in one transaction. Where that fails each is tried alone, so that one
    /// that cannot be written takes no other with it; what is paid for comes before what is not.
    fn write_batch(&mut self, batch: &mut Vec<WriteCommand>) {
        if self.watch.is_gone() {
            self.refuse_without_state(batch);
        }
        if !self.is_full {
            match self.write(batch) {
                Ok(intended) => return confirm(batch.drain(..), intended),
                Err(Unwritten::Committed(why)) => {
                    let why = why.to_string();
                    return batch
                        .drain(..)
                        .for_each(|command| refuse(command, WriteError::Failed(why.as_str().into())));
                }
                Err(Unwritten::RolledBack(_)) => {}
            }
        }
        let (intents, records): (Vec<_>, Vec<_>) = batch.drain(..).partition(WriteCommand::can_wait);
        for command in records {
            self.write_record(command);
        }
        for command in intents {
            if self.is_full {
                refuse(command, WriteError::DiskFull);
                continue;
            }
            match self.write(std::slice::from_ref(&command)) {
                Ok(intended) => confirm([command].into_iter(), intended),
                Err(why) => {
                    self.is_full |= is_full(&why);
                    refuse(command, why.into());
                }
            }
        }
    }

    /// Refuses intents, and the end, once the state is gone. What the service says is still
    /// written, so that it is saved.
    fn refuse_without_state(&mut self, batch: &mut Vec<WriteCommand>) {
        let ends = batch.iter().any(|command| matches!(command, WriteCommand::End(..)));
        if self.rescued.is_none() || ends {
            self.rescued = Some(self.watch.rescue(&self.db));
        }
        let Some(rescued) = &self.rescued else { return };
        let refused =
            |command: &mut WriteCommand| matches!(command, WriteCommand::Intend(..) | WriteCommand::End(..));
        for command in batch.extract_if(.., refused) {
            refuse(command, WriteError::Gone(Box::new(rescued.clone())));
        }
    }

    /// Writes what the service has said, into the space that was kept for it where there is no
    /// other.
    fn write_record(&mut self, command: WriteCommand) {
        let mut written = self.write(std::slice::from_ref(&command));
        if let Err(why) = &written
            && is_full(why)
        {
            self.is_full = true;
            if self.reserve.release() {
                written = self.write(std::slice::from_ref(&command));
            }
        }
        match written {
            Ok(intended) => confirm([command].into_iter(), intended),
            Err(why) => refuse(command, why.into()),
        }
    }

    /// All of them or none; gives what became of each intent, in order.
    fn write(&mut self, batch: &[WriteCommand]) -> Result<Vec<IntentOutcome>, Unwritten> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut intended = Vec::new();
        for command in batch {
            match command {
                WriteCommand::Intend(intent, at, _) => {
                    intended.push(intents::intend(&tx, &self.run, intent, *at)?)
                }
                WriteCommand::Record(change, at, _) => outcomes::apply(&tx, change, self.run.notify_on, *at)?,
                WriteCommand::File(row, at, _) => image_files::write(&tx, row, *at)?,
                WriteCommand::Delivered(delivery, at, _) => deliveries::write(&tx, delivery, *at)?,
                WriteCommand::End(why, summary, at, _) => {
                    outcomes::end_run(&tx, self.run.key, why, *at)?;
                    if let Some(summary) = summary {
                        deliveries::enqueue_run_delivery(&tx, self.run.key, summary)?;
                    }
                }
                WriteCommand::Summary(summary, _) => {
                    deliveries::enqueue_run_delivery(&tx, self.run.key, summary)?
                }
                WriteCommand::Claim(..) | WriteCommand::Stop => {}
            }
        }
        let [intends, records, delivers, ends] = [
            |command: &WriteCommand| matches!(command, WriteCommand::Intend(..)),
            |command: &WriteCommand| matches!(command, WriteCommand::Record(..)),
            |command: &WriteCommand| matches!(command, WriteCommand::Delivered(..)),
            |command: &WriteCommand| matches!(command, WriteCommand::End(..)),
        ]
        .map(|kind| batch.iter().any(kind));
        let come_by = |here: bool, point| if here { super::reach(point) } else { Ok(()) };
        come_by(intends, Point::Intending)?;
        come_by(records, Point::Recording)?;
        come_by(delivers, Point::DeliveryRecording)?;
        come_by(ends, Point::Ending)?;
        tx.commit()?;
        self.log.since.get_or_insert_with(Instant::now);
        self.log.submits +=
            intended.iter().filter(|outcome| matches!(outcome, IntentOutcome::Recorded(..))).count();
        if self.log.patience().is_zero() {
            self.empty_log();
        }
        come_by(intends, Point::Intended).map_err(Unwritten::Committed)?;
        come_by(records, Point::Recorded).map_err(Unwritten::Committed)?;
        Ok(intended)
    }
}

/// Whether it failed for want of space. A write-ahead log that cannot grow may be reported as an
/// input/output error.
fn is_full(error: &Unwritten) -> bool {
    let (Unwritten::RolledBack(error) | Unwritten::Committed(error)) = error;
    matches!(error.sqlite_error_code(), Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure))
}

fn confirm(batch: impl Iterator<Item = WriteCommand>, intended: Vec<IntentOutcome>) {
    let mut intended = intended.into_iter();
    for command in batch {
        match command {
            WriteCommand::Intend(_, _, answer) => {
                if let Some(outcome) = intended.next() {
                    let _ = answer.send(Ok(outcome));
                }
            }
            WriteCommand::Record(_, _, answer)
            | WriteCommand::File(_, _, answer)
            | WriteCommand::Delivered(_, _, answer)
            | WriteCommand::End(_, _, _, answer)
            | WriteCommand::Summary(_, answer) => drop(answer.send(Ok(()))),
            WriteCommand::Claim(..) | WriteCommand::Stop => {}
        }
    }
}

fn refuse(command: WriteCommand, why: WriteError) {
    match command {
        WriteCommand::Intend(_, _, answer) => drop(answer.send(Err(why))),
        WriteCommand::Record(_, _, answer)
        | WriteCommand::File(_, _, answer)
        | WriteCommand::Delivered(_, _, answer)
        | WriteCommand::End(_, _, _, answer)
        | WriteCommand::Summary(_, answer) => drop(answer.send(Err(why))),
        WriteCommand::Claim(..) | WriteCommand::Stop => {}
    }
}
