//! What stands where results are to be written: nothing that could be lost, results of this batch
//! with what people have written into them since, or somebody's file.
//!
//! Nothing is changed here. A file that the program wrote and nobody touched is known by its hash,
//! so that a table of a million rows is parsed only where it was edited.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;

use super::returned_cells::{self, ReturnedCells, RowCells};
use crate::output::{self, Layout, ReturnedRow, ReturnedTable, TableOrigin};
use crate::store::{Header, Snapshot, StoreError, WrittenFile};
use crate::task::TaskRow;

/// What stands at the path of a file of results.
#[derive(Debug)]
pub enum PresentFile {
    /// Nothing that could be lost: no file, an empty one, or one that the program wrote and nobody
    /// has edited since.
    Replaceable,
    /// Results of this batch, with what a person has written into them.
    Edited(ReturnedCells),
    /// Somebody's file, for this reason.
    Foreign(ForeignFile),
}

/// Why a file is not to be replaced by results.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForeignFile {
    /// It is not a table of results.
    #[error("it is not results of this batch")]
    NotResults,
    /// It has columns that say nothing of their batch, and was edited since it was written.
    #[error("it was edited since it was written, and its columns do not say which tasks its rows are")]
    NotAsWritten,
    /// It is results, and there is no state that they could be of.
    #[error("it is results, and this batch has no state yet")]
    NoState,
    /// A row is of another batch.
    #[error("row {line} is of another batch")]
    OtherBatch {
        /// The row, from 1.
        line: usize,
    },
    /// A row is not the program's, and would be lost.
    #[error("row {line} is not a task of this batch, and would be lost")]
    OwnRow {
        /// The row, from 1.
        line: usize,
    },
    /// A row is about something that the state does not know, which may have been restored from an
    /// older copy.
    #[error("row {line} is about a job that the state does not know: the state may be an older copy")]
    NewerThanState {
        /// The row, from 1.
        line: usize,
    },
    /// A sheet of a workbook is not the program's, and would be lost.
    #[error("its sheet `{name}` is not results, and would be lost")]
    OwnSheet {
        /// Its name.
        name: String,
    },
    /// It cannot be read as a table, for this reason.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// Looks at what stands at a path. Without a snapshot there is no state yet.
///
/// # Errors
/// Where the state cannot be read.
pub fn look_at(
    path: &Path,
    layout: &Layout<'_>,
    snapshot: Option<&Snapshot>,
) -> Result<PresentFile, StoreError> {
    let hash = match hash_of(path) {
        Ok(Some(hash)) => hash,
        Ok(None) => return Ok(PresentFile::Replaceable),
        Err(error) => return Ok(PresentFile::Foreign(ForeignFile::Unreadable(error.to_string()))),
    };
    let written = snapshot.map(|snapshot| snapshot.written_files(path)).transpose()?.unwrap_or_default();
    if written.iter().any(|file| file.hash == hash) {
        return Ok(PresentFile::Replaceable);
    }
    let mut rows = RowsByTask::new(snapshot, layout.letters);
    let table = match output::scan(path, &mut |row| rows.take(row)) {
        Ok(table) => table,
        Err(problems) => {
            let message = problems.iter().next().map(|found| found.message.clone()).unwrap_or_default();
            return Ok(PresentFile::Foreign(ForeignFile::Unreadable(message)));
        }
    };
    if let Some(error) = rows.failed {
        return Err(error);
    }
    if let Some(foreign) = foreign(&table, rows.foreign(), layout, snapshot, &written)? {
        return Ok(foreign.map_or(PresentFile::Replaceable, PresentFile::Foreign));
    }
    let Some(snapshot) = snapshot else { return Ok(PresentFile::Replaceable) };
    let header = snapshot.header()?;
    let cells =
        returned_cells::read(&table, rows.of, &header, snapshot, &deleted(&table, &header, &written))?;
    Ok(PresentFile::Edited(cells))
}

/// The hash of a file; `None` where there is none, or nothing in it.
fn hash_of(path: &Path) -> io::Result<Option<[u8; 32]>> {
    let mut hasher = blake3::Hasher::new();
    match File::open(path).and_then(|file| hasher.update_reader(file).map(drop)) {
        Ok(()) if hasher.count() == 0 => Ok(None),
        Ok(()) => Ok(Some(*hasher.finalize().as_bytes())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Why a table is not to be replaced; `Some(None)` where it may be, and nothing of it is kept.
/// `None` where it is results of this batch.
fn foreign(
    table: &ReturnedTable,
    of_row: Option<ForeignFile>,
    layout: &Layout<'_>,
    snapshot: Option<&Snapshot>,
    written: &[WrittenFile],
) -> Result<Option<Option<ForeignFile>>, StoreError> {
    if let Some(name) = table.foreign_sheets.first() {
        return Ok(Some(Some(ForeignFile::OwnSheet { name: name.clone() })));
    }
    if table.origin == TableOrigin::Foreign {
        // A program before this one remembered nothing of what it wrote.
        let is_of_older = match snapshot {
            Some(snapshot) => !snapshot.has_written_files()? && table.header == output::column_names(layout),
            None => false,
        };
        let foreign = if written.is_empty() { ForeignFile::NotResults } else { ForeignFile::NotAsWritten };
        return Ok(Some((!is_of_older).then_some(foreign)));
    }
    if snapshot.is_none() && of_row.is_some() {
        return Ok(Some(Some(ForeignFile::NoState)));
    }
    Ok(of_row.map(Some))
}

/// The columns of a person that the file had as it was written, and has no longer: they were
/// removed from it.
fn deleted(table: &ReturnedTable, header: &Header, written: &[WrittenFile]) -> Vec<String> {
    let is_gone = |name: &&String| {
        !written.is_empty()
            && written.iter().all(|file| file.added.contains(name))
            && !table.columns.iter().any(|other| other.to_lowercase() == name.to_lowercase())
    };
    header.added.iter().filter(is_gone).cloned().collect()
}

/// The rows of a table, by their tasks.
struct RowsByTask<'s> {
    snapshot: Option<&'s Snapshot>,
    letters: Option<&'s str>,
    of: BTreeMap<TaskRow, Vec<RowCells>>,
    /// How many rows have a taskId that the state knows.
    known_jobs: u64,
    /// The first row with a ref of another batch.
    other_batch: Option<usize>,
    /// The first reason for which the table is somebody's.
    foreign: Option<ForeignFile>,
    failed: Option<StoreError>,
}

impl<'s> RowsByTask<'s> {
    fn new(snapshot: Option<&'s Snapshot>, letters: Option<&'s str>) -> RowsByTask<'s> {
        let (other_batch, foreign, failed) = (None, None, None);
        RowsByTask { snapshot, letters, of: BTreeMap::new(), known_jobs: 0, other_batch, foreign, failed }
    }

    fn take(&mut self, mut row: ReturnedRow) {
        if self.foreign.is_some() || self.failed.is_some() {
            return;
        }
        // What was taken over from results has the refs of the state that was lost.
        let is_other = row.row_ref.as_ref().is_some_and(|it| Some(it.batch.as_str()) != self.letters);
        if is_other {
            self.other_batch.get_or_insert(row.line);
            (row.row_ref, row.ref_text) = (None, String::new());
        }
        match self.task_of(&row) {
            Ok(Ok(task)) => self.of.entry(task).or_default().push(RowCells::of(row)),
            Ok(Err(_)) if is_other => self.foreign = Some(ForeignFile::OtherBatch { line: row.line }),
            Ok(Err(foreign)) => self.foreign = Some(foreign),
            Err(error) => self.failed = Some(error),
        }
    }

    /// The task that a row is about, or why the row is not of this batch.
    fn task_of(&mut self, row: &ReturnedRow) -> Result<Result<TaskRow, ForeignFile>, StoreError> {
        let line = row.line;
        let Some(snapshot) = self.snapshot else { return Ok(Err(ForeignFile::NoState)) };
        let task = match &row.row_ref {
            Some(row_ref) => Some(row_ref.task),
            None if row.ref_text.is_empty() => snapshot.task_of_results(&row.id, &row.task_id)?,
            None => None,
        };
        let Some(task) = task else { return Ok(Err(ForeignFile::OwnRow { line })) };
        if !row.task_id.is_empty() {
            if !snapshot.has_attempt(task, &row.task_id)? {
                return Ok(Err(ForeignFile::NewerThanState { line }));
            }
            self.known_jobs += 1;
        }
        match snapshot.kept_cells(task)? {
            Some(_) => Ok(Ok(task)),
            None => Ok(Err(ForeignFile::NewerThanState { line })),
        }
    }

    /// Why the table is somebody's, if it is. One of another batch may be about tasks of the same
    /// ids, but not about the same jobs.
    fn foreign(&self) -> Option<ForeignFile> {
        let other = self.other_batch.filter(|_| self.known_jobs == 0);
        self.foreign.clone().or(other.map(|line| ForeignFile::OtherBatch { line }))
    }
}
