//! The handle of a batch: its manifest, its state and its options.

use std::path::{Path, PathBuf};

use super::files::Files;
use super::loaded::LoadedManifest;
use super::{BatchError, Options};
use crate::diagnostic::Problems;
use crate::manifest::{BatchSettings, Manifest};
use crate::store::{BatchStore, Snapshot};
use crate::task::Counts;

/// A manifest, its state and its settings.
#[derive(Debug)]
pub struct Batch {
    pub(super) path: PathBuf,
    pub(super) options: Options,
    pub(super) files: Files,
    pub(super) store: BatchStore,
    pub(super) manifest: Option<LoadedManifest>,
}

impl Batch {
    /// Opens the batch of a manifest: reads the manifest, or, where nothing was edited since the
    /// last run, what the state has kept of it. Nothing is changed, and no state is made.
    ///
    /// # Errors
    /// [`BatchError::Manifest`], with everything that is wrong with the manifest.
    pub fn open(manifest: impl Into<PathBuf>, options: Options) -> Result<Batch, BatchError> {
        let mut batch = Batch::at(manifest, options);
        let kept = LoadedManifest::kept(&batch.path, &batch.options, &batch.store);
        batch.manifest = Some(match kept {
            Some(kept) => kept,
            None => LoadedManifest::read(&batch.path, &batch.options)?,
        });
        Ok(batch)
    }

    /// The batch of a manifest that is not read before it is needed: its state is looked at, or
    /// decided about, also where the manifest has gone or is wrong.
    pub fn at(manifest: impl Into<PathBuf>, options: Options) -> Batch {
        let path = manifest.into();
        let files = Files::of(&path, &options);
        let store = files.store();
        Batch { path, options, files, store, manifest: None }
    }

    /// The manifest's path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The store that holds the batch's state.
    pub fn store(&self) -> &BatchStore {
        &self.store
    }

    /// The state at this moment, to read, also while a run writes it.
    ///
    /// # Errors
    /// [`BatchError::NeverRun`] where there is none; [`BatchError::Store`].
    pub fn snapshot(&self) -> Result<Snapshot, BatchError> {
        self.store.snapshot().map_err(BatchError::of_existing)
    }

    /// Copies the whole state to a new file, also while a run writes it, and gives how many tasks
    /// have each status.
    ///
    /// # Errors
    /// [`BatchError::NeverRun`]; [`BatchError::Store`], also where there is such a file already.
    pub fn back_up(&self, to: &Path) -> Result<Counts, BatchError> {
        self.store.back_up(to).map_err(BatchError::of_existing)
    }

    /// Checks the manifest with everything in it, and gives it, with its warnings.
    ///
    /// # Errors
    /// [`BatchError::Manifest`], with everything that is wrong with it.
    pub fn check(&mut self) -> Result<&Manifest, BatchError> {
        let Batch { path, options, manifest, .. } = self;
        let loaded = match manifest.take() {
            Some(loaded) => loaded,
            None => LoadedManifest::read(path, options)?,
        };
        manifest.insert(loaded).whole(path, options)
    }

    /// The warnings about the manifest, where it was read as a whole.
    pub fn warnings(&self) -> Option<&Problems> {
        Some(&self.manifest.as_ref()?.whole.as_ref()?.warnings)
    }

    /// How many warnings there were when the manifest was read, where it was not edited since and
    /// so was not read again.
    pub fn earlier_warnings(&self) -> usize {
        match &self.manifest {
            Some(LoadedManifest { cache, whole: None }) => cache.warnings,
            _ => 0,
        }
    }

    /// A file of the batch beside its manifest: `spring.report.html`, or
    /// `spring.sandbox.report.html` with a sandbox.
    pub fn file_named(&self, ending: &str) -> PathBuf {
        self.files.named(ending)
    }

    /// What the manifest says about how to run it.
    pub(super) fn settings(&mut self) -> Result<BatchSettings, BatchError> {
        Ok(match &self.manifest {
            Some(loaded) => loaded.cache.batch.clone(),
            None => self.check()?.batch.clone(),
        })
    }
}
