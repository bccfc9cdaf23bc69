//! The sentences that show details of an error: filters, columns, names of images, hooks.

use super::super::args::BatchArgs;
use super::super::paste::{command_for, shell_quoted};
use crate::batch::{ChangedTasks, TypedDecisions};
use crate::diagnostic::{Diagnostic, close_name, quoted};
use crate::download::{DestinationError, NameConflict};
use crate::hooks::HookError;
use crate::plan::FilterError;
use crate::task::TaskId;
use crate::text::sanitize_line;

pub(super) fn about_filter(found: Diagnostic, error: &FilterError, columns: &[String]) -> Diagnostic {
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

pub(super) fn about_column(name: &str, columns: &[String]) -> Diagnostic {
    let all = columns.iter().map(String::as_str).chain(["mode"]);
    let listed: Vec<String> = all.clone().take(12).map(quoted).collect();
    let found = Diagnostic::error(format!("the batch has no column {}", quoted(name)))
        .note(format!("there are {}", listed.join(", ")));
    match close_name(name, all) {
        Some(close) => found.help(format!("did you mean {}?", quoted(close))),
        None => found,
    }
}

pub(super) fn about_images(error: &DestinationError) -> Diagnostic {
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
                    .note("names that differ only in case, Unicode form or forbidden characters are one file on some systems")
                    .help("use more of what distinguishes the tasks in the name, such as `{{ id }}`")
            }
            NameConflict::Underivable { id, why } => {
                Diagnostic::error(format!("the images of {} cannot be named: {why}", quoted(&id.0)))
                    .help("give the task a value for it, or test it with `{% if … is defined %}`")
            }
        },
    }
}

pub(super) fn about_hook(error: &HookError) -> Diagnostic {
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

/// How many ids are shown, and how many characters of each and of a prompt.
const SHOWN: usize = 3;
const NAME: usize = 40;
const PROMPT: usize = 120;

pub(super) fn about_renamed(ids: &[(TaskId, TaskId)]) -> Diagnostic {
    let shown: Vec<String> = ids
        .iter()
        .take(SHOWN)
        .map(|(from, to)| format!("`{}` was `{}`", sanitize_line(&to.0, NAME), sanitize_line(&from.0, NAME)))
        .collect();
    let more = match ids.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let tasks = if ids.len() == 1 { "1 task has".to_owned() } else { format!("{} tasks have", ids.len()) };
    let found = format!("{tasks} another id and the same prompt: known already, and not bought again");
    Diagnostic::warning(found).note(format!("{}{more}", shown.join(", ")))
}

pub(super) fn about_typed(typed: &TypedDecisions, batch: &BatchArgs) -> Diagnostic {
    let tasks = if typed.tasks == 1 { "1 task".to_owned() } else { format!("{} tasks", typed.tasks) };
    let table = sanitize_line(&typed.table.to_string_lossy(), PROMPT);
    let run = command_for("run", &typed.table, batch, &[]);
    Diagnostic::warning(format!("`{table}` has decisions about {tasks} that were not carried out"))
        .note("they are kept, and this run does not carry them out")
        .help(format!("`{}` does", sanitize_line(&run, PROMPT)))
}

pub(super) fn about_changed(found: Diagnostic, changed: &ChangedTasks) -> Diagnostic {
    let mut found = found.note(format!("one run makes at most {} again by itself", changed.most));
    if let Some(cost) = changed.cost {
        found = found.note(format!("that would cost {cost}"));
    }
    for (id, before, after) in &changed.examples {
        let (before, after) = (sanitize_line(before, PROMPT), sanitize_line(after, PROMPT));
        found = found
            .note(format!("`{}` was: {before}", sanitize_line(&id.0, NAME)))
            .note(format!("now: {after}"));
    }
    let n = changed.tasks;
    found.help(format!(
        "`mjbatch plan` lists them; if they are meant, add `--max-changed {n}`, or `max_changed: {n}` under `batch:`"
    ))
}
