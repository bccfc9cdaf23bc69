//! Compares a manifest's tasks with those of its state: which are new, which are known, which
//! changed.
//!
//! Pure: it compares and counts, and the store carries the plan out. A task is known by its id and
//! its fingerprint, never by its position in the manifest, so that a row that is added, removed or
//! moved leaves all others as they are.

mod selection;

use std::collections::HashMap;

pub use selection::{Filter, FilterError, FilterSyntaxError, Filters, Selection, TaskView};

use crate::task::{Action, Fingerprint, Mode, ModeCounts, RemoteTaskId, State, Task, TaskId, TaskMode};

/// One version of a task that the state has.
///
/// An id has several versions where its prompt or mode was edited between runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownTask {
    /// The task's row in the state.
    pub key: i64,
    /// The hash of the prompt and the mode of this version.
    pub fingerprint: Fingerprint,
    /// The state of this version.
    pub state: State,
    /// Whether this version was in the manifest that the state saw last.
    pub active: bool,
    /// Whether a `redo` of this version was carried out that the manifest has asked for ever since.
    pub redo_done: bool,
    /// The [`mark`](RemoteTaskId::mark) of the last attempt's taskId. `None` if that attempt has none.
    pub last_mark: Option<u64>,
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
    /// The id is known, with another prompt or mode, last with this one. The task will be
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
    /// The manifest has a `skip`: the task, known or new, is not submitted.
    Skip(Option<KnownTask>),
}

impl Step {
    /// The task's state once the plan is carried out.
    pub fn state(&self) -> State {
        match self {
            Step::New | Step::Changed(_) | Step::Redo(_) => State::Pending,
            Step::Skip(_) => State::Skipped,
            Step::Import(state) => *state,
            // The `skip` of an earlier manifest is gone.
            Step::Keep(known) | Step::Reverted(known) if known.state == State::Skipped => State::Pending,
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
    /// The number of tasks that will be submitted, by mode.
    pub to_submit: ModeCounts,
    /// The number of pending tasks that the selection leaves out.
    pub not_selected: u64,
    /// Whether each task is selected. `None` if all are.
    selected: Option<Vec<bool>>,
}

impl Plan {
    /// Whether the task at this position of the manifest will be submitted.
    pub fn submits(&self, n: usize) -> bool {
        let is_pending = self.steps.get(n).is_some_and(|step| step.state() == State::Pending);
        is_pending
            && self.selected.as_ref().is_none_or(|selected| selected.get(n).copied().unwrap_or_default())
    }

    /// Counts the steps for which the predicate holds.
    pub fn count(&self, predicate: impl Fn(&Step) -> bool) -> u64 {
        self.steps.iter().filter(|step| predicate(step)).count() as u64
    }
}

/// Compares the tasks of a manifest with those of the state.
pub fn compare(tasks: impl Iterator<Item = Task>, known_tasks: &KnownTasks) -> Plan {
    let mut plan = Plan::default();
    let mut unseen: HashMap<&TaskId, ()> = known_tasks
        .iter()
        .filter(|(_, versions)| versions.iter().any(|known| known.active))
        .map(|(id, _)| (id, ()))
        .collect();
    for task in tasks {
        let versions = known_tasks.get(&task.id).map_or(&[][..], Vec::as_slice);
        if !versions.is_empty() {
            unseen.remove(&task.id);
        }
        let step = step(&task, versions);
        if step.state() == State::Pending {
            plan.to_submit.add(task.mode);
        }
        plan.steps.push(step);
    }
    plan.removed = unseen.into_keys().cloned().collect();
    plan.removed.sort();
    plan
}

fn step(task: &Task, versions: &[KnownTask]) -> Step {
    let version = matching_version(task, versions);
    let earlier = task.earlier.as_ref().filter(|_| versions.is_empty() && task.action.is_none());
    if let Some(earlier) = earlier {
        return Step::Import(earlier.state);
    }
    match (task.action, version) {
        (Some(Action::Redo), Some(known))
            if !known.redo_done && can_be_redone(known.state) && !was_redone_since(task, &known) =>
        {
            // The new attempt is made in the mode that the manifest has now.
            let is_unchanged = known.fingerprint == task.fingerprint();
            if is_unchanged { Step::Redo(known) } else { Step::Changed(known) }
        }
        (Some(Action::Skip), Some(known)) if can_be_skipped(known.state) => Step::Skip(Some(known)),
        (Some(Action::Skip), None) => Step::Skip(None),
        (_, Some(known)) if known.active => Step::Keep(known),
        (_, Some(known)) => Step::Reverted(known),
        (_, None) => match versions.iter().max_by_key(|known| (known.active, known.key)) {
            Some(last) => Step::Changed(*last),
            None => Step::New,
        },
    }
}

/// Finds the version of the task that the manifest asks for.
///
/// Mode `auto` leaves open only the speed, so a task of mode `auto` matches a version that was
/// submitted in either mode, and a task with a fixed mode matches one that was submitted as `auto`:
/// the images are paid for. Versions that were never submitted match in exactly their own mode.
fn matching_version(task: &Task, versions: &[KnownTask]) -> Option<KnownTask> {
    let of = |mode: TaskMode| {
        let fingerprint = Fingerprint::of(&task.prompt, mode);
        versions.iter().find(|known| known.fingerprint == fingerprint).copied()
    };
    let others: &[TaskMode] = match task.mode {
        TaskMode::Fixed(_) => &[TaskMode::Auto],
        TaskMode::Auto => &[TaskMode::Fixed(Mode::Fast), TaskMode::Fixed(Mode::Relaxed)],
    };
    let was_sent = |known: &KnownTask| !matches!(known.state, State::Pending | State::Skipped);
    let other = || others.iter().filter_map(|mode| of(*mode)).filter(was_sent);
    of(task.mode)
        .or_else(|| other().max_by_key(|known| (known.active, known.state == State::Done, known.key)))
}

/// Whether the task has a newer attempt than the one that the results with the `redo` list.
///
/// Then their `redo` was carried out already, and another manifest was run in between.
fn was_redone_since(task: &Task, known: &KnownTask) -> bool {
    let listed = task.earlier.as_ref().map(|earlier| earlier.task_id.as_ref().map(RemoteTaskId::mark));
    listed.is_some_and(|mark| known.last_mark != mark)
}

/// Whether a `redo` applies: a task that is running or pending is not submitted once more.
fn can_be_redone(state: State) -> bool {
    matches!(state, State::Done | State::Failed | State::Lost | State::Unknown | State::Skipped)
}

/// Whether a `skip` applies: a result that was paid for is kept.
fn can_be_skipped(state: State) -> bool {
    matches!(state, State::Pending | State::Failed | State::Skipped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Earlier, Images};

    fn task(id: &str, prompt: &str) -> Task {
        Task::new(id, prompt, Mode::Fast)
    }

    fn known(key: i64, prompt: &str, state: State) -> KnownTask {
        let fingerprint = Fingerprint::of(prompt, Mode::Fast);
        KnownTask { key, fingerprint, state, active: true, redo_done: false, last_mark: None }
    }

    fn one(task: Task, known: KnownTask) -> Step {
        let known_tasks = KnownTasks::from([(task.id.clone(), vec![known])]);
        compare(std::iter::once(task), &known_tasks).steps[0]
    }

    #[test]
    fn a_task_is_known_by_its_id_and_what_it_sends() {
        let old_jar = KnownTask { active: false, ..known(3, "old jar", State::Done) };
        let known_tasks = KnownTasks::from([
            (TaskId("a".into()), vec![known(1, "mug", State::Done)]),
            (TaskId("b".into()), vec![known(2, "cup", State::Running)]),
            (TaskId("c".into()), vec![old_jar, known(4, "jar", State::Done)]),
            (TaskId("gone".into()), vec![known(5, "pot", State::Done)]),
            (TaskId("long gone".into()), vec![KnownTask { active: false, ..known(6, "pan", State::Done) }]),
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
        let redo = || Task { action: Some(Action::Redo), ..task("a", "mug") };
        for state in State::ALL {
            let known = known(1, "mug", state);
            let expected = match state {
                State::Pending | State::Submitting | State::Running => Step::Keep(known),
                _ => Step::Redo(known),
            };
            assert_eq!(one(redo(), known), expected, "{state:?}");
            let redo_done = KnownTask { redo_done: true, ..known };
            assert_eq!(one(redo(), redo_done), Step::Keep(redo_done), "{state:?}");
        }
        assert_eq!(compare(std::iter::once(redo()), &KnownTasks::new()).steps, [Step::New]);
    }

    #[test]
    fn a_redo_in_old_results_is_not_carried_out_again() {
        let earlier = |task_id: &str| Earlier {
            state: State::Done,
            task_id: Some(RemoteTaskId(task_id.into())),
            reason: None,
            images: Images::default(),
            quota: None,
            submitted_at: None,
            finished_at: None,
        };
        let redo = |task_id| Task {
            action: Some(Action::Redo),
            earlier: Some(Box::new(earlier(task_id))),
            ..task("a", "mug")
        };
        let known = KnownTask {
            last_mark: Some(RemoteTaskId("second".into()).mark()),
            ..known(1, "mug", State::Done)
        };
        assert_eq!(one(redo("second"), known), Step::Redo(known));
        assert_eq!(one(redo("first"), known), Step::Keep(known));
        let nameless = KnownTask { last_mark: None, state: State::Unknown, ..known };
        assert_eq!(one(redo("first"), nameless), Step::Keep(nameless), "the last attempt has no name yet");
        // A refused prompt has no taskId: results that tell of one are older than an attempt that
        // was accepted.
        let mut refused = redo("");
        refused.earlier = Some(Box::new(Earlier { task_id: None, state: State::Failed, ..earlier("") }));
        assert_eq!(one(refused.clone(), known), Step::Keep(known));
        let still = KnownTask { last_mark: None, state: State::Failed, ..known };
        assert_eq!(one(refused, still), Step::Redo(still));
    }

    #[test]
    fn a_skip_keeps_what_was_paid_for_and_ends_when_it_is_taken_back() {
        let skip = || Task { action: Some(Action::Skip), ..task("a", "mug") };
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
    }

    #[test]
    fn results_are_taken_over_where_the_state_does_not_know_better() {
        let earlier = Earlier {
            state: State::Done,
            task_id: None,
            reason: None,
            images: Images::default(),
            quota: None,
            submitted_at: None,
            finished_at: None,
        };
        let result = || Task { earlier: Some(Box::new(earlier.clone())), ..task("a", "mug") };
        let alone = |task: Task| compare(std::iter::once(task), &KnownTasks::new()).steps[0];
        assert_eq!(alone(result()), Step::Import(State::Done));
        assert_eq!(alone(Task { action: Some(Action::Redo), ..result() }), Step::New);
        let known = known(1, "mug", State::Running);
        assert_eq!(one(result(), known), Step::Keep(known));
    }

    #[test]
    fn a_mode_that_is_left_open_is_content_with_either_and_buys_nothing_again() {
        let left_open = || Task::new("a", "mug", TaskMode::Auto);
        let known = |mode: TaskMode, state| KnownTask {
            fingerprint: Fingerprint::of("mug", mode),
            ..known(1, "mug", state)
        };
        for state in State::ALL {
            let waits = matches!(state, State::Pending | State::Skipped);
            for mode in [Mode::Fast, Mode::Relaxed] {
                // To `auto`, and from it.
                for (task, known) in [
                    (left_open(), known(mode.into(), state)),
                    (Task::new("a", "mug", mode), known(TaskMode::Auto, state)),
                ] {
                    let expected = if waits { Step::Changed(known) } else { Step::Keep(known) };
                    assert_eq!(one(task, known), expected, "{mode} {state:?}");
                }
            }
            let other = KnownTask {
                fingerprint: Fingerprint::of("cup", TaskMode::Auto),
                ..known(TaskMode::Auto, state)
            };
            assert_eq!(one(left_open(), other), Step::Changed(other), "another prompt is another task");
        }
        // One that is made again is made in the mode that is said now.
        let (again, done) =
            (Task { action: Some(Action::Redo), ..left_open() }, known(Mode::Fast.into(), State::Done));
        assert_eq!(one(again, done), Step::Changed(done));
        // The version that says the same goes before one that would do.
        let [waits, done] = [known(TaskMode::Auto, State::Pending), known(Mode::Fast.into(), State::Done)];
        let done = KnownTask { key: 2, active: false, ..done };
        let known_tasks = KnownTasks::from([(TaskId("a".into()), vec![done, waits])]);
        assert_eq!(compare(std::iter::once(left_open()), &known_tasks).steps, [Step::Keep(waits)]);
    }
}
