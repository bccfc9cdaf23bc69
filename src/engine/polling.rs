//! When to ask for the status: one request for all that runs, sent when enough slots are likely to
//! stand idle unseen.
//!
//! From the durations seen so far in each mode and the age of each running job follows how many
//! have probably ended since the service last said that they run. What that idleness adds up to is
//! what waiting costs; a request is worth [`WORTH`] of a job's time. So it asks rarely while jobs
//! are young, often while many are due, the more often in all the more slots there are, and never
//! more often than it gains. Where callbacks come, an end that was not called back is all that is
//! left to find, and it asks as often as those are missing.

use std::collections::VecDeque;
use std::time::Duration;

use super::duration_model::Durations;
use super::in_flight::{InFlight, InFlightSet, Tracking};
use super::policy::Policy;
use crate::task::{AttemptKey, Mode};

/// How much of a job's time in one slot may be lost before a request is worth it: with ten slots,
/// about two requests for each job that ends.
const WORTH: f64 = 0.0097;
/// Where nothing waits for a slot a person merely watches: so many ends, or this share of what
/// runs, are news.
const NEWS: f64 = 1.0;
const NEWS_OF_FEW: f64 = 0.35;
/// How much longer than `poll_max` it waits where every end is called back.
const FALLBACK: f64 = 10.0;
/// How finely the future is looked at: steps of this share of the time since the last reply.
const STEP: f64 = 0.15;

/// When to ask next, and what was learned for it.
#[derive(Debug)]
pub(super) struct Polling {
    durations: [Durations; 2],
    callbacks: Callbacks,
    /// When the next round is due.
    pub(super) next_at: Duration,
    /// How many requests of this round are not answered yet.
    pub(super) outstanding: usize,
    /// How many ids go into one request.
    pub(super) ids_a_request: usize,
    /// When the last round was sent, and when the last reply came.
    pub(super) asked_at: Duration,
    replied_at: Option<Duration>,
    /// The moment that the last reply was true of.
    known_at: Duration,
    /// Something has changed that `next_at` depends on.
    pub(super) stale: bool,
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
            durations: [Durations::new(policy.expect_fast), Durations::new(policy.expect_relaxed)],
            callbacks: Callbacks::default(),
            next_at: Duration::ZERO,
            outstanding: 0,
            ids_a_request: policy.ids_a_request.max(1),
            asked_at: Duration::ZERO,
            replied_at: None,
            known_at: Duration::ZERO,
            stale: false,
        }
    }

    /// How long a job of this mode is expected to take.
    pub(super) fn typical(&self, mode: Mode) -> Duration {
        self.durations[index(mode)].median()
    }

    /// A reply came: what it says was so between the request and now. Gives that moment.
    pub(super) fn replied(&mut self, now: Duration) -> Duration {
        self.outstanding = self.outstanding.saturating_sub(1);
        self.replied_at = Some(now);
        self.known_at = (self.asked_at.min(now) + now) / 2;
        self.stale = true;
        self.known_at
    }

    /// The service says that it ran at this moment.
    pub(super) fn runs(&mut self, flight: &mut InFlight, at: Duration) {
        let mode = flight.mode;
        let (from, to) = (flight.alive.map(|alive| flight.ran(alive)), flight.ran(at));
        if let Some(from) = from.filter(|from| *from < to) {
            self.durations[index(mode)].lived(from, to);
        }
        flight.alive = flight.alive.max(Some(at));
    }

    /// It was seen to have ended by this moment, by a status request.
    pub(super) fn found_ended(&mut self, attempt: AttemptKey, flight: &InFlight, by: Duration) {
        if let Some(alive) = flight.alive {
            self.durations[index(flight.mode)].ended(flight.ran(alive), flight.ran(by));
        }
        self.callbacks.missed(attempt, by);
        self.stale = true;
    }

    /// The service called back that it has ended just now.
    pub(super) fn called_back(&mut self, flight: &InFlight, now: Duration) {
        if let Some(alive) = flight.alive {
            let learned = &mut self.durations[index(flight.mode)];
            learned.lived(flight.ran(alive), flight.ran(now));
            learned.ended(flight.ran(now), flight.ran(now));
        }
        self.callbacks.came();
        self.stale = true;
    }

    /// The service called back for an attempt that is not followed any more.
    pub(super) fn called_back_late(&mut self, attempt: AttemptKey, now: Duration, policy: &Policy) {
        // A person's few seconds, or less where everything is quicker.
        let late = (policy.poll_max / 3).min(Duration::from_secs(5));
        if self.callbacks.came_after_all(attempt, now, late) {
            self.stale = true;
        }
    }

    /// Brings `next_at` up to date.
    pub(super) fn plan(&mut self, policy: &Policy, in_flight: &InFlightSet, slot_wanted: bool) {
        for durations in self.durations.iter_mut().filter(|durations| durations.is_stale()) {
            durations.settle();
        }
        self.stale = false;
        if in_flight.tracked().next().is_none() {
            return;
        }
        let first = in_flight.tracked().filter_map(|(flight, _)| flight.alive).min().unwrap_or_default();
        // Bounds count from the reply, idleness from the moment that it was true of.
        let replied_at = self.replied_at.unwrap_or_default();
        let from = self.known_at.max(first);
        let late = replied_at.saturating_sub(from);
        let trust = if policy.callbacks { self.callbacks.trust() } else { 0.0 };
        let longest = policy.poll_max.max(policy.poll_min).mul_f64(1.0 + (FALLBACK - 1.0) * trust);
        let again = in_flight.tracked().filter_map(|(flight, tracking)| match flight.alive {
            // Of an earlier run, and never asked about in this one: asked about at once.
            None if tracking.missing.is_none() => Some(Duration::ZERO),
            _ => tracking.ask_again_after(policy),
        });
        let again = again.min();
        if again == Some(Duration::ZERO) {
            self.next_at = self.replied_at.map_or(Duration::ZERO, |at| at + policy.poll_min);
            return;
        }
        let longest = again.map_or(longest, |again| longest.min(again)).max(policy.poll_min);
        let (shortest, longest) = (policy.poll_min + late, longest + late);
        let wait = match shortest < longest {
            true => self.worth_asking(shortest, longest, from, &self.silence(in_flight, trust), slot_wanted),
            false => longest,
        };
        // The reply will be true of a moment as long after the request as the last one was before
        // its reply.
        self.next_at = (from + wait.saturating_sub(late.min(wait / 2))).max(replied_at + policy.poll_min);
    }

    /// What may have ended unseen, each as it was when it was last known to run.
    fn silence(&self, in_flight: &InFlightSet, trust: f64) -> Vec<Silent> {
        let silent = |(flight, tracking): (&InFlight, &Tracking)| {
            let alive = flight.alive.filter(|_| tracking.is_as_it_was())?;
            let mode = index(flight.mode);
            let age = flight.ran(alive).as_secs_f64();
            let hazard_so_far = self.durations[mode].cumulative_hazard(age);
            Some(Silent { mode, alive: alive.as_secs_f64(), age, hazard_so_far, unreported: 1.0 - trust })
        };
        in_flight.tracked().filter_map(silent).collect()
    }

    /// How long after `from` it pays to ask.
    fn worth_asking(
        &self,
        shortest: Duration,
        longest: Duration,
        from: Duration,
        silent: &[Silent],
        slot_wanted: bool,
    ) -> Duration {
        let jobs = silent.len().max(1) as f64;
        let job =
            silent.iter().map(|job| self.durations[job.mode].median().as_secs_f64()).sum::<f64>() / jobs;
        let (worth, news) = (WORTH * job, NEWS.min(NEWS_OF_FEW * jobs));
        let (from, longest) = (from.as_secs_f64(), longest.as_secs_f64());
        let (mut wait, mut idle, mut ended) = (0.0, 0.0, 0.0);
        while wait < longest {
            let step = (shortest.as_secs_f64() / 2.0).max(wait * STEP).max(longest * 1e-3);
            let then =
                silent.iter().map(|job| job.has_ended(&self.durations, from + wait + step)).sum::<f64>();
            let lost = (ended + then) / 2.0 * step;
            if slot_wanted && idle + lost >= worth {
                wait += step * (worth - idle) / lost;
                break;
            }
            if !slot_wanted && then >= news {
                wait += step;
                break;
            }
            (wait, idle, ended) = (wait + step, idle + lost, then);
        }
        Duration::from_secs_f64(wait.min(longest)).max(shortest)
    }

    /// The service would not answer for so many ids at once: ask for half as many.
    pub(super) fn fewer_ids(&mut self, refused: usize) {
        self.ids_a_request = self.ids_a_request.min((refused / 2).max(1));
    }
}

/// A job that may have ended unseen.
#[derive(Debug)]
struct Silent {
    mode: usize,
    /// When it was last known to run, and how old it was.
    alive: f64,
    age: f64,
    /// The cumulative hazard of a job of that age.
    hazard_so_far: f64,
    /// How likely its end is not called back.
    unreported: f64,
}

impl Silent {
    /// How likely it has ended by then, seeing that nothing was heard of it.
    fn has_ended(&self, durations: &[Durations; 2], then: f64) -> f64 {
        let older = then - self.alive;
        if older <= 0.0 {
            return 0.0;
        }
        let lives = (self.hazard_so_far - durations[self.mode].cumulative_hazard(self.age + older)).exp();
        let ended_unreported = (1.0 - lives) * self.unreported;
        ended_unreported / (ended_unreported + lives).max(1e-12)
    }
}

/// How far callbacks can be relied on.
#[derive(Debug, Default)]
struct Callbacks {
    /// How many came and how many did not, the older ones fading.
    came: f64,
    missed: f64,
    missed_in_a_row: u32,
    /// Ends that were found before they were called back: the callback may just be on its way.
    found: VecDeque<(AttemptKey, Duration)>,
}

/// How fast old experience with callbacks fades, and how much faster bad experience does when one
/// comes.
const FADES: f64 = 0.97;
const FORGIVEN: f64 = 0.9;
/// What is believed of callbacks before anything was seen: so much of one came, so much of one was
/// missed.
const FAITH: (f64, f64) = (0.6, 0.2);
/// How many ends found are remembered until their callbacks come.
const FOUND: usize = 64;
/// No callback is ever certain: the fallback goes on.
const MOST_TRUST: f64 = 0.995;

impl Callbacks {
    /// How likely the next end is called back, from 0 to 1.
    fn trust(&self) -> f64 {
        let (came, missed) = (self.came + FAITH.0, self.missed + FAITH.1);
        (came / (came + missed)).min(MOST_TRUST)
    }

    fn came(&mut self) {
        self.came = self.came * FADES + 1.0;
        self.missed *= FORGIVEN;
        self.missed_in_a_row = 0;
    }

    /// Several in a row are no accidents: callbacks have stopped.
    fn missed(&mut self, attempt: AttemptKey, at: Duration) {
        self.missed_in_a_row += 1;
        self.came *= FADES;
        self.missed = self.missed * FADES + f64::from(self.missed_in_a_row.min(8));
        self.found.truncate(FOUND - 1);
        self.found.push_front((attempt, at));
    }

    /// True where it was one of those that were missed a moment ago.
    fn came_after_all(&mut self, attempt: AttemptKey, now: Duration, late: Duration) -> bool {
        let Some(index) = self.found.iter().position(|(found, _)| *found == attempt) else { return false };
        let in_time = self.found.remove(index).is_some_and(|(_, at)| now.saturating_sub(at) <= late);
        if in_time {
            self.missed = (self.missed - f64::from(self.missed_in_a_row.clamp(1, 8))).max(0.0);
            self.came();
        }
        in_time
    }
}
