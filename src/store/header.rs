//! The header of a state, and the reference to a manifest that a state is synced with.

use std::path::{Path, PathBuf};

use super::StateLocation;

/// What a state says about its batch as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// The name of the batch.
    pub batch: String,
    /// The identity of the service whose taskIds the state keeps.
    pub service: String,
    /// The manifest's own columns.
    pub columns: Vec<String>,
    /// The columns that a person added to the results, in their order.
    pub added: Vec<String>,
    /// The letters that name the batch in the refs of its tables. `None` for a state of an older
    /// program that was never opened for writing.
    pub letters: Option<String>,
    /// Where the manifest was as the state last saw it. `None` where an older program saw it last.
    pub manifest_path: Option<PathBuf>,
}

/// A state that was found in a folder, known by its header alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundState {
    /// Where it is.
    pub location: StateLocation,
    /// The name of the batch.
    pub batch: String,
    /// The identity of the service whose taskIds the state keeps.
    pub service: String,
    /// The letters that name the batch in the refs of its tables. `None` where an older program
    /// wrote the state last.
    pub letters: Option<String>,
    /// The name of the manifest's file, without its folder.
    pub manifest_file: Option<String>,
    /// Where the manifest was as the state last saw it. `None` where an older program saw it last.
    pub manifest_path: Option<PathBuf>,
    /// The BLAKE3 hash of the manifest.
    pub manifest_hash: Option<[u8; 32]>,
}

/// The manifest whose tasks a state takes over, without the tasks.
#[derive(Debug, Clone, Copy)]
pub struct ManifestRef<'a> {
    /// The name of the batch.
    pub batch: &'a str,
    /// The manifest's own columns.
    pub columns: &'a [String],
    /// The BLAKE3 hash of the manifest, by which an unchanged one is recognized.
    pub hash: [u8; 32],
    /// The manifest's file, as it was named.
    pub file: &'a Path,
}
