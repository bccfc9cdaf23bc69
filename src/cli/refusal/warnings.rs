//! The sentences about what should be known before anything is spent.

use std::path::Path;

use super::super::args::BatchArgs;
use super::super::failure::say;
use super::FOREIGN;
use super::beginning::{about_taken_over, about_traces};
use super::details::{about_changed, about_renamed, about_typed};
use crate::batch::{ChangedTasks, EarlierTraces, ForeignFile, PlanWarning};
use crate::diagnostic::Diagnostic;

/// Warns of something that should be known before anything is spent.
pub(in crate::cli) fn warn(warning: &PlanWarning, batch: &BatchArgs) {
    let these = |auto: u64| match auto {
        1 => "1 task of mode `auto`".to_owned(),
        n => format!("{n} tasks of mode `auto`"),
    };
    let found = match warning {
        PlanWarning::Renamed { ids } => about_renamed(ids),
        PlanWarning::TakenOver { results, tasks, unmatched } => about_taken_over(results, *tasks, unmatched),
        PlanWarning::TypedDecisions(typed) => about_typed(typed, batch),
        PlanWarning::NoDeadline { auto } => {
            Diagnostic::warning(format!("{} and no deadline: they are sent relaxed", these(*auto)))
                .help("set one with `--deadline 08:00`, or `deadline: \"08:00\"` under `batch:`")
        }
        PlanWarning::DeadlineOver { auto, deadline } => {
            Diagnostic::warning(format!("the deadline {deadline} is over: {} are sent fast", these(*auto)))
                .help("give another one, with `--deadline 6h` or in the manifest")
        }
    };
    say(&found.into());
}

/// Warns that a run would stop because the batch has no state and was run before.
pub(in crate::cli) fn warn_about_traces(traces: &EarlierTraces) {
    let found = format!(
        "there is no state at {}, and this batch was run before: a run would stop with exit code 2",
        traces.state
    );
    say(&about_traces(Diagnostic::warning(found), traces).into());
}

/// Warns that a run would stop because too many prompts were edited after their tasks were paid
/// for.
pub(in crate::cli) fn warn_about_changed(changed: &ChangedTasks) {
    let found = format!(
        "{} tasks were edited since they were made: a run would stop with exit code 2",
        changed.tasks
    );
    say(&about_changed(Diagnostic::warning(found), changed).into());
}

/// Warns that a run would stop because a file is not results of its batch.
pub(in crate::cli) fn warn_about_foreign(path: &Path, why: &ForeignFile) {
    let found = format!("`{}` is in the way: {why}; a run would stop with exit code 2", path.display());
    say(&Diagnostic::warning(found).help(FOREIGN).into());
}
