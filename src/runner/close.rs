//! The end of a run: the results and the last word.

use std::path::PathBuf;

use futures::stream::StreamExt as _;

use super::hooks::next_delivery;
use super::results::{Flush, ResultsReport, ResultsSource, write_results};
use super::shell::Shell;
use super::shutdown::Shutdown;
use super::{Outcome, Terms};
use crate::download::Downloads;
use crate::engine::StopReason;
use crate::hooks::{DeliveryStats, HookRunner};
use crate::progress::{FailureGroups, Notice, QuotaSpent, RunEvent, StopSummary, Summary, summary_as_json};
use crate::store::{StateLocation, StoreError, WriteError};
use crate::task::{Status, TaskRow};

impl Shell {
    /// The results and the last word.
    pub(super) async fn close(mut self, mut stop: Shutdown) -> Result<Outcome, StoreError> {
        let ending = self.engine.over().cloned().unwrap_or(StopReason::Finished);
        let has_on_finish = self.hooks.as_ref().is_some_and(HookRunner::has_on_finish);
        // What is known already is delivered even if this process dies from here on.
        let so_far =
            has_on_finish.then(|| to_deliver(self.summary(&ending, self.so_far()), self.writer.location()));
        // A state that cannot be written any more says so already; its last row is no loss.
        if let Ok(Err(why @ WriteError::Gone(_))) = self.writer.end(ending.as_str(), so_far).await {
            self.say_not_written(&why);
        }
        let written = self.write_results().await?;
        let results_written = written.failed.is_empty();
        let written = self.report_files(written);
        let counts = written.counts;
        let summary = self.summary(&ending, written);
        if has_on_finish && ending != StopReason::StoreFailed {
            self.run_on_finish(&summary, &mut stop).await;
        }
        if let Some(stats) = self.hooks.as_ref().and_then(HookRunner::stats) {
            let DeliveryStats { delivered, left, first_failed } = stats;
            self.notice(Notice::Deliveries { delivered, pending: left, first_failed });
        }
        self.show(RunEvent::Finished(Box::new(summary)));
        Ok(Outcome { stop_reason: ending, counts, signal: self.signal, results_written })
    }

    fn write_results(&self) -> impl Future<Output = Result<ResultsReport, StoreError>> + Send + use<> {
        let (source, config, run) =
            (ResultsSource::of_run(&self.writer), self.run.results.clone(), self.writer.run());
        let written =
            tokio::task::spawn_blocking(move || write_results(&source, &config, Some(run), Flush::Final));
        async move { written.await.unwrap_or(Err(StoreError::WriterGone)) }
    }

    /// Reports files that were written elsewhere or with limits. Returns the rest of the report.
    fn report_files(&mut self, mut written: ResultsReport) -> ResultsReport {
        for (path, why) in written.beside.drain(..) {
            self.notice(Notice::ResultsMoved { path, why });
        }
        for (path, what) in written.notes.drain(..) {
            self.notice(Notice::ResultsLimited { path, what });
        }
        for why in written.failed.drain(..) {
            self.notice(Notice::ResultsNotWritten { why });
        }
        if let Some(notice) = self.downloads.as_ref().and_then(about_images) {
            self.notice(notice);
        }
        written
    }

    /// What is known of the results before they are written.
    fn so_far(&self) -> ResultsReport {
        ResultsReport {
            counts: self.view.counts(),
            troubles: FailureGroups::default(),
            spent: None,
            files: self.run.results.paths.clone(),
            failed: Vec::new(),
            beside: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn summary(&self, ending: &StopReason, written: ResultsReport) -> Summary {
        let ResultsReport { counts, troubles, spent, files, .. } = written;
        let stop = self.stop_summary(ending, counts.of(Status::Pending));
        let left = counts.of(Status::Pending) + counts.of(Status::Running);
        let left_running = self.view.running();
        Summary {
            batch: self.run.batch.clone(),
            counts,
            took: self.clock.now(),
            next: (left + left_running > 0).then(|| self.next(&stop)),
            resolve: self.run.terms.resolve.clone().filter(|_| counts.of(Status::Unknown) > 0),
            stop,
            failures: troubles,
            cost: spent.map(|(run, batch)| QuotaSpent { run, batch }),
            left_running,
            results: files,
            state: self.writer.location().to_string(),
            hint: self.run.hint.clone(),
        }
    }

    /// Runs `on_finish`. One more request to stop, after the first, leaves it to the next run.
    async fn run_on_finish(&mut self, summary: &Summary, stop: &mut Shutdown) {
        let _ = self.writer.summarize(to_deliver(summary.clone(), self.writer.location())).await;
        let run = self.writer.run();
        if let Some(hooks) = &mut self.hooks {
            hooks.add_run(run);
        }
        while !self.writes.is_empty() || self.is_delivering() {
            tokio::select! {
                Some(happened) = self.writes.next() => self.handle_completion(happened),
                result = next_delivery(&mut self.hooks) => self.on_delivery(result),
                signal = stop.next() => self.on_signal(signal),
            }
        }
    }

    fn next(&self, stop: &StopSummary) -> String {
        let Terms { next_without, .. } = &self.run.terms;
        let chosen = matches!(
            stop.reason,
            StopReason::SelectionDone | StopReason::PilotDone | StopReason::DecisionsDone
        );
        next_without.as_ref().filter(|_| chosen).unwrap_or(&self.run.next).clone()
    }

    /// The reason with the facts of its sentence. Where nothing is left, the selection of the run
    /// decides it.
    fn stop_summary(&self, reason: &StopReason, left: u64) -> StopSummary {
        let reason = match reason {
            StopReason::Finished if self.nothing_to_do => StopReason::NothingToDo,
            StopReason::Finished if self.not_selected > 0 && self.run.terms.decisions => {
                StopReason::DecisionsDone
            }
            StopReason::Finished if self.not_selected > 0 && self.run.terms.pilot => StopReason::PilotDone,
            StopReason::Finished if self.not_selected > 0 => StopReason::SelectionDone,
            reason => reason.clone(),
        };
        let shared =
            if let StopReason::Breaker(tasks) = &reason { self.common_values(tasks) } else { Vec::new() };
        StopSummary {
            reason,
            left,
            limit: self.run.policy.limit.unwrap_or(0),
            budget: self.run.terms.budget.clone().unwrap_or_default(),
            after: self.run.policy.max_duration.unwrap_or_default(),
            shared,
        }
    }

    /// What tasks have in common; nothing where that cannot be read.
    fn common_values(&self, tasks: &[TaskRow]) -> Vec<(String, String)> {
        let shared = || {
            let snapshot = self.writer.reader().snapshot()?;
            snapshot.common_values(&snapshot.header()?, tasks)
        };
        shared().unwrap_or_default()
    }
}

/// The summary for `on_finish`, with absolute paths: its receiver may be in another folder.
fn to_deliver(summary: Summary, location: &StateLocation) -> String {
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let results = summary.results.iter().map(absolute).collect();
    summary_as_json(&Summary { results, state: location.absolute().to_string(), ..summary }).to_string()
}

/// What became of the images in this run, if anything.
fn about_images(downloads: &Downloads) -> Option<Notice> {
    let stats = downloads.stats;
    (stats.downloaded + stats.failed > 0).then(|| Notice::Downloads {
        downloaded: stats.downloaded,
        failed: stats.failed,
        folder: downloads.folder().to_owned(),
        first_failed: downloads.first_failed.clone().map(|image| (image.id, image.n, image.why)),
    })
}
