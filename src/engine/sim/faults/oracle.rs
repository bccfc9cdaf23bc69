//! The oracle keeps what the engine has heard, and checks of every change that the engine records
//! that it follows from that, and that it is true.

use std::collections::HashMap;
use std::time::Duration;

use super::service::{BilledJob, FaultyService, JobEnd};
use super::state::StateModel;
use crate::engine::{
    ASKS_FOR_IMAGES, DEFAULT_TIMEOUT, Item, MISSES_BEFORE_LOST, Progress, Refusal, StatusOutcome,
    SubmitOutcome,
};
use crate::task::{AttemptKey, Change, ChangeKind, FailureClass, RemoteTaskId, TaskRow};

/// What was observed of one attempt.
#[derive(Debug, Default)]
pub(super) struct Observed {
    pub(super) task: Option<TaskRow>,
    /// When its submit left, in any run.
    pub(super) sent_at: Option<Duration>,
    pub(super) reply: Option<SubmitOutcome>,
    done: bool,
    failed: bool,
    empty: u32,
    missing: Option<(Duration, u32)>,
    /// Whether a true callback came during this run that says it is done.
    pub(super) called: bool,
    /// Whether a callback has said which job belongs to it.
    pub(super) tied: bool,
    /// Whether the run that sent it ended before the reply came.
    pub(super) left: bool,
    /// What the service has answered about it in this run.
    pub(super) answer: Option<Answer>,
    /// Whether an earlier run had given it up, so that this one polls it once.
    pub(super) second_look: bool,
}

/// What a status reply or a callback says of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Running,
    Images,
    /// That it has ended without images, or nothing at all.
    NoImages,
}

impl Observed {
    /// Whether it certainly cost nothing, since it was refused or never sent.
    pub(super) fn is_certainly_not_accepted(&self) -> bool {
        let refused = matches!(&self.reply, Some(SubmitOutcome::NotSent(_) | SubmitOutcome::Refused(_)));
        self.sent_at.is_none() || refused
    }
}

#[derive(Debug, Default)]
pub(super) struct Oracle {
    pub(super) observed: HashMap<AttemptKey, Observed>,
}

impl Oracle {
    pub(super) fn of(&mut self, attempt: AttemptKey) -> &mut Observed {
        self.observed.entry(attempt).or_default()
    }

    pub(super) fn status(
        &mut self,
        now: Duration,
        live: &StateModel,
        asked: &[RemoteTaskId],
        outcome: &StatusOutcome,
    ) {
        let items: &[Item] = match outcome {
            StatusOutcome::Items(items) => items,
            StatusOutcome::Refused(Refusal::Content(_)) if asked.len() == 1 => &[],
            _ => return,
        };
        for task_id in asked {
            let attempt = live.attempts.iter().find(|(_, row)| row.task_id.as_ref() == Some(task_id));
            let Some((attempt, _)) = attempt else { continue };
            let observed = self.of(*attempt);
            let mut there = false;
            observed.answer = Some(Answer::NoImages);
            for item in items.iter().filter(|item| item.task_id == *task_id) {
                there = true;
                observed.item(&item.progress);
            }
            observed.missing = match (there, observed.missing) {
                (true, _) => None,
                (false, None) => Some((now, 1)),
                (false, Some((since, times))) => Some((since, times + 1)),
            };
        }
    }

    /// Checks that a change follows from what was observed, and is true.
    pub(super) fn check(
        &mut self,
        now: Duration,
        change: &Change,
        service: &FaultyService,
        patience: Duration,
    ) {
        let Change { attempt, kind } = change;
        let job = service.jobs.values().find(|job| job.attempt == *attempt);
        let observed = self.of(*attempt);
        let truth = |end: JobEnd| job.is_some_and(|job: &BilledJob| job.end == end && job.has_ended(now));
        match kind {
            ChangeKind::Resend => {}
            ChangeKind::Accepted(task_id) => {
                let job = service.jobs.get(task_id);
                assert_eq!(job.map(|job| job.attempt), Some(*attempt), "a taskId of another attempt");
            }
            ChangeKind::Rejected(_) => {
                assert!(
                    observed.is_certainly_not_accepted(),
                    "{attempt:?} may have been accepted: {observed:?}"
                );
                let content = matches!(observed.reply, Some(SubmitOutcome::Refused(Refusal::Content(_))));
                assert!(!content, "refused for its content, and waits again");
            }
            ChangeKind::Refused(_) => assert!(
                matches!(observed.reply, Some(SubmitOutcome::Refused(Refusal::Content(_)))),
                "{attempt:?} was not refused for its content: {observed:?}"
            ),
            ChangeKind::Unknown(_) => assert!(
                matches!(observed.reply, Some(SubmitOutcome::Unknown(_))) || observed.left,
                "{attempt:?} is known: {observed:?}"
            ),
            ChangeKind::Done(_) => assert!(observed.done && truth(JobEnd::Done), "{attempt:?} is not done"),
            ChangeKind::FailedWillRetry(failure) => {
                assert_eq!(failure.class, FailureClass::Generation, "{attempt:?} is sent again");
                assert!(observed.failed && truth(JobEnd::Failed), "{attempt:?} has not failed");
            }
            ChangeKind::Failed(failure) => match failure.class {
                FailureClass::Timeout => assert!(
                    observed.sent_at.is_some_and(|sent| now >= sent + DEFAULT_TIMEOUT),
                    "{attempt:?} is given up too early"
                ),
                FailureClass::NoImages => {
                    assert!(observed.empty > ASKS_FOR_IMAGES, "{attempt:?} was asked about too little");
                }
                _ => assert!(observed.failed && truth(JobEnd::Failed), "{attempt:?} has not failed"),
            },
            ChangeKind::Lost(_) => assert!(
                observed.missing.is_some_and(|(since, times)| {
                    times >= MISSES_BEFORE_LOST && now.saturating_sub(since) >= patience
                }),
                "{attempt:?} is lost too early: {observed:?}"
            ),
        }
    }
}

impl Observed {
    /// A status reply or a callback says this of it.
    pub(super) fn item(&mut self, progress: &Progress) {
        self.answer = Some(match progress {
            Progress::Running => Answer::Running,
            Progress::Done(images) if !images.urls.is_empty() => Answer::Images,
            Progress::Done(_) | Progress::Failed(_) => Answer::NoImages,
        });
        match progress {
            Progress::Running => {}
            Progress::Done(images) if images.urls.is_empty() && images.grid.is_none() => {
                self.empty += 1;
            }
            Progress::Done(_) => self.done = true,
            Progress::Failed(_) => self.failed = true,
        }
    }
}
