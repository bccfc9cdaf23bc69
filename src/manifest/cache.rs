//! The cache of a manifest, kept in the state: everything that a run needs besides the tasks, so
//! that the next run does not read a million tasks again only to find that nothing was edited.
//!
//! It is used only if the bytes of the manifest and of its data files, the path and the options
//! that it was read with, and the program are the same. In any doubt the manifest is read again.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::provenance::{Provenance, ReadOptions};
use super::read;
use super::settings::{BatchSettings, ImageSettings, TableFormat};

/// The version of the program that wrote the cache; only the same version uses it.
pub(super) const PROGRAM: &str = env!("CARGO_PKG_VERSION");
/// A manifest with fewer bytes than this, and fewer tasks than the next constant, is not cached:
/// reading it is faster than the check.
const LEAST_BYTES: usize = 256 << 10;
const LEAST_TASKS: u64 = 2_000;

/// A manifest without its tasks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestCache {
    pub(super) program: String,
    pub(super) provenance: Provenance,
    /// The number of its tasks.
    pub(super) tasks: u64,
    pub(super) has_actions: bool,
    /// The batch's name.
    pub name: String,
    /// The manifest's own columns.
    pub columns: Vec<String>,
    /// The settings of the map `batch`.
    pub batch: BatchSettings,
    /// What the tables of results look like.
    pub output: TableFormat,
    /// The settings of the image files.
    pub images: ImageSettings,
    /// The number of warnings.
    pub warnings: usize,
    /// The hash of the manifest.
    pub hash: [u8; 32],
    /// The template of image names that was checked against every task, if any was.
    pub validated_name_template: Option<String>,
}

impl ManifestCache {
    /// The files that the manifest reads besides itself, as it names them: from its folder.
    pub fn data_files(&self) -> &[String] {
        &self.provenance.files
    }

    /// The text to cache; `None` if reading the manifest again is as fast.
    pub fn serialize(&self) -> Option<String> {
        let is_small = self.provenance.bytes < LEAST_BYTES && self.tasks < LEAST_TASKS;
        let has_hooks = self.batch.on_done.is_some() || self.batch.on_finish.is_some();
        let says_more = self.has_actions || has_hooks;
        if is_small || says_more { None } else { serde_json::to_string(self).ok() }
    }

    /// Loads the cache, if it is what reading the manifest at this path would give now. Only the
    /// bytes of the files are read.
    pub fn load(text: &str, path: &Path, options: ReadOptions) -> Option<ManifestCache> {
        let outline: ManifestCache = serde_json::from_str(text).ok()?;
        let Provenance { path: then, options: those, bytes, files } = &outline.provenance;
        let is_as_then =
            outline.program == PROGRAM && *then == path.display().to_string() && *those == options;
        if !is_as_then || read::length(path)? != *bytes as u64 {
            return None;
        }
        (read::hash(path, files)? == outline.hash).then_some(outline)
    }
}
