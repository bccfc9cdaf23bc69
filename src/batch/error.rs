//! Why a batch could not do what was asked, as facts. The command line makes its sentences, and the
//! commands to paste, of them.

use crate::deadline::NotADeadline;
use crate::diagnostic::{Place, Problems};
use crate::download::DestinationError;
use crate::hooks::HookError;
use crate::plan::{Filter, FilterError};
use crate::runner::ForeignFile;
use crate::store::{StateLocation, StoreError};
use crate::task::{Mode, Outlay, TaskId};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Why a batch could not do what was asked. Unless a variant says otherwise, nothing was submitted
/// and nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The manifest is not there, or is wrong; all problems, at their places.
    #[error("{0}")]
    Manifest(Problems),
    /// A table with decisions is wrong, or cannot be read; all problems, at their places.
    #[error("{0}")]
    Table(Problems),
    /// The rows of a table that the program wrote have no refs: they were removed, or it is one of
    /// an older program.
    #[error("the refs of {} are gone", table.display())]
    RefsGone {
        /// The table.
        table: PathBuf,
        /// The manifest of its batch, if its name says which.
        manifest: Option<PathBuf>,
    },
    /// No state in the folder of a table has its batch.
    #[error("no state in the folder of {} has its batch", .0.display())]
    NoStateOfTable(PathBuf),
    /// Several states in the folder of a table have its batch: copies of one another.
    #[error("several states in the folder of {} have its batch", table.display())]
    SeveralStatesOfTable {
        /// The table.
        table: PathBuf,
        /// The states.
        states: Vec<StateLocation>,
    },
    /// The table is of another batch than the state that was named.
    #[error("{} is of another batch than {state}", table.display())]
    OtherTable {
        /// The table.
        table: PathBuf,
        /// The state.
        state: StateLocation,
    },
    /// The manifest of a state is not where the state last saw it.
    #[error("the manifest of {state} is not there")]
    ManifestGone {
        /// The state.
        state: StateLocation,
        /// Where it was, if the state says.
        manifest: Option<PathBuf>,
    },
    /// A table with decisions stands where a manifest is wanted.
    #[error("{} is a table of a batch, not a manifest", .0.display())]
    TableAsManifest(PathBuf),
    /// A pilot is one of a manifest's tasks for each entry; a table says itself which are meant.
    #[error("`--pilot` is for a manifest, and not for a table with decisions")]
    PilotOfTable,
    /// The manifest was edited between two looks at it.
    #[error("{} was edited just now", .0.display())]
    Edited(PathBuf),
    /// There is no state: this batch was never run.
    #[error("there is no state at {0}: this batch was never run")]
    NeverRun(StateLocation),
    /// The state cannot be opened, read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state is that of another manifest, which has the same default name for it.
    #[error("{state} is the state of `{theirs}`, and this is `{ours}`")]
    OtherManifest {
        /// The state.
        state: StateLocation,
        /// The name of the manifest's file that the state has.
        theirs: String,
        /// The name of this one.
        ours: String,
    },
    /// There is no state, and something shows that the batch was run before: begun anew, it would
    /// be paid for again.
    #[error("there is no state at {}, and this batch was run before", .0.state)]
    RunBefore(Box<EarlierTraces>),
    /// Results were to be taken over, and say nothing of a task of the manifest.
    #[error("there is nothing to take over")]
    NothingToTakeOver {
        /// Where they would be.
        results: Vec<PathBuf>,
        /// How many of their tasks the manifest does not have.
        rows: u64,
    },
    /// A batch that has a state was asked to begin anew.
    #[error("{0} is the state of this batch, and `--fresh` begins only batches without one")]
    HasBegun(StateLocation),
    /// The results of an earlier run cannot get another name.
    #[error("{} cannot be renamed: {source}", path.display())]
    NotPutAside {
        /// The results.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// One file of the batch would be written over another.
    #[error("the {by} would be written over {}", path.display())]
    Overwrites {
        /// What would be written.
        by: OverwrittenBy,
        /// Over what.
        path: PathBuf,
    },
    /// Results would be written over a file that is not results of this batch.
    #[error("results would be written over `{}`: {why}", path.display())]
    ForeignFile {
        /// The file.
        path: PathBuf,
        /// Why it is not to be replaced.
        why: ForeignFile,
    },
    /// The report would be written over a file that is no report.
    #[error("the report would be written over `{}`, which is no report", .0.display())]
    NoReport(PathBuf),
    /// The manifest is the results of a sandbox, whose images are not real.
    #[error("{} is the result of a sandbox run, whose images are not real", manifest.display())]
    SandboxResults {
        /// The results.
        manifest: PathBuf,
        /// The task whose taskId shows it, if it is not the file's name.
        task: Option<TaskId>,
    },
    /// The deadline is none that can be kept.
    #[error(transparent)]
    Deadline(NotADeadline),
    /// The shortest time between status requests is longer than the longest.
    #[error("the shortest time between status requests is longer than the longest")]
    PollBounds {
        /// The shortest.
        min: Duration,
        /// The longest.
        max: Duration,
    },
    /// There is a budget, and a mode without a price: the budget could not be kept.
    #[error("a budget needs to know what a job costs, and mode `{0}` has no price")]
    NoPrice(Mode),
    /// A filter names a column or a value that there is not.
    #[error("{unknown}")]
    Filter {
        /// What is unknown.
        unknown: FilterError,
        /// The columns that there are.
        columns: Vec<String>,
    },
    /// A run submits what is pending, and this filter is about tasks in another state.
    #[error("a run submits what is pending, and `--only {0}` selects nothing of that")]
    FilterOfOthers(Filter),
    /// No task of the manifest matches the filters.
    #[error("no task of the manifest is selected")]
    NothingSelected(Vec<Filter>),
    /// The run would make again more tasks than it may, because their prompts were edited.
    #[error("{} tasks were edited since they were made, and would be paid for again", .0.tasks)]
    TooManyChanged(Box<ChangedTasks>),
    /// The batch has no column of this name, which status was to break down by.
    #[error("the batch has no column `{name}`")]
    Column {
        /// The name.
        name: String,
        /// The columns that there are.
        columns: Vec<String>,
    },
    /// The results cannot be written there.
    #[error("{0}")]
    Results(String),
    /// The report cannot be written there.
    #[error("{0}")]
    ReportFile(String),
    /// A file could not be written, after the state was read.
    #[error("{0}")]
    NotWritten(String),
    /// Callbacks cannot be received at the address.
    #[error("cannot receive callbacks at {listen}: {source}")]
    Callbacks {
        /// The address.
        listen: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Images cannot go where they should.
    #[error("images cannot be written as asked")]
    Images {
        /// Why.
        error: DestinationError,
        /// Where in the manifest they were asked for, if there.
        place: Option<Box<Place>>,
    },
    /// Hooks were asked for, and the manifest has none.
    #[error("no hooks: the manifest has no `on_done` and no `on_finish`")]
    NoHooks,
    /// A hook cannot run.
    #[error("a hook cannot run")]
    Hook {
        /// Why.
        error: HookError,
        /// Where in the manifest it is configured.
        place: Box<Place>,
    },
    /// What became of an image's file could not be recorded.
    #[error("{0}")]
    FileNotRecorded(StoreError),
    /// The environment variable of this name, with the API key, is not set.
    #[error("no API key: the environment variable {0} is not set")]
    NoKey(&'static str),
    /// The client of the service could not be made.
    #[error("{0}")]
    Client(String),
    /// No task is selected for a decision that needs to know which.
    #[error("no tasks selected")]
    NoTarget,
    /// A taskId was given, which belongs to one task, and this many are selected: none, or several.
    #[error("--found needs exactly one task")]
    OneTask {
        /// Whether several are selected, rather than none.
        several: bool,
    },
    /// The manifest that the state has has no such task.
    #[error("the batch has no task `{id}`")]
    NoTask {
        /// The id.
        id: String,
        /// The id of a task whose outcome is unknown, if one is close.
        close: Option<String>,
    },
    /// The manifest names no place for images, and neither do the options.
    #[error("no folder for images is named")]
    NoImageFolder,
    /// Something inside went wrong, after a run began: what was submitted is in the state.
    #[error("{0}")]
    Internal(String),
}

impl BatchError {
    /// An error of a store that must be there: one that is not means that the batch was never run.
    pub(super) fn of_existing(error: StoreError) -> BatchError {
        match error {
            StoreError::Absent(path) => BatchError::NeverRun(path.into()),
            other => BatchError::Store(other),
        }
    }
}

/// What would be written over another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverwrittenBy {
    /// The results.
    Results,
    /// The state.
    State,
    /// The report.
    Report,
}

impl std::fmt::Display for OverwrittenBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            OverwrittenBy::Results => "results",
            OverwrittenBy::State => "state",
            OverwrittenBy::Report => "report",
        })
    }
}

/// Tasks that are done, running or unknown, and would be made again because their prompts were
/// edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedTasks {
    /// How many.
    pub tasks: u64,
    /// How many one run may make again.
    pub most: u64,
    /// What they would cost, where prices are known.
    pub cost: Option<Outlay>,
    /// The first of them: the id, the prompt as it was, and as it is now.
    pub examples: Vec<(TaskId, String, String)>,
}

/// What shows that a batch without a state was run before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierTraces {
    /// Where there is no state.
    pub state: StateLocation,
    /// Results with tasks for which something was submitted, and how many those are.
    pub results: Vec<(PathBuf, u64)>,
    /// States that were made from this manifest under another name.
    pub states: Vec<(StateLocation, SameManifest)>,
}

/// By what the manifest of another state is known to be this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SameManifest {
    /// Nothing in it differs.
    SameContent,
    /// It has prompts of this one, and its file, of this name, is gone.
    Gone(String),
    /// It has prompts of this one, and is the same file.
    SameFile,
}
