//! A model of the service: jobs, slots, quota, and what it answers, by the faults of a scenario.
//! Its jobs are the truth about what was paid for.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::SimRng;
use super::scenario::FaultRates;
use crate::engine::{Item, Progress, Refusal, StatusOutcome, SubmitOutcome};
use crate::task::{AttemptKey, Failure, FailureClass, Images, Mode, RemoteTaskId, TaskRow};

/// How a job ends, once it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JobEnd {
    Done,
    Failed,
    NoImages,
}

/// A job that was accepted, and so paid for.
#[derive(Debug, Clone)]
pub(super) struct BilledJob {
    pub(super) task: TaskRow,
    pub(super) attempt: AttemptKey,
    /// When it ends; `None` where it never does.
    pub(super) ends_at: Option<Duration>,
    pub(super) end: JobEnd,
    pub(super) forgotten: bool,
}

impl BilledJob {
    pub(super) fn has_ended(&self, now: Duration) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }

    /// How far it is, as the service says it.
    pub(super) fn progress(&self, now: Duration) -> Progress {
        match self.end {
            _ if !self.has_ended(now) => Progress::Running,
            JobEnd::Done => {
                Progress::Done(Images { grid: None, urls: vec![format!("{}.png", self.attempt.0)] })
            }
            JobEnd::NoImages => Progress::Done(Images::default()),
            JobEnd::Failed => {
                let reason = "bad luck".to_owned();
                Progress::Failed(Failure { class: FailureClass::Generation, reason })
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct FaultyService {
    pub(super) jobs: BTreeMap<RemoteTaskId, BilledJob>,
    pub(super) faults: FaultRates,
    pub(super) quota: Option<u64>,
    slots: usize,
    rng: SimRng,
}

pub(super) fn name_of(attempt: AttemptKey, jobs: usize) -> RemoteTaskId {
    RemoteTaskId(format!("job-{jobs}-{}", attempt.0))
}

impl FaultyService {
    pub(super) fn new(slots: usize, faults: FaultRates, rng: SimRng) -> FaultyService {
        let quota = (faults.quota > 0).then_some(faults.quota);
        FaultyService { jobs: BTreeMap::new(), faults, quota, slots, rng }
    }

    fn chance(&mut self, rate: f64) -> bool {
        self.rng.chance(rate)
    }

    pub(super) fn is_out(&self, now: Duration) -> bool {
        self.faults.outage.is_some_and(|(from, to)| from <= now && now < to)
    }

    /// How many slots others leave to this batch, which changes every minute.
    fn slots_left(&self, now: Duration) -> usize {
        let others = match self.faults.others {
            0 => 0,
            most => (now.as_secs() / 60).wrapping_mul(7919) % (most + 1),
        };
        self.slots.saturating_sub(others as usize)
    }

    /// Answers a submit that arrives now. Gives the reply, and how long it takes.
    pub(super) fn submit(
        &mut self,
        now: Duration,
        attempt: AttemptKey,
        (task, mode): (TaskRow, Mode),
    ) -> (SubmitOutcome, Duration) {
        let soon = Duration::from_millis(self.rng.between(5, 80));
        let minute = Duration::from_secs(60);
        let faults = self.faults;
        let unknown = |why: &str| SubmitOutcome::Unknown(why.to_owned());
        let late = if self.chance(faults.hang) { minute } else { soon };
        if self.is_out(now) {
            let whether = self.chance(0.7);
            return match whether {
                true => (SubmitOutcome::NotSent("connection refused".into()), soon),
                false => (unknown("HTTP 502"), late),
            };
        }
        let refused = |refusal| (SubmitOutcome::Refused(refusal), soon);
        if self.chance(faults.not_sent) {
            return (SubmitOutcome::NotSent("connection refused".into()), soon);
        }
        if self.chance(faults.lost_submit) {
            return (unknown("cut"), late);
        }
        if self.chance(faults.too_fast) {
            let wait = self.chance(0.5).then(|| Duration::from_secs(self.rng.between(1, 30)));
            return refused(Refusal::TooFast(wait));
        }
        if self.chance(faults.key) {
            return refused(Refusal::Key("HTTP 401".into()));
        }
        if self.chance(faults.not_the_api) {
            return refused(Refusal::NotTheApi("HTTP 404".into()));
        }
        if self.chance(faults.refuse) {
            return refused(Refusal::Content("moderated".into()));
        }
        if self.quota == Some(0) {
            return refused(Refusal::Quota);
        }
        let taken = |job: &&BilledJob| job.ends_at.is_none_or(|end| end + faults.frees_after > now);
        // One that never ends leaves its slot some day, or nothing else would ever run.
        let endless = self.jobs.values().filter(|job| job.ends_at.is_none()).count();
        let taken = self.jobs.values().filter(taken).count() - endless;
        if taken >= self.slots_left(now) {
            return refused(Refusal::Slots);
        }
        let task_id = self.accept(now, attempt, task, mode);
        match self.chance(faults.lost_reply) {
            true => (unknown("cut"), late),
            false => (SubmitOutcome::Accepted(task_id), late),
        }
    }

    fn accept(&mut self, now: Duration, attempt: AttemptKey, task: TaskRow, mode: Mode) -> RemoteTaskId {
        let faults = self.faults;
        self.quota = self.quota.map(|quota| quota - 1);
        let takes = match mode {
            Mode::Fast => Duration::from_millis(self.rng.between(25_000, 90_000)),
            Mode::Relaxed => Duration::from_millis(self.rng.between(60_000, 400_000)),
        };
        let takes = if self.chance(faults.drags) { takes + Duration::from_secs(800) } else { takes };
        let takes = if self.chance(faults.at_once) { Duration::ZERO } else { takes };
        let end = match () {
            () if self.chance(faults.fail) => JobEnd::Failed,
            () if self.chance(faults.no_images) => JobEnd::NoImages,
            () => JobEnd::Done,
        };
        let ends_at = (!self.chance(faults.never_ends)).then_some(now + takes);
        let forgotten = self.chance(faults.forget);
        let task_id = name_of(attempt, self.jobs.len());
        self.jobs.insert(task_id.clone(), BilledJob { task, attempt, ends_at, end, forgotten });
        task_id
    }

    /// Answers a status request that arrives now. Gives the reply, and how long it takes.
    pub(super) fn status(&mut self, now: Duration, ids: &[RemoteTaskId]) -> (StatusOutcome, Duration) {
        let soon = Duration::from_millis(self.rng.between(5, 80));
        let faults = self.faults;
        if self.is_out(now) || self.chance(faults.unreadable) {
            let wait = if self.chance(faults.hang) { Duration::from_secs(60) } else { soon };
            return (StatusOutcome::Unreadable("HTTP 502".into()), wait);
        }
        if self.chance(faults.ask_refused) {
            let wait = self.chance(0.5).then(|| Duration::from_secs(self.rng.between(1, 30)));
            let refusal = match self.rng.below(6) {
                0 => Refusal::Quota,
                1 => Refusal::NotTheApi("HTTP 404".into()),
                2 => Refusal::Content("no such list".into()),
                _ => Refusal::TooFast(wait),
            };
            return (StatusOutcome::Refused(refusal), soon);
        }
        if faults.most_ids > 0 && ids.len() > faults.most_ids {
            return (StatusOutcome::Refused(Refusal::Content("too many ids".into())), soon);
        }
        let mut items = Vec::new();
        for task_id in ids {
            let Some(job) = self.jobs.get(task_id).filter(|job| !job.forgotten).cloned() else { continue };
            if self.chance(faults.omit) {
                continue;
            }
            let progress = match job.progress(now) {
                _ if self.chance(faults.stale) => Progress::Running,
                Progress::Done(_) if self.chance(faults.no_images_yet) => Progress::Done(Images::default()),
                progress => progress,
            };
            let item = Item { task_id: task_id.clone(), progress };
            if self.chance(faults.repeat) {
                items.push(item.clone());
                items.push(Item { task_id: RemoteTaskId("nobody's".into()), ..item.clone() });
            }
            items.push(item);
        }
        if self.chance(0.5) {
            items.reverse();
        }
        (StatusOutcome::Items(items), soon)
    }
}
