//! The YAML language, version 1: what a document means.

use super::BatchSettings;
use super::columns::Columns;
use super::content::{Content, Places, Spot};
use super::node::{Node, Value};
use super::reader::{Field, Fields, Reader};
use super::value;
use super::yaml;
use crate::diagnostic::{Diagnostic, Problems, Source, quoted};
use crate::task::{Id, Mode, Prices, Task};

const ROOT: [&str; 5] = ["version", "name", "defaults", "prompts", "batch"];
const DEFAULTS: [&str; 3] = ["mode", "timeout", "vars"];
const ENTRY: [&str; 5] = ["prompt", "id", "mode", "timeout", "vars"];
const BATCH: [&str; 4] = ["concurrency", "poll_min", "poll_max", "prices"];
const PRICES: [&str; 2] = ["fast", "relaxed"];

/// More variables than any table of results should have columns, and more values than it should have cells: without
/// bounds, n entries with a variable each of their own would make n × n cells.
const MOST_VARIABLES: usize = 1000;
const MOST_CELLS: usize = 20_000_000;
/// Bytes that aliases and defaults may repeat in all tasks together, besides four for each byte of the text.
const REPEATED: usize = 64 * 1024 * 1024;

const SMALLEST: &str =
    "the smallest manifest is\nversion: 1\nprompts:\n  - a ceramic mug on grey linen --ar 1:1";

/// Reads a YAML manifest. What it gives is of use only if no errors were added to the problems.
pub(super) fn read(source: &Source<'_>, problems: &mut Problems) -> Content {
    let root = match yaml::parse(source) {
        Ok(Some(root)) => root,
        Ok(None) => {
            let found = Diagnostic::error("the manifest is empty").at(source.place(0..0), "").help(SMALLEST);
            problems.push(found);
            return Content::default();
        }
        Err(found) => {
            problems.push(*found);
            return Content::default();
        }
    };
    let mut reader = Reader { source, problems: std::mem::take(problems) };
    let content = document(&root, &mut reader);
    *problems = reader.problems;
    content.unwrap_or_default()
}

fn document(root: &Node<'_>, reader: &mut Reader<'_>) -> Option<Content> {
    if !matches!(root.value, Value::Map(_)) {
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
        let found = Diagnostic::error("the manifest does not say its version")
            .at(reader.source.place(root.head()), "expected `version: 1` before this")
            .help("write this as the first line:\nversion: 1");
        reader.problems.push(found);
    }
    let name = reader.value(fields.get("name"), value::batch_name);
    let batch = fields.get("batch").map(|field| batch(field, reader)).unwrap_or_default();

    let mut entries = Entries::new(reader.source.text().len());
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
    let Entries { columns, tasks, spots, .. } = entries;
    let width = columns.len();
    if tasks.len().saturating_mul(width) > MOST_CELLS {
        let found = Diagnostic::error(format!("{width} variables in {} tasks are too many", tasks.len()))
            .at(reader.source.place(root.head()), format!("expected at most {MOST_CELLS} values in all"));
        reader.problems.push(found);
        return None;
    }
    let tasks = tasks.into_iter().map(|(task, vars)| Task { vars: aligned(vars, width), ..task }).collect();
    Some(Content { name, columns: columns.into_names(), tasks, places: Places::Spots(spots), batch })
}

/// Whether the document can be judged at all: one of another version is written in another language.
fn is_known_language(root: &Node<'_>, reader: &mut Reader<'_>) -> bool {
    let Value::Map(pairs) = &root.value else { return false };
    let is_version = |key: &Node<'_>| matches!(&key.value, Value::Scalar(name) if name == "version");
    let version = pairs.iter().find(|(key, _)| is_version(key)).map(|(_, version)| version);
    let Some((version, Value::Scalar(text))) = version.map(|version| (version, &version.value)) else {
        return true; // none, or none that is a version: told with the rest
    };
    if text != "1" {
        let found =
            Diagnostic::error(format!("version {} of the manifest language is not known", quoted(text)))
                .at(reader.source.place(version.span.clone()), "expected 1")
                .help("write `version: 1`, or take a newer mjbatch");
        reader.problems.push(found);
    }
    text == "1"
}

fn batch(field: Field<'_, '_>, reader: &mut Reader<'_>) -> BatchSettings {
    let Some(fields) = reader.map(field.value, "`batch`", &BATCH) else { return BatchSettings::default() };
    let concurrency = reader.value(fields.get("concurrency"), value::concurrency);
    let poll_min = reader.value(fields.get("poll_min"), value::span);
    let poll_max = reader.value(fields.get("poll_max"), value::span);
    if let (Some(min), Some(max), Some(at)) = (poll_min, poll_max, fields.get("poll_max"))
        && min > max
    {
        let found = Diagnostic::error("`poll_max` is less than `poll_min`")
            .at(reader.source.place(at.value.span.clone()), "expected at least `poll_min`");
        reader.problems.push(found);
    }
    let prices = fields.get("prices").and_then(|field| reader.map(field.value, "`prices`", &PRICES));
    let prices = prices.map_or(Prices::default(), |fields| Prices {
        fast: reader.value(fields.get("fast"), value::price),
        relaxed: reader.value(fields.get("relaxed"), value::price),
    });
    BatchSettings { concurrency, poll_min, poll_max, prices }
}

/// The values of some columns: of those that the task has.
type Vars = Vec<(usize, String)>;

fn aligned(vars: Vars, width: usize) -> Vec<String> {
    let mut cells = vec![String::new(); width];
    for (column, value) in vars {
        cells[column] = value;
    }
    cells
}

/// The entries while they are read.
struct Entries {
    mode: Mode,
    timeout: Option<u16>,
    vars: Vars,
    columns: Columns,
    tasks: Vec<(Task, Vars)>,
    spots: Vec<Spot>,
    /// Bytes that the tasks may still hold.
    room: usize,
}

impl Entries {
    fn new(length: usize) -> Self {
        Entries {
            mode: Mode::default(),
            timeout: None,
            vars: Vec::new(),
            columns: Columns::default(),
            tasks: Vec::new(),
            spots: Vec::new(),
            room: length.saturating_mul(4).saturating_add(REPEATED),
        }
    }

    fn defaults(&mut self, field: Field<'_, '_>, reader: &mut Reader<'_>) {
        let Some(fields) = reader.map(field.value, "`defaults`", &DEFAULTS) else { return };
        self.mode = reader.value(fields.get("mode"), value::mode).unwrap_or_default();
        self.timeout = reader.value(fields.get("timeout"), value::timeout);
        self.vars = self.variables(&fields, reader);
    }

    fn all(&mut self, field: Field<'_, '_>, reader: &mut Reader<'_>) {
        let items = match field.value.value {
            Value::Null => &[],
            _ => reader.list(field.value, "`prompts`").unwrap_or_default(),
        };
        if items.is_empty() && matches!(field.value.value, Value::Null | Value::List(_)) {
            let found = Diagnostic::error("the list of prompts is empty")
                .at(reader.source.place(field.key.span.clone()), "expected at least one entry");
            reader.problems.push(found);
        }
        for item in items {
            let Some((task, vars, spot)) = self.entry(item, reader) else { continue };
            let held = task.prompt.len() + vars.iter().map(|(_, value)| value.len()).sum::<usize>();
            let Some(room) = self.room.checked_sub(held) else {
                let found = Diagnostic::error("the manifest unfolds to more text than a batch can hold")
                    .at(reader.source.place(item.head()), "the bound is reached here")
                    .note("aliases and the variables of `defaults` are repeated in each task");
                reader.problems.push(found);
                return;
            };
            self.room = room;
            self.tasks.push((task, vars));
            self.spots.push(spot);
        }
    }

    fn entry(&mut self, item: &Node<'_>, reader: &mut Reader<'_>) -> Option<(Task, Vars, Spot)> {
        if let Value::Scalar(text) = &item.value {
            let prompt = reader.checked(value::prompt(text), item, item)?;
            let spot = Spot { id: item.span.clone(), prompt: item.span.clone() };
            return Some((self.task(String::new(), prompt, None, None), self.vars.clone(), spot));
        }
        if !matches!(item.value, Value::Map(_)) {
            let found = Diagnostic::error("an entry of `prompts` is a prompt, or a map with one")
                .at(reader.source.place(item.head()), format!("this is {}", item.kind()));
            reader.problems.push(found);
            return None;
        }
        let fields = reader.map(item, "an entry of `prompts`", &ENTRY)?;
        let prompt = match fields.get("prompt").or(fields.bare("prompt")) {
            Some(field) => reader.value(Some(field), value::prompt),
            None => {
                if fields.lacks("prompt") {
                    let found = Diagnostic::error("an entry without a prompt")
                        .at(reader.source.place(item.head()), "expected a key `prompt` in this entry");
                    reader.problems.push(found);
                }
                None
            }
        };
        let id = reader.value(fields.get("id"), value::id);
        let mode = reader.value(fields.get("mode"), value::mode);
        let timeout = reader.value(fields.get("timeout"), value::timeout);
        let own = self.variables(&fields, reader);

        let prompt_span = fields.get("prompt").map_or(item.head(), |field| field.value.span.clone());
        let id_span = fields.get("id").map_or(prompt_span.clone(), |field| field.value.span.clone());
        let mut vars = self.vars.clone();
        vars.extend(own); // the later of two values of a column counts
        let task = self.task(id.unwrap_or_default(), prompt?, mode, timeout);
        Some((task, vars, Spot { id: id_span, prompt: prompt_span }))
    }

    fn task(&self, id: String, prompt: String, mode: Option<Mode>, timeout: Option<u16>) -> Task {
        Task {
            id: Id(id),
            prompt,
            mode: mode.unwrap_or(self.mode),
            timeout: timeout.or(self.timeout),
            vars: Vec::new(),
        }
    }

    fn variables(&mut self, fields: &Fields<'_, '_>, reader: &mut Reader<'_>) -> Vars {
        let mut vars = Vec::new();
        let pairs = fields.get("vars").and_then(|field| reader.pairs(field.value, "`vars`"));
        for pair in pairs.unwrap_or_default() {
            let Some(name) = reader.checked(value::variable(pair.name), pair.key, pair.key) else { continue };
            let what = format!("the variable {}", quoted(&name));
            let Some(text) = reader.text(pair.value, &what) else { continue };
            let (column, renamed) = self.columns.of(&name);
            if let Some(renamed) = renamed {
                reader.problems.push(renamed.at(reader.source.place(pair.key.span.clone())));
            }
            if column >= MOST_VARIABLES {
                let found = Diagnostic::error(format!("more than {MOST_VARIABLES} different variables"))
                    .at(reader.source.place(pair.key.span.clone()), "one too many")
                    .note("each variable is a column of the results");
                reader.problems.push(found);
                break;
            }
            vars.push((column, text.to_owned()));
        }
        vars
    }
}
