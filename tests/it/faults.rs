//! A run against each fault of the sandbox: it has the expected outcome, and nothing is billed twice.
//!
//! The cases are made from the table of faults, so a new fault is met as well: it is expected to change nothing, unless
//! [`meaning`] says otherwise.

use std::sync::Mutex;

use mjbatch::sandbox::{FAULT_TABLE, FaultForm, FaultRow, SandboxFault};

use crate::support::{CommandOutput, ResultsFile, SandboxService, TestDir, assert_paid_once};

const TASKS: usize = 8;
/// Faults are mostly waited for, so many are met at once.
const AT_ONCE: usize = 12;

/// What a fault means for a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// All tasks are done.
    Benign,
    /// Some are failed, the others done.
    Fails,
    /// Some are lost, the others done.
    Loses,
    /// Some are unknown, the others done.
    Hides,
    /// Nobody knows what became of any submit, and after a few no more are made.
    HidesAll,
    /// The run ends early, with this code.
    Stops(i32),
    /// The run waits for as long as the service may take; leaving it is tested with the signals.
    Waits,
}

fn meaning(fault: SandboxFault, value: &str) -> Meaning {
    match (fault, value) {
        (SandboxFault::ApiMissing, _) => Meaning::Stops(5),
        (SandboxFault::KeyRefused | SandboxFault::KeyRefusedAfter, _) => Meaning::Stops(4),
        (SandboxFault::Quota, _) => Meaning::Stops(7),
        (SandboxFault::SubmitHang | SandboxFault::AcceptHang | SandboxFault::StatusHang, _) => Meaning::Waits,
        (SandboxFault::JobExpire, "hang") => Meaning::Waits,
        (SandboxFault::JobExpire, "gone") | (SandboxFault::StatusForget, _) => Meaning::Loses,
        (SandboxFault::JobExpire, "late") => Meaning::Benign,
        (
            SandboxFault::JobExpire
            | SandboxFault::JobSlow
            | SandboxFault::JobFail
            | SandboxFault::JobModerated,
            _,
        ) => Meaning::Fails,
        (SandboxFault::SubmitCode | SandboxFault::SubmitModerated | SandboxFault::SubmitMaxPrompt, _) => {
            Meaning::Fails
        }
        (SandboxFault::StatusNoUrls, _) | (SandboxFault::ItemImages, "none") => Meaning::Fails,
        (SandboxFault::Submit500 | SandboxFault::SubmitHtml | SandboxFault::SubmitCut, _) => Meaning::Hides,
        (
            SandboxFault::AcceptCut
            | SandboxFault::AcceptHalf
            | SandboxFault::Accept500
            | SandboxFault::AcceptGarbage,
            _,
        ) => Meaning::Hides,
        (SandboxFault::AcceptData, _) => Meaning::HidesAll,
        (SandboxFault::StatusData, "missing" | "null" | "empty") => Meaning::Stops(5),
        _ => Meaning::Benign,
    }
}

/// The values with which a fault is tested.
fn values(row: &FaultRow) -> Vec<String> {
    match (row.fault, row.form) {
        (SandboxFault::KeyRefusedAfter, _) => vec!["5".into()],
        (SandboxFault::Quota, _) => vec!["20".into()],
        (SandboxFault::SubmitMaxPrompt, _) => vec!["26".into()],
        (SandboxFault::StatusOdd | SandboxFault::StatusStale | SandboxFault::StatusOmit, _) => {
            vec!["0.3".into(), "first:9".into()]
        }
        (SandboxFault::RetryAfter, _) => vec!["1s".into()],
        (SandboxFault::SlotsFreeLate | SandboxFault::WebhookLate, _) => vec!["100s".into()],
        (_, FaultForm::Flag) => vec![String::new()],
        (_, FaultForm::Rate) => vec!["0.3".into(), "first:2".into()],
        (_, FaultForm::Count) => vec!["3".into()],
        (_, FaultForm::Time) => vec!["20ms".into()],
        (_, FaultForm::Shift) => vec!["-1h".into(), "1h".into()],
        (_, FaultForm::Choice(words)) => words.iter().skip(1).map(|word| (*word).to_owned()).collect(),
        (_, FaultForm::Text) => vec!["copper".into()],
        (_, FaultForm::Code) => vec!["1003:0.3".into(), "-7:first:2".into()],
    }
}

/// The other faults without which this one has no effect.
fn needed_faults(fault: SandboxFault) -> &'static str {
    match fault {
        SandboxFault::RetryAfter => "submit-429=only:2, status-429=only:2",
        SandboxFault::RetryAfterDate => "retry-after=1s, submit-429=only:2",
        SandboxFault::RefusalHttp | SandboxFault::RefusalData => "slots=3",
        SandboxFault::KeyHttp => "key-refused-after=100",
        SandboxFault::JobExpire => "job-slow=first:2",
        SandboxFault::WebhookNoFailures => "webhook-double",
        _ => "",
    }
}

#[derive(Debug)]
struct Case {
    faults: String,
    meaning: Meaning,
    webhooks: bool,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for row in FAULT_TABLE {
        for value in values(row) {
            let own = if value.is_empty() { row.name.to_owned() } else { format!("{}={value}", row.name) };
            let faults = format!("{}, {own}", needed_faults(row.fault));
            let meaning = meaning(row.fault, &value);
            cases.push(Case { faults, meaning, webhooks: row.name.starts_with("webhook") });
        }
    }
    cases
}

fn manifest() -> String {
    let rows = (0..TASKS).map(|n| match n {
        3 => "t3,a copper kettle on a stove in the evening\n".to_owned(),
        n => format!("t{n},mug number {n} on linen\n"),
    });
    "id,prompt\n".to_owned() + &rows.collect::<String>()
}

#[test]
fn every_fault_has_its_outcome_and_nothing_is_billed_twice() {
    let cases: Vec<Case> = cases().into_iter().filter(|case| case.meaning != Meaning::Waits).collect();
    assert!(cases.len() > FAULT_TABLE.len(), "the table has become a list of waits");
    let next = Mutex::new(cases.iter());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = { next.lock().unwrap().next() } {
                    let met = std::panic::catch_unwind(|| run_with_fault(case));
                    if let Err(panic) = met {
                        let words = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                        wrong.lock().unwrap().push(format!("{case:?}: {words}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} faults:\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
}

fn run_with_fault(case: &Case) {
    let service = SandboxService::with_faults(&case.faults);
    let dir = TestDir::with_csv(&manifest());
    let webhooks = if case.webhooks { "--webhook-listen 127.0.0.1:0" } else { "" };
    let ran = dir.run(&service.url()).args("--patience 3s").args(webhooks).output();
    let results = dir.results();
    let story = || format!("{ran:?}\n{results:?}\n{:?}", service.ledger());
    assert_outcome(case.meaning, &ran, &results, &story);

    let ledger = service.ledger();
    let paid = assert_paid_once(&[&ledger]);
    for row in &results.rows {
        let was_answered = ledger.jobs.iter().any(|job| job.prompt == row["prompt"] && job.reply_sent);
        if was_answered {
            assert_eq!(row["task_id"], paid[&row["prompt"]], "a taskId was lost\n{}", story());
        }
        if &row["status"] == "done" {
            assert!(!row["grid"].is_empty() || !row.images().is_empty(), "{}", story());
            assert!(row.images().iter().all(|url| url.contains(&row["task_id"])), "{}", story());
        }
    }

    if !matches!(case.meaning, Meaning::Stops(_) | Meaning::HidesAll) {
        let again = dir.run(&service.url()).args("--patience 3s").args(webhooks).output();
        assert_eq!(again.code, ran.code, "the next run says the same: {again:?}");
        assert_eq!(service.submits(), ledger.submits, "the next run submits nothing");
    }
}

fn assert_outcome(meaning: Meaning, ran: &CommandOutput, results: &ResultsFile, story: &dyn Fn() -> String) {
    let count = |status| results.count(status);
    let (code, others) = match meaning {
        Meaning::Benign => (0, 0),
        Meaning::Fails => (3, count("failed")),
        Meaning::Loses => (3, count("lost")),
        Meaning::Hides => (6, count("unknown")),
        Meaning::HidesAll => {
            assert_eq!((ran.code, count("done")), (Some(6), 0), "{}", story());
            assert!((1..=5).contains(&count("unknown")), "{}", story());
            return;
        }
        Meaning::Stops(code) => {
            assert_eq!(ran.code, Some(code), "{}", story());
            assert_eq!(count("failed") + count("unknown") + count("lost"), 0, "{}", story());
            return;
        }
        Meaning::Waits => unreachable!("not met"),
    };
    assert_eq!(ran.code, Some(code), "{}", story());
    assert_eq!(count("done") + others, TASKS, "{}", story());
    assert_eq!(others == 0, meaning == Meaning::Benign, "{}", story());
}
