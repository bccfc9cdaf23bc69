//! The forecast: the engine of a real run, played in virtual time against a model of the service, many times over.
//!
//! The model has as many slots as the policy asks for and answers without faults. How long a job takes is drawn from what
//! was seen of its mode, mixed with what is published of the service ([`usual`]), which counts as much as `USUAL` jobs: so
//! nothing seen is a forecast by the published figures, and a hundred jobs seen outweigh them. Each run first draws a world
//! of durations to live in, since few jobs seen leave open which world it is: the spread of the runs says that too.
//! What was seen includes the wait until a status request saw the end; a trial run measures that wait, and it is taken off.
//!
//! As many jobs fail as did so far, and are sent again as the policy says.
//!
//! Not in the model: prompts that are turned down, others who use the account. The same input and seed give the same forecast.
//! A batch too large to be played is played in part, every n-th task of it, and the time up to the last submit scaled.

mod stage;
mod world;

use std::time::Duration;

use super::{Policy, Resumed, Waiting};
use crate::task::{Mode, Prices, Quota};
use stage::{Played, Stage};

/// How many runs are played at the most.
const RUNS: usize = 200;
/// ... and at the least: from fewer, nine in ten cannot be told.
const FEWEST_RUNS: usize = 20;
/// About how many tasks are played in all runs together.
const WORK: usize = 10_000;

/// How long jobs took that were seen to end well, by mode; the order does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObservedDurations {
    /// Jobs in fast mode.
    pub fast: Vec<Duration>,
    /// Jobs in relaxed mode.
    pub relaxed: Vec<Duration>,
    /// How many of the last jobs ended well.
    pub done: u64,
    /// How many of them failed while they were made.
    pub failed: u64,
}

impl ObservedDurations {
    /// Those of a mode.
    pub fn of(&self, mode: Mode) -> &[Duration] {
        match mode {
            Mode::Fast => &self.fast,
            Mode::Relaxed => &self.relaxed,
        }
    }

    /// How likely a job fails while it is made, from 0 to 1.
    fn failing(&self) -> f64 {
        self.failed as f64 / (self.done + self.failed).max(1) as f64
    }
}

/// What is to be done, and by which rules.
#[derive(Debug, Clone)]
pub struct Prospect<'a> {
    /// How the engine behaves; `concurrency` is also how many slots the service has.
    pub policy: &'a Policy,
    /// What waits, in its order.
    pub waiting: &'a [Waiting],
    /// What runs already.
    pub resumed: &'a [Resumed],
    /// What may still be spent; none where there is no bound.
    pub left: Option<Quota>,
    /// What was seen of the service.
    pub learned: &'a ObservedDurations,
    /// How many times as fast as the real service this one is, where nothing was seen: 1, or a rehearsal's speed.
    pub speed: f64,
    /// Decides all that is drawn.
    pub seed: u64,
}

/// What is to be expected. An estimate in all its figures.
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
    /// How many tasks end after the deadline in half of the runs, and in nine of ten, at the most.
    pub late: [u64; 2],
    /// How many jobs seen it is made from, of the modes that are to be run.
    pub learned_from: usize,
    /// How many of the waiting tasks were played; the others are like them.
    pub played: usize,
}

impl Forecast {
    /// What that costs by these prices; `None` where a mode that is needed has none.
    pub fn cost(&self, prices: &Prices) -> Option<Quota> {
        [Mode::Fast, Mode::Relaxed].into_iter().try_fold(Quota(0), |sum, mode| {
            match (self.submits[mode as usize], prices.of(mode)) {
                (0, _) => Some(sum),
                (n, price) => Some(Quota(sum.0 + n * price?.0)),
            }
        })
    }
}

/// A duration as it is published of the service: fast 25 to 90 seconds, relaxed one to ten minutes, most of them short.
/// `luck` is from 0 to 1.
pub fn usual(mode: Mode, luck: f64) -> Duration {
    Duration::from_secs_f64(match mode {
        Mode::Fast => 25.0 + 65.0 * luck,
        Mode::Relaxed => 60.0 + 540.0 * luck * luck,
    })
}

/// Plays the batch many times, and says when it ends. `None` where there is nothing to do.
pub fn forecast(prospect: &Prospect<'_>) -> Option<Forecast> {
    let Prospect { policy, waiting, resumed, learned, .. } = prospect;
    if waiting.is_empty() && resumed.is_empty() {
        return None;
    }
    let enough = (WORK / FEWEST_RUNS).max(policy.concurrency * 4);
    let part: Vec<Waiting> = match waiting.len() {
        many if many > enough => (0..enough).map(|n| waiting[n * many / enough]).collect(),
        _ => waiting.to_vec(),
    };
    let scale = waiting.len() as f64 / part.len().max(1) as f64;
    let policy = &scaled(policy, prospect, scale);
    let runs = (WORK / (part.len() + resumed.len()).max(1)).clamp(FEWEST_RUNS, RUNS);
    let trial = Stage::new(prospect, policy, &part, 0, Duration::ZERO).play();
    let seen_late = trial.seen_late / u32::try_from(trial.seen.max(1)).unwrap_or(u32::MAX);
    let mut played: Vec<Played> =
        (1..=runs as u64).map(|run| Stage::new(prospect, policy, &part, run, seen_late).play()).collect();
    let took = |run: &Played| run.last_submit.mul_f64(scale) + run.over.saturating_sub(run.last_submit);
    played.sort_by_key(took);
    let at = |share: usize| took(&played[(played.len() * share / 100).min(played.len() - 1)]);
    let mut late: Vec<u64> = played.iter().map(|run| (run.late as f64 * scale).round() as u64).collect();
    late.sort_unstable();
    let late_at = |share: usize| late[(late.len() * share / 100).min(late.len() - 1)];
    let mean = |figure: &dyn Fn(&Played) -> u64| {
        let sum: u64 = played.iter().map(figure).sum();
        (sum as f64 / played.len() as f64 * scale).round() as u64
    };
    let is_needed = |mode: &Mode| {
        let mut all = waiting.iter().chain(resumed.iter().map(|resumed| &resumed.waiting));
        all.any(|waiting| waiting.mode.may_be().contains(mode))
    };
    let needed = [Mode::Fast, Mode::Relaxed].into_iter().filter(is_needed);
    Some(Forecast {
        half: at(50),
        nine_in_ten: at(90),
        requests: mean(&|run| run.submits.iter().sum::<u64>() + run.asks),
        submits: [0, 1].map(|mode| mean(&|run| run.submits[mode])),
        late: [late_at(50), late_at(90)],
        learned_from: needed.map(|mode| learned.of(mode).len()).sum(),
        played: part.len(),
    })
}

/// The policy for a part of the batch: its share of the budget, and of the time until the deadline less what the last jobs take.
fn scaled(policy: &Policy, prospect: &Prospect<'_>, scale: f64) -> Policy {
    let last = usual(Mode::Relaxed, 1.0).div_f64(prospect.speed.max(1e-6));
    let share = |deadline: Duration| match deadline.checked_sub(last) {
        Some(before) => before.div_f64(scale) + last,
        None => deadline,
    };
    Policy {
        deadline: policy.deadline.map(share),
        budget: prospect.left.map(|left| Quota((left.0 as f64 / scale) as u64)),
        ..policy.clone()
    }
}

#[cfg(test)]
mod tests;
