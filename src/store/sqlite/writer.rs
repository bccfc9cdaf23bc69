//! The handle of the thread that writes the state.

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::intents::RunRecord;
use super::reserve::Reserve;
use super::task_claims::TaskClaims;
use super::watch::Watch;
use super::writer_thread::{WriteCommand, WriterThread};
use crate::store::WriteError;

/// The writing thread. Ends, with everything it was sent on the disk, when dropped.
#[derive(Debug)]
pub(super) struct Writer {
    commands: Sender<WriteCommand>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(
        db: Connection,
        run: RunRecord,
        reserve: Reserve,
        watch: Watch,
        claims: TaskClaims,
    ) -> std::io::Result<Writer> {
        let (commands, inbox) = channel();
        let mut writer = WriterThread::new(db, run, reserve, watch, claims);
        let thread = std::thread::Builder::new().name("state".into()).spawn(move || {
            writer.serve(&inbox);
            writer.end();
        })?;
        Ok(Writer { commands, thread: Some(thread) })
    }

    /// Sends a command that is answered there.
    pub(super) fn send<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, WriteError>>) -> WriteCommand,
    ) -> oneshot::Receiver<Result<T, WriteError>> {
        let (answer, answered) = oneshot::channel();
        // A send to a thread that is gone drops `answer`, which the receiver sees.
        let _ = self.commands.send(command(answer));
        answered
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.commands.send(WriteCommand::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
