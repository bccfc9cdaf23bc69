//! The end: told to stop, forced to, or nothing left to do.

use crate::task::ChangeKind;
use std::time::Duration;

use super::flight::{Flight, Phase};
use super::message::{Action, Notice, StopReason};
use super::{Engine, Mood};

impl Engine {
    pub(super) fn drain(&mut self, ending: StopReason) {
        if self.mood == Mood::Working {
            self.tell(Notice::Draining(ending.clone()));
            self.mood = Mood::Draining(ending);
        }
    }

    pub(super) fn close(&mut self, ending: StopReason) {
        if matches!(self.mood, Mood::Working | Mood::Draining(_)) {
            self.mood = Mood::Closing(ending);
        }
    }

    pub(super) fn leave(&mut self, now: Duration) {
        if matches!(self.mood, Mood::Over(_)) {
            return;
        }
        let sending = |(_, flight): &(_, &Flight)| matches!(flight.phase, Phase::Sending);
        let sending: Vec<_> = self.flights.iter().filter(sending).map(|(attempt, _)| attempt).collect();
        for attempt in sending {
            if self.believes_a_callback(now, attempt) {
                continue;
            }
            if mutant!(AbortForgets) {
                self.not_accepted(attempt, "the run was stopped before it was sent".to_owned());
            } else {
                self.flights.remove(attempt);
                let why = "the run was stopped before the reply came".to_owned();
                self.actions.push_back(Action::Record(ChangeKind::Unknown(why).of(attempt)));
            }
        }
        // What the store says of intents that are on their way is awaited: they are never sent, and that is recorded.
        self.mood = Mood::Closing(StopReason::Interrupted);
    }

    pub(super) fn finish(&mut self) {
        let idle = match &self.mood {
            Mood::Working => !self.may_yet_submit() && self.flights.is_empty() && !self.waiting.is_claiming(),
            Mood::Draining(_) => self.flights.is_empty(),
            Mood::Closing(_) => self.flights.unanswered() == 0,
            Mood::Over(_) => false,
        };
        if idle {
            let nothing_left = self.waiting.is_empty() && self.retries.len() == 0 && self.flights.is_empty();
            let mood = std::mem::replace(&mut self.mood, Mood::Over(StopReason::Finished));
            self.mood = Mood::Over(match mood {
                Mood::Working if nothing_left => StopReason::Finished,
                Mood::Working if !self.next_fits() => StopReason::BudgetReached,
                Mood::Working => StopReason::LimitReached,
                Mood::Draining(StopReason::TimeOver)
                | Mood::Closing(StopReason::TimeOver | StopReason::NotAwaited)
                    if nothing_left =>
                {
                    StopReason::Finished
                }
                // Lost replies looked like a service that is broken, until callbacks tied them up.
                Mood::Draining(StopReason::Unreachable(_)) if nothing_left && self.lost_replies == 0 => {
                    StopReason::Finished
                }
                Mood::Draining(ending) | Mood::Closing(ending) | Mood::Over(ending) => ending,
            });
        }
    }
}
