//! The reason why a run ended, and the sentence of each reason.

use std::fmt;
use std::time::Duration;

use super::wording::{NAME, REASON, counted, duration};
use crate::engine::StopReason;
use crate::text::sanitize_line;

/// The reason why a run ended, with what its sentence needs besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopSummary {
    /// The reason.
    pub reason: StopReason,
    /// The number of tasks that were left pending.
    pub left: u64,
    /// The maximum number of tasks of this run, where there was one.
    pub limit: u64,
    /// The budget, in words.
    pub budget: String,
    /// The time after which nothing more was submitted.
    pub after: Duration,
    /// What the rejected prompts have in common, and not all tasks have: variables and their
    /// values.
    pub shared: Vec<(String, String)>,
}

impl From<StopReason> for StopSummary {
    fn from(reason: StopReason) -> StopSummary {
        let (budget, after, shared) = (String::new(), Duration::ZERO, Vec::new());
        StopSummary { reason, left: 0, limit: 0, budget, after, shared }
    }
}

/// Writes one sentence, safe for a terminal, without a period.
impl fmt::Display for StopSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StopSummary { reason, left, limit, budget, after, shared } = self;
        match reason {
            StopReason::Finished => f.write_str("finished"),
            StopReason::NothingToDo => f.write_str("nothing to do"),
            StopReason::Interrupted => f.write_str("interrupted; nothing more was submitted"),
            StopReason::KeyRefused(words) => write!(
                f,
                "the service rejected the API key ({}); set a valid one in MIDJOURNEY_API_KEY (no task was marked failed)",
                sanitize_line(words, REASON)
            ),
            StopReason::QuotaGone => f.write_str("the account is out of quota; top it up and run again"),
            StopReason::Unreachable(why) => {
                write!(f, "the service cannot be reached or is broken ({}); run again later", sanitize_line(why, REASON))
            }
            StopReason::StoreFailed => {
                f.write_str("the state could not be written, so nothing more was submitted; free some disk space and run again")
            }
            StopReason::BudgetReached => write!(
                f,
                "the budget of {budget} is reached: {} not submitted; raise it with `--budget`",
                were(*left, "task")
            ),
            StopReason::TimeOver => {
                write!(f, "the time limit of {} (`--max-duration`) is over; run again to continue", duration(*after))
            }
            StopReason::NotAwaited => {
                f.write_str("not waiting for the submitted jobs (`--no-wait`); run again to collect them")
            }
            StopReason::Breaker(tasks) => write!(
                f,
                "{} prompts in a row were rejected, which puts the account at risk; {}; check them before you run again",
                tasks.len(),
                shared_values(shared)
            ),
            StopReason::SelectionDone => {
                write!(f, "the tasks selected by `--only` are done; {left} not selected")
            }
            StopReason::DecisionsDone => match left {
                1 => f.write_str("the decisions of the table are carried out; 1 other task is pending"),
                _ => write!(f, "the decisions of the table are carried out; {left} other tasks are pending"),
            },
            StopReason::PilotDone => write!(
                f,
                "the pilot is done: check its images, then run without `--pilot` for the {}",
                remaining(*left)
            ),
            StopReason::LimitReached => {
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
