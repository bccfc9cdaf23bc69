//! The failure of a command: its problems, and its exit code.

use std::io::Write as _;

use super::exit::Exit;
use crate::diagnostic::{Diagnostic, Problems, Renderer};

/// A command failed.
#[derive(Debug)]
pub(super) struct CommandFailure {
    problems: Problems,
    exit: Exit,
}

impl CommandFailure {
    /// A usage error of a command that may submit: nothing was submitted.
    pub(super) fn usage(diagnostic: Diagnostic) -> CommandFailure {
        CommandFailure::nothing_submitted(diagnostic, Exit::Usage)
    }

    /// A usage error of a command that never submits, so that the message need not say so.
    pub(super) fn read_only(diagnostic: Diagnostic) -> CommandFailure {
        CommandFailure { problems: diagnostic.into(), exit: Exit::Usage }
    }

    /// A manifest that cannot be run. Its problems include the consequence.
    pub(super) fn manifest(problems: Problems) -> CommandFailure {
        CommandFailure { problems, exit: Exit::Usage }
    }

    /// An error that was found before anything was submitted.
    pub(super) fn nothing_submitted(diagnostic: Diagnostic, exit: Exit) -> CommandFailure {
        let mut problems = Problems::from(diagnostic);
        problems.set_consequence("nothing was submitted");
        CommandFailure { problems, exit }
    }

    /// An error after the run began.
    pub(super) fn after(diagnostic: Diagnostic) -> CommandFailure {
        CommandFailure { problems: diagnostic.into(), exit: Exit::Internal }
    }

    /// Results that could not be written.
    pub(super) fn not_written(problems: Problems) -> CommandFailure {
        CommandFailure { problems, exit: Exit::Internal }
    }

    /// Writes the problems to stderr and returns the exit code.
    pub(super) fn report(&self) -> Exit {
        say(&self.problems);
        self.exit
    }
}

/// Writes problems to stderr, in color if that is wanted.
pub(super) fn say(problems: &Problems) {
    let _ = write!(anstream::stderr(), "{}", Renderer::coloured().all(problems));
}
