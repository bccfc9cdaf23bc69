//! The scheduler: a pure state machine. Events and the time go in, actions come out.
//!
//! It owns the slots, the poll times, back-pressure, outages and deadlines, and has no I/O, no clock, no async and no
//! randomness. The shell (`runner`) calls [`Engine::handle`] for whatever happens, carries out every
//! [`Engine::next_action`], and wakes it at [`Engine::wake_at`].
//!
//! The money rules it keeps, whatever comes in:
//!
//! - [`Action::Submit`] follows [`Event::IntentDurable`] of the same attempt, once, and nothing else.
//! - A task goes back to waiting only by [`Change::NotAccepted`], which needs a certain refusal or a request that never left.
//! - A lost reply is [`Change::Unknown`], and the task is never sent again by itself.
//! - Before the service has accepted a submit, and after a reply was lost, one submit at a time is under way, so that a
//!   refused key or a broken service costs one try and not ten.

mod flight;
mod message;
mod pace;
mod policy;
mod polling;
#[cfg(test)]
mod sim;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use flight::{Flight, Flights, Followed, Phase};
pub use message::{
    Action, AttemptKey, Change, Ending, Event, Failure, FailureClass, Item, Notice, Progress, Refusal,
    Resumed, StatusOutcome, SubmitOutcome, TaskKey, Waiting,
};
use pace::{Backoff, Outage, Slots};
pub use policy::{DEFAULT_TIMEOUT, Policy};
use polling::Polling;

use crate::task::TaskId;

/// Lost replies in a row after which submitting ends: something is broken, and each may cost money.
const LOST_REPLIES_IN_A_ROW: u32 = 5;
/// How often an id must be missing, besides for how long, before it is lost.
const MISSES_BEFORE_LOST: u32 = 3;
/// How many callbacks are kept for one attempt until the reply to its submit comes.
const EARLY_CALLBACKS: usize = 8;
/// How often a job is asked about again that is done but names no picture.
const ASKS_FOR_PICTURES: u32 = 5;

/// The scheduler of one run.
#[derive(Debug)]
pub struct Engine {
    policy: Policy,
    waiting: VecDeque<Waiting>,
    flights: Flights,
    next_attempt: i64,
    /// How many more tasks `--limit` lets be submitted.
    allowed: Option<u64>,
    slots: Slots,
    /// The service has accepted a submit and has lost no reply since: several may be under way at once.
    trusted: bool,
    lost_replies: u32,
    submits: Backoff,
    asks: Backoff,
    outage: Outage,
    polling: Polling,
    mood: Mood,
    actions: VecDeque<Action>,
}

/// What the run is about.
#[derive(Debug, PartialEq, Eq)]
enum Mood {
    /// Submit and follow.
    Working,
    /// Submit nothing more, follow what runs.
    Draining(Ending),
    /// Await the replies of submits under way, and nothing else.
    Closing(Ending),
    /// Await nothing.
    Over(Ending),
}

impl Engine {
    /// An engine for these tasks, in this order, and for the attempts of earlier runs that are not known to have ended.
    /// `next_attempt` is the first free number for an attempt.
    pub fn new(
        policy: Policy,
        waiting: Vec<Waiting>,
        resumed: Vec<Resumed>,
        next_attempt: AttemptKey,
    ) -> Self {
        let mut flights = Flights::default();
        for Resumed { attempt, waiting, task_id, age, second_look } in resumed {
            let phase = Phase::Running(Followed::new(task_id, second_look));
            flights.insert(attempt, Flight::new(waiting, phase, Duration::ZERO, age));
        }
        Engine {
            waiting: waiting.into(),
            flights,
            next_attempt: next_attempt.0,
            allowed: policy.limit,
            slots: Slots::new(policy.concurrency),
            trusted: false,
            lost_replies: 0,
            submits: Backoff::default(),
            asks: Backoff::default(),
            outage: Outage::default(),
            polling: Polling::new(&policy),
            mood: Mood::Working,
            actions: VecDeque::new(),
            policy,
        }
    }

    /// Takes in what happened at `now`, and decides. At the start of a run, say [`Event::Wake`].
    pub fn handle(&mut self, now: Duration, event: Event) {
        match event {
            Event::Wake => {}
            Event::IntentDurable(attempt) => self.intent_durable(now, attempt),
            Event::IntentFailed(attempt) => self.intent_failed(attempt),
            Event::SubmitReply(attempt, outcome) => self.submit_reply(now, attempt, outcome),
            Event::StatusReply(asked, outcome) => self.status_reply(now, &asked, outcome),
            Event::Callback(attempt, item) => self.callback(now, attempt, item),
            Event::Stop => self.drain(Ending::Interrupted),
            Event::Leave => self.leave(now),
            Event::StoreFailed => self.close(Ending::StoreFailed),
        }
        self.bear_outage(now);
        self.submit_more(now);
        self.ask(now);
        self.finish();
    }

    /// The next thing to do, in the order decided.
    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Why the run is over, once it is and all actions were taken.
    pub fn over(&self) -> Option<&Ending> {
        match &self.mood {
            Mood::Over(ending) if self.actions.is_empty() => Some(ending),
            _ => None,
        }
    }

    /// How many slots hold a job or a submit of ours.
    pub fn slots_held(&self) -> usize {
        self.flights.slots_held()
    }

    /// How many jobs it has at once at the most, as far as refusals taught.
    pub fn slots(&self) -> usize {
        self.slots.limit()
    }

    /// How many tasks wait for a slot.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many tasks this run still means to see end.
    pub fn remaining(&self) -> u64 {
        let waiting = self.waiting.len() as u64;
        let to_submit = match self.mood {
            Mood::Working => self.allowed.map_or(waiting, |allowed| allowed.min(waiting)),
            _ => 0,
        };
        self.slots_held() as u64 + to_submit
    }

    /// When to say [`Event::Wake`] if nothing else happens. `None`: only an event can change anything.
    pub fn wake_at(&self) -> Option<Duration> {
        if matches!(self.mood, Mood::Over(_) | Mood::Closing(_)) {
            return None;
        }
        let submit = (self.may_submit() && self.has_room()).then(|| self.submits.until());
        let grow = self.slots.grow_at().filter(|_| self.may_submit() && self.slots_are_full());
        let adrift = self
            .flights
            .iter()
            .filter(|(_, flight)| matches!(flight.phase, Phase::Adrift))
            .map(|(_, flight)| flight.deadline(self.policy.grace))
            .min();
        let outage = self.outage.ends_at(&self.policy);
        [submit, grow, self.ask_at(), adrift, outage].into_iter().flatten().min()
    }

    // What comes in.

    fn intent_durable(&mut self, now: Duration, attempt: AttemptKey) {
        let working = self.mood == Mood::Working;
        let Some(flight) = self.flights.get_mut(attempt) else { return };
        if !matches!(flight.phase, Phase::Intending) {
            return;
        }
        if working {
            flight.phase = Phase::Sending;
            flight.since = now;
            let task = flight.waiting.task;
            self.actions.push_back(Action::Submit(attempt, task));
        } else {
            self.not_accepted(attempt, "the run ended before it was sent".to_owned());
        }
    }

    fn intent_failed(&mut self, attempt: AttemptKey) {
        if let Some(flight) = self.flights.remove(attempt) {
            self.waiting.push_front(flight.waiting);
        }
        self.close(Ending::StoreFailed);
    }

    fn submit_reply(&mut self, now: Duration, attempt: AttemptKey, outcome: SubmitOutcome) {
        if !self.flights.get(attempt).is_some_and(|flight| matches!(flight.phase, Phase::Sending)) {
            return; // the run has left
        }
        match outcome {
            SubmitOutcome::Accepted(task_id) if self.flights.named(&task_id).is_some() => {
                let why =
                    format!("the service named a taskId that it had given to another attempt: {task_id}");
                self.lost_reply(now, attempt, why);
            }
            SubmitOutcome::Accepted(task_id) => {
                let early = self.flights.get_mut(attempt).map(|flight| std::mem::take(&mut flight.early));
                self.accepted(now, attempt, task_id);
                early.into_iter().flatten().for_each(|item| self.callback(now, attempt, item));
            }
            SubmitOutcome::Refused(refusal) => self.submit_refused(now, attempt, refusal),
            SubmitOutcome::NotSent(why) => {
                self.not_accepted(attempt, why.clone());
                self.submit_trouble(now, &why);
            }
            SubmitOutcome::Unknown(why) => {
                self.lost_reply(now, attempt, why);
            }
        }
    }

    fn accepted(&mut self, now: Duration, attempt: AttemptKey, task_id: TaskId) {
        self.answered(now);
        self.trusted = true;
        self.lost_replies = 0;
        self.submits.succeeded();
        self.slots.accepted(self.flights.slots_held().saturating_sub(1));
        let first = self.flights.followed().next().is_none();
        self.flights.accept(attempt, task_id.clone());
        self.actions.push_back(Action::Record(Change::Accepted(attempt, task_id)));
        if first && self.polling.outstanding == 0 {
            self.polling.next_at = now + self.interval();
        }
    }

    fn submit_refused(&mut self, now: Duration, attempt: AttemptKey, refusal: Refusal) {
        self.answered(now);
        match refusal {
            Refusal::Slots => {
                self.not_accepted(attempt, "all slots of the account were taken".to_owned());
                self.trusted = true; // it understood the request
                let held = self.flights.slots_held();
                if self.slots.refused(now, held, self.a_job_takes()) {
                    self.tell(Notice::FewerSlots(self.slots.limit()));
                }
                if held == 0 {
                    self.submits.failed(now, self.policy.seed);
                }
            }
            Refusal::TooFast(wait) => {
                self.not_accepted(attempt, "too many requests".to_owned());
                self.slow_down(now, wait, Which::Submits);
            }
            Refusal::Quota => {
                self.not_accepted(attempt, "the account is out of quota".to_owned());
                self.drain(Ending::QuotaGone);
            }
            Refusal::Key(words) => {
                self.not_accepted(attempt, "the API key was refused".to_owned());
                self.close(Ending::KeyRefused(words));
            }
            Refusal::NotTheApi(words) => {
                self.not_accepted(attempt, words.clone());
                self.close(Ending::Unreachable(words));
            }
            Refusal::Content(reason) => {
                self.flights.remove(attempt);
                let failure = Failure { class: FailureClass::Refused, reason };
                self.actions.push_back(Action::Record(Change::Refused(attempt, failure)));
            }
        }
    }

    fn lost_reply(&mut self, now: Duration, attempt: AttemptKey, why: String) {
        if self.believes_a_callback(now, attempt) {
            return;
        }
        self.trusted = false;
        self.lost_replies += 1;
        if !self.policy.callbacks {
            self.flights.remove(attempt);
        }
        self.actions.push_back(Action::Record(Change::Unknown(attempt, why.clone())));
        if self.lost_replies >= LOST_REPLIES_IN_A_ROW {
            self.drain(Ending::Unreachable(why));
        } else if self.lost_replies > 1 {
            self.submit_trouble(now, &why);
        }
    }

    /// No reply will say which job is this attempt's; a callback may. True where one has.
    fn believes_a_callback(&mut self, now: Duration, attempt: AttemptKey) -> bool {
        let Some(flight) = self.flights.get_mut(attempt) else { return false };
        flight.phase = Phase::Adrift;
        for item in std::mem::take(&mut flight.early) {
            self.callback(now, attempt, item);
        }
        !self.flights.get(attempt).is_some_and(|flight| matches!(flight.phase, Phase::Adrift))
    }

    fn status_reply(&mut self, now: Duration, asked: &[TaskId], outcome: StatusOutcome) {
        self.polling.outstanding = self.polling.outstanding.saturating_sub(1);
        match outcome {
            StatusOutcome::Items(items) => {
                self.answered(now);
                self.asks.succeeded();
                for item in &items {
                    if let Some(attempt) = self.flights.named(&item.task_id) {
                        self.learn_of(now, attempt, item.progress.clone());
                    }
                }
                for task_id in asked.iter().filter(|id| items.iter().all(|item| item.task_id != **id)) {
                    self.missing(now, task_id);
                }
            }
            StatusOutcome::Refused(Refusal::Content(_)) if asked.len() > 1 => {
                self.answered(now);
                self.polling.fewer_ids(asked.len());
                self.ask_for(asked.to_vec());
            }
            StatusOutcome::Refused(Refusal::Content(_)) => {
                self.answered(now);
                asked.iter().for_each(|task_id| self.missing(now, task_id));
            }
            StatusOutcome::Refused(Refusal::Key(words)) => self.close(Ending::KeyRefused(words)),
            StatusOutcome::Refused(Refusal::TooFast(wait)) => {
                self.answered(now);
                self.slow_down(now, wait, Which::Asks);
            }
            StatusOutcome::Refused(Refusal::NotTheApi(words)) => self.ask_trouble(now, &words),
            StatusOutcome::Refused(Refusal::Slots | Refusal::Quota) => {
                self.ask_trouble(now, "the service refused to tell the status");
            }
            StatusOutcome::Unreadable(why) => self.ask_trouble(now, &why),
        }
        if self.polling.outstanding == 0 {
            self.polling.next_at = now + self.interval();
        }
    }

    fn callback(&mut self, now: Duration, attempt: AttemptKey, item: Item) {
        let Some(flight) = self.flights.get_mut(attempt) else { return };
        match &flight.phase {
            Phase::Intending => return,
            Phase::Running(followed) if followed.task_id != item.task_id => return,
            Phase::Running(_) => {}
            // The reply is the better witness of which job is meant, and is on its way.
            Phase::Sending => {
                if flight.early.len() < EARLY_CALLBACKS {
                    flight.early.push(item);
                }
                return;
            }
            Phase::Adrift => {
                if self.flights.named(&item.task_id).is_some() {
                    return;
                }
                self.accepted(now, attempt, item.task_id);
            }
        }
        self.learn_of(now, attempt, item.progress);
    }

    /// What the service says of a job that is followed.
    fn learn_of(&mut self, now: Duration, attempt: AttemptKey, progress: Progress) {
        let grace = self.policy.grace;
        let Some(flight) = self.flights.get_mut(attempt) else { return };
        let overdue = now >= flight.deadline(grace);
        let Phase::Running(followed) = &mut flight.phase else { return };
        let second_look = followed.second_look;
        followed.missing = None;
        let change = match progress {
            Progress::Done(pictures) if pictures.images.is_empty() && pictures.grid.is_none() => {
                followed.empty += 1;
                (followed.empty > ASKS_FOR_PICTURES || second_look).then(|| {
                    let reason = "done, but the service names no picture".to_owned();
                    Change::Failed(attempt, Failure { class: FailureClass::NoPictures, reason })
                })
            }
            Progress::Done(pictures) => Some(Change::Done(attempt, pictures)),
            Progress::Failed(failure) => Some(Change::Failed(attempt, failure)),
            Progress::Running if overdue || second_look => {
                let minutes = flight.waiting.timeout.as_secs().div_ceil(60);
                let reason = format!("not seen to end within its timeout of {minutes} min");
                Some(Change::Failed(attempt, Failure { class: FailureClass::Timeout, reason }))
            }
            Progress::Running => None,
        };
        if let Some(change) = change {
            self.ended(now, attempt, change, second_look);
        }
    }

    fn ended(&mut self, now: Duration, attempt: AttemptKey, change: Change, second_look: bool) {
        let Some(flight) = self.flights.remove(attempt) else { return };
        if second_look {
            // Its end was recorded by an earlier run; only pictures are news.
            if matches!(change, Change::Done(..)) {
                self.actions.push_back(Action::Record(change));
            }
            return;
        }
        if matches!(change, Change::Done(..)) {
            self.polling.learn(flight.waiting.mode, flight.ran(now));
        }
        self.actions.push_back(Action::Record(change));
    }

    fn missing(&mut self, now: Duration, task_id: &TaskId) {
        let Some(attempt) = self.flights.named(task_id) else { return };
        let Some(flight) = self.flights.get_mut(attempt) else { return };
        let Phase::Running(followed) = &mut flight.phase else { return };
        let (since, times) = followed.missing.map_or((now, 1), |(since, times)| (since, times + 1));
        followed.missing = Some((since, times));
        let second_look = followed.second_look;
        let gone = times >= MISSES_BEFORE_LOST && now.saturating_sub(since) >= self.policy.lost_after;
        if gone || second_look {
            let reason = "the service no longer knows this taskId".to_owned();
            self.ended(now, attempt, Change::Lost(attempt, reason), second_look);
        }
    }

    /// The task of this attempt waits again, first in the line: nothing was accepted.
    fn not_accepted(&mut self, attempt: AttemptKey, why: String) {
        if let Some(flight) = self.flights.remove(attempt) {
            self.waiting.push_front(flight.waiting);
            self.allowed = self.allowed.map(|left| left + 1);
            self.actions.push_back(Action::Record(Change::NotAccepted(attempt, why)));
        }
    }

    // Trouble.

    fn answered(&mut self, now: Duration) {
        if let Some(after) = self.outage.answered(now) {
            self.tell(Notice::Recovered(after));
        }
    }

    fn trouble(&mut self, now: Duration, why: &str) {
        if let Some(lasted) = self.outage.trouble(now, why) {
            self.tell(Notice::Outage(lasted, why.to_owned()));
        }
    }

    fn submit_trouble(&mut self, now: Duration, why: &str) {
        self.submits.failed(now, self.policy.seed);
        self.trouble(now, why);
    }

    fn ask_trouble(&mut self, now: Duration, why: &str) {
        // A second look is a favour to an earlier run: not worth waiting for.
        let looks: Vec<_> = self.second_looks().collect();
        for attempt in looks {
            self.flights.remove(attempt);
        }
        self.asks.failed(now, self.policy.seed);
        self.trouble(now, why);
    }

    fn slow_down(&mut self, now: Duration, wait: Option<Duration>, which: Which) {
        let seed = self.policy.seed;
        let backoff = match which {
            Which::Submits => &mut self.submits,
            Which::Asks => &mut self.asks,
        };
        let first = backoff.in_a_row() == 0;
        let wait = match wait {
            Some(wait) => backoff.told(now, wait),
            None => backoff.failed(now, seed),
        };
        if first {
            self.tell(Notice::SlowedDown(wait));
        }
    }

    fn bear_outage(&mut self, now: Duration) {
        if self.outage.ends_at(&self.policy).is_some_and(|end| end <= now) {
            self.close(Ending::Unreachable(self.outage.last_seen().to_owned()));
        }
        let stranded: Vec<_> = self
            .flights
            .iter()
            .filter(|(_, flight)| matches!(flight.phase, Phase::Adrift))
            .filter(|(_, flight)| flight.deadline(self.policy.grace) <= now)
            .map(|(attempt, _)| attempt)
            .collect();
        for attempt in stranded {
            self.flights.remove(attempt); // recorded as unknown when its reply was lost
        }
    }

    // What goes out.

    /// Whether anything is left that may be submitted, slots aside.
    fn may_submit(&self) -> bool {
        self.mood == Mood::Working && !self.waiting.is_empty() && self.allowed != Some(0)
    }

    fn has_room(&self) -> bool {
        let under_way = if self.trusted { usize::MAX } else { 1 };
        !self.slots_are_full() && self.flights.unanswered() < under_way
    }

    fn slots_are_full(&self) -> bool {
        self.flights.slots_held() >= self.slots.limit()
    }

    fn submit_more(&mut self, now: Duration) {
        if self.may_submit() && self.slots_are_full() {
            self.slots.grow(now, self.a_job_takes());
        }
        while self.may_submit() && self.has_room() && self.submits.until() <= now {
            let Some(waiting) = self.waiting.pop_front() else { return };
            let attempt = AttemptKey(self.next_attempt);
            self.next_attempt += 1;
            self.allowed = self.allowed.map(|left| left - 1);
            let flight = Flight::new(waiting, Phase::Intending, now, Duration::ZERO);
            self.flights.insert(attempt, flight);
            self.actions.push_back(Action::Intend(attempt, waiting.task));
        }
    }

    /// When the next round of status requests is due, if there is anything to ask.
    fn ask_at(&self) -> Option<Duration> {
        let something = self.polling.outstanding == 0 && self.flights.followed().next().is_some();
        something.then(|| self.polling.next_at.max(self.asks.until()))
    }

    fn ask(&mut self, now: Duration) {
        let following = matches!(self.mood, Mood::Working | Mood::Draining(_));
        if following && self.ask_at().is_some_and(|at| at <= now) {
            self.ask_for(self.flights.followed().map(|(_, followed)| followed.task_id.clone()).collect());
        }
    }

    fn ask_for(&mut self, ids: Vec<TaskId>) {
        for ids in ids.chunks(self.polling.ids_a_request) {
            self.polling.outstanding += 1;
            self.actions.push_back(Action::Ask(ids.to_vec()));
        }
    }

    fn interval(&self) -> Duration {
        self.polling.interval(&self.policy, &self.flights, self.may_submit())
    }

    /// How long a job of the kind that waits next is expected to take.
    fn a_job_takes(&self) -> Duration {
        self.polling.typical(self.waiting.front().map_or_else(Default::default, |waiting| waiting.mode))
    }

    fn second_looks(&self) -> impl Iterator<Item = AttemptKey> {
        self.flights
            .iter()
            .filter(|(_, flight)| matches!(&flight.phase, Phase::Running(followed) if followed.second_look))
            .map(|(attempt, _)| attempt)
    }

    fn tell(&mut self, notice: Notice) {
        self.actions.push_back(Action::Tell(notice));
    }

    // The end.

    fn drain(&mut self, ending: Ending) {
        if self.mood == Mood::Working {
            self.tell(Notice::Draining(ending.clone()));
            self.mood = Mood::Draining(ending);
        }
    }

    fn close(&mut self, ending: Ending) {
        if matches!(self.mood, Mood::Working | Mood::Draining(_)) {
            self.mood = Mood::Closing(ending);
        }
    }

    fn leave(&mut self, now: Duration) {
        if matches!(self.mood, Mood::Over(_)) {
            return;
        }
        let unanswered: Vec<_> = self
            .flights
            .iter()
            .filter(|(_, flight)| flight.is_unanswered())
            .map(|(attempt, flight)| (attempt, matches!(flight.phase, Phase::Sending)))
            .collect();
        for (attempt, sent) in unanswered {
            if sent && self.believes_a_callback(now, attempt) {
                continue;
            }
            if sent {
                self.flights.remove(attempt);
                let why = "the run was stopped before the reply came".to_owned();
                self.actions.push_back(Action::Record(Change::Unknown(attempt, why)));
            } else {
                self.not_accepted(attempt, "the run was stopped before it was sent".to_owned());
            }
        }
        self.mood = Mood::Over(Ending::Interrupted);
    }

    fn finish(&mut self) {
        let idle = match &self.mood {
            Mood::Working => !self.may_submit() && self.flights.is_empty(),
            Mood::Draining(_) => self.flights.is_empty(),
            Mood::Closing(_) => self.flights.unanswered() == 0,
            Mood::Over(_) => false,
        };
        if idle {
            let mood = std::mem::replace(&mut self.mood, Mood::Over(Ending::Finished));
            self.mood = Mood::Over(match mood {
                Mood::Working if self.waiting.is_empty() => Ending::Finished,
                Mood::Working => Ending::Limit,
                Mood::Draining(ending) | Mood::Closing(ending) | Mood::Over(ending) => ending,
            });
        }
    }
}

/// Which requests are held back.
#[derive(Debug, Clone, Copy)]
enum Which {
    Submits,
    Asks,
}
