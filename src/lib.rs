//! mjbatch runs a manifest of image prompts as a resumable batch against the Midjourney API of midjourney-api.com.
//!
//! The promise, in the order in which it wins over the others: nothing is paid for twice and nothing paid for is lost; the
//! slots of the account are never idle; a person understands it at a glance.
//!
//! # The map
//!
//! ```text
//! manifest ──parse──▶ tasks ──compare with the state──▶ plan
//!                                                        │
//!      clock, replies, callbacks, signals ──events──▶ ┌──────┐
//!                                                     │engine│  pure: no I/O, no clock, no async
//!      api · store · progress · output ◀── actions ── └──────┘
//! ```
//!
//! | module | is responsible for |
//! | --- | --- |
//! | [`task`] | the nouns: a task, its names, its state, and what became of it |
//! | [`diagnostic`], [`text`] | what is wrong and where; text of others on a screen |
//! | [`duration`], [`deadline`] | spans of time and deadlines as people write them |
//! | [`breakdown`] | statistics of the tasks by the values of a variable |
//! | [`failpoint`] | where the crash tests make the program fail; nothing in a release build |
//! | [`manifest`] | YAML or CSV to tasks |
//! | [`prompt`] | Midjourney's flags, the lint, params as flags, permutations |
//! | [`plan`] | tasks compared with what the state knows |
//! | [`engine`] | when to submit, ask, wait and stop |
//! | [`api`] | the wire, and what each reply means |
//! | [`store`] | the state file, the only truth |
//! | [`output`], [`progress`] | the results, pictures as files, the report; what a person is told meanwhile |
//! | [`runner`] | carries out what the engine decides |
//! | [`sandbox`] | the API's stand-in, a server like any other |
//! | [`cli`] | the program |
//!
//! # From Rust
//!
//! A manifest becomes tasks, or all that is wrong with it, at its places:
//!
//! ```
//! use std::path::Path;
//!
//! let text = "version: 1\nprompts:\n  - id: mug\n    promt: a mug\n";
//! let problems = mjbatch::manifest::parse(Path::new("mugs.yaml"), text.as_bytes()).unwrap_err();
//! assert!(problems.to_string().contains("mugs.yaml:4:5"));
//!
//! let manifest = mjbatch::manifest::parse(Path::new("mugs.yaml"), text.replace("promt", "prompt").as_bytes())?;
//! assert!(manifest.tasks().map(|task| task.id.0).eq(["mug"]));
//! # Ok::<(), mjbatch::diagnostic::Problems>(())
//! ```
//!
//! How a batch is run from there, and watched, is in `examples/run_batch.rs`: a [`store::Store`] takes the tasks up, an
//! [`api::Client`] speaks to the service or to a [`sandbox::Sandbox`], [`runner::run`] does the work, and a
//! [`progress::Sink`] shows it. Callbacks without a batch are in `examples/receive_webhook.rs`.
//!
//! # What holds everywhere
//!
//! - A module knows those below it, never those above or beside it (`tests/it/architecture.rs`).
//! - A submit leaves only after its intent is on the disk, once, by [`api::Client::submit`], which never tries again.
//! - What cannot be known is [`task::State::Unknown`], and is never sent again by itself.
//! - Whatever is shown or exported is derived from the state; killing the process at any instruction loses only time.
//! - The API key is in no message, no state and no result, and goes to no host but the service's.

pub mod api;
pub mod batch;
pub mod breakdown;
#[cfg(feature = "cli")]
pub mod cli;
pub mod deadline;
pub mod diagnostic;
pub mod docs;
pub mod download;
pub mod duration;
pub mod engine;
pub mod failpoint;
pub mod hooks;
pub mod manifest;
pub mod output;
pub mod plan;
pub mod progress;
pub mod prompt;
pub mod runner;
pub mod sandbox;
pub mod store;
pub mod task;
pub mod text;
