//! An entry of a manifest as it was read, before it is multiplied into tasks.

use std::ops::Range;

use super::matrix::{Matrix, VariableValues};
use super::params::ManifestParam;
use crate::manifest::table::CsvRow;
use crate::manifest::template::TemplateText;
use crate::prompt::{Origin, Param};
use crate::task::{Decision, TaskMode};

/// One entry of `prompts`, or a whole table whose rows are entries.
#[derive(Debug, Clone)]
pub(crate) struct ManifestEntry {
    pub(crate) prompt: PromptSource,
    /// Whether braces make permutations.
    pub(crate) permutes: bool,
    /// How many takes of each prompt there are, if the entry says so.
    pub(crate) repeat: Option<u32>,
    pub(crate) priority: i16,
    pub(crate) id: Option<TemplateText>,
    /// Variables that the entry's id uses itself; their values are not appended to it.
    pub(crate) used_in_id: Vec<usize>,
    pub(crate) mode: TaskMode,
    pub(crate) timeout: Option<u16>,
    pub(crate) hook_url: Option<String>,
    pub(crate) params: Vec<ManifestParam>,
    /// Values of variables. The later of two values of one variable counts.
    pub(crate) vars: VariableValues,
    pub(crate) matrix: Option<Matrix>,
    /// The index of the table whose rows repeat the entry.
    pub(crate) table: Option<usize>,
    pub(crate) spans: EntrySpans,
}

impl ManifestEntry {
    /// The single entry of a CSV manifest: each row of its table is an item.
    pub(crate) fn of_table() -> Self {
        ManifestEntry {
            prompt: PromptSource::Cells,
            permutes: true,
            repeat: None,
            priority: 0,
            id: None,
            used_in_id: Vec::new(),
            mode: TaskMode::default(),
            timeout: None,
            hook_url: None,
            params: Vec::new(),
            vars: Vec::new(),
            matrix: None,
            table: Some(0),
            spans: EntrySpans::default(),
        }
    }
}

/// The source of an entry's prompts.
#[derive(Debug, Clone)]
pub(crate) enum PromptSource {
    Text(TemplateText),
    /// The column `prompt` of the table.
    Cells,
}

/// The places of an entry's parts in the manifest.
#[derive(Debug, Clone, Default)]
pub(crate) struct EntrySpans {
    pub(crate) head: Range<usize>,
    pub(crate) id: Option<Range<usize>>,
    pub(crate) prompt: Range<usize>,
    /// The key that multiplies the entry: `matrix`, `zip` or `repeat`.
    pub(crate) multiplier: Option<Range<usize>>,
}

/// One entry, or one row of its table: the unit that a matrix, permutations and takes multiply.
#[derive(Debug)]
pub(crate) struct EntryItem<'a> {
    pub(crate) entry: &'a ManifestEntry,
    pub(crate) row: Option<CsvRow>,
    pub(crate) mode: TaskMode,
    pub(crate) timeout: Option<u16>,
    pub(crate) hook_url: Option<String>,
    pub(crate) repeat: Option<u32>,
    pub(crate) priority: i16,
    pub(crate) decision: Option<Decision>,
    /// Flags of the row's columns, by column; they come after those of the entry.
    pub(crate) flags: Vec<(usize, Param)>,
}

impl EntryItem<'_> {
    /// The origin of a param in a column: as explicit as one of the entry.
    pub(crate) const OF_CELLS: Origin = Origin::Explicit;
}

/// A part of an item that has a place of its own in the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ItemPart {
    Prompt,
    Id,
    /// A part of the entry's params, by index.
    Param(usize, crate::prompt::ParamPart),
    /// A cell of the row, by column.
    Cell(usize),
}
