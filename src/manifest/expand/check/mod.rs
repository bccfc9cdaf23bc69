//! The one look at every task before anything is done: what is wrong with it, whether its name is its own, and how many
//! there are.
//!
//! It goes the way that `expand` goes and keeps nothing of it but hashes of names and counts, so that a table of a million
//! rows takes seconds and little memory. What is wrong with a template is told once, not for each of its tasks.

mod duplicates;
mod limit;
mod places;

use std::collections::HashSet;

use duplicates::tell_names;
use limit::{Limit, UNASKED};
use places::Places;

use super::drafts::Draft;
use super::entry::{Item, Part, Source as Prompts};
use super::expansion::Expansion;
use super::factors::{self, Tally};
use super::ids::{Census, Name, Register};
use super::items::Faults;
use super::matrix::Matrix;
use super::variants::{Variants, combinations};
use crate::diagnostic::{Diagnostic, Problems, Source, quoted};
use crate::manifest::table::{Row, Table, row_check};
use crate::manifest::value::{self, Fault, MOST_TASKS};
use crate::prompt;

/// Checks all tasks. Gives what is needed to list them: names that need numbers, and how many tasks each entry makes.
pub(crate) fn check(
    expansion: &Expansion,
    source: &Source<'_>,
    max_tasks: Option<u64>,
    problems: &mut Problems,
) -> (Register, Vec<Tally>) {
    let sources: Vec<Source<'_>> = expansion.tables.iter().map(Table::source).collect();
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
            if row.is_last && row_check::ends_open(source, &row, table.separator, self.problems) {
                break;
            }
            if row.is_blank() || !row_check::judge(table, &row, source, self.problems) {
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
