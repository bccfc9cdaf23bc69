//! The world of a scenario: the disk and the service that answer the engine, the callbacks that
//! find it, and a person who stops it.

mod jobs;
mod writes;

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::time::Duration;

use super::super::{Agenda, SimRng, Surroundings};
use super::oracle::Oracle;
use super::scenario::{PRICES, Scenario, rng_of};
use super::service::FaultyService;
use super::state::{PersonDecision, StateModel, StateWrite, mode_of};
use crate::engine::{
    Action, Backlog, Claim, Engine, Event, IntentId, Item, StatusOutcome, SubmitOutcome, Waiting,
};
use crate::task::{AttemptKey, Quota, RemoteTaskId, TaskRow};

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
