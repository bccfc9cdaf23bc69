//! Shared helpers: a folder to work in, the program as a command, and services for it to talk to.

pub(crate) mod browser;
mod cli_command;
mod hook_receiver;
mod raw_server;
mod results_file;
mod sandbox_service;
mod test_dir;

use std::time::{Duration, Instant};

pub(crate) use cli_command::{CliCommand, CommandOutput, KEY, RunningCommand};
pub(crate) use hook_receiver::{HookReceiver, ReceivedRequest};
pub(crate) use raw_server::{RawReply, RawServer, reply};
pub(crate) use results_file::ResultsFile;
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
