//! Tables in text files: .csv, .tsv, and what spreadsheets make of them.

use super::{Reading, TableReader};
use crate::diagnostic::{Diagnostic, Place};
use crate::manifest::{NumberedRow, NumberedRows, decode_table};

/// Reads the table in these bytes.
pub(super) fn read(bytes: &[u8], table: &mut TableReader<'_>) -> Result<(), Diagnostic> {
    let text = decode_table(&table.name, bytes).map_err(|found| *found)?;
    let mut rows = NumberedRows::of(&text);
    let Some(header) = rows.next() else { return Ok(()) };
    if table.header(&header.cells.iter().collect::<Vec<_>>()) == Reading::IsOver {
        return Ok(());
    }
    for NumberedRow { number, cells, is_open } in rows {
        if is_open {
            let cell = cells.iter().next_back().unwrap_or_default();
            let place = Place::of_cell(table.name.clone(), number, cell.lines().next().unwrap_or_default());
            return Err(Diagnostic::error("a quote that is never closed")
                .at(place, "the cell that starts here goes on to the end of the file"));
        }
        table.cells(number, 0, cells.iter().enumerate());
    }
    Ok(())
}
