//! Selects which of the pending tasks a run submits: all, those that match filters, or a pilot.
//!
//! Filters are typed as `--only NAME=VALUE`. They are parsed first ([`Filter`]), then resolved
//! against the columns of the manifest ([`Filters`]), so that a misspelled column is an error and
//! not an empty selection.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use super::{Plan, Step};
use crate::diagnostic::close_name;
use crate::task::{ModeCounts, State, Status, Task, TaskId, TaskMode};

/// One `NAME=VALUE` as it was typed, such as `id=hero/*`, `sku=A-1` or `status=failed`.
///
/// A `*` in the value matches any text, also none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    name: String,
    value: String,
}

impl Filter {
    /// Whether the filter is on a status other than `pending`, which a run never submits.
    pub fn excludes_pending(&self) -> bool {
        self.name == "status" && self.value != Status::Pending.as_str() && !self.value.contains('*')
    }
}

/// The filter as it was typed.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

/// The error of a text that is not `NAME=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no filter: `NAME=VALUE`, as in `id=hero/*` or `sku=A-1`")]
pub struct FilterSyntaxError(pub String);

impl FromStr for Filter {
    type Err = FilterSyntaxError;

    fn from_str(text: &str) -> Result<Self, FilterSyntaxError> {
        match text.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok(Filter { name: name.trim().to_owned(), value: value.trim().to_owned() })
            }
            _ => Err(FilterSyntaxError(text.to_owned())),
        }
    }
}

/// The error of a filter that no task can match.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// The name is neither `id`, `mode` or `status` nor a column of the manifest.
    #[error("no task has a variable `{name}`")]
    UnknownName {
        /// The name as it was typed.
        name: String,
        /// The closest existing name, if one is close enough to be meant.
        close: Option<String>,
    },
    /// There is no such `mode` or `status`.
    #[error("`{value}` is no {name}")]
    UnknownValue {
        /// `mode` or `status`.
        name: &'static str,
        /// The value as it was typed.
        value: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum FilterField {
    TaskId,
    Mode,
    Status,
    Variable(usize),
}

/// Filters that were resolved against the columns of a manifest.
///
/// Filters of the same name are alternatives (OR); filters of different names must all match (AND).
/// Without filters every task matches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filters {
    patterns: HashMap<FilterField, Vec<String>>,
}

/// The properties of a task that filters can match.
#[derive(Debug, Clone, Copy)]
pub struct TaskView<'a> {
    /// The task's id.
    pub id: &'a TaskId,
    /// The task's mode.
    pub mode: TaskMode,
    /// The task's status.
    pub status: Status,
    /// The task's values of the manifest's own columns, in their order.
    pub vars: &'a [String],
}

impl Filters {
    /// Resolves filters for a manifest with these columns.
    ///
    /// # Errors
    /// [`FilterError`] for a filter that no task of such a manifest can match.
    pub fn resolve(filters: &[Filter], columns: &[String]) -> Result<Filters, FilterError> {
        let mut resolved = Filters::default();
        for Filter { name, value } in filters {
            let variable = || columns.iter().position(|column| column == name).map(FilterField::Variable);
            let (field, pattern) = match name.as_str() {
                "id" => (FilterField::TaskId, value.clone()),
                "mode" => (FilterField::Mode, mode(value)?),
                "status" => (FilterField::Status, status(value)?),
                _ => (variable().ok_or_else(|| unknown_name(name, columns))?, value.clone()),
            };
            resolved.patterns.entry(field).or_default().push(pattern);
        }
        Ok(resolved)
    }

    /// Whether there are no filters, so that every task matches.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether the task matches.
    pub fn matches(&self, task: TaskView<'_>) -> bool {
        self.patterns.iter().all(|(field, patterns)| {
            let value = match field {
                FilterField::TaskId => task.id.0.as_str(),
                FilterField::Mode => task.mode.as_str(),
                FilterField::Status => task.status.as_str(),
                FilterField::Variable(n) => task.vars.get(*n).map_or("", String::as_str),
            };
            patterns.iter().any(|pattern| matches_pattern(value, pattern))
        })
    }
}

/// Which of the pending tasks a run submits. By default, all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Only tasks that match are submitted.
    pub filters: Filters,
    /// Only one task per entry is submitted, and none of an entry that had a task submitted before.
    pub pilot: bool,
    /// Only tasks that wait because of a person's decision in a table are submitted.
    pub decided: bool,
}

impl Plan {
    /// Restricts the tasks that will be submitted to the selected ones.
    ///
    /// `tasks` returns the tasks that the plan was made of, in their order.
    pub fn select<T: Iterator<Item = Task>>(&mut self, selection: &Selection, tasks: impl Fn() -> T) {
        if *selection == Selection::default() {
            return;
        }
        let was_submitted = |step: &Step| !matches!(step.state(), State::Pending | State::Skipped);
        let mut tried = HashSet::new();
        if selection.pilot {
            let submitted = tasks().zip(&self.steps).filter(|(_, step)| was_submitted(step));
            tried.extend(submitted.map(|(task, _)| task.entry));
        }
        (self.to_submit, self.not_selected) = (ModeCounts::default(), 0);
        let mut selected = Vec::with_capacity(self.steps.len());
        for (task, step) in tasks().zip(&self.steps) {
            let is_pending = step.state() == State::Pending;
            let view = TaskView { id: &task.id, mode: task.mode, status: Status::Pending, vars: &task.vars };
            let is_selected = is_pending
                && selection.filters.matches(view)
                && (!selection.pilot || tried.insert(task.entry));
            if is_selected {
                self.to_submit.add(task.mode);
            }
            self.not_selected += u64::from(is_pending && !is_selected);
            selected.push(is_selected);
        }
        self.selected = Some(selected);
    }
}

fn unknown_name(name: &str, columns: &[String]) -> FilterError {
    let names = ["id", "mode", "status"].into_iter().chain(columns.iter().map(String::as_str));
    FilterError::UnknownName { name: name.to_owned(), close: close_name(name, names).map(str::to_owned) }
}

fn mode(value: &str) -> Result<String, FilterError> {
    if value.contains('*') {
        return Ok(value.to_owned());
    }
    let mode: Result<TaskMode, _> = value.parse();
    mode.map(|mode| mode.as_str().to_owned())
        .map_err(|_| FilterError::UnknownValue { name: "mode", value: value.to_owned() })
}

fn status(value: &str) -> Result<String, FilterError> {
    let known = value.contains('*') || Status::ALL.iter().any(|status| status.as_str() == value);
    if known {
        Ok(value.to_owned())
    } else {
        Err(FilterError::UnknownValue { name: "status", value: value.to_owned() })
    }
}

/// Whether the value matches the pattern, in which `*` stands for any text.
fn matches_pattern(value: &str, pattern: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return value == pattern };
    let Some(mut value) = value.strip_prefix(head) else { return false };
    // Each part is matched as early as possible, except the last, which must end the value.
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        match value.find(part) {
            Some(at) => value = &value[at + part.len()..],
            None => return false,
        }
    }
    value.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Mode;

    fn is_matched(filters: &[&str], id: &str, vars: &[&str]) -> bool {
        let filters: Vec<Filter> = filters.iter().map(|filter| filter.parse().unwrap()).collect();
        let filters = Filters::resolve(&filters, &["sku".to_owned(), "colour".to_owned()]).unwrap();
        let vars: Vec<String> = vars.iter().map(|&var| var.to_owned()).collect();
        let (id, mode) = (TaskId(id.to_owned()), Mode::Relaxed.into());
        filters.matches(TaskView { id: &id, mode, status: Status::Pending, vars: &vars })
    }

    #[test]
    fn filters_of_one_name_are_alternatives_and_of_several_names_conditions() {
        assert!(is_matched(&[], "hero/1", &["A-1", "red"]));
        assert!(is_matched(&["sku=A-1", "sku=A-2"], "hero/1", &["A-2", "red"]));
        assert!(!is_matched(&["sku=A-1", "sku=A-2"], "hero/1", &["A-3", "red"]));
        assert!(!is_matched(&["sku=A-1", "colour=blue"], "hero/1", &["A-1", "red"]));
        assert!(is_matched(
            &["id=hero/*", "colour=red", "mode=relax", "status=pending"],
            "hero/1",
            &["A-1", "red"]
        ));
        assert!(is_matched(&["colour="], "hero/1", &["A-1", ""]), "an empty value is a value");
    }

    #[test]
    fn a_star_is_any_text() {
        for (value, pattern, expected) in [
            ("hero/1", "hero/*", true),
            ("hero", "hero/*", false),
            ("hero/", "hero/*", true),
            ("a/b/c", "*/b/*", true),
            ("abab", "*ab", true),
            ("ab", "ab*b", false),
            ("abb", "a*b*b", true),
            ("", "*", true),
            ("x", "", false),
            ("aXbXc", "a*X*X*c", true),
            ("aXc", "a*X*X*c", false),
            ("größe", "gr*ße", true),
        ] {
            assert_eq!(matches_pattern(value, pattern), expected, "{value} {pattern}");
        }
    }

    #[test]
    fn a_filter_that_nothing_can_match_is_refused() {
        let of = |filter: &str| Filters::resolve(&[filter.parse().unwrap()], &["sku".to_owned()]);
        let close = Some("sku".to_owned());
        assert_eq!(of("skuu=A-1"), Err(FilterError::UnknownName { name: "skuu".to_owned(), close }));
        assert!(matches!(of("status=broken"), Err(FilterError::UnknownValue { name: "status", .. })));
        assert!(matches!(of("mode=turbo"), Err(FilterError::UnknownValue { name: "mode", .. })));
        for text in ["", "hero", "=x", " = "] {
            assert!(text.parse::<Filter>().is_err(), "{text}");
        }
    }
}
