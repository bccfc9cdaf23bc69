//! A batch: a manifest, its state and its settings as one thing. This is the face of the library.
//!
//! [`Batch::open`] finds the files, reads the manifest (or what the state has kept of it) and
//! resolves options, manifest and defaults into one [`BatchPolicy`], by which
//! [`plan`](Batch::plan), its forecast and [`run`](Batch::run) go alike. Whoever uses a batch from
//! Rust has the same rules of money as the command line, which only turns arguments into calls and
//! facts into words.
//!
//! No error here has prose for a terminal beyond one sentence: [`BatchError`] is facts.

mod beginning;
mod changes;
mod decisions;
mod download;
mod error;
mod files;
mod forecast;
mod handle;
mod holder;
mod hooks;
mod images;
mod loaded;
mod options;
mod plan;
mod policy;
mod resolve;
mod results;
mod results_files;
mod retry;
mod run;
mod selection;
mod service;
mod status;
mod tables;

pub use decisions::{DecisionPlan, DecisionTable};
pub use download::{Download, MissedImage};
pub use error::{BatchError, ChangedTasks, EarlierTraces, OverwrittenBy, SameManifest};
pub use forecast::ForecastReport;
pub use handle::Batch;
pub use options::{Beginning, CallbackOptions, CommandHints, HookUse, ImageOptions, Options};
pub use plan::{BatchPlan, PlanWarning};
pub use policy::{BatchPolicy, BudgetLimit, DueTime};
pub use resolve::Target;
pub use results_files::TypedDecisions;
pub use retry::Retried;
pub use run::{Run, StopHandle};
pub use service::Service;
pub use status::BatchStatus;

pub use crate::breakdown::{TopValues, ValueStats};
pub use crate::download::DownloadStats;
pub use crate::engine::StopReason;
pub use crate::plan::{Filter, Plan, Step};
pub use crate::runner::{ForeignFile, Outcome, ResultsReport, Signal};
