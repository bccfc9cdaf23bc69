//! The figures the engine decides by. All of them are the caller's to set; the defaults are for the
//! real service, and what a person has to choose (paying again, bounds of money and time, the
//! breaker) is off.

use std::time::Duration;

use crate::task::{Prices, Quota};

/// How long the service may take where the task does not say: the service's own default.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// How the engine behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The most jobs at once; the account's own limit is about ten. At least 1.
    pub concurrency: usize,
    /// The shortest time between two status requests.
    pub poll_min: Duration,
    /// The longest time between two status requests.
    pub poll_max: Duration,
    /// The most ids in one status request. At least 1. No limit is published.
    pub ids_a_request: usize,
    /// How long a `fast` job is expected to take before any was seen to end.
    pub expect_fast: Duration,
    /// How long a `relaxed` job is expected to take before any was seen to end.
    pub expect_relaxed: Duration,
    /// Callbacks are expected, so that polling is only the fallback.
    pub callbacks: bool,
    /// The most tasks to submit in this run.
    pub limit: Option<u64>,
    /// How long an id may be missing from the service's lists before it is lost.
    pub lost_after: Duration,
    /// How long past its timeout a job is still followed.
    pub grace: Duration,
    /// How long an outage is borne, once the service has answered in this run.
    pub patience: Duration,
    /// How long an outage is borne before the service has ever answered in this run.
    pub first_patience: Duration,
    /// How often a task whose job failed at the service is sent again; each time is a new paid
    /// attempt. 0: never.
    pub retries: u32,
    /// How long after its first failure that is, give or take a quarter; doubled with each further
    /// failure.
    pub retry_after: Duration,
    /// A task whose outcome is unknown is sent again, once in a run, for who would rather pay twice
    /// than wait.
    pub resend_unknown: bool,
    /// The most that all attempts of the batch may cost together, those of earlier runs included.
    pub budget: Option<Quota>,
    /// What an attempt costs, for the budget. What has no price is within no budget.
    pub prices: Prices,
    /// How long the run submits.
    pub max_duration: Option<Duration>,
    /// How long it then follows what runs.
    pub drain: Duration,
    /// Submit what the slots take, and await no job's end.
    pub no_wait: bool,
    /// When all should have ended, for the choice between the modes. Without one, what leaves its
    /// mode to the run is sent in the cheaper one.
    pub deadline: Option<Duration>,
    /// How many prompts may be turned down in a row before submitting ends. 0: any number.
    pub breaker: u32,
    /// How many waiting tasks the run claims at a time; `None` for enough to keep the slots busy.
    /// At least 1.
    pub portion: Option<usize>,
    /// Makes the jitter of the waits; the same seed gives the same waits.
    pub seed: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            concurrency: 10,
            poll_min: Duration::from_secs(1),
            poll_max: Duration::from_secs(45),
            ids_a_request: 50,
            expect_fast: Duration::from_secs(60),
            expect_relaxed: Duration::from_secs(300),
            callbacks: false,
            limit: None,
            lost_after: Duration::from_secs(120),
            grace: Duration::from_secs(60),
            patience: Duration::from_secs(300),
            first_patience: Duration::from_secs(10),
            retries: 0,
            retry_after: Duration::from_secs(30),
            resend_unknown: false,
            budget: None,
            prices: Prices::default(),
            max_duration: None,
            drain: Duration::from_secs(900),
            no_wait: false,
            deadline: None,
            breaker: 0,
            portion: None,
            seed: 0,
        }
    }
}
