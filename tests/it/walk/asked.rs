//! The model: how many purchases of each motif a person has asked for so far.
//!
//! A motif may be bought once for each task that has it, and once more for each redo, retry and
//! resend that was accepted. The model errs on the side of the program only where a kill hides
//! whether something was accepted; whenever a run has settled everything, what was not used of it
//! is taken back.

use std::collections::{BTreeMap, BTreeSet};

use super::sheet::Listed;
use super::state::TaskRow;

/// What was asked for, by motif.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// The most tasks that had the motif in one manifest.
    tasks: BTreeMap<u32, i64>,
    /// The purchases besides the first one of each task; negative where a first one was not needed,
    /// because the service refused it.
    more: BTreeMap<u32, i64>,
    /// The ids whose `redo` the last manifest that was run had already.
    redone: BTreeMap<u32, BTreeSet<String>>,
}

impl Asked {
    /// How many purchases of a motif were asked for.
    pub(super) fn of(&self, motif: u32) -> i64 {
        let count = |counts: &BTreeMap<u32, i64>| counts.get(&motif).copied().unwrap_or_default();
        count(&self.tasks) + count(&self.more)
    }

    /// One more purchase was asked for.
    pub(super) fn once_more(&mut self, motif: u32) {
        *self.more.entry(motif).or_default() += 1;
    }

    /// A manifest is run, over a state with these tasks. Gives the motifs whose `redo` is new.
    pub(super) fn list(&mut self, listed: &[Listed], known: &[TaskRow]) -> BTreeSet<u32> {
        let motifs: BTreeSet<u32> = listed.iter().map(|task| task.motif).collect();
        let mut redone = BTreeSet::new();
        for motif in motifs {
            let tasks: Vec<&Listed> = listed.iter().filter(|task| task.motif == motif).collect();
            let most = self.tasks.entry(motif).or_default();
            *most = (*most).max(tasks.len() as i64);
            // Of one task it is one `redo`, whatever its id is.
            let name = |(n, task): (usize, &&Listed)| match (tasks.len(), &task.id) {
                (1, _) => String::new(),
                (_, Some(id)) => format!("id {id}"),
                (_, None) => format!("row {n}"),
            };
            let redos = tasks.iter().enumerate().filter(|(_, task)| task.action == "redo");
            let asks: BTreeSet<String> = redos.map(name).collect();
            let before = self.redone.remove(&motif).unwrap_or_default();
            let is_known = known.iter().any(|task| task.motif == motif);
            let new = asks.difference(&before).count();
            if is_known && new > 0 {
                *self.more.entry(motif).or_default() += new as i64;
                redone.insert(motif);
            }
            self.redone.insert(motif, asks);
        }
        redone
    }

    /// A run has settled everything that these tasks have to do with: nothing more is to be bought
    /// of a motif whose tasks have all ended.
    pub(super) fn settle(&mut self, listed: &[Listed], tasks: &[TaskRow], billed: &BTreeMap<u32, i64>) {
        for motif in listed.iter().map(|task| task.motif).collect::<BTreeSet<_>>() {
            let mut of_motif = tasks.iter().filter(|task| task.motif == motif);
            let mut asks = listed.iter().filter(|task| task.motif == motif);
            let is_redo_due =
                asks.any(|task| task.action == "redo") && of_motif.clone().any(|task| !task.is_redone);
            if !is_redo_due && of_motif.all(|task| task.is_listed && task.is_final()) {
                let tasks = self.tasks.get(&motif).copied().unwrap_or_default();
                self.more.insert(motif, billed.get(&motif).copied().unwrap_or_default() - tasks);
            }
        }
    }
}
