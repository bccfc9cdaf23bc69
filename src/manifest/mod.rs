//! What a person writes: a YAML or CSV file of prompts becomes tasks, or a list of all that is wrong with it.
//!
//! The format is told by the file's name: `.yaml` and `.yml`, `.csv` and `.tsv`. Files are UTF-8. The folder
//! `manifests/` of the repository has an example of each kind. Every block on this page is read by a test.
//!
//! # YAML
//!
//! ```yaml
//! version: 1                 # needed: the version of this language
//! name: Spring sale          # the file's name, unless said
//! defaults:                  # for entries that do not say it themselves
//!   mode: relaxed            # fast (unless said), relaxed, also written relax, or auto, which goes by the deadline
//!   timeout: 900             # seconds from 300 to 1200, also written 15m; the service's own 600 unless said
//!   hook_url: https://shop.example/hooks/images   # passed on to the service; for a receiver of your own
//!   vars: { campaign: spring }      # merged key by key with those of an entry
//!   params: { stylize: 200 }        # the same
//! prompts:                   # needed: the entries
//!   - a ceramic mug on grey linen --ar 1:1
//!   - id: mug-sage           # the task's name in results and commands
//!     prompt: a sage green mug on grey linen
//!     mode: fast
//!     timeout: 600
//!     vars: { sku: 007, ratio: 16:9 }  # columns of the results; the text stays as written
//!     params: { ar: "1:1" }
//! ```
//!
//! There are no other keys than those of this page: an unknown one is an error that names the close one, and so is one
//! that is written twice. Values are text as written: an id `007` or `1e3` stays what it is, and `no` is the word no. A
//! key with nothing under it is as good as none. Anchors, aliases and merges (`<<`) work within bounds. A ` #` after an
//! unquoted prompt starts a comment, and a warning says so.
//!
//! # Templates
//!
//! A `prompt`, an `id` and a value of `params` may be a template, as in Jinja, by minijinja with its filters. A variable
//! that is not there is an error that names the close one; one that may be missing is asked for with `is defined`. A
//! name that is no identifier is reached through `vars`: `{{ vars["price €"] }}`.
//!
//! ```yaml
//! version: 1
//! prompts:
//!   - prompt: "{{ product | lower }} on {{ scene }}{% if light is defined %}, {{ light }} light{% endif %}"
//!     vars: { product: MUG, scene: linen }       # mug on linen
//! ```
//!
//! Variables come from the `vars` of `defaults`, then of the entry, then the columns of `data`, then `matrix`, `zip` and
//! `include`; of two values the later one counts. All of them are columns of the results.
//!
//! # Data
//!
//! `data` names a CSV file, from the manifest's folder. The entry is made for each of its rows, with the columns as
//! variables. A column `id` names the rows.
//!
//! ```yaml
//! version: 1
//! prompts:
//!   - id: packshot                     # packshot/mug, packshot/bowl
//!     data: products.csv
//!     prompt: "{{ product }}, product photograph"
//!     params: { ar: "{{ ratio }}" }
//! ```
//!
//! # Matrix
//!
//! Lists multiply under `matrix`, and nowhere else; a list anywhere else is an error. The order is this:
//!
//! 1. The lists multiply, in the order in which they are written, the last one fastest. The lists of `zip`, which stands
//!    beside `matrix` or alone, are paired instead, value by value: they are one more list, the last.
//! 2. `exclude` takes away every combination that has all the values of one of its entries.
//! 3. `include` adds, entry by entry: its values go to every combination that agrees with it in those of its keys that are
//!    lists. An entry that agrees with none is a combination of its own, after the others. Values of lists are never
//!    overwritten, and added combinations are not added to.
//!
//! These are the rules of GitHub Actions.
//!
//! ```yaml
//! version: 1
//! prompts:
//!   - id: hero                          # 4 tasks
//!     prompt: a mug on {{ scene }} in {{ season }}, {{ light }} light
//!     vars: { light: soft }
//!     params: { ar: "{{ ratio }}" }
//!     matrix:
//!       scene: [sand, oak]
//!       season: [spring, winter]        # sand spring, sand winter, oak spring, oak winter
//!       exclude:
//!         - { scene: sand, season: winter }             # sand spring, oak spring, oak winter
//!       include:
//!         - { season: winter, light: blue }             # oak winter has blue light
//!         - { scene: snow, season: winter, light: hard, ratio: "16:9" }   # and there is snow winter
//!     zip: { ratio: ["1:1"], place: [feed] }
//!   - id: banner                        # banner/16x9/top, banner/4x1/bottom
//!     prompt: a mug on a table, seen from the {{ place }}
//!     params: { ar: "{{ ratio }}" }
//!     zip:
//!       ratio: ["16:9", "4:1"]
//!       place: [top, bottom]
//! ```
//!
//! Data, matrix, permutations and takes multiply with each other, in this order. Where one entry, or one row, makes more
//! than one task and those are more than 1000 in all, `max_tasks` has to allow it. A list of rows is no multiplication.
//!
//! # Params
//!
//! `params` are Midjourney's flags, by any of their names, without dashes: text, `true` for a flag without a value,
//! `false` for none (which takes a default away), a list for `no`. They are written after the text, in one fixed order. A
//! flag in the prompt itself wins over one of `defaults`, and clashes with one of the entry.
//!
//! ```yaml
//! version: 1
//! defaults:
//!   params: { ar: "1:1", tile: true }
//! prompts:
//!   - prompt: a pattern of leaves
//!     params: { tile: false, stylize: 250, no: [text, hands] }
//! ```
//!
//! # Permutations and takes
//!
//! `{a, b}` in a prompt makes a task of each option. Groups multiply, nest, and may have empty options; `\{`, `\}` and
//! `\,` are the signs themselves. Templates are filled in first, and what a variable holds is literal: its braces and
//! commas never expand. `permutations: off` sends braces as they are. A group that starts with a group needs a blank,
//! `{ {a, b}, c}`, since `{{` starts a template.
//!
//! `priority: 10` has an entry submitted before those with less, from -1000 to 1000, 0 unless said; so has a column of
//! that name a row. It changes nothing that is sent.
//!
//! `repeat: 3`, or `--repeat 3` in the prompt, makes three takes of each prompt.
//!
//! ```yaml
//! version: 1
//! prompts:
//!   - id: mug                            # mug/red, mug/red~2, mug/dark-blue, mug/dark-blue~2
//!     prompt: a {red, dark blue} mug
//!     repeat: 2
//!   - prompt: "the sign {a, b}, set in lead"
//!     permutations: off
//! ```
//!
//! # Names
//!
//! An id is at most 200 characters, and no two tasks have the same. It is made, with a `/` between the parts, of
//!
//! - the entry's `id`, with its template filled in;
//! - the row's own `id` from `data`, unless the entry's id takes something from the row;
//! - the values of the lists of `matrix` and `zip`, in their order, but those that the id takes itself (what `include` adds
//!   beside them is no part of a name): letters and digits in lower case, `16:9` as `16x9`; a long one is cut and gets a
//!   hash of the whole;
//! - the options of a permutation, by the same rule, an empty one as `none`, with a `-` between groups;
//!
//! and the takes after the first are `…~2`, `…~3`. A task without any id is named after its content (its prompt's first
//! words, and twelve hex digits of a hash over prompt and mode), and so are the rows of an entry with an id where nothing
//! tells them apart. Nothing is ever named after its position: rows, values and options may be added, removed and moved,
//! and no other name moves with them. Tasks without an id and with the same prompt and mode are takes, and a warning says
//! that each is paid for.
//!
//! # The batch
//!
//! ```yaml
//! version: 1
//! batch:                     # how to run it; flags of the command line override
//!   concurrency: 5           # jobs at once, 1 to 1000
//!   poll_min: 1s             # bounds of the time between two status requests: 500ms, 90s, 15m, 2h
//!   poll_max: 45s
//!   budget: 20usd            # the most that may be spent, or as 500quota
//!   prices:                  # from your own account
//!     fast: 4                # quota for a job
//!     relaxed: 2
//!     usd: 0.0077            # US dollars for one quota
//!   deadline: "08:00"        # when all should be done: next time it is so late; or 2026-03-01T08:00, or 6h
//!   retries: 3               # how often a failed task is sent again, 0 to 10
//!   on_unknown: keep         # or resend: send again, once a run, what may have been paid for
//!   max_tasks: 5000          # how many tasks there may be
//!   results: out/spring.csv  # or a list of paths, from the manifest's folder
//! prompts: [a ceramic mug on grey linen]
//! ```
//!
//! A task of `mode: auto` is sent relaxed as long as the deadline allows it, and fast where it would be missed; which of the
//! two is decided when its turn comes, by how long jobs have taken until then. Without a deadline all are relaxed. The budget
//! goes before the deadline, and pays for every task before it pays for speed. A span of time counts from the start of each
//! run. Pictures that are there already, or paid for, are not made again because a mode was changed to `auto`, or from it.
//!
//! # Follow-up
//!
//! ```yaml
//! version: 1
//! batch:
//!   on_done:                 # for each task that is done
//!     command: [python3, publish.py, --stage]   # its words, one by one: no shell reads them
//!     timeout: 60s           # for one try; that unless said, 30s for an address
//!     at_once: 1             # that unless said, 4 for an address; up to 16
//!     failed: false          # true: for tasks that failed or were lost as well
//!   on_finish:               # once a run, when it is over
//!     url: https://hooks.example/mjbatch        # or url_env: the environment variable that holds the address
//!     secret_env: HOOK_SECRET                   # the environment variable with the secret that signs
//! prompts: [a ceramic mug on grey linen]
//! ```
//!
//! `on_done: [python3, publish.py]` and `on_done: https://hooks.example/mjbatch` are the same in short. What is told, and how
//! a receiver knows that it is genuine, is at [`crate::output::followup`]. A manifest with a command runs it, as a Makefile
//! does: `mjbatch check` shows what would be run, and `mjbatch run --no-hooks` runs nothing of it.
//!
//! # Pictures as files
//!
//! ```yaml
//! version: 1
//! output:
//!   images: "pictures/{{ id }}-{{ n }}.{{ ext }}"   # or a folder alone, which names them so
//!   grid: true               # the 2x2 overview too, as number 0; false unless said
//!   sidecar: true            # a .json beside each, with its prompt and origin; false unless said
//! prompts: [a ceramic mug on grey linen]
//! ```
//!
//! Each picture becomes a file as soon as its task is done.
//! In the name of pictures, what stands before the first variable is a folder, from the manifest's own; each part after it
//! is a template of the task's columns and `id`, `mode`, `n` (the picture's number) and `ext` (its kind, by its content). A
//! variable that a task lacks, and a name that two pictures would share on any system, are errors before anything is spent.
//!
//! # The results' columns
//!
//! `output` says what tables of results look like (`.csv`, `.tsv`, `.xlsx`; a `.jsonl` file is always one object a task, with
//! everything). `rows: image` makes a row of each picture, and one of a task that has none. `columns` is a ready-made set,
//! `shopify`, `woocommerce` or `google` ([`crate::output::shop`]), or names with a template each, in their order:
//!
//! ```yaml
//! version: 1
//! output:
//!   rows: image                      # task, unless said
//!   columns:
//!     Picture: "{{ image }}"
//!     Alt text: "{{ title }}, {{ scene }}, {{ n }} of {{ images | length }}"
//!     Product: "{{ sku | default(id, true) }}"
//! prompts:
//!   - prompt: "{{ title }} on {{ scene }}"
//!     vars: { title: a mug, scene: oak }
//! ```
//!
//! The templates know the manifest's variables, empty where a task has none, and `id`, `prompt`, `mode`, `status`,
//! `task_id`, `reason`, `grid`, `image` (the row's picture, or the first), `images` (a list), `image_1` to `image_4`, `n` (the
//! picture's number, from 1), `attempts`, `quota`, `submitted_at`, `finished_at` and `batch`, whose names go before those of
//! variables; `{{ vars.image }}` is a variable of that name. They are tried with the first task before anything is spent.
//!
//! `formula_guard: true` puts a `'` before each cell of a .csv or .tsv file that a spreadsheet would run as a formula: one that
//! starts with `=`, `+`, `-`, `@`, a tab or a carriage return. Results then have one more column, `formula_guard`, by which
//! they are read back without it; leave it in. (An .xlsx file needs no guard: its text is text.)
//!
//! Results in other columns than their own are no manifest. `mjbatch results` writes the others at any time, with
//! `--columns`, `--rows` and `--formula-guard`.
//!
//! # CSV
//!
//! One row is one entry. The first row names the columns:
//!
//! | column | holds |
//! | --- | --- |
//! | `prompt` | needed; templates, permutations and `--repeat` work as in YAML |
//! | `id` | the task's name, perhaps a template; may be empty |
//! | `mode` | `fast`, `relaxed` or `auto`; empty is `fast` |
//! | `timeout`, `hook_url`, `repeat`, `priority` | as in YAML; empty is none; they come back in the results as well |
//! | `action` | `redo` makes the row again though it is done, `skip` does not submit it; not kept |
//! | `--ar`, `params.ar` | any Midjourney flag, by any of its names; as `params` of an entry; it comes back as well |
//! | any other | a variable, `{{ sku }}` in the prompt, which comes back in the results |
//!
//! ```csv
//! id,prompt,sku,--ar,repeat
//! mug-sage,"a {{ sku }} mug, {soft, hard} light",MG-0142,1:1,
//! bowl,"a bowl, seen from above",BW-0071,4:5,2
//! ```
//!
//! The known names may be written in any case. The separator is a comma, a semicolon or a tab: the one with which the
//! first row has a column `prompt`, or what a line `sep=;` before it says. A byte order mark, CRLF, quoted line breaks,
//! blank rows and columns without a name and without values are read as spreadsheets write them.
//!
//! # Results as a manifest
//!
//! A table with the columns `id`, `task_id`, `status`, `mode` and `prompt` is the results of an earlier run, and a manifest
//! again: its prompts are final and are sent as they are, its own columns come back, those of the results are read over,
//! and `action` says what to do again. A column `pick` has the numbers of the pictures that a person chose, as in `2` or `1 3`;
//! it comes back as it is. What is doubtful in its prompts is a warning.
//!
//! ```csv
//! id,sku,task_id,status,mode,prompt,reason,grid,image_1,image_2,image_3,image_4,attempts,quota,submitted_at,finished_at,action
//! mug-sage,MG-0142,MtAd7,done,fast,a mug --ar 1:1,,,,,,,1,2,,,redo
//! ```
//!
//! # Prompts
//!
//! Blanks at the ends of a prompt go, and a line break in it becomes one space: the service is sent one line. Every prompt
//! is checked as it will be sent; see [`crate::prompt`].
//!
//! The results have columns of their own: `id`, `task_id`, `status`, `mode`, `prompt`, `reason`, `grid`, `image_1` and
//! so on, `attempts`, `quota`, `submitted_at`, `finished_at`. A variable with such a name is kept as `manifest_…`, with
//! a warning.
//!
//! # Within
//!
//! `yaml` makes a tree with places, `document`, `entries`, `lists`, `params`, `settings` and `followup` give it its meaning; `csv`
//! understands the header of a table, `cells` finds places again when something is wrong. Both end in the same entries.
//! `expand` makes tasks of them, one by one, as often as they are asked for; `check` goes the same way once, tells all that
//! is wrong, and leaves counts (`factors`) and a register of names (`ids`). `outline` is what a state keeps of it, so that
//! one that was not edited need not be read again. All of it is pure over text; only [`read`] and [`Outline::kept`]
//! touch files.

mod cells;
mod check;
mod columns;
mod comment;
mod content;
mod csv;
mod document;
mod earlier;
mod entries;
mod entry;
mod expand;
mod factors;
mod followup;
mod guard;
mod ids;
mod lists;
mod matrix;
mod money;
mod naming;
mod node;
mod outline;
mod params;
mod pattern;
mod pictures;
mod reader;
mod settings;
mod shape;
mod slug;
mod sources;
mod table;
mod template;
mod value;
mod yaml;

use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use content::Content;
use csv::Purpose;
use expand::Expansion;
use serde::{Deserialize, Serialize};
use sources::Tables;

use crate::diagnostic::{Diagnostic, Problems, Source, close_name};
use crate::task::{Action, Task, TaskId, TaskMode};

pub use factors::{EntryFactors, Factor};
pub use followup::{FollowTarget, FollowUp, PostTo};
pub use guard::{GUARD_COLUMN, guarded};
pub use money::{Budget, NotABudget, NotUsd, Usd};
pub use outline::Outline;
pub use pattern::{NotFilled, Pattern, Subject};
pub use pictures::{NotAName, PictureName, PictureSettings};
pub use settings::{BatchSettings, NotOnUnknown, OnUnknown};
pub use shape::{NotAShape, Rows, Shape, Shop, Shown};
pub use sources::{Load, NotLoaded};

/// The JSON Schema of a YAML manifest, for editors.
///
/// It is looser than the language where JSON Schema has no words for it: ranges of flags, templates, names.
pub const SCHEMA: &str = include_str!("schema.json");

/// What every error of a manifest means for the batch.
const CONSEQUENCE: &str = "nothing was submitted";

/// A manifest that can be run.
///
/// Its tasks are made as they are asked for: it holds its entries, and the text of its tables, but not what they multiply to.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The batch's name: what a YAML manifest says, else the file's name without its extension.
    pub name: String,
    /// The manifest's own columns or variables, in order of first appearance, under the names the results give them.
    pub columns: Vec<String>,
    /// What the manifest says about how to run it.
    pub batch: BatchSettings,
    /// What the tables of results look like.
    pub output: Shape,
    /// The files of the pictures.
    pub pictures: PictureSettings,
    /// What is probably not as it was meant. No errors.
    pub warnings: Problems,
    /// BLAKE3 of the file's bytes, and of those of its data files: the same hash is the same manifest.
    pub hash: [u8; 32],
    /// The results of an earlier run, fed back: the prompts are final.
    pub is_results: bool,
    /// How it was read.
    reading: outline::Reading,
    expansion: Expansion,
    lines: Vec<usize>,
}

impl Manifest {
    /// What is to be generated, in the order of the file, made one by one. Every id is unique. Each call starts anew and
    /// gives the same.
    pub fn tasks(&self) -> impl Iterator<Item = Task> + '_ {
        self.expansion.tasks()
    }

    /// How many tasks there are.
    pub fn len(&self) -> u64 {
        self.expansion.tallies.iter().map(|tally| tally.tasks).sum()
    }

    /// Never: a manifest without tasks is refused.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the tasks come from: for each entry, or for a table, what is multiplied. In the order of the file.
    pub fn factors(&self) -> impl Iterator<Item = EntryFactors> + '_ {
        let counted = self.expansion.entries.iter().zip(&self.expansion.tallies).zip(&self.lines);
        counted.map(|((entry, tally), line)| factors::of(entry, tally, &self.expansion.tables, *line))
    }

    /// What the column `action` of a table asks for, task by task.
    pub fn actions(&self) -> impl Iterator<Item = (TaskId, Action)> + '_ {
        let tasks = self.has_actions().then(|| self.tasks()).into_iter().flatten();
        tasks.filter_map(|task| task.action.map(|action| (task.id, action)))
    }

    /// Whether a table has a column `action`.
    fn has_actions(&self) -> bool {
        self.expansion.tables.iter().any(|table| table.column(&table::Role::Action).is_some())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Yaml,
    Csv,
}

impl Format {
    fn of(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Format::Yaml),
            "csv" | "tsv" => Some(Format::Csv),
            _ => None,
        }
    }
}

/// What the command line says about reading a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Options {
    /// How many tasks there may be; it overrides `max_tasks` of the manifest.
    pub max_tasks: Option<u64>,
}

/// Reads the manifest in a file, and the data files that it names.
///
/// # Errors
///
/// What [`parse_with`] finds, or that there is no such file, or that it cannot be read.
pub fn read(path: &Path) -> Result<Manifest, Problems> {
    read_with(path, Options::default())
}

/// The same, as the command line wants it.
///
/// # Errors
///
/// Those of [`read`].
pub fn read_with(path: &Path, options: Options) -> Result<Manifest, Problems> {
    match fs::read(path) {
        Ok(bytes) => parse_with(path, &bytes, options, &mut load),
        Err(error) => Err(refused(unreadable(path, &error))),
    }
}

fn load(path: &Path) -> Result<Vec<u8>, NotLoaded> {
    fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => NotLoaded::Missing(
            neighbour(path).and_then(|close| Some(Path::new(&close).file_name()?.to_str()?.to_owned())),
        ),
        _ if path.is_dir() => NotLoaded::Unreadable("it is a folder".to_owned()),
        _ => NotLoaded::Unreadable(error.to_string()),
    })
}

/// Reads a manifest from the bytes of a file, beside which there are no data files.
///
/// # Errors
///
/// All that is wrong, warnings too.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Manifest, Problems> {
    parse_with(path, bytes, Options::default(), &mut |_| Err(NotLoaded::Missing(None)))
}

/// Reads a manifest from the bytes of a file. The path tells the format, the name to show and the batch's name; the
/// file is not touched. The files that it names are asked for, each once.
///
/// # Errors
///
/// All that is wrong, warnings too.
pub fn parse_with(
    path: &Path,
    bytes: &[u8],
    options: Options,
    load: &mut Load<'_>,
) -> Result<Manifest, Problems> {
    let shown = path.display().to_string();
    let Some(format) = Format::of(path) else { return Err(refused(unknown_format(&shown))) };
    let text: Arc<str> = match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(error) => return Err(refused(not_utf8(shown, bytes, error.valid_up_to()))),
    };
    let source = Source::new(shown, &text);
    let mut problems = Problems::new();
    let mut tables = Tables::new(path, load);
    let mut content = match format {
        Format::Yaml => document::read(&source, &mut tables, &mut problems),
        Format::Csv => table(&source, &text, &mut problems),
    };
    let max_tasks = options.max_tasks.or(content.batch.max_tasks);
    let (register, tallies) = check::check(&content.expansion, &source, max_tasks, &mut problems);
    for found in tables.problems.iter() {
        problems.push(found.clone());
    }
    problems.sort();
    if problems.errors() > 0 {
        problems.set_consequence(CONSEQUENCE);
        return Err(problems);
    }
    (content.expansion.register, content.expansion.tallies) = (register, tallies);
    shape::check(&content.output, &content.expansion, &source, &mut problems);
    if problems.errors() > 0 {
        problems.set_consequence(CONSEQUENCE);
        return Err(problems);
    }
    let stem = || path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let line = |entry: &entry::Entry| source.place(entry.spot.head.clone()).start.line;
    let is_final = |entry: &entry::Entry| matches!(entry.prompt, entry::Source::FinalCells);
    Ok(Manifest {
        name: content.name.unwrap_or_else(stem),
        columns: content.expansion.columns.names(),
        batch: content.batch,
        output: content.output.shape,
        pictures: content.output.pictures,
        warnings: problems,
        hash: hash(blake3::hash(bytes), (!tables.is_empty()).then_some(&tables.hasher)),
        reading: outline::Reading::of(path, options, bytes.len(), tables.loaded),
        is_results: content.expansion.entries.iter().any(is_final),
        lines: content.expansion.entries.iter().map(line).collect(),
        expansion: content.expansion,
    })
}

/// The hash of a manifest, of that of its own bytes and that of its data files, if it has any.
fn hash(own: blake3::Hash, files: Option<&blake3::Hasher>) -> [u8; 32] {
    let Some(files) = files else { return *own.as_bytes() };
    let mut all = blake3::Hasher::new();
    all.update(own.as_bytes());
    all.update(files.finalize().as_bytes());
    *all.finalize().as_bytes()
}

/// A table as a manifest: one entry, of which each row is one.
fn table(source: &Source<'_>, text: &Arc<str>, problems: &mut Problems) -> Content {
    let mut columns = columns::Columns::default();
    let Some((table, purpose)) = csv::header(source, text, false, &mut columns, problems) else {
        return Content::default();
    };
    let is_final = purpose == Purpose::Results;
    let entry = entry::Entry {
        prompt: if is_final { entry::Source::FinalCells } else { entry::Source::Cells },
        permutes: !is_final,
        repeat: None,
        priority: 0,
        id: None,
        told: Vec::new(),
        mode: TaskMode::default(),
        timeout: None,
        hook_url: None,
        params: Vec::new(),
        vars: Vec::new(),
        matrix: None,
        table: Some(0),
        spot: entry::Spot::default(),
    };
    let columns = Arc::new(columns);
    let expansion = Expansion { entries: vec![entry], tables: vec![table], columns, ..Expansion::default() };
    Content { expansion, ..Content::default() }
}

fn refused(found: Diagnostic) -> Problems {
    let mut problems = Problems::from(found);
    problems.set_consequence(CONSEQUENCE);
    problems
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    let shown = path.display();
    if path.is_dir() {
        return Diagnostic::error(format!("`{shown}` is a folder, not a manifest"))
            .help("name the file in it: a .yaml, .yml, .csv or .tsv one");
    }
    if error.kind() != io::ErrorKind::NotFound {
        return Diagnostic::error(format!("`{shown}` cannot be read: {error}"));
    }
    let found = Diagnostic::error(format!("there is no file `{shown}`"));
    match neighbour(path) {
        Some(close) => found.help(format!("did you mean `{close}`?")),
        None => found,
    }
}

/// A manifest in the same folder with a name that is close.
fn neighbour(path: &Path) -> Option<String> {
    const LOOKED_AT: usize = 10_000;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut names: Vec<String> = fs::read_dir(folder.unwrap_or(Path::new(".")))
        .ok()?
        .take(LOOKED_AT)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| Format::of(Path::new(name)).is_some())
        .collect();
    names.sort();
    let close = close_name(path.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    Some(folder.map_or(close.to_owned(), |folder| folder.join(close).display().to_string()))
}

fn unknown_format(shown: &str) -> Diagnostic {
    Diagnostic::error(format!("the format of `{shown}` cannot be told from its name"))
        .note("a manifest is a .yaml or .yml file, or a table in a .csv or .tsv file")
}

fn not_utf8(shown: String, bytes: &[u8], valid: usize) -> Diagnostic {
    const SHOWN: usize = 200;
    let wrong = bytes.get(valid).copied().unwrap_or_default();
    let utf16 = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    // What is before the byte is valid; of what follows, the rest of the line is shown.
    let until = bytes.len().min(valid + SHOWN);
    let text = String::from_utf8_lossy(&bytes[..until]);
    let source = Source::new(shown, &text);
    let span = valid..valid + char::REPLACEMENT_CHARACTER.len_utf8();
    let found =
        Diagnostic::error(if utf16 { "the file is UTF-16, not UTF-8" } else { "the file is not UTF-8" });
    let mark = text.len() - source.text().len();
    found
        .at(
            source.place(span.start - mark.min(span.start)..span.end - mark),
            format!("the byte 0x{wrong:02x}"),
        )
        .note(format!("it is byte {} of the file", valid + 1))
        .help("save it as UTF-8; in Excel, as \"CSV UTF-8 (Comma delimited)\"")
}

#[cfg(test)]
#[expect(clippy::too_many_lines, reason = "messages are long")]
mod tests;
