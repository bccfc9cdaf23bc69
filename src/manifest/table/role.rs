//! The roles of a table's columns, recognized by their names.

use super::guard::GUARD_COLUMN;
use super::variables;
use crate::prompt;

/// The prefix with which a column names a Midjourney flag, besides `--`: `params.ar`.
const PARAMS: &str = "params.";

/// What the rows of a table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TablePurpose {
    /// Each row is a prompt.
    Manifest,
    /// Each row is a prompt that an earlier run sent, with its outcome.
    Results,
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
    /// The numbers of picked images, in results; it is a variable like any other.
    Pick,
    /// A Midjourney flag, by any of its names.
    Flag(String),
    /// A variable and nothing else.
    Variable,
    /// A column that an earlier run wrote.
    Result(ResultColumn),
    /// A column without a name, whose cells must be empty.
    Unnamed,
}

/// Columns that results have of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResultColumn {
    Status,
    TaskId,
    Reason,
    Grid,
    Image,
    Quota,
    SubmittedAt,
    FinishedAt,
    /// The number of attempts; the state counts them for itself.
    Attempts,
    /// The mark of a guarded table.
    Guard,
    /// Which task of which batch the row is about.
    Ref,
}

impl ResultColumn {
    /// The column of this name, which is given in lower case.
    pub(crate) fn of(name: &str) -> ResultColumn {
        match name {
            "status" => ResultColumn::Status,
            "task_id" => ResultColumn::TaskId,
            "reason" => ResultColumn::Reason,
            "grid" => ResultColumn::Grid,
            "quota" => ResultColumn::Quota,
            "submitted_at" => ResultColumn::SubmittedAt,
            "finished_at" => ResultColumn::FinishedAt,
            "attempts" => ResultColumn::Attempts,
            GUARD_COLUMN => ResultColumn::Guard,
            _ => ResultColumn::Image,
        }
    }
}

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
        (_, TablePurpose::Results) if variables::is_reserved(name) => {
            ColumnRole::Result(ResultColumn::of(&lower))
        }
        ("pick", TablePurpose::Results) => ColumnRole::Pick,
        ("ref", TablePurpose::Results) => ColumnRole::Result(ResultColumn::Ref),
        (_, TablePurpose::Results) => ColumnRole::Variable,
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
