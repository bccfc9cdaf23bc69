//! Joins the hooks with the state: which deliveries are pending, what each says, and what is recorded of it.

use futures::future::FutureExt as _;

use super::shell::{Happened, Shell};
use crate::download::Downloads;
use crate::engine::Ending;
use crate::hooks::{DeliveryResult, Due, HookMessage, HookRunner, LoadedDelivery, MessageContext, Outbox};
use crate::manifest::TableFormat;
use crate::output::{Layout, jsonl};
use crate::progress::Notice;
use crate::store::{About, BatchStore, Delivery, DeliveryKey, StoreError};
use crate::task::{AttemptKey, Change, ChangeKind, Record};

/// The pending deliveries of a batch, as its state keeps them.
#[derive(Debug)]
pub(super) struct StateOutbox {
    pub(super) store: BatchStore,
    pub(super) is_sandbox: bool,
}

impl Outbox for StateOutbox {
    type Key = DeliveryKey;

    fn load(&self, due: Due<DeliveryKey>) -> Result<Option<LoadedDelivery<DeliveryKey>>, String> {
        self.read(due).map_err(|e| e.to_string())
    }
}

impl StateOutbox {
    fn pending(&self) -> Result<Vec<(DeliveryKey, Option<AttemptKey>)>, StoreError> {
        self.store.snapshot()?.due()
    }

    fn read(&self, due: Due<DeliveryKey>) -> Result<Option<LoadedDelivery<DeliveryKey>>, StoreError> {
        let snapshot = self.store.snapshot()?;
        let header = snapshot.header()?;
        let key = match due {
            Due::Delivery(key) => Some(key),
            Due::Attempt(attempt) => snapshot.due_of(attempt)?,
            Due::Run(run) => snapshot.due_of_run(run)?,
        };
        let Some(key) = key else { return Ok(None) };
        let Some(pending) = snapshot.delivery(key)? else { return Ok(None) };
        let context = MessageContext { batch: &header.batch, is_sandbox: self.is_sandbox };
        let id = pending.id;
        let (task, message) = match pending.about {
            About::Task { record, status, files } => {
                let base_dir = self.store.location().absolute().base_dir();
                let files: Vec<_> = files.iter().map(|(_, path)| base_dir.join(path)).collect();
                let object = task_object(&header.columns, &record);
                let message = HookMessage::of_task(id, &context, &record, status, object, &files);
                (Some(record.task.id), message)
            }
            About::Run(summary) => (None, HookMessage::of_run(id, &context, &summary)),
        };
        Ok(Some(LoadedDelivery { key, task, message }))
    }
}

/// A task's object, as in JSON lines of results.
fn task_object(columns: &[String], record: &Record) -> serde_json::Value {
    let shape = TableFormat::default();
    jsonl::object(&Layout { columns, max_images: 0, run_lives: true, batch: "", shape: &shape }, record)
}

impl Shell {
    /// Queues the deliveries that earlier runs left. One about images that are queued for download waits for them.
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
            Some(Ending::StoreFailed) => hooks.abort(),
            Some(_) if self.signal.is_some() => hooks.finish_soon(),
            _ => {}
        }
        hooks.is_busy(self.engine.over().is_some())
    }

    /// Records what became of a delivery.
    pub(super) fn on_delivery(&mut self, result: Option<DeliveryResult<DeliveryKey>>) {
        let Some(DeliveryResult { key, tries, error, .. }) = result else { return };
        let written = self.ledger.record_delivery(Delivery { key, tries, error });
        self.writes.push(written.map(|_| Happened::Filed(None)).boxed());
    }
}

pub(super) async fn next_delivery(
    hooks: &mut Option<HookRunner<StateOutbox>>,
) -> Option<DeliveryResult<DeliveryKey>> {
    match hooks {
        Some(hooks) => hooks.next().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::output::tests::done;
    use crate::task::Status;

    #[test]
    fn the_message_of_a_task_has_all_that_its_line_in_the_results_has() {
        let context = MessageContext { batch: "Spring", is_sandbox: false };
        let (record, files) = (done("mug", &["A-1"], 1), [PathBuf::from("/shop/images/mug-1.png")]);
        let object = task_object(&["sku".to_owned()], &record);
        let message = HookMessage::of_task("d1".into(), &context, &record, Status::Done, object, &files);
        insta::assert_snapshot!(message.body, @r#"{"event":"done","delivery":"d1","batch":"Spring","rehearsal":false,"text":"Spring: mug is done, 1 image","task":{"id":"mug","status":"done","mode":"fast","prompt":"a mug, soft light --ar 16:9","vars":{"sku":"A-1"},"task_id":"T-mug","reason":null,"grid":"https://cdn/mug.png","images":["https://cdn/mug_1.png"],"attempts":1,"quota":1.5,"submitted_at":"2026-03-01T09:00:00Z","finished_at":"2026-03-01T09:01:02Z"},"files":["/shop/images/mug-1.png"]}"#);
    }
}
