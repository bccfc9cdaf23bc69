//! A table of tasks: one row, one task.
//!
//! The header row says what the columns are. What spreadsheets leave behind is borne: a byte order mark, `sep=;`, CRLF,
//! rows and columns of nothing but separators. Values come from the csv crate in one pass; places are looked up only
//! for what is wrong.

use std::collections::HashMap;

use ::csv::{ReaderBuilder, StringRecord};

use super::cells::{RecordPlaces, separator};
use super::columns::Columns;
use super::content::{Content, Places, Rows};
use super::value::{self, Fault};
use crate::diagnostic::{Diagnostic, Problems, Source, close_name, quoted};
use crate::task::{Id, Mode, Task};

const SMALLEST: &str = "the smallest table is\nprompt,mode\na ceramic mug on grey linen --ar 1:1,fast";

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Prompt,
    Id,
    Mode,
    /// A timeout, which is kept as one of the manifest's own columns as well.
    Timeout,
    Variable,
    /// No name: nothing may stand in it.
    Unnamed,
}

impl Role {
    fn of(name: &str) -> Role {
        match name.to_ascii_lowercase().as_str() {
            "" => Role::Unnamed,
            "prompt" => Role::Prompt,
            "id" => Role::Id,
            "mode" => Role::Mode,
            "timeout" => Role::Timeout,
            _ => Role::Variable,
        }
    }
}

/// Reads a table. What it gives is of use only if no errors were added to the problems.
pub(super) fn read(source: &Source<'_>, problems: &mut Problems) -> Content {
    let text = source.text();
    let (start, declared) = declared_separator(text);
    let separator = declared.unwrap_or_else(|| separator(text, start));
    let mut table = Table { source, separator, roles: Vec::new(), columns: Columns::default(), problems };
    let mut tasks = Vec::new();
    let mut starts = Vec::new();

    let mut records = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(&text.as_bytes()[start..]);
    let mut record = StringRecord::new();
    // The text is UTF-8, rows may have any length, and reading memory does not fail: nothing is left to be an error.
    while records.read_record(&mut record).unwrap_or(false) {
        let byte = |position: &::csv::Position| usize::try_from(position.byte()).unwrap_or(0) + start;
        let at = record.position().map_or(start, byte);
        let is_last = byte(records.position()) >= text.len();
        if is_last && table.ends_open(at) {
            break;
        }
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if table.roles.is_empty() {
            if !table.header(&record, at) {
                return Content::default();
            }
        } else if let Some(task) = table.task(&record, at) {
            tasks.push(task);
            starts.push(at);
        }
    }
    table.judge_emptiness(tasks.is_empty());

    let column = |role| table.roles.iter().position(|r| *r == role);
    let rows =
        Rows { starts, separator, id: column(Role::Id), prompt: column(Role::Prompt).unwrap_or_default() };
    Content { columns: table.columns.into_names(), tasks, places: Places::Rows(rows), ..Content::default() }
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

/// A table while it is read.
struct Table<'s, 'a> {
    source: &'s Source<'a>,
    separator: u8,
    /// One for each column; empty before the header was seen.
    roles: Vec<Role>,
    columns: Columns,
    problems: &'s mut Problems,
}

impl Table<'_, '_> {
    fn places(&self, at: usize) -> RecordPlaces {
        RecordPlaces::read(self.source.text(), at, self.separator)
    }

    /// Tells that a quote is never closed, if so: what follows it is no table.
    fn ends_open(&mut self, at: usize) -> bool {
        let places = self.places(at);
        if places.is_open {
            let open = places.cells.last().map_or(at, |cell| cell.start);
            self.problems.push(
                Diagnostic::error("a quote that is never closed")
                    .at(
                        self.source.place(open..open + 1),
                        "the cell that starts here goes on to the end of the file",
                    )
                    .help("close the cell with another `\"`, and write `\"\"` for a quote within it"),
            );
        }
        places.is_open
    }

    /// Understands the header row; `false` where the rows cannot be read after it.
    fn header(&mut self, record: &StringRecord, at: usize) -> bool {
        let places = self.places(at);
        let place = |column| self.source.place(places.cell(self.source.text(), column));
        let mut seen: HashMap<String, usize> = HashMap::new();
        let names: Vec<&str> = record.iter().map(str::trim).collect();
        for (column, name) in names.iter().enumerate() {
            let role = Role::of(name);
            self.roles.push(role);
            if role == Role::Unnamed {
                continue;
            }
            if let Some(first) = seen.insert(name.to_lowercase(), column) {
                self.problems.push(
                    Diagnostic::error(format!("two columns have the name {}", quoted(name)))
                        .at(place(column), "here again")
                        .at(place(first), "first here")
                        .help("rename or remove one of them"),
                );
                continue;
            }
            if let Err(fault) = value::variable(name) {
                self.problems.push(fault.at(self.source, places.cell(self.source.text(), column)));
                continue;
            }
            if matches!(role, Role::Variable | Role::Timeout)
                && let (_, Some(renamed)) = self.columns.of(name)
            {
                self.problems.push(renamed.at(place(column)));
            }
        }
        if !self.roles.contains(&Role::Prompt) {
            self.no_prompt(&names, &places);
        }
        self.problems.errors() == 0
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

    /// The task of a row; `None` where something is wrong with it, which is then told.
    fn task(&mut self, record: &StringRecord, at: usize) -> Option<Task> {
        let surplus = record.iter().skip(self.roles.len()).position(|cell| !cell.trim().is_empty());
        if record.len() < self.roles.len() || surplus.is_some() {
            self.ragged(record, at);
            return None;
        }
        let mut task = Task {
            id: Id(String::new()),
            prompt: String::new(),
            mode: Mode::default(),
            timeout: None,
            vars: Vec::with_capacity(self.columns.len()),
        };
        let mut is_whole = true;
        for column in 0..self.roles.len() {
            let cell = record.get(column).unwrap_or_default();
            if let Err(fault) = fill(&mut task, self.roles[column], cell) {
                is_whole = false;
                let span = self.places(at).cell(self.source.text(), column);
                self.problems.push(fault.at(self.source, span));
            }
        }
        self.judge_quotes(record, at);
        is_whole.then_some(task)
    }

    /// Warns of ` "a prompt"`: after a space, quotes are text and would be sent.
    fn judge_quotes(&mut self, record: &StringRecord, at: usize) {
        let Some(column) = self.roles.iter().position(|role| *role == Role::Prompt) else { return };
        let cell = record.get(column).unwrap_or_default();
        let text = cell.trim_start();
        if text.len() < cell.len()
            && text.len() > 1
            && text.starts_with('"')
            && text.trim_end().ends_with('"')
        {
            let span = self.places(at).cell(self.source.text(), column);
            let found = Diagnostic::warning("the quotes round this prompt are sent with it")
                .at(self.source.place(span), "a quote after a space is text")
                .help("remove the space before the first quote");
            self.problems.push(found);
        }
    }

    fn ragged(&mut self, record: &StringRecord, at: usize) {
        let places = self.places(at);
        let (cells, columns) = (record.len(), self.roles.len());
        let (span, label) = if cells > columns {
            let start = places.cell(self.source.text(), columns).start;
            (start..places.whole.end.max(start), "this is beyond the last column")
        } else {
            (places.whole.end..places.whole.end, "the row ends here")
        };
        let separator = if self.separator == b'\t' { "a tab" } else { "`,`" };
        let separator = if self.separator == b';' { "`;`" } else { separator };
        let found = Diagnostic::error(format!("a row of {cells} cells in a table of {columns} columns"))
            .at(self.source.place(span), label);
        self.problems.push(if cells > columns {
            found.help(format!("a cell with {separator} in it needs quotes round it: \"...\""))
        } else {
            found.help("write the separators of the empty cells too")
        });
    }

    fn judge_emptiness(&mut self, has_no_tasks: bool) {
        if !has_no_tasks || self.problems.errors() > 0 {
            return;
        }
        let found = if self.roles.is_empty() {
            Diagnostic::error("the manifest is empty").at(self.source.place(0..0), "")
        } else {
            let end = self.source.text().trim_end().len();
            Diagnostic::error("the table has no rows")
                .at(self.source.place(end..end), "expected rows after the header")
        };
        self.problems.push(found.help(SMALLEST));
    }
}

/// Puts a cell where its column says. An empty cell of a mode or a timeout is the default.
fn fill(task: &mut Task, role: Role, cell: &str) -> Result<(), Fault> {
    let trimmed = cell.trim();
    match role {
        Role::Prompt => task.prompt = value::prompt(cell)?,
        Role::Id if !trimmed.is_empty() => task.id = Id(value::id(cell)?),
        Role::Mode if !trimmed.is_empty() => task.mode = value::mode(cell)?,
        Role::Timeout => {
            task.vars.push(trimmed.to_owned());
            if !trimmed.is_empty() {
                task.timeout = Some(value::timeout(cell)?);
            }
        }
        Role::Variable => task.vars.push(cell.to_owned()),
        Role::Unnamed if !trimmed.is_empty() => return Err(value::unnamed_column()),
        Role::Id | Role::Mode | Role::Unnamed => {}
    }
    Ok(())
}
