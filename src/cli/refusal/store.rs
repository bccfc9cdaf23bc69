//! The sentences of a state that cannot be opened, read or written.

use std::io;
use std::path::Path;

use super::super::exit::Exit;
use super::super::failure::CommandFailure;
use crate::diagnostic::Diagnostic;
use crate::store::{BatchStore, StoreError};
use crate::text::sanitize_line;

impl From<&StoreError> for CommandFailure {
    fn from(error: &StoreError) -> CommandFailure {
        let found = match whose(error) {
            Some(whose) => Diagnostic::error(error.to_string()).note(whose),
            None => Diagnostic::error(error.to_string()),
        };
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
                    .help("move that file away, or choose another one with `--state`, which pays anew for what an earlier state has"),
                Exit::Usage,
            ),
            StoreError::NotAFile { .. } => (found.help("name the file of the state with `--state`; a new one pays anew for what an earlier one has"), Exit::Usage),
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
                    .help("choose the service that the state belongs to, or another file with `--state`, which pays anew"),
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
                (found.help("move the state to a local disk and name it with `--state`; a new one there pays anew"), Exit::Usage)
            }
            StoreError::File { path, source } => (about_file(found, path, source.kind()), Exit::Usage),
            StoreError::Absent(_) => (
                found.help("name the state with `--state`; a new one pays anew for what an earlier one has"),
                Exit::Usage,
            ),
            StoreError::Failed { .. } | StoreError::WriterGone => {
                (found.help("keep the file: it holds what was paid for"), Exit::Internal)
            }
        };
        CommandFailure::nothing_submitted(found, exit)
    }
}

/// The most characters of a name on a line.
const NAME: usize = 60;

/// Whose state it is that cannot be opened, as far as it still says so.
fn whose(error: &StoreError) -> Option<String> {
    let (StoreError::Damaged { path, .. }
    | StoreError::Newer { path, .. }
    | StoreError::OtherService { path, .. }
    | StoreError::NoWal { path, .. }) = error
    else {
        return None;
    };
    let manifest = BatchStore::at(path).look()?.manifest_file?;
    Some(format!("it is the state of `{}`", sanitize_line(&manifest, NAME)))
}

/// What to do about a file that the system does not let a run read or write.
fn about_file(found: Diagnostic, path: &Path, kind: io::ErrorKind) -> Diagnostic {
    match (path.exists(), kind) {
        (true, io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
            let found = match owner(path) {
                Some(owner) => found.note(format!("the file belongs to {owner}")),
                None => found,
            };
            found.help("have its owner run the batch, or let you; another file with `--state` pays anew for what this one has")
        }
        _ => found.help(
            "choose a folder that can be written with `--state`; a new state pays anew for what an earlier one has",
        ),
    }
}

/// The user whose file this is, in words.
#[cfg(unix)]
fn owner(path: &Path) -> Option<String> {
    let user = std::os::unix::fs::MetadataExt::uid(&path.metadata().ok()?);
    let is_user = |line: &&str| line.split(':').nth(2) == Some(user.to_string().as_str());
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find(is_user).and_then(|line| line.split(':').next());
    Some(name.map_or(format!("user {user}"), |name| format!("`{}`", sanitize_line(name, NAME))))
}

#[cfg(not(unix))]
fn owner(_: &Path) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_owner_of_a_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let uid = std::os::unix::fs::MetadataExt::uid(&folder.path().metadata().unwrap());
        let owner = owner(folder.path()).unwrap();
        assert!(owner.starts_with('`') || owner == format!("user {uid}"), "{owner}");
        if uid == 0 {
            assert_eq!(owner, "`root`");
        }
    }

    #[test]
    fn no_sentence_advises_another_state_without_its_price() {
        let state = || Path::new("/no/such/folder/spring.mjbatch").to_owned();
        let text = || "x".to_owned();
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        let here = std::env::current_exe().unwrap();
        for error in [
            StoreError::NotAState(state()),
            StoreError::NotAFile { path: state(), what: "a pipe" },
            StoreError::OtherService { path: state(), theirs: text(), ours: text() },
            StoreError::NoWal { path: state(), mode: text() },
            StoreError::Absent(state()),
            StoreError::File { path: state(), source: denied() },
            StoreError::File { path: here, source: denied() },
        ] {
            let help = format!("{:?}", CommandFailure::from(&error));
            assert!(help.contains("`--state`") && help.contains("pays anew"), "{help}");
        }
    }
}
