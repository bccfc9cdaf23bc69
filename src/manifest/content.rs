//! What a manifest of any format says, before its tasks have names.

use std::ops::Range;

use super::BatchSettings;
use super::cells::RecordPlaces;
use crate::diagnostic::{Place, Source};
use crate::task::Task;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) name: Option<String>,
    pub(super) columns: Vec<String>,
    /// Those without an id have an empty one.
    pub(super) tasks: Vec<Task>,
    pub(super) places: Places,
    pub(super) batch: BatchSettings,
}

/// Where the tasks are, in their order.
#[derive(Debug)]
pub(super) enum Places {
    /// The spans of each.
    Spots(Vec<Spot>),
    /// The rows of a table.
    Rows(Rows),
}

/// Where a task's id (or prompt, where it has none) and its prompt are.
#[derive(Debug)]
pub(super) struct Spot {
    pub(super) id: Range<usize>,
    pub(super) prompt: Range<usize>,
}

/// Where the rows of a table start, from which the cells can be found again.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) starts: Vec<usize>,
    pub(super) separator: u8,
    pub(super) id: Option<usize>,
    pub(super) prompt: usize,
}

impl Default for Places {
    fn default() -> Self {
        Places::Spots(Vec::new())
    }
}

impl Places {
    /// Where a task's id is.
    pub(super) fn id(&self, task: usize, source: &Source<'_>) -> Place {
        match self {
            Places::Spots(spots) => source.place(spots.get(task).map_or(0..0, |spot| spot.id.clone())),
            Places::Rows(rows) => rows.cell(task, rows.id.unwrap_or(rows.prompt), source),
        }
    }

    /// Where a task's prompt is.
    pub(super) fn prompt(&self, task: usize, source: &Source<'_>) -> Place {
        match self {
            Places::Spots(spots) => source.place(spots.get(task).map_or(0..0, |spot| spot.prompt.clone())),
            Places::Rows(rows) => rows.cell(task, rows.prompt, source),
        }
    }

    /// What a task is written in, for a message.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Places::Spots(_) => "entries",
            Places::Rows(_) => "rows",
        }
    }
}

impl Rows {
    fn cell(&self, task: usize, column: usize, source: &Source<'_>) -> Place {
        let start = self.starts.get(task).copied().unwrap_or_default();
        let text = source.text();
        source.place(RecordPlaces::read(text, start, self.separator).cell(text, column))
    }
}
