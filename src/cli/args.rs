//! The command line as it is typed: commands, flags and their help texts. `settings` decides what
//! it means.
#![expect(rustdoc::bare_urls, reason = "clap prints these comments as they are")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::deadline::Deadline;
use crate::duration;
use crate::manifest::{self, Budget, OnUnknown};
use crate::plan::Filter;
use crate::progress::ProgressFormat;
use crate::store::StateLocation;
use crate::task::{Mode, Prices, Quota};

const HELP_PAGES: &str = "\
Pages, as in `mjbatch help hooks`:
  manifest    the language of manifests
  hooks       on_done and on_finish, their messages and signatures
  events      the lines of --progress json
  columns     results: formats, columns, shops
  exit-codes  what each exit code means
  state       the state file: resume, resolve, salvage";

const EXIT_CODES: &str = "\
Exit codes:
    0  all tasks are done, or there was nothing to do
    1  internal error, or the state could not be written
    2  usage or manifest error: nothing was submitted
    3  finished; some tasks failed for good
    4  the API key was refused
    5  the service cannot be reached or is broken: run again later
    6  the outcome of some submits is unknown: `mjbatch resolve`
    7  the account is out of quota, or at risk (--breaker)
    8  the budget is reached; tasks remain
   10  tasks remain or are running, as with --limit, --only or --max-duration
   11  another run holds this state
  130  stopped by Ctrl-C, 143 by SIGTERM; run again to continue";

const DOWNLOAD_CODES: &str = "\
Exit codes:
    0  all images are there
    1  internal error, or the state could not be written
    2  usage or manifest error: nothing was downloaded
    3  some images could not be downloaded
   11  a run holds this state
  130  stopped by Ctrl-C, 143 by SIGTERM; run the same command to continue";

const RESOLVE_CODES: &str = "\
Without --found, --resend or --give-up it lists the tasks and changes nothing.

Exit codes:
    0  no task is unknown, or none is any more
    2  usage error: nothing was changed
    6  some tasks are still unknown
   11  a run holds this state: nothing was changed";

/// Run a manifest of image prompts as a resumable batch that pays for nothing twice.
#[derive(Debug, Parser)]
#[command(name = "mjbatch", version, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(after_help = format!("{HELP_PAGES}\n\n{EXIT_CODES}"))]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,

    /// Log to stderr what the program does: -v requests and decisions, -vv everything [env:
    /// RUST_LOG]
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Submit what is not done yet, wait for it, and write the results; run again to continue
    #[command(after_help = EXIT_CODES, args_override_self = true)]
    Run(Box<RunArgs>),
    /// Show what a run would submit and why, its cost and its duration; submits nothing
    Plan(PlanArgs),
    /// Check a manifest and show every problem in it
    Check(CheckArgs),
    /// Show the progress of a batch, also while it runs
    Status(StatusArgs),
    /// Write the results again from the state, in any format
    Results(ResultsArgs),
    /// Write an HTML page of all images, to review and pick them and to see how the batch went
    Report(ReportArgs),
    /// Download the images of finished tasks; existing files are kept
    #[command(after_help = DOWNLOAD_CODES)]
    Download(Box<DownloadArgs>),
    /// Mark failed tasks to be submitted again by the next run, which pays for them again
    Retry(RetryArgs),
    /// List the tasks whose submit outcome is unknown, and resolve them
    #[command(after_help = RESOLVE_CODES)]
    Resolve(ResolveArgs),
    /// List every taskId that can be read from a state file, even a damaged one
    Salvage(SalvageArgs),
    /// Copy the state file of a batch, also while it runs
    #[command(subcommand)]
    State(StateCommand),
    /// Create a starter manifest
    Init(InitArgs),
    /// Print the JSON Schema of manifests, for completion in an editor
    Schema,
    /// Serve the sandbox, a local imitation of the API, to any client
    Sandbox(SandboxArgs),
    /// Print a page of the documentation, or the help of a command
    #[command(after_help = HELP_PAGES)]
    Help(HelpArgs),
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The manifest: a .yaml or .csv file
    pub(super) manifest: PathBuf,

    #[command(flatten)]
    pub(super) expansion: ExpansionArgs,

    #[command(flatten)]
    pub(super) batch: BatchArgs,

    /// Write the results to this .csv, .tsv, .jsonl or .xlsx file; repeatable [default: beside the
    /// manifest, e.g. spring.results.csv]
    #[arg(long, value_name = "FILE")]
    pub(super) results: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) table: TableArgs,

    /// Run at most N jobs at once [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) concurrency: Option<u16>,

    /// Submit at most N tasks
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u64>,

    /// How progress is shown
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "HOW",
        hide_possible_values = true,
        help = "Show progress as auto, bar, plain, json (on stdout) or none"
    )]
    pub(super) progress: ProgressFormat,

    /// What a job costs in quota, e.g. fast=4,relaxed=2
    #[arg(long, value_name = "QUOTA", value_parser = prices)]
    pub(super) prices: Option<Prices>,

    /// Wait at least this long between two status requests [default: 1s]
    #[arg(long, value_name = "TIME", value_parser = duration::parse, help_heading = "Service")]
    pub(super) poll_min: Option<Duration>,

    /// Wait at most this long between two status requests [default: 45s]
    #[arg(long, value_name = "TIME", value_parser = duration::parse, help_heading = "Service")]
    pub(super) poll_max: Option<Duration>,

    /// The URL of the service [env: MIDJOURNEY_API_BASE_URL; default:
    /// https://api.midjourney-api.com]
    #[arg(long, value_name = "URL", conflicts_with = "sandbox", help_heading = "Service")]
    pub(super) base_url: Option<String>,

    /// Keep retrying this long while the service is down [default: 5m; 10s if it never answered]
    #[arg(long, value_name = "TIME", value_parser = duration::parse, help_heading = "Service")]
    pub(super) patience: Option<Duration>,

    /// Treat a job as lost when the service has not reported it for this long
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "2m", help_heading = "Service")]
    pub(super) lost_after: Duration,

    /// Receive callbacks at this local address, e.g. 0.0.0.0:8090
    #[arg(long, value_name = "ADDR", help_heading = "Service")]
    pub(super) webhook_listen: Option<SocketAddr>,

    /// The public URL that leads there [env: MIDJOURNEY_WEBHOOK_URL; default: the local address]
    #[arg(long, value_name = "URL", requires = "webhook_listen", help_heading = "Service")]
    pub(super) webhook_url: Option<String>,

    #[command(flatten)]
    pub(super) limits: LimitArgs,

    #[command(flatten)]
    pub(super) images: ImageArgs,

    #[command(flatten)]
    pub(super) hooks: HookArgs,

    #[command(flatten)]
    pub(super) sandbox_tuning: SandboxTuning,
}

/// Whether the manifest's hooks, `on_done` and `on_finish`, run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Hooks")]
pub(super) struct HookArgs {
    /// Do not run hooks; pending deliveries are sent by a later run
    #[arg(long, conflicts_with_all = ["hooks", "deliver_all"])]
    pub(super) no_hooks: bool,

    /// Run hooks with --sandbox too, with "rehearsal": true in each delivery
    #[arg(long)]
    pub(super) hooks: bool,

    /// Also deliver tasks that finished before on_done was configured
    #[arg(long)]
    pub(super) deliver_all: bool,
}

/// The limits of a run in tasks, money and time.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitArgs {
    #[command(flatten)]
    pub(super) selection: SelectionArgs,

    /// Make at most N finished, running or unknown tasks again because their prompts were edited
    /// [default: 20]
    #[arg(long, value_name = "N")]
    pub(super) max_changed: Option<u64>,

    /// Spend at most this on the batch, over all its runs, e.g. 500quota or 20usd
    #[arg(long, value_name = "AMOUNT")]
    pub(super) budget: Option<Budget>,

    /// When all tasks should be done, e.g. 08:00 or 6h; tasks of mode auto are sent relaxed as long
    /// as that is in time
    #[arg(long, value_name = "TIME")]
    pub(super) deadline: Option<Deadline>,

    /// Submit a job that failed at the service again up to N times, each paid, 0 to 10 [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=10))]
    pub(super) retries: Option<u8>,

    /// Delay before the first retry; doubles with each retry [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub(super) retry_after: Option<Duration>,

    /// Tasks whose submit outcome is unknown: keep, or resend once per run (may be billed twice)
    /// [default: keep]
    #[arg(long, value_name = "WHAT")]
    pub(super) on_unknown: Option<OnUnknown>,

    /// Stop when N prompts in a row were rejected, by moderation for example; 0 for never
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(super) breaker: u32,

    /// Stop submitting after this long, e.g. 50m, then wait for running jobs
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub(super) max_duration: Option<Duration>,

    /// After --max-duration, wait at most this long for running jobs
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "15m", requires = "max_duration")]
    pub(super) drain: Duration,

    /// Submit as many jobs as run at once and exit; the next run picks them up
    #[arg(long)]
    pub(super) no_wait: bool,
}

/// The shape of the results' tables.
#[derive(Debug, Args)]
pub(super) struct TableArgs {
    /// One row per task or per image [default: task, or the manifest's output.rows]
    #[arg(long, value_name = "WHAT")]
    pub(super) rows: Option<manifest::RowUnit>,

    /// The columns: results, shopify, woocommerce or google [default: results, or the manifest's
    /// output.columns]
    #[arg(long, value_name = "SET")]
    pub(super) columns: Option<manifest::ColumnSet>,

    /// In .csv and .tsv files, put a ' before cells that a spreadsheet would run as a formula
    #[arg(long)]
    pub(super) formula_guard: bool,
}

/// Which tasks a run submits.
#[derive(Debug, Args)]
pub(super) struct SelectionArgs {
    /// Submit only tasks matching NAME=VALUE (`*` is a wildcard); repeatable: same name = any of
    /// them, different names = all of them
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) only: Vec<Filter>,

    /// Submit one task of each entry, to review before the rest
    #[arg(long)]
    pub(super) pilot: bool,
}

/// How a manifest is expanded.
#[derive(Debug, Args)]
pub(super) struct ExpansionArgs {
    /// Maximum number of tasks a manifest may expand to [default: 1000, or the manifest's
    /// max_tasks]
    #[arg(long, value_name = "N")]
    pub(super) max_tasks: Option<u64>,
}

/// Where the state of the batch is.
#[derive(Debug, Args)]
pub(super) struct BatchArgs {
    /// The state file [default: beside the manifest, e.g. spring.mjbatch]
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<StateLocation>,

    /// Use the built-in sandbox instead of the service: no key, no network, no cost
    #[arg(long)]
    pub(super) sandbox: bool,
}

/// How the sandbox behaves.
#[derive(Debug, Args)]
pub(super) struct SandboxTuning {
    /// Speed of the sandbox relative to the real service [default: 60]
    #[arg(long, value_name = "X", requires = "sandbox", help_heading = "Sandbox")]
    pub(super) speed: Option<f64>,

    /// Inject a fault, e.g. accept-cut=0.1; repeatable; `mjbatch sandbox --list-faults` lists them
    #[arg(long = "fault", value_name = "FAULT", requires = "sandbox", help_heading = "Sandbox")]
    pub(super) faults: Vec<String>,

    /// Random seed of the sandbox's job durations and faults [default: 1]
    #[arg(long, value_name = "N", requires = "sandbox", help_heading = "Sandbox")]
    pub(super) seed: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// The manifest of the batch
    pub(super) manifest: PathBuf,

    #[command(flatten)]
    pub(super) batch: BatchArgs,

    /// Break down success, wait, cost and refusals by a column, e.g. sku, or by mode; repeatable
    #[arg(long, value_name = "NAME", conflicts_with = "attempts")]
    pub(super) by: Vec<String>,

    /// List every attempt in order with its cost and outcome, and the sums
    #[arg(long)]
    pub(super) attempts: bool,

    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,

    /// Print the attempts as CSV
    #[arg(long, requires = "attempts", conflicts_with = "json")]
    pub(super) csv: bool,
}

#[derive(Debug, Args)]
pub(super) struct ResultsArgs {
    /// The manifest of the batch
    pub(super) manifest: PathBuf,

    #[command(flatten)]
    pub(super) batch: BatchArgs,

    /// Write the results to this .csv, .tsv, .jsonl or .xlsx file; repeatable [default: beside the
    /// manifest, e.g. spring.results.csv]
    #[arg(long, value_name = "FILE")]
    pub(super) results: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) table: TableArgs,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The manifest of the batch
    pub(super) manifest: PathBuf,

    #[command(flatten)]
    pub(super) batch: BatchArgs,

    /// Write the page to this file [default: beside the manifest, e.g. spring.report.html]
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

/// How images are downloaded.
#[derive(Debug, Args)]
#[command(next_help_heading = "Images")]
pub(super) struct ImageArgs {
    /// Download the images of finished tasks to this folder [default: the manifest's output.images]
    #[arg(long, value_name = "FOLDER")]
    pub(super) download: Option<String>,

    /// Write a .json beside each image with its prompt, taskId, hash and origin
    #[arg(long)]
    pub(super) sidecar: bool,

    /// Parallel downloads
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(super) downloads: u16,

    /// Reject images larger than this many megabytes
    #[arg(long, value_name = "MB", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(super) largest: u16,

    /// Allow images from private and loopback addresses
    #[arg(long)]
    pub(super) allow_private: bool,
}

#[derive(Debug, Args)]
pub(super) struct DownloadArgs {
    /// The manifest of the batch
    pub(super) manifest: PathBuf,

    #[command(flatten)]
    pub(super) expansion: ExpansionArgs,

    #[command(flatten)]
    pub(super) batch: BatchArgs,

    /// Read the existing files and download again those that have changed
    #[arg(long)]
    pub(super) verify: bool,

    /// The URL of the service [env: MIDJOURNEY_API_BASE_URL; default:
    /// https://api.midjourney-api.com]
    #[arg(long, value_name = "URL", conflicts_with = "sandbox")]
    pub(super) base_url: Option<String>,

    #[command(flatten)]
    pub(super) images: ImageArgs,
}

#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    /// The manifest of the batch
    pub(super) manifest: PathBuf,

    #[command(flatten)]
    pub(super) batch: BatchArgs,

    /// Only tasks matching NAME=VALUE (`*` is a wildcard); repeatable: same name = any of them,
    /// different names = all of them
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) only: Vec<Filter>,

    /// Also tasks that were lost or given up, though they may have been billed
    #[arg(long)]
    pub(super) lost: bool,

    /// What a job costs in quota, e.g. fast=4,relaxed=2
    #[arg(long, value_name = "QUOTA", value_parser = prices)]
    pub(super) prices: Option<Prices>,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("way").multiple(false))]
pub(super) struct ResolveArgs {
    /// The manifest of the batch
    pub(super) manifest: PathBuf,

    #[command(flatten)]
    pub(super) batch: BatchArgs,

    /// Only the task with this id; repeatable
    #[arg(long, value_name = "ID")]
    pub(super) task: Vec<String>,

    /// Only tasks matching NAME=VALUE (`*` is a wildcard); repeatable: same name = any of them,
    /// different names = all of them
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) only: Vec<Filter>,

    /// All unknown tasks
    #[arg(long, requires = "way", conflicts_with_all = ["task", "only", "found"])]
    pub(super) all: bool,

    /// The job is in your account under this taskId: the next run follows it, and nothing is paid
    /// again
    #[arg(long, value_name = "TASKID", group = "way")]
    pub(super) found: Option<String>,

    /// Submit again in the next run: a new paid attempt, though the first may have been billed
    #[arg(long, group = "way")]
    pub(super) resend: bool,

    /// Give up: the task is lost, is never submitted again, and counts as spent
    #[arg(long, group = "way")]
    pub(super) give_up: bool,

    /// Print the list as one JSON object
    #[arg(long, conflicts_with = "way")]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// The manifest: a .yaml or .csv file
    pub(super) manifest: PathBuf,

    #[command(flatten)]
    pub(super) expansion: ExpansionArgs,

    #[command(flatten)]
    pub(super) batch: BatchArgs,

    /// The most jobs at once, for the forecast [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) concurrency: Option<u16>,

    /// What a job costs in quota, e.g. fast=4,relaxed=2
    #[arg(long, value_name = "QUOTA", value_parser = prices)]
    pub(super) prices: Option<Prices>,

    #[command(flatten)]
    pub(super) selection: SelectionArgs,

    /// Make at most N finished, running or unknown tasks again because their prompts were edited
    /// [default: 20]
    #[arg(long, value_name = "N")]
    pub(super) max_changed: Option<u64>,

    /// Spend at most this on the batch, over all its runs, e.g. 500quota or 20usd
    #[arg(long, value_name = "AMOUNT")]
    pub(super) budget: Option<Budget>,

    /// When all tasks should be done, e.g. 08:00 or 6h; tasks of mode auto are sent relaxed as long
    /// as that is in time
    #[arg(long, value_name = "TIME")]
    pub(super) deadline: Option<Deadline>,

    /// List every task, including those that would not be submitted
    #[arg(long)]
    pub(super) all: bool,

    /// Print one JSON object with every task
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The manifest: a .yaml or .csv file
    pub(super) manifest: PathBuf,

    #[command(flatten)]
    pub(super) expansion: ExpansionArgs,

    /// Print one JSON object, for editors and CI
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct HelpArgs {
    /// A page (manifest, hooks, events, columns, exit-codes or state), or a command
    pub(super) topic: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct SalvageArgs {
    /// The state file, as in spring.mjbatch
    pub(super) state: StateLocation,
}

#[derive(Debug, Subcommand)]
pub(super) enum StateCommand {
    /// Copy the whole state to one new file, also while the batch runs
    Backup(BackupArgs),
}

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// The manifest: a .yaml or .csv file
    pub(super) manifest: PathBuf,

    /// The file to copy to; it must not exist yet
    #[arg(long, value_name = "FILE")]
    pub(super) to: PathBuf,

    #[command(flatten)]
    pub(super) batch: BatchArgs,
}

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// What the batch is for
    #[arg(value_enum, default_value_t = StarterKind::Products)]
    pub(super) kind: StarterKind,

    /// The folder to write into
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(super) into: PathBuf,
}

/// What a starter manifest is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum StarterKind {
    /// Images of the products in a CSV
    Products,
    /// One campaign in the formats of social networks
    Social,
    /// Hero images for articles
    Blog,
}

#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    /// Listen at this address
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(super) listen: SocketAddr,

    /// Speed relative to the real service
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub(super) speed: f64,

    /// Inject a fault, e.g. accept-cut=0.1; repeatable
    #[arg(long = "fault", value_name = "FAULT")]
    pub(super) faults: Vec<String>,

    /// List the faults that can be injected
    #[arg(long)]
    pub(super) list_faults: bool,

    /// Random seed of job durations and faults
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,

    /// The URL under which clients reach it, if it differs
    #[arg(long, value_name = "URL")]
    pub(super) public_url: Option<String>,
}

/// Prices as they are typed: `fast=4,relaxed=2`.
fn prices(text: &str) -> Result<Prices, String> {
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
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_flag_that_is_added_to_a_pasted_command_wins_and_faults_add_up() {
        let words = "mjbatch run a.csv --sandbox --limit 1 --fault job-fail --limit 2 --fault slots=4";
        let Command::Run(args) = Cli::try_parse_from(words.split(' ')).unwrap().command else { panic!() };
        assert_eq!((args.limit, args.sandbox_tuning.faults.len()), (Some(2), 2));
    }

    #[test]
    fn the_help_lists_every_page() {
        let pages = crate::docs::PAGES.map(|page| format!("  {:<12}{}", page.name, page.about));
        let listed: Vec<_> = HELP_PAGES.lines().skip(1).collect();
        assert_eq!(listed, pages);
    }

    #[test]
    fn prices_are_read_or_refused() {
        let both = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(1500)) };
        assert_eq!(prices("fast=4,relaxed=1.5"), Ok(both));
        for bad in ["", "4", "fast", "fast=", "fast=-1", "turbo=1", "fast=1,,"] {
            assert!(prices(bad).is_err(), "{bad}");
        }
    }
}
