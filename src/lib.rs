//! mjbatch runs a manifest of image prompts as a resumable batch against the Midjourney API of
//! [midjourney-api.com](https://midjourney-api.com), and pays for nothing twice.
//!
//! A manifest is a YAML or CSV file of prompts. It expands into tasks, which are submitted a few at
//! a time, followed to their end, and recorded in a state file beside the manifest; the results are
//! a table of image URLs. A run that is interrupted, by a signal or a power loss, continues where
//! it was. This crate is both the program `mjbatch` (feature `cli`) and the library that it is made
//! of.
//!
//! # A batch in a few lines
//!
//! [`Batch`](batch::Batch) is the face of the library: a manifest, its state and its settings as
//! one thing, with the same rules of money as the command line.
//!
//! ```no_run
//! use mjbatch::batch::{Batch, Options, Service};
//! use mjbatch::progress::RunEvent;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let mut batch = Batch::open("spring.yaml", Options::default())?;
//! let mut run = batch.run(Service::from_env()?).await?;
//! while let Some((event, _)) = run.next().await {
//!     if let Some(RunEvent::Ended { id, status, .. }) = event {
//!         println!("{id} is {}", status.as_str());
//!     }
//! }
//! println!("{:?}", run.outcome().await?.stop_reason);
//! # Ok(())
//! # }
//! ```
//!
//! `examples/run_batch.rs` is the whole of it with a [`sandbox`] in place of the service, which
//! needs no key; `examples/receive_webhook.rs` receives callbacks without a batch. A manifest alone
//! is read, or refused with everything that is wrong in it, like this:
//!
//! ```
//! use std::path::Path;
//!
//! let text = "version: 1\nprompts:\n  - id: mug\n    promt: a mug\n";
//! let problems = mjbatch::manifest::parse(Path::new("mugs.yaml"), text.as_bytes()).unwrap_err();
//! assert!(problems.to_string().contains("mugs.yaml:4:5"));
//!
//! let text = text.replace("promt", "prompt");
//! let manifest = mjbatch::manifest::parse(Path::new("mugs.yaml"), text.as_bytes())?;
//! assert!(manifest.tasks().map(|task| task.id.0).eq(["mug"]));
//! # Ok::<(), mjbatch::diagnostic::Problems>(())
//! ```
//!
//! # Reference
//!
//! The pages that `mjbatch help` prints are here too: the language of manifests at [`manifest`],
//! what a run can be asked for at [`docs::RUNNING`], decisions in a spreadsheet at
//! [`docs::DECISIONS`], the messages of hooks and their signature at [`docs::HOOKS`], JSON events
//! at [`docs::EVENTS`], columns of results at [`docs::COLUMNS`], images as files at
//! [`docs::IMAGES`], exit codes at [`docs::EXIT_CODES`], the state file at [`docs::STATE`], and how
//! all of it is built at [`docs::ARCHITECTURE`].
//!
//! # The map
//!
//! ```text
//! manifest ──parse──▶ tasks ──compare with the state──▶ plan
//!                                                        │
//!      clock, replies, callbacks, signals ──events──▶ ┌──────┐
//!                                                     │engine│  pure: no I/O, no clock, no async
//!  api · store · hooks · download · output ◀─actions─ └──────┘
//! ```
//!
//! | module | is responsible for |
//! | --- | --- |
//! | `cli` | the program: arguments, calls, sentences, exit codes |
//! | [`batch`] | a manifest, its state and its settings as one thing |
//! | `runner` | the loop that carries out what the engine decides |
//! | `hooks` | `on_done` and `on_finish`: messages to commands and URLs |
//! | `download` | images as files |
//! | `output` | results in every format, and the report |
//! | [`api`] | the service's client, its wire format, and what each reply means |
//! | [`store`] | the state of a batch, the only truth about it |
//! | [`progress`] | the events of a run as a bar, lines or JSON |
//! | [`engine`] | when to submit, poll, wait, retry and stop |
//! | `plan` | tasks compared with what the state knows |
//! | [`manifest`] | YAML and tables to tasks |
//! | [`prompt`] | Midjourney's flags, the lint, permutations |
//! | [`task`] | the nouns: a task, its ids, its state and what became of it |
//! | [`diagnostic`], `text` | what is wrong and where; text of others on a screen |
//! | [`duration`], [`deadline`] | spans of time and deadlines as people write them |
//! | `breakdown` | statistics of the tasks by the values of a variable |
//! | [`sandbox`] | an imitation of the service, a server like any other |
//! | `failpoint` | where the crash tests make the program fail; nothing in a release build |
//! | `seeded_fault` | deliberate faults that the random walk must catch; none in a release build |
//!
//! What is not linked is hidden: it may change with any version. The types that a [`batch`] hands
//! out are there too.
//!
//! # What holds everywhere
//!
//! - A module knows those below it, never those above or beside it (`tests/it/architecture.rs`).
//! - A submit leaves only after its intent is on the disk, once, by [`api::Client::submit`], which
//!   never tries again.
//! - A task whose submit has an unknown outcome ([`task::State::Unknown`]) is never submitted again
//!   without a decision.
//! - Whatever is shown or exported is derived from the state; killing the process at any
//!   instruction loses only time.
//! - The API key is in no message, log, state or result, and goes to no host but the service's.
//! - The clock, threads and spawned tasks belong to the modules below that say so; everywhere else
//!   the time is an argument (`clippy.toml`).

#[expect(clippy::disallowed_methods, reason = "reads the date of Retry-After, and serves callbacks")]
pub mod api;
#[expect(clippy::disallowed_methods, reason = "is where a run starts: its time of day and its task")]
pub mod batch;
#[doc(hidden)]
pub mod breakdown;
#[cfg(feature = "cli")]
#[doc(hidden)]
#[expect(clippy::disallowed_methods, reason = "listens for signals")]
pub mod cli;
pub mod deadline;
pub mod diagnostic;
pub mod docs;
#[doc(hidden)]
pub mod download;
pub mod duration;
pub mod engine;
#[doc(hidden)]
pub mod failpoint;
#[doc(hidden)]
pub mod fuzz;
#[doc(hidden)]
#[expect(clippy::disallowed_methods, reason = "signs with the time of day")]
pub mod hooks;
pub mod manifest;
#[doc(hidden)]
pub mod output;
#[doc(hidden)]
pub mod plan;
pub mod progress;
pub mod prompt;
#[doc(hidden)]
#[expect(clippy::disallowed_methods, reason = "has the clock of a run")]
pub mod runner;
#[expect(clippy::disallowed_methods, reason = "is a server of its own")]
pub mod sandbox;
#[doc(hidden)]
pub mod seeded_fault;
#[expect(clippy::disallowed_methods, reason = "stamps what it writes, and has a thread that writes")]
pub mod store;
pub mod task;
#[doc(hidden)]
pub mod text;
