//! The sentences of a batch's errors: what happened, where, whether anything was submitted, and what to do.

use super::exit::Exit;
use super::failure::Failure;
use super::failure::say;
use super::paste::shell_quoted;
use crate::batch::{BatchError, OverwrittenBy, PlanWarning};
use crate::diagnostic::{Diagnostic, Place, close_name, quoted};
use crate::download::{DestinationError, NameConflict};
use crate::hooks::HookError;
use crate::plan::FilterError;
use crate::store::StoreError;
use crate::text::sanitize_line;

/// How much of a name fits on a line.
const NAME: usize = 60;

impl From<BatchError> for Failure {
    fn from(error: BatchError) -> Failure {
        let failure: fn(Diagnostic) -> Failure = match &error {
            BatchError::NeverRun(_)
            | BatchError::Overwrites { by: OverwrittenBy::Report, .. }
            | BatchError::Column { .. }
            | BatchError::ReportFile(_)
            | BatchError::NoTarget
            | BatchError::OneTask { .. }
            | BatchError::NoTask { .. }
            | BatchError::NoImageFolder => Failure::read_only,
            BatchError::FileNotRecorded(_) | BatchError::Internal(_) => Failure::after,
            BatchError::NotWritten(_) => |found| Failure::not_written(found.into()),
            _ => Failure::usage,
        };
        match error {
            BatchError::Manifest(problems) => Failure::manifest(problems),
            BatchError::Store(error) => Failure::from(&error),
            other => failure(with_advice(other)),
        }
    }
}

/// The error, with what to do about it.
fn with_advice(error: BatchError) -> Diagnostic {
    let found = Diagnostic::error(error.to_string());
    match error {
        BatchError::Edited(_) => found.help("run again"),
        BatchError::NeverRun(_) => {
            found.help("name another state with `--state`, or that of a sandbox run with `--sandbox`")
        }
        BatchError::OtherManifest { .. } => found
            .note("two manifests that differ only in their ending share the default name of their state")
            .help("give this one a state of its own with `--state`, or rename it"),
        BatchError::Overwrites { by: OverwrittenBy::Report, .. } => {
            found.help("choose another file with `--out`")
        }
        BatchError::Overwrites { .. } => found.help("choose another file with `--results` or `--state`"),
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
            .note("the service publishes no prices; your account shows what a job took")
            .help("say it with `--prices fast=4,relaxed=2`, or in the manifest, under `batch:`, with `prices: { fast: 4, relaxed: 2 }`"),
        BatchError::FilterOfOthers(_) => {
            found.help("`mjbatch retry` lets failed tasks wait again, with the same filters")
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
        BatchError::Internal(_) => found.note("what was submitted is in the state; run again to go on"),
        other => with_detail(found, other),
    }
}

/// The errors whose sentence needs more than what they are.
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

impl From<&StoreError> for Failure {
    fn from(error: &StoreError) -> Failure {
        let found = Diagnostic::error(error.to_string());
        let (found, exit) = match error {
            StoreError::Held { .. } => {
                (found.help("wait for it, or look at it with `mjbatch status`"), Exit::Held)
            }
            StoreError::NotAState(path) => (
                found
                    .note(format!(
                        "were it a state whose beginning a disk has damaged, `mjbatch salvage {}` would list its taskIds",
                        path.display()
                    ))
                    .help("choose another file with `--state`, or move that one away"),
                Exit::Usage,
            ),
            StoreError::OtherService { .. } => (
                found
                    .note("the taskIds of one service mean nothing at another")
                    .help("choose another file with `--state`, or the service that the state belongs to"),
                Exit::Usage,
            ),
            StoreError::Damaged { path, .. } => (
                found.note("it holds what was paid for: keep it, and a copy of it").help(format!(
                    "`mjbatch salvage {}` lists every taskId that can still be read",
                    path.display()
                )),
                Exit::Internal,
            ),
            StoreError::Newer { .. } => (found.help("install the newer mjbatch"), Exit::Usage),
            StoreError::Older(_) => (found.help("`mjbatch run` brings it up to date"), Exit::Usage),
            StoreError::NoWal { .. } => {
                (found.help("put the state on a local disk with `--state`"), Exit::Usage)
            }
            StoreError::File { .. } | StoreError::Absent(_) => {
                (found.help("choose a folder that can be written with `--state`"), Exit::Usage)
            }
            StoreError::Failed { .. } | StoreError::WriterGone => {
                (found.help("keep the file: it holds what was paid for"), Exit::Internal)
            }
        };
        Failure::nothing_submitted(found, exit)
    }
}

fn about_filter(found: Diagnostic, error: &FilterError, columns: &[String]) -> Diagnostic {
    match error {
        FilterError::UnknownName { close: Some(close), .. } => found.help(format!("did you mean `{close}`?")),
        FilterError::UnknownName { .. } => {
            let columns: Vec<String> = columns.iter().take(12).map(|name| format!("`{name}`")).collect();
            let more = if columns.is_empty() { String::new() } else { format!(", {}", columns.join(", ")) };
            found.note(format!("there are `id`, `mode`, `status`{more}"))
        }
        FilterError::UnknownValue { name: "mode", .. } => {
            found.note("there are `fast`, `relaxed` and `auto`")
        }
        FilterError::UnknownValue { .. } => {
            found.note("there are `pending`, `running`, `done`, `failed`, `unknown`, `lost` and `skipped`")
        }
    }
}

fn about_column(name: &str, columns: &[String]) -> Diagnostic {
    let all = columns.iter().map(String::as_str).chain(["mode"]);
    let listed: Vec<String> = all.clone().take(12).map(quoted).collect();
    let found = Diagnostic::error(format!("the batch has no column {}", quoted(name)))
        .note(format!("there are {}", listed.join(", ")));
    match close_name(name, all) {
        Some(close) => found.help(format!("did you mean {}?", quoted(close))),
        None => found,
    }
}

fn about_images(error: &DestinationError) -> Diagnostic {
    match error {
        DestinationError::Template(error) => {
            Diagnostic::error(error.to_string()).help("name images as in `images/{{ id }}-{{ n }}.{{ ext }}`")
        }
        DestinationError::Folder(error) => {
            Diagnostic::error(error.to_string()).help("choose another folder with `--download`")
        }
        DestinationError::Name(conflict) => match &**conflict {
            NameConflict::SameFile { id, other, name } if id == other => {
                let (id, name) = (quoted(&id.0), quoted(name));
                Diagnostic::error(format!("two images of {id} would be the same file, {name}"))
                    .help("use `{{ n }}` in the name, separated from the rest")
            }
            NameConflict::SameFile { id, other, name } => {
                let (id, other, name) = (quoted(&id.0), quoted(&other.0), quoted(name));
                Diagnostic::error(format!("images of {other} and {id} would be the same file, {name}"))
                    .note("names are equal that differ only in case, Unicode form or characters that some system forbids")
                    .help("use more of what distinguishes the tasks in the name, such as `{{ id }}`")
            }
            NameConflict::Underivable { id, why } => {
                Diagnostic::error(format!("the images of {} cannot be named: {why}", quoted(&id.0)))
                    .help("give the task a value for it, or test it with `{% if … is defined %}`")
            }
        },
    }
}

fn about_hook(error: &HookError) -> Diagnostic {
    let install = "install it, or run with `--no-hooks`";
    match error {
        HookError::Folder(cause) => Diagnostic::error(cause.to_string()),
        HookError::NotExecutable(program) => {
            Diagnostic::error(format!("the command {} is not executable", quoted(program)))
                .help(format!("`chmod +x {}`", shell_quoted(program)))
        }
        HookError::NoSuchFile(program) => {
            Diagnostic::error(format!("there is no command {} beside the manifest", quoted(program)))
                .help(install)
        }
        HookError::NotInPath(program) => {
            Diagnostic::error(format!("there is no command {} in the PATH", quoted(program))).help(install)
        }
        HookError::VariableNotSet(name) => {
            Diagnostic::error(format!("the environment variable {} is not set", quoted(name)))
                .help(format!("`export {name}=…`, or run with `--no-hooks`"))
        }
        HookError::UnusableUrl(why) => {
            Diagnostic::error(format!("the URL of the hook cannot be used: {why}"))
        }
    }
}

/// Says what should be known before anything is spent.
pub(super) fn warn(warning: &PlanWarning) {
    let these = |auto: u64| match auto {
        1 => "1 task of mode `auto`".to_owned(),
        n => format!("{n} tasks of mode `auto`"),
    };
    let found = match warning {
        PlanWarning::NoDeadline { auto } => Diagnostic::warning(format!(
            "{} and no deadline: what waits is sent relaxed",
            these(*auto)
        ))
        .help("say when it should be done, with `--deadline 08:00`, or `deadline: \"08:00\"` under `batch:`"),
        PlanWarning::DeadlineOver { auto, deadline } => {
            Diagnostic::warning(format!("the deadline {deadline} is over: {} are sent fast", these(*auto)))
                .help("give another one, with `--deadline 6h` or in the manifest")
        }
    };
    say(&found.into());
}
