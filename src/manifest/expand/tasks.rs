//! Lists the tasks of a manifest one by one: rows, combinations of a matrix, permutations and
//! takes, multiplied in this order.
//!
//! The steps are taken by the check, which reports all problems, and again by each listing. Only
//! the entries and the text of the tables are kept in between.

use std::sync::Arc;

use super::entry::EntryItem;
use super::expansion::Expansion;
use super::ids::IdGenerator;
use super::matrix::Combination;
use super::variants::combinations;
use crate::task::Task;

impl Expansion {
    /// Lists all tasks, in the order of the manifest.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = Task> + '_ {
        let shown = self.columns.shown();
        let mut generator = self.ids.generator();
        self.entries
            .iter()
            .zip(0..)
            .flat_map(|(entry, number)| self.items(entry).map(move |item| (item, number)))
            .flat_map(|(item, number)| {
                let item = Arc::new(item);
                combinations(item.entry).map(move |combination| (Arc::clone(&item), combination, number))
            })
            .flat_map(move |(item, combination, number)| {
                let tasks = self.make(&item, combination, &shown, &mut generator);
                tasks.into_iter().map(move |task| Task { entry: number, ..task })
            })
    }

    fn make(
        &self,
        item: &EntryItem<'_>,
        combination: Combination<'_>,
        shown: &[usize],
        generator: &mut IdGenerator<'_>,
    ) -> Vec<Task> {
        let mut values = self.values(item, &combination);
        // The check has refused every manifest in which this would be an error.
        let drafts = self.variants(item, combination).and_then(|variants| self.drafts(&variants));
        let vars: Vec<String> =
            shown.iter().map(|variable| values[*variable].take().unwrap_or_default()).collect();
        let mut tasks = Vec::new();
        for draft in drafts.unwrap_or_default() {
            for take in 1..=draft.takes {
                tasks.push(Task {
                    id: generator.id(&draft.name, take),
                    prompt: draft.prompt.clone(),
                    mode: item.mode,
                    timeout: item.timeout,
                    hook_url: item.hook_url.clone(),
                    decision: item.decision,
                    priority: item.priority,
                    entry: 0,
                    earlier: None,
                    vars: vars.clone(),
                });
            }
        }
        tasks
    }
}
