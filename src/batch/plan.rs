//! What a run of the batch would do: its tasks compared with the state, the cost, and how long it
//! would take.

use jiff::ZonedDateTime;

use super::{Batch, BatchError, BatchPolicy, ChangedTasks, ForecastReport, changes, forecast, selection};
use crate::manifest::Manifest;
use crate::plan::{self, KnownTasks, Plan};
use crate::store::{Snapshot, StoreError};
use crate::task::{Quota, TaskId, TaskMode};

/// What a run would do. It spends nothing, needs no key, and changes no file.
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchPlan<'a> {
    /// The manifest.
    pub manifest: &'a Manifest,
    /// What the state knows.
    pub known_tasks: KnownTasks,
    /// What becomes of each task.
    pub plan: Plan,
    /// The tasks for which a run would stop, since too many prompts were edited after they were
    /// paid for.
    pub changed: Option<Box<ChangedTasks>>,
    /// By what a run would go.
    pub policy: BatchPolicy,
    /// What all attempts so far may have cost; none where a price is missing.
    pub spent: Option<Quota>,
    /// How long it would take; none where nothing is to be done.
    pub forecast: Option<ForecastReport>,
    /// The state; none where the batch was never run.
    pub snapshot: Option<Snapshot>,
}

/// What should be known about a plan or a run before it spends anything.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanWarning {
    /// The state has tasks under other ids: their prompts are the same, so they are known, and
    /// nothing of them is bought again.
    Renamed {
        /// The ids that they had, and have now, in the manifest's order.
        ids: Vec<(TaskId, TaskId)>,
    },
    /// So many tasks of mode `auto` have no deadline: they are sent relaxed.
    NoDeadline {
        /// How many.
        auto: u64,
    },
    /// The deadline is over: so many tasks of mode `auto` are sent fast.
    DeadlineOver {
        /// How many.
        auto: u64,
        /// The deadline, as it was written.
        deadline: String,
    },
}

impl BatchPlan<'_> {
    /// What should be known before a run.
    pub fn warnings(&self) -> Vec<PlanWarning> {
        let renamed = self.plan.renamed.iter().map(|it| (it.from.clone(), it.to.clone())).collect();
        let about_deadline = warning(&self.policy, self.plan.to_submit.of(TaskMode::Auto));
        renamed_warning(renamed).into_iter().chain(about_deadline).collect()
    }

    /// The rest of the budget; `None` where there is no budget, or a price is missing.
    pub fn left(&self) -> Option<Quota> {
        self.policy.left(self.spent)
    }
}

/// What should be known of tasks whose ids have changed.
pub(super) fn renamed_warning(ids: Vec<(TaskId, TaskId)>) -> Option<PlanWarning> {
    (!ids.is_empty()).then_some(PlanWarning::Renamed { ids })
}

/// What should be known of a deadline, or the lack of one, where so many tasks leave their mode to
/// the run.
pub(super) fn warning(policy: &BatchPolicy, auto: u64) -> Option<PlanWarning> {
    match &policy.deadline {
        _ if auto == 0 => None,
        None => Some(PlanWarning::NoDeadline { auto }),
        Some(due) if due.left.is_zero() => {
            Some(PlanWarning::DeadlineOver { auto, deadline: due.words.clone() })
        }
        Some(_) => None,
    }
}

impl Batch {
    /// What a run would do now.
    ///
    /// # Errors
    /// Whatever is wrong with manifest, options or state.
    pub fn plan(&mut self) -> Result<BatchPlan<'_>, BatchError> {
        let snapshot = match self.store.snapshot() {
            Ok(snapshot) => Some(snapshot),
            Err(StoreError::Absent(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let known_tasks = snapshot.as_ref().map(Snapshot::known_tasks).transpose()?.unwrap_or_default();
        self.check()?;
        let options = &self.options;
        let Some(manifest) = self.manifest.as_ref().and_then(|loaded| loaded.whole.as_ref()) else {
            return Err(BatchError::Internal("the manifest was not read".to_owned()));
        };
        let mut plan = plan::compare(manifest.tasks(), &known_tasks);
        let selection = selection::selection(options, &manifest.columns)?;
        selection::selects_something(manifest, &plan, &selection, &options.only)?;
        plan.select(&selection, || manifest.tasks());
        let policy = BatchPolicy::resolve(options, &manifest.batch, &ZonedDateTime::now())?;
        let prices = policy.prices();
        let store = || self.store.snapshot();
        let changed = match changes::check(manifest, &plan, options, &manifest.batch, &prices, store) {
            Err(BatchError::TooManyChanged(changed)) => Some(changed),
            checked => checked.map(|()| None)?,
        };
        let spent = match &snapshot {
            Some(snapshot) => snapshot.reserved(&policy.prices())?,
            None => Some(Quota(0)),
        };
        let left = policy.left(spent);
        let forecast = forecast::report((manifest, &plan), &policy, snapshot.as_ref(), left, options.speed)?;
        Ok(BatchPlan { manifest, known_tasks, plan, changed, policy, spent, forecast, snapshot })
    }
}
