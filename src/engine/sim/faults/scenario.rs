//! The scenario of a seed: how many tasks there are, the policy of the engine, and how the service,
//! the disk and the program misbehave.

use std::time::Duration;

use super::super::SimRng;
use crate::engine::Policy;
use crate::task::{Prices, Quota};

/// What an attempt costs where there is a budget.
pub(super) const PRICES: Prices = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(1500)) };

/// How often each thing goes wrong: rates from 0 to 1, unless said otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FaultRates {
    /// A submit is accepted, and its reply is lost or makes no sense.
    pub(super) lost_reply: f64,
    /// A submit is not accepted, and its reply is lost.
    pub(super) lost_submit: f64,
    /// A lost reply, or one to a submit that is accepted, takes a whole minute.
    pub(super) hang: f64,
    pub(super) not_sent: f64,
    pub(super) too_fast: f64,
    pub(super) refuse: f64,
    pub(super) key: f64,
    pub(super) not_the_api: f64,
    /// A status request is answered with garbage or a 5xx, or not at all.
    pub(super) unreadable: f64,
    pub(super) ask_refused: f64,
    /// An item is missing in a status reply.
    pub(super) omit: f64,
    /// An item comes twice, and with it one of a job that nobody asked about.
    pub(super) repeat: f64,
    /// An item says that a job runs which has ended.
    pub(super) stale: f64,
    /// An item says that a job is done and does not name its images yet.
    pub(super) no_images_yet: f64,
    /// A job fails.
    pub(super) fail: f64,
    /// A job is done and never names an image.
    pub(super) no_images: f64,
    pub(super) never_ends: f64,
    /// A job takes longer than its timeout.
    pub(super) drags: f64,
    /// A job is missing in every status reply.
    pub(super) forget: f64,
    pub(super) call_dropped: f64,
    pub(super) call_doubled: f64,
    pub(super) call_late: f64,
    pub(super) call_foreign: f64,
    /// A job ends before its submit is answered.
    pub(super) at_once: f64,
    /// How many slots others use at the most; how many they do changes every minute.
    pub(super) others: u64,
    /// How long after the end of its job a slot is free.
    pub(super) frees_after: Duration,
    /// How many jobs a run may submit until the account is out of quota; 0 where there is no end.
    pub(super) quota: u64,
    /// The most ids that a status request may have; 0 for any number.
    pub(super) most_ids: usize,
    /// The time during which nothing answers, by the clock of the world.
    pub(super) outage: Option<(Duration, Duration)>,
    /// A write of the state fails.
    pub(super) disk: f64,
    /// Another run has a task by the time it is intended.
    pub(super) not_ours: f64,
    /// Another run has spent what is left of the budget.
    pub(super) over_budget: f64,
}

/// The generator of a seed.
pub(super) fn rng_of(seed: u64) -> SimRng {
    SimRng::new(seed.wrapping_mul(0xD129_0E1D_9F2B_6E3B).wrapping_add(0x9E37_79B9_7F4A_7C15))
}

/// The scenario of a seed.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) seed: u64,
    pub(super) tasks: i64,
    /// How many jobs the account has at once.
    pub(super) slots: usize,
    pub(super) policy: Policy,
    pub(super) faults: FaultRates,
    /// How likely the program is killed at each step.
    pub(super) crash: f64,
    /// A tenth of how likely a person stops a run.
    pub(super) stop: f64,
    /// How likely a person decides something about a task between two runs.
    pub(super) decides: f64,
    /// Whether nothing goes wrong: then every task is done, and no submit is refused.
    pub(super) calm: bool,
}

impl Scenario {
    pub(super) fn of(seed: u64) -> Scenario {
        let mut rng = rng_of(seed);
        let tasks = rng.between(1, 14) as i64;
        let slots = rng.between(1, 6) as usize;
        let policy = Policy {
            concurrency: rng.pick(&[1, 2, 4, 6, 12]),
            callbacks: rng.chance(0.5),
            ids_a_request: rng.pick(&[1, 3, 50]),
            limit: rng.chance(0.1).then(|| rng.between(1, 8)),
            seed,
            retries: rng.pick(&[0, 0, 1, 3]),
            ..Policy::default()
        };
        // By rng of their own, so that the other seeds stay what they are.
        let resend_unknown = rng_of(!seed).chance(0.25);
        let mut rng_of_time = rng_of(seed ^ 0xDEAD);
        let minutes = rng_of_time.between(0, 40);
        let deadline = rng_of_time.chance(0.5).then(|| Duration::from_secs(60 * minutes));
        let portion = rng_of(seed ^ 0xC1A1).pick(&[None, Some(1), Some(2), Some(5)]);
        let policy = Policy { resend_unknown, deadline, portion, ..policy };
        let calm = rng.chance(0.15);
        let faults = if calm { FaultRates::default() } else { FaultRates::some(&mut rng) };
        let mut rng_of_others = rng_of(seed ^ 0xBEEF);
        let (not_ours, over_budget) = match rng_of_others.chance(0.3) && !calm {
            true => (rng_of_others.pick(&[0.0, 0.05, 0.3]), rng_of_others.pick(&[0.0, 0.02, 0.1])),
            false => (0.0, 0.0),
        };
        let faults = FaultRates { not_ours, over_budget, ..faults };
        let mut rng_of_person = rng_of(seed ^ 0xDEC1_DE00);
        let decides = if calm || rng_of_person.chance(0.5) { 0.0 } else { rng_of_person.pick(&[0.1, 0.5]) };
        let drags = if decides > 0.0 { rng_of_person.pick(&[0.0, 0.2, 0.8]) } else { 0.0 };
        let faults = FaultRates { drags, ..faults };
        let policy = match over_budget > 0.0 && rng_of_person.chance(0.7) {
            true => Policy { budget: Some(Quota(1_000_000)), prices: PRICES, ..policy },
            false => policy,
        };
        let crash = if calm || rng.chance(0.5) { 0.0 } else { rng.pick(&[0.003, 0.01, 0.03]) };
        let stop = if rng.chance(0.8) { 0.0 } else { rng.pick(&[0.02, 0.08]) };
        let stop = if calm { 0.0 } else { stop };
        Scenario { seed, tasks, slots, policy, faults, crash, stop, decides, calm }
    }
}

impl FaultRates {
    /// Some of all faults there are, each at some rate.
    fn some(rng: &mut SimRng) -> FaultRates {
        let share = rng.pick(&[0.1, 0.3, 0.6]);
        let mut rate = |usual: f64| if rng.chance(share) { usual * rng.pick(&[0.3, 1.0, 3.0]) } else { 0.0 };
        let mut faults = FaultRates {
            lost_reply: rate(0.05),
            lost_submit: rate(0.05),
            hang: rate(0.2),
            not_sent: rate(0.1),
            too_fast: rate(0.1),
            refuse: rate(0.03),
            key: rate(0.003),
            not_the_api: rate(0.003),
            unreadable: rate(0.1),
            ask_refused: rate(0.05),
            omit: rate(0.1),
            repeat: rate(0.1),
            stale: rate(0.1),
            no_images_yet: rate(0.1),
            fail: rate(0.1),
            no_images: rate(0.05),
            never_ends: rate(0.05),
            forget: rate(0.05),
            call_dropped: rate(0.2),
            call_doubled: rate(0.1),
            call_late: rate(0.2),
            call_foreign: rate(0.1),
            at_once: rate(0.1),
            disk: rate(0.003),
            ..FaultRates::default()
        };
        if rng.chance(share) {
            faults.others = rng.between(1, 3);
        }
        if rng.chance(share) {
            faults.frees_after = Duration::from_millis(rng.between(100, 20_000));
        }
        if rng.chance(share / 2.0) {
            faults.quota = rng.between(1, 10);
        }
        if rng.chance(share / 2.0) {
            faults.most_ids = rng.between(1, 4) as usize;
        }
        if rng.chance(share / 2.0) {
            let from = Duration::from_secs(rng.between(0, 120));
            faults.outage = Some((from, from + Duration::from_secs(rng.between(1, 600))));
        }
        faults
    }
}
