//! What a run may spend, and on which tasks: what was typed and what the manifest says, made into one.

use std::collections::HashSet;
use std::time::Duration;

use jiff::ZonedDateTime;

use super::args::SelectionArgs;
use super::failure::Failure;
use crate::deadline::{Deadline, NotADeadline};
use crate::diagnostic::Diagnostic;
use crate::manifest::{BatchSettings, Budget, Manifest};
use crate::plan::{Filter, FilterError, Filters, Plan, Selection, Step, TaskView};
use crate::task::{Mode, Prices, Quota, Status, Task, TaskMode};

/// The most that a batch may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cap {
    /// In the service's own unit.
    pub(super) quota: Quota,
    /// As a person wrote it, and what it was taken for.
    pub(super) words: String,
}

/// The service's own rate, in dollars: 1 USD buys so much quota.
const QUOTA_FOR_A_USD: u64 = 130;

/// The budget that is meant, if there is one.
pub(super) fn budget(typed: Option<Budget>, batch: &BatchSettings) -> Option<Cap> {
    let budget = typed.or(batch.budget)?;
    let Budget::Usd(usd) = budget else {
        let Budget::Quota(quota) = budget else { return None };
        return Some(Cap { quota, words: budget.to_string() });
    };
    // Millionths of a dollar to thousandths of a quota, rounded down: a cap is never above what was said.
    let quota = match batch.usd_per_quota {
        Some(price) => (usd.0 * 1000).checked_div(price.0).unwrap_or(u64::MAX),
        None => usd.0 * QUOTA_FOR_A_USD / 1000,
    };
    let estimate = match batch.usd_per_quota {
        Some(_) => String::new(),
        None => format!(", an estimate: 1 USD buys {QUOTA_FOR_A_USD}"),
    };
    let quota = Quota(quota);
    Some(Cap { quota, words: format!("{budget} ({quota} quota{estimate})") })
}

/// When all should be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    /// The time until then; none where it is over.
    pub(super) left: Duration,
    /// As a person wrote it, with the moment where that does not say it.
    pub(super) words: String,
}

/// The deadline that is meant, if there is one. One of the manifest that is over leaves no time; to type one is a slip.
pub(super) fn deadline(
    typed: Option<&Deadline>,
    batch: &BatchSettings,
    now: &ZonedDateTime,
) -> Result<Option<Due>, Failure> {
    let Some(deadline) = typed.or(batch.deadline.as_ref()) else { return Ok(None) };
    match deadline.after(now) {
        Ok(at) => {
            let left = Duration::try_from(at.duration_since(now.timestamp())).unwrap_or_default();
            let shown = at.to_zoned_datetime(now.time_zone().clone()).strftime("%H:%M").to_string();
            let said = deadline.to_string();
            let words = if said.contains(':') { said } else { format!("{shown} ({said} from now)") };
            Ok(Some(Due { left, words }))
        }
        Err(NotADeadline::Past(words)) if typed.is_none() => Ok(Some(Due { left: Duration::ZERO, words })),
        Err(e) => Err(Failure::usage(
            Diagnostic::error(e.to_string())
                .help("give one that is to come, as in `--deadline 08:00` or `--deadline 6h`"),
        )),
    }
}

/// What a person should know of a deadline, or the lack of one, where so many tasks leave their mode to the run.
pub(super) fn about_deadline(due: Option<&Due>, auto: u64) -> Option<Diagnostic> {
    let these = match auto {
        0 => return None,
        1 => "1 task of mode `auto`".to_owned(),
        n => format!("{n} tasks of mode `auto`"),
    };
    match due {
        None => Some(
            Diagnostic::warning(format!("{these} and no deadline: what waits is sent relaxed"))
                .help("say when it should be done, with `--deadline 08:00`, or `deadline: \"08:00\"` under `batch:`"),
        ),
        Some(Due { left: Duration::ZERO, words }) => Some(
            Diagnostic::warning(format!("the deadline {words} is over: {these} are sent fast"))
                .help("give another one, with `--deadline 6h` or in the manifest"),
        ),
        Some(_) => None,
    }
}

/// Refuses a budget that cannot be kept, since what these modes cost is not known.
pub(super) fn check_prices(cap: Option<&Cap>, unpriced: &[Mode]) -> Result<(), Failure> {
    let (Some(_), [mode, ..]) = (cap, unpriced) else { return Ok(()) };
    let error = format!("a budget needs to know what a job costs, and mode `{mode}` has no price");
    let note = "the service publishes no prices; your account shows what a job took";
    let help = "say it with `--prices fast=4,relaxed=2`, or in the manifest, under `batch:`, with `prices: { fast: 4, relaxed: 2 }`";
    Err(Failure::usage(Diagnostic::error(error).note(note).help(help)))
}

/// What filters choose in a manifest with these columns.
pub(super) fn filters(filters: &[Filter], columns: &[String]) -> Result<Filters, Failure> {
    Filters::resolve(filters, columns).map_err(|error| {
        let found = Diagnostic::error(error.to_string());
        Failure::usage(match &error {
            FilterError::UnknownName { close: Some(close), .. } => {
                found.help(format!("did you mean `{close}`?"))
            }
            FilterError::UnknownName { .. } => {
                let columns: Vec<String> = columns.iter().take(12).map(|name| format!("`{name}`")).collect();
                let more =
                    if columns.is_empty() { String::new() } else { format!(", {}", columns.join(", ")) };
                found.note(format!("there are `id`, `mode`, `status`{more}"))
            }
            FilterError::UnknownValue { name: "mode", .. } => {
                found.note("there are `fast`, `relaxed` and `auto`")
            }
            FilterError::UnknownValue { .. } => found
                .note("there are `pending`, `running`, `done`, `failed`, `unknown`, `lost` and `skipped`"),
        })
    })
}

/// Which tasks a run is to submit.
pub(super) fn selection(args: &SelectionArgs, columns: &[String]) -> Result<Selection, Failure> {
    if let Some(filter) = args.only.iter().find(|filter| filter.excludes_pending()) {
        let error = format!("a run submits what is pending, and `--only {filter}` chooses nothing of that");
        return Err(Failure::usage(
            Diagnostic::error(error)
                .help("`mjbatch retry` lets failed tasks wait again, with the same filters"),
        ));
    }
    Ok(Selection { filters: filters(&args.only, columns)?, pilot: args.pilot })
}

/// The modes of the manifest's tasks that have no price, where that matters.
pub(super) fn unpriced(manifest: &Manifest, prices: &Prices, matters: bool) -> Vec<Mode> {
    let mut modes = vec![Mode::Fast, Mode::Relaxed];
    modes.retain(|mode| matters && prices.of(*mode).is_none());
    if !modes.is_empty() {
        let used: HashSet<TaskMode> = manifest.tasks().map(|task| task.mode).collect();
        modes.retain(|mode| used.iter().any(|used| used.may_be().contains(mode)));
    }
    modes
}

/// Refuses filters that no task of the manifest meets, wherever it stands: they are misspelt.
pub(super) fn chooses_something(
    manifest: &Manifest,
    plan: &Plan,
    selection: &Selection,
    typed: &SelectionArgs,
) -> Result<(), Failure> {
    let is_matched = |(task, step): (Task, &Step)| {
        let status = step.state().shown(true);
        let in_any_status = TaskView { id: &task.id, mode: task.mode, status, vars: &task.vars };
        let as_pending = TaskView { status: Status::Pending, ..in_any_status };
        selection.filters.matches(in_any_status) || selection.filters.matches(as_pending)
    };
    if selection.filters.is_empty() || manifest.tasks().zip(&plan.steps).any(is_matched) {
        return Ok(());
    }
    let filters: Vec<String> = typed.only.iter().map(|filter| format!("`--only {filter}`")).collect();
    let error = format!("no task of the manifest is chosen by {}", filters.join(" and "));
    Err(Failure::usage(
        Diagnostic::error(error).help("`mjbatch plan --all` lists the tasks; `*` stands for any text"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_in_dollars_is_never_above_what_was_said() {
        let cap = |text: &str, usd: Option<&str>| {
            let usd_per_quota = usd.map(|usd| usd.parse().unwrap());
            let batch = BatchSettings { usd_per_quota, ..BatchSettings::default() };
            let cap = budget(Some(text.parse().unwrap()), &batch).unwrap();
            (cap.quota.0, cap.words)
        };
        assert_eq!(cap("500quota", None), (500_000, "500 quota".to_owned()));
        let words = "20.00 USD (2600 quota, an estimate: 1 USD buys 130)".to_owned();
        assert_eq!(cap("20usd", None), (2_600_000, words));
        assert_eq!(cap("20usd", Some("0.0077")).0, 2_597_402, "2597.4025 quota would be dearer");
        assert_eq!(cap("1000000usd", Some("0.000001")).0, 1_000_000_000_000_000);
        assert_eq!(cap("1usd", Some("0")).0, u64::MAX, "quota that costs nothing");
    }

    #[test]
    fn a_flag_goes_before_the_manifest() {
        let batch = BatchSettings { budget: "20quota".parse().ok(), ..BatchSettings::default() };
        assert_eq!(budget("5quota".parse().ok(), &batch).unwrap().quota, Quota(5000));
        assert_eq!(budget(None, &batch).unwrap().quota, Quota(20_000));
        assert_eq!(budget(None, &BatchSettings::default()), None);
    }
}
