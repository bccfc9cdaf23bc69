//! The shell around the engine: it carries out actions, and turns what comes of them into events.
//!
//! `shell` selects over everything that can happen, and one synchronous function decides what to do
//! about it, by asking the engine; `book` is what watchers are shown; `close` writes the results
//! and says the last word. Durable first, effect second, view last: an intent is on the disk before
//! its request leaves, a change before it is shown.

mod actions;
mod clock;
mod close;
mod completed;
mod downloads;
mod hooks;
mod present_file;
mod progress_view;
mod report;
mod results;
mod returned_cells;
mod shell;
mod shutdown;
mod tokens;

use crate::api::{CallbackListener, Client};
use crate::download::DownloadConfig;
use crate::engine::{Policy, StopReason};
use crate::hooks::HookConfig;
use crate::progress::Sink;
use crate::store::{BatchWriter, RunStart, StoreError};
use crate::task::Counts;
pub use downloads::{attempts_with_images, downloads, downloads_of_picked, file_row};
pub use present_file::{ForeignFile, PresentFile, look_at};
pub use report::{ReportConfig, write_report};
pub use results::{Flush, ResultsConfig, ResultsReport, ResultsSource, layout, write_results};
pub use returned_cells::ReturnedCells;
use shell::Shell;
pub use shutdown::{Shutdown, Signal, shutdown};

/// What a run is about.
#[derive(Debug)]
pub struct RunConfig {
    /// The batch's name.
    pub batch: String,
    /// The service's address, for people.
    pub service: String,
    /// How to behave.
    pub policy: Policy,
    /// Where the results go, and what they look like.
    pub results: ResultsConfig,
    /// Where callbacks come in, and the public address that leads there.
    pub webhook: Option<(CallbackListener, String)>,
    /// Something about the results that a person would want to know at the end, as one sentence.
    pub hint: Option<String>,
    /// The command that goes on with the batch.
    pub next: String,
    /// What the run is bound by, in words for people.
    pub terms: Terms,
    /// How images are downloaded beside the run, if they are.
    pub images: Option<DownloadConfig>,
    /// The hooks that are run, if any are.
    pub hooks: Option<HookConfig>,
    /// Why hooks are not run though the manifest has some, as a phrase.
    pub hooks_disabled: Option<String>,
    /// Whether the service is the sandbox, which deliveries say.
    pub is_sandbox: bool,
}

/// The limits of a run as they are shown to people; the engine goes by its [`Policy`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// The budget.
    pub budget: Option<String>,
    /// The deadline.
    pub deadline: Option<String>,
    /// One task of each entry is tried, for a person to look at.
    pub pilot: bool,
    /// Only what a table decided is carried out.
    pub decisions: bool,
    /// The command that goes on with the tasks that were not chosen for this run.
    pub next_without: Option<String>,
    /// The command with which a person settles what is unknown.
    pub resolve: Option<String>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// Why.
    pub stop_reason: StopReason,
    /// The tasks by status.
    pub counts: Counts,
    /// The first signal, where there was one.
    pub signal: Option<Signal>,
    /// Whether the results are written.
    pub results_written: bool,
}

/// Runs the batch to its end, or to where it has to stop.
///
/// # Errors
/// Where the state cannot be read at the end. What happened until then is in it.
pub async fn run(
    run: RunConfig,
    client: Client,
    begun: (RunStart, BatchWriter),
    sink: Box<dyn Sink>,
    stop: Shutdown,
) -> Result<Outcome, StoreError> {
    Shell::new(run, client, begun, sink).run(stop).await
}
