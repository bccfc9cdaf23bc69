//! The data of the script: the tasks as JSON, in a block that no text in it can close.

use std::io::{self, Write};

use serde::Serialize;

use super::page::{ReportEntry, ReportPage};
use crate::output::csv;
use crate::output::layout::RowError;
use crate::output::table::shown_columns;
use crate::task::Status;

#[derive(Serialize)]
struct ReportMeta<'p> {
    key: &'p str,
    picks: &'p str,
    columns: &'p [String],
    /// The names of the columns in a table of results.
    shown: Vec<String>,
}

/// A task, with the fields of a row of the results under the same names.
#[derive(Serialize)]
struct ReportRow<'r> {
    id: &'r str,
    vars: &'r [String],
    task_id: &'r str,
    status: Status,
    mode: &'static str,
    prompt: &'r str,
    reason: &'r str,
    grid: &'r str,
    images: &'r [String],
    attempts: u32,
    quota: String,
    submitted_at: String,
    finished_at: String,
    picks: &'r [u16],
    #[serde(rename = "ref")]
    row_ref: String,
}

/// Writes the block.
pub(super) fn write<E>(
    out: &mut impl Write,
    page: &ReportPage,
    entries: impl Iterator<Item = Result<ReportEntry, RowError<E>>>,
) -> Result<(), RowError<E>> {
    let ReportPage { key, picks, columns, .. } = page;
    let shown = shown_columns(columns).collect();
    let about = json(&ReportMeta { key, picks, columns, shown })?;
    write!(out, "<script type=\"application/json\" id=\"data\">{{\"about\":{about},\"tasks\":[")?;
    for (n, entry) in entries.enumerate() {
        let record = entry?.record;
        let row = ReportRow {
            id: &record.task.id.0,
            vars: &record.task.vars,
            task_id: record.task_id.as_ref().map_or("", |id| &id.0),
            status: record.state.shown(page.run_lives),
            mode: record.mode().as_str(),
            prompt: &record.task.prompt,
            reason: record.reason.as_deref().unwrap_or_default(),
            grid: record.images.grid.as_deref().unwrap_or_default(),
            images: &record.images.urls,
            attempts: record.attempts,
            quota: record.quota.map(|quota| quota.to_string()).unwrap_or_default(),
            submitted_at: record.submitted_at.map(csv::time).unwrap_or_default(),
            finished_at: record.finished_at.map(csv::time).unwrap_or_default(),
            picks: &record.picks,
            row_ref: page.letters.as_ref().map(|it| record.row_ref(it).to_string()).unwrap_or_default(),
        };
        let comma = if n == 0 { "" } else { "," };
        write!(out, "{comma}\n{}", json(&row)?)?;
    }
    writeln!(out, "\n]}}</script>")?;
    Ok(())
}

/// JSON without characters that have a meaning in HTML. In JSON these occur in strings only, where
/// an escape is equivalent.
fn json(value: &impl Serialize) -> io::Result<String> {
    let text = serde_json::to_string(value).map_err(io::Error::other)?;
    Ok(text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_leaves_the_block_and_each_reads_back(text in prop_oneof![any::<String>(), "[<>!/a-z&;\" -]{0,30}"]) {
            let written = json(&text).unwrap();
            prop_assert!(!written.contains(['<', '>', '&']));
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }
    }
}
