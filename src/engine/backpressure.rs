//! Trouble: answers that do not come or make no sense, requests to slow down, and how long that is
//! borne.

use std::time::Duration;

use super::Engine;
use super::message::{EngineNotice, StopReason};

/// Which requests are held back.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which {
    Submits,
    Asks,
}

impl Engine {
    pub(super) fn answered(&mut self, now: Duration) {
        if let Some(after) = self.outage.answered(now) {
            self.notify(EngineNotice::Recovered(after));
        }
    }

    pub(super) fn trouble(&mut self, now: Duration, why: &str) {
        if let Some(lasted) = self.outage.trouble(now, why) {
            self.notify(EngineNotice::Outage(lasted, why.to_owned()));
        }
    }

    pub(super) fn submit_trouble(&mut self, now: Duration, why: &str) {
        self.submits.failed(now, self.policy.seed);
        self.trouble(now, why);
    }

    pub(super) fn ask_trouble(&mut self, now: Duration, why: &str) {
        // A second look is a favour to an earlier run: not worth waiting for.
        let looks: Vec<_> = self.second_looks().collect();
        for attempt in looks {
            self.in_flight.remove(attempt);
        }
        self.pass_over_held();
        self.asks.failed(now, self.policy.seed);
        self.trouble(now, why);
    }

    pub(super) fn slow_down(&mut self, now: Duration, wait: Option<Duration>, which: Which) {
        let seed = self.policy.seed;
        let backoff = match which {
            Which::Submits => &mut self.submits,
            Which::Asks => &mut self.asks,
        };
        let first = backoff.in_a_row() == 0;
        let (wait, asked) = match wait {
            Some(wait) => {
                let wait = backoff.retry_after(now, wait);
                (wait, wait)
            }
            None => (backoff.failed(now, seed), Duration::ZERO),
        };
        if first {
            self.notify(EngineNotice::SlowedDown(wait));
        }
        let seen = "the service asks for fewer requests and nothing else (HTTP 429)";
        if let Some(lasted) = self.outage.asks_for_patience(now, asked, seen) {
            self.notify(EngineNotice::Outage(lasted, seen.to_owned()));
        }
    }

    pub(super) fn check_outage(&mut self, now: Duration) {
        if self.outage.ends_at(&self.policy).is_some_and(|end| end <= now) {
            self.close(StopReason::Unreachable(self.outage.last_seen().to_owned()));
        }
    }
}
