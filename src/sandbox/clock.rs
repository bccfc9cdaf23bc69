//! The clock of the sandbox: real time that never goes back, and the speed at which jobs run.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The number of seconds of the service that pass in one real second.
#[derive(Debug, Clone, Copy)]
pub(super) struct SandboxSpeed(pub(super) f64);

impl SandboxSpeed {
    /// The real duration of a duration of the service.
    pub(super) fn real(self, service: Duration) -> Duration {
        service.div_f64(self.0)
    }

    /// The real duration of a duration of the service, in milliseconds.
    pub(super) fn real_millis(self, service: Duration) -> u64 {
        (service.as_secs_f64() * 1000.0 / self.0).round() as u64
    }
}

/// A monotonic clock that gives Unix time.
#[derive(Debug, Clone, Copy)]
pub(super) struct SandboxClock {
    started: Instant,
    started_at: u64,
}

impl SandboxClock {
    pub(super) fn start() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        SandboxClock { started: Instant::now(), started_at: since.as_millis() as u64 }
    }

    /// The current Unix time in milliseconds.
    pub(super) fn now(&self) -> u64 {
        self.started_at + self.started.elapsed().as_millis() as u64
    }

    /// The real time from now until a Unix time in milliseconds. Zero if it is past.
    pub(super) fn until(&self, at: u64) -> Duration {
        Duration::from_millis(at.saturating_sub(self.now()))
    }
}
