//! What the tests share: a folder to work in, the program, and services for it to talk to.

pub(crate) mod browser;
mod desk;
mod program;
mod receiver;
mod results;
mod service;
mod wire;

use std::time::{Duration, Instant};

pub(crate) use desk::{Desk, rows};
pub(crate) use program::{Call, KEY, Ran, Running};
pub(crate) use receiver::{Post, Receiver};
pub(crate) use results::Results;
pub(crate) use service::{Service, await_future, paid_once, quick};
pub(crate) use wire::{Answer, Wire, reply};

/// Nothing on this machine takes longer, however busy it is.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Waits until the claim holds.
///
/// # Panics
/// If it does not within [`DEADLINE`].
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < DEADLINE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
