//! Results as a spreadsheet: a frozen header with filters, URLs as links, numbers as numbers, times
//! as dates (in UTC), and statuses as colored words. Text is text: a cell that starts with `=` is
//! never run as a formula.
//!
//! Limits of Excel are handled and reported: a sheet has 1,048,576 rows, and further rows go to a
//! second sheet; it has 65,530 links, and further URLs are text, as is one longer than 2,080
//! characters; a cell has 32,767 characters, and longer text is truncated. ([Microsoft's
//! list](https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3) and the
//! library's.)
//!
//! Rows go to a temporary file as they are written, so memory holds links and little else.

use std::io::{self, Write};

use jiff::Timestamp;
use rust_xlsxwriter::{self as excel, Color, ExcelDateTime, Format, Worksheet, XlsxError};

use super::cell::TableCell;
use super::layout::{Layout, RowError, WriteStats};
use super::table;
use crate::task::{Quota, Record, Status};

/// Rows of a sheet, the header among them.
const MOST_ROWS: u32 = 1_048_576;
/// Links of a sheet.
const MOST_LINKS: u32 = 65_530;
/// Characters of a cell, counted in UTF-16 as Excel does.
const LONGEST_TEXT: usize = 32_767;
/// Characters of a link.
const LONGEST_LINK: usize = 2_080;

/// Writes the workbook.
pub(super) fn write<E>(
    out: impl Write + Send,
    layout: &Layout<'_>,
    records: impl IntoIterator<Item = Result<Record, E>>,
) -> Result<WriteStats, RowError<E>> {
    let mut book = Workbook::new(table::header(layout), MOST_ROWS, MOST_LINKS)?;
    let mut wrote = table::rows(layout, records, |cells| book.row(cells))?;
    wrote.notes.extend(book.finish(out)?);
    Ok(wrote)
}

/// A workbook that is being written.
struct Workbook {
    book: excel::Workbook,
    header: Vec<String>,
    sheet: Worksheet,
    /// The rows and links of the current sheet so far.
    rows: u32,
    links: u32,
    most_rows: u32,
    most_links: u32,
    formats: CellFormats,
    /// The number of sheets in the workbook.
    sheets: u32,
    cut: u64,
    unlinked: u64,
}

struct CellFormats {
    header: Format,
    link: Format,
    time: Format,
    text: Format,
}

impl Workbook {
    fn new(header: Vec<String>, most_rows: u32, most_links: u32) -> io::Result<Workbook> {
        let mut book = excel::Workbook::new();
        let sheet = book.new_worksheet_with_constant_memory().map_err(io_error)?;
        let formats = CellFormats {
            header: Format::new().set_bold(),
            link: Format::new().set_hyperlink(),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            // As text, so that an edited cell that starts with `=` stays text too.
            text: Format::new().set_num_format("@"),
        };
        let mut book = Workbook {
            book,
            header,
            sheet,
            rows: 0,
            links: 0,
            most_rows,
            most_links,
            formats,
            sheets: 1,
            cut: 0,
            unlinked: 0,
        };
        book.start_sheet().map_err(io_error)?;
        Ok(book)
    }

    /// Sets up a new sheet with its header.
    fn start_sheet(&mut self) -> Result<(), XlsxError> {
        self.sheet.set_name(if self.sheets == 1 {
            "results".to_owned()
        } else {
            format!("results {}", self.sheets)
        })?;
        self.sheet.set_freeze_panes(1, 0)?;
        for (name, column) in self.header.iter().zip(0u16..) {
            self.sheet.set_column_width(column, width(name))?;
            if matches!(name.as_str(), "action" | "pick") {
                // What is typed here stays as it was typed.
                self.sheet.set_column_format(column, &self.formats.text)?;
            }
            self.sheet.write_string_with_format(
                0,
                column,
                fitting(name, LONGEST_TEXT),
                &self.formats.header,
            )?;
        }
        (self.rows, self.links) = (1, 0);
        Ok(())
    }

    fn row(&mut self, cells: &[TableCell<'_>]) -> io::Result<()> {
        if self.rows == self.most_rows {
            let next = self.book.new_worksheet_with_constant_memory().map_err(io_error)?;
            self.end_sheet(next).map_err(io_error)?;
            self.sheets += 1;
            self.start_sheet().map_err(io_error)?;
        }
        for (cell, column) in cells.iter().zip(0u16..) {
            self.cell(column, cell).map_err(io_error)?;
        }
        self.rows += 1;
        Ok(())
    }

    fn cell(&mut self, column: u16, cell: &TableCell<'_>) -> Result<(), XlsxError> {
        let row = self.rows;
        match cell {
            TableCell::Empty => {}
            TableCell::Text(text) => self.text(column, text)?,
            TableCell::Link(address) if is_link(address) && self.links < self.most_links => {
                self.links += 1;
                self.sheet.write_url_with_format(row, column, &**address, &self.formats.link)?;
            }
            TableCell::Link(address) => {
                self.unlinked += u64::from(!address.is_empty());
                self.text(column, address)?;
            }
            TableCell::Status(status) => {
                self.sheet.write_string_with_format(row, column, status.as_str(), &colored(*status))?;
            }
            #[expect(clippy::cast_precision_loss, reason = "Excel's numbers are these")]
            TableCell::Count(count) => {
                self.sheet.write_number(row, column, *count as f64)?;
            }
            #[expect(clippy::cast_precision_loss, reason = "Excel's numbers are these")]
            TableCell::Quota(Quota(thousandths)) => {
                self.sheet.write_number(row, column, *thousandths as f64 / 1000.0)?;
            }
            TableCell::Time(at) => match date(*at) {
                Some(date) => {
                    self.sheet.write_datetime_with_format(row, column, &date, &self.formats.time)?;
                }
                None => self.text(column, &super::csv::time(*at))?,
            },
        }
        Ok(())
    }

    fn text(&mut self, column: u16, text: &str) -> Result<(), XlsxError> {
        if text.is_empty() {
            return Ok(());
        }
        let fitting = fitting(text, LONGEST_TEXT);
        self.cut += u64::from(fitting.len() < text.len());
        self.sheet.write_string_with_format(
            self.rows,
            column,
            fitting.replace('\0', "\u{fffd}"),
            &self.formats.text,
        )?;
        Ok(())
    }

    fn end_sheet(&mut self, next: Worksheet) -> Result<(), XlsxError> {
        if let Some(last) = u16::try_from(self.header.len()).ok().and_then(|columns| columns.checked_sub(1)) {
            self.sheet.autofilter(0, 0, self.rows - 1, last)?;
        }
        self.book.push_worksheet(std::mem::replace(&mut self.sheet, next));
        Ok(())
    }

    /// Writes the file, and returns warnings about what does not fit.
    fn finish(mut self, out: impl Write + Send) -> io::Result<Vec<String>> {
        self.end_sheet(Worksheet::new()).map_err(io_error)?;
        let mut notes = Vec::new();
        if self.sheets > 1 {
            notes.push(format!(
                "a sheet has at most {} rows: there are {} sheets",
                self.most_rows, self.sheets
            ));
        }
        if self.unlinked > 0 {
            let (n, most) = (self.unlinked, self.most_links);
            notes.push(format!("a sheet has at most {most} links, none of them long: {n} URLs are text"));
        }
        if self.cut > 0 {
            let n = self.cut;
            notes.push(format!(
                "a cell has at most {LONGEST_TEXT} characters: {n} longer texts are truncated"
            ));
        }
        self.book.save_to_writer(out).map_err(io_error)?;
        Ok(notes)
    }
}

fn io_error(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(cause) => cause,
        other => io::Error::other(other.to_string()),
    }
}

/// Whether text is a URL that a browser opens and that fits a link; anything else is written as
/// text.
fn is_link(address: &str) -> bool {
    let is_web = address.starts_with("https://") || address.starts_with("http://");
    // Escaping may make a link three times as long.
    is_web && address.len() < LONGEST_LINK / 3 && !address.contains(char::is_control)
        || is_web
            && address.len() <= LONGEST_LINK
            && address.bytes().all(|byte| byte.is_ascii_graphic())
            && !address.contains(['"', '<', '>', '[', ']', '`', '^', '{', '}'])
}

/// The longest prefix of the text that has at most this many UTF-16 units.
fn fitting(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let mut length = 0;
    let end = text.char_indices().find(|(_, c)| {
        length += c.len_utf16();
        length > most
    });
    end.map_or(text, |(at, _)| &text[..at])
}

fn date(at: Timestamp) -> Option<ExcelDateTime> {
    ExcelDateTime::from_timestamp(at.as_second()).ok()
}

/// Dark text on a light background, as Excel's own styles for good, neutral and bad.
fn colored(status: Status) -> Format {
    let (text, ground) = match status {
        Status::Done => (0x00_61_00, 0xC6_EF_CE),
        Status::Failed | Status::Lost => (0x9C_00_06, 0xFF_C7_CE),
        Status::Unknown => (0x9C_57_00, 0xFF_EB_9C),
        Status::Running => (0x1F_4E_79, 0xDD_EB_F7),
        Status::Pending | Status::Skipped => (0x40_40_40, 0xF2_F2_F2),
    };
    Format::new().set_font_color(Color::RGB(text)).set_background_color(Color::RGB(ground))
}

/// The width of a column, in characters.
fn width(name: &str) -> f64 {
    match name {
        "prompt" => 60.0,
        "id" | "reason" | "task_id" | "grid" => 30.0,
        "submitted_at" | "finished_at" | "ref" => 20.0,
        "status" | "mode" | "attempts" | "quota" | "action" | "pick" => 10.0,
        _ if name.starts_with("image") => 30.0,
        _ => 18.0,
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io::Cursor;

    use calamine::{Data, Range, Reader, Xlsx};

    use super::*;
    use crate::output::tests::{PLAIN, done, layout, record};
    use crate::task::{Images, State};

    fn sheets(bytes: Vec<u8>) -> Vec<Range<Data>> {
        let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
        book.worksheets().into_iter().map(|(_, range)| range).collect()
    }

    fn written(columns: &[String], records: Vec<Record>) -> (Range<Data>, Vec<String>) {
        let layout = Layout { columns, ..layout(&PLAIN) };
        let mut out = Vec::new();
        let Ok(wrote) = write(&mut out, &layout, records.into_iter().map(Ok::<_, Infallible>)) else {
            panic!()
        };
        (sheets(out).remove(0), wrote.notes)
    }

    #[test]
    fn numbers_are_numbers_times_are_dates_and_the_rest_is_text() {
        let failed =
            Record { state: State::Failed, reason: Some("blood".to_owned()), ..record("vase", &["007"]) };
        let (sheet, notes) = written(&["sku".to_owned()], vec![done("mug", &["A-1"], 4), failed]);
        assert_eq!((sheet.height(), sheet.width(), notes), (3, 19, Vec::new()));
        let at = |row: u32, name: &str| {
            let header = sheet.rows().next().unwrap();
            let column = header.iter().position(|cell| *cell == Data::String(name.to_owned())).unwrap();
            sheet.get_value((row, column as u32)).cloned().unwrap_or_default()
        };
        assert_eq!(at(1, "id"), "mug");
        assert_eq!((at(1, "attempts"), at(1, "quota")), (Data::Float(1.0), Data::Float(1.5)));
        assert!(
            matches!(at(1, "submitted_at"), Data::DateTime(at) if at.to_ymd_hms_milli() == (2026, 3, 1, 9, 0, 0, 0))
        );
        assert_eq!(
            (at(1, "status"), at(2, "status")),
            (Data::String("done".into()), Data::String("failed".into()))
        );
        assert_eq!(at(1, "image_4"), "https://cdn/mug_4.png");
        assert_eq!((at(2, "sku"), at(2, "quota")), (Data::String("007".into()), Data::Empty));
    }

    #[test]
    fn hostile_text_is_text_and_long_text_is_truncated_with_a_warning() {
        let long = "é".repeat(40_000);
        for (text, kept) in [
            ("=1+1", "=1+1"),
            ("@SUM(A1)", "@SUM(A1)"),
            ("a\0b", "a\u{fffd}b"),
            ("<b>&amp;\"x\"</b>", "<b>&amp;\"x\"</b>"),
            ("two\nlines", "two\nlines"),
            (" 漢字 🎈 ", " 漢字 🎈 "),
            (&long, &"é".repeat(LONGEST_TEXT)),
        ] {
            let (sheet, notes) = written(&["v".to_owned()], vec![record("a", &[text])]);
            assert_eq!(sheet.get_value((1, 1)), Some(&Data::String(kept.to_owned())), "{text:.20}");
            assert_eq!(notes.len(), usize::from(text.len() > LONGEST_TEXT));
        }
    }

    #[test]
    fn a_url_that_is_invalid_or_too_long_for_a_link_is_text() {
        let long = format!("https://cdn/{}", "a".repeat(3000));
        let urls = vec!["javascript:alert(1)".to_owned(), long.clone(), "https://cdn/a b\"<>.png".to_owned()];
        let images = Images { grid: None, urls: urls.clone() };
        let (sheet, notes) = written(&[], vec![Record { images, ..done("a", &[], 0) }]);
        let row: Vec<String> = sheet.rows().nth(1).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(row[9..12], urls);
        insta::assert_snapshot!(notes.join("; "), @"a sheet has at most 65530 links, none of them long: 2 URLs are text");
    }

    #[test]
    fn rows_beyond_a_sheet_go_to_the_next_and_none_is_lost() {
        let link = |n: usize| [TableCell::Link(format!("https://cdn/{n}.png").into())];
        let mut book = Workbook::new(vec!["image".to_owned()], 4, 2).unwrap();
        for n in 0..7 {
            book.row(&link(n)).unwrap();
        }
        let mut out = Vec::new();
        let notes = book.finish(&mut out).unwrap();
        let sheets = sheets(out);
        assert_eq!(sheets.iter().map(Range::height).collect::<Vec<_>>(), [4, 4, 2]);
        assert_eq!(sheets[2].get_value((1, 0)), Some(&Data::String("https://cdn/6.png".into())));
        assert_eq!(
            notes,
            [
                "a sheet has at most 4 rows: there are 3 sheets",
                "a sheet has at most 2 links, none of them long: 2 URLs are text",
            ]
        );
    }

    #[test]
    fn a_batch_without_tasks_has_a_header_alone() {
        let (sheet, _) = written(&[], vec![]);
        assert_eq!((sheet.height(), sheet.get_value((0, 0))), (1, Some(&Data::String("id".into()))));
    }
}
