//! The messages of deliveries, as JSON.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::task::{Record, Status};
use crate::text::sanitize_line;

/// The most characters of the line for people.
const TEXT: usize = 200;

/// The part of a message that is the same for all deliveries of a run.
#[derive(Debug, Clone, Copy)]
pub struct MessageContext<'a> {
    /// The batch's name.
    pub batch: &'a str,
    /// Whether the batch ran against the sandbox, so that nothing in it is real.
    pub is_sandbox: bool,
}

/// A message to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookMessage {
    /// The delivery's id, the same in each try.
    pub id: String,
    /// `done` or `finish`.
    pub event: &'static str,
    /// One JSON object.
    pub body: String,
}

impl HookMessage {
    /// The message of a task that ended with this status. `task` is its object as in JSON lines of
    /// results.
    pub fn of_task(
        id: String,
        context: &MessageContext<'_>,
        record: &Record,
        status: Status,
        task: Value,
        files: &[PathBuf],
    ) -> HookMessage {
        let (batch, name) = (context.batch, &record.task.id);
        let text = match (status, record.images.urls.len()) {
            (Status::Done, 1) => format!("{batch}: {name} is done, 1 image"),
            (Status::Done, n) => format!("{batch}: {name} is done, {n} images"),
            (Status::Lost, _) => format!("{batch}: {name} is lost"),
            _ => format!("{batch}: {name} failed"),
        };
        let files: Vec<_> = files.iter().map(|path| path.to_string_lossy()).collect();
        HookMessage::new(id, "done", context, &text, json!({ "task": task, "files": files }))
    }

    /// The message of a run that is over. `summary` is a JSON object; its `text` is the line for
    /// people.
    pub fn of_run(id: String, context: &MessageContext<'_>, summary: &str) -> HookMessage {
        let summary: Value = serde_json::from_str(summary).unwrap_or_default();
        let text = summary["text"].as_str().unwrap_or_default().to_owned();
        HookMessage::new(id, "finish", context, &text, summary)
    }

    fn new(
        id: String,
        event: &'static str,
        context: &MessageContext<'_>,
        text: &str,
        more: Value,
    ) -> HookMessage {
        let mut body = Map::new();
        body.insert("event".into(), event.into());
        body.insert("delivery".into(), id.as_str().into());
        body.insert("batch".into(), context.batch.into());
        body.insert("rehearsal".into(), context.is_sandbox.into());
        body.insert("text".into(), sanitize_line(text, TEXT).into());
        if let Value::Object(more) = more {
            for (name, value) in more {
                body.entry(name).or_insert(value);
            }
        }
        HookMessage { id, event, body: Value::Object(body).to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_run_keeps_its_own_fields_whatever_the_summary_says() {
        let context = MessageContext { batch: "Spring", is_sandbox: true };
        let summary = r#"{"text":"2 done","event":"x","stop":"finished"}"#;
        let message = HookMessage::of_run("d2".into(), &context, summary);
        insta::assert_snapshot!(message.body, @r#"{"event":"finish","delivery":"d2","batch":"Spring","rehearsal":true,"text":"2 done","stop":"finished"}"#);
    }
}
