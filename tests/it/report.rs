//! The page of a batch: what stands in it, that nothing of others runs in it, and what a person does with it in a browser.

use serde_json::{Value, json};

use crate::support::browser::{Browser, ENTER, ESCAPE, RIGHT};
use crate::support::{RawServer, SandboxService, TestDir, wait_until};

/// Text that would run, close a block or leave an attribute, if it could.
const EVIL: &str = r#"</script><script>window.evil=1</script><img src=x onerror="window.evil=2">'"><svg/onload=window.evil=3>"#;

fn page(dir: &TestDir) -> String {
    String::from_utf8(dir.read("spring.report.html")).unwrap()
}

/// The tasks as the script reads them.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

fn cards(page: &str) -> Vec<&str> {
    page.split("<article ").skip(1).map(|card| card.split_once("</article>").unwrap().0).collect()
}

#[test]
fn an_unfinished_batch_has_a_card_for_each_task() {
    let service = SandboxService::with_faults("submit-moderated=number 1");
    let dir = TestDir::with_csv(
        "id,prompt,sku\nt0,a mug number 0,A-1\nt1,a mug number 1,A-1\nt2,a mug number 2,\n",
    );
    dir.run(&service.url()).args("--limit 2 --prices fast=1.5").expect_code(10);
    let ran = dir.mjbatch("report spring.csv").expect_code(0);
    assert_eq!(ran.stdout, "spring.report.html: 1 done · 1 failed · 1 pending\n");
    let page = page(&dir);
    let cards = cards(&page);
    assert_eq!(cards.len(), 3);
    assert_eq!(cards[0].matches("<img ").count(), 4);
    assert!(cards[0].contains(">done</span>") && cards[0].contains("loading=\"lazy\""), "{}", cards[0]);
    assert!(cards[1].contains("banned prompt detected (code 1403)") && cards[1].contains("class=\"redo\""));
    assert!(cards[2].contains("no image yet") && !cards[2].contains("class=\"redo\""), "{}", cards[2]);
    let data = data(&page);
    assert_eq!(data["about"]["columns"], json!(["sku"]));
    assert_eq!(data["about"]["picks"], "spring.picks.csv");
    let fields = |n: usize| {
        let task = &data["tasks"][n];
        [&task["id"], &task["status"], &task["vars"][0], &task["quota"]].map(|it| it.as_str().unwrap())
    };
    assert_eq!(
        [fields(0), fields(1), fields(2)],
        [["t0", "done", "A-1", "1.5"], ["t1", "failed", "A-1", ""], ["t2", "pending", "", ""]]
    );
    for there in ["Slots over time", "1 refused", "Durations by mode", "Cost and success by variable", "50 %"]
    {
        assert!(page.contains(there), "{there}");
    }
    assert!(!page.contains("http-equiv=\"refresh\"") && page.contains("default-src &#x27;none&#x27;"));
}

#[test]
fn a_page_can_be_written_during_a_run_and_replaces_the_previous_one() {
    let (service, dir) = (SandboxService::with_job_time(1000.0..=1000.0, ""), TestDir::with_tasks(4));
    let run = dir.run(&service.url()).args("--concurrency 2 --progress json").start();
    run.wait_for_stdout("\"event\":\"submitted\"");
    dir.mjbatch("report spring.csv").expect_code(0);
    let before = page(&dir);
    assert!(before.contains("a run is in progress") && before.contains(">running</span>"));
    assert_eq!(run.wait().code, Some(0), "a look does not disturb it");
    dir.mjbatch("report spring.csv --out other.html").expect_code(0);
    assert_eq!(page(&dir), before);
    let after = String::from_utf8(dir.read("other.html")).unwrap();
    assert_eq!(cards(&after).iter().filter(|card| card.contains(">done</span>")).count(), 4);
}

#[test]
fn a_page_overwrites_no_file_of_the_batch_and_needs_a_state() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(1));
    let ran = dir.mjbatch("report spring.csv").expect_code(2);
    assert!(ran.stderr.contains("this batch was never run"), "{ran:?}");
    dir.run(&service.url()).expect_code(0);
    for name in ["spring.csv", "spring.mjbatch", "spring.results.csv", "./spring.csv"] {
        let before = dir.read(name);
        let ran = dir.mjbatch("report spring.csv --out").args(name).expect_code(2);
        assert!(ran.stderr.contains("would be written over"), "{ran:?}");
        assert_eq!(dir.read(name), before);
    }
    let ran = dir.mjbatch("report spring.csv --out gone/page.html").expect_code(2);
    insta::assert_snapshot!(ran.stderr, @"error: the report cannot be written to `gone/page.html`: the folder `gone` does not exist; create it, or give another path with `--out`");
    assert_eq!(dir.files(), ["spring.csv", "spring.mjbatch", "spring.results.csv"]);
}

#[test]
fn downloaded_images_are_shown_from_their_files() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(1));
    dir.run(&service.url()).args("--download").arg("my pics#1").expect_code(0);
    std::fs::remove_file(dir.path("my pics#1/t0-3.png")).unwrap();
    std::fs::create_dir(dir.path("out")).unwrap();
    dir.mjbatch("report spring.csv --out out/page.html").expect_code(0);
    let page = String::from_utf8(dir.read("out/page.html")).unwrap();
    let sources: Vec<String> = page
        .split("<img src=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().replace("&#x2f;", "/"))
        .collect();
    assert_eq!(sources[..2], ["./../my%20pics%231/t0-1.png", "./../my%20pics%231/t0-2.png"]);
    assert!(sources[2].starts_with("http://127.0.0.1:"), "a file that is gone: {sources:?}");
}

/// A service that is after the person who looks at its images.
fn hostile() -> RawServer {
    RawServer::with_status(|task_id| {
        json!({"taskId": task_id, "status": 1, "prompt": EVIL, "image": format!("javascript:window.evil=4//{EVIL}"), "images": [
            "javascript:window.evil=5",
            " jAvAsCrIpT:window.evil=6",
            "data:text/html,<script>window.evil=7</script>",
            format!("http://127.0.0.1:9/%ff%{EVIL}"),
        ]})
    })
}

#[test]
fn untrusted_text_becomes_neither_markup_nor_a_link() {
    let dir = TestDir::empty();
    let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let evil = cell(EVIL);
    dir.write("spring.csv", format!("id,prompt,{evil},mode\n{evil},{evil},{evil},fast\n"));
    let service = hostile();
    dir.run(&service.url()).expect_code(0);
    dir.mjbatch("report spring.csv").expect_code(0);
    let page = page(&dir);
    assert_eq!(page.matches("<script").count(), 2, "the data, and the one script");
    assert_eq!(page.matches("</script>").count(), 2);
    assert_eq!(page.matches("<article ").count(), 1);
    assert!(!page.contains("onerror=\"") && !page.contains("<svg/onload"), "{page}");
    let links: Vec<&str> =
        page.split(" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(links.len(), 2, "{links:?}");
    assert!(
        links.iter().all(|link| link.starts_with('#') || link.starts_with("http:&#x2f;&#x2f;127.0.0.1:9"))
    );
    assert!(page.contains("3 images have no usable URL"));
    let data = data(&page);
    let task = &data["tasks"][0];
    assert_eq!([&task["id"], &task["prompt"], &task["vars"][0], &data["about"]["columns"][0]], [EVIL; 4]);

    let Some(browser) = Browser::start() else { return };
    browser.open(&dir.path("spring.report.html"));
    assert_eq!(browser.get("document.querySelector('.card h3').textContent"), EVIL);
    browser.click(".card .pic a");
    browser.holds("document.getElementById('large').open");
    assert_eq!(browser.get("document.getElementById('large-prompt').textContent"), EVIL);
    assert_eq!(browser.get("typeof window.evil"), "undefined");
    // Whatever had come into the page as code would have been blocked, and logged to the console.
    let messages = browser.console();
    assert!(messages.iter().all(|line| !line.contains("Content Security Policy")), "{messages:?}");
    let forbidden = "(() => { const it = document.createElement('script'); it.textContent = 'window.evil = 8'; document.body.append(it); return typeof window.evil })()";
    assert_eq!(browser.get(forbidden), "undefined", "the policy holds");
    assert!(browser.console().iter().any(|line| line.contains("Content Security Policy")));
}

/// The cards that are to be seen.
fn visible_cards(browser: &Browser) -> Vec<String> {
    let names =
        browser.get("[...document.querySelectorAll('.card:not([hidden]) h3')].map((it) => it.textContent)");
    serde_json::from_value(names).unwrap()
}

fn exported_file(browser: &Browser) -> std::path::PathBuf {
    let file = browser.downloads().join("spring.picks.csv");
    wait_until("the file is saved", || file.exists());
    file
}

#[test]
fn images_can_be_filtered_viewed_picked_and_exported_in_a_browser() {
    let Some(browser) = Browser::start() else { return };
    let service = SandboxService::with_faults("submit-moderated=number 3");
    let dir = TestDir::with_csv(concat!(
        "id,prompt,scene,note\n",
        "t0,a mug number 0,beach,=1+1\n",
        "t1,a mug number 1,beach,\"a, \"\"b\"\"\"\n",
        "t2,a Café number 2,wood,\n",
        "t3,a mug number 3,wood,\n",
        "t4,a mug number 4,wood,\n",
    ));
    dir.run(&service.url()).expect_code(3);
    dir.mjbatch("report spring.csv").expect_code(0);
    browser.open(&dir.path("spring.report.html"));
    browser.holds("[...document.querySelectorAll('#t0 img')].every((it) => it.naturalWidth > 0)");

    // Found by status, by variable, by word, and all again.
    browser.click("[data-status=failed]");
    assert_eq!(visible_cards(&browser), ["t3"]);
    browser.click("[data-status=failed]");
    browser.type_into("#variables select", "beach");
    assert_eq!(visible_cards(&browser), ["t0", "t1"]);
    assert_eq!(browser.get("document.getElementById('count').textContent"), "2 of 5 tasks");
    browser.click("#clear");
    browser.press("cafe 2");
    assert_eq!(visible_cards(&browser), ["t2"]);
    browser.click("#clear");
    browser.press(ESCAPE);
    assert_eq!(visible_cards(&browser).len(), 5);

    // Looked at, and picked, by keys alone.
    browser.press("jj");
    browser.press(ENTER);
    browser.holds("document.getElementById('large').open");
    assert_eq!(browser.get("document.getElementById('large-id').textContent"), "t1");
    browser.press("24");
    browser.press(RIGHT);
    assert_eq!(browser.get("document.getElementById('large-prompt').textContent"), "a Café number 2");
    browser.press("r");
    browser.press(ESCAPE);
    browser.holds("!document.getElementById('large').open");
    assert_eq!(browser.get("document.activeElement.closest('.card').id"), "t2");
    // And by the pointer.
    browser.click("#t0 [data-p='3'] .pick");
    browser.click("#t0 [data-p='1'] .pick");
    browser.click("#t0 [data-p='1'] .pick");
    let chosen = "3 images of 2 tasks picked · 1 to redo";
    assert_eq!(browser.get("document.getElementById('chosen').textContent"), chosen);
    assert_eq!(
        browser.get("document.querySelector('#t1 [data-p=\"4\"] .pick').getAttribute('aria-pressed')"),
        "true"
    );

    // Kept, saved, and fed back.
    browser.open(&dir.path("spring.report.html"));
    assert_eq!(browser.get("document.getElementById('chosen').textContent"), chosen);
    browser.click("#save");
    std::fs::rename(exported_file(&browser), dir.path("spring.picks.csv")).unwrap();
    assert_eq!(browser.console(), Vec::<String>::new());
    fed_back(&dir, &service);

    // What was made again since is looked at anew; the rest is as it was left.
    dir.mjbatch("report spring.csv").expect_code(0);
    browser.open(&dir.path("spring.report.html"));
    assert_eq!(browser.get("document.getElementById('chosen').textContent"), "3 images of 2 tasks picked");
}

/// The choices that the browser saved are carried out: a marked task is made again, once, and picks come back.
fn fed_back(dir: &TestDir, service: &SandboxService) {
    let ran = dir.mjbatch("check spring.picks.csv").expect_code(0);
    assert!(ran.stderr.is_empty(), "{ran:?}");
    let jobs = service.jobs();
    let run = || {
        let words = "run spring.picks.csv --poll-min 20ms --poll-max 100ms --progress none";
        dir.mjbatch(words).with_service(&service.url()).expect_code(0)
    };
    run();
    assert_eq!(service.jobs(), jobs + 1);
    assert_eq!(service.ledger().jobs.last().unwrap().prompt, "a Café number 2");
    run();
    assert_eq!(service.jobs(), jobs + 1, "once");
    let results = dir.results();
    assert_eq!(results.column("note"), ["=1+1", "a, \"b\"", "", "", ""]);
    assert_eq!(results.column("pick"), ["3", "2 4", "", "", ""]);
    assert_eq!(results.count("done"), 4);
}
