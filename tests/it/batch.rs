//! The main job: a manifest larger than the account's slots runs to its end, and its results are what was paid for.

use std::collections::HashSet;

use crate::support::{SandboxService, TestDir, assert_paid_once, block_on};

#[test]
fn sixty_tasks_in_ten_slots_are_done_each_with_its_own_task_id_and_images() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(60));
    dir.run(&service.url()).expect_code(0);

    let results = dir.results();
    let ids: Vec<String> = (0..60).map(|n| format!("t{n}")).collect();
    assert_eq!(results.column("id"), ids, "in the manifest's order");
    assert_eq!(results.count("done"), 60);
    let paid = assert_paid_once(&[&service.ledger()]);
    let mut urls = HashSet::new();
    for row in &results.rows {
        assert_eq!(row["task_id"], paid[&row["prompt"]]);
        assert_eq!((&row["mode"], &row["attempts"], &row["reason"]), ("fast", "1", ""));
        assert!(row["grid"].contains(&row["task_id"]));
        assert_eq!(row.images().len(), 4);
        urls.extend(row.images().into_iter().map(str::to_owned));
        let [submitted, finished] = ["submitted_at", "finished_at"]
            .map(|name| row[name].parse::<jiff::Timestamp>().unwrap_or_else(|e| panic!("{e}: {row:?}")));
        assert!(submitted <= finished && row["submitted_at"].ends_with('Z'));
    }
    assert_eq!((paid.len(), urls.len()), (60, 240));

    let ledger = service.ledger();
    let refused = ledger.refusals.get(&1002).copied().unwrap_or_default();
    assert!(refused <= 3, "{refused} submits were one too many");
    assert_eq!(ledger.submits, 60 + refused);
    assert_eq!(ledger.most_in_flight, 10, "all slots are used, and no more");
    assert_images_are_distinct(urls.iter().take(40));

    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.ledger().submits, 60 + refused, "the second run submits nothing");
    assert_eq!(dir.results().rows, results.rows);
}

/// Asserts that each URL returns a PNG that can be decoded, and that no two are the same.
fn assert_images_are_distinct<'a>(urls: impl Iterator<Item = &'a String>) {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let mut seen = HashSet::new();
    for url in urls {
        let get = async { client.get(url).send().await?.error_for_status()?.bytes().await };
        let bytes = block_on(get).unwrap();
        let mut image = png::Decoder::new(std::io::Cursor::new(&bytes[..])).read_info().unwrap();
        let mut pixels = vec![0; image.output_buffer_size().unwrap()];
        image.next_frame(&mut pixels).unwrap();
        assert!(seen.insert(pixels), "{url} is like another");
    }
}

#[test]
fn a_run_soon_stops_using_more_slots_than_the_account_has() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(60));
    dir.run(&service.url()).args("--concurrency 40").expect_code(0);
    assert_eq!(dir.results().count("done"), 60);
    let ledger = service.ledger();
    assert_eq!((assert_paid_once(&[&ledger]).len(), ledger.most_in_flight), (60, 10));
    let refused = ledger.refusals.get(&1002).copied().unwrap_or_default();
    assert!((1..=60).contains(&refused), "{refused} submits were too many");
}

#[test]
fn fewer_or_late_slots_do_not_fail_a_run() {
    for faults in ["slots=1", "slots=3, slots-free-late=100s", "slots=2, slots-per-mode"] {
        let (service, dir) = (SandboxService::with_job_time(5.0..=20.0, faults), TestDir::with_tasks(12));
        dir.run(&service.url()).expect_code(0);
        assert_eq!(dir.results().count("done"), 12, "{faults}");
        assert_eq!(assert_paid_once(&[&service.ledger()]).len(), 12, "{faults}");
    }
}

#[test]
fn the_results_keep_the_manifests_columns_and_any_text() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv(concat!(
        "sku,id,prompt,mode,note,timeout\n",
        "007,mug,\"a mug, \"\"sage\"\"\",relax,\"two\nlines\",600\n",
        "1e3,vase,a väse 花瓶,,=1+1,\n",
    ));
    dir.run(&service.url()).expect_code(0);
    let results = dir.results();
    assert_eq!(results.header[..4], ["id", "sku", "note", "timeout"]);
    assert_eq!(results.column("sku"), ["007", "1e3"]);
    assert_eq!(results.column("note"), ["two\nlines", "=1+1"]);
    assert_eq!(results.column("prompt"), ["a mug, \"sage\"", "a väse 花瓶"]);
    assert_eq!(results.column("mode"), ["relaxed", "fast"]);
    let sent: HashSet<String> = service.ledger().jobs.into_iter().map(|job| job.prompt).collect();
    assert_eq!(sent, results.column("prompt").into_iter().map(str::to_owned).collect());
}

#[test]
fn the_cost_counts_each_job_once() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(5));
    let ran = dir.run(&service.url()).args("--limit 2 --prices fast=4,relaxed=1.5").expect_code(10);
    assert!(ran.stderr.contains("cost: 8 quota\n"), "{}", ran.stderr);
    let ran = dir.run(&service.url()).args("--prices fast=4,relaxed=1.5").expect_code(0);
    assert!(ran.stderr.contains("cost: 12 quota in this run, 20 quota in all\n"), "{}", ran.stderr);
    assert_eq!(dir.results().column("quota"), ["4"; 5]);
    assert_eq!(service.ledger().quota, 20);
}

#[test]
fn a_sandbox_run_has_its_own_files_and_resumes() {
    let dir = TestDir::with_tasks(6);
    let sandbox_run = |words: &str| dir.mjbatch("run spring.csv --sandbox --speed 2000").args(words);
    sandbox_run("--limit 2").expect_code(10);
    assert_eq!(dir.files(), ["spring.csv", "spring.sandbox.mjbatch", "spring.sandbox.results.csv"]);
    sandbox_run("").expect_code(0);
    let results = crate::support::ResultsFile::read(&dir.path("spring.sandbox.results.csv"));
    assert_eq!(results.count("done"), 6);
}
