//! The one table of what a fact about an attempt does to its task.
//!
//! The store applies it to rows, the view of progress to what it shows, and the simulator to its
//! model of the disk, so that they cannot disagree.

use std::fmt;

use super::{AttemptOutcome, ChangeKind, FailureClass, State};

/// The effect of a change on a task and its attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition<'c> {
    /// The new state of the task.
    pub state: State,
    /// The outcome of the attempt.
    pub outcome: AttemptOutcome,
    /// The kind of the failure, if it is one.
    pub class: Option<FailureClass>,
    /// The reason that came with the change.
    pub reason: Option<&'c str>,
}

impl Transition<'_> {
    /// Whether nothing more will happen to the task by itself: it has images, or only a decision
    /// submits it again.
    pub fn is_final(&self) -> bool {
        matches!(self.state, State::Done | State::Failed | State::Lost)
    }
}

/// A change that contradicts the state of its task. It is never recorded: something paid for would
/// be lost, or paid for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IllegalTransition {
    /// The state of the task.
    pub state: State,
    /// The outcome that the change claims.
    pub outcome: AttemptOutcome,
}

impl std::error::Error for IllegalTransition {}

impl fmt::Display for IllegalTransition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let IllegalTransition { state, outcome } = self;
        write!(
            f,
            "a task that is {} cannot have an attempt that becomes {}",
            state.as_str(),
            outcome.as_str()
        )
    }
}

/// The effect of a change on a task in this state; `None` if the change means nothing any more.
///
/// | the attempt is | the task may be | and becomes |
/// | --- | --- | --- |
/// | accepted | submitting; unknown (a late callback); unknown, lost or waiting again (a person found the job) | running |
/// | rejected | submitting | pending |
/// | refused | submitting | failed |
/// | unknown | submitting | unknown |
/// | done | running; failed, lost or waiting again (a second look found images) | done |
/// | failed | running | failed |
/// | failed, and will be retried | running | pending |
/// | lost | running | lost |
/// | to be resent | unknown; in any other state it means nothing | pending |
///
/// Besides, the same fact twice changes nothing that counts, and the end of a job may come where
/// its acceptance could not be written: the task is still submitting, or unknown, then. Nothing
/// ever leaves `done`, and nothing moves a task that is skipped.
///
/// # Errors
/// The change contradicts the state.
pub fn transition(state: State, change: &ChangeKind) -> Result<Option<Transition<'_>>, IllegalTransition> {
    use State::{Done, Failed, Lost, Pending, Running, Submitting, Unknown};
    let (from, next, outcome): (&[State], State, AttemptOutcome) = match change {
        ChangeKind::Accepted(_) => {
            (&[Submitting, Running, Unknown, Lost, Pending], Running, AttemptOutcome::Running)
        }
        ChangeKind::Rejected(_) => (&[Submitting, Pending], Pending, AttemptOutcome::Rejected),
        ChangeKind::Refused(_) => (&[Submitting, Failed], Failed, AttemptOutcome::Refused),
        ChangeKind::Unknown(_) => (&[Submitting, Unknown], Unknown, AttemptOutcome::Unknown),
        ChangeKind::Done(_) => {
            (&[Submitting, Running, Unknown, Failed, Lost, Pending, Done], Done, AttemptOutcome::Done)
        }
        ChangeKind::Failed(_) => (&[Submitting, Running, Unknown, Failed], Failed, AttemptOutcome::Failed),
        ChangeKind::FailedWillRetry(_) => {
            (&[Submitting, Running, Unknown, Pending], Pending, AttemptOutcome::Failed)
        }
        ChangeKind::Lost(_) => (&[Submitting, Running, Unknown, Lost], Lost, AttemptOutcome::Lost),
        ChangeKind::Resend if state == Unknown => (&[Unknown], Pending, AttemptOutcome::Unknown),
        ChangeKind::Resend => return Ok(None),
    };
    if !from.contains(&state) {
        return Err(IllegalTransition { state, outcome });
    }
    let (class, reason) = match change {
        ChangeKind::Refused(failure) | ChangeKind::Failed(failure) | ChangeKind::FailedWillRetry(failure) => {
            (Some(failure.class), Some(failure.reason.as_str()))
        }
        ChangeKind::Rejected(why) | ChangeKind::Unknown(why) | ChangeKind::Lost(why) => {
            (None, Some(why.as_str()))
        }
        ChangeKind::Accepted(_) | ChangeKind::Done(_) | ChangeKind::Resend => (None, None),
    };
    Ok(Some(Transition { state: next, outcome, class, reason }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Failure, Images, RemoteTaskId};

    fn changes() -> [ChangeKind; 9] {
        let why = || "why".to_owned();
        let failure = || Failure { class: FailureClass::Generation, reason: why() };
        [
            ChangeKind::Accepted(RemoteTaskId("T1".to_owned())),
            ChangeKind::Rejected(why()),
            ChangeKind::Refused(failure()),
            ChangeKind::Unknown(why()),
            ChangeKind::Done(Images::default()),
            ChangeKind::Failed(failure()),
            ChangeKind::FailedWillRetry(failure()),
            ChangeKind::Lost(why()),
            ChangeKind::Resend,
        ]
    }

    /// A row for each state, a column for each change, in the order of [`changes`]: `.` where
    /// nothing changes, `!` where it is illegal.
    #[test]
    fn the_whole_table() {
        let mut table = String::new();
        for state in State::ALL {
            table += &format!("{:<10}", state.as_str());
            for change in changes() {
                let next = match transition(state, &change) {
                    Ok(Some(next)) => next.state.as_str(),
                    Ok(None) => ".",
                    Err(e) => {
                        assert_eq!(e.state, state);
                        "!"
                    }
                };
                table += &format!(" {next:<8}");
            }
            table = table.trim_end().to_owned() + "\n";
        }
        insta::assert_snapshot!(table, @"
        pending    running  pending  !        !        done     !        pending  !        .
        submitting running  pending  failed   unknown  done     failed   pending  lost     .
        running    running  !        !        !        done     failed   pending  lost     .
        done       !        !        !        !        done     !        !        !        .
        failed     !        !        failed   !        done     failed   !        !        .
        unknown    running  !        !        unknown  done     failed   pending  lost     pending
        lost       running  !        !        !        done     !        !        lost     .
        skipped    !        !        !        !        !        !        !        !        .
        ");
    }

    #[test]
    fn done_stays_done_and_a_task_that_may_be_billed_is_pending_again_only_by_a_decision_to_pay_twice() {
        for change in changes() {
            let of_done = transition(State::Done, &change);
            assert!(matches!(of_done, Err(_) | Ok(None | Some(Transition { state: State::Done, .. }))));
            assert!(!matches!(transition(State::Skipped, &change), Ok(Some(_))));
            let waits = matches!(
                transition(State::Unknown, &change),
                Ok(Some(Transition { state: State::Pending, .. }))
            );
            let may = matches!(change, ChangeKind::Resend | ChangeKind::FailedWillRetry(_));
            assert!(!waits || may, "{change:?}");
            for given_up in [State::Lost, State::Failed] {
                let next = transition(given_up, &change);
                assert!(!matches!(next, Ok(Some(Transition { state: State::Pending, .. }))), "{change:?}");
            }
        }
    }

    #[test]
    fn the_same_fact_twice_leaves_the_task_where_it_is() {
        for (state, change) in
            State::ALL.into_iter().flat_map(|state| changes().map(|change| (state, change)))
        {
            if let Ok(Some(once)) = transition(state, &change) {
                let twice = transition(once.state, &change);
                assert!(twice == Ok(None) || twice == Ok(Some(once)), "{change:?}");
            }
        }
    }
}
