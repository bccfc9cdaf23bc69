//! What a batch leaves behind for people and shops: one file a format, all of them made from the state's records alone.
//!
//! The path's ending tells the [`Format`]. A format is a short module with one function that takes the file, the [`Layout`]
//! and the records in order; `table` makes the rows of those that have rows. Pictures downloaded to files ([`downloads`]) and
//! the picture page ([`report`]) stand beside them. Two things hold for every format: [`check`] is asked before anything is
//! spent, and a file appears whole or not at all (`whole.rs`), so that a spreadsheet, a watcher or a kill in the middle never
//! meets half of one. The records are read one at a time, so that memory does not grow with their number.

mod csv;

mod error;
pub mod jsonl;
pub mod report;
pub mod shop;
mod table;
mod whole;
#[cfg(feature = "xlsx")]
mod xlsx;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use error::Fact;
pub use error::FileError;
use table::RowError;
use whole::Target;

use crate::manifest::{ColumnError, TableFormat};
use crate::task::Record;

/// What a file of results is, told by its name's ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// `.csv`: RFC 4180, a manifest again in its own columns.
    Csv,
    /// `.tsv`: the same with tabs.
    Tsv,
    /// `.jsonl`: one JSON object a task, with everything, see [`jsonl`].
    Jsonl,
    /// `.xlsx`: a spreadsheet, in builds that have the feature `xlsx`.
    Xlsx,
}

impl Format {
    /// The endings, for messages.
    const ENDINGS: &'static str = ".csv, .tsv, .jsonl or .xlsx";

    /// The format of this path, if its ending is one of them, in whatever case.
    pub fn of(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Format::Csv),
            "tsv" => Some(Format::Tsv),
            "jsonl" | "ndjson" => Some(Format::Jsonl),
            "xlsx" => Some(Format::Xlsx),
            _ => None,
        }
    }
}

/// A file of results that was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wrote {
    /// How many rows it has, without the header.
    pub rows: u64,
    /// What a person should know about it, a sentence each: what did not fit, say.
    pub notes: Vec<String>,
}

/// What the records do not say about themselves: the shape of the table, the same for all its rows.
#[derive(Debug, Clone, Copy)]
pub struct Layout<'a> {
    /// The names of the batch's own columns, in their order. A record's `vars` are their values.
    pub columns: &'a [String],
    /// The most pictures that any of the records has. Take it from the same snapshot of the state as the records; there
    /// are never fewer than four picture columns.
    pub max_images: usize,
    /// Whether the run that holds the state is alive: then a submit in flight is `running`, else `unknown`.
    pub run_lives: bool,
    /// The batch's name.
    pub batch: &'a str,
    /// What a table looks like. JSON lines are always one a task, with everything.
    pub shape: &'a TableFormat,
}

/// Why results were not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError<E> {
    /// The file could not be made. What was there before is untouched.
    #[error(transparent)]
    File(#[from] FileError),
    /// The records could not be read to their end. What was there before is untouched.
    #[error("the results cannot be written, because the state could not be read: {0}")]
    Record(E),
    /// A column of the person's own cannot be made for a task.
    #[error("the results cannot be written: for `{id}`, {why}; nothing is lost: the state has it all")]
    Column {
        /// The task.
        id: crate::task::TaskId,
        /// The column, and what is wrong.
        why: ColumnError,
    },
    /// A record has more pictures than the layout has columns: they are not of one snapshot.
    #[error("the results cannot be written: `{id}` has {images} images and there are columns for {columns}")]
    Columns {
        /// The task whose record it is.
        id: crate::task::TaskId,
        /// How many pictures it has.
        images: usize,
        /// How many fit.
        columns: usize,
    },
}

/// Whether results can be written to this path, found out before anything is spent.
///
/// The folder exists and a file can be made in it (one is, and removed again), and what is at the path, if anything, is an
/// ordinary file that may be replaced. A success is no promise: the disk may fill up later.
///
/// # Errors
///
/// What is in the way, with the path and what to do about it.
pub fn check(path: &Path) -> Result<(), FileError> {
    let target = Target::of(path)?;
    format_of(path)?;
    target.probe()
}

/// Writes the results to a file in the format of its name, whole or not at all.
///
/// # Errors
///
/// The file cannot be made or replaced, a record cannot be read, or one does not fit the layout. The file that was there
/// before is then untouched.
pub fn write<E>(
    path: &Path,
    layout: &Layout<'_>,
    records: impl IntoIterator<Item = Result<Record, E>>,
) -> Result<Wrote, WriteError<E>> {
    let target = Target::of(path)?;
    let format = format_of(path)?;
    let mut wrote = Wrote::default();
    target.replace(|out| {
        let written = match format {
            Format::Csv => csv::write(out, b',', layout, records).map(|told| wrote = told),
            Format::Tsv => csv::write(out, b'\t', layout, records).map(|told| wrote = told),
            Format::Jsonl => jsonl::write(out, layout, records).map(|rows| wrote.rows = rows),
            #[cfg(feature = "xlsx")]
            Format::Xlsx => xlsx::write(out, layout, records).map(|told| wrote = told),
            #[cfg(not(feature = "xlsx"))]
            Format::Xlsx => Ok(()), // refused above
        };
        written.map_err(|error| match error {
            RowError::Out(cause) => WriteError::File(target.failed(cause)),
            RowError::Of(error) => error,
        })
    })?;
    Ok(wrote)
}

/// The format of this path, if it is one that this build writes.
fn format_of(path: &Path) -> Result<Format, FileError> {
    match Format::of(path) {
        None => Err(FileError::new(path, Fact::NoFormat)),
        Some(Format::Xlsx) if cfg!(not(feature = "xlsx")) => Err(FileError::new(path, Fact::LeftOut)),
        Some(format) => Ok(format),
    }
}

/// Where to write results instead while the file at `path` cannot be replaced ([`FileError::is_busy`]): the name with
/// `.new` before its ending, in the same folder. `spring.results.csv` becomes `spring.results.new.csv`.
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_stem().map_or_else(OsString::new, OsString::from);
    name.push(".new");
    if let Some(ending) = path.extension() {
        name.push(".");
        name.push(ending);
    }
    path.with_file_name(name)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::task::{Images, Mode, Quota, RemoteTaskId, State, Task, TaskId};

    pub(crate) fn record(id: &str, vars: &[&str]) -> Record {
        Record {
            task: Task {
                id: TaskId(id.to_owned()),
                prompt: format!("a {id}, soft light --ar 16:9"),
                mode: Mode::Fast.into(),
                timeout: None,
                hook_url: None,
                vars: vars.iter().map(|&v| v.to_owned()).collect(),
                action: None,
                priority: 0,
                entry: 0,
                earlier: None,
            },
            state: State::Pending,
            reason: None,
            sent_in: None,
            attempts: 0,
            quota: None,
            task_id: None,
            images: Images::default(),
            submitted_at: None,
            finished_at: None,
        }
    }

    pub(crate) fn done(id: &str, vars: &[&str], images: usize) -> Record {
        Record {
            state: State::Done,
            attempts: 1,
            quota: Some(Quota(1500)),
            task_id: Some(RemoteTaskId(format!("T-{id}"))),
            images: Images {
                grid: Some(format!("https://cdn/{id}.png")),
                urls: (1..=images).map(|n| format!("https://cdn/{id}_{n}.png")).collect(),
            },
            submitted_at: Some("2026-03-01T09:00:00.999Z".parse().unwrap()),
            finished_at: Some("2026-03-01T10:01:02+01:00".parse().unwrap()),
            ..record(id, vars)
        }
    }

    #[test]
    fn the_name_beside_keeps_the_folder_and_the_ending() {
        for (path, expected) in [
            ("out/spring.results.csv", "out/spring.results.new.csv"),
            ("spring.csv", "spring.new.csv"),
            ("spring", "spring.new"),
        ] {
            assert_eq!(beside(Path::new(path)), Path::new(expected));
        }
    }

    #[test]
    fn the_ending_tells_the_format_and_what_is_none_is_refused_before_anything_is_spent() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |name: &str| {
            let error = check(&folder.path().join(name)).unwrap_err().to_string();
            error.replace(&folder.path().display().to_string(), "DIR")
        };
        assert_eq!(Format::of(Path::new("a/B.XLSX")), Some(Format::Xlsx));
        insta::assert_snapshot!(refused("a.xls"), @"results cannot be written to `DIR/a.xls`: its ending is that of no format; name a file that ends in .csv, .tsv, .jsonl or .xlsx");
        assert!(refused("results").contains("its ending"));
        for name in ["a.csv", "a.tsv", "a.jsonl"] {
            check(&folder.path().join(name)).unwrap();
        }
        assert_eq!(check(&folder.path().join("a.xlsx")).is_ok(), cfg!(feature = "xlsx"));
    }
}
