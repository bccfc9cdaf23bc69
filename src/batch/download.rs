//! Downloads the images of finished tasks to files, also long after the run. This spends nothing,
//! and needs a key only to ask for fresh links.

use std::path::PathBuf;

use super::{Batch, BatchError, Service, images};
use crate::download::{DownloadStats, Downloads};
use crate::runner::{Signal, attempts_with_images, downloads_of_picked, file_row};
use crate::store::HeldStore;
use crate::task::TaskId;

/// A download in progress. Drive it with [`next`](Download::next).
#[derive(Debug)]
pub struct Download {
    downloads: Downloads,
    store: HeldStore,
    signal: Option<Signal>,
}

/// An image that could not be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedImage {
    /// The id of the task.
    pub id: TaskId,
    /// The image's number, from 1; 0 is the grid.
    pub n: u32,
    /// The reason, in words.
    pub why: String,
}

impl Batch {
    /// Begins to download the images of all finished tasks, of a task with picks only those;
    /// existing files are kept. `service`
    /// gives fresh links where old ones are gone; `address` is where it is, from which images may
    /// come whatever the address is.
    ///
    /// # Errors
    /// [`BatchError::NoImageFolder`], [`BatchError::Images`], [`BatchError::NeverRun`],
    /// [`BatchError::Manifest`], [`BatchError::Store`].
    pub fn download(&mut self, address: String, service: Option<Service>) -> Result<Download, BatchError> {
        let cache = self.check()?.cache();
        let whole = self.manifest.as_ref().and_then(|loaded| loaded.whole.as_ref());
        let destination = images::destination(&self.path, &self.options, &cache, whole)?;
        let destination = destination.ok_or(BatchError::NoImageFolder)?;
        let store = self.hold()?;
        let config = images::config(destination, &cache, address, &self.store, &self.options)?;
        let client = service.map(|service| service.client);
        let mut downloads = downloads_of_picked(config, self.store.clone(), client);
        downloads.add(attempts_with_images(&self.store)?);
        Ok(Download { downloads, store, signal: None })
    }
}

impl Download {
    /// Waits for the next attempt's images, records them in the state, and gives those that could
    /// not be downloaded. `None` once there is nothing more to wait for.
    ///
    /// # Errors
    /// [`BatchError::Store`] where the state cannot be written.
    pub async fn next(&mut self) -> Result<Option<Vec<MissedImage>>, BatchError> {
        if !self.downloads.is_busy() {
            return Ok(None);
        }
        let outcome = self.downloads.next().await;
        if let Some(attempt) = outcome.attempt {
            for row in outcome.rows {
                self.store.record_file(&file_row(attempt, row)).map_err(BatchError::FileNotRecorded)?;
            }
        }
        let missed =
            |image: crate::download::FailedImage| MissedImage { id: image.id, n: image.n, why: image.why };
        Ok(Some(outcome.failed.into_iter().map(missed).collect()))
    }

    /// Stops: downloads in flight get half a minute; a second call leaves them at once.
    pub fn stop(&mut self, signal: Signal) {
        if self.signal.replace(signal).is_some() {
            self.downloads.abort();
        } else {
            self.downloads.finish_soon();
        }
    }

    /// The outcomes of the images so far.
    pub fn stats(&self) -> DownloadStats {
        self.downloads.stats
    }

    /// The folder that the images go to.
    pub fn folder(&self) -> PathBuf {
        self.downloads.folder().to_owned()
    }

    /// The last signal that asked the download to stop.
    pub fn signal(&self) -> Option<Signal> {
        self.signal
    }
}
