//! Webhooks: they settle what a lost reply left open, and however they come or do not come, each task ends once.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use mjbatch::sandbox::LedgerOutcome;
use mjbatch::task::State;

use crate::support::{SandboxService, TestDir, assert_paid_once, wait_until};

const LISTEN: &str = "--webhook-listen 127.0.0.1:0";

#[test]
fn a_callback_resolves_every_lost_reply() {
    let service = SandboxService::with_job_time(50.0..=100.0, "accept-cut=0.1");
    let dir = TestDir::with_tasks(100);
    dir.run(&service.url()).args(LISTEN).expect_code(0);
    let ledger = service.ledger();
    assert!(ledger.jobs.iter().filter(|job| !job.reply_sent).count() >= 3, "replies were lost");
    assert_eq!(assert_paid_once(&[&ledger]).len(), 100);
    let (results, paid) = (dir.results(), assert_paid_once(&[&ledger]));
    assert_eq!(results.count("done"), 100);
    for row in &results.rows {
        assert_eq!(row["task_id"], paid[&row["prompt"]]);
    }
}

#[test]
fn a_callback_before_the_lost_reply_resolves_it_too() {
    for fault in ["accept-cut", "accept-half", "accept-500", "accept-garbage"] {
        let (service, dir) =
            (SandboxService::with_faults(&format!("{fault}, webhook-early")), TestDir::with_tasks(6));
        dir.run(&service.url()).args(LISTEN).expect_code(0);
        let paid = assert_paid_once(&[&service.ledger()]);
        for row in &dir.results().rows {
            assert_eq!((&row["status"], &row["task_id"]), ("done", &*paid[&row["prompt"]]), "{fault}");
        }
        assert_eq!(service.submits(), 6, "{fault}");
    }
}

#[test]
fn dropped_doubled_forged_early_or_malformed_callbacks_change_no_outcome() {
    for fault in [
        "webhook-drop",
        "webhook-drop=0.5",
        "webhook-double",
        "webhook-forged",
        "webhook-foreign",
        "webhook-early",
        "webhook-malformed",
        "webhook-progress",
        "webhook-shape=bare",
        "webhook-late=200s",
        "webhook-early, webhook-double, webhook-forged, webhook-foreign, webhook-progress, latency=50ms",
    ] {
        let (service, dir) = (SandboxService::with_faults(fault), TestDir::with_tasks(12));
        dir.run(&service.url()).args(LISTEN).expect_code(0);
        let ledger = service.ledger();
        let paid = assert_paid_once(&[&ledger]);
        for row in &dir.results().rows {
            assert_eq!((&row["status"], &row["task_id"]), ("done", &*paid[&row["prompt"]]), "{fault}");
            assert_eq!(row.images().len(), 4, "{fault}");
        }
        assert_eq!(ledger.submits, 12, "{fault}");
    }
}

/// Where a submit's reply is garbage and its callback is dropped too, nobody can know: so those two are not mixed.
#[test]
fn with_a_bad_network_and_bad_callbacks_every_task_is_done_and_paid_once() {
    let line = "submit-429=0.03, status-429=0.03, status-garbage=0.1";
    for callbacks in [
        "webhook-drop=0.3, webhook-double=0.5, webhook-forged=0.5",
        "accept-garbage=0.1, webhook-double=0.5, webhook-forged=0.5",
    ] {
        let service = SandboxService::with_job_time(50.0..=100.0, &format!("{line}, {callbacks}"));
        let dir = TestDir::with_tasks(100);
        dir.run(&service.url()).args(LISTEN).expect_code(0);
        let paid = assert_paid_once(&[&service.ledger()]);
        assert_eq!((dir.results().count("done"), paid.len()), (100, 100), "{callbacks}");
        assert!(service.submits() > 100, "some were refused by a 429 and sent again: {callbacks}");
    }
}

#[test]
fn a_failed_job_is_failed_with_or_without_its_callback() {
    for fault in ["job-fail=0.5", "job-fail=0.5, webhook-no-failures"] {
        let (service, dir) = (SandboxService::with_faults(fault), TestDir::with_tasks(12));
        dir.run(&service.url()).args(LISTEN).expect_code(3);
        let failed = service.ledger().jobs.iter().filter(|job| job.outcome == LedgerOutcome::Failed).count();
        assert!((1..12).contains(&failed), "{failed}");
        let results = dir.results();
        assert_eq!((results.count("failed"), results.count("done")), (failed, 12 - failed), "{fault}");
    }
}

#[test]
fn each_attempt_has_its_own_unguessable_callback_url() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(8));
    dir.run(&service.url()).args(LISTEN).expect_code(0);
    let ledger = service.ledger();
    let mut hooks: Vec<&str> = ledger.jobs.iter().filter_map(|job| job.hook_url.as_deref()).collect();
    hooks.sort_unstable();
    hooks.dedup();
    assert_eq!(hooks.len(), 8);
    assert!(
        hooks.iter().all(|hook| hook.rsplit('/').next().is_some_and(|token| token.len() >= 20)),
        "{hooks:?}"
    );
}

#[test]
fn a_callback_address_in_use_is_an_error_before_anything_is_submitted() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(1));
    let taken = format!("--webhook-listen {}", service.addr());
    let ran = dir.run(&service.url()).args(&taken).expect_code(2);
    assert!(ran.stderr.contains("cannot receive callbacks"), "{}", ran.stderr);
    assert_eq!((service.submits(), dir.files()), (0, vec!["spring.csv".to_owned()]));
}

/// Calls back, as the service would. True once somebody has taken it.
fn call(hook: &str, task_id: &str, status: u8) -> bool {
    let (host, path) = hook.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let images = (1..=4).map(|n| format!("http://images.invalid/{n}.png")).collect::<Vec<_>>();
    let item =
        serde_json::json!({"taskId": task_id, "status": status, "images": images, "failReason": "forged"});
    let body = serde_json::json!({"status": 0, "data": item, "message": "success"}).to_string();
    let Ok(mut stream) = TcpStream::connect(host) else { return false };
    let head = "Content-Type: application/json\r\nConnection: close";
    let length = body.len();
    let request =
        format!("POST /{path} HTTP/1.1\r\nHost: {host}\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}");
    let mut reply = String::new();
    stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut reply)).is_ok()
        && reply.starts_with("HTTP/1.1 2")
}

#[test]
fn a_callback_in_a_later_run_resolves_replies_lost_or_cut_off_by_a_kill() {
    for (fault, left) in [("accept-cut", State::Unknown), ("accept-hang", State::Submitting)] {
        let (service, dir) =
            (SandboxService::with_faults(&format!("{fault}=only:2, webhook-drop")), TestDir::with_tasks(3));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("--webhook-listen 127.0.0.1:{port}");
        let first = dir.run(&service.url()).args(&listen).start();
        wait_until("the others are done", || service.jobs() == 3 && dir.count([State::Done, left]) == [2, 1]);
        first.kill();

        let ledger = service.ledger();
        let lost = ledger.jobs.iter().find(|job| !job.reply_sent).unwrap();
        let hook = lost.hook_url.clone().unwrap();
        let second = dir.run(&service.url()).args(&listen).start();
        // A stranger who knows the address but no token says that all has failed.
        let (address, _) = hook.rsplit_once('/').unwrap();
        let forged = format!("{address}/{}", "0".repeat(32));
        wait_until("the second run listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        call(&forged, &lost.task_id, 2);
        wait_until("the callback is taken", || call(&hook, &lost.task_id, 1));
        let ran = second.wait();
        assert_eq!(ran.code, Some(0), "{fault}: {ran:?}");
        let said = "for callbacks about 1 submit of an earlier run";
        assert!(ran.stderr.contains(said), "{fault}: {}", ran.stderr);
        let (results, paid) = (dir.results(), assert_paid_once(&[&ledger]));
        for row in &results.rows {
            assert_eq!((&row["status"], &row["task_id"]), ("done", &*paid[&row["prompt"]]), "{fault}");
        }
        assert_eq!(service.submits(), 3, "{fault}");
    }
}

#[test]
fn a_callback_resolves_a_lost_reply_whose_row_is_gone() {
    let (service, dir) =
        (SandboxService::with_faults("accept-cut=only:2, webhook-drop"), TestDir::with_tasks(3));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!("--webhook-listen 127.0.0.1:{port}");
    let first = dir.run(&service.url()).args(&listen).start();
    wait_until("the others are done", || {
        service.jobs() == 3 && dir.count([State::Done, State::Unknown]) == [2, 1]
    });
    first.kill();
    let lost = service.ledger().jobs.into_iter().find(|job| !job.reply_sent).unwrap();
    let hook = lost.hook_url.unwrap();
    let sheet = String::from_utf8(dir.read("spring.csv")).unwrap();
    let kept: Vec<&str> = sheet.lines().filter(|row| !row.contains(&lost.prompt)).collect();
    dir.write("spring.csv", kept.join("\n") + "\n");
    let second = dir.run(&service.url()).args(&listen).args("--progress json").start();
    wait_until("the callback is taken", || call(&hook, &lost.task_id, 1));
    let ran = second.wait();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let events: Vec<serde_json::Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let unknown = |event: &serde_json::Value| event["counts"]["unknown"].as_u64().unwrap();
    let ended = events.iter().find(|event| event["event"] == "ended").unwrap();
    assert_eq!((unknown(&events[0]), unknown(ended), unknown(events.last().unwrap())), (1, 0, 0));
    assert_eq!(service.submits(), 3);
}
