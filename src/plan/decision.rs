//! What becomes of a decision that a person typed into a table.
//!
//! Pure: from where the task stands, the attempts that the row's ref names, and the decision. A
//! decision is carried out once, whatever copies of the table there are and in whichever order they
//! are run: a `redo` or a `make` counts only for the attempts that the table knew of, and in doubt
//! nothing is bought.

use std::cmp::Ordering;

use crate::seeded_fault::{self, SeededFault};
use crate::task::{Decision, State, Status};

/// Where a task stands, as far as a decision depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskStanding {
    /// Its state. A submit without a reply is unknown once its run has ended.
    pub state: State,
    /// How many attempts it has that were not certainly rejected.
    pub attempts: u32,
    /// Whether the manifest lists it.
    pub is_listed: bool,
    /// Whether a table skipped it, which is kept until a `make`.
    pub kept_skip: bool,
    /// Whether the manifest says to skip it.
    pub manifest_skip: bool,
    /// Whether it had failed before it was skipped.
    pub failed_before_skip: bool,
    /// Whether it waits, or is under way, because of a decision.
    pub is_decided: bool,
}

/// What a person saw of a task when the decision was made: what the row of the table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenTask {
    /// The attempts that its ref names.
    pub attempts: u32,
    /// Its status, where the cell still says one.
    pub status: Option<Status>,
}

/// What becomes of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionOutcome {
    /// The task waits to be submitted once more, or at last, and is submitted because of the
    /// decision.
    Submit,
    /// The same, of a task whose outcome is unknown: it may be billed twice.
    Resend,
    /// The task waits already, and is submitted because of the decision.
    SubmitPending,
    /// The task is skipped, until a `make`.
    Skip,
    /// The task stays as it is, and is skipped where it would be sent again: it is under way, or
    /// the manifest skips it anyway.
    KeepSkip,
    /// The skip of a task that is under way ends: it may be sent again.
    EndSkip,
    /// The skip ends, and the task is failed again, as it was before.
    FailAgain,
    /// Nothing is changed, for this reason.
    Nothing(NoEffect),
}

/// Why a decision changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoEffect {
    /// The task was sent since the table was written: the decision was carried out already.
    AlreadyCarriedOut,
    /// The table knows of more attempts than the state does, which may have been restored from an
    /// older copy. What those attempts made is not bought again.
    UnknownAttempts,
    /// The manifest lists the task no longer.
    NotListed,
    /// The task waits to be submitted because of an earlier decision.
    AlreadyDecided,
    /// The job of the task is still running.
    Running,
    /// The images came after the table was written, which shows none.
    CameMeanwhile,
    /// The task is skipped already.
    AlreadySkipped,
    /// The task has what it was to be spared: it is done, or lost.
    TooLate,
    /// The task was not skipped.
    NotSkipped,
}

impl DecisionOutcome {
    /// Whether a paid attempt follows.
    pub fn submits(self) -> bool {
        matches!(self, DecisionOutcome::Submit | DecisionOutcome::Resend | DecisionOutcome::SubmitPending)
    }

    /// Whether the decision changes something, so that it is still to be carried out.
    pub fn has_effect(self) -> bool {
        !matches!(self, DecisionOutcome::Nothing(_))
    }
}

/// What becomes of a decision about a task, typed by a person who saw this of it.
pub fn judge(task: TaskStanding, seen: SeenTask, decision: Decision) -> DecisionOutcome {
    if !task.is_listed {
        return DecisionOutcome::Nothing(NoEffect::NotListed);
    }
    if decision == Decision::Skip {
        return skip(task);
    }
    // What buys something counts for what was seen.
    let seen_attempts = match seeded_fault::is_on(SeededFault::RefAttemptsIgnored) {
        true => task.attempts,
        false => seen.attempts,
    };
    match seen_attempts.cmp(&task.attempts) {
        Ordering::Less => return DecisionOutcome::Nothing(NoEffect::AlreadyCarriedOut),
        Ordering::Greater => return DecisionOutcome::Nothing(NoEffect::UnknownAttempts),
        Ordering::Equal => {}
    }
    match (decision, task.state) {
        (_, State::Pending) if task.is_decided => DecisionOutcome::Nothing(NoEffect::AlreadyDecided),
        (_, State::Pending) => DecisionOutcome::SubmitPending,
        (Decision::Make, _) => make(task),
        (_, State::Submitting | State::Running) => DecisionOutcome::Nothing(NoEffect::Running),
        (_, State::Unknown) => DecisionOutcome::Resend,
        (_, State::Done) if seen.status.is_some_and(|status| status != Status::Done) => {
            DecisionOutcome::Nothing(NoEffect::CameMeanwhile)
        }
        (_, State::Done | State::Failed | State::Lost | State::Skipped) => DecisionOutcome::Submit,
    }
}

/// A skip never buys anything, and so counts whatever the table knew of.
fn skip(task: TaskStanding) -> DecisionOutcome {
    match task.state {
        State::Pending | State::Failed => DecisionOutcome::Skip,
        State::Done | State::Lost => DecisionOutcome::Nothing(NoEffect::TooLate),
        _ if task.kept_skip => DecisionOutcome::Nothing(NoEffect::AlreadySkipped),
        State::Skipped | State::Submitting | State::Running | State::Unknown => DecisionOutcome::KeepSkip,
    }
}

fn make(task: TaskStanding) -> DecisionOutcome {
    match task.state {
        State::Skipped if task.failed_before_skip => DecisionOutcome::FailAgain,
        State::Skipped => DecisionOutcome::Submit,
        _ if task.kept_skip || task.manifest_skip => DecisionOutcome::EndSkip,
        State::Submitting | State::Running => DecisionOutcome::Nothing(NoEffect::Running),
        _ => DecisionOutcome::Nothing(NoEffect::NotSkipped),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(state: State) -> TaskStanding {
        TaskStanding {
            state,
            attempts: 1,
            is_listed: true,
            kept_skip: false,
            manifest_skip: false,
            failed_before_skip: false,
            is_decided: false,
        }
    }

    /// The standings that there are: every state, and those that differ by more than their state.
    fn standings() -> Vec<(String, TaskStanding)> {
        let mut all: Vec<_> =
            State::ALL.map(|state| (state.as_str().to_owned(), standing(state))).into_iter().collect();
        let with = |state, change: fn(&mut TaskStanding)| {
            let mut task = standing(state);
            change(&mut task);
            task
        };
        let mut add = |name: &str, task| all.push((name.to_owned(), task));
        add("pending, decided", with(State::Pending, |task| task.is_decided = true));
        add("skipped by a table", with(State::Skipped, |task| task.kept_skip = true));
        add("skipped by the manifest", with(State::Skipped, |task| task.manifest_skip = true));
        add("skipped after it failed", with(State::Skipped, |task| task.failed_before_skip = true));
        add("running, kept skip", with(State::Running, |task| task.kept_skip = true));
        add("unknown, kept skip", with(State::Unknown, |task| task.kept_skip = true));
        add("failed, kept skip", with(State::Failed, |task| task.kept_skip = true));
        add("done, manifest skips", with(State::Done, |task| task.manifest_skip = true));
        add("not listed, done", with(State::Done, |task| task.is_listed = false));
        add("not listed, pending", with(State::Pending, |task| task.is_listed = false));
        all
    }

    fn seen(attempts: u32) -> SeenTask {
        SeenTask { attempts, status: None }
    }

    /// A row for each standing, and for each decision what becomes of it where the ref names fewer
    /// attempts than the task has, as many, and more.
    #[test]
    fn the_whole_table() {
        let mut table = String::new();
        for (name, task) in standings() {
            for decision in Decision::ALL {
                let outcomes = [0, 1, 2].map(|attempts| match judge(task, seen(attempts), decision) {
                    DecisionOutcome::Nothing(why) => format!("- {why:?}"),
                    other => format!("{other:?}"),
                });
                let [older, same, newer] = outcomes;
                let line = format!("{name:<24} {:<5} {older:<20} {same:<18} {newer}", decision.as_str());
                table.push_str(line.trim_end());
                table.push('\n');
            }
        }
        insta::assert_snapshot!(table, @"
        pending                  redo  - AlreadyCarriedOut  SubmitPending      - UnknownAttempts
        pending                  skip  Skip                 Skip               Skip
        pending                  make  - AlreadyCarriedOut  SubmitPending      - UnknownAttempts
        submitting               redo  - AlreadyCarriedOut  - Running          - UnknownAttempts
        submitting               skip  KeepSkip             KeepSkip           KeepSkip
        submitting               make  - AlreadyCarriedOut  - Running          - UnknownAttempts
        running                  redo  - AlreadyCarriedOut  - Running          - UnknownAttempts
        running                  skip  KeepSkip             KeepSkip           KeepSkip
        running                  make  - AlreadyCarriedOut  - Running          - UnknownAttempts
        done                     redo  - AlreadyCarriedOut  Submit             - UnknownAttempts
        done                     skip  - TooLate            - TooLate          - TooLate
        done                     make  - AlreadyCarriedOut  - NotSkipped       - UnknownAttempts
        failed                   redo  - AlreadyCarriedOut  Submit             - UnknownAttempts
        failed                   skip  Skip                 Skip               Skip
        failed                   make  - AlreadyCarriedOut  - NotSkipped       - UnknownAttempts
        unknown                  redo  - AlreadyCarriedOut  Resend             - UnknownAttempts
        unknown                  skip  KeepSkip             KeepSkip           KeepSkip
        unknown                  make  - AlreadyCarriedOut  - NotSkipped       - UnknownAttempts
        lost                     redo  - AlreadyCarriedOut  Submit             - UnknownAttempts
        lost                     skip  - TooLate            - TooLate          - TooLate
        lost                     make  - AlreadyCarriedOut  - NotSkipped       - UnknownAttempts
        skipped                  redo  - AlreadyCarriedOut  Submit             - UnknownAttempts
        skipped                  skip  KeepSkip             KeepSkip           KeepSkip
        skipped                  make  - AlreadyCarriedOut  Submit             - UnknownAttempts
        pending, decided         redo  - AlreadyCarriedOut  - AlreadyDecided   - UnknownAttempts
        pending, decided         skip  Skip                 Skip               Skip
        pending, decided         make  - AlreadyCarriedOut  - AlreadyDecided   - UnknownAttempts
        skipped by a table       redo  - AlreadyCarriedOut  Submit             - UnknownAttempts
        skipped by a table       skip  - AlreadySkipped     - AlreadySkipped   - AlreadySkipped
        skipped by a table       make  - AlreadyCarriedOut  Submit             - UnknownAttempts
        skipped by the manifest  redo  - AlreadyCarriedOut  Submit             - UnknownAttempts
        skipped by the manifest  skip  KeepSkip             KeepSkip           KeepSkip
        skipped by the manifest  make  - AlreadyCarriedOut  Submit             - UnknownAttempts
        skipped after it failed  redo  - AlreadyCarriedOut  Submit             - UnknownAttempts
        skipped after it failed  skip  KeepSkip             KeepSkip           KeepSkip
        skipped after it failed  make  - AlreadyCarriedOut  FailAgain          - UnknownAttempts
        running, kept skip       redo  - AlreadyCarriedOut  - Running          - UnknownAttempts
        running, kept skip       skip  - AlreadySkipped     - AlreadySkipped   - AlreadySkipped
        running, kept skip       make  - AlreadyCarriedOut  EndSkip            - UnknownAttempts
        unknown, kept skip       redo  - AlreadyCarriedOut  Resend             - UnknownAttempts
        unknown, kept skip       skip  - AlreadySkipped     - AlreadySkipped   - AlreadySkipped
        unknown, kept skip       make  - AlreadyCarriedOut  EndSkip            - UnknownAttempts
        failed, kept skip        redo  - AlreadyCarriedOut  Submit             - UnknownAttempts
        failed, kept skip        skip  Skip                 Skip               Skip
        failed, kept skip        make  - AlreadyCarriedOut  EndSkip            - UnknownAttempts
        done, manifest skips     redo  - AlreadyCarriedOut  Submit             - UnknownAttempts
        done, manifest skips     skip  - TooLate            - TooLate          - TooLate
        done, manifest skips     make  - AlreadyCarriedOut  EndSkip            - UnknownAttempts
        not listed, done         redo  - NotListed          - NotListed        - NotListed
        not listed, done         skip  - NotListed          - NotListed        - NotListed
        not listed, done         make  - NotListed          - NotListed        - NotListed
        not listed, pending      redo  - NotListed          - NotListed        - NotListed
        not listed, pending      skip  - NotListed          - NotListed        - NotListed
        not listed, pending      make  - NotListed          - NotListed        - NotListed
        ");
    }

    #[test]
    fn a_redo_of_what_showed_no_images_buys_nothing_once_they_have_come() {
        for status in Status::ALL {
            let seen = SeenTask { attempts: 1, status: Some(status) };
            let outcome = judge(standing(State::Done), seen, Decision::Redo);
            assert_eq!(outcome == DecisionOutcome::Submit, status == Status::Done, "{status:?}");
            let lost = judge(standing(State::Lost), seen, Decision::Redo);
            assert_eq!(lost, DecisionOutcome::Submit, "{status:?}");
        }
    }

    #[test]
    fn nothing_is_bought_but_by_a_table_that_knows_all_attempts_of_a_task_that_is_not_running() {
        for (name, task) in standings() {
            for decision in Decision::ALL {
                for attempts in [0, 1, 2] {
                    if judge(task, seen(attempts), decision).submits() {
                        assert_eq!((attempts, task.is_listed), (task.attempts, true), "{name} {decision:?}");
                        assert_ne!(decision, Decision::Skip, "{name}");
                        assert_ne!(task.state, State::Running, "{name} {decision:?}");
                    }
                }
            }
        }
    }
}
