//! What a forecast is made from.

use super::super::{ObservedDurations, Policy, Resumed, Waiting};
use crate::task::Quota;

/// What is to be done, by which rules, and what is known of the service.
#[derive(Debug, Clone)]
pub struct ForecastInput<'a> {
    /// How the engine behaves; `concurrency` is also how many slots the service has.
    pub policy: &'a Policy,
    /// The tasks to submit, in their order.
    pub waiting: &'a [Waiting],
    /// The jobs that run already.
    pub resumed: &'a [Resumed],
    /// What may still be spent; `None` where there is no bound.
    pub left: Option<Quota>,
    /// What was seen of the service.
    pub observed: &'a ObservedDurations,
    /// How many times as fast as the real service this one is where nothing was seen: 1, or the
    /// speed of a sandbox.
    pub speed: f64,
    /// Decides all that is drawn.
    pub seed: u64,
}
