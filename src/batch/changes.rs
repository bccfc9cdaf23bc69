//! Prompts that were edited after their tasks were made: a new purchase each, and at scale an
//! accident.
//!
//! A column that is sorted alone, a template that is touched: then every prompt differs, and a run
//! would buy the whole batch again.

use super::{BatchError, ChangedTasks, Options};
use crate::manifest::{BatchSettings, Manifest};
use crate::plan::{KnownTask, Plan, Step};
use crate::seeded_fault::{self, SeededFault};
use crate::store::StoreError;
use crate::task::{ModeCounts, Prices, State};

/// How many tasks one run may make again because their prompts were edited, unless said.
const MAX_CHANGED: u64 = 20;
/// How many of them an error shows.
const EXAMPLES: usize = 3;

/// Refuses a plan that would make again more tasks than one run may, because their prompts were
/// edited.
///
/// Only edits count, not a `redo`, of tasks that are done, running or unknown, and that this run
/// would submit. `prompt_of` gives the prompt that a task had.
pub(super) fn check(
    manifest: &Manifest,
    plan: &Plan,
    options: &Options,
    batch: &BatchSettings,
    prices: &Prices,
    prompt_of: impl Fn(KnownTask) -> Result<String, StoreError>,
) -> Result<(), BatchError> {
    let most = options.max_changed.or(batch.max_changed).unwrap_or(MAX_CHANGED);
    if seeded_fault::is_on(SeededFault::MaxChangedIgnored) {
        return Ok(());
    }
    let may_count =
        plan.steps.iter().enumerate().filter(|(n, step)| paid_before(step).is_some() && plan.submits(*n));
    if may_count.count() as u64 <= most {
        return Ok(());
    }
    let mut submitted: Vec<_> = manifest
        .tasks()
        .zip(&plan.steps)
        .enumerate()
        .filter(|(n, _)| plan.submits(*n))
        .map(|(n, (task, step))| (std::cmp::Reverse(task.priority), n, task.mode, paid_before(step)))
        .collect();
    submitted.sort_by_key(|(priority, n, ..)| (*priority, *n));
    submitted
        .truncate(options.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX)));
    let changed: Vec<_> =
        submitted.into_iter().filter_map(|(_, n, mode, known)| Some((n, mode, known?))).collect();
    if changed.len() as u64 <= most {
        return Ok(());
    }
    let mut modes = ModeCounts::default();
    changed.iter().for_each(|(_, mode, _)| modes.add(*mode));
    let mut examples = Vec::new();
    for (n, _, known) in changed.iter().take(EXAMPLES) {
        if let Some(task) = manifest.tasks().nth(*n) {
            examples.push((task.id, prompt_of(*known)?, task.prompt));
        }
    }
    let tasks = changed.len() as u64;
    let error = ChangedTasks { tasks, most, cost: modes.cost(prices), examples };
    Err(BatchError::TooManyChanged(Box::new(error)))
}

/// The task as it was, where it was edited after it was paid for, or may have been.
fn paid_before(step: &Step) -> Option<KnownTask> {
    let Step::Changed(known) = step else { return None };
    let is_paid = matches!(known.state, State::Done | State::Running | State::Unknown | State::Submitting);
    is_paid.then_some(*known)
}
