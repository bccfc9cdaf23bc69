//! Reads tables back that the program wrote and a person has edited since: results in every format,
//! and the picks that the report saves.
//!
//! Each row is known by its `ref`, whatever was sorted, copied or added. What is read here is what
//! stands in the file; what it means is decided above. A person's own table is recognized as such
//! and not read any further.

mod earlier;
mod header;
mod jsonl;
mod pick;
mod text;
#[cfg(feature = "xlsx")]
mod xlsx;

use std::fs;
use std::path::Path;

pub use earlier::{EarlierResults, read_earlier};
use header::{ColumnMeaning, TableHeader};
pub(in crate::output) use pick::read as picks;
pub use pick::{PickError, typed_picks};

use super::format::ResultsFormat;
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::task::RowRef;

/// What kind of table a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableOrigin {
    /// A table that the program wrote: its rows have refs. It is a list of decisions about its
    /// batch, and never a manifest.
    WithRefs,
    /// Results of the version before, or of this one with the column `ref` removed.
    WithoutRefs,
    /// A person's table.
    Foreign,
}

/// A table that was read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedTable {
    /// The file's name as people know it.
    pub name: String,
    /// What kind of table it is. A foreign one is not read any further.
    pub origin: TableOrigin,
    /// The names of the columns as they stand; of JSON lines, the keys of the first.
    pub header: Vec<String>,
    /// Whether the table has the prompts of its rows.
    pub has_prompts: bool,
    /// The names of the columns that are not the program's, in their order: the manifest's own, and
    /// those that a person has added.
    pub columns: Vec<String>,
    /// Sheets of a workbook that are not the program's and not empty.
    pub foreign_sheets: Vec<String>,
    /// The rows that are not blank.
    pub rows: Vec<ReturnedRow>,
}

/// A row of a table that was read back. Cells that are missing are empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReturnedRow {
    /// The number of the row as a spreadsheet shows it, from 1; the header is a row.
    pub line: usize,
    /// The sheet of a workbook that has several, from 0.
    pub sheet: usize,
    /// The task's id.
    pub id: String,
    /// The ref, where there is one that can be read.
    pub row_ref: Option<RowRef>,
    /// The cell of the ref as it stands; empty where it is gone.
    pub ref_text: String,
    /// The image that the row is about, from 1, in a table that has a row per image.
    pub image: Option<u16>,
    /// The prompt.
    pub prompt: String,
    /// What was typed as `action`, without blanks around it.
    pub action: String,
    /// What was typed as `pick`, without blanks around it; see [`picks`](ReturnedRow::picks).
    pub pick: String,
    /// The service's id of the last attempt.
    pub task_id: String,
    /// The status.
    pub status: String,
    /// How many attempts there were, where that can be read.
    pub attempts: Option<u32>,
    /// The cells of [`columns`](ReturnedTable::columns) that are not empty, in their order.
    pub added: Vec<(String, String)>,
    /// The cells of the program's other columns that are not empty: `reason`, `image_1`... Kept
    /// only where they are asked for.
    outcome: Vec<(String, String)>,
}

/// Reads a table back.
///
/// # Errors
/// Where the file cannot be read, or is not a whole table: what is wrong, and where.
pub fn read_back(path: &Path) -> Result<ReturnedTable, Problems> {
    let mut rows = Vec::new();
    let mut table = scan(path, &mut |row| rows.push(row))?;
    if table.origin != TableOrigin::Foreign {
        table.rows = rows;
    }
    Ok(table)
}

/// What kind of table a file is.
///
/// # Errors
/// Those of [`read_back`].
pub fn table_origin(path: &Path) -> Result<TableOrigin, Problems> {
    scan(path, &mut |_| ()).map(|table| table.origin)
}

/// Reads a table back and passes its rows on one by one; those of the table that is given are
/// empty. Rows of a foreign table may be passed on too.
///
/// # Errors
/// Those of [`read_back`].
pub fn scan(path: &Path, row: &mut dyn FnMut(ReturnedRow)) -> Result<ReturnedTable, Problems> {
    scan_with(path, false, row)
}

fn scan_with(
    path: &Path,
    keeps_outcomes: bool,
    row: &mut dyn FnMut(ReturnedRow),
) -> Result<ReturnedTable, Problems> {
    let name = path.display().to_string();
    let bytes =
        fs::read(path).map_err(|error| Diagnostic::error(format!("`{name}` cannot be read: {error}")))?;
    let mut reader = TableReader { keeps_outcomes, ..TableReader::new(name, row) };
    let format =
        if bytes.starts_with(b"PK\x03\x04") { Some(ResultsFormat::Xlsx) } else { ResultsFormat::of(path) };
    match format {
        #[cfg(feature = "xlsx")]
        Some(ResultsFormat::Xlsx) => xlsx::read(bytes, &mut reader)?,
        #[cfg(not(feature = "xlsx"))]
        Some(ResultsFormat::Xlsx) => {
            let found = Diagnostic::error(format!(
                "this build of mjbatch cannot read the spreadsheet `{}`",
                reader.name
            ));
            return Err(found.help("save it as .csv, or build mjbatch with the feature `xlsx`").into());
        }
        Some(ResultsFormat::Jsonl) => jsonl::read(&bytes, &mut reader)?,
        _ => text::read(&bytes, &mut reader)?,
    }
    Ok(reader.finish())
}

impl ReturnedTable {
    /// The place of a row, at which `text` stands.
    pub fn place(&self, row: &ReturnedRow, text: &str) -> Place {
        let name = match row.sheet {
            0 => self.name.clone(),
            n => format!("{}, sheet {}", self.name, n + 1),
        };
        Place::of_cell(name, row.line, text)
    }
}

impl ReturnedRow {
    /// The images that are picked in this row, by their numbers: `None` where the cell is empty,
    /// which changes nothing; no images where `none` is typed. In the row of an image `x` or `yes`
    /// means that image.
    ///
    /// # Errors
    /// Where the cell says none of this.
    pub fn picks(&self) -> Result<Option<Vec<u16>>, PickError> {
        pick::read(&self.pick, self.image)
    }
}

/// Whether reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    GoesOn,
    /// The table is a person's.
    IsOver,
}

/// Puts a table together from what a format has of it.
struct TableReader<'r> {
    name: String,
    header: Option<TableHeader>,
    columns: Vec<String>,
    foreign_sheets: Vec<String>,
    has_refs: bool,
    keeps_outcomes: bool,
    row: &'r mut dyn FnMut(ReturnedRow),
}

impl<'r> TableReader<'r> {
    fn new(name: String, row: &'r mut dyn FnMut(ReturnedRow)) -> TableReader<'r> {
        let (columns, foreign_sheets) = (Vec::new(), Vec::new());
        TableReader {
            name,
            header: None,
            columns,
            foreign_sheets,
            has_refs: false,
            keeps_outcomes: false,
            row,
        }
    }

    /// The header row.
    fn header(&mut self, names: &[&str]) -> Reading {
        let header = TableHeader::of(names);
        let is_ours = header.may_have_refs() || header.is_results();
        self.columns = header.added();
        self.header = Some(header);
        if is_ours { Reading::GoesOn } else { Reading::IsOver }
    }

    /// A row after the header.
    fn cells<'c>(&mut self, line: usize, sheet: usize, cells: impl Iterator<Item = (usize, &'c str)>) {
        let Some(header) = &self.header else { return };
        let mut row = ReturnedRow { line, sheet, ..ReturnedRow::default() };
        for (column, cell) in cells.filter(|(_, cell)| !cell.trim().is_empty()) {
            let cell = header.unguarded(cell);
            let trimmed = || cell.trim().to_owned();
            match header.meaning(column) {
                ColumnMeaning::Id => row.id = cell.to_owned(),
                ColumnMeaning::Prompt => row.prompt = cell.to_owned(),
                ColumnMeaning::TaskId => row.task_id = trimmed(),
                ColumnMeaning::Status => row.status = trimmed(),
                ColumnMeaning::Action => row.action = trimmed(),
                ColumnMeaning::Pick => row.pick = trimmed(),
                ColumnMeaning::Ref => row.ref_text = trimmed(),
                ColumnMeaning::Attempts => row.attempts = cell.trim().parse().ok(),
                ColumnMeaning::ImageNumber => row.image = cell.trim().parse().ok(),
                ColumnMeaning::Outcome(name) if self.keeps_outcomes => row.outcome.push((name, trimmed())),
                ColumnMeaning::Outcome(_) => {}
                ColumnMeaning::Added(name) => row.added.push((name, cell.to_owned())),
            }
        }
        self.pass_on(row);
    }

    /// A row that was read.
    fn pass_on(&mut self, mut row: ReturnedRow) {
        row.row_ref = row.ref_text.parse().ok();
        self.has_refs |= row.row_ref.is_some();
        (self.row)(row);
    }

    fn finish(self) -> ReturnedTable {
        let header = self.header.unwrap_or_default();
        let origin = match (self.has_refs, header.is_results()) {
            (true, _) => TableOrigin::WithRefs,
            (false, true) => TableOrigin::WithoutRefs,
            (false, false) => TableOrigin::Foreign,
        };
        ReturnedTable {
            name: self.name,
            origin,
            header: header.names(),
            has_prompts: header.has_prompts(),
            columns: self.columns,
            foreign_sheets: self.foreign_sheets,
            rows: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
