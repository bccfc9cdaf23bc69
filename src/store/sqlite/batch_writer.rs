//! The state of a run that goes on, as the run writes it and its process reads it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::Snapshot;
use super::lock::Lock;
use super::writer::Writer;
use super::writer_thread::WriteCommand;
use crate::store::{
    ClaimedTasks, Delivery, FileRow, Intent, IntentOutcome, StateLocation, StoreError, WriteError,
};
use crate::task::Change;

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
    /// `is_gone` is set by the watch of the thread that writes.
    pub(super) fn new(
        writer: Writer,
        location: StateLocation,
        is_gone: Arc<AtomicBool>,
        run: i64,
        lock: Lock,
    ) -> BatchWriter {
        BatchWriter { writer, location, is_over: Arc::default(), is_gone, run, _lock: lock }
    }

    /// Claims the next so many of the tasks that wait: the most urgent first, then in the
    /// manifest's order. Fewer, where no more are left. No task is ever claimed twice by a run.
    /// With them come those of their attempts that may have images by now.
    pub fn claim(&self, count: usize) -> oneshot::Receiver<Result<ClaimedTasks, WriteError>> {
        self.writer.send(|answer| WriteCommand::Claim(count, answer))
    }

    /// Writes the intent to submit. Answered when it is on the disk, with the number of the attempt
    /// and what to send; or, where it is refused, why.
    pub fn intend(&self, intent: Intent) -> oneshot::Receiver<Result<IntentOutcome, WriteError>> {
        self.writer.send(|answer| WriteCommand::Intend(intent, Timestamp::now(), answer))
    }

    /// Writes a change. Answered when it is on the disk.
    pub fn record(&self, change: Change) -> oneshot::Receiver<Result<(), WriteError>> {
        self.writer.send(|answer| WriteCommand::Record(change, Timestamp::now(), answer))
    }

    /// Writes the result of downloading an image. Answered when it is on the disk.
    pub fn record_file(&self, row: FileRow) -> oneshot::Receiver<Result<(), WriteError>> {
        self.writer.send(|answer| WriteCommand::File(row, Timestamp::now(), answer))
    }

    /// Writes what became of a delivery. Answered when it is on the disk.
    pub fn record_delivery(&self, delivery: Delivery) -> oneshot::Receiver<Result<(), WriteError>> {
        self.writer.send(|answer| WriteCommand::Delivered(delivery, Timestamp::now(), answer))
    }

    /// Writes that the run is over, for this reason, and the summary of it to deliver, in JSON.
    /// Answered when it is on the disk.
    pub fn end(
        &self,
        why: &'static str,
        summary: Option<String>,
    ) -> oneshot::Receiver<Result<(), WriteError>> {
        self.is_over.store(true, Ordering::Release);
        self.writer.send(|answer| WriteCommand::End(why, summary, Timestamp::now(), answer))
    }

    /// Writes the better summary of the run to deliver. Answered when it is on the
    /// disk.
    pub fn summarize(&self, summary: String) -> oneshot::Receiver<Result<(), WriteError>> {
        self.writer.send(|answer| WriteCommand::Summary(summary, answer))
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
