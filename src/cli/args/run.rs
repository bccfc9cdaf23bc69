//! The flags of `run`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::sandbox::SandboxTuning;
use super::shared::{BatchArgs, BeginningArgs, ExpansionArgs, ImageArgs, SelectionArgs, TableArgs, prices};
use crate::deadline::Deadline;
use crate::duration;
use crate::manifest::{Budget, OnUnknown};
use crate::progress::ProgressFormat;
use crate::task::Prices;

#[derive(Debug, Args)]
pub(in crate::cli) struct RunArgs {
    /// The manifest: a .yaml or .csv file
    pub(in crate::cli) manifest: PathBuf,

    #[command(flatten)]
    pub(in crate::cli) expansion: ExpansionArgs,

    #[command(flatten)]
    pub(in crate::cli) batch: BatchArgs,

    /// Write the results to this .csv, .tsv, .jsonl or .xlsx file; repeatable [default: beside the
    /// manifest, e.g. spring.results.csv]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) results: Vec<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) table: TableArgs,

    /// Run at most N jobs at once [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(in crate::cli) concurrency: Option<u16>,

    /// Submit at most N tasks
    #[arg(long, value_name = "N")]
    pub(in crate::cli) limit: Option<u64>,

    /// How progress is shown
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "HOW",
        hide_possible_values = true,
        help = "Show progress as auto, bar, plain, json (on stdout) or none"
    )]
    pub(in crate::cli) progress: ProgressFormat,

    /// What a job costs in quota, e.g. fast=4,relaxed=2
    #[arg(long, value_name = "QUOTA", value_parser = prices)]
    pub(in crate::cli) prices: Option<Prices>,

    /// Wait at least this long between two status requests [default: 1s]
    #[arg(long, value_name = "TIME", value_parser = duration::parse, help_heading = "Service")]
    pub(in crate::cli) poll_min: Option<Duration>,

    /// Wait at most this long between two status requests [default: 45s]
    #[arg(long, value_name = "TIME", value_parser = duration::parse, help_heading = "Service")]
    pub(in crate::cli) poll_max: Option<Duration>,

    /// The URL of the service [env: MIDJOURNEY_API_BASE_URL; default:
    /// https://api.midjourney-api.com]
    #[arg(long, value_name = "URL", conflicts_with = "sandbox", help_heading = "Service")]
    pub(in crate::cli) base_url: Option<String>,

    /// Keep retrying this long while the service is down [default: 5m; 10s if it never answered]
    #[arg(long, value_name = "TIME", value_parser = duration::parse, help_heading = "Service")]
    pub(in crate::cli) patience: Option<Duration>,

    /// Treat a job as lost when the service has not reported it for this long
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "2m", help_heading = "Service")]
    pub(in crate::cli) lost_after: Duration,

    /// Receive callbacks at this local address, e.g. 0.0.0.0:8090
    #[arg(long, value_name = "ADDR", help_heading = "Service")]
    pub(in crate::cli) webhook_listen: Option<SocketAddr>,

    /// The public URL that leads there [env: MIDJOURNEY_WEBHOOK_URL; default: the local address]
    #[arg(long, value_name = "URL", requires = "webhook_listen", help_heading = "Service")]
    pub(in crate::cli) webhook_url: Option<String>,

    #[command(flatten)]
    pub(in crate::cli) limits: LimitArgs,

    #[command(flatten)]
    pub(in crate::cli) beginning: BeginningArgs,

    #[command(flatten)]
    pub(in crate::cli) images: ImageArgs,

    #[command(flatten)]
    pub(in crate::cli) hooks: HookArgs,

    #[command(flatten)]
    pub(in crate::cli) sandbox_tuning: SandboxTuning,
}

/// The limits of a run in tasks, money and time.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(in crate::cli) struct LimitArgs {
    #[command(flatten)]
    pub(in crate::cli) selection: SelectionArgs,

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

    /// Submit a job that failed at the service again up to N times, each paid, 0 to 10 [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=10))]
    pub(in crate::cli) retries: Option<u8>,

    /// Delay before the first retry; doubles with each retry [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub(in crate::cli) retry_after: Option<Duration>,

    /// Tasks whose submit outcome is unknown: keep, or resend once per run (may be billed twice)
    /// [default: keep]
    #[arg(long, value_name = "WHAT")]
    pub(in crate::cli) on_unknown: Option<OnUnknown>,

    /// Stop when N prompts in a row were rejected, by moderation for example; 0 for never
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(in crate::cli) breaker: u32,

    /// Stop submitting after this long, e.g. 50m, then wait for running jobs
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub(in crate::cli) max_duration: Option<Duration>,

    /// After --max-duration, wait at most this long for running jobs
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "15m", requires = "max_duration")]
    pub(in crate::cli) drain: Duration,

    /// Submit as many jobs as run at once and exit; the next run picks them up
    #[arg(long)]
    pub(in crate::cli) no_wait: bool,
}

/// Whether the manifest's hooks, `on_done` and `on_finish`, run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Hooks")]
pub(in crate::cli) struct HookArgs {
    /// Do not run hooks; pending deliveries are sent by a later run
    #[arg(long, conflicts_with_all = ["hooks", "deliver_all"])]
    pub(in crate::cli) no_hooks: bool,

    /// Run hooks with --sandbox too, with "rehearsal": true in each delivery
    #[arg(long)]
    pub(in crate::cli) hooks: bool,

    /// Also deliver tasks that finished before on_done was configured
    #[arg(long)]
    pub(in crate::cli) deliver_all: bool,
}
