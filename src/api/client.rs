//! The HTTP client: one request, one outcome, never a second try of its own.
//!
//! Redirects are not followed, so the key goes to no other host. A submit gets a connection of its own: on one that was
//! kept, the service may just be closing it, and a POST lost that way could not be told from one that was taken.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Response, Url};
use secrecy::{ExposeSecret, SecretString};

use super::refusal::{self, Head};
use super::wire::{Envelope, StatusRequest, SubmitRequest};
use crate::engine::{StatusOutcome, SubmitOutcome};
use crate::task::RemoteTaskId;

/// Where the service is. The vendor's own samples name it so.
pub const DEFAULT_BASE_URL: &str = "https://api.midjourney-api.com";

const API_KEY: HeaderName = HeaderName::from_static("api-key");
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A reply that takes longer counts as lost. The service answers submits at once.
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);
/// Shorter keys are not real ones, and words of a reply may hold them by chance.
const SHORTEST_KEY: usize = 8;
/// More than any honest reply has.
const LARGEST_BODY: usize = 16 << 20;

/// The address of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// The text is not the address of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the address of a service: {why}")]
pub struct EndpointError {
    text: String,
    why: String,
}

impl Endpoint {
    /// Reads a base address: `https://host`, perhaps with a port and a path.
    ///
    /// # Errors
    /// Where it is no address, has no host, is neither http nor https, or carries a password, a query or a fragment.
    pub fn parse(text: &str) -> Result<Endpoint, EndpointError> {
        let error = |why: &str| EndpointError { text: text.to_owned(), why: why.to_owned() };
        let mut url = Url::parse(text.trim()).map_err(|e| error(&e.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError {
                text: "…".into(),
                why: "it must not carry a name or a password".into(),
            });
        }
        match url.scheme() {
            "http" | "https" if url.has_host() => {}
            _ => return Err(error("it must begin with https:// (or http://) and name a host")),
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(error("it must have no `?` and no `#`"));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Endpoint(url))
    }

    /// The name of the service in a state: taskIds of one service mean nothing at another.
    ///
    /// A port on this machine does not count: a stand-in gets a new one each time it is started.
    pub fn identity(&self) -> String {
        if self.is_local() {
            return "a service on this machine".to_owned();
        }
        self.0.as_str().trim_end_matches('/').to_owned()
    }

    /// Whether it is on this machine.
    pub fn is_local(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether the key would cross a network in the clear.
    pub fn shows_the_key(&self) -> bool {
        self.0.scheme() == "http" && !self.is_local()
    }

    fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.0.as_str().trim_end_matches('/'))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The key has characters that no header can carry. It is not shown.
    #[error("the API key has characters that cannot be sent: is it whole, and nothing else?")]
    Key,
    /// TLS or the proxy settings could not be set up.
    #[error("the HTTP client could not be set up: {0}")]
    Setup(String),
}

/// The client of one service with one key.
#[derive(Debug, Clone)]
pub struct Client {
    submits: reqwest::Client,
    statuses: reqwest::Client,
    key: SecretString,
    submit_url: String,
    status_url: String,
}

impl Client {
    /// A client that sends this key to this service and to no other host.
    ///
    /// # Errors
    /// [`ClientError::Key`] where the key cannot be a header; [`ClientError::Setup`] where the system does not let us.
    pub fn new(endpoint: &Endpoint, key: &SecretString) -> Result<Client, ClientError> {
        let key: SecretString = key.expose_secret().trim().into();
        let mut header = HeaderValue::from_str(key.expose_secret()).map_err(|_| ClientError::Key)?;
        header.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (API_KEY, header),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]);
        let setup = |e: reqwest::Error| ClientError::Setup(words(&e));
        let builder = || {
            let builder = reqwest::Client::builder()
                .default_headers(headers.clone())
                .user_agent(concat!("mjbatch/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(REPLY_TIMEOUT)
                .tls_certs_merge(roots());
            if endpoint.is_local() { builder.no_proxy() } else { builder }
        };
        Ok(Client {
            submits: builder().pool_max_idle_per_host(0).build().map_err(setup)?,
            statuses: builder().pool_idle_timeout(Duration::from_secs(20)).build().map_err(setup)?,
            key,
            submit_url: endpoint.at("midjourney/v1/submit-jobs"),
            status_url: endpoint.at("midjourney/v1/job-status"),
        })
    }

    /// Submits a job, once. Costs money where it is accepted.
    pub async fn submit(&self, request: &SubmitRequest) -> SubmitOutcome {
        let sent = self.submits.post(&self.submit_url).json(request).send().await;
        let reply = match sent {
            Ok(reply) => reply,
            // Resolving, connecting and TLS come before the first byte of the request.
            Err(e) if e.is_connect() || e.is_builder() => return SubmitOutcome::NotSent(words(&e)),
            Err(e) => return SubmitOutcome::Unknown(format!("the reply was lost: {}", words(&e))),
        };
        let head = head(&reply);
        let body = read(reply).await;
        let whole = body.as_deref().unwrap_or_default();
        let read = &*self.without_key(whole);
        if let Some(refusal) = refusal::of(head, Envelope::parse(read).as_ref(), read) {
            return SubmitOutcome::Refused(refusal);
        }
        match Envelope::parse(whole).as_ref().and_then(Envelope::task_id) {
            Some(task_id) => SubmitOutcome::Accepted(task_id),
            None => SubmitOutcome::Unknown(match body {
                Err(why) => format!("the reply was cut: {why}"),
                Ok(_) if head.http >= 500 => format!("the service failed: {}", shown(head, read)),
                Ok(_) => format!("the reply names no taskId: {}", shown(head, read)),
            }),
        }
    }

    /// Asks how these jobs are. Free, and safe to repeat.
    pub async fn status(&self, task_ids: &[RemoteTaskId]) -> StatusOutcome {
        let sent = self.statuses.post(&self.status_url).json(&StatusRequest { task_ids }).send().await;
        let reply = match sent {
            Ok(reply) => reply,
            Err(e) => return StatusOutcome::Unreadable(words(&e)),
        };
        let head = head(&reply);
        let body = match read(reply).await {
            Ok(body) => body,
            Err(why) => return StatusOutcome::Unreadable(format!("the reply was cut: {why}")),
        };
        let body = self.without_key(&body);
        let envelope = Envelope::parse(&body);
        if let Some(refusal) = refusal::of(head, envelope.as_ref(), &body) {
            return StatusOutcome::Refused(refusal);
        }
        match envelope.as_ref().and_then(Envelope::items) {
            Some(items) => StatusOutcome::Items(items),
            None => StatusOutcome::Unreadable(format!("the reply lists no jobs: {}", shown(head, &body))),
        }
    }

    /// A service may repeat the key in what it says, and what it says is shown and kept.
    fn without_key<'a>(&self, body: &'a [u8]) -> Cow<'a, [u8]> {
        let key = self.key.expose_secret().as_bytes();
        if key.len() < SHORTEST_KEY || !body.windows(key.len()).any(|window| window == key) {
            return Cow::Borrowed(body);
        }
        let mut rest = body;
        let mut without = Vec::with_capacity(body.len());
        while let Some(at) = rest.windows(key.len()).position(|window| window == key) {
            without.extend_from_slice(&rest[..at]);
            without.extend_from_slice(b"[key]");
            rest = &rest[at + key.len()..];
        }
        without.extend_from_slice(rest);
        Cow::Owned(without)
    }
}

fn head(reply: &Response) -> Head {
    let retry_after =
        reply.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(wait_of);
    Head { http: reply.status().as_u16(), retry_after }
}

/// `Retry-After` is seconds or a date (RFC 9110, 10.2.3).
fn wait_of(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

async fn read(mut reply: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        match reply.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > LARGEST_BODY => {
                return Err(format!("it is larger than {} MB", LARGEST_BODY >> 20));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(e) => return Err(words(&e)),
        }
    }
}

fn shown(head: Head, body: &[u8]) -> String {
    match refusal::first_words(body) {
        words if words.is_empty() => format!("HTTP {}, empty", head.http),
        words => format!("HTTP {}, {words}", head.http),
    }
}

/// The error and what it stands on, without the address, which says nothing new.
fn words(error: &reqwest::Error) -> String {
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

/// The roots of the web, beside the system's own, so that a machine without any can still connect.
fn roots() -> Vec<reqwest::Certificate> {
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    roots.filter_map(|root| reqwest::Certificate::from_der(root).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_or_refused_with_a_reason() {
        let read =
            |text: &str| Endpoint::parse(text).map(|endpoint| endpoint.at("x")).map_err(|e| e.to_string());
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
    fn services_on_this_machine_are_one_and_others_are_told_apart() {
        let identity = |text: &str| Endpoint::parse(text).unwrap().identity();
        assert_eq!(identity("http://127.0.0.1:8080"), identity("http://localhost:9"));
        assert_eq!(identity("http://[::1]:8080"), identity("http://127.0.0.2"));
        assert_ne!(identity("http://10.0.0.1"), identity("http://127.0.0.1"));
        assert_eq!(identity("https://API.midjourney-api.com:443/"), DEFAULT_BASE_URL);
    }

    #[test]
    fn a_key_that_cannot_be_sent_is_refused_and_not_shown() {
        let endpoint = Endpoint::parse(DEFAULT_BASE_URL).unwrap();
        let error = Client::new(&endpoint, &"se\ncret".into()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("cret"));
        let client = Client::new(&endpoint, &" secret-key\n".into()).unwrap();
        assert!(!format!("{client:?}").contains("secret-key"));
    }

    #[test]
    fn a_key_that_is_repeated_is_taken_out_of_what_is_said() {
        let endpoint = Endpoint::parse(DEFAULT_BASE_URL).unwrap();
        let said = |key: &str, body: &str| {
            let client = Client::new(&endpoint, &key.into()).unwrap();
            String::from_utf8(client.without_key(body.as_bytes()).into_owned()).unwrap()
        };
        assert_eq!(said(" secret-key\n", "no secret-key, secret-keysecret-key"), "no [key], [key][key]");
        assert_eq!(said("secret-key", "nothing"), "nothing");
        assert_eq!(said("any", "any company"), "any company");
    }

    #[test]
    fn a_wait_is_seconds_or_a_date() {
        assert_eq!(wait_of(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(wait_of("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(wait_of("soon"), None);
    }
}
