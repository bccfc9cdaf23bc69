//! Reads the map `output`: what the tables of results look like, and where images go.

use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::custom_columns::{CustomColumns, RowContext};
use super::images::{self, ImageSettings};
use crate::diagnostic::{Diagnostic, Problems, Source, close_name, quoted};
use crate::manifest::value::{self, ValueError};
use crate::manifest::yaml::{KeyValue, NodeReader, NodeValue};
use crate::task::{Images, Record, Status, Task, TaskRow};

pub(crate) const OUTPUT: [&str; 6] = ["rows", "columns", "formula_guard", "images", "grid", "sidecar"];

/// What one row of the results stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RowUnit {
    /// One row per task.
    #[default]
    Task,
    /// One row per image, and one for a task without images.
    Image,
}

/// A shop system with an import format of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shop {
    /// Shopify's product CSV.
    Shopify,
    /// WooCommerce's product CSV.
    WooCommerce,
    /// Google's Merchant Center feed, a .tsv file by convention.
    Google,
}

/// Which columns the results have.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub enum ColumnSet {
    /// The results' own, in which a person decides.
    #[default]
    Results,
    /// Those that a shop imports. The shop also decides how many rows a product has.
    Shop(Shop),
    /// Columns that the manifest defines.
    Custom(Box<CustomColumns>),
}

/// The layout of the tables of results.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableFormat {
    /// What one row stands for. A shop's format ignores it.
    pub rows: RowUnit,
    /// Which columns there are.
    pub columns: ColumnSet,
    /// Whether cells that a spreadsheet would run as a formula get a `'` before them.
    pub formula_guard: bool,
}

/// A text that names none of the known values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not one of {known}")]
pub struct InvalidTableFormat {
    text: String,
    known: &'static str,
}

impl FromStr for RowUnit {
    type Err = InvalidTableFormat;

    fn from_str(text: &str) -> Result<Self, InvalidTableFormat> {
        match text.trim().to_ascii_lowercase().as_str() {
            "task" => Ok(RowUnit::Task),
            "image" => Ok(RowUnit::Image),
            _ => Err(InvalidTableFormat { text: text.to_owned(), known: "`task`, `image`" }),
        }
    }
}

impl FromStr for ColumnSet {
    type Err = InvalidTableFormat;

    fn from_str(text: &str) -> Result<Self, InvalidTableFormat> {
        match text.trim().to_ascii_lowercase().as_str() {
            "results" => Ok(ColumnSet::Results),
            "shopify" => Ok(ColumnSet::Shop(Shop::Shopify)),
            "woocommerce" => Ok(ColumnSet::Shop(Shop::WooCommerce)),
            "google" => Ok(ColumnSet::Shop(Shop::Google)),
            _ => Err(InvalidTableFormat {
                text: text.to_owned(),
                known: "`results`, `shopify`, `woocommerce`, `google`",
            }),
        }
    }
}

/// The settings of `output`, with the places of the column templates.
#[derive(Debug, Default)]
pub(crate) struct OutputSection {
    pub(crate) shape: TableFormat,
    pub(crate) images: ImageSettings,
    places: Vec<Range<usize>>,
}

/// Reads the map `output`.
pub(crate) fn read(field: KeyValue<'_, '_>, reader: &mut NodeReader<'_>) -> OutputSection {
    let mut section = OutputSection::default();
    let Some(fields) = reader.map(field.value, "`output`", &OUTPUT) else { return section };
    let rows = |text: &str| {
        text.parse().map_err(|e: InvalidTableFormat| ValueError::new(e.to_string(), "unknown value"))
    };
    section.images = images::settings(&fields, reader);
    section.shape.rows = reader.value(fields.get("rows"), rows).unwrap_or_default();
    let guard = |text: &str| {
        let word = text.trim().to_ascii_lowercase();
        word.parse().map_err(|_| {
            ValueError::new(format!("{} is not `true` or `false`", quoted(text)), "unknown value")
        })
    };
    section.shape.formula_guard = reader.value(fields.get("formula_guard"), guard).unwrap_or_default();
    let Some(columns) = fields.get("columns") else { return section };
    if let NodeValue::Map(_) = &columns.value.value {
        own(columns, reader, &mut section);
        return section;
    }
    let set = |text: &str| {
        text.parse().map_err(|e: InvalidTableFormat| {
            let fault =
                ValueError::new(e.to_string(), "expected one of them, or a map of names to templates");
            match close_name(text, ["results", "shopify", "woocommerce", "google"]) {
                Some(close) => fault.help(format!("did you mean `{close}`?")),
                None => fault,
            }
        })
    };
    section.shape.columns = reader.value(Some(columns), set).unwrap_or_default();
    section
}

fn own(columns: KeyValue<'_, '_>, reader: &mut NodeReader<'_>, section: &mut OutputSection) {
    let mut pattern = CustomColumns::default();
    for column in reader.pairs(columns.value, "`columns`").unwrap_or_default() {
        let Some(template) = reader.text(column.value, &quoted(column.name)) else { continue };
        let added = value::variable(column.name).and_then(|_| pattern.add(column.name, template));
        if reader.checked(added, column.value, column.key).is_some() {
            section.places.push(column.value.span.clone());
        }
    }
    if pattern.names().next().is_none() {
        let found = Diagnostic::error("`columns` names no column")
            .at(reader.source.place(columns.value.head()), "expected names and templates")
            .help("write them as in `columns: { \"Image Src\": \"{{ image }}\" }`");
        reader.problems.push(found);
    }
    section.shape.columns = ColumnSet::Custom(Box::new(pattern));
}

/// Reports errors in the column templates before anything is spent. They are tried with the first
/// task, as if it were done and as if it were not.
pub(crate) fn check(
    section: &OutputSection,
    task: Task,
    names: &[String],
    source: &Source<'_>,
    problems: &mut Problems,
) {
    let ColumnSet::Custom(pattern) = &section.shape.columns else { return };
    let mut record = Record::pending(TaskRow(0), task);
    let mut reported = Vec::new();
    for done in [true, false] {
        let images = if done { vec!["https://cdn.example/1.png".to_owned(); 4] } else { Vec::new() };
        record.images = Images { grid: None, urls: images };
        let status = if done { Status::Done } else { Status::Pending };
        let subject = RowContext { record: &record, status, batch: "", letters: None, image_index: 0 };
        for (n, fault) in pattern.faults(names, &subject) {
            if !reported.contains(&n) {
                reported.push(n);
                problems.push(fault.at(source, section.places[n].clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::manifest::parse;

    fn problems_of(output: &str) -> String {
        let text =
            format!("version: 1\noutput:\n  columns:\n{output}\nprompts: [{{prompt: a, vars: {{sku: A}}}}]");
        parse(Path::new("m.yaml"), text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_template_error_is_reported_at_its_place_before_anything_is_spent() {
        let message = problems_of("    a: ok\n    b: \"{{ skuu }}\"");
        assert!(message.contains("there is no variable `skuu`"), "{message}");
        assert!(message.contains("m.yaml:5:12") && message.contains("did you mean `sku`?"), "{message}");
        assert!(message.contains("nothing was submitted"), "{message}");
        for (output, said) in [
            ("    a: \"{{ id\"", "this is not a valid template"),
            ("    a: \"{{ image[0].x }}\"", "there is no variable"),
            ("    a: \"{% for i in range(99999) %}{{ i }}{% endfor %}\"", "runs for too long"),
            ("    a: x\n    a: y", "written twice"),
            ("    a: [x]", "takes a single value"),
            ("    amazon", "did you mean"),
        ] {
            let message = problems_of(output);
            assert!(message.contains(said) || output.contains("amazon"), "{output}: {message}");
        }
    }
}
