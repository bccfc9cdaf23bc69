//! Status requests: whole, spoilt, and in every shape.

use serde_json::{Value, json};

use super::{Bench, SandboxSettings, instant};

/// The items of three jobs that are done, and their taskIds.
async fn three(faults: &str) -> (Bench, Vec<String>, Value) {
    let bench = Bench::with(faults).await;
    let mut ids = Vec::new();
    for prompt in ["one", "two", "three"] {
        ids.push(bench.task_id(prompt).await);
    }
    let asked: Vec<&str> = ids.iter().map(String::as_str).collect();
    let data = bench.status(&asked).await.1["data"].clone();
    (bench, ids, data)
}

fn of<'a>(data: &'a Value, field: &str) -> Vec<&'a Value> {
    data.as_array().unwrap().iter().map(|item| &item[field]).collect()
}

#[tokio::test]
async fn items_come_in_the_order_asked_for_and_unknown_ids_are_left_out() {
    let (bench, ids, data) = three("").await;
    assert_eq!(of(&data, "taskId"), [&json!(ids[0]), &json!(ids[1]), &json!(ids[2])]);
    assert_eq!(of(&data, "status"), [1, 1, 1]);
    assert_eq!(bench.status(&["sbno", &ids[1]]).await.1["data"][0]["taskId"], json!(ids[1]));
    assert_eq!(bench.sandbox.ledger().ids_asked, 5);
    assert_eq!(bench.status(&[]).await.1["status"], 1400);
}

#[tokio::test]
async fn a_status_request_can_fail_and_the_next_one_works() {
    for (fault, http) in [("status-429", 429), ("status-500", 500), ("status-html", 502)] {
        let bench = Bench::with(&format!("{fault}=first:1")).await;
        let ids = json!({"taskIds": [bench.task_id("a").await]}).to_string();
        assert_eq!(bench.post("job-status", ids.clone()).await.unwrap().status().as_u16(), http);
        assert_eq!(bench.post("job-status", ids).await.unwrap().status(), 200);
    }
    for fault in ["status-cut", "status-half", "status-garbage"] {
        let bench = Bench::with(&format!("{fault}=first:1")).await;
        let id = bench.task_id("a").await;
        let body = match bench.post("job-status", json!({"taskIds": [id]}).to_string()).await {
            Ok(reply) => reply.text().await.ok(),
            Err(_) => None,
        };
        assert_eq!(body.is_some(), fault == "status-garbage", "{fault}");
        assert!(body.is_none_or(|body| serde_json::from_str::<Value>(&body).is_err()));
        assert_eq!(bench.item(&id).await["status"], 1, "{fault}");
    }
    let bench = Bench::with("status-hang").await;
    let hanging = tokio::time::timeout(std::time::Duration::from_millis(100), bench.status(&["a"]));
    assert!(hanging.await.is_err());
}

#[tokio::test]
async fn a_list_can_be_shuffled_repeated_thinned_or_too_long() {
    let (_, ids, data) = three("status-shuffle, status-repeat=only:2").await;
    let order = of(&data, "taskId");
    assert_eq!(order.len(), 4);
    assert!(ids.iter().all(|id| order.contains(&&json!(id))));
    let (bench, ids, data) = three("status-omit=only:2").await;
    assert_eq!(of(&data, "taskId"), [&json!(ids[0]), &json!(ids[2])]);
    assert_eq!(bench.item(&ids[1]).await["status"], 1);
    let (bench, ids, data) = three("status-forget=only:2").await;
    assert_eq!(of(&data, "taskId"), [&json!(ids[0]), &json!(ids[2])]);
    assert_eq!(bench.item(&ids[1]).await, Value::Null);
    let (bench, ids, data) = three("status-max-ids=2, refusal-http=400").await;
    assert_eq!(data, Value::Null);
    assert_eq!(bench.status(&[&ids[0], &ids[1], &ids[2]]).await.0, 400);
    assert_eq!(bench.status(&[&ids[0], &ids[1]]).await.1["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_shuffled_list_is_in_another_order_than_asked_for() {
    let bench = Bench::with("status-shuffle, slots=20").await;
    let mut ids = Vec::new();
    for n in 0..12 {
        ids.push(bench.task_id(&n.to_string()).await);
    }
    let asked: Vec<&str> = ids.iter().map(String::as_str).collect();
    let data = bench.status(&asked).await.1["data"].clone();
    let got: Vec<&str> =
        data.as_array().unwrap().iter().map(|item| item["taskId"].as_str().unwrap()).collect();
    assert_ne!(got, asked);
}

#[tokio::test]
async fn a_status_can_be_a_string_stale_or_odd() {
    assert_eq!(of(&three("status-strings").await.2, "status"), ["1", "1", "1"]);
    let (bench, ids, data) = three("status-stale=first:2").await;
    assert_eq!(of(&data, "status"), [0, 0, 1]);
    assert_eq!(bench.item(&ids[0]).await["status"], 1);
    let (_, _, data) = three("status-odd").await;
    assert!(of(&data, "status").iter().all(|status| ![json!(0), json!(1), json!(2)].contains(status)));
}

#[tokio::test]
async fn a_job_that_is_done_can_have_its_urls_late_or_never() {
    let (bench, ids, data) = three("status-no-urls-yet=first:2").await;
    assert_eq!(of(&data, "status"), [1, 1, 1]);
    let counts = |data: &Value| {
        of(data, "images").iter().map(|list| list.as_array().unwrap().len()).collect::<Vec<_>>()
    };
    assert_eq!(counts(&data), [0, 0, 4]);
    assert_eq!(bench.item(&ids[0]).await["images"].as_array().unwrap().len(), 4);
    let (bench, ids, data) = three("status-no-urls=only:2").await;
    assert_eq!(counts(&data), [4, 0, 4]);
    assert_eq!(bench.item(&ids[1]).await["image"], "");
}

#[tokio::test]
async fn images_are_listed_in_every_shape() {
    let shape = async |word: &str| {
        let data = three(&format!("item-images={word}")).await.2;
        let item = data[0].clone();
        let urls = item["images"].as_array().unwrap().clone();
        (item["image"] != "", urls.len(), urls.first().map(Value::is_object))
    };
    assert_eq!(shape("list").await, (true, 4, Some(false)));
    assert_eq!(shape("objects").await, (true, 4, Some(true)));
    assert_eq!(shape("with-grid").await, (true, 5, Some(false)));
    assert_eq!(shape("grid-only").await, (true, 0, None));
    assert_eq!(shape("singles-only").await, (false, 4, Some(false)));
    assert_eq!(shape("none").await, (false, 0, None));
}

#[tokio::test]
async fn items_and_their_envelope_can_be_bare_new_skewed_or_not_a_list() {
    let bare = three("item-bare").await.2;
    assert!(["jobId", "createdAt", "meta"].iter().all(|field| bare[0].get(field).is_none()));
    assert_eq!(three("item-new-fields").await.2[0]["progress"], 42);
    let (bench, _, data) = three("item-skew=-1h").await;
    let accepted_at = bench.sandbox.ledger().jobs[0].accepted_at;
    assert_eq!(data[0]["createdAt"], accepted_at - 3_600_000);
    for (word, data) in [("missing", None), ("null", Some(json!(null))), ("empty", Some(json!({})))] {
        let bench = Bench::with(&format!("status-data={word}")).await;
        let id = bench.task_id("a").await;
        assert_eq!(bench.status(&[&id]).await.1.get("data"), data.as_ref());
    }
    let bench = Bench::with("status-data=object").await;
    let id = bench.task_id("a").await;
    assert_eq!(bench.status(&[&id]).await.1["data"]["taskId"], json!(id));
    assert!(bench.status(&[&id, &id]).await.1["data"].is_array());
}

#[tokio::test]
async fn a_failed_job_says_why() {
    let (bench, _, data) = three("job-fail=only:1, job-moderated=two").await;
    assert_eq!(of(&data, "status"), [2, 2, 1]);
    assert_eq!(
        of(&data, "failReason"),
        ["Internal error while generating the images", "Banned prompt detected", ""]
    );
    assert_eq!((&data[0]["image"], &data[0]["images"]), (&json!(""), &json!([])));
    let outcomes: Vec<_> = bench.sandbox.ledger().jobs.iter().map(|job| job.outcome).collect();
    use crate::sandbox::LedgerOutcome::{Done, Failed};
    assert_eq!(outcomes, [Failed, Failed, Done]);
}

#[tokio::test]
async fn a_slow_job_can_vanish_at_its_timeout() {
    let bench = Bench::of(SandboxSettings { speed: 1e6, ..instant("job-slow, job-expire=gone") }).await;
    let id = bench.task_id("a").await;
    while bench.item(&id).await != Value::Null {}
    assert_eq!(bench.sandbox.ledger().jobs[0].outcome, crate::sandbox::LedgerOutcome::Lost);
}
