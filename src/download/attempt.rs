//! Downloads the images of one attempt: which files are missing, where each goes, and what is
//! recorded of it.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::json;

use super::config::DownloadConfig;
use super::error::DownloadError;
use super::fetch::FetchedImage;
use super::folder::{ImagePath, hash_of};
use super::names::collision_key;
use super::naming::safe_name;
use super::sniff::ImageFormat;
use crate::task::{AttemptKey, Images, Mode, Quota, RemoteTaskId, Task, TaskId, is_chosen};

/// Gives downloads what they read of the batch: the state and the service in a run, memory in
/// tests.
pub trait ImageSource: fmt::Debug + Send + Sync {
    /// Loads what an attempt made; `None` where it is not done. Called on a blocking thread.
    ///
    /// # Errors
    /// A phrase for people where it cannot be read.
    fn load(&self, attempt: AttemptKey) -> Result<Option<ImageJob>, String>;

    /// Asks the service for fresh links of a job; `None` where there are none. This is free.
    fn fresh_links(&self, job: RemoteTaskId) -> BoxFuture<'static, Option<Images>>;
}

/// The images of one attempt, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageJob {
    /// The task.
    pub task: Task,
    /// The mode it was sent in.
    pub sent_in: Mode,
    /// The service's id of the job.
    pub task_id: RemoteTaskId,
    /// The URLs.
    pub images: Images,
    /// The cost of the attempt, if it is known.
    pub quota: Option<Quota>,
    /// When it was submitted.
    pub submitted_at: Option<Timestamp>,
    /// When it was seen to end.
    pub finished_at: Option<Timestamp>,
    /// The numbers of the images that are wanted, from 1, if not all are.
    pub picks: Vec<u16>,
    /// The files that were downloaded before.
    pub files: Vec<KnownFile>,
    /// The paths of files of the task's earlier attempts, which may be replaced.
    pub earlier: Vec<String>,
}

/// An image that was downloaded before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFile {
    /// The image's number; 0 is the grid.
    pub n: u32,
    /// The path, relative to the base directory with `/` between its parts, or absolute.
    pub path: String,
    /// The BLAKE3 hash of its bytes.
    pub hash: [u8; 32],
    /// The size in bytes.
    pub bytes: u64,
}

/// A file that was downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFile {
    /// The path, as in [`KnownFile::path`].
    pub path: String,
    /// The BLAKE3 hash of its bytes.
    pub hash: [u8; 32],
    /// The size in bytes.
    pub bytes: u64,
    /// The format, detected from the content.
    pub format: ImageFormat,
}

/// The outcome of one image, to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRow {
    /// The image's number; 0 is the grid.
    pub n: u32,
    /// The file, or why there is none, in words.
    pub file: Result<ImageFile, String>,
    /// How many tries it took.
    pub tries: u32,
}

/// An image that was not downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedImage {
    /// The task.
    pub id: TaskId,
    /// The image's number; 0 is the grid.
    pub n: u32,
    /// The reason, in words.
    pub why: String,
}

/// The outcomes of the images of one attempt.
#[derive(Debug, Default)]
pub struct DownloadOutcome {
    /// The attempt, where it has images.
    pub attempt: Option<AttemptKey>,
    /// The outcomes to record.
    pub rows: Vec<ImageRow>,
    /// The images that could not be downloaded.
    pub failed: Vec<FailedImage>,
    /// The outcomes in numbers, including files that needed no download.
    pub stats: DownloadStats,
}

/// The outcomes of the images so far, in numbers of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DownloadStats {
    /// Were there already.
    pub existing: u64,
    /// Were downloaded.
    pub downloaded: u64,
    /// Could not be downloaded.
    pub failed: u64,
    /// Had been downloaded before and were not there any more.
    pub missing: u64,
    /// Were there with other bytes.
    pub changed: u64,
}

impl DownloadStats {
    pub(super) fn add(&mut self, more: &DownloadStats) {
        self.existing += more.existing;
        self.downloaded += more.downloaded;
        self.failed += more.failed;
        self.missing += more.missing;
        self.changed += more.changed;
    }
}

/// The parts that all downloads of a batch share.
#[derive(Debug)]
pub(super) struct Downloader {
    pub(super) config: DownloadConfig,
    source: Arc<dyn ImageSource>,
    /// Which image owns each name, so that two images in flight never share one.
    claimed: Mutex<HashMap<String, (TaskId, u32)>>,
}

impl Downloader {
    pub(super) fn new(config: DownloadConfig, source: Arc<dyn ImageSource>) -> Downloader {
        Downloader { config, source, claimed: Mutex::default() }
    }

    /// Downloads the missing images of an attempt.
    pub(super) async fn download(self: Arc<Self>, attempt: AttemptKey) -> Result<DownloadOutcome, String> {
        let this = Arc::clone(&self);
        let loaded = tokio::task::spawn_blocking(move || {
            let Some(job) = this.source.load(attempt)? else { return Ok(None) };
            let mut outcome = DownloadOutcome { attempt: Some(attempt), ..DownloadOutcome::default() };
            let missing = this.missing(&job, &mut outcome.stats);
            Ok(Some((job, missing, outcome)))
        });
        let loaded = loaded.await.unwrap_or_else(|e| Err(e.to_string()))?;
        let Some((job, missing, mut outcome)) = loaded else { return Ok(DownloadOutcome::default()) };
        let mut fresh: Option<Option<Images>> = None;
        for n in missing {
            let (file, tries) = match self.download_image(&job, n, &mut fresh).await {
                Ok((file, tries)) => (Ok(file), tries),
                Err((error, tries)) => (Err(error.to_string()), tries),
            };
            match &file {
                Ok(_) => outcome.stats.downloaded += 1,
                Err(why) => {
                    outcome.stats.failed += 1;
                    outcome.failed.push(FailedImage { id: job.task.id.clone(), n, why: why.clone() });
                }
            }
            outcome.rows.push(ImageRow { n, file, tries });
        }
        Ok(outcome)
    }

    /// Returns the numbers of the images whose files are not there, or not intact.
    fn missing(&self, job: &ImageJob, stats: &mut DownloadStats) -> Vec<u32> {
        let grid = (self.config.grid && job.images.grid.is_some()).then_some(0);
        let images = job.images.urls.len();
        let singles = (0..images).filter(|index| is_chosen(&job.picks, images, *index));
        let singles = singles.filter_map(|index| u32::try_from(index + 1).ok());
        let all = grid.into_iter().chain(singles);
        let is_missing = |n: &u32| {
            let Some(file) = job.files.iter().find(|file| file.n == *n) else { return true };
            let path = self.config.base_dir.join(&file.path);
            let found = match std::fs::symlink_metadata(&path) {
                Ok(found) if found.is_file() => found.len(),
                _ => {
                    stats.missing += 1;
                    return true;
                }
            };
            let is_intact = !self.config.verify
                || (found == file.bytes && hash_of(&path).is_ok_and(|(hash, _)| hash == file.hash));
            if is_intact {
                stats.existing += 1
            } else {
                stats.changed += 1
            }
            !is_intact
        };
        all.filter(is_missing).collect()
    }

    async fn download_image(
        &self,
        job: &ImageJob,
        n: u32,
        fresh: &mut Option<Option<Images>>,
    ) -> Result<(ImageFile, u32), (DownloadError, u32)> {
        let url = url_of(&job.images, n).ok_or((DownloadError::NoUrl, 0))?;
        let mut path = None;
        let mut place = |format: ImageFormat| {
            let (chosen, ours) = self.image_path(job, n, format)?;
            path = Some(chosen.clone());
            Ok((chosen, ours))
        };
        let fetcher = &self.config.fetcher;
        let (fetched, url) = match fetcher.fetch(url, &mut place).await {
            Ok(fetched) => (fetched, url.to_owned()),
            Err((DownloadError::Gone(status), tries)) => {
                // Links may expire, and asking the service for fresh ones is free.
                if fresh.is_none() {
                    *fresh = Some(self.source.fresh_links(job.task_id.clone()).await);
                }
                let other = fresh.as_ref().and_then(|fresh| url_of(fresh.as_ref()?, n));
                let other =
                    other.filter(|other| *other != url).ok_or((DownloadError::Gone(status), tries))?;
                (fetcher.fetch(other, &mut place).await?, other.to_owned())
            }
            Err(other) => return Err(other),
        };
        let Some(path) = path else { return Err((DownloadError::NoUrl, fetched.tries)) };
        if self.config.sidecar {
            let text = sidecar(job, n, &fetched, &url);
            path.write_beside(".json", &text).map_err(|error| (error, fetched.tries))?;
        }
        let FetchedImage { format, hash, bytes, tries } = fetched;
        let path = self.recorded_path(path.path());
        Ok((ImageFile { path, hash, bytes, format }, tries))
    }

    /// Returns where an image of this format goes, and whether a file that is there may be
    /// replaced.
    fn image_path(
        &self,
        job: &ImageJob,
        n: u32,
        format: ImageFormat,
    ) -> Result<(ImagePath, bool), DownloadError> {
        let folder = &self.config.folder;
        let name = safe_name(&self.config.name, &job.task, n, format.extension())?;
        let owner = (job.task.id.clone(), n);
        {
            let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
            if *claimed.entry(collision_key(&name)).or_insert_with(|| owner.clone()) != owner {
                return Err(DownloadError::NameTaken(folder.path().join(name.join("/"))));
            }
        }
        let chosen = folder.image_path(&name)?;
        let path = self.recorded_path(chosen.path());
        let known = job.files.iter().map(|file| &file.path).chain(&job.earlier);
        let ours = known.into_iter().any(|known| *known == path);
        Ok((chosen, ours))
    }

    /// A path as it is recorded: relative to the base directory where the file is in it, so that
    /// both may move together.
    fn recorded_path(&self, file: &Path) -> String {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let base = match self.config.base_dir.as_path() {
            base if base == Path::new("") => Path::new("."),
            base => base,
        };
        let (file, base) = (absolute(file), absolute(base));
        match file.strip_prefix(&base) {
            Ok(inside) => {
                let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                parts.join("/")
            }
            Err(_) => file.to_string_lossy().into_owned(),
        }
    }
}

fn url_of(images: &Images, n: u32) -> Option<&str> {
    match n {
        0 => images.grid.as_deref(),
        n => images.urls.get(n as usize - 1).map(String::as_str),
    }
}

/// The metadata of an image, for whoever finds the file alone. `trainedAlgorithmicMedia` is IPTC's
/// term for its origin.
fn sidecar(job: &ImageJob, n: u32, fetched: &FetchedImage, url: &str) -> String {
    let hash: String = fetched.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let object = json!({
        "id": job.task.id.0,
        "n": n,
        "prompt": job.task.prompt,
        "mode": job.sent_in.as_str(),
        "task_id": job.task_id.0,
        "submitted_at": job.submitted_at.map(|at| at.to_string()),
        "finished_at": job.finished_at.map(|at| at.to_string()),
        "quota_of_task": job.quota.map(|quota| quota.0 as f64 / 1000.0),
        "source": url,
        "blake3": hash,
        "bytes": fetched.bytes,
        "digital_source_type": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    });
    format!("{object:#}\n")
}
