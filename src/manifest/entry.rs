//! An entry as it was understood, before anything of it is multiplied.

use std::ops::Range;

use super::matrix::{Matrix, Pairs};
use super::params::Written;
use super::table::Row;
use super::template::Text;
use crate::prompt::{Origin, Param};
use crate::task::{Action, Earlier, TaskMode};

/// One of `prompts`, or a whole table of rows that are alike.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) prompt: Source,
    /// Whether braces make permutations.
    pub(super) permutes: bool,
    /// How often each prompt is made, where it is said.
    pub(super) repeat: Option<u32>,
    pub(super) priority: i16,
    pub(super) id: Option<Text>,
    /// Variables that the id uses itself: their values are not added to it.
    pub(super) told: Vec<usize>,
    pub(super) mode: TaskMode,
    pub(super) timeout: Option<u16>,
    pub(super) hook_url: Option<String>,
    pub(super) params: Vec<Written>,
    /// Of the later of two values of a variable.
    pub(super) vars: Pairs,
    pub(super) matrix: Option<Matrix>,
    /// The table whose rows it is made for.
    pub(super) table: Option<usize>,
    pub(super) spot: Spot,
}

/// Where an entry's prompts come from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Text(Text),
    /// A column of the table.
    Cells,
    /// A column of the table, whose prompts were sent already: nothing in them has a meaning.
    FinalCells,
}

/// Where the parts of an entry are in the manifest.
#[derive(Debug, Clone, Default)]
pub(super) struct Spot {
    pub(super) head: Range<usize>,
    pub(super) id: Option<Range<usize>>,
    pub(super) prompt: Range<usize>,
    /// What multiplies it: the key `matrix`, `zip` or `repeat`.
    pub(super) multiplier: Option<Range<usize>>,
}

/// What one entry, or one row of it, says: the thing that a matrix, permutations and takes multiply.
#[derive(Debug)]
pub(super) struct Item<'a> {
    pub(super) entry: &'a Entry,
    pub(super) row: Option<Row>,
    pub(super) mode: TaskMode,
    pub(super) timeout: Option<u16>,
    pub(super) hook_url: Option<String>,
    pub(super) repeat: Option<u32>,
    pub(super) priority: i16,
    pub(super) action: Option<Action>,
    pub(super) earlier: Option<Box<Earlier>>,
    /// Those of the row, after those of the entry.
    pub(super) flags: Vec<(usize, Param)>,
}

impl Item<'_> {
    /// Where a param comes from: the columns of a row are explicit.
    pub(super) const OF_CELLS: Origin = Origin::Explicit;
}

/// A part of an item, for which there is a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Prompt,
    Id,
    /// A part of the entry's params, by index.
    Param(usize, crate::prompt::Part),
    /// A cell of the row.
    Cell(usize),
}
