//! What a manifest was read from: the path, the options and the bytes of all its files.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// What the command line says about reading a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReadOptions {
    /// How many tasks there may be; it overrides `max_tasks` of the manifest.
    pub max_tasks: Option<u64>,
}

/// How a manifest was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provenance {
    /// The path determines the format and the name, and appears in messages.
    pub(super) path: String,
    pub(super) options: ReadOptions,
    pub(super) bytes: usize,
    /// The data files as they are written, in the order in which they were hashed.
    pub(super) files: Vec<String>,
}

impl Provenance {
    pub(crate) fn of(path: &Path, options: ReadOptions, bytes: usize, files: Vec<String>) -> Self {
        Provenance { path: path.display().to_string(), options, bytes, files }
    }
}

/// The hash of a manifest, of that of its own bytes and that of its data files, if it has any.
pub(super) fn hash(own: blake3::Hash, files: Option<&blake3::Hasher>) -> [u8; 32] {
    let Some(files) = files else { return *own.as_bytes() };
    let mut all = blake3::Hasher::new();
    all.update(own.as_bytes());
    all.update(files.finalize().as_bytes());
    *all.finalize().as_bytes()
}

/// What goes before the bytes of a data file in the hash, so that no two sets of files are one.
pub(super) fn announce(hasher: &mut blake3::Hasher, written: &str, bytes: u64) {
    hasher.update(&(written.len() as u64).to_le_bytes());
    hasher.update(written.as_bytes());
    hasher.update(&bytes.to_le_bytes());
}
