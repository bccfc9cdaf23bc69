//! Virtual time: an engine is played against surroundings that are code, event by event, with a
//! clock that jumps.
//!
//! There is one harness, `VirtualRun`, and whatever plays an engine brings the surroundings alone
//! (`Surroundings`):
//!
//! - [`Simulation`], a service that behaves, is what the forecast of `mjbatch plan` and the
//!   benchmarks play.
//! - `faults`, in tests, is a service, a disk and a machine that misbehave in every way there is,
//!   by seeds.
//! - `budget_walk`, of the engine's own tests, plays the rules of money at random.
//!
//! It is public for the benchmarks, and no part of the library's interface.

#[cfg(test)]
mod faults;
mod rng;
mod scripted;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Action, Engine, Event};
pub use rng::SimRng;
pub use scripted::{SimJob, SimStats, Simulation};

/// The clock of a simulation, and what is to happen in it.
#[derive(Debug)]
pub(super) struct Agenda<P> {
    now: Duration,
    /// By when it is due, and what is due at the same time in the order in which it was put here.
    pending: BTreeMap<(Duration, u64), P>,
    scheduled: u64,
}

impl<P> Agenda<P> {
    /// An empty one, at the start of time.
    pub(super) fn new() -> Agenda<P> {
        Agenda { now: Duration::ZERO, pending: BTreeMap::new(), scheduled: 0 }
    }

    /// Takes everything off that is still to happen, as when the machine is restarted.
    #[cfg(test)]
    pub(super) fn forget_pending(&mut self) {
        self.pending.clear();
    }

    /// The time since the simulation began.
    pub(super) fn now(&self) -> Duration {
        self.now
    }

    /// Puts on the agenda what happens this long after now.
    pub(super) fn schedule(&mut self, after: Duration, what: P) {
        self.scheduled += 1;
        self.pending.insert((self.now + after, self.scheduled), what);
    }
}

/// What answers an engine in virtual time: the service, the disk, and whoever else there is.
pub(super) trait Surroundings {
    /// What can become due.
    type Scheduled;

    /// Carries out an action of the engine, and schedules what comes of it.
    fn execute(&mut self, action: Action, agenda: &mut Agenda<Self::Scheduled>);

    /// Lets happen what is due now. Gives what the engine hears of it, if anything.
    fn occur(&mut self, due: Self::Scheduled, agenda: &mut Agenda<Self::Scheduled>) -> Option<Event>;
}

/// What happens next in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextStep {
    /// What is first on the agenda.
    Occur,
    /// The engine wakes, since nothing happens before this time of the agenda.
    Wake(Duration),
}

/// One run of an engine, from now on.
pub(super) struct VirtualRun<'a, S: Surroundings> {
    pub(super) engine: Engine,
    pub(super) surroundings: &'a mut S,
    pub(super) agenda: &'a mut Agenda<S::Scheduled>,
    /// The time of the agenda at which the engine's own time begins.
    started_at: Duration,
}

impl<'a, S: Surroundings> VirtualRun<'a, S> {
    /// Starts an engine, which has acted for the first time then.
    pub(super) fn start(
        engine: Engine,
        surroundings: &'a mut S,
        agenda: &'a mut Agenda<S::Scheduled>,
    ) -> Self {
        let started_at = agenda.now;
        let mut run = VirtualRun { engine, surroundings, agenda, started_at };
        run.handle(Event::Wake);
        run
    }

    /// What happens next; `None` where nothing ever will.
    pub(super) fn next_step(&self) -> Option<NextStep> {
        let wake = self.engine.wake_at().map(|at| self.started_at + at);
        match self.agenda.pending.first_key_value() {
            Some(((due, _), _)) if wake.is_none_or(|wake| *due <= wake) => Some(NextStep::Occur),
            _ => wake.map(NextStep::Wake),
        }
    }

    /// Moves the clock to the next step and takes it. Gives how many actions the engine took.
    pub(super) fn take(&mut self, step: NextStep) -> usize {
        match step {
            NextStep::Wake(at) => {
                self.agenda.now = self.agenda.now.max(at);
                self.handle(Event::Wake)
            }
            NextStep::Occur => {
                let Some(((due, _), what)) = self.agenda.pending.pop_first() else { return 0 };
                self.agenda.now = self.agenda.now.max(due);
                let event = self.surroundings.occur(what, self.agenda);
                event.map_or(0, |event| self.handle(event))
            }
        }
    }

    fn handle(&mut self, event: Event) -> usize {
        self.engine.handle(self.agenda.now - self.started_at, event);
        let mut actions = 0;
        while let Some(action) = self.engine.next_action() {
            actions += 1;
            self.surroundings.execute(action, self.agenda);
        }
        actions
    }
}
