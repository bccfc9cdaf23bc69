//! Decides whether a reply is a refusal, and of what kind: by the envelope's code first, the HTTP
//! status second, and the message only where neither settles it.
//!
//! A reply to a submit is called a refusal only where it is certain that the service accepted
//! nothing. Everything else is left to the caller, for whom the outcome of the submit is unknown.

use std::time::Duration;

use super::wire::Envelope;
use crate::engine::Refusal;

/// The service's code for "quota not enough".
const QUOTA: i64 = 1001;
/// The service's code for "concurrency limit reached".
const SLOTS: i64 = 1002;

/// The parts of a reply's head that matter here.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReplyHead {
    /// The HTTP status.
    pub(super) http: u16,
    /// The wait that `Retry-After` asks for, counted from now.
    pub(super) retry_after: Option<Duration>,
}

/// The refusal in this reply; `None` where the reply is not certainly a refusal.
pub(super) fn refusal_in(head: ReplyHead, envelope: Option<&Envelope>, body: &[u8]) -> Option<Refusal> {
    match envelope.and_then(|envelope| envelope.code.map(|code| (code, envelope))) {
        Some((0, _)) => None,
        Some((QUOTA, _)) => Some(Refusal::Quota),
        Some((SLOTS, _)) => Some(Refusal::Slots),
        // A web framework's own error body repeats the HTTP status; the API has not spoken.
        Some((code, envelope)) if code == i64::from(head.http) => by_http(head, &envelope.message, body),
        Some((code, envelope)) => Some(by_code(code, head, &envelope.message)),
        None => by_http(head, envelope.map_or("", |envelope| &envelope.message), body),
    }
}

/// The refusal of an envelope whose code is none of the documented ones.
fn by_code(code: i64, head: ReplyHead, message: &str) -> Refusal {
    let reason = if message.is_empty() { "no reason given".to_owned() } else { message.to_owned() };
    if matches!(code, 401 | 403) || head.http == 401 || mentions_the_key(message) {
        return Refusal::Key(reason);
    }
    match head.http {
        402 => Refusal::Quota,
        429 => Refusal::TooFast(head.retry_after),
        _ => Refusal::Content(format!("{reason} (code {code})")),
    }
}

/// The refusal that the HTTP status stands for, where the envelope has no code of its own.
fn by_http(head: ReplyHead, message: &str, body: &[u8]) -> Option<Refusal> {
    let reason = || {
        let text = if message.is_empty() { excerpt(body) } else { message.to_owned() };
        if text.is_empty() { format!("HTTP {}", head.http) } else { format!("HTTP {}: {text}", head.http) }
    };
    match head.http {
        401 | 403 => Some(Refusal::Key(reason())),
        402 => Some(Refusal::Quota),
        404 | 405 | 410 => {
            Some(Refusal::NotTheApi(format!("{}; check the base URL of the service", reason())))
        }
        408 | 425 | 429 => Some(Refusal::TooFast(head.retry_after)),
        400..=499 => Some(Refusal::Content(reason())),
        _ => None,
    }
}

fn mentions_the_key(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["api key", "api-key", "apikey", "api_key", "unauthorized", "unauthorised"]
        .iter()
        .any(|word| message.contains(word))
}

/// The start of a body that is not an envelope, on one line of at most 120 characters, so that a
/// person recognizes it.
pub(super) fn excerpt(body: &[u8]) -> String {
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
        let head = ReplyHead { http, retry_after: None };
        refusal_in(head, Envelope::parse(body.as_bytes()).as_ref(), body.as_bytes())
    }

    #[test]
    fn the_envelope_counts_before_the_http_status() {
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
    fn a_5xx_without_a_code_of_the_api_is_never_a_refusal() {
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
        let not_found = "HTTP 404: a web page; check the base URL of the service";
        assert_eq!(judge(404, "<h1>Not\n Found</h1>"), Some(Refusal::NotTheApi(not_found.into())));
        assert_eq!(judge(429, "slow"), Some(Refusal::TooFast(None)));
        assert_eq!(judge(422, ""), Some(Refusal::Content("HTTP 422".into())));
        assert_eq!(judge(429, r#"{"status":429,"message":"slow"}"#), Some(Refusal::TooFast(None)));
    }

    #[test]
    fn a_bad_key_is_recognized_by_status_code_or_message() {
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
