//! The sentences of a state that cannot be opened, read or written.

use super::super::exit::Exit;
use super::super::failure::CommandFailure;
use crate::diagnostic::Diagnostic;
use crate::store::StoreError;

impl From<&StoreError> for CommandFailure {
    fn from(error: &StoreError) -> CommandFailure {
        let found = Diagnostic::error(error.to_string());
        let (found, exit) = match error {
            StoreError::Held { .. } => {
                (found.help("wait for it, or look at it with `mjbatch status`"), Exit::Held)
            }
            StoreError::NotAState(path) => (
                found
                    .note(format!(
                        "if it is a state whose beginning is damaged, `mjbatch salvage {}` lists its taskIds",
                        path.display()
                    ))
                    .help("choose another file with `--state`, or move that one away"),
                Exit::Usage,
            ),
            StoreError::NotAFile { .. } => (found.help("name the file of the state with `--state`"), Exit::Usage),
            StoreError::Empty(_) => (
                found.note("a run never leaves an empty state; begun anew, the batch would be paid for again").help(
                    "put the state back from a copy with its `-wal`; if the batch was never run, delete the empty file",
                ),
                Exit::Usage,
            ),
            StoreError::SeveralNames { path, .. } => (
                found
                    .note("two runs under two names would each pay for the batch; `mjbatch state backup` makes copies")
                    .help(format!("list its names with `find . -samefile {}`, and delete all but one", path.display())),
                Exit::Usage,
            ),
            StoreError::LeadsNowhere(_) => (
                found
                    .note("begun anew, the batch would be paid for again")
                    .help("bring back the disk or the folder it leads to, or delete the symlink if the batch was never run"),
                Exit::Usage,
            ),
            StoreError::Exists(_) => (found.help("name a file that is not there yet"), Exit::Usage),
            StoreError::NotOurs(_) => (found.help("move that file away, if nothing needs it there"), Exit::Usage),
            StoreError::LogMissing { path, wal, .. } => (
                found
                    .note("without it, what was submitted last would be submitted again")
                    .help(format!(
                        "put {} back beside it, or list the taskIds that are known with `mjbatch salvage {}`",
                        wal.display(),
                        path.display()
                    )),
                Exit::Usage,
            ),
            StoreError::Gone(_) => {
                (found.help("put the state back from a copy before you run the batch again"), Exit::Internal)
            }
            StoreError::OtherService { .. } => (
                found
                    .note("the taskIds of one service mean nothing at another")
                    .help("choose another file with `--state`, or the service that the state belongs to"),
                Exit::Usage,
            ),
            StoreError::Damaged { path, .. } => (
                found.note("it holds what was paid for: keep it, and a copy of it").help(format!(
                    "`mjbatch salvage {}` lists every taskId that can still be read",
                    path.display()
                )),
                Exit::Internal,
            ),
            StoreError::Newer { .. } => (found.help("install the newer mjbatch"), Exit::Usage),
            StoreError::Older(_) => (found.help("`mjbatch run` brings it up to date"), Exit::Usage),
            StoreError::NoWal { .. } => {
                (found.help("put the state on a local disk with `--state`"), Exit::Usage)
            }
            StoreError::File { .. } | StoreError::Absent(_) => {
                (found.help("choose a folder that can be written with `--state`"), Exit::Usage)
            }
            StoreError::Failed { .. } | StoreError::WriterGone => {
                (found.help("keep the file: it holds what was paid for"), Exit::Internal)
            }
        };
        CommandFailure::nothing_submitted(found, exit)
    }
}
