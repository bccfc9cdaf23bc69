//! What goes out as JSON: the envelope, and the items of status replies and callbacks, in every shape that is asked for.

use serde_json::{Map, Value, json};

use super::faults::{Fault, Faults};
use super::jobs::{Books, Stand};
use super::picture::SINGLES;
use super::task_id::Ticket;
use crate::task::Mode;

/// How items and envelopes are shaped.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) faults: Faults,
    /// The address that pictures' addresses begin with, without a slash at the end.
    pub(super) pictures: String,
    pub(super) picture_side: u32,
}

impl Shape {
    pub(super) fn envelope(&self, code: i64, message: &str, data: Option<Value>) -> Value {
        let mut envelope = Map::new();
        envelope.insert("status".into(), code.into());
        if let Some(data) = data {
            envelope.insert("data".into(), data);
        }
        envelope.insert("message".into(), message.into());
        if self.faults.is_on(Fault::ItemNewFields) {
            envelope.insert("requestId".into(), "req-1".into());
            envelope.insert("trace".into(), json!({"region": "nowhere", "hops": [1, 2]}));
        }
        Value::Object(envelope)
    }

    /// The item of a job at a Unix time in milliseconds; `None` if nobody knows of the job.
    pub(super) fn item(&self, books: &Books, task_id: &str, now: u64) -> Option<Map<String, Value>> {
        let (ticket, prompt) = books.look_up(task_id)?;
        Some(self.item_of(task_id, &ticket, prompt, ticket.stand(now)?))
    }

    fn item_of(
        &self,
        task_id: &str,
        ticket: &Ticket,
        prompt: Option<&str>,
        stand: Stand,
    ) -> Map<String, Value> {
        let mut item = Map::new();
        item.insert("taskId".into(), task_id.into());
        let status: i64 = match stand {
            Stand::Running => 0,
            Stand::Done => 1,
            Stand::Failed(_) => 2,
        };
        let strings = self.faults.is_on(Fault::StatusStrings);
        item.insert("status".into(), if strings { status.to_string().into() } else { status.into() });
        let (image, images) = match stand {
            Stand::Done => self.pictures_of(task_id),
            _ => ("".into(), Vec::new()),
        };
        item.insert("image".into(), image);
        item.insert("images".into(), images.into());
        if let Some(prompt) = prompt {
            item.insert("prompt".into(), prompt.into());
            item.insert("mjPrompt".into(), as_run(prompt).into());
        }
        let reason = if let Stand::Failed(reason) = stand { reason } else { "" };
        item.insert("failReason".into(), reason.into());
        if !self.faults.is_on(Fault::ItemBare) {
            let (width, height) = ticket.aspect.size(self.picture_side);
            let skew = self.faults.millis(Fault::ItemSkew).unwrap_or(0);
            item.insert("jobId".into(), job_id(task_id).into());
            item.insert("createdAt".into(), ticket.accepted_at.saturating_add_signed(skew).into());
            item.insert("meta".into(), json!({"width": width, "height": height}));
        }
        if self.faults.is_on(Fault::ItemNewFields) {
            item.insert("progress".into(), 42.into());
            item.insert(
                "queue".into(),
                json!({"name": ticket.mode.as_str(), "fast": ticket.mode == Mode::Fast}),
            );
        }
        item
    }

    /// `image` and `images`.
    fn pictures_of(&self, task_id: &str) -> (Value, Vec<Value>) {
        let extension = match self.faults.choice(Fault::ImageType) {
            "jpeg-name" => ".jpg",
            "no-name" => "",
            _ => ".png",
        };
        let url = |name: &str| Value::from(format!("{}/images/{task_id}/{name}{extension}", self.pictures));
        let four = (1..=SINGLES).map(|n| url(&n.to_string()));
        match self.faults.choice(Fault::ItemImages) {
            "objects" => (url("grid"), four.map(|url| json!({"url": url})).collect()),
            "with-grid" => (url("grid"), std::iter::once(url("grid")).chain(four).collect()),
            "grid-only" => (url("grid"), Vec::new()),
            "singles-only" => ("".into(), four.collect()),
            "none" => ("".into(), Vec::new()),
            _ => (url("grid"), four.collect()),
        }
    }

    /// The items of a status reply, with all that may happen to each of them.
    pub(super) fn items(&self, books: &mut Books, task_ids: &[String], now: u64) -> Vec<Value> {
        let mut items = Vec::with_capacity(task_ids.len());
        for task_id in task_ids {
            let Some((ticket, prompt)) = books.look_up(task_id) else { continue };
            let (prompt, serial) = (prompt.map(str::to_owned), u64::from(ticket.serial));
            let Some(mut stand) = ticket.stand(now) else { continue };
            let number = books.next_item();
            if books.strikes(Fault::StatusOmit, number) {
                continue;
            }
            if stand != Stand::Running && books.strikes(Fault::StatusStale, number) {
                stand = Stand::Running;
            }
            let mut item = self.item_of(task_id, &ticket, prompt.as_deref(), stand);
            let done = stand == Stand::Done;
            if done
                && (books.strikes(Fault::StatusNoUrls, serial)
                    || books.strikes(Fault::StatusNoUrlsYet, number))
            {
                item.insert("image".into(), "".into());
                item.insert("images".into(), Value::Array(Vec::new()));
            }
            if books.strikes(Fault::StatusOdd, number) {
                let odd = [json!(3), json!("processing"), Value::Null, json!(-1), json!(1.5)];
                item.insert("status".into(), odd[number as usize % odd.len()].clone());
            }
            if books.strikes(Fault::StatusRepeat, number) {
                items.push(Value::Object(item.clone()));
            }
            items.push(Value::Object(item));
        }
        if self.faults.is_on(Fault::StatusShuffle) {
            // Neither the order asked for nor its reverse, and the same each time.
            items.sort_by_cached_key(|item| *blake3::hash(item["taskId"].to_string().as_bytes()).as_bytes());
        }
        items
    }
}

/// A prompt as the service would have run it: with the version that it assumed.
fn as_run(prompt: &str) -> String {
    let named = ["--v ", "--version ", "--niji"].iter().any(|flag| prompt.contains(flag));
    if named { prompt.to_owned() } else { format!("{prompt} --v 7") }
}

/// Looks like a UUID.
fn job_id(task_id: &str) -> String {
    let hex = blake3::hash(task_id.as_bytes()).to_hex();
    [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| hex[part].to_owned()).join("-")
}
