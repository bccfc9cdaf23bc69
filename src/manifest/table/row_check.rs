//! Checks each row by itself.

use super::cells::RecordPlaces;
use super::csv_table::{CsvRow, CsvTable};
use super::role::ColumnRole;
use crate::diagnostic::{Diagnostic, Problems, Source};
use crate::manifest::value;

/// Whether a row can be read. Adds the problems of the row.
pub(crate) fn judge(table: &CsvTable, row: &CsvRow, source: &Source<'_>, problems: &mut Problems) -> bool {
    let surplus = row.cells.iter().skip(table.columns.len()).position(|cell| !cell.trim().is_empty());
    if row.cells.len() < table.columns.len() || surplus.is_some() {
        problems.push(ragged(table, row, source));
        return false;
    }
    let mut is_whole = true;
    for (column, of) in table.columns.iter().enumerate() {
        match of.role {
            ColumnRole::Unnamed if !row.cell(column).is_empty() => {
                let span = place(table, row, column, source);
                problems.push(value::unnamed_column().at(source, span));
                is_whole = false;
            }
            ColumnRole::Prompt => judge_quotes(table, row, column, source, problems),
            _ => {}
        }
    }
    is_whole
}

/// The place of a cell.
pub(crate) fn place(
    table: &CsvTable,
    row: &CsvRow,
    column: usize,
    source: &Source<'_>,
) -> std::ops::Range<usize> {
    RecordPlaces::read(source.text(), row.at, table.separator).cell(source.text(), column)
}

/// Warns of ` "a prompt"`: quotes after a space are part of the text and would be sent.
fn judge_quotes(table: &CsvTable, row: &CsvRow, column: usize, source: &Source<'_>, problems: &mut Problems) {
    let cell = row.cells.get(column).unwrap_or_default();
    let text = cell.trim_start();
    if text.len() < cell.len() && text.len() > 1 && text.starts_with('"') && text.trim_end().ends_with('"') {
        let found = Diagnostic::warning("the quotes around this prompt are sent with it")
            .at(source.place(place(table, row, column, source)), "a quote after a space is text")
            .help("remove the space before the first quote");
        problems.push(found);
    }
}

fn ragged(table: &CsvTable, row: &CsvRow, source: &Source<'_>) -> Diagnostic {
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
        found.help(format!("a cell with {separator} in it needs quotes around it: \"...\""))
    } else {
        found.help("write the separators of the empty cells too")
    }
}

/// Reports a quote that is never closed, which makes the rest of the file one cell.
pub(crate) fn ends_open(source: &Source<'_>, row: &CsvRow, separator: u8, problems: &mut Problems) -> bool {
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
