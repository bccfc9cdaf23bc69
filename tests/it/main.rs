//! The program as a whole: the built binary against a service on this machine, by its exit codes, output and files.
//!
//! One binary, one file a theme; `support` is what they share. Nothing waits for a time to pass: a test polls for what it
//! needs, with a deadline.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "these are tests, in functions of their own too"
)]
#![expect(clippy::disallowed_methods, reason = "services and deadlines of tests have clocks and threads")]

mod architecture;
mod auto;
mod batch;
mod callbacks;
#[cfg(debug_assertions)]
mod crash;
mod damage;
mod decisions;
#[cfg(target_os = "linux")]
mod disk;
mod downloads;
mod earlier_version;
mod edits;
mod exits;
mod faults;
mod formats;
mod hooks;
mod hostile;
mod identity;
mod input;
mod key;
mod kill;
mod library;
mod long_life;
mod manifests;
mod money;
mod nights;
mod plan;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod power;
mod progress;
mod report;
mod resolve;
mod roundtrip;
mod rules;
#[cfg(unix)]
mod signals;
mod state;
mod status;
mod support;
mod tables;
mod take_over;
#[cfg(debug_assertions)]
mod walk;
