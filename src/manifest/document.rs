//! Reads a whole manifest of either format: what a YAML document or a CSV table says, before its
//! tasks are checked.

use std::sync::Arc;

use super::expand::{EntryReader, Expansion, ManifestEntry};
use super::settings::{self, BatchSettings, output};
use super::table::{self, DataFiles, Variables};
use super::value;
use super::yaml::{self, Node, NodeReader, NodeValue};
use crate::diagnostic::{Diagnostic, Problems, Source, quoted};

const ROOT: [&str; 6] = ["version", "name", "defaults", "prompts", "batch", "output"];

/// The most values in all entries together, as if each entry were one task. Without a bound, n
/// entries with a variable each of their own would make n × n cells.
const MOST_CELLS: usize = 20_000_000;

const SMALLEST: &str =
    "the smallest manifest is\nversion: 1\nprompts:\n  - a ceramic mug on grey linen --ar 1:1";

/// The content of a manifest, before its tasks are checked.
#[derive(Debug, Default)]
pub(super) struct ManifestContent {
    pub(super) name: Option<String>,
    pub(super) batch: BatchSettings,
    pub(super) output: output::OutputSection,
    pub(super) expansion: Expansion,
}

impl ManifestContent {
    /// Tries the templates of `output` with the first task.
    pub(super) fn check_output(&self, source: &Source<'_>, problems: &mut Problems) {
        if let Some(task) = self.expansion.tasks().next() {
            output::check(&self.output, task, &self.expansion.columns.names(), source, problems);
        }
    }
}

/// Reads a YAML manifest. The content is usable only if no errors were added to the problems.
pub(super) fn read_yaml(
    source: &Source<'_>,
    tables: &mut DataFiles<'_>,
    problems: &mut Problems,
) -> ManifestContent {
    let root = match yaml::parse(source) {
        Ok(Some(root)) => root,
        Ok(None) => {
            let found = Diagnostic::error("the manifest is empty").at(source.place(0..0), "").help(SMALLEST);
            problems.push(found);
            return ManifestContent::default();
        }
        Err(found) => {
            problems.push(*found);
            return ManifestContent::default();
        }
    };
    let mut reader = NodeReader { source, problems: std::mem::take(problems) };
    let content = document(&root, tables, &mut reader);
    *problems = reader.problems;
    content.unwrap_or_default()
}

fn document(
    root: &Node<'_>,
    tables: &mut DataFiles<'_>,
    reader: &mut NodeReader<'_>,
) -> Option<ManifestContent> {
    if !matches!(root.value, NodeValue::Map(_)) {
        let found = Diagnostic::error("a manifest is a map with `version` and `prompts`")
            .at(reader.source.place(root.head()), format!("this is {}", root.kind()))
            .help(SMALLEST);
        reader.problems.push(found);
        return None;
    }
    is_known_language(root, reader).then_some(())?;
    let fields = reader.map(root, "a manifest", &ROOT)?;
    reader.value(fields.get("version"), |_| Ok(()));
    if fields.lacks("version") {
        let found = Diagnostic::error("the manifest has no `version`")
            .at(reader.source.place(root.head()), "expected `version: 1` before this")
            .help("write this as the first line:\nversion: 1");
        reader.problems.push(found);
    }
    let name = reader.value(fields.get("name"), value::batch_name);
    let batch = fields.get("batch").map(|field| settings::read(field, reader)).unwrap_or_default();
    let output = fields.get("output").map(|field| output::read(field, reader)).unwrap_or_default();

    let mut entries = EntryReader::new(reader.source.text().len(), tables);
    if let Some(field) = fields.get("defaults") {
        entries.defaults(field, reader);
    }
    match fields.get("prompts").or(fields.bare("prompts")) {
        Some(field) => entries.all(field, reader),
        None if fields.lacks("prompts") => {
            let found = Diagnostic::error("the manifest has no prompts")
                .at(reader.source.place(root.head()), "expected a key `prompts` in this map")
                .help("write them under a key of their own:\nprompts:\n  - a ceramic mug on grey linen --ar 1:1");
            reader.problems.push(found);
        }
        None => {}
    }
    let expansion = entries.into_expansion();
    let (width, count) = (expansion.columns.len(), expansion.entries.len());
    if count.saturating_mul(width) > MOST_CELLS {
        let found = Diagnostic::error(format!("{width} variables in {count} entries are too many"))
            .at(reader.source.place(root.head()), format!("expected at most {MOST_CELLS} values in all"));
        reader.problems.push(found);
        return None;
    }
    Some(ManifestContent { name, batch, output, expansion })
}

/// Whether the document is written in the known version of the language. One of another version is
/// not judged further.
fn is_known_language(root: &Node<'_>, reader: &mut NodeReader<'_>) -> bool {
    let NodeValue::Map(pairs) = &root.value else { return false };
    let is_version = |key: &Node<'_>| matches!(&key.value, NodeValue::Scalar(name) if name == "version");
    let version = pairs.iter().find(|(key, _)| is_version(key)).map(|(_, version)| version);
    let Some((version, NodeValue::Scalar(text))) = version.map(|version| (version, &version.value)) else {
        return true; // none, or none that is a version: reported with the rest
    };
    if text != "1" {
        let found =
            Diagnostic::error(format!("version {} of the manifest language is not supported", quoted(text)))
                .at(reader.source.place(version.span.clone()), "expected 1")
                .help("write `version: 1`, or install a newer mjbatch");
        reader.problems.push(found);
    }
    text == "1"
}

/// Reads a table as a manifest with one entry, whose items are the rows.
pub(super) fn read_csv(source: &Source<'_>, text: &Arc<str>, problems: &mut Problems) -> ManifestContent {
    let mut columns = Variables::default();
    let Some(table) = table::header(source, text, false, &mut columns, problems) else {
        return ManifestContent::default();
    };
    let entry = ManifestEntry::of_table();
    let columns = Arc::new(columns);
    let expansion = Expansion { entries: vec![entry], tables: vec![table], columns, ..Expansion::default() };
    ManifestContent { expansion, ..ManifestContent::default() }
}
