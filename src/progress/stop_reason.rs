//! The reason why a run ended, and the sentence of each reason.

use std::fmt;
use std::time::Duration;

use super::wording::{NAME, REASON, counted, duration};
use crate::text::sanitize_line;

/// The reason why a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// Every task that it could see to its end has ended.
    Finished,
    /// Every task had ended before it began.
    NothingToDo,
    /// A person or the system asked it to stop.
    Interrupted,
    /// The service refused the API key.
    KeyRefused {
        /// In these words.
        words: String,
    },
    /// The account is out of quota.
    QuotaGone,
    /// The service could not be reached, or was broken, for too long.
    Unreachable {
        /// What the last try met.
        why: String,
    },
    /// The state could not be written: nothing more was submitted.
    StateNotWritten,
    /// What is next would pass the budget.
    BudgetReached {
        /// The budget, in words.
        budget: String,
        /// How counted tasks wait.
        left: u64,
    },
    /// Its time was over.
    TimeOver {
        /// How long it was to submit.
        after: Duration,
    },
    /// It was not to wait for what it submitted.
    NotAwaited,
    /// Prompt after prompt was turned down.
    Breaker {
        /// How counted in a row.
        in_a_row: u64,
        /// The values that all of them have, and not all others: the variable and its value.
        shared: Vec<(String, String)>,
    },
    /// What was chosen for this run is done; other tasks wait.
    ChosenDone {
        /// How counted.
        left: u64,
    },
    /// One task of each entry has been tried; a person may look.
    PilotDone {
        /// How counted tasks wait.
        left: u64,
    },
    /// It submitted as counted tasks as it was allowed to.
    LimitReached {
        /// How counted that is.
        limit: u64,
    },
}

impl StopReason {
    /// The word for programs.
    pub fn as_str(&self) -> &'static str {
        match self {
            StopReason::Finished => "finished",
            StopReason::NothingToDo => "nothing_to_do",
            StopReason::Interrupted => "interrupted",
            StopReason::KeyRefused { .. } => "key_refused",
            StopReason::QuotaGone => "quota_gone",
            StopReason::Unreachable { .. } => "unreachable",
            StopReason::StateNotWritten => "state_not_written",
            StopReason::LimitReached { .. } => "limit_reached",
            StopReason::BudgetReached { .. } => "budget_reached",
            StopReason::TimeOver { .. } => "time_over",
            StopReason::NotAwaited => "not_awaited",
            StopReason::Breaker { .. } => "breaker",
            StopReason::ChosenDone { .. } => "chosen_done",
            StopReason::PilotDone { .. } => "pilot_done",
        }
    }

    /// Whether something stood in the way that a person has to see to.
    pub fn is_error(&self) -> bool {
        matches!(
            self,
            StopReason::KeyRefused { .. }
                | StopReason::QuotaGone
                | StopReason::Breaker { .. }
                | StopReason::Unreachable { .. }
                | StopReason::StateNotWritten
        )
    }

    /// Whether there was nothing more to do.
    pub(super) fn is_end(&self) -> bool {
        matches!(self, StopReason::Finished | StopReason::NothingToDo)
    }
}

/// Writes one sentence, safe for a terminal, without a period.
impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StopReason::Finished => f.write_str("finished"),
            StopReason::NothingToDo => f.write_str("nothing to do"),
            StopReason::Interrupted => f.write_str("interrupted; nothing more was submitted"),
            StopReason::KeyRefused { words } => write!(
                f,
                "the service rejected the API key ({}); set a valid one in MIDJOURNEY_API_KEY (no task was marked failed)",
                sanitize_line(words, REASON)
            ),
            StopReason::QuotaGone => f.write_str("the account is out of quota; top it up and run again"),
            StopReason::Unreachable { why } => {
                write!(f, "the service cannot be reached or is broken ({}); run again later", sanitize_line(why, REASON))
            }
            StopReason::StateNotWritten => {
                f.write_str("the state could not be written, so nothing more was submitted; free some disk space and run again")
            }
            StopReason::BudgetReached { budget, left } => write!(
                f,
                "the budget of {budget} is reached: {} not submitted; raise it with `--budget`",
                were(*left, "task")
            ),
            StopReason::TimeOver { after } => {
                write!(f, "the time limit of {} (`--max-duration`) is over; run again to continue", duration(*after))
            }
            StopReason::NotAwaited => {
                f.write_str("not waiting for the submitted jobs (`--no-wait`); run again to collect them")
            }
            StopReason::Breaker { in_a_row, shared } => write!(
                f,
                "{in_a_row} prompts in a row were rejected, which puts the account at risk; {}; check them before you run again",
                shared_values(shared)
            ),
            StopReason::ChosenDone { left } => {
                write!(f, "the tasks selected by `--only` are done; {left} not selected")
            }
            StopReason::PilotDone { left } => write!(
                f,
                "the pilot is done: check its images, then run without `--pilot` for the {}",
                remaining(*left)
            ),
            StopReason::LimitReached { limit } => {
                write!(f, "the limit of {} for this run is reached", counted(*limit, "task"))
            }
        }
    }
}

/// A number of things and its verb: `1 task was`, `3 tasks were`.
fn were(n: u64, noun: &str) -> String {
    format!("{} {}", counted(n, noun), if n == 1 { "was" } else { "were" })
}

/// The tasks that are left: `remaining task`, `3 remaining tasks`.
fn remaining(n: u64) -> String {
    if n == 1 { "remaining task".to_owned() } else { format!("{n} remaining tasks") }
}

/// What the rejected prompts have in common, as a clause.
fn shared_values(shared: &[(String, String)]) -> String {
    const MAX_LISTED: usize = 3;
    if shared.is_empty() {
        return "they have no distinguishing variable value in common".to_owned();
    }
    let shared = shared.iter().take(MAX_LISTED);
    let values: Vec<String> = shared
        .map(|(name, value)| format!("{} = \"{}\"", sanitize_line(name, NAME), sanitize_line(value, NAME)))
        .collect();
    format!("all have {}", values.join(" and "))
}
