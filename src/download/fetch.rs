//! Transfers one image from its URL to its file.
//!
//! The bytes go to a `.part` file beside the image's name and are hashed on the way. A broken
//! transfer is resumed if the host can confirm that it is still the same image (`ETag`, RFC 9110,
//! 13.1.5), otherwise restarted. Redirects are followed by hand, so that every URL is checked.
//! Bodies are never decompressed: images are compressed already.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, IF_RANGE, LOCATION, RANGE, RETRY_AFTER};
use reqwest::{Response, Url};

use super::address::{AddressPolicy, PrivateAddress, PublicResolver};
use super::error::DownloadError;
use super::folder::ImagePath;
use super::partial::PartialImage;
use super::sniff::ImageFormat;

/// Limits of the download of one image.
#[derive(Debug, Clone, Copy)]
pub struct DownloadLimits {
    /// The largest size in bytes.
    pub bytes: u64,
    /// How long one try may take.
    pub time: Duration,
    /// How long the host may send nothing.
    pub silence: Duration,
    /// The most tries.
    pub tries: u32,
    /// The delay before the second try; each further delay is twice as long, plus up to half of it
    /// at random.
    pub wait: Duration,
    /// The most redirects that are followed.
    pub redirects: usize,
}

impl Default for DownloadLimits {
    fn default() -> Self {
        DownloadLimits {
            bytes: 64 << 20,
            time: Duration::from_secs(300),
            silence: Duration::from_secs(30),
            tries: 4,
            wait: Duration::from_millis(500),
            redirects: 5,
        }
    }
}

/// An image that was downloaded to its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedImage {
    /// The format, detected from the content.
    pub format: ImageFormat,
    /// The BLAKE3 hash of its bytes.
    pub hash: [u8; 32],
    /// The size in bytes.
    pub bytes: u64,
    /// How many tries it took.
    pub tries: u32,
}

/// An HTTP client for images, with no API key and no cookies.
#[derive(Debug, Clone)]
pub struct Fetcher {
    /// Connects to public addresses only.
    public_only: reqwest::Client,
    /// Connects to any address; used for URLs that the policy allows.
    open: reqwest::Client,
    policy: AddressPolicy,
    limits: DownloadLimits,
}

impl Fetcher {
    /// Sets up the client.
    ///
    /// # Errors
    /// A sentence where TLS cannot be set up.
    pub fn new(policy: AddressPolicy, limits: DownloadLimits) -> Result<Fetcher, String> {
        let headers = HeaderMap::from_iter([
            (ACCEPT, reqwest::header::HeaderValue::from_static("image/*")),
            (ACCEPT_ENCODING, reqwest::header::HeaderValue::from_static("identity")),
        ]);
        let roots = || {
            let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
            roots.filter_map(|root| reqwest::Certificate::from_der(root).ok())
        };
        let builder = || {
            reqwest::Client::builder()
                .default_headers(headers.clone())
                .user_agent(concat!("mjbatch/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .no_gzip()
                // A proxy would resolve names where nobody checks them.
                .no_proxy()
                .connect_timeout(limits.silence.min(Duration::from_secs(10)))
                .read_timeout(limits.silence)
                .timeout(limits.time)
                .tls_certs_merge(roots())
        };
        let public_only =
            builder().dns_resolver(Arc::new(PublicResolver)).build().map_err(|e| e.to_string())?;
        Ok(Fetcher { public_only, open: builder().build().map_err(|e| e.to_string())?, policy, limits })
    }

    /// Downloads the image at this URL. `place` returns its path once its format is known, and
    /// whether a file that is already there was put there by this batch and may be replaced.
    ///
    /// # Errors
    /// The last error and the number of tries.
    pub async fn fetch(
        &self,
        url: &str,
        mut place: impl FnMut(ImageFormat) -> Result<(ImagePath, bool), DownloadError>,
    ) -> Result<FetchedImage, (DownloadError, u32)> {
        let mut partial = PartialImage::default();
        let mut wait = self.limits.wait;
        for tries in 1.. {
            let error = match self.try_once(url, &mut partial, &mut place).await {
                Ok(()) => match partial.finish().await {
                    Ok((format, hash, bytes)) => return Ok(FetchedImage { format, hash, bytes, tries }),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if !error.is_transient() || tries >= self.limits.tries {
                partial.discard();
                return Err((error, tries));
            }
            let asked =
                partial.retry_after.take().map_or(Duration::ZERO, |asked| asked.min(Duration::from_secs(60)));
            tokio::time::sleep(asked.max(wait + wait.mul_f64(random() / 2.0))).await;
            wait *= 2;
        }
        Err((DownloadError::Timeout, 0)) // not reached: tries are bounded
    }

    /// Makes one try, which leaves the bytes in `partial`.
    async fn try_once(
        &self,
        url: &str,
        partial: &mut PartialImage,
        place: &mut impl FnMut(ImageFormat) -> Result<(ImagePath, bool), DownloadError>,
    ) -> Result<(), DownloadError> {
        let mut reply = self.request(url, partial).await?;
        let status = reply.status();
        partial.retry_after = reply
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        match status.as_u16() {
            200 => partial.restart(&reply)?,
            206 if partial.continues_with(&reply) => {}
            // A range that does not fit: the next try requests everything.
            206 | 416 => {
                partial.validator = None;
                return Err(DownloadError::Truncated);
            }
            gone @ (403 | 404 | 410) => return Err(DownloadError::Gone(gone)),
            other => return Err(DownloadError::Http(other)),
        }
        if reply.content_length().is_some_and(|more| partial.bytes + more > self.limits.bytes) {
            return Err(DownloadError::TooLarge(self.limits.bytes));
        }
        while let Some(chunk) = reply.chunk().await.map_err(|e| transport_error(&e))? {
            if partial.bytes + chunk.len() as u64 > self.limits.bytes {
                return Err(DownloadError::TooLarge(self.limits.bytes));
            }
            partial.append(&chunk, place)?;
        }
        partial.choose_path(place)
    }

    /// Sends the request, following redirects.
    async fn request(&self, url: &str, partial: &PartialImage) -> Result<Response, DownloadError> {
        let mut base: Option<Url> = None;
        let mut next = url.to_owned();
        for _ in 0..=self.limits.redirects {
            let (url, may_be_private) = self.policy.check(&next, base.as_ref())?;
            let client = if may_be_private { &self.open } else { &self.public_only };
            let mut request = client.get(url.clone());
            if let Some(validator) = &partial.validator
                && partial.bytes > 0
            {
                request =
                    request.header(RANGE, format!("bytes={}-", partial.bytes)).header(IF_RANGE, validator);
            }
            let reply = request.send().await.map_err(|e| match deepest(&e).is::<PrivateAddress>() {
                true => DownloadError::PrivateHost(url.host_str().unwrap_or_default().to_owned()),
                false => transport_error(&e),
            })?;
            let is_redirect = matches!(reply.status().as_u16(), 301 | 302 | 303 | 307 | 308);
            match reply.headers().get(LOCATION) {
                Some(to) if is_redirect => {
                    next = to.to_str().map_err(|_| DownloadError::NoUrl)?.to_owned();
                    base = Some(url);
                }
                _ => return Ok(reply),
            }
        }
        Err(DownloadError::Redirects(self.limits.redirects))
    }
}

fn transport_error(error: &reqwest::Error) -> DownloadError {
    if error.is_timeout() {
        return DownloadError::Timeout;
    }
    DownloadError::Network(deepest(error).to_string())
}

fn deepest<'e>(error: &'e reqwest::Error) -> &'e (dyn std::error::Error + 'static) {
    let mut deepest: &(dyn std::error::Error + 'static) = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest
}

/// A random number from 0 to 1, so that downloads that failed together are not retried together.
fn random() -> f64 {
    let mut bytes = [0; 4];
    let _ = getrandom::fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}
