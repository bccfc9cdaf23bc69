//! The command line as it is typed: commands, flags and their help texts. `options` decides what it
//! means.
#![expect(rustdoc::bare_urls, reason = "clap prints these comments as they are")]

mod help_text;
mod manifest;
mod output;
mod run;
mod sandbox;
mod shared;
mod state;

use clap::{Args, Parser, Subcommand};

use help_text::{DOWNLOAD_CODES, EXIT_CODES, HELP_PAGES, RESOLVE_CODES};
pub(super) use manifest::{CheckArgs, InitArgs, PlanArgs, StarterKind};
pub(super) use output::{DownloadArgs, ReportArgs, ResultsArgs, StatusArgs};
pub(super) use run::RunArgs;
pub(super) use sandbox::{SandboxArgs, SandboxTuning};
pub(super) use shared::{BatchArgs, BeginningArgs, ImageArgs, TableArgs};
pub(super) use state::{BackupArgs, ResolveArgs, RetryArgs, SalvageArgs, StateCommand};

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
pub(super) struct HelpArgs {
    /// A page of the documentation, or a command
    pub(super) topic: Option<String>,
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
}
