//! Who an attempt belongs to and how the batch stands, kept in memory for those who watch.
//!
//! It is a view: changes come here only after the store has them, but for submits under way, which are shown as running.

use std::collections::HashMap;
use std::time::Duration;

use crate::engine::{AttemptKey, Change};
use crate::progress::RunEvent;
use crate::store::RunStart;
use crate::task::{Counts, Images, RemoteTaskId, Status, TaskId};

/// Why a task whose outcome is unknown is sent again.
const AGAIN: &str = "nothing is known of it, and `on_unknown` is `resend`: a new paid attempt";

#[derive(Debug)]
struct Page {
    id: TaskId,
    status: Status,
    task_id: Option<RemoteTaskId>,
    since: Duration,
    listed: bool,
}

/// What is shown of the attempts of this run.
#[derive(Debug)]
pub(super) struct Book {
    counts: Counts,
    pages: HashMap<AttemptKey, Page>,
}

impl Book {
    pub(super) fn open(snapshot: &RunStart) -> Book {
        let pages = snapshot.resumed.iter().zip(&snapshot.resumed_tasks).map(|(resumed, task)| {
            let page = Page {
                id: task.id.clone(),
                status: task.state.shown(true),
                task_id: Some(resumed.task_id.clone()),
                since: Duration::ZERO,
                listed: task.listed,
            };
            (resumed.attempt, page)
        });
        let in_doubt = snapshot.in_doubt.iter().zip(&snapshot.in_doubt_tasks).map(|(lost, task)| {
            let (id, status) = (task.id.clone(), task.state.shown(true));
            (lost.attempt, Page { id, status, task_id: None, since: Duration::ZERO, listed: task.listed })
        });
        Book { counts: snapshot.counts, pages: pages.chain(in_doubt).collect() }
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
        self.pages.values().filter(|page| page.status == Status::Running && page.task_id.is_some()).count()
            as u64
    }

    /// The intent to submit is durable.
    pub(super) fn intended(&mut self, attempt: AttemptKey, id: TaskId, now: Duration) {
        self.counts.shift(Status::Pending, Status::Running);
        let page = Page { id, status: Status::Running, task_id: None, since: now, listed: true };
        self.pages.insert(attempt, page);
    }

    /// A change is durable. Gives what is to be told of it.
    pub(super) fn apply(&mut self, change: Change, now: Duration) -> Option<RunEvent> {
        match change {
            Change::Accepted(attempt, task_id) => {
                let id = self.id(attempt);
                self.shift(attempt, Status::Running);
                self.pages.get_mut(&attempt)?.task_id = Some(task_id.clone());
                Some(RunEvent::Submitted { id, task_id })
            }
            Change::Rejected(attempt, _) => {
                self.shift(attempt, Status::Pending);
                self.pages.remove(&attempt);
                None
            }
            Change::Refused(attempt, failure) | Change::Failed(attempt, failure) => {
                self.end(attempt, Status::Failed, Some(failure.reason), Images::default(), now)
            }
            Change::FailedWillRetry(attempt, failure) => {
                self.shift(attempt, Status::Pending);
                let Page { id, task_id, .. } = self.pages.remove(&attempt)?;
                Some(RunEvent::Retrying { id, task_id, reason: failure.reason })
            }
            Change::Unknown(attempt, why) => {
                self.shift(attempt, Status::Unknown);
                // Kept open: a callback may still settle it.
                let page = self.pages.get(&attempt)?;
                Some(ended(page, Some(why), None, Images::default()))
            }
            Change::Done(attempt, images) => self.end(attempt, Status::Done, None, images, now),
            Change::Resend(attempt) => {
                self.shift(attempt, Status::Pending);
                let Page { id, task_id, .. } = self.pages.remove(&attempt)?;
                Some(RunEvent::Retrying { id, task_id, reason: AGAIN.to_owned() })
            }
            Change::Lost(attempt, why) => self.end(attempt, Status::Lost, Some(why), Images::default(), now),
        }
    }

    fn end(
        &mut self,
        attempt: AttemptKey,
        status: Status,
        reason: Option<String>,
        images: Images,
        now: Duration,
    ) -> Option<RunEvent> {
        self.shift(attempt, status);
        let page = self.pages.remove(&attempt)?;
        let took =
            (page.since > Duration::ZERO && page.task_id.is_some()).then(|| now.saturating_sub(page.since));
        Some(ended(&page, reason, took, images))
    }

    fn shift(&mut self, attempt: AttemptKey, to: Status) {
        if let Some(page) = self.pages.get_mut(&attempt) {
            if page.listed {
                self.counts.shift(page.status, to);
            }
            page.status = to;
        }
    }
}

fn ended(page: &Page, reason: Option<String>, took: Option<Duration>, images: Images) -> RunEvent {
    let (id, status, task_id) = (page.id.clone(), page.status, page.task_id.clone());
    RunEvent::Ended { id, status, task_id, reason, took, images }
}
