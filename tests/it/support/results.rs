//! A results file, read back by another reader than the one that wrote it, and held against its format.

use std::collections::HashMap;
use std::ops::Index;
use std::path::Path;

/// What stands in every results file, besides `id` and the manifest's own columns.
const COLUMNS: [&str; 14] = [
    "task_id",
    "status",
    "mode",
    "prompt",
    "reason",
    "grid",
    "image_1",
    "image_2",
    "image_3",
    "image_4",
    "attempts",
    "quota",
    "submitted_at",
    "finished_at",
];

/// A results file.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// A row, by column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row(HashMap<String, String>);

impl Index<&str> for Row {
    type Output = str;

    fn index(&self, column: &str) -> &str {
        self.0.get(column).unwrap_or_else(|| panic!("no column {column}"))
    }
}

impl Row {
    /// The addresses of the single pictures.
    pub(crate) fn images(&self) -> Vec<&str> {
        (1..=4).map(|n| &self[&format!("image_{n}")]).filter(|url| !url.is_empty()).collect()
    }
}

impl Results {
    /// Reads a file.
    ///
    /// # Panics
    /// Where it is not whole: not UTF-8, ragged, cut, without its columns, or with a status that is none.
    pub(crate) fn read(path: &Path) -> Results {
        let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.ends_with("\r\n"), "the last line is whole: {text}");
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        assert_eq!(header[0], "id");
        assert_eq!(header[header.len() - COLUMNS.len()..], COLUMNS);
        let rows = reader.records().map(|record| {
            let record = record.unwrap();
            Row(header.iter().cloned().zip(record.iter().map(str::to_owned)).collect())
        });
        let rows: Vec<Row> = rows.collect();
        for row in &rows {
            let known = ["pending", "running", "done", "failed", "unknown", "lost", "skipped"];
            assert!(known.contains(&&row["status"]), "{row:?}");
        }
        Results { header, rows }
    }

    /// Reads a file whose cells are guarded against spreadsheets, as they are.
    pub(crate) fn guarded(path: &Path) -> Results {
        let mut reader = csv::Reader::from_path(path).unwrap();
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        assert_eq!(header.last().map(String::as_str), Some("formula_guard"));
        let rows = reader.records().map(|record| {
            Row(header.iter().cloned().zip(record.unwrap().iter().map(str::to_owned)).collect())
        });
        Results { rows: rows.collect(), header }
    }

    /// How many rows have this status.
    pub(crate) fn count(&self, status: &str) -> usize {
        self.rows.iter().filter(|row| &row["status"] == status).count()
    }

    /// One column, in order.
    pub(crate) fn column(&self, name: &str) -> Vec<&str> {
        self.rows.iter().map(|row| &row[name]).collect()
    }
}
