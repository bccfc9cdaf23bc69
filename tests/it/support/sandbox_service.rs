//! The sandbox as a service that outlives the commands that use it, and assertions about what it billed.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::LazyLock;

use mjbatch::sandbox::{BillingLedger, Sandbox, SandboxSettings};
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

/// Runs a future to its end, for tests that are not async.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// SandboxSettings for jobs of at most 150 ms, by which a timeout of ten minutes lasts 600 ms.
pub(crate) fn fast_sandbox(faults: &str) -> SandboxSettings {
    SandboxSettings {
        speed: 1000.0,
        fast: 10.0..=150.0,
        relaxed: 10.0..=150.0,
        faults: faults.parse().unwrap(),
        image_side: 32,
        ..SandboxSettings::default()
    }
}

/// A sandbox that serves until it is dropped.
pub(crate) struct SandboxService(Sandbox);

impl SandboxService {
    /// Starts a fast sandbox with these faults.
    pub(crate) fn with_faults(faults: &str) -> SandboxService {
        SandboxService::start(fast_sandbox(faults))
    }

    /// Starts a fast sandbox whose jobs take this many milliseconds.
    pub(crate) fn with_job_time(milliseconds: std::ops::RangeInclusive<f64>, faults: &str) -> SandboxService {
        SandboxService::start(SandboxSettings {
            fast: milliseconds.clone(),
            relaxed: milliseconds,
            ..fast_sandbox(faults)
        })
    }

    pub(crate) fn start(settings: SandboxSettings) -> SandboxService {
        SandboxService(block_on(Sandbox::start(settings)).unwrap())
    }

    pub(crate) fn url(&self) -> String {
        self.0.base_url()
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.0.addr()
    }

    pub(crate) fn ledger(&self) -> BillingLedger {
        self.0.ledger()
    }

    /// The number of jobs that it has accepted, and so billed.
    pub(crate) fn jobs(&self) -> usize {
        self.ledger().jobs.len()
    }

    /// The number of submit requests that have arrived, accepted or not.
    pub(crate) fn submits(&self) -> u64 {
        self.ledger().submits
    }
}

/// Asserts that no prompt was billed twice by these services, and returns the taskId of each.
///
/// # Panics
/// If a prompt was billed twice, or the API key was sent to a URL that needs none.
#[track_caller]
pub(crate) fn assert_paid_once(ledgers: &[&BillingLedger]) -> HashMap<String, String> {
    let mut paid = HashMap::new();
    for job in ledgers.iter().flat_map(|ledger| &ledger.jobs) {
        let before = paid.insert(job.prompt.clone(), job.task_id.clone());
        assert_eq!(before, None, "billed twice: {}", job.prompt);
    }
    for ledger in ledgers {
        assert_eq!(ledger.keys_leaked, 0, "the key was sent to a URL that needs none");
    }
    paid
}
