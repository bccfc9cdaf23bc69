//! The service, modelled: jobs, slots, quota, and what it answers, by the faults of a scenario. Its books are the truth.

use std::collections::BTreeMap;
use std::time::Duration;

use super::dice::Dice;
use super::scenario::Faults;
use crate::engine::{
    AttemptKey, Failure, FailureClass, Item, Progress, Refusal, StatusOutcome, SubmitOutcome, TaskRow,
};
use crate::task::{Images, Mode, RemoteTaskId};

/// How a job ends, once it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum End {
    Done,
    Failed,
    NoImages,
}

/// A job that was accepted, and so paid for.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Job {
    pub(in crate::engine) task: TaskRow,
    pub(in crate::engine) attempt: AttemptKey,
    /// `None`: never.
    pub(in crate::engine) ends_at: Option<Duration>,
    pub(in crate::engine) end: End,
    pub(in crate::engine) forgotten: bool,
}

impl Job {
    pub(in crate::engine) fn has_ended(&self, now: Duration) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }

    /// What is said of it.
    pub(in crate::engine) fn progress(&self, now: Duration) -> Progress {
        match self.end {
            _ if !self.has_ended(now) => Progress::Running,
            End::Done => Progress::Done(Images { grid: None, urls: vec![format!("{}.png", self.attempt.0)] }),
            End::NoImages => Progress::Done(Images::default()),
            End::Failed => {
                let reason = "bad luck".to_owned();
                Progress::Failed(Failure { class: FailureClass::Generation, reason })
            }
        }
    }
}

#[derive(Debug)]
pub(in crate::engine) struct Service {
    pub(in crate::engine) jobs: BTreeMap<RemoteTaskId, Job>,
    pub(in crate::engine) faults: Faults,
    pub(in crate::engine) quota: Option<u64>,
    slots: usize,
    dice: Dice,
}

pub(in crate::engine) fn name_of(attempt: AttemptKey, jobs: usize) -> RemoteTaskId {
    RemoteTaskId(format!("job-{jobs}-{}", attempt.0))
}

impl Service {
    pub(in crate::engine) fn new(slots: usize, faults: Faults, dice: Dice) -> Service {
        let quota = (faults.quota > 0).then_some(faults.quota);
        Service { jobs: BTreeMap::new(), faults, quota, slots, dice }
    }

    fn roll(&mut self, rate: f64) -> bool {
        self.dice.roll(rate)
    }

    pub(in crate::engine) fn is_out(&self, now: Duration) -> bool {
        self.faults.outage.is_some_and(|(from, to)| from <= now && now < to)
    }

    /// How many slots are left to us: others come and go by the minute.
    fn slots_left(&self, now: Duration) -> usize {
        let others = match self.faults.others {
            0 => 0,
            most => (now.as_secs() / 60).wrapping_mul(7919) % (most + 1),
        };
        self.slots.saturating_sub(others as usize)
    }

    /// A submit arrives. Gives the reply, and how long that takes.
    pub(in crate::engine) fn submit(
        &mut self,
        now: Duration,
        attempt: AttemptKey,
        (task, mode): (TaskRow, Mode),
    ) -> (SubmitOutcome, Duration) {
        let soon = Duration::from_millis(self.dice.between(5, 80));
        let minute = Duration::from_secs(60);
        let faults = self.faults;
        let unknown = |why: &str| SubmitOutcome::Unknown(why.to_owned());
        let late = if self.roll(faults.hang) { minute } else { soon };
        if self.is_out(now) {
            let whether = self.roll(0.7);
            return match whether {
                true => (SubmitOutcome::NotSent("connection refused".into()), soon),
                false => (unknown("HTTP 502"), late),
            };
        }
        let refused = |refusal| (SubmitOutcome::Refused(refusal), soon);
        if self.roll(faults.not_sent) {
            return (SubmitOutcome::NotSent("connection refused".into()), soon);
        }
        if self.roll(faults.lost_submit) {
            return (unknown("cut"), late);
        }
        if self.roll(faults.too_fast) {
            let wait = self.roll(0.5).then(|| Duration::from_secs(self.dice.between(1, 30)));
            return refused(Refusal::TooFast(wait));
        }
        if self.roll(faults.key) {
            return refused(Refusal::Key("HTTP 401".into()));
        }
        if self.roll(faults.not_the_api) {
            return refused(Refusal::NotTheApi("HTTP 404".into()));
        }
        if self.roll(faults.refuse) {
            return refused(Refusal::Content("moderated".into()));
        }
        if self.quota == Some(0) {
            return refused(Refusal::Quota);
        }
        let taken = |job: &&Job| job.ends_at.is_none_or(|end| end + faults.frees_after > now);
        // One that never ends leaves its slot some day, or nothing else would ever run.
        let endless = self.jobs.values().filter(|job| job.ends_at.is_none()).count();
        let taken = self.jobs.values().filter(taken).count() - endless;
        if taken >= self.slots_left(now) {
            return refused(Refusal::Slots);
        }
        let task_id = self.accept(now, attempt, task, mode);
        match self.roll(faults.lost_reply) {
            true => (unknown("cut"), late),
            false => (SubmitOutcome::Accepted(task_id), late),
        }
    }

    fn accept(&mut self, now: Duration, attempt: AttemptKey, task: TaskRow, mode: Mode) -> RemoteTaskId {
        let faults = self.faults;
        self.quota = self.quota.map(|quota| quota - 1);
        let takes = match mode {
            Mode::Fast => Duration::from_millis(self.dice.between(25_000, 90_000)),
            Mode::Relaxed => Duration::from_millis(self.dice.between(60_000, 400_000)),
        };
        let takes = if self.roll(faults.at_once) { Duration::ZERO } else { takes };
        let end = match () {
            () if self.roll(faults.fail) => End::Failed,
            () if self.roll(faults.no_images) => End::NoImages,
            () => End::Done,
        };
        let ends_at = (!self.roll(faults.never_ends)).then_some(now + takes);
        let forgotten = self.roll(faults.forget);
        let task_id = name_of(attempt, self.jobs.len());
        self.jobs.insert(task_id.clone(), Job { task, attempt, ends_at, end, forgotten });
        task_id
    }

    /// A status request arrives. Gives the reply, and how long that takes.
    pub(in crate::engine) fn status(
        &mut self,
        now: Duration,
        ids: &[RemoteTaskId],
    ) -> (StatusOutcome, Duration) {
        let soon = Duration::from_millis(self.dice.between(5, 80));
        let faults = self.faults;
        if self.is_out(now) || self.roll(faults.unreadable) {
            let wait = if self.roll(faults.hang) { Duration::from_secs(60) } else { soon };
            return (StatusOutcome::Unreadable("HTTP 502".into()), wait);
        }
        if self.roll(faults.ask_refused) {
            let wait = self.roll(0.5).then(|| Duration::from_secs(self.dice.between(1, 30)));
            let refusal = match self.dice.below(6) {
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
            if self.roll(faults.omit) {
                continue;
            }
            let progress = match job.progress(now) {
                _ if self.roll(faults.stale) => Progress::Running,
                Progress::Done(_) if self.roll(faults.no_images_yet) => Progress::Done(Images::default()),
                progress => progress,
            };
            let item = Item { task_id: task_id.clone(), progress };
            if self.roll(faults.repeat) {
                items.push(item.clone());
                items.push(Item { task_id: RemoteTaskId("nobody's".into()), ..item.clone() });
            }
            items.push(item);
        }
        if self.roll(0.5) {
            items.reverse();
        }
        (StatusOutcome::Items(items), soon)
    }
}
