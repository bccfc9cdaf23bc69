//! Reads the header row of a table and gives each column its role.
//!
//! Leftovers of spreadsheets are accepted: a byte order mark, `sep=;`, CRLF, rows and columns of
//! separators only. Values come from the csv crate in one pass; places are looked up only for
//! messages.

use std::collections::HashMap;
use std::sync::Arc;

use super::cells::{RecordPlaces, separator};
use super::csv_table::{CsvTable, TableColumn, rows};
use super::role::{ColumnRole, TablePurpose, role};
use super::row_check::ends_open;
use super::text_table::declared_separator;
use super::variables::Variables;
use crate::diagnostic::{Diagnostic, Problems, Source, close_name, quoted};
use crate::manifest::value;

const SMALLEST: &str = "the smallest table is\nprompt,mode\na ceramic mug on grey linen --ar 1:1,fast";
/// Flags with names that are rarely a person's own column, so that a column of this name without
/// `--` is probably a slip.
const TELLING: [&str; 8] = ["ar", "aspect", "stylize", "chaos", "weird", "sref", "tile", "niji"];
/// Columns by which a table is recognized as results of an earlier run.
const RESULTS: [&str; 5] = ["id", "task_id", "status", "mode", "prompt"];

/// Reads the header row. `None` if the rows cannot be read with it; the problems say why.
pub(crate) fn header(
    source: &Source<'_>,
    text: &Arc<str>,
    is_data: bool,
    columns: &mut Variables,
    problems: &mut Problems,
) -> Option<CsvTable> {
    let (start, declared) = declared_separator(source.text());
    let separator = declared.unwrap_or_else(|| separator(source.text(), start));
    let mut all = rows(source.text(), start, separator);
    let mut header = HeaderReader { source, purpose: TablePurpose::Manifest, columns, problems };
    let first = all.next();
    if first.as_ref().is_some_and(|row| row.is_last && ends_open(source, row, separator, header.problems)) {
        return None;
    }
    let Some(first) = first.filter(|row| !row.is_blank()) else {
        header.empty(0..0, is_data);
        return None;
    };
    let names: Vec<&str> = (0..first.cells.len()).map(|column| first.cell(column)).collect();
    let purpose = if is_data { TablePurpose::Data } else { TablePurpose::Manifest };
    header.purpose = purpose;
    let errors = header.problems.errors();
    let places = RecordPlaces::read(source.text(), first.at, separator);
    if !is_data && RESULTS.iter().all(|name| names.contains(name)) {
        header.is_results(&places);
        return None;
    }
    let columns = header.read(&names, &places);
    if header.problems.errors() > errors {
        return None;
    }
    let table =
        CsvTable { name: source.name().to_owned(), text: Arc::clone(text), start, separator, columns };
    if table.rows().all(|row| row.is_blank() && !ends_open(source, &row, separator, header.problems)) {
        let end = source.text().trim_end().len();
        header.empty(end..end, is_data);
        return None;
    }
    Some(table)
}

/// The state of reading a header.
struct HeaderReader<'s, 'a> {
    source: &'s Source<'a>,
    purpose: TablePurpose,
    columns: &'s mut Variables,
    problems: &'s mut Problems,
}

impl HeaderReader<'_, '_> {
    fn read(&mut self, names: &[&str], places: &RecordPlaces) -> Vec<TableColumn> {
        let span = |column| places.cell(self.source.text(), column);
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut read = Vec::with_capacity(names.len());
        for (column, name) in names.iter().enumerate() {
            let role = role(name, self.purpose);
            if role != ColumnRole::Unnamed {
                if let Some(first) = seen.insert(name.to_lowercase(), column) {
                    self.problems.push(
                        Diagnostic::error(format!("two columns have the name {}", quoted(name)))
                            .at(self.source.place(span(column)), "here again")
                            .at(self.source.place(span(first)), "first here")
                            .help("rename or remove one of them"),
                    );
                } else if let Err(fault) = value::variable(name) {
                    self.problems.push(fault.at(self.source, span(column)));
                }
            }
            if role == ColumnRole::Variable && self.purpose == TablePurpose::Manifest {
                self.judge_flag(name, span(column));
            }
            let variable = self.variable(&role, name, span(column));
            read.push(TableColumn { role, variable });
        }
        let has_prompt = read.iter().any(|column| column.role == ColumnRole::Prompt);
        if !has_prompt && self.purpose != TablePurpose::Data {
            self.no_prompt(names, places);
        }
        read
    }

    /// Warns of a column such as `ar` that nothing uses: `--ar` was probably meant.
    fn judge_flag(&mut self, name: &str, span: std::ops::Range<usize>) {
        let lower = name.to_ascii_lowercase();
        if TELLING.contains(&lower.as_str()) && !self.source.text().contains("{{") {
            let found =
                Diagnostic::warning(format!("the column {} is a variable that no prompt uses", quoted(name)))
                    .at(self.source.place(span), "not sent")
                    .help(format!("name it `--{lower}` if the flag is meant"));
            self.problems.push(found);
        }
    }

    fn variable(&mut self, role: &ColumnRole, name: &str, span: std::ops::Range<usize>) -> Option<usize> {
        match role {
            ColumnRole::Unnamed | ColumnRole::Action => None,
            ColumnRole::Prompt | ColumnRole::Mode => None,
            ColumnRole::Id => Some(self.columns.hidden(name)),
            ColumnRole::Variable
            | ColumnRole::Timeout
            | ColumnRole::HookUrl
            | ColumnRole::Repeat
            | ColumnRole::Priority
            | ColumnRole::Flag(_) => {
                let (variable, renamed) = self.columns.of(name);
                if let Some(renamed) = renamed {
                    self.problems.push(renamed.at(self.source.place(span)));
                }
                Some(variable)
            }
        }
    }

    fn no_prompt(&mut self, names: &[&str], places: &RecordPlaces) {
        const LISTED: usize = 12;
        let named: Vec<&str> = names.iter().filter(|name| !name.is_empty()).copied().collect();
        let close = close_name("prompt", named.iter().copied());
        let close = close.and_then(|close| names.iter().position(|name| *name == close).map(|i| (close, i)));
        let span = close.map_or(places.whole.clone(), |(_, column)| places.cell(self.source.text(), column));

        let mut list = named.iter().take(LISTED).map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
        if named.len() > LISTED {
            list.push_str(&format!(" and {} more", named.len() - LISTED));
        }
        let found = Diagnostic::error("the table has no column `prompt`")
            .at(self.source.place(span), "the first row names the columns")
            .note(format!("the columns are {list}"));
        self.problems.push(match close {
            Some((close, _)) => found.help(format!("rename {} to `prompt`", quoted(close))),
            None => found.help("name the column that holds the prompts `prompt`"),
        });
    }

    /// Refuses results: what they list was submitted already, and is the state's.
    fn is_results(&mut self, places: &RecordPlaces) {
        self.problems.push(
            Diagnostic::error("the table is results that mjbatch wrote, and not a manifest")
                .at(self.source.place(places.whole.clone()), "these are the columns of results")
                .help("name the manifest that they are the results of; `mjbatch run` of results carries out what is decided in them"),
        );
    }

    fn empty(&mut self, span: std::ops::Range<usize>, is_data: bool) {
        let place = self.source.place(span.clone());
        let found = match (span.is_empty() && span.start == 0, is_data) {
            (true, false) => Diagnostic::error("the manifest is empty").at(place, ""),
            (true, true) => Diagnostic::error("the data file is empty").at(place, ""),
            (false, _) => {
                Diagnostic::error("the table has no rows").at(place, "expected rows after the header")
            }
        };
        self.problems.push(if is_data { found } else { found.help(SMALLEST) });
    }
}
