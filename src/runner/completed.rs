//! What follows the end of a task: its images are downloaded, and hooks are run.
//!
//! Both go on beside the run and never change what a task is. What they leave undone is in the
//! state for the next run.

use futures::future::FutureExt as _;

use super::downloads::{attempts_with_images, file_row};
use super::shell::{Completion, Shell};
use crate::download::{DownloadOutcome, Downloads};
use crate::engine::StopReason;
use crate::hooks::DeliveryResult;
use crate::progress::Notice;
use crate::store::{BatchStore, Delivery, DeliveryKey};
use crate::task::{Change, ChangeKind};

impl Shell {
    /// Queues the images of all that is done, so that those that are missing are downloaded.
    pub(super) fn queue_known_images(&mut self) {
        let Some(downloads) = &mut self.downloads else { return };
        match attempts_with_images(&BatchStore::at(self.writer.location().clone())) {
            Ok(attempts) => downloads.add(attempts),
            Err(why) => self.notice(Notice::DownloadsNotLoaded { why: why.to_string() }),
        }
    }

    /// Whether images are still being downloaded that the run waits for.
    pub(super) fn is_downloading(&mut self) -> bool {
        let Some(downloads) = &mut self.downloads else { return false };
        match self.engine.over() {
            Some(StopReason::StoreFailed) => downloads.abort(),
            Some(_) if self.signal.is_some() => downloads.finish_soon(),
            _ => {}
        }
        downloads.is_busy()
    }

    /// Records where images are. A task stays done, whatever became of its images.
    pub(super) fn on_images(&mut self, outcome: DownloadOutcome) {
        let Some(attempt) = outcome.attempt else { return };
        let rows = outcome.rows.into_iter().map(|row| file_row(attempt, row));
        let written: Vec<_> = rows.map(|row| self.writer.record_file(row)).collect();
        let filing = async move {
            futures::future::join_all(written).await;
            Completion::ImageRecorded(attempt)
        };
        self.writes.push(filing.boxed());
    }

    /// Queues the deliveries that earlier runs left. One about images that are queued for download
    /// waits for them.
    pub(super) fn load_due_deliveries(&mut self) {
        let Some(hooks) = &mut self.hooks else { return };
        let held = self.downloads.as_ref().map(Downloads::queued).unwrap_or_default();
        match hooks.outbox().pending() {
            Ok(pending) => {
                for (key, attempt) in pending {
                    hooks.add_pending(key, attempt, attempt.is_some_and(|attempt| held.contains(&attempt)));
                }
            }
            Err(why) => self.notice(Notice::DeliveriesNotLoaded { why: why.to_string() }),
        }
    }

    /// A task's end is durable: its images are downloaded, and the hook is run.
    pub(super) fn on_terminal(&mut self, change: &Change) {
        let attempt = change.attempt;
        let has_images = match change.kind {
            ChangeKind::Done(_) => true,
            ChangeKind::Failed(_) | ChangeKind::Refused(_) | ChangeKind::Lost(_) => false,
            _ => return,
        };
        if let Some(downloads) = self.downloads.as_mut().filter(|_| has_images) {
            downloads.add([attempt]);
        }
        if let Some(hooks) = &mut self.hooks {
            hooks.add(attempt, has_images && self.downloads.is_some());
        }
    }

    /// Whether there are still deliveries that the run waits for.
    pub(super) fn is_delivering(&mut self) -> bool {
        let Some(hooks) = &mut self.hooks else { return false };
        match self.engine.over() {
            Some(StopReason::StoreFailed) => hooks.abort(),
            Some(_) if self.signal.is_some() => hooks.finish_soon(),
            _ => {}
        }
        hooks.is_busy(self.engine.over().is_some())
    }

    /// Records what became of a delivery.
    pub(super) fn on_delivery(&mut self, result: Option<DeliveryResult<DeliveryKey>>) {
        let Some(DeliveryResult { key, tries, error, .. }) = result else { return };
        let written = self.writer.record_delivery(Delivery { key, tries, error });
        self.writes.push(written.map(|_| Completion::DeliveryRecorded).boxed());
    }
}
