//! Resolves which tasks are selected, before anything is done with them.

use std::collections::HashSet;

use super::{BatchError, Options};
use crate::manifest::Manifest;
use crate::plan::{Filter, Filters, Plan, Selection, Step, TaskView};
use crate::task::{Mode, Prices, Status, Task, TaskMode};

/// Resolves filters against the columns of a batch.
pub(super) fn filters(filters: &[Filter], columns: &[String]) -> Result<Filters, BatchError> {
    Filters::resolve(filters, columns)
        .map_err(|unknown| BatchError::Filter { unknown, columns: columns.to_owned() })
}

/// Resolves which tasks a run submits.
pub(super) fn selection(options: &Options, columns: &[String]) -> Result<Selection, BatchError> {
    if let Some(filter) = options.only.iter().find(|filter| filter.excludes_pending()) {
        return Err(BatchError::FilterOfOthers(filter.clone()));
    }
    Ok(Selection { filters: filters(&options.only, columns)?, pilot: options.pilot, decided: false })
}

/// Refuses filters that match no task of the manifest in any state: they are mistyped.
pub(super) fn selects_something(
    manifest: &Manifest,
    plan: &Plan,
    selection: &Selection,
    typed: &[Filter],
) -> Result<(), BatchError> {
    let is_selected = |(task, step): (Task, &Step)| {
        let status = step.state().shown(true);
        let view = TaskView { id: &task.id, mode: task.mode, status, vars: &task.vars };
        let waits = TaskView { status: Status::Pending, ..view };
        selection.filters.matches(view) || selection.filters.matches(waits)
    };
    if selection.filters.is_empty() || manifest.tasks().zip(&plan.steps).any(is_selected) {
        return Ok(());
    }
    Err(BatchError::NothingSelected(typed.to_owned()))
}

/// The modes of the manifest's tasks that have no price.
pub(super) fn unpriced(manifest: &Manifest, prices: &Prices) -> Vec<Mode> {
    let mut modes = vec![Mode::Fast, Mode::Relaxed];
    modes.retain(|mode| prices.of(*mode).is_none());
    if !modes.is_empty() {
        let used: HashSet<TaskMode> = manifest.tasks().map(|task| task.mode).collect();
        modes.retain(|mode| used.iter().any(|used| used.may_be().contains(mode)));
    }
    modes
}
