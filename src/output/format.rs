//! The formats of results, by the extension of a file's name.

use std::path::Path;

/// The format of a file of results, detected from the extension of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResultsFormat {
    /// `.csv`: RFC 4180.
    Csv,
    /// `.tsv`: the same with tabs.
    Tsv,
    /// `.jsonl`: one JSON object a task, with everything, see [`jsonl`](super::jsonl).
    Jsonl,
    /// `.xlsx`: a spreadsheet, in builds that have the feature `xlsx`.
    Xlsx,
}

impl ResultsFormat {
    /// The extensions, for messages.
    pub(super) const EXTENSIONS: &'static str = ".csv, .tsv, .jsonl or .xlsx";

    /// The format of this path, if its extension is one of them, in any case.
    pub fn of(path: &Path) -> Option<ResultsFormat> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(ResultsFormat::Csv),
            "tsv" => Some(ResultsFormat::Tsv),
            "jsonl" | "ndjson" => Some(ResultsFormat::Jsonl),
            "xlsx" => Some(ResultsFormat::Xlsx),
            _ => None,
        }
    }
}
