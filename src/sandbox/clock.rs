//! The sandbox's clock: real time that never goes back, and the speed at which jobs run by it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How many seconds of the service pass in a real one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Speed(pub(super) f64);

impl Speed {
    /// The real time that a time of the service takes.
    pub(super) fn real(self, service: Duration) -> Duration {
        service.div_f64(self.0)
    }

    /// The same in milliseconds.
    pub(super) fn real_millis(self, service: Duration) -> u64 {
        (service.as_secs_f64() * 1000.0 / self.0).round() as u64
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    started: Instant,
    started_at: u64,
}

impl Clock {
    pub(super) fn start() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock { started: Instant::now(), started_at: since.as_millis() as u64 }
    }

    /// Unix time in milliseconds.
    pub(super) fn now(&self) -> u64 {
        self.started_at + self.started.elapsed().as_millis() as u64
    }

    /// Real time from now until a Unix time in milliseconds; none if it is past.
    pub(super) fn until(&self, at: u64) -> Duration {
        Duration::from_millis(at.saturating_sub(self.now()))
    }
}
