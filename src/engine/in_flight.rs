//! The attempts that the engine follows: from the intent to the end, found by attempt and by
//! taskId.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::MISSES_BEFORE_LOST;
use super::message::{IntentId, Item, Waiting};
use super::policy::Policy;
use crate::task::{AttemptKey, Mode, RemoteTaskId};

/// One attempt that has not ended.
#[derive(Debug, Clone)]
pub(super) struct InFlight {
    pub(super) waiting: Waiting,
    /// The mode it is sent in.
    pub(super) mode: Mode,
    pub(super) phase: Phase,
    /// When it was submitted, or the start of the run for one of an earlier run.
    pub(super) since: Duration,
    /// How old it was at `since`.
    pub(super) age: Duration,
    /// When it was last known to run: as it was accepted, or as the service last said so in this
    /// run.
    pub(super) alive: Option<Duration>,
    /// Callbacks that came before the reply to the submit.
    pub(super) early: Vec<Item>,
}

/// How far the attempt is.
#[derive(Debug, Clone)]
pub(super) enum Phase {
    /// Its intent is on the way to the store. Nothing was sent, and it has no number.
    Intending,
    /// Sent; the reply is awaited.
    Sending,
    /// Accepted, and followed under this name.
    Running(Tracking),
    /// The reply was lost; only a callback can still show what became of it.
    InDoubt,
}

/// What following an accepted attempt needs.
#[derive(Debug, Clone)]
pub(super) struct Tracking {
    pub(super) task_id: RemoteTaskId,
    /// Since when, and how often, the service's lists went without it.
    pub(super) missing: Option<(Duration, u32)>,
    /// How often it was said to be done without an image.
    pub(super) empty: u32,
    pub(super) purpose: Purpose,
}

/// Why a job is tracked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It runs, and is followed to its end.
    UntilItEnds,
    /// It was given up in an earlier run, holds no slot, and is asked about just once.
    SecondLook,
    /// As a second look, before its task is paid for again: until there is an answer.
    BeforePaying,
}

impl Tracking {
    pub(super) fn new(task_id: RemoteTaskId, purpose: Purpose) -> Self {
        Tracking { task_id, missing: None, empty: 0, purpose }
    }

    /// Whether it was given up before: it holds no slot, and only images are news.
    pub(super) fn was_given_up(&self) -> bool {
        self.purpose != Purpose::UntilItEnds
    }

    /// Whether nothing odd was said of it: it runs until it ends.
    pub(super) fn is_as_it_was(&self) -> bool {
        self.missing.is_none() && self.empty == 0 && !self.was_given_up()
    }

    /// How soon it is worth asking again about what was odd. An image that is missing comes soon or
    /// never.
    pub(super) fn ask_again_after(&self, policy: &Policy) -> Option<Duration> {
        match (self.empty, self.missing) {
            (0, None) if self.purpose == Purpose::BeforePaying => Some(policy.poll_max),
            (0, None) => None,
            (0, Some(_)) => Some(policy.poll_max.min(policy.lost_after / MISSES_BEFORE_LOST)),
            (empty, _) => Some(policy.poll_max.min(policy.poll_min * 2u32.saturating_pow(empty.min(16)))),
        }
    }
}

impl InFlight {
    pub(super) fn new(waiting: Waiting, mode: Mode, phase: Phase, since: Duration, age: Duration) -> Self {
        InFlight { waiting, mode, phase, since, age, alive: None, early: Vec::new() }
    }

    /// Whether the service is, or may be, working on it in one of our slots.
    pub(super) fn holds_slot(&self) -> bool {
        match &self.phase {
            Phase::Intending | Phase::Sending => !mutant!(HeldSlotsForgotten),
            // One that is done is out of its slot, whether or not its images can be named yet.
            Phase::Running(tracking) => !tracking.was_given_up() && tracking.empty == 0,
            Phase::InDoubt => false,
        }
    }

    /// Whether its submit is under way.
    pub(super) fn is_unanswered(&self) -> bool {
        matches!(self.phase, Phase::Intending | Phase::Sending)
    }

    /// How long the job has run by `now`.
    pub(super) fn ran(&self, now: Duration) -> Duration {
        self.age + now.saturating_sub(self.since)
    }

    /// When it should long have ended.
    pub(super) fn deadline(&self, grace: Duration) -> Duration {
        (self.since + self.waiting.timeout + grace).saturating_sub(self.age)
    }
}

/// All attempts that have not ended, oldest first, and the intents that have no number yet.
#[derive(Debug, Default)]
pub(super) struct InFlightSet {
    /// Intents that the store has not answered. They come after all attempts, as their numbers
    /// will.
    intended: BTreeMap<IntentId, InFlight>,
    by_attempt: BTreeMap<AttemptKey, InFlight>,
    /// One job is one attempt, but for rows that results or a copy gave the same taskId: all of
    /// them end with it.
    by_task_id: HashMap<RemoteTaskId, Vec<AttemptKey>>,
}

impl InFlightSet {
    /// An intent is on the way to the store.
    pub(super) fn intend(&mut self, intent: IntentId, flight: InFlight) {
        self.intended.insert(intent, flight);
    }

    /// Takes out an intent that the store has answered; `None` where it was answered before.
    pub(super) fn take_intent(&mut self, intent: IntentId) -> Option<InFlight> {
        self.intended.remove(&intent)
    }

    /// The intents that the store has not answered.
    #[cfg(test)]
    pub(super) fn intended(&self) -> impl Iterator<Item = (IntentId, &InFlight)> {
        self.intended.iter().map(|(intent, flight)| (*intent, flight))
    }

    /// All of them: the attempts, then the intents.
    pub(super) fn all(&self) -> impl Iterator<Item = &InFlight> {
        self.by_attempt.values().chain(self.intended.values())
    }

    pub(super) fn insert(&mut self, key: AttemptKey, flight: InFlight) {
        if let Phase::Running(tracking) = &flight.phase {
            self.by_task_id.entry(tracking.task_id.clone()).or_default().push(key);
        }
        self.by_attempt.insert(key, flight);
    }

    pub(super) fn remove(&mut self, key: AttemptKey) -> Option<InFlight> {
        let flight = self.by_attempt.remove(&key)?;
        if let Phase::Running(tracking) = &flight.phase {
            let names = self.by_task_id.entry(tracking.task_id.clone()).or_default();
            names.retain(|named| *named != key);
            if names.is_empty() {
                self.by_task_id.remove(&tracking.task_id);
            }
        }
        Some(flight)
    }

    pub(super) fn get_mut(&mut self, key: AttemptKey) -> Option<&mut InFlight> {
        self.by_attempt.get_mut(&key)
    }

    pub(super) fn get(&self, key: AttemptKey) -> Option<&InFlight> {
        self.by_attempt.get(&key)
    }

    /// The attempts that the service knows by this name.
    pub(super) fn named(&self, task_id: &RemoteTaskId) -> Vec<AttemptKey> {
        self.by_task_id.get(task_id).cloned().unwrap_or_default()
    }

    /// Whether the service knows an attempt by this name.
    pub(super) fn is_named(&self, task_id: &RemoteTaskId) -> bool {
        self.by_task_id.contains_key(task_id)
    }

    /// The names of all jobs that are tracked, each once, the oldest attempt's first.
    pub(super) fn tracked_ids(&self) -> Vec<RemoteTaskId> {
        let is_first = |(key, task_id): &(AttemptKey, &RemoteTaskId)| {
            self.by_task_id.get(*task_id).and_then(|keys| keys.iter().min()) == Some(key)
        };
        let tracked = self.by_attempt.iter().filter_map(|(key, flight)| match &flight.phase {
            Phase::Running(tracking) => Some((*key, &tracking.task_id)),
            _ => None,
        });
        tracked.filter(is_first).map(|(_, task_id)| task_id.clone()).collect()
    }

    /// The service named it.
    pub(super) fn accept(&mut self, key: AttemptKey, task_id: RemoteTaskId) {
        if let Some(flight) = self.by_attempt.get_mut(&key) {
            self.by_task_id.entry(task_id.clone()).or_default().push(key);
            flight.alive = Some(flight.since);
            flight.phase = Phase::Running(Tracking::new(task_id, Purpose::UntilItEnds));
        }
    }

    /// The attempts, without the intents that have no number yet.
    pub(super) fn iter(&self) -> impl Iterator<Item = (AttemptKey, &InFlight)> {
        self.by_attempt.iter().map(|(key, flight)| (*key, flight))
    }

    /// What is followed by status requests.
    pub(super) fn tracked(&self) -> impl Iterator<Item = (&InFlight, &Tracking)> {
        self.by_attempt.values().filter_map(|flight| match &flight.phase {
            Phase::Running(tracking) => Some((flight, tracking)),
            _ => None,
        })
    }

    pub(super) fn slots_held(&self) -> usize {
        self.all().filter(|flight| flight.holds_slot()).count()
    }

    /// How many will still end: all but those whose reply was lost, and those that are only looked
    /// at again.
    pub(super) fn open(&self) -> usize {
        let given_up = |flight: &&InFlight| matches!(&flight.phase, Phase::Running(f) if f.was_given_up());
        let in_doubt = |flight: &&InFlight| matches!(flight.phase, Phase::InDoubt);
        self.all().filter(|flight| !in_doubt(flight) && !given_up(flight)).count()
    }

    pub(super) fn unanswered(&self) -> usize {
        self.all().filter(|flight| flight.is_unanswered()).count()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_attempt.is_empty() && self.intended.is_empty()
    }
}
