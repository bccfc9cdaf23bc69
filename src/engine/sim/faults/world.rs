//! The world of a scenario: the disk and the service that answer the engine, the callbacks that
//! find it, and a person who stops it.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::time::Duration;

use super::super::{Agenda, SimRng, Surroundings};
use super::oracle::{Answer, Oracle};
use super::scenario::{PRICES, Scenario, rng_of};
use super::service::FaultyService;
use super::state::{ModelAttempt, PersonDecision, StateModel, StateWrite, mode_of};
use crate::engine::{
    Action, Backlog, Claim, DEFAULT_TIMEOUT, Engine, Event, IntentId, IntentRefusal, Item, LATE, Progress,
    Refusal, StatusOutcome, SubmitOutcome, Waiting,
};
use crate::task::{AttemptKey, Change, ChangeKind, Mode, Quota, RemoteTaskId, State as TaskState, TaskRow};

/// What is under way. All but callbacks and submits that have left end with the run.
#[derive(Debug)]
pub(super) enum WorldEvent {
    /// The oldest write that is under way reaches the disk.
    Written,
    /// The store answers the claim of so many tasks.
    ClaimAnswered(usize),
    SubmitArrives(AttemptKey, TaskRow),
    SubmitReplied(AttemptKey, SubmitOutcome),
    PollArrives(Vec<RemoteTaskId>),
    PollReplied(Vec<RemoteTaskId>, StatusOutcome),
    CallbackArrives(AttemptKey, Item),
    /// A person stops the run: the first time it drains, the second time it leaves.
    Stopped,
}

/// How often a task was sent again while its outcome was unknown.
#[derive(Debug, Default)]
pub(super) struct Resends {
    /// The attempts that stay unknown.
    pub(super) attempts: HashSet<AttemptKey>,
    in_this_run: usize,
}

/// Everything around the engine, which outlives its runs.
pub(super) struct FaultyWorld {
    pub(super) scenario: Scenario,
    /// When the run began, by the clock of the world.
    pub(super) run_started_at: Duration,
    /// What is on the disk.
    pub(super) disk: StateModel,
    /// What will be on the disk once all is written.
    pub(super) live: StateModel,
    /// What is on the way to the disk, in order.
    pub(super) writes: VecDeque<StateWrite>,
    /// When the last of the writes reaches the disk.
    written_at: Duration,
    pub(super) disk_failed: bool,
    pub(super) service: FaultyService,
    pub(super) oracle: Oracle,
    /// The attempts whose callbacks find their way to the engine.
    routable: HashSet<AttemptKey>,
    /// The attempts that were sent in this run and have no reply yet.
    unanswered: HashSet<AttemptKey>,
    /// The service has accepted a submit and has lost no reply since.
    trusted: bool,
    stopped: bool,
    /// The store has said in this run that the budget is reached.
    at_budget: bool,
    /// What others have spent of the budget.
    pub(super) others_spent: u64,
    /// How many intents the store has refused since one was recorded or a reservation was given
    /// back.
    refused_in_a_row: usize,
    /// How many paid attempts a person has asked for, besides the first one.
    pub(super) asked: BTreeMap<TaskRow, u64>,
    /// The attempts that a person knew of who asked for another one.
    superseded: HashSet<AttemptKey>,
    rng_of_person: SimRng,
    /// How many tasks were done by an earlier attempt as they waited to be paid for again.
    pub(super) came_late: u64,
    /// Tasks that other runs have, for as long as this one goes on.
    pub(super) taken: BTreeSet<TaskRow>,
    /// The tasks that this run has not claimed yet, in their order.
    pub(super) unclaimed: VecDeque<Waiting>,
    /// The tasks that this run has claimed.
    claimed: HashSet<TaskRow>,
    /// The attempts that the intents of this run become.
    pub(super) intents: BTreeMap<IntentId, AttemptKey>,
    /// The number that was given to an attempt last.
    last_attempt: AttemptKey,
    /// Of the intents that the store refuses; by a generator of its own, so that the other seeds
    /// stay what they are.
    rng_of_others: SimRng,
    /// How many intents were refused, by why.
    pub(super) refused: (u64, u64),
    pub(super) slot_refusals: u64,
    /// What was sent again though its outcome is unknown, as the policy wanted it.
    pub(super) resends: BTreeMap<TaskRow, Resends>,
    /// How many submits of earlier runs a callback has tied to their tasks.
    pub(super) tied_late: u64,
    rng: SimRng,
}

impl FaultyWorld {
    pub(super) fn new(scenario: Scenario) -> FaultyWorld {
        let mut rng = rng_of(scenario.seed ^ 0x5EED);
        let rng_of_service = rng_of(rng.next_u64());
        let state = StateModel::new(scenario.tasks);
        FaultyWorld {
            run_started_at: Duration::ZERO,
            disk: state.clone(),
            live: state,
            writes: VecDeque::new(),
            written_at: Duration::ZERO,
            disk_failed: false,
            service: FaultyService::new(scenario.slots, scenario.faults, rng_of_service),
            oracle: Oracle::default(),
            routable: HashSet::new(),
            unanswered: HashSet::new(),
            trusted: false,
            stopped: false,
            at_budget: false,
            others_spent: 0,
            refused_in_a_row: 0,
            asked: BTreeMap::new(),
            superseded: HashSet::new(),
            rng_of_person: rng_of(!scenario.seed ^ 0xDEC1_DE00),
            came_late: 0,
            taken: BTreeSet::new(),
            unclaimed: VecDeque::new(),
            claimed: HashSet::new(),
            intents: BTreeMap::new(),
            last_attempt: AttemptKey(0),
            rng_of_others: rng_of(!scenario.seed ^ 0xBEEF),
            refused: (0, 0),
            slot_refusals: 0,
            resends: BTreeMap::new(),
            tied_late: 0,
            rng,
            scenario,
        }
    }

    /// The program starts: gives the engine, as the state on the disk makes it.
    pub(super) fn begin_run(&mut self, agenda: &mut Agenda<WorldEvent>) -> Engine {
        let now = agenda.now();
        (self.stopped, self.trusted, self.disk_failed) = (false, false, false);
        self.service.quota = (self.service.faults.quota > 0).then_some(self.service.faults.quota);
        let (waiting, resumed) = self.disk.begin(now);
        self.last_attempt = self.disk.attempts.keys().next_back().copied().unwrap_or(AttemptKey(0));
        (self.at_budget, self.refused_in_a_row) = (false, 0);
        self.taken.clear();
        self.unclaimed = waiting.into();
        self.claimed.clear();
        self.intents.clear();
        self.live = self.disk.clone();
        (self.run_started_at, self.written_at) = (now, now);
        self.routable = resumed.iter().map(|resumed| resumed.attempt).collect();
        for observed in self.oracle.observed.values_mut() {
            (observed.second_look, observed.called, observed.answer) = (false, false, None);
        }
        for resumed in &resumed {
            self.oracle.of(resumed.attempt).second_look = resumed.second_look;
        }
        self.resends.values_mut().for_each(|resends| resends.in_this_run = 0);
        let in_doubt = self.disk.in_doubt(now, self.scenario.policy.callbacks);
        self.routable.extend(in_doubt.iter().map(|lost| lost.attempt));
        if self.rng.chance(self.scenario.stop * 10.0) {
            self.schedule_stop(&[500, 300_000], agenda);
        }
        let mut history = self.disk.history();
        history.spent = Quota(self.disk.spent(&PRICES).0 + self.others_spent);
        Engine::new(self.scenario.policy.clone(), Backlog::of(&self.unclaimed), resumed)
            .with_history(history)
            .with_in_doubt(in_doubt)
    }

    /// A person decides about some tasks, while nothing runs. Gives whether anything was changed.
    pub(super) fn decide(&mut self) -> bool {
        let mut has_changed = false;
        self.disk.settle_submitting();
        for task in self.disk.rows() {
            if !self.rng_of_person.chance(self.scenario.decides) {
                continue;
            }
            let decision = self.rng_of_person.pick(&PersonDecision::ALL);
            let pays = self.disk.decide(task, decision);
            has_changed |= pays.is_some();
            if pays == Some(true) {
                *self.asked.entry(task).or_default() += 1;
                let its = self.disk.attempts.iter().filter(|(_, row)| row.task == task);
                self.superseded.extend(its.map(|(attempt, _)| *attempt));
            }
        }
        has_changed
    }

    /// Whether the program is killed at this step.
    pub(super) fn is_killed(&mut self) -> bool {
        self.rng.chance(self.scenario.crash)
    }

    /// Ends everything that does not survive a run, and lets some time pass.
    pub(super) fn end_run(&mut self, killed: bool, agenda: &mut Agenda<WorldEvent>) {
        // Of what was on the way to the disk some may have arrived, in order.
        let under_way = self.writes.len() as u64;
        let arrived = if killed { self.rng.between(0, under_way) } else { under_way };
        for write in self.writes.drain(..).take(arrived as usize) {
            self.disk.apply(&write);
        }
        for attempt in std::mem::take(&mut self.unanswered) {
            self.oracle.of(attempt).left = true;
        }
        agenda.pending.retain(|_, pending| match pending {
            WorldEvent::CallbackArrives(..) => true,
            WorldEvent::SubmitArrives(..) => self.rng.chance(0.5),
            _ => false,
        });
        agenda.now += Duration::from_secs(self.rng.between(0, 900));
        if self.scenario.decides > 0.0 && self.rng_of_person.chance(0.5) {
            self.service.jobs.values_mut().for_each(|job| job.forgotten = false);
        }
    }

    /// A person stops the run within one of these times, in milliseconds.
    fn schedule_stop(&mut self, most: &[u64], agenda: &mut Agenda<WorldEvent>) {
        let most = self.rng.pick(most);
        let after = Duration::from_millis(self.rng.between(0, most));
        agenda.schedule(after, WorldEvent::Stopped);
    }

    fn stop(&mut self, agenda: &mut Agenda<WorldEvent>) -> Event {
        if std::mem::replace(&mut self.stopped, true) {
            self.unanswered.iter().for_each(|attempt| self.oracle.of(*attempt).left = true);
            return Event::Abort;
        }
        self.schedule_stop(&[200, 60_000], agenda);
        Event::Stop
    }

    /// Adds a write to those on the way to the disk, which arrive in order.
    fn write(&mut self, write: StateWrite, agenda: &mut Agenda<WorldEvent>) {
        self.live.apply(&write);
        self.writes.push_back(write);
        let takes = Duration::from_millis(self.rng.between(1, 50));
        self.written_at = self.written_at.max(agenda.now() + takes);
        agenda.schedule(self.written_at - agenda.now(), WorldEvent::Written);
    }

    /// The oldest write reaches the disk, or fails.
    fn written(&mut self) -> Option<Event> {
        let write = self.writes.pop_front()?;
        let fails = self.rng.chance(self.scenario.faults.disk);
        match (&write, fails) {
            (StateWrite::Intent(intent, attempt, ..), true) => {
                self.refused_in_a_row = 0;
                self.live.requeue_due_retries(*attempt);
                Some(Event::IntentFailed(*intent))
            }
            (StateWrite::Change(_), true) => {
                self.disk_failed = true;
                Some(Event::StoreFailed)
            }
            (StateWrite::Intent(intent, attempt, task, mode, _), false) => {
                if let Some(why) = self.refusal(*task, *mode) {
                    self.live.requeue_due_retries(*attempt);
                    return Some(Event::IntentRefused { intent: *intent, why });
                }
                self.disk.apply(&write);
                self.refused_in_a_row = 0;
                Some(Event::IntentRecorded { intent: *intent, attempt: *attempt })
            }
            (StateWrite::Change(_), false) => {
                self.disk.apply(&write);
                None
            }
        }
    }

    /// Why the store does not take the intent to submit this task, if it does not.
    fn refusal(&mut self, task: TaskRow, mode: Mode) -> Option<IntentRefusal> {
        let others_spend = self.rng_of_others.chance(self.service.faults.over_budget);
        let is_over = match self.scenario.policy.budget {
            None => {
                self.at_budget |= others_spend;
                self.at_budget
            }
            Some(cap) => {
                let price = PRICES.of(mode).unwrap_or_default().0;
                let spent = self.disk.spent(&PRICES).0;
                if others_spend {
                    let rest = cap.0.saturating_sub(spent + self.others_spent);
                    self.others_spent += rest.saturating_sub(self.rng_of_others.below(price));
                }
                spent + self.others_spent + price > cap.0
            }
        };
        if is_over {
            self.refused.0 += 1;
            self.refused_in_a_row += 1;
            return Some(IntentRefusal::OverBudget);
        }
        // What was to make it wait may not have reached the disk.
        let waits = self.disk.task(task) == TaskState::Pending;
        if waits && !self.rng_of_others.chance(self.service.faults.not_ours) {
            return None;
        }
        self.taken.insert(task);
        self.refused.1 += 1;
        self.refused_in_a_row = 0;
        Some(IntentRefusal::NotOurs)
    }

    /// A submit reaches the service, which may have a job then, and a callback to send at its end.
    fn submit_arrives(&mut self, attempt: AttemptKey, task: TaskRow, agenda: &mut Agenda<WorldEvent>) {
        let jobs = self.service.jobs.len();
        let mode = self.live.attempts[&attempt].mode;
        let (outcome, after) = self.service.submit(agenda.now(), attempt, (task, mode));
        if self.unanswered.contains(&attempt) {
            agenda.schedule(after, WorldEvent::SubmitReplied(attempt, outcome));
        }
        if self.service.jobs.len() > jobs && self.scenario.policy.callbacks {
            self.schedule_callbacks(attempt, agenda);
        }
    }

    fn schedule_callbacks(&mut self, attempt: AttemptKey, agenda: &mut Agenda<WorldEvent>) {
        let job = self.service.jobs.iter().find(|(_, job)| job.attempt == attempt);
        let Some((task_id, job)) = job.map(|(id, job)| (id.clone(), job.clone())) else { return };
        let Some(end) = job.ends_at else { return };
        let faults = self.service.faults;
        if self.rng.chance(faults.call_dropped) {
            return;
        }
        let mut after = end - agenda.now() + Duration::from_millis(self.rng.between(1, 40));
        if self.rng.chance(faults.call_late) {
            after += Duration::from_millis(self.rng.between(100, 200_000));
        }
        let item = Item { task_id, progress: job.progress(end) };
        if self.rng.chance(faults.call_doubled) {
            let again = Duration::from_millis(self.rng.between(0, 30_000));
            agenda.schedule(after + again, WorldEvent::CallbackArrives(attempt, item.clone()));
        }
        if self.rng.chance(faults.call_foreign) {
            let foreign = Item { task_id: RemoteTaskId("foreign".into()), ..item.clone() };
            agenda.schedule(after / 2, WorldEvent::CallbackArrives(attempt, foreign));
        }
        agenda.schedule(after, WorldEvent::CallbackArrives(attempt, item));
    }

    fn submit_replied(&mut self, attempt: AttemptKey, outcome: SubmitOutcome) -> Event {
        self.unanswered.remove(&attempt);
        self.oracle.of(attempt).reply = Some(outcome.clone());
        match &outcome {
            SubmitOutcome::Accepted(_) | SubmitOutcome::Refused(Refusal::Slots) => self.trusted = true,
            SubmitOutcome::Unknown(_) => self.trusted = self.oracle.of(attempt).tied,
            _ => {}
        }
        self.slot_refusals += u64::from(outcome == SubmitOutcome::Refused(Refusal::Slots));
        Event::SubmitReply(attempt, outcome)
    }

    fn callback_arrives(&mut self, now: Duration, attempt: AttemptKey, item: Item) -> Option<Event> {
        let row = self.live.attempts.get(&attempt).filter(|_| self.routable.contains(&attempt))?;
        let (state, open, named) = (self.live.task(row.task), row.open, row.task_id.is_some());
        let genuine = self.service.jobs.get(&item.task_id).is_some_and(|job| job.attempt == attempt);
        // Only the service knows the URL. Of what it says of others before it has named the job,
        // nothing can be said.
        if !genuine && !named {
            return None;
        }
        let observed = self.oracle.of(attempt);
        let awaited = now < observed.sent_at.unwrap_or_default() + DEFAULT_TIMEOUT;
        let latest = self.live.latest()[&row.task] == attempt;
        let can_be_tied = latest && (open || (state == TaskState::Unknown && awaited));
        if genuine {
            observed.item(&item.progress);
            observed.tied = true;
            observed.called |= matches!(&item.progress, Progress::Done(images) if !images.urls.is_empty())
                && can_be_tied
                && !observed.second_look;
            self.trusted = true;
        }
        Some(Event::Callback(attempt, item))
    }

    /// An intent is to be recorded: only of a task that is pending, in a mode it may have, after
    /// the service has answered about its earlier attempts, and while the service is not trusted
    /// only one at a time.
    fn intend(&mut self, now: Duration, attempt: AttemptKey, task: TaskRow) {
        assert!(!self.at_budget || self.disk_failed, "submits go on over the budget");
        let most = 2 * self.scenario.policy.concurrency + 2;
        assert!(self.refused_in_a_row <= most, "what the budget has no room for is intended again and again");
        // A task that an earlier run had submitted again was asked about by that run.
        let claimed = self.claimed.contains(&task).then(|| self.live.open_questions(task));
        for (earlier, row) in claimed.into_iter().flatten() {
            let answer = self.oracle.observed.get(&earlier).and_then(|observed| observed.answer);
            let ends_by = row.intended_at + DEFAULT_TIMEOUT + self.scenario.policy.grace;
            let is_settled = match answer {
                None | Some(Answer::Images) => false,
                Some(Answer::Running) => ends_by <= now,
                Some(Answer::NoImages) => true,
            };
            assert!(
                is_settled,
                "{task:?} is paid for again, and of {earlier:?} was heard {answer:?}: {row:?}"
            );
        }
        assert!(!self.taken.contains(&task), "a task that another run has is intended again");
        assert_eq!(self.live.task(task), TaskState::Pending, "a settled task is submitted again");
        let young = self.live.attempts.iter().any(|(other, row)| {
            let sent_at = self.oracle.observed.get(other).and_then(|observed| observed.sent_at);
            let under_way = row.open && self.live.task(row.task) == TaskState::Submitting;
            under_way && sent_at.unwrap_or(row.intended_at) + LATE > now
        });
        assert!(self.trusted || !young, "several submits before the service is trusted");
        self.oracle.of(attempt).task = Some(task);
        self.routable.insert(attempt);
    }

    /// A submit leaves: once, after its intent is durable, and only of a task that nobody may have
    /// been paid for.
    fn submit(&mut self, attempt: AttemptKey, task: TaskRow, agenda: &mut Agenda<WorldEvent>) {
        assert!(self.disk.attempts.contains_key(&attempt), "sent before its intent was durable");
        assert!(!self.stopped, "sent after a stop");
        let observed = self.oracle.of(attempt);
        assert!(observed.sent_at.replace(agenda.now()).is_none(), "sent twice");
        for (other, observed) in &self.oracle.observed {
            let earlier = observed.task == Some(task) && *other != attempt;
            let failed = || self.disk.attempts.get(other).is_some_and(ModelAttempt::has_failed);
            let wanted = self.resends.get(&task).is_some_and(|resends| resends.attempts.contains(other));
            let wanted = wanted || self.superseded.contains(other);
            assert!(
                !earlier || observed.is_certainly_not_accepted() || failed() || wanted,
                "{task:?} may be paid for already: {observed:?}"
            );
        }
        self.unanswered.insert(attempt);
        self.check_slots(agenda.now());
        let after = Duration::from_millis(self.rng.between(5, 50));
        agenda.schedule(after, WorldEvent::SubmitArrives(attempt, task));
    }

    fn record(&mut self, change: Change, agenda: &mut Agenda<WorldEvent>) {
        match &change {
            Change { attempt, kind: ChangeKind::Resend } => self.resend(*attempt),
            Change { kind: ChangeKind::Rejected(_) | ChangeKind::Refused(_), .. } => {
                self.refused_in_a_row = 0
            }
            Change { attempt, kind: ChangeKind::Done(_) } => {
                let is_late = self.live.task(self.live.attempts[attempt].task) == TaskState::Pending;
                self.came_late += u64::from(is_late);
            }
            Change { attempt, kind: ChangeKind::Accepted(_) } => {
                let row = &self.live.attempts[attempt];
                let sent_at = self.oracle.of(*attempt).sent_at.unwrap_or_default();
                let is_late = self.live.task(row.task) == TaskState::Unknown && sent_at < self.run_started_at;
                self.tied_late += u64::from(is_late);
            }
            _ => {}
        }
        let patience = self.scenario.policy.lost_after;
        self.oracle.check(agenda.now(), &change, &self.service, patience);
        self.write(StateWrite::Change(change), agenda);
    }

    /// A task is to be sent again: only if it is unknown, only where the policy says so, and once
    /// in a run.
    fn resend(&mut self, attempt: AttemptKey) {
        let row = &self.live.attempts[&attempt];
        assert!(self.scenario.policy.resend_unknown, "{attempt:?} is sent again, and nobody wanted it");
        let is_unknown = self.live.task(row.task) == TaskState::Unknown;
        assert!(is_unknown, "{attempt:?} is not unknown, and is sent again");
        assert!(!self.stopped, "{attempt:?} is to be sent again after a stop");
        let resends = self.resends.entry(row.task).or_default();
        resends.attempts.insert(attempt);
        resends.in_this_run += 1;
        assert_eq!(resends.in_this_run, 1, "{attempt:?} is sent again once more in a run");
    }
}

impl Surroundings for FaultyWorld {
    type Scheduled = WorldEvent;

    fn execute(&mut self, action: Action, agenda: &mut Agenda<WorldEvent>) {
        match action {
            Action::RecordIntent(intent, task, mode) => {
                assert!(mode_of(task).may_be().contains(&mode), "{task:?} is sent {mode}");
                self.last_attempt.0 += 1;
                let attempt = self.last_attempt;
                assert!(self.intents.insert(intent, attempt).is_none(), "{intent:?} is used twice");
                self.intend(agenda.now(), attempt, task);
                self.write(StateWrite::Intent(intent, attempt, task, mode, agenda.now()), agenda);
            }
            Action::ClaimTasks(count) => {
                assert!(count > 0, "nothing is claimed");
                let after = Duration::from_millis(self.rng_of_others.between(0, 200));
                agenda.schedule(after, WorldEvent::ClaimAnswered(count));
            }
            Action::Submit(attempt, task) => self.submit(attempt, task, agenda),
            Action::PollStatus(ids) => {
                assert!(!ids.is_empty(), "asked about nothing");
                assert!(ids.len() <= self.scenario.policy.ids_a_request, "too many ids in one request");
                let after = Duration::from_millis(self.rng.between(5, 50));
                agenda.schedule(after, WorldEvent::PollArrives(ids));
            }
            Action::Record(change) => self.record(change, agenda),
            Action::Notify(_) => {}
        }
    }

    fn occur(&mut self, due: WorldEvent, agenda: &mut Agenda<WorldEvent>) -> Option<Event> {
        match due {
            WorldEvent::Written => self.written(),
            WorldEvent::ClaimAnswered(count) => {
                let count = count.min(self.unclaimed.len());
                let tasks: Vec<_> = self.unclaimed.drain(..count).collect();
                self.claimed.extend(tasks.iter().map(|waiting| waiting.task));
                let earlier = self.live.earlier(agenda.now(), &tasks);
                self.routable.extend(earlier.iter().map(|earlier| earlier.attempt));
                Some(Event::TasksClaimed(Claim { tasks, earlier }))
            }
            WorldEvent::SubmitArrives(attempt, task) => {
                self.submit_arrives(attempt, task, agenda);
                None
            }
            WorldEvent::SubmitReplied(attempt, outcome) => Some(self.submit_replied(attempt, outcome)),
            WorldEvent::PollArrives(ids) => {
                let (outcome, after) = self.service.status(agenda.now(), &ids);
                agenda.schedule(after, WorldEvent::PollReplied(ids, outcome));
                None
            }
            WorldEvent::PollReplied(asked, outcome) => {
                self.oracle.status(agenda.now(), &self.live, &asked, &outcome);
                Some(Event::StatusReply(asked, outcome))
            }
            WorldEvent::CallbackArrives(attempt, item) => self.callback_arrives(agenda.now(), attempt, item),
            WorldEvent::Stopped => Some(self.stop(agenda)),
        }
    }
}
