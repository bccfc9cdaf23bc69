//! The sentences of a batch that has no state and was run before.

use std::path::PathBuf;

use super::super::paste::shell_quoted;
use super::NAME;
use crate::batch::{EarlierTraces, SameManifest};
use crate::diagnostic::Diagnostic;
use crate::task::TaskId;
use crate::text::sanitize_line;

/// How many ids are shown.
const SHOWN: usize = 3;

/// What was found, and the ways on.
pub(super) fn about_traces(mut found: Diagnostic, traces: &EarlierTraces) -> Diagnostic {
    for (path, tasks) in &traces.results {
        found = found.note(format!("{} has {} submitted", path.display(), tasks_that_were(*tasks)));
    }
    for (state, how) in &traces.states {
        found = found.note(match how {
            SameManifest::SameContent => format!("{state} is the state of a manifest with the same content"),
            SameManifest::Gone(name) => {
                let name = sanitize_line(name, NAME);
                format!("{state} is the state of `{name}`, which had the same prompts and is gone")
            }
            SameManifest::SameFile => format!("{state} is a state of this manifest"),
        });
    }
    let renamed = if traces.results.is_empty() { "" } else { " (those results are renamed first)" };
    let fresh = format!("`--fresh` to begin anew and pay for everything again{renamed}");
    found.help(match traces.states.as_slice() {
        [(state, _), ..] => {
            let state = shell_quoted(&state.to_string());
            format!("add `--state {state}` to go on with that state, or {fresh}")
        }
        [] => format!(
            "put the state back or name it with `--state`; without it, add `--take-over` to begin with what those results say and pay only for the rest, or {fresh}"
        ),
    })
}

fn tasks_that_were(n: u64) -> String {
    if n == 1 { "1 task that was".to_owned() } else { format!("{n} tasks that were") }
}

pub(super) fn about_nothing_to_take_over(found: Diagnostic, results: &[PathBuf], rows: u64) -> Diagnostic {
    let results: Vec<String> = results.iter().map(|path| path.display().to_string()).collect();
    let (results, has) = (results.join(" and "), if results.len() == 1 { "has" } else { "have" });
    let found = match rows {
        0 => found.note(format!("{results} {has} no task that was submitted")),
        1 => found.note(format!("the manifest does not have the task that {results} {has}")),
        n => found.note(format!("the manifest has none of the {n} tasks that {results} {has}")),
    };
    found.help("name the results of the earlier run with `--results`, or its state with `--state`")
}

pub(super) fn about_taken_over(results: &[PathBuf], tasks: u64, unmatched: &[TaskId]) -> Diagnostic {
    let results: Vec<String> = results.iter().map(|path| path.display().to_string()).collect();
    let noun = if tasks == 1 { "1 task was" } else { &format!("{tasks} tasks were") };
    let found = Diagnostic::warning(format!("{noun} taken over from {}", results.join(" and ")))
        .note("what was submitted after it was written is not in it, and would be paid for again");
    if unmatched.is_empty() {
        return found;
    }
    let ids: Vec<String> =
        unmatched.iter().take(SHOWN).map(|id| format!("`{}`", sanitize_line(&id.0, NAME))).collect();
    let more = match unmatched.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let n = unmatched.len();
    let these = if n == 1 { "1 task of it is".to_owned() } else { format!("{n} tasks of it are") };
    found.note(format!("{these} not in the manifest: {}{more}", ids.join(", ")))
}
