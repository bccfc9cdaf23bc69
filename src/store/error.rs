//! What can go wrong with a state, as facts; the words are here too, once.

use std::io;
use std::path::{Path, PathBuf};

/// Why a state could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such file.
    #[error("there is no state at {0}")]
    Absent(PathBuf),
    /// The file is something else; it was not touched.
    #[error("{0} is not a state file of mjbatch; it was left as it is")]
    NotAState(PathBuf),
    /// A pipe, a folder, a device: nothing that can be a state.
    #[error("{path} is {what}, and a state is a file")]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What is there, with its article.
        what: &'static str,
    },
    /// A file without a byte in it. A state never is: whatever it held is gone.
    #[error("{0} is empty: if it was a state, what it held is gone")]
    Empty(PathBuf),
    /// A file with several names: two runs could hold it at once, each under another.
    #[error("{path} is one file with {names} names (hard links), and a state has one")]
    SeveralNames {
        /// One of its names.
        path: PathBuf,
        /// How many it has.
        names: u64,
    },
    /// A symlink to a file that is not there.
    #[error("{0} is a symlink to a state that is not there")]
    LeadsNowhere(PathBuf),
    /// A file beside the state has the name that the program uses for its own, and is not its own.
    #[error("{0} is not a file of mjbatch, though it has the name of one; it was left as it is")]
    NotOurs(PathBuf),
    /// A run began, and did not end, and the log with what it wrote last is not there.
    #[error(
        "{path} is not whole: {} is missing, with what the run that did not end wrote last ({attempts} submits are known)",
        wal.display()
    )]
    LogMissing {
        /// The state.
        path: PathBuf,
        /// The log.
        wal: PathBuf,
        /// How many submits the state knows without it.
        attempts: u64,
    },
    /// A copy is never written over what is there.
    #[error("{0} is there already; it was left as it is")]
    Exists(PathBuf),
    /// The state was deleted or replaced while its run went on.
    #[error("{0} was deleted or replaced while the run went on")]
    Gone(PathBuf),
    /// It is one of ours, and damaged; it was not touched.
    #[error("{path} is damaged ({what}); it was left as it is")]
    Damaged {
        /// The state.
        path: PathBuf,
        /// What was found first.
        what: String,
    },
    /// A newer program wrote it.
    #[error("{path} was written by a newer mjbatch (tables of version {version}); it was left as it is")]
    Newer {
        /// The state.
        path: PathBuf,
        /// The version of its tables.
        version: i32,
    },
    /// An older program wrote it, and its tables must be brought up to date before it can be read.
    #[error("{0} was written by an older mjbatch")]
    Older(PathBuf),
    /// Another run has it.
    #[error("another run holds {path}: {holder}")]
    Held {
        /// The state.
        path: PathBuf,
        /// Who, in words.
        holder: String,
    },
    /// It belongs to another service.
    #[error("{path} belongs to {theirs}, and this run would use {ours}")]
    OtherService {
        /// The state.
        path: PathBuf,
        /// The service it was made with.
        theirs: String,
        /// The service that was asked for.
        ours: String,
    },
    /// The folder cannot hold a state safely, as network folders often cannot.
    #[error(
        "{path} lies in a folder that cannot hold a state safely: it has no write-ahead log (journal mode `{mode}`)"
    )]
    NoWal {
        /// The state.
        path: PathBuf,
        /// The way of writing that is possible there.
        mode: String,
    },
    /// The file system said no.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The state could not be read or written: the disk is full, the file is damaged, ...
    #[error("{path}: {source}")]
    Failed {
        /// The state.
        path: PathBuf,
        /// What the database said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The thread that writes is gone, after an error that was reported already.
    #[error("the state is no longer written, after an earlier error")]
    WriterGone,
}

impl StoreError {
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        StoreError::File { path: path.into(), source }
    }
}
