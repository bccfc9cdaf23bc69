//! What a run says: lines for logs, objects for programs, silence where it is wanted.

use serde_json::Value;

use crate::support::{Desk, Ran, Service};

/// Five tasks, one of which fails.
fn run(words: &str) -> (Service, Ran) {
    let service = Service::with("submit-moderated=number 3");
    let desk = Desk::of(5);
    let ran = desk.run(&service.url()).and(words).ends_with(3);
    (service, ran)
}

/// With what differs from run to run replaced.
fn steady(service: &Service, text: &str) -> String {
    let text = text.replace(&service.url(), "URL");
    let lines = text.lines().map(|line| match line.split_once(" tasks in ") {
        Some((before, _)) => format!("{before} tasks in TIME"),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn json_is_one_object_a_line_from_started_to_finished() {
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
fn a_pipe_gets_plain_lines_without_a_code_for_a_terminal() {
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
fn none_says_what_stood_in_the_way_and_nothing_else() {
    for (faults, code) in [("", 0), ("submit-moderated=number 1", 3)] {
        let (service, desk) = (Service::with(faults), Desk::of(2));
        let ran = desk.run(&service.url()).and("--progress none").ends_with(code);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    }
    let (service, desk) = (Service::with("key-refused"), Desk::of(2));
    let ran = desk.run(&service.url()).and("--progress none").ends_with(4);
    assert_eq!(ran.stdout, "");
    insta::assert_snapshot!(ran.stderr, @"error: stopped: the service rejected the API key (API-KEY is invalid); set a valid one in MIDJOURNEY_API_KEY (no task was marked failed)");
}

#[test]
fn words_of_the_service_cannot_play_with_a_terminal() {
    use crate::support::{Answer, Wire, reply};
    let body = "{\"status\":1007,\"message\":\"no\\u001b[2J\\u0007 \\u202eway\\r\\nfailed t9: lie\"}";
    let (wire, desk) = (Wire::answering(|_| Answer::Bytes(reply("200 OK", "", body))), Desk::of(1));
    let ran = desk.run(&wire.url()).ends_with(3);
    assert!(!ran.stderr.contains(['\u{1b}', '\u{7}', '\r', '\u{202e}']), "{:?}", ran.stderr);
    assert!(!ran.stderr.lines().any(|line| line.starts_with("failed t9")), "{:?}", ran.stderr);
}

#[test]
fn the_next_command_is_there_to_be_pasted() {
    let (service, desk) = (Service::with(""), Desk::of(2));
    let ran = desk.mjbatch("run spring.csv --limit 1 --poll-max 1s").at(&service.url()).ends_with(10);
    assert!(ran.stderr.ends_with("next: mjbatch run spring.csv --limit 1 --poll-max 1s\n"), "{}", ran.stderr);
}
