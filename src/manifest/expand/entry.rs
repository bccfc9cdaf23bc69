//! An entry as it was understood, before anything of it is multiplied.

use std::ops::Range;

use super::matrix::{Matrix, Pairs};
use super::params::Written;
use crate::manifest::table::Row;
use crate::manifest::template::Text;
use crate::prompt::{Origin, Param};
use crate::task::{Action, Earlier, TaskMode};

/// One of `prompts`, or a whole table of rows that are alike.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) prompt: Source,
    /// Whether braces make permutations.
    pub(crate) permutes: bool,
    /// How often each prompt is made, where it is said.
    pub(crate) repeat: Option<u32>,
    pub(crate) priority: i16,
    pub(crate) id: Option<Text>,
    /// Variables that the id uses itself: their values are not added to it.
    pub(crate) told: Vec<usize>,
    pub(crate) mode: TaskMode,
    pub(crate) timeout: Option<u16>,
    pub(crate) hook_url: Option<String>,
    pub(crate) params: Vec<Written>,
    /// Of the later of two values of a variable.
    pub(crate) vars: Pairs,
    pub(crate) matrix: Option<Matrix>,
    /// The table whose rows it is made for.
    pub(crate) table: Option<usize>,
    pub(crate) spot: Spot,
}

impl Entry {
    /// The entry that the rows of a table are, the only one of its manifest.
    pub(crate) fn of_table(is_final: bool) -> Self {
        Entry {
            prompt: if is_final { Source::FinalCells } else { Source::Cells },
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
            spot: Spot::default(),
        }
    }

    /// Whether its prompts were sent by an earlier run and are final.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self.prompt, Source::FinalCells)
    }
}

/// Where an entry's prompts come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Text(Text),
    /// A column of the table.
    Cells,
    /// A column of the table, whose prompts were sent already: nothing in them has a meaning.
    FinalCells,
}

/// Where the parts of an entry are in the manifest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spot {
    pub(crate) head: Range<usize>,
    pub(crate) id: Option<Range<usize>>,
    pub(crate) prompt: Range<usize>,
    /// What multiplies it: the key `matrix`, `zip` or `repeat`.
    pub(crate) multiplier: Option<Range<usize>>,
}

/// What one entry, or one row of it, says: the thing that a matrix, permutations and takes multiply.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) row: Option<Row>,
    pub(crate) mode: TaskMode,
    pub(crate) timeout: Option<u16>,
    pub(crate) hook_url: Option<String>,
    pub(crate) repeat: Option<u32>,
    pub(crate) priority: i16,
    pub(crate) action: Option<Action>,
    pub(crate) earlier: Option<Box<Earlier>>,
    /// Those of the row, after those of the entry.
    pub(crate) flags: Vec<(usize, Param)>,
}

impl Item<'_> {
    /// Where a param comes from: the columns of a row are explicit.
    pub(crate) const OF_CELLS: Origin = Origin::Explicit;
}

/// A part of an item, for which there is a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Prompt,
    Id,
    /// A part of the entry's params, by index.
    Param(usize, crate::prompt::ParamPart),
    /// A cell of the row.
    Cell(usize),
}
