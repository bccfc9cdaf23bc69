//! One run of a forecast: the engine, and a model of the service that answers it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use super::super::{
    Action, AttemptKey, Engine, Event, Failure, FailureClass, Item, Policy, Progress, StatusOutcome,
    SubmitOutcome, Waiting,
};
use super::Prospect;
use super::world::World;
use crate::task::{Images, Mode, RemoteTaskId};

/// How long a request takes, there and back.
const REQUEST: Duration = Duration::from_millis(200);
/// How long an intent takes to be durable.
const DURABLE: Duration = Duration::from_millis(10);
/// A run that goes on for so many turns a task has no end worth waiting for.
const TURNS_A_TASK: u64 = 2_000;

/// What came of one run.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) over: Duration,
    pub(super) last_submit: Duration,
    pub(super) submits: [u64; 2],
    pub(super) asks: u64,
    /// How long ends went unseen, in sum.
    pub(super) seen_late: Duration,
    pub(super) seen: u64,
    /// How many jobs end after the deadline.
    pub(super) late: u64,
}

#[derive(Debug)]
enum Happens {
    Durable(AttemptKey),
    Accepted(AttemptKey, RemoteTaskId),
    Told(Vec<RemoteTaskId>),
    CallsBack(AttemptKey, RemoteTaskId),
}

/// One run while it goes on.
pub(super) struct Stage {
    engine: Engine,
    callbacks: bool,
    deadline: Option<Duration>,
    world: World,
    now: Duration,
    modes: HashMap<AttemptKey, Mode>,
    /// When the job of each name ends.
    ends: HashMap<RemoteTaskId, Duration>,
    /// The jobs that will have failed then.
    failing: HashSet<RemoteTaskId>,
    to_come: BTreeMap<(Duration, u64), Happens>,
    turns: u64,
    played: Played,
}

impl Stage {
    pub(super) fn new(
        prospect: &Prospect<'_>,
        policy: &Policy,
        part: &[Waiting],
        run: u64,
        seen_late: Duration,
    ) -> Stage {
        let mut world = World::new(prospect, run, seen_late);
        let resumed = prospect.resumed.to_vec();
        let ends = resumed.iter().map(|resumed| {
            let takes = world.draw_beyond(resumed.mode, resumed.age);
            (resumed.task_id.clone(), takes.saturating_sub(resumed.age))
        });
        let ends: HashMap<_, _> = ends.collect();
        let next = resumed.iter().map(|resumed| resumed.attempt.0).max().unwrap_or(0) + 1;
        let policy = Policy { seed: run, ..policy.clone() };
        let deadline = policy.deadline;
        let mut stage = Stage {
            callbacks: policy.callbacks,
            deadline,
            engine: Engine::new(policy, part.to_vec(), resumed, AttemptKey(next)),
            world,
            now: Duration::ZERO,
            modes: HashMap::new(),
            ends,
            failing: HashSet::new(),
            to_come: BTreeMap::new(),
            turns: 0,
            played: Played::default(),
        };
        if stage.callbacks {
            for resumed in prospect.resumed {
                let end = stage.ends.get(&resumed.task_id).copied().unwrap_or_default();
                stage.later(end, Happens::CallsBack(resumed.attempt, resumed.task_id.clone()));
            }
        }
        stage
    }

    pub(super) fn play(mut self) -> Played {
        let enough = TURNS_A_TASK * (10 + (self.engine.waiting() + self.ends.len()) as u64);
        self.tell(Event::Wake);
        while self.engine.over().is_none() && self.turns < enough {
            self.turns += 1;
            let wake = self.engine.wake_at();
            match self.to_come.first_entry() {
                Some(next) if wake.is_none_or(|wake| next.key().0 <= wake) => {
                    self.now = self.now.max(next.key().0);
                    let event = next.remove();
                    self.happen(event);
                }
                _ => {
                    let Some(wake) = wake else { break };
                    self.now = self.now.max(wake);
                    self.tell(Event::Wake);
                }
            }
        }
        let unseen = self.ends.values().filter(|end| self.is_late(**end)).count() as u64;
        Played { over: self.now, late: self.played.late + unseen, ..self.played }
    }

    fn is_late(&self, end: Duration) -> bool {
        self.deadline.is_some_and(|deadline| end > deadline)
    }

    fn later(&mut self, after: Duration, happens: Happens) {
        self.turns += 1;
        self.to_come.insert((self.now + after, self.turns), happens);
    }

    fn tell(&mut self, event: Event) {
        self.engine.handle(self.now, event);
        while let Some(action) = self.engine.next_action() {
            match action {
                Action::RecordIntent(attempt, _, mode) => {
                    self.modes.insert(attempt, mode);
                    self.later(DURABLE, Happens::Durable(attempt));
                }
                Action::Submit(attempt, _) => self.submit(attempt),
                Action::PollStatus(ids) => {
                    self.played.asks += 1;
                    self.later(REQUEST, Happens::Told(ids));
                }
                _ => {} // what is recorded and told is nobody's here
            }
        }
    }

    fn submit(&mut self, attempt: AttemptKey) {
        let mode = self.modes.remove(&attempt).unwrap_or_default();
        self.played.submits[mode as usize] += 1;
        self.played.last_submit = self.now;
        let task_id = RemoteTaskId(format!("forecast-{}", attempt.0));
        let takes = self.world.draw(mode);
        self.ends.insert(task_id.clone(), self.now + takes);
        if self.world.fails() {
            self.failing.insert(task_id.clone());
        }
        if self.callbacks {
            self.later(takes.max(REQUEST), Happens::CallsBack(attempt, task_id.clone()));
        }
        self.later(REQUEST, Happens::Accepted(attempt, task_id));
    }

    fn happen(&mut self, happens: Happens) {
        match happens {
            Happens::Durable(attempt) => self.tell(Event::IntentDurable(attempt)),
            Happens::Accepted(attempt, task_id) => {
                self.tell(Event::SubmitReply(attempt, SubmitOutcome::Accepted(task_id)));
            }
            Happens::CallsBack(attempt, task_id) => {
                let item = self.look(task_id);
                self.tell(Event::Callback(attempt, item));
            }
            Happens::Told(ids) => {
                let items = ids.iter().map(|id| self.look(id.clone())).collect();
                self.tell(Event::StatusReply(ids, StatusOutcome::Items(items)));
            }
        }
    }

    /// What the service says of a job. One that has ended is forgotten: the engine does not ask again.
    fn look(&mut self, task_id: RemoteTaskId) -> Item {
        let end = self.ends.get(&task_id).copied().unwrap_or_default();
        if end > self.now {
            return Item { task_id, progress: Progress::Running };
        }
        if self.ends.remove(&task_id).is_some() {
            self.played.late += u64::from(self.is_late(end));
            self.played.seen_late += self.now - end;
            self.played.seen += 1;
        }
        let progress = match self.failing.contains(&task_id) {
            true => Progress::Failed(Failure { class: FailureClass::Generation, reason: String::new() }),
            false => Progress::Done(Images { grid: None, urls: vec![task_id.0.clone()] }),
        };
        Item { task_id, progress }
    }
}
