//! The sandbox as a service that outlives the programs that use it, and what its books must say.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::LazyLock;

use mjbatch::sandbox::{Ledger, Sandbox, Settings};
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

/// The result of a future, for a test that is not async.
pub(crate) fn await_future<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// A service whose jobs take up to 150 ms, and a timeout of ten minutes 600 ms.
pub(crate) fn quick(faults: &str) -> Settings {
    Settings {
        speed: 1000.0,
        fast: 10.0..=150.0,
        relaxed: 10.0..=150.0,
        faults: faults.parse().unwrap(),
        picture_side: 32,
        ..Settings::default()
    }
}

/// A sandbox that serves until it is dropped.
pub(crate) struct Service(Sandbox);

impl Service {
    /// A quick one with these faults.
    pub(crate) fn with(faults: &str) -> Service {
        Service::of(quick(faults))
    }

    /// A quick one whose jobs take this many milliseconds.
    pub(crate) fn taking(milliseconds: std::ops::RangeInclusive<f64>, faults: &str) -> Service {
        Service::of(Settings { fast: milliseconds.clone(), relaxed: milliseconds, ..quick(faults) })
    }

    pub(crate) fn of(settings: Settings) -> Service {
        Service(await_future(Sandbox::start(settings)).unwrap())
    }

    pub(crate) fn url(&self) -> String {
        self.0.base_url()
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.0.addr()
    }

    pub(crate) fn ledger(&self) -> Ledger {
        self.0.ledger()
    }

    /// How many jobs it has accepted, and so billed.
    pub(crate) fn jobs(&self) -> usize {
        self.ledger().jobs.len()
    }

    /// How many submit requests have arrived, whatever became of them.
    pub(crate) fn submits(&self) -> u64 {
        self.ledger().submits
    }
}

/// The taskId of each prompt that was billed.
///
/// # Panics
/// If one was billed twice, by any of these services.
#[track_caller]
pub(crate) fn paid_once(ledgers: &[&Ledger]) -> HashMap<String, String> {
    let mut paid = HashMap::new();
    for job in ledgers.iter().flat_map(|ledger| &ledger.jobs) {
        let before = paid.insert(job.prompt.clone(), job.task_id.clone());
        assert_eq!(before, None, "billed twice: {}", job.prompt);
    }
    for ledger in ledgers {
        assert_eq!(ledger.keys_leaked, 0, "the key went where none is needed");
    }
    paid
}
