//! The pages for people: what this server is, and its ledger.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;

use super::drawing::{Appearance, Aspect};
use super::encoded_id::{EncodedId, SandboxJobEnd};
use super::ledger::BillingLedger;
use super::service::SandboxService;
use crate::task::Mode;

const SAMPLES: [&str; 4] = [
    "a ceramic mug on a wooden table, soft light --ar 1:1",
    "misty mountains at dawn --ar 1:1",
    "an island in the sea, summer --ar 1:1",
    "abstract paper shapes, teal --ar 1:1",
];

pub(super) async fn index(State(service): State<Arc<SandboxService>>) -> Html<String> {
    let mut samples = String::new();
    for prompt in SAMPLES {
        let look = Appearance::of_prompt(prompt);
        let encoded = EncodedId {
            accepted_at: 0,
            lasts: 0,
            mode: Mode::Fast,
            end: SandboxJobEnd::Done,
            look,
            aspect: Aspect::of_prompt(prompt),
            serial: 0,
        };
        let _ = write!(
            samples,
            "<figure><img src=\"/images/{}/grid.png\" alt=\"{prompt}\" width=\"260\"><figcaption>{prompt}</figcaption></figure>",
            encoded.encode()
        );
    }
    let base = &service.base_url;
    let key = if service.key.is_some() {
        "It accepts only the key that it was started with."
    } else {
        "It accepts any key."
    };
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>mjbatch sandbox</title>\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:3rem auto;padding:0 1rem}}\
         figure{{display:inline-block;margin:.5rem;width:260px;vertical-align:top;font-size:.8rem}}img{{border-radius:6px}}\
         pre{{background:#f4f2ee;padding:1rem;overflow:auto}}</style>\
         <h1>mjbatch sandbox</h1><p>A sandbox of the image API on this machine. It needs no account, costs nothing and \
         draws its own images. {key}</p><pre>curl {base}/midjourney/v1/submit-jobs -H 'API-KEY: any' \\\n  \
         -H 'Content-Type: application/json' -d '{{\"prompt\": \"a mug --ar 4:5\", \"mode\": \"fast\"}}'\n\n\
         curl {base}/midjourney/v1/job-status -H 'API-KEY: any' \\\n  -H 'Content-Type: application/json' \
         -d '{{\"taskIds\": [\"…\"]}}'</pre><p>What it has done so far: <a href=\"/ledger\">/ledger</a></p>{samples}</html>"
    ))
}

pub(super) async fn ledger(State(service): State<Arc<SandboxService>>) -> Json<BillingLedger> {
    Json(service.accounts().ledger(service.clock.now()))
}

pub(super) async fn not_found(State(service): State<Arc<SandboxService>>, headers: HeaderMap) -> Response {
    service.accounts().totals.keys_leaked += u64::from(headers.contains_key("api-key"));
    service.envelope(StatusCode::NOT_FOUND, 404, "not found", Some(Value::Null)).into_response()
}
