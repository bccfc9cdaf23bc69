//! Forecasts how long a batch takes and what it costs: the engine runs its plan in virtual time.

use std::cmp::Reverse;
use std::time::Duration;

use jiff::Timestamp;

use super::{BatchPolicy, DueTime};
use crate::engine::{DEFAULT_TIMEOUT, Forecast, ForecastInput, Policy, Waiting, forecast};
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::store::{Snapshot, StoreError};
use crate::task::{Quota, State, TaskMode, TaskRow};

/// The seed of every forecast, so that the same batch has the same forecast each time.
const SEED: u64 = 1;
/// How many jobs an account runs at once, as the service documents it.
const ACCOUNT: usize = 10;

/// The forecast of a batch, and of the same batch with the slots of another account.
#[derive(Debug)]
#[non_exhaustive]
pub struct ForecastReport {
    /// How many jobs run at once.
    pub slots: usize,
    /// The forecast with them.
    pub expected: Forecast,
    /// How many jobs run at once with another account.
    pub more_slots: usize,
    /// The forecast with those.
    pub with_more: Forecast,
    /// The deadline.
    pub deadline: Option<DueTime>,
    /// How many tasks have the mode `auto`.
    pub auto: u64,
    /// How many jobs fail and are submitted again.
    pub retries: u64,
    /// The cost of everything that is submitted, if prices are known.
    pub cost: Option<Quota>,
}

/// Simulates the tasks that the plan would submit and the jobs that already run, with `left` still
/// to spend. `None` where there are neither.
pub(super) fn report(
    (manifest, plan): (&Manifest, &Plan),
    policy: &BatchPolicy,
    snapshot: Option<&Snapshot>,
    left: Option<Quota>,
    speed: f64,
) -> Result<Option<ForecastReport>, StoreError> {
    let observed = snapshot.map(Snapshot::durations).transpose()?.unwrap_or_default();
    let resumed =
        snapshot.map(|snapshot| snapshot.running(Timestamp::now())).transpose()?.unwrap_or_default();
    let steps = manifest.tasks().zip(&plan.steps).zip(1..);
    let pending = steps.filter(|((_, step), _)| step.state() == State::Pending);
    let selected = pending.filter(|(_, row)| plan.submits(*row as usize - 1));
    let mut waiting: Vec<(i16, Waiting)> = selected
        .map(|((task, _), row)| {
            let timeout = task.timeout.map_or(DEFAULT_TIMEOUT, |seconds| Duration::from_secs(seconds.into()));
            (task.priority, Waiting { task: TaskRow(row), mode: task.mode, timeout })
        })
        .collect();
    waiting.sort_by_key(|(priority, _)| Reverse(*priority));
    let waiting: Vec<Waiting> = waiting.into_iter().map(|(_, waiting)| waiting).collect();
    let play = |concurrency| {
        let policy = Policy { concurrency, ..policy.engine.clone() };
        let (waiting, resumed, observed) = (&waiting[..], &resumed[..], &observed);
        forecast(&ForecastInput { policy: &policy, waiting, resumed, left, observed, speed, seed: SEED })
    };
    let (slots, more_slots) = (policy.engine.concurrency, policy.engine.concurrency + ACCOUNT);
    Ok(play(slots).zip(play(more_slots)).map(|(expected, with_more)| ForecastReport {
        slots,
        more_slots,
        deadline: policy.deadline.clone(),
        auto: plan.to_submit.of(TaskMode::Auto),
        retries: match observed.failed {
            0 => 0,
            _ => expected.submits.iter().sum::<u64>().saturating_sub(plan.to_submit.total()),
        },
        cost: expected.cost(&policy.prices()),
        expected,
        with_more,
    }))
}
