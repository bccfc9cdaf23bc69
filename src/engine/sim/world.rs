//! A clock, a disk, a service and an engine, and everything that happens between them.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::Duration;

use super::dice::Dice;
use super::scenario::{Faults, Scenario};
use super::service::Service;
use super::state::{Attempt, State, Write, mode_of};
use super::witness::Witness;
use crate::engine::{
    Action, AttemptKey, Change, Ending, Engine, Event, Item, LATE, Progress, Refusal, StatusOutcome,
    SubmitOutcome, TaskRow,
};
use crate::task::{RemoteTaskId, State as Word};

/// After so many runs the service behaves: then everything must end.
const BAD_RUNS: u32 = 6;
const RUNS: u32 = 12;
const STEPS: u64 = 200_000;

/// What is under way. All but callbacks and submits that have left die with the run.
#[derive(Debug)]
enum Later {
    Durable,
    Arrives(AttemptKey, TaskRow),
    Replied(AttemptKey, SubmitOutcome),
    Asked(Vec<RemoteTaskId>),
    Told(Vec<RemoteTaskId>, StatusOutcome),
    CallsBack(AttemptKey, Item),
    Stops,
}

/// How often a task was sent again.
#[derive(Debug, Default)]
pub(in crate::engine) struct Again {
    /// The attempts that stay unknown.
    pub(in crate::engine) attempts: HashSet<AttemptKey>,
    in_this_run: usize,
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) enum RunEnd {
    Over(Ending),
    Crashed,
}

pub(in crate::engine) struct World {
    pub(in crate::engine) scenario: Scenario,
    pub(in crate::engine) engine: Engine,
    /// Since the world began; and when this run did.
    pub(in crate::engine) now: Duration,
    pub(in crate::engine) begun: Duration,
    /// What is on the disk, what will be once all is written, and what is on the way.
    pub(in crate::engine) disk: State,
    pub(in crate::engine) live: State,
    pub(in crate::engine) disk_failed: bool,
    pub(in crate::engine) writes: VecDeque<Write>,
    pub(in crate::engine) service: Service,
    pub(in crate::engine) witness: Witness,
    /// Whose callbacks find their way.
    routable: HashSet<AttemptKey>,
    /// Sent in this run, with no reply yet.
    unanswered: BTreeMap<AttemptKey, Duration>,
    understood: bool,
    stopped: bool,
    pub(in crate::engine) refusals: u64,
    /// What was sent again though its outcome is unknown, as the policy wanted it.
    pub(in crate::engine) again: BTreeMap<TaskRow, Again>,
    /// How many submits of earlier runs a callback has tied to their tasks.
    pub(in crate::engine) tied_late: u64,
    dice: Dice,
    later: BTreeMap<(Duration, u64), Later>,
    durable_at: Duration,
    order: u64,
    steps: u64,
    pub(in crate::engine) runs: u32,
}

impl World {
    pub(in crate::engine) fn new(scenario: Scenario) -> World {
        let mut dice = Dice::new(scenario.seed ^ 0x5EED);
        let service_dice = Dice::new(dice.next());
        let state = State::new(scenario.tasks);
        World {
            engine: Engine::new(scenario.policy.clone(), Vec::new(), Vec::new(), AttemptKey(1)),
            now: Duration::ZERO,
            begun: Duration::ZERO,
            disk: state.clone(),
            live: state,
            disk_failed: false,
            writes: VecDeque::new(),
            service: Service::new(scenario.slots, scenario.faults, service_dice),
            witness: Witness::default(),
            routable: HashSet::new(),
            unanswered: BTreeMap::new(),
            understood: false,
            stopped: false,
            refusals: 0,
            again: BTreeMap::new(),
            tied_late: 0,
            dice,
            later: BTreeMap::new(),
            durable_at: Duration::ZERO,
            order: 0,
            steps: 0,
            runs: 0,
            scenario,
        }
    }

    /// Runs again and again, as a person or cron would, until nothing is left to do. Gives how each run ended.
    pub(in crate::engine) fn play(&mut self) -> Vec<RunEnd> {
        let mut ends = Vec::new();
        while ends.last() != Some(&RunEnd::Over(Ending::Finished)) {
            assert!(self.runs < RUNS, "it never finishes: {ends:?}");
            if self.runs >= BAD_RUNS {
                self.service.faults = Faults::default();
                self.scenario.policy.limit = None;
                (self.scenario.crash, self.scenario.stop) = (0.0, 0.0);
            }
            self.begin();
            let end = self.live();
            if let RunEnd::Over(ending) = &end {
                self.check_end(ending);
            }
            self.cut(end == RunEnd::Crashed);
            ends.push(end);
        }
        self.check_all_settled();
        ends
    }

    fn begin(&mut self) {
        self.runs += 1;
        (self.stopped, self.understood, self.disk_failed) = (false, false, false);
        self.service.quota = (self.service.faults.quota > 0).then_some(self.service.faults.quota);
        let (waiting, resumed, next) = self.disk.begin(self.now);
        self.live = self.disk.clone();
        self.begun = self.now;
        self.durable_at = self.now;
        self.routable = resumed.iter().map(|resumed| resumed.attempt).collect();
        for heard in self.witness.heard.values_mut() {
            (heard.second_look, heard.called) = (false, false);
        }
        for resumed in &resumed {
            self.witness.of(resumed.attempt).second_look = resumed.second_look;
        }
        self.again.values_mut().for_each(|again| again.in_this_run = 0);
        let in_doubt = self.disk.in_doubt(self.now, self.scenario.policy.callbacks);
        self.routable.extend(in_doubt.iter().map(|lost| lost.attempt));
        self.engine = Engine::new(self.scenario.policy.clone(), waiting, resumed, next)
            .with_history(self.disk.history())
            .with_in_doubt(in_doubt);
        if self.dice.roll(self.scenario.stop * 10.0) {
            let most = self.dice.pick(&[500, 300_000]);
            let after = Duration::from_millis(self.dice.between(0, most));
            self.soon(after, Later::Stops);
        }
    }

    /// Everything that does not survive a run.
    fn cut(&mut self, crashed: bool) {
        // Of what was on the way to the disk some may have arrived, in order.
        let arrived =
            if crashed { self.dice.between(0, self.writes.len() as u64) as usize } else { self.writes.len() };
        for write in self.writes.drain(..).take(arrived) {
            self.disk.apply(&write);
        }
        for (attempt, _) in std::mem::take(&mut self.unanswered) {
            self.witness.of(attempt).left = true;
        }
        let dice = &mut self.dice;
        self.later.retain(|_, later| match later {
            Later::CallsBack(..) => true,
            Later::Arrives(..) => dice.roll(0.5),
            _ => false,
        });
        let pause = Duration::from_secs(self.dice.between(0, 900));
        self.now += pause;
    }

    fn live(&mut self) -> RunEnd {
        self.tell(Event::Wake);
        loop {
            if let Some(ending) = self.engine.over() {
                return RunEnd::Over(ending.clone());
            }
            if self.dice.roll(self.scenario.crash) {
                return RunEnd::Crashed;
            }
            self.steps += 1;
            assert!(self.steps < STEPS, "it does not end: {:?}", self.engine);
            assert!(self.now < self.begun + Duration::from_secs(86_400), "it takes a day: {:?}", self.engine);
            let wake = self.engine.wake_at().map(|at| self.begun + at);
            match self.later.first_entry() {
                Some(next) if wake.is_none_or(|wake| next.key().0 <= wake) => {
                    self.now = self.now.max(next.key().0);
                    let later = next.remove();
                    self.happen(later);
                }
                _ => {
                    let wake = wake.unwrap_or_else(|| panic!("nothing will ever happen: {:?}", self.engine));
                    self.wake(wake);
                }
            }
        }
    }

    fn soon(&mut self, after: Duration, later: Later) {
        self.order += 1;
        self.later.insert((self.now + after, self.order), later);
    }

    /// Tells the engine, and carries out what it wants. Gives how much that was.
    pub(in crate::engine) fn tell(&mut self, event: Event) -> usize {
        self.engine.handle(self.now - self.begun, event);
        let mut actions = 0;
        while let Some(action) = self.engine.next_action() {
            actions += 1;
            self.carry_out(action);
        }
        self.check_view();
        actions
    }

    fn happen(&mut self, later: Later) {
        match later {
            Later::Durable => self.durable(),
            Later::Arrives(attempt, task) => self.arrives(attempt, task),
            Later::Replied(attempt, outcome) => {
                self.unanswered.remove(&attempt);
                self.witness.of(attempt).reply = Some(outcome.clone());
                match &outcome {
                    SubmitOutcome::Accepted(_) | SubmitOutcome::Refused(Refusal::Slots) => {
                        self.understood = true
                    }
                    SubmitOutcome::Unknown(_) => self.understood = self.witness.of(attempt).tied,
                    _ => {}
                }
                self.refusals += u64::from(outcome == SubmitOutcome::Refused(Refusal::Slots));
                self.tell(Event::SubmitReply(attempt, outcome));
            }
            Later::Asked(ids) => {
                let (outcome, after) = self.service.status(self.now, &ids);
                self.soon(after, Later::Told(ids, outcome));
            }
            Later::Told(asked, outcome) => {
                self.witness.status(self.now, &self.live, &asked, &outcome);
                self.tell(Event::StatusReply(asked, outcome));
            }
            Later::CallsBack(attempt, item) => self.calls_back(attempt, item),
            Later::Stops => {
                let event = if self.stopped { Event::Abort } else { Event::Stop };
                if event == Event::Abort {
                    self.unanswered.keys().for_each(|attempt| self.witness.of(*attempt).left = true);
                } else {
                    let most = self.dice.pick(&[200, 60_000]);
                    let after = Duration::from_millis(self.dice.between(0, most));
                    self.soon(after, Later::Stops);
                }
                self.stopped = true;
                self.tell(event);
            }
        }
    }

    fn durable(&mut self) {
        let Some(write) = self.writes.pop_front() else { return };
        let fails = self.dice.roll(self.scenario.faults.disk * f64::from(u8::from(self.runs < BAD_RUNS)));
        match (&write, fails) {
            (Write::Intent(attempt, ..), true) => {
                self.live.take_back(*attempt);
                self.tell(Event::IntentFailed(*attempt));
            }
            (Write::Change(_), true) => {
                self.disk_failed = true;
                self.tell(Event::StoreFailed);
            }
            (Write::Intent(attempt, ..), false) => {
                self.disk.apply(&write);
                self.tell(Event::IntentDurable(*attempt));
            }
            (Write::Change(_), false) => self.disk.apply(&write),
        }
    }

    fn arrives(&mut self, attempt: AttemptKey, task: TaskRow) {
        let jobs = self.service.jobs.len();
        let mode = self.live.attempts[&attempt].mode;
        let (outcome, after) = self.service.submit(self.now, attempt, (task, mode));
        if self.unanswered.contains_key(&attempt) {
            self.soon(after, Later::Replied(attempt, outcome));
        }
        if self.service.jobs.len() > jobs && self.scenario.policy.callbacks {
            let job = self.service.jobs.iter().find(|(_, job)| job.attempt == attempt);
            let Some((task_id, job)) = job.map(|(id, job)| (id.clone(), job.clone())) else { return };
            let Some(end) = job.ends_at else { return };
            let faults = self.service.faults;
            if self.dice.roll(faults.call_dropped) {
                return;
            }
            let mut after = end - self.now + Duration::from_millis(self.dice.between(1, 40));
            if self.dice.roll(faults.call_late) {
                after += Duration::from_millis(self.dice.between(100, 200_000));
            }
            let item = Item { task_id, progress: job.progress(end) };
            if self.dice.roll(faults.call_doubled) {
                let again = Duration::from_millis(self.dice.between(0, 30_000));
                self.soon(after + again, Later::CallsBack(attempt, item.clone()));
            }
            if self.dice.roll(faults.call_foreign) {
                let foreign = Item { task_id: RemoteTaskId("foreign".into()), ..item.clone() };
                self.soon(after / 2, Later::CallsBack(attempt, foreign));
            }
            self.soon(after, Later::CallsBack(attempt, item));
        }
    }

    fn calls_back(&mut self, attempt: AttemptKey, item: Item) {
        let row = self.live.attempts.get(&attempt).filter(|_| self.routable.contains(&attempt));
        let Some(row) = row else { return };
        let (word, open, named) = (self.live.task(row.task), row.open, row.task_id.is_some());
        let genuine = self.service.jobs.get(&item.task_id).is_some_and(|job| job.attempt == attempt);
        // Only the service knows the address. Of what it says of others before it has named the job, nothing can be told.
        if !genuine && !named {
            return;
        }
        let heard = self.witness.of(attempt);
        let sent = heard.sent_at.unwrap_or_default();
        let awaited = self.now < sent + super::super::DEFAULT_TIMEOUT;
        let latest = self.live.latest()[&row.task] == attempt;
        let can_be_tied = latest && (open || (word == Word::Unknown && awaited));
        if genuine {
            heard.item(&item.progress);
            heard.tied = true;
            heard.called |= matches!(&item.progress, Progress::Done(images) if !images.urls.is_empty())
                && can_be_tied
                && !heard.second_look;
            self.understood = true;
        }
        let of_earlier = word == Word::Unknown && sent < self.begun;
        self.tell(Event::Callback(attempt, item));
        let tied = self.live.attempts[&attempt].task_id.is_some() && !named;
        self.tied_late += u64::from(of_earlier && tied);
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::RecordIntent(attempt, task, mode) => {
                assert!(mode_of(task).may_be().contains(&mode), "{task:?} is sent {mode}");
                assert_eq!(self.live.task(task), Word::Pending, "a settled task is submitted again");
                let young = self.live.attempts.iter().any(|(other, row)| {
                    let sent_at = self.witness.heard.get(other).and_then(|heard| heard.sent_at);
                    let under_way = row.open && self.live.task(row.task) == Word::Submitting;
                    under_way && sent_at.unwrap_or(row.intended_at) + LATE > self.now
                });
                assert!(self.understood || !young, "several submits before the service is trusted");
                self.witness.of(attempt).task = Some(task);
                self.routable.insert(attempt);
                self.write(Write::Intent(attempt, task, mode, self.now));
            }
            Action::Submit(attempt, task) => self.submit(attempt, task),
            Action::PollStatus(ids) => {
                assert!(!ids.is_empty(), "asked about nothing");
                assert!(ids.len() <= self.scenario.policy.ids_a_request, "too many ids in one request");
                let after = Duration::from_millis(self.dice.between(5, 50));
                self.soon(after, Later::Asked(ids));
            }
            Action::Record(change) => {
                if let Change::Resend(attempt) = &change {
                    self.sends_again(*attempt);
                }
                let patience = self.scenario.policy.lost_after;
                self.witness.check(self.now, &change, &self.service, patience);
                self.write(Write::Change(change));
            }
            Action::Notify(_) => {}
        }
    }

    /// Only what is unknown, only where the policy says so, and once in a run.
    fn sends_again(&mut self, attempt: AttemptKey) {
        let row = &self.live.attempts[&attempt];
        assert!(self.scenario.policy.resend_unknown, "{attempt:?} is sent again, and nobody wanted it");
        assert_eq!(self.live.task(row.task), Word::Unknown, "{attempt:?} is not unknown, and is sent again");
        assert!(!self.stopped, "{attempt:?} is to be sent again after a stop");
        let again = self.again.entry(row.task).or_default();
        again.attempts.insert(attempt);
        again.in_this_run += 1;
        assert_eq!(again.in_this_run, 1, "{attempt:?} is sent again once more in a run");
    }

    fn write(&mut self, write: Write) {
        self.live.apply(&write);
        self.writes.push_back(write);
        let takes = Duration::from_millis(self.dice.between(1, 50));
        self.durable_at = self.durable_at.max(self.now + takes);
        self.soon(self.durable_at - self.now, Later::Durable);
    }

    fn submit(&mut self, attempt: AttemptKey, task: TaskRow) {
        assert!(self.disk.attempts.contains_key(&attempt), "sent before its intent was durable");
        assert!(!self.stopped, "sent after a stop");
        let heard = self.witness.of(attempt);
        assert!(heard.sent_at.replace(self.now).is_none(), "sent twice");
        for (other, heard) in &self.witness.heard {
            let earlier = heard.task == Some(task) && *other != attempt;
            let failed = || self.disk.attempts.get(other).is_some_and(Attempt::has_failed);
            let wanted = self.again.get(&task).is_some_and(|again| again.attempts.contains(other));
            assert!(
                !earlier || heard.is_certainly_not_accepted() || failed() || wanted,
                "{task:?} may be paid for already: {heard:?}"
            );
        }
        self.unanswered.insert(attempt, self.now);
        self.check_slots();
        let after = Duration::from_millis(self.dice.between(5, 50));
        self.soon(after, Later::Arrives(attempt, task));
    }

    fn wake(&mut self, at: Duration) {
        self.now = self.now.max(at);
        let before = self.moves();
        let actions = self.tell(Event::Wake);
        let later = self.engine.wake_at().is_none_or(|wake| self.begun + wake > self.now);
        assert!(later || actions > 0, "it wakes again and again: {:?}", self.engine);
        assert!(actions > 0 || self.moves() != before, "it woke in vain: {:?}", self.engine);
    }

    /// A change that has no action: what a wake-up may be for.
    fn moves(&self) -> (usize, usize, String) {
        let waiting = self.engine.waiting.len() + 1000 * self.engine.retries.len();
        (self.engine.flights.iter().count(), waiting, format!("{:?}", self.engine.mood))
    }
}
