//! Results as JSON lines, edited by a program or by hand.

use serde_json::{Map, Value};

use super::header::TableHeader;
use super::{ReturnedRow, TableReader};
use crate::diagnostic::{Diagnostic, Place};
use crate::manifest::is_reserved_column;

/// The objects that hold what is not the program's: the manifest's own columns, and those that a
/// person has added.
const NESTED: [&str; 2] = ["vars", "added"];

/// Reads the objects in these bytes, one on each line.
pub(super) fn read(bytes: &[u8], table: &mut TableReader<'_>) -> Result<(), Diagnostic> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (n, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let object = serde_json::from_slice::<Map<String, Value>>(line).map_err(|error| {
            let shown: String = String::from_utf8_lossy(line).chars().take(60).collect();
            Diagnostic::error(format!("the line is not a JSON object: {error}"))
                .at(Place::of_cell(table.name.clone(), n + 1, &shown), "")
        })?;
        if table.header.is_none() {
            let names: Vec<&str> = object.keys().map(String::as_str).collect();
            table.header = Some(TableHeader::of(&names));
        }
        let row = read_row(n + 1, object, table);
        table.pass_on(row);
    }
    Ok(())
}

fn read_row(line: usize, object: Map<String, Value>, table: &mut TableReader<'_>) -> ReturnedRow {
    let mut row = ReturnedRow { line, ..ReturnedRow::default() };
    for (name, value) in object {
        match (name.as_str(), value) {
            (nested, Value::Object(cells)) if NESTED.contains(&nested) => {
                cells.into_iter().for_each(|(name, value)| add(name, &value, &mut row, table));
            }
            ("id", value) => row.id = text(&value),
            ("prompt", value) => row.prompt = text(&value),
            ("task_id", value) => row.task_id = text(&value).trim().to_owned(),
            ("status", value) => row.status = text(&value).trim().to_owned(),
            ("action", value) => row.action = text(&value).trim().to_owned(),
            ("attempts", value) => row.attempts = text(&value).parse().ok(),
            ("pick", value) => row.pick = numbers(&value),
            ("ref", value) => row.ref_text = text(&value).trim().to_owned(),
            ("images", Value::Array(urls)) if table.keeps_outcomes => {
                row.outcome.extend(urls.iter().map(|url| ("image".to_owned(), text(url))));
            }
            ("images", _) => {}
            (reserved, value) if is_reserved_column(reserved) => {
                let text = text(&value);
                if table.keeps_outcomes && !text.is_empty() {
                    row.outcome.push((name, text));
                }
            }
            (_, value) => add(name, &value, &mut row, table),
        }
    }
    row
}

/// Takes up a cell that is not the program's.
fn add(name: String, value: &Value, row: &mut ReturnedRow, table: &mut TableReader<'_>) {
    let text = text(value);
    if !table.columns.contains(&name) {
        table.columns.push(name.clone());
    }
    if !text.trim().is_empty() {
        row.added.push((name, text));
    }
}

/// A value as the text of a cell.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The picked images, as text, as a number or as a list of numbers.
fn numbers(value: &Value) -> String {
    match value {
        Value::Array(numbers) => numbers.iter().map(text).collect::<Vec<_>>().join(" "),
        other => text(other).trim().to_owned(),
    }
}
