//! A random walk over the program itself: a manifest is edited, run, killed, retried and resolved
//! at random, at a service with random faults, and after every step a model of what was asked for
//! is compared with what was billed.
//!
//! `MJBATCH_SEED=12` replays one walk and prints its story, `MJBATCH_WALKS=200` and
//! `MJBATCH_STEPS=100` take many and long ones, `MJBATCH_MUTANTS=all` seeds every deliberate fault, or
//! those that are named. A walk's steps depend on its seed alone; what the
//! service and the program make of them depends on the machine as well.

mod asked;
mod check;
mod random;
mod sheet;
mod state;
mod steps;
mod tables;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use mjbatch::seeded_fault::SeededFault;

use random::Rng;
use world::World;

/// How many walks there are at once.
const AT_ONCE: usize = 2;

/// Something that must hold and does not.
struct Violation {
    seed: u64,
    step: u64,
    what: String,
    story: Vec<String>,
}

impl Violation {
    fn text(&self) -> String {
        let Violation { seed, step, what, story } = self;
        format!("seed {seed}, step {step}: {what}\n{}\nagain: MJBATCH_SEED={seed}", story.join("\n"))
    }
}

/// Takes a walk.
fn walk(seed: u64, steps: u64, fault: Option<SeededFault>) -> Result<(), Box<Violation>> {
    let mut world = World::new(&mut Rng::of_step(seed, 0), fault);
    for step in 1..=steps + 1 {
        world.note(format!("step {step}"));
        let done = match step {
            step if step <= steps => steps::step(&mut world, &mut Rng::of_step(seed, step)),
            _ => steps::last_step(&mut world),
        };
        if let Err(what) = done {
            return Err(Box::new(Violation { seed, step, what, story: world.story }));
        }
    }
    if number("MJBATCH_SEED").is_some() {
        say(&world.story.join("\n"));
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "people who replay a walk want to see it")]
fn say(what: &str) {
    eprintln!("{what}");
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Takes these walks, a few at once, until one finds something. Gives the first violation that was
/// found.
fn walks(seeds: std::ops::Range<u64>, steps: u64, fault: Option<SeededFault>) -> Option<Box<Violation>> {
    let next = AtomicU64::new(seeds.start);
    let found = std::sync::Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || found.lock().unwrap().is_some() {
                        return;
                    }
                    if let Err(violation) = walk(seed, steps, fault) {
                        found.lock().unwrap().get_or_insert(violation);
                    }
                }
            });
        }
    });
    found.into_inner().unwrap()
}

#[test]
fn random_walks_buy_what_was_asked_for_and_lose_nothing() {
    let steps = number("MJBATCH_STEPS").unwrap_or(12);
    let seeds = match number("MJBATCH_SEED") {
        Some(seed) => seed..seed + 1,
        None => 1..1 + number("MJBATCH_WALKS").unwrap_or(6),
    };
    let begun = std::time::Instant::now();
    let violation = walks(seeds.clone(), steps, None);
    say(&format!("{} walks of {steps} steps in {:.1?}", seeds.count(), begun.elapsed()));
    if let Some(violation) = violation {
        panic!("{}", violation.text());
    }
}

/// The walks within which a fault must be found. All but the rarest are found by the first few.
const WALKS_PER_FAULT: u64 = 40;

/// Takes walks with a program that has this fault, until one finds it.
fn find(fault: SeededFault) -> Result<Box<Violation>, String> {
    let found = walks(1..1 + WALKS_PER_FAULT, 40, Some(fault));
    found.ok_or_else(|| format!("{WALKS_PER_FAULT} walks did not find the fault `{}`", fault.as_str()))
}

#[test]
fn a_few_seeded_faults_are_found() {
    for fault in [SeededFault::PromptAloneNotMatched, SeededFault::ResultsForgetCells] {
        find(fault).unwrap_or_else(|why| panic!("{why}"));
    }
}

#[test]
fn every_seeded_fault_is_found() {
    let Ok(wanted) = std::env::var("MJBATCH_MUTANTS") else { return };
    let mut missed = Vec::new();
    let is_wanted =
        |fault: &&SeededFault| wanted == "all" || wanted.split(',').any(|name| name == fault.as_str());
    for fault in SeededFault::ALL.iter().filter(is_wanted) {
        match find(*fault) {
            Ok(violation) => {
                let Violation { seed, step, what, .. } = *violation;
                say(&format!("{}: seed {seed}, step {step}: {what}", fault.as_str()));
            }
            Err(why) => missed.push(why),
        }
    }
    assert_eq!(missed, [""; 0]);
}
