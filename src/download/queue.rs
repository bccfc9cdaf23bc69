//! The downloads of a batch: a queue of attempts, a few of which are downloaded in parallel.
//!
//! Each attempt is an async task of its own on the runtime's other threads, so that no submit and
//! no poll waits for an image or for a disk. What an attempt made is loaded when its turn comes.

use std::collections::{HashSet, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::attempt::{DownloadOutcome, DownloadStats, Downloader, FailedImage, ImageSource};
use super::config::DownloadConfig;
use crate::task::{AttemptKey, TaskId};

/// How long downloads in flight may go on after a request to stop.
const GRACE: Duration = Duration::from_secs(30);

/// The queue of attempts, and the downloads in flight.
#[derive(Debug)]
pub struct Downloads {
    downloader: Arc<Downloader>,
    queue: VecDeque<AttemptKey>,
    in_flight: JoinSet<Result<DownloadOutcome, String>>,
    /// When downloads in flight are aborted, after a request to stop.
    stop_at: Option<Instant>,
    /// The outcomes of the images so far.
    pub stats: DownloadStats,
    /// The first image that could not be downloaded.
    pub first_failed: Option<FailedImage>,
}

impl Downloads {
    /// An empty queue.
    pub fn new(config: DownloadConfig, source: Arc<dyn ImageSource>) -> Downloads {
        Downloads {
            downloader: Arc::new(Downloader::new(config, source)),
            queue: VecDeque::new(),
            in_flight: JoinSet::new(),
            stop_at: None,
            stats: DownloadStats::default(),
            first_failed: None,
        }
    }

    /// The folder that images go to.
    pub fn folder(&self) -> &Path {
        self.downloader.config.folder.path()
    }

    /// Queues the images of attempts that are done.
    pub fn add(&mut self, attempts: impl IntoIterator<Item = AttemptKey>) {
        self.queue.extend(attempts);
    }

    /// The attempts that are queued and not in flight yet.
    pub fn queued(&self) -> HashSet<AttemptKey> {
        self.queue.iter().copied().collect()
    }

    /// Whether anything is queued or in flight.
    pub fn is_busy(&self) -> bool {
        !self.queue.is_empty() || !self.in_flight.is_empty()
    }

    /// Starts no more downloads and gives those in flight half a minute. The next run downloads the
    /// others.
    pub fn finish_soon(&mut self) {
        self.queue.clear();
        self.stop_at.get_or_insert_with(|| Instant::now() + GRACE);
    }

    /// Aborts everything.
    pub fn abort(&mut self) {
        self.queue.clear();
        self.in_flight.abort_all();
    }

    /// Waits for the next attempt whose downloads are over. Pending for ever while nothing is in
    /// flight.
    pub async fn next(&mut self) -> DownloadOutcome {
        loop {
            while self.in_flight.len() < self.downloader.config.parallel
                && let Some(attempt) = self.queue.pop_front()
            {
                self.in_flight.spawn(Arc::clone(&self.downloader).download(attempt));
            }
            if self.in_flight.is_empty() {
                return std::future::pending().await;
            }
            let stop_at = self.stop_at;
            let time_is_up = async move {
                match stop_at {
                    Some(stop_at) => tokio::time::sleep_until(stop_at).await,
                    None => std::future::pending().await,
                }
            };
            let ended = tokio::select! {
                ended = self.in_flight.join_next() => ended,
                () = time_is_up => {
                    self.abort();
                    // Aborted tasks end at once, so there is nothing more to wait for.
                    self.stop_at = None;
                    continue;
                }
            };
            let outcome = match ended {
                Some(Ok(Ok(outcome))) => outcome,
                Some(Ok(Err(why))) => DownloadOutcome {
                    failed: vec![FailedImage { id: TaskId("?".into()), n: 0, why }],
                    stats: DownloadStats { failed: 1, ..DownloadStats::default() },
                    ..DownloadOutcome::default()
                },
                // It was aborted.
                Some(Err(_)) | None => DownloadOutcome::default(),
            };
            self.stats.add(&outcome.stats);
            if self.first_failed.is_none() {
                self.first_failed = outcome.failed.first().cloned();
            }
            return outcome;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::future::BoxFuture;

    use super::*;
    use crate::download::{AddressPolicy, DownloadLimits, Fetcher, ImageFolder, ImageJob};
    use crate::manifest::ImageName;
    use crate::task::{Images, Mode, RemoteTaskId, Task};

    /// Every attempt made one image, at a URL that no download may follow.
    #[derive(Debug)]
    struct Unreachable;

    impl ImageSource for Unreachable {
        fn load(&self, attempt: AttemptKey) -> Result<Option<ImageJob>, String> {
            match attempt.0 {
                0 => Err("disk I/O error".to_owned()),
                1 => Ok(None),
                n => Ok(Some(ImageJob {
                    task: Task::new(format!("t{n}"), "a mug", Mode::Fast),
                    sent_in: Mode::Fast,
                    task_id: RemoteTaskId(format!("T{n}")),
                    images: Images { grid: None, urls: vec!["http://10.0.0.1/a.png".to_owned()] },
                    quota: None,
                    submitted_at: None,
                    finished_at: None,
                    picks: Vec::new(),
                    files: Vec::new(),
                    earlier: Vec::new(),
                })),
            }
        }

        fn fresh_links(&self, _: RemoteTaskId) -> BoxFuture<'static, Option<Images>> {
            Box::pin(async { None })
        }
    }

    #[tokio::test]
    async fn every_attempt_ends_with_an_outcome_and_what_fails_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let config = DownloadConfig {
            name: ImageName::parse("x", &[]).unwrap(),
            folder: ImageFolder::at(folder.path()),
            base_dir: folder.path().to_owned(),
            grid: false,
            sidecar: false,
            verify: false,
            fetcher: Fetcher::new(AddressPolicy::default(), DownloadLimits::default()).unwrap(),
            parallel: 1,
        };
        let mut downloads = Downloads::new(config, Arc::new(Unreachable));
        downloads.add([2, 0, 1].map(AttemptKey));
        assert_eq!(downloads.queued().len(), 3);
        let outcome = downloads.next().await;
        assert_eq!((outcome.attempt, outcome.rows.len()), (Some(AttemptKey(2)), 1));
        assert!(outcome.failed[0].why.contains("`10.0.0.1` is a private address"), "{outcome:?}");
        let outcome = downloads.next().await;
        assert_eq!((outcome.attempt, outcome.failed[0].why.as_str()), (None, "disk I/O error"));
        assert_eq!(downloads.next().await.attempt, None, "it made no image");
        assert!(!downloads.is_busy());
        assert_eq!(downloads.stats, DownloadStats { failed: 2, ..DownloadStats::default() });
        assert_eq!(downloads.first_failed.map(|failed| failed.id), Some(TaskId("t2".to_owned())));
    }
}
