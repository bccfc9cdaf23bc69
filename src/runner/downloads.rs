//! Joins the downloads with the state and the service: what an attempt made, fresh links, and what
//! is recorded of a file.

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _};

use crate::api::Client;
use crate::download::{
    DownloadConfig, DownloadOutcome, Downloads, ImageJob, ImageRow, ImageSource, KnownFile,
};
use crate::engine::{Progress, StatusOutcome};
use crate::store::{AttemptImages, BatchStore, DownloadedFile, FileRow, StoreError};
use crate::task::{AttemptKey, Images, RemoteTaskId};

/// The images of a batch: what the state has of them, and the service that made them.
#[derive(Debug)]
struct BatchImages {
    store: BatchStore,
    /// The service that is asked for fresh links; none without an API key.
    client: Option<Client>,
    /// Whether of a task with picks the other images are left out.
    picked_only: bool,
}

impl ImageSource for BatchImages {
    fn load(&self, attempt: AttemptKey) -> Result<Option<ImageJob>, String> {
        let load = || self.store.snapshot()?.attempt_images(attempt);
        load().map(|images| images.map(|images| job(images, self.picked_only))).map_err(|e| e.to_string())
    }

    fn fresh_links(&self, job: RemoteTaskId) -> BoxFuture<'static, Option<Images>> {
        let client = self.client.clone();
        let asking = async move {
            let ids = [job];
            let StatusOutcome::Items(items) = client?.status(&ids).await else { return None };
            items.into_iter().find(|item| item.task_id == ids[0]).and_then(|item| match item.progress {
                Progress::Done(images) => Some(images),
                _ => None,
            })
        };
        asking.boxed()
    }
}

fn job(images: AttemptImages, picked_only: bool) -> ImageJob {
    let AttemptImages {
        task,
        sent_in,
        task_id,
        images: urls,
        quota,
        submitted_at,
        finished_at,
        picks,
        files,
        earlier,
    } = images;
    let picks = if picked_only { picks } else { Vec::new() };
    let known = |row: FileRow| {
        let DownloadedFile { path, hash, bytes, .. } = row.file.ok()?;
        Some(KnownFile { n: row.n, path, hash, bytes })
    };
    let files = files.into_iter().filter_map(known).collect();
    ImageJob { task, sent_in, task_id, images: urls, quota, submitted_at, finished_at, picks, files, earlier }
}

/// The downloads of the batch with this store; `client` gives fresh links where old ones are gone.
pub fn downloads(config: DownloadConfig, store: BatchStore, client: Option<Client>) -> Downloads {
    Downloads::new(config, Arc::new(BatchImages { store, client, picked_only: false }))
}

/// The same, but for the images that were not picked of tasks of which others were.
pub fn downloads_of_picked(config: DownloadConfig, store: BatchStore, client: Option<Client>) -> Downloads {
    Downloads::new(config, Arc::new(BatchImages { store, client, picked_only: true }))
}

/// The row that the state keeps of an image.
pub fn file_row(attempt: AttemptKey, row: ImageRow) -> FileRow {
    let ImageRow { n, file, tries } = row;
    let file = file.map(|file| DownloadedFile {
        path: file.path,
        hash: file.hash,
        bytes: file.bytes,
        kind: file.format.extension().to_owned(),
    });
    FileRow { attempt, n, file, tries }
}

/// The attempts whose images the state knows.
///
/// # Errors
/// Where the state cannot be read.
pub fn attempts_with_images(store: &BatchStore) -> Result<Vec<AttemptKey>, StoreError> {
    store.snapshot()?.attempts_with_images()
}

pub(super) async fn next_images(downloads: &mut Option<Downloads>) -> DownloadOutcome {
    match downloads {
        Some(downloads) => downloads.next().await,
        None => std::future::pending().await,
    }
}
