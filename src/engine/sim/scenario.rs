//! What a seed stands for: how many tasks, how the engine is set, and how the service and the machine misbehave.

use std::time::Duration;

use super::dice::Dice;
use crate::engine::Policy;

/// How bad the service is: rates from 0 to 1, unless said otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::engine) struct Faults {
    /// A submit is accepted, and its reply is lost or makes no sense.
    pub(in crate::engine) lost_reply: f64,
    /// A submit is not accepted, and its reply is lost.
    pub(in crate::engine) lost_submit: f64,
    /// ... after a whole minute, each.
    pub(in crate::engine) hang: f64,
    pub(in crate::engine) not_sent: f64,
    pub(in crate::engine) too_fast: f64,
    pub(in crate::engine) refuse: f64,
    pub(in crate::engine) key: f64,
    pub(in crate::engine) not_the_api: f64,
    /// A status request is answered with garbage or a 5xx, or not at all.
    pub(in crate::engine) unreadable: f64,
    pub(in crate::engine) ask_refused: f64,
    /// An item is missing, comes twice, says running though it ended, or names no image yet.
    pub(in crate::engine) omit: f64,
    pub(in crate::engine) repeat: f64,
    pub(in crate::engine) stale: f64,
    pub(in crate::engine) no_images_yet: f64,
    /// A job fails, names no image, never ends, or is forgotten.
    pub(in crate::engine) fail: f64,
    pub(in crate::engine) no_images: f64,
    pub(in crate::engine) never_ends: f64,
    pub(in crate::engine) forget: f64,
    pub(in crate::engine) call_dropped: f64,
    pub(in crate::engine) call_doubled: f64,
    pub(in crate::engine) call_late: f64,
    pub(in crate::engine) call_foreign: f64,
    /// A job ends before its submit is answered.
    pub(in crate::engine) at_once: f64,
    /// Somebody else uses so many of the slots, now and then.
    pub(in crate::engine) others: u64,
    /// A slot is freed so late.
    pub(in crate::engine) frees_after: Duration,
    /// So many jobs are paid for before the quota is gone. 0: no end.
    pub(in crate::engine) quota: u64,
    /// The most ids that a status request may have. 0: any number.
    pub(in crate::engine) most_ids: usize,
    /// From when to when nothing answers.
    pub(in crate::engine) outage: Option<(Duration, Duration)>,
    /// A write of the state fails.
    pub(in crate::engine) disk: f64,
}

/// What a seed stands for.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Scenario {
    pub(in crate::engine) seed: u64,
    pub(in crate::engine) tasks: i64,
    /// How many jobs the account has at once.
    pub(in crate::engine) slots: usize,
    pub(in crate::engine) policy: Policy,
    pub(in crate::engine) faults: Faults,
    /// How likely the program is killed, or told to stop, at each step.
    pub(in crate::engine) crash: f64,
    pub(in crate::engine) stop: f64,
    /// The service is ours alone and honest, and the program is left alone: everything is done, and nothing is refused.
    pub(in crate::engine) calm: bool,
}

impl Scenario {
    pub(in crate::engine) fn of(seed: u64) -> Scenario {
        let mut dice = Dice::new(seed);
        let tasks = dice.between(1, 14) as i64;
        let slots = dice.between(1, 6) as usize;
        let policy = Policy {
            concurrency: dice.pick(&[1, 2, 4, 6, 12]),
            callbacks: dice.roll(0.5),
            ids_a_request: dice.pick(&[1, 3, 50]),
            limit: dice.roll(0.1).then(|| dice.between(1, 8)),
            seed,
            retries: dice.pick(&[0, 0, 1, 3]),
            ..Policy::default()
        };
        // By dice of their own, so that the other seeds stay what they are.
        let resend_unknown = Dice::new(!seed).roll(0.25);
        let mut dice_of_time = Dice::new(seed ^ 0xDEAD);
        let minutes = dice_of_time.between(0, 40);
        let deadline = dice_of_time.roll(0.5).then(|| Duration::from_secs(60 * minutes));
        let policy = Policy { resend_unknown, deadline, ..policy };
        let calm = dice.roll(0.15);
        let faults = if calm { Faults::default() } else { Faults::some(&mut dice) };
        let crash = if calm || dice.roll(0.5) { 0.0 } else { dice.pick(&[0.003, 0.01, 0.03]) };
        let stop = if dice.roll(0.8) { 0.0 } else { dice.pick(&[0.02, 0.08]) };
        let stop = if calm { 0.0 } else { stop };
        Scenario { seed, tasks, slots, policy, faults, crash, stop, calm }
    }
}

impl Faults {
    /// Some of all there are.
    fn some(dice: &mut Dice) -> Faults {
        let share = dice.pick(&[0.1, 0.3, 0.6]);
        let mut rate = |usual: f64| if dice.roll(share) { usual * dice.pick(&[0.3, 1.0, 3.0]) } else { 0.0 };
        let mut faults = Faults {
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
            ..Faults::default()
        };
        if dice.roll(share) {
            faults.others = dice.between(1, 3);
        }
        if dice.roll(share) {
            faults.frees_after = Duration::from_millis(dice.between(100, 20_000));
        }
        if dice.roll(share / 2.0) {
            faults.quota = dice.between(1, 10);
        }
        if dice.roll(share / 2.0) {
            faults.most_ids = dice.between(1, 4) as usize;
        }
        if dice.roll(share / 2.0) {
            let from = Duration::from_secs(dice.between(0, 120));
            faults.outage = Some((from, from + Duration::from_secs(dice.between(1, 600))));
        }
        faults
    }
}
