//! A cell of a table, before a format decides how it is written.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::task::{Quota, Status};

/// The value of one cell of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TableCell<'r> {
    /// An unknown value.
    Empty,
    /// Text of the user or the service, as it is.
    Text(Cow<'r, str>),
    /// The URL of an image.
    Link(Cow<'r, str>),
    Status(Status),
    Count(u64),
    Quota(Quota),
    Time(Timestamp),
}

impl<'r> TableCell<'r> {
    pub(super) fn text(text: &'r str) -> TableCell<'r> {
        TableCell::Text(Cow::Borrowed(text))
    }

    pub(super) fn link(url: Option<&'r String>) -> TableCell<'r> {
        url.map_or(TableCell::Empty, |url| TableCell::Link(Cow::Borrowed(url)))
    }
}
