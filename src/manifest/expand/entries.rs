//! Reads the entries of a YAML manifest, and the defaults that they share.

use std::sync::Arc;

use super::entry::{EntrySpans, ManifestEntry, PromptSource};
use super::expansion::Expansion;
use super::lists;
use super::matrix::VariableValues;
use super::params;
use super::vars::{used_variables, variable};
use crate::diagnostic::{Diagnostic, quoted};
use crate::manifest::table::DataFiles;
use crate::manifest::table::Variables;
use crate::manifest::template::{Escaping, TemplateText, Templates};
use crate::manifest::value;
use crate::manifest::yaml::judge_comment;
use crate::manifest::yaml::{KeyValue, KnownKeys, Node, NodeReader, NodeValue};
use crate::prompt::Origin;
use crate::task::TaskMode;

pub(crate) const DEFAULTS: [&str; 5] = ["mode", "timeout", "hook_url", "vars", "params"];
pub(crate) const ENTRY: [&str; 13] = [
    "prompt",
    "id",
    "mode",
    "timeout",
    "hook_url",
    "vars",
    "params",
    "data",
    "matrix",
    "zip",
    "permutations",
    "repeat",
    "priority",
];

/// How many bytes aliases and defaults may add over all entries, besides four for each byte of the
/// text.
const REPEATED: usize = 64 * 1024 * 1024;

/// The entries read so far, with what later entries need.
pub(crate) struct EntryReader<'t, 'l> {
    mode: TaskMode,
    timeout: Option<u16>,
    hook_url: Option<String>,
    vars: VariableValues,
    params: Vec<params::ManifestParam>,
    pub(crate) columns: Variables,
    templates: Templates,
    entries: Vec<ManifestEntry>,
    tables: &'t mut DataFiles<'l>,
    /// The bytes that further entries may still take.
    room: usize,
}

impl<'t, 'l> EntryReader<'t, 'l> {
    pub(crate) fn new(length: usize, tables: &'t mut DataFiles<'l>) -> Self {
        EntryReader {
            mode: TaskMode::default(),
            timeout: None,
            hook_url: None,
            vars: Vec::new(),
            params: Vec::new(),
            columns: Variables::default(),
            templates: Templates::default(),
            entries: Vec::new(),
            tables,
            room: length.saturating_mul(4).saturating_add(REPEATED),
        }
    }

    pub(crate) fn into_expansion(self) -> Expansion {
        Expansion {
            entries: self.entries,
            tables: std::mem::take(&mut self.tables.tables),
            templates: self.templates,
            columns: Arc::new(self.columns),
            vars: self.vars,
            params: self.params,
            ..Expansion::default()
        }
    }

    pub(crate) fn defaults(&mut self, field: KeyValue<'_, '_>, reader: &mut NodeReader<'_>) {
        let Some(fields) = reader.map(field.value, "`defaults`", &DEFAULTS) else { return };
        self.mode = reader.value(fields.get("mode"), value::mode).unwrap_or_default();
        self.timeout = reader.value(fields.get("timeout"), value::timeout);
        self.hook_url = reader.value(fields.get("hook_url"), value::hook_url);
        self.vars = self.variables(&fields, reader);
        self.params = params::read(&fields, Origin::Default, &mut self.templates, reader);
    }

    pub(crate) fn all(&mut self, field: KeyValue<'_, '_>, reader: &mut NodeReader<'_>) {
        let items = match field.value.value {
            NodeValue::Null => &[],
            _ => reader.list(field.value, "`prompts`").unwrap_or_default(),
        };
        if items.is_empty() && matches!(field.value.value, NodeValue::Null | NodeValue::List(_)) {
            let found = Diagnostic::error("the list of prompts is empty")
                .at(reader.source.place(field.key.span.clone()), "expected at least one entry");
            reader.problems.push(found);
        }
        let of_defaults: usize = self.vars.iter().map(|(_, value)| value.len()).sum();
        for item in items {
            let Some(entry) = self.entry(item, reader) else { continue };
            let Some(room) = self.room.checked_sub(held(&entry).saturating_add(of_defaults)) else {
                let found = Diagnostic::error("the manifest expands to more text than a batch may hold")
                    .at(reader.source.place(item.head()), "the limit is reached here")
                    .note("aliases and the variables of `defaults` are repeated in each task");
                reader.problems.push(found);
                return;
            };
            self.room = room;
            self.entries.push(entry);
        }
    }

    fn entry(&mut self, item: &Node<'_>, reader: &mut NodeReader<'_>) -> Option<ManifestEntry> {
        if matches!(item.value, NodeValue::Scalar(_)) {
            let prompt = self.prompt(item, item, Escaping::Literal, reader)?;
            let spans =
                EntrySpans { head: item.span.clone(), prompt: item.span.clone(), ..EntrySpans::default() };
            return Some(self.plain(prompt, spans));
        }
        if !matches!(item.value, NodeValue::Map(_)) {
            let found = Diagnostic::error("an entry of `prompts` is a prompt, or a map with one")
                .at(reader.source.place(item.head()), format!("this is {}", item.kind()));
            reader.problems.push(found);
            return None;
        }
        let fields = reader.map(item, "an entry of `prompts`", &ENTRY)?;
        let permutes = reader.value(fields.get("permutations"), value::switch).unwrap_or(true);
        let writing = if permutes { Escaping::Literal } else { Escaping::Plain };
        let prompt = match fields.get("prompt").or(fields.bare("prompt")) {
            Some(field) => self.prompt(field.value, field.key, writing, reader),
            None => {
                if fields.lacks("prompt") {
                    let found = Diagnostic::error("an entry without a prompt")
                        .at(reader.source.place(item.head()), "expected a key `prompt` in this entry");
                    reader.problems.push(found);
                }
                None
            }
        };
        let id = fields.get("id").and_then(|field| self.id(field, reader));
        let mode = reader.value(fields.get("mode"), value::mode);
        let timeout = reader.value(fields.get("timeout"), value::timeout);
        let hook_url = reader.value(fields.get("hook_url"), value::hook_url);
        let repeat = reader.value(fields.get("repeat"), value::repeat);
        let priority = reader.value(fields.get("priority"), value::priority);
        let vars = self.variables(&fields, reader);
        let table = fields.get("data").map(|field| self.table(field, reader));
        let of_table = table.flatten().and_then(|table| self.tables.tables.get(table));
        let data = of_table.map(|table| table.columns.iter().filter_map(|column| column.variable).collect());
        let matrix = lists::read(&fields, &data.unwrap_or_default(), &mut self.columns, reader);
        let params = params::read(&fields, Origin::Explicit, &mut self.templates, reader);

        let prompt_span = fields.get("prompt").map_or(item.head(), |field| field.value.span.clone());
        let key = |name| fields.get(name).map(|field| field.key.span.clone());
        let spans = EntrySpans {
            head: item.head(),
            id: fields.get("id").map(|field| field.value.span.clone()),
            prompt: prompt_span,
            multiplier: key("matrix").or(key("zip")).or(key("repeat")),
        };
        if table == Some(None) {
            return None; // its rows are not known: nothing that could be said of it would be right
        }
        let names = id.as_ref().map(|id| self.templates.names_in(id)).unwrap_or_default();
        let mut entry = self.plain(prompt?, spans);
        entry.permutes = permutes;
        entry.used_in_id = used_variables(&self.columns, &names);
        entry.mode = mode.unwrap_or(entry.mode);
        entry.timeout = timeout.or(entry.timeout);
        entry.hook_url = hook_url.or(entry.hook_url);
        entry.priority = priority.unwrap_or_default();
        Some(ManifestEntry { repeat, id, vars, params, table: table.flatten(), matrix: matrix?, ..entry })
    }

    fn plain(&self, prompt: TemplateText, spans: EntrySpans) -> ManifestEntry {
        ManifestEntry {
            prompt: PromptSource::Text(prompt),
            permutes: true,
            repeat: None,
            priority: 0,
            id: None,
            used_in_id: Vec::new(),
            mode: self.mode,
            timeout: self.timeout,
            hook_url: self.hook_url.clone(),
            params: Vec::new(),
            vars: Vec::new(),
            matrix: None,
            table: None,
            spans,
        }
    }

    fn prompt(
        &mut self,
        node: &Node<'_>,
        key: &Node<'_>,
        writing: Escaping,
        reader: &mut NodeReader<'_>,
    ) -> Option<TemplateText> {
        let text = reader.text(node, "`prompt`")?;
        judge_comment(node, key, "prompt", reader);
        reader.checked(value::prompt(text), node, key)?;
        reader.checked(self.templates.add(text, writing), node, key)
    }

    fn id(&mut self, field: KeyValue<'_, '_>, reader: &mut NodeReader<'_>) -> Option<TemplateText> {
        let text = reader.value(Some(field), value::id)?;
        reader.checked(self.templates.add(&text, Escaping::Plain), field.value, field.key)
    }

    /// The data table of an entry. `None` if it cannot be loaded, which is then reported.
    fn table(&mut self, field: KeyValue<'_, '_>, reader: &mut NodeReader<'_>) -> Option<usize> {
        let path = reader.value(Some(field), value::path)?;
        let outcome = self.tables.data(&path, &mut self.columns);
        reader.checked(outcome, field.value, field.key)?
    }

    fn variables(&mut self, fields: &KnownKeys<'_, '_>, reader: &mut NodeReader<'_>) -> VariableValues {
        let mut vars = Vec::new();
        let pairs = fields.get("vars").and_then(|field| reader.pairs(field.value, "`vars`"));
        for pair in pairs.unwrap_or_default() {
            if let NodeValue::List(_) = pair.value.value {
                let found =
                    Diagnostic::error(format!("the variable {} takes a single value", quoted(pair.name)))
                        .at(reader.source.place(pair.value.head()), "this is a list")
                        .help("a list multiplies its entry, and only under `matrix`");
                reader.problems.push(found);
                continue;
            }
            let what = format!("the variable {}", quoted(pair.name));
            let Some(variable) = variable(pair.name, pair.key, &mut self.columns, reader) else { continue };
            let Some(text) = reader.text(pair.value, &what) else { continue };
            judge_comment(pair.value, pair.key, "value", reader);
            vars.push((variable, text.to_owned()));
        }
        vars
    }
}

/// The bytes of memory that an entry takes.
fn held(entry: &ManifestEntry) -> usize {
    let of_text = |text: &TemplateText| text.source.len();
    let prompt = match &entry.prompt {
        PromptSource::Text(text) => of_text(text),
        PromptSource::Cells => 0,
    };
    let vars: usize = entry.vars.iter().map(|(_, value)| value.len()).sum();
    let params: usize = entry.params.iter().flat_map(params::ManifestParam::texts).map(of_text).sum();
    let lists = entry.matrix.iter().flat_map(|matrix| &matrix.factors);
    let lists: usize = lists.flat_map(|list| list.values.iter().flatten()).map(String::len).sum();
    prompt + entry.id.as_ref().map_or(0, of_text) + vars + params + lists
}
