//! What a run of the batch would do: its tasks compared with the state, the cost, and how long it
//! would take.

use std::path::PathBuf;

use jiff::ZonedDateTime;

use super::beginning::FirstRun;
use super::{
    Batch, BatchError, BatchPolicy, ChangedTasks, EarlierTraces, ForecastReport, TypedDecisions, changes,
    forecast, selection,
};
use crate::manifest::Manifest;
use crate::plan::{self, KnownTask, KnownTasks, Plan};
use crate::runner::ForeignFile;
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
    /// What shows that the batch was run before, though it has no state: a run would stop.
    pub traces: Option<Box<EarlierTraces>>,
    /// The tasks for which a run would stop, since too many prompts were edited after they were
    /// paid for.
    pub changed: Option<Box<ChangedTasks>>,
    /// The file for which a run would stop, since it is not results of this batch, and why.
    pub foreign: Option<(PathBuf, ForeignFile)>,
    /// The decisions that people typed into results, and that wait to be carried out.
    pub typed: Option<TypedDecisions>,
    /// By what a run would go.
    pub policy: BatchPolicy,
    /// What all attempts so far may have cost; none where a price is missing.
    pub spent: Option<Quota>,
    /// How long it would take; none where nothing is to be done.
    pub forecast: Option<ForecastReport>,
    /// The state; none where the batch was never run.
    pub snapshot: Option<Snapshot>,
    /// What is taken over, if anything.
    taken_over: Option<PlanWarning>,
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
    /// What the results of an earlier run say was taken over: what was submitted after they were
    /// written is not in them.
    TakenOver {
        /// The results.
        results: Vec<PathBuf>,
        /// How many tasks of the manifest begin with what they say.
        tasks: u64,
        /// The tasks of the results that the manifest does not have.
        unmatched: Vec<TaskId>,
    },
    /// Results hold decisions that were typed and not carried out.
    TypedDecisions(TypedDecisions),
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
        let typed = self.typed.clone().map(PlanWarning::TypedDecisions);
        let taken_over = self.taken_over.clone();
        let renamed = renamed_warning(renamed);
        taken_over.into_iter().chain(renamed).chain(about_deadline).chain(typed).collect()
    }

    /// The rest of the budget; `None` where there is no budget, or a price is missing.
    pub fn left(&self) -> Option<Quota> {
        self.policy.left(self.spent)
    }
}

/// What should be known of what is taken over from results.
pub(super) fn taken_over_warning(first_run: &FirstRun) -> Option<PlanWarning> {
    let take_over = first_run.take_over.as_ref()?;
    Some(PlanWarning::TakenOver {
        results: first_run.results.clone(),
        tasks: take_over.taken(),
        unmatched: take_over.unmatched().map(|row| row.id.clone()).collect(),
    })
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
        let results = self.files.results(&options.results, &manifest.batch);
        let (first_run, traces) = match self.first_run(&results, None) {
            Err(BatchError::RunBefore(traces)) => (FirstRun::default(), Some(traces)),
            first_run => (first_run?, None),
        };
        let mut plan = match &first_run.take_over {
            Some(take_over) => take_over.plan(manifest.tasks()),
            None => plan::compare(manifest.tasks(), &known_tasks),
        };
        let selection = selection::selection(options, &manifest.columns)?;
        selection::selects_something(manifest, &plan, &selection, &options.only)?;
        plan.select(&selection, || manifest.tasks());
        let policy = BatchPolicy::resolve(options, &manifest.batch, &ZonedDateTime::now())?;
        let prices = policy.prices();
        let prompt_of = |known: KnownTask| match &first_run.take_over {
            Some(it) => Ok(it.prompt_of(known).unwrap_or_default().to_owned()),
            None => Ok(self.store.snapshot()?.content(known.key)?.0),
        };
        let changed = match changes::check(manifest, &plan, options, &manifest.batch, &prices, prompt_of) {
            Err(BatchError::TooManyChanged(changed)) => Some(changed),
            checked => checked.map(|()| None)?,
        };
        let spent = match &snapshot {
            Some(snapshot) => snapshot.reserved(&policy.prices())?,
            None => first_run.take_over.as_ref().map_or(Some(Quota(0)), |it| it.cost(&policy.prices())),
        };
        let taken_over = taken_over_warning(&first_run);
        let results = self.files.results(&options.results, &manifest.batch);
        let shape = options.table_format(&manifest.output);
        let (foreign, typed) = match self.check_results(&results, &shape, &first_run) {
            // What was made of these results is asked about first.
            Err(BatchError::ForeignFile { .. }) if traces.is_some() => (None, None),
            Err(BatchError::ForeignFile { path, why }) => (Some((path, why)), None),
            checked => (None, checked?),
        };
        let left = policy.left(spent);
        let forecast = forecast::report((manifest, &plan), &policy, snapshot.as_ref(), left, options.speed)?;
        Ok(BatchPlan {
            manifest,
            known_tasks,
            plan,
            traces,
            changed,
            foreign,
            typed,
            policy,
            spent,
            forecast,
            snapshot,
            taken_over,
        })
    }
}
