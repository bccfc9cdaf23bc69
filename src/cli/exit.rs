//! The exit codes, which are a public contract, and their order of precedence.

use std::process::ExitCode;

use crate::engine::StopReason;
use crate::runner::{Outcome, Signal};
use crate::task::Status;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All tasks are done, or there was nothing to do.
    Success,
    /// Internal error, or the state or the results could not be written.
    Internal,
    /// The command line or the manifest is wrong. Nothing was submitted.
    Usage,
    /// Finished; some tasks failed for good.
    SomeFailed,
    /// The API key was refused.
    KeyRefused,
    /// The service cannot be reached or is broken: run again later.
    Unreachable,
    /// The outcome of some submits is unknown.
    SomeUnknown,
    /// The account is out of quota, or stopped because it is at risk.
    QuotaGone,
    /// The budget is reached; tasks remain.
    BudgetReached,
    /// Tasks remain, because the run was not to wait for all of them.
    TasksRemain,
    /// Another run holds this state.
    Held,
    /// Stopped by SIGINT; the state is resumable.
    Interrupted,
    /// Stopped by SIGTERM; the state is resumable.
    Terminated,
}

impl Exit {
    /// The number of the code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Internal => 1,
            Exit::Usage => 2,
            Exit::SomeFailed => 3,
            Exit::KeyRefused => 4,
            Exit::Unreachable => 5,
            Exit::SomeUnknown => 6,
            Exit::QuotaGone => 7,
            Exit::BudgetReached => 8,
            Exit::TasksRemain => 10,
            Exit::Held => 11,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
        }
    }

    /// The code of a run that ended in this way. If several apply, the first of 4, 7, 6, 8, 5, 10,
    /// 3 is returned; a state that could not be written, and a signal that left tasks undone, come
    /// before all of them.
    pub fn of(outcome: &Outcome) -> Exit {
        let has = |status| outcome.counts.of(status) > 0;
        let remain = has(Status::Pending) || has(Status::Running);
        let stopped = outcome.stop_reason == StopReason::Interrupted && remain;
        let holds = [
            (outcome.stop_reason == StopReason::StoreFailed || !outcome.results_written, Exit::Internal),
            (stopped && outcome.signal == Some(Signal::Terminate), Exit::Terminated),
            (stopped, Exit::Interrupted),
            (matches!(outcome.stop_reason, StopReason::KeyRefused(_)), Exit::KeyRefused),
            (
                matches!(outcome.stop_reason, StopReason::QuotaGone | StopReason::Breaker(_)) && remain,
                Exit::QuotaGone,
            ),
            (has(Status::Unknown), Exit::SomeUnknown),
            (outcome.stop_reason == StopReason::BudgetReached && remain, Exit::BudgetReached),
            (matches!(outcome.stop_reason, StopReason::Unreachable(_)), Exit::Unreachable),
            (remain, Exit::TasksRemain),
            (has(Status::Failed) || has(Status::Lost), Exit::SomeFailed),
        ];
        holds.into_iter().find(|(holds, _)| *holds).map_or(Exit::Success, |(_, exit)| exit)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Counts;

    fn outcome(stop_reason: StopReason, statuses: &[Status]) -> Outcome {
        let mut counts = Counts::default();
        statuses.iter().for_each(|status| counts.add(*status, 1));
        Outcome { stop_reason, counts, signal: None, results_written: true }
    }

    #[test]
    fn the_first_code_that_applies_is_returned() {
        use Status::{Done, Failed, Lost, Pending, Running, Skipped, Unknown};
        let unreachable = || StopReason::Unreachable("refused".into());
        for (ending, statuses, exit) in [
            (StopReason::Finished, &[][..], Exit::Success),
            (StopReason::Finished, &[Done, Skipped], Exit::Success),
            (StopReason::Finished, &[Done, Failed], Exit::SomeFailed),
            (StopReason::Finished, &[Done, Lost], Exit::SomeFailed),
            (StopReason::Finished, &[Done, Failed, Unknown], Exit::SomeUnknown),
            (StopReason::LimitReached, &[Done, Failed, Pending], Exit::TasksRemain),
            (unreachable(), &[Pending, Failed], Exit::Unreachable),
            (unreachable(), &[Pending, Unknown], Exit::SomeUnknown),
            (StopReason::QuotaGone, &[Pending, Unknown, Failed], Exit::QuotaGone),
            (StopReason::Breaker(vec![]), &[Pending, Unknown, Failed], Exit::QuotaGone),
            (StopReason::Breaker(vec![]), &[Failed], Exit::SomeFailed),
            (StopReason::BudgetReached, &[Pending, Failed], Exit::BudgetReached),
            (StopReason::BudgetReached, &[Pending, Unknown], Exit::SomeUnknown),
            (StopReason::TimeOver, &[Running, Failed], Exit::TasksRemain),
            (StopReason::NotAwaited, &[Running, Done], Exit::TasksRemain),
            (StopReason::KeyRefused("no".into()), &[Pending, Unknown], Exit::KeyRefused),
            (StopReason::Interrupted, &[Pending, Failed], Exit::Interrupted),
            (StopReason::Interrupted, &[Done], Exit::Success),
            (StopReason::StoreFailed, &[Pending], Exit::Internal),
        ] {
            let outcome = outcome(ending, statuses);
            assert_eq!(Exit::of(&outcome), exit, "{outcome:?}");
        }
    }

    #[test]
    fn a_signal_has_a_code_of_its_own() {
        let stopped = outcome(StopReason::Interrupted, &[Status::Pending]);
        let terminated = Outcome { signal: Some(Signal::Terminate), ..stopped };
        assert_eq!(Exit::of(&terminated).code(), 143);
    }
}
