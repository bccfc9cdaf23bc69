//! A sample run, a writer that records what sinks write, and the rules that hold for every sink.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indicatif::InMemoryTerm;
use jiff::Timestamp;

use super::*;
use crate::engine::StopReason;
use crate::task::{Counts, Images, Quota, RemoteTaskId, Status, TaskId};

/// The progress of a run with ten slots, `elapsed_s` seconds after its start, that will finish all
/// open tasks.
pub(super) fn progress(elapsed_s: u64, tasks: &[(Status, u64)]) -> RunProgress {
    let mut counts = Counts::default();
    for &(status, n) in tasks {
        counts.add(status, n);
    }
    let start: Timestamp = "2026-03-01T09:00:00.25Z".parse().unwrap();
    let elapsed = Duration::from_secs(elapsed_s);
    RunProgress {
        at: start + jiff::SignedDuration::from_secs(elapsed_s as i64),
        elapsed,
        counts,
        slots: 10,
        in_slots: counts.of(Status::Running) as usize,
        remaining: counts.of(Status::Pending) + counts.of(Status::Running),
    }
}

/// A writer whose text can be read while a sink owns it.
#[derive(Clone, Default)]
pub(super) struct Recorder(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Recorder {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

pub(super) fn started() -> RunEvent {
    RunEvent::Started {
        batch: "spring".into(),
        service: "https://api.midjourney-api.com".into(),
        state: "spring.mjbatch".into(),
        results: "spring.results.csv".into(),
    }
}

pub(super) fn done(id: &str) -> RunEvent {
    RunEvent::Ended {
        id: TaskId(id.into()),
        status: Status::Done,
        task_id: Some(RemoteTaskId(format!("T-{id}"))),
        reason: None,
        took: Some(Duration::from_millis(61_500)),
        images: Images {
            grid: Some("https://cdn/g.png".into()),
            urls: vec!["https://cdn/1.png".into(), "https://cdn/2.png".into()],
        },
    }
}

pub(super) fn bad(id: &str, status: Status, reason: &str) -> RunEvent {
    RunEvent::Ended {
        id: TaskId(id.into()),
        status,
        task_id: None,
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        took: None,
        images: Images::default(),
    }
}

pub(super) fn summary(tasks: &[(Status, u64)], stop: impl Into<StopSummary>) -> Summary {
    Summary {
        batch: "spring".into(),
        counts: progress(0, tasks).counts,
        took: Duration::from_secs(252),
        stop: stop.into(),
        failures: FailureGroups::default(),
        cost: None,
        left_running: 0,
        results: vec![PathBuf::from("spring.results.csv")],
        state: "spring.mjbatch".into(),
        hint: None,
        resolve: None,
        next: None,
    }
}

pub(super) fn with_failures() -> Summary {
    let mut summary =
        summary(&[(Status::Done, 57), (Status::Failed, 2), (Status::Pending, 1)], StopReason::Finished);
    for id in ["hero-red", "hero-blue"] {
        summary.failures.add(&TaskId(id.into()), Status::Failed, Some("prompt was refused by moderation"));
    }
    summary.cost = Some(QuotaSpent { run: Quota(114_000), batch: Quota(114_000) });
    summary.next = Some("mjbatch run spring.yaml".into());
    summary
}

/// Feeds a sink a run of sixty tasks in bursts of ten per minute, of which one fails.
pub(super) fn run(sink: &mut dyn Sink) {
    use Status::{Done, Failed, Pending, Running};
    sink.event(&started(), &progress(0, &[(Pending, 60)]));
    for n in 0..10 {
        let now = progress(0, &[(Running, n + 1), (Pending, 59 - n)]);
        sink.event(
            &RunEvent::Submitted { id: TaskId(format!("t{n}")), task_id: RemoteTaskId(format!("T{n}")) },
            &now,
        );
    }
    for set in 1..=6_u64 {
        for n in 0..10 {
            let (over, failed) = ((set - 1) * 10 + n + 1, u64::from(set >= 2));
            let pending = 60_u64.saturating_sub(over + 10);
            let now = progress(
                set * 60,
                &[
                    (Done, over - failed),
                    (Failed, failed),
                    (Running, 60 - over - pending),
                    (Pending, pending),
                ],
            );
            match (set, n) {
                (2, 0) => sink.event(&bad("hero-red", Failed, "prompt was refused by moderation"), &now),
                _ => sink.event(&done(&format!("t{over}")), &now),
            }
        }
        for s in 1..=5 {
            let (over, failed) = (set * 10, u64::from(set >= 2));
            let pending = 60_u64.saturating_sub(over + 10);
            sink.tick(&progress(
                set * 60 + s * 10,
                &[
                    (Done, over - failed),
                    (Failed, failed),
                    (Running, 60 - over - pending),
                    (Pending, pending),
                ],
            ));
        }
    }
    sink.event(&RunEvent::Finished(Box::new(with_failures())), &progress(360, &[(Done, 59), (Failed, 1)]));
}

#[test]
fn text_from_outside_is_made_safe_for_a_terminal() {
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2Jx\r\ny\u{202e}".repeat(300);
    let mut over = summary(&[(Status::Failed, 1)], StopReason::Unreachable(hostile.clone()));
    over.batch = hostile.clone();
    over.failures.add(&TaskId(hostile.clone()), Status::Failed, Some(&hostile));
    over.results = vec![hostile.chars().take(100).collect::<String>().into()];
    over.next = Some(hostile.chars().take(100).collect());
    let events = [
        RunEvent::Started {
            batch: hostile.clone(),
            service: hostile.clone(),
            state: "s".into(),
            results: "r".into(),
        },
        bad(&hostile, Status::Failed, &hostile),
        RunEvent::Notice(Notice::BackingOff { wait: Duration::ZERO, why: hostile.clone() }),
        RunEvent::Notice(Notice::Unreachable { since: Duration::ZERO, why: hostile.clone() }),
        RunEvent::Notice(Notice::ResultsNotWritten { why: hostile.clone() }),
        RunEvent::Notice(Notice::ResultsMoved { path: hostile.clone().into(), why: hostile.clone() }),
        RunEvent::Notice(Notice::Listening { address: hostile.clone(), url: hostile.clone() }),
        RunEvent::Finished(Box::new(over)),
    ];
    let (plain, quiet) = (Recorder::default(), Recorder::default());
    let sinks: [&mut dyn Sink; 2] =
        [&mut PlainLines::new(plain.clone()), &mut ErrorsOnly::new(quiet.clone())];
    for sink in sinks {
        for event in &events {
            sink.event(event, &progress(1, &[(Status::Pending, 1)]));
        }
    }
    let terminal = InMemoryTerm::new(50, 200);
    let mut bar = TerminalBar::new(ProgressDrawTarget::term_like(Box::new(terminal.clone())), || 200, true);
    for event in &events {
        bar.event(event, &progress(1, &[(Status::Pending, 1)]));
        // This terminal does not draw U+FFFD. That the rest is on the screen shows that no escape
        // sequence was executed.
        assert!(terminal.contents().contains("]0;owned[2Jx y"), "{}", terminal.contents());
    }
    for text in [plain.text(), quiet.text()] {
        assert!(text.contains("owned"), "{text}");
        assert!(!text.chars().any(|c| c != '\n' && crate::text::is_unsafe_on_screen(c)), "{text}");
        assert!(text.lines().all(|line| line.chars().count() < 2100), "{text}");
    }
}

#[test]
fn a_closed_pipe_does_not_stop_a_run() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
    }
    run(&mut PlainLines::new(Closed));
    run(&mut JsonLines::new(Closed));
}
