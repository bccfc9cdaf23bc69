//! Named places at which the crash tests make the program fail. A release build has none: [`reach`]
//! does nothing there.
//!
//! `MJBATCH_FAIL=submit-leaves=abort@3` ends the process, as a crash would, the third time that
//! this place is reached; `error` fails there that once, `errors` from then on, and `delay` pauses
//! there for a moment. What was done is written to stderr, so that a test can see it.

use std::io;

/// The places, in the order in which a run reaches them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// The lock is held, and nothing of the state was read yet.
    LockTaken,
    /// The tables were migrated, which is not committed yet.
    StepsTaken,
    /// The manifest's tasks are listed, which is not committed yet.
    SyncingManifest,
    /// Failed tasks are pending again, which is not committed yet.
    RequeuingFailed,
    /// The decisions of a table are recorded, which is not committed yet.
    RecordingDecisions,
    /// The attempts of a run that died are settled, their tasks not yet.
    Settling,
    /// The run has its row, and nothing was read for it yet.
    RunBegun,
    /// Intents are written, and not committed yet.
    Intending,
    /// Intents are on the disk, and nothing was reported yet.
    Intended,
    /// The request of a submit is about to leave.
    SubmitLeaves,
    /// A submit was sent and answered, and nothing was reported yet.
    SubmitAnswered,
    /// A status request is about to leave.
    StatusLeaves,
    /// A callback was received, and nothing was reported yet.
    CalledBack,
    /// Changes are written, and not committed yet.
    Recording,
    /// Changes are on the disk, and nothing was reported yet.
    Recorded,
    /// A delivery is about to start.
    DeliveryLeaves,
    /// A delivery was made, and is not recorded yet.
    DeliveryAnswered,
    /// A delivery is recorded, and not committed yet.
    DeliveryRecording,
    /// The end of the run is written, and not committed yet.
    Ending,
    /// The results are complete in a temporary file.
    ResultsWritten,
    /// The results are in their place.
    ResultsPlaced,
}

impl Point {
    /// All places.
    pub const ALL: [Point; 21] = [
        Point::LockTaken,
        Point::StepsTaken,
        Point::SyncingManifest,
        Point::RequeuingFailed,
        Point::RecordingDecisions,
        Point::Settling,
        Point::RunBegun,
        Point::Intending,
        Point::Intended,
        Point::SubmitLeaves,
        Point::SubmitAnswered,
        Point::StatusLeaves,
        Point::CalledBack,
        Point::Recording,
        Point::Recorded,
        Point::DeliveryLeaves,
        Point::DeliveryAnswered,
        Point::DeliveryRecording,
        Point::Ending,
        Point::ResultsWritten,
        Point::ResultsPlaced,
    ];

    /// Its name in `MJBATCH_FAIL`.
    pub fn as_str(self) -> &'static str {
        match self {
            Point::LockTaken => "lock-taken",
            Point::StepsTaken => "steps-taken",
            Point::SyncingManifest => "syncing-manifest",
            Point::RequeuingFailed => "requeuing-failed",
            Point::RecordingDecisions => "recording-decisions",
            Point::Settling => "settling",
            Point::RunBegun => "run-begun",
            Point::Intending => "intending",
            Point::Intended => "intended",
            Point::SubmitLeaves => "submit-leaves",
            Point::SubmitAnswered => "submit-answered",
            Point::StatusLeaves => "status-leaves",
            Point::CalledBack => "called-back",
            Point::Recording => "recording",
            Point::Recorded => "recorded",
            Point::DeliveryLeaves => "delivery-leaves",
            Point::DeliveryAnswered => "delivery-answered",
            Point::DeliveryRecording => "delivery-recording",
            Point::Ending => "ending",
            Point::ResultsWritten => "results-written",
            Point::ResultsPlaced => "results-placed",
        }
    }
}

/// Marks a place. In this build it does nothing.
///
/// # Errors
///
/// Never.
#[cfg(not(debug_assertions))]
#[inline]
pub fn reach(_: Point) -> io::Result<()> {
    Ok(())
}

/// Marks a place at which a test may make the program fail.
///
/// # Errors
///
/// A test asked for an error here.
#[cfg(debug_assertions)]
pub fn reach(point: Point) -> io::Result<()> {
    switched::reach(point)
}

#[cfg(debug_assertions)]
mod switched {
    use std::io::{self, Write as _};
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::Point;

    /// The pause of `delay`, long enough for everything else in progress to pass.
    const DELAY: Duration = Duration::from_millis(150);

    struct Plan {
        point: String,
        what: String,
        /// The first time that counts, from 1.
        from: u32,
        reached: AtomicU32,
    }

    static PLAN: LazyLock<Option<Plan>> = LazyLock::new(|| {
        let text = std::env::var("MJBATCH_FAIL").ok()?;
        let (point, what) = text.split_once('=')?;
        let (what, from) = what.split_once('@').unwrap_or((what, "1"));
        let (point, what) = (point.to_owned(), what.to_owned());
        Some(Plan { point, what, from: from.parse().ok()?, reached: AtomicU32::new(0) })
    });

    pub(super) fn reach(point: Point) -> io::Result<()> {
        let Some(plan) = PLAN.as_ref().filter(|plan| plan.point == point.as_str()) else { return Ok(()) };
        let times = plan.reached.fetch_add(1, Ordering::SeqCst) + 1;
        if times < plan.from || (times > plan.from && plan.what != "errors") {
            return Ok(());
        }
        let _ = writeln!(io::stderr(), "failpoint {}: {}", plan.point, plan.what);
        match plan.what.as_str() {
            "abort" => std::process::abort(),
            "delay" => {
                std::thread::sleep(DELAY);
                Ok(())
            }
            _ => Err(io::Error::other("made to fail by a test")),
        }
    }
}
