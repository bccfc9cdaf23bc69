//! Submits on their way to the service, their replies, and the callbacks of their jobs.

use std::time::Duration;

use super::super::super::Agenda;
use super::super::state::ModelAttempt;
use super::{FaultyWorld, WorldEvent};
use crate::engine::{DEFAULT_TIMEOUT, Event, Item, Progress, Refusal, SubmitOutcome};
use crate::task::{AttemptKey, RemoteTaskId, State as TaskState, TaskRow};

impl FaultyWorld {
    /// A submit leaves: once, after its intent is durable, and only of a task that nobody may have
    /// been paid for.
    pub(super) fn submit(&mut self, attempt: AttemptKey, task: TaskRow, agenda: &mut Agenda<WorldEvent>) {
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

    /// A submit reaches the service, which may have a job then, and a callback to send at its end.
    pub(super) fn submit_arrives(
        &mut self,
        attempt: AttemptKey,
        task: TaskRow,
        agenda: &mut Agenda<WorldEvent>,
    ) {
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

    pub(super) fn schedule_callbacks(&mut self, attempt: AttemptKey, agenda: &mut Agenda<WorldEvent>) {
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

    pub(super) fn submit_replied(&mut self, attempt: AttemptKey, outcome: SubmitOutcome) -> Event {
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

    pub(super) fn callback_arrives(
        &mut self,
        now: Duration,
        attempt: AttemptKey,
        item: Item,
    ) -> Option<Event> {
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
}
