//! What is meant about pictures: what was typed and what the manifest says, checked before anything is spent.

use std::path::Path;

use super::args::{PictureArgs, Place};
use super::failure::Failure;
use crate::api::Client;
use crate::diagnostic::{Diagnostic, quoted};
use crate::manifest::{Manifest, Outline, PictureName};
use crate::output::downloads::{Fetcher, Folder, Limits, Trust};
use crate::runner::{BadName, Picturing, check_names};
use crate::store::BatchStore;

/// The folder of a rehearsal's pictures, unless told: never that of the real ones.
const REHEARSED: &str = "sandbox-pictures";

/// What pictures are to be called, found good.
#[derive(Debug)]
pub(super) struct Naming {
    name: PictureName,
    folder: Folder,
    grid: bool,
    sidecar: bool,
}

/// How pictures are named, if they are to become files. `whole` has the tasks, unless the names were tried with them before.
pub(super) fn naming(
    manifest_path: &Path,
    place: &Place,
    args: &PictureArgs,
    manifest: &Outline,
    whole: Option<&Manifest>,
) -> Result<Option<Naming>, Failure> {
    let says = &manifest.pictures;
    let at = |found: Diagnostic| match (&args.download, &says.place) {
        (None, Some(place)) => found.at(place.clone(), "named here"),
        _ => found,
    };
    let usage = |found: Diagnostic| Failure::usage(at(found));
    let Some(text) = args.download.as_ref().or(says.images.as_ref()) else { return Ok(None) };
    let name = PictureName::parse(text, &manifest.columns).map_err(|e| {
        usage(
            Diagnostic::error(e.to_string()).help("name pictures as in `images/{{ id }}-{{ n }}.{{ ext }}`"),
        )
    })?;
    if let Some(manifest) = whole {
        check_names(&name, says.grid, manifest.tasks()).map_err(|bad| usage(told(&bad)))?;
    }
    // What is typed counts from where it is typed, what is written from where it is written.
    let mut folder = match &args.download {
        Some(_) => Path::new(name.folder()).to_owned(),
        None => manifest_path.with_file_name("").join(name.folder()),
    };
    if args.download.is_none() && place.sandbox {
        folder = folder.join(REHEARSED);
    }
    let folder = Folder::at(&folder);
    folder.check().map_err(|fault| {
        usage(Diagnostic::error(fault.to_string()).help("choose another folder with `--download`"))
    })?;
    Ok(Some(Naming { name, folder, grid: says.grid, sidecar: says.sidecar || args.sidecar }))
}

fn told(bad: &BadName) -> Diagnostic {
    let id = quoted(&bad.id.0);
    match &bad.clash {
        Some((other, name)) if *other == bad.id => {
            Diagnostic::error(format!("two pictures of {id} would be one file, {}", quoted(name)))
                .help("have `{{ n }}` in the name, apart from the rest")
        }
        Some((other, name)) => {
            Diagnostic::error(format!("a picture of {id} and one of {} would be one file, {}", quoted(&other.0), quoted(name)))
                .note("names that differ in case, in their Unicode form or in characters that some system refuses are one")
                .help("have more of what tells the tasks apart in the name, as `{{ id }}`")
        }
        None => Diagnostic::error(format!("the pictures of {id} cannot be named: {}", bad.why))
            .help("give the task a value for it, or ask with `{% if … is defined %}`"),
    }
}

impl Naming {
    /// With whom to bring them.
    pub(super) fn from(
        self,
        service: String,
        client: Option<Client>,
        store: &BatchStore,
        args: &PictureArgs,
    ) -> Result<Picturing, Failure> {
        let trust = Trust { service: Some(service), private: args.allow_private };
        let limits = Limits { bytes: u64::from(args.largest) << 20, ..Limits::default() };
        let fetcher = Fetcher::new(trust, limits).map_err(|e| Failure::usage(Diagnostic::error(e)))?;
        Ok(Picturing {
            name: self.name,
            folder: self.folder,
            store: store.clone(),
            grid: self.grid,
            sidecar: self.sidecar,
            verify: false,
            fetcher,
            client,
            at_once: args.downloads.into(),
        })
    }
}
