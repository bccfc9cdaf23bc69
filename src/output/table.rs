//! The rows of the formats that have rows: what stands in which column, before a format says how it is written.

use std::borrow::Cow;
use std::io;

use jiff::Timestamp;

use super::{Layout, WriteError};
use crate::task::{Quota, Record, Status};

/// The picture columns that are always there.
const LEAST_IMAGES: usize = 4;

/// What stands in one place of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'r> {
    /// Nothing is known.
    Empty,
    /// Text of the person's or the service's, as it is.
    Text(Cow<'r, str>),
    /// The address of a picture.
    Link(Cow<'r, str>),
    Status(Status),
    Count(u64),
    Quota(Quota),
    Time(Timestamp),
}

impl<'r> Cell<'r> {
    fn text(text: &'r str) -> Cell<'r> {
        Cell::Text(Cow::Borrowed(text))
    }

    fn link(address: Option<&'r String>) -> Cell<'r> {
        address.map_or(Cell::Empty, |address| Cell::Link(Cow::Borrowed(address)))
    }
}

/// Why rows were not written.
pub(super) enum RowError<E> {
    /// The file cannot be written.
    Out(io::Error),
    /// The records are not what they should be.
    Of(WriteError<E>),
}

impl<E> From<io::Error> for RowError<E> {
    fn from(cause: io::Error) -> Self {
        RowError::Out(cause)
    }
}

/// The names of the columns, in order.
pub(super) fn header(layout: &Layout<'_>) -> Vec<String> {
    let mut names = vec!["id".to_owned()];
    names.extend_from_slice(layout.columns);
    names.extend(["task_id", "status", "mode", "prompt", "reason", "grid"].map(str::to_owned));
    names.extend((1..=image_columns(layout)).map(|n| format!("image_{n}")));
    names.extend(["attempts", "quota", "submitted_at", "finished_at"].map(str::to_owned));
    names
}

/// Gives the rows one by one, each with as many cells as there are columns, and returns their number.
pub(super) fn rows<E>(
    layout: &Layout<'_>,
    records: impl IntoIterator<Item = Result<Record, E>>,
    mut write: impl FnMut(&[Cell<'_>]) -> io::Result<()>,
) -> Result<u64, RowError<E>> {
    let mut rows = 0;
    for record in records {
        let record = record.map_err(|error| RowError::Of(WriteError::Record(error)))?;
        let (images, columns) = (record.pictures.images.len(), image_columns(layout));
        if images > columns {
            return Err(RowError::Of(WriteError::Columns { id: record.task.id, images, columns }));
        }
        write(&row(layout, &record))?;
        rows += 1;
    }
    Ok(rows)
}

fn image_columns(layout: &Layout<'_>) -> usize {
    layout.max_images.max(LEAST_IMAGES)
}

fn row<'r>(layout: &Layout<'_>, record: &'r Record) -> Vec<Cell<'r>> {
    let task = &record.task;
    let mut cells = vec![Cell::text(&task.id.0)];
    let var = |n: usize| Cell::text(task.vars.get(n).map_or("", String::as_str));
    cells.extend((0..layout.columns.len()).map(var));
    cells.push(record.task_id.as_ref().map_or(Cell::Empty, |task_id| Cell::text(&task_id.0)));
    cells.push(Cell::Status(record.state.shown(layout.run_lives)));
    cells.push(Cell::text(task.mode.as_str()));
    cells.push(Cell::text(&task.prompt));
    cells.push(record.reason.as_deref().map_or(Cell::Empty, Cell::text));
    cells.push(Cell::link(record.pictures.grid.as_ref()));
    cells.extend((0..image_columns(layout)).map(|n| Cell::link(record.pictures.images.get(n))));
    cells.push(Cell::Count(record.attempts.into()));
    cells.push(record.quota.map_or(Cell::Empty, Cell::Quota));
    cells.extend([record.submitted_at, record.finished_at].map(|at| at.map_or(Cell::Empty, Cell::Time)));
    cells
}
