//! What a run needs of a manifest beside its tasks: kept in the state, it saves the next run from reading a million tasks
//! again only to find that nothing was edited.
//!
//! It is believed only where everything is as it was: the bytes of the manifest and of its data files, the path and the options
//! that it was read with, and the program. Anything in doubt is read anew.

use std::fs::File;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::sources::announce;
use super::{BatchSettings, Manifest, Options, PictureSettings, Shape, hash};

/// The program that reads manifests in this way.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");
/// A manifest with fewer bytes and fewer tasks than this is read sooner than it is asked whether that is needed.
const LEAST_BYTES: usize = 256 << 10;
const LEAST_TASKS: u64 = 2_000;

/// A manifest without its tasks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outline {
    program: String,
    reading: Reading,
    /// Its tasks; so many.
    tasks: u64,
    has_actions: bool,
    /// Whether it is the results of an earlier run.
    pub is_results: bool,
    /// The batch's name.
    pub name: String,
    /// The manifest's own columns.
    pub columns: Vec<String>,
    /// What it says about how to run it.
    pub batch: BatchSettings,
    /// What the tables of results look like.
    pub output: Shape,
    /// The files of the pictures.
    pub pictures: PictureSettings,
    /// How many warnings there were.
    pub warnings: usize,
    /// Its hash.
    pub hash: [u8; 32],
    /// The name of picture files that was found good for every one of its tasks, if one was.
    pub names_checked: Option<String>,
}

/// How a manifest was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reading {
    /// The path tells the format and the name, and is in messages.
    path: String,
    options: Options,
    bytes: usize,
    /// The data files as they are written, in the order in which they were hashed.
    files: Vec<String>,
}

impl Reading {
    pub(super) fn of(path: &Path, options: Options, bytes: usize, files: Vec<String>) -> Self {
        Reading { path: path.display().to_string(), options, bytes, files }
    }
}

impl Manifest {
    /// All of it but its tasks.
    pub fn outline(&self) -> Outline {
        Outline {
            program: PROGRAM.to_owned(),
            reading: self.reading.clone(),
            tasks: self.len(),
            has_actions: self.has_actions(),
            is_results: self.is_results,
            name: self.name.clone(),
            columns: self.columns.clone(),
            batch: self.batch.clone(),
            output: self.output.clone(),
            pictures: self.pictures.clone(),
            warnings: self.warnings.warnings(),
            hash: self.hash,
            names_checked: None,
        }
    }
}

impl Outline {
    /// The text to be kept; none where reading the manifest again is as good.
    pub fn to_keep(&self) -> Option<String> {
        let is_small = self.reading.bytes < LEAST_BYTES && self.tasks < LEAST_TASKS;
        let tells = self.batch.on_done.is_some() || self.batch.on_finish.is_some();
        let says_more = self.is_results || self.has_actions || tells;
        if is_small || says_more { None } else { serde_json::to_string(self).ok() }
    }

    /// The outline that was kept as this text, if that is what would be read now from the manifest at this path. Its bytes are
    /// looked at, no more.
    pub fn kept(text: &str, path: &Path, options: Options) -> Option<Outline> {
        let outline: Outline = serde_json::from_str(text).ok()?;
        let Reading { path: then, options: those, bytes, files } = &outline.reading;
        let is_as_then =
            outline.program == PROGRAM && *then == path.display().to_string() && *those == options;
        if !is_as_then || File::open(path).ok()?.metadata().ok()?.len() != *bytes as u64 {
            return None;
        }
        (hash_of(path, files)? == outline.hash).then_some(outline)
    }
}

/// The hash that [`super::read`] would give, without holding the files in memory. None where it cannot be told.
fn hash_of(path: &Path, files: &[String]) -> Option<[u8; 32]> {
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
    Some(hash(own.finalize(), (!files.is_empty()).then_some(&theirs)))
}
