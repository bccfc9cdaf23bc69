//! The settings of the downloads of a batch.

use std::path::PathBuf;

use super::fetch::Fetcher;
use super::folder::ImageFolder;
use crate::manifest::ImageName;

/// The settings of the downloads of a batch.
#[derive(Debug)]
pub struct DownloadConfig {
    /// The names of the files.
    pub name: ImageName,
    /// The folder.
    pub folder: ImageFolder,
    /// The directory that recorded paths are relative to.
    pub base_dir: PathBuf,
    /// Whether the 2×2 grid is downloaded too.
    pub grid: bool,
    /// Whether a `.json` goes beside each image.
    pub sidecar: bool,
    /// Whether existing files are read again and compared with their hashes.
    pub verify: bool,
    /// The HTTP client.
    pub fetcher: Fetcher,
    /// How many attempts are downloaded at once.
    pub parallel: usize,
}
