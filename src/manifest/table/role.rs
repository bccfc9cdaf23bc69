//! The roles of a table's columns, recognized by their names.

use crate::prompt;

/// The prefix with which a column names a Midjourney flag, besides `--`: `params.ar`.
const PARAMS: &str = "params.";

/// What the rows of a table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TablePurpose {
    /// Each row is a prompt.
    Manifest,
    /// Each row is a set of variables.
    Data,
}

/// What the cells of a column are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ColumnRole {
    Prompt,
    Id,
    Mode,
    Timeout,
    HookUrl,
    Repeat,
    Priority,
    Action,
    /// A Midjourney flag, by any of its names.
    Flag(String),
    /// A variable and nothing else.
    Variable,
    /// A column without a name, whose cells must be empty.
    Unnamed,
}

/// The role of the column of this name.
pub(crate) fn role(name: &str, purpose: TablePurpose) -> ColumnRole {
    let lower = name.to_ascii_lowercase();
    match (lower.as_str(), purpose) {
        ("", _) => ColumnRole::Unnamed,
        ("id", _) => ColumnRole::Id,
        (_, TablePurpose::Data) => ColumnRole::Variable,
        ("prompt", _) => ColumnRole::Prompt,
        ("mode", _) => ColumnRole::Mode,
        ("timeout", _) => ColumnRole::Timeout,
        ("hook_url", _) => ColumnRole::HookUrl,
        ("priority", _) => ColumnRole::Priority,
        ("action", _) => ColumnRole::Action,
        ("repeat", _) => ColumnRole::Repeat,
        _ => flag(name).map_or(ColumnRole::Variable, ColumnRole::Flag),
    }
}

/// The flag that a column stands for: any after `--`, known ones after `params.`.
fn flag(name: &str) -> Option<String> {
    let is_prefixed = name.get(..PARAMS.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(PARAMS));
    if is_prefixed {
        return Some(name[PARAMS.len()..].trim().to_owned()).filter(|flag| !flag.is_empty());
    }
    name.strip_prefix("--").filter(|flag| prompt::is_flag(flag)).map(str::to_owned)
}
