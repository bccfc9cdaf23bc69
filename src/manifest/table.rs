//! A table that was understood: its columns, and its rows, read one by one from the text as often as they are wanted.

use std::sync::Arc;

use ::csv::{Reader, ReaderBuilder, StringRecord};

use super::earlier::Told;
use super::guard;
use crate::diagnostic::Source;

/// What a column is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    Prompt,
    Id,
    Mode,
    Timeout,
    HookUrl,
    Repeat,
    Priority,
    Action,
    /// The numbers of the pictures that a person chose, in results: a variable like any other.
    Pick,
    /// A Midjourney flag, by any of its names.
    Flag(String),
    /// Nothing but a variable.
    Variable,
    /// What came of an earlier run.
    Result(Told),
    /// No name: nothing may stand in it.
    Unnamed,
}

/// A column of a table.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) role: Role,
    /// The variable that its cells are, if they are one.
    pub(super) variable: Option<usize>,
}

/// A table that can be read.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// The file's name as people know it.
    pub(super) name: String,
    /// The file's text, with its byte order mark.
    pub(super) text: Arc<str>,
    /// Where the header starts in the text without the mark.
    pub(super) start: usize,
    pub(super) separator: u8,
    pub(super) columns: Vec<Column>,
    /// Whether formulas have a quote before them.
    pub(super) is_guarded: bool,
}

/// A row that is not blank.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) cells: StringRecord,
    /// Where it starts in the text without the mark.
    pub(super) at: usize,
    /// Whether the text ends with it.
    pub(super) is_last: bool,
}

impl Table {
    /// The first column with a role.
    pub(super) fn column(&self, role: &Role) -> Option<usize> {
        self.columns.iter().position(|column| column.role == *role)
    }

    /// The text as the maker of places.
    pub(super) fn source(&self) -> Source<'_> {
        Source::new(self.name.clone(), &self.text)
    }

    /// The rows after the header.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        rows(self.text.strip_prefix('\u{feff}').unwrap_or(&self.text), self.start, self.separator)
            .skip(1)
            .map(|row| if self.is_guarded { row.unguarded() } else { row })
    }
}

/// The rows of a text that are not blank, the header too.
pub(super) fn rows(text: &str, start: usize, separator: u8) -> Rows<'_> {
    let records = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.get(start..).unwrap_or_default().as_bytes());
    Rows { records, start, length: text.len() }
}

/// The rows of a text.
pub(super) struct Rows<'t> {
    records: Reader<&'t [u8]>,
    start: usize,
    length: usize,
}

impl Iterator for Rows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let mut cells = StringRecord::new();
        loop {
            // The text is UTF-8, rows may have any length, and reading memory does not fail: nothing is left to be an error.
            if !self.records.read_record(&mut cells).unwrap_or(false) {
                return None;
            }
            let byte =
                |position: &::csv::Position| usize::try_from(position.byte()).unwrap_or(0) + self.start;
            let at = cells.position().map_or(self.start, byte);
            let is_last = byte(self.records.position()) >= self.length;
            if is_last || !cells.iter().all(|cell| cell.trim().is_empty()) {
                return Some(Row { cells, at, is_last });
            }
        }
    }
}

impl Row {
    /// A cell without the blanks round it.
    pub(super) fn cell(&self, column: usize) -> &str {
        self.cells.get(column).unwrap_or_default().trim()
    }

    /// The cells as they were before they were guarded.
    fn unguarded(self) -> Row {
        Row { cells: self.cells.iter().map(guard::unguarded).collect(), ..self }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}
