//! Submits: what is accepted, what is refused, and what goes wrong on the way there or back.

use secrecy::SecretString;
use serde_json::{Value, json};

use super::{Bench, SandboxSettings, both, instant};

#[tokio::test]
async fn the_eleventh_job_is_refused_by_the_envelope() {
    let bench = Bench::of(SandboxSettings::default()).await;
    for _ in 0..10 {
        bench.task_id("a mug").await;
    }
    let refused = bench.submit(json!({"prompt": "a mug"})).await;
    assert_eq!(refused, (200, json!({"status": 1002, "data": null, "message": "concurrency limit"})));
    let ledger = bench.sandbox.ledger();
    assert_eq!((ledger.jobs.len(), ledger.submits, ledger.most_in_flight), (10, 11, 10));
    assert_eq!(ledger.refusals[&1002], 1);
}

#[tokio::test]
async fn a_missing_or_wrong_key_is_refused() {
    let bench = Bench::of(SandboxSettings { key: Some(SecretString::from("k")), ..instant("") }).await;
    bench.task_id("a mug").await;
    for key in ["", "other"] {
        for path in ["submit-jobs", "job-status"] {
            let url = format!("{}/midjourney/v1/{path}", bench.sandbox.base_url());
            let (http, envelope) =
                both(bench.client.post(url).header("API-KEY", key).send().await.unwrap()).await;
            assert_eq!((http, &envelope["status"]), (401, &json!(1401)));
        }
    }
    let any = Bench::with("").await;
    let url = format!("{}/midjourney/v1/submit-jobs", any.sandbox.base_url());
    assert_eq!(any.client.post(url).send().await.unwrap().status(), 401);
    assert_eq!(any.jobs(), 0);
}

#[tokio::test]
async fn a_key_can_be_refused_always_or_from_some_request_on() {
    let bench = Bench::with("key-refused-after=2, key-http=403").await;
    let mut replies = Vec::new();
    for _ in 0..3 {
        replies.push(bench.submit(json!({"prompt": "a mug"})).await.0);
    }
    assert_eq!(replies, [200, 200, 403]);
    assert_eq!(
        Bench::with("key-refused, key-http=200").await.submit(json!({"prompt": "a"})).await.1["status"],
        1401
    );
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_refused_and_a_long_one_is_not() {
    let bench = Bench::with("").await;
    for bad in
        ["", "[]", r#"{"mode":"fast"}"#, r#"{"prompt":"a","mode":"turbo"}"#, r#"{"prompt":"a","timeout":10}"#]
    {
        let (http, envelope) = both(bench.post("submit-jobs", bad.into()).await.unwrap()).await;
        assert_eq!((http, &envelope["status"]), (200, &json!(1400)), "{bad}");
    }
    assert_eq!(bench.submit(json!({"prompt": "🫖".repeat(3 << 18)})).await.1["status"], 1400);
    assert_eq!(bench.jobs(), 0);
    assert_eq!(
        bench.submit(json!({"prompt": "é".repeat(100_000), "mode": null, "timeout": 300})).await.1["status"],
        0
    );
}

#[tokio::test]
async fn a_submit_that_fails_before_it_counts_accepts_nothing() {
    for (fault, http) in [("submit-429", 429), ("submit-500", 500), ("submit-html", 502), ("api-404", 404)] {
        let bench = Bench::with(fault).await;
        let reply = bench.post("submit-jobs", json!({"prompt": "a"}).to_string()).await.unwrap();
        assert_eq!(reply.status().as_u16(), http, "{fault}");
        let html = reply.headers()["content-type"].to_str().unwrap().starts_with("text/html");
        assert_eq!(html, matches!(http, 502 | 404), "{fault}");
        assert_eq!((bench.jobs(), bench.sandbox.ledger().submits), (0, 1), "{fault}");
    }
    let bench = Bench::with("submit-cut=first:1").await;
    assert!(bench.post("submit-jobs", json!({"prompt": "a"}).to_string()).await.is_err());
    assert_eq!((bench.jobs(), bench.sandbox.ledger().faults["submit-cut"]), (0, 1));
    bench.task_id("a").await;
}

#[tokio::test]
async fn a_reply_that_is_lost_leaves_a_job_that_is_billed() {
    let submit = || json!({"prompt": "a"}).to_string();
    for fault in ["accept-cut", "accept-half", "accept-500", "accept-garbage"] {
        let bench = Bench::with(fault).await;
        let reply = bench.post("submit-jobs", submit()).await;
        let (arrived, http) = (reply.is_ok(), reply.as_ref().map_or(0, |reply| reply.status().as_u16()));
        let body = match reply {
            Ok(reply) => reply.text().await.ok(),
            Err(_) => None,
        };
        let reply = body.as_deref().and_then(|body| serde_json::from_str::<Value>(body).ok());
        match fault {
            "accept-cut" => assert!(!arrived),
            "accept-half" => assert_eq!((http, body), (200, None)),
            "accept-500" => assert_eq!((http, &reply.unwrap()["status"]), (500, &json!(500))),
            _ => assert_eq!((http, reply), (200, None)),
        }
        let ledger = bench.sandbox.ledger();
        assert_eq!((ledger.jobs.len(), ledger.quota, ledger.jobs[0].reply_sent), (1, 4, false), "{fault}");
        assert_eq!(ledger.faults[fault], 1);
    }
    let bench = Bench::with("accept-hang").await;
    let hanging =
        tokio::time::timeout(std::time::Duration::from_millis(200), bench.post("submit-jobs", submit()));
    assert!(hanging.await.is_err());
    assert_eq!(bench.jobs(), 1);
}

#[tokio::test]
async fn the_data_of_envelopes_takes_every_shape() {
    for (shape, data) in [
        ("missing", None),
        ("null", Some(json!(null))),
        ("empty", Some(json!({}))),
        ("no-id", Some(json!({"taskId": ""}))),
    ] {
        let bench = Bench::with(&format!("accept-data={shape}")).await;
        let (http, envelope) = bench.submit(json!({"prompt": "a"})).await;
        assert_eq!(
            (http, &envelope["status"], envelope.get("data")),
            (200, &json!(0), data.as_ref()),
            "{shape}"
        );
        assert!(!bench.sandbox.ledger().jobs[0].reply_sent);
    }
    for (shape, data) in [("missing", None), ("null", Some(json!(null))), ("empty", Some(json!({})))] {
        let bench = Bench::with(&format!("slots=0, refusal-data={shape}")).await;
        assert_eq!(bench.submit(json!({"prompt": "a"})).await.1.get("data"), data.as_ref(), "{shape}");
    }
}

#[tokio::test]
async fn a_refusal_comes_with_any_http_status() {
    for http in [200, 400, 402, 403, 429, 503] {
        let bench = Bench::with(&format!("quota=5, refusal-http={http}, retry-after=1500ms")).await;
        bench.task_id("a").await;
        let reply = bench.post("submit-jobs", json!({"prompt": "a"}).to_string()).await.unwrap();
        let after = reply.headers().get("retry-after").map(|after| after.to_str().unwrap().to_owned());
        assert_eq!(after.as_deref(), matches!(http, 429 | 503).then_some("2"), "{http}");
        let (status, envelope) = both(reply).await;
        assert_eq!((status, &envelope["status"]), (http, &json!(1001)));
    }
}

#[tokio::test]
async fn retry_after_can_be_a_date() {
    let bench = Bench::with("submit-429, retry-after=30s, retry-after-date").await;
    let before = std::time::SystemTime::now();
    let reply = bench.post("submit-jobs", json!({"prompt": "a"}).to_string()).await.unwrap();
    let date = httpdate::parse_http_date(reply.headers()["retry-after"].to_str().unwrap()).unwrap();
    let ahead = date.duration_since(before).unwrap().as_secs();
    assert!((29..=36).contains(&ahead), "{ahead}");
}

#[tokio::test]
async fn refusals_for_their_content_are_reported_by_their_codes() {
    let bench = Bench::with("submit-moderated=blood, submit-code=1003:only:2, item-new-fields").await;
    let code = async |prompt: &str| bench.submit(json!({"prompt": prompt})).await.1;
    assert_eq!(code("blood moon").await["status"], 1403);
    assert_eq!(code("a moon").await["status"], 1003);
    let accepted = code("a moon").await;
    assert_eq!((&accepted["status"], accepted["trace"].is_object()), (&json!(0), true));
    assert_eq!(bench.jobs(), 1);
}

#[tokio::test]
async fn every_reply_can_be_slow() {
    let bench = Bench::with("latency=60ms").await;
    let started = std::time::Instant::now();
    bench.task_id("a").await;
    assert!(started.elapsed().as_millis() >= 60);
}
