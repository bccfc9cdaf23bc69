//! The part of an image that has arrived so far, on its way to its file.

use std::fs::File;
use std::io::{Seek, Write};
use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, ETAG};
use reqwest::{Response, StatusCode};

use super::error::DownloadError;
use super::folder::ImagePath;
use super::sniff::{self, ImageFormat};

/// The bytes of an image that have arrived so far.
#[derive(Default)]
pub(super) struct PartialImage {
    /// The `.part` file, once the format and so the name are known, and whether an existing file
    /// may be replaced.
    file: Option<(File, ImagePath, bool)>,
    format: Option<ImageFormat>,
    head: Vec<u8>,
    tail: Vec<u8>,
    pub(super) bytes: u64,
    hasher: blake3::Hasher,
    /// The strong `ETag` of this image.
    pub(super) validator: Option<String>,
    /// How long the host asked to wait before the next try.
    pub(super) retry_after: Option<Duration>,
}

impl PartialImage {
    /// Drops what has arrived; the reply starts from the beginning.
    pub(super) fn restart(&mut self, reply: &Response) -> Result<(), DownloadError> {
        self.discard();
        let etag = reply.headers().get(ETAG).and_then(|value| value.to_str().ok());
        let validator = etag.filter(|etag| etag.starts_with('"')).map(str::to_owned); // a weak one does not allow ranges
        *self = PartialImage { validator, ..PartialImage::default() };
        Ok(())
    }

    /// Whether the reply continues where the bytes so far end.
    pub(super) fn continues_with(&self, reply: &Response) -> bool {
        let range = reply.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
        let begins =
            range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse::<u64>().ok());
        reply.status() == StatusCode::PARTIAL_CONTENT && self.bytes > 0 && begins == Some(self.bytes)
    }

    /// Appends bytes that have arrived.
    pub(super) fn append(
        &mut self,
        chunk: &[u8],
        place: &mut impl FnMut(ImageFormat) -> Result<(ImagePath, bool), DownloadError>,
    ) -> Result<(), DownloadError> {
        self.bytes += chunk.len() as u64;
        self.hasher.update(chunk);
        self.tail.extend_from_slice(&chunk[chunk.len().saturating_sub(sniff::TAIL)..]);
        let excess = self.tail.len().saturating_sub(sniff::TAIL);
        self.tail.drain(..excess);
        let mut rest = chunk;
        if self.file.is_none() {
            self.head.extend_from_slice(rest);
            if self.head.len() < sniff::HEAD {
                return Ok(());
            }
            return self.choose_path(place);
        }
        self.write(&mut rest)
    }

    fn write(&mut self, bytes: &mut &[u8]) -> Result<(), DownloadError> {
        let Some((file, path, _)) = &mut self.file else { return Ok(()) };
        file.write_all(bytes).map_err(|cause| DownloadError::File(path.path().to_owned(), cause))
    }

    /// Detects the format and opens the `.part` file, unless that is done already.
    pub(super) fn choose_path(
        &mut self,
        place: &mut impl FnMut(ImageFormat) -> Result<(ImagePath, bool), DownloadError>,
    ) -> Result<(), DownloadError> {
        if self.file.is_some() {
            return Ok(());
        }
        let format = ImageFormat::detect(&self.head)
            .ok_or_else(|| DownloadError::NotAnImage(sniff::describe(&self.head)))?;
        let (path, ours) = place(format)?;
        self.format = Some(format);
        self.file = Some((path.draft()?, path, ours));
        let head = std::mem::take(&mut self.head);
        self.write(&mut head.as_slice())?;
        self.head = head[..head.len().min(sniff::HEAD)].to_vec();
        Ok(())
    }

    /// Checks that the image is complete and renames its file. The disk work runs on a blocking
    /// thread.
    pub(super) async fn finish(&mut self) -> Result<(ImageFormat, [u8; 32], u64), DownloadError> {
        let (Some(format), Some((mut file, path, ours))) = (self.format, self.file.take()) else {
            return Err(DownloadError::NotAnImage(sniff::describe(&self.head)));
        };
        let (hash, bytes): ([u8; 32], u64) = (self.hasher.finalize().into(), self.bytes);
        if !format.is_complete(&self.head, bytes, &self.tail) {
            self.validator = None;
            path.discard();
            return Err(DownloadError::Truncated);
        }
        let committed = tokio::task::spawn_blocking(move || {
            let at_end = file.stream_position().is_ok_and(|position| position == bytes);
            let committed =
                if at_end { path.commit(&file, &hash, ours) } else { Err(DownloadError::Truncated) };
            committed.inspect_err(|_| path.discard())
        });
        committed.await.unwrap_or(Err(DownloadError::Timeout))?;
        Ok((format, hash, bytes))
    }

    /// Drops the `.part` file, where there is one.
    pub(super) fn discard(&mut self) {
        if let Some((_, path, _)) = self.file.take() {
            path.discard();
        }
    }
}
