//! What the columns of a table are, by their names.

use super::guard::GUARD_COLUMN;
use super::variables;
use crate::prompt;

/// What a column of a Midjourney flag may be called, besides `--ar`: `params.ar`.
const PARAMS: &str = "params.";

/// What a table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Each row has a prompt.
    Manifest,
    /// The same, and the rows are results of an earlier run.
    Results,
    /// Each row is a set of variables.
    Data,
}

/// What a column is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    Prompt,
    Id,
    Mode,
    Timeout,
    HookUrl,
    Repeat,
    Priority,
    Action,
    /// The numbers of the pictures that a person chose, in results: a variable like any other.
    Pick,
    /// A Midjourney flag, by any of its names.
    Flag(String),
    /// Nothing but a variable.
    Variable,
    /// What came of an earlier run.
    Result(Told),
    /// No name: nothing may stand in it.
    Unnamed,
}

/// What a column of the results holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
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

impl Told {
    /// What the column of this name holds, written small.
    pub(crate) fn of(name: &str) -> Told {
        match name {
            "status" => Told::Status,
            "task_id" => Told::TaskId,
            "reason" => Told::Reason,
            "grid" => Told::Grid,
            "quota" => Told::Quota,
            "submitted_at" => Told::SubmittedAt,
            "finished_at" => Told::FinishedAt,
            "attempts" => Told::Attempts,
            GUARD_COLUMN => Told::Guard,
            _ => Told::Image,
        }
    }
}

pub(crate) fn role(name: &str, purpose: Purpose) -> Role {
    let lower = name.to_ascii_lowercase();
    match (lower.as_str(), purpose) {
        ("", _) => Role::Unnamed,
        ("id", _) => Role::Id,
        (_, Purpose::Data) => Role::Variable,
        ("prompt", _) => Role::Prompt,
        ("mode", _) => Role::Mode,
        ("timeout", _) => Role::Timeout,
        ("hook_url", _) => Role::HookUrl,
        ("priority", _) => Role::Priority,
        ("action", _) => Role::Action,
        (_, Purpose::Results) if variables::is_reserved(name) => Role::Result(Told::of(&lower)),
        ("pick", Purpose::Results) => Role::Pick,
        (_, Purpose::Results) => Role::Variable,
        ("repeat", _) => Role::Repeat,
        _ => flag(name).map_or(Role::Variable, Role::Flag),
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
