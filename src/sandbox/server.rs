//! What the handlers share: the books, the clock, the checks before and the mischief around every API request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};

use super::clock::{Clock, Speed};
use super::connection::Knife;
use super::faults::Fault;
use super::item::Shape;
use super::jobs::Books;
use super::webhook::Postman;
use super::wire::Refusal;
use super::{images, page, status, submit};

/// A prompt of 100,000 characters fits, even where each is written as two `\u` escapes.
const LARGEST_BODY: usize = 2 << 20;

/// The sandbox as its handlers see it.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) clock: Clock,
    pub(super) speed: Speed,
    pub(super) shape: Shape,
    /// Where clients reach it, without a slash at the end.
    pub(super) base_url: String,
    pub(super) key: Option<SecretString>,
    pub(super) postman: Postman,
    /// As many pictures are drawn at once as there are processors.
    pub(super) drawing: Semaphore,
    pub(super) stopped: watch::Receiver<bool>,
    pub(super) books: Mutex<Books>,
}

pub(super) fn routes(service: Arc<Service>) -> Router {
    Router::new()
        .route("/midjourney/v1/submit-jobs", post(submit::answer))
        .route("/midjourney/v1/job-status", post(status::answer))
        .route("/images/{task_id}/{name}", get(images::answer))
        .route("/stored/{task_id}/{name}", get(images::answer_stored))
        .route("/ledger", get(page::ledger))
        .route("/", get(page::index))
        .fallback(page::nothing_here)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(service)
}

/// The faults that can strike a request before it is looked at.
pub(super) struct Strikes {
    pub(super) cut: Fault,
    pub(super) hang: Fault,
    pub(super) too_many: Fault,
    pub(super) broken: Fault,
    pub(super) html: Fault,
}

impl Service {
    /// The books. No handler panics while it holds them; were one to, they would still add up.
    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reply to a request that is not to be looked at, or nothing if it is.
    pub(super) async fn struck(&self, strikes: &Strikes, number: u64, knife: &Knife) -> Option<Response> {
        if self.shape.faults.is_on(Fault::ApiMissing) {
            return Some((StatusCode::NOT_FOUND, Html(page::NOT_FOUND)).into_response());
        }
        let struck = {
            let mut books = self.books();
            let all = [strikes.cut, strikes.hang, strikes.too_many, strikes.broken, strikes.html];
            all.into_iter().find(|fault| books.strikes(*fault, number))?
        };
        if struck == strikes.hang {
            return std::future::pending().await;
        }
        Some(match struck {
            fault if fault == strikes.cut => cut(knife),
            fault if fault == strikes.too_many => {
                self.later(StatusCode::TOO_MANY_REQUESTS, "too many requests")
            }
            fault if fault == strikes.html => {
                (StatusCode::BAD_GATEWAY, Html(page::BAD_GATEWAY)).into_response()
            }
            _ => self.envelope(StatusCode::INTERNAL_SERVER_ERROR, 500, "internal error", Some(Value::Null)),
        })
    }

    /// The account that a request's key stands for.
    pub(super) fn account(&self, headers: &HeaderMap) -> Result<String, Refusal> {
        let key = headers.get("api-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
        let wrong = self.key.as_ref().is_some_and(|right| right.expose_secret() != key);
        let faults = &self.shape.faults;
        let asked = {
            let books = self.books();
            books.totals.submits + books.totals.statuses
        };
        let late = faults.count(Fault::KeyRefusedAfter).is_some_and(|n| asked > n);
        if key.is_empty() {
            Err(Refusal::new(Refusal::KEY, "API-KEY is missing"))
        } else if wrong || late || faults.is_on(Fault::KeyRefused) {
            Err(Refusal::new(Refusal::KEY, "API-KEY is invalid"))
        } else {
            Ok(blake3::hash(key.as_bytes()).to_hex()[..8].to_owned())
        }
    }

    /// A refusal, with the HTTP status and the `data` that are asked for.
    pub(super) fn refuse(&self, refusal: &Refusal) -> Response {
        *self.books().totals.refusals.entry(refusal.code).or_default() += 1;
        let faults = &self.shape.faults;
        let http = if refusal.code == Refusal::KEY { Fault::KeyHttp } else { Fault::RefusalHttp };
        let http = faults.choice(http).parse().unwrap_or(StatusCode::OK);
        let data = match faults.choice(Fault::RefusalData) {
            "missing" => None,
            "empty" => Some(json!({})),
            _ => Some(Value::Null),
        };
        self.envelope(http, refusal.code, &refusal.message, data)
    }

    /// An envelope, with Retry-After where its HTTP status is one that may have it.
    pub(super) fn envelope(
        &self,
        http: StatusCode,
        code: i64,
        message: &str,
        data: Option<Value>,
    ) -> Response {
        let body = self.shape.envelope(code, message, data).to_string();
        let mut response = (http, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        let after = self.shape.faults.time(Fault::RetryAfter);
        if let (429 | 503, Some(after)) = (http.as_u16(), after) {
            let seconds = after.as_millis().div_ceil(1000) as u64;
            let text = if self.shape.faults.is_on(Fault::RetryAfterDate) {
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

    fn later(&self, http: StatusCode, message: &str) -> Response {
        self.envelope(http, i64::from(http.as_u16()), message, Some(Value::Null))
    }

    /// Waits as long as every reply has to.
    pub(super) async fn lag(&self) {
        if let Some(latency) = self.shape.faults.time(Fault::Latency) {
            tokio::time::sleep(latency).await;
        }
    }
}

/// What is returned is never seen: the connection ends at its first byte.
pub(super) fn cut(knife: &Knife) -> Response {
    knife.cut();
    StatusCode::OK.into_response()
}

/// The reply as it is, but for what is cut off in the middle.
pub(super) fn in_half(knife: &Knife, response: Response) -> Response {
    knife.cut_in_half();
    response
}

/// A reply that no client can read.
pub(super) fn garbage() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], "{\"status\":0,\"data\":{\"taskId\":\"\u{fffd}<!-- ")
        .into_response()
}

/// The body of a request, or the refusal of one that is too large or broke off.
pub(super) fn whole<E>(body: Result<Bytes, E>) -> Result<Bytes, Refusal> {
    body.map_err(|_| Refusal::new(Refusal::REQUEST, "the body is too large or incomplete"))
}
