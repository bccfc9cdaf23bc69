//! Shared helpers: a folder to work in, the program as a command, and services for it to talk to.

pub(crate) mod browser;
mod cli_command;
mod hook_receiver;
mod raw_server;
mod results_file;
mod sandbox_service;
mod test_dir;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(crate) use cli_command::{CliCommand, CommandOutput, KEY, RunningCommand};
pub(crate) use hook_receiver::{HookReceiver, ReceivedRequest};
pub(crate) use raw_server::{RawReply, RawServer, reply};
pub(crate) use results_file::{ResultsFile, typed};
pub(crate) use sandbox_service::{SandboxService, assert_paid_once, block_on, fast_sandbox};
pub(crate) use test_dir::{TestDir, csv_rows};

/// The longest time that anything may take, even on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Waits until the condition holds.
///
/// # Panics
/// If it does not hold within [`DEADLINE`].
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < DEADLINE, "timed out waiting for: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The items in ascending order.
pub(crate) fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}

/// The sorted names of the files and folders directly in a folder.
pub(crate) fn file_names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    sorted(entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect())
}

/// The paths of all files below a folder; empty where there is no such folder. Links are not followed.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}
