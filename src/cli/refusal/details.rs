//! The sentences that need to look into an error: filters, columns, the names of images, hooks.

use super::super::paste::shell_quoted;
use crate::diagnostic::{Diagnostic, close_name, quoted};
use crate::download::{DestinationError, NameConflict};
use crate::hooks::HookError;
use crate::plan::FilterError;

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
