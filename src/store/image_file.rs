//! The images of an attempt and the files that they were downloaded to.

use jiff::Timestamp;

use crate::task::{AttemptKey, Images, Mode, Quota, RemoteTaskId, Task};

/// The result of downloading one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// The attempt that made the image.
    pub attempt: AttemptKey,
    /// The number of the image, from 1; 0 is the grid.
    pub n: u32,
    /// The file, or the reason in words why there is none.
    pub file: Result<DownloadedFile, String>,
    /// The number of tries it took.
    pub tries: u32,
}

/// An image file as it was when its download was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadedFile {
    /// The path: absolute, or relative to the folder of the state with `/` between its parts.
    pub path: String,
    /// The BLAKE3 hash of the file's bytes.
    pub hash: [u8; 32],
    /// The size in bytes.
    pub bytes: u64,
    /// The file type: `png`, `jpg`, `webp`, `gif` or `avif`.
    pub kind: String,
}

/// The images that an attempt made, with all that a download needs to name and replace files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptImages {
    /// The task.
    pub task: Task,
    /// The mode in which the attempt was submitted.
    pub sent_in: Mode,
    /// The service's id of the job.
    pub task_id: RemoteTaskId,
    /// The URLs of the images.
    pub images: Images,
    /// The price of the attempt, if it is known.
    pub quota: Option<Quota>,
    /// The time of the submit.
    pub submitted_at: Option<Timestamp>,
    /// The time at which the job was seen to end.
    pub finished_at: Option<Timestamp>,
    /// The numbers of the images that a person picked, from 1.
    pub picks: Vec<u16>,
    /// The downloads of this attempt so far.
    pub files: Vec<FileRow>,
    /// The paths of files of earlier attempts of the task, which a download may replace.
    pub earlier: Vec<String>,
}

/// The numbers of image files of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileCounts {
    /// Images that were downloaded.
    pub downloaded: u64,
    /// Images that could not be downloaded.
    pub failed: u64,
}
