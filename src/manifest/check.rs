//! The one look at every task before anything is done: what is wrong with it, whether its name is its own, and how many
//! there are.
//!
//! It goes the way that `expand` goes and keeps nothing of it but hashes of names and counts, so that a table of a million
//! rows takes seconds and little memory. What is wrong with a template is told once, not for each of its tasks.

use std::collections::{HashMap, HashSet};

use super::csv;
use super::entry::{Entry, Item, Part, Source as Prompts};
use super::expand::{Draft, Expansion, Faults, Variants, combinations};
use super::factors::{self, Tally};
use super::ids::{Census, Name, Register};
use super::matrix::Matrix;
use super::table::{Role, Row};
use super::value::{self, Fault, MOST_TASKS};
use crate::diagnostic::{Diagnostic, Place, Problems, Source, quoted};
use crate::prompt;

/// Tasks out of a multiplication that need no `max_tasks`.
const UNASKED: u64 = 1000;

/// Checks all tasks. Gives what is needed to list them: names that need numbers, and how many tasks each entry makes.
pub(super) fn check(
    expansion: &Expansion,
    source: &Source<'_>,
    max_tasks: Option<u64>,
    problems: &mut Problems,
) -> (Register, Vec<Tally>) {
    let sources: Vec<Source<'_>> = expansion.tables.iter().map(super::table::Table::source).collect();
    let places = Places { expansion, source, sources: &sources };
    let mut check = Check {
        expansion,
        places,
        census: Census::default(),
        told: HashSet::new(),
        limit: Limit { max_tasks, tasks: 0, multiplied: 0 },
        excess: Vec::new(),
        problems,
    };
    let tallies: Vec<Tally> = (0..expansion.entries.len()).map(|entry| check.entry(entry)).collect();
    check.tell_excess(&tallies);
    let Check { census, problems, excess, .. } = check;
    if excess.is_empty() && !(census.twice.is_empty() && census.shared.is_empty()) {
        tell_names(expansion, &places, &census, problems);
    }
    (census.into_register(), tallies)
}

/// Where parts of items are.
#[derive(Clone, Copy)]
struct Places<'s> {
    expansion: &'s Expansion,
    source: &'s Source<'s>,
    sources: &'s [Source<'s>],
}

impl<'s> Places<'s> {
    /// The text and the span of a part.
    fn of(&self, entry: &Entry, row: Option<&Row>, part: Part) -> (&'s Source<'s>, std::ops::Range<usize>) {
        let cell = |column: usize| {
            let table = entry.table?;
            let (table, source) = (&self.expansion.tables[table], &self.sources[table]);
            Some((source, csv::place(table, row?, column, source)))
        };
        let of_table = |role: &Role| cell(self.expansion.tables.get(entry.table?)?.column(role)?);
        let is_table = !matches!(entry.prompt, Prompts::Text(_));
        let spot = &entry.spot;
        let found = match part {
            Part::Cell(column) => cell(column),
            Part::Prompt if is_table => of_table(&Role::Prompt),
            Part::Id if is_table => of_table(&Role::Id).or_else(|| of_table(&Role::Prompt)),
            Part::Prompt => Some((self.source, spot.prompt.clone())),
            Part::Id => Some((self.source, spot.id.clone().unwrap_or(spot.prompt.clone()))),
            Part::Param(i, part) => {
                let mut params = self.expansion.params.iter().chain(&entry.params);
                params.nth(i).map(|param| (self.source, param.span(part)))
            }
        };
        found.unwrap_or((self.source, spot.head.clone()))
    }

    fn place(&self, entry: &Entry, row: Option<&Row>, part: Part) -> Place {
        let (source, span) = self.of(entry, row, part);
        source.place(span)
    }
}

/// How many tasks there may be.
#[derive(Clone, Copy)]
struct Limit {
    max_tasks: Option<u64>,
    /// Those of the items that are done with.
    tasks: u64,
    /// The same, of items that make more than one.
    multiplied: u64,
}

impl Limit {
    /// Whether an item may make so many.
    fn allows(&self, of_item: u64) -> bool {
        match self.max_tasks {
            Some(most) => self.tasks.saturating_add(of_item) <= most,
            None => of_item <= 1 || self.multiplied.saturating_add(of_item) <= UNASKED,
        }
    }

    fn count(&mut self, of_item: u64) {
        self.tasks = self.tasks.saturating_add(of_item);
        if of_item > 1 {
            self.multiplied = self.multiplied.saturating_add(of_item);
        }
    }
}

struct Check<'c> {
    expansion: &'c Expansion,
    places: Places<'c>,
    census: Census,
    /// What was told of an entry.
    told: HashSet<(usize, Part, String)>,
    limit: Limit,
    /// Entries that make more than they may.
    excess: Vec<usize>,
    problems: &'c mut Problems,
}

/// The item makes more tasks than it may.
struct TooMany;

impl Check<'_> {
    fn entry(&mut self, number: usize) -> Tally {
        let expansion = self.expansion;
        let entry = &expansion.entries[number];
        let mut tally = Tally::default();
        let before = self.limit;
        let Some(index) = entry.table else {
            tally.rows = 1;
            if self.item(number, &Item::of(entry), &mut tally).is_err() {
                self.exceed(number, &mut tally, before);
            }
            return tally;
        };
        let table = &expansion.tables[index];
        let source = &self.places.sources[index];
        let mut is_excess = false;
        for row in table.rows() {
            if row.is_last && csv::ends_open(source, &row, table.separator, self.problems) {
                break;
            }
            if row.is_blank() || !csv::judge(table, &row, source, self.problems) {
                continue;
            }
            tally.rows += 1;
            if is_excess {
                continue;
            }
            if !matches!(entry.prompt, Prompts::Text(_)) {
                self.told.clear();
            }
            // The row is needed for its place if it is no item.
            let at = Row { cells: ::csv::StringRecord::new(), ..row };
            match expansion.item(entry, table, row) {
                Err(faults) => self.tell(number, Some(&at), faults),
                Ok(item) => {
                    let doubts = expansion.doubts(&item);
                    self.tell(number, item.row.as_ref(), doubts);
                    is_excess = self.item(number, &item, &mut tally).is_err();
                }
            }
        }
        if is_excess {
            self.exceed(number, &mut tally, before);
        }
        tally
    }

    /// Notes that an entry makes more than it may, and how many it would make.
    fn exceed(&mut self, number: usize, tally: &mut Tally, before: Limit) {
        let entry = &self.expansion.entries[number];
        self.excess.push(number);
        if tally.takes.is_none() {
            tally.count_takes(entry.repeat.unwrap_or(1));
        }
        tally.tasks = tally.foreseen(entry);
        self.limit = before;
        self.limit.count(tally.tasks);
    }

    fn item(&mut self, number: usize, item: &Item<'_>, tally: &mut Tally) -> Result<(), TooMany> {
        let mut tasks = 0;
        if tally.prompts.is_none()
            && let Some(first) = combinations(item.entry).next()
            && let Ok(first) = self.expansion.variants(item, first)
        {
            tally.count_prompts(first.count());
        }
        if !self.limit.allows(item.entry.matrix.as_ref().map_or(1, Matrix::len)) {
            return Err(TooMany);
        }
        let mut prompts = HashSet::new();
        for combination in combinations(item.entry) {
            let variants = match self.expansion.variants(item, combination) {
                Ok(variants) => variants,
                Err(faults) => {
                    self.tell(number, item.row.as_ref(), faults);
                    continue;
                }
            };
            tally.count_prompts(variants.count());
            if !self.limit.allows(variants.count().saturating_add(tasks)) {
                return Err(TooMany);
            }
            let drafts = match self.expansion.drafts(&variants) {
                Ok(drafts) => drafts,
                Err(faults) => {
                    self.tell(number, item.row.as_ref(), faults);
                    continue;
                }
            };
            for draft in drafts {
                tally.count_takes(draft.takes);
                tasks += u64::from(draft.takes);
                self.lint(number, item, &variants, &draft);
                self.census.count(&draft.name, draft.takes);
                let is_given = item.entry.matrix.is_some() && matches!(draft.name, Name::Given(_));
                if is_given && !prompts.insert(self.census.hash(&draft.prompt)) {
                    self.tell_same(number, &draft.prompt);
                }
            }
            if !self.limit.allows(tasks) {
                return Err(TooMany);
            }
        }
        tally.tasks += tasks;
        self.limit.count(tasks);
        Ok(())
    }

    fn lint(&mut self, number: usize, item: &Item<'_>, variants: &Variants<'_>, draft: &Draft) {
        let is_final = matches!(item.entry.prompt, Prompts::FinalCells);
        let mut findings = prompt::lint(&draft.prompt, item.mode);
        if findings.is_empty() {
            return;
        }
        // What is wrong with a param for itself was told at the param.
        let of_params = |finding: &prompt::Finding| finding.span.start > draft.written;
        if findings.iter().any(of_params) && self.expansion.has_doubtful_params(variants) {
            findings.retain(|finding| !of_params(finding));
        }
        let is_written = value::prompt(variants.text()).is_ok_and(|written| written == draft.prompt);
        let is_made = variants.is_made() || !is_written;
        let faults: Faults = findings
            .into_iter()
            .map(|finding| {
                let fault = Fault::of(finding, &draft.prompt);
                let fault = if is_final { fault.soften() } else { fault };
                let (Name::Given(name) | Name::Made(name)) = &draft.name;
                let of = format!("found in the task {}: {}", quoted(name), quoted(&draft.prompt));
                (Part::Prompt, if is_made { fault.note(&of) } else { fault })
            })
            .collect();
        self.tell(number, item.row.as_ref(), faults);
    }

    /// A list that multiplies without making a difference. Tasks that are named after their content are told as takes.
    fn tell_same(&mut self, number: usize, prompt: &str) {
        const MESSAGE: &str = "some combinations make the same prompt, and each is paid for";
        let entry = &self.expansion.entries[number];
        let span = entry.spot.multiplier.clone().unwrap_or(entry.spot.head.clone());
        if self.told.insert((number, Part::Prompt, MESSAGE.to_owned())) {
            let found = Diagnostic::warning(MESSAGE)
                .at(self.places.source.place(span), "a list of it makes no difference")
                .note(format!("it is {}", quoted(prompt)))
                .help("use each list in the prompt or the params, or write `repeat` if takes are meant");
            self.problems.push(found);
        }
    }

    fn tell(&mut self, number: usize, row: Option<&Row>, faults: Faults) {
        let entry = &self.expansion.entries[number];
        for (part, fault) in faults {
            if self.told.insert((number, part, fault.message().to_owned())) {
                let (source, span) = self.places.of(entry, row, part);
                self.problems.push(fault.at(source, span));
            }
        }
    }

    /// More tasks than a person may have foreseen: one error for all of them.
    fn tell_excess(&mut self, tallies: &[Tally]) {
        const LISTED: usize = 5;
        let Some(first) = self.excess.first().copied() else { return };
        let entry = &self.expansion.entries[first];
        let factors = |number: usize| {
            let (entry, tally) = (&self.expansion.entries[number], &tallies[number]);
            let line = self.places.source.place(entry.spot.head.clone()).start.line;
            factors::of(entry, tally, &self.expansion.tables, line)
        };
        let tasks = match self.limit.max_tasks {
            Some(_) => self.limit.tasks,
            None => self.limit.multiplied,
        };
        let message = match self.limit.max_tasks {
            _ if tasks > MOST_TASKS => {
                format!("the manifest makes more tasks than any may make, which are {MOST_TASKS}")
            }
            Some(most) => format!("the manifest makes {tasks} tasks, and `max_tasks` allows {most}"),
            None => format!("{tasks} tasks come of multiplication, and more than {UNASKED} need `max_tasks`"),
        };
        let span = entry.spot.multiplier.clone().unwrap_or(entry.spot.prompt.clone());
        let mut found =
            Diagnostic::error(message).at(self.places.source.place(span), factors(first).to_string());
        let others = (0..tallies.len()).filter(|n| *n != first).map(factors);
        for other in others.filter(factors::EntryFactors::multiplies).take(LISTED) {
            found = found.note(format!("line {}: {other}", other.line));
        }
        let is_table = !matches!(entry.prompt, Prompts::Text(_));
        self.problems.push(if tasks > MOST_TASKS {
            found
        } else if is_table {
            found.help(format!("if all of them are meant, run with `--max-tasks {tasks}`"))
        } else {
            found.help(format!("if all of them are meant, say so:\nbatch:\n  max_tasks: {tasks}"))
        });
    }
}

/// A task that has a name that is not its own.
struct Namesake {
    place: Place,
    entry: usize,
    at: Option<usize>,
    /// How many drafts and how many tasks are meant.
    drafts: u64,
    tasks: u64,
}

/// Goes the way again for the places of names that are there twice. Here they are compared as they are, not as hashes.
fn tell_names(expansion: &Expansion, places: &Places<'_>, census: &Census, problems: &mut Problems) {
    let mut given: HashMap<String, Namesake> = HashMap::new();
    let mut made: HashMap<String, Vec<Namesake>> = HashMap::new();
    each_draft(expansion, |number, item, draft| {
        let entry = item.entry;
        let row = item.row.as_ref();
        let namesake = |part| Namesake {
            place: places.place(entry, row, part),
            entry: number,
            at: row.map(|row| row.at),
            drafts: 1,
            tasks: u64::from(draft.takes),
        };
        match &draft.name {
            Name::Made(base) if census.shared.contains(&census.hash(base)) => {
                let takes = made.entry(base.clone()).or_default();
                match &mut takes[..] {
                    [_, second, ..] => {
                        second.drafts += 1;
                        second.tasks += u64::from(draft.takes);
                    }
                    _ => takes.push(namesake(Part::Prompt)),
                }
            }
            Name::Made(_) => {}
            Name::Given(base) => {
                for take in 1..=draft.takes {
                    let id = if take == 1 { base.clone() } else { format!("{base}~{take}") };
                    if !census.twice.contains(&census.hash(&id)) {
                        continue;
                    }
                    let again = namesake(Part::Id);
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

fn each_draft(expansion: &Expansion, mut see: impl FnMut(usize, &Item<'_>, &Draft)) {
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

/// What two tasks are, for a message: entries, rows, or only tasks.
fn noun(expansion: &Expansion, first: &Namesake, second: &Namesake) -> &'static str {
    let one_each = |namesake: &Namesake| is_single(&expansion.entries[namesake.entry]);
    if first.at.is_some() && !matches!(expansion.entries[first.entry].prompt, Prompts::Text(_)) {
        if first.at == second.at { "tasks of one row" } else { "rows" }
    } else if first.entry == second.entry {
        "tasks of one entry"
    } else if one_each(first) && one_each(second) {
        "entries"
    } else {
        "tasks"
    }
}

fn is_single(entry: &Entry) -> bool {
    entry.table.is_none() && entry.matrix.is_none()
}

fn clash(expansion: &Expansion, id: &str, first: &Namesake, second: Namesake) -> Diagnostic {
    let noun = noun(expansion, first, &second);
    let found = Diagnostic::error(format!("two {noun} have the id {}", quoted(id)));
    if first.place == second.place {
        let is_one_item = first.at == second.at;
        return found.at(second.place, "both come from here").help(if is_one_item {
            "what tells them apart makes the same name: change a value or an option, or write an entry for each"
        } else {
            "use variables that tell the rows apart in the id, as in `id: \"{{ sku }}\"`"
        });
    }
    found
        .at(second.place, "here again")
        .at(first.place.clone(), "first here")
        .help("give one of them another id")
}

fn same_prompt(expansion: &Expansion, first: Namesake, second: Namesake) -> Diagnostic {
    let noun = noun(expansion, &first, &second);
    let tasks = match noun {
        "rows" | "entries" => first.drafts + second.drafts,
        _ => first.tasks + second.tasks,
    };
    let found = Diagnostic::warning(format!(
        "{tasks} {noun} have the same prompt: they are takes, and each is paid for"
    ));
    if first.place == second.place {
        return found.at(second.place, "all come from here").help(
            "use the variables that tell them apart in the prompt, or write `repeat` if takes are meant",
        );
    }
    found
        .at(second.place, "take 2")
        .at(first.place, "take 1")
        .help("give each an id of its own if they are meant, and remove them if not")
}
