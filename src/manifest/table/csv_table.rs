//! A CSV table whose header was read: its columns, and its rows, read from the text as often as
//! needed.

use std::sync::Arc;

use ::csv::{Reader, ReaderBuilder, StringRecord};

use super::role::ColumnRole;
use crate::diagnostic::Source;

/// A column of a table.
#[derive(Debug, Clone)]
pub(crate) struct TableColumn {
    pub(crate) role: ColumnRole,
    /// The variable that its cells set, if any.
    pub(crate) variable: Option<usize>,
}

/// A CSV file with a valid header.
#[derive(Debug, Clone)]
pub(crate) struct CsvTable {
    /// The file's name for messages.
    pub(crate) name: String,
    /// The file's text, with its byte order mark.
    pub(crate) text: Arc<str>,
    /// The byte at which the header starts, not counting the byte order mark.
    pub(crate) start: usize,
    pub(crate) separator: u8,
    pub(crate) columns: Vec<TableColumn>,
}

/// A row that is not blank.
#[derive(Debug, Clone)]
pub(crate) struct CsvRow {
    pub(crate) cells: StringRecord,
    /// The byte at which it starts, not counting the byte order mark.
    pub(crate) at: usize,
    /// Whether it is the last of the text.
    pub(crate) is_last: bool,
}

impl CsvTable {
    /// The index of the first column with this role.
    pub(crate) fn column(&self, role: &ColumnRole) -> Option<usize> {
        self.columns.iter().position(|column| column.role == *role)
    }

    /// The text as a source of places for messages.
    pub(crate) fn source(&self) -> Source<'_> {
        Source::new(self.name.clone(), &self.text)
    }

    /// The rows after the header.
    pub(crate) fn rows(&self) -> impl Iterator<Item = CsvRow> + '_ {
        rows(self.text.strip_prefix('\u{feff}').unwrap_or(&self.text), self.start, self.separator).skip(1)
    }
}

/// The rows of a text that are not blank, including the header.
pub(crate) fn rows(text: &str, start: usize, separator: u8) -> CsvRows<'_> {
    let records = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.get(start..).unwrap_or_default().as_bytes());
    CsvRows { records, start, length: text.len() }
}

/// Iterates over the rows of a text.
pub(crate) struct CsvRows<'t> {
    records: Reader<&'t [u8]>,
    start: usize,
    length: usize,
}

impl Iterator for CsvRows<'_> {
    type Item = CsvRow;

    fn next(&mut self) -> Option<CsvRow> {
        let mut cells = StringRecord::new();
        loop {
            // The text is UTF-8, rows may have any length, and reading memory does not fail:
            // nothing is left to be an error.
            if !self.records.read_record(&mut cells).unwrap_or(false) {
                return None;
            }
            let byte =
                |position: &::csv::Position| usize::try_from(position.byte()).unwrap_or(0) + self.start;
            let at = cells.position().map_or(self.start, byte);
            let is_last = byte(self.records.position()) >= self.length;
            if is_last || !cells.iter().all(|cell| cell.trim().is_empty()) {
                return Some(CsvRow { cells, at, is_last });
            }
        }
    }
}

impl CsvRow {
    /// A cell without the blanks around it.
    pub(crate) fn cell(&self, column: usize) -> &str {
        self.cells.get(column).unwrap_or_default().trim()
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}
