//! What a manifest's tasks mean for a batch that may already have a state: which are new, which are known, which changed.
//!
//! Pure: it compares and counts. A task is known by its id and its fingerprint, never by its place in the manifest, so an
//! added, removed or moved row touches no other. The store carries the plan out.

mod choice;

use std::collections::HashMap;

pub use choice::{Choice, Filter, Looked, NotAFilter, Only, Unknown};

use crate::task::{Action, Fingerprint, Mode, ModeCounts, RemoteTaskId, State, Task, TaskId, TaskMode};

/// What the state knows of one version of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Its row.
    pub key: i64,
    /// What it would send.
    pub fingerprint: Fingerprint,
    /// Where it stands.
    pub state: State,
    /// Whether the manifest listed it when the state last saw one.
    pub listed: bool,
    /// A `redo` of it was carried out, and the manifest has asked for it ever since.
    pub redone: bool,
    /// The mark of the taskId of its last attempt, if that has one.
    pub last: Option<u64>,
}

/// Everything the state knows, by id: one version, or several where the task was edited.
pub type Knowledge = HashMap<TaskId, Vec<Known>>;

/// What becomes of one task of the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing is known of it: it will be submitted.
    New,
    /// It is as it was: its row stays.
    Keep(Known),
    /// An id that is known with another prompt or mode, last this one: it will be submitted, the old result stays in the
    /// history.
    Changed(Known),
    /// An id that changed back to an earlier version: that row, and its result, count again.
    Back(Known),
    /// The manifest asks to make it once more, and that was not carried out yet: a new attempt, the old one stays in the
    /// history.
    Redo(Known),
    /// The manifest is the results of an earlier run that the state does not know: what they say is taken over.
    TakeOver(State),
    /// The manifest says not to submit it. Known, or new.
    Skip(Option<Known>),
}

impl Step {
    /// Where the task stands once the plan is carried out.
    pub fn state(&self) -> State {
        match self {
            Step::New | Step::Changed(_) | Step::Redo(_) => State::Pending,
            Step::Skip(_) => State::Skipped,
            Step::TakeOver(state) => *state,
            // It was skipped, and the manifest does not say so any more.
            Step::Keep(known) | Step::Back(known) if known.state == State::Skipped => State::Pending,
            Step::Keep(known) | Step::Back(known) => known.state,
        }
    }
}

/// The plan: a step for each task, in the manifest's order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// One step a task.
    pub steps: Vec<Step>,
    /// The ids that the manifest no longer has, in order.
    pub removed: Vec<TaskId>,
    /// How many tasks will be submitted, by mode.
    pub to_submit: ModeCounts,
    /// How many others wait, which a choice left out.
    pub left_out: u64,
    /// Task by task, where a choice was made.
    chosen: Option<Vec<bool>>,
}

impl Plan {
    /// Whether the nth task will be submitted.
    pub fn submits(&self, n: usize) -> bool {
        let waits = self.steps.get(n).is_some_and(|step| step.state() == State::Pending);
        waits && self.chosen.as_ref().is_none_or(|chosen| chosen.get(n).copied().unwrap_or_default())
    }

    /// How many steps are of this kind.
    pub fn count(&self, kind: impl Fn(&Step) -> bool) -> u64 {
        self.steps.iter().filter(|step| kind(step)).count() as u64
    }
}

/// Compares a manifest's tasks with what the state knows.
pub fn compare(tasks: impl Iterator<Item = Task>, knowledge: &Knowledge) -> Plan {
    let mut plan = Plan::default();
    let mut unseen: HashMap<&TaskId, ()> = knowledge
        .iter()
        .filter(|(_, versions)| versions.iter().any(|known| known.listed))
        .map(|(id, _)| (id, ()))
        .collect();
    for task in tasks {
        let versions = knowledge.get(&task.id).map_or(&[][..], Vec::as_slice);
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

fn step(task: &Task, versions: &[Known]) -> Step {
    let same = same(task, versions);
    let earlier = task.earlier.as_ref().filter(|_| versions.is_empty() && task.action.is_none());
    if let Some(earlier) = earlier {
        return Step::TakeOver(earlier.state);
    }
    match (task.action, same) {
        (Some(Action::Redo), Some(known))
            if !known.redone && may_be_redone(known.state) && !was_made_since(task, &known) =>
        {
            // One that is made again is made as the manifest says now.
            let is_as_it_was = known.fingerprint == task.fingerprint();
            if is_as_it_was { Step::Redo(known) } else { Step::Changed(known) }
        }
        (Some(Action::Skip), Some(known)) if may_be_skipped(known.state) => Step::Skip(Some(known)),
        (Some(Action::Skip), None) => Step::Skip(None),
        (_, Some(known)) if known.listed => Step::Keep(known),
        (_, Some(known)) => Step::Back(known),
        (_, None) => match versions.iter().max_by_key(|known| (known.listed, known.key)) {
            Some(last) => Step::Changed(*last),
            None => Step::New,
        },
    }
}

/// The version of the task that the manifest asks for, if there is one.
///
/// A task that leaves its mode to the run is content with a picture in either mode, and one that was made so is not made
/// again because the mode is now said: only the speed was left open, and it is paid for. What still waits is another matter.
fn same(task: &Task, versions: &[Known]) -> Option<Known> {
    let of = |mode: TaskMode| {
        let fingerprint = Fingerprint::of(&task.prompt, mode);
        versions.iter().find(|known| known.fingerprint == fingerprint).copied()
    };
    let others: &[TaskMode] = match task.mode {
        TaskMode::Fixed(_) => &[TaskMode::Auto],
        TaskMode::Auto => &[TaskMode::Fixed(Mode::Fast), TaskMode::Fixed(Mode::Relaxed)],
    };
    let was_sent = |known: &Known| !matches!(known.state, State::Pending | State::Skipped);
    let other = || others.iter().filter_map(|mode| of(*mode)).filter(was_sent);
    of(task.mode)
        .or_else(|| other().max_by_key(|known| (known.listed, known.state == State::Done, known.key)))
}

/// Whether the task was made once more since the results were written that ask for it: they tell of another attempt than the
/// last one. Their `redo` was carried out then, and another manifest has been run in between, or it is older than they know.
fn was_made_since(task: &Task, known: &Known) -> bool {
    let told = task.earlier.as_ref().map(|earlier| earlier.task_id.as_ref().map(RemoteTaskId::mark));
    told.is_some_and(|told| known.last != told)
}

/// What runs, or waits anyway, is not made once more.
fn may_be_redone(state: State) -> bool {
    matches!(state, State::Done | State::Failed | State::Lost | State::Unknown | State::Skipped)
}

/// What was paid for is not made undone by skipping it.
fn may_be_skipped(state: State) -> bool {
    matches!(state, State::Pending | State::Failed | State::Skipped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Earlier, Pictures};

    fn task(id: &str, prompt: &str) -> Task {
        Task::new(id, prompt, Mode::Fast)
    }

    fn known(key: i64, prompt: &str, state: State) -> Known {
        let fingerprint = Fingerprint::of(prompt, Mode::Fast);
        Known { key, fingerprint, state, listed: true, redone: false, last: None }
    }

    fn one(task: Task, known: Known) -> Step {
        let knowledge = Knowledge::from([(task.id.clone(), vec![known])]);
        compare(std::iter::once(task), &knowledge).steps[0]
    }

    #[test]
    fn a_task_is_known_by_its_id_and_what_it_sends() {
        let old_jar = Known { listed: false, ..known(3, "old jar", State::Done) };
        let knowledge = Knowledge::from([
            (TaskId("a".into()), vec![known(1, "mug", State::Done)]),
            (TaskId("b".into()), vec![known(2, "cup", State::Running)]),
            (TaskId("c".into()), vec![old_jar, known(4, "jar", State::Done)]),
            (TaskId("gone".into()), vec![known(5, "pot", State::Done)]),
            (TaskId("long gone".into()), vec![Known { listed: false, ..known(6, "pan", State::Done) }]),
        ]);
        let tasks = [task("new", "tray"), task("c", "old jar"), task("b", "blue cup"), task("a", "mug")];
        let plan = compare(tasks.into_iter(), &knowledge);
        let changed = Step::Changed(known(2, "cup", State::Running));
        assert_eq!(
            plan.steps,
            [Step::New, Step::Back(old_jar), changed, Step::Keep(known(1, "mug", State::Done))]
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
            let redone = Known { redone: true, ..known };
            assert_eq!(one(redo(), redone), Step::Keep(redone), "{state:?}");
        }
        assert_eq!(compare(std::iter::once(redo()), &Knowledge::new()).steps, [Step::New]);
    }

    #[test]
    fn a_redo_in_old_results_is_not_carried_out_again() {
        let earlier = |task_id: &str| Earlier {
            state: State::Done,
            task_id: Some(RemoteTaskId(task_id.into())),
            reason: None,
            pictures: Pictures::default(),
            quota: None,
            submitted_at: None,
            finished_at: None,
        };
        let redo = |task_id| Task {
            action: Some(Action::Redo),
            earlier: Some(Box::new(earlier(task_id))),
            ..task("a", "mug")
        };
        let known =
            Known { last: Some(RemoteTaskId("second".into()).mark()), ..known(1, "mug", State::Done) };
        assert_eq!(one(redo("second"), known), Step::Redo(known));
        assert_eq!(one(redo("first"), known), Step::Keep(known));
        let nameless = Known { last: None, state: State::Unknown, ..known };
        assert_eq!(one(redo("first"), nameless), Step::Keep(nameless), "the last attempt has no name yet");
        // A refused prompt has no taskId: results that tell of one are older than an attempt that was accepted.
        let mut refused = redo("");
        refused.earlier = Some(Box::new(Earlier { task_id: None, state: State::Failed, ..earlier("") }));
        assert_eq!(one(refused.clone(), known), Step::Keep(known));
        let still = Known { last: None, state: State::Failed, ..known };
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
        assert_eq!(compare(std::iter::once(skip()), &Knowledge::new()).steps, [Step::Skip(None)]);
        let again = one(task("a", "mug"), known(1, "mug", State::Skipped));
        assert_eq!(again.state(), State::Pending);
    }

    #[test]
    fn results_are_taken_over_where_the_state_does_not_know_better() {
        let earlier = Earlier {
            state: State::Done,
            task_id: None,
            reason: None,
            pictures: Pictures::default(),
            quota: None,
            submitted_at: None,
            finished_at: None,
        };
        let result = || Task { earlier: Some(Box::new(earlier.clone())), ..task("a", "mug") };
        let alone = |task: Task| compare(std::iter::once(task), &Knowledge::new()).steps[0];
        assert_eq!(alone(result()), Step::TakeOver(State::Done));
        assert_eq!(alone(Task { action: Some(Action::Redo), ..result() }), Step::New);
        let known = known(1, "mug", State::Running);
        assert_eq!(one(result(), known), Step::Keep(known));
    }

    #[test]
    fn a_mode_that_is_left_open_is_content_with_either_and_buys_nothing_again() {
        let left_open = || Task::new("a", "mug", TaskMode::Auto);
        let known = |mode: TaskMode, state| Known {
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
            let other =
                Known { fingerprint: Fingerprint::of("cup", TaskMode::Auto), ..known(TaskMode::Auto, state) };
            assert_eq!(one(left_open(), other), Step::Changed(other), "another prompt is another task");
        }
        // One that is made again is made in the mode that is said now.
        let (again, done) =
            (Task { action: Some(Action::Redo), ..left_open() }, known(Mode::Fast.into(), State::Done));
        assert_eq!(one(again, done), Step::Changed(done));
        // The version that says the same goes before one that would do.
        let [waits, done] = [known(TaskMode::Auto, State::Pending), known(Mode::Fast.into(), State::Done)];
        let done = Known { key: 2, listed: false, ..done };
        let knowledge = Knowledge::from([(TaskId("a".into()), vec![done, waits])]);
        assert_eq!(compare(std::iter::once(left_open()), &knowledge).steps, [Step::Keep(waits)]);
    }
}
