//! Results as a spreadsheet, edited in one.
//!
//! Cells are read one by one, so that a stray cell far outside costs nothing. Numbers, dates and
//! booleans are read as the text that a spreadsheet would save of them.

use std::io::Cursor;

use calamine::{Data, DataRef, ExcelDateTime, Reader as _, Xlsx, XlsxError};

use super::{Reading, TableReader};
use crate::diagnostic::Diagnostic;

/// Reads the sheets of a workbook. Those after the first with the same header are its continuation.
pub(super) fn read(bytes: Vec<u8>, table: &mut TableReader<'_>) -> Result<(), Diagnostic> {
    let name = table.name.clone();
    let failed = |error: XlsxError| {
        Diagnostic::error(format!("the spreadsheet `{name}` cannot be read: {error}"))
            .help("save it again as .xlsx, or as .csv")
    };
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(failed)?;
    let mut first: Option<Vec<String>> = None;
    let mut sheets = 0;
    for sheet in book.sheet_names() {
        let mut own = None;
        read_rows(&mut book, &sheet, &mut |number, cells| {
            match own {
                // The header.
                None => {
                    let names = with_gaps(&cells);
                    let is_own = match &first {
                        Some(first) => *first == names,
                        None => {
                            let names: Vec<&str> = names.iter().map(String::as_str).collect();
                            table.header(&names) == Reading::GoesOn
                        }
                    };
                    if is_own {
                        first = Some(names);
                    }
                    own = Some(is_own);
                }
                Some(true) => {
                    table.cells(number, sheets, cells.iter().map(|(at, cell)| (*at, cell.as_str())))
                }
                Some(false) => {}
            }
            own == Some(true)
        })
        .map_err(failed)?;
        match own {
            Some(true) => sheets += 1,
            Some(false) => table.foreign_sheets.push(sheet),
            None => {}
        }
    }
    Ok(())
}

impl From<&ExcelDateTime> for SavedDate {
    fn from(at: &ExcelDateTime) -> SavedDate {
        let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
        let date = format!("{year:04}-{month:02}-{day:02}");
        let time = format!("{hour:02}:{minute:02}:{second:02}");
        SavedDate(match at.as_f64() {
            whole if whole.fract() == 0.0 => date,
            below if below < 1.0 => time,
            _ => format!("{date} {time}"),
        })
    }
}

/// A date as text.
struct SavedDate(String);

/// Passes on the rows of a sheet that are not blank, each with its number from 1, and its cells
/// with their columns, until that is no longer wanted.
fn read_rows(
    book: &mut Xlsx<Cursor<Vec<u8>>>,
    sheet: &str,
    row: &mut dyn FnMut(usize, Vec<(usize, String)>) -> bool,
) -> Result<(), XlsxError> {
    let mut cells = match book.worksheet_cells_reader(sheet) {
        Ok(cells) => cells,
        Err(XlsxError::NotAWorksheet(_)) => return Ok(()), // a chart
        Err(error) => return Err(error),
    };
    let mut number = 0;
    let mut gathered: Vec<(usize, String)> = Vec::new();
    while let Some(cell) = cells.next_cell()? {
        let (at, column) = cell.get_position();
        if at != number && !gathered.is_empty() && !row(number as usize + 1, std::mem::take(&mut gathered)) {
            return Ok(());
        }
        number = at;
        let text = text(cell.get_value());
        if !text.trim().is_empty() {
            gathered.push((column as usize, text));
        }
    }
    if !gathered.is_empty() {
        row(number as usize + 1, gathered);
    }
    Ok(())
}

/// The names of a header, those that are missing empty.
fn with_gaps(cells: &[(usize, String)]) -> Vec<String> {
    let mut names = vec![String::new(); cells.iter().map(|(column, _)| column + 1).max().unwrap_or(0)];
    for (column, name) in cells {
        names[*column].clone_from(name);
    }
    names
}

fn text(value: &DataRef<'_>) -> String {
    match Data::from(value.clone()) {
        Data::Empty => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text,
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::Bool(truth) => if truth { "TRUE" } else { "FALSE" }.to_owned(),
        Data::DateTime(at) => SavedDate::from(&at).0,
        Data::Error(error) => error.to_string(),
    }
}
