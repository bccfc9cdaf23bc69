//! Earlier attempts of a task that is about to be paid for again: the service is asked about them
//! first, which is free.
//!
//! An attempt that was lost, timed out or named no image may have images by now. The task of such
//! an attempt keeps its place in the queue, and is not submitted before the service has answered.
//! Images that came meanwhile are taken: the task is done, and nothing is paid. A job that still
//! runs within its time is waited for; any other answer lets the task be paid for again.
//!
//! Images that a callback brings later are taken too, at once where the task still waits, and else
//! before it would be submitted once more.
//!
//! Where no answer comes, nothing is paid for blindly: the service is asked again under the usual
//! backoff, and tasks that come later in the order are submitted meanwhile. Nothing of this is
//! recorded but the images: the next run asks anew.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::in_flight::{InFlight, Phase, Purpose, Tracking};
use super::message::{Action, EarlierAttempt, EngineNotice, Item, Progress};
use super::{Engine, RunPhase};
use crate::seeded_fault::{self, SeededFault};
use crate::task::{AttemptKey, Change, ChangeKind, RemoteTaskId, TaskRow};

/// The earlier attempts of claimed tasks.
#[derive(Debug, Default)]
pub(super) struct EarlierAttempts {
    /// Those that the service has not answered about, by their tasks.
    unanswered: BTreeMap<TaskRow, BTreeSet<AttemptKey>>,
    /// The tasks of those that had no images when the service answered, with the service's name of
    /// the job: a callback may still bring some.
    without_images: BTreeMap<AttemptKey, (TaskRow, RemoteTaskId)>,
    /// What a callback brought while the task did not wait: a submit of it was under way.
    came: BTreeMap<TaskRow, Change>,
}

impl EarlierAttempts {
    /// Whether the task may not be submitted yet.
    pub(super) fn hold(&self, task: TaskRow) -> bool {
        self.unanswered.contains_key(&task)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.unanswered.is_empty()
    }
}

impl Engine {
    /// Asks about the earlier attempts of tasks that were claimed.
    pub(super) fn look_at_earlier(&mut self, now: Duration, earlier: Vec<EarlierAttempt>) {
        let is_left_out = seeded_fault::is_on(SeededFault::EarlierAttemptsNotRead);
        if mutant!(EarlierAttemptsNotRead) || is_left_out {
            return;
        }
        for EarlierAttempt { attempt, waiting, mode, task_id, age } in earlier {
            let phase = Phase::Running(Tracking::new(task_id, Purpose::BeforePaying));
            self.in_flight.insert(attempt, InFlight::new(waiting, mode, phase, now, age));
            self.earlier.unanswered.entry(waiting.task).or_default().insert(attempt);
            self.polling.stale = true;
        }
    }

    /// The service has answered about an earlier attempt, which is not tracked any more: with its
    /// images, or so that its task may be paid for again.
    pub(super) fn earlier_answered(&mut self, flight: &InFlight, change: Change) {
        let (task, attempt) = (flight.waiting.task, change.attempt);
        if matches!(change.kind, ChangeKind::Done(_)) && !mutant!(LateImagesNotTaken) {
            self.waiting.remove(task);
            self.take_late_images(task, change);
        } else {
            if let Phase::Running(tracking) = &flight.phase {
                self.earlier.without_images.insert(attempt, (task, tracking.task_id.clone()));
            }
            if let Some(unanswered) = self.earlier.unanswered.get_mut(&task) {
                unanswered.remove(&attempt);
                if unanswered.is_empty() {
                    self.earlier.unanswered.remove(&task);
                }
            }
        }
        if !self.earlier.hold(task) {
            self.waiting.take_up(task);
        }
    }

    /// A callback for an attempt that is not tracked. True where it brings images of an earlier
    /// attempt. Its task is done then, if it still waits.
    pub(super) fn late_callback_brings_images(&mut self, attempt: AttemptKey, item: &Item) -> bool {
        let Progress::Done(images) = &item.progress else { return false };
        let has_images = !images.urls.is_empty() || images.grid.is_some();
        let known = self.earlier.without_images.get(&attempt).filter(|(_, id)| *id == item.task_id);
        let Some(task) = known.map(|(task, _)| *task).filter(|_| has_images) else { return false };
        if mutant!(LateCallbackNotTaken) {
            return false;
        }
        let done = ChangeKind::Done(images.clone()).of(attempt);
        if self.waiting.remove(task) {
            self.take_late_images(task, done);
            self.waiting.take_up(task);
        } else {
            self.earlier.came.insert(task, done);
        }
        true
    }

    /// Takes the images that came for a task which was about to be submitted. True where there were
    /// some.
    pub(super) fn take_what_came(&mut self, task: TaskRow) -> bool {
        let Some(done) = self.earlier.came.remove(&task) else { return false };
        self.take_late_images(task, done);
        true
    }

    /// A task that does not wait any more is done by an earlier attempt: the others need no answer.
    fn take_late_images(&mut self, task: TaskRow, done: Change) {
        for other in self.earlier.unanswered.remove(&task).unwrap_or_default() {
            self.in_flight.remove(other);
        }
        let attempt = done.attempt;
        self.actions.push_back(Action::Record(done));
        self.notify(EngineNotice::LateImages(attempt));
    }

    /// No answer came: what waits for one is passed over until it does.
    pub(super) fn pass_over_held(&mut self) {
        for task in self.earlier.unanswered.keys() {
            self.waiting.pass_over(*task);
        }
        if mutant!(PaidWithoutAnswer) {
            self.forget_earlier();
        }
    }

    /// Nothing is submitted any more in this run: there is nothing to ask about before.
    pub(super) fn drop_earlier_after_submitting(&mut self) {
        if self.run_phase != RunPhase::Running && !self.earlier.is_empty() {
            self.forget_earlier();
        }
    }

    fn forget_earlier(&mut self) {
        for (task, attempts) in std::mem::take(&mut self.earlier.unanswered) {
            attempts.into_iter().for_each(|attempt| drop(self.in_flight.remove(attempt)));
            self.waiting.take_up(task);
        }
    }
}
