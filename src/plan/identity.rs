//! Which task of a manifest is which task of the state.
//!
//! A task is its id and its prompt. People and spreadsheets rename ids, sort a sheet by one column,
//! turn `007` into `7`: so tasks are matched first by id and prompt, then, of those left on both
//! sides, by prompt alone, and last by id. What is matched by its prompt alone is the same task
//! under another id: nothing of it is bought again, and what is unknown of it stays unknown.

use std::collections::{HashMap, HashSet, VecDeque};

use super::{KnownTask, KnownTasks};
use crate::prompt::canonical_prompt;
use crate::seeded_fault::{self, SeededFault};
use crate::task::{Fingerprint, State, Task, TaskId};

/// The fingerprint of a task: the hash of its prompt in canonical form.
pub fn fingerprint(task: &Task) -> Fingerprint {
    if seeded_fault::is_on(SeededFault::ModeIsIdentity) {
        return Fingerprint::of(&format!("{} {}", canonical_prompt(&task.prompt), task.mode.as_str()));
    }
    fingerprint_of(&task.prompt)
}

/// The fingerprint of a task with this prompt.
pub fn fingerprint_of(prompt: &str) -> Fingerprint {
    if seeded_fault::is_on(SeededFault::PromptsComparedRaw) {
        return Fingerprint::of(prompt);
    }
    Fingerprint::of(&canonical_prompt(prompt))
}

/// The task of the state that a task of the manifest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity<'k> {
    /// This one, under this id.
    Same(KnownTask),
    /// This one, which had another id.
    Renamed(KnownTask, &'k TaskId),
    /// None: the id has another prompt now, last that of this one.
    Changed(KnownTask),
    /// None.
    New,
}

/// Matches the tasks of a manifest with those of the state, in the three steps of this module.
/// Every task of the state is matched once at most.
pub(super) struct TaskMatcher<'k> {
    known: &'k KnownTasks,
    taken: HashSet<i64>,
    /// The tasks that are not taken after the first step, by prompt: those that the manifest listed
    /// last come first, in its order, then older ones, the newest first. Made when it is needed.
    by_prompt: Option<HashMap<Fingerprint, VecDeque<(KnownTask, &'k TaskId)>>>,
}

impl<'k> TaskMatcher<'k> {
    pub(super) fn new(known: &'k KnownTasks) -> Self {
        TaskMatcher { known, taken: HashSet::new(), by_prompt: None }
    }

    /// The first step: the same id and the same prompt.
    pub(super) fn by_id_and_prompt(&mut self, id: &TaskId, fingerprint: Fingerprint) -> Option<KnownTask> {
        let versions = self.known.get(id)?.iter().filter(|known| known.fingerprint == fingerprint);
        let known = *versions.max_by_key(|known| (known.is_active(), rank(known.state), known.key))?;
        self.taken.insert(known.key);
        Some(known)
    }

    /// The second step, for what the first one left, in the manifest's order: the same prompt.
    pub(super) fn by_prompt(&mut self, fingerprint: Fingerprint) -> Option<(KnownTask, &'k TaskId)> {
        let (known, taken) = (self.known, &self.taken);
        let index = self.by_prompt.get_or_insert_with(|| unmatched_by_prompt(known, taken));
        let (known, id) = index.get_mut(&fingerprint)?.pop_front()?;
        if seeded_fault::is_on(SeededFault::PromptAloneNotMatched)
            || seeded_fault::is_on(SeededFault::DeletedRowsForgotten) && !known.is_active()
        {
            return None;
        }
        self.taken.insert(known.key);
        Some((known, id))
    }

    /// The last step: the same id with another prompt.
    pub(super) fn by_id(&self, id: &TaskId) -> Option<KnownTask> {
        let versions = self.known.get(id)?.iter().filter(|known| !self.taken.contains(&known.key));
        versions.max_by_key(|known| (known.is_active(), known.key)).copied()
    }

    /// The ids that the manifest listed last, none of whose tasks was matched.
    pub(super) fn unmatched_ids(&self) -> impl Iterator<Item = &'k TaskId> {
        self.known.iter().filter_map(|(id, versions)| {
            let mut active = versions.iter().filter(|known| known.is_active());
            active.any(|known| !self.taken.contains(&known.key)).then_some(id)
        })
    }
}

/// How much has become of a task, where several have one id and one prompt.
fn rank(state: State) -> u8 {
    match state {
        State::Skipped => 0,
        State::Pending => 1,
        State::Lost => 2,
        State::Failed => 3,
        State::Done => 4,
        State::Unknown => 5,
        State::Submitting => 6,
        State::Running => 7,
    }
}

fn unmatched_by_prompt<'k>(
    known: &'k KnownTasks,
    taken: &HashSet<i64>,
) -> HashMap<Fingerprint, VecDeque<(KnownTask, &'k TaskId)>> {
    let mut left: Vec<(KnownTask, &TaskId)> = Vec::new();
    for (id, versions) in known {
        left.extend(versions.iter().filter(|known| !taken.contains(&known.key)).map(|known| (*known, id)));
    }
    left.sort_by_key(|(known, _)| (known.position.is_none(), known.position, -known.key));
    let mut by_prompt: HashMap<Fingerprint, VecDeque<_>> = HashMap::new();
    for (known, id) in left {
        by_prompt.entry(known.fingerprint).or_default().push_back((known, id));
    }
    by_prompt
}
