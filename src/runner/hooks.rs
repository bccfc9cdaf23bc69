//! Joins the hooks with the state: which deliveries are pending, what each says, and what is
//! recorded of it.

use crate::hooks::{
    DeliveryResult, DeliveryTrigger, HookMessage, HookRunner, LoadedDelivery, MessageContext, Outbox,
};
use crate::manifest::TableFormat;
use crate::output::{Layout, jsonl};
use crate::store::{BatchStore, DeliveryKey, Header, Payload, StoreError};
use crate::task::{AttemptKey, Record};

/// The pending deliveries of a batch, as its state keeps them.
#[derive(Debug)]
pub(super) struct StateOutbox {
    pub(super) store: BatchStore,
    pub(super) is_sandbox: bool,
}

impl Outbox for StateOutbox {
    type Key = DeliveryKey;

    fn load(&self, due: DeliveryTrigger<DeliveryKey>) -> Result<Option<LoadedDelivery<DeliveryKey>>, String> {
        self.read(due).map_err(|e| e.to_string())
    }
}

impl StateOutbox {
    /// The deliveries that were left by earlier runs, with the attempts they are about, the oldest
    /// first.
    pub(super) fn pending(&self) -> Result<Vec<(DeliveryKey, Option<AttemptKey>)>, StoreError> {
        self.store.snapshot()?.pending_deliveries()
    }

    fn read(
        &self,
        due: DeliveryTrigger<DeliveryKey>,
    ) -> Result<Option<LoadedDelivery<DeliveryKey>>, StoreError> {
        let snapshot = self.store.snapshot()?;
        let header = snapshot.header()?;
        let key = match due {
            DeliveryTrigger::Delivery(key) => Some(key),
            DeliveryTrigger::Attempt(attempt) => snapshot.pending_of(attempt)?,
            DeliveryTrigger::Run(run) => snapshot.pending_of_run(run)?,
        };
        let Some(key) = key else { return Ok(None) };
        let Some(pending) = snapshot.delivery(key)? else { return Ok(None) };
        let context = MessageContext { batch: &header.batch, is_sandbox: self.is_sandbox };
        let id = pending.id;
        let (task, message) = match pending.payload {
            Payload::Task { record, status, files } => {
                let base_dir = self.store.location().absolute().base_dir();
                let files: Vec<_> = files.iter().map(|(_, path)| base_dir.join(path)).collect();
                let object = task_object(&header, &record);
                let message = HookMessage::of_task(id, &context, &record, status, object, &files);
                (Some(record.task.id), message)
            }
            Payload::Run(summary) => (None, HookMessage::of_run(id, &context, &summary)),
        };
        Ok(Some(LoadedDelivery { key, task, message }))
    }
}

/// A task's object, as in JSON lines of results.
fn task_object(header: &Header, record: &Record) -> serde_json::Value {
    let shape = &TableFormat::default();
    let Header { columns, added, letters, .. } = header;
    let (letters, batch) = (letters.as_deref(), "");
    jsonl::object(&Layout { columns, max_images: 0, run_lives: true, batch, letters, added, shape }, record)
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
        let letters = Some("kqzmwtpa".to_owned());
        let header = Header { columns: vec!["sku".to_owned()], letters, ..Header::default() };
        let object = task_object(&header, &record);
        let message = HookMessage::of_task("d1".into(), &context, &record, Status::Done, object, &files);
        insta::assert_snapshot!(message.body, @r#"{"event":"done","delivery":"d1","batch":"Spring","rehearsal":false,"text":"Spring: mug is done, 1 image","task":{"id":"mug","status":"done","mode":"fast","prompt":"a mug, soft light --ar 16:9","vars":{"sku":"A-1"},"task_id":"T-mug","reason":null,"grid":"https://cdn/mug.png","images":["https://cdn/mug_1.png"],"attempts":1,"quota":1.5,"submitted_at":"2026-03-01T09:00:00Z","finished_at":"2026-03-01T09:01:02Z","added":{},"action":null,"pick":[],"ref":"kqzmwtpa-t12-a1"},"files":["/shop/images/mug-1.png"]}"#);
    }
}
