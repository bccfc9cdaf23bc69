//! Tables: what the first row makes of the columns, and what is wrong with a row for itself.
//!
//! What spreadsheets leave behind is borne: a byte order mark, `sep=;`, CRLF, rows and columns of nothing but separators.
//! Values come from the csv crate in one pass; places are looked up only for what is wrong.

use std::collections::HashMap;
use std::sync::Arc;

use super::cells::{RecordPlaces, separator};
use super::columns::{self, Columns};
use super::earlier::Told;
use super::guard::{self, GUARD_COLUMN};
use super::table::{Column, Role, Row, Table, rows};
use super::value;
use crate::diagnostic::{Diagnostic, Problems, Source, close_name, quoted};
use crate::prompt;

const SMALLEST: &str = "the smallest table is\nprompt,mode\na ceramic mug on grey linen --ar 1:1,fast";
/// What a column of a Midjourney flag may be called, besides `--ar`: `params.ar`.
const PARAMS: &str = "params.";
/// Flags that are hardly anything else, so that a column of this name without its `--` is probably a slip.
const TELLING: [&str; 8] = ["ar", "aspect", "stylize", "chaos", "weird", "sref", "tile", "niji"];
/// Columns by which a table is known for the results of an earlier run.
const RESULTS: [&str; 5] = ["id", "task_id", "status", "mode", "prompt"];

/// What a table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Each row has a prompt.
    Manifest,
    /// The same, and the rows are results of an earlier run.
    Results,
    /// Each row is a set of variables.
    Data,
}

/// Understands the header row. `None` where the rows cannot be read after it; the problems say why.
pub(super) fn header(
    source: &Source<'_>,
    text: &Arc<str>,
    is_data: bool,
    columns: &mut Columns,
    problems: &mut Problems,
) -> Option<(Table, Purpose)> {
    let (start, declared) = declared_separator(source.text());
    let separator = declared.unwrap_or_else(|| separator(source.text(), start));
    let mut all = rows(source.text(), start, separator);
    let mut header = Header { source, purpose: Purpose::Manifest, columns, problems };
    let first = all.next();
    if first.as_ref().is_some_and(|row| row.is_last && ends_open(source, row, separator, header.problems)) {
        return None;
    }
    let Some(first) = first.filter(|row| !row.is_blank()) else {
        header.empty(0..0, is_data);
        return None;
    };
    let mut names: Vec<&str> = (0..first.cells.len()).map(|column| first.cell(column)).collect();
    header.purpose = if is_data {
        Purpose::Data
    } else if RESULTS.iter().all(|name| names.contains(name)) {
        Purpose::Results
    } else {
        Purpose::Manifest
    };
    let purpose = header.purpose;
    let is_guarded = purpose == Purpose::Results && names.contains(&GUARD_COLUMN);
    if is_guarded {
        names = names.into_iter().map(guard::unguarded).collect();
    }
    let errors = header.problems.errors();
    let columns = header.read(&names, &RecordPlaces::read(source.text(), first.at, separator));
    if header.problems.errors() > errors {
        return None;
    }
    let table = Table {
        name: source.name().to_owned(),
        text: Arc::clone(text),
        start,
        separator,
        columns,
        is_guarded,
    };
    if table.rows().all(|row| row.is_blank() && !ends_open(source, &row, separator, header.problems)) {
        let end = source.text().trim_end().len();
        header.empty(end..end, is_data);
        return None;
    }
    Some((table, purpose))
}

/// The first line `sep=;` that Excel writes and reads, and where the table starts.
fn declared_separator(text: &str) -> (usize, Option<u8>) {
    let line = text.split(['\n', '\r']).next().unwrap_or_default();
    match line.trim().as_bytes() {
        [s, e, p, b'=', separator @ (b',' | b';' | b'\t')] if [*s, *e, *p].eq_ignore_ascii_case(b"sep") => {
            (line.len(), Some(*separator))
        }
        _ => (0, None),
    }
}

/// Tells that a quote is never closed, if so: what follows it is no table.
pub(super) fn ends_open(source: &Source<'_>, row: &Row, separator: u8, problems: &mut Problems) -> bool {
    let places = RecordPlaces::read(source.text(), row.at, separator);
    if places.is_open {
        let open = places.cells.last().map_or(row.at, |cell| cell.start);
        problems.push(
            Diagnostic::error("a quote that is never closed")
                .at(source.place(open..open + 1), "the cell that starts here goes on to the end of the file")
                .help("close the cell with another `\"`, and write `\"\"` for a quote within it"),
        );
    }
    places.is_open
}

/// A header while it is read.
struct Header<'s, 'a> {
    source: &'s Source<'a>,
    purpose: Purpose,
    columns: &'s mut Columns,
    problems: &'s mut Problems,
}

impl Header<'_, '_> {
    fn read(&mut self, names: &[&str], places: &RecordPlaces) -> Vec<Column> {
        let span = |column| places.cell(self.source.text(), column);
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut read = Vec::with_capacity(names.len());
        for (column, name) in names.iter().enumerate() {
            let role = role(name, self.purpose);
            if role != Role::Unnamed {
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
            if role == Role::Variable && self.purpose == Purpose::Manifest {
                self.judge_flag(name, span(column));
            }
            let variable = self.variable(&role, name, span(column));
            read.push(Column { role, variable });
        }
        let has_prompt = read.iter().any(|column| column.role == Role::Prompt);
        if !has_prompt && self.purpose != Purpose::Data {
            self.no_prompt(names, places);
        }
        read
    }

    /// Warns of a column `ar` that nothing uses: `--ar` was probably meant.
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

    fn variable(&mut self, role: &Role, name: &str, span: std::ops::Range<usize>) -> Option<usize> {
        match role {
            Role::Unnamed | Role::Result(_) | Role::Action => None,
            Role::Prompt | Role::Mode => None,
            Role::Id => Some(self.columns.hidden(name)),
            Role::Variable
            | Role::Pick
            | Role::Timeout
            | Role::HookUrl
            | Role::Repeat
            | Role::Priority
            | Role::Flag(_) => {
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

fn role(name: &str, purpose: Purpose) -> Role {
    let lower = name.to_ascii_lowercase();
    match (lower.as_str(), purpose) {
        ("", _) => Role::Unnamed,
        ("id", _) => Role::Id,
        (_, Purpose::Data) => Role::Variable,
        ("prompt", _) => Role::Prompt,
        ("mode", _) => Role::Mode,
        ("timeout", _) => Role::Timeout,
        ("hook_url", _) => Role::HookUrl,
        ("priority", _) => Role::Priority,
        ("action", _) => Role::Action,
        (_, Purpose::Results) if columns::is_reserved(name) => Role::Result(Told::of(&lower)),
        ("pick", Purpose::Results) => Role::Pick,
        (_, Purpose::Results) => Role::Variable,
        ("repeat", _) => Role::Repeat,
        _ => flag(name).map_or(Role::Variable, Role::Flag),
    }
}

/// The flag that a column is: `--ar` for any flag there may be, `params.ar` as well.
fn flag(name: &str) -> Option<String> {
    let is_prefixed = name.get(..PARAMS.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(PARAMS));
    if is_prefixed {
        return Some(name[PARAMS.len()..].trim().to_owned()).filter(|flag| !flag.is_empty());
    }
    name.strip_prefix("--").filter(|flag| prompt::is_flag(flag)).map(str::to_owned)
}

/// Whether a row can be understood; tells what is wrong with it for itself.
pub(super) fn judge(table: &Table, row: &Row, source: &Source<'_>, problems: &mut Problems) -> bool {
    let surplus = row.cells.iter().skip(table.columns.len()).position(|cell| !cell.trim().is_empty());
    if row.cells.len() < table.columns.len() || surplus.is_some() {
        problems.push(ragged(table, row, source));
        return false;
    }
    let mut is_whole = true;
    for (column, of) in table.columns.iter().enumerate() {
        match of.role {
            Role::Unnamed if !row.cell(column).is_empty() => {
                let span = place(table, row, column, source);
                problems.push(value::unnamed_column().at(source, span));
                is_whole = false;
            }
            Role::Prompt => judge_quotes(table, row, column, source, problems),
            Role::Pick => judge_pick(table, row, column, source, problems),
            _ => {}
        }
    }
    is_whole
}

/// Where a cell is.
pub(super) fn place(table: &Table, row: &Row, column: usize, source: &Source<'_>) -> std::ops::Range<usize> {
    RecordPlaces::read(source.text(), row.at, table.separator).cell(source.text(), column)
}

/// Warns of ` "a prompt"`: after a space, quotes are text and would be sent.
fn judge_quotes(table: &Table, row: &Row, column: usize, source: &Source<'_>, problems: &mut Problems) {
    let cell = row.cells.get(column).unwrap_or_default();
    let text = cell.trim_start();
    if text.len() < cell.len() && text.len() > 1 && text.starts_with('"') && text.trim_end().ends_with('"') {
        let found = Diagnostic::warning("the quotes round this prompt are sent with it")
            .at(source.place(place(table, row, column, source)), "a quote after a space is text")
            .help("remove the space before the first quote");
        problems.push(found);
    }
}

/// Warns of a choice that names no picture of the row: it is kept, and means nothing.
fn judge_pick(table: &Table, row: &Row, column: usize, source: &Source<'_>, problems: &mut Problems) {
    let is_image = |of: &&Column| of.role == Role::Result(Told::Image);
    let images = table.columns.iter().filter(is_image).count();
    let mut picks = row.cell(column).split([' ', ',', ';']).filter(|pick| !pick.is_empty());
    if images > 0 && !picks.all(|pick| pick.parse().is_ok_and(|n: usize| (1..=images).contains(&n))) {
        let found = Diagnostic::warning(format!("{} picks no picture", quoted(row.cell(column))))
            .at(source.place(place(table, row, column, source)), "kept as it is")
            .help("write the numbers of the pictures, as in `2` or `1 3`");
        problems.push(found);
    }
}

fn ragged(table: &Table, row: &Row, source: &Source<'_>) -> Diagnostic {
    let places = RecordPlaces::read(source.text(), row.at, table.separator);
    let (cells, columns) = (row.cells.len(), table.columns.len());
    let (span, label) = if cells > columns {
        let start = places.cell(source.text(), columns).start;
        (start..places.whole.end.max(start), "this is beyond the last column")
    } else {
        (places.whole.end..places.whole.end, "the row ends here")
    };
    let separator = match table.separator {
        b'\t' => "a tab",
        b';' => "`;`",
        _ => "`,`",
    };
    let found = Diagnostic::error(format!("a row of {cells} cells in a table of {columns} columns"))
        .at(source.place(span), label);
    if cells > columns {
        found.help(format!("a cell with {separator} in it needs quotes round it: \"...\""))
    } else {
        found.help("write the separators of the empty cells too")
    }
}
