//! Nothing is paid for twice: whatever a network does to a submit, one request leaves for it, and what cannot be known is
//! never sent again.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{Answer, Desk, Service, Wire, paid_once, reply};

fn accepted(task_id: &str) -> Vec<u8> {
    let body = format!("{{\"status\":0,\"data\":{{\"taskId\":\"{task_id}\"}},\"message\":\"success\"}}");
    reply("200 OK", "Content-Type: application/json\r\n", &body)
}

/// One task whose submit is answered so: it is sent once and is then what is said, also after a second run.
#[track_caller]
fn one_submit(what: &str, status: &str, answer: impl Fn() -> Answer + Send + Sync + 'static) {
    let (wire, desk) = (Wire::answering(move |_| answer()), Desk::of(1));
    for run in ["first", "second"] {
        let ran = desk.run(&wire.url()).and("--patience 100ms").go();
        assert_eq!(wire.submits(), 1, "{what}, {run} run: {ran:?}");
        assert_eq!(desk.results().column("status"), [status], "{what}, {run} run: {ran:?}");
        let code = match status {
            "unknown" => 6,
            "failed" => 3,
            _ => 0,
        };
        assert_eq!(ran.code, Some(code), "{what}, {run} run: {ran:?}");
    }
}

#[test]
fn a_connection_that_ends_before_the_reply_makes_the_task_unknown() {
    one_submit("closed", "unknown", || Answer::Close);
    one_submit("reset", "unknown", || Answer::Reset);
}

#[test]
fn a_reply_that_is_cut_makes_the_task_unknown() {
    let whole = Arc::new(accepted("T1"));
    let head = whole.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    for length in [1, 9, head / 2, head, head + 4, head + 5, head + 20, whole.len() - 1] {
        let whole = whole.clone();
        let cut = move || Answer::Last(whole[..length].to_vec());
        one_submit(&format!("{length} bytes"), "unknown", cut);
    }
}

#[test]
fn a_reply_that_makes_no_sense_makes_the_task_unknown() {
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
        one_submit(&format!("{status} {body}"), "unknown", move || Answer::Bytes(reply(status, "", body)));
    }
    one_submit("not HTTP", "unknown", || Answer::Last(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()));
}

#[test]
fn a_refusal_that_is_certain_makes_the_task_failed() {
    for (status, body) in [
        ("400 Bad Request", ""),
        ("422 Unprocessable Content", "{\"message\":\"no\"}"),
        ("200 OK", "{\"status\":1007,\"message\":\"banned prompt\"}"),
        ("500 Internal Server Error", "{\"status\":1007,\"message\":\"banned prompt\"}"),
    ] {
        one_submit(&format!("{status} {body}"), "failed", move || Answer::Bytes(reply(status, "", body)));
    }
}

#[test]
fn a_reply_that_is_slow_or_comes_byte_by_byte_is_waited_for() {
    one_submit("slow", "done", || Answer::Late(Duration::from_millis(1500), accepted("T1")));
    one_submit("an end without a length", "done", || {
        let body = "{\"status\":0,\"data\":{\"taskId\":\"T1\"}}";
        Answer::Last(format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}").into_bytes())
    });
}

#[test]
fn a_redirect_is_not_followed_and_the_key_goes_to_no_other_host() {
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let elsewhere = Arc::new(Wire::answering(|_| Answer::Close));
        for to in
            [format!("{}/midjourney/v1/submit-jobs", elsewhere.url()), "/midjourney/v2/submit-jobs".into()]
        {
            let location = format!("Location: {to}\r\n");
            one_submit(status, "unknown", move || Answer::Bytes(reply(status, &location, "")));
        }
        assert_eq!(elsewhere.requests(), [""; 0], "{status}");
    }
}

#[test]
fn a_status_request_follows_no_redirect_either() {
    let elsewhere = Wire::answering(|_| Answer::Close);
    let target = format!("{}/midjourney/v1/job-status", elsewhere.url());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(stream), target) = (stream, target.clone()) else { return };
            std::thread::spawn(move || redirect_status(stream, &target));
        }
    });
    let desk = Desk::of(1);
    desk.run(&url).and("--patience 300ms").ends_with(5);
    assert_eq!(desk.results().column("status"), ["running"]);
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
fn a_connection_that_is_closed_between_two_requests_loses_no_submit() {
    for close in [true, false] {
        let wire = Wire::answering(move |n| {
            let bytes = accepted(&format!("T{n}"));
            if close { Answer::Last(bytes) } else { Answer::Bytes(bytes) }
        });
        let desk = Desk::of(12);
        desk.run(&wire.url()).ends_with(0);
        assert_eq!((wire.submits(), desk.results().count("done")), (12, 12));
    }
}

#[test]
fn a_refused_connection_leaves_the_task_to_be_sent_later() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let desk = Desk::of(2);
    desk.run(&format!("http://{closed}")).and("--patience 100ms").ends_with(5);
    assert_eq!(desk.results().column("status"), ["pending", "pending"]);
    let wire = Wire::answering(|n| Answer::Bytes(accepted(&format!("T{n}"))));
    desk.run(&wire.url()).ends_with(0);
    assert_eq!((wire.submits(), desk.results().count("done")), (2, 2));
}

#[test]
fn one_task_id_for_two_submits_is_believed_once() {
    let (wire, desk) = (Wire::answering(|_| Answer::Bytes(accepted("T1"))), Desk::of(2));
    desk.mjbatch("run spring.csv --poll-min 1s --poll-max 1s").at(&wire.url()).ends_with(6);
    assert_eq!(wire.submits(), 2);
    assert_eq!((desk.results().count("done"), desk.results().count("unknown")), (1, 1));
}

#[test]
fn of_a_hundred_submits_those_whose_reply_was_lost_are_unknown_and_no_other() {
    let service = Service::taking(5.0..=30.0, "accept-cut=0.1");
    let desk = Desk::of(100);
    desk.run(&service.url()).ends_with(6);
    let ledger = service.ledger();
    let lost: Vec<&str> = ledger.jobs.iter().filter(|job| !job.told).map(|job| job.prompt.as_str()).collect();
    let results = desk.results();
    let unknown = results.rows.iter().filter(|row| &row["status"] == "unknown");
    let unknown: Vec<&str> = unknown.map(|row| &row["prompt"]).collect();
    assert!((3..=20).contains(&lost.len()), "{}", lost.len());
    assert_eq!(sorted(unknown), sorted(lost.clone()));
    assert_eq!(results.count("done"), 100 - lost.len());
    assert_eq!(paid_once(&[&ledger]).len(), 100);
    // The jobs that nobody knows of hold slots as well, so a few submits may be refused.
    assert_eq!(ledger.submits, 100 + ledger.refusals.get(&1002).copied().unwrap_or_default());
    desk.run(&service.url()).ends_with(6);
    assert_eq!(service.submits(), ledger.submits);
}

fn sorted(mut prompts: Vec<&str>) -> Vec<&str> {
    prompts.sort_unstable();
    prompts
}
