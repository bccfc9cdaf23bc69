//! Checks single values of the map `batch`.

use std::time::Duration;

use super::money::{Budget, InvalidBudget, InvalidUsd, Usd};
use super::on_unknown::OnUnknown;
use crate::deadline::Deadline;
use crate::diagnostic::quoted;
use crate::duration;
use crate::manifest::value::{ValueError, number};
use crate::task::Quota;

/// How many tasks one run may make again because their prompts were edited.
pub(crate) fn max_changed(text: &str) -> Result<u64, ValueError> {
    number(text, "a number of tasks", 0, 10_000_000)
}

pub(crate) fn retries(text: &str) -> Result<u8, ValueError> {
    number(text, "a number of retries", 0, 10).map(|n| u8::try_from(n).unwrap_or(0))
}

/// What happens to a task whose outcome is unknown: `keep` or `resend`.
pub(crate) fn on_unknown(text: &str) -> Result<OnUnknown, ValueError> {
    text.parse().map_err(|_| {
        ValueError::new(format!("{} is neither keep nor resend", quoted(text)), "expected `keep` or `resend`")
            .note("`resend` sends again what may have been made and billed")
    })
}

/// The limit on what the batch may cost: `20usd` or `500quota`.
pub(crate) fn budget(text: &str) -> Result<Budget, ValueError> {
    text.parse().map_err(|InvalidBudget(text)| {
        ValueError::new(format!("{} is not a budget", quoted(&text)), "expected a number and its unit")
            .help("write it as in `20usd` or `500quota`")
    })
}

/// When all tasks should be done: a time, a date with a time, or a duration.
pub(crate) fn deadline(text: &str) -> Result<Deadline, ValueError> {
    text.parse().map_err(|_| {
        ValueError::new(format!("{} is not a deadline", quoted(text)), "expected a time or a duration")
            .help("write it as in `08:00`, `2026-03-01T08:00` or `6h`")
    })
}

/// The price of one quota in US dollars.
pub(crate) fn usd(text: &str) -> Result<Usd, ValueError> {
    text.parse().map_err(|InvalidUsd(text)| {
        ValueError::new(
            format!("{} is not an amount of US dollars", quoted(&text)),
            "expected a number such as `0.0077`",
        )
        .note("from 0 to 1000000, with at most six decimals")
    })
}

/// The price of a job in quota.
pub(crate) fn price(text: &str) -> Result<Quota, ValueError> {
    text.parse().map_err(|_| {
        ValueError::new(
            format!("{} is not an amount of quota", quoted(text)),
            "expected a number such as `2` or `1.5`",
        )
        .note("from 0 to 1000000, with at most three decimals")
    })
}

/// A duration above zero.
pub(crate) fn span(text: &str) -> Result<Duration, ValueError> {
    match duration::parse(text) {
        Ok(span) if span.is_zero() => {
            Err(ValueError::new("the duration is zero", "expected more than zero, such as `1s`"))
        }
        Ok(span) => Ok(span),
        Err(_) => Err(ValueError::new(
            format!("{} is not a duration", quoted(text)),
            "expected a number and its unit",
        )
        .help("write it as in `500ms`, `90s`, `15m` or `2h`")),
    }
}

/// How many jobs may run at once, 1 to 1000.
pub(crate) fn concurrency(text: &str) -> Result<u16, ValueError> {
    match text.trim().parse::<u16>() {
        Ok(jobs @ 1..=1000) => Ok(jobs),
        _ => Err(ValueError::new(format!("{} is not a number of jobs", quoted(text)), "expected 1 to 1000")
            .note("an account runs ten jobs at once unless it was given more")),
    }
}
