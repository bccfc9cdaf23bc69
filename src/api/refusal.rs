//! What a "no" means: the envelope is judged first, the HTTP status second, and words only where nothing else is left.
//!
//! Of a submit it must be certain that nothing was accepted before it may be called a refusal; everything else is unknown.

use std::time::Duration;

use super::wire::Envelope;
use crate::engine::{FailureClass, Refusal};

/// Quota not enough.
const QUOTA: i64 = 1001;
/// Concurrency limit.
const SLOTS: i64 = 1002;

/// What came back, besides the body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// The HTTP status.
    pub(super) http: u16,
    /// `Retry-After`, as a wait.
    pub(super) retry_after: Option<Duration>,
}

/// The refusal in this reply; `None` where it is not certainly one.
pub(super) fn of(head: Head, envelope: Option<&Envelope>, body: &[u8]) -> Option<Refusal> {
    match envelope.and_then(|envelope| envelope.code.map(|code| (code, envelope))) {
        Some((0, _)) => None,
        Some((QUOTA, _)) => Some(Refusal::Quota),
        Some((SLOTS, _)) => Some(Refusal::Slots),
        // A web framework's own error body repeats the HTTP status in it; that is not the API's word.
        Some((code, envelope)) if code == i64::from(head.http) => by_http(head, &envelope.message, body),
        Some((code, envelope)) => Some(by_code(code, head, &envelope.message)),
        None => by_http(head, envelope.map_or("", |envelope| &envelope.message), body),
    }
}

fn by_code(code: i64, head: Head, message: &str) -> Refusal {
    let words = if message.is_empty() { "no reason given".to_owned() } else { message.to_owned() };
    if matches!(code, 401 | 403) || head.http == 401 || speaks_of_the_key(message) {
        return Refusal::Key(words);
    }
    match head.http {
        402 => Refusal::Quota,
        429 => Refusal::TooFast(head.retry_after),
        _ => Refusal::Content(format!("{words} (code {code})")),
    }
}

fn by_http(head: Head, message: &str, body: &[u8]) -> Option<Refusal> {
    let words = || {
        let text = if message.is_empty() { first_words(body) } else { message.to_owned() };
        if text.is_empty() { format!("HTTP {}", head.http) } else { format!("HTTP {}: {text}", head.http) }
    };
    match head.http {
        401 | 403 => Some(Refusal::Key(words())),
        402 => Some(Refusal::Quota),
        404 | 405 | 410 => {
            Some(Refusal::NotTheApi(format!("{}; is the address of the service right?", words())))
        }
        408 | 425 | 429 => Some(Refusal::TooFast(head.retry_after)),
        400..=499 => Some(Refusal::Content(words())),
        _ => None,
    }
}

fn speaks_of_the_key(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["api key", "api-key", "apikey", "api_key", "unauthorized", "unauthorised"]
        .iter()
        .any(|word| message.contains(word))
}

/// The class of a failure, from the only thing the service gives: free text.
pub(super) fn class_of(reason: &str) -> FailureClass {
    let reason = reason.to_ascii_lowercase();
    let moderated =
        ["moderat", "banned", "prohibited", "nsfw", "content policy", "sensitive", "inappropriate"];
    if moderated.iter().any(|word| reason.contains(word)) {
        FailureClass::Moderated
    } else {
        FailureClass::Generation
    }
}

/// The start of a body that is no envelope, for a person to recognise it by.
pub(super) fn first_words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(400)]);
    if text.trim_start().starts_with('<') {
        return "a web page".to_owned();
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(http: u16, body: &str) -> Option<Refusal> {
        let head = Head { http, retry_after: None };
        of(head, Envelope::parse(body.as_bytes()).as_ref(), body.as_bytes())
    }

    #[test]
    fn the_envelope_is_judged_before_the_http_status() {
        for http in [200, 400, 402, 429, 500, 503] {
            assert_eq!(
                judge(http, r#"{"status":1001,"message":"quota not enough"}"#),
                Some(Refusal::Quota),
                "{http}"
            );
            assert_eq!(judge(http, r#"{"status":"1002","message":"limit"}"#), Some(Refusal::Slots), "{http}");
            assert_eq!(judge(http, r#"{"status":0,"data":{"taskId":"t"}}"#), None, "{http}");
        }
        let content = Refusal::Content("banned prompt (code 1007)".into());
        assert_eq!(judge(200, r#"{"status":1007,"message":"banned prompt"}"#), Some(content.clone()));
        assert_eq!(judge(500, r#"{"status":1007,"message":"banned prompt"}"#), Some(content));
    }

    #[test]
    fn a_5xx_without_the_apis_word_is_never_a_refusal() {
        for body in
            ["", "<html>", "{}", r#"{"status":500,"error":"Internal Server Error"}"#, r#"{"status":null}"#]
        {
            assert_eq!(judge(500, body), None, "{body}");
        }
        for body in ["", "<html>", "{}", "[]"] {
            assert_eq!(judge(200, body), None, "{body}");
            assert_eq!(judge(302, body), None, "{body}");
        }
    }

    #[test]
    fn a_4xx_is_a_refusal_of_its_kind() {
        assert_eq!(judge(401, ""), Some(Refusal::Key("HTTP 401".into())));
        assert_eq!(judge(403, r#"{"message":"nope"}"#), Some(Refusal::Key("HTTP 403: nope".into())));
        assert_eq!(judge(402, ""), Some(Refusal::Quota));
        let lost = "HTTP 404: a web page; is the address of the service right?";
        assert_eq!(judge(404, "<h1>Not\n Found</h1>"), Some(Refusal::NotTheApi(lost.into())));
        assert_eq!(judge(429, "slow"), Some(Refusal::TooFast(None)));
        assert_eq!(judge(422, ""), Some(Refusal::Content("HTTP 422".into())));
        assert_eq!(judge(429, r#"{"status":429,"message":"slow"}"#), Some(Refusal::TooFast(None)));
    }

    #[test]
    fn a_bad_key_is_known_by_status_code_or_word() {
        for (http, body) in [
            (401, r#"{"status":1003,"message":"no"}"#),
            (200, r#"{"status":401,"message":"no"}"#),
            (200, r#"{"status":1003,"message":"Invalid API key"}"#),
            (403, r#"{"status":1003,"message":"apikey is wrong"}"#),
        ] {
            assert!(matches!(judge(http, body), Some(Refusal::Key(_))), "{http} {body}");
        }
        assert!(matches!(
            judge(403, r#"{"status":1007,"message":"banned prompt"}"#),
            Some(Refusal::Content(_))
        ));
    }
}
