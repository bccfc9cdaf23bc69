//! What comes in: replies to submits and status requests, and callbacks.
//!
//! Here it is decided what a reply means for its task; money rules first: only a certain "no" lets
//! a task wait again.

use std::time::Duration;

use super::backpressure::Which;
use super::in_flight::{InFlight, Phase, Purpose};
use super::message::{
    Action, EngineNotice, IntentId, IntentRefusal, Item, Progress, Refusal, StatusOutcome, StopReason,
    SubmitOutcome,
};
use super::{ASKS_FOR_IMAGES, EARLY_CALLBACKS, Engine, MISSES_BEFORE_LOST, RunPhase};
use crate::task::{AttemptKey, Change, ChangeKind, Failure, FailureClass, RemoteTaskId};

/// Who says how far a job is.
#[derive(Debug, Clone, Copy)]
enum StatusSource {
    /// A status reply, which was so at this time.
    Poll(Duration),
    /// A callback.
    Callback,
}

impl Engine {
    pub(super) fn intent_recorded(&mut self, now: Duration, intent: IntentId, attempt: AttemptKey) {
        let working = self.run_phase == RunPhase::Running || mutant!(StopIgnored);
        let Some(mut flight) = self.in_flight.take_intent(intent) else { return };
        self.budget.answered(intent);
        if self.in_flight.get(attempt).is_some() {
            // Two attempts of one number cannot be distinguished: nothing may be sent.
            return self.put_back(flight, StopReason::StoreFailed);
        }
        if working {
            (flight.phase, flight.since) = (Phase::Sending, now);
            let task = flight.waiting.task;
            self.in_flight.insert(attempt, flight);
            self.actions.push_back(Action::Submit(attempt, task));
        } else {
            self.in_flight.insert(attempt, flight);
            self.not_accepted(attempt, "the run ended before it was sent".to_owned());
        }
    }

    /// The store did not take an intent, of which nothing is in the state then.
    pub(super) fn intent_refused(&mut self, intent: IntentId, why: IntentRefusal) {
        let Some(flight) = self.in_flight.take_intent(intent) else { return };
        let before = self.budget.answered(intent);
        self.budget.release(flight.mode);
        self.allowed = self.allowed.map(|left| left + 1);
        self.polling.stale = true;
        if mutant!(RefusedIntentSent) {
            self.actions.push_back(Action::Submit(AttemptKey(intent.0 as i64 + 1), flight.waiting.task));
        }
        match why {
            IntentRefusal::OverBudget => {
                self.waiting.push_front(flight.waiting);
                self.on_over_budget(flight.mode, before);
            }
            // Whoever has it submits it.
            IntentRefusal::NotOurs => {}
        }
    }

    pub(super) fn intent_failed(&mut self, intent: IntentId) {
        match self.in_flight.take_intent(intent) {
            Some(flight) => self.put_back(flight, StopReason::StoreFailed),
            None => self.close(StopReason::StoreFailed),
        }
    }

    /// The task of an intent that is not in the state waits again, and nothing more is sent.
    fn put_back(&mut self, flight: InFlight, reason: StopReason) {
        self.budget.release(flight.mode);
        self.waiting.push_front(flight.waiting);
        self.close(reason);
    }

    pub(super) fn submit_reply(&mut self, now: Duration, attempt: AttemptKey, outcome: SubmitOutcome) {
        if !self.in_flight.get(attempt).is_some_and(|flight| matches!(flight.phase, Phase::Sending)) {
            return; // the run has left
        }
        match outcome {
            SubmitOutcome::Accepted(task_id) if self.in_flight.is_named(&task_id) => {
                let why =
                    format!("the service named a taskId that it had given to another attempt: {task_id}");
                self.lost_reply(now, attempt, why);
            }
            SubmitOutcome::Accepted(task_id) => {
                let early = self.in_flight.get_mut(attempt).map(|flight| std::mem::take(&mut flight.early));
                self.accepted(now, attempt, task_id);
                early.into_iter().flatten().for_each(|item| self.callback(now, attempt, item));
            }
            SubmitOutcome::Refused(refusal) => self.submit_refused(now, attempt, refusal),
            SubmitOutcome::NotSent(why) => {
                self.not_accepted(attempt, why.clone());
                self.submit_trouble(now, &why);
            }
            SubmitOutcome::Unknown(why) if mutant!(RejectedOnLostReply) => self.not_accepted(attempt, why),
            SubmitOutcome::Unknown(why) => {
                self.lost_reply(now, attempt, why);
            }
        }
    }

    pub(super) fn accepted(&mut self, now: Duration, attempt: AttemptKey, task_id: RemoteTaskId) {
        self.answered(now);
        self.trusted = true;
        self.lost_replies = 0;
        self.submits.succeeded();
        self.slots.accepted(self.in_flight.slots_held().saturating_sub(self.in_flight.unanswered()));
        self.in_flight.accept(attempt, task_id.clone());
        if !mutant!(AcceptedNotRecorded) {
            self.actions.push_back(Action::Record(ChangeKind::Accepted(task_id).of(attempt)));
        }
        self.polling.stale = true;
    }

    pub(super) fn submit_refused(&mut self, now: Duration, attempt: AttemptKey, refusal: Refusal) {
        let sent = self.in_flight.get(attempt).map_or(now, |flight| flight.since);
        if !matches!(refusal, Refusal::TooFast(_)) {
            self.answered(now);
        }
        let content = match refusal {
            Refusal::Slots => mutant!(SlotsRefusalFails),
            Refusal::Quota => mutant!(QuotaIsContent),
            _ => false,
        };
        let refusal = if content { Refusal::Content("mutant".to_owned()) } else { refusal };
        match refusal {
            Refusal::Slots => {
                self.not_accepted(attempt, "all slots of the account were taken".to_owned());
                self.trusted = true; // it understood the request
                self.round.refused = true;
                let held = self.in_flight.slots_held();
                if self.slots.refused(now, sent, held, self.a_job_takes()) {
                    self.notify(EngineNotice::FewerSlots(self.slots.limit()));
                }
                if held == 0 {
                    self.submits.failed(now, self.policy.seed);
                }
            }
            Refusal::TooFast(wait) => {
                self.not_accepted(attempt, "too many requests".to_owned());
                self.slow_down(now, wait, Which::Submits);
            }
            Refusal::Quota => {
                self.not_accepted(attempt, "the account is out of quota".to_owned());
                self.drain(StopReason::QuotaGone);
            }
            Refusal::Key(words) => {
                self.not_accepted(attempt, "the API key was refused".to_owned());
                self.close(StopReason::KeyRefused(words));
            }
            Refusal::NotTheApi(words) => {
                self.not_accepted(attempt, words.clone());
                self.close(StopReason::Unreachable(words));
            }
            Refusal::Content(reason) => {
                let failure = Failure { class: FailureClass::Refused, reason };
                self.actions.push_back(Action::Record(ChangeKind::Refused(failure).of(attempt)));
                if let Some(flight) = self.in_flight.remove(attempt) {
                    self.budget.release(flight.mode);
                    self.on_prompt_rejected(flight.waiting.task);
                }
            }
        }
    }

    pub(super) fn status_reply(&mut self, now: Duration, asked: &[RemoteTaskId], outcome: StatusOutcome) {
        let at = self.polling.replied(now);
        match outcome {
            StatusOutcome::Items(items) => {
                self.answered(now);
                self.asks.succeeded();
                let runs = |id: &&RemoteTaskId| {
                    items.iter().any(|item| item.task_id == **id && item.progress == Progress::Running)
                };
                self.slots.run(now, asked.iter().filter(runs).count());
                for item in &items {
                    for attempt in self.in_flight.named(&item.task_id) {
                        self.on_job_status(now, attempt, item.progress.clone(), StatusSource::Poll(at));
                    }
                }
                for task_id in asked.iter().filter(|id| items.iter().all(|item| item.task_id != **id)) {
                    self.on_job_missing(now, task_id);
                }
            }
            StatusOutcome::Refused(Refusal::Content(_)) if asked.len() > 1 => {
                self.answered(now);
                self.polling.fewer_ids(asked.len());
                self.ask_for(asked.to_vec());
            }
            StatusOutcome::Refused(Refusal::Content(_)) => {
                self.answered(now);
                asked.iter().for_each(|task_id| self.on_job_missing(now, task_id));
            }
            StatusOutcome::Refused(Refusal::Key(words)) => self.close(StopReason::KeyRefused(words)),
            StatusOutcome::Refused(Refusal::TooFast(wait)) => {
                self.pass_over_held();
                self.slow_down(now, wait, Which::Asks);
            }
            StatusOutcome::Refused(Refusal::NotTheApi(words)) => self.ask_trouble(now, &words),
            StatusOutcome::Refused(Refusal::Slots | Refusal::Quota) => {
                self.ask_trouble(now, "the service refused to tell the status");
            }
            StatusOutcome::Unreadable(why) => self.ask_trouble(now, &why),
        }
    }

    pub(super) fn callback(&mut self, now: Duration, attempt: AttemptKey, item: Item) {
        self.reattach_late_callback(attempt);
        if self.in_flight.get(attempt).is_none() && self.late_callback_brings_images(attempt, &item) {
            return;
        }
        let Some(flight) = self.in_flight.get_mut(attempt) else {
            return self.polling.called_back_late(attempt, now, &self.policy);
        };
        match &flight.phase {
            Phase::Intending => return, // it has no number yet, and so no callback
            Phase::Running(tracking) if tracking.task_id != item.task_id && !mutant!(ForeignIdBelieved) => {
                return;
            }
            Phase::Running(_) => {}
            // The reply is the better source of which job is meant, and is on its way.
            Phase::Sending => {
                if flight.early.len() < EARLY_CALLBACKS && !mutant!(EarlyCallbackDropped) {
                    flight.early.push(item);
                }
                return;
            }
            Phase::InDoubt => {
                let in_time = flight.age == Duration::ZERO && now < flight.deadline(self.policy.grace);
                if self.in_flight.is_named(&item.task_id) {
                    return;
                }
                self.accepted(now, attempt, item.task_id);
                if let Some(flight) = self.in_flight.get_mut(attempt).filter(|_| !in_time) {
                    flight.alive = None; // when it ended is not known, and nothing is learned from it
                }
            }
        }
        self.on_job_status(now, attempt, item.progress, StatusSource::Callback);
    }

    /// What the service says of a job that is followed.
    fn on_job_status(
        &mut self,
        now: Duration,
        attempt: AttemptKey,
        progress: Progress,
        source: StatusSource,
    ) {
        self.update_duration_model(now, attempt, &progress, source);
        let grace = self.policy.grace;
        let Some(flight) = self.in_flight.get_mut(attempt) else { return };
        let overdue = now >= flight.deadline(grace);
        let Phase::Running(tracking) = &mut flight.phase else { return };
        let (given_up, purpose) = (tracking.was_given_up(), tracking.purpose);
        tracking.missing = None;
        let change = match progress {
            Progress::Done(images)
                if images.urls.is_empty() && images.grid.is_none() && !mutant!(DoneWithoutImages) =>
            {
                tracking.empty += 1;
                if tracking.empty == 1 && !given_up {
                    self.slots.ended(now);
                }
                (tracking.empty > ASKS_FOR_IMAGES || given_up).then(|| {
                    let reason = "done, but the service names no image".to_owned();
                    ChangeKind::Failed(Failure { class: FailureClass::NoImages, reason }).of(attempt)
                })
            }
            Progress::Done(images) => Some(ChangeKind::Done(images).of(attempt)),
            Progress::Failed(failure) => Some(ChangeKind::Failed(failure).of(attempt)),
            Progress::Running if (overdue && !mutant!(TimeoutsIgnored)) || purpose == Purpose::SecondLook => {
                let minutes = flight.waiting.timeout.as_secs().div_ceil(60);
                let reason = format!("not seen to end within its timeout of {minutes} min");
                Some(ChangeKind::Failed(Failure { class: FailureClass::Timeout, reason }).of(attempt))
            }
            Progress::Running => None,
        };
        if let Some(change) = change {
            self.ended(now, attempt, change, purpose);
        } else if purpose == Purpose::BeforePaying {
            flight.alive = Some(now); // it runs after all, and is waited for
        }
    }

    /// What it teaches of how long jobs take, and of whether callbacks come.
    fn update_duration_model(
        &mut self,
        now: Duration,
        attempt: AttemptKey,
        progress: &Progress,
        source: StatusSource,
    ) {
        let Some(flight) = self.in_flight.get_mut(attempt) else { return };
        let ends_now = flight.holds_slot() && *progress != Progress::Running;
        if let (true, Progress::Done(_)) = (ends_now, progress) {
            let by = if let StatusSource::Poll(at) = source { at } else { now };
            self.modes.learn(flight, flight.ran(by));
        }
        match (ends_now, source) {
            (true, StatusSource::Poll(at)) => self.polling.found_ended(attempt, flight, at),
            (true, StatusSource::Callback) => self.polling.called_back(flight, now),
            (false, StatusSource::Poll(at)) if flight.holds_slot() => self.polling.runs(flight, at),
            (false, _) => {}
        }
    }

    fn ended(&mut self, now: Duration, attempt: AttemptKey, change: Change, purpose: Purpose) {
        let Some(flight) = self.in_flight.remove(attempt) else { return };
        match purpose {
            // Its end was recorded by an earlier run; only images are news.
            Purpose::SecondLook if matches!(change.kind, ChangeKind::Done(_)) => {
                return self.actions.push_back(Action::Record(change));
            }
            Purpose::SecondLook => return,
            Purpose::BeforePaying => return self.earlier_answered(&flight, change),
            Purpose::UntilItEnds => {}
        }
        if flight.holds_slot() {
            self.slots.ended(now);
        }
        self.polling.stale = true;
        if !mutant!(ChangeDropped) {
            self.record_outcome(now, flight.waiting, change);
        }
    }

    fn on_job_missing(&mut self, now: Duration, task_id: &RemoteTaskId) {
        for attempt in self.in_flight.named(task_id) {
            self.on_attempt_missing(now, attempt);
        }
    }

    fn on_attempt_missing(&mut self, now: Duration, attempt: AttemptKey) {
        let Some(flight) = self.in_flight.get_mut(attempt) else { return };
        let Phase::Running(tracking) = &mut flight.phase else { return };
        let (since, times) = tracking.missing.map_or((now, 1), |(since, times)| (since, times + 1));
        tracking.missing = Some((since, times));
        let purpose = tracking.purpose;
        let gone = mutant!(LostAtFirstMiss)
            || times >= MISSES_BEFORE_LOST && now.saturating_sub(since) >= self.policy.lost_after;
        if gone || tracking.was_given_up() {
            let reason = "the service no longer knows this taskId".to_owned();
            self.ended(now, attempt, ChangeKind::Lost(reason).of(attempt), purpose);
        }
    }

    /// The task of this attempt waits again, first in the line: nothing was accepted.
    pub(super) fn not_accepted(&mut self, attempt: AttemptKey, why: String) {
        if let Some(flight) = self.in_flight.remove(attempt) {
            self.budget.release(flight.mode);
            if !mutant!(WaitingForgotten) {
                self.waiting.push_front(flight.waiting);
            }
            self.allowed = self.allowed.map(|left| left + 1);
            self.polling.stale = true;
            self.actions.push_back(Action::Record(ChangeKind::Rejected(why).of(attempt)));
        }
    }
}
