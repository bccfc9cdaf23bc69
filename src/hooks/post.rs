//! Delivers to a URL: a signed POST with the JSON as its body, whose answer says whether the
//! delivery succeeded.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, Url};

use super::error::DeliveryError;
use super::message::HookMessage;

/// How many bytes of an answer are read, for its first line.
const READ: usize = 2048;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A URL, and the secret that posts are signed with.
#[derive(Clone)]
pub struct HookPost {
    client: reqwest::Client,
    url: Url,
    key: Option<hmac::Key>,
}

/// Omits the path of the URL, which may be a secret.
impl fmt::Debug for HookPost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookPost").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl HookPost {
    /// Posts to this URL, signed where there is a secret.
    ///
    /// # Errors
    /// A phrase where it is not an http or https URL, or TLS cannot be set up; it does not repeat
    /// the URL.
    pub fn to(url: &str, secret: Option<&[u8]>) -> Result<HookPost, String> {
        let url = Url::parse(url.trim()).map_err(|e| format!("it is not a URL: {e}"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("it is not an http or https URL".to_owned());
        }
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        let roots: Vec<_> = roots.filter_map(|root| reqwest::Certificate::from_der(root).ok()).collect();
        let builder = reqwest::Client::builder()
            .user_agent(concat!("mjbatch/", env!("CARGO_PKG_VERSION")))
            // A signature is for one receiver.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .tls_certs_merge(roots);
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let is_local = host.eq_ignore_ascii_case("localhost")
            || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let builder = if is_local { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(|e| format!("the HTTP client could not be set up: {e}"))?;
        Ok(HookPost { client, url, key: secret.map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret)) })
    }

    pub(super) async fn send(&self, message: &HookMessage, limit: Duration) -> Result<(), DeliveryError> {
        let mut request = self
            .client
            .post(self.url.clone())
            .timeout(limit)
            .header(CONTENT_TYPE, "application/json")
            .header("x-mjbatch-event", message.event)
            .header("x-mjbatch-delivery", &message.id);
        if let Some(key) = &self.key {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            request = request
                .header("x-mjbatch-timestamp", now)
                .header("x-mjbatch-signature", signature(key, now, &message.body));
        }
        let reply = request.body(message.body.clone()).send().await.map_err(|e| transport_error(&e))?;
        let status = reply.status();
        if status.is_success() {
            return Ok(());
        }
        if status.is_redirection() {
            return Err(DeliveryError::permanent(format!(
                "HTTP {}: redirects are not followed",
                status.as_u16()
            )));
        }
        let retry_after =
            reply.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let words = first_line(reply).await;
        let why = match words {
            Some(words) => format!("HTTP {}: {words}", status.as_u16()),
            None => format!("HTTP {}", status.as_u16()),
        };
        let is_transient = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
        let error = if is_transient { DeliveryError::transient(why) } else { DeliveryError::permanent(why) };
        Err(DeliveryError { retry_after: retry_after.map(Duration::from_secs), ..error })
    }
}

/// Signs the timestamp and the body, as a receiver does to compare.
fn signature(key: &hmac::Key, timestamp: u64, body: &str) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(timestamp.to_string().as_bytes());
    context.update(b".");
    context.update(body.as_bytes());
    let hex: String = context.sign().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

/// Returns the first line of an answer, reading a bounded part of it.
async fn first_line(mut reply: Response) -> Option<String> {
    let mut read = Vec::new();
    while read.len() < READ
        && let Ok(Some(chunk)) = reply.chunk().await
    {
        read.extend_from_slice(&chunk[..chunk.len().min(READ)]);
    }
    let text = String::from_utf8_lossy(&read);
    text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
}

fn transport_error(error: &reqwest::Error) -> DeliveryError {
    if error.is_timeout() {
        // The receiver may have processed it, so it is retried by the next run and not by this one.
        return DeliveryError::permanent("no answer came in time");
    }
    let mut deepest: &(dyn std::error::Error + 'static) = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    DeliveryError::transient(deepest.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_hmac_sha256_of_the_timestamp_a_dot_and_the_body() {
        // Made with `printf '1772355600.{"a":1}' | openssl dgst -sha256 -hmac Jefe`.
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"Jefe");
        let expected = "sha256=3a41532ad732a385b617b0117a315d7b74e9a938e02e59fa45320b732fb9c967";
        assert_eq!(signature(&key, 1_772_355_600, "{\"a\":1}"), expected);
    }

    #[test]
    fn a_url_is_refused_without_being_repeated() {
        for url in ["ftp://cms.example/s3cr3t", "s3cr3t", "", "file:///s3cr3t"] {
            let why = HookPost::to(url, None).unwrap_err();
            assert!(!why.contains("s3cr3t"), "{why}");
        }
        let post = HookPost::to("https://hooks.example/s3cr3t", Some(b"k3y")).unwrap();
        assert!(!format!("{post:?}").contains("s3cr3t"));
    }
}
