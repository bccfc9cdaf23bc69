//! The downloads that the arguments and the manifest ask for, checked before anything is spent, and their errors in words.

use std::path::Path;

use super::args::{PictureArgs, Place};
use super::failure::Failure;
use crate::diagnostic::{Diagnostic, quoted};
use crate::download::{
    AddressPolicy, Destination, DestinationError, DownloadConfig, DownloadLimits, Fetcher, NameConflict,
    TemplateOrigin,
};
use crate::manifest::{Manifest, ManifestCache};
use crate::store::BatchStore;

/// Where images go, if they are downloaded. `whole` has the tasks, unless their names were checked before.
pub(super) fn destination(
    manifest_path: &Path,
    place: &Place,
    args: &PictureArgs,
    manifest: &ManifestCache,
    whole: Option<&Manifest>,
) -> Result<Option<Destination>, Failure> {
    let written = &manifest.images;
    let folder = manifest_path.with_file_name("");
    let (template, origin) = match (&args.download, &written.template) {
        (Some(typed), _) => (typed, TemplateOrigin::CommandLine),
        (None, Some(written)) => {
            (written, TemplateOrigin::Manifest { folder: &folder, is_sandbox: place.sandbox })
        }
        (None, None) => return Ok(None),
    };
    let tasks = whole.map(Manifest::tasks);
    let resolved = Destination::resolve(template, &manifest.columns, origin, written.grid, tasks);
    resolved.map(Some).map_err(|error| {
        let found = diagnostic(&error);
        Failure::usage(match (&args.download, &written.place) {
            (None, Some(place)) => found.at(place.clone(), "named here"),
            _ => found,
        })
    })
}

fn diagnostic(error: &DestinationError) -> Diagnostic {
    match error {
        DestinationError::Template(error) => {
            Diagnostic::error(error.to_string()).help("name images as in `images/{{ id }}-{{ n }}.{{ ext }}`")
        }
        DestinationError::Folder(error) => {
            Diagnostic::error(error.to_string()).help("choose another folder with `--download`")
        }
        DestinationError::Name(conflict) => match &**conflict {
            NameConflict::SameFile { id, other, name } if id == other => {
                let (id, name) = (quoted(&id.0), quoted(name));
                Diagnostic::error(format!("two images of {id} would be the same file, {name}"))
                    .help("use `{{ n }}` in the name, separated from the rest")
            }
            NameConflict::SameFile { id, other, name } => {
                let (id, other, name) = (quoted(&id.0), quoted(&other.0), quoted(name));
                Diagnostic::error(format!("images of {other} and {id} would be the same file, {name}"))
                    .note("names are equal that differ only in case, Unicode form or characters that some system forbids")
                    .help("use more of what distinguishes the tasks in the name, such as `{{ id }}`")
            }
            NameConflict::Underivable { id, why } => {
                Diagnostic::error(format!("the images of {} cannot be named: {why}", quoted(&id.0)))
                    .help("give the task a value for it, or test it with `{% if … is defined %}`")
            }
        },
    }
}

/// The configuration of downloads to this destination. Recorded paths are relative to the folder of the state.
pub(super) fn config(
    destination: Destination,
    manifest: &ManifestCache,
    service: String,
    store: &BatchStore,
    args: &PictureArgs,
) -> Result<DownloadConfig, Failure> {
    let policy = AddressPolicy { service: Some(service), allow_private: args.allow_private };
    let limits = DownloadLimits { bytes: u64::from(args.largest) << 20, ..DownloadLimits::default() };
    let fetcher = Fetcher::new(policy, limits).map_err(|e| Failure::usage(Diagnostic::error(e)))?;
    Ok(DownloadConfig {
        name: destination.name,
        folder: destination.folder,
        base_dir: store.location().base_dir(),
        grid: manifest.images.grid,
        sidecar: manifest.images.sidecar || args.sidecar,
        verify: false,
        fetcher,
        parallel: args.downloads.into(),
    })
}
