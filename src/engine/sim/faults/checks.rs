//! What must hold at every step, at the end of a run, and when all is settled.

use std::collections::BTreeSet;
use std::time::Duration;

use super::scenario::PRICES;
use super::service::JobEnd;
use super::world::FaultyWorld;
use crate::engine::in_flight::Phase;
use crate::engine::{Engine, StopReason};
use crate::task::{AttemptKey, RemoteTaskId, State as TaskState, TaskRow};

impl FaultyWorld {
    /// Checks that the engine's view is what its changes make of the state.
    pub(super) fn check_view(&self, engine: &Engine) {
        let is_pending = |task: &TaskRow| self.live.task(*task) == TaskState::Pending;
        let is_ours = |task: &TaskRow| !self.taken.contains(task) && !self.live.unlisted.contains(task);
        let pending: BTreeSet<_> =
            self.live.rows().filter(|task| is_pending(task) && is_ours(task)).collect();
        let claimed = || engine.waiting.iter().chain(engine.retries.waiting());
        let to_send = || claimed().chain(&self.unclaimed);
        let waiting: BTreeSet<_> = to_send().map(|waiting| waiting.task).collect();
        assert_eq!(waiting.len(), to_send().count(), "a task waits twice");
        assert_eq!(waiting, pending, "what waits is not what is pending");
        assert_eq!(engine.waiting(), pending.len(), "the engine counts what waits otherwise");
        if engine.over().is_some() {
            return;
        }
        let (mut submitting, mut running) = (BTreeSet::new(), BTreeSet::<(AttemptKey, &RemoteTaskId)>::new());
        for (attempt, flight) in engine.in_flight.iter() {
            let row = &self.live.attempts[&attempt];
            assert_eq!(row.task, flight.waiting.task);
            match &flight.phase {
                Phase::Intending => panic!("{attempt:?} has a number before its intent is recorded"),
                Phase::Sending => drop(submitting.insert(attempt)),
                Phase::Running(tracking) if tracking.was_given_up() => {}
                Phase::Running(tracking) => drop(running.insert((attempt, &tracking.task_id))),
                Phase::InDoubt => assert_eq!(self.live.task(row.task), TaskState::Unknown),
            }
        }
        for (intent, flight) in engine.in_flight.intended() {
            let attempt = self.intents[&intent];
            assert_eq!(self.live.attempts[&attempt].task, flight.waiting.task);
            submitting.insert(attempt);
        }
        let latest = self.live.latest();
        let open = |state: TaskState| {
            let latest = &latest;
            self.live.attempts.iter().filter(move |(key, row)| {
                row.open && self.live.task(row.task) == state && latest[&row.task] == **key
            })
        };
        let named =
            |(attempt, row): (&AttemptKey, &'_ super::state::ModelAttempt)| (*attempt, row.task_id.clone());
        let running: BTreeSet<_> = running.into_iter().map(|(a, id)| (a, Some(id.clone()))).collect();
        assert_eq!(
            submitting,
            open(TaskState::Submitting).map(|(attempt, _)| *attempt).collect(),
            "submits under way"
        );
        assert_eq!(running, open(TaskState::Running).map(named).collect(), "jobs that run");
    }

    /// Checks that there are never more jobs than the concurrency allows, and that no submit is
    /// refused for want of a slot where the account has enough and nothing goes wrong.
    pub(super) fn check_slots(&self, now: Duration) {
        let ended = |id: &RemoteTaskId| self.service.jobs.get(id).is_some_and(|job| job.has_ended(now));
        let open =
            self.live.latest().into_values().map(|attempt| &self.live.attempts[&attempt]).filter(|row| {
                let held = row.open
                    && matches!(self.live.task(row.task), TaskState::Submitting | TaskState::Running);
                held && !row.task_id.as_ref().is_some_and(ended)
            });
        let open = open.count();
        assert!(open <= self.scenario.policy.concurrency, "{open} jobs at once");
        let enough = self.scenario.policy.concurrency <= self.scenario.slots;
        assert!(self.slot_refusals == 0 || !enough || !self.scenario.calm, "refused on a free account");
    }

    /// Checks that a run that ended at the budget has nothing next in its order that fits.
    pub(super) fn check_budget(&self, engine: &Engine) {
        let (Some(cap), Some(next)) = (self.scenario.policy.budget, engine.waiting.front()) else { return };
        let price = PRICES.of(PRICES.cheapest(next.mode)).unwrap_or_default().0;
        let spent = self.disk.spent(&PRICES).0 + self.others_spent;
        let is_durable = self.writes.is_empty() && !self.disk_failed;
        assert!(!is_durable || spent + price > cap.0, "the budget has room for what is next");
    }

    /// Checks the state at the end of a run.
    pub(super) fn check_end(&mut self, ending: &StopReason) {
        if *ending == StopReason::Finished {
            let ours = |task: &(usize, &TaskState)| {
                let task = TaskRow(task.0 as i64);
                !self.taken.contains(&task) && !self.live.unlisted.contains(&task)
            };
            for (task, state) in self.live.tasks.iter().enumerate().filter(ours) {
                let settled =
                    !matches!(state, TaskState::Pending | TaskState::Submitting | TaskState::Running);
                assert!(settled, "task {task} is {state:?} though all is finished");
            }
        }
        assert_eq!(
            self.live.tasks.iter().filter(|state| **state == TaskState::Submitting).count(),
            0,
            "a run leaves submits open: {ending:?}"
        );
        for (attempt, observed) in self.oracle.observed.iter().filter(|(_, observed)| observed.called) {
            let row = &self.live.attempts[attempt];
            assert_eq!(
                self.live.task(row.task),
                TaskState::Done,
                "{attempt:?} was called back as done: {observed:?}"
            );
        }
        if !self.disk_failed {
            let mut replayed = self.disk.clone();
            self.writes.iter().for_each(|write| replayed.apply(write));
            assert_eq!(replayed, self.live, "the durable changes make another state");
        }
    }

    /// Checks that everything is settled, and that every job that was paid for is accounted for.
    pub(super) fn check_all_settled(&self) {
        for (task_id, job) in &self.service.jobs {
            let state = self.disk.task(job.task);
            let paid = !matches!(state, TaskState::Pending | TaskState::Submitting | TaskState::Running);
            let paid = paid || self.disk.unlisted.contains(&job.task) && state == TaskState::Pending;
            assert!(paid, "{task_id} is paid for and {state:?}");
            let jobs = || self.service.jobs.values().filter(|other| other.task == job.task);
            let resent = self.resends.get(&job.task).map_or(0, |resends| resends.attempts.len());
            let asked = self.asked.get(&job.task).map_or(0, |asked| *asked as usize);
            let again = resent + asked;
            let not_failed = jobs().filter(|job| job.end != JobEnd::Failed).count();
            assert!(
                not_failed <= 1 + again,
                "{:?} is paid for {not_failed} times, and was sent again {again} times",
                job.task
            );
            let most = resent + (1 + asked) * (1 + self.scenario.policy.retries as usize);
            assert!(jobs().count() <= most, "{:?} is sent again more often than allowed", job.task);
        }
        if self.scenario.calm {
            assert!(self.disk.tasks.iter().all(|state| *state == TaskState::Done), "{:?}", self.disk.tasks);
        }
    }
}
