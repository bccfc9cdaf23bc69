//! Which tasks a run submits, of those that wait: all, those that filters choose, or a pilot.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use super::{Plan, Step};
use crate::diagnostic::close_name;
use crate::task::{ModeCounts, State, Status, Task, TaskId, TaskMode};

/// `NAME=VALUE`, as it was typed: `id=hero/*`, `sku=A-1`, `status=failed`. A `*` stands for any text, also for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    name: String,
    value: String,
}

impl Filter {
    /// Whether it chooses by status, and tasks that a run never submits.
    pub fn is_about_others(&self) -> bool {
        self.name == "status" && self.value != Status::Pending.as_str() && !self.value.contains('*')
    }
}

/// As it was typed.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

/// The text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no filter: `NAME=VALUE`, as in `id=hero/*` or `sku=A-1`")]
pub struct NotAFilter(pub String);

impl FromStr for Filter {
    type Err = NotAFilter;

    fn from_str(text: &str) -> Result<Self, NotAFilter> {
        match text.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok(Filter { name: name.trim().to_owned(), value: value.trim().to_owned() })
            }
            _ => Err(NotAFilter(text.to_owned())),
        }
    }
}

/// A filter that no task can meet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// Neither `id`, `mode`, `status`, nor a column of the manifest.
    #[error("no task has a variable `{name}`")]
    Name {
        /// As it was typed.
        name: String,
        /// A name that there is, and that is close.
        close: Option<String>,
    },
    /// A `mode` or `status` that there is not.
    #[error("`{value}` is no {name}")]
    Value {
        /// `mode` or `status`.
        name: &'static str,
        /// As it was typed.
        value: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Field {
    Id,
    Mode,
    Status,
    Variable(usize),
}

/// Filters that were understood. Those of one name choose what any of them does, those of several names what all do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Only {
    patterns: HashMap<Field, Vec<String>>,
}

/// What filters look at.
#[derive(Debug, Clone, Copy)]
pub struct Looked<'a> {
    /// The task's name.
    pub id: &'a TaskId,
    /// Its mode.
    pub mode: TaskMode,
    /// Where it stands.
    pub status: Status,
    /// The values of the manifest's own columns.
    pub vars: &'a [String],
}

impl Only {
    /// Understands filters for a manifest with these columns.
    ///
    /// # Errors
    /// [`Unknown`] where no task could ever meet one.
    pub fn of(filters: &[Filter], columns: &[String]) -> Result<Only, Unknown> {
        let mut only = Only::default();
        for Filter { name, value } in filters {
            let variable = || columns.iter().position(|column| column == name).map(Field::Variable);
            let (field, pattern) = match name.as_str() {
                "id" => (Field::Id, value.clone()),
                "mode" => (Field::Mode, mode(value)?),
                "status" => (Field::Status, status(value)?),
                _ => (variable().ok_or_else(|| unknown(name, columns))?, value.clone()),
            };
            only.patterns.entry(field).or_default().push(pattern);
        }
        Ok(only)
    }

    /// Whether every task is chosen.
    pub fn is_all(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether this task is.
    pub fn chooses(&self, task: Looked<'_>) -> bool {
        self.patterns.iter().all(|(field, patterns)| {
            let value = match field {
                Field::Id => task.id.0.as_str(),
                Field::Mode => task.mode.as_str(),
                Field::Status => task.status.as_str(),
                Field::Variable(n) => task.vars.get(*n).map_or("", String::as_str),
            };
            patterns.iter().any(|pattern| meets(value, pattern))
        })
    }
}

/// Which of the waiting tasks a run submits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// Those that filters choose.
    pub only: Only,
    /// Of these, one of each entry of which none was submitted before.
    pub pilot: bool,
}

impl Plan {
    /// Of the tasks that would be submitted, only those are that are chosen. `tasks` gives those that the plan is of.
    pub fn choose<T: Iterator<Item = Task>>(&mut self, choice: &Choice, tasks: impl Fn() -> T) {
        if *choice == Choice::default() {
            return;
        }
        let begun = |step: &Step| !matches!(step.state(), State::Pending | State::Skipped);
        let mut tried = HashSet::new();
        if choice.pilot {
            let begun = tasks().zip(&self.steps).filter(|(_, step)| begun(step));
            tried.extend(begun.map(|(task, _)| task.entry));
        }
        (self.to_submit, self.left_out) = (ModeCounts::default(), 0);
        let mut chosen = Vec::with_capacity(self.steps.len());
        for (task, step) in tasks().zip(&self.steps) {
            let waits = step.state() == State::Pending;
            let looked = Looked { id: &task.id, mode: task.mode, status: Status::Pending, vars: &task.vars };
            let is_chosen =
                waits && choice.only.chooses(looked) && (!choice.pilot || tried.insert(task.entry));
            if is_chosen {
                self.to_submit.add(task.mode);
            }
            self.left_out += u64::from(waits && !is_chosen);
            chosen.push(is_chosen);
        }
        self.chosen = Some(chosen);
    }
}

fn unknown(name: &str, columns: &[String]) -> Unknown {
    let names = ["id", "mode", "status"].into_iter().chain(columns.iter().map(String::as_str));
    Unknown::Name { name: name.to_owned(), close: close_name(name, names).map(str::to_owned) }
}

fn mode(value: &str) -> Result<String, Unknown> {
    if value.contains('*') {
        return Ok(value.to_owned());
    }
    let mode: Result<TaskMode, _> = value.parse();
    mode.map(|mode| mode.as_str().to_owned())
        .map_err(|_| Unknown::Value { name: "mode", value: value.to_owned() })
}

fn status(value: &str) -> Result<String, Unknown> {
    let known = value.contains('*') || Status::ALL.iter().any(|status| status.as_str() == value);
    if known { Ok(value.to_owned()) } else { Err(Unknown::Value { name: "status", value: value.to_owned() }) }
}

/// Whether a value is what a pattern with `*` in it says.
fn meets(value: &str, pattern: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return value == pattern };
    let Some(mut value) = value.strip_prefix(head) else { return false };
    // Each further part is looked for as early as it can be, but the last, which must end the value.
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

    fn chosen(filters: &[&str], id: &str, vars: &[&str]) -> bool {
        let filters: Vec<Filter> = filters.iter().map(|filter| filter.parse().unwrap()).collect();
        let only = Only::of(&filters, &["sku".to_owned(), "colour".to_owned()]).unwrap();
        let vars: Vec<String> = vars.iter().map(|&var| var.to_owned()).collect();
        let (id, mode) = (TaskId(id.to_owned()), Mode::Relaxed.into());
        only.chooses(Looked { id: &id, mode, status: Status::Pending, vars: &vars })
    }

    #[test]
    fn filters_of_one_name_are_alternatives_and_of_several_conditions() {
        assert!(chosen(&[], "hero/1", &["A-1", "red"]));
        assert!(chosen(&["sku=A-1", "sku=A-2"], "hero/1", &["A-2", "red"]));
        assert!(!chosen(&["sku=A-1", "sku=A-2"], "hero/1", &["A-3", "red"]));
        assert!(!chosen(&["sku=A-1", "colour=blue"], "hero/1", &["A-1", "red"]));
        assert!(chosen(
            &["id=hero/*", "colour=red", "mode=relax", "status=pending"],
            "hero/1",
            &["A-1", "red"]
        ));
        assert!(chosen(&["colour="], "hero/1", &["A-1", ""]), "an empty value is a value");
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
            assert_eq!(meets(value, pattern), expected, "{value} {pattern}");
        }
    }

    #[test]
    fn a_filter_that_nothing_can_meet_is_refused() {
        let of = |filter: &str| Only::of(&[filter.parse().unwrap()], &["sku".to_owned()]);
        let close = Some("sku".to_owned());
        assert_eq!(of("skuu=A-1"), Err(Unknown::Name { name: "skuu".to_owned(), close }));
        assert!(matches!(of("status=broken"), Err(Unknown::Value { name: "status", .. })));
        assert!(matches!(of("mode=turbo"), Err(Unknown::Value { name: "mode", .. })));
        for text in ["", "hero", "=x", " = "] {
            assert!(text.parse::<Filter>().is_err(), "{text}");
        }
    }
}
