//! A manifest: a YAML or CSV file of prompts, which becomes tasks, or a list of all that is wrong
//! with it.
//!
#![doc = include_str!("../../docs/manifest.md")]

// `yaml` turns text into nodes with places; `table` understands CSV files; `settings` reads `batch`
// and `output`; `expand` reads the entries and makes tasks of them. `document` puts them together,
// whatever the format. All of it is pure over text: only `read` reads the disk.

mod cache;
mod document;
mod expand;
mod format;
mod provenance;
mod read;
mod settings;
mod table;
mod template;
mod value;
mod yaml;

use std::path::Path;
use std::sync::Arc;

use expand::Expansion;
use format::ManifestFormat;
use provenance::Provenance;
use table::DataFiles;

use crate::diagnostic::{Diagnostic, Problems, Source};
use crate::task::{Decision, Task, TaskId};

pub use cache::ManifestCache;
pub use expand::{EntryFactors, Factor};
pub use provenance::ReadOptions;
pub use settings::{
    BatchSettings, Budget, ColumnError, ColumnSet, CustomColumns, HookAction, HookSpec, ImageName,
    ImageNameError, ImageSettings, InvalidBudget, InvalidOnUnknown, InvalidTableFormat, InvalidUsd,
    OnUnknown, PostUrl, RowContext, RowUnit, Shop, TableFormat, Usd,
};
pub use table::{FileLoader, GUARD_COLUMN, LoadError, guard_formula};
pub(crate) use table::{
    NumberedRow, NumberedRows, decode as decode_table, is_reserved_column, unguard_formula,
};

/// The JSON Schema of a YAML manifest, for editors.
///
/// It is looser than the language where JSON Schema has no words for it: ranges of flags,
/// templates, names.
pub const SCHEMA: &str = include_str!("schema.json");

/// The consequence that every error of a manifest has, as messages say it.
const CONSEQUENCE: &str = "nothing was submitted";

/// A manifest that can be run.
///
/// It holds its entries and the text of its tables, and makes tasks on demand.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The batch's name: the manifest's `name`, else the file's name without its extension.
    pub name: String,
    /// The manifest's columns or variables, in order of first appearance, under their names in the
    /// results.
    pub columns: Vec<String>,
    /// The settings of the map `batch`.
    pub batch: BatchSettings,
    /// What the tables of results look like.
    pub output: TableFormat,
    /// The settings of the image files.
    pub images: ImageSettings,
    /// Warnings: what was probably not meant as it is written. There are no errors among them.
    pub warnings: Problems,
    /// BLAKE3 of the file's bytes, and of those of its data files: the same hash is the same
    /// manifest.
    pub hash: [u8; 32],
    /// The path, the options and the files that the manifest was read from.
    provenance: Provenance,
    expansion: Expansion,
    lines: Vec<usize>,
}

impl Manifest {
    /// Lists the tasks one by one, in the order of the file. Every id is unique. Each call lists
    /// the same tasks.
    pub fn tasks(&self) -> impl Iterator<Item = Task> + '_ {
        self.expansion.tasks()
    }

    /// How many tasks there are.
    pub fn len(&self) -> u64 {
        self.expansion.tallies.iter().map(|tally| tally.tasks).sum()
    }

    /// Always false: a manifest without tasks is refused.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Explains the number of tasks, for each entry or table, in the order of the file.
    pub fn factors(&self) -> impl Iterator<Item = EntryFactors> + '_ {
        let counted = self.expansion.entries.iter().zip(&self.expansion.tallies).zip(&self.lines);
        counted.map(|((entry, tally), line)| expand::factors_of(entry, tally, &self.expansion.tables, *line))
    }

    /// The decisions of a table's column `action`, by task.
    pub fn decisions(&self) -> impl Iterator<Item = (TaskId, Decision)> + '_ {
        let tasks = self.has_actions().then(|| self.tasks()).into_iter().flatten();
        tasks.filter_map(|task| task.decision.map(|decision| (task.id, decision)))
    }

    /// Everything of the manifest except its tasks.
    pub fn cache(&self) -> ManifestCache {
        ManifestCache {
            program: cache::PROGRAM.to_owned(),
            provenance: self.provenance.clone(),
            tasks: self.len(),
            has_actions: self.has_actions(),
            name: self.name.clone(),
            columns: self.columns.clone(),
            batch: self.batch.clone(),
            output: self.output.clone(),
            images: self.images.clone(),
            warnings: self.warnings.warnings(),
            hash: self.hash,
            validated_name_template: None,
        }
    }

    /// Whether a table has a column `action`.
    fn has_actions(&self) -> bool {
        self.expansion.tables.iter().any(|table| table.column(&table::ColumnRole::Action).is_some())
    }
}

/// Reads the manifest in a file, and the data files that it names.
///
/// # Errors
///
/// The errors that [`parse_with`] finds, or that the file does not exist or cannot be read.
pub fn read(path: &Path) -> Result<Manifest, Problems> {
    read_with(path, ReadOptions::default())
}

/// Reads a manifest as [`read`] does, with options.
///
/// # Errors
///
/// Those of [`read`].
pub fn read_with(path: &Path, options: ReadOptions) -> Result<Manifest, Problems> {
    let bytes = read::manifest(path).map_err(refused)?;
    parse_with(path, &bytes, options, &mut read::load)
}

/// Reads a manifest from the bytes of a file that has no data files beside it.
///
/// # Errors
///
/// Everything that is wrong, including warnings.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Manifest, Problems> {
    parse_with(path, bytes, ReadOptions::default(), &mut |_| Err(LoadError::Missing(None)))
}

/// Reads a manifest from the bytes of a file. The path determines the format, the name in messages
/// and the batch's name; the file itself is not read. Each file that the manifest names is loaded
/// once, by `load`.
///
/// # Errors
///
/// Everything that is wrong, including warnings.
pub fn parse_with(
    path: &Path,
    bytes: &[u8],
    options: ReadOptions,
    load: &mut FileLoader<'_>,
) -> Result<Manifest, Problems> {
    let shown = path.display().to_string();
    let Some(format) = ManifestFormat::of(path) else { return Err(refused(format::unknown(&shown))) };
    let text: Arc<str> = format::utf8(&shown, bytes).map_err(|found| refused(*found))?.into();
    let source = Source::new(shown, &text);
    let mut problems = Problems::new();
    let mut tables = DataFiles::new(path, load);
    let mut content = match format {
        ManifestFormat::Yaml => document::read_yaml(&source, &mut tables, &mut problems),
        ManifestFormat::Csv => document::read_csv(&source, &text, &mut problems),
    };
    let max_tasks = options.max_tasks.or(content.batch.max_tasks);
    let (ids, tallies) = expand::check(&content.expansion, &source, max_tasks, &mut problems);
    for found in tables.problems.iter() {
        problems.push(found.clone());
    }
    problems.sort();
    if problems.errors() == 0 {
        (content.expansion.ids, content.expansion.tallies) = (ids, tallies);
        content.check_output(&source, &mut problems);
    }
    if problems.errors() > 0 {
        problems.set_consequence(CONSEQUENCE);
        return Err(problems);
    }
    let stem = || path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let line = |entry: &expand::ManifestEntry| source.place(entry.spans.head.clone()).start.line;
    let expansion = content.expansion;
    Ok(Manifest {
        name: content.name.unwrap_or_else(stem),
        columns: expansion.columns.names(),
        batch: content.batch,
        output: content.output.shape,
        images: content.output.images,
        warnings: problems,
        hash: provenance::hash(blake3::hash(bytes), (!tables.is_empty()).then_some(&tables.hasher)),
        provenance: Provenance::of(path, options, bytes.len(), tables.loaded),
        lines: expansion.entries.iter().map(line).collect(),
        expansion,
    })
}

fn refused(found: Diagnostic) -> Problems {
    let mut problems = Problems::from(found);
    problems.set_consequence(CONSEQUENCE);
    problems
}

#[cfg(test)]
#[expect(clippy::too_many_lines, reason = "messages are long")]
mod tests;
