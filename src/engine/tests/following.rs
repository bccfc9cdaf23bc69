//! Jobs while they are followed: status requests, timeouts, and jobs that the service does not
//! know.

use super::*;
use crate::task::{AttemptKey, Change, ChangeKind, FailureClass};

#[test]
fn a_job_past_its_timeout_is_polled_before_it_is_given_up() {
    let mut driver = EngineDriver::new(Policy::default(), 0, vec![resumed(Duration::from_secs(3600), false)]);
    assert_eq!(driver.actions(), [Action::PollStatus(vec![task_id("old")])]);
    let next =
        driver.handle(Event::StatusReply(vec![task_id("old")], StatusOutcome::Items(vec![running("old")])));
    assert!(
        matches!(&next[..], [Action::Record(Change { kind: ChangeKind::Failed(failure), .. })] if failure.class == FailureClass::Timeout),
        "{next:?}"
    );
}

#[test]
fn a_job_that_an_earlier_run_gave_up_is_polled_once_more_and_only_images_change_it() {
    let look = || EngineDriver::new(Policy::default(), 0, vec![resumed(Duration::from_secs(3600), true)]);
    let mut driver = look();
    let reply = Event::StatusReply(vec![task_id("old")], StatusOutcome::Items(vec![done("old")]));
    driver.actions();
    assert!(matches!(driver.handle(reply)[..], [Action::Record(Change { kind: ChangeKind::Done(..), .. })]));
    for outcome in [
        StatusOutcome::Items(vec![running("old")]),
        StatusOutcome::Items(vec![]),
        StatusOutcome::Unreadable("HTTP 500".into()),
    ] {
        let mut driver = look();
        driver.actions();
        assert_eq!(driver.handle(Event::StatusReply(vec![task_id("old")], outcome)), []);
        assert_eq!(driver.ending(), Some(&StopReason::Finished));
    }
}

/// As where results that name the same job twice were taken over.
#[test]
fn two_attempts_of_one_running_job_are_asked_about_once_and_end_with_it() {
    let both = || {
        let second = Resumed { attempt: AttemptKey(2), ..resumed(SECOND, false) };
        let second = Resumed { waiting: Waiting { task: TaskRow(1), ..second.waiting }, ..second };
        let mut driver = EngineDriver::new(Policy::default(), 0, vec![resumed(SECOND, false), second]);
        assert_eq!(driver.actions(), [Action::PollStatus(vec![task_id("old")])]);
        driver
    };
    let reply = |items| Event::StatusReply(vec![task_id("old")], StatusOutcome::Items(items));
    let mut driver = both();
    assert_eq!(driver.handle(reply(vec![running("old")])), []);
    let next = driver.handle(reply(vec![done("old")]));
    let ended = next.iter().map(|action| match action {
        Action::Record(Change { attempt, kind: ChangeKind::Done(_) }) => attempt.0,
        other => panic!("{other:?}"),
    });
    assert_eq!(ended.collect::<Vec<_>>(), [1, 2]);
    assert_eq!(driver.ending(), Some(&StopReason::Finished));

    let mut driver = both();
    let mut lost = Vec::new();
    for _ in 0..4 {
        lost.extend(driver.handle(reply(vec![])));
        driver.now += Duration::from_secs(60);
    }
    let is_lost =
        |action: &Action| matches!(action, Action::Record(Change { kind: ChangeKind::Lost(_), .. }));
    assert_eq!(lost.iter().filter(|action| is_lost(action)).count(), 2, "{lost:?}");
    assert_eq!(driver.ending(), Some(&StopReason::Finished));
}

#[test]
fn an_id_that_stays_missing_is_lost_and_one_that_comes_back_is_not() {
    let mut driver = EngineDriver::new(Policy::default(), 0, vec![resumed(SECOND, false)]);
    driver.actions();
    let ids = || vec![task_id("old")];
    driver.handle(Event::StatusReply(ids(), StatusOutcome::Items(vec![])));
    driver.now += Duration::from_secs(60);
    driver.handle(Event::StatusReply(ids(), StatusOutcome::Items(vec![running("old")])));
    for _ in 0..3 {
        driver.now += Duration::from_secs(59);
        let next = driver.handle(Event::StatusReply(ids(), StatusOutcome::Items(vec![])));
        assert!(!next.iter().any(|action| matches!(action, Action::Record(_))), "{next:?}");
    }
    driver.now += Duration::from_secs(59);
    let next = driver.handle(Event::StatusReply(ids(), StatusOutcome::Items(vec![])));
    assert!(matches!(next[..], [Action::Record(Change { kind: ChangeKind::Lost(..), .. })]), "{next:?}");
}

#[test]
fn a_job_done_without_images_is_polled_a_few_times_more() {
    let empty = Item { task_id: task_id("old"), progress: Progress::Done(Images::default()) };
    let mut driver = EngineDriver::new(Policy::default(), 0, vec![resumed(SECOND, false)]);
    driver.actions();
    let mut polls = 1;
    let change = loop {
        let reply = StatusOutcome::Items(vec![empty.clone()]);
        match &driver.handle(Event::StatusReply(vec![task_id("old")], reply))[..] {
            [Action::Record(change)] => break change.clone(),
            _ => assert!(matches!(driver.wait()[..], [Action::PollStatus(_)])),
        }
        polls += 1;
    };
    assert_eq!(polls, 6);
    assert!(
        matches!(change, Change { kind: ChangeKind::Failed(failure), .. } if failure.class == FailureClass::NoImages)
    );
}

#[test]
fn a_list_that_is_refused_is_halved() {
    let policy = Policy { concurrency: 8, ..Policy::default() };
    let old: Vec<_> = (1..=8)
        .map(|n| Resumed {
            attempt: AttemptKey(n),
            task_id: task_id(&n.to_string()),
            ..resumed(SECOND, false)
        })
        .collect();
    let mut driver = EngineDriver::new(policy, 0, old);
    let [Action::PollStatus(all)] = &driver.actions()[..] else { panic!("one request for all") };
    assert_eq!(all.len(), 8);
    let next = driver.handle(Event::StatusReply(
        all.clone(),
        StatusOutcome::Refused(Refusal::Content("too many ids".into())),
    ));
    assert!(
        matches!(&next[..], [Action::PollStatus(a), Action::PollStatus(b)] if a.len() == 4 && b.len() == 4),
        "{next:?}"
    );
}
