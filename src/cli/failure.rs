//! Why a command could not do its work, as a person reads it, with the exit code that goes with it.

use std::io::Write as _;

use super::exit::Exit;
use crate::diagnostic::{Diagnostic, Problems, Renderer};

/// A command that could not do its work.
#[derive(Debug)]
pub(super) struct CommandFailure {
    problems: Problems,
    exit: Exit,
}

impl CommandFailure {
    /// Wrong usage: nothing was submitted.
    pub(super) fn usage(diagnostic: Diagnostic) -> CommandFailure {
        CommandFailure::nothing_submitted(diagnostic, Exit::Usage)
    }

    /// Wrong usage of a command that never submits anything, so it does not say that nothing was.
    pub(super) fn read_only(diagnostic: Diagnostic) -> CommandFailure {
        CommandFailure { problems: diagnostic.into(), exit: Exit::Usage }
    }

    /// A manifest that cannot be run. Its problems say already what follows.
    pub(super) fn manifest(problems: Problems) -> CommandFailure {
        CommandFailure { problems, exit: Exit::Usage }
    }

    /// Found out before anything was submitted.
    pub(super) fn nothing_submitted(diagnostic: Diagnostic, exit: Exit) -> CommandFailure {
        let mut problems = Problems::from(diagnostic);
        problems.set_consequence("nothing was submitted");
        CommandFailure { problems, exit }
    }

    /// Something went wrong after the run began.
    pub(super) fn after(diagnostic: Diagnostic) -> CommandFailure {
        CommandFailure { problems: diagnostic.into(), exit: Exit::Internal }
    }

    /// Some of the results could not be written.
    pub(super) fn not_written(problems: Problems) -> CommandFailure {
        CommandFailure { problems, exit: Exit::Internal }
    }

    /// Writes the problems to stderr, and gives the exit code.
    pub(super) fn report(&self) -> Exit {
        say(&self.problems);
        self.exit
    }
}

/// Writes problems to stderr, in color where that is wanted.
pub(super) fn say(problems: &Problems) {
    let _ = write!(anstream::stderr(), "{}", Renderer::coloured().all(problems));
}
