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
