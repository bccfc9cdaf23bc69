//! Why a command could not do its work, as a person reads it, with the exit code that goes with it.

use std::io::Write as _;
use std::path::Path;

use super::exit::Exit;
use crate::diagnostic::{Diagnostic, Problems, Renderer};
use crate::store::{StateLocation, StoreError};
use crate::task::TaskId;

/// A command that could not do its work.
#[derive(Debug)]
pub(super) struct Failure {
    problems: Problems,
    exit: Exit,
}

impl Failure {
    /// Wrong usage: nothing was submitted.
    pub(super) fn usage(diagnostic: Diagnostic) -> Failure {
        Failure::nothing_submitted(diagnostic, Exit::Usage)
    }

    /// Wrong usage of a command that never submits anything, so it does not say that nothing was.
    pub(super) fn nothing_to_show(diagnostic: Diagnostic) -> Failure {
        Failure { problems: diagnostic.into(), exit: Exit::Usage }
    }

    /// There is no state to look at.
    pub(super) fn never_run(state: &StateLocation) -> Failure {
        Failure::nothing_to_show(
            Diagnostic::error(format!("there is no state at {state}: this batch was never run"))
                .help("name another state with `--state`, or a rehearsal's with `--sandbox`"),
        )
    }

    /// The results of a rehearsal, given to the real service; where that shows in a row, of this task.
    pub(super) fn rehearsed(manifest: &Path, task: Option<&TaskId>) -> Failure {
        let file = manifest.display();
        let error = format!("{file} is the result of a rehearsal, whose pictures are not real");
        let diagnostic = Diagnostic::error(error).help("add `--sandbox`, or run the first manifest");
        Failure::usage(match task {
            Some(TaskId(id)) => diagnostic.note(format!("the `task_id` of `{id}` is a sandbox's")),
            None => diagnostic,
        })
    }

    /// A manifest that cannot be run. Its problems say already what follows.
    pub(super) fn manifest(problems: Problems) -> Failure {
        Failure { problems, exit: Exit::Usage }
    }

    /// Found out before anything was submitted.
    pub(super) fn nothing_submitted(diagnostic: Diagnostic, exit: Exit) -> Failure {
        let mut problems = Problems::from(diagnostic);
        problems.set_consequence("nothing was submitted");
        Failure { problems, exit }
    }

    /// Something went wrong after the run began.
    pub(super) fn after(diagnostic: Diagnostic) -> Failure {
        Failure { problems: diagnostic.into(), exit: Exit::Internal }
    }

    /// Some of the results could not be written.
    pub(super) fn not_written(problems: Problems) -> Failure {
        Failure { problems, exit: Exit::Internal }
    }

    /// The state cannot be opened.
    pub(super) fn opening(error: &StoreError) -> Failure {
        let diagnostic = Diagnostic::error(error.to_string());
        let (diagnostic, exit) = match error {
            StoreError::Held { .. } => {
                (diagnostic.help("wait for it, or look at it with `mjbatch status`"), Exit::Held)
            }
            StoreError::NotAState(path) => (
                diagnostic
                    .note(format!(
                        "were it a state whose beginning a disk has damaged, `mjbatch salvage {}` would list its taskIds",
                        path.display()
                    ))
                    .help("choose another file with `--state`, or move that one away"),
                Exit::Usage,
            ),
            StoreError::OtherService { .. } => (
                diagnostic
                    .note("the taskIds of one service mean nothing at another")
                    .help("choose another file with `--state`, or the service that the state belongs to"),
                Exit::Usage,
            ),
            StoreError::Damaged { path, .. } => (
                diagnostic.note("it holds what was paid for: keep it, and a copy of it").help(format!(
                    "`mjbatch salvage {}` lists every taskId that can still be read",
                    path.display()
                )),
                Exit::Internal,
            ),
            StoreError::Newer { .. } => (diagnostic.help("install the newer mjbatch"), Exit::Usage),
            StoreError::Older(_) => (diagnostic.help("`mjbatch run` brings it up to date"), Exit::Usage),
            StoreError::NoWal { .. } => {
                (diagnostic.help("put the state on a local disk with `--state`"), Exit::Usage)
            }
            StoreError::File { .. } | StoreError::Absent(_) => {
                (diagnostic.help("choose a folder that can be written with `--state`"), Exit::Usage)
            }
            StoreError::Failed { .. } | StoreError::WriterGone => {
                (diagnostic.help("keep the file: it holds what was paid for"), Exit::Internal)
            }
        };
        Failure::nothing_submitted(diagnostic, exit)
    }

    /// Says it on stderr, and gives the exit code.
    pub(super) fn tell(&self) -> Exit {
        say(&self.problems);
        self.exit
    }
}

/// Writes problems to stderr, in colour where that is wanted.
pub(super) fn say(problems: &Problems) {
    let _ = write!(anstream::stderr(), "{}", Renderer::coloured().all(problems));
}
