//! What a run needs of a manifest beside its tasks: kept in the state, it saves the next run from
//! reading a million tasks again only to find that nothing was edited.
//!
//! It is believed only where everything is as it was: the bytes of the manifest and of its data
//! files, the path and the options that it was read with, and the program. Anything in doubt is
//! read anew.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::provenance::{Provenance, ReadOptions};
use super::read;
use super::settings::{BatchSettings, ImageSettings, TableFormat};

/// The program that reads manifests in this way.
pub(super) const PROGRAM: &str = env!("CARGO_PKG_VERSION");
/// A manifest with fewer bytes and fewer tasks than this is read sooner than it is asked whether
/// that is needed.
const LEAST_BYTES: usize = 256 << 10;
const LEAST_TASKS: u64 = 2_000;

/// A manifest without its tasks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestCache {
    pub(super) program: String,
    pub(super) provenance: Provenance,
    /// Its tasks; so many.
    pub(super) tasks: u64,
    pub(super) has_actions: bool,
    /// Whether it is the results of an earlier run.
    pub is_results: bool,
    /// The batch's name.
    pub name: String,
    /// The manifest's own columns.
    pub columns: Vec<String>,
    /// What it says about how to run it.
    pub batch: BatchSettings,
    /// What the tables of results look like.
    pub output: TableFormat,
    /// The settings of the image files.
    pub images: ImageSettings,
    /// How many warnings there were.
    pub warnings: usize,
    /// Its hash.
    pub hash: [u8; 32],
    /// The template of image names that was checked against every task, if one was.
    pub validated_name_template: Option<String>,
}

impl ManifestCache {
    /// The text to be kept; none where reading the manifest again is as good.
    pub fn serialize(&self) -> Option<String> {
        let is_small = self.provenance.bytes < LEAST_BYTES && self.tasks < LEAST_TASKS;
        let has_hooks = self.batch.on_done.is_some() || self.batch.on_finish.is_some();
        let says_more = self.is_results || self.has_actions || has_hooks;
        if is_small || says_more { None } else { serde_json::to_string(self).ok() }
    }

    /// The outline that was kept as this text, if that is what would be read now from the manifest
    /// at this path. Its bytes are looked at, no more.
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
