//! Decisions of a table: recorded once, due until they are carried out, and nothing else with them.

use super::*;
use crate::plan::{DecisionOutcome, Filters, NoEffect, SeenTask, Selection};
use crate::store::{DecidedTask, PickOutcome, RowDecision};

fn row(task: i64, attempts: u32, decision: Decision) -> RowDecision {
    let seen = SeenTask { attempts, status: None };
    RowDecision { task: TaskRow(task), seen, decision: Some(decision), picks: None }
}

impl TestDir {
    fn decide(&self, rows: &[RowDecision]) -> Vec<DecidedTask> {
        let judged = BatchStore::at(&self.path).snapshot().unwrap().plan_decisions(rows).unwrap().0;
        let recorded = open(&self.path).unwrap().record_decisions(rows).unwrap();
        if rows.len() == 1 {
            assert_eq!(judged, recorded, "what is said without recording it is what is recorded");
        }
        recorded
    }

    #[track_caller]
    fn decides(&self, rows: &[RowDecision], expected: &[DecisionOutcome]) {
        let outcomes: Vec<_> = self.decide(rows).iter().map(|task| task.outcome.unwrap().1).collect();
        assert_eq!(outcomes, expected);
    }

    /// Begins a run of what is decided, without the manifest.
    fn carry_out(&self) -> (Begun, BatchWriter) {
        let store = open(&self.path).unwrap();
        let selection = Selection { decided: true, ..Selection::default() };
        claimed(store.begin_with(Prices::default(), None, &selection).unwrap())
    }

    fn waiting(&self) -> Vec<i64> {
        let (snapshot, _writer) = self.carry_out();
        snapshot.waiting.iter().map(|waiting| waiting.task.0).collect()
    }

    fn state(&self, id: &str) -> State {
        self.states().into_iter().find(|(task, _)| task == id).unwrap().1
    }
}

fn failed(attempt: i64) -> Change {
    let failure = Failure { class: FailureClass::Moderated, reason: "banned".into() };
    ChangeKind::Failed(failure).of(AttemptKey(attempt))
}

const NOTHING: fn(NoEffect) -> DecisionOutcome = DecisionOutcome::Nothing;

fn listed() -> [Task; 5] {
    [task("a", "mug"), task("b", "cup"), task("c", "jar"), task("d", "pot"), task("e", "pan")]
}

/// Five tasks: `a` is done, `b` failed, `c` is unknown, `d` runs, `e` waits.
fn batch() -> TestDir {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.begin(&listed());
    for n in 1..=4 {
        intend(&writer, n, snapshot.waiting[n as usize - 1].task);
        if n != 3 {
            record(&writer, accepted(n));
        }
    }
    record(&writer, done(1));
    record(&writer, failed(2));
    drop(writer);
    dir
}

#[test]
fn a_redo_is_due_until_it_is_carried_out_and_then_is_over() {
    let dir = batch();
    let redo = [row(1, 1, Decision::Redo)];
    dir.decides(&redo, &[DecisionOutcome::Submit]);
    dir.decides(&redo, &[NOTHING(NoEffect::AlreadyDecided)]);
    assert_eq!(dir.waiting(), [1], "and not what waits besides");
    let (snapshot, writer) = dir.carry_out();
    assert_eq!(snapshot.not_selected, 1);
    intend(&writer, 5, TaskRow(1));
    drop(writer);
    dir.decides(&redo, &[NOTHING(NoEffect::AlreadyCarriedOut)]);
    assert_eq!((dir.state("a"), dir.waiting()), (State::Unknown, vec![]));
    // The ordinary run of the manifest has nothing of it either.
    let (snapshot, _writer) = dir.begin(&listed());
    assert_eq!(snapshot.waiting.len(), 1);
}

#[test]
fn a_decision_that_the_service_did_not_take_is_due_still() {
    let dir = batch();
    dir.decides(&[row(1, 1, Decision::Redo)], &[DecisionOutcome::Submit]);
    let (_, writer) = dir.carry_out();
    intend(&writer, 5, TaskRow(1));
    record(&writer, ChangeKind::Rejected("no slot".into()).of(AttemptKey(5)));
    drop(writer);
    assert_eq!(dir.waiting(), [1]);
    let (_, writer) = dir.carry_out();
    intend(&writer, 6, TaskRow(1));
    record(&writer, accepted(6));
    record(&writer, done(6));
    drop(writer);
    assert_eq!(dir.waiting(), [0; 0]);
    dir.decides(&[row(1, 1, Decision::Redo)], &[NOTHING(NoEffect::AlreadyCarriedOut)]);
    dir.decides(&[row(1, 2, Decision::Redo)], &[DecisionOutcome::Submit]);
}

#[test]
fn a_redo_of_an_unknown_task_may_be_paid_twice_and_of_a_running_one_is_not_carried_out() {
    let dir = batch();
    let rows = [row(3, 1, Decision::Redo), row(4, 1, Decision::Redo), row(5, 0, Decision::Redo)];
    let expected = [DecisionOutcome::Resend, NOTHING(NoEffect::Running), DecisionOutcome::SubmitPending];
    dir.decides(&rows, &expected);
    assert_eq!(dir.waiting(), [3, 5]);
}

#[test]
fn a_crash_before_the_commit_leaves_no_decision() {
    // Of two, the second is about a task that there is not.
    let dir = batch();
    let rows = [row(1, 1, Decision::Redo), row(9, 1, Decision::Redo)];
    assert!(open(&dir.path).unwrap().record_decisions(&rows).is_err());
    assert_eq!((dir.state("a"), dir.waiting()), (State::Done, vec![]));
}

#[test]
fn a_skip_of_a_table_is_kept_until_a_make() {
    let dir = batch();
    let skip = [row(2, 1, Decision::Skip), row(5, 0, Decision::Skip), row(1, 1, Decision::Skip)];
    let expected = [DecisionOutcome::Skip, DecisionOutcome::Skip, NOTHING(NoEffect::TooLate)];
    dir.decides(&skip, &expected);
    // The manifest never said it, and does not end it.
    for listed in [listed(), listed()] {
        let (snapshot, writer) = dir.begin(&listed);
        assert_eq!(snapshot.waiting, []);
        drop(writer);
        assert_eq!((dir.state("b"), dir.state("e")), (State::Skipped, State::Skipped));
    }
    let make = [row(2, 1, Decision::Make), row(5, 0, Decision::Make)];
    dir.decides(&make, &[DecisionOutcome::FailAgain, DecisionOutcome::Submit]);
    assert_eq!((dir.state("b"), dir.waiting()), (State::Failed, vec![5]));
    assert_eq!(dir.records()[1].reason.as_deref(), Some("banned"));
}

#[test]
fn a_make_in_the_manifest_ends_the_skip_of_a_table_once() {
    let dir = batch();
    let skip = [row(5, 0, Decision::Skip)];
    let mut make = listed();
    make[4].decision = Some(Decision::Make);
    dir.decides(&skip, &[DecisionOutcome::Skip]);
    assert_eq!(dir.begin(&make).0.waiting.len(), 1);
    // What a table skips later stays skipped, though the manifest still says `make`.
    dir.decides(&skip, &[DecisionOutcome::Skip]);
    assert_eq!(dir.begin(&make).0.waiting, []);
    assert_eq!(dir.begin(&listed()).0.waiting, []);
    assert_eq!(dir.begin(&make).0.waiting.len(), 1, "said anew");
}

#[test]
fn a_make_in_a_table_ends_the_skip_of_the_manifest_until_it_says_that_anew() {
    let dir = batch();
    let mut skip = listed();
    skip[4].decision = Some(Decision::Skip);
    assert_eq!(dir.begin(&skip).0.waiting, []);
    dir.decides(&[row(5, 0, Decision::Make)], &[DecisionOutcome::Submit]);
    assert_eq!(dir.begin(&skip).0.waiting.len(), 1);
    assert_eq!(dir.begin(&listed()).0.waiting.len(), 1);
    assert_eq!(dir.begin(&skip).0.waiting, []);
}

#[test]
fn a_skip_that_comes_back_into_the_manifest_is_said_anew() {
    let dir = batch();
    let skip_of = |n: usize| {
        let mut skip = listed();
        skip[n].decision = Some(Decision::Skip);
        skip
    };
    // `c` is unknown: the manifest skips it, a table ends that, and while the manifest says it on, it is over.
    drop(dir.begin(&skip_of(2)));
    dir.decides(&[row(3, 1, Decision::Make)], &[DecisionOutcome::EndSkip]);
    assert!(!dir.begin(&skip_of(2)).0.history.excluded.contains(&TaskRow(3)));
    // The row is gone, and comes back with its skip: that is a new one.
    let others: Vec<Task> = listed().into_iter().filter(|task| task.id.0 != "c").collect();
    drop(dir.begin(&others));
    assert!(dir.begin(&skip_of(2)).0.history.excluded.contains(&TaskRow(3)), "it is not resent");
}

#[test]
fn what_is_skipped_under_way_is_not_sent_again() {
    let dir = batch();
    let skip = [row(3, 1, Decision::Skip), row(4, 1, Decision::Skip)];
    dir.decides(&skip, &[DecisionOutcome::KeepSkip, DecisionOutcome::KeepSkip]);
    dir.decides(&skip, &[NOTHING(NoEffect::AlreadySkipped), NOTHING(NoEffect::AlreadySkipped)]);
    let (snapshot, writer) = dir.begin(&listed());
    assert_eq!(snapshot.history.excluded, [TaskRow(3), TaskRow(4)].into());
    record(&writer, failed(4));
    drop(writer);
    let mut store = open(&dir.path).unwrap();
    assert_eq!(store.retry(&Filters::default(), true).unwrap().tasks.total(), 1, "the one that was not");
    assert_eq!(store.resolve(|_| true, crate::store::Resolution::Resend).unwrap().skipped, 1);
}

#[test]
fn a_run_of_decisions_sends_nothing_else_again() {
    let dir = batch();
    dir.decides(&[row(3, 1, Decision::Redo)], &[DecisionOutcome::Resend]);
    let (snapshot, writer) = dir.carry_out();
    assert_eq!(snapshot.history.excluded, [TaskRow(4)].into());
    intend(&writer, 5, TaskRow(3));
    record(&writer, accepted(5));
    drop(writer);
    // What runs because of a decision is sent again where it fails at the service.
    let (snapshot, _writer) = dir.carry_out();
    assert_eq!(snapshot.history.excluded, [TaskRow(4)].into());
}

#[test]
fn an_ordinary_run_carries_out_what_is_decided_and_a_sync_keeps_it() {
    let dir = batch();
    dir.decides(&[row(1, 1, Decision::Redo)], &[DecisionOutcome::Submit]);
    assert_eq!(dir.begin(&listed()).0.waiting.len(), 2);
    assert_eq!(dir.waiting(), [1]);
    // A skip in the manifest takes it back.
    let mut skip = listed();
    skip[0].decision = Some(Decision::Skip);
    dir.begin(&skip);
    assert_eq!(dir.waiting(), [0; 0]);
}

#[test]
fn picks_are_kept_until_there_are_other_images() {
    let dir = batch();
    let pick = |picks: &[u16], attempts| RowDecision {
        task: TaskRow(1),
        seen: SeenTask { attempts, status: None },
        decision: None,
        picks: Some(picks.to_vec()),
    };
    let outcome = |row| dir.decide(&[row])[0].picks.unwrap();
    assert_eq!(outcome(pick(&[1, 3], 1)), PickOutcome::Kept);
    assert_eq!(outcome(pick(&[1, 3], 1)), PickOutcome::Unchanged);
    assert_eq!(outcome(pick(&[2], 0)), PickOutcome::OtherImages);
    assert_eq!(outcome(pick(&[], 1)), PickOutcome::Cleared);
    assert_eq!(outcome(pick(&[], 1)), PickOutcome::Unchanged);
    assert_eq!(outcome(pick(&[4], 1)), PickOutcome::Kept);
    dir.decides(&[row(1, 1, Decision::Redo)], &[DecisionOutcome::Submit]);
    let (_, writer) = dir.carry_out();
    intend(&writer, 5, TaskRow(1));
    drop(writer);
    assert_eq!(outcome(pick(&[], 2)), PickOutcome::Unchanged, "they were of the images before");
}
