//! What a caller may say about a batch besides its manifest: the flags of the command line, or a
//! program's own settings.
//!
//! Everything is optional: what is not said here is taken from the manifest's `batch:` and
//! `output:`, else from the defaults.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::manifest::{self, Budget, OnUnknown};
use crate::plan::Filter;
use crate::store::StateLocation;
use crate::task::{Prices, RemoteTaskId};

/// How a batch is opened and run. Begin with [`Options::default`] and set what is to be different.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Where the state is; beside the manifest (`spring.mjbatch` for `spring.yaml`) where not said.
    pub state: Option<StateLocation>,
    /// How a batch without a state begins, where something shows that it was run before.
    pub beginning: Beginning,
    /// Whether the service is a sandbox. Then state, results and images have names of their own
    /// (`spring.sandbox.mjbatch`), and hooks run only where [`hooks`](Options::hooks) says so.
    pub sandbox: bool,
    /// What knows the taskIds of a sandbox: a real service is not run with results that have any.
    pub is_sandbox_id: Option<fn(&RemoteTaskId) -> bool>,
    /// How many times as fast as the real service the service works, at least 1. Times that nobody
    /// gave are shortened by it.
    pub speed: f64,
    /// The maximum number of tasks that the manifest may expand to.
    pub max_tasks: Option<u64>,
    /// How many tasks that are done, running or unknown one run may make again because their
    /// prompts were edited.
    pub max_changed: Option<u64>,
    /// Which tasks are submitted; all where empty.
    pub only: Vec<Filter>,
    /// Whether one task of each entry is submitted, to look at before the others.
    pub pilot: bool,
    /// The maximum number of tasks that one run submits.
    pub limit: Option<u64>,
    /// The maximum number of jobs at once.
    pub concurrency: Option<u16>,
    /// The shortest time between two status requests.
    pub poll_min: Option<Duration>,
    /// The longest time between two status requests.
    pub poll_max: Option<Duration>,
    /// What a job costs, by mode.
    pub prices: Option<Prices>,
    /// The most that all runs of the batch may cost together.
    pub budget: Option<Budget>,
    /// When everything should be done, for tasks of mode `auto`.
    pub deadline: Option<Deadline>,
    /// How often a job that failed at the service is sent, and paid for, again.
    pub retries: Option<u8>,
    /// The delay before the first retry; it doubles with each further one.
    pub retry_after: Option<Duration>,
    /// What to do with tasks whose submit outcome is unknown.
    pub on_unknown: Option<OnUnknown>,
    /// How many prompts that are rejected in a row stop the run; 0 for never.
    pub breaker: Option<u32>,
    /// How long a run submits; then it follows what runs.
    pub max_duration: Option<Duration>,
    /// How long a run follows what runs once `max_duration` is over.
    pub drain: Option<Duration>,
    /// Whether a run ends as soon as its slots are full, and leaves its jobs to the next run.
    pub no_wait: bool,
    /// How long the service may leave a job out of its replies before the job counts as lost.
    pub lost_after: Option<Duration>,
    /// How long a run keeps trying while the service is down.
    pub patience: Option<Duration>,
    /// Where callbacks are received, if anywhere.
    pub callbacks: Option<CallbackOptions>,
    /// Where the results go, each file in the format of its ending; beside the manifest where
    /// empty.
    pub results: Vec<PathBuf>,
    /// Whether files are replaced, by results or by a report, that are not of this batch.
    pub overwrite: bool,
    /// What one row of a table is.
    pub rows: Option<manifest::RowUnit>,
    /// The columns of a table.
    pub columns: Option<manifest::ColumnSet>,
    /// Whether cells that a spreadsheet would run as a formula are quoted.
    pub formula_guard: bool,
    /// How images become files.
    pub images: ImageOptions,
    /// Whether `on_done` and `on_finish` run.
    pub hooks: HookUse,
    /// Whether `on_done` is also sent what was done before the manifest had one.
    pub deliver_all: bool,
    /// The commands that a run's summary names.
    pub hints: CommandHints,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            state: None,
            beginning: Beginning::default(),
            sandbox: false,
            is_sandbox_id: None,
            speed: 1.0,
            max_tasks: None,
            max_changed: None,
            only: Vec::new(),
            pilot: false,
            limit: None,
            concurrency: None,
            poll_min: None,
            poll_max: None,
            prices: None,
            budget: None,
            deadline: None,
            retries: None,
            retry_after: None,
            on_unknown: None,
            breaker: None,
            max_duration: None,
            drain: None,
            no_wait: false,
            lost_after: None,
            patience: None,
            callbacks: None,
            results: Vec::new(),
            overwrite: false,
            rows: None,
            columns: None,
            formula_guard: false,
            images: ImageOptions::default(),
            hooks: HookUse::default(),
            deliver_all: false,
            hints: CommandHints::default(),
        }
    }
}

impl Options {
    /// How the manifest is read.
    pub(super) fn reading(&self) -> manifest::ReadOptions {
        manifest::ReadOptions { max_tasks: self.max_tasks }
    }

    /// What tables look like: these options go before what the manifest says.
    pub(super) fn table_format(&self, said: &manifest::TableFormat) -> manifest::TableFormat {
        manifest::TableFormat {
            rows: self.rows.unwrap_or(said.rows),
            columns: self.columns.clone().unwrap_or_else(|| said.columns.clone()),
            formula_guard: self.formula_guard || said.formula_guard,
        }
    }
}

/// The commands that a run's summary names: what to run next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CommandHints {
    /// The command that goes on with the batch.
    pub again: String,
    /// The command that goes on with the tasks that were not selected for this run.
    pub without_selection: Option<String>,
    /// The command with which a person settles what is unknown.
    pub resolve: Option<String>,
}

/// Where callbacks are received.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallbackOptions {
    /// The local address to listen at.
    pub listen: SocketAddr,
    /// The public URL that leads there; the local one where not said.
    pub url: Option<String>,
}

impl CallbackOptions {
    /// Callbacks at this local address; the public URL is the same.
    pub fn at(listen: SocketAddr) -> CallbackOptions {
        CallbackOptions { listen, url: None }
    }
}

/// How images become files.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageOptions {
    /// The folder, or the template of the files' names; `output.images` of the manifest where not
    /// said.
    pub folder: Option<String>,
    /// Whether a `.json` is written beside each image.
    pub sidecar: bool,
    /// The number of attempts whose images are downloaded in parallel, from 1.
    pub parallel: u16,
    /// The most megabytes that an image may have.
    pub largest_mb: u16,
    /// Whether images may come from private and loopback addresses.
    pub allow_private: bool,
    /// Whether files that are there are read again, and downloaded again where they have changed.
    pub verify: bool,
}

impl Default for ImageOptions {
    fn default() -> ImageOptions {
        ImageOptions {
            folder: None,
            sidecar: false,
            parallel: 4,
            largest_mb: 64,
            allow_private: false,
            verify: false,
        }
    }
}

/// How a run begins a batch that has no state yet. It makes no difference to one that has, but that
/// it does not begin anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Beginning {
    /// Only where nothing shows that the batch was run before.
    #[default]
    IfNew,
    /// With what the results of an earlier run say, which are where this one would write its own.
    TakeOver,
    /// Anew: everything is paid for again. The results of an earlier run get another name first.
    Fresh,
}

/// Whether the manifest's hooks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HookUse {
    /// They do, but not with a sandbox.
    #[default]
    Real,
    /// They do, with a sandbox too.
    Always,
    /// They do not; what is pending is delivered by a later run.
    Never,
}
