//! The page as written: its policy, a card, and what is left after an error.

use std::convert::Infallible;
use std::fs;

use super::*;
use crate::output::tests::{done, record};
use crate::task::{Counts, Record, State};

fn page() -> ReportPage {
    ReportPage {
        batch: "Spring & <Co>".to_owned(),
        service: "the sandbox".to_owned(),
        columns: vec!["sku".to_owned(), "scene".to_owned()],
        letters: Some("kqzmwtpa".to_owned()),
        created_at: "2026-03-01T09:05:00Z".parse().unwrap(),
        run_lives: false,
        counts: Counts::default(),
        spent: None,
        key: "0".repeat(32),
        picks: "spring.picks.csv".to_owned(),
        next: "mjbatch run spring.picks.csv".to_owned(),
        figures: Vec::new(),
        runs: Vec::new(),
        runs_left_out: 0,
        waits: Vec::new(),
        failures: Vec::new(),
        failures_left_out: 0,
    }
}

fn written(records: &[Record]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.html");
    let entries = || {
        records
            .iter()
            .map(|record| Ok::<_, Infallible>(ReportEntry { record: record.clone(), files: Vec::new() }))
    };
    write(&path, &page(), entries).unwrap();
    fs::read_to_string(&path).unwrap()
}

#[test]
fn the_policy_knows_the_style_and_the_script_that_stand_there() {
    let page = written(&[done("mug", &["A", "x"], 4)]);
    let between = |start: &str, end: &str| page.split_once(start).unwrap().1.split_once(end).unwrap().0;
    for (kind, text) in
        [("style", between("<style>", "</style>")), ("script", between("<script>", "</script>"))]
    {
        let hash = base64::prelude::BASE64_STANDARD.encode(Sha256::digest(text));
        let hash = hash.replace('/', "&#x2f;");
        assert!(page.contains(&format!("{kind}-src &#x27;sha256-{hash}&#x27;")), "{kind} {hash}");
    }
    for text in [STYLE, SCRIPT] {
        assert!(!text.contains("</") && !text.contains("url(") && !text.contains("fetch("));
    }
    for html in [HEAD, CARD, FOOT] {
        let is_handler = |rest: &str| {
            rest.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_alphabetic()))
        };
        assert!(!html.contains(" style=") && !html.contains("safe"), "{html}");
        assert!(!html.split(" on").skip(1).any(is_handler), "{html}");
    }
}

#[test]
fn a_card_shows_a_task() {
    let failed = Record {
        state: State::Failed,
        reason: Some("banned: <b>blood</b>".to_owned()),
        ..record("vase", &["", "a \"shelf\""])
    };
    let page = written(&[done("mug", &["A-1", ""], 1), failed]);
    let cards =
        page.split_once("aria-label=\"Images\">\n").unwrap().1.split_once("<p class=\"none pad").unwrap().0;
    insta::assert_snapshot!(cards.replace("&#x2f;", "/"), @r#"
    <article class="card" id="t0" data-n="0" aria-labelledby="n0">
    <div class="pics p1">
    <div class="pic" data-p="1"><a href="https://cdn/mug_1.png" target="_blank" rel="noopener noreferrer"><img src="https://cdn/mug_1.png" alt="mug, image 1" loading="lazy" decoding="async" referrerpolicy="no-referrer"></a><button type="button" class="pick" aria-pressed="false" aria-label="Pick image 1 of mug" title="Pick">1</button></div>
    </div>
    <div class="text">
    <h3 id="n0" dir="auto">mug</h3>
    <p class="line"><span class="status t-done">done</span><button type="button" class="redo" aria-pressed="false" aria-label="Make mug again">Redo</button></p>
    <p class="prompt" dir="auto">a mug, soft light --ar 16:9</p>
    <p class="vars"><span><i dir="auto">sku</i> <bdi>A-1</bdi></span> </p>
    </div>
    </article>
    <article class="card bare" id="t1" data-n="1" aria-labelledby="n1">
    <button type="button" class="look" aria-label="Look at vase"><span dir="auto">banned: &lt;b&gt;blood&lt;/b&gt;</span></button>
    <div class="text">
    <h3 id="n1" dir="auto">vase</h3>
    <p class="line"><span class="status t-failed">failed</span><button type="button" class="redo" aria-pressed="false" aria-label="Make vase again">Redo</button></p>
    <p class="prompt" dir="auto">a vase, soft light --ar 16:9</p>
    <p class="vars"><span><i dir="auto">scene</i> <bdi>a &quot;shelf&quot;</bdi></span> </p>
    </div>
    </article>
    "#);
    assert!(page.contains("<title>Spring &amp; &lt;Co&gt;: images</title>"));
}

#[test]
fn of_a_task_with_picks_the_others_are_shown_on_request() {
    let picked = Record { picks: vec![2], ..done("mug", &["A", ""], 3) };
    let page = written(&[picked]);
    let card = page.split_once("<article ").unwrap().1.split_once("</article>").unwrap().0;
    assert!(card.contains("<div class=\"pics p1\">") && card.contains(">All 3 images</button>"), "{card}");
    let pics: Vec<&str> =
        card.split("<div class=\"pic").skip(2).map(|pic| pic.split('>').next().unwrap()).collect();
    assert_eq!(pics, [" unpicked\" data-p=\"1\"", "\" data-p=\"2\"", " unpicked\" data-p=\"3\""]);
    assert!(page.contains("\"picks\":[2],\"ref\":\"kqzmwtpa-t12-a1\""), "{page}");
}

#[test]
fn an_empty_batch_is_a_page_too() {
    let page = written(&[]);
    assert!(page.contains("Nothing was submitted yet.") && !page.contains("<article"));
    assert!(page.ends_with("</script>\n</body>\n</html>\n"));
}

#[test]
fn the_page_before_stays_when_the_tasks_end_in_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.html");
    fs::write(&path, "old").unwrap();
    let entry = || ReportEntry { record: done("mug", &[], 4), files: Vec::new() };
    let error = write(&path, &page(), || [Ok(entry()), Err("disk I/O error")].into_iter()).unwrap_err();
    assert!(matches!(error, ResultsError::Record("disk I/O error")), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
