//! Images over HTTP: valid ones, and every fault that one can have.

use serde_json::json;

use super::Bench;

/// HTTP status, type and bytes of the first image of a job that is done.
async fn first(bench: &Bench) -> (u16, String, Option<Vec<u8>>) {
    let item = bench.item(&bench.task_id("a mug --ar 2:1").await).await;
    let reply = bench.get(item["images"][0].as_str().unwrap()).await.unwrap();
    let kind = reply.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
    (reply.status().as_u16(), kind, reply.bytes().await.ok().map(Vec::from))
}

#[tokio::test]
async fn each_image_of_a_job_is_a_png_of_its_own() {
    let bench = Bench::with("").await;
    let item = bench.item(&bench.task_id("a mug --ar 2:1").await).await;
    let mut seen = Vec::new();
    for url in item["images"].as_array().unwrap().iter().chain([&item["image"]]) {
        let reply = bench.get(url.as_str().unwrap()).await.unwrap();
        assert_eq!(reply.headers()["content-type"], "image/png");
        let file = reply.bytes().await.unwrap();
        let info = png::Decoder::new(std::io::Cursor::new(file.clone())).read_info().unwrap();
        assert_eq!(info.info().size(), (32, 16));
        assert!(!seen.contains(&file));
        seen.push(file);
    }
    assert_eq!(seen.len(), 5);
    assert_eq!(bench.sandbox.ledger().image_requests, 5);
    let base = item["image"].as_str().unwrap().rsplit_once('/').unwrap().0.to_owned();
    for none in ["0.png", "5.png", "grid.gif", "x"] {
        assert_eq!(bench.get(&format!("{base}/{none}")).await.unwrap().status(), 404, "{none}");
    }
}

#[tokio::test]
async fn a_job_that_runs_or_failed_has_no_images() {
    for settings in [crate::sandbox::SandboxSettings::default(), super::instant("job-fail")] {
        let bench = Bench::of(settings).await;
        let url = format!("{}/images/{}/1.png", bench.sandbox.base_url(), bench.task_id("a").await);
        assert_eq!(bench.get(&url).await.unwrap().status(), 404);
    }
}

#[tokio::test]
async fn a_image_can_be_misnamed_mistyped_or_a_page() {
    for (word, end, kind, png) in [
        ("jpeg-name", "/1.jpg", "image/jpeg", true),
        ("no-name", "/1", "image/png", true),
        ("octet", "/1.png", "application/octet-stream", true),
        ("html", "/1.png", "text/html; charset=utf-8", false),
    ] {
        let bench = Bench::with(&format!("image-type={word}")).await;
        let item = bench.item(&bench.task_id("a").await).await;
        assert!(item["images"][0].as_str().unwrap().ends_with(end), "{word}");
        let (http, content_type, bytes) = first(&bench).await;
        assert_eq!(
            (http, content_type.as_str(), bytes.unwrap().starts_with(b"\x89PNG")),
            (200, kind, png),
            "{word}"
        );
    }
}

#[tokio::test]
async fn a_image_can_be_gone_missing_broken_or_cut() {
    assert_eq!(first(&Bench::with("image-expire=0").await).await.0, 410);
    assert_eq!(first(&Bench::with("image-expire=1h").await).await.0, 200);
    assert_eq!(first(&Bench::with("image-404").await).await.0, 404);
    assert_eq!(first(&Bench::with("image-500").await).await.0, 500);
    let (http, _, bytes) = first(&Bench::with("image-half").await).await;
    assert_eq!((http, bytes), (200, None));
    let hanging = Bench::with("image-hang").await;
    assert!(tokio::time::timeout(std::time::Duration::from_millis(100), first(&hanging)).await.is_err());
}

#[tokio::test]
async fn a_image_can_live_elsewhere_and_a_key_that_goes_there_is_noticed() {
    let bench = Bench::with("image-redirect, image-host=localhost").await;
    let item = bench.item(&bench.task_id("a").await).await;
    let port = bench.sandbox.addr().port();
    let url = item["images"][0].as_str().unwrap();
    assert!(url.starts_with(&format!("http://localhost:{port}/images/")));
    let here = url.replace("localhost", "127.0.0.1");
    let reply = bench.get(&here).await.unwrap();
    let to = reply.headers()["location"].to_str().unwrap();
    assert_eq!(reply.status(), 302);
    assert_eq!(bench.sandbox.ledger().keys_leaked, 0);
    let stored = bench
        .client
        .get(format!("{}{to}", bench.sandbox.base_url()))
        .header("API-KEY", "k")
        .send()
        .await
        .unwrap();
    assert!(stored.bytes().await.unwrap().starts_with(b"\x89PNG"));
    assert_eq!(json!(bench.sandbox.ledger())["keys_leaked"], 1);
}
