//! How many jobs the account runs at once: what refusals teach of it, and how more is tried for.

use std::collections::VecDeque;
use std::time::Duration;

/// The account's own limit, as far as it is published: more are tried for only where these are
/// taken.
const PUBLISHED: usize = 10;
/// The longest time after which more slots are tried for, before patience makes it longer.
const LONGEST_UNTIL_GROWTH: Duration = Duration::from_secs(60);
/// How much longer that gets at the most by refusals.
const MOST_PATIENCE: u32 = 8;
/// How often a slot must have been free at once for a refusal to mean that somebody else has it.
const PROMPT: u32 = 8;
/// How many ends are remembered, to know what ran when a refused submit was sent.
const ENDS: usize = 64;

/// How many jobs the account runs at once: what was asked for, less what refusals taught, tried for
/// more now and then.
///
/// A refusal has three causes that look alike. The account has no more slots, or somebody else uses
/// them: then the number goes down to what runs. Or the service is slow to free the slot of a job
/// that it says has ended: then the number stays, and each freed slot is left alone for as long as
/// that takes, lest every end be answered by a refusal and every refusal cost a slot.
#[derive(Debug)]
pub(super) struct Slots {
    asked_for: usize,
    limit: usize,
    /// The lowest limit that was announced.
    announced: usize,
    /// The most jobs that ran at once since the limit was last lowered.
    proven: usize,
    refused_before: bool,
    /// More than what refusals taught is being tried for.
    growing: bool,
    lowered_at: Duration,
    grow_at: Option<Duration>,
    patience: u32,
    /// How long after an end its slot is free, as far as refusals taught; what it was before the
    /// latest of them; and when it was last raised.
    lag: Duration,
    sure_lag: Duration,
    raised_at: Duration,
    /// Slots whose jobs have ended and that are left alone until then.
    cooling: Vec<Duration>,
    /// The latest ends.
    ends: VecDeque<Duration>,
    /// How many submits in a row were accepted without any lag.
    prompt: u32,
}

impl Slots {
    pub(super) fn new(asked_for: usize) -> Self {
        let asked_for = asked_for.max(1);
        Slots {
            asked_for,
            limit: asked_for.min(PUBLISHED),
            announced: asked_for,
            proven: 0,
            refused_before: false,
            growing: false,
            lowered_at: Duration::ZERO,
            grow_at: None,
            patience: 1,
            lag: Duration::ZERO,
            sure_lag: Duration::ZERO,
            raised_at: Duration::ZERO,
            cooling: Vec::new(),
            ends: VecDeque::new(),
            prompt: 0,
        }
    }

    /// The most jobs to have at once, as far as is known.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// When one more than are known is worth a try, where those are all held.
    pub(super) fn grow_at(&self, held: usize) -> Option<Duration> {
        Some(self.grow_at?.max(self.free_among(self.limit + 1, held)?))
    }

    /// From when on there is a slot besides the `held` ones; `None` where only an end or growth can
    /// give one.
    pub(super) fn free_at(&self, held: usize) -> Option<Duration> {
        self.free_among(self.limit, held)
    }

    fn free_among(&self, slots: usize, held: usize) -> Option<Duration> {
        let spare = slots.checked_sub(held + 1)?;
        let mut cooling = self.cooling.clone();
        cooling.sort_unstable();
        let waits_for = (cooling.len()).checked_sub(spare + 1);
        Some(waits_for.map_or(Duration::ZERO, |index| cooling[index]))
    }

    /// A job of ours has left its slot.
    pub(super) fn ended(&mut self, now: Duration) {
        self.ends.truncate(ENDS - 1);
        self.ends.push_front(now);
        self.cooling.retain(|until| *until > now);
        if !self.lag.is_zero() {
            self.cooling.push(now + self.lag);
        }
    }

    /// A submit, sent at that time, was refused while `held` others of ours ran. True where a
    /// person should hear of it.
    pub(super) fn refused(
        &mut self,
        now: Duration,
        sent: Duration,
        held: usize,
        a_job_takes: Duration,
    ) -> bool {
        // What has ended since it was sent was still running then.
        let held = held + self.ends.iter().filter(|end| **end > sent).count();
        if self.frees_late(now, sent, held, a_job_takes) {
            return false;
        }
        (self.refused_before, self.growing) = (true, false);
        (self.limit, self.prompt) = (self.limit.min(held.max(1)), 0);
        self.proven = self.proven.min(held);
        self.cooling.clear();
        if sent >= self.lowered_at {
            let grow_at = now + a_job_takes.min(LONGEST_UNTIL_GROWTH) * self.patience;
            self.grow_at = (self.limit < self.asked_for).then_some(grow_at);
            self.patience = (self.patience * 2).min(MOST_PATIENCE);
            self.lowered_at = now;
        }
        let news = self.limit < self.announced;
        self.announced = self.announced.min(self.limit);
        news
    }

    /// Whether it was refused only because the slot of a job that has just ended is not free yet.
    /// Then it is left alone for longer.
    fn frees_late(&mut self, now: Duration, sent: Duration, held: usize, a_job_takes: Duration) -> bool {
        let Some(end) = self.ends.iter().copied().find(|end| *end <= sent) else { return false };
        let longest = (a_job_takes / 2).min(LONGEST_UNTIL_GROWTH);
        let others = self.lag.is_zero() && self.prompt >= PROMPT;
        if held >= self.proven || others || sent.saturating_sub(end) > longest {
            return false;
        }
        if sent >= self.raised_at {
            let longer = (sent - end).max(self.lag).max(a_job_takes / 64) * 3 / 2;
            if longer > longest {
                self.lag = self.sure_lag;
                return false;
            }
            (self.lag, self.raised_at) = (longer, now);
        }
        self.cooling.push((end + self.lag).max(now + self.lag / 8));
        true
    }

    /// Tries for one more, where it is time.
    pub(super) fn probe_more(&mut self, now: Duration, a_job_takes: Duration) {
        if self.grow_at.is_some_and(|at| at <= now) {
            (self.limit, self.growing) = (self.limit + 1, true);
            let grow_at = now + a_job_takes.min(LONGEST_UNTIL_GROWTH);
            self.grow_at = (self.limit < self.asked_for).then_some(grow_at);
        }
    }

    /// A submit was accepted while so many others of ours ran, as far as is known: some of them may
    /// have ended unseen.
    pub(super) fn accepted(&mut self, held: usize) {
        if !self.ends.is_empty() {
            self.prompt += 1;
            // The next one may be tried a little sooner: what is waited for in vain is idle.
            self.lag = self.lag.mul_f64(0.96);
            if self.lag < Duration::from_millis(1) {
                self.lag = Duration::ZERO;
            }
            self.sure_lag = self.lag;
        }
        if !self.refused_before {
            self.proven = self.proven.max(held + 1);
            if held + 1 >= self.limit {
                self.limit = (self.limit + (self.limit / 2).max(1)).min(self.asked_for).max(self.limit);
            }
        }
    }

    /// The service says that so many of ours run at once.
    pub(super) fn run(&mut self, now: Duration, running: usize) {
        self.proven = self.proven.max(running);
        if self.growing && running >= self.limit {
            // There was one more: there may be others.
            (self.growing, self.patience) = (false, 1);
            self.grow_at = (self.limit < self.asked_for).then_some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Slots in which so many jobs run.
    fn slots(asked_for: usize, run: usize) -> Slots {
        let mut slots = Slots::new(asked_for);
        (0..run).for_each(|held| slots.accepted(held));
        slots
    }

    #[test]
    fn a_refusal_teaches_the_number_of_slots_and_more_is_tried_for_later() {
        let mut slots = slots(10, 4);
        assert!(slots.refused(Duration::ZERO, Duration::ZERO, 4, SECOND));
        assert!(!slots.refused(Duration::ZERO, Duration::ZERO, 4, SECOND), "it is announced once");
        assert_eq!((slots.limit(), slots.free_at(3), slots.free_at(4)), (4, Some(Duration::ZERO), None));
        slots.probe_more(SECOND, SECOND);
        assert_eq!(slots.limit(), 4, "a second refusal doubles the wait");
        slots.probe_more(2 * SECOND, SECOND);
        assert_eq!(slots.limit(), 5);
        for _ in 0..20 {
            slots.accepted(slots.limit() - 1);
            slots.run(3 * SECOND, slots.limit());
            slots.probe_more(3 * SECOND, SECOND);
        }
        assert_eq!(
            slots.limit(),
            10,
            "one that is seen to run leads to the next, never past what was asked for"
        );
    }

    #[test]
    fn more_than_the_published_number_is_tried_for_step_by_step() {
        let mut slots = slots(40, 9);
        assert_eq!(slots.limit(), 10);
        slots.accepted(9);
        assert_eq!(slots.limit(), 15);
        assert!(slots.refused(Duration::ZERO, Duration::ZERO, 10, SECOND));
        assert_eq!(slots.limit(), 10);
    }

    #[test]
    fn a_refusal_with_nothing_of_ours_running_leaves_one_slot_to_try() {
        let mut slots = Slots::new(10);
        slots.refused(Duration::ZERO, Duration::ZERO, 0, SECOND);
        assert_eq!(slots.limit(), 1);
    }

    #[test]
    fn a_slot_that_is_freed_late_is_left_alone_so_long_and_is_not_forgotten() {
        let (job, lag) = (60 * SECOND, 5 * SECOND);
        let mut slots = slots(10, 10);
        let (mut refusals, mut waited) = (0, Duration::ZERO);
        for end in (1..=100).map(|n| n * 6 * SECOND) {
            slots.ended(end);
            let mut now = end;
            loop {
                now = now.max(slots.free_at(9).expect("the slot is still ours"));
                if now >= end + lag {
                    break slots.accepted(9);
                }
                assert!(!slots.refused(now, now, 9, job));
                refusals += 1;
            }
            waited += now - end - lag;
            assert_eq!(slots.limit(), 10);
        }
        assert!(refusals < 25, "{refusals} refusals for 100 jobs");
        assert!(waited < 100 * 2 * SECOND, "{waited:?} waited in vain");
    }

    #[test]
    fn a_slot_that_somebody_else_has_taken_is_given_up_after_a_few_tries() {
        let job = 60 * SECOND;
        let mut slots = slots(10, 10);
        slots.ended(SECOND);
        let mut now = SECOND;
        let mut refusals = 0;
        while slots.limit() == 10 {
            now = now.max(slots.free_at(9).expect("it is tried again"));
            slots.refused(now, now, 9, job);
            refusals += 1;
        }
        assert!(refusals < 10, "{refusals}");
        assert!(now < 32 * SECOND, "{now:?}");
        assert_eq!(slots.limit(), 9);
    }
}
