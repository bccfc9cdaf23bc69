//! The sentences of a batch's errors: what happened, where, whether anything was submitted, and
//! what to do.

mod beginning;
mod details;
mod store;
mod table;
mod warnings;

use super::failure::CommandFailure;
use super::paste::shell_quoted;
use crate::batch::{BatchError, OverwrittenBy};
use crate::diagnostic::{Diagnostic, Place};
use crate::text::sanitize_line;
use beginning::{about_nothing_to_take_over, about_traces};
use details::{about_changed, about_column, about_filter, about_hook, about_images};
use table::about_table;
pub(super) use warnings::{warn, warn_about_changed, warn_about_foreign, warn_about_traces};

/// What to do about a file that is not results of the batch.
const FOREIGN: &str =
    "choose another file with `--results`, move this one away, or add `--overwrite` to replace it";

/// The most characters of a name on a line.
const NAME: usize = 60;

impl From<BatchError> for CommandFailure {
    fn from(error: BatchError) -> CommandFailure {
        let failure: fn(Diagnostic) -> CommandFailure = match &error {
            BatchError::NeverRun(_)
            | BatchError::Overwrites { by: OverwrittenBy::Report, .. }
            | BatchError::Column { .. }
            | BatchError::ReportFile(_)
            | BatchError::NoReport(_)
            | BatchError::NoTarget
            | BatchError::OneTask { .. }
            | BatchError::NoTask { .. }
            | BatchError::NoImageFolder => CommandFailure::read_only,
            BatchError::FileNotRecorded(_) | BatchError::Internal(_) => CommandFailure::after,
            BatchError::NotWritten(_) => |found| CommandFailure::not_written(found.into()),
            _ => CommandFailure::usage,
        };
        match error {
            BatchError::Manifest(problems) | BatchError::Table(problems) => {
                CommandFailure::manifest(problems)
            }
            BatchError::Store(error) => CommandFailure::from(&error),
            other => failure(with_advice(other)),
        }
    }
}

/// Makes the message of an error, with advice.
fn with_advice(error: BatchError) -> Diagnostic {
    let found = Diagnostic::error(error.to_string());
    if let Some(found) = about_table(&error) {
        return found;
    }
    match error {
        BatchError::Edited(_) => found.help("run again"),
        BatchError::NeverRun(_) => {
            found.help("name another state with `--state`, or that of a sandbox run with `--sandbox`")
        }
        BatchError::OtherManifest { state, theirs, .. } => found
            .note("two manifests that differ only in their ending share the default name of their state")
            .help(format!(
                "if this is `{}` in another form, add `--state {}` to go on with its state; if it is another batch, rename it, or name a state of its own with `--state`, which pays anew for what the two have in common",
                sanitize_line(&theirs, NAME),
                shell_quoted(&state.to_string()),
            )),
        BatchError::RunBefore(traces) => about_traces(found, &traces),
        BatchError::NothingToTakeOver { results, rows } => about_nothing_to_take_over(found, &results, rows),
        BatchError::HasBegun(_) => found.help("leave `--fresh` out to go on with it"),
        BatchError::NotPutAside { .. } => found.help("rename it yourself, and run again"),
        BatchError::Overwrites { by: OverwrittenBy::Report, .. } => {
            found.help("choose another file with `--out`")
        }
        BatchError::ForeignFile { .. } => found.help(FOREIGN),
        BatchError::NoReport(_) => found.help(
            "choose another file with `--out`, move this one away, or add `--overwrite` to replace it",
        ),
        BatchError::Overwrites { .. } => found.help("choose another file with `--results`, or with `--state`, which pays anew for what an earlier state has"),
        BatchError::SandboxResults { task, .. } => {
            let found = found.help("add `--sandbox`, or run the first manifest");
            match task {
                Some(task) => found.note(format!("the `task_id` of `{}` is a sandbox's", task.0)),
                None => found,
            }
        }
        BatchError::Deadline(_) => {
            found.help("give one in the future, as in `--deadline 08:00` or `--deadline 6h`")
        }
        BatchError::PollBounds { min, max } => {
            found.note(format!("--poll-min is {min:?}, --poll-max is {max:?}"))
        }
        BatchError::NoPrice(_) => found
            .note("the service publishes no prices; your account shows what a job cost")
            .help("set them with `--prices fast=4,relaxed=2`, or under `batch:` in the manifest with `prices: { fast: 4, relaxed: 2 }`"),
        BatchError::FilterOfOthers(_) => {
            found.help("`mjbatch retry` with the same filters marks failed tasks to be submitted again")
        }
        BatchError::Callbacks { .. } => found.help("choose a free local address with `--webhook-listen`"),
        BatchError::NoKey(variable) => found
            .note("the key is on your account's page at midjourney-api.com")
            .help(format!("`export {variable}=…`, or try it without one: add `--sandbox`")),
        BatchError::NoTarget => {
            found.help("name one with `--task ID`, some with `--only NAME=VALUE`, or all with `--all`")
        }
        BatchError::NoImageFolder => found.help(
            "name a folder with `--download FOLDER`, or in the manifest with `output: { images: … }`",
        ),
        BatchError::TooManyChanged(changed) => about_changed(found, &changed),
        BatchError::Internal(_) => found.note("what was submitted is in the state; run again to go on"),
        other => with_detail(found, other),
    }
}

/// Adds the details of errors that have some.
fn with_detail(found: Diagnostic, error: BatchError) -> Diagnostic {
    match error {
        BatchError::Filter { unknown, columns } => about_filter(found, &unknown, &columns),
        BatchError::NothingSelected(filters) => {
            let filters: Vec<String> = filters.iter().map(|filter| format!("`--only {filter}`")).collect();
            Diagnostic::error(format!("no task of the manifest matches {}", filters.join(" and ")))
                .help("`mjbatch plan --all` lists the tasks; `*` stands for any text")
        }
        BatchError::Column { name, columns } => about_column(&name, &columns),
        BatchError::OneTask { several } => {
            let matched = if several { "several matched" } else { "none matched" };
            Diagnostic::error(format!("--found needs exactly one task; {matched}"))
                .help("name the one whose job it is, with `--task ID`")
        }
        BatchError::NoTask { id, close } => {
            let found = Diagnostic::error(format!("the batch has no task `{}`", sanitize_line(&id, NAME)));
            match close {
                Some(close) => found.help(format!("did you mean `{}`?", sanitize_line(&close, NAME))),
                None => found.help("`mjbatch resolve` without more lists those that are unknown"),
            }
        }
        BatchError::Images { error, place } => at(about_images(&error), place, "named here"),
        BatchError::NoHooks => found.help("add them under `batch:`"),
        BatchError::Hook { error, place } => at(about_hook(&error), Some(place), "configured here"),
        _ => found,
    }
}

fn at(found: Diagnostic, place: Option<Box<Place>>, label: &str) -> Diagnostic {
    match place {
        Some(place) => found.at(*place, label),
        None => found,
    }
}
