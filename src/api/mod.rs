//! The service as it is on the wire: requests, replies and callbacks, and what each of them means.
//!
//! [`Client`] sends and says what became of it; [`Webhook`] listens. `wire` is the only place that knows the JSON. Nothing
//! here decides when to send, or sends anything twice.

mod client;
mod refusal;
mod webhook;
mod wire;

pub use client::{Client, ClientError, DEFAULT_BASE_URL, Endpoint, EndpointError};
pub use webhook::{Call, Webhook};
pub use wire::SubmitRequest;
