//! The program: parses the command line, runs the command, and returns an exit code.
//!
//! Each command has a file. `args` is the command line as typed, `options` what it means, `paste`
//! the commands to paste, `exit` the codes, `failure` and `refusal` the messages of commands that
//! fail.

mod args;
mod attempts;
mod by;
mod check;
mod decisions;
mod download;
mod exit;
mod failure;
mod forecast;
mod help;
mod hooks;
mod init;
mod log;
mod options;
mod outputs;
mod paste;
mod plan;
mod refusal;
mod report;
mod resolve;
mod results;
mod retry;
mod run;
mod salvage;
mod sandbox;
mod signals;
mod state;
mod status;

use std::io::{IsTerminal as _, Write as _};

use clap::Parser as _;

use crate::diagnostic::Diagnostic;
use args::{Cli, Command, StateCommand};
pub use exit::Exit;
use failure::CommandFailure;

/// Runs the program on its command line.
pub fn main() -> Exit {
    let cli = Cli::parse();
    log::start(cli.verbose);
    signals::raise_file_limit();
    let done = match cli.command {
        Command::Plan(args) => plan::plan(&args),
        Command::Check(args) => Ok(check::check(&args)),
        Command::Salvage(args) => salvage::salvage(&args),
        Command::State(StateCommand::Backup(args)) => state::back_up(&args),
        Command::Help(args) => help::help(&args),
        Command::Init(args) => init::init(&args),
        Command::Schema => {
            let _ = anstream::stdout().write_all(crate::manifest::SCHEMA.as_bytes());
            Ok(Exit::Success)
        }
        Command::Status(args) => status::status(args),
        Command::Results(args) => results::results(&args),
        Command::Report(args) => report::report(&args),
        Command::Retry(args) => retry::retry(&args),
        Command::Resolve(args) => resolve::resolve(&args),
        Command::Run(args) => with_runtime(run::run(*args)),
        Command::Download(args) => with_runtime(download::download(*args)),
        Command::Sandbox(args) => with_runtime(sandbox::serve(args)),
    };
    done.unwrap_or_else(|failure| failure.report())
}

fn with_runtime(command: impl Future<Output = Result<Exit, CommandFailure>>) -> Result<Exit, CommandFailure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|e| {
        CommandFailure::nothing_submitted(Diagnostic::error(format!("cannot start: {e}")), Exit::Internal)
    })?;
    let done = runtime.block_on(command);
    // Tasks that still run draw an image or resolve a name; there is no need to wait for them.
    runtime.shutdown_background();
    done
}

/// Prepares a cell of a table for stdout: exact for a program, sanitized for a terminal.
fn sanitize_cell(text: String) -> String {
    if std::io::stdout().is_terminal() { crate::text::sanitize(&text) } else { text }
}
