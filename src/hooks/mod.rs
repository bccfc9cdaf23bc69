//! The hooks of a batch: `on_done` and `on_finish` deliver what became of it to a command or a URL,
//! such as a CMS or a chat.
//!
//! [`docs::HOOKS`](crate::docs::HOOKS) is the contract with receivers: messages, tries, signatures.
//! A delivery is pending in the state from the moment a task is done until it succeeds, and is
//! tried four times in a run. What was delivered is never delivered again, also not to another URL:
//! a changed hook gets the pending deliveries. A failure never changes what the batch is.
//!
//! `config` resolves what the manifest says before anything is spent; `message` makes the JSON;
//! `notifier` sends one message with retries, by `command` or `post`; `queue` runs the deliveries
//! of a batch, a few in parallel. Pending deliveries come through [`Outbox`], and results are
//! handed back to be recorded by the caller.

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
