//! The JSON of replies: the envelope, and the items of status replies and callbacks, in the shapes
//! that faults ask for.

use serde_json::{Map, Value, json};

use super::accounts::Accounts;
use super::drawing::SINGLES;
use super::encoded_id::EncodedId;
use super::faults::{SandboxFault, SandboxFaults};
use super::job::JobState;
use crate::task::Mode;

/// The settings that decide the shape of items and envelopes.
#[derive(Debug, Clone)]
pub(super) struct ReplyShape {
    pub(super) faults: SandboxFaults,
    /// The start of all image URLs, without a slash at the end.
    pub(super) image_base_url: String,
    pub(super) image_side: u32,
}

impl ReplyShape {
    /// Makes an envelope.
    pub(super) fn envelope(&self, code: i64, message: &str, data: Option<Value>) -> Value {
        let mut envelope = Map::new();
        envelope.insert("status".into(), code.into());
        if let Some(data) = data {
            envelope.insert("data".into(), data);
        }
        envelope.insert("message".into(), message.into());
        if self.faults.is_on(SandboxFault::ItemNewFields) {
            envelope.insert("requestId".into(), "req-1".into());
            envelope.insert("trace".into(), json!({"region": "nowhere", "hops": [1, 2]}));
        }
        Value::Object(envelope)
    }

    /// Makes the item of a job as of a Unix time in milliseconds. `None` if the job is unknown.
    pub(super) fn item(&self, accounts: &Accounts, task_id: &str, now: u64) -> Option<Map<String, Value>> {
        let (encoded, prompt) = accounts.look_up(task_id)?;
        Some(self.item_of(task_id, &encoded, prompt, encoded.state_at(now)?))
    }

    fn item_of(
        &self,
        task_id: &str,
        encoded: &EncodedId,
        prompt: Option<&str>,
        state: JobState,
    ) -> Map<String, Value> {
        let mut item = Map::new();
        item.insert("taskId".into(), task_id.into());
        let status: i64 = match state {
            JobState::Running => 0,
            JobState::Done => 1,
            JobState::Failed(_) => 2,
        };
        let strings = self.faults.is_on(SandboxFault::StatusStrings);
        item.insert("status".into(), if strings { status.to_string().into() } else { status.into() });
        let (image, images) = match state {
            JobState::Done => self.images_of(task_id),
            _ => ("".into(), Vec::new()),
        };
        item.insert("image".into(), image);
        item.insert("images".into(), images.into());
        if let Some(prompt) = prompt {
            item.insert("prompt".into(), prompt.into());
            item.insert("mjPrompt".into(), with_version(prompt).into());
        }
        let reason = if let JobState::Failed(reason) = state { reason } else { "" };
        item.insert("failReason".into(), reason.into());
        if !self.faults.is_on(SandboxFault::ItemBare) {
            let (width, height) = encoded.aspect.size(self.image_side);
            let skew = self.faults.millis(SandboxFault::ItemSkew).unwrap_or(0);
            item.insert("jobId".into(), job_id(task_id).into());
            item.insert("createdAt".into(), encoded.accepted_at.saturating_add_signed(skew).into());
            item.insert("meta".into(), json!({"width": width, "height": height}));
        }
        if self.faults.is_on(SandboxFault::ItemNewFields) {
            item.insert("progress".into(), 42.into());
            item.insert(
                "queue".into(),
                json!({"name": encoded.mode.as_str(), "fast": encoded.mode == Mode::Fast}),
            );
        }
        item
    }

    /// Makes the fields `image` and `images` of a job that is done.
    fn images_of(&self, task_id: &str) -> (Value, Vec<Value>) {
        let extension = match self.faults.choice(SandboxFault::ImageType) {
            "jpeg-name" => ".jpg",
            "no-name" => "",
            _ => ".png",
        };
        let url =
            |name: &str| Value::from(format!("{}/images/{task_id}/{name}{extension}", self.image_base_url));
        let four = (1..=SINGLES).map(|n| url(&n.to_string()));
        match self.faults.choice(SandboxFault::ItemImages) {
            "objects" => (url("grid"), four.map(|url| json!({"url": url})).collect()),
            "with-grid" => (url("grid"), std::iter::once(url("grid")).chain(four).collect()),
            "grid-only" => (url("grid"), Vec::new()),
            "singles-only" => ("".into(), four.collect()),
            "none" => ("".into(), Vec::new()),
            _ => (url("grid"), four.collect()),
        }
    }

    /// Makes the items of a status reply, with the faults that strike each of them.
    pub(super) fn items(&self, accounts: &mut Accounts, task_ids: &[String], now: u64) -> Vec<Value> {
        let mut items = Vec::with_capacity(task_ids.len());
        for task_id in task_ids {
            let Some((encoded, prompt)) = accounts.look_up(task_id) else { continue };
            let (prompt, serial) = (prompt.map(str::to_owned), u64::from(encoded.serial));
            let Some(mut state) = encoded.state_at(now) else { continue };
            let number = accounts.next_item();
            if accounts.strikes(SandboxFault::StatusOmit, number) {
                continue;
            }
            if state != JobState::Running && accounts.strikes(SandboxFault::StatusStale, number) {
                state = JobState::Running;
            }
            let mut item = self.item_of(task_id, &encoded, prompt.as_deref(), state);
            let is_done = state == JobState::Done;
            if is_done
                && (accounts.strikes(SandboxFault::StatusNoUrls, serial)
                    || accounts.strikes(SandboxFault::StatusNoUrlsYet, number))
            {
                item.insert("image".into(), "".into());
                item.insert("images".into(), Value::Array(Vec::new()));
            }
            if accounts.strikes(SandboxFault::StatusOdd, number) {
                let odd = [json!(3), json!("processing"), Value::Null, json!(-1), json!(1.5)];
                item.insert("status".into(), odd[number as usize % odd.len()].clone());
            }
            if accounts.strikes(SandboxFault::StatusRepeat, number) {
                items.push(Value::Object(item.clone()));
            }
            items.push(Value::Object(item));
        }
        if self.faults.is_on(SandboxFault::StatusShuffle) {
            // Neither the requested order nor its reverse, and the same each time.
            items.sort_by_cached_key(|item| *blake3::hash(item["taskId"].to_string().as_bytes()).as_bytes());
        }
        items
    }
}

/// The prompt as the service would run it: with the default version.
fn with_version(prompt: &str) -> String {
    let named = ["--v ", "--version ", "--niji"].iter().any(|flag| prompt.contains(flag));
    if named { prompt.to_owned() } else { format!("{prompt} --v 7") }
}

/// Makes a job id that looks like a UUID.
fn job_id(task_id: &str) -> String {
    let hex = blake3::hash(task_id.as_bytes()).to_hex();
    [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| hex[part].to_owned()).join("-")
}
