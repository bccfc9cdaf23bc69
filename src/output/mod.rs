//! Writes the results of a batch for people and shops, each file from the records of the state
//! alone.
//!
//! The extension of the path selects the [`ResultsFormat`]. Each format is a short module with one
//! function that takes the file, the [`Layout`] and the records in order; `table` makes the rows of
//! those that have rows, and `shop` those of shop imports. The image page is in [`report`]. Two
//! things hold for every format: [`check`] is called before anything is spent, and a file appears
//! complete or not at all (`atomic_file`), so that a spreadsheet, a watcher or a kill never meets
//! half of one. Records are read one at a time, so that memory does not grow with their number.

mod atomic_file;
mod cell;
mod csv;
mod decision;
mod error;
mod format;
pub mod jsonl;
mod layout;
mod own_columns;
mod read_back;
pub mod report;
pub mod shop;
mod table;
#[cfg(feature = "xlsx")]
mod xlsx;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use atomic_file::{AtomicFile, HashedFile};
pub use error::FileError;
use error::FileErrorKind;
pub use format::ResultsFormat;
use layout::RowError;
pub use layout::{Layout, ResultsError, WriteStats};
pub use read_back::{
    EarlierResults, PickError, ReturnedRow, ReturnedTable, TableOrigin, read_back, read_earlier, scan,
    table_origin, typed_picks,
};
pub use table::shown_columns;

use crate::task::Record;

/// Checks that results can be written to this path. Called before anything is spent.
///
/// The folder must exist and a file be created in it (one is, and removed again), and what is at
/// the path, if anything, must be a regular file that may be replaced. Success is no guarantee: the
/// disk may fill up later.
///
/// # Errors
///
/// What is wrong, with the path and what to do about it.
pub fn check(path: &Path) -> Result<(), FileError> {
    let target = AtomicFile::of(path)?;
    format_of(path)?;
    target.probe()
}

/// Writes the results to a file in the format of its extension, completely or not at all.
///
/// # Errors
///
/// The file cannot be created or replaced, a record cannot be read, or one does not fit the layout.
/// The file that was there before is then unchanged.
pub fn write<E>(
    path: &Path,
    layout: &Layout<'_>,
    records: impl IntoIterator<Item = Result<Record, E>>,
) -> Result<WriteStats, ResultsError<E>> {
    write_and(path, layout, records, |_| ())
}

/// The same. `placing` is called with the BLAKE3 hash of the new file before it is in its place.
///
/// # Errors
/// Those of [`write`].
pub fn write_and<E>(
    path: &Path,
    layout: &Layout<'_>,
    records: impl IntoIterator<Item = Result<Record, E>>,
    placing: impl FnOnce([u8; 32]),
) -> Result<WriteStats, ResultsError<E>> {
    let target = AtomicFile::of(path)?;
    let format = format_of(path)?;
    let mut wrote = WriteStats::default();
    let fill = |out: &mut HashedFile<'_>| {
        let written = match format {
            ResultsFormat::Csv => csv::write(out, b',', layout, records).map(|stats| wrote = stats),
            ResultsFormat::Tsv => csv::write(out, b'\t', layout, records).map(|stats| wrote = stats),
            ResultsFormat::Jsonl => jsonl::write(out, layout, records).map(|rows| wrote.rows = rows),
            #[cfg(feature = "xlsx")]
            ResultsFormat::Xlsx => xlsx::write(out, layout, records).map(|stats| wrote = stats),
            #[cfg(not(feature = "xlsx"))]
            ResultsFormat::Xlsx => Ok(()), // refused above
        };
        written.map_err(|error| match error {
            RowError::Out(cause) => ResultsError::File(target.failed(cause)),
            RowError::Of(error) => error,
        })
    };
    target.replace(fill, placing)?;
    Ok(wrote)
}

/// The names of the columns that a table of this layout has.
pub fn column_names(layout: &Layout<'_>) -> Vec<String> {
    table::header(layout)
}

/// The format of this path, if this build can write it.
fn format_of(path: &Path) -> Result<ResultsFormat, FileError> {
    match ResultsFormat::of(path) {
        None => Err(FileError::new(path, FileErrorKind::NoFormat)),
        Some(ResultsFormat::Xlsx) if cfg!(not(feature = "xlsx")) => {
            Err(FileError::new(path, FileErrorKind::NotInBuild))
        }
        Some(format) => Ok(format),
    }
}

/// Where to write results instead while the file at `path` cannot be replaced
/// ([`FileError::is_busy`]): the name with `.new` before its ending, in the same folder.
/// `spring.results.csv` becomes `spring.results.new.csv`.
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
    use std::sync::LazyLock;

    use super::*;
    use crate::manifest::TableFormat;
    use crate::task::{Images, Mode, Quota, RemoteTaskId, State, Task, TaskRow};

    /// The format of tables unless said otherwise.
    pub(crate) static PLAIN: LazyLock<TableFormat> = LazyLock::new(TableFormat::default);

    /// The least that a table needs.
    pub(crate) fn layout(shape: &TableFormat) -> Layout<'_> {
        let (columns, added) = (&[], &[]);
        Layout {
            columns,
            max_images: 4,
            run_lives: false,
            batch: "",
            letters: Some("kqzmwtpa"),
            added,
            shape,
        }
    }

    pub(crate) fn record(id: &str, vars: &[&str]) -> Record {
        let task = Task {
            vars: vars.iter().map(|&v| v.to_owned()).collect(),
            ..Task::new(id, format!("a {id}, soft light --ar 16:9"), Mode::Fast)
        };
        Record::pending(TaskRow(12), task)
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
    fn the_extension_selects_the_format_and_any_other_is_refused_before_anything_is_spent() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |name: &str| {
            let error = check(&folder.path().join(name)).unwrap_err().to_string();
            error.replace(&folder.path().display().to_string(), "DIR")
        };
        assert_eq!(ResultsFormat::of(Path::new("a/B.XLSX")), Some(ResultsFormat::Xlsx));
        insta::assert_snapshot!(refused("a.xls"), @"results cannot be written to `DIR/a.xls`: its extension is not that of a format; use one of .csv, .tsv, .jsonl or .xlsx");
        assert!(refused("results").contains("its extension"));
        for name in ["a.csv", "a.tsv", "a.jsonl"] {
            check(&folder.path().join(name)).unwrap();
        }
        assert_eq!(check(&folder.path().join("a.xlsx")).is_ok(), cfg!(feature = "xlsx"));
    }
}
