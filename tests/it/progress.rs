//! What a run says: lines for logs, objects for programs, silence where it is wanted.

use serde_json::Value;

use crate::support::{CommandOutput, SandboxService, TestDir};

/// Five tasks, one of which fails.
fn run(words: &str) -> (SandboxService, CommandOutput) {
    let service = SandboxService::with_faults("submit-moderated=number 3");
    let dir = TestDir::with_tasks(5);
    let ran = dir.run(&service.url()).args(words).expect_code(3);
    (service, ran)
}

/// With what differs from run to run replaced.
fn steady(service: &SandboxService, text: &str) -> String {
    let text = text.replace(&service.url(), "URL");
    let lines = text.lines().map(|line| match line.split_once(" tasks in ") {
        Some((before, _)) => format!("{before} tasks in TIME"),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn json_progress_is_one_object_per_line_from_started_to_finished() {
    let (_service, ran) = run("--progress json");
    assert_eq!(ran.stderr, "");
    let events: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let words: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!((words[0], words[words.len() - 1]), ("started", "finished"));
    let count = |word| words.iter().filter(|found| **found == word).count();
    assert_eq!((count("submitted"), count("ended")), (4, 5));
    for event in &events {
        event["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        let counts = event["counts"].as_object().unwrap();
        assert_eq!(counts.values().map(|n| n.as_u64().unwrap()).sum::<u64>(), 5, "{event}");
    }
    let last = &events[events.len() - 1];
    assert_eq!((&last["counts"]["done"], &last["counts"]["failed"]), (&4.into(), &1.into()));
    assert_eq!(last["results"], "spring.results.csv");
}

#[test]
fn a_pipe_gets_plain_lines_without_terminal_codes() {
    let (service, ran) = run("");
    insta::assert_snapshot!(steady(&service, &ran.stderr), @r#"
    spring: 5 of 5 tasks to do, 10 slots at URL
    failed t3: banned prompt detected (code 1403)
    spring: 5 tasks in TIME
      4 done · 1 failed
      failed: 1 × "banned prompt detected (code 1403)" (t3)
      results: spring.results.csv
    "#);
    for words in ["--progress plain", "--progress bar"] {
        let (other, again) = run(words);
        assert_eq!(steady(&other, &again.stderr), steady(&service, &ran.stderr), "{words}");
        assert!(!again.stderr.contains(['\u{1b}', '\r', '\u{7}']), "{words}: {:?}", again.stderr);
        assert_eq!(again.stdout, "", "{words}: what is said is not data");
    }
}

#[test]
fn progress_none_writes_errors_only() {
    for (faults, code) in [("", 0), ("submit-moderated=number 1", 3)] {
        let (service, dir) = (SandboxService::with_faults(faults), TestDir::with_tasks(2));
        let ran = dir.run(&service.url()).args("--progress none").expect_code(code);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    }
    let (service, dir) = (SandboxService::with_faults("key-refused"), TestDir::with_tasks(2));
    let ran = dir.run(&service.url()).args("--progress none").expect_code(4);
    assert_eq!(ran.stdout, "");
    insta::assert_snapshot!(ran.stderr, @"error: stopped: the service rejected the API key (API-KEY is invalid); set a valid one in MIDJOURNEY_API_KEY (no task was marked failed)");
}

#[test]
fn text_of_the_service_cannot_control_the_terminal() {
    use crate::support::{RawReply, RawServer, reply};
    let body = "{\"status\":1007,\"message\":\"no\\u001b[2J\\u0007 \\u202eway\\r\\nfailed t9: lie\"}";
    let (wire, dir) =
        (RawServer::with_reply(|_| RawReply::Bytes(reply("200 OK", "", body))), TestDir::with_tasks(1));
    let ran = dir.run(&wire.url()).expect_code(3);
    assert!(!ran.stderr.contains(['\u{1b}', '\u{7}', '\r', '\u{202e}']), "{:?}", ran.stderr);
    assert!(!ran.stderr.lines().any(|line| line.starts_with("failed t9")), "{:?}", ran.stderr);
}

#[test]
fn the_summary_has_the_next_command_to_paste() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(2));
    let ran =
        dir.mjbatch("run spring.csv --limit 1 --poll-max 1s").with_service(&service.url()).expect_code(10);
    assert!(ran.stderr.ends_with("next: mjbatch run spring.csv --limit 1 --poll-max 1s\n"), "{}", ran.stderr);
}
