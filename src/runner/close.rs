//! The end of a run: the results and the last word.

use super::Outcome;
use super::results::{Written, write_results};
use super::shell::Shell;
use crate::engine::Ending;
use crate::progress::{Cost, Notice, RunEvent, StopReason, Summary};
use crate::store::StoreError;
use crate::task::Status;

impl Shell {
    /// The results and the last word.
    pub(super) async fn close(mut self) -> Result<Outcome, StoreError> {
        let ending = self.engine.over().cloned().unwrap_or(Ending::Finished);
        // A state that cannot be written any more says so already; its last row is no loss.
        let _ = self.ledger.end(word(&ending)).await;
        let (state, path, run) = (self.ledger.path().to_owned(), self.run.results.clone(), self.ledger.run());
        let written =
            tokio::task::spawn_blocking(move || write_results(&state, &path, false, Some(run), true));
        let written = written.await.unwrap_or(Err(StoreError::WriterGone))?;
        if let (Ok(path), Some(why)) = (&written.to, &written.beside) {
            self.notice(Notice::ResultsBeside { path: path.clone(), why: why.clone() });
        }
        if let Err(why) = &written.to {
            self.notice(Notice::ResultsNotWritten { why: why.clone() });
        }
        let Written { counts, troubles, spent, to, .. } = written;
        let left = counts.of(Status::Pending) + counts.of(Status::Running);
        let left_running = self.book.running();
        let summary = Summary {
            batch: self.run.batch.clone(),
            counts,
            took: self.clock.now(),
            stop: self.stop_reason(&ending),
            troubles,
            cost: spent.map(|(run, batch)| Cost { run, batch }),
            left_running,
            results: to.as_ref().ok().cloned(),
            state: self.ledger.path().to_owned(),
            hint: self.run.hint.clone(),
            next: (left + left_running > 0).then(|| self.run.next.clone()),
        };
        self.show(RunEvent::Finished(Box::new(summary)));
        Ok(Outcome { ending, counts, signal: self.signal, results_written: to.is_ok() })
    }

    fn stop_reason(&self, ending: &Ending) -> StopReason {
        match ending {
            Ending::Finished if self.nothing_to_do => StopReason::NothingToDo,
            Ending::Finished => StopReason::Finished,
            Ending::Limit => StopReason::LimitReached { limit: self.run.policy.limit.unwrap_or(0) },
            Ending::Interrupted => StopReason::Interrupted,
            Ending::KeyRefused(words) => StopReason::KeyRefused { words: words.clone() },
            Ending::QuotaGone => StopReason::QuotaGone,
            Ending::Unreachable(why) => StopReason::Unreachable { why: why.clone() },
            Ending::StoreFailed => StopReason::StateNotWritten,
        }
    }
}

/// The word of an ending in the state.
fn word(ending: &Ending) -> &'static str {
    match ending {
        Ending::Finished => "finished",
        Ending::Limit => "limit_reached",
        Ending::Interrupted => "interrupted",
        Ending::KeyRefused(_) => "key_refused",
        Ending::QuotaGone => "quota_gone",
        Ending::Unreachable(_) => "unreachable",
        Ending::StoreFailed => "state_not_written",
    }
}
