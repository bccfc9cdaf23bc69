//! The runs of one seed, as a person or cron would start them, until nothing is left to do.

use std::time::Duration;

use super::super::{Agenda, NextStep, VirtualRun};
use super::scenario::{FaultRates, Scenario};
use super::world::{FaultyWorld, WorldEvent};
use crate::engine::{Engine, StopReason};

/// After so many runs the service behaves, and one run earlier the disk does: then everything must
/// end.
const BAD_RUNS: u32 = 6;
/// After so many runs everything must have ended.
const MOST_RUNS: u32 = 12;
/// After so many steps, in all runs together, a seed is taken to go on for ever.
const MOST_STEPS: u64 = 200_000;
/// No run takes longer.
const DAY: Duration = Duration::from_secs(86_400);

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RunEnd {
    /// The engine said that the run is over.
    Over(StopReason),
    /// The program was killed.
    Crashed,
}

/// A scenario while it is played: the world, which outlives every run, and its clock.
pub(super) struct FaultSimulation {
    pub(super) world: FaultyWorld,
    pub(super) agenda: Agenda<WorldEvent>,
    pub(super) runs: u32,
    steps: u64,
}

impl FaultSimulation {
    pub(super) fn new(scenario: Scenario) -> FaultSimulation {
        FaultSimulation { world: FaultyWorld::new(scenario), agenda: Agenda::new(), runs: 0, steps: 0 }
    }

    /// Runs again and again until nothing is left to do. Gives how each run ended.
    pub(super) fn play(&mut self) -> Vec<RunEnd> {
        let mut ends = Vec::new();
        let mut has_decided = false;
        while ends.last() != Some(&RunEnd::Over(StopReason::Finished))
            || !self.world.taken.is_empty()
            || has_decided
        {
            assert!(self.runs < MOST_RUNS, "it never finishes: {ends:?}");
            if self.runs >= BAD_RUNS {
                self.stop_faults();
            }
            self.runs += 1;
            if self.runs >= BAD_RUNS {
                self.world.scenario.faults.disk = 0.0;
            }
            let end = self.run();
            if let RunEnd::Over(ending) = &end {
                self.world.check_end(ending);
            }
            self.world.end_run(end == RunEnd::Crashed, &mut self.agenda);
            ends.push(end);
            has_decided = self.runs < BAD_RUNS && self.world.decide();
        }
        self.world.check_all_settled();
        ends
    }

    /// From now on the service and everybody else behave.
    fn stop_faults(&mut self) {
        self.world.service.faults = FaultRates::default();
        let scenario = &mut self.world.scenario;
        (scenario.policy.limit, scenario.crash, scenario.stop) = (None, 0.0, 0.0);
        scenario.policy.budget = None;
    }

    fn run(&mut self) -> RunEnd {
        let engine = self.world.begin_run(&mut self.agenda);
        let started_at = self.agenda.now();
        let mut run = VirtualRun::start(engine, &mut self.world, &mut self.agenda);
        run.surroundings.check_view(&run.engine);
        loop {
            if let Some(ending) = run.engine.over() {
                if *ending == StopReason::BudgetReached {
                    run.surroundings.check_budget(&run.engine);
                }
                return RunEnd::Over(ending.clone());
            }
            if run.surroundings.is_killed() {
                return RunEnd::Crashed;
            }
            self.steps += 1;
            assert!(self.steps < MOST_STEPS, "it does not end: {:?}", run.engine);
            assert!(run.agenda.now() < started_at + DAY, "it takes a day: {:?}", run.engine);
            match run.next_step() {
                Some(step @ NextStep::Wake(_)) => wake(&mut run, step),
                Some(step @ NextStep::Occur) => drop(run.take(step)),
                None => panic!("nothing will ever happen: {:?}", run.engine),
            }
            run.surroundings.check_view(&run.engine);
        }
    }
}

/// Wakes the engine, which must have wanted that for something.
fn wake(run: &mut VirtualRun<'_, FaultyWorld>, step: NextStep) {
    let before = moves(&run.engine);
    let actions = run.take(step);
    let later = !matches!(run.next_step(), Some(NextStep::Wake(at)) if at <= run.agenda.now());
    assert!(later || actions > 0, "it wakes again and again: {:?}", run.engine);
    assert!(actions > 0 || moves(&run.engine) != before, "it woke in vain: {:?}", run.engine);
}

/// What a wake-up may change without an action.
fn moves(engine: &Engine) -> (usize, usize, String) {
    let waiting = engine.waiting.len() + 1000 * engine.retries.len();
    (engine.in_flight.all().count(), waiting, format!("{:?}", engine.run_phase))
}
