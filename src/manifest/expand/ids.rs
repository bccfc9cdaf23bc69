//! Makes the ids of tasks: given ones, or ones derived from the content; never from the position.
//!
//! Tasks are named one after the other while they are listed, and a million names must not be held
//! in memory. So an [`IdCollector`] first sees every name as a hash and becomes an [`IdIndex`] of
//! what matters: derived names that occur more than once, and numbers that given ids have taken. An
//! [`IdGenerator`] then makes the same ids on every listing.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use crate::task::TaskId;

/// The name of a draft, before its takes are numbered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DraftName {
    /// A name from the entry's id, the row's id or chosen values.
    Given(String),
    /// A name from the prompt, for tasks that have no id.
    Derived(String),
}

/// Counts the names of a manifest.
#[derive(Debug, Default)]
pub(crate) struct IdCollector {
    hasher: RandomState,
    given: HashSet<u64>,
    /// Given ids that look like a numbered take (`mug~2`): the hash of the part before the number,
    /// and the number.
    numbered: HashSet<(u64, u32)>,
    made: HashMap<u64, u32>,
    /// Hashes of given ids that occur more than once. Different ids with one hash are
    /// distinguished when duplicates are reported.
    pub(crate) twice: HashSet<u64>,
    /// Hashes of derived names that occur at more than one place.
    pub(crate) shared: HashSet<u64>,
}

impl IdCollector {
    /// Counts the takes of a task.
    pub(crate) fn count(&mut self, name: &DraftName, takes: u32) {
        match name {
            DraftName::Given(base) => {
                self.give(base);
                for take in 2..=takes {
                    self.give(&numbered(base, take));
                }
            }
            DraftName::Derived(base) => {
                let hash = self.hash(base);
                let seen = self.made.entry(hash).or_default();
                if *seen > 0 {
                    self.shared.insert(hash);
                }
                *seen += takes;
            }
        }
    }

    fn give(&mut self, id: &str) {
        let hash = self.hash(id);
        if !self.given.insert(hash) {
            self.twice.insert(hash);
        }
        let parts = id.rsplit_once('~').and_then(|(base, n)| Some((base, n.parse::<u32>().ok()?)));
        if let Some((base, n)) = parts.filter(|(base, n)| numbered(base, *n) == id) {
            self.numbered.insert((self.hash(base), n));
        }
    }

    pub(crate) fn hash(&self, id: &str) -> u64 {
        self.hasher.hash_one(id)
    }

    /// Keeps only what naming the tasks again needs.
    pub(crate) fn into_index(self) -> IdIndex {
        let mut taken: HashSet<(u64, u32)> =
            self.numbered.into_iter().filter(|(base, _)| self.made.contains_key(base)).collect();
        taken.extend(self.given.iter().filter(|id| self.made.contains_key(id)).map(|id| (*id, 1)));
        let of_many = |(base, n): (u64, u32)| (n > 1 || taken.contains(&(base, 1))).then_some(base);
        let counted = self.made.into_iter().filter_map(of_many).collect();
        IdIndex { hasher: self.hasher, taken, counted }
    }
}

/// What has to be known of all names to make the ids of tasks one by one.
#[derive(Debug, Clone, Default)]
pub(crate) struct IdIndex {
    hasher: RandomState,
    /// Numbers of derived names that given ids have taken; the bare name counts as 1.
    taken: HashSet<(u64, u32)>,
    /// Hashes of derived names that occur more than once, and so need numbers.
    counted: HashSet<u64>,
}

impl IdIndex {
    /// Starts to make ids, from the first task on.
    pub(crate) fn generator(&self) -> IdGenerator<'_> {
        IdGenerator { ids: self, last: HashMap::new() }
    }
}

/// Makes ids in the order of the tasks.
#[derive(Debug)]
pub(crate) struct IdGenerator<'a> {
    ids: &'a IdIndex,
    last: HashMap<u64, u32>,
}

impl IdGenerator<'_> {
    /// The id of a task's take, counted from 1.
    pub(crate) fn id(&mut self, name: &DraftName, take: u32) -> TaskId {
        match name {
            DraftName::Given(base) => TaskId(numbered(base, take)),
            DraftName::Derived(base) => {
                let hash = self.ids.hasher.hash_one(base);
                if !self.ids.counted.contains(&hash) {
                    return TaskId(base.clone());
                }
                let last = self.last.entry(hash).or_default();
                // A given id wins: rows copied from results into a manifest have ids that were
                // derived from content.
                loop {
                    *last += 1;
                    if !self.ids.taken.contains(&(hash, *last)) {
                        return TaskId(numbered(base, *last));
                    }
                }
            }
        }
    }
}

fn numbered(base: &str, take: u32) -> String {
    if take == 1 { base.to_owned() } else { format!("{base}~{take}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn made(base: &str) -> DraftName {
        DraftName::Derived(base.to_owned())
    }

    fn given(id: &str) -> DraftName {
        DraftName::Given(id.to_owned())
    }

    fn named(names: &[DraftName]) -> Vec<String> {
        let mut collector = IdCollector::default();
        names.iter().for_each(|name| collector.count(name, 1));
        let ids = collector.into_index();
        let mut generator = ids.generator();
        names.iter().map(|name| generator.id(name, 1).0).collect()
    }

    #[test]
    fn takes_are_numbered_and_a_given_id_wins() {
        assert_eq!(
            named(&[made("mug"), made("pen"), made("mug"), made("mug")]),
            ["mug", "pen", "mug~2", "mug~3"]
        );
        assert_eq!(named(&[made("mug"), given("mug"), made("mug")]), ["mug~2", "mug", "mug~3"]);
        assert_eq!(named(&[made("mug"), given("mug~2"), made("mug")]), ["mug", "mug~2", "mug~3"]);
        assert_eq!(named(&[given("mug~02"), made("mug"), made("mug")]), ["mug~02", "mug", "mug~2"]);
    }

    #[test]
    fn a_given_id_that_is_there_twice_is_found() {
        let mut collector = IdCollector::default();
        collector.count(&given("mug"), 3);
        assert!(collector.twice.is_empty());
        collector.count(&given("mug~3"), 1);
        assert!(collector.twice.contains(&collector.hash("mug~3")));
    }

    proptest! {
        #[test]
        fn ids_are_unique_unless_they_were_given_twice(
            names in prop::collection::vec(("[ab](~[123])?", any::<bool>()), 0..12),
        ) {
            let mut seen = HashSet::new();
            let names: Vec<DraftName> = names
                .into_iter()
                .filter(|(name, is_given)| !is_given || seen.insert(name.clone()))
                .map(|(name, is_given)| if is_given { DraftName::Given(name) } else { DraftName::Derived(name[..1].to_owned()) })
                .collect();
            let ids = named(&names);
            let unique: HashSet<&String> = ids.iter().collect();
            prop_assert_eq!(unique.len(), ids.len());
        }
    }
}
