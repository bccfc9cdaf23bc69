//! The world of a walk: a folder with a manifest, the service with its ledger, and the program.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use mjbatch::sandbox::{LedgerEntry, SandboxSettings};
use mjbatch::seeded_fault::SeededFault;

use super::asked::Asked;
use super::random::Rng;
use super::sheet::{Sheet, motif_of};
use super::state::{self, TaskRow};
use super::tables::Table;
use crate::support::{CliCommand, CommandOutput, SandboxService, TestDir};

/// The longest that a command may take. Everything is over in a small part of it.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// The slots of the account: more than a walk has tasks.
pub(super) const SLOTS: usize = 40;

/// How a command is disturbed.
#[derive(Debug, Clone)]
pub(super) enum Disturbance {
    None,
    /// A failpoint, as in `MJBATCH_FAIL`.
    Fail(String),
    /// `kill -9` after so many milliseconds.
    Kill(u64),
    /// A signal after so many milliseconds.
    #[cfg(unix)]
    Signal(rustix::process::Signal, u64),
}

/// The world of a walk.
pub(super) struct World {
    pub(super) dir: TestDir,
    /// For copies of the state, outside the folder that the program sees.
    scratch: TestDir,
    pub(super) sheet: Sheet,
    pub(super) asked: Asked,
    service: SandboxService,
    /// Services of before, which may still call back, and how many jobs each has been seen to have.
    earlier: Vec<(SandboxService, usize)>,
    seen: usize,
    /// The faults of the service; empty where it has none.
    pub(super) faults: String,
    /// Every job that was billed, in order.
    pub(super) jobs: Vec<LedgerEntry>,
    /// The port for callbacks, the same in all runs, so that late ones reach the next run.
    pub(super) port: u16,
    /// Results of before, as somebody has kept them.
    pub(super) copies: Vec<Table>,
    /// The tasks that wait, or are under way, because a table decided so.
    pub(super) due: BTreeSet<i64>,
    /// The tasks that a table skipped.
    pub(super) declined: BTreeSet<i64>,
    /// What a person wrote into a column of their own in the results, by task.
    pub(super) remarks: BTreeMap<i64, String>,
    /// The motifs whose skip in the manifest a table has ended.
    pub(super) made: BTreeSet<u32>,
    /// The deliberate fault that the program runs with.
    fault: Option<SeededFault>,
    /// What was done, shown where something is wrong.
    pub(super) story: Vec<String>,
}

impl World {
    pub(super) fn new(rng: &mut Rng, fault: Option<SeededFault>) -> World {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let world = World {
            dir: TestDir::in_memory(),
            scratch: TestDir::in_memory(),
            sheet: Sheet::new(rng),
            asked: Asked::default(),
            service: service("", 1),
            earlier: Vec::new(),
            seen: 0,
            faults: String::new(),
            jobs: Vec::new(),
            copies: Vec::new(),
            due: BTreeSet::new(),
            declined: BTreeSet::new(),
            remarks: BTreeMap::new(),
            made: BTreeSet::new(),
            port,
            fault,
            story: Vec::new(),
        };
        world.sheet.write(&world.dir);
        world
    }

    pub(super) fn note(&mut self, what: impl Into<String>) {
        self.story.push(what.into());
    }

    /// Replaces the service by one with other faults, which knows the jobs of the one before.
    pub(super) fn new_service(&mut self, faults: String, seed: u64) {
        let before = std::mem::replace(&mut self.service, service(&faults, seed));
        self.earlier.push((before, self.seen));
        if self.earlier.len() > 3 {
            self.earlier.remove(0);
        }
        (self.seen, self.faults) = (0, faults);
    }

    /// The program with these arguments.
    pub(super) fn command(&self, words: &str) -> CliCommand {
        let command = self.dir.mjbatch(words).with_service(&self.service.url());
        match self.fault {
            Some(fault) => command.env("MJBATCH_MUTANT", fault.as_str()),
            None => command,
        }
    }

    /// Runs a command to its end, or to where it is disturbed, and reads the ledger.
    pub(super) fn call(
        &mut self,
        command: CliCommand,
        disturbance: &Disturbance,
    ) -> Result<CommandOutput, String> {
        let command = match disturbance {
            Disturbance::Fail(fail) => command.env("MJBATCH_FAIL", fail),
            _ => command,
        };
        let mut running = command.start();
        let begun = Instant::now();
        let (mut is_killed, mut is_signaled) = (false, false);
        while !running.has_ended() {
            let elapsed = begun.elapsed();
            match disturbance {
                Disturbance::Kill(after) if elapsed >= Duration::from_millis(*after) => {
                    is_killed = true;
                    break;
                }
                #[cfg(unix)]
                Disturbance::Signal(signal, after)
                    if !is_signaled && elapsed >= Duration::from_millis(*after) =>
                {
                    running.signal(*signal);
                    is_signaled = true;
                }
                _ => {}
            }
            if elapsed > TIME_LIMIT {
                return Err(format!("it does not end: {:?}", running.kill()));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let ran = if is_killed { running.kill() } else { running.wait() };
        if ran.code.is_none() {
            self.wait_for_requests_under_way();
        }
        self.collect_jobs();
        Ok(ran)
    }

    /// Waits until the service has taken what a dead process had sent.
    fn wait_for_requests_under_way(&self) {
        let mut before = self.service.submits();
        loop {
            std::thread::sleep(Duration::from_millis(4));
            let now = self.service.submits();
            if now == before {
                return;
            }
            before = now;
        }
    }

    pub(super) fn collect_jobs(&mut self) {
        let (services, seen) =
            (self.earlier.iter_mut().map(|(service, seen)| (&*service, seen)), &mut self.seen);
        for (service, seen) in services.chain([(&self.service, seen)]) {
            let ledger = service.ledger();
            self.jobs.extend(ledger.jobs[*seen..].iter().cloned());
            *seen = ledger.jobs.len();
        }
        // What has become of them.
        for job in self.service.ledger().jobs {
            if let Some(known) = self.jobs.iter_mut().rev().find(|known| known.task_id == job.task_id) {
                *known = job;
            }
        }
    }

    /// The tasks in the state.
    pub(super) fn state(&self) -> Result<Vec<TaskRow>, String> {
        state::read(&self.dir.path("spring.mjbatch"), self.scratch.folder())
    }

    /// How often each motif was billed.
    pub(super) fn billed(&self) -> BTreeMap<u32, i64> {
        let mut billed = BTreeMap::new();
        for job in &self.jobs {
            *billed.entry(motif_of(&job.prompt).unwrap_or_default()).or_default() += 1;
        }
        billed
    }
}

/// A service whose jobs take a few milliseconds.
fn service(faults: &str, seed: u64) -> SandboxService {
    SandboxService::start(SandboxSettings {
        speed: 5000.0,
        seed,
        slots: SLOTS,
        fast: 1.0..=30.0,
        relaxed: 1.0..=30.0,
        faults: faults.parse().unwrap(),
        image_side: 8,
        ..SandboxSettings::default()
    })
}
