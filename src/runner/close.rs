//! The end of a run: the results and the last word.

use super::downloads::Downloads;
use super::results::{When, Written, write_results};
use super::shell::Shell;
use super::{Outcome, Terms};
use crate::engine::{Ending, TaskKey};
use crate::progress::{Cost, Notice, RunEvent, StopReason, Summary};
use crate::store::{Reader, StoreError};
use crate::task::Status;

impl Shell {
    /// The results and the last word.
    pub(super) async fn close(mut self) -> Result<Outcome, StoreError> {
        let ending = self.engine.over().cloned().unwrap_or(Ending::Finished);
        // A state that cannot be written any more says so already; its last row is no loss.
        let _ = self.ledger.end(word(&ending)).await;
        let (state, wanted, run) =
            (self.ledger.path().to_owned(), self.run.results.clone(), self.ledger.run());
        let written = tokio::task::spawn_blocking(move || {
            write_results(&state, &wanted, false, Some(run), When::AtTheEnd)
        });
        let written = written.await.unwrap_or(Err(StoreError::WriterGone))?;
        let Written { counts, troubles, spent, files, failed, beside, notes } = written;
        for (path, why) in beside {
            self.notice(Notice::ResultsBeside { path, why });
        }
        for (path, what) in notes {
            self.notice(Notice::OfResults { path, what });
        }
        let results_written = failed.is_empty();
        for why in failed {
            self.notice(Notice::ResultsNotWritten { why });
        }
        if let Some(notice) = self.downloads.as_ref().and_then(about_pictures) {
            self.notice(notice);
        }
        let stop = self.stop_reason(&ending, counts.of(Status::Pending));
        let left = counts.of(Status::Pending) + counts.of(Status::Running);
        let left_running = self.book.running();
        let summary = Summary {
            batch: self.run.batch.clone(),
            counts,
            took: self.clock.now(),
            next: (left + left_running > 0).then(|| self.next(&stop)),
            resolve: self.run.terms.resolve.clone().filter(|_| counts.of(Status::Unknown) > 0),
            stop,
            troubles,
            cost: spent.map(|(run, batch)| Cost { run, batch }),
            left_running,
            results: files,
            state: self.ledger.path().to_owned(),
            hint: self.run.hint.clone(),
        };
        self.show(RunEvent::Finished(Box::new(summary)));
        Ok(Outcome { ending, counts, signal: self.signal, results_written })
    }

    fn next(&self, stop: &StopReason) -> String {
        let Terms { next_without, .. } = &self.run.terms;
        let chosen = matches!(stop, StopReason::ChosenDone { .. } | StopReason::PilotDone { .. });
        next_without.as_ref().filter(|_| chosen).unwrap_or(&self.run.next).clone()
    }

    fn stop_reason(&self, ending: &Ending, left: u64) -> StopReason {
        match ending {
            Ending::Finished if self.nothing_to_do => StopReason::NothingToDo,
            Ending::Finished if self.held_back > 0 && self.run.terms.pilot => StopReason::PilotDone { left },
            Ending::Finished if self.held_back > 0 => StopReason::ChosenDone { left },
            Ending::Finished => StopReason::Finished,
            Ending::Limit => StopReason::LimitReached { limit: self.run.policy.limit.unwrap_or(0) },
            Ending::Budget => {
                StopReason::BudgetReached { budget: self.run.terms.budget.clone().unwrap_or_default(), left }
            }
            Ending::TimeOver => {
                StopReason::TimeOver { after: self.run.policy.max_duration.unwrap_or_default() }
            }
            Ending::NotAwaited => StopReason::NotAwaited,
            Ending::Breaker(tasks) => {
                StopReason::Breaker { in_a_row: tasks.len() as u64, shared: self.shared_by(tasks) }
            }
            Ending::Interrupted => StopReason::Interrupted,
            Ending::KeyRefused(words) => StopReason::KeyRefused { words: words.clone() },
            Ending::QuotaGone => StopReason::QuotaGone,
            Ending::Unreachable(why) => StopReason::Unreachable { why: why.clone() },
            Ending::StoreFailed => StopReason::StateNotWritten,
        }
    }

    /// What tasks have in common; nothing where that cannot be read.
    fn shared_by(&self, tasks: &[TaskKey]) -> Vec<(String, String)> {
        let shared = || {
            let reader = Reader::open(self.ledger.path())?;
            let header = reader.header()?.unwrap_or_default();
            reader.view()?.shared_by(&header, tasks)
        };
        shared().unwrap_or_default()
    }
}

/// What became of the pictures in this run, if anything.
fn about_pictures(downloads: &Downloads) -> Option<Notice> {
    let tally = downloads.tally;
    (tally.brought + tally.failed > 0).then(|| Notice::Pictures {
        brought: tally.brought,
        failed: tally.failed,
        folder: downloads.folder().to_owned(),
        first_failed: downloads.first_failed.as_ref().map(|(id, n, why)| (id.clone(), *n, why.clone())),
    })
}

/// The word of an ending in the state.
fn word(ending: &Ending) -> &'static str {
    match ending {
        Ending::Finished => "finished",
        Ending::Limit => "limit_reached",
        Ending::Budget => "budget_reached",
        Ending::TimeOver => "time_over",
        Ending::NotAwaited => "not_awaited",
        Ending::Breaker(_) => "breaker",
        Ending::Interrupted => "interrupted",
        Ending::KeyRefused(_) => "key_refused",
        Ending::QuotaGone => "quota_gone",
        Ending::Unreachable(_) => "unreachable",
        Ending::StoreFailed => "state_not_written",
    }
}
