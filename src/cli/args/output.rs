//! The flags of the commands that show or write what a batch has: `status`, `results`, `report`
//! and `download`.

use std::path::PathBuf;

use clap::Args;

use super::shared::{BatchArgs, ExpansionArgs, ImageArgs, TableArgs};

#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArgs {
    /// The manifest of the batch
    pub(in crate::cli) manifest: PathBuf,

    #[command(flatten)]
    pub(in crate::cli) batch: BatchArgs,

    /// Break down success, wait, cost and refusals by a column, e.g. sku, or by mode; repeatable
    #[arg(long, value_name = "NAME", conflicts_with = "attempts")]
    pub(in crate::cli) by: Vec<String>,

    /// List every attempt in order with its cost and outcome, and the sums
    #[arg(long)]
    pub(in crate::cli) attempts: bool,

    /// Print one JSON object
    #[arg(long)]
    pub(in crate::cli) json: bool,

    /// Print the attempts as CSV
    #[arg(long, requires = "attempts", conflicts_with = "json")]
    pub(in crate::cli) csv: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ResultsArgs {
    /// The manifest of the batch
    pub(in crate::cli) manifest: PathBuf,

    #[command(flatten)]
    pub(in crate::cli) batch: BatchArgs,

    /// Write the results to this .csv, .tsv, .jsonl or .xlsx file; repeatable [default: beside the
    /// manifest, e.g. spring.results.csv]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) results: Vec<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) table: TableArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReportArgs {
    /// The manifest of the batch
    pub(in crate::cli) manifest: PathBuf,

    #[command(flatten)]
    pub(in crate::cli) batch: BatchArgs,

    /// Write the page to this file [default: beside the manifest, e.g. spring.report.html]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,

    /// Replace a file too that is no report
    #[arg(long)]
    pub(in crate::cli) overwrite: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DownloadArgs {
    /// The manifest of the batch
    pub(in crate::cli) manifest: PathBuf,

    #[command(flatten)]
    pub(in crate::cli) expansion: ExpansionArgs,

    #[command(flatten)]
    pub(in crate::cli) batch: BatchArgs,

    /// Read the existing files and download again those that have changed
    #[arg(long)]
    pub(in crate::cli) verify: bool,

    /// The URL of the service [env: MIDJOURNEY_API_BASE_URL; default:
    /// https://api.midjourney-api.com]
    #[arg(long, value_name = "URL", conflicts_with = "sandbox")]
    pub(in crate::cli) base_url: Option<String>,

    #[command(flatten)]
    pub(in crate::cli) images: ImageArgs,
}
