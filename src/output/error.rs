//! Why a file cannot be written: facts with their causes, and the one place where they become
//! prose.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A file that was not written, or cannot be.
#[derive(Debug)]
pub struct FileError {
    path: PathBuf,
    kind: FileErrorKind,
    is_report: bool,
}

/// Why a file cannot be written.
#[derive(Debug)]
pub(super) enum FileErrorKind {
    /// The folder does not exist.
    NoFolder(PathBuf),
    /// The parent of the path is not a folder.
    NotAFolder(PathBuf),
    /// No file can be created in the folder.
    ClosedFolder(PathBuf, io::Error),
    /// The path is a folder.
    Folder,
    /// The path is a device, a pipe or a socket, which a rename would replace by a file.
    NotAFile,
    /// The path is a symbolic link to a file that does not exist.
    BrokenLink,
    /// The existing file is marked read-only.
    ReadOnly,
    /// Another program has the file open, so it cannot be replaced (Windows: open in a
    /// spreadsheet).
    Busy(io::Error),
    /// The extension of the name is not that of a format.
    NoFormat,
    /// This build does not have the format.
    NotInBuild,
    /// Writing failed in the middle.
    Failed(io::Error),
}

impl FileError {
    pub(super) fn new(path: &Path, kind: FileErrorKind) -> Self {
        FileError { path: path.to_owned(), kind, is_report: false }
    }

    /// The same error about the report instead of results.
    pub(super) fn of_report(self) -> FileError {
        FileError { is_report: true, ..self }
    }

    /// The path, as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file would have been written, but another program keeps the old one from being
    /// replaced: write to [`beside`](super::beside) it instead, or again later.
    pub fn is_busy(&self) -> bool {
        matches!(self.kind, FileErrorKind::Busy(_))
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        let (what, the, are, flag, name) = match self.is_report {
            false => ("results", "the results", "are", "--results", "results.csv"),
            true => ("the report", "the report", "is", "--out", "report.html"),
        };
        match &self.kind {
            FileErrorKind::NoFolder(folder) => write!(
                f,
                "{what} cannot be written to `{path}`: the folder `{}` does not exist; create it, or give another path \
                 with `{flag}`",
                folder.display()
            ),
            FileErrorKind::NotAFolder(folder) => write!(
                f,
                "{what} cannot be written to `{path}`: `{}` is not a folder; give another path with `{flag}`",
                folder.display()
            ),
            FileErrorKind::ClosedFolder(folder, cause) => write!(
                f,
                "{what} cannot be written to `{path}`: no file can be created in the folder `{}` ({cause}); make it \
                 writable, or give another path with `{flag}`",
                folder.display()
            ),
            FileErrorKind::Folder => write!(
                f,
                "{what} cannot be written to `{path}`: it is a folder; add a file name, as in `{flag} {}`",
                self.path.join(name).display()
            ),
            FileErrorKind::NotAFile => write!(
                f,
                "{what} cannot be written to `{path}`: it is not a regular file, and {what} {are} put in place by a rename; \
                 give another path with `{flag}`"
            ),
            FileErrorKind::BrokenLink => write!(
                f,
                "{what} cannot be written to `{path}`: it is a link to a file that does not exist; remove it, or give \
                 another path with `{flag}`"
            ),
            FileErrorKind::ReadOnly => write!(
                f,
                "{what} cannot be written to `{path}`: the file is marked read-only; make it writable, move it away, \
                 or give another path with `{flag}`"
            ),
            FileErrorKind::NoFormat => write!(
                f,
                "{what} cannot be written to `{path}`: its extension is not that of a format; use one of {}",
                super::format::ResultsFormat::EXTENSIONS
            ),
            FileErrorKind::NotInBuild => write!(
                f,
                "{what} cannot be written to `{path}`: this build of mjbatch cannot write spreadsheets; choose another format, \
                 or build it with the feature `xlsx`"
            ),
            FileErrorKind::Busy(cause) => write!(
                f,
                "`{path}` cannot be replaced while another program has it open ({cause}); close it there (a spreadsheet, \
                 perhaps), then write {the} again"
            ),
            FileErrorKind::Failed(cause) => write!(
                f,
                "{the} could not be written to `{path}`: {cause}; what was there before is unchanged, and nothing \
                 is lost: the state file has everything"
            ),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            FileErrorKind::ClosedFolder(_, cause)
            | FileErrorKind::Busy(cause)
            | FileErrorKind::Failed(cause) => Some(cause),
            _ => None,
        }
    }
}
