//! How a run ends: interrupted, aborted, or with nothing left to do.

use crate::task::ChangeKind;
use std::time::Duration;

use super::in_flight::{InFlight, Phase};
use super::message::{Action, EngineNotice, StopReason};
use super::{Engine, RunPhase};

impl Engine {
    pub(super) fn drain(&mut self, ending: StopReason) {
        if self.run_phase == RunPhase::Running {
            self.notify(EngineNotice::Draining(ending.clone()));
            self.run_phase = RunPhase::Draining(ending);
        }
    }

    pub(super) fn close(&mut self, ending: StopReason) {
        if matches!(self.run_phase, RunPhase::Running | RunPhase::Draining(_)) {
            self.run_phase = RunPhase::Closing(ending);
        }
    }

    pub(super) fn leave(&mut self, now: Duration) {
        if matches!(self.run_phase, RunPhase::Finished(_)) {
            return;
        }
        let sending = |(_, flight): &(_, &InFlight)| matches!(flight.phase, Phase::Sending);
        let sending: Vec<_> = self.in_flight.iter().filter(sending).map(|(attempt, _)| attempt).collect();
        for attempt in sending {
            if self.resolve_from_early_callback(now, attempt) {
                continue;
            }
            if mutant!(AbortForgets) {
                self.not_accepted(attempt, "the run was stopped before it was sent".to_owned());
            } else {
                self.in_flight.remove(attempt);
                let why = "the run was stopped before the reply came".to_owned();
                self.actions.push_back(Action::Record(ChangeKind::Unknown(why).of(attempt)));
            }
        }
        // What the store says of intents that are on their way is awaited: they are never sent, and
        // that is recorded.
        self.run_phase = RunPhase::Closing(StopReason::Interrupted);
    }

    pub(super) fn finish(&mut self) {
        let idle = match &self.run_phase {
            RunPhase::Running => {
                !self.may_yet_submit() && self.in_flight.is_empty() && !self.waiting.is_claiming()
            }
            RunPhase::Draining(_) => self.in_flight.is_empty(),
            RunPhase::Closing(_) => self.in_flight.unanswered() == 0,
            RunPhase::Finished(_) => false,
        };
        if idle {
            let nothing_left =
                self.waiting.is_empty() && self.retries.len() == 0 && self.in_flight.is_empty();
            let run_phase = std::mem::replace(&mut self.run_phase, RunPhase::Finished(StopReason::Finished));
            self.run_phase = RunPhase::Finished(match run_phase {
                RunPhase::Running if nothing_left => StopReason::Finished,
                RunPhase::Running if !self.next_fits() => StopReason::BudgetReached,
                RunPhase::Running => StopReason::LimitReached,
                RunPhase::Draining(StopReason::TimeOver)
                | RunPhase::Closing(StopReason::TimeOver | StopReason::NotAwaited)
                    if nothing_left =>
                {
                    StopReason::Finished
                }
                // Lost replies looked like a service that is broken, until callbacks tied them up.
                RunPhase::Draining(StopReason::Unreachable(_)) if nothing_left && self.lost_replies == 0 => {
                    StopReason::Finished
                }
                RunPhase::Draining(ending) | RunPhase::Closing(ending) | RunPhase::Finished(ending) => ending,
            });
        }
    }
}
