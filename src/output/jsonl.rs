//! Results as JSON lines: one object per task in the order of the records, UTF-8, each line ending
//! with a line feed.
//!
//! Every object has every field; unknown values are null.
//!
//! | field | holds |
//! | --- | --- |
//! | `id` | the task's id |
//! | `status` | `pending`, `running`, `done`, `failed`, `unknown`, `lost` or `skipped` |
//! | `mode` | `fast` or `relaxed` |
//! | `prompt` | the prompt that was, or will be, submitted |
//! | `vars` | an object: the manifest's own columns, in their order, as text |
//! | `task_id` | the service's id of the last attempt |
//! | `reason` | why it failed, was lost or is unknown |
//! | `grid` | the URL of the 2×2 grid |
//! | `images` | a list: the URLs of the single images, normally four; empty where there are none |
//! | `attempts` | the number of paid submits |
//! | `quota` | a number: what they cost, where prices are configured |
//! | `submitted_at`, `finished_at` | RFC 3339 in UTC to the second: of the last attempt |
//! | `added` | an object: the columns that a person added to the results |
//! | `action` | a decision that was typed and not carried out |
//! | `pick` | a list: the numbers of the images that were picked; empty where none are |
//! | `ref` | which task of which batch it is, and how far it was |
//!
//! Fields may be added; none changes its meaning.

use std::io::Write;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::csv;
use super::decision;
use super::layout::{Layout, ResultsError, RowError};
use crate::task::{Record, Status};

/// Writes the lines and returns their number.
pub(super) fn write<E>(
    mut out: impl Write,
    layout: &Layout<'_>,
    records: impl IntoIterator<Item = Result<Record, E>>,
) -> Result<u64, RowError<E>> {
    let mut rows = 0;
    for record in records {
        let record = record.map_err(|error| RowError::Of(ResultsError::Record(error)))?;
        serde_json::to_writer(&mut out, &JsonRow::of(layout, &record)).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
        rows += 1;
    }
    Ok(rows)
}

/// A task's object, as a value.
pub fn object(layout: &Layout<'_>, record: &Record) -> serde_json::Value {
    serde_json::to_value(JsonRow::of(layout, record)).unwrap_or_default()
}

#[derive(serde::Serialize)]
struct JsonRow<'r> {
    id: &'r str,
    status: Status,
    mode: &'static str,
    prompt: &'r str,
    vars: JsonVars<'r>,
    task_id: Option<&'r str>,
    reason: Option<&'r str>,
    grid: Option<&'r str>,
    images: &'r [String],
    attempts: u32,
    quota: Option<serde_json::Number>,
    submitted_at: Option<String>,
    finished_at: Option<String>,
    added: Map<String, Value>,
    action: Option<&'r str>,
    pick: Value,
    #[serde(rename = "ref")]
    row_ref: Option<String>,
}

impl<'r> JsonRow<'r> {
    fn of(layout: &Layout<'r>, record: &'r Record) -> JsonRow<'r> {
        JsonRow {
            id: &record.task.id.0,
            status: record.state.shown(layout.run_lives),
            mode: record.mode().as_str(),
            prompt: &record.task.prompt,
            vars: JsonVars { names: layout.columns, values: &record.task.vars },
            task_id: record.task_id.as_ref().map(|task_id| task_id.0.as_str()),
            reason: record.reason.as_deref(),
            grid: record.images.grid.as_deref(),
            images: &record.images.urls,
            attempts: record.attempts,
            quota: record.quota.and_then(|quota| quota.to_string().parse().ok()),
            submitted_at: record.submitted_at.map(csv::time),
            finished_at: record.finished_at.map(csv::time),
            added: layout
                .added
                .iter()
                .map(|name| (name.clone(), record.kept.cell(name, None).into()))
                .collect(),
            action: Some(decision::action(record)).filter(|action| !action.is_empty()),
            pick: pick(record),
            row_ref: decision::row_ref(record, layout.letters).map(|it| it.to_string()),
        }
    }
}

/// The picked images, or what was typed instead.
fn pick(record: &Record) -> Value {
    let cell = decision::pick(record, None);
    match super::read_back::picks(&cell, None) {
        Ok(Some(picks)) if !picks.is_empty() => picks.into(),
        Ok(None) => Value::Array(Vec::new()),
        _ => cell.into(),
    }
}

/// An object in the order of the columns.
struct JsonVars<'r> {
    names: &'r [String],
    values: &'r [String],
}

impl Serialize for JsonVars<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.names.len()))?;
        for (n, name) in self.names.iter().enumerate() {
            object.serialize_entry(name, self.values.get(n).map_or("", String::as_str))?;
        }
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::output::tests::{PLAIN, done, layout, record};

    fn lines(columns: &[String], records: Vec<Record>) -> Vec<Value> {
        let layout = Layout { columns, ..layout(&PLAIN) };
        let mut out = Vec::new();
        let rows = records.len();
        let counted = write(&mut out, &layout, records.into_iter().map(Ok::<_, Infallible>));
        assert!(matches!(counted, Ok(n) if n == rows as u64));
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_holds_all_that_is_known_of_a_task() {
        let columns = ["sku".to_owned(), "scene".to_owned()];
        let lines = lines(&columns, vec![done("mug", &["A-1", "beach"], 6), record("lamp", &[])]);
        insta::assert_snapshot!(lines[0].to_string(), @r#"{"id":"mug","status":"done","mode":"fast","prompt":"a mug, soft light --ar 16:9","vars":{"sku":"A-1","scene":"beach"},"task_id":"T-mug","reason":null,"grid":"https://cdn/mug.png","images":["https://cdn/mug_1.png","https://cdn/mug_2.png","https://cdn/mug_3.png","https://cdn/mug_4.png","https://cdn/mug_5.png","https://cdn/mug_6.png"],"attempts":1,"quota":1.5,"submitted_at":"2026-03-01T09:00:00Z","finished_at":"2026-03-01T09:01:02Z","added":{},"action":null,"pick":[],"ref":"kqzmwtpa-t12-a1"}"#);
        insta::assert_snapshot!(lines[1].to_string(), @r#"{"id":"lamp","status":"pending","mode":"fast","prompt":"a lamp, soft light --ar 16:9","vars":{"sku":"","scene":""},"task_id":null,"reason":null,"grid":null,"images":[],"attempts":0,"quota":null,"submitted_at":null,"finished_at":null,"added":{},"action":null,"pick":[],"ref":"kqzmwtpa-t12-a0"}"#);
    }

    #[test]
    fn a_line_of_any_text_is_one_line_and_reads_back_equal() {
        for text in
            ["=1+1", "a\0b", "two\r\nlines\u{2028}and", "<b>\"é\" 漢字 🎈</b>", &"long ".repeat(20_000)]
        {
            let reason = Some(text.to_owned());
            let lines = lines(&[text.to_owned()], vec![Record { reason, ..record(text, &[text]) }]);
            assert_eq!((lines.len(), lines[0]["id"].as_str()), (1, Some(text)));
            assert_eq!(
                (lines[0]["vars"][text].as_str(), lines[0]["reason"].as_str()),
                (Some(text), Some(text))
            );
        }
    }

    #[test]
    fn a_batch_without_tasks_has_no_lines() {
        assert!(lines(&[], vec![]).is_empty());
    }
}
