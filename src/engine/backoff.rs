//! How fast: how long to wait after trouble, and when an outage is too long.

use std::time::Duration;

use super::policy::Policy;

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_ASKED_WAIT: Duration = Duration::from_secs(3600);

/// Waits that double with every failure in a row, with jitter, and end with the first success.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    in_a_row: u32,
    until: Duration,
}

impl Backoff {
    /// When it may be tried again. In the past where nothing holds it.
    pub(super) fn until(&self) -> Duration {
        self.until
    }

    /// How many failures there were since the last success.
    pub(super) fn in_a_row(&self) -> u32 {
        self.in_a_row
    }

    /// One more failure; gives the wait, between half and the whole of what doubling says.
    pub(super) fn failed(&mut self, now: Duration, seed: u64) -> Duration {
        let whole = LONGEST_WAIT.min(FIRST_WAIT * 2u32.saturating_pow(self.in_a_row.min(16)));
        self.in_a_row += 1;
        let wait = whole / 2 + (whole / 2).mul_f64(jitter(seed, u64::from(self.in_a_row), now));
        self.hold(now + wait);
        wait
    }

    /// The service named the wait itself.
    pub(super) fn retry_after(&mut self, now: Duration, wait: Duration) -> Duration {
        let wait = wait.min(LONGEST_ASKED_WAIT);
        self.in_a_row += 1;
        self.hold(now + wait);
        wait
    }

    pub(super) fn succeeded(&mut self) {
        self.in_a_row = 0;
    }

    fn hold(&mut self, until: Duration) {
        self.until = self.until.max(until);
    }
}

/// A number from 0 to 1 that looks random and is the same for the same seed, count and time.
fn jitter(seed: u64, count: u64, now: Duration) -> f64 {
    let mut x = seed ^ count.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (now.as_nanos() as u64);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// An outage is announced once it has lasted this long: a single hiccup is nobody's concern.
const WORTH_TELLING: Duration = Duration::from_secs(5);

/// Whether the service answers at all.
#[derive(Debug, Default)]
pub(super) struct Outage {
    since: Option<Duration>,
    announced: bool,
    answered_before: bool,
    /// How long the service itself asked to wait: that is no outage.
    asked_for: Duration,
    last_seen: String,
}

impl Outage {
    /// No answer, or nothing that makes sense. Gives how long that has been so where a person
    /// should hear of it now.
    pub(super) fn trouble(&mut self, now: Duration, seen: &str) -> Option<Duration> {
        seen.clone_into(&mut self.last_seen);
        let lasted = now.saturating_sub(*self.since.get_or_insert(now));
        let news = !self.announced && lasted >= WORTH_TELLING;
        self.announced |= news;
        news.then_some(lasted)
    }

    /// It answers, if only to be left alone for this long. What never says anything else is an
    /// outage all the same.
    pub(super) fn asks_for_patience(
        &mut self,
        now: Duration,
        wait: Duration,
        seen: &str,
    ) -> Option<Duration> {
        self.answered_before = true;
        self.asked_for = self.asked_for.max(wait);
        self.trouble(now, seen)
    }

    /// A good answer. Gives how long there was none, where a person heard of that.
    pub(super) fn answered(&mut self, now: Duration) -> Option<Duration> {
        self.answered_before = true;
        self.asked_for = Duration::ZERO;
        let since = self.since.take()?;
        std::mem::take(&mut self.announced).then(|| now.saturating_sub(since))
    }

    /// When patience ends.
    pub(super) fn ends_at(&self, policy: &Policy) -> Option<Duration> {
        let patience = if self.answered_before { policy.patience } else { policy.first_patience };
        self.since.map(|since| since + patience + self.asked_for)
    }

    pub(super) fn last_seen(&self) -> &str {
        &self.last_seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_to_a_bound_and_a_success_starts_over() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..10).map(|_| backoff.failed(Duration::ZERO, 7)).collect();
        for (n, wait) in waits.iter().enumerate() {
            let whole = LONGEST_WAIT.min(FIRST_WAIT * 2u32.pow(n as u32));
            assert!(*wait >= whole / 2 && *wait <= whole, "wait {n} is {wait:?}");
        }
        backoff.succeeded();
        assert!(backoff.failed(Duration::ZERO, 7) <= FIRST_WAIT);
    }

    #[test]
    fn a_wait_that_the_service_names_is_kept_but_not_for_days() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.retry_after(SECOND, 7 * SECOND), 7 * SECOND);
        assert_eq!(backoff.until(), 8 * SECOND);
        assert_eq!(backoff.retry_after(SECOND, 1_000_000 * SECOND), LONGEST_ASKED_WAIT);
    }

    #[test]
    fn patience_is_short_until_the_service_has_answered_once() {
        let policy = Policy::default();
        let mut outage = Outage::default();
        assert_eq!(outage.trouble(SECOND, "connection refused"), None, "a hiccup is not announced");
        assert_eq!(outage.trouble(6 * SECOND, "connection refused"), Some(5 * SECOND));
        assert_eq!(outage.trouble(7 * SECOND, "connection refused"), None, "it is announced once");
        assert_eq!(outage.ends_at(&policy), Some(SECOND + policy.first_patience));
        assert_eq!(outage.answered(9 * SECOND), Some(8 * SECOND));
        assert_eq!(outage.ends_at(&policy), None);
        assert_eq!(outage.trouble(10 * SECOND, "HTTP 502"), None);
        assert_eq!(outage.ends_at(&policy), Some(10 * SECOND + policy.patience));
        assert_eq!(outage.answered(11 * SECOND), None, "nobody heard of it");
    }
}
