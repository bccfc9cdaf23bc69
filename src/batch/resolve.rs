//! Lists tasks whose outcome is unknown, and records decisions about them. Nothing is spent here,
//! and neither the manifest nor a key nor the network is needed.

use super::holder::holder_description;
use super::{Batch, BatchError, selection};
use crate::diagnostic::close_name;
use crate::plan::{Filter, Filters, TaskView};
use crate::store::{HeldStore, InDoubt, LinkOutcome, Resolution, ResolveReport, Snapshot, StoreError};
use crate::task::{Counts, RemoteTaskId, TaskId};

/// Selects tasks whose outcome is unknown.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Target {
    /// The ids of the tasks; empty for tasks of any id.
    pub ids: Vec<String>,
    /// Filters that the tasks match.
    pub only: Vec<Filter>,
    /// Whether all are selected. Without it, [`ids`](Target::ids) or [`only`](Target::only) must
    /// select some.
    pub all: bool,
}

/// A target, resolved against the columns of the batch.
struct TargetMatcher<'a> {
    filters: Filters,
    ids: &'a [String],
}

impl TargetMatcher<'_> {
    fn matches(&self, task: TaskView<'_>) -> bool {
        self.filters.matches(task) && (self.ids.is_empty() || self.ids.contains(&task.id.0))
    }
}

impl Target {
    fn matcher(&self, columns: &[String]) -> Result<TargetMatcher<'_>, BatchError> {
        Ok(TargetMatcher { filters: selection::filters(&self.only, columns)?, ids: &self.ids })
    }

    /// The tasks of a snapshot whose outcome is unknown and that are selected, in the manifest's
    /// order; all of them where nothing is said.
    ///
    /// # Errors
    /// [`BatchError::Filter`], [`BatchError::Store`].
    pub fn in_doubt<'a>(
        &'a self,
        snapshot: &'a Snapshot,
    ) -> Result<impl Iterator<Item = Result<InDoubt, StoreError>> + 'a, BatchError> {
        let matcher = self.matcher(&snapshot.header()?.columns)?;
        let selected = move |doubt: &Result<InDoubt, _>| {
            doubt.as_ref().map_or(true, |doubt| matcher.matches(doubt.view()))
        };
        Ok(snapshot.in_doubt().filter(selected))
    }
}

impl Batch {
    /// Sends the selected tasks again (the next run makes a new paid attempt of each), or gives
    /// them up.
    ///
    /// # Errors
    /// [`BatchError::NoTarget`], [`BatchError::NoTask`], [`BatchError::NeverRun`],
    /// [`BatchError::Filter`], [`BatchError::Store`]. Nothing is changed then.
    pub fn resolve(&self, target: &Target, how: Resolution) -> Result<ResolveReport, BatchError> {
        if !target.all && target.only.is_empty() && target.ids.is_empty() {
            return Err(BatchError::NoTarget);
        }
        self.check_ids(&target.ids)?;
        let mut store = self.hold()?;
        let columns = store.header()?.columns;
        let matcher = target.matcher(&columns)?;
        Ok(store.resolve(|task| matcher.matches(task), how)?)
    }

    /// Ties a job that was found in the account to the selected task, which must be one: the next
    /// run follows the job, and nothing is paid again. Gives the task's id, what came of it, and
    /// how many tasks have each status now.
    ///
    /// # Errors
    /// [`BatchError::OneTask`], and those of [`resolve`](Batch::resolve).
    pub fn link_job(
        &self,
        target: &Target,
        remote: &RemoteTaskId,
    ) -> Result<(TaskId, LinkOutcome, Counts), BatchError> {
        self.check_ids(&target.ids)?;
        let mut store = self.hold()?;
        let id = one_task(target, &store)?;
        let outcome = store.link_job(&id, remote)?;
        if outcome == LinkOutcome::NoTask {
            return Err(BatchError::NoTask { id: id.0, close: None });
        }
        Ok((id, outcome, store.counts()?))
    }

    pub(super) fn hold(&self) -> Result<HeldStore, BatchError> {
        self.store.hold(&holder_description()).map_err(BatchError::of_existing)
    }

    /// Refuses ids that the state does not have: they are mistyped.
    fn check_ids(&self, ids: &[String]) -> Result<(), BatchError> {
        if ids.is_empty() {
            return Ok(());
        }
        let snapshot = self.snapshot()?;
        for id in ids {
            if !snapshot.has_task(&TaskId(id.clone()))? {
                let known: Vec<String> =
                    snapshot.in_doubt().take(1000).filter_map(|doubt| Some(doubt.ok()?.id.0)).collect();
                let close = close_name(id, known.iter().map(String::as_str)).map(str::to_owned);
                return Err(BatchError::NoTask { id: id.clone(), close });
            }
        }
        Ok(())
    }
}

/// The one task whose job was found.
fn one_task(target: &Target, store: &HeldStore) -> Result<TaskId, BatchError> {
    if let ([id], true) = (&target.ids[..], target.only.is_empty()) {
        return Ok(TaskId(id.clone()));
    }
    let mut selected = Vec::new();
    if !target.only.is_empty() {
        let snapshot = store.snapshot()?;
        for doubt in target.in_doubt(&snapshot)?.take(2) {
            selected.push(doubt?.id);
        }
    }
    <[TaskId; 1]>::try_from(selected)
        .map(|[id]| id)
        .map_err(|selected| BatchError::OneTask { several: !selected.is_empty() })
}
