//! An entry as it was understood, before anything of it is multiplied.

use std::ops::Range;

use super::matrix::{Matrix, VariableValues};
use super::params::ManifestParam;
use crate::manifest::table::CsvRow;
use crate::manifest::template::TemplateText;
use crate::prompt::{Origin, Param};
use crate::task::{Decision, Earlier, TaskMode};

/// One of `prompts`, or a whole table of rows that are alike.
#[derive(Debug, Clone)]
pub(crate) struct ManifestEntry {
    pub(crate) prompt: PromptSource,
    /// Whether braces make permutations.
    pub(crate) permutes: bool,
    /// How often each prompt is made, where it is said.
    pub(crate) repeat: Option<u32>,
    pub(crate) priority: i16,
    pub(crate) id: Option<TemplateText>,
    /// Variables that the id uses itself: their values are not added to it.
    pub(crate) used_in_id: Vec<usize>,
    pub(crate) mode: TaskMode,
    pub(crate) timeout: Option<u16>,
    pub(crate) hook_url: Option<String>,
    pub(crate) params: Vec<ManifestParam>,
    /// Of the later of two values of a variable.
    pub(crate) vars: VariableValues,
    pub(crate) matrix: Option<Matrix>,
    /// The table whose rows it is made for.
    pub(crate) table: Option<usize>,
    pub(crate) spans: EntrySpans,
}

impl ManifestEntry {
    /// The entry that the rows of a table are, the only one of its manifest.
    pub(crate) fn of_table(is_final: bool) -> Self {
        ManifestEntry {
            prompt: if is_final { PromptSource::FinalCells } else { PromptSource::Cells },
            permutes: !is_final,
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

    /// Whether its prompts were sent by an earlier run and are final.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self.prompt, PromptSource::FinalCells)
    }
}

/// Where an entry's prompts come from.
#[derive(Debug, Clone)]
pub(crate) enum PromptSource {
    Text(TemplateText),
    /// A column of the table.
    Cells,
    /// A column of the table, whose prompts were sent already: nothing in them has a meaning.
    FinalCells,
}

/// Where the parts of an entry are in the manifest.
#[derive(Debug, Clone, Default)]
pub(crate) struct EntrySpans {
    pub(crate) head: Range<usize>,
    pub(crate) id: Option<Range<usize>>,
    pub(crate) prompt: Range<usize>,
    /// What multiplies it: the key `matrix`, `zip` or `repeat`.
    pub(crate) multiplier: Option<Range<usize>>,
}

/// What one entry, or one row of it, says: the thing that a matrix, permutations and takes
/// multiply.
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
    pub(crate) earlier: Option<Box<Earlier>>,
    /// Those of the row, after those of the entry.
    pub(crate) flags: Vec<(usize, Param)>,
}

impl EntryItem<'_> {
    /// Where a param comes from: the columns of a row are explicit.
    pub(crate) const OF_CELLS: Origin = Origin::Explicit;
}

/// A part of an item, for which there is a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ItemPart {
    Prompt,
    Id,
    /// A part of the entry's params, by index.
    Param(usize, crate::prompt::ParamPart),
    /// A cell of the row.
    Cell(usize),
}
