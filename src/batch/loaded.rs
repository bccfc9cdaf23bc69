//! The manifest of a batch: all of it, or, where nothing was edited, what the state has kept of it,
//! so that a batch of a million tasks is not read again only to find that nothing is new.

use std::path::Path;

use super::{BatchError, Options, tables};
use crate::manifest::{self, Manifest, ManifestCache};
use crate::store::BatchStore;

/// A manifest, read as far as is needed.
#[derive(Debug)]
pub(super) struct LoadedManifest {
    /// All of it but the tasks.
    pub(super) cache: ManifestCache,
    /// The manifest itself, where it was read.
    pub(super) whole: Option<Manifest>,
}

impl LoadedManifest {
    /// Reads the manifest.
    pub(super) fn read(path: &Path, options: &Options) -> Result<LoadedManifest, BatchError> {
        let manifest = read(path, options)?;
        Ok(LoadedManifest { cache: manifest.cache(), whole: Some(manifest) })
    }

    /// What the state has kept of the manifest, if that is still what it is, and enough for this
    /// run.
    pub(super) fn kept(path: &Path, options: &Options, store: &BatchStore) -> Option<LoadedManifest> {
        if options.pilot || !options.only.is_empty() {
            return None; // the tasks are looked at
        }
        let cache = ManifestCache::load(&store.cached_manifest()?, path, options.reading())?;
        let names = image_names(options, &cache);
        let is_enough = names.is_none() || names == cache.validated_name_template.as_ref();
        is_enough.then_some(LoadedManifest { cache, whole: None })
    }

    /// The manifest with its tasks, read now if it was not before.
    pub(super) fn whole(&mut self, path: &Path, options: &Options) -> Result<&Manifest, BatchError> {
        let manifest = match self.whole.take() {
            Some(manifest) => manifest,
            None => read(path, options)?,
        };
        if manifest.hash != self.cache.hash {
            return Err(BatchError::Edited(path.to_owned()));
        }
        Ok(self.whole.insert(manifest))
    }
}

fn read(path: &Path, options: &Options) -> Result<Manifest, BatchError> {
    tables::check_is_none(path)?;
    manifest::read_with(path, options.reading()).map_err(BatchError::Manifest)
}

/// What image files are called, as it was written.
pub(super) fn image_names<'a>(options: &'a Options, cache: &'a ManifestCache) -> Option<&'a String> {
    options.images.folder.as_ref().or(cache.images.template.as_ref())
}
