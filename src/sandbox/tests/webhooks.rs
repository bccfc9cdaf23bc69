//! Callbacks, taken by a receiver such as a user would write.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::{Bench, SandboxSettings, instant};

type Calls = mpsc::UnboundedReceiver<(String, String)>;

/// An address that takes callbacks at `/hook/t0ken`, and what arrives at any: path and body. The
/// first `refuse` get a 500.
async fn receiver(refuse: usize) -> (String, Calls) {
    let (send, calls) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook/t0ken", listener.local_addr().unwrap());
    let left = Arc::new(Mutex::new(refuse));
    let take = move |State(left): State<Arc<Mutex<usize>>>, uri: Uri, body: String| async move {
        send.send((uri.path().to_owned(), body)).unwrap();
        let mut left = left.lock().unwrap();
        if *left > 0 {
            *left -= 1;
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        StatusCode::OK
    };
    let routes = Router::new().fallback(take).with_state(left);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, calls)
}

/// A service whose jobs last a moment, one job of it, and the callbacks of that.
async fn one_job(faults: &str) -> (Bench, String, Calls) {
    let (hook_url, calls) = receiver(0).await;
    let bench = Bench::of(SandboxSettings { fast: 20.0..=20.0, speed: 1000.0, ..instant(faults) }).await;
    let (_, envelope) = bench.submit(json!({"prompt": "a mug", "hookUrl": hook_url})).await;
    (bench, envelope["data"]["taskId"].as_str().unwrap().to_owned(), calls)
}

async fn next(calls: &mut Calls) -> (String, Value) {
    let (path, body) = calls.recv().await.unwrap();
    (path, serde_json::from_str(&body).unwrap())
}

/// Waits until the sandbox has made so many callbacks and checks that no more have arrived.
async fn made(bench: &Bench, calls: &mut Calls, count: u64) {
    while bench.sandbox.ledger().webhooks_sent < count {
        tokio::task::yield_now().await;
    }
    assert!(calls.try_recv().is_err());
}

#[tokio::test]
async fn a_job_calls_back_with_the_item_in_an_envelope_or_bare() {
    let (bench, task_id, mut calls) = one_job("").await;
    let (path, body) = next(&mut calls).await;
    assert_eq!(path, "/hook/t0ken");
    assert_eq!(body, json!({"status": 0, "data": bench.item(&task_id).await, "message": "success"}));
    assert_eq!(body["data"]["status"], 1);
    made(&bench, &mut calls, 1).await;
    let (bench, task_id, mut calls) = one_job("webhook-shape=bare").await;
    assert_eq!(next(&mut calls).await.1, bench.item(&task_id).await);
}

#[tokio::test]
async fn a_callback_can_come_twice_or_be_broken_or_about_a_start() {
    let (bench, _, mut calls) = one_job("webhook-double").await;
    assert_eq!(next(&mut calls).await, next(&mut calls).await);
    made(&bench, &mut calls, 2).await;
    let (_bench, _, mut calls) = one_job("webhook-malformed").await;
    assert!(serde_json::from_str::<Value>(&calls.recv().await.unwrap().1).is_err());
    let (_bench, _, mut calls) = one_job("webhook-progress").await;
    assert_eq!(next(&mut calls).await.1["data"]["status"], 0);
    assert_eq!(next(&mut calls).await.1["data"]["status"], 1);
}

#[tokio::test]
async fn a_stranger_calls_at_another_address_and_a_stray_about_another_job() {
    let (_bench, task_id, mut calls) = one_job("webhook-forged, webhook-foreign").await;
    let (path, lie) = next(&mut calls).await;
    assert_eq!(
        (path.as_str(), &lie["data"]["taskId"], &lie["data"]["status"]),
        ("/hook/t0ke0", &json!(task_id), &json!(2))
    );
    let (path, stray) = next(&mut calls).await;
    assert_eq!(path, "/hook/t0ken");
    assert_ne!(stray["data"]["taskId"], json!(task_id));
    assert_eq!(next(&mut calls).await.1["data"]["taskId"], json!(task_id));
}

#[tokio::test]
async fn an_early_callback_comes_before_the_submit_is_answered() {
    let (_bench, task_id, mut calls) = one_job("webhook-early").await;
    // Had it not come by now, there would be nothing to receive yet.
    let (_, body) = calls.try_recv().unwrap();
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["data"]["taskId"], json!(task_id));
}

#[tokio::test]
async fn failures_are_called_back_unless_they_are_not_and_a_callback_can_be_lost() {
    let (_bench, _, mut calls) = one_job("job-fail").await;
    assert_eq!(next(&mut calls).await.1["data"]["status"], 2);
    // The early job's callbacks are over when its submit is answered, so what has not come will not
    // come.
    let (_bench, _, mut calls) = one_job("webhook-early, webhook-drop").await;
    assert!(calls.try_recv().is_err());
    let (bench, task_id, mut calls) = one_job("job-fail, webhook-no-failures, webhook-foreign").await;
    assert_ne!(next(&mut calls).await.1["data"]["taskId"], json!(task_id));
    made(&bench, &mut calls, 1).await;
}

#[tokio::test]
async fn a_callback_that_is_not_taken_is_tried_again() {
    let (hook_url, mut calls) = receiver(1).await;
    let bench = Bench::with("webhook-early").await;
    bench.submit(json!({"prompt": "a mug", "hookUrl": hook_url})).await;
    assert_eq!(next(&mut calls).await, next(&mut calls).await);
    assert_eq!((bench.sandbox.ledger().webhooks_sent, bench.sandbox.ledger().webhooks_failed), (1, 0));
}
