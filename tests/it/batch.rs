//! The main job: a manifest larger than the account's slots runs to its end, and its results are what was paid for.

use std::collections::HashSet;

use crate::support::{Desk, Service, await_future, paid_once};

#[test]
fn sixty_rows_against_ten_slots_are_done_each_with_its_own_task_id_and_pictures() {
    let (service, desk) = (Service::with(""), Desk::of(60));
    desk.run(&service.url()).ends_with(0);

    let results = desk.results();
    let ids: Vec<String> = (0..60).map(|n| format!("t{n}")).collect();
    assert_eq!(results.column("id"), ids, "in the manifest's order");
    assert_eq!(results.count("done"), 60);
    let paid = paid_once(&[&service.ledger()]);
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
    pictures_are_real(urls.iter().take(40));

    desk.run(&service.url()).ends_with(0);
    assert_eq!(service.ledger().submits, 60 + refused, "the second run submits nothing");
    assert_eq!(desk.results().rows, results.rows);
}

/// Each address gives a PNG that can be decoded, and no two the same.
fn pictures_are_real<'a>(urls: impl Iterator<Item = &'a String>) {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let mut seen = HashSet::new();
    for url in urls {
        let get = async { client.get(url).send().await?.error_for_status()?.bytes().await };
        let bytes = await_future(get).unwrap();
        let mut picture = png::Decoder::new(std::io::Cursor::new(&bytes[..])).read_info().unwrap();
        let mut pixels = vec![0; picture.output_buffer_size().unwrap()];
        picture.next_frame(&mut pixels).unwrap();
        assert!(seen.insert(pixels), "{url} is like another");
    }
}

#[test]
fn more_slots_than_the_account_has_are_soon_asked_for_no_more() {
    let (service, desk) = (Service::with(""), Desk::of(60));
    desk.run(&service.url()).and("--concurrency 40").ends_with(0);
    assert_eq!(desk.results().count("done"), 60);
    let ledger = service.ledger();
    assert_eq!((paid_once(&[&ledger]).len(), ledger.most_in_flight), (60, 10));
    let refused = ledger.refusals.get(&1002).copied().unwrap_or_default();
    assert!((1..=60).contains(&refused), "{refused} submits were too many");
}

#[test]
fn fewer_slots_than_asked_for_or_freed_late_are_borne() {
    for faults in ["slots=1", "slots=3, slots-free-late=100s", "slots=2, slots-per-mode"] {
        let (service, desk) = (Service::taking(5.0..=20.0, faults), Desk::of(12));
        desk.run(&service.url()).ends_with(0);
        assert_eq!(desk.results().count("done"), 12, "{faults}");
        assert_eq!(paid_once(&[&service.ledger()]).len(), 12, "{faults}");
    }
}

#[test]
fn columns_of_the_manifest_and_any_text_come_back_as_they_were() {
    let service = Service::with("");
    let desk = Desk::with(concat!(
        "sku,id,prompt,mode,note,timeout\n",
        "007,mug,\"a mug, \"\"sage\"\"\",relax,\"two\nlines\",600\n",
        "1e3,vase,a väse 花瓶,,=1+1,\n",
    ));
    desk.run(&service.url()).ends_with(0);
    let results = desk.results();
    assert_eq!(results.header[..4], ["id", "sku", "note", "timeout"]);
    assert_eq!(results.column("sku"), ["007", "1e3"]);
    assert_eq!(results.column("note"), ["two\nlines", "=1+1"]);
    assert_eq!(results.column("prompt"), ["a mug, \"sage\"", "a väse 花瓶"]);
    assert_eq!(results.column("mode"), ["relaxed", "fast"]);
    let sent: HashSet<String> = service.ledger().jobs.into_iter().map(|job| job.prompt).collect();
    assert_eq!(sent, results.column("prompt").into_iter().map(str::to_owned).collect());
}

#[test]
fn prices_make_a_cost_that_counts_each_job_once() {
    let (service, desk) = (Service::with(""), Desk::of(5));
    let ran = desk.run(&service.url()).and("--limit 2 --prices fast=4,relaxed=1.5").ends_with(10);
    assert!(ran.stderr.contains("cost: 8 quota\n"), "{}", ran.stderr);
    let ran = desk.run(&service.url()).and("--prices fast=4,relaxed=1.5").ends_with(0);
    assert!(ran.stderr.contains("cost: 12 quota in this run, 20 quota in all\n"), "{}", ran.stderr);
    assert_eq!(desk.results().column("quota"), ["4"; 5]);
    assert_eq!(service.ledger().quota, 20);
}

#[test]
fn a_rehearsal_keeps_to_files_of_its_own_and_goes_on_where_it_was_stopped() {
    let desk = Desk::of(6);
    let rehearse = |words: &str| desk.mjbatch("run spring.csv --sandbox --speed 2000").and(words);
    rehearse("--limit 2").ends_with(10);
    assert_eq!(desk.files(), ["spring.csv", "spring.sandbox.mjbatch", "spring.sandbox.results.csv"]);
    rehearse("").ends_with(0);
    let results = crate::support::Results::read(&desk.path("spring.sandbox.results.csv"));
    assert_eq!(results.count("done"), 6);
}
