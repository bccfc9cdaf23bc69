//! The JSON of the service, read tolerantly: unknown fields are ignored, numbers may come as text,
//! and any field may be missing.
//!
//! The envelope is `{"status": 0, "data": …, "message": "success"}`, as the public pages of
//! midjourney-api.com and the vendor's sample clients have it.

use serde::Serialize;
use serde_json::Value;

use super::failure;
use crate::engine::{Item, Progress};
use crate::task::{Failure, Images, RemoteTaskId};

/// The body of a submit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubmitRequest {
    /// The final prompt.
    pub prompt: String,
    /// `fast` or `relaxed`.
    pub mode: &'static str,
    /// The public URL that the service calls when the job ends.
    #[serde(rename = "hookUrl", skip_serializing_if = "Option::is_none")]
    pub hook_url: Option<String>,
    /// The service's time limit for the job, in seconds: 300 to 1200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u16>,
}

/// The body of a status request.
#[derive(Debug, Serialize)]
pub(super) struct StatusRequest<'a> {
    #[serde(rename = "taskIds")]
    pub(super) task_ids: &'a [RemoteTaskId],
}

/// The object that wraps every reply.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Envelope {
    /// 0 for success; anything else is a refusal. `None` where the body has no such field.
    pub(super) code: Option<i64>,
    /// The first of `message`, `msg` and `error` that is not empty; empty where there is none.
    pub(super) message: String,
    pub(super) data: Value,
}

impl Envelope {
    /// The envelope in this body; `None` where the body is not a JSON object.
    pub(super) fn parse(body: &[u8]) -> Option<Envelope> {
        let Ok(Value::Object(mut fields)) = serde_json::from_slice(body) else { return None };
        let message = ["message", "msg", "error"].iter().find_map(|name| match fields.get(*name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
            _ => None,
        });
        Some(Envelope {
            code: fields.get("status").and_then(integer),
            message: message.unwrap_or_default(),
            data: fields.remove("data").unwrap_or(Value::Null),
        })
    }

    /// The taskId of the accepted job.
    pub(super) fn task_id(&self) -> Option<RemoteTaskId> {
        task_id_in(&self.data)
    }

    /// The jobs of a status reply; `None` where it contains no list of them.
    pub(super) fn items(&self) -> Option<Vec<Item>> {
        match &self.data {
            Value::Array(items) => Some(items.iter().filter_map(item).collect()),
            data => item(data).map(|item| vec![item]),
        }
    }
}

/// The job that a callback is about: the `data` of an envelope, or the body itself.
pub(super) fn parse_callback(body: &[u8]) -> Option<Item> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let inside = match body.get("data") {
        Some(Value::Array(items)) => items.iter().find_map(item),
        Some(data) => item(data),
        None => None,
    };
    inside.or_else(|| item(&body))
}

/// One job of a status reply or a callback.
fn item(value: &Value) -> Option<Item> {
    let task_id = task_id_in(value)?;
    let progress = match value.get("status").and_then(integer) {
        Some(1) => Progress::Done(images(value)),
        Some(2) => Progress::Failed(failure(value)),
        _ => Progress::Running, // an unknown status too: it is not final until the job's deadline
    };
    Some(Item { task_id, progress })
}

fn task_id_in(value: &Value) -> Option<RemoteTaskId> {
    match value.get("taskId")? {
        Value::String(id) if !id.trim().is_empty() => Some(RemoteTaskId(id.clone())),
        Value::Number(id) => Some(RemoteTaskId(id.to_string())),
        _ => None,
    }
}

fn failure(value: &Value) -> Failure {
    let reason = match value.get("failReason") {
        Some(Value::String(reason)) if !reason.trim().is_empty() => reason.trim().to_owned(),
        _ => "the service gave no reason".to_owned(),
    };
    Failure { class: failure::classify(&reason), reason }
}

/// The URLs of `image` and `images`, in order and without repeats; the grid is kept apart from the
/// single images.
fn images(value: &Value) -> Images {
    let grid = value.get("image").and_then(image_url);
    let listed = match value.get("images") {
        Some(Value::Array(list)) => list.iter().filter_map(image_url).collect(),
        Some(one) => image_url(one).into_iter().collect(),
        None => Vec::new(),
    };
    let mut images: Vec<String> = Vec::with_capacity(listed.len());
    for image in listed {
        if Some(&image) != grid.as_ref() && !images.contains(&image) {
            images.push(image);
        }
    }
    Images { grid, urls: images }
}

/// A URL, given as text or in the `url` or `imageUrl` of an object.
fn image_url(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text,
        Value::Object(fields) => match fields.get("url").or_else(|| fields.get("imageUrl")) {
            Some(Value::String(text)) => text,
            _ => return None,
        },
        _ => return None,
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A whole number, given as a number or as digits.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let whole = number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 1e15)?;
            Some(whole as i64)
        }),
        Value::String(digits) => digits.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::FailureClass;

    fn read(json: &str) -> Option<Item> {
        item(&serde_json::from_str(json).unwrap())
    }

    fn done(grid: Option<&str>, images: &[&str]) -> Progress {
        let images = images.iter().map(|&image| image.to_owned()).collect();
        Progress::Done(Images { grid: grid.map(str::to_owned), urls: images })
    }

    #[test]
    fn images_are_read_in_every_known_form() {
        for (json, expected) in [
            (r#"{"image":"g","images":["a","b","c","d"]}"#, done(Some("g"), &["a", "b", "c", "d"])),
            (r#"{"image":"","images":["a","b"]}"#, done(None, &["a", "b"])),
            (r#"{"image":"g","images":[]}"#, done(Some("g"), &[])),
            (r#"{"image":"g","images":["g","a","a",""," b "]}"#, done(Some("g"), &["a", "b"])),
            (r#"{"images":[{"url":"a"},{"imageUrl":"b"},{"other":1},7]}"#, done(None, &["a", "b"])),
            (r#"{"image":{"url":"g"},"images":"a"}"#, done(Some("g"), &["a"])),
            (r#"{"image":null,"images":null}"#, done(None, &[])),
            (r#"{}"#, done(None, &[])),
        ] {
            let json = json.replacen('{', r#"{"taskId":"t","status":1,"#, 1).replace(",}", "}");
            assert_eq!(read(&json).map(|item| item.progress), Some(expected), "{json}");
        }
    }

    #[test]
    fn a_status_may_be_digits_and_an_unknown_one_is_not_final() {
        for (status, running) in [
            ("0", true),
            ("\"0\"", true),
            ("3", true),
            ("-1", true),
            ("null", true),
            ("\"done\"", true),
            ("{}", true),
            ("1.5", true),
            ("1", false),
            ("1.0", false),
            ("\"1\"", false),
            ("\" 2 \"", false),
        ] {
            let item = read(&format!(r#"{{"taskId":"t","status":{status}}}"#)).unwrap();
            assert_eq!(item.progress == Progress::Running, running, "{status}");
        }
    }

    #[test]
    fn a_failure_has_a_reason_even_where_the_service_gives_none() {
        let reason = |json: &str| match read(json).unwrap().progress {
            Progress::Failed(failure) => failure,
            other => panic!("{other:?}"),
        };
        let silent = reason(r#"{"taskId":"t","status":2,"failReason":""}"#);
        assert_eq!(silent.reason, "the service gave no reason");
        let moderated = reason(r#"{"taskId":"t","status":2,"failReason":"Banned prompt detected"}"#);
        assert_eq!(moderated.class, FailureClass::Moderated);
    }

    #[test]
    fn a_job_without_a_task_id_is_ignored() {
        assert_eq!(read(r#"{"status":1}"#), None);
        assert_eq!(read(r#"{"taskId":"","status":1}"#), None);
        assert_eq!(read("7"), None);
        assert_eq!(
            read(r#"{"taskId":42,"status":0}"#).map(|item| item.task_id),
            Some(RemoteTaskId("42".into()))
        );
    }

    #[test]
    fn a_callback_is_an_envelope_or_the_bare_job() {
        for body in [
            r#"{"status":0,"message":"success","data":{"taskId":"t","status":1,"images":["a"]}}"#,
            r#"{"data":[{"taskId":"t","status":1,"images":["a"]}]}"#,
            r#"{"taskId":"t","status":1,"images":["a"]}"#,
            r#"{"taskId":"t","status":1,"images":["a"],"data":null}"#,
        ] {
            let item = parse_callback(body.as_bytes()).unwrap();
            assert_eq!((item.task_id.0.as_str(), item.progress), ("t", done(None, &["a"])), "{body}");
        }
        for body in ["", "null", "[]", "{}", r#"{"data":{}}"#, "\u{0}", "<html>"] {
            assert_eq!(parse_callback(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn only_a_list_or_one_job_counts_as_a_list_of_jobs() {
        for (body, items) in [
            (r#"{"status":0}"#, None),
            (r#"{"status":0,"data":null}"#, None),
            (r#"{"status":0,"data":{}}"#, None),
            (r#"{"status":0,"data":[]}"#, Some(0)),
            (r#"{"status":0,"data":[null,7,{}]}"#, Some(0)),
            (r#"{"status":0,"data":{"taskId":"t"}}"#, Some(1)),
        ] {
            let envelope = Envelope::parse(body.as_bytes()).unwrap();
            assert_eq!(envelope.items().map(|items| items.len()), items, "{body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_body_causes_a_panic(body: Vec<u8>) {
            let _ = (Envelope::parse(&body), parse_callback(&body));
        }
    }
}
