//! A run against a service that behaves: how long it takes, how busy the slots are, and how many
//! requests it sends.
//!
//! The engine is that of a real run, so this forecasts one, and measures a policy in milliseconds.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::time::Duration;

use super::super::known_durations::ObservedDurations;
use super::super::{
    Action, Backlog, Engine, Event, History, IntentId, Item, Policy, Progress, Refusal, Resumed,
    StatusOutcome, SubmitOutcome, Waiting,
};
use super::{Agenda, Surroundings, VirtualRun};
use crate::task::{AttemptKey, Failure, FailureClass, Images, Mode, RemoteTaskId};

/// After so many steps a task a run is not played on: it has no end worth waiting for.
const STEPS_A_TASK: usize = 2_000;

/// A run to simulate: what is to be done, by which rules, and how quick the service and the disk
/// are.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// How the engine behaves.
    pub policy: Policy,
    /// The tasks to submit, in their order.
    pub waiting: Vec<Waiting>,
    /// Jobs that run already, and what they still do from the start on.
    pub resumed: Vec<(Resumed, SimJob)>,
    /// What earlier runs saw.
    pub observed: ObservedDurations,
    /// How many jobs the service runs at once.
    pub slots: usize,
    /// How long a request takes, there and back. The service acts halfway.
    pub round_trip: Duration,
    /// How long it takes to make an intent durable.
    pub intent_write: Duration,
    /// How long after the end of a job its slot is free.
    pub slot_freed_after: Duration,
    /// How long after the end of a job its callback arrives; `None` where none does.
    pub callback_after: Option<Duration>,
}

/// What the service does with one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimJob {
    /// How long it runs.
    pub takes: Duration,
    /// Whether its generation fails in the end.
    pub fails: bool,
}

impl SimJob {
    /// A job that makes its images.
    pub fn done_after(takes: Duration) -> SimJob {
        SimJob { takes, fails: false }
    }
}

/// What came of a simulated run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SimStats {
    /// From the start of the run to its end.
    pub took: Duration,
    /// The share of slot time in use between the first and the last submit that was accepted, from
    /// 0 to 1.
    pub slots_busy: f64,
    /// When the last submit left.
    pub last_submit: Duration,
    /// When the last job ended, whether or not that was seen.
    pub last_end: Duration,
    /// Jobs that were accepted, by mode: `fast`, `relaxed`.
    pub jobs: [u64; 2],
    /// Jobs that ended after the deadline of the policy.
    pub late: u64,
    /// Submits, those that were refused included.
    pub submits: u64,
    /// Status requests.
    pub polls: u64,
    /// Submits that were refused for want of a slot.
    pub slot_refusals: u64,
    /// By how much a job that is seen to end seems to take longer than it does, on average: from
    /// its intent to its start, and from its end to the reply that says so.
    pub overhead: Duration,
}

impl SimStats {
    /// How many jobs were accepted.
    pub fn accepted(&self) -> u64 {
        self.jobs.iter().sum()
    }

    /// Requests a job, of both kinds.
    pub fn requests_a_job(&self) -> f64 {
        (self.submits + self.polls) as f64 / self.accepted().max(1) as f64
    }

    /// Submits refused for want of a slot, a job.
    pub fn refusals_a_job(&self) -> f64 {
        self.slot_refusals as f64 / self.accepted().max(1) as f64
    }
}

impl Simulation {
    /// Plays the run to its end. `next_job` says what becomes of the next job that is accepted in
    /// this mode.
    pub fn run(&self, next_job: &mut dyn FnMut(Mode) -> SimJob) -> SimStats {
        let mut agenda = Agenda::new();
        let mut service = ScriptedService::new(self, next_job, &mut agenda);
        let most_steps = STEPS_A_TASK * (10 + self.waiting.len() + self.resumed.len());
        let mut run = VirtualRun::start(self.engine(), &mut service, &mut agenda);
        for _ in 0..most_steps {
            match run.next_step() {
                Some(step) if run.engine.over().is_none() => drop(run.take(step)),
                _ => break,
            }
        }
        service.stats(agenda.now())
    }

    fn engine(&self) -> Engine {
        let resumed: Vec<Resumed> = self.resumed.iter().map(|(resumed, _)| resumed.clone()).collect();
        Engine::new(self.policy.clone(), Backlog::of(&self.waiting), resumed)
            .with_history(History { observed: self.observed.clone(), ..History::default() })
    }
}

/// What can become due.
#[derive(Debug)]
enum SimEvent {
    TasksClaimed(Vec<Waiting>),
    IntentWritten(IntentId),
    SubmitArrives(AttemptKey),
    SubmitReplied(AttemptKey, SubmitOutcome),
    PollArrives(Vec<RemoteTaskId>),
    PollReplied(Vec<RemoteTaskId>, Vec<Item>),
    CallbackArrives(AttemptKey, RemoteTaskId),
}

/// A job that the service has accepted.
#[derive(Debug)]
struct AcceptedJob {
    started: Duration,
    ends: Duration,
    fails: bool,
    /// When it was intended, unless an earlier run did that, and it was not announced yet that it
    /// has ended.
    unseen_since: Option<Duration>,
}

/// The service of a simulation, its disk included, while the run goes on.
struct ScriptedService<'a> {
    simulation: &'a Simulation,
    next_job: &'a mut dyn FnMut(Mode) -> SimJob,
    /// How many tasks were claimed.
    claimed: usize,
    /// The intents on their way to the disk: their mode, and when they were intended.
    intents: HashMap<IntentId, (Mode, Duration)>,
    /// The same of every attempt that was not accepted yet.
    intended: HashMap<AttemptKey, (Mode, Duration)>,
    /// The number of the last attempt.
    last_attempt: AttemptKey,
    jobs: BTreeMap<RemoteTaskId, AcceptedJob>,
    /// When the slots that hold a job are free again.
    slots_freed_at: BinaryHeap<Reverse<Duration>>,
    /// The sum over all jobs that were seen to end, and how many those are.
    overhead: (Duration, u32),
    stats: SimStats,
}

impl<'a> ScriptedService<'a> {
    fn new(
        simulation: &'a Simulation,
        next_job: &'a mut dyn FnMut(Mode) -> SimJob,
        agenda: &mut Agenda<SimEvent>,
    ) -> Self {
        let resumed = simulation.resumed.iter().map(|(resumed, _)| resumed.attempt.0);
        let mut service = ScriptedService {
            simulation,
            next_job,
            claimed: 0,
            intents: HashMap::new(),
            intended: HashMap::new(),
            last_attempt: AttemptKey(resumed.max().unwrap_or(0)),
            jobs: BTreeMap::new(),
            slots_freed_at: BinaryHeap::new(),
            overhead: (Duration::ZERO, 0),
            stats: SimStats::default(),
        };
        for (resumed, job) in &simulation.resumed {
            service.start(resumed.attempt, resumed.task_id.clone(), *job, None, agenda);
        }
        service
    }

    fn start(
        &mut self,
        attempt: AttemptKey,
        task_id: RemoteTaskId,
        job: SimJob,
        unseen_since: Option<Duration>,
        agenda: &mut Agenda<SimEvent>,
    ) {
        let (started, ends) = (agenda.now(), agenda.now() + job.takes);
        self.slots_freed_at.push(Reverse(ends + self.simulation.slot_freed_after));
        self.stats.last_end = self.stats.last_end.max(ends);
        self.stats.late += u64::from(self.simulation.policy.deadline.is_some_and(|deadline| ends > deadline));
        if let Some(after) = self.simulation.callback_after {
            agenda.schedule(job.takes + after, SimEvent::CallbackArrives(attempt, task_id.clone()));
        }
        self.jobs.insert(task_id, AcceptedJob { started, ends, fails: job.fails, unseen_since });
    }

    fn record_intent(&mut self, intent: IntentId) -> Event {
        self.last_attempt.0 += 1;
        let intended = self.intents.remove(&intent).unwrap_or_default();
        self.intended.insert(self.last_attempt, intended);
        Event::IntentRecorded { intent, attempt: self.last_attempt }
    }

    fn submit(&mut self, attempt: AttemptKey, agenda: &mut Agenda<SimEvent>) -> SubmitOutcome {
        while self.slots_freed_at.peek().is_some_and(|Reverse(freed)| *freed <= agenda.now()) {
            self.slots_freed_at.pop();
        }
        if self.slots_freed_at.len() >= self.simulation.slots {
            self.stats.slot_refusals += 1;
            return SubmitOutcome::Refused(Refusal::Slots);
        }
        let (mode, intended) = self.intended.remove(&attempt).unwrap_or_default();
        self.stats.jobs[mode as usize] += 1;
        let task_id = RemoteTaskId(format!("job-{}", attempt.0));
        let job = (self.next_job)(mode);
        self.start(attempt, task_id.clone(), job, Some(intended), agenda);
        SubmitOutcome::Accepted(task_id)
    }

    /// What the service says of a job now.
    fn item(&self, task_id: RemoteTaskId, now: Duration) -> Item {
        let progress = match self.jobs.get(&task_id) {
            Some(job) if job.ends > now => Progress::Running,
            Some(job) if job.fails => {
                Progress::Failed(Failure { class: FailureClass::Generation, reason: String::new() })
            }
            _ => Progress::Done(Images { grid: None, urls: vec![format!("{task_id}.png")] }),
        };
        Item { task_id, progress }
    }

    /// The engine is about to hear of a job.
    fn is_heard(&mut self, item: &Item, now: Duration) {
        let Some(job) = self.jobs.get_mut(&item.task_id).filter(|_| item.progress != Progress::Running)
        else {
            return;
        };
        if let Some(intended) = job.unseen_since.take() {
            self.overhead.0 += (now - intended).saturating_sub(job.ends - job.started);
            self.overhead.1 += 1;
        }
    }

    fn stats(self, took: Duration) -> SimStats {
        let starts = || self.jobs.values().map(|job| job.started);
        let (first, last) = (starts().min().unwrap_or_default(), starts().max().unwrap_or_default());
        let used: Duration =
            self.jobs.values().map(|job| job.ends.min(last).saturating_sub(job.started)).sum();
        let slots = self.simulation.slots.min(self.simulation.policy.concurrency);
        SimStats {
            took,
            slots_busy: used.as_secs_f64() / (slots as f64 * (last - first).as_secs_f64()).max(1e-9),
            overhead: self.overhead.0 / self.overhead.1.max(1),
            ..self.stats
        }
    }
}

impl Surroundings for ScriptedService<'_> {
    type Scheduled = SimEvent;

    fn execute(&mut self, action: Action, agenda: &mut Agenda<SimEvent>) {
        let halfway = self.simulation.round_trip / 2;
        match action {
            Action::ClaimTasks(count) => {
                let tasks: Vec<_> =
                    self.simulation.waiting[self.claimed..].iter().take(count).copied().collect();
                self.claimed += tasks.len();
                agenda.schedule(Duration::ZERO, SimEvent::TasksClaimed(tasks));
            }
            Action::RecordIntent(intent, _, mode) => {
                self.intents.insert(intent, (mode, agenda.now()));
                agenda.schedule(self.simulation.intent_write, SimEvent::IntentWritten(intent));
            }
            Action::Submit(attempt, _) => {
                self.stats.submits += 1;
                self.stats.last_submit = agenda.now();
                agenda.schedule(halfway, SimEvent::SubmitArrives(attempt));
            }
            Action::PollStatus(ids) => {
                self.stats.polls += 1;
                agenda.schedule(halfway, SimEvent::PollArrives(ids));
            }
            // Nothing is recorded here, and there is nobody to notify.
            Action::Record(_) | Action::Notify(_) => {}
        }
    }

    fn occur(&mut self, due: SimEvent, agenda: &mut Agenda<SimEvent>) -> Option<Event> {
        let (now, halfway) = (agenda.now(), self.simulation.round_trip / 2);
        match due {
            SimEvent::SubmitArrives(attempt) => {
                let outcome = self.submit(attempt, agenda);
                agenda.schedule(halfway, SimEvent::SubmitReplied(attempt, outcome));
                None
            }
            SimEvent::PollArrives(ids) => {
                let items = ids.iter().map(|id| self.item(id.clone(), now)).collect();
                agenda.schedule(halfway, SimEvent::PollReplied(ids, items));
                None
            }
            SimEvent::TasksClaimed(tasks) => Some(Event::TasksClaimed(tasks.into())),
            SimEvent::IntentWritten(intent) => Some(self.record_intent(intent)),
            SimEvent::SubmitReplied(attempt, outcome) => Some(Event::SubmitReply(attempt, outcome)),
            SimEvent::PollReplied(ids, items) => {
                items.iter().for_each(|item| self.is_heard(item, now));
                Some(Event::StatusReply(ids, StatusOutcome::Items(items)))
            }
            SimEvent::CallbackArrives(attempt, task_id) => {
                let item = self.item(task_id, now);
                self.is_heard(&item, now);
                Some(Event::Callback(attempt, item))
            }
        }
    }
}
