//! Nothing is paid for twice: whatever a network does to a submit, one request leaves for it, and what cannot be known is
//! never sent again.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{RawReply, RawServer, SandboxService, TestDir, assert_paid_once, reply, sorted};

fn accepted(task_id: &str) -> Vec<u8> {
    let body = format!("{{\"status\":0,\"data\":{{\"taskId\":\"{task_id}\"}},\"message\":\"success\"}}");
    reply("200 OK", "Content-Type: application/json\r\n", &body)
}

/// One task whose submit is answered so: it is sent once and is then what is said, also after a second run.
#[track_caller]
fn one_submit(what: &str, status: &str, answer: impl Fn() -> RawReply + Send + Sync + 'static) {
    let (wire, dir) = (RawServer::with_reply(move |_| answer()), TestDir::with_tasks(1));
    for run in ["first", "second"] {
        let ran = dir.run(&wire.url()).args("--patience 100ms").output();
        assert_eq!(wire.submits(), 1, "{what}, {run} run: {ran:?}");
        assert_eq!(dir.results().column("status"), [status], "{what}, {run} run: {ran:?}");
        let code = match status {
            "unknown" => 6,
            "failed" => 3,
            _ => 0,
        };
        assert_eq!(ran.code, Some(code), "{what}, {run} run: {ran:?}");
    }
}

#[test]
fn a_connection_closed_before_the_reply_makes_the_task_unknown() {
    one_submit("closed", "unknown", || RawReply::Close);
    one_submit("reset", "unknown", || RawReply::Reset);
}

#[test]
fn a_truncated_reply_makes_the_task_unknown() {
    let whole = Arc::new(accepted("T1"));
    let head = whole.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    for length in [1, 9, head / 2, head, head + 4, head + 5, head + 20, whole.len() - 1] {
        let whole = whole.clone();
        let cut = move || RawReply::Last(whole[..length].to_vec());
        one_submit(&format!("{length} bytes"), "unknown", cut);
    }
}

#[test]
fn an_invalid_reply_makes_the_task_unknown() {
    for (status, body) in [
        ("200 OK", "<html>welcome</html>"),
        ("200 OK", ""),
        ("200 OK", "{}"),
        ("200 OK", "[]"),
        ("200 OK", "{\"status\":0}"),
        ("200 OK", "{\"status\":0,\"data\":null,\"message\":\"success\"}"),
        ("200 OK", "{\"status\":0,\"data\":{}}"),
        ("200 OK", "{\"status\":0,\"data\":{\"taskId\":\"\"}}"),
        ("200 OK", "{\"status\":0,\"data\":{\"taskId\":null}}"),
        ("200 OK", "{\"status\":0,\"data\":{\"taskId\":[\"T\"]}}"),
        ("204 No Content", ""),
        ("500 Internal Server Error", ""),
        ("500 Internal Server Error", "{\"status\":500,\"error\":\"Internal Server Error\"}"),
        ("502 Bad Gateway", "<html>502</html>"),
        ("503 Service Unavailable", "busy"),
        ("504 Gateway Timeout", ""),
    ] {
        one_submit(&format!("{status} {body}"), "unknown", move || RawReply::Bytes(reply(status, "", body)));
    }
    one_submit("not HTTP", "unknown", || RawReply::Last(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()));
}

#[test]
fn a_certain_rejection_makes_the_task_failed() {
    for (status, body) in [
        ("400 Bad Request", ""),
        ("422 Unprocessable Content", "{\"message\":\"no\"}"),
        ("200 OK", "{\"status\":1007,\"message\":\"banned prompt\"}"),
        ("500 Internal Server Error", "{\"status\":1007,\"message\":\"banned prompt\"}"),
    ] {
        one_submit(&format!("{status} {body}"), "failed", move || RawReply::Bytes(reply(status, "", body)));
    }
}

#[test]
fn a_run_waits_for_slow_replies_and_those_without_a_length() {
    one_submit("slow", "done", || RawReply::Late(Duration::from_millis(1500), accepted("T1")));
    one_submit("an end without a length", "done", || {
        let body = "{\"status\":0,\"data\":{\"taskId\":\"T1\"}}";
        RawReply::Last(format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}").into_bytes())
    });
}

#[test]
fn a_redirect_is_not_followed_and_the_key_goes_to_no_other_host() {
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let elsewhere = Arc::new(RawServer::with_reply(|_| RawReply::Close));
        for to in
            [format!("{}/midjourney/v1/submit-jobs", elsewhere.url()), "/midjourney/v2/submit-jobs".into()]
        {
            let location = format!("Location: {to}\r\n");
            one_submit(status, "unknown", move || RawReply::Bytes(reply(status, &location, "")));
        }
        assert_eq!(elsewhere.requests(), [""; 0], "{status}");
    }
}

#[test]
fn a_redirect_of_a_status_request_is_not_followed() {
    let elsewhere = RawServer::with_reply(|_| RawReply::Close);
    let target = format!("{}/midjourney/v1/job-status", elsewhere.url());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(stream), target) = (stream, target.clone()) else { return };
            std::thread::spawn(move || redirect_status(stream, &target));
        }
    });
    let dir = TestDir::with_tasks(1);
    dir.run(&url).args("--patience 300ms").expect_code(5);
    assert_eq!(dir.results().column("status"), ["running"]);
    assert_eq!(elsewhere.requests(), [""; 0]);
}

/// Takes a submit, and sends whoever asks for the status elsewhere.
fn redirect_status(mut stream: std::net::TcpStream, target: &str) {
    use std::io::{Read as _, Write as _};
    let mut heard = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(n @ 1..) = stream.read(&mut piece) {
        heard.extend_from_slice(&piece[..n]);
        if !heard.ends_with(b"}") {
            continue;
        }
        let submit = heard.starts_with(b"POST /midjourney/v1/submit-jobs ");
        let location = format!("Location: {target}\r\n");
        let answer = if submit { accepted("T1") } else { reply("307 Temporary Redirect", &location, "") };
        heard.clear();
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

#[test]
fn a_connection_closed_between_two_requests_loses_no_submit() {
    for close in [true, false] {
        let wire = RawServer::with_reply(move |n| {
            let bytes = accepted(&format!("T{n}"));
            if close { RawReply::Last(bytes) } else { RawReply::Bytes(bytes) }
        });
        let dir = TestDir::with_tasks(12);
        dir.run(&wire.url()).expect_code(0);
        assert_eq!((wire.submits(), dir.results().count("done")), (12, 12));
    }
}

#[test]
fn after_a_refused_connection_the_tasks_are_pending() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dir = TestDir::with_tasks(2);
    dir.run(&format!("http://{closed}")).args("--patience 100ms").expect_code(5);
    assert_eq!(dir.results().column("status"), ["pending", "pending"]);
    let wire = RawServer::with_reply(|n| RawReply::Bytes(accepted(&format!("T{n}"))));
    dir.run(&wire.url()).expect_code(0);
    assert_eq!((wire.submits(), dir.results().count("done")), (2, 2));
}

#[test]
fn a_task_id_for_two_submits_is_assigned_once() {
    let (wire, dir) = (RawServer::with_reply(|_| RawReply::Bytes(accepted("T1"))), TestDir::with_tasks(2));
    dir.mjbatch("run spring.csv --poll-min 1s --poll-max 1s").with_service(&wire.url()).expect_code(6);
    assert_eq!(wire.submits(), 2);
    assert_eq!((dir.results().count("done"), dir.results().count("unknown")), (1, 1));
}

#[test]
fn only_submits_with_lost_replies_are_unknown() {
    let service = SandboxService::with_job_time(5.0..=30.0, "accept-cut=0.1");
    let dir = TestDir::with_tasks(100);
    dir.run(&service.url()).expect_code(6);
    let ledger = service.ledger();
    let lost: Vec<&str> =
        ledger.jobs.iter().filter(|job| !job.reply_sent).map(|job| job.prompt.as_str()).collect();
    let results = dir.results();
    let unknown = results.rows.iter().filter(|row| &row["status"] == "unknown");
    let unknown: Vec<&str> = unknown.map(|row| &row["prompt"]).collect();
    assert!((3..=20).contains(&lost.len()), "{}", lost.len());
    assert_eq!(sorted(unknown), sorted(lost.clone()));
    assert_eq!(results.count("done"), 100 - lost.len());
    assert_eq!(assert_paid_once(&[&ledger]).len(), 100);
    // The jobs that nobody knows of hold slots as well, so a few submits may be refused.
    assert_eq!(ledger.submits, 100 + ledger.refusals.get(&1002).copied().unwrap_or_default());
    dir.run(&service.url()).expect_code(6);
    assert_eq!(service.submits(), ledger.submits);
}
