//! What a manifest was read from: the path, the options, and the bytes of all its files.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// Options of reading a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReadOptions {
    /// The number of tasks that the manifest may expand to; it overrides `max_tasks` of the
    /// manifest.
    pub max_tasks: Option<u64>,
}

/// The path, the options and the files that a manifest was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provenance {
    /// The path determines the format and the name, and appears in messages.
    pub(super) path: String,
    pub(super) options: ReadOptions,
    pub(super) bytes: usize,
    /// The paths of data files as written, in the order in which they were hashed.
    pub(super) files: Vec<String>,
}

impl Provenance {
    pub(crate) fn of(path: &Path, options: ReadOptions, bytes: usize, files: Vec<String>) -> Self {
        Provenance { path: path.display().to_string(), options, bytes, files }
    }
}

/// Combines the hash of a manifest's own bytes with that of its data files, if it has any.
pub(super) fn hash(own: blake3::Hash, files: Option<&blake3::Hasher>) -> [u8; 32] {
    let Some(files) = files else { return *own.as_bytes() };
    let mut all = blake3::Hasher::new();
    all.update(own.as_bytes());
    all.update(files.finalize().as_bytes());
    *all.finalize().as_bytes()
}

/// Hashes the name and the length of a data file before its bytes, so that no two sets of files
/// have one hash.
pub(super) fn announce(hasher: &mut blake3::Hasher, written: &str, bytes: u64) {
    hasher.update(&(written.len() as u64).to_le_bytes());
    hasher.update(written.as_bytes());
    hasher.update(&bytes.to_le_bytes());
}
