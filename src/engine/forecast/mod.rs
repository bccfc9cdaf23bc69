//! The forecast: the engine of a real run, played in virtual time against a model of the service,
//! many times over.
//!
//! The model has as many slots as the policy asks for and answers without faults. How long a job
//! takes is drawn from what was observed of its mode, mixed with what is published of the service
//! ([`published_duration`]), which weighs as much as eight jobs: so with nothing observed the
//! forecast goes by the published figures, and a hundred observed jobs outweigh them. Each run
//! first draws the durations that it will meet, since a few observed jobs leave open how long the
//! others take: the spread of the runs says that too. Observed durations include the time until a
//! job was accepted and the wait until a reply said it had ended; a first run measures both, and
//! they are taken off.
//!
//! As many jobs fail as did so far, and are sent again as the policy says.
//!
//! Not in the model: prompts that are turned down, others who use the account. The same input and
//! seed give the same forecast. A batch too large to be played is played in part, every n-th task
//! of it, and the time up to the last submit scaled.

mod input;
mod sampler;

use std::time::Duration;

use super::sim::{SimJob, SimStats, Simulation};
use super::{ObservedDurations, Policy, Resumed, Waiting, published_duration};
use crate::task::{Mode, Prices, Quota};
pub use input::ForecastInput;
use sampler::JobSampler;

/// How many runs are played at most.
const RUNS: usize = 200;
/// How many runs are played at least: fewer do not show what holds in nine of ten.
const FEWEST_RUNS: usize = 20;
/// How many tasks are played in all runs together, roughly.
const WORK: usize = 10_000;
/// How long a request takes, there and back.
const ROUND_TRIP: Duration = Duration::from_millis(200);
/// How long an intent takes to be durable.
const INTENT_WRITE: Duration = Duration::from_millis(10);

/// What is to be expected of a batch. All figures are estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// Half of the runs end within this time.
    pub half: Duration,
    /// Nine of ten runs end within this time.
    pub nine_in_ten: Duration,
    /// Requests of a run, submits included.
    pub requests: u64,
    /// Submits of a run, by mode: `fast`, `relaxed`.
    pub submits: [u64; 2],
    /// How many tasks end after the deadline at most: in half of the runs, and in nine of ten.
    pub late: [u64; 2],
    /// How many observed jobs it is based on, of the modes that are to be run.
    pub learned_from: usize,
    /// How many of the waiting tasks were played, as a sample of all.
    pub played: usize,
}

impl Forecast {
    /// The cost of the submits by these prices; `None` where a mode that is needed has none.
    pub fn cost(&self, prices: &Prices) -> Option<Quota> {
        [Mode::Fast, Mode::Relaxed].into_iter().try_fold(Quota(0), |sum, mode| {
            match (self.submits[mode as usize], prices.of(mode)) {
                (0, _) => Some(sum),
                (n, price) => Some(Quota(sum.0 + n * price?.0)),
            }
        })
    }
}

/// Plays the batch many times, and says when it ends. `None` where there is nothing to do.
pub fn forecast(input: &ForecastInput<'_>) -> Option<Forecast> {
    let ForecastInput { policy, waiting, resumed, observed, .. } = input;
    if waiting.is_empty() && resumed.is_empty() {
        return None;
    }
    let enough = (WORK / FEWEST_RUNS).max(policy.concurrency * 4);
    let part: Vec<Waiting> = match waiting.len() {
        many if many > enough => (0..enough).map(|n| waiting[n * many / enough]).collect(),
        _ => waiting.to_vec(),
    };
    let scale = waiting.len() as f64 / part.len().max(1) as f64;
    let policy = policy_of_part(input, scale);
    let play = |run: u64, overhead: Duration| {
        let mut jobs = JobSampler::new(input, run, overhead);
        let resumed = input.resumed.iter().map(|resumed| (resumed.clone(), jobs.rest_of(resumed))).collect();
        simulation(Policy { seed: run, ..policy.clone() }, part.clone(), resumed)
            .run(&mut |mode| jobs.next_job(mode))
    };
    let overhead = play(0, Duration::ZERO).overhead;
    let runs = (WORK / (part.len() + resumed.len()).max(1)).clamp(FEWEST_RUNS, RUNS);
    let mut runs: Vec<SimStats> = (1..=runs as u64).map(|run| play(run, overhead)).collect();
    let took = |run: &SimStats| run.last_submit.mul_f64(scale) + run.took.saturating_sub(run.last_submit);
    runs.sort_by_key(took);
    let at = |share: usize| took(&runs[(runs.len() * share / 100).min(runs.len() - 1)]);
    let mut late: Vec<u64> = runs.iter().map(|run| (run.late as f64 * scale).round() as u64).collect();
    late.sort_unstable();
    let late_at = |share: usize| late[(late.len() * share / 100).min(late.len() - 1)];
    let mean = |figure: &dyn Fn(&SimStats) -> u64| {
        let sum: u64 = runs.iter().map(figure).sum();
        (sum as f64 / runs.len() as f64 * scale).round() as u64
    };
    let is_needed = |mode: &Mode| {
        let mut all = waiting.iter().chain(resumed.iter().map(|resumed| &resumed.waiting));
        all.any(|waiting| waiting.mode.may_be().contains(mode))
    };
    let needed = [Mode::Fast, Mode::Relaxed].into_iter().filter(is_needed);
    Some(Forecast {
        half: at(50),
        nine_in_ten: at(90),
        requests: mean(&|run| run.submits + run.polls),
        submits: [0, 1].map(|mode| mean(&|run| run.jobs[mode])),
        late: [late_at(50), late_at(90)],
        learned_from: needed.map(|mode| observed.of(mode).len()).sum(),
        played: part.len(),
    })
}

/// A run of the model: the service answers without faults, and has a slot for whatever the policy
/// submits.
fn simulation(policy: Policy, waiting: Vec<Waiting>, resumed: Vec<(Resumed, SimJob)>) -> Simulation {
    Simulation {
        callback_after: policy.callbacks.then_some(ROUND_TRIP / 2),
        policy,
        waiting,
        resumed,
        observed: ObservedDurations::default(),
        slots: usize::MAX,
        round_trip: ROUND_TRIP,
        intent_write: INTENT_WRITE,
        slot_freed_after: Duration::ZERO,
    }
}

/// The policy for a part of the batch: its share of the budget, and of the time until the deadline
/// less what the last jobs take.
fn policy_of_part(input: &ForecastInput<'_>, scale: f64) -> Policy {
    let last = published_duration(Mode::Relaxed, 1.0).div_f64(input.speed.max(1e-6));
    let share = |deadline: Duration| match deadline.checked_sub(last) {
        Some(before) => before.div_f64(scale) + last,
        None => deadline,
    };
    Policy {
        deadline: input.policy.deadline.map(share),
        budget: input.left.map(|left| Quota((left.0 as f64 / scale) as u64)),
        ..input.policy.clone()
    }
}

#[cfg(test)]
mod tests;
