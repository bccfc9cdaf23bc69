//! The reasons why an image was not downloaded: facts, and the one place where they become
//! sentences.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::text::sanitize_line;

/// An image that was not downloaded. Nothing is under its name that was not there before.
#[derive(Debug)]
#[non_exhaustive]
pub enum DownloadError {
    /// The service gave something that is no URL that can be requested.
    NoUrl,
    /// URLs of this scheme are not downloaded.
    Scheme(String),
    /// The host, or one that it redirects to, is a private address.
    PrivateHost(String),
    /// The host redirected more often than this limit.
    Redirects(usize),
    /// The link is gone: HTTP 403, 404 or 410.
    Gone(u16),
    /// The host answered with another HTTP error status.
    Http(u16),
    /// The host could not be reached, or the transfer broke.
    Network(String),
    /// Nothing arrived for too long, or the transfer took too long.
    Timeout,
    /// The bytes are not an image; the text says what they look like.
    NotAnImage(&'static str),
    /// The image ends before its end.
    Truncated,
    /// The image is larger than this many bytes.
    TooLarge(u64),
    /// Another file has the name.
    NameTaken(PathBuf),
    /// Something in the folder is a symbolic link, which might lead out of it.
    Symlink(PathBuf),
    /// The file could not be created or written.
    File(PathBuf, io::Error),
    /// The file's name cannot be derived for the task.
    Name(String),
}

impl DownloadError {
    /// Whether another try may succeed.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            DownloadError::Network(_) | DownloadError::Timeout | DownloadError::Truncated => true,
            DownloadError::Http(status) => *status == 408 || *status == 429 || *status >= 500,
            _ => false,
        }
    }
}

impl fmt::Display for DownloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONG: usize = 200;
        let path_of = |path: &PathBuf| sanitize_line(&path.to_string_lossy(), LONG);
        match self {
            DownloadError::NoUrl => f.write_str("the service gave no usable URL"),
            DownloadError::Scheme(scheme) => {
                write!(f, "`{}:` URLs are not downloaded, only http and https", sanitize_line(scheme, 20))
            }
            DownloadError::PrivateHost(host) => write!(
                f,
                "`{}` is a private address; add `--allow-private` to download from it",
                sanitize_line(host, LONG)
            ),
            DownloadError::Redirects(most) => write!(f, "redirected more than {most} times"),
            DownloadError::Gone(status) => write!(f, "the link is gone (HTTP {status})"),
            DownloadError::Http(status) => write!(f, "the host answered with HTTP {status}"),
            DownloadError::Network(why) => f.write_str(&sanitize_line(why, LONG)),
            DownloadError::Timeout => f.write_str("the host was too slow"),
            DownloadError::NotAnImage(what) => write!(f, "not an image, but {what}"),
            DownloadError::Truncated => f.write_str("the image is incomplete"),
            DownloadError::TooLarge(most) => write!(f, "larger than {} MB, the limit", most >> 20),
            DownloadError::NameTaken(path) => {
                write!(f, "`{}` is another file, which is kept", path_of(path))
            }
            DownloadError::Symlink(path) => {
                write!(f, "`{}` is a symbolic link, which is not followed", path_of(path))
            }
            DownloadError::File(path, cause) => write!(f, "cannot write `{}`: {cause}", path_of(path)),
            DownloadError::Name(why) => f.write_str(&sanitize_line(why, LONG)),
        }
    }
}

impl std::error::Error for DownloadError {}
