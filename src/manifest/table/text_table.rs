//! A table in a text file as spreadsheets write it, whatever it is about: its encoding, the line
//! `sep=`, the separator, and the numbers of its rows.

use std::borrow::Cow;

use ::csv::{Reader, ReaderBuilder, StringRecord};

use super::cells::{RecordPlaces, separator};
use crate::diagnostic::Diagnostic;
use crate::manifest::format;

/// The text of a file without a byte order mark: UTF-8, or UTF-16 as Excel's "Unicode Text" is.
///
/// # Errors
/// Where it is neither.
pub(crate) fn decode<'b>(shown: &str, bytes: &'b [u8]) -> Result<Cow<'b, str>, Box<Diagnostic>> {
    let wide = |unit: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xff, 0xfe, ..] => Ok(Cow::Owned(wide(u16::from_le_bytes))),
        [0xfe, 0xff, ..] => Ok(Cow::Owned(wide(u16::from_be_bytes))),
        _ => {
            let text = format::utf8(shown, bytes)?;
            Ok(Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)))
        }
    }
}

/// The first line `sep=;` that Excel writes and reads, and where the table starts.
pub(super) fn declared_separator(text: &str) -> (usize, Option<u8>) {
    let line = text.split(['\n', '\r']).next().unwrap_or_default();
    match line.trim().as_bytes() {
        [s, e, p, b'=', separator @ (b',' | b';' | b'\t')] if [*s, *e, *p].eq_ignore_ascii_case(b"sep") => {
            (line.len(), Some(*separator))
        }
        _ => (0, None),
    }
}

/// A row that is not blank.
#[derive(Debug)]
pub(crate) struct NumberedRow {
    /// Its number as a spreadsheet counts: from 1, blank ones too, the line `sep=` not.
    pub(crate) number: usize,
    pub(crate) cells: StringRecord,
    /// Whether its last cell begins with a quote that is never closed.
    pub(crate) is_open: bool,
}

/// The rows of a text, the header too.
#[derive(Debug)]
pub(crate) struct NumberedRows<'t> {
    text: &'t str,
    separator: u8,
    start: usize,
    records: Reader<&'t [u8]>,
    /// The number of the next row, if no empty lines are before it.
    next: usize,
}

impl<'t> NumberedRows<'t> {
    /// The rows of a text without a byte order mark.
    pub(crate) fn of(text: &'t str) -> NumberedRows<'t> {
        let (start, declared) = declared_separator(text);
        let separator = declared.unwrap_or_else(|| separator(text, start));
        let records = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .from_reader(&text.as_bytes()[start..]);
        // The line break after `sep=` is counted as an empty line.
        NumberedRows { text, separator, start, records, next: usize::from(declared.is_none()) }
    }

    /// How many empty lines, which the csv crate leaves out, begin at this byte.
    fn empty_lines(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        let breaks = &rest[..rest.len() - rest.trim_start_matches(['\r', '\n']).len()];
        // The second half of the line break before.
        let is_half = breaks.starts_with('\n') && self.text[..at].ends_with('\r');
        breaks.replace("\r\n", "\n").len() - usize::from(is_half && at > self.start)
    }
}

impl Iterator for NumberedRows<'_> {
    type Item = NumberedRow;

    fn next(&mut self) -> Option<NumberedRow> {
        let mut cells = StringRecord::new();
        loop {
            // The text is UTF-8, rows may have any length, and reading memory does not fail:
            // nothing is left to be an error.
            if !self.records.read_record(&mut cells).unwrap_or(false) {
                return None;
            }
            let byte = cells.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(0));
            let at = self.start + byte;
            let number = self.next + self.empty_lines(at);
            self.next = number + 1;
            if !cells.iter().all(|cell| cell.trim().is_empty()) {
                let end = usize::try_from(self.records.position().byte()).unwrap_or(0);
                let is_last = self.start + end >= self.text.len();
                let is_open = is_last && RecordPlaces::read(self.text, at, self.separator).is_open;
                return Some(NumberedRow { number, cells, is_open });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(text: &str) -> Vec<(usize, String)> {
        NumberedRows::of(text).map(|row| (row.number, row.cells.iter().next().unwrap().to_owned())).collect()
    }

    fn expected(rows: &[(usize, &str)]) -> Vec<(usize, String)> {
        rows.iter().map(|(n, cell)| (*n, (*cell).to_owned())).collect()
    }

    #[test]
    fn rows_have_the_numbers_that_a_spreadsheet_gives_them() {
        assert_eq!(numbers("id,prompt\na,b\n"), expected(&[(1, "id"), (2, "a")]));
        assert_eq!(
            numbers("id,prompt\r\n\r\n\"two\r\nlines\",b\r\n,\r\nc,d"),
            expected(&[(1, "id"), (3, "two\r\nlines"), (5, "c")])
        );
        assert_eq!(numbers("sep=;\r\nid;prompt\r\na;b\r\n"), expected(&[(1, "id"), (2, "a")]));
        assert_eq!(numbers("id\tprompt\r\ra\tb\r"), expected(&[(1, "id"), (3, "a")]));
        assert_eq!(numbers("\n\nid,prompt\n"), expected(&[(3, "id")]));
        assert_eq!(numbers(""), expected(&[]));
        let open: Vec<bool> = NumberedRows::of("id,prompt\na,\"b\nc,d\n").map(|row| row.is_open).collect();
        assert_eq!(open, [false, true]);
    }

    #[test]
    fn what_excel_saves_as_unicode_text_is_text() {
        let text = "id\tprompt\r\né\t漢🎈\r\n";
        let units: Vec<u16> = text.encode_utf16().collect();
        let little: Vec<u8> =
            [0xff, 0xfe].into_iter().chain(units.iter().flat_map(|u| u.to_le_bytes())).collect();
        let big: Vec<u8> =
            [0xfe, 0xff].into_iter().chain(units.iter().flat_map(|u| u.to_be_bytes())).collect();
        for bytes in [little, big, [b"\xef\xbb\xbf", text.as_bytes()].concat(), text.as_bytes().to_vec()] {
            assert_eq!(decode("a.txt", &bytes).unwrap(), text);
        }
        assert!(decode("a.csv", b"id,prompt\na,caf\xe9\n").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), more in "[a,;\"\r\n\t]{0,30}") {
            for text in [text.as_str(), &more, &format!("sep=;\n{more}")] {
                prop_assert!(NumberedRows::of(text).map(|row| row.number).is_sorted());
            }
        }
    }
}
