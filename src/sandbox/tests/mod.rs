//! The sandbox over real HTTP on loopback. Jobs last no time unless a test is about time, so
//! nothing here waits.

mod images;
mod status;
mod submit;
mod webhooks;

use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::{Sandbox, SandboxSettings};

/// A sandbox with a client that knows its key.
struct Bench {
    sandbox: Sandbox,
    client: Client,
}

fn instant(faults: &str) -> SandboxSettings {
    SandboxSettings {
        faults: faults.parse().unwrap(),
        fast: 0.0..=0.0,
        relaxed: 0.0..=0.0,
        image_side: 32,
        ..SandboxSettings::default()
    }
}

impl Bench {
    /// A sandbox whose jobs last no time at all.
    async fn with(faults: &str) -> Bench {
        Bench::of(instant(faults)).await
    }

    async fn of(settings: SandboxSettings) -> Bench {
        let client = Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .timeout(Duration::from_secs(5))
            .build()
            .unwrap();
        Bench { sandbox: Sandbox::start(settings).await.unwrap(), client }
    }

    async fn post(&self, path: &str, body: String) -> reqwest::Result<Response> {
        let url = format!("{}/midjourney/v1/{path}", self.sandbox.base_url());
        self.client
            .post(url)
            .header("API-KEY", "k")
            .header("Content-Type", "application/json")
            .body(body)
            .send()
            .await
    }

    /// HTTP status and envelope of a submit.
    async fn submit(&self, body: Value) -> (u16, Value) {
        both(self.post("submit-jobs", body.to_string()).await.unwrap()).await
    }

    /// The taskId of a new job.
    async fn task_id(&self, prompt: &str) -> String {
        let (_, envelope) = self.submit(json!({"prompt": prompt})).await;
        envelope["data"]["taskId"].as_str().unwrap_or_else(|| panic!("{envelope}")).to_owned()
    }

    /// HTTP status and envelope of a status request.
    async fn status(&self, task_ids: &[&str]) -> (u16, Value) {
        both(self.post("job-status", json!({"taskIds": task_ids}).to_string()).await.unwrap()).await
    }

    /// The item of one job.
    async fn item(&self, task_id: &str) -> Value {
        self.status(&[task_id]).await.1["data"][0].clone()
    }

    async fn get(&self, url: &str) -> reqwest::Result<Response> {
        self.client.get(url).send().await
    }

    fn jobs(&self) -> usize {
        self.sandbox.ledger().jobs.len()
    }
}

async fn both(response: Response) -> (u16, Value) {
    let http = response.status().as_u16();
    let text = response.text().await.unwrap();
    (http, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{http} {text}")))
}

#[tokio::test]
async fn a_job_goes_its_whole_way() {
    let bench = Bench::of(SandboxSettings { fast: 60.0..=60.0, speed: 200.0, ..instant("") }).await;
    let (http, envelope) = bench.submit(json!({"prompt": "a mug --ar 3:2", "mode": "fast"})).await;
    let task_id = envelope["data"]["taskId"].as_str().unwrap().to_owned();
    assert_eq!(
        (http, &envelope),
        (200, &json!({"status": 0, "data": {"taskId": task_id}, "message": "success"}))
    );
    let mut item = bench.item(&task_id).await;
    assert_eq!((&item["status"], &item["image"], &item["images"]), (&json!(0), &json!(""), &json!([])));
    while item["status"] == 0 {
        item = bench.item(&task_id).await;
    }
    let base = bench.sandbox.base_url();
    let job = bench.sandbox.ledger().jobs.remove(0);
    let url = |name: &str| format!("{base}/images/{task_id}/{name}.png");
    assert_eq!(
        item,
        json!({
            "taskId": task_id, "status": 1, "image": url("grid"), "images": [url("1"), url("2"), url("3"), url("4")],
            "prompt": "a mug --ar 3:2", "mjPrompt": "a mug --ar 3:2 --v 7", "failReason": "",
            "jobId": item["jobId"], "createdAt": job.accepted_at, "meta": {"width": 32, "height": 21},
        })
    );
    assert_eq!(job.ends_at - job.accepted_at, 300);
}

#[tokio::test]
async fn a_new_sandbox_answers_for_the_jobs_of_an_earlier_one() {
    let first = Bench::with("").await;
    let task_id = first.task_id("a mug").await;
    let mut before = first.item(&task_id).await;
    let image = first.get(before["images"][2].as_str().unwrap()).await.unwrap().bytes().await.unwrap();
    first.sandbox.stop().await;

    let second = Bench::with("").await;
    let after = second.item(&task_id).await;
    let url = after["images"][2].as_str().unwrap();
    assert_eq!(second.get(url).await.unwrap().bytes().await.unwrap(), image);
    assert_eq!(after.get("prompt"), None);
    for gone in ["prompt", "mjPrompt", "image", "images"] {
        before.as_object_mut().unwrap().remove(gone);
    }
    let mut rest = after.clone();
    for gone in ["image", "images"] {
        rest.as_object_mut().unwrap().remove(gone);
    }
    assert_eq!(rest, before);
    assert_eq!(second.status(&["MtAd7mCuc4YqK_a1iAQSW"]).await.1["data"], json!([]));
}

#[tokio::test]
async fn it_stops_though_a_client_hangs_on() {
    let bench = Bench::with("submit-hang").await;
    let addr = bench.sandbox.addr();
    let _silent = tokio::net::TcpStream::connect(addr).await.unwrap();
    let (stopped, hanging) = tokio::join!(
        async {
            while bench.sandbox.ledger().submits == 0 {
                tokio::task::yield_now().await;
            }
            bench.sandbox.stop().await;
        },
        bench.client.post(format!("http://{addr}/midjourney/v1/submit-jobs")).header("API-KEY", "k").send()
    );
    assert_eq!(stopped, ());
    assert!(!hanging.unwrap_err().is_timeout());
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_it_stops_it_too() {
    let bench = Bench::with("").await;
    let addr = bench.sandbox.addr();
    bench.task_id("a mug").await;
    drop(bench.sandbox);
    while tokio::net::TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn settings_out_of_range_are_refused_with_a_reason() {
    for (settings, reason) in [
        (SandboxSettings { speed: 0.0, ..instant("") }, "the speed must be from 0.001 to 1000000"),
        (SandboxSettings { speed: f64::NAN, ..instant("") }, "the speed must be from 0.001 to 1000000"),
        (
            SandboxSettings { fast: std::ops::RangeInclusive::new(9.0, 1.0), ..instant("") },
            "a range of job times must go from 0 or more up to a day or less",
        ),
        (
            SandboxSettings { image_side: 0, ..instant("") },
            "the side of an image must be from 8 to 2048 pixels",
        ),
    ] {
        assert_eq!(Sandbox::start(settings).await.unwrap_err().to_string(), reason);
    }
}

#[tokio::test]
async fn people_find_a_page_with_images_and_the_ledger() {
    let bench = Bench::with("").await;
    let base = bench.sandbox.base_url();
    let page = bench.get(&base).await.unwrap().text().await.unwrap();
    assert!(page.contains("<h1>mjbatch sandbox</h1>") && page.contains(&base));
    let images: Vec<&str> =
        page.split("src=\"").skip(1).map(|rest| &rest[..rest.find('"').unwrap()]).collect();
    assert_eq!(images.len(), 4);
    for image in images {
        let reply = bench.get(&format!("{base}{image}")).await.unwrap();
        assert!(reply.status().is_success() && reply.bytes().await.unwrap().starts_with(b"\x89PNG"));
    }
    bench.task_id("a mug").await;
    let ledger: Value = both(bench.get(&format!("{base}/ledger")).await.unwrap()).await.1;
    assert_eq!(ledger, serde_json::to_value(bench.sandbox.ledger()).unwrap());
    assert_eq!(ledger["jobs"][0]["outcome"], "done");
    assert_eq!(bench.get(&format!("{base}/nothing")).await.unwrap().status(), 404);
}

#[tokio::test]
async fn images_have_the_public_address_if_there_is_one() {
    let public = Some("https://sandbox.example/api/".to_owned());
    let bench = Bench::of(SandboxSettings { public_url: public, ..instant("") }).await;
    assert_eq!(bench.sandbox.base_url(), "https://sandbox.example/api");
}
