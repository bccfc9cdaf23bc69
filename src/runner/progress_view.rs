//! Who an attempt belongs to and how the batch stands, kept in memory for those who watch.
//!
//! It is a view: changes come here only after the store has them, but for submits under way, which
//! are shown as running.

use std::collections::HashMap;
use std::time::Duration;

use crate::engine::EarlierAttempt;
use crate::progress::RunEvent;
use crate::store::{ResumedTask, RunStart};
use crate::task::{
    AttemptKey, Change, ChangeKind, Counts, Failure, Images, RemoteTaskId, State, Status, TaskId, Transition,
    transition,
};

/// Why a task whose outcome is unknown is sent again.
const AGAIN: &str = "nothing is known of it, and `on_unknown` is `resend`: a new paid attempt";

#[derive(Debug)]
struct AttemptView {
    id: TaskId,
    state: State,
    task_id: Option<RemoteTaskId>,
    since: Duration,
    listed: bool,
}

/// What is shown of the attempts of this run.
#[derive(Debug)]
pub(super) struct ProgressView {
    counts: Counts,
    pages: HashMap<AttemptKey, AttemptView>,
}

impl ProgressView {
    pub(super) fn open(snapshot: &RunStart) -> ProgressView {
        let pages = snapshot.resumed.iter().zip(&snapshot.resumed_tasks).map(|(resumed, task)| {
            let page = AttemptView {
                id: task.id.clone(),
                state: task.state,
                task_id: Some(resumed.task_id.clone()),
                since: Duration::ZERO,
                listed: task.active,
            };
            (resumed.attempt, page)
        });
        let in_doubt = snapshot.in_doubt.iter().zip(&snapshot.in_doubt_tasks).map(|(lost, task)| {
            let (id, state) = (task.id.clone(), task.state);
            (
                lost.attempt,
                AttemptView { id, state, task_id: None, since: Duration::ZERO, listed: task.active },
            )
        });
        ProgressView { counts: snapshot.counts, pages: pages.chain(in_doubt).collect() }
    }

    /// An earlier attempt of a task that was claimed, which is asked about first.
    pub(super) fn add_earlier(&mut self, earlier: &EarlierAttempt, task: ResumedTask) {
        let ResumedTask { id, state, active, .. } = task;
        let (task_id, since) = (Some(earlier.task_id.clone()), Duration::ZERO);
        let page = AttemptView { id, state, task_id, since, listed: active };
        self.pages.insert(earlier.attempt, page);
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// The task of an attempt.
    pub(super) fn id(&self, attempt: AttemptKey) -> TaskId {
        self.pages.get(&attempt).map_or_else(|| TaskId("?".into()), |page| page.id.clone())
    }

    /// How many jobs of the batch run at the service.
    pub(super) fn running(&self) -> u64 {
        self.pages.values().filter(|page| page.state == State::Running && page.task_id.is_some()).count()
            as u64
    }

    /// The intent to submit is durable.
    pub(super) fn intended(&mut self, attempt: AttemptKey, id: TaskId, now: Duration) {
        self.counts.shift(Status::Pending, Status::Running);
        let page = AttemptView { id, state: State::Submitting, task_id: None, since: now, listed: true };
        self.pages.insert(attempt, page);
    }

    /// A change is durable. Gives what is shown of it.
    pub(super) fn apply(&mut self, Change { attempt, kind }: Change, now: Duration) -> Option<RunEvent> {
        let page = self.pages.get_mut(&attempt)?;
        let Transition { state, .. } = transition(page.state, &kind).ok()??;
        let (from, to) = (page.state.shown(true), state.shown(true));
        if page.listed {
            self.counts.shift(from, to);
        } else if from == Status::Unknown && to != Status::Unknown {
            // Of what the manifest has no longer, only what is unknown is counted.
            self.counts.remove(Status::Unknown, 1);
        }
        page.state = state;
        match kind {
            ChangeKind::Accepted(task_id) => {
                page.task_id = Some(task_id.clone());
                return Some(RunEvent::Submitted { id: page.id.clone(), task_id });
            }
            // Kept open: a callback may still settle it.
            ChangeKind::Unknown(why) => return Some(ended(page, Some(why), None, Images::default())),
            _ => {}
        }
        let page = self.pages.remove(&attempt)?;
        let took =
            (page.since > Duration::ZERO && page.task_id.is_some()).then(|| now.saturating_sub(page.since));
        let retrying =
            |page: AttemptView, reason| RunEvent::Retrying { id: page.id, task_id: page.task_id, reason };
        match kind {
            ChangeKind::Done(images) => Some(ended(&page, None, took, images)),
            ChangeKind::Refused(Failure { reason, .. })
            | ChangeKind::Failed(Failure { reason, .. })
            | ChangeKind::Lost(reason) => Some(ended(&page, Some(reason), took, Images::default())),
            ChangeKind::FailedWillRetry(failure) => Some(retrying(page, failure.reason)),
            ChangeKind::Resend => Some(retrying(page, AGAIN.to_owned())),
            ChangeKind::Rejected(_) | ChangeKind::Accepted(_) | ChangeKind::Unknown(_) => None,
        }
    }
}

fn ended(page: &AttemptView, reason: Option<String>, took: Option<Duration>, images: Images) -> RunEvent {
    let (id, status, task_id) = (page.id.clone(), page.state.shown(true), page.task_id.clone());
    RunEvent::Ended { id, status, task_id, reason, took, images }
}
