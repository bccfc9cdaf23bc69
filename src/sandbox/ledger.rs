//! What the sandbox has done so far, for tests to check against and for people to read at `/ledger`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::task::Mode;

/// A snapshot of what the sandbox has done so far.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Ledger {
    /// Every job that was accepted, and so billed, in order.
    pub jobs: Vec<LedgerJob>,
    /// Submit requests that arrived, whatever became of them.
    pub submits: u64,
    /// Status requests that arrived.
    pub statuses: u64,
    /// taskIds that those asked about.
    pub ids_asked: u64,
    /// Refusals by their code, of both kinds of request.
    pub refusals: BTreeMap<i64, u64>,
    /// How often each fault struck, by name. Those that hold all the time are not counted.
    pub faults: BTreeMap<&'static str, u64>,
    /// Callbacks that were answered with 2xx.
    pub webhooks_sent: u64,
    /// Callbacks that were given up.
    pub webhooks_failed: u64,
    /// Pictures that were served.
    pub pictures: u64,
    /// Requests that brought a key to an address that needs none.
    pub keys_leaked: u64,
    /// The most slots that one account had taken at once.
    pub most_in_flight: usize,
    /// What all jobs cost.
    pub quota: u64,
}

/// An accepted job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerJob {
    /// The name it was given.
    pub task_id: String,
    /// Stands for the key that sent it; the key itself is not kept.
    pub account: String,
    /// As it was sent.
    pub prompt: String,
    /// As it was sent, or the default.
    pub mode: Mode,
    /// Where it is to call back.
    pub hook_url: Option<String>,
    /// Unix time in milliseconds.
    pub accepted_at: u64,
    /// Unix time in milliseconds at which it ends or has ended.
    pub ends_at: u64,
    /// Where it stands.
    pub outcome: Outcome,
    /// What it cost; the sandbox gives nothing back for failures.
    pub quota: u64,
    /// True if the reply with its taskId was sent whole.
    pub told: bool,
}

/// Where a job stands, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It occupies a slot.
    Running,
    /// It has pictures.
    Done,
    /// It has a reason.
    Failed,
    /// Its time is over, and the service says running for ever or knows nothing of it.
    Lost,
}
