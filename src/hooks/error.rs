//! The error of one try of a delivery, and whether another try may succeed.

use std::time::Duration;

use crate::text::sanitize_line;

/// The most characters kept of a reason.
const REASON: usize = 200;

/// The error of one try of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DeliveryError {
    /// The reason in one line that is safe for a terminal.
    pub(super) why: String,
    /// Whether another try may succeed.
    pub(super) is_transient: bool,
    /// How long the receiver asked to wait before the next try.
    pub(super) retry_after: Option<Duration>,
}

impl DeliveryError {
    pub(super) fn transient(why: impl AsRef<str>) -> DeliveryError {
        DeliveryError { why: sanitize_line(why.as_ref(), REASON), is_transient: true, retry_after: None }
    }

    pub(super) fn permanent(why: impl AsRef<str>) -> DeliveryError {
        DeliveryError { is_transient: false, ..DeliveryError::transient(why) }
    }
}
