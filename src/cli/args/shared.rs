//! Flags that several commands take: where the state is, how a manifest is expanded, which tasks
//! are meant, what tables look like, and how images are downloaded.

use clap::Args;

use crate::manifest;
use crate::plan::Filter;
use crate::store::StateLocation;
use crate::task::{Mode, Prices, Quota};

/// Where the state of the batch is.
#[derive(Debug, Args)]
pub(in crate::cli) struct BatchArgs {
    /// The state file [default: beside the manifest, e.g. spring.mjbatch]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) state: Option<StateLocation>,

    /// Use the built-in sandbox instead of the service: no key, no network, no cost
    #[arg(long)]
    pub(in crate::cli) sandbox: bool,
}

/// How a batch without a state begins, where something shows that it was run before.
#[derive(Debug, Args)]
pub(in crate::cli) struct BeginningArgs {
    /// If the state is gone, begin with what the results say: nothing in them is paid for again
    #[arg(long, conflicts_with = "fresh", help_heading = "Without a state")]
    pub(in crate::cli) take_over: bool,

    /// If the state is gone, begin anew and pay for everything again; the results are renamed
    /// first, e.g. to spring.results.2026-11-26.csv
    #[arg(long, help_heading = "Without a state")]
    pub(in crate::cli) fresh: bool,
}

/// How a manifest is expanded.
#[derive(Debug, Args)]
pub(in crate::cli) struct ExpansionArgs {
    /// Maximum number of tasks a manifest may expand to [default: 1000, or the manifest's
    /// max_tasks]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_tasks: Option<u64>,
}

/// Which tasks a run submits.
#[derive(Debug, Args)]
pub(in crate::cli) struct SelectionArgs {
    /// Submit only tasks matching NAME=VALUE (`*` is a wildcard); repeatable: same name = any of
    /// them, different names = all of them
    #[arg(long, value_name = "NAME=VALUE")]
    pub(in crate::cli) only: Vec<Filter>,

    /// Submit one task of each entry, to review before the rest
    #[arg(long)]
    pub(in crate::cli) pilot: bool,
}

/// The shape of the results' tables.
#[derive(Debug, Args)]
pub(in crate::cli) struct TableArgs {
    /// One row per task or per image [default: task, or the manifest's output.rows]
    #[arg(long, value_name = "WHAT")]
    pub(in crate::cli) rows: Option<manifest::RowUnit>,

    /// The columns: results, shopify, woocommerce or google [default: results, or the manifest's
    /// output.columns]
    #[arg(long, value_name = "SET")]
    pub(in crate::cli) columns: Option<manifest::ColumnSet>,

    /// In .csv and .tsv files, put a ' before cells that a spreadsheet would run as a formula
    #[arg(long)]
    pub(in crate::cli) formula_guard: bool,

    /// Replace files too that are not results of this batch; files that the manifest reads are
    /// never replaced
    #[arg(long)]
    pub(in crate::cli) overwrite: bool,
}

/// How images are downloaded.
#[derive(Debug, Args)]
#[command(next_help_heading = "Images")]
pub(in crate::cli) struct ImageArgs {
    /// Download the images of finished tasks to this folder [default: the manifest's output.images]
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) download: Option<String>,

    /// Write a .json beside each image with its prompt, taskId, hash and origin
    #[arg(long)]
    pub(in crate::cli) sidecar: bool,

    /// Parallel downloads
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(in crate::cli) downloads: u16,

    /// Reject images larger than this many megabytes
    #[arg(long, value_name = "MB", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(in crate::cli) largest: u16,

    /// Allow images from private and loopback addresses
    #[arg(long)]
    pub(in crate::cli) allow_private: bool,
}

/// Prices as they are typed: `fast=4,relaxed=2`.
pub(super) fn prices(text: &str) -> Result<Prices, String> {
    let mut prices = Prices::default();
    for part in text.split(',') {
        let Some((mode, quota)) = part.split_once('=') else {
            return Err(format!("`{part}` is not `MODE=QUOTA`, as in `fast=4,relaxed=2`"));
        };
        let mode: Mode = mode.parse().map_err(|e: crate::task::NotAMode| e.to_string())?;
        let quota: Quota = quota.parse().map_err(|e: crate::task::NotAQuota| e.to_string())?;
        match mode {
            Mode::Fast => prices.fast = Some(quota),
            Mode::Relaxed => prices.relaxed = Some(quota),
        }
    }
    Ok(prices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_or_refused() {
        let both = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(1500)) };
        assert_eq!(prices("fast=4,relaxed=1.5"), Ok(both));
        for bad in ["", "4", "fast", "fast=", "fast=-1", "turbo=1", "fast=1,,"] {
            assert!(prices(bad).is_err(), "{bad}");
        }
    }
}
