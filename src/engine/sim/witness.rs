//! What the engine was told, kept beside it, and the checks that what it records follows from that and is true.

use std::collections::HashMap;
use std::time::Duration;

use super::service::{End, Job, Service};
use super::state::State;
use crate::engine::{
    ASKS_FOR_IMAGES, AttemptKey, Change, DEFAULT_TIMEOUT, FailureClass, Item, MISSES_BEFORE_LOST, Progress,
    Refusal, StatusOutcome, SubmitOutcome, TaskRow,
};
use crate::task::RemoteTaskId;

/// What was said of one attempt.
#[derive(Debug, Default)]
pub(in crate::engine) struct Heard {
    pub(in crate::engine) task: Option<TaskRow>,
    /// When it left, in any run.
    pub(in crate::engine) sent_at: Option<Duration>,
    pub(in crate::engine) reply: Option<SubmitOutcome>,
    done: bool,
    failed: bool,
    empty: u32,
    missing: Option<(Duration, u32)>,
    /// A true callback that it is done came in while the run lived.
    pub(in crate::engine) called: bool,
    /// Some callback has said which job is its.
    pub(in crate::engine) tied: bool,
    /// A run that it was sent in has left or died.
    pub(in crate::engine) left: bool,
    /// It was only looked at again in this run.
    pub(in crate::engine) second_look: bool,
}

impl Heard {
    /// Whether it certainly cost nothing, or was never sent.
    pub(in crate::engine) fn is_certainly_not_accepted(&self) -> bool {
        let refused = matches!(&self.reply, Some(SubmitOutcome::NotSent(_) | SubmitOutcome::Refused(_)));
        self.sent_at.is_none() || refused
    }
}

#[derive(Debug, Default)]
pub(in crate::engine) struct Witness {
    pub(in crate::engine) heard: HashMap<AttemptKey, Heard>,
}

impl Witness {
    pub(in crate::engine) fn of(&mut self, attempt: AttemptKey) -> &mut Heard {
        self.heard.entry(attempt).or_default()
    }

    pub(in crate::engine) fn status(
        &mut self,
        now: Duration,
        live: &State,
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
            let heard = self.of(*attempt);
            let mut there = false;
            for item in items.iter().filter(|item| item.task_id == *task_id) {
                there = true;
                heard.item(&item.progress);
            }
            heard.missing = match (there, heard.missing) {
                (true, _) => None,
                (false, None) => Some((now, 1)),
                (false, Some((since, times))) => Some((since, times + 1)),
            };
        }
    }

    /// Whether this change follows from what was heard, and is true.
    pub(in crate::engine) fn check(
        &mut self,
        now: Duration,
        change: &Change,
        service: &Service,
        patience: Duration,
    ) {
        let (attempt, job) = match change {
            Change::Resend(_) => return,
            Change::Accepted(attempt, task_id) => {
                let job = service.jobs.get(task_id);
                assert_eq!(job.map(|job| job.attempt), Some(*attempt), "a taskId of another attempt");
                return;
            }
            Change::Rejected(attempt, _)
            | Change::Refused(attempt, _)
            | Change::Unknown(attempt, _)
            | Change::Done(attempt, _)
            | Change::Failed(attempt, _)
            | Change::FailedWillRetry(attempt, _)
            | Change::Lost(attempt, _) => {
                (*attempt, service.jobs.values().find(|job| job.attempt == *attempt))
            }
        };
        let heard = self.of(attempt);
        let truth = |end: End| job.is_some_and(|job: &Job| job.end == end && job.has_ended(now));
        match change {
            Change::Accepted(..) | Change::Resend(..) => {}
            Change::Rejected(..) => {
                assert!(heard.is_certainly_not_accepted(), "{attempt:?} may have been accepted: {heard:?}");
                let content = matches!(heard.reply, Some(SubmitOutcome::Refused(Refusal::Content(_))));
                assert!(!content, "refused for its content, and waits again");
            }
            Change::Refused(..) => assert!(
                matches!(heard.reply, Some(SubmitOutcome::Refused(Refusal::Content(_)))),
                "{attempt:?} was not refused for its content: {heard:?}"
            ),
            Change::Unknown(..) => assert!(
                matches!(heard.reply, Some(SubmitOutcome::Unknown(_))) || heard.left,
                "{attempt:?} is known: {heard:?}"
            ),
            Change::Done(..) => assert!(heard.done && truth(End::Done), "{attempt:?} is not done"),
            Change::FailedWillRetry(_, failure) => {
                assert_eq!(failure.class, FailureClass::Generation, "{attempt:?} is sent again");
                assert!(heard.failed && truth(End::Failed), "{attempt:?} has not failed");
            }
            Change::Failed(_, failure) => match failure.class {
                FailureClass::Timeout => assert!(
                    heard.sent_at.is_some_and(|sent| now >= sent + DEFAULT_TIMEOUT),
                    "{attempt:?} is given up too early"
                ),
                FailureClass::NoImages => {
                    assert!(heard.empty > ASKS_FOR_IMAGES, "{attempt:?} was asked about too little");
                }
                _ => assert!(heard.failed && truth(End::Failed), "{attempt:?} has not failed"),
            },
            Change::Lost(..) => assert!(
                heard.missing.is_some_and(|(since, times)| {
                    times >= MISSES_BEFORE_LOST && now.saturating_sub(since) >= patience
                }),
                "{attempt:?} is lost too early: {heard:?}"
            ),
        }
    }
}

impl Heard {
    pub(in crate::engine) fn item(&mut self, progress: &Progress) {
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
