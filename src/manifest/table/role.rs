//! What the columns of a table are, by their names.

use super::guard::GUARD_COLUMN;
use super::variables;
use crate::prompt;

/// What a column of a Midjourney flag may be called, besides `--ar`: `params.ar`.
const PARAMS: &str = "params.";

/// What a table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TablePurpose {
    /// Each row has a prompt.
    Manifest,
    /// The same, and the rows are results of an earlier run.
    Results,
    /// Each row is a set of variables.
    Data,
}

/// What a column is.
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
    /// The numbers of the picked images, in results: a variable like any other.
    Pick,
    /// A Midjourney flag, by any of its names.
    Flag(String),
    /// Nothing but a variable.
    Variable,
    /// What came of an earlier run.
    Result(ResultColumn),
    /// No name: nothing may stand in it.
    Unnamed,
}

/// What a column of the results holds.
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
    /// How many attempts there were, which the new state counts for itself.
    Attempts,
    /// That the cells are guarded.
    Guard,
}

impl ResultColumn {
    /// What the column of this name holds, written small.
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
        (_, TablePurpose::Results) => ColumnRole::Variable,
        ("repeat", _) => ColumnRole::Repeat,
        _ => flag(name).map_or(ColumnRole::Variable, ColumnRole::Flag),
    }
}

/// The flag that a column is: `--ar` for any flag there may be, `params.ar` as well.
fn flag(name: &str) -> Option<String> {
    let is_prefixed = name.get(..PARAMS.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(PARAMS));
    if is_prefixed {
        return Some(name[PARAMS.len()..].trim().to_owned()).filter(|flag| !flag.is_empty());
    }
    name.strip_prefix("--").filter(|flag| prompt::is_flag(flag)).map(str::to_owned)
}
