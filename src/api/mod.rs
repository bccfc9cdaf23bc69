//! The image API over HTTP: requests, replies and callbacks, and what each of them means.
//!
//! [`Client`] sends a request and returns its outcome; [`CallbackListener`] receives callbacks.
//! `wire` is the only module that knows the JSON, `refusal` the only one that decides whether a
//! reply is a refusal, and `failure` the only one that reads the free text of a failed job. Nothing
//! here decides when to send, and nothing is sent twice.
//!
//! # Where each fact comes from
//!
//! The service is the bridge of <https://midjourney-api.com>. What this module assumes of it, and
//! on whose word:
//!
//! | fact | source |
//! | --- | --- |
//! | the two paths, the `API-KEY` header, the fields of a submit, `fast` and `relaxed`, a timeout of 300 to 1200 seconds | the service's public pages |
//! | the envelope `{status, data, message}`, code 0, 1001 (quota) and 1002 (concurrency) | the service's public pages |
//! | a job's `status` 0, 1 and 2, `failReason`, `image` and `images` | the service's public pages; that `image` is the grid of the four is unverified |
//! | the base URL and the names of the environment variables | the vendor's sample clients |
//! | a callback is an envelope around the job or the bare job | the vendor's sample receivers, which read both |
//! | which HTTP status comes with which code, and all other codes | documented nowhere: every nonzero code is a refusal, and HTTP statuses mean what RFC 9110 says |
//! | `Retry-After` in seconds or as a date | RFC 9110, section 10.2.3 |
//! | the words of a moderated prompt | documented nowhere: the words that such services use |
//! | no idempotency key, no list of jobs, no cancelling | the service's public pages name none |

mod callback;
mod client;
mod failure;
mod refusal;
mod wire;

pub use callback::{Callback, CallbackListener};
pub use client::{Client, ClientError, DEFAULT_BASE_URL, Endpoint, EndpointError};
pub use wire::SubmitRequest;

/// Reads a body in every way in which it may be read.
pub(crate) fn read_any(http: u16, body: &[u8]) {
    let envelope = wire::Envelope::parse(body);
    let head = refusal::ReplyHead { http, retry_after: None };
    let refusal = refusal::refusal_in(head, envelope.as_ref(), body);
    let _ = (refusal, refusal::excerpt(body), wire::parse_callback(body));
    let _ = envelope.as_ref().map(|envelope| (envelope.task_id(), envelope.items()));
}
