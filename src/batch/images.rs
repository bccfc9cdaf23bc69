//! Resolves where the images of a batch go, before anything is spent.

use super::{BatchError, Options};
use crate::download::{AddressPolicy, Destination, DownloadConfig, DownloadLimits, Fetcher, TemplateOrigin};
use crate::manifest::{Manifest, ManifestCache};
use crate::store::BatchStore;
use std::path::Path;

/// Resolves where images go, if they are downloaded. `whole` is the manifest with its tasks, unless
/// their names were checked before.
pub(super) fn destination(
    manifest_path: &Path,
    options: &Options,
    cache: &ManifestCache,
    whole: Option<&Manifest>,
) -> Result<Option<Destination>, BatchError> {
    let written = &cache.images;
    let folder = manifest_path.with_file_name("");
    let (template, origin) = match (&options.images.folder, &written.template) {
        (Some(said), _) => (said, TemplateOrigin::CommandLine),
        (None, Some(written)) => {
            (written, TemplateOrigin::Manifest { folder: &folder, is_sandbox: options.sandbox })
        }
        (None, None) => return Ok(None),
    };
    let tasks = whole.map(Manifest::tasks);
    Destination::resolve(template, &cache.columns, origin, written.grid, tasks).map(Some).map_err(|error| {
        let place = if options.images.folder.is_none() { written.place.clone().map(Box::new) } else { None };
        BatchError::Images { error, place }
    })
}

/// The configuration of downloads to this destination. Recorded paths are relative to the folder of
/// the state.
pub(super) fn config(
    destination: Destination,
    cache: &ManifestCache,
    service: String,
    store: &BatchStore,
    options: &Options,
) -> Result<DownloadConfig, BatchError> {
    let said = &options.images;
    let policy = AddressPolicy { service: Some(service), allow_private: said.allow_private };
    let limits = DownloadLimits { bytes: u64::from(said.largest_mb) << 20, ..DownloadLimits::default() };
    Ok(DownloadConfig {
        name: destination.name,
        folder: destination.folder,
        base_dir: store.location().base_dir(),
        grid: cache.images.grid,
        sidecar: cache.images.sidecar || said.sidecar,
        verify: said.verify,
        fetcher: Fetcher::new(policy, limits).map_err(BatchError::Client)?,
        parallel: said.parallel.into(),
    })
}
