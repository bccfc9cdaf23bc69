//! The state that the handlers share, and what every API request goes through: faults, key,
//! envelope.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};

use super::accounts::Accounts;
use super::callback_sender::CallbackSender;
use super::clock::{SandboxClock, SandboxSpeed};
use super::connection::CutHandle;
use super::faults::SandboxFault;
use super::html;
use super::item::ReplyShape;
use super::wire::SandboxRefusal;

/// The state that the handlers share.
#[derive(Debug)]
pub(super) struct SandboxService {
    pub(super) clock: SandboxClock,
    pub(super) speed: SandboxSpeed,
    pub(super) shape: ReplyShape,
    /// The URL that clients use, without a slash at the end.
    pub(super) base_url: String,
    pub(super) key: Option<SecretString>,
    pub(super) callbacks: CallbackSender,
    /// Permits to draw an image, as many as there are processors.
    pub(super) draw_permits: Semaphore,
    pub(super) stopped: watch::Receiver<bool>,
    pub(super) accounts: Mutex<Accounts>,
}

/// The faults that can strike a request before it is read, one of each kind.
pub(super) struct PreFaults {
    pub(super) cut: SandboxFault,
    pub(super) hang: SandboxFault,
    pub(super) too_many: SandboxFault,
    pub(super) broken: SandboxFault,
    pub(super) html: SandboxFault,
}

impl SandboxService {
    /// Locks the accounts. They are consistent even after a panic of another holder.
    pub(super) fn accounts(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replies to a request that a fault strikes before it is read. `None` if none does.
    pub(super) async fn pre_fault(
        &self,
        faults: &PreFaults,
        number: u64,
        cut_handle: &CutHandle,
    ) -> Option<Response> {
        if self.shape.faults.is_on(SandboxFault::ApiMissing) {
            return Some((StatusCode::NOT_FOUND, Html(html::NOT_FOUND)).into_response());
        }
        let struck = {
            let mut accounts = self.accounts();
            let all = [faults.cut, faults.hang, faults.too_many, faults.broken, faults.html];
            all.into_iter().find(|fault| accounts.strikes(*fault, number))?
        };
        if struck == faults.hang {
            return std::future::pending().await;
        }
        Some(match struck {
            fault if fault == faults.cut => cut(cut_handle),
            fault if fault == faults.too_many => {
                self.envelope(StatusCode::TOO_MANY_REQUESTS, 429, "too many requests", Some(Value::Null))
            }
            fault if fault == faults.html => {
                (StatusCode::BAD_GATEWAY, Html(html::BAD_GATEWAY)).into_response()
            }
            _ => self.envelope(StatusCode::INTERNAL_SERVER_ERROR, 500, "internal error", Some(Value::Null)),
        })
    }

    /// Checks the key of a request and returns the account that it stands for.
    pub(super) fn account(&self, headers: &HeaderMap) -> Result<String, SandboxRefusal> {
        let key = headers.get("api-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
        let is_wrong = self.key.as_ref().is_some_and(|right| right.expose_secret() != key);
        let faults = &self.shape.faults;
        let requests = {
            let accounts = self.accounts();
            accounts.totals.submits + accounts.totals.statuses
        };
        let is_refused_now = faults.count(SandboxFault::KeyRefusedAfter).is_some_and(|n| requests > n);
        if key.is_empty() {
            Err(SandboxRefusal::new(SandboxRefusal::KEY, "API-KEY is missing"))
        } else if is_wrong || is_refused_now || faults.is_on(SandboxFault::KeyRefused) {
            Err(SandboxRefusal::new(SandboxRefusal::KEY, "API-KEY is invalid"))
        } else {
            Ok(blake3::hash(key.as_bytes()).to_hex()[..8].to_owned())
        }
    }

    /// Replies with a refusal, in the HTTP status and with the `data` that the faults ask for.
    pub(super) fn refuse(&self, refusal: &SandboxRefusal) -> Response {
        *self.accounts().totals.refusals.entry(refusal.code).or_default() += 1;
        let faults = &self.shape.faults;
        let http = if refusal.code == SandboxRefusal::KEY {
            SandboxFault::KeyHttp
        } else {
            SandboxFault::RefusalHttp
        };
        let http = faults.choice(http).parse().unwrap_or(StatusCode::OK);
        let data = match faults.choice(SandboxFault::RefusalData) {
            "missing" => None,
            "empty" => Some(json!({})),
            _ => Some(Value::Null),
        };
        self.envelope(http, refusal.code, &refusal.message, data)
    }

    /// Replies with an envelope, and with `Retry-After` if the fault is on and the status is 429 or
    /// 503.
    pub(super) fn envelope(
        &self,
        http: StatusCode,
        code: i64,
        message: &str,
        data: Option<Value>,
    ) -> Response {
        let body = self.shape.envelope(code, message, data).to_string();
        let mut response = (http, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        let after = self.shape.faults.time(SandboxFault::RetryAfter);
        if let (429 | 503, Some(after)) = (http.as_u16(), after) {
            let seconds = after.as_millis().div_ceil(1000) as u64;
            let text = if self.shape.faults.is_on(SandboxFault::RetryAfterDate) {
                httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds))
            } else {
                seconds.to_string()
            };
            if let Ok(text) = text.parse() {
                response.headers_mut().insert(header::RETRY_AFTER, text);
            }
        }
        response
    }

    /// Waits for the `latency` fault.
    pub(super) async fn lag(&self) {
        if let Some(latency) = self.shape.faults.time(SandboxFault::Latency) {
            tokio::time::sleep(latency).await;
        }
    }
}

/// Cuts the connection before the first byte of the reply.
pub(super) fn cut(cut_handle: &CutHandle) -> Response {
    cut_handle.cut();
    StatusCode::OK.into_response()
}

/// Cuts the connection in the middle of the reply.
pub(super) fn in_half(cut_handle: &CutHandle, response: Response) -> Response {
    cut_handle.cut_in_half();
    response
}

/// A reply with a body that is not JSON.
pub(super) fn garbage() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], "{\"status\":0,\"data\":{\"taskId\":\"\u{fffd}<!-- ")
        .into_response()
}

/// Returns the body of a request, or refuses one that is too large or incomplete.
pub(super) fn whole_body<E>(body: Result<Bytes, E>) -> Result<Bytes, SandboxRefusal> {
    body.map_err(|_| SandboxRefusal::new(SandboxRefusal::REQUEST, "the body is too large or incomplete"))
}
