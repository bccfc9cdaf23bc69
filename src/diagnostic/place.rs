//! Converts spans of bytes in a file to lines, columns, and the part of the line to show.
//!
//! A line ends with `\n`, `\r\n` or a lone `\r`, as in YAML and CSV. A byte order mark is not part
//! of the text, but it counts in the byte offsets of a [`Place`], since an editor counts it.

use std::cell::OnceCell;
use std::ops::Range;

use serde::Serialize;

/// How many characters of a line are kept on each side of the place. A renderer at most this wide
/// shows the same as with the whole line.
pub(super) const REACH: usize = 160;
/// How many characters of a place are underlined.
const WIDEST: usize = 60;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// A range of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Place {
    /// The file's name for people.
    pub file: String,
    /// The position of its first character.
    pub start: Position,
    /// The position after its last character.
    pub end: Position,
    #[serde(skip)]
    pub(super) excerpt: Excerpt,
}

impl Place {
    /// The place of a cell of a table whose rows are numbered as a spreadsheet numbers them, from
    /// 1. `text` is what stands in the cell. The column and the byte are not known.
    pub fn of_cell(file: impl Into<String>, row: usize, text: &str) -> Place {
        let position = Position { byte: 0, line: row, column: 1 };
        let place = Source::new(file, text).place(0..text.len());
        Place { start: position, end: position, ..place }
    }
}

/// A position in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// Bytes from the start of the file, from 0.
    pub byte: usize,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

/// The part of the first line that is worth showing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Excerpt {
    /// How many characters of the line come before `text`.
    pub(super) skipped: usize,
    /// The kept part of the line.
    pub(super) text: String,
    /// The bytes of `text` to underline.
    pub(super) underlined: Range<usize>,
}

/// The text of a file, from which places are made.
#[derive(Debug)]
pub struct Source<'a> {
    name: String,
    text: &'a str,
    base: usize,
    starts: OnceCell<Vec<usize>>,
}

impl<'a> Source<'a> {
    /// Takes the text of a file, and its name for people. A byte order mark at its start is left
    /// out.
    pub fn new(name: impl Into<String>, text: &'a str) -> Self {
        let bare = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        Source { name: name.into(), text: bare, base: text.len() - bare.len(), starts: OnceCell::new() }
    }

    /// The text without a byte order mark; spans count from its start.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The file's name for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The place of a span of bytes. A span that is out of bounds or cuts a character is moved to
    /// the nearest valid one.
    pub fn place(&self, span: Range<usize>) -> Place {
        let start = self.text.floor_char_boundary(span.start);
        let end = self.text.ceil_char_boundary(span.end).max(start);
        Place {
            file: self.name.clone(),
            start: self.position(start),
            end: self.position(end),
            excerpt: self.excerpt(start..end),
        }
    }

    /// The byte of a line and a column, both counted from 1, the column in characters; the nearest
    /// one that exists.
    pub fn offset(&self, line: usize, column: usize) -> usize {
        let starts = self.starts.get_or_init(|| line_starts(self.text));
        let start = starts.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len());
        let rest = &self.text[start..];
        let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
        start + forward(line, 0, column.saturating_sub(1))
    }

    fn position(&self, byte: usize) -> Position {
        let (line, start) = self.line_at(byte);
        let column = self.text[start..byte].chars().count() + 1;
        Position { byte: byte + self.base, line: line + 1, column }
    }

    /// The index, from 0, of the line that holds this byte, and the first byte of that line.
    fn line_at(&self, byte: usize) -> (usize, usize) {
        let starts = self.starts.get_or_init(|| line_starts(self.text));
        let line = starts.partition_point(|start| *start <= byte).saturating_sub(1);
        (line, starts.get(line).copied().unwrap_or(0))
    }

    fn excerpt(&self, span: Range<usize>) -> Excerpt {
        let (_, line_start) = self.line_at(span.start);
        let rest = &self.text[line_start..];
        let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
        let start = (span.start - line_start).min(line.len());
        let end = (span.end - line_start).min(line.len());

        let widest = forward(line, start, WIDEST);
        let underlined = start..end.min(widest);
        let from = backward(line, start, REACH);
        let to = forward(line, underlined.end, REACH);
        Excerpt {
            skipped: line[..from].chars().count(),
            text: line[from..to].to_owned(),
            underlined: underlined.start - from..underlined.end - from,
        }
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let breaks = bytes.iter().enumerate().filter(|(i, byte)| match byte {
        b'\n' => true,
        b'\r' => bytes.get(i + 1) != Some(&b'\n'),
        _ => false,
    });
    std::iter::once(0).chain(breaks.map(|(i, _)| i + 1)).collect()
}

fn forward(line: &str, from: usize, characters: usize) -> usize {
    line[from..].char_indices().nth(characters).map_or(line.len(), |(i, _)| from + i)
}

fn backward(line: &str, from: usize, characters: usize) -> usize {
    line[..from].char_indices().rev().take(characters).last().map_or(from, |(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, byte: usize) -> (usize, usize, usize) {
        let start = Source::new("f", text).place(byte..byte).start;
        (start.byte, start.line, start.column)
    }

    #[test]
    fn lines_end_as_in_yaml_and_csv_and_columns_count_characters() {
        let text = "é1\r\n2\r3\n\n5";
        assert_eq!(at(text, 0), (0, 1, 1));
        assert_eq!(at(text, 2), (2, 1, 2));
        assert_eq!(at(text, 5), (5, 2, 1));
        assert_eq!(at(text, 7), (7, 3, 1));
        assert_eq!(at(text, 9), (9, 4, 1));
        assert_eq!(at(text, 10), (10, 5, 1));
        assert_eq!(at(text, 11), (11, 5, 2));
        assert_eq!(at("", 0), (0, 1, 1));
    }

    #[test]
    fn a_line_and_a_column_lead_back_to_the_byte() {
        let text = "é1\r\n2\r3";
        let source = Source::new("f", text);
        for byte in [0, 2, 3, 5, 6, 7, 8] {
            let start = source.place(byte..byte).start;
            assert_eq!(source.offset(start.line, start.column), byte);
        }
        assert_eq!((source.offset(1, 99), source.offset(99, 1), source.offset(0, 0)), (3, 8, 0));
    }

    #[test]
    fn a_byte_order_mark_counts_in_bytes_and_not_in_columns() {
        assert_eq!(at("\u{feff}ab", 1), (4, 1, 2));
    }

    #[test]
    fn an_invalid_span_is_corrected_and_never_panics() {
        let source = Source::new("f", "aé\nb");
        assert_eq!(source.place(2..2).start.column, 2);
        assert_eq!(source.place(90..95).start.line, 2);
        #[expect(clippy::reversed_empty_ranges, reason = "this is what it is about")]
        let reversed = source.place(3..1);
        assert_eq!(reversed.start, reversed.end);
    }

    #[test]
    fn little_is_kept_of_a_long_line() {
        let line = "x".repeat(100_000);
        let excerpt = Source::new("f", &line).place(50_000..99_000).excerpt;
        assert_eq!(excerpt.skipped, 50_000 - REACH);
        assert_eq!(excerpt.underlined, REACH..REACH + WIDEST);
        assert_eq!(excerpt.text.len(), 2 * REACH + WIDEST);
    }
}
