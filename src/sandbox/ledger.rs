//! The billing ledger: what the sandbox has done so far, for tests and for people (at `/ledger`).
//!
//! The names of its JSON fields are a contract.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::task::Mode;

/// A snapshot of what the sandbox has done so far.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct BillingLedger {
    /// Every job that was accepted, and so billed, in order.
    pub jobs: Vec<LedgerEntry>,
    /// The number of submit requests, whatever their outcome.
    pub submits: u64,
    /// The number of status requests.
    pub statuses: u64,
    /// The number of taskIds in status requests.
    pub ids_asked: u64,
    /// The number of refusals by code, of both kinds of request.
    pub refusals: BTreeMap<i64, u64>,
    /// How often each fault struck, by name. Faults that apply all the time are not counted.
    pub faults: BTreeMap<&'static str, u64>,
    /// The number of callbacks that were answered with 2xx.
    pub webhooks_sent: u64,
    /// The number of callbacks that were given up.
    pub webhooks_failed: u64,
    /// The number of requests for images.
    #[serde(rename = "pictures")]
    pub image_requests: u64,
    /// The number of requests that sent an API key to a URL that needs none.
    pub keys_leaked: u64,
    /// The most slots that one account used at once.
    pub most_in_flight: usize,
    /// The quota that all jobs cost.
    pub quota: u64,
}

/// An accepted job, as the ledger lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerEntry {
    /// The taskId that the job got.
    pub task_id: String,
    /// An id of the API key that submitted it. The key itself is not kept.
    pub account: String,
    /// The prompt as it was sent.
    pub prompt: String,
    /// The mode as it was sent, or the default.
    pub mode: Mode,
    /// The URL for callbacks.
    pub hook_url: Option<String>,
    /// When the job was accepted, as Unix time in milliseconds.
    pub accepted_at: u64,
    /// When the job ends or has ended, as Unix time in milliseconds.
    pub ends_at: u64,
    /// The state of the job at the time of the snapshot.
    pub outcome: LedgerOutcome,
    /// The quota that the job cost. Failed jobs are not refunded.
    pub quota: u64,
    /// Whether the reply with the taskId was sent in full.
    #[serde(rename = "told")]
    pub reply_sent: bool,
}

/// The state of a job in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerOutcome {
    /// The job occupies a slot.
    Running,
    /// The job has images.
    Done,
    /// The job failed with a reason.
    Failed,
    /// The job is over, but the service reports it as running forever or has forgotten it.
    Lost,
}
