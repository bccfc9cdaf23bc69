//! `mjbatch help`: a page of the documentation, or the help of a command.

use std::io::Write as _;

use clap::CommandFactory as _;

use super::args::{Cli, HelpArgs};
use super::exit::Exit;
use super::failure::CommandFailure;
use crate::diagnostic::Diagnostic;
use crate::docs::PAGES;
use crate::text;

/// Prints the page or the command's help to stdout.
pub(super) fn help(args: &HelpArgs) -> Result<Exit, CommandFailure> {
    let mut program = Cli::command();
    program.build();
    let Some(topic) = args.topic.as_deref() else { return Ok(print(program.render_help())) };
    if let Some(page) = PAGES.iter().find(|page| page.name == topic) {
        return Ok(print(page.text));
    }
    if let Some(command) = program.find_subcommand_mut(topic) {
        return Ok(print(command.render_help()));
    }
    let pages: Vec<_> = PAGES.iter().map(|page| page.name).collect();
    let error = format!("there is no command and no page `{}`", text::sanitize(topic));
    let help = format!("the pages are {}; `mjbatch --help` lists the commands", pages.join(", "));
    Err(CommandFailure::read_only(Diagnostic::error(error).help(help)))
}

fn print(text: impl std::fmt::Display) -> Exit {
    // A reader that has seen enough (`| head`) is no failure.
    let _ = writeln!(anstream::stdout(), "{}", text.to_string().trim_end());
    Exit::Success
}
