//! The flags of the commands that read or write a manifest and submit nothing: `plan`, `check` and
//! `init`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::shared::{BatchArgs, BeginningArgs, ExpansionArgs, SelectionArgs, prices};
use crate::deadline::Deadline;
use crate::manifest::Budget;
use crate::task::Prices;

#[derive(Debug, Args)]
pub(in crate::cli) struct PlanArgs {
    /// The manifest: a .yaml or .csv file
    pub(in crate::cli) manifest: PathBuf,

    #[command(flatten)]
    pub(in crate::cli) expansion: ExpansionArgs,

    #[command(flatten)]
    pub(in crate::cli) batch: BatchArgs,

    /// The most jobs at once, for the forecast [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(in crate::cli) concurrency: Option<u16>,

    /// What a job costs in quota, e.g. fast=4,relaxed=2
    #[arg(long, value_name = "QUOTA", value_parser = prices)]
    pub(in crate::cli) prices: Option<Prices>,

    #[command(flatten)]
    pub(in crate::cli) selection: SelectionArgs,

    #[command(flatten)]
    pub(in crate::cli) beginning: BeginningArgs,

    /// Make at most N finished, running or unknown tasks again because their prompts were edited
    /// [default: 20]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_changed: Option<u64>,

    /// Spend at most this on the batch, over all its runs, e.g. 500quota or 20usd
    #[arg(long, value_name = "AMOUNT")]
    pub(in crate::cli) budget: Option<Budget>,

    /// When all tasks should be done, e.g. 08:00 or 6h; tasks of mode auto are sent relaxed as long
    /// as that is in time
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) deadline: Option<Deadline>,

    /// List every task, including those that would not be submitted
    #[arg(long)]
    pub(in crate::cli) all: bool,

    /// Print one JSON object with every task
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CheckArgs {
    /// The manifest: a .yaml or .csv file
    pub(in crate::cli) manifest: PathBuf,

    #[command(flatten)]
    pub(in crate::cli) expansion: ExpansionArgs,

    /// Print one JSON object, for editors and CI
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct InitArgs {
    /// What the batch is for
    #[arg(value_enum, default_value_t = StarterKind::Products)]
    pub(in crate::cli) kind: StarterKind,

    /// The folder to write into
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(in crate::cli) into: PathBuf,
}

/// What a starter manifest is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum StarterKind {
    /// Images of the products in a CSV
    Products,
    /// One campaign in the formats of social networks
    Social,
    /// Hero images for articles
    Blog,
}
