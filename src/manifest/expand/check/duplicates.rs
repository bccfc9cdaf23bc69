//! Reports tasks that share an id, and tasks without an id that share a prompt, which are takes.

use std::collections::HashMap;

use super::places::ItemPlaces;
use crate::diagnostic::{Diagnostic, Place, Problems, quoted};
use crate::manifest::expand::drafts::TaskDraft;
use crate::manifest::expand::entry::{EntryItem, ItemPart, ManifestEntry, PromptSource};
use crate::manifest::expand::expansion::Expansion;
use crate::manifest::expand::ids::{DraftName, IdCollector};
use crate::manifest::expand::variants::combinations;

/// The first task that claimed an id which several tasks have.
struct IdHolder {
    place: Place,
    entry: usize,
    at: Option<usize>,
    /// How many drafts and how many tasks share the place: a draft with `repeat` is several tasks.
    drafts: u64,
    tasks: u64,
}

/// Walks all tasks a second time and reports each id that two of them have, with both places. The
/// first walk kept hashes of names only; here names are compared as text.
pub(super) fn report_duplicates(
    expansion: &Expansion,
    places: &ItemPlaces<'_>,
    collector: &IdCollector,
    problems: &mut Problems,
) {
    let mut given: HashMap<String, IdHolder> = HashMap::new();
    let mut made: HashMap<String, Vec<IdHolder>> = HashMap::new();
    each_draft(expansion, |number, item, draft| {
        let entry = item.entry;
        let row = item.row.as_ref();
        let holder = |part| IdHolder {
            place: places.place(entry, row, part),
            entry: number,
            at: row.map(|row| row.at),
            drafts: 1,
            tasks: u64::from(draft.takes),
        };
        match &draft.name {
            DraftName::Derived(base) if collector.shared.contains(&collector.hash(base)) => {
                let takes = made.entry(base.clone()).or_default();
                match &mut takes[..] {
                    [_, second, ..] => {
                        second.drafts += 1;
                        second.tasks += u64::from(draft.takes);
                    }
                    _ => takes.push(holder(ItemPart::Prompt)),
                }
            }
            DraftName::Derived(_) => {}
            DraftName::Given(base) => {
                for take in 1..=draft.takes {
                    let id = if take == 1 { base.clone() } else { format!("{base}~{take}") };
                    if !collector.twice.contains(&collector.hash(&id)) {
                        continue;
                    }
                    let again = holder(ItemPart::Id);
                    match given.get(&id) {
                        Some(first) => problems.push(clash(expansion, &id, first, again)),
                        None => drop(given.insert(id, again)),
                    }
                }
            }
        }
    });
    for takes in made.into_values() {
        let mut takes = takes.into_iter();
        if let (Some(first), Some(second)) = (takes.next(), takes.next()) {
            problems.push(same_prompt(expansion, first, second));
        }
    }
}

fn each_draft(expansion: &Expansion, mut see: impl FnMut(usize, &EntryItem<'_>, &TaskDraft)) {
    for (number, entry) in expansion.entries.iter().enumerate() {
        for item in expansion.items(entry) {
            for combination in combinations(entry) {
                let drafts =
                    expansion.variants(&item, combination).and_then(|variants| expansion.drafts(&variants));
                for draft in drafts.unwrap_or_default() {
                    see(number, &item, &draft);
                }
            }
        }
    }
}

/// The noun by which a message calls two tasks: entries, rows, or only tasks.
fn noun(expansion: &Expansion, first: &IdHolder, second: &IdHolder) -> &'static str {
    let one_each = |holder: &IdHolder| is_single(&expansion.entries[holder.entry]);
    if first.at.is_some() && !matches!(expansion.entries[first.entry].prompt, PromptSource::Text(_)) {
        if first.at == second.at { "tasks of one row" } else { "rows" }
    } else if first.entry == second.entry {
        "tasks of one entry"
    } else if one_each(first) && one_each(second) {
        "entries"
    } else {
        "tasks"
    }
}

fn is_single(entry: &ManifestEntry) -> bool {
    entry.table.is_none() && entry.matrix.is_none()
}

fn clash(expansion: &Expansion, id: &str, first: &IdHolder, second: IdHolder) -> Diagnostic {
    let noun = noun(expansion, first, &second);
    let found = Diagnostic::error(format!("two {noun} have the id {}", quoted(id)));
    if first.place == second.place {
        let is_one_item = first.at == second.at;
        return found.at(second.place, "both come from here").help(if is_one_item {
            "their values or options make the same name: change one, or write an entry for each"
        } else {
            "use variables that distinguish the rows in the id, as in `id: \"{{ sku }}\"`"
        });
    }
    found
        .at(second.place, "here again")
        .at(first.place.clone(), "first here")
        .help("give one of them another id")
}

fn same_prompt(expansion: &Expansion, first: IdHolder, second: IdHolder) -> Diagnostic {
    let noun = noun(expansion, &first, &second);
    let tasks = match noun {
        "rows" | "entries" => first.drafts + second.drafts,
        _ => first.tasks + second.tasks,
    };
    let found = Diagnostic::warning(format!(
        "{tasks} {noun} have the same prompt: they are takes, and each is billed"
    ));
    if first.place == second.place {
        return found.at(second.place, "all come from here").help(
            "use the variables that distinguish them in the prompt, or write `repeat` if takes are intended",
        );
    }
    found
        .at(second.place, "take 2")
        .at(first.place, "take 1")
        .help("give each its own id if they are intended, or remove them")
}
