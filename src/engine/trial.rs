//! A run in virtual time against a service that behaves: how long it takes, how busy the slots are, how many requests go out.
//!
//! It is the same engine as in a real run, so it forecasts one, and measures a policy in milliseconds.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::{
    Action, AttemptKey, DEFAULT_TIMEOUT, Engine, Event, History, Item, ObservedDurations, Policy, Progress,
    Refusal, StatusOutcome, SubmitOutcome, TaskRow, Waiting,
};
use crate::task::{Images, Mode, RemoteTaskId, TaskMode};

/// What is tried.
#[derive(Debug, Clone)]
pub struct Trial {
    /// How the engine behaves.
    pub policy: Policy,
    /// The tasks' modes, in order.
    pub tasks: Vec<TaskMode>,
    /// How many jobs the service runs at once.
    pub slots: usize,
    /// How long a request takes, there and back. The service acts halfway.
    pub request: Duration,
    /// How long it takes to make an intent durable.
    pub durable: Duration,
    /// How long after its end the slot of a job is free.
    pub frees_after: Duration,
    /// How long after the end of a job it is called back, where it is.
    pub calls_back_after: Option<Duration>,
    /// What earlier runs taught.
    pub learned: ObservedDurations,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// From the start of the run to its end.
    pub took: Duration,
    /// The share of slot time in use from the first to the last submit that was accepted, 0 to 1.
    pub busy: f64,
    /// When the last job ended, seen or not.
    pub ended: Duration,
    /// Jobs that ended.
    pub jobs: u64,
    /// Jobs by mode: `fast`, `relaxed`.
    pub sent: [u64; 2],
    /// Submits, also those that were refused.
    pub submits: u64,
    /// Status requests.
    pub asks: u64,
    /// Submits that were refused for want of a slot.
    pub refusals: u64,
}

impl Figures {
    /// Requests a job, of both kinds.
    pub fn requests_a_job(&self) -> f64 {
        (self.submits + self.asks) as f64 / self.jobs.max(1) as f64
    }

    /// Refusals a job.
    pub fn refusals_a_job(&self) -> f64 {
        self.refusals as f64 / self.jobs.max(1) as f64
    }
}

/// What happens at some time.
#[derive(Debug)]
enum Happens {
    Durable(AttemptKey),
    Submitted(AttemptKey),
    Accepted(AttemptKey),
    Refused(AttemptKey),
    Asked(Vec<RemoteTaskId>),
    Told(Vec<RemoteTaskId>, Vec<RemoteTaskId>),
    CallsBack(AttemptKey),
}

/// The run, while it goes on.
struct Stage<'a> {
    trial: &'a Trial,
    engine: Engine,
    now: Duration,
    /// What is to come, by its time and in the order in which it was decided.
    queue: BTreeMap<(Duration, u64), Happens>,
    order: u64,
    modes: HashMap<AttemptKey, Mode>,
    /// Each job's begin and end.
    jobs: BTreeMap<AttemptKey, (Duration, Duration)>,
    figures: Figures,
}

impl Trial {
    /// Plays the run to its end. `takes` says how long the next job of this mode takes.
    pub fn play(&self, takes: &mut dyn FnMut(Mode) -> Duration) -> Figures {
        let waiting = self.tasks.iter().enumerate().map(|(row, mode)| Waiting {
            task: TaskRow(row as i64),
            mode: *mode,
            timeout: DEFAULT_TIMEOUT * 2,
        });
        let mut stage = Stage {
            trial: self,
            engine: Engine::new(self.policy.clone(), waiting.collect(), Vec::new(), AttemptKey(1))
                .with_history(History { learned: self.learned.clone(), ..History::default() }),
            now: Duration::ZERO,
            queue: BTreeMap::new(),
            order: 0,
            modes: HashMap::new(),
            jobs: BTreeMap::new(),
            figures: Figures::default(),
        };
        stage.tell(Event::Wake);
        while stage.engine.over().is_none() {
            let wake = stage.engine.wake_at();
            match stage.queue.first_entry() {
                Some(next) if wake.is_none_or(|wake| next.key().0 <= wake) => {
                    stage.now = stage.now.max(next.key().0);
                    let happens = next.remove();
                    stage.happen(happens, takes);
                }
                _ => {
                    let Some(wake) = wake else { break };
                    stage.now = stage.now.max(wake);
                    stage.tell(Event::Wake);
                }
            }
        }
        stage.close()
    }
}

impl Stage<'_> {
    fn later(&mut self, after: Duration, happens: Happens) {
        self.order += 1;
        self.queue.insert((self.now + after, self.order), happens);
    }

    fn tell(&mut self, event: Event) {
        self.engine.handle(self.now, event);
        let half = self.trial.request / 2;
        while let Some(action) = self.engine.next_action() {
            match action {
                Action::RecordIntent(attempt, _, mode) => {
                    self.modes.insert(attempt, mode);
                    self.later(self.trial.durable, Happens::Durable(attempt));
                }
                Action::Submit(attempt, _) => {
                    self.figures.submits += 1;
                    self.later(half, Happens::Submitted(attempt));
                }
                Action::PollStatus(ids) => {
                    self.figures.asks += 1;
                    self.later(half, Happens::Asked(ids));
                }
                Action::Record(_) | Action::Notify(_) => {}
            }
        }
    }

    fn happen(&mut self, happens: Happens, takes: &mut dyn FnMut(Mode) -> Duration) {
        let half = self.trial.request / 2;
        match happens {
            Happens::Durable(attempt) => self.tell(Event::IntentDurable(attempt)),
            Happens::Submitted(attempt) => {
                let taken = |(_, end): &&(Duration, Duration)| *end + self.trial.frees_after > self.now;
                if self.jobs.values().filter(taken).count() >= self.trial.slots {
                    self.figures.refusals += 1;
                    return self.later(half, Happens::Refused(attempt));
                }
                let mode = self.modes.get(&attempt).copied().unwrap_or_default();
                self.figures.sent[mode as usize] += 1;
                let end = self.now + takes(mode);
                self.figures.ended = self.figures.ended.max(end);
                self.jobs.insert(attempt, (self.now, end));
                self.later(half, Happens::Accepted(attempt));
                if let Some(after) = self.trial.calls_back_after {
                    self.later(end - self.now + after, Happens::CallsBack(attempt));
                }
            }
            Happens::Accepted(attempt) => {
                self.tell(Event::SubmitReply(attempt, SubmitOutcome::Accepted(name(attempt))));
            }
            Happens::Refused(attempt) => {
                self.tell(Event::SubmitReply(attempt, SubmitOutcome::Refused(Refusal::Slots)));
            }
            Happens::Asked(ids) => {
                let has_ended = |id: &&RemoteTaskId| {
                    let job = id.0.parse().ok().and_then(|row| self.jobs.get(&AttemptKey(row)));
                    job.is_some_and(|(_, end)| *end <= self.now)
                };
                let ended = ids.iter().filter(has_ended).cloned().collect();
                self.later(half, Happens::Told(ids, ended));
            }
            Happens::Told(ids, ended) => {
                let item = |id: &RemoteTaskId| match ended.contains(id) {
                    true => done(id.clone()),
                    false => Item { task_id: id.clone(), progress: Progress::Running },
                };
                let items = ids.iter().map(item).collect();
                self.tell(Event::StatusReply(ids, StatusOutcome::Items(items)));
            }
            Happens::CallsBack(attempt) => self.tell(Event::Callback(attempt, done(name(attempt)))),
        }
    }

    fn close(mut self) -> Figures {
        let first = self.jobs.values().map(|(begin, _)| *begin).min().unwrap_or_default();
        let last = self.jobs.values().map(|(begin, _)| *begin).max().unwrap_or_default();
        let used: f64 = self
            .jobs
            .values()
            .map(|(begin, end)| (*end).min(last).saturating_sub(*begin).as_secs_f64())
            .sum();
        let slots = self.trial.slots.min(self.trial.policy.concurrency);
        self.figures.busy = used / (slots as f64 * (last - first).as_secs_f64()).max(1e-9);
        self.figures.took = self.now;
        self.figures.jobs = self.jobs.len() as u64;
        self.figures
    }
}

fn name(attempt: AttemptKey) -> RemoteTaskId {
    RemoteTaskId(attempt.0.to_string())
}

fn done(task_id: RemoteTaskId) -> Item {
    let images = Images { grid: None, urls: vec![format!("{task_id}.png")] };
    Item { task_id, progress: Progress::Done(images) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: (f64, f64) = (25.0, 90.0);
    const RELAXED: (f64, f64) = (60.0, 600.0);

    fn trial(modes: &[Mode], change: impl Fn(&mut Trial)) -> Figures {
        let mut trial = Trial {
            policy: Policy::default(),
            tasks: modes.iter().map(|mode| (*mode).into()).cycle().take(150).collect(),
            slots: 10,
            request: Duration::from_millis(180),
            durable: Duration::from_millis(60),
            frees_after: Duration::ZERO,
            calls_back_after: None,
            learned: ObservedDurations::default(),
        };
        change(&mut trial);
        let mut sum = Figures::default();
        for seed in 1..=5u64 {
            let mut dice = seed;
            let figures = trial.play(&mut |mode| {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (low, high) = if mode == Mode::Fast { FAST } else { RELAXED };
                Duration::from_secs_f64(low + (high - low) * (dice >> 11) as f64 / (1u64 << 53) as f64)
            });
            assert_eq!(figures.jobs, 150, "all are done");
            sum.busy += figures.busy / 5.0;
            sum.jobs += figures.jobs;
            sum.submits += figures.submits;
            sum.asks += figures.asks;
            sum.refusals += figures.refusals;
        }
        sum
    }

    #[track_caller]
    fn holds(figures: &Figures, busy: f64, requests: f64) {
        assert!(figures.busy >= busy, "slots are busy {:.4} of the time", figures.busy);
        assert!(figures.requests_a_job() <= requests, "{:.3} requests a job", figures.requests_a_job());
    }

    #[test]
    fn slots_are_busy_at_few_requests() {
        let often = |trial: &mut Trial| trial.policy.poll_max = Duration::from_secs(15);
        holds(&trial(&[Mode::Fast], |_| {}), 0.97, 3.2);
        holds(&trial(&[Mode::Fast, Mode::Relaxed], |_| {}), 0.97, 3.1);
        holds(&trial(&[Mode::Relaxed], |_| {}), 0.97, 3.25);
        // With jobs of five minutes, ten slots and a request every 15 s at least there are two and a half for each job.
        holds(&trial(&[Mode::Relaxed], often), 0.975, 3.6);
    }

    #[test]
    fn callbacks_leave_little_to_ask() {
        let called = |trial: &mut Trial| {
            trial.policy.callbacks = true;
            trial.calls_back_after = Some(Duration::from_millis(100));
        };
        holds(&trial(&[Mode::Fast], called), 0.985, 1.3);
        holds(&trial(&[Mode::Fast, Mode::Relaxed], called), 0.985, 1.3);
    }

    #[test]
    fn callbacks_that_never_come_cost_little() {
        let promised = |trial: &mut Trial| trial.policy.callbacks = true;
        holds(&trial(&[Mode::Fast], promised), 0.96, 3.2);
    }

    #[test]
    fn asking_for_more_slots_than_there_are_costs_few_refusals_and_no_time() {
        let figures = trial(&[Mode::Fast], |trial| trial.policy.concurrency = 40);
        holds(&figures, 0.965, 3.3);
        assert!(figures.refusals_a_job() < 0.15, "{:.3} refusals a job", figures.refusals_a_job());
    }

    #[test]
    fn an_account_with_more_slots_is_used_whole() {
        let more = |trial: &mut Trial| (trial.policy.concurrency, trial.slots) = (40, 40);
        let figures = trial(&[Mode::Relaxed], more);
        assert_eq!(figures.refusals, 0);
        holds(&figures, 0.95, 3.0);
    }

    #[test]
    fn slots_that_are_freed_late_cost_few_refusals_and_are_all_used() {
        for late in [1, 3, 10] {
            let figures = trial(&[Mode::Fast], |trial| trial.frees_after = Duration::from_secs(late));
            assert!(figures.refusals_a_job() < 0.25, "{:.3} at {late} s", figures.refusals_a_job());
            let used = figures.busy * (57.5 + late as f64) / 57.5;
            assert!(used > 0.94, "slots are used {used:.3} of the time they are ours, at {late} s");
        }
    }
}
