//! The key goes to the service and nowhere else. Every call of every test is searched for it; here it is tempted out.

use crate::support::{KEY, RawReply, RawServer, SandboxService, TestDir, reply};

#[test]
fn the_key_is_sent_to_the_service_in_its_header_only() {
    let wire = RawServer::with_reply(|n| {
        let body = format!("{{\"status\":0,\"data\":{{\"taskId\":\"T{n}\"}}}}");
        RawReply::Bytes(reply("200 OK", "", &body))
    });
    let dir = TestDir::with_tasks(3);
    dir.run(&wire.url()).expect_code(0);
    let requests = wire.requests();
    assert!(requests.len() >= 4);
    for request in requests {
        assert_eq!(request.matches(KEY).count(), 1, "{request}");
        assert!(
            request.lines().any(|line| line.eq_ignore_ascii_case(&format!("api-key: {KEY}"))),
            "{request}"
        );
        let addressed = ["POST /midjourney/v1/submit-jobs ", "POST /midjourney/v1/job-status "];
        assert!(addressed.iter().any(|line| request.starts_with(line)), "{request}");
    }
}

#[test]
fn a_key_that_the_service_echoes_is_not_shown() {
    let said = format!("no such key: {KEY}");
    for (status, body, code) in [
        ("401 Unauthorized", format!("{{\"status\":401,\"message\":\"{said}\"}}"), 4),
        ("403 Forbidden", said.clone(), 4),
        ("200 OK", format!("{{\"status\":1007,\"message\":\"{said}\"}}"), 3),
        ("500 Internal Server Error", said.clone(), 6),
        ("200 OK", format!("{}{said}", "x".repeat(100)), 6),
        ("404 Not Found", said.clone(), 5),
    ] {
        for progress in ["plain", "json"] {
            let answer = reply(status, "", &body);
            let (wire, dir) =
                (RawServer::with_reply(move |_| RawReply::Bytes(answer.clone())), TestDir::with_tasks(1));
            let ran =
                dir.run(&wire.url()).args("--patience 100ms --progress").args(progress).expect_code(code);
            assert!(!(ran.stderr + &ran.stdout).contains(&KEY[..8]), "{status}: a part of it shows");
        }
    }
}

#[test]
fn the_log_has_requests_and_decisions_but_no_key_and_at_info_no_prompt() {
    let said = format!("no such key: {KEY}, for a mug number 0 on linen");
    let body = format!("{{\"status\":1007,\"message\":\"{said}\"}}");
    for (flag, directives, of_trace) in [("-v", "off", false), ("-vvv", "", true), ("--quick", "trace", true)]
    {
        let answer = reply("200 OK", &format!("X-Echo: {KEY}\r\n"), &body);
        let (wire, dir) =
            (RawServer::with_reply(move |_| RawReply::Bytes(answer.clone())), TestDir::with_tasks(1));
        let call = dir.run(&wire.url()).args("--progress none").env("RUST_LOG", directives);
        let call = if flag.starts_with("-v") { call.args(flag) } else { call };
        let log = call.expect_code(3).stderr; // which is searched for the key
        for event in ["mjbatch::store", "state is open for writing", "submit was refused"] {
            assert!(log.contains(event), "{flag}: there is no {event} in\n{log}");
        }
        assert_eq!(log.contains("the engine decided"), of_trace, "{flag}: {log}");
        assert!(of_trace || !log.contains("on linen"), "{flag}: {log}");
        assert!(log.lines().all(|line| line.contains(" mjbatch::")), "nothing but events: {log}");
    }
}

#[test]
fn there_is_no_log_by_default() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(1));
    let ran = dir.run(&service.url()).args("--progress none").expect_code(0);
    assert_eq!(ran.stderr, "");
}

#[test]
fn help_and_version_do_not_read_the_key() {
    let dir = TestDir::with_tasks(1);
    for words in
        ["--help", "--version", "run --help", "status --help", "sandbox --help", "sandbox --list-faults"]
    {
        let ran = dir.mjbatch(words).with_service("http://127.0.0.1:9").expect_code(0);
        assert!(!ran.stdout.is_empty() && ran.stderr.is_empty(), "{words}: {ran:?}");
    }
}

#[test]
fn an_invalid_key_is_an_error_that_does_not_show_it() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(1));
    let call = dir.run(&service.url()).env("MIDJOURNEY_API_KEY", &format!("{KEY}\u{7}ü\nx"));
    call.expect_code(2);
    assert_eq!(service.submits(), 0);
}

#[test]
fn a_url_with_a_password_is_an_error_that_does_not_show_it() {
    let dir = TestDir::with_tasks(1);
    let ran = dir.run(&format!("https://me:{KEY}@service.example")).expect_code(2);
    assert!(ran.stderr.contains("must not contain a user name or password"), "{}", ran.stderr);
}

#[test]
fn sending_the_key_unencrypted_gives_a_warning() {
    let dir = TestDir::with_tasks(1);
    let ran = dir.run("http://192.0.2.1:9").args("--state .").expect_code(2);
    assert!(ran.stderr.contains("in the clear"), "{}", ran.stderr);
}
