//! What a batch leaves behind for people and shops: one file a format, all of them made from the state's records alone.
//!
//! A format is a short module with one function that takes the path, the [`Layout`] and the records in order: today
//! [`csv`](mod@csv). Further formats, pictures downloaded to files and the picture page belong beside it. Two things hold
//! for every format: [`check`] is asked before anything is spent, and a file appears whole or not at all (`whole.rs`), so
//! that a spreadsheet, a watcher or a kill in the middle never meets half of one.

pub mod csv;
pub mod downloads;
mod error;
mod whole;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use error::FileError;

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
    /// A record has more pictures than the layout has columns: they are not of one snapshot.
    #[error("the results cannot be written: `{id}` has {images} images and there are columns for {columns}")]
    Columns {
        /// The task whose record it is.
        id: crate::task::Id,
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
    whole::Target::of(path)?.probe()
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
mod tests {
    use super::*;

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
}
