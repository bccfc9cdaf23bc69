//! Reads the files of a manifest from the disk. No other file of this module does.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::format::ManifestFormat;
use super::provenance::{self, announce};
use super::table::LoadError;
use crate::diagnostic::{Diagnostic, close_name};

/// Reads the bytes of a manifest.
pub(super) fn manifest(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    fs::read(path).map_err(|error| unreadable(path, &error))
}

/// Reads the bytes of a data file.
pub(super) fn load(path: &Path) -> Result<Vec<u8>, LoadError> {
    fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => LoadError::Missing(
            neighbor(path).and_then(|close| Some(Path::new(&close).file_name()?.to_str()?.to_owned())),
        ),
        _ if path.is_dir() => LoadError::Unreadable("it is a folder".to_owned()),
        _ => LoadError::Unreadable(error.to_string()),
    })
}

/// The length of a file in bytes.
pub(super) fn length(path: &Path) -> Option<u64> {
    File::open(path).ok()?.metadata().ok().map(|metadata| metadata.len())
}

/// The hash that the manifest would have if it were read now. The files are streamed, not held in
/// memory. `None` if one cannot be read.
pub(super) fn hash(path: &Path, files: &[String]) -> Option<[u8; 32]> {
    let mut own = blake3::Hasher::new();
    own.update_reader(File::open(path).ok()?).ok()?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut theirs = blake3::Hasher::new();
    for written in files {
        let file = File::open(folder.join(written)).ok()?;
        let bytes = file.metadata().ok()?.len();
        announce(&mut theirs, written, bytes);
        let before = theirs.count();
        theirs.update_reader(file).ok()?;
        if theirs.count() - before != bytes {
            return None; // it is being written
        }
    }
    Some(provenance::hash(own.finalize(), (!files.is_empty()).then_some(&theirs)))
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    let shown = path.display();
    if path.is_dir() {
        return Diagnostic::error(format!("`{shown}` is a folder, not a manifest"))
            .help("name the file in it: a .yaml, .yml, .csv or .tsv one");
    }
    if error.kind() != io::ErrorKind::NotFound {
        return Diagnostic::error(format!("`{shown}` cannot be read: {error}"));
    }
    let found = Diagnostic::error(format!("there is no file `{shown}`"));
    match neighbor(path) {
        Some(close) => found.help(format!("did you mean `{close}`?")),
        None => found,
    }
}

/// Finds a manifest with a similar name in the same folder.
fn neighbor(path: &Path) -> Option<String> {
    const LOOKED_AT: usize = 10_000;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut names: Vec<String> = fs::read_dir(folder.unwrap_or(Path::new(".")))
        .ok()?
        .take(LOOKED_AT)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| ManifestFormat::of(Path::new(name)).is_some())
        .collect();
    names.sort();
    let close = close_name(path.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    Some(folder.map_or(close.to_owned(), |folder| folder.join(close).display().to_string()))
}
