//! Compares a manifest's tasks with those of its state: which are new, which are known, which
//! changed.
//!
//! Pure: it compares and counts, and the store carries the plan out. A task is known by its id and
//! its prompt (`identity`), never by its position in the manifest, so that a row that is added,
//! removed or moved leaves all others as they are.

mod decision;
mod identity;
mod selection;
mod take_over;

use std::collections::{HashMap, HashSet};

pub use decision::{DecisionOutcome, NoEffect, SeenTask, TaskStanding, judge};
use identity::{Identity, TaskMatcher};
pub use identity::{fingerprint, fingerprint_of};
pub use selection::{Filter, FilterError, FilterSyntaxError, Filters, Selection, TaskView};
pub use take_over::{EarlierRow, TakeOver};

use crate::seeded_fault::{self, SeededFault};
use crate::task::{Decision, Fingerprint, ModeCounts, State, Task, TaskId};

/// One version of a task that the state has.
///
/// An id has several versions where its prompt was edited between runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownTask {
    /// The task's row in the state.
    pub key: i64,
    /// The hash of the prompt of this version.
    pub fingerprint: Fingerprint,
    /// The state of this version.
    pub state: State,
    /// The position of this version in the manifest that the state saw last. `None` if it was not
    /// in it.
    pub position: Option<i64>,
    /// Whether this version had failed before it was skipped: where the skip ends, it is failed
    /// again, and is not retried.
    pub failed_before_skip: bool,
    /// Whether a table skipped this version. Then it stays skipped until a `make`, whatever the
    /// manifest leaves out.
    pub kept_skip: bool,
    /// The decision that the manifest has asked for ever since it was over: a `redo` or `make` that
    /// was carried out, or a `skip` that a table ended.
    pub over: Option<Decision>,
}

impl KnownTask {
    /// What a manifest that asks for this decision wants done: nothing, where that is over.
    pub fn open_decision(&self, asked: Option<Decision>) -> Option<Decision> {
        if seeded_fault::is_on(SeededFault::ManifestRedoRepeated) {
            return asked;
        }
        asked.filter(|decision| self.over != Some(*decision))
    }

    /// Whether this version is kept from being submitted, because of the manifest's open decision
    /// or of a table.
    fn stays_skipped(&self, open: Option<Decision>) -> bool {
        let is_skipped = open == Some(Decision::Skip) || self.kept_skip && open != Some(Decision::Make);
        let is_skipped =
            is_skipped && !(self.kept_skip && seeded_fault::is_on(SeededFault::KeptSkipForgotten));
        is_skipped && can_be_skipped(self.state)
    }

    /// Whether this version was in the manifest that the state saw last.
    pub fn is_active(&self) -> bool {
        self.position.is_some()
    }
}

/// All tasks that the state has, by id.
pub type KnownTasks = HashMap<TaskId, Vec<KnownTask>>;

/// The part of the plan that is about one task of the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The id is new: the task will be submitted.
    New,
    /// The task is unchanged: its row stays.
    Keep(KnownTask),
    /// The id is known, with another prompt, last with this one. The task will be
    /// submitted; the old result stays in the history.
    Changed(KnownTask),
    /// The task changed back to this earlier version, whose result counts again.
    Reverted(KnownTask),
    /// The manifest has a `redo` that was not carried out yet: there will be a new attempt. The old
    /// one stays in the history.
    Redo(KnownTask),
    /// The manifest is the results of an earlier run, of which the state knows nothing: the task
    /// gets the state that they give.
    Import(State),
    /// The manifest has a `skip`, or a table had one: the task, known or new, is not submitted.
    Skip(Option<KnownTask>),
}

impl Step {
    /// The task's state once the plan is carried out.
    pub fn state(&self) -> State {
        match self {
            Step::New | Step::Changed(_) | Step::Redo(_) => State::Pending,
            Step::Skip(_) => State::Skipped,
            Step::Import(state) => *state,
            // The `skip` of an earlier manifest is gone; that ends the skip and no more.
            Step::Keep(known) | Step::Reverted(known) if known.state == State::Skipped => {
                let fails = known.failed_before_skip && !seeded_fault::is_on(SeededFault::SkipEndsAsRetry);
                if fails { State::Failed } else { State::Pending }
            }
            Step::Keep(known) | Step::Reverted(known) => known.state,
        }
    }
}

/// What a run would do: a step for each task, in the manifest's order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// One step per task.
    pub steps: Vec<Step>,
    /// The ids that the manifest no longer has, sorted.
    pub removed: Vec<TaskId>,
    /// The tasks that the state has under another id.
    pub renamed: Vec<Renamed>,
    /// The number of tasks that will be submitted, by mode.
    pub to_submit: ModeCounts,
    /// The number of pending tasks that the selection leaves out.
    pub not_selected: u64,
    /// Whether each task is selected. `None` if all are.
    selected: Option<Vec<bool>>,
}

/// A task that the state has under another id: the same prompt, whose id is new or now belongs to
/// another row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// The task's position in the manifest, from 0.
    pub n: usize,
    /// The id that it had.
    pub from: TaskId,
    /// The id that it has now.
    pub to: TaskId,
}

impl Plan {
    /// Whether the task at this position of the manifest will be submitted.
    pub fn submits(&self, n: usize) -> bool {
        let is_pending = self.steps.get(n).is_some_and(|step| step.state() == State::Pending);
        is_pending
            && self.selected.as_ref().is_none_or(|selected| selected.get(n).copied().unwrap_or_default())
    }

    /// The id that the task at this position had in the state, if it has another one now.
    pub fn renamed_from(&self, n: usize) -> Option<&TaskId> {
        let found = self.renamed.binary_search_by_key(&n, |renamed| renamed.n).ok()?;
        self.renamed.get(found).map(|renamed| &renamed.from)
    }

    /// Counts the steps for which the predicate holds.
    pub fn count(&self, predicate: impl Fn(&Step) -> bool) -> u64 {
        self.steps.iter().filter(|step| predicate(step)).count() as u64
    }
}

/// Compares the tasks of a manifest with those of the state.
pub fn compare(tasks: impl Iterator<Item = Task>, known_tasks: &KnownTasks) -> Plan {
    let mut plan = Plan::default();
    let mut matcher = TaskMatcher::new(known_tasks);
    let mut ids = HashSet::new();
    let mut modes = Vec::new();
    // What is not matched by id and prompt, with its position: few, but where everything is new.
    let mut left = Vec::new();
    for (n, task) in tasks.enumerate() {
        modes.push(task.mode);
        if known_tasks.contains_key(&task.id) {
            ids.insert(task.id.clone());
        }
        let step = match known_tasks.is_empty() {
            true => step(&task, Identity::New),
            false => {
                let fingerprint = fingerprint(&task);
                match matcher.by_id_and_prompt(&task.id, fingerprint) {
                    Some(known) => step(&task, Identity::Same(known)),
                    None => {
                        left.push((n, fingerprint, Task { vars: Vec::new(), ..task }));
                        Step::New
                    }
                }
            }
        };
        plan.steps.push(step);
    }
    for (n, fingerprint, task) in &left {
        if let Some((known, from)) = matcher.by_prompt(*fingerprint) {
            plan.steps[*n] = step(task, Identity::Renamed(known, from));
            plan.renamed.push(Renamed { n: *n, from: from.clone(), to: task.id.clone() });
        }
    }
    let renamed: HashSet<usize> = plan.renamed.iter().map(|renamed| renamed.n).collect();
    for (n, _, task) in left.iter().filter(|(n, ..)| !renamed.contains(n)) {
        let identity = matcher.by_id(&task.id).map_or(Identity::New, Identity::Changed);
        plan.steps[*n] = step(task, identity);
    }
    for (step, mode) in plan.steps.iter().zip(modes) {
        if step.state() == State::Pending {
            plan.to_submit.add(mode);
        }
    }
    plan.removed = matcher.unmatched_ids().filter(|id| !ids.contains(*id)).cloned().collect();
    plan.removed.sort();
    plan
}

fn step(task: &Task, identity: Identity<'_>) -> Step {
    let known = match identity {
        Identity::Same(known) | Identity::Renamed(known, _) => Some(known),
        Identity::Changed(_) | Identity::New => None,
    };
    let open = known.map_or(task.decision, |known| known.open_decision(task.decision));
    match (open, known, identity) {
        (_, Some(known), _) if known.stays_skipped(open) => Step::Skip(Some(known)),
        (Some(Decision::Redo), Some(known), _) if can_be_redone(known.state) && !known.kept_skip => {
            Step::Redo(known)
        }
        (Some(Decision::Skip), None, _) => Step::Skip(None),
        (_, Some(known), _) if known.is_active() => Step::Keep(known),
        (_, Some(known), _) => Step::Reverted(known),
        (_, None, Identity::Changed(last)) => Step::Changed(last),
        (_, None, _) => Step::New,
    }
}

/// Whether a `redo` applies: a task that is running or pending is not submitted once more.
fn can_be_redone(state: State) -> bool {
    matches!(state, State::Done | State::Failed | State::Lost | State::Unknown | State::Skipped)
}

/// Whether a `skip` applies: a result that was paid for is kept.
fn can_be_skipped(state: State) -> bool {
    matches!(state, State::Pending | State::Failed | State::Skipped)
        && !seeded_fault::is_on(SeededFault::SkipIgnored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Mode, TaskMode};

    fn task(id: &str, prompt: &str) -> Task {
        Task::new(id, prompt, Mode::Fast)
    }

    fn known(key: i64, prompt: &str, state: State) -> KnownTask {
        let fingerprint = fingerprint(&task("", prompt));
        KnownTask {
            key,
            fingerprint,
            state,
            position: Some(key),
            failed_before_skip: false,
            kept_skip: false,
            over: None,
        }
    }

    fn one(task: Task, known: KnownTask) -> Step {
        let known_tasks = KnownTasks::from([(task.id.clone(), vec![known])]);
        compare(std::iter::once(task), &known_tasks).steps[0]
    }

    #[test]
    fn a_task_is_known_by_its_id_and_what_it_sends() {
        let old_jar = KnownTask { position: None, ..known(3, "old jar", State::Done) };
        let known_tasks = KnownTasks::from([
            (TaskId("a".into()), vec![known(1, "mug", State::Done)]),
            (TaskId("b".into()), vec![known(2, "cup", State::Running)]),
            (TaskId("c".into()), vec![old_jar, known(4, "jar", State::Done)]),
            (TaskId("gone".into()), vec![known(5, "pot", State::Done)]),
            (TaskId("long gone".into()), vec![KnownTask { position: None, ..known(6, "pan", State::Done) }]),
        ]);
        let tasks = [task("new", "tray"), task("c", "old jar"), task("b", "blue cup"), task("a", "mug")];
        let plan = compare(tasks.into_iter(), &known_tasks);
        let changed = Step::Changed(known(2, "cup", State::Running));
        assert_eq!(
            plan.steps,
            [Step::New, Step::Reverted(old_jar), changed, Step::Keep(known(1, "mug", State::Done))]
        );
        assert_eq!(plan.removed, [TaskId("gone".into())]);
        assert_eq!((plan.to_submit.of(Mode::Fast), plan.to_submit.of(Mode::Relaxed)), (2, 0));
    }

    #[test]
    fn a_redo_is_carried_out_once_and_never_on_what_runs() {
        let redo = || Task { decision: Some(Decision::Redo), ..task("a", "mug") };
        for state in State::ALL {
            let known = known(1, "mug", state);
            let expected = match state {
                State::Pending | State::Submitting | State::Running => Step::Keep(known),
                _ => Step::Redo(known),
            };
            assert_eq!(one(redo(), known), expected, "{state:?}");
            let over = KnownTask { over: Some(Decision::Redo), ..known };
            assert_eq!(one(redo(), over), Step::Keep(over), "{state:?}");
        }
        assert_eq!(compare(std::iter::once(redo()), &KnownTasks::new()).steps, [Step::New]);
    }

    #[test]
    fn a_skip_keeps_what_was_paid_for_and_ends_when_it_is_taken_back() {
        let skip = || Task { decision: Some(Decision::Skip), ..task("a", "mug") };
        for state in State::ALL {
            let known = known(1, "mug", state);
            let expected = match state {
                State::Pending | State::Failed | State::Skipped => Step::Skip(Some(known)),
                _ => Step::Keep(known),
            };
            assert_eq!(one(skip(), known), expected, "{state:?}");
        }
        assert_eq!(compare(std::iter::once(skip()), &KnownTasks::new()).steps, [Step::Skip(None)]);
        let again = one(task("a", "mug"), known(1, "mug", State::Skipped));
        assert_eq!(again.state(), State::Pending);
        let failed = KnownTask { failed_before_skip: true, ..known(1, "mug", State::Skipped) };
        assert_eq!(one(task("a", "mug"), failed).state(), State::Failed, "and is not retried by that");
        let make = || Task { decision: Some(Decision::Make), ..task("a", "mug") };
        for state in State::ALL {
            assert_eq!(one(make(), known(1, "mug", state)), one(task("a", "mug"), known(1, "mug", state)));
        }
    }

    #[test]
    fn a_skip_of_a_table_stays_until_a_make() {
        let asks = |decision| Task { decision, ..task("a", "mug") };
        for state in State::ALL {
            let skipped = KnownTask { kept_skip: true, ..known(1, "mug", state) };
            for decision in [None, Some(Decision::Redo), Some(Decision::Skip)] {
                let expected = match (state, decision) {
                    (State::Pending | State::Failed | State::Skipped, _) => Step::Skip(Some(skipped)),
                    _ => Step::Keep(skipped),
                };
                assert_eq!(one(asks(decision), skipped), expected, "{state:?} {decision:?}");
            }
            assert_eq!(one(asks(Some(Decision::Make)), skipped), Step::Keep(skipped), "{state:?}");
        }
        // A make that the manifest has left there ends no later skip of a table.
        let later =
            KnownTask { over: Some(Decision::Make), kept_skip: true, ..known(1, "mug", State::Skipped) };
        assert_eq!(one(asks(Some(Decision::Make)), later), Step::Skip(Some(later)));
        // And a skip that it has left there does not bring back what a table ended.
        let ended = KnownTask { over: Some(Decision::Skip), ..known(1, "mug", State::Pending) };
        assert_eq!(one(asks(Some(Decision::Skip)), ended), Step::Keep(ended));
    }

    #[test]
    fn how_a_task_is_sent_is_not_what_it_is() {
        for state in State::ALL {
            let known = known(1, "mug", state);
            for mode in [Mode::Fast.into(), Mode::Relaxed.into(), TaskMode::Auto] {
                let sent = Task { timeout: Some(900), priority: 7, ..Task::new("a", " mug\u{a0}", mode) };
                assert_eq!(one(sent, known), Step::Keep(known), "{mode} {state:?}");
            }
        }
    }

    /// Compares these tasks with what the state has, given as id, prompt and position. Gives a
    /// step's key and old id for each task, or neither where it will be bought.
    fn matched(
        tasks: &[(&str, &str)],
        had: &[(&str, &str, Option<i64>)],
    ) -> Vec<Option<(i64, Option<String>)>> {
        let mut known_tasks = KnownTasks::new();
        for (key, (id, prompt, position)) in (1..).zip(had) {
            let known = KnownTask { position: *position, ..known(key, prompt, State::Done) };
            known_tasks.entry(TaskId((*id).into())).or_default().push(known);
        }
        let plan = compare(tasks.iter().map(|(id, prompt)| task(id, prompt)), &known_tasks);
        let steps = plan.steps.iter().enumerate();
        let known = steps.map(|(n, step)| match step {
            Step::Keep(known) | Step::Reverted(known) => {
                Some((known.key, plan.renamed_from(n).map(|id| id.0.clone())))
            }
            Step::New | Step::Changed(_) => None,
            step => panic!("{step:?}"),
        });
        known.collect()
    }

    #[test]
    fn a_task_under_another_id_is_that_task() {
        let was = |key, id: &str| Some((key, Some(id.to_owned())));
        let same = |key| Some((key, None));
        let had = [("a", "mug", Some(0)), ("b", "cup", Some(1)), ("c", "jar", Some(2))];
        for (tasks, expected) in [
            (&[("A-1", "mug"), ("b", "cup"), ("c", "jar")][..], vec![was(1, "a"), same(2), same(3)]),
            (&[("1", "mug"), ("2", "cup"), ("3", "jar")], vec![was(1, "a"), was(2, "b"), was(3, "c")]),
            // A sheet whose ids were sorted alone.
            (&[("b", "mug"), ("c", "cup"), ("a", "jar")], vec![was(1, "a"), was(2, "b"), was(3, "c")]),
            // A row that was copied, and its copy renamed: one of them is new.
            (&[("a", "mug"), ("a copy", "mug"), ("b", "cup")], vec![same(1), None, same(2)]),
            // An id and its prompt were edited at once: that is a new task.
            (&[("x", "tray"), ("b", "cup")], vec![None, same(2)]),
            (&[("a", "tray"), ("mug", "mug")], vec![None, was(1, "a")]),
        ] {
            assert_eq!(matched(tasks, &had), expected, "{tasks:?}");
        }
    }

    #[test]
    fn of_several_with_one_prompt_the_first_of_the_last_manifest_goes_first() {
        let had = [("a/2", "mug", Some(1)), ("a/1", "mug", Some(0)), ("old", "mug", None)];
        let was = |key, id: &str| Some((key, Some(id.to_owned())));
        let tasks = [("b/1", "mug"), ("b/2", "mug"), ("b/3", "mug"), ("b/4", "mug")];
        assert_eq!(matched(&tasks, &had), [was(2, "a/1"), was(1, "a/2"), was(3, "old"), None]);
        // What has its id and its prompt is never taken by another.
        let tasks = [("b/1", "mug"), ("a/1", "mug")];
        assert_eq!(matched(&tasks, &had), [was(1, "a/2"), Some((2, None))]);
    }

    #[test]
    fn a_renamed_task_is_not_removed() {
        let known_tasks = KnownTasks::from([
            (TaskId("a".into()), vec![known(1, "mug", State::Done)]),
            (TaskId("b".into()), vec![known(2, "cup", State::Done)]),
        ]);
        let plan = compare([task("z", "mug")].into_iter(), &known_tasks);
        assert_eq!(plan.removed, [TaskId("b".into())]);
        assert_eq!(plan.renamed, [Renamed { n: 0, from: TaskId("a".into()), to: TaskId("z".into()) }]);
    }
}
