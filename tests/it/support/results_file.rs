//! A results file, read by another library than the one that wrote it, and checked against its format.

use std::collections::HashMap;
use std::ops::Index;
use std::path::Path;

/// The columns of every results file, besides `id` and the manifest's own.
const COLUMNS: [&str; 17] = [
    "action",
    "pick",
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
    "ref",
];

/// A results file.
#[derive(Debug)]
pub(crate) struct ResultsFile {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<ResultsRow>,
}

/// A row, by the names of its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResultsRow(HashMap<String, String>);

impl Index<&str> for ResultsRow {
    type Output = str;

    fn index(&self, column: &str) -> &str {
        self.0.get(column).unwrap_or_else(|| panic!("no column {column}"))
    }
}

impl ResultsRow {
    /// The URLs of the images, without the grid.
    pub(crate) fn images(&self) -> Vec<&str> {
        (1..=4).map(|n| &self[&format!("image_{n}")]).filter(|url| !url.is_empty()).collect()
    }
}

impl ResultsFile {
    /// Reads a file.
    ///
    /// # Panics
    /// If it is malformed: not UTF-8, ragged, truncated, without its columns, or with an unknown status.
    pub(crate) fn read(path: &Path) -> ResultsFile {
        let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.ends_with("\r\n"), "the last line is incomplete: {text}");
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        assert_eq!(header[0], "id");
        assert_eq!(header[header.len() - COLUMNS.len()..], COLUMNS);
        let rows = reader.records().map(|record| {
            let record = record.unwrap();
            ResultsRow(header.iter().cloned().zip(record.iter().map(str::to_owned)).collect())
        });
        let rows: Vec<ResultsRow> = rows.collect();
        for row in &rows {
            let known = ["pending", "running", "done", "failed", "unknown", "lost", "skipped"];
            assert!(known.contains(&&row["status"]), "{row:?}");
        }
        ResultsFile { header, rows }
    }

    /// Reads a file whose cells are guarded against formulas, without removing the guards.
    pub(crate) fn guarded(path: &Path) -> ResultsFile {
        let mut reader = csv::Reader::from_path(path).unwrap();
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        assert_eq!(header[header.len() - 2..], ["formula_guard", "ref"]);
        let rows = reader.records().map(|record| {
            ResultsRow(header.iter().cloned().zip(record.unwrap().iter().map(str::to_owned)).collect())
        });
        ResultsFile { rows: rows.collect(), header }
    }

    /// The number of rows with this status.
    pub(crate) fn count(&self, status: &str) -> usize {
        self.rows.iter().filter(|row| &row["status"] == status).count()
    }

    /// The cells of one column, in order.
    pub(crate) fn column(&self, name: &str) -> Vec<&str> {
        self.rows.iter().map(|row| &row[name]).collect()
    }
}

/// A table in which this is typed into a column of the row of this id. The column is added where there is none.
pub(crate) fn typed(table: &str, id: &str, column: &str, text: &str) -> String {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(table.as_bytes());
    let mut rows: Vec<Vec<String>> =
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    let at = rows[0].iter().position(|name| name == column).unwrap_or_else(|| {
        rows[0].push(column.to_owned());
        rows[0].len() - 1
    });
    for row in &mut rows[1..] {
        row.resize(row.len().max(at + 1), String::new());
        if row[0] == id {
            row[at] = text.to_owned();
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    rows.iter().for_each(|row| writer.write_record(row).unwrap());
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}
