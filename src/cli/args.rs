//! The command line as it is typed. What it means is decided in `settings`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::deadline::Deadline;
use crate::duration;
use crate::manifest::{self, Budget, OnUnknown};
use crate::plan::Filter;
use crate::progress::Choice;
use crate::store::StateLocation;
use crate::task::{Mode, Prices, Quota};

const EXIT_CODES: &str = "\
Exit codes:
    0  all tasks are done, or there was nothing to do
    1  internal error, or the state could not be written
    2  wrong usage or manifest: nothing was submitted
    3  finished; some tasks failed for good
    4  the API key was refused
    5  the service cannot be reached or is broken: run again later
    6  the outcome of some submits is unknown: `mjbatch resolve`
    7  the account is out of quota, or at risk (--breaker)
    8  the budget is reached; tasks remain
   10  tasks remain or are running, as with --limit, --only or --max-duration
   11  another run holds this state
  130  stopped by Ctrl-C, 143 by SIGTERM; run again to go on";

const DOWNLOAD_CODES: &str = "\
Exit codes:
    0  all pictures are there
    1  internal error, or the state could not be written
    2  wrong usage or manifest: nothing was fetched
    3  some pictures could not be brought
   11  a run holds this state
  130  stopped by Ctrl-C, 143 by SIGTERM; the same command goes on";

const RESOLVE_CODES: &str = "\
Without --found, --resend or --give-up it lists the tasks and changes nothing.

Exit codes: 0 where nothing is unknown, or not any more; 6 while something is;
2 wrong usage: nothing was changed; 11 a run holds this state: nothing was changed";

/// Run a manifest of image prompts as a resumable batch; nothing is paid for twice.
#[derive(Debug, Parser)]
#[command(name = "mjbatch", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Submit what is not done yet, follow it, and write the results; run again to go on
    #[command(after_help = EXIT_CODES, args_override_self = true)]
    Run(Box<RunArgs>),
    /// Show what a run would submit, and why, what it would cost and how long it would take; spends nothing
    Plan(PlanArgs),
    /// Show all that is wrong with a manifest
    Check(CheckArgs),
    /// Show where a batch stands, also while it runs
    Status(StatusArgs),
    /// Write the results again, from what the state knows
    Results(ResultsArgs),
    /// Write a page of all pictures to look at, to choose from, and to see how the batch went; in one file, for any browser
    Report(ReportArgs),
    /// Bring the pictures of done tasks to files; what is there stays
    #[command(after_help = DOWNLOAD_CODES)]
    Download(Box<DownloadArgs>),
    /// Let failed tasks be sent again by the next run, which pays for them again
    Retry(RetryArgs),
    /// List the tasks whose outcome is unknown, and settle them
    #[command(after_help = RESOLVE_CODES)]
    Resolve(ResolveArgs),
    /// List every taskId that can be read from a state, also from a damaged one
    Salvage(SalvageArgs),
    /// Write a first manifest to begin with
    Init(InitArgs),
    /// Print the JSON Schema of manifests, for completion in an editor
    Schema,
    /// Start the API's stand-in on this machine, for other clients
    Sandbox(SandboxArgs),
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The manifest: a .yaml or .csv file
    pub(super) manifest: PathBuf,

    #[command(flatten)]
    pub(super) reading: Reading,

    #[command(flatten)]
    pub(super) place: Place,

    /// Where the results go, as .csv, .tsv, .jsonl or .xlsx; several may be given [default: beside the manifest, as in
    /// spring.results.csv]
    #[arg(long, value_name = "FILE")]
    pub(super) results: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) look: Look,

    /// The most jobs at once [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) concurrency: Option<u16>,

    /// The most tasks to submit in this run
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u64>,

    /// How progress is shown
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "HOW",
        hide_possible_values = true,
        help = "How progress is shown: auto, bar, plain, json (on stdout) or none"
    )]
    pub(super) progress: Choice,

    /// What a job costs, for the summary, as in fast=4,relaxed=2
    #[arg(long, value_name = "QUOTA", value_parser = prices)]
    pub(super) prices: Option<Prices>,

    /// The shortest time between two status requests [default: 1s]
    #[arg(long, value_name = "TIME", value_parser = duration::parse, help_heading = "Service")]
    pub(super) poll_min: Option<Duration>,

    /// The longest time between two status requests [default: 45s]
    #[arg(long, value_name = "TIME", value_parser = duration::parse, help_heading = "Service")]
    pub(super) poll_max: Option<Duration>,

    /// The address of the service [env: MIDJOURNEY_API_BASE_URL; default: https://api.midjourney-api.com]
    #[arg(long, value_name = "URL", conflicts_with = "sandbox", help_heading = "Service")]
    pub(super) base_url: Option<String>,

    /// How long an outage of the service is borne [default: 5m, and 10s where it never answered]
    #[arg(long, value_name = "TIME", value_parser = duration::parse, help_heading = "Service")]
    pub(super) patience: Option<Duration>,

    /// How long the service may leave a job out of its replies before it is lost
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "2m", help_heading = "Service")]
    pub(super) lost_after: Duration,

    /// Receive callbacks at this local address, as in 0.0.0.0:8090
    #[arg(long, value_name = "ADDR", help_heading = "Service")]
    pub(super) webhook_listen: Option<SocketAddr>,

    /// The public address that leads there [env: MIDJOURNEY_WEBHOOK_URL; default: the local one]
    #[arg(long, value_name = "URL", requires = "webhook_listen", help_heading = "Service")]
    pub(super) webhook_url: Option<String>,

    #[command(flatten)]
    pub(super) rules: Rules,

    #[command(flatten)]
    pub(super) pictures: PictureArgs,

    #[command(flatten)]
    pub(super) follow_up: FollowUpArgs,

    #[command(flatten)]
    pub(super) rehearsal: Rehearsal,
}

/// Who is told of what became of the batch: `on_done` and `on_finish` of the manifest.
#[derive(Debug, Args)]
#[command(next_help_heading = "Follow-up")]
pub(super) struct FollowUpArgs {
    /// Tell nobody: run no command of the manifest's on_done and on_finish, and post nothing; a later run tells what is due
    #[arg(long, conflicts_with_all = ["hooks", "deliver_all"])]
    pub(super) no_hooks: bool,

    /// Tell on_done and on_finish in a rehearsal too, with "rehearsal": true
    #[arg(long)]
    pub(super) hooks: bool,

    /// Tell on_done also of what was done before the manifest had one
    #[arg(long)]
    pub(super) deliver_all: bool,
}

/// What a run may spend, in money, time and patience.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules")]
pub(super) struct Rules {
    #[command(flatten)]
    pub(super) selection: SelectionArgs,

    /// The most that all runs of the batch may cost together, as in 500quota or 20usd
    #[arg(long, value_name = "AMOUNT")]
    pub(super) budget: Option<Budget>,

    /// When all should be done, for tasks of mode auto, as in 08:00 or 6h; relaxed jobs only as far as it allows
    #[arg(long, value_name = "TIME")]
    pub(super) deadline: Option<Deadline>,

    /// How often a job that failed at the service is sent again, and paid again, 0 to 10 [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=10))]
    pub(super) retries: Option<u8>,

    /// How long after its first failure; each further wait is twice as long [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub(super) retry_after: Option<Duration>,

    /// What is unknown: keep it, or resend it, once a run, though it may have been billed [default: keep]
    #[arg(long, value_name = "WHAT")]
    pub(super) on_unknown: Option<OnUnknown>,

    /// Stop when so many prompts in a row were turned down, by moderation say; 0 for never
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(super) breaker: u32,

    /// Submit for so long, as in 50m, then follow what runs
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub(super) max_duration: Option<Duration>,

    /// For so long at most; the next run follows the rest
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "15m", requires = "max_duration")]
    pub(super) drain: Duration,

    /// Submit as many jobs as run at once, then leave them to the next run
    #[arg(long)]
    pub(super) no_wait: bool,
}

/// What the tables of results look like.
#[derive(Debug, Args)]
pub(super) struct Look {
    /// What a row of the results is: task or image [default: task, or what the manifest says]
    #[arg(long, value_name = "WHAT")]
    pub(super) rows: Option<manifest::Rows>,

    /// The columns: results, shopify, woocommerce or google [default: results, or what the manifest says]
    #[arg(long, value_name = "SET")]
    pub(super) columns: Option<manifest::Shown>,

    /// Put a quote before cells that a spreadsheet would run as a formula, in .csv and .tsv files
    #[arg(long)]
    pub(super) formula_guard: bool,
}

impl Look {
    /// What was typed goes before what the manifest says.
    pub(super) fn over(&self, said: &manifest::Shape) -> manifest::Shape {
        manifest::Shape {
            rows: self.rows.unwrap_or(said.rows),
            columns: self.columns.clone().unwrap_or_else(|| said.columns.clone()),
            formula_guard: self.formula_guard || said.formula_guard,
        }
    }
}

/// Which of the tasks are meant.
#[derive(Debug, Args)]
pub(super) struct SelectionArgs {
    /// Submit only these, as in id=hero/* or sku=A-1; of several, any of those of one name
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) only: Vec<Filter>,

    /// Submit one task of each entry, to look at before the others
    #[arg(long)]
    pub(super) pilot: bool,
}

/// How a manifest is read.
#[derive(Debug, Args)]
pub(super) struct Reading {
    /// How many tasks a multiplication may make [default: 1000, or max_tasks of the manifest]
    #[arg(long, value_name = "N")]
    max_tasks: Option<u64>,
}

impl Reading {
    pub(super) fn options(&self) -> manifest::Options {
        manifest::Options { max_tasks: self.max_tasks }
    }
}

/// Which batch is meant.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// The state file [default: beside the manifest, as in spring.mjbatch]
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<StateLocation>,

    /// The rehearsal, with a stand-in of the service inside the program: no key, no network, no cost
    #[arg(long)]
    pub(super) sandbox: bool,
}

/// How the stand-in behaves.
#[derive(Debug, Args)]
pub(super) struct Rehearsal {
    /// How many times as fast as the real service the sandbox works [default: 60]
    #[arg(long, value_name = "X", requires = "sandbox", help_heading = "Rehearsal")]
    pub(super) speed: Option<f64>,

    /// A fault that the sandbox plays, as in accept-cut=0.1; `mjbatch sandbox --list-faults` lists them
    #[arg(long = "fault", value_name = "FAULT", requires = "sandbox", help_heading = "Rehearsal")]
    pub(super) faults: Vec<String>,

    /// Decides the sandbox's job times and when faults strike [default: 1]
    #[arg(long, value_name = "N", requires = "sandbox", help_heading = "Rehearsal")]
    pub(super) seed: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// The manifest of the batch
    pub(super) manifest: PathBuf,

    #[command(flatten)]
    pub(super) place: Place,

    /// Success, wait, cost and refusals by the values of a column of yours, as in sku, or by mode; may be given several times
    #[arg(long, value_name = "NAME", conflicts_with = "attempts")]
    pub(super) by: Vec<String>,

    /// List every attempt, in order, with what it cost and what became of it, and what was spent for what
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
    pub(super) place: Place,

    /// Where the results go, as .csv, .tsv, .jsonl or .xlsx; several may be given [default: beside the manifest, as in
    /// spring.results.csv]
    #[arg(long, value_name = "FILE")]
    pub(super) results: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) look: Look,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The manifest of the batch
    pub(super) manifest: PathBuf,

    #[command(flatten)]
    pub(super) place: Place,

    /// Where the page goes [default: beside the manifest, as in spring.report.html]
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

/// How pictures become files.
#[derive(Debug, Args)]
#[command(next_help_heading = "Pictures")]
pub(super) struct PictureArgs {
    /// Bring the pictures of done tasks to this folder [default: output.images of the manifest]
    #[arg(long, value_name = "FOLDER")]
    pub(super) download: Option<String>,

    /// Write a .json beside each picture, with its prompt, taskId, hash and origin
    #[arg(long)]
    pub(super) sidecar: bool,

    /// The most pictures on their way at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(super) downloads: u16,

    /// The most megabytes that a picture may have
    #[arg(long, value_name = "MB", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(super) largest: u16,

    /// Also ask private addresses for pictures, as those of this machine and its network
    #[arg(long)]
    pub(super) allow_private: bool,
}

#[derive(Debug, Args)]
pub(super) struct DownloadArgs {
    /// The manifest of the batch
    pub(super) manifest: PathBuf,

    #[command(flatten)]
    pub(super) reading: Reading,

    #[command(flatten)]
    pub(super) place: Place,

    /// Read the files that are there, and bring again what has changed
    #[arg(long)]
    pub(super) verify: bool,

    /// The address of the service [env: MIDJOURNEY_API_BASE_URL; default: https://api.midjourney-api.com]
    #[arg(long, value_name = "URL", conflicts_with = "sandbox")]
    pub(super) base_url: Option<String>,

    #[command(flatten)]
    pub(super) pictures: PictureArgs,
}

#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    /// The manifest of the batch
    pub(super) manifest: PathBuf,

    #[command(flatten)]
    pub(super) place: Place,

    /// Only these, as in id=hero/* or sku=A-1; of several, any of those of one name
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) only: Vec<Filter>,

    /// Also those that were lost or given up, though they may have been billed
    #[arg(long)]
    pub(super) lost: bool,

    /// What a job costs, as in fast=4,relaxed=2
    #[arg(long, value_name = "QUOTA", value_parser = prices)]
    pub(super) prices: Option<Prices>,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("way").multiple(false))]
pub(super) struct ResolveArgs {
    /// The manifest of the batch
    pub(super) manifest: PathBuf,

    #[command(flatten)]
    pub(super) place: Place,

    /// Only the task of this id
    #[arg(long, value_name = "ID")]
    pub(super) task: Vec<String>,

    /// Only these, as in id=hero/* or sku=A-1; of several, any of those of one name
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) only: Vec<Filter>,

    /// All that are unknown
    #[arg(long, requires = "way", conflicts_with_all = ["task", "only", "found"])]
    pub(super) all: bool,

    /// Its job is in your account, under this taskId: the next run follows it, and nothing is paid again
    #[arg(long, value_name = "TASKID", group = "way")]
    pub(super) found: Option<String>,

    /// The next run sends it again: a new paid attempt, though the first may have been billed
    #[arg(long, group = "way")]
    pub(super) resend: bool,

    /// Never send it again: it is lost, and counts as spent
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
    pub(super) reading: Reading,

    #[command(flatten)]
    pub(super) place: Place,

    /// The most jobs at once, for the forecast [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) concurrency: Option<u16>,

    /// What a job costs, as in fast=4,relaxed=2
    #[arg(long, value_name = "QUOTA", value_parser = prices)]
    pub(super) prices: Option<Prices>,

    #[command(flatten)]
    pub(super) selection: SelectionArgs,

    /// The most that all runs of the batch may cost together, as in 500quota or 20usd
    #[arg(long, value_name = "AMOUNT")]
    pub(super) budget: Option<Budget>,

    /// When all should be done, for tasks of mode auto, as in 08:00 or 6h
    #[arg(long, value_name = "TIME")]
    pub(super) deadline: Option<Deadline>,

    /// List every task, also those that would not be submitted
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
    pub(super) reading: Reading,

    /// Print one JSON object, for editors and CI
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct SalvageArgs {
    /// The state file, as in spring.mjbatch
    pub(super) state: StateLocation,
}

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// What the batch is for
    #[arg(value_enum, default_value_t = Kind::Products)]
    pub(super) kind: Kind,

    /// The folder to write into
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(super) into: PathBuf,
}

/// What a first manifest is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Pictures of the products in a CSV
    Products,
    /// One campaign in the formats of social networks
    Social,
    /// Hero images for articles
    Blog,
}

#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(super) listen: SocketAddr,

    /// How many times as fast as the real service it works
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub(super) speed: f64,

    /// A fault to play, as in accept-cut=0.1; may be given several times
    #[arg(long = "fault", value_name = "FAULT")]
    pub(super) faults: Vec<String>,

    /// List the faults that can be played
    #[arg(long)]
    pub(super) list_faults: bool,

    /// Decides job times and when faults strike
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,

    /// The address under which clients reach it, where that is another
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
        assert_eq!((args.limit, args.rehearsal.faults.len()), (Some(2), 2));
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
