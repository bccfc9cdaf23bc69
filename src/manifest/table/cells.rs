//! Finds the cells of a CSV record in the file.
//!
//! The csv crate gives values, and the byte at which a record starts, but not where its cells are.
//! They are found here by reading that one record again by the same rules, and only for a message:
//! a table without errors costs nothing.

use std::ops::Range;

/// The byte ranges of the cells of one record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RecordPlaces {
    /// The range from the first cell to the end of the last, without the line break.
    pub(crate) whole: Range<usize>,
    /// The range of each cell, with its quotes.
    pub(crate) cells: Vec<Range<usize>>,
    /// Whether the file ends within quotes.
    pub(crate) is_open: bool,
}

impl RecordPlaces {
    /// Reads the record that starts at this byte, or after the line breaks that follow it.
    pub(crate) fn read(text: &str, start: usize, separator: u8) -> Self {
        let bytes = text.as_bytes();
        let mut at = start;
        while matches!(bytes.get(at), Some(b'\n' | b'\r')) {
            at += 1;
        }
        let first = at;
        let mut cells = Vec::new();
        loop {
            let cell = at;
            let mut quoted = bytes.get(at) == Some(&b'"');
            at += usize::from(quoted);
            loop {
                match bytes.get(at) {
                    None => {
                        cells.push(cell..at);
                        return RecordPlaces { whole: first..at, cells, is_open: quoted };
                    }
                    Some(b'"') if quoted && bytes.get(at + 1) == Some(&b'"') => at += 1,
                    Some(b'"') if quoted => quoted = false,
                    Some(b'\n' | b'\r') if !quoted => {
                        cells.push(cell..at);
                        return RecordPlaces { whole: first..at, cells, is_open: false };
                    }
                    Some(byte) if !quoted && *byte == separator => {
                        cells.push(cell..at);
                        break;
                    }
                    Some(_) => {}
                }
                at += 1;
            }
            at += 1;
        }
    }

    /// The range of a cell without the blanks around it; the end of the record if there is no such
    /// cell.
    pub(crate) fn cell(&self, text: &str, index: usize) -> Range<usize> {
        let Some(cell) = self.cells.get(index) else { return self.whole.end..self.whole.end };
        let written = &text[cell.clone()];
        let start = cell.start + (written.len() - written.trim_start().len());
        if written.trim().is_empty() { cell.start..cell.start } else { start..start + written.trim().len() }
    }
}

/// Guesses the separator from the header row: the one that gives it a column `prompt`, else the one
/// that makes the most columns.
pub(crate) fn separator(text: &str, start: usize) -> u8 {
    let judged = [b',', b';', b'\t'].map(|separator| {
        let record = RecordPlaces::read(text, start, separator);
        let is_prompt = |cell: &Range<usize>| {
            text[cell.clone()].trim().trim_matches('"').trim().eq_ignore_ascii_case("prompt")
        };
        (record.cells.iter().any(is_prompt), record.cells.len(), separator)
    });
    // Of several the first wins: a header of one column is read as comma-separated.
    let best = judged.iter().map(|(prompt, cells, _)| (*prompt, *cells)).max();
    judged
        .iter()
        .find(|(prompt, cells, _)| Some((*prompt, *cells)) == best)
        .map_or(b',', |(.., separator)| *separator)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_separator_is_the_one_that_makes_a_prompt_column() {
        assert_eq!(separator("id,prompt,mode\n", 0), b',');
        assert_eq!(separator("id;\"Prompt\";a,b,c,d\n", 0), b';');
        assert_eq!(separator("id\tprompt\n", 0), b'\t');
        assert_eq!(separator("prompt\na;b;c\n", 0), b',');
        assert_eq!(separator("id;text;mode\n", 0), b';');
        assert_eq!(separator("", 0), b',');
    }

    fn values(text: &str, start: usize) -> Vec<String> {
        let unquoted = |cell: &Range<usize>| {
            let written = &text[cell.clone()];
            match written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
                Some(inner) => inner.replace("\"\"", "\""),
                None => written.to_owned(),
            }
        };
        RecordPlaces::read(text, start, b',').cells.iter().map(unquoted).collect()
    }

    proptest! {
        #[test]
        fn places_are_those_of_the_crates_cells(
            rows in prop::collection::vec(prop::collection::vec("[a,\"\n\r é]{0,5}", 1..4), 1..5),
            crlf in any::<bool>(),
        ) {
            let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
            let mut writer = csv::WriterBuilder::new().flexible(true).terminator(terminator).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            for (record, row) in reader.records().zip(&rows) {
                let record = record.unwrap();
                let start = record.position().unwrap().byte() as usize;
                prop_assert_eq!(&values(&text, start), row);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), start in 0usize..40, separator in prop::sample::select(vec![b',', b';', b'\t'])) {
            let start = text.floor_char_boundary(start);
            let record = RecordPlaces::read(&text, start, separator);
            for i in 0..=record.cells.len() {
                prop_assert!(text.get(record.cell(&text, i)).is_some());
            }
        }
    }
}
