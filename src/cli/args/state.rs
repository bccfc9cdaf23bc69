//! The flags of the commands that change, rescue or copy the state: `retry`, `resolve`, `salvage`
//! and `state`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::shared::{BatchArgs, prices};
use crate::plan::Filter;
use crate::store::StateLocation;
use crate::task::Prices;

#[derive(Debug, Args)]
pub(in crate::cli) struct RetryArgs {
    /// The manifest of the batch
    pub(in crate::cli) manifest: PathBuf,

    #[command(flatten)]
    pub(in crate::cli) batch: BatchArgs,

    /// Only tasks matching NAME=VALUE (`*` is a wildcard); repeatable: same name = any of them,
    /// different names = all of them
    #[arg(long, value_name = "NAME=VALUE")]
    pub(in crate::cli) only: Vec<Filter>,

    /// Also tasks that were lost or given up, though they may have been billed
    #[arg(long)]
    pub(in crate::cli) lost: bool,

    /// What a job costs in quota, e.g. fast=4,relaxed=2
    #[arg(long, value_name = "QUOTA", value_parser = prices)]
    pub(in crate::cli) prices: Option<Prices>,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("way").multiple(false))]
pub(in crate::cli) struct ResolveArgs {
    /// The manifest of the batch
    pub(in crate::cli) manifest: PathBuf,

    #[command(flatten)]
    pub(in crate::cli) batch: BatchArgs,

    /// Only the task with this id; repeatable
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) task: Vec<String>,

    /// Only tasks matching NAME=VALUE (`*` is a wildcard); repeatable: same name = any of them,
    /// different names = all of them
    #[arg(long, value_name = "NAME=VALUE")]
    pub(in crate::cli) only: Vec<Filter>,

    /// All unknown tasks
    #[arg(long, requires = "way", conflicts_with_all = ["task", "only", "found"])]
    pub(in crate::cli) all: bool,

    /// The job is in your account under this taskId: the next run follows it, and nothing is paid
    /// again
    #[arg(long, value_name = "TASKID", group = "way")]
    pub(in crate::cli) found: Option<String>,

    /// Submit again in the next run: a new paid attempt, though the first may have been billed
    #[arg(long, group = "way")]
    pub(in crate::cli) resend: bool,

    /// Give up: the task is lost, is never submitted again, and counts as spent
    #[arg(long, group = "way")]
    pub(in crate::cli) give_up: bool,

    /// Print the list as one JSON object
    #[arg(long, conflicts_with = "way")]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SalvageArgs {
    /// The state file, as in spring.mjbatch
    pub(in crate::cli) state: StateLocation,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum StateCommand {
    /// Copy the whole state to one new file, also while the batch runs
    Backup(BackupArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct BackupArgs {
    /// The manifest: a .yaml or .csv file
    pub(in crate::cli) manifest: PathBuf,

    /// The file to copy to; it must not exist yet
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) to: PathBuf,

    #[command(flatten)]
    pub(in crate::cli) batch: BatchArgs,
}
