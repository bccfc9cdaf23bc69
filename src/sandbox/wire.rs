//! Parses the two requests of the API strictly, with a message for each mistake.

use reqwest::Url;
use serde_json::Value;

use crate::task::Mode;

/// A refusal, with the code and message of its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SandboxRefusal {
    pub(super) code: i64,
    pub(super) message: String,
}

impl SandboxRefusal {
    /// The account has not enough quota left.
    pub(super) const QUOTA: i64 = 1001;
    /// All slots of the account are taken.
    pub(super) const CONCURRENCY: i64 = 1002;
    /// The request is malformed. This code and the next two are made up: those of the service are
    /// not known.
    pub(super) const REQUEST: i64 = 1400;
    /// The key is missing or wrong.
    pub(super) const KEY: i64 = 1401;
    /// The prompt was rejected by moderation.
    pub(super) const MODERATED: i64 = 1403;

    pub(super) fn new(code: i64, message: impl Into<String>) -> Self {
        SandboxRefusal { code, message: message.into() }
    }

    fn request(message: impl Into<String>) -> Self {
        SandboxRefusal::new(SandboxRefusal::REQUEST, message)
    }
}

/// A valid submit request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReceivedSubmit {
    pub(super) prompt: String,
    pub(super) mode: Mode,
    pub(super) hook_url: Option<String>,
    /// The timeout in seconds, from 300 to 1200.
    pub(super) timeout: u64,
}

impl ReceivedSubmit {
    /// Parses the body of a submit request.
    pub(super) fn parse(body: &[u8]) -> Result<Self, SandboxRefusal> {
        let fields = object(body)?;
        let prompt = match fields.get("prompt") {
            Some(Value::String(prompt)) if !prompt.trim().is_empty() => prompt.clone(),
            Some(Value::String(_)) | None | Some(Value::Null) => {
                return Err(SandboxRefusal::request("prompt is required"));
            }
            Some(_) => return Err(SandboxRefusal::request("prompt must be a string")),
        };
        let mode = match fields.get("mode") {
            None | Some(Value::Null) => Mode::Fast,
            Some(Value::String(mode)) if mode == "fast" => Mode::Fast,
            Some(Value::String(mode)) if mode == "relaxed" => Mode::Relaxed,
            Some(_) => return Err(SandboxRefusal::request("mode must be relaxed or fast")),
        };
        let timeout = match fields.get("timeout") {
            None | Some(Value::Null) => 600,
            Some(value) => {
                value.as_u64().filter(|seconds| (300..=1200).contains(seconds)).ok_or_else(|| {
                    SandboxRefusal::request("timeout must be a whole number of seconds from 300 to 1200")
                })?
            }
        };
        let hook_url = match fields.get("hookUrl") {
            None | Some(Value::Null) => None,
            Some(Value::String(url)) if url.is_empty() => None,
            Some(value) => Some(
                value
                    .as_str()
                    .filter(|url| Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")))
                    .ok_or_else(|| SandboxRefusal::request("hookUrl must be an http or https address"))?
                    .to_owned(),
            ),
        };
        Ok(ReceivedSubmit { prompt, mode, hook_url, timeout })
    }
}

/// Parses the body of a status request: its taskIds.
pub(super) fn parse_task_ids(body: &[u8]) -> Result<Vec<String>, SandboxRefusal> {
    let fields = object(body)?;
    let Some(Value::Array(ids)) = fields.get("taskIds") else {
        return Err(SandboxRefusal::request("taskIds must be a list of strings"));
    };
    if ids.is_empty() {
        return Err(SandboxRefusal::request("taskIds must not be empty"));
    }
    ids.iter()
        .map(|id| {
            id.as_str()
                .map(str::to_owned)
                .ok_or_else(|| SandboxRefusal::request("taskIds must be a list of strings"))
        })
        .collect()
}

fn object(body: &[u8]) -> Result<serde_json::Map<String, Value>, SandboxRefusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(SandboxRefusal::request("the body must be a JSON object")),
        Err(_) => Err(SandboxRefusal::request("the body must be JSON")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_fields_have_the_defaults_of_the_service() {
        let submit = ReceivedSubmit::parse(br#"{"prompt":"a mug","new":1}"#).unwrap();
        assert_eq!(
            submit,
            ReceivedSubmit { prompt: "a mug".into(), mode: Mode::Fast, hook_url: None, timeout: 600 }
        );
    }

    #[test]
    fn each_mistake_has_its_message() {
        let say = |body: &str| ReceivedSubmit::parse(body.as_bytes()).unwrap_err().message;
        assert_eq!(say("{"), "the body must be JSON");
        assert_eq!(say("[]"), "the body must be a JSON object");
        assert_eq!(say("{}"), "prompt is required");
        assert_eq!(say(r#"{"prompt":" "}"#), "prompt is required");
        assert_eq!(say(r#"{"prompt":7}"#), "prompt must be a string");
        assert_eq!(say(r#"{"prompt":"a","mode":"relax"}"#), "mode must be relaxed or fast");
        for timeout in ["299", "1201", "600.5", "\"600\"", "-1"] {
            let body = format!(r#"{{"prompt":"a","timeout":{timeout}}}"#);
            assert_eq!(say(&body), "timeout must be a whole number of seconds from 300 to 1200");
        }
        for url in ["\"ftp://a.example/\"", "\"here\"", "7"] {
            let body = format!(r#"{{"prompt":"a","hookUrl":{url}}}"#);
            assert_eq!(say(&body), "hookUrl must be an http or https address");
        }
        let say = |body: &str| parse_task_ids(body.as_bytes()).unwrap_err().message;
        assert_eq!(say(r#"{"taskIds":"a"}"#), "taskIds must be a list of strings");
        assert_eq!(say(r#"{"taskIds":[1]}"#), "taskIds must be a list of strings");
        assert_eq!(say(r#"{"taskIds":[]}"#), "taskIds must not be empty");
    }
}
