//! The mode of a task whose mode is `auto`: relaxed as far as the deadline allows, fast only where
//! it would be missed.
//!
//! [`decide`] is pure, and made to be called anew at every submit, so that whatever was learned
//! meanwhile counts. Its rules, in order:
//!
//! 1. **Never past the budget**, and the budget pays first for every task that waits, at the
//!    cheapest; only what is left above that buys speed. A batch that is late is better than one
//!    that is never whole. A budget without prices buys nothing.
//! 2. **After the deadline, or where it cannot be kept, fast**: whoever set it wants the images as
//!    soon as possible.
//! 3. **Relaxed, if the deadline is safe all the same**: this job ends in time even if it takes as
//!    long as any, and after it all the others still end in time if every one of them is sent fast.
//! 4. Else fast.
//!
//! So relaxed jobs go first and fast ones last. How many can be relaxed follows from the slot time
//! until the deadline and not from their order; but by the time it must be known how many fast ones
//! are needed, the relaxed ones have shown how long they take, and a relaxed job, which can take
//! ten minutes, must not begin in the last ten.
//!
//! How good that is, is measured over simulated nights, run by the whole engine
//! (`cargo bench --bench nights`): 10 to 600 tasks in 4 to 12 slots, and what is expected at first
//! up to 70 % wrong. Of 2,912 nights that all-fast keeps none was late. The cost, over a bound for
//! the cheapest schedule that knew every duration beforehand:
//!
//! | | mean | median | 9 in 10 | worst |
//! | --- | --- | --- | --- | --- |
//! | nothing seen before | 1.058 | 1.029 | 1.127 | 2.000 |
//! | …, 10 to 49 tasks | 1.284 | 1.229 | 1.659 | 2.000 |
//! | …, 50 to 199 tasks | 1.080 | 1.061 | 1.188 | 1.636 |
//! | …, 200 to 600 tasks | 1.026 | 1.023 | 1.054 | 1.133 |
//! | after another night | 1.048 | 1.027 | 1.099 | 2.000 |
//!
//! Small batches pay most for not knowing: where a relaxed job might or might not end in time, it
//! goes fast.
//!
//! What is not known is taken at its worst: until a few jobs of a mode ended it is taken to be 2.5
//! times as slow as expected, and an average counts with the error it may have. Too many fast jobs
//! at first show that they were too many, and the next ones go relaxed again; too many relaxed ones
//! could not be undone, since the service cannot cancel a job.

mod estimate;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use estimate::{Distribution, FOR_AVERAGE};
pub use estimate::{DurationEstimate, DurationEstimates};

use crate::task::{Mode, Prices, Quota};

/// How many standard deviations of all that is still to run are kept in reserve.
const RESERVE: f64 = 2.0;
/// Up to how many jobs a slot they are laid out one by one; with more, all slots end at nearly the
/// same time.
const LAID_OUT: usize = 10;

/// The state of a run when a slot is free for a task whose mode is `auto`.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The time until the deadline; zero where it is over.
    pub left: Duration,
    /// How many tasks wait whose mode is `auto`, this one included.
    pub waiting: usize,
    /// How many others wait, whose mode is fixed: `fast`, `relaxed`.
    pub others: [usize; 2],
    /// The jobs that run or are being submitted, by mode and age.
    pub in_flight: &'a [(Mode, Duration)],
    /// How many jobs run at once, as far as is known. At least 1.
    pub slots: usize,
    /// What a job costs. Where that is not known, fast is the dearer one.
    pub prices: Prices,
    /// What may still be spent, less the cost of the jobs in flight; `None` where there is no
    /// bound.
    pub budget: Option<Quota>,
}

/// Decides the mode to send the next task in; `None` where the budget does not allow sending it at
/// all.
pub fn decide(situation: &Situation<'_>, estimates: &DurationEstimates) -> Option<Mode> {
    let (cheap, may_be_fast) = affordable(situation)?;
    if cheap == Mode::Fast || !may_be_fast {
        return Some(cheap);
    }
    let distributions = estimates.distributions(situation.in_flight);
    let ends = distributions[1].longest <= situation.left.as_secs_f64();
    let safe = ends && others_can_follow(situation, &distributions);
    Some(if safe { Mode::Relaxed } else { Mode::Fast })
}

/// Counts the tasks, waiting or running, that are expected to end after the deadline even if all
/// `auto` ones are sent fast.
pub fn at_risk(situation: &Situation<'_>, estimates: &DurationEstimates) -> usize {
    let left = situation.left.as_secs_f64();
    let distributions = estimates.distributions(situation.in_flight);
    let running = situation.in_flight.iter();
    let late =
        running.filter(|(mode, age)| distributions[*mode as usize].left(age.as_secs_f64()).0 > left).count();
    let mut slots = SlotTimeline::of(situation, &distributions);
    let average = |estimate: &DurationEstimate, distribution: &Distribution<'_>| match distribution.seen.len()
    {
        0..FOR_AVERAGE => estimate.expected(),
        _ => distribution.average,
    };
    let fast = average(&estimates.fast, &distributions[0]);
    let relaxed = average(&estimates.relaxed, &distributions[1]);
    let mut missed = 0;
    for (count, takes) in [(situation.others[1], relaxed), (situation.waiting + situation.others[0], fast)] {
        for n in 0..count {
            if slots.next_start() + takes > left && takes == fast {
                missed += count - n; // none that comes later ends sooner
                break;
            }
            missed += usize::from(slots.next_start() + takes > left);
            slots.take(takes);
        }
    }
    late + missed
}

/// The cheapest mode, and whether the budget allows for the other; `None` where not even the
/// cheapest is within it.
fn affordable(situation: &Situation<'_>) -> Option<(Mode, bool)> {
    let (cheap, fast) = (situation.prices.cheaper(), situation.prices.fast);
    let Some(budget) = situation.budget else { return Some((cheap, true)) };
    let least = situation.prices.of(cheap)?;
    let priced = |mode, count: usize| match count {
        0 => Some(0),
        _ => Some(situation.prices.of(mode)?.0.saturating_mul(count as u64)),
    };
    let others = situation.others;
    // What has no price is not within any budget, and holds nothing back.
    let reserved = [
        priced(cheap, situation.waiting.saturating_sub(1)),
        priced(Mode::Fast, others[0]),
        priced(Mode::Relaxed, others[1]),
    ];
    let rest = reserved.into_iter().flatten().fold(budget.0, u64::saturating_sub);
    (least <= budget).then(|| (cheap, fast.is_some_and(|fast| fast.0 <= rest)))
}

/// Whether, with the next task sent relaxed, all that waits can still end in time.
fn others_can_follow(situation: &Situation<'_>, distributions: &[Distribution<'_>; 2]) -> bool {
    let [in_fast, in_relaxed] = distributions;
    let Situation { waiting, others: [fast, relaxed], .. } = *situation;
    let follow = waiting.saturating_sub(1) + fast;
    if follow + relaxed == 0 {
        return true;
    }
    let mut slots = SlotTimeline::of(situation, distributions);
    for _ in 0..=relaxed {
        slots.take(in_relaxed.cautious());
    }
    let start = slots.last_start(follow, in_fast.cautious());
    let others = (relaxed + 1) as f64 * in_relaxed.variance() + follow as f64 * in_fast.variance();
    let variance = slots.variance + others;
    let reserve = RESERVE * variance.sqrt() / slots.count as f64;
    let last = if follow > 0 { in_fast.last() } else { in_relaxed.longest };
    start + reserve + last <= situation.left.as_secs_f64()
}

/// When each slot is free, in milliseconds from now, and the variance of the sum of these.
#[derive(Debug)]
struct SlotTimeline {
    free: BinaryHeap<Reverse<u64>>,
    count: usize,
    variance: f64,
}

impl SlotTimeline {
    fn of(situation: &Situation<'_>, distributions: &[Distribution<'_>; 2]) -> SlotTimeline {
        let count = situation.slots.max(1);
        let mut variance = 0.0;
        let mut free: Vec<u64> = Vec::with_capacity(count);
        for (mode, age) in situation.in_flight {
            let (mean, its) = distributions[*mode as usize].left(age.as_secs_f64());
            free.push((mean * 1000.0) as u64);
            variance += its;
        }
        // More jobs than slots: the first to end leave none free.
        free.sort_unstable_by_key(|at| Reverse(*at));
        free.resize(count, 0);
        SlotTimeline { free: free.into_iter().map(Reverse).collect(), count, variance }
    }

    /// When the first slot is free, in seconds.
    fn next_start(&self) -> f64 {
        self.free.peek().map_or(0.0, |Reverse(at)| *at as f64 / 1000.0)
    }

    /// Puts one more job on the slot that is free first.
    fn take(&mut self, takes: f64) {
        if let Some(mut first) = self.free.peek_mut() {
            first.0 += (takes * 1000.0) as u64;
        }
    }

    /// When the last of so many more jobs begins, in seconds.
    fn last_start(&mut self, jobs: usize, takes: f64) -> f64 {
        if jobs > LAID_OUT * self.count {
            let until: f64 = self.free.iter().map(|Reverse(at)| *at as f64 / 1000.0).sum();
            return (until + jobs as f64 * takes) / self.count as f64;
        }
        for _ in 1..jobs {
            self.take(takes);
        }
        self.next_start()
    }
}
