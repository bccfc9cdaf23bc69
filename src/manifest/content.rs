//! What a manifest of any format says, before its tasks are looked at.

use super::BatchSettings;
use super::expand::Expansion;
use super::shape::Placed;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) name: Option<String>,
    pub(super) batch: BatchSettings,
    pub(super) output: Placed,
    pub(super) expansion: Expansion,
}
