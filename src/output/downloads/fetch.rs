//! One picture from its address to its file.
//!
//! What arrives goes to a draft beside the file's name while its hash is made; a transfer that breaks is taken up where it
//! broke, if the host can say that it is still the same picture (`ETag`, RFC 9110, 13.1.5), else begun anew. Redirects are
//! followed by hand, so that every address is checked. Bodies are never decompressed: a picture is small already.

use std::fs::File;
use std::io::{Seek, Write};
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, LOCATION, RANGE, RETRY_AFTER,
};
use reqwest::{Response, StatusCode, Url};

use super::Fault;
use super::address::{LeadsInside, PublicOnly, Trust};
use super::folder::Spot;
use super::sniff::{self, Kind};

/// How much a picture may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes.
    pub bytes: u64,
    /// How long one try may last.
    pub time: Duration,
    /// How long nothing may come.
    pub silence: Duration,
    /// How often it is tried.
    pub tries: u32,
    /// How long after the first try; each further wait is twice as long, and up to half as long again.
    pub wait: Duration,
    /// How many redirects are followed.
    pub redirects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            bytes: 64 << 20,
            time: Duration::from_secs(300),
            silence: Duration::from_secs(30),
            tries: 4,
            wait: Duration::from_millis(500),
            redirects: 5,
        }
    }
}

/// A picture that has become a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// What kind it is, by its content.
    pub kind: Kind,
    /// BLAKE3 of its bytes.
    pub hash: [u8; 32],
    /// How many there are.
    pub bytes: u64,
    /// How many tries it took.
    pub tries: u32,
}

/// Brings pictures.
#[derive(Debug, Clone)]
pub struct Fetcher {
    /// Asks public addresses alone.
    guarded: reqwest::Client,
    /// Asks any that was allowed.
    open: reqwest::Client,
    trust: Trust,
    limits: Limits,
}

impl Fetcher {
    /// A fetcher that knows no key and keeps no cookies.
    ///
    /// # Errors
    /// Where TLS cannot be set up, in words.
    pub fn new(trust: Trust, limits: Limits) -> Result<Fetcher, String> {
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
        let guarded = builder().dns_resolver(Arc::new(PublicOnly)).build().map_err(|e| e.to_string())?;
        Ok(Fetcher { guarded, open: builder().build().map_err(|e| e.to_string())?, trust, limits })
    }

    /// Brings the picture at this address. `spot` tells where it goes, once its kind is known. `ours` says whether a file
    /// that is there is one that this batch put there, by its hash.
    ///
    /// # Errors
    /// Why it is not there, after all tries.
    pub async fn fetch(
        &self,
        url: &str,
        mut spot: impl FnMut(Kind) -> Result<(Spot, bool), Fault>,
    ) -> Result<Fetched, (Fault, u32)> {
        let mut partial = Partial::default();
        let mut wait = self.limits.wait;
        for tries in 1.. {
            let fault = match self.once(url, &mut partial, &mut spot).await {
                Ok(()) => match partial.finish().await {
                    Ok((kind, hash, bytes)) => return Ok(Fetched { kind, hash, bytes, tries }),
                    Err(fault) => fault,
                },
                Err(fault) => fault,
            };
            if !fault.may_pass() || tries >= self.limits.tries {
                partial.discard();
                return Err((fault, tries));
            }
            let asked =
                partial.asked_wait.take().map_or(Duration::ZERO, |asked| asked.min(Duration::from_secs(60)));
            tokio::time::sleep(asked.max(wait + wait.mul_f64(random() / 2.0))).await;
            wait *= 2;
        }
        Err((Fault::Slow, 0)) // not reached: tries are bounded
    }

    /// One try: all that comes is in the draft.
    async fn once(
        &self,
        url: &str,
        partial: &mut Partial,
        spot: &mut impl FnMut(Kind) -> Result<(Spot, bool), Fault>,
    ) -> Result<(), Fault> {
        let mut reply = self.ask(url, partial).await?;
        let status = reply.status();
        partial.asked_wait = reply
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        match status.as_u16() {
            200 => partial.restart(&reply)?,
            206 if partial.goes_on(&reply) => {}
            // A piece that does not fit: the next try asks for all.
            206 | 416 => {
                partial.validator = None;
                return Err(Fault::Cut);
            }
            gone @ (403 | 404 | 410) => return Err(Fault::Gone(gone)),
            other => return Err(Fault::Http(other)),
        }
        if reply.content_length().is_some_and(|more| partial.bytes + more > self.limits.bytes) {
            return Err(Fault::TooLarge(self.limits.bytes));
        }
        while let Some(chunk) = reply.chunk().await.map_err(|e| fault_of(&e))? {
            if partial.bytes + chunk.len() as u64 > self.limits.bytes {
                return Err(Fault::TooLarge(self.limits.bytes));
            }
            partial.take(&chunk, spot)?;
        }
        partial.name(spot)
    }

    /// Asks, through every redirect.
    async fn ask(&self, url: &str, partial: &Partial) -> Result<Response, Fault> {
        let mut at: Option<Url> = None;
        let mut next = url.to_owned();
        for _ in 0..=self.limits.redirects {
            let (url, anywhere) = self.trust.check(&next, at.as_ref())?;
            let client = if anywhere { &self.open } else { &self.guarded };
            let mut request = client.get(url.clone());
            if let Some(validator) = &partial.validator
                && partial.bytes > 0
            {
                request =
                    request.header(RANGE, format!("bytes={}-", partial.bytes)).header(IF_RANGE, validator);
            }
            let reply = request.send().await.map_err(|e| match deepest(&e).is::<LeadsInside>() {
                true => Fault::Private(url.host_str().unwrap_or_default().to_owned()),
                false => fault_of(&e),
            })?;
            let is_redirect = matches!(reply.status().as_u16(), 301 | 302 | 303 | 307 | 308);
            match reply.headers().get(LOCATION) {
                Some(to) if is_redirect => {
                    next = to.to_str().map_err(|_| Fault::NoAddress)?.to_owned();
                    at = Some(url);
                }
                _ => return Ok(reply),
            }
        }
        Err(Fault::Redirects(self.limits.redirects))
    }
}

/// What has come so far.
#[derive(Default)]
struct Partial {
    /// The file, once its kind and so its name are known.
    file: Option<(File, Spot, bool)>,
    kind: Option<Kind>,
    head: Vec<u8>,
    tail: Vec<u8>,
    bytes: u64,
    hasher: blake3::Hasher,
    /// What the host calls this very picture.
    validator: Option<String>,
    asked_wait: Option<Duration>,
}

impl Partial {
    fn restart(&mut self, reply: &Response) -> Result<(), Fault> {
        self.discard();
        let etag = reply.headers().get(ETAG).and_then(|value| value.to_str().ok());
        let validator = etag.filter(|etag| etag.starts_with('"')).map(str::to_owned); // a weak one does not do
        *self = Partial { validator, ..Partial::default() };
        Ok(())
    }

    /// Whether this is the rest of what we have.
    fn goes_on(&self, reply: &Response) -> bool {
        let range = reply.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
        let begins =
            range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse::<u64>().ok());
        reply.status() == StatusCode::PARTIAL_CONTENT && self.bytes > 0 && begins == Some(self.bytes)
    }

    fn take(
        &mut self,
        chunk: &[u8],
        spot: &mut impl FnMut(Kind) -> Result<(Spot, bool), Fault>,
    ) -> Result<(), Fault> {
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
            return self.name(spot);
        }
        self.write(&mut rest)
    }

    fn write(&mut self, bytes: &mut &[u8]) -> Result<(), Fault> {
        let Some((file, spot, _)) = &mut self.file else { return Ok(()) };
        file.write_all(bytes).map_err(|cause| Fault::File(spot.path().to_owned(), cause))
    }

    /// The kind is known, or there is none, and with it the name.
    fn name(&mut self, spot: &mut impl FnMut(Kind) -> Result<(Spot, bool), Fault>) -> Result<(), Fault> {
        if self.file.is_some() {
            return Ok(());
        }
        let kind = Kind::of(&self.head).ok_or_else(|| Fault::NotAPicture(sniff::guess(&self.head)))?;
        let (spot, ours) = spot(kind)?;
        self.kind = Some(kind);
        self.file = Some((spot.draft()?, spot, ours));
        let head = std::mem::take(&mut self.head);
        self.write(&mut head.as_slice())?;
        self.head = head[..head.len().min(sniff::HEAD)].to_vec();
        Ok(())
    }

    /// Puts the file in its place. The disk may take its time, so others go on meanwhile.
    async fn finish(&mut self) -> Result<(Kind, [u8; 32], u64), Fault> {
        let (Some(kind), Some((mut file, spot, ours))) = (self.kind, self.file.take()) else {
            return Err(Fault::NotAPicture(sniff::guess(&self.head)));
        };
        let (hash, bytes): ([u8; 32], u64) = (self.hasher.finalize().into(), self.bytes);
        if !kind.is_whole(&self.head, bytes, &self.tail) {
            self.validator = None;
            spot.discard();
            return Err(Fault::Cut);
        }
        let settled = tokio::task::spawn_blocking(move || {
            let at_end = file.stream_position().is_ok_and(|position| position == bytes);
            let settled = if at_end { spot.settle(&file, &hash, ours) } else { Err(Fault::Cut) };
            settled.inspect_err(|_| spot.discard())
        });
        settled.await.unwrap_or(Err(Fault::Slow))?;
        Ok((kind, hash, bytes))
    }

    fn discard(&mut self) {
        if let Some((_, spot, _)) = self.file.take() {
            spot.discard();
        }
    }
}

fn fault_of(error: &reqwest::Error) -> Fault {
    if error.is_timeout() {
        return Fault::Slow;
    }
    Fault::Network(deepest(error).to_string())
}

fn deepest<'e>(error: &'e reqwest::Error) -> &'e (dyn std::error::Error + 'static) {
    let mut deepest: &(dyn std::error::Error + 'static) = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest
}

/// From 0 to 1, so that those that failed together do not come back together.
fn random() -> f64 {
    let mut bytes = [0; 4];
    let _ = getrandom::fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}
