//! What is told, as JSON.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::manifest::Shape;
use crate::output::{Layout, jsonl};
use crate::task::{Record, Status};
use crate::text::sanitize_line;

/// The most characters of the line for people.
const TEXT: usize = 200;

/// What every event says of its batch.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// Its name.
    pub name: &'a str,
    /// The names of the manifest's own columns.
    pub columns: &'a [String],
    /// Whether nothing of it is real.
    pub rehearsal: bool,
}

/// Something to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its name: the same in each try.
    pub id: String,
    /// `done` or `finish`.
    pub event: &'static str,
    /// One JSON object.
    pub body: String,
}

impl Message {
    /// A task ended so.
    pub fn of_task(
        id: String,
        batch: &Batch<'_>,
        record: &Record,
        status: Status,
        files: &[PathBuf],
    ) -> Message {
        let name = &record.task.id;
        let text = match (status, record.images.urls.len()) {
            (Status::Done, 1) => format!("{}: {name} is done, 1 picture", batch.name),
            (Status::Done, n) => format!("{}: {name} is done, {n} pictures", batch.name),
            (Status::Lost, _) => format!("{}: {name} is lost", batch.name),
            _ => format!("{}: {name} failed", batch.name),
        };
        let shape = Shape::default();
        let layout = Layout {
            columns: batch.columns,
            max_images: 0,
            run_lives: true,
            batch: batch.name,
            shape: &shape,
        };
        let files: Vec<_> = files.iter().map(|path| path.to_string_lossy()).collect();
        let more = json!({ "task": jsonl::line(&layout, record), "files": files });
        Message::new(id, "done", batch, &text, more)
    }

    /// A run is over. `summary` is an object; its `text` is the line for people.
    pub fn of_run(id: String, batch: &Batch<'_>, summary: &str) -> Message {
        let summary: Value = serde_json::from_str(summary).unwrap_or_default();
        let text = summary["text"].as_str().unwrap_or_default().to_owned();
        Message::new(id, "finish", batch, &text, summary)
    }

    fn new(id: String, event: &'static str, batch: &Batch<'_>, text: &str, more: Value) -> Message {
        let mut body = Map::new();
        body.insert("event".into(), event.into());
        body.insert("delivery".into(), id.as_str().into());
        body.insert("batch".into(), batch.name.into());
        body.insert("rehearsal".into(), batch.rehearsal.into());
        body.insert("text".into(), sanitize_line(text, TEXT).into());
        if let Value::Object(more) = more {
            for (name, value) in more {
                body.entry(name).or_insert(value);
            }
        }
        Message { id, event, body: Value::Object(body).to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::done;

    #[test]
    fn a_task_is_told_with_all_that_its_line_in_the_results_has() {
        let columns = ["sku".to_owned()];
        let batch = Batch { name: "Spring", columns: &columns, rehearsal: false };
        let files = [PathBuf::from("/shop/pictures/mug-1.png")];
        let message = Message::of_task("d1".into(), &batch, &done("mug", &["A-1"], 1), Status::Done, &files);
        insta::assert_snapshot!(message.body, @r#"{"event":"done","delivery":"d1","batch":"Spring","rehearsal":false,"text":"Spring: mug is done, 1 picture","task":{"id":"mug","status":"done","mode":"fast","prompt":"a mug, soft light --ar 16:9","vars":{"sku":"A-1"},"task_id":"T-mug","reason":null,"grid":"https://cdn/mug.png","images":["https://cdn/mug_1.png"],"attempts":1,"quota":1.5,"submitted_at":"2026-03-01T09:00:00Z","finished_at":"2026-03-01T09:01:02Z"},"files":["/shop/pictures/mug-1.png"]}"#);
    }

    #[test]
    fn a_run_is_told_under_its_own_name_whatever_its_summary_says() {
        let batch = Batch { name: "Spring", columns: &[], rehearsal: true };
        let message =
            Message::of_run("d2".into(), &batch, r#"{"text":"2 done","event":"x","stop":"finished"}"#);
        insta::assert_snapshot!(message.body, @r#"{"event":"finish","delivery":"d2","batch":"Spring","rehearsal":true,"text":"2 done","stop":"finished"}"#);
    }
}
