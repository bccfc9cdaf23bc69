//! What a table of results looks like, what was written, and why it was not.

use std::io;

use super::error::FileError;
use crate::manifest::{ColumnError, TableFormat};

/// A file of results that was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriteStats {
    /// How many rows it has, without the header.
    pub rows: u64,
    /// Warnings about it, a sentence each: what did not fit, for example.
    pub notes: Vec<String>,
}

/// What the rows of a table have in common and the records do not say themselves.
#[derive(Debug, Clone, Copy)]
pub struct Layout<'a> {
    /// The names of the batch's own columns, in their order. A record's `vars` are their values.
    pub columns: &'a [String],
    /// The most images that any of the records has, from the same snapshot of the state as the
    /// records. There are never fewer than four image columns.
    pub max_images: usize,
    /// Whether a run is going on: then a submit in flight is `running`, else `unknown`.
    pub run_lives: bool,
    /// The batch's name.
    pub batch: &'a str,
    /// The letters that name the batch in the refs of its rows; without them there are no refs.
    pub letters: Option<&'a str>,
    /// The names of the columns that a person added, in their order. A record's kept cells are
    /// their values.
    pub added: &'a [String],
    /// What a table looks like. JSON lines ignore it: they are one per task, with every field.
    pub shape: &'a TableFormat,
}

/// Why results were not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResultsError<E> {
    /// The file could not be created or replaced. What was there before is unchanged.
    #[error(transparent)]
    File(#[from] FileError),
    /// The records could not be read to their end. What was there before is unchanged.
    #[error("the results cannot be written, because the state could not be read: {0}")]
    Record(E),
    /// A custom column cannot be filled for a task.
    #[error("the results cannot be written: for `{id}`, {why}; nothing is lost: the state has everything")]
    Column {
        /// The task.
        id: crate::task::TaskId,
        /// The column, and what is wrong.
        why: ColumnError,
    },
    /// A record has more images than the layout has columns: they are not from the same snapshot.
    #[error("the results cannot be written: `{id}` has {images} images and there are columns for {columns}")]
    Columns {
        /// The task whose record it is.
        id: crate::task::TaskId,
        /// How many images it has.
        images: usize,
        /// How many fit.
        columns: usize,
    },
}

/// Why a format could not write its rows.
pub(super) enum RowError<E> {
    /// The file cannot be written.
    Out(io::Error),
    /// The records cannot be read, or do not fit the layout.
    Of(ResultsError<E>),
}

impl<E> From<io::Error> for RowError<E> {
    fn from(cause: io::Error) -> Self {
        RowError::Out(cause)
    }
}
