//! Checks every task of a manifest before anything is done with one: its prompt and params, whether
//! its id is unique, and how many tasks there are.
//!
//! The check takes the same steps as the listing of tasks and keeps only hashes of names and
//! counts, so that a table of a million rows takes seconds and little memory. An error in a
//! template is reported once, not for each of its tasks.

mod duplicates;
mod limit;
mod places;

use std::collections::HashSet;

use duplicates::report_duplicates;
use limit::{TaskLimit, UNASKED};
use places::ItemPlaces;

use super::drafts::TaskDraft;
use super::entry::{EntryItem, ItemPart, PromptSource};
use super::expansion::Expansion;
use super::factors::{self, EntryCounts};
use super::ids::{DraftName, IdCollector, IdIndex};
use super::items::ItemErrors;
use super::matrix::Matrix;
use super::variants::{PromptVariants, combinations};
use crate::diagnostic::{Diagnostic, Problems, Source, quoted};
use crate::manifest::table::{CsvRow, CsvTable, row_check};
use crate::manifest::value::{self, MOST_TASKS, ValueError};
use crate::prompt;

/// Checks all tasks. Returns what listing them needs: the names that need numbers, and how many
/// tasks each entry makes.
pub(crate) fn check(
    expansion: &Expansion,
    source: &Source<'_>,
    max_tasks: Option<u64>,
    problems: &mut Problems,
) -> (IdIndex, Vec<EntryCounts>) {
    let sources: Vec<Source<'_>> = expansion.tables.iter().map(CsvTable::source).collect();
    let places = ItemPlaces { expansion, source, sources: &sources };
    let mut check = Checker {
        expansion,
        places,
        collector: IdCollector::default(),
        reported: HashSet::new(),
        limit: TaskLimit { max_tasks, tasks: 0, multiplied: 0 },
        excess: Vec::new(),
        problems,
    };
    let tallies: Vec<EntryCounts> = (0..expansion.entries.len()).map(|entry| check.entry(entry)).collect();
    check.report_excess(&tallies);
    let Checker { collector, problems, excess, .. } = check;
    if excess.is_empty() && !(collector.twice.is_empty() && collector.shared.is_empty()) {
        report_duplicates(expansion, &places, &collector, problems);
    }
    (collector.into_index(), tallies)
}

struct Checker<'c> {
    expansion: &'c Expansion,
    places: ItemPlaces<'c>,
    collector: IdCollector,
    /// The problems already reported, by entry, part and message.
    reported: HashSet<(usize, ItemPart, String)>,
    limit: TaskLimit,
    /// Entries that expand to more tasks than allowed.
    excess: Vec<usize>,
    problems: &'c mut Problems,
}

/// An item makes more tasks than the limit allows.
struct LimitExceeded;

impl Checker<'_> {
    fn entry(&mut self, number: usize) -> EntryCounts {
        let expansion = self.expansion;
        let entry = &expansion.entries[number];
        let mut tally = EntryCounts::default();
        let before = self.limit;
        let Some(index) = entry.table else {
            tally.rows = 1;
            if self.item(number, &EntryItem::of(entry), &mut tally).is_err() {
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
            if !matches!(entry.prompt, PromptSource::Text(_)) {
                self.reported.clear();
            }
            // A row that cannot be read as an item still has a place to report.
            let at = CsvRow { cells: ::csv::StringRecord::new(), ..row };
            match expansion.item(entry, table, row) {
                Err(faults) => self.report(number, Some(&at), faults),
                Ok(item) => {
                    let doubts = expansion.doubts(&item);
                    self.report(number, item.row.as_ref(), doubts);
                    is_excess = self.item(number, &item, &mut tally).is_err();
                }
            }
        }
        if is_excess {
            self.exceed(number, &mut tally, before);
        }
        tally
    }

    /// Records that an entry makes more tasks than it may, and estimates how many it would make.
    fn exceed(&mut self, number: usize, tally: &mut EntryCounts, before: TaskLimit) {
        let entry = &self.expansion.entries[number];
        self.excess.push(number);
        if tally.takes.is_none() {
            tally.count_takes(entry.repeat.unwrap_or(1));
        }
        tally.tasks = tally.foreseen(entry);
        self.limit = before;
        self.limit.count(tally.tasks);
    }

    fn item(
        &mut self,
        number: usize,
        item: &EntryItem<'_>,
        tally: &mut EntryCounts,
    ) -> Result<(), LimitExceeded> {
        let mut tasks = 0;
        if tally.prompts.is_none()
            && let Some(first) = combinations(item.entry).next()
            && let Ok(first) = self.expansion.variants(item, first)
        {
            tally.count_prompts(first.count());
        }
        if !self.limit.allows(item.entry.matrix.as_ref().map_or(1, Matrix::len)) {
            return Err(LimitExceeded);
        }
        let mut prompts = HashSet::new();
        for combination in combinations(item.entry) {
            let variants = match self.expansion.variants(item, combination) {
                Ok(variants) => variants,
                Err(faults) => {
                    self.report(number, item.row.as_ref(), faults);
                    continue;
                }
            };
            tally.count_prompts(variants.count());
            if !self.limit.allows(variants.count().saturating_add(tasks)) {
                return Err(LimitExceeded);
            }
            let drafts = match self.expansion.drafts(&variants) {
                Ok(drafts) => drafts,
                Err(faults) => {
                    self.report(number, item.row.as_ref(), faults);
                    continue;
                }
            };
            for draft in drafts {
                tally.count_takes(draft.takes);
                tasks += u64::from(draft.takes);
                self.lint(number, item, &variants, &draft);
                self.collector.count(&draft.name, draft.takes);
                let is_given = item.entry.matrix.is_some() && matches!(draft.name, DraftName::Given(_));
                if is_given && !prompts.insert(self.collector.hash(&draft.prompt)) {
                    self.report_same_prompt(number, &draft.prompt);
                }
            }
            if !self.limit.allows(tasks) {
                return Err(LimitExceeded);
            }
        }
        tally.tasks += tasks;
        self.limit.count(tasks);
        Ok(())
    }

    fn lint(
        &mut self,
        number: usize,
        item: &EntryItem<'_>,
        variants: &PromptVariants<'_>,
        draft: &TaskDraft,
    ) {
        let mut findings = prompt::lint(&draft.prompt, item.mode);
        if findings.is_empty() {
            return;
        }
        // Problems that lie in a param alone were reported at the param.
        let of_params = |finding: &prompt::Finding| finding.span.start > draft.written;
        if findings.iter().any(of_params) && self.expansion.has_doubtful_params(variants) {
            findings.retain(|finding| !of_params(finding));
        }
        let is_written = value::prompt(variants.text()).is_ok_and(|written| written == draft.prompt);
        let is_made = variants.is_made() || !is_written;
        let faults: ItemErrors = findings
            .into_iter()
            .map(|finding| {
                let fault = ValueError::of_finding(finding, &draft.prompt);
                let (DraftName::Given(name) | DraftName::Derived(name)) = &draft.name;
                let of = format!("found in the task {}: {}", quoted(name), quoted(&draft.prompt));
                (ItemPart::Prompt, if is_made { fault.note(&of) } else { fault })
            })
            .collect();
        self.report(number, item.row.as_ref(), faults);
    }

    /// Warns that two combinations of an entry's lists make the same prompt. Tasks named after
    /// their content are reported as takes instead.
    fn report_same_prompt(&mut self, number: usize, prompt: &str) {
        const MESSAGE: &str = "some combinations make the same prompt, and each is billed";
        let entry = &self.expansion.entries[number];
        let span = entry.spans.multiplier.clone().unwrap_or(entry.spans.head.clone());
        if self.reported.insert((number, ItemPart::Prompt, MESSAGE.to_owned())) {
            let found = Diagnostic::warning(MESSAGE)
                .at(self.places.source.place(span), "a list of it makes no difference")
                .note(format!("it is {}", quoted(prompt)))
                .help("use each list in the prompt or the params, or write `repeat` if takes are intended");
            self.problems.push(found);
        }
    }

    fn report(&mut self, number: usize, row: Option<&CsvRow>, faults: ItemErrors) {
        let entry = &self.expansion.entries[number];
        for (part, fault) in faults {
            if self.reported.insert((number, part, fault.message().to_owned())) {
                let (source, span) = self.places.of(entry, row, part);
                self.problems.push(fault.at(source, span));
            }
        }
    }

    /// Reports the entries that multiply into more tasks than allowed, as one error.
    fn report_excess(&mut self, tallies: &[EntryCounts]) {
        const LISTED: usize = 5;
        let Some(first) = self.excess.first().copied() else { return };
        let entry = &self.expansion.entries[first];
        let factors = |number: usize| {
            let (entry, tally) = (&self.expansion.entries[number], &tallies[number]);
            let line = self.places.source.place(entry.spans.head.clone()).start.line;
            factors::of(entry, tally, &self.expansion.tables, line)
        };
        let tasks = self.limit.tasks;
        let message = match self.limit.max_tasks {
            _ if tasks > MOST_TASKS => {
                format!("the manifest expands to more than {MOST_TASKS} tasks, the most that one may have")
            }
            Some(most) => format!("the manifest expands to {tasks} tasks; `max_tasks` allows {most}"),
            None => {
                format!("the manifest expands to {tasks} tasks; set `max_tasks` to allow more than {UNASKED}")
            }
        };
        let span = entry.spans.multiplier.clone().unwrap_or(entry.spans.prompt.clone());
        let mut found =
            Diagnostic::error(message).at(self.places.source.place(span), factors(first).to_string());
        let others = (0..tallies.len()).filter(|n| *n != first).map(factors);
        for other in others.filter(factors::EntryFactors::multiplies).take(LISTED) {
            found = found.note(format!("line {}: {other}", other.line));
        }
        let is_table = !matches!(entry.prompt, PromptSource::Text(_));
        self.problems.push(if tasks > MOST_TASKS {
            found
        } else if is_table {
            found.help(format!("to allow them, run with `--max-tasks {tasks}`"))
        } else {
            found.help(format!("to allow them, set:\nbatch:\n  max_tasks: {tasks}"))
        });
    }
}
