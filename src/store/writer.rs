//! The one thread that writes the state: everything that waits goes into one transaction, and is answered after its commit.
//!
//! There is no timer: while one commit is synced to the disk, the next ones gather.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::ledger::{self, Intent, Outgoing};
use crate::engine::Change;
use crate::task::Prices;

/// The most commands in one transaction.
const AT_ONCE: usize = 1024;

/// Why a command was not carried out. Many commands share one failed transaction, so it is words only.
pub type WriteError = String;

/// What the thread knows of this execution.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// Its row.
    pub(super) key: i64,
    /// What it pays for a job.
    pub(super) prices: Prices,
}

enum Command {
    Intend(Intent, Timestamp, oneshot::Sender<Result<Outgoing, WriteError>>),
    Record(Change, Timestamp, oneshot::Sender<Result<(), WriteError>>),
    /// The run is over, for this reason.
    End(&'static str, Timestamp, oneshot::Sender<Result<(), WriteError>>),
    Stop,
}

/// The writing thread. Ends, with everything it was told on the disk, when dropped.
#[derive(Debug)]
pub(super) struct Writer {
    commands: Sender<Command>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(db: Connection, run: Run) -> std::io::Result<Writer> {
        let (commands, inbox) = channel();
        let thread =
            std::thread::Builder::new().name("state".into()).spawn(move || write_all(db, run, &inbox))?;
        Ok(Writer { commands, thread: Some(thread) })
    }

    pub(super) fn intend(&self, intent: Intent) -> oneshot::Receiver<Result<Outgoing, WriteError>> {
        let (answer, answered) = oneshot::channel();
        // A send to a thread that is gone drops `answer`, which the receiver sees.
        let _ = self.commands.send(Command::Intend(intent, Timestamp::now(), answer));
        answered
    }

    pub(super) fn record(&self, change: Change) -> oneshot::Receiver<Result<(), WriteError>> {
        let (answer, answered) = oneshot::channel();
        let _ = self.commands.send(Command::Record(change, Timestamp::now(), answer));
        answered
    }

    /// The run is over, for this reason.
    pub(super) fn end(&self, why: &'static str) -> oneshot::Receiver<Result<(), WriteError>> {
        let (answer, answered) = oneshot::channel();
        let _ = self.commands.send(Command::End(why, Timestamp::now(), answer));
        answered
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write_all(mut db: Connection, run: Run, inbox: &Receiver<Command>) {
    let mut batch = Vec::new();
    loop {
        let Ok(first) = inbox.recv() else { return };
        batch.push(first);
        batch.extend(inbox.try_iter().take(AT_ONCE - 1));
        let stop = batch.iter().any(|command| matches!(command, Command::Stop));
        write_batch(&mut db, run, &mut batch);
        if stop {
            return;
        }
    }
}

/// Writes the commands in one transaction. Where that fails each is tried alone, so that one that cannot be written (or a
/// disk with room for little) takes no other with it.
fn write_batch(db: &mut Connection, run: Run, batch: &mut Vec<Command>) {
    if let Ok(outgoing) = write(db, run, batch) {
        return confirm(batch.drain(..), outgoing);
    }
    for command in batch.drain(..) {
        match write(db, run, std::slice::from_ref(&command)) {
            Ok(outgoing) => confirm([command].into_iter(), outgoing),
            Err(why) => refuse(command, why.to_string()),
        }
    }
}

/// All of them or none; gives what each intent is to send, in order.
fn write(db: &mut Connection, run: Run, batch: &[Command]) -> rusqlite::Result<Vec<Outgoing>> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut outgoing = Vec::new();
    for command in batch {
        match command {
            Command::Intend(intent, at, _) => {
                outgoing.push(ledger::intend(&tx, run.key, &run.prices, intent, *at)?)
            }
            Command::Record(change, at, _) => ledger::apply(&tx, change, *at)?,
            Command::End(why, at, _) => ledger::end_run(&tx, run.key, why, *at)?,
            Command::Stop => {}
        }
    }
    tx.commit()?;
    Ok(outgoing)
}

fn confirm(batch: impl Iterator<Item = Command>, outgoing: Vec<Outgoing>) {
    let mut outgoing = outgoing.into_iter();
    for command in batch {
        match command {
            Command::Intend(_, _, answer) => {
                if let Some(outgoing) = outgoing.next() {
                    let _ = answer.send(Ok(outgoing));
                }
            }
            Command::Record(_, _, answer) | Command::End(_, _, answer) => drop(answer.send(Ok(()))),
            Command::Stop => {}
        }
    }
}

fn refuse(command: Command, why: WriteError) {
    match command {
        Command::Intend(_, _, answer) => drop(answer.send(Err(why))),
        Command::Record(_, _, answer) | Command::End(_, _, answer) => drop(answer.send(Err(why))),
        Command::Stop => {}
    }
}
