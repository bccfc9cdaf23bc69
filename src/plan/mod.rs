//! What a manifest's tasks mean for a batch that may already have a state: which are new, which are known, which changed.
//!
//! Pure: it compares and counts. A task is known by its id and its fingerprint, never by its place in the manifest, so an
//! added, removed or moved row touches no other. The store carries the plan out.

use std::collections::HashMap;

use crate::task::{Fingerprint, Id, State, Task};

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
}

/// Everything the state knows, by id: one version, or several where the task was edited.
pub type Knowledge = HashMap<Id, Vec<Known>>;

/// What becomes of one task of the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing is known of it: it will be submitted.
    New,
    /// It is as it was: its row stays.
    Keep(i64),
    /// An id that is known with another prompt or mode: it will be submitted, the old result stays in the history.
    Changed,
    /// An id that changed back to an earlier version: that row, and its result, count again.
    Back(i64),
}

/// The plan: a step for each task, in the manifest's order, and how many there are of each kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// One step a task.
    pub steps: Vec<Step>,
    /// How many tasks are new.
    pub new: u64,
    /// How many are as they were.
    pub kept: u64,
    /// How many have another prompt or mode than before.
    pub changed: u64,
    /// How many the manifest no longer has.
    pub removed: u64,
}

/// Compares a manifest's tasks with what the state knows.
pub fn compare(tasks: &[Task], knowledge: &Knowledge) -> Plan {
    let mut plan = Plan { steps: Vec::with_capacity(tasks.len()), ..Plan::default() };
    let mut listed_ids: u64 = 0;
    for task in tasks {
        let versions = knowledge.get(&task.id).map_or(&[][..], Vec::as_slice);
        listed_ids += u64::from(versions.iter().any(|known| known.listed));
        let fingerprint = task.fingerprint();
        let step = match versions.iter().find(|known| known.fingerprint == fingerprint) {
            Some(known) if known.listed => Step::Keep(known.key),
            Some(known) => Step::Back(known.key),
            None if versions.is_empty() => Step::New,
            None => Step::Changed,
        };
        match step {
            Step::New => plan.new += 1,
            Step::Keep(_) | Step::Back(_) => plan.kept += 1,
            Step::Changed => plan.changed += 1,
        }
        plan.steps.push(step);
    }
    let were_listed = knowledge.values().filter(|versions| versions.iter().any(|known| known.listed)).count();
    plan.removed = (were_listed as u64).saturating_sub(listed_ids);
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Mode;

    fn task(id: &str, prompt: &str) -> Task {
        Task {
            id: Id(id.into()),
            prompt: prompt.into(),
            mode: Mode::Fast,
            timeout: None,
            hook_url: None,
            action: None,
            vars: Vec::new(),
        }
    }

    fn known(key: i64, prompt: &str, listed: bool) -> Known {
        Known { key, fingerprint: Fingerprint::of(prompt, Mode::Fast), state: State::Done, listed }
    }

    #[test]
    fn a_task_is_known_by_its_id_and_what_it_sends() {
        let knowledge = Knowledge::from([
            (Id("a".into()), vec![known(1, "mug", true)]),
            (Id("b".into()), vec![known(2, "cup", true)]),
            (Id("c".into()), vec![known(3, "old jar", false), known(4, "jar", true)]),
            (Id("gone".into()), vec![known(5, "pot", true)]),
            (Id("long gone".into()), vec![known(6, "pan", false)]),
        ]);
        let tasks = [task("new", "tray"), task("c", "old jar"), task("b", "blue cup"), task("a", "mug")];
        let plan = compare(&tasks, &knowledge);
        assert_eq!(plan.steps, [Step::New, Step::Back(3), Step::Changed, Step::Keep(1)]);
        assert_eq!((plan.new, plan.kept, plan.changed, plan.removed), (1, 2, 1, 1));
    }
}
