//! Resolves the one policy of a batch from options, manifest and defaults, in this order. Plan,
//! forecast and run use the same.

use std::time::Duration;

use jiff::ZonedDateTime;

use super::{BatchError, Options};
use crate::deadline::{Deadline, NotADeadline};
use crate::engine::Policy;
use crate::manifest::{BatchSettings, Budget, OnUnknown};
use crate::seeded_fault::{self, SeededFault};
use crate::task::{Prices, Quota};

/// The default of how often a job that failed at the service is submitted again. A failed
/// generation gives nothing and mostly succeeds the next time; two more tries bound the cost of a
/// job that never succeeds.
const RETRIES: u32 = 2;

/// The default of how many prompts in a row must be rejected to stop a run, since the account may
/// be at risk.
const BREAKER: u32 = 5;

/// The service's own rate: how much quota one US dollar buys.
const QUOTA_FOR_A_USD: u64 = 130;

/// The limits and the behavior of a batch.
#[derive(Debug, Clone)]
pub struct BatchPolicy {
    /// The engine's part.
    pub engine: Policy,
    /// The limit on what all runs together may cost.
    pub budget: Option<BudgetLimit>,
    /// The deadline.
    pub deadline: Option<DueTime>,
}

impl BatchPolicy {
    /// The rest of the budget after `spent`; `None` where there is no budget, or a price is
    /// missing.
    pub(super) fn left(&self, spent: Option<Quota>) -> Option<Quota> {
        let budget = self.budget.as_ref()?;
        Some(Quota(budget.quota.0.saturating_sub(spent?.0)))
    }

    /// Resolves the policy from options and manifest.
    ///
    /// # Errors
    ///
    /// [`BatchError::Deadline`] and [`BatchError::PollBounds`].
    pub(super) fn resolve(
        options: &Options,
        batch: &BatchSettings,
        now: &ZonedDateTime,
    ) -> Result<BatchPolicy, BatchError> {
        let deadline = due_time(options.deadline.as_ref(), batch, now)?;
        let budget = budget_limit(options.budget, batch);
        let default = Policy::default();
        let scaled = |time: Duration| time.div_f64(options.speed.max(1.0));
        let poll_min = options.poll_min.or(batch.poll_min).unwrap_or_else(|| scaled(default.poll_min));
        let poll_max = options.poll_max.or(batch.poll_max);
        let poll_max = poll_max.unwrap_or_else(|| scaled(default.poll_max).max(poll_min));
        if poll_min > poll_max {
            return Err(BatchError::PollBounds { min: poll_min, max: poll_max });
        }
        let engine = Policy {
            concurrency: options.concurrency.or(batch.concurrency).map_or(default.concurrency, usize::from),
            poll_min,
            poll_max,
            expect_fast: scaled(default.expect_fast),
            expect_relaxed: scaled(default.expect_relaxed),
            callbacks: options.callbacks.is_some(),
            limit: options.limit,
            retries: options.retries.or(batch.retries).map_or(RETRIES, u32::from),
            retry_after: options.retry_after.unwrap_or_else(|| scaled(default.retry_after)),
            resend_unknown: options.on_unknown.or(batch.on_unknown) == Some(OnUnknown::Resend),
            budget: budget.as_ref().map(|budget| budget.quota),
            prices: merged_prices(options.prices, batch.prices),
            // A sandbox runs at its own speed, and so does the time to the deadline.
            deadline: deadline.as_ref().map(|due| scaled(due.left)),
            max_duration: options.max_duration,
            drain: options.drain.unwrap_or(default.drain),
            no_wait: options.no_wait,
            breaker: options.breaker.unwrap_or(BREAKER),
            lost_after: options.lost_after.unwrap_or(default.lost_after),
            patience: options.patience.unwrap_or(default.patience),
            first_patience: options
                .patience
                .map_or(default.first_patience, |patience| patience.min(default.first_patience)),
            seed: std::process::id().into(),
            ..default
        };
        Ok(BatchPolicy { engine, budget, deadline })
    }

    /// The prices of jobs.
    pub fn prices(&self) -> Prices {
        self.engine.prices
    }
}

/// The limit on what all runs of a batch may cost together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetLimit {
    /// The limit in quota.
    pub quota: Quota,
    /// The limit as it was written, and what it was converted to.
    pub words: String,
}

/// A deadline, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTime {
    /// The time until then; zero if it is past.
    pub left: Duration,
    /// The deadline as it was written, with the moment if that is not in it.
    pub words: String,
}

/// Merges prices: the options' take precedence over the manifest's, mode by mode.
pub(super) fn merged_prices(said: Option<Prices>, configured: Prices) -> Prices {
    let said = said.unwrap_or_default();
    Prices { fast: said.fast.or(configured.fast), relaxed: said.relaxed.or(configured.relaxed) }
}

fn budget_limit(said: Option<Budget>, batch: &BatchSettings) -> Option<BudgetLimit> {
    let configured = batch.budget.filter(|_| !seeded_fault::is_on(SeededFault::ManifestBudgetDropped));
    let budget = said.or(configured)?;
    let usd = match budget {
        Budget::Quota(quota) => return Some(BudgetLimit { quota, words: budget.to_string() }),
        Budget::Usd(usd) => usd,
    };
    // Millionths of a dollar are converted to thousandths of a quota, rounded down: the limit is
    // never above what was written.
    let quota = Quota(match batch.usd_per_quota {
        Some(price) => (usd.0 * 1000).checked_div(price.0).unwrap_or(u64::MAX),
        None => usd.0 * QUOTA_FOR_A_USD / 1000,
    });
    let estimate = match batch.usd_per_quota {
        Some(_) => String::new(),
        None => format!(", an estimate: 1 USD buys {QUOTA_FOR_A_USD}"),
    };
    Some(BudgetLimit { quota, words: format!("{budget} ({quota} quota{estimate})") })
}

/// Resolves the deadline, if there is one. One of the manifest that is past leaves no time; one of
/// the options that is past is an error.
fn due_time(
    said: Option<&Deadline>,
    batch: &BatchSettings,
    now: &ZonedDateTime,
) -> Result<Option<DueTime>, BatchError> {
    let Some(deadline) = said.or(batch.deadline.as_ref()) else { return Ok(None) };
    match deadline.after(now) {
        Ok(at) => {
            let left = Duration::try_from(at.duration_since(now.timestamp())).unwrap_or_default();
            let shown = at.to_zoned_datetime(now.time_zone().clone()).strftime("%H:%M").to_string();
            let written = deadline.to_string();
            let words = if written.contains(':') { written } else { format!("{shown} ({written} from now)") };
            Ok(Some(DueTime { left, words }))
        }
        Err(NotADeadline::Past(words)) if said.is_none() => Ok(Some(DueTime { left: Duration::ZERO, words })),
        Err(error) => Err(BatchError::Deadline(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_in_dollars_is_never_above_what_was_written() {
        let limit = |text: &str, usd: Option<&str>| {
            let usd_per_quota = usd.map(|usd| usd.parse().unwrap());
            let batch = BatchSettings { usd_per_quota, ..BatchSettings::default() };
            let limit = budget_limit(Some(text.parse().unwrap()), &batch).unwrap();
            (limit.quota.0, limit.words)
        };
        assert_eq!(limit("500quota", None), (500_000, "500 quota".to_owned()));
        let words = "20.00 USD (2600 quota, an estimate: 1 USD buys 130)".to_owned();
        assert_eq!(limit("20usd", None), (2_600_000, words));
        assert_eq!(limit("20usd", Some("0.0077")).0, 2_597_402, "2597.4025 quota would be dearer");
        assert_eq!(limit("1000000usd", Some("0.000001")).0, 1_000_000_000_000_000);
        assert_eq!(limit("1usd", Some("0")).0, u64::MAX, "quota that costs nothing");
    }

    #[test]
    fn an_option_overrides_the_manifest() {
        let batch = BatchSettings {
            budget: "20quota".parse().ok(),
            concurrency: Some(3),
            ..BatchSettings::default()
        };
        let policy =
            |options: &Options| BatchPolicy::resolve(options, &batch, &ZonedDateTime::now()).unwrap();
        let said = Options { budget: "5quota".parse().ok(), concurrency: Some(7), ..Options::default() };
        assert_eq!(policy(&said).engine.budget, Some(Quota(5000)));
        assert_eq!(policy(&said).engine.concurrency, 7);
        assert_eq!(policy(&Options::default()).engine.budget, Some(Quota(20_000)));
        assert_eq!(policy(&Options::default()).engine.concurrency, 3);
        assert_eq!(budget_limit(None, &BatchSettings::default()), None);
    }
}
