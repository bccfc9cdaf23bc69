//! What can be in the way of a file: facts beside their cause, and the one place where they become prose.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A file that could not be made, or would not be.
#[derive(Debug)]
pub struct FileError {
    path: PathBuf,
    fact: Fact,
    is_report: bool,
}

/// What is in the way.
#[derive(Debug)]
pub(super) enum Fact {
    /// The folder is not there.
    NoFolder(PathBuf),
    /// What should be the folder is something else.
    NotAFolder(PathBuf),
    /// No file can be made in the folder.
    ClosedFolder(PathBuf, io::Error),
    /// The path is a folder.
    Folder,
    /// The path is a device, a pipe or a socket: a rename would put a file in its place.
    NotAFile,
    /// The path is a link, and what it leads to is not there.
    BrokenLink,
    /// The file is there and marked read-only.
    ReadOnly,
    /// Another program keeps the file from being replaced (Windows: it is open in a spreadsheet).
    Busy(io::Error),
    /// The ending of the name is that of no format.
    NoFormat,
    /// The format is one that this build was made without.
    LeftOut,
    /// Writing failed in the middle.
    Failed(io::Error),
}

impl FileError {
    pub(super) fn new(path: &Path, fact: Fact) -> Self {
        FileError { path: path.to_owned(), fact, is_report: false }
    }

    /// The same about the report, in words.
    pub(super) fn of_report(self) -> FileError {
        FileError { is_report: true, ..self }
    }

    /// The path that was asked for.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file would have been written, but another program keeps the old one from being replaced: write to
    /// [`beside`](super::beside) it instead, or again later.
    pub fn is_busy(&self) -> bool {
        matches!(self.fact, Fact::Busy(_))
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        let (what, the, are, flag, name) = match self.is_report {
            false => ("results", "the results", "are", "--results", "results.csv"),
            true => ("the report", "the report", "is", "--out", "report.html"),
        };
        match &self.fact {
            Fact::NoFolder(folder) => write!(
                f,
                "{what} cannot be written to `{path}`: the folder `{}` does not exist; create it, or give another path \
                 with `{flag}`",
                folder.display()
            ),
            Fact::NotAFolder(folder) => write!(
                f,
                "{what} cannot be written to `{path}`: `{}` is not a folder; give another path with `{flag}`",
                folder.display()
            ),
            Fact::ClosedFolder(folder, cause) => write!(
                f,
                "{what} cannot be written to `{path}`: no file can be made in the folder `{}` ({cause}); make it \
                 writable, or give another path with `{flag}`",
                folder.display()
            ),
            Fact::Folder => write!(
                f,
                "{what} cannot be written to `{path}`: it is a folder; add a file name, as in `{flag} {}`",
                self.path.join(name).display()
            ),
            Fact::NotAFile => write!(
                f,
                "{what} cannot be written to `{path}`: it is not an ordinary file, and {what} {are} put in place whole; \
                 give another path with `{flag}`"
            ),
            Fact::BrokenLink => write!(
                f,
                "{what} cannot be written to `{path}`: it is a link to a file that does not exist; remove it, or give \
                 another path with `{flag}`"
            ),
            Fact::ReadOnly => write!(
                f,
                "{what} cannot be written to `{path}`: the file is marked read-only; make it writable, move it away, \
                 or give another path with `{flag}`"
            ),
            Fact::NoFormat => write!(
                f,
                "{what} cannot be written to `{path}`: its ending is that of no format; name a file that ends in {}",
                super::Format::ENDINGS
            ),
            Fact::LeftOut => write!(
                f,
                "{what} cannot be written to `{path}`: this mjbatch was built without spreadsheets; name another format, \
                 or build it with the feature `xlsx`"
            ),
            Fact::Busy(cause) => write!(
                f,
                "`{path}` cannot be replaced while another program has it open ({cause}); close it there (a spreadsheet, \
                 perhaps), then write {the} again"
            ),
            Fact::Failed(cause) => write!(
                f,
                "{the} could not be written to `{path}`: {cause}; what was there before is unchanged, and nothing \
                 is lost: the state file has it all"
            ),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.fact {
            Fact::ClosedFolder(_, cause) | Fact::Busy(cause) | Fact::Failed(cause) => Some(cause),
            _ => None,
        }
    }
}
