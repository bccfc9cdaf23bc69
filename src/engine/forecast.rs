//! The forecast: the engine of a real run, played in virtual time against a model of the service, many times over.
//!
//! The model has as many slots as the policy asks for and answers without faults. How long a job takes is drawn from what
//! was seen of its mode, mixed with what is published of the service ([`usual`]), which counts as much as `USUAL` jobs: so
//! nothing seen is a forecast by the published figures, and a hundred jobs seen outweigh them. Each run first draws a world
//! of durations to live in, since few jobs seen leave open which world it is: the spread of the runs says that too.
//! What was seen includes the wait until a status request saw the end; a trial run measures that wait, and it is taken off.
//!
//! As many jobs fail as did so far, and are sent again as the policy says.
//!
//! Not in the model: prompts that are turned down, others who use the account. The same input and seed give the same forecast.
//! A batch too large to be played is played in part, every n-th task of it, and the time up to the last submit scaled.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use super::{
    Action, AttemptKey, Engine, Event, Failure, FailureClass, Item, Policy, Progress, Resumed, StatusOutcome,
    SubmitOutcome, Waiting,
};
use crate::task::{Mode, Pictures, Prices, Quota, TaskId};

/// How many runs are played at the most.
const RUNS: usize = 200;
/// ... and at the least: from fewer, nine in ten cannot be told.
const FEWEST_RUNS: usize = 20;
/// About how many tasks are played in all runs together.
const WORK: usize = 10_000;
/// How many jobs seen the published durations outweigh.
const USUAL: usize = 8;
/// How long a request takes, there and back.
const REQUEST: Duration = Duration::from_millis(200);
/// How long an intent takes to be durable.
const DURABLE: Duration = Duration::from_millis(10);
/// A run that goes on for so many turns a task has no end worth waiting for.
const TURNS_A_TASK: u64 = 2_000;

/// How long jobs took that were seen to end well, by mode; the order does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Learned {
    /// Jobs in fast mode.
    pub fast: Vec<Duration>,
    /// Jobs in relaxed mode.
    pub relaxed: Vec<Duration>,
    /// How many of the last jobs ended well.
    pub done: u64,
    /// How many of them failed while they were made.
    pub failed: u64,
}

impl Learned {
    /// Those of a mode.
    pub fn of(&self, mode: Mode) -> &[Duration] {
        match mode {
            Mode::Fast => &self.fast,
            Mode::Relaxed => &self.relaxed,
        }
    }

    /// How likely a job fails while it is made, from 0 to 1.
    fn failing(&self) -> f64 {
        self.failed as f64 / (self.done + self.failed).max(1) as f64
    }
}

/// What is to be done, and by which rules.
#[derive(Debug, Clone)]
pub struct Prospect<'a> {
    /// How the engine behaves; `concurrency` is also how many slots the service has.
    pub policy: &'a Policy,
    /// What waits, in its order.
    pub waiting: &'a [Waiting],
    /// What runs already.
    pub resumed: &'a [Resumed],
    /// What may still be spent; none where there is no bound.
    pub left: Option<Quota>,
    /// What was seen of the service.
    pub learned: &'a Learned,
    /// How many times as fast as the real service this one is, where nothing was seen: 1, or a rehearsal's speed.
    pub speed: f64,
    /// Decides all that is drawn.
    pub seed: u64,
}

/// What is to be expected. An estimate in all its figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// Half of the runs end within this time.
    pub half: Duration,
    /// Nine of ten runs end within this time.
    pub nine_in_ten: Duration,
    /// Requests of a run, submits included.
    pub requests: u64,
    /// Submits of a run, by mode: `fast`, `relaxed`.
    pub submits: [u64; 2],
    /// How many tasks end after the deadline in half of the runs, and in nine of ten, at the most.
    pub late: [u64; 2],
    /// How many jobs seen it is made from, of the modes that are to be run.
    pub learned_from: usize,
    /// How many of the waiting tasks were played; the others are like them.
    pub played: usize,
}

impl Forecast {
    /// What that costs by these prices; `None` where a mode that is needed has none.
    pub fn cost(&self, prices: &Prices) -> Option<Quota> {
        [Mode::Fast, Mode::Relaxed].into_iter().try_fold(Quota(0), |sum, mode| {
            match (self.submits[mode as usize], prices.of(mode)) {
                (0, _) => Some(sum),
                (n, price) => Some(Quota(sum.0 + n * price?.0)),
            }
        })
    }
}

/// A duration as it is published of the service: fast 25 to 90 seconds, relaxed one to ten minutes, most of them short.
/// `luck` is from 0 to 1.
pub fn usual(mode: Mode, luck: f64) -> Duration {
    Duration::from_secs_f64(match mode {
        Mode::Fast => 25.0 + 65.0 * luck,
        Mode::Relaxed => 60.0 + 540.0 * luck * luck,
    })
}

/// Plays the batch many times, and says when it ends. `None` where there is nothing to do.
pub fn forecast(prospect: &Prospect<'_>) -> Option<Forecast> {
    let Prospect { policy, waiting, resumed, learned, .. } = prospect;
    if waiting.is_empty() && resumed.is_empty() {
        return None;
    }
    let enough = (WORK / FEWEST_RUNS).max(policy.concurrency * 4);
    let part: Vec<Waiting> = match waiting.len() {
        many if many > enough => (0..enough).map(|n| waiting[n * many / enough]).collect(),
        _ => waiting.to_vec(),
    };
    let scale = waiting.len() as f64 / part.len().max(1) as f64;
    let policy = &scaled(policy, prospect, scale);
    let runs = (WORK / (part.len() + resumed.len()).max(1)).clamp(FEWEST_RUNS, RUNS);
    let trial = Stage::new(prospect, policy, &part, 0, Duration::ZERO).play();
    let seen_late = trial.seen_late / u32::try_from(trial.seen.max(1)).unwrap_or(u32::MAX);
    let mut played: Vec<Played> =
        (1..=runs as u64).map(|run| Stage::new(prospect, policy, &part, run, seen_late).play()).collect();
    let took = |run: &Played| run.last_submit.mul_f64(scale) + run.over.saturating_sub(run.last_submit);
    played.sort_by_key(took);
    let at = |share: usize| took(&played[(played.len() * share / 100).min(played.len() - 1)]);
    let mut late: Vec<u64> = played.iter().map(|run| (run.late as f64 * scale).round() as u64).collect();
    late.sort_unstable();
    let late_at = |share: usize| late[(late.len() * share / 100).min(late.len() - 1)];
    let mean = |figure: &dyn Fn(&Played) -> u64| {
        let sum: u64 = played.iter().map(figure).sum();
        (sum as f64 / played.len() as f64 * scale).round() as u64
    };
    let is_needed = |mode: &Mode| {
        let mut all = waiting.iter().chain(resumed.iter().map(|resumed| &resumed.waiting));
        all.any(|waiting| waiting.mode.may_be().contains(mode))
    };
    let needed = [Mode::Fast, Mode::Relaxed].into_iter().filter(is_needed);
    Some(Forecast {
        half: at(50),
        nine_in_ten: at(90),
        requests: mean(&|run| run.submits.iter().sum::<u64>() + run.asks),
        submits: [0, 1].map(|mode| mean(&|run| run.submits[mode])),
        late: [late_at(50), late_at(90)],
        learned_from: needed.map(|mode| learned.of(mode).len()).sum(),
        played: part.len(),
    })
}

/// The policy for a part of the batch: its share of the budget, and of the time until the deadline less what the last jobs take.
fn scaled(policy: &Policy, prospect: &Prospect<'_>, scale: f64) -> Policy {
    let last = usual(Mode::Relaxed, 1.0).div_f64(prospect.speed.max(1e-6));
    let share = |deadline: Duration| match deadline.checked_sub(last) {
        Some(before) => before.div_f64(scale) + last,
        None => deadline,
    };
    Policy {
        deadline: policy.deadline.map(share),
        budget: prospect.left.map(|left| Quota((left.0 as f64 / scale) as u64)),
        ..policy.clone()
    }
}

/// The durations that one run lives with.
#[derive(Debug)]
struct World {
    modes: [Vec<Duration>; 2],
    failing: f64,
    dice: Dice,
}

impl World {
    fn new(prospect: &Prospect<'_>, run: u64, seen_late: Duration) -> World {
        let mut dice = Dice::new(prospect.seed, run);
        let modes = [Mode::Fast, Mode::Relaxed].map(|mode| {
            let seen = prospect.learned.of(mode);
            let draw = |_| match dice.below(seen.len() + USUAL) {
                // What is left of a quick one is no less than half of it.
                n if n < seen.len() => seen[n].saturating_sub(seen_late).max(seen[n] / 2),
                _ => usual(mode, dice.luck()).div_f64(prospect.speed.max(1e-6)),
            };
            (0..seen.len() + USUAL).map(draw).collect()
        });
        World { modes, failing: prospect.learned.failing(), dice }
    }

    fn fails(&mut self) -> bool {
        self.failing > 0.0 && self.dice.luck() < self.failing
    }

    fn draw(&mut self, mode: Mode) -> Duration {
        let durations = &self.modes[mode as usize];
        durations[self.dice.below(durations.len())]
    }

    /// How long a job takes in all that was not over at this age.
    fn draw_beyond(&mut self, mode: Mode, age: Duration) -> Duration {
        let longer: Vec<Duration> =
            self.modes[mode as usize].iter().copied().filter(|takes| *takes > age).collect();
        match longer.len() {
            // Older than anything seen: it may go on for as long as it tells of.
            0 => age + age.mul_f64(self.dice.luck() / 2.0),
            n => longer[self.dice.below(n)],
        }
    }
}

/// Numbers that look random and are the same for the same seed.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn new(seed: u64, run: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ run.wrapping_mul(0xD1B5_4A32_D192_ED03))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    /// From 0 to 1.
    fn luck(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// What came of one run.
#[derive(Debug, Default)]
struct Played {
    over: Duration,
    last_submit: Duration,
    submits: [u64; 2],
    asks: u64,
    /// How long ends went unseen, in sum.
    seen_late: Duration,
    seen: u64,
    /// How many jobs end after the deadline.
    late: u64,
}

#[derive(Debug)]
enum Happens {
    Durable(AttemptKey),
    Accepted(AttemptKey, TaskId),
    Told(Vec<TaskId>),
    CallsBack(AttemptKey, TaskId),
}

/// One run while it goes on.
struct Stage {
    engine: Engine,
    callbacks: bool,
    deadline: Option<Duration>,
    world: World,
    now: Duration,
    modes: HashMap<AttemptKey, Mode>,
    /// When the job of each name ends.
    ends: HashMap<TaskId, Duration>,
    /// The jobs that will have failed then.
    failing: HashSet<TaskId>,
    to_come: BTreeMap<(Duration, u64), Happens>,
    turns: u64,
    played: Played,
}

impl Stage {
    fn new(
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

    fn play(mut self) -> Played {
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
                Action::Intend(attempt, _, mode) => {
                    self.modes.insert(attempt, mode);
                    self.later(DURABLE, Happens::Durable(attempt));
                }
                Action::Submit(attempt, _) => self.submit(attempt),
                Action::Ask(ids) => {
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
        let task_id = TaskId(format!("forecast-{}", attempt.0));
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
    fn look(&mut self, task_id: TaskId) -> Item {
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
            false => Progress::Done(Pictures { grid: None, images: vec![task_id.0.clone()] }),
        };
        Item { task_id, progress }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DEFAULT_TIMEOUT, TaskKey};
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn waiting(count: i64, mode: Mode) -> Vec<Waiting> {
        (0..count)
            .map(|n| Waiting { task: TaskKey(n), mode: mode.into(), timeout: DEFAULT_TIMEOUT })
            .collect()
    }

    fn of(waiting: &[Waiting], resumed: &[Resumed], learned: &Learned, concurrency: usize) -> Forecast {
        let policy = Policy { concurrency, ..Policy::default() };
        let prospect =
            Prospect { policy: &policy, waiting, resumed, left: None, learned, speed: 1.0, seed: 1 };
        forecast(&prospect).unwrap()
    }

    fn minutes(time: Duration) -> f64 {
        time.as_secs_f64() / 60.0
    }

    fn is_about(expected: f64, found: f64, off: f64) {
        assert!((found / expected - 1.0).abs() < off, "{found} is not about {expected}");
    }

    #[test]
    fn with_nothing_seen_the_published_durations_are_taken() {
        let found = of(&waiting(200, Mode::Fast), &[], &Learned::default(), 10);
        is_about(200.0 * 57.5 / 10.0 / 60.0, minutes(found.half), 0.15);
        assert!(found.nine_in_ten > found.half.mul_f64(1.05), "{found:?}");
        assert_eq!((found.learned_from, found.submits), (0, [200, 0]));
        let found = of(&waiting(200, Mode::Relaxed), &[], &Learned::default(), 10);
        is_about(200.0 * 240.0 / 10.0 / 60.0, minutes(found.half), 0.2);
    }

    #[test]
    fn what_was_seen_outweighs_what_is_published_and_narrows_the_spread() {
        let took = (0..200).map(|n| SECOND * (150 + n % 60)).collect();
        let learned = Learned { fast: took, relaxed: vec![SECOND], ..Learned::default() };
        let found = of(&waiting(200, Mode::Fast), &[], &learned, 10);
        is_about(200.0 * 175.0 / 10.0 / 60.0, minutes(found.half), 0.08);
        assert!(found.nine_in_ten < found.half.mul_f64(1.08), "{found:?}");
        assert_eq!(found.learned_from, 200, "modes that are not needed do not count");
    }

    #[test]
    fn twice_the_slots_take_half_the_time_and_twice_the_tasks_twice() {
        let tasks = waiting(400, Mode::Fast);
        let one = of(&tasks, &[], &Learned::default(), 10);
        is_about(0.5, of(&tasks, &[], &Learned::default(), 20).half.div_duration_f64(one.half), 0.15);
        let many = waiting(400_000, Mode::Fast);
        let large = of(&many, &[], &Learned::default(), 10);
        is_about(1000.0, large.half.div_duration_f64(one.half), 0.05);
        assert_eq!((large.submits[0], large.played), (400_000, 500));
        is_about(400_000.0 * one.requests as f64 / 400.0, large.requests as f64, 0.1);
    }

    #[test]
    fn what_runs_already_is_waited_for_and_no_longer_than_it_takes() {
        let one = |age| Resumed {
            attempt: AttemptKey(7),
            waiting: waiting(1, Mode::Relaxed)[0],
            mode: Mode::Relaxed,
            task_id: TaskId("old".into()),
            age,
            second_look: false,
        };
        let left = |age| of(&[], &[one(age)], &Learned::default(), 10);
        let (young, old) = (left(Duration::ZERO), left(SECOND * 400));
        assert!(young.nine_in_ten > SECOND * 300, "{young:?}");
        assert!(old.nine_in_ten < SECOND * 245 && old.half > SECOND * 20, "{old:?}");
        assert_eq!(young.submits, [0, 0]);
    }

    #[test]
    fn the_same_seed_gives_the_same_forecast_and_another_one_much_the_same() {
        let (policy, tasks, learned) = (Policy::default(), waiting(50, Mode::Relaxed), Learned::default());
        let by = |seed| {
            let (waiting, resumed) = (&tasks[..], &[][..]);
            forecast(&Prospect {
                policy: &policy,
                waiting,
                resumed,
                left: None,
                learned: &learned,
                speed: 1.0,
                seed,
            })
        };
        let (one, two) = (by(1).unwrap(), by(2).unwrap());
        assert_eq!(Some(one), by(1));
        assert_ne!(one, two);
        is_about(1.0, one.half.div_duration_f64(two.half), 0.1);
    }

    #[test]
    fn the_cost_is_that_of_the_submits() {
        let mut both = waiting(3, Mode::Fast);
        both.extend((3..5).map(|n| Waiting { task: TaskKey(n), ..waiting(1, Mode::Relaxed)[0] }));
        let found = of(&both, &[], &Learned::default(), 10);
        let prices = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(2000)) };
        assert_eq!(found.cost(&prices), Some(Quota(16_000)));
        assert_eq!(found.cost(&Prices { fast: None, ..prices }), None);
    }

    #[test]
    fn what_fails_as_often_as_before_is_sent_again_as_often_as_the_policy_says() {
        let (tasks, learned) =
            (waiting(100, Mode::Fast), Learned { done: 80, failed: 20, ..Learned::default() });
        let with = |retries| {
            let policy = Policy { retries, ..Policy::default() };
            let (waiting, resumed, learned) = (&tasks[..], &[][..], &learned);
            forecast(&Prospect {
                policy: &policy,
                waiting,
                resumed,
                left: None,
                learned,
                speed: 1.0,
                seed: 1,
            })
        };
        let (never, twice) = (with(0).unwrap(), with(2).unwrap());
        assert_eq!(never.submits, [100, 0]);
        is_about(twice.submits[0] as f64, 100.0 * (1.0 + 0.2 + 0.04), 0.03);
        assert!(twice.half > never.half, "{twice:?} {never:?}");
    }

    #[test]
    fn nothing_to_do_has_no_forecast_and_callbacks_save_requests() {
        let tasks = waiting(100, Mode::Fast);
        let learned = Learned::default();
        let with = |callbacks, waiting| {
            let policy = Policy { callbacks, ..Policy::default() };
            forecast(&Prospect {
                policy: &policy,
                waiting,
                resumed: &[],
                left: None,
                learned: &learned,
                speed: 1.0,
                seed: 1,
            })
        };
        assert_eq!(with(false, &[]), None);
        let (polled, called) = (with(false, &tasks).unwrap(), with(true, &tasks).unwrap());
        assert!(called.requests < polled.requests && called.half < polled.half, "{polled:?} {called:?}");
    }
}
