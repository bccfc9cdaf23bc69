//! When to ask for the status: one request for all that runs, about as often as a job is expected to end.
//!
//! With jobs that take a minute in ten slots, one ends every six seconds; asking much more often costs requests and finds
//! nothing, asking much less often leaves slots idle. How long jobs take is learned for each mode as they end.

use std::time::Duration;

use super::flight::Flights;
use super::policy::Policy;
use crate::task::Mode;

/// The share of the expected time between two ends after which it is worth to ask.
const EAGERNESS: f64 = 0.8;
/// How much less eagerly where nothing waits for a slot, and a person merely watches.
const AT_LEISURE: f64 = 2.0;
/// The weight of the newest duration in the mean.
const NEWS: f64 = 0.2;

/// When to ask next, and what was learned for it.
#[derive(Debug)]
pub(super) struct Polling {
    typical: [Duration; 2],
    /// When the next round is due.
    pub(super) next_at: Duration,
    /// How many requests of this round are not answered yet.
    pub(super) outstanding: usize,
    /// How many ids go into one request.
    pub(super) ids_a_request: usize,
}

fn index(mode: Mode) -> usize {
    match mode {
        Mode::Fast => 0,
        Mode::Relaxed => 1,
    }
}

impl Polling {
    pub(super) fn new(policy: &Policy) -> Self {
        Polling {
            typical: [policy.expect_fast, policy.expect_relaxed],
            next_at: Duration::ZERO,
            outstanding: 0,
            ids_a_request: policy.ids_a_request.max(1),
        }
    }

    /// How long a job of this mode is expected to take.
    pub(super) fn typical(&self, mode: Mode) -> Duration {
        self.typical[index(mode)]
    }

    /// A job was seen to end after this long.
    pub(super) fn learn(&mut self, mode: Mode, took: Duration) {
        let typical = &mut self.typical[index(mode)];
        *typical = typical.mul_f64(1.0 - NEWS) + took.mul_f64(NEWS);
    }

    /// How long to wait until the next round.
    pub(super) fn interval(&self, policy: &Policy, flights: &Flights, slot_wanted: bool) -> Duration {
        if policy.callbacks {
            return policy.poll_max;
        }
        let ends_a_second: f64 = flights
            .followed()
            .map(|(flight, _)| 1.0 / self.typical(flight.waiting.mode).as_secs_f64().max(0.001))
            .sum();
        let leisure = if slot_wanted { 1.0 } else { AT_LEISURE };
        let seconds = EAGERNESS * leisure / ends_a_second.max(0.001);
        Duration::from_secs_f64(seconds).clamp(policy.poll_min, policy.poll_max.max(policy.poll_min))
    }

    /// The service would not answer for so many ids at once: ask for half as many.
    pub(super) fn fewer_ids(&mut self, refused: usize) {
        self.ids_a_request = self.ids_a_request.min((refused / 2).max(1));
    }
}
