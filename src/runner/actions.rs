//! What goes out: each action of the engine is carried out here, and brings back a [`Completion`].
//!
//! A submit leaves only for an intent that the store has recorded; the writes that are under way
//! are never dropped.

use futures::future::FutureExt;
use tracing::{debug, trace};

use super::shell::{Completion, Shell};
use crate::api::SubmitRequest;
use crate::engine::{Action, EngineNotice, IntentId, StatusOutcome, StopReason, SubmitOutcome};
use crate::failpoint::{Point, reach};
use crate::progress::Notice;
use crate::store::{Intent, Outgoing, WriteError};
use crate::task::{AttemptKey, Mode, TaskRow};

impl Shell {
    pub(super) fn execute(&mut self, action: Action) {
        trace!(?action, "the engine decided");
        match action {
            Action::RecordIntent(intent, task, mode) => self.intend(intent, task, mode),
            Action::ClaimTasks(count) => {
                let claimed = self.writer.claim(count);
                let claiming = async move { Completion::Claimed(claimed.await.unwrap_or_else(gone)) };
                self.writes.push(claiming.boxed());
            }
            Action::Submit(attempt, _) => self.submit(attempt),
            Action::PollStatus(ids) => {
                let client = self.client.clone();
                let asking = async move {
                    let outcome = match reach(Point::StatusLeaves) {
                        Ok(()) => client.status(&ids).await,
                        Err(e) => StatusOutcome::Unreadable(e.to_string()),
                    };
                    Completion::StatusReply(ids, outcome)
                };
                self.requests.push(asking.boxed());
            }
            Action::Record(change) => {
                let written = self.writer.record(change.clone());
                let recording =
                    async move { Completion::Recorded(change, written.await.unwrap_or_else(gone)) };
                self.writes.push(recording.boxed());
            }
            Action::Notify(said) => self.show_notice(said),
        }
    }

    fn intend(&mut self, intent: IntentId, task: TaskRow, mode: Mode) {
        let token = self.run.webhook.as_ref().and_then(|_| new_token());
        let written = self.writer.intend(Intent { task, mode, hook_token: token.clone() });
        let intending =
            async move { Completion::Intended(intent, token, written.await.unwrap_or_else(gone)) };
        self.writes.push(intending.boxed());
    }

    fn submit(&mut self, attempt: AttemptKey) {
        let Some((outgoing, token)) = self.outgoing.remove(&attempt) else { return };
        let Outgoing { prompt, mode, timeout, hook_url, .. } = outgoing;
        // A receiver of the person's own goes before ours: its task is then followed by asking
        // alone.
        let hook_url = hook_url.or_else(|| match (&self.run.webhook, token) {
            (Some((_, url)), Some(token)) => Some(format!("{}/{token}", url.trim_end_matches('/'))),
            _ => None,
        });
        debug!(attempt = attempt.0, "submit leaves: its intent is durable");
        let request = SubmitRequest { prompt, mode: mode.as_str(), hook_url, timeout };
        let client = self.client.clone();
        let submitting = async move {
            if let Err(e) = reach(Point::SubmitLeaves) {
                return Completion::Replied(attempt, SubmitOutcome::NotSent(e.to_string()));
            }
            let outcome = client.submit(&request).await;
            let lost = |e: std::io::Error| SubmitOutcome::Unknown(e.to_string());
            Completion::Replied(attempt, reach(Point::SubmitAnswered).map_or_else(lost, |()| outcome))
        };
        self.requests.push(submitting.boxed());
    }

    fn show_notice(&mut self, said: EngineNotice) {
        debug!(?said, "the engine gives notice");
        let running = self.view.running();
        let notice = match said {
            EngineNotice::FewerSlots(slots) => {
                Notice::SlotsLearned { slots, asked: self.run.policy.concurrency }
            }
            EngineNotice::SlowedDown(wait) => {
                Notice::BackingOff { wait, why: "the service asks for fewer requests (HTTP 429)".into() }
            }
            EngineNotice::Outage(since, why) => Notice::Unreachable { since, why },
            EngineNotice::Recovered(after) => Notice::Reachable { after },
            EngineNotice::Draining(StopReason::Interrupted) => Notice::Stopping { running },
            EngineNotice::Draining(StopReason::QuotaGone) => Notice::QuotaGone { running },
            EngineNotice::Draining(StopReason::BudgetReached) => {
                Notice::BudgetReached { left: self.engine.waiting() as u64, running }
            }
            EngineNotice::Draining(StopReason::TimeOver) => {
                Notice::TimeOver { running, drain: self.run.policy.drain }
            }
            EngineNotice::Draining(StopReason::Breaker(tasks)) => {
                Notice::Breaker { in_a_row: tasks.len() as u64, running }
            }
            EngineNotice::WillBeLate(tasks) => Notice::WillBeLate {
                tasks,
                deadline: self.run.terms.deadline.clone().unwrap_or_else(|| "the deadline".into()),
            },
            EngineNotice::DeadlineOver(left) => Notice::DeadlineOver { left },
            EngineNotice::LateImages(attempt) => Notice::LateImages { id: self.view.id(attempt) },
            EngineNotice::Draining(_) => return, // the summary says it
        };
        self.notice(notice);
    }
}

fn gone<T>(_: tokio::sync::oneshot::error::RecvError) -> Result<T, WriteError> {
    Err(WriteError::WriterGone)
}

/// 128 bits that nobody can guess. `None` where the system has no randomness: then no callback is
/// asked for.
fn new_token() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
