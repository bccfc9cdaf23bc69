//! The deliveries to the hooks of a batch, as the store hands them out and takes back what became
//! of them. A delivery is one message of a hook: about a task that ended, or about a run that is
//! over.

use crate::task::{Record, Status, TaskId};

/// The tasks that `on_done` is run for, by how they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotifyOn {
    /// Only tasks that are done.
    Done,
    /// Every task that ended: done, failed or lost.
    Ended,
}

impl NotifyOn {
    /// The word by which the state keeps it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            NotifyOn::Done => "done",
            NotifyOn::Ended => "ended",
        }
    }

    /// Whether a task that ended with this status is delivered.
    pub(super) fn includes(self, status: Status) -> bool {
        self == NotifyOn::Ended || status == Status::Done
    }
}

/// The number of a delivery within its state, in the order in which deliveries were enqueued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryKey(pub i64);

/// A delivery that has not succeeded yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDelivery {
    /// The number of the delivery.
    pub key: DeliveryKey,
    /// The id by which a receiver recognizes a delivery that it already has: the same in each try.
    pub id: String,
    /// The content of the message.
    pub payload: Payload,
}

/// What a delivery is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// A task ended.
    Task {
        /// The task and its outcome as of the attempt that ended, even if the task was sent again
        /// since.
        record: Box<Record>,
        /// The status with which the attempt ended.
        status: Status,
        /// The downloaded files of the attempt's images, each with the number of its image.
        files: Vec<(u32, String)>,
    },
    /// A run is over: its summary, in JSON.
    Run(String),
}

/// The result of trying a delivery during one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The number of the delivery.
    pub key: DeliveryKey,
    /// The number of tries in this run.
    pub tries: u32,
    /// The error of the last try; `None` if it succeeded.
    pub error: Option<String>,
}

/// A delivery that is still pending, with what is known about its tries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedDelivery {
    /// The task it is about; `None` if it is about a run.
    pub id: Option<TaskId>,
    /// The number of tries in all runs.
    pub tries: u32,
    /// The error of the last try; `None` if it was never tried.
    pub error: Option<String>,
}

/// The numbers of deliveries of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryCount {
    /// Deliveries that succeeded.
    pub delivered: u64,
    /// Deliveries that are pending.
    pub pending: u64,
}
