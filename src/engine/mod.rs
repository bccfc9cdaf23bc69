//! The scheduler: a pure state machine. Events and the time go in, actions come out.
//!
//! It owns the slots, the poll times, back-pressure, outages and deadlines, and has no I/O, no
//! clock, no async and no randomness. The shell (`runner`) calls [`Engine::handle`] for whatever
//! happens, carries out every [`Engine::next_action`], and wakes it at [`Engine::wake_at`].
//!
//! The money rules it keeps, whatever comes in:
//!
//! - [`Action::Submit`] follows [`Event::IntentRecorded`] of the same attempt, once, and nothing
//!   else.
//! - A task goes back to waiting only by [`Rejected`](crate::task::ChangeKind::Rejected), which
//!   needs a certain refusal or a request that never left, by
//!   [`FailedWillRetry`](crate::task::ChangeKind::FailedWillRetry), which needs the service's word
//!   that its job failed, or by [`ChangeKind::Resend`](crate::task::ChangeKind::Resend).
//! - Before a task with earlier attempts that may have images is submitted again, the service is
//!   asked about them ([`EarlierAttempt`]), and what came meanwhile is taken instead.
//! - What an attempt may cost is reserved before its intent, so that the budget is never passed.
//!   The store, which other runs may share, checks that once more as it records the intent, and
//!   numbers the attempt.
//! - A lost reply is [`Unknown`](crate::task::ChangeKind::Unknown), and the task is never sent
//!   again by itself; but where the policy says that a person would rather pay twice, once in a
//!   run, which [`Resend`](crate::task::ChangeKind::Resend) records first.
//! - Before the service has accepted a submit, and after a reply was lost, one submit at a time is
//!   under way, so that a refused key or a broken service costs one try and not ten.
//!
//! # How busy the slots are
//!
//! A status request for all that runs leaves when the slots that probably stand idle unseen are
//! worth one, by the durations seen so far in each mode; callbacks take its place as far as they
//! come; a refusal teaches the number of slots, or how late they are freed. Measured by `cargo
//! bench --bench schedule`: the share of slot time in use from the first to the last submit, and
//! requests a job, submits included, beside rules that ask at fixed intervals (150 jobs, ten slots,
//! means of 20 runs in virtual time; the first column is the second at 1/60):
//!
//! | slots busy, at requests a job | 0.5–1.5 s, 3 ms a request | fast, 25–90 s | relaxed, 60–600 s | mixed |
//! | --- | --- | --- | --- | --- |
//! | asks every 1 s (17 ms) | 98.7 % at 6.37 | 98.6 % at 6.16 | 99.7 % at 30.41 | 99.6 % at 18.84 |
//! | asks every 2 s (33 ms) | 97.8 % at 3.93 | 97.8 % at 3.82 | 99.6 % at 16.94 | 99.3 % at 10.68 |
//! | asks every 3 s (50 ms) | 97.1 % at 3.02 | 97.0 % at 2.95 | 99.5 % at 11.94 | 99.1 % at 7.65 |
//! | asks every 5 s (83 ms) | 95.6 % at 2.26 | 95.3 % at 2.22 | 99.2 % at 7.74 | 98.6 % at 5.11 |
//! | asks every 15 s (250 ms) | 88.7 % at 1.46 | 88.7 % at 1.45 | 97.7 % at 3.33 | 96.2 % at 2.43 |
//! | **the engine** | 97.5 % at 3.11 | 97.4 % at 3.11 | 97.7 % at 3.19 | 97.3 % at 2.77 |
//! | …, `--poll-max 15s` | 97.4 % at 3.11 | 97.4 % at 3.12 | 97.9 % at 3.49 | 97.3 % at 2.92 |
//! | **…, called back** | 99.6 % at 1.15 | 99.6 % at 1.16 | 99.9 % at 1.20 | 99.9 % at 1.13 |
//! | …, promised callbacks that never come | 97.4 % at 3.09 | 97.4 % at 3.09 | 97.7 % at 3.16 | 97.2 % at 2.76 |
//! | …, asked for 40 slots | 97.5 % at 3.17 | 97.4 % at 3.17 | 97.8 % at 3.30 | 97.3 % at 2.86 |
//! | its refusals a job | 0.06 | 0.06 | 0.11 | 0.08 |
//! | …, slots freed 3 s (50 ms) late | 93.2 % at 3.14 | 93.0 % at 3.13 | 96.7 % at 3.23 | 95.6 % at 2.84 |
//! | its refusals a job | 0.11 | 0.11 | 0.03 | 0.05 |
//!
//! With jobs of five minutes a `--poll-max` of 15 s is what asks, not the engine; hence its default
//! of 45 s.
//!
//! A submit that is refused for want of a slot would show a free one too, and is not used for it:
//! asking so at the same rate gains 0.3 % of slot time at as many requests, with two refusals a
//! job, and twice as many submits whose reply can be lost, each of which leaves a task unknown.
//!
//! That the rules above hold is played in a world of faults and crashes, in virtual time, by seeds
//! (`sim`, in tests).

/// Whether a deliberate fault is switched on: never in the program, see `mutants`.
macro_rules! mutant {
    ($name:ident) => {{
        #[cfg(test)]
        let on = crate::engine::mutants::is_on(crate::engine::mutants::Mutant::$name);
        #[cfg(not(test))]
        let on = false;
        on
    }};
}

pub mod auto;
mod backoff;
mod backpressure;
mod breaker;
mod budget;
mod duration_model;
mod earlier_attempts;
mod forecast;
mod in_doubt;
mod in_flight;
mod incoming;
mod known_durations;
mod message;
mod modes;
#[cfg(test)]
mod mutants;
mod outgoing;
mod pending_queue;
mod policy;
mod polling;
mod retries;
mod run_phase;
#[doc(hidden)]
pub mod sim;
mod slots;
#[cfg(test)]
mod tests;
mod time_limit;

use std::collections::VecDeque;
use std::time::Duration;

use backoff::{Backoff, Outage};
use breaker::Breaker;
use budget::RunBudget;
use earlier_attempts::EarlierAttempts;
pub use forecast::{Forecast, ForecastInput, forecast};
use in_doubt::InDoubtSet;
use in_flight::{InFlight, InFlightSet, Phase, Purpose, Tracking};
pub use known_durations::{ObservedDurations, published_duration};
pub use message::{
    Action, Backlog, Claim, EarlierAttempt, EngineNotice, Event, IntentId, IntentRefusal, Item, Progress,
    Refusal, Resumed, StatusOutcome, StopReason, SubmitOutcome, Unacknowledged, Waiting,
};
use modes::Modes;
use pending_queue::PendingQueue;
pub use policy::{DEFAULT_TIMEOUT, Policy};
use polling::Polling;
pub use retries::History;
use retries::Retries;
use slots::Slots;
use time_limit::NoWaitState;

use crate::task::Quota;

/// Lost replies in a row after which submitting ends: something is broken, and each may cost money.
const LOST_REPLIES_IN_A_ROW: u32 = 5;
/// A reply that takes longer than this is late: another submit need not wait for it. The service
/// answers at once.
const LATE: Duration = Duration::from_secs(5);
/// How often an id must be missing, besides for how long, before it is lost.
const MISSES_BEFORE_LOST: u32 = 3;
/// How many callbacks are kept for one attempt until the reply to its submit comes.
const EARLY_CALLBACKS: usize = 8;
/// How often a job is asked about again that is done but names no image.
const ASKS_FOR_IMAGES: u32 = 5;

/// The scheduler of one run.
#[derive(Debug)]
pub struct Engine {
    policy: Policy,
    waiting: PendingQueue,
    in_flight: InFlightSet,
    next_intent: u64,
    /// How many more tasks `--limit` lets be submitted.
    allowed: Option<u64>,
    slots: Slots,
    /// The service has accepted a submit and has lost no reply since: several may be under way at
    /// once.
    trusted: bool,
    lost_replies: u32,
    submits: Backoff,
    asks: Backoff,
    outage: Outage,
    polling: Polling,
    budget: RunBudget,
    retries: Retries,
    unknowns: InDoubtSet,
    earlier: EarlierAttempts,
    breaker: Breaker,
    modes: Modes,
    round: NoWaitState,
    run_phase: RunPhase,
    actions: VecDeque<Action>,
}

/// What the run is about.
#[derive(Debug, PartialEq, Eq)]
enum RunPhase {
    /// Submit and follow.
    Running,
    /// Submit nothing more, follow what runs.
    Draining(StopReason),
    /// Await the replies of submits under way, and nothing else.
    Closing(StopReason),
    /// Await nothing.
    Finished(StopReason),
}

impl Engine {
    /// An engine for so many tasks, which it claims in their order, and for the attempts of earlier
    /// runs that are not known to have ended.
    pub fn new(policy: Policy, backlog: Backlog, resumed: Vec<Resumed>) -> Self {
        let round = NoWaitState { to_look: !resumed.is_empty(), refused: false };
        let mut in_flight = InFlightSet::default();
        for Resumed { attempt, waiting, mode, task_id, age, second_look } in resumed {
            let purpose = if second_look { Purpose::SecondLook } else { Purpose::UntilItEnds };
            let phase = Phase::Running(Tracking::new(task_id, purpose));
            in_flight.insert(attempt, InFlight::new(waiting, mode, phase, Duration::ZERO, age));
        }
        Engine {
            waiting: backlog.into(),
            in_flight,
            next_intent: 0,
            allowed: policy.limit,
            slots: Slots::new(policy.concurrency),
            trusted: false,
            lost_replies: 0,
            submits: Backoff::default(),
            asks: Backoff::default(),
            outage: Outage::default(),
            polling: Polling::new(&policy),
            budget: RunBudget::new(&policy, Quota::default()),
            retries: Retries::new(&policy),
            unknowns: InDoubtSet::default(),
            earlier: EarlierAttempts::default(),
            breaker: Breaker::new(&policy),
            modes: Modes::new(&policy),
            round,
            run_phase: RunPhase::Running,
            actions: VecDeque::new(),
            policy,
        }
    }

    /// An engine that has claimed all of these tasks.
    #[cfg(test)]
    pub(super) fn with_claimed(policy: Policy, waiting: Vec<Waiting>, resumed: Vec<Resumed>) -> Self {
        let mut engine = Engine::new(policy, Backlog::of(&waiting), resumed);
        engine.tasks_claimed(Duration::ZERO, waiting.into());
        engine
    }

    /// Takes in what happened at `now`, and decides. At the start of a run, say [`Event::Wake`].
    pub fn handle(&mut self, now: Duration, event: Event) {
        let is_answer = matches!(event, Event::StatusReply(_, StatusOutcome::Items(_)));
        match event {
            Event::Wake => {}
            Event::IntentRecorded { intent, attempt } => self.intent_recorded(now, intent, attempt),
            Event::IntentRefused { intent, why } => self.intent_refused(intent, why),
            Event::IntentFailed(intent) => self.intent_failed(intent),
            Event::TasksClaimed(claim) => self.tasks_claimed(now, claim),
            Event::SubmitReply(attempt, outcome) => self.submit_reply(now, attempt, outcome),
            Event::StatusReply(asked, outcome) => self.status_reply(now, &asked, outcome),
            Event::Callback(attempt, item) => self.callback(now, attempt, item),
            Event::Stop => self.drain(StopReason::Interrupted),
            Event::Abort => self.leave(now),
            Event::StoreFailed => self.close(StopReason::StoreFailed),
        }
        self.round.to_look &= !is_answer || self.polling.outstanding > 0;
        self.check_time_limit(now);
        self.check_outage(now);
        self.drop_earlier_after_submitting();
        self.expire_in_doubt(now);
        self.requeue_due_retries(now);
        self.warn_about_deadline(now);
        self.submit_more(now);
        self.claim_tasks();
        self.ask(now);
        self.finish_no_wait();
        self.finish();
    }

    /// The next thing to do, in the order decided.
    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Why the run is over, once it is and all actions were taken.
    pub fn over(&self) -> Option<&StopReason> {
        match &self.run_phase {
            RunPhase::Finished(ending) if self.actions.is_empty() => Some(ending),
            _ => None,
        }
    }

    /// How many slots hold a job or a submit of ours.
    pub fn slots_held(&self) -> usize {
        self.in_flight.slots_held()
    }

    /// How many jobs it has at once at the most, as far as refusals taught.
    pub fn slots(&self) -> usize {
        self.slots.limit()
    }

    /// How many tasks wait for a slot, or to be sent again.
    pub fn waiting(&self) -> usize {
        self.waiting.len() + self.retries.len()
    }

    /// How many tasks this run still means to see end.
    pub fn remaining(&self) -> u64 {
        let waiting = (self.waiting.len() + self.retries.len()) as u64;
        let to_submit = match self.run_phase {
            RunPhase::Running => {
                [self.allowed, self.budget.at_most()].into_iter().flatten().fold(waiting, u64::min)
            }
            _ => 0,
        };
        self.in_flight.open() as u64 + to_submit
    }

    /// When to say [`Event::Wake`] if nothing else happens. `None`: only an event can change
    /// anything.
    pub fn wake_at(&self) -> Option<Duration> {
        if matches!(self.run_phase, RunPhase::Finished(_) | RunPhase::Closing(_)) {
            return None;
        }
        if mutant!(WakesInVain) && self.in_flight.slots_held() > 1 {
            return Some(Duration::ZERO);
        }
        let submit = self.submit_at();
        let in_doubt = self
            .in_flight
            .iter()
            .filter(|(_, flight)| matches!(flight.phase, Phase::InDoubt))
            .map(|(_, flight)| flight.deadline(self.policy.grace))
            .min();
        let outage = self.outage.ends_at(&self.policy);
        let again =
            self.retries.next_at().filter(|_| self.run_phase == RunPhase::Running && self.allowed != Some(0));
        let (window, deadline) = (self.window_at(), self.deadline_at());
        [submit, self.grow_at(), again, window, deadline, self.ask_at(), in_doubt, outage]
            .into_iter()
            .flatten()
            .min()
    }
}
