//! The HTTP client: each call sends one request and returns its outcome. It never retries.
//!
//! Redirects are not followed, so the key is sent to no other host. Each submit opens a connection
//! of its own: the service may be closing a kept-alive one at that moment, and a POST lost that way
//! looks like one that was accepted.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Response, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::refusal::{ReplyHead, excerpt, refusal_in};
use super::wire::{Envelope, StatusRequest, SubmitRequest};
use crate::engine::{StatusOutcome, SubmitOutcome};
use crate::task::RemoteTaskId;

/// The base URL of the service, as in the vendor's sample clients.
pub const DEFAULT_BASE_URL: &str = "https://api.midjourney-api.com";

const API_KEY: HeaderName = HeaderName::from_static("api-key");
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A reply that takes longer counts as lost. The service answers a submit at once.
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);
/// Keys shorter than this, in bytes, are not masked: no real key is, and a reply may contain one by
/// chance.
const SHORTEST_KEY: usize = 8;
/// The largest body that is read, in bytes: far more than any real reply has.
const LARGEST_BODY: usize = 16 << 20;

/// The base URL of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// A text that is not the base URL of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid base URL of the service: {why}")]
pub struct EndpointError {
    text: String,
    why: String,
}

impl Endpoint {
    /// Parses a base URL: `https://host`, optionally with a port and a path.
    ///
    /// # Errors
    /// [`EndpointError`] where the text is not a URL, has no host, is neither http nor https, or
    /// contains a user name, a password, a query or a fragment.
    pub fn parse(text: &str) -> Result<Endpoint, EndpointError> {
        let error = |why: &str| EndpointError { text: text.to_owned(), why: why.to_owned() };
        let mut url = Url::parse(text.trim()).map_err(|e| error(&e.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError {
                text: "…".into(),
                why: "it must not contain a user name or password".into(),
            });
        }
        match url.scheme() {
            "http" | "https" if url.has_host() => {}
            _ => return Err(error("it must start with https:// (or http://) and a host name")),
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(error("it must not contain `?` or `#`"));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Endpoint(url))
    }

    /// The name of the service in a state file, since the taskIds of one service are meaningless at
    /// another.
    ///
    /// All services on this machine have the same name, whatever their port: a sandbox gets a new
    /// port at each start.
    pub fn identity(&self) -> String {
        if self.is_local() {
            return "a service on this machine".to_owned();
        }
        self.0.as_str().trim_end_matches('/').to_owned()
    }

    /// Whether the service is on this machine.
    pub fn is_local(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether the key would be sent over a network unencrypted.
    pub fn exposes_key(&self) -> bool {
        self.0.scheme() == "http" && !self.is_local()
    }

    fn url_of(&self, path: &str) -> String {
        format!("{}/{path}", self.0.as_str().trim_end_matches('/'))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// The reason why a client could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The key has characters that an HTTP header cannot carry. The message does not show it.
    #[error(
        "the API key contains characters that an HTTP header cannot carry; check that it was copied exactly"
    )]
    Key,
    /// TLS or the proxy could not be set up, for this reason.
    #[error("the HTTP client could not be set up: {0}")]
    Setup(String),
}

/// A client for one service with one API key.
#[derive(Debug, Clone)]
pub struct Client {
    submits: reqwest::Client,
    statuses: reqwest::Client,
    key: SecretString,
    submit_url: String,
    status_url: String,
}

impl Client {
    /// Creates a client that sends this key to this service and to no other host.
    ///
    /// # Errors
    /// [`ClientError::Key`] where the key cannot be a header; [`ClientError::Setup`] where TLS or
    /// the proxy cannot be set up.
    pub fn new(endpoint: &Endpoint, key: &SecretString) -> Result<Client, ClientError> {
        let key: SecretString = key.expose_secret().trim().into();
        let mut header = HeaderValue::from_str(key.expose_secret()).map_err(|_| ClientError::Key)?;
        header.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (API_KEY, header),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]);
        let setup = |e: reqwest::Error| ClientError::Setup(describe(&e));
        let builder = || {
            let builder = reqwest::Client::builder()
                .default_headers(headers.clone())
                .user_agent(concat!("mjbatch/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(REPLY_TIMEOUT)
                .tls_certs_merge(web_roots());
            if endpoint.is_local() { builder.no_proxy() } else { builder }
        };
        Ok(Client {
            submits: builder().pool_max_idle_per_host(0).build().map_err(setup)?,
            statuses: builder().pool_idle_timeout(Duration::from_secs(20)).build().map_err(setup)?,
            key,
            submit_url: endpoint.url_of("midjourney/v1/submit-jobs"),
            status_url: endpoint.url_of("midjourney/v1/job-status"),
        })
    }

    /// Submits a job, once. A submit that is accepted costs money.
    pub async fn submit(&self, request: &SubmitRequest) -> SubmitOutcome {
        let begun = Instant::now();
        let outcome = self.send_submit(request).await;
        let ms = begun.elapsed().as_millis();
        // What the service says may repeat the prompt, so it is not logged at `info`.
        let mode = request.mode;
        match &outcome {
            SubmitOutcome::Accepted(task_id) => info!(mode, %task_id, ms, "submit was accepted"),
            SubmitOutcome::Refused(_) => warn!(mode, ms, "submit was refused"),
            SubmitOutcome::NotSent(_) => warn!(mode, ms, "submit was not sent"),
            SubmitOutcome::Unknown(_) => warn!(mode, ms, "submit has an unknown outcome"),
        }
        debug!(?outcome, "submit");
        outcome
    }

    async fn send_submit(&self, request: &SubmitRequest) -> SubmitOutcome {
        let sent = self.submits.post(&self.submit_url).json(request).send().await;
        let reply = match sent {
            Ok(reply) => reply,
            // Resolving, connecting and TLS come before the first byte of the request.
            Err(e) if e.is_connect() || e.is_builder() => return SubmitOutcome::NotSent(describe(&e)),
            Err(e) => return SubmitOutcome::Unknown(format!("the reply was lost: {}", describe(&e))),
        };
        let head = head_of(&reply);
        let body = read_body(reply).await;
        debug!(request = "submit", http = head.http, bytes = body.as_ref().map_or(0, Vec::len), "reply");
        let raw = body.as_deref().unwrap_or_default();
        let masked = &*self.mask_key(raw);
        if let Some(refusal) = refusal_in(head, Envelope::parse(masked).as_ref(), masked) {
            return SubmitOutcome::Refused(refusal);
        }
        match Envelope::parse(raw).as_ref().and_then(Envelope::task_id) {
            Some(task_id) => SubmitOutcome::Accepted(task_id),
            None => SubmitOutcome::Unknown(match body {
                Err(why) => format!("the reply was cut off: {why}"),
                Ok(_) if head.http >= 500 => format!("the service failed: {}", describe_reply(head, masked)),
                Ok(_) => format!("the reply contains no taskId: {}", describe_reply(head, masked)),
            }),
        }
    }

    /// Reads the status of these jobs. It is free, and safe to repeat.
    pub async fn status(&self, task_ids: &[RemoteTaskId]) -> StatusOutcome {
        let begun = Instant::now();
        let outcome = self.send_status(task_ids).await;
        let (jobs, ms) = (task_ids.len(), begun.elapsed().as_millis());
        match &outcome {
            StatusOutcome::Items(items) => info!(jobs, items = items.len(), ms, "status was answered"),
            StatusOutcome::Refused(_) => warn!(jobs, ms, "status was refused"),
            StatusOutcome::Unreadable(_) => warn!(jobs, ms, "status cannot be read"),
        }
        debug!(?outcome, "status");
        outcome
    }

    async fn send_status(&self, task_ids: &[RemoteTaskId]) -> StatusOutcome {
        let sent = self.statuses.post(&self.status_url).json(&StatusRequest { task_ids }).send().await;
        let reply = match sent {
            Ok(reply) => reply,
            Err(e) => return StatusOutcome::Unreadable(describe(&e)),
        };
        let head = head_of(&reply);
        let body = match read_body(reply).await {
            Ok(body) => body,
            Err(why) => return StatusOutcome::Unreadable(format!("the reply was cut off: {why}")),
        };
        debug!(request = "status", http = head.http, bytes = body.len(), "reply");
        let body = self.mask_key(&body);
        let envelope = Envelope::parse(&body);
        if let Some(refusal) = refusal_in(head, envelope.as_ref(), &body) {
            return StatusOutcome::Refused(refusal);
        }
        match envelope.as_ref().and_then(Envelope::items) {
            Some(items) => StatusOutcome::Items(items),
            None => StatusOutcome::Unreadable(format!(
                "the reply contains no list of jobs: {}",
                describe_reply(head, &body)
            )),
        }
    }

    /// The body with the API key replaced by `[key]`: a service may echo the key, and its messages
    /// are shown and stored.
    fn mask_key<'a>(&self, body: &'a [u8]) -> Cow<'a, [u8]> {
        let key = self.key.expose_secret().as_bytes();
        if key.len() < SHORTEST_KEY || !body.windows(key.len()).any(|window| window == key) {
            return Cow::Borrowed(body);
        }
        let mut rest = body;
        let mut masked = Vec::with_capacity(body.len());
        while let Some(at) = rest.windows(key.len()).position(|window| window == key) {
            masked.extend_from_slice(&rest[..at]);
            masked.extend_from_slice(b"[key]");
            rest = &rest[at + key.len()..];
        }
        masked.extend_from_slice(rest);
        Cow::Owned(masked)
    }
}

fn head_of(reply: &Response) -> ReplyHead {
    let retry_after =
        reply.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(parse_retry_after);
    ReplyHead { http: reply.status().as_u16(), retry_after }
}

/// The wait of a `Retry-After`, which is seconds or a date (RFC 9110, section 10.2.3).
fn parse_retry_after(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

async fn read_body(mut reply: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        match reply.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > LARGEST_BODY => {
                return Err(format!("it is larger than {} MB", LARGEST_BODY >> 20));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(e) => return Err(describe(&e)),
        }
    }
}

fn describe_reply(head: ReplyHead, body: &[u8]) -> String {
    match excerpt(body) {
        text if text.is_empty() => format!("HTTP {}, empty", head.http),
        text => format!("HTTP {}, {text}", head.http),
    }
}

/// The root cause of an error, without the URL, which is the same in all of them.
fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() && !error.is_connect() {
        return format!("no reply within {} s", REPLY_TIMEOUT.as_secs());
    }
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    let cause = deepest.to_string();
    if error.is_connect() { format!("cannot connect: {cause}") } else { cause }
}

/// The root certificates of the web, in addition to the system's, so that a machine without any can
/// connect.
fn web_roots() -> Vec<reqwest::Certificate> {
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    roots.filter_map(|root| reqwest::Certificate::from_der(root).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_parsed_or_rejected_with_a_reason() {
        let read = |text: &str| {
            Endpoint::parse(text).map(|endpoint| endpoint.url_of("x")).map_err(|e| e.to_string())
        };
        assert_eq!(read(DEFAULT_BASE_URL).unwrap(), "https://api.midjourney-api.com/x");
        assert_eq!(read(" https://proxy.example/mj/ ").unwrap(), "https://proxy.example/mj/x");
        assert_eq!(read("http://127.0.0.1:8080").unwrap(), "http://127.0.0.1:8080/x");
        for bad in
            ["", "api.midjourney-api.com", "ftp://host", "https://host?x=1", "https://host#x", "file:///etc"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
        let secret = read("https://name:hunter2@host").unwrap_err();
        assert!(!secret.contains("hunter2"), "{secret}");
    }

    #[test]
    fn services_on_this_machine_share_one_identity() {
        let identity = |text: &str| Endpoint::parse(text).unwrap().identity();
        assert_eq!(identity("http://127.0.0.1:8080"), identity("http://localhost:9"));
        assert_eq!(identity("http://[::1]:8080"), identity("http://127.0.0.2"));
        assert_ne!(identity("http://10.0.0.1"), identity("http://127.0.0.1"));
        assert_eq!(identity("https://API.midjourney-api.com:443/"), DEFAULT_BASE_URL);
    }

    #[test]
    fn a_key_that_cannot_be_sent_is_rejected_and_not_shown() {
        let endpoint = Endpoint::parse(DEFAULT_BASE_URL).unwrap();
        let error = Client::new(&endpoint, &"se\ncret".into()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("cret"));
        let client = Client::new(&endpoint, &" secret-key\n".into()).unwrap();
        assert!(!format!("{client:?}").contains("secret-key"));
    }

    #[test]
    fn a_key_that_the_service_echoes_is_masked() {
        let endpoint = Endpoint::parse(DEFAULT_BASE_URL).unwrap();
        let masked = |key: &str, body: &str| {
            let client = Client::new(&endpoint, &key.into()).unwrap();
            String::from_utf8(client.mask_key(body.as_bytes()).into_owned()).unwrap()
        };
        assert_eq!(masked(" secret-key\n", "no secret-key, secret-keysecret-key"), "no [key], [key][key]");
        assert_eq!(masked("secret-key", "nothing"), "nothing");
        assert_eq!(masked("any", "any company"), "any company");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(parse_retry_after(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(parse_retry_after("soon"), None);
    }
}
