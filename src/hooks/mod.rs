//! The hooks of a batch: `on_done` and `on_finish` deliver what became of it to a command or a URL,
//! such as a CMS or a chat.
//!
//! # Payload
//!
//! A delivery is one JSON object, on the standard input of a command or as the body of a POST.
//! Every one has
//!
//! | field | holds |
//! | --- | --- |
//! | `event` | `done`: a task ended; `finish`: a run is over |
//! | `delivery` | the delivery's id, the same in each try, which receivers use to deduplicate |
//! | `batch` | the batch's name |
//! | `rehearsal` | `true` in a sandbox, whose images are not real |
//! | `text` | one line for people, under the name that chats read |
//!
//! `done` has `task`, an object as in a line of a [`.jsonl`](crate::output::jsonl) file of results
//! (its `status` is `done`, or with `failed: true` also `failed` or `lost`), and `files`, the paths
//! of its image files where images are downloaded: it is delivered once they are there, or have
//! failed. `finish` has the fields of the event `finished` of
//! [`JsonLines`](crate::progress::JsonLines), and `counts` and `took_s`; its paths are absolute.
//! Fields may be added; none changes its meaning.
//!
//! # Delivery
//!
//! Deliveries are at least once: a delivery is pending in the state from the moment a task is done,
//! and is retried until the command exits with 0 or the URL answers with 2xx. It is tried four
//! times in a run, then left to the next run; a failure never changes what the batch is. What was
//! delivered is never delivered again, also not to another URL: a changed hook gets the pending
//! deliveries. Tasks that were done before there was an `on_done` are not delivered, unless
//! `mjbatch run --deliver-all` asks for it.
//!
//! A command runs without a shell in the manifest's folder, without the API key in its environment,
//! and is stopped with all processes that it started when its time is up. A POST identifies itself
//! in its headers: `X-Mjbatch-Event`, `X-Mjbatch-Delivery` (the body's `delivery`), and where there
//! is a secret `X-Mjbatch-Timestamp` (seconds since 1970) and `X-Mjbatch-Signature`, `sha256=` and
//! the hexadecimal HMAC-SHA256 of the timestamp, a `.` and the body. A receiver computes the same
//! from what it got, compares in constant time, and refuses old timestamps. Redirects are not
//! followed. In Python, with the body as it came:
//!
//! ```python
//! made = hmac.new(secret, timestamp + b"." + body, hashlib.sha256).hexdigest()
//! genuine = hmac.compare_digest("sha256=" + made, signature) and abs(time.time() - int(timestamp)) < 300
//! ```
//!
//! # Parts
//!
//! `config` resolves what the manifest says before anything is spent; `notifier` sends one message
//! with retries, by `command` or `post`; `queue` runs the deliveries of a batch, a few in parallel.
//! Pending deliveries come through [`Outbox`], and results are handed back to be recorded by the
//! caller.

mod command;
mod config;
mod error;
mod message;
mod notifier;
mod post;
mod queue;

pub use command::HookCommand;
pub use config::{HookConfig, HookError};
pub use message::{HookMessage, MessageContext};
pub use notifier::{DeliveryLimits, Notifier, Transport};
pub use post::HookPost;
pub use queue::{DeliveryResult, DeliveryStats, DeliveryTrigger, HookRunner, LoadedDelivery, Outbox};
