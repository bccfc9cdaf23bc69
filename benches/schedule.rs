//! How busy the slots are, and at how many requests: the scheduler beside rules that ask at fixed
//! intervals.
//!
//! ```sh
//! cargo bench --bench schedule               # all of it
//! cargo bench --bench schedule -- virtual    # in virtual time alone
//! cargo bench --bench schedule -- real       # the whole program against the sandbox alone, in real time
//! ```
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use mjbatch::api::{CallbackListener, Client, Endpoint};
use mjbatch::engine::sim::{SimJob, SimRng, SimStats, Simulation};
use mjbatch::engine::{DEFAULT_TIMEOUT, ObservedDurations, Policy, Waiting};
use mjbatch::progress::ErrorsOnly;
use mjbatch::runner::{self, RunConfig};
use mjbatch::sandbox::{BillingLedger, Sandbox, SandboxSettings};
use mjbatch::store::{BatchStore, ManifestRef};
use mjbatch::task::{Mode, TaskRow};
use mjbatch::{manifest, plan};

/// A kind of work: its jobs, and how quick the service is.
struct Work {
    name: &'static str,
    fast: (f64, f64),
    relaxed: (f64, f64),
    modes: &'static [Mode],
    /// Seconds of the real service that are one here.
    speed: f64,
    tasks: usize,
}

const WORKS: [Work; 4] = [
    Work {
        name: "0.5–1.5 s, 3 ms a request",
        fast: (0.5, 1.5),
        relaxed: (0.5, 1.5),
        modes: &[Mode::Fast],
        speed: 60.0,
        tasks: 150,
    },
    Work {
        name: "fast, 25–90 s",
        fast: (25.0, 90.0),
        relaxed: (60.0, 600.0),
        modes: &[Mode::Fast],
        speed: 1.0,
        tasks: 150,
    },
    Work {
        name: "relaxed, 60–600 s",
        fast: (25.0, 90.0),
        relaxed: (60.0, 600.0),
        modes: &[Mode::Relaxed],
        speed: 1.0,
        tasks: 150,
    },
    Work {
        name: "mixed",
        fast: (25.0, 90.0),
        relaxed: (60.0, 600.0),
        modes: &[Mode::Fast, Mode::Relaxed],
        speed: 1.0,
        tasks: 150,
    },
];

/// The default policy, as much quicker as the service is.
fn scaled_policy(work: &Work) -> Policy {
    let default = Policy::default();
    let scaled = |time: Duration| time.div_f64(work.speed);
    Policy {
        poll_min: scaled(default.poll_min),
        poll_max: scaled(default.poll_max),
        expect_fast: scaled(default.expect_fast),
        expect_relaxed: scaled(default.expect_relaxed),
        ..default
    }
}

/// The sums over twenty runs; how long one took, and how busy its slots were, are means.
fn simulate(work: &Work, change: impl Fn(&mut Simulation)) -> SimStats {
    let runs = 20;
    let mut sum = SimStats::default();
    for seed in 0..runs {
        let waiting = (0..).zip(work.modes.iter().cycle()).take(work.tasks).map(|(row, mode)| Waiting {
            task: TaskRow(row),
            mode: (*mode).into(),
            timeout: DEFAULT_TIMEOUT * 2,
        });
        let mut simulation = Simulation {
            policy: Policy { seed, ..scaled_policy(work) },
            waiting: waiting.collect(),
            resumed: Vec::new(),
            observed: ObservedDurations::default(),
            slots: 10,
            round_trip: Duration::from_millis(180).div_f64(work.speed),
            intent_write: Duration::from_millis(60).div_f64(work.speed),
            slot_freed_after: Duration::ZERO,
            callback_after: None,
        };
        change(&mut simulation);
        let mut rng = SimRng::new(seed);
        let stats = simulation.run(&mut |mode| {
            let (low, high) = match mode {
                Mode::Fast => work.fast,
                Mode::Relaxed => work.relaxed,
            };
            SimJob::done_after(Duration::from_secs_f64(rng.uniform(low, high)))
        });
        sum.took += stats.took / runs as u32;
        sum.slots_busy += stats.slots_busy / runs as f64;
        sum.jobs = [sum.jobs[0] + stats.jobs[0], sum.jobs[1] + stats.jobs[1]];
        sum.submits += stats.submits;
        sum.polls += stats.polls;
        sum.slot_refusals += stats.slot_refusals;
    }
    sum
}

fn cell(stats: &SimStats) -> String {
    format!("{:.1} % at {:.2}", 100.0 * stats.slots_busy, stats.requests_a_job())
}

/// Prints how busy the slots are under each rule, and at how many requests a job, for each kind of
/// work.
fn in_virtual_time() {
    println!("| slots busy, at requests a job | {} |", WORKS.map(|work| work.name).join(" | "));
    println!("| --- |{}", " --- |".repeat(WORKS.len()));
    type Change = Box<dyn Fn(&Work, &mut Simulation)>;
    let every = |seconds: f64| -> Change {
        Box::new(move |work, simulation| {
            let every = Duration::from_secs_f64(seconds / work.speed);
            (simulation.policy.poll_min, simulation.policy.poll_max) = (every, every);
        })
    };
    let at_most = |seconds: f64| -> Change {
        Box::new(move |work, simulation| {
            simulation.policy.poll_max = Duration::from_secs_f64(seconds / work.speed);
        })
    };
    let called: Change = Box::new(|_, simulation| {
        simulation.policy.callbacks = true;
        simulation.callback_after = Some(simulation.round_trip / 2);
    });
    let promised: Change = Box::new(|_, simulation| simulation.policy.callbacks = true);
    let greedy: Change = Box::new(|_, simulation| simulation.policy.concurrency = 40);
    let late: Change = Box::new(|work, simulation| {
        simulation.slot_freed_after = Duration::from_secs_f64(3.0 / work.speed);
    });
    let rules: [(&str, Change); 11] = [
        ("asks every 1 s (17 ms)", every(1.0)),
        ("asks every 2 s (33 ms)", every(2.0)),
        ("asks every 3 s (50 ms)", every(3.0)),
        ("asks every 5 s (83 ms)", every(5.0)),
        ("asks every 15 s (250 ms)", every(15.0)),
        ("**the engine**", Box::new(|_, _| {})),
        ("…, `--poll-max 15s`", at_most(15.0)),
        ("**…, called back**", called),
        ("…, promised callbacks that never come", promised),
        ("…, asked for 40 slots", greedy),
        ("…, slots freed 3 s (50 ms) late", late),
    ];
    for (name, change) in &rules {
        let stats: Vec<_> =
            WORKS.iter().map(|work| simulate(work, |simulation| change(work, simulation))).collect();
        let cells: Vec<_> = stats.iter().map(cell).collect();
        println!("| {name} | {} |", cells.join(" | "));
        if stats.iter().any(|stats| stats.slot_refusals > 0) {
            let refusals: Vec<_> =
                stats.iter().map(|stats| format!("{:.2}", stats.refusals_a_job())).collect();
            println!("| its refusals a job | {} |", refusals.join(" | "));
        }
    }
}

/// The whole program against the sandbox, in real time: 150 jobs of 0.5–1.5 s in ten slots, 3 ms a
/// request.
async fn in_real_time(callbacks: bool) -> Result<SimStats, Box<dyn Error>> {
    let work = &WORKS[0];
    let mut settings =
        SandboxSettings { speed: work.speed, fast: 30.0..=90.0, image_side: 8, ..SandboxSettings::default() };
    settings.faults.set("latency=3ms")?;
    let sandbox = Sandbox::start(settings).await?;
    let endpoint = Endpoint::parse(&sandbox.base_url())?;
    let client = Client::new(&endpoint, &"any key".into())?;

    let folder = tempfile::tempdir()?;
    let rows: String = (0..work.tasks).map(|n| format!("mug number {n}\n")).collect();
    let manifest = manifest::parse(Path::new("mugs.csv"), format!("prompt\n{rows}").as_bytes())?;
    let mut store =
        BatchStore::at(folder.path().join("mugs.mjbatch")).open(&endpoint.identity(), "the benchmark")?;
    let plan = plan::compare(manifest.tasks(), &store.known_tasks()?);
    let manifest_ref = ManifestRef {
        batch: &manifest.name,
        columns: &manifest.columns,
        hash: manifest.hash,
        file: Path::new("mugs.csv"),
    };
    store.sync_manifest(manifest_ref, manifest.tasks(), &plan)?;
    let begun = store.begin(manifest.batch.prices)?;

    let webhook = match callbacks {
        true => {
            let webhook = CallbackListener::listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
            let url = format!("http://{}", webhook.addr());
            Some((webhook, url))
        }
        false => None,
    };
    let run = RunConfig {
        batch: manifest.name,
        service: endpoint.to_string(),
        policy: Policy { callbacks, ..scaled_policy(work) },
        results: folder.path().join("mugs.results.csv").into(),
        webhook,
        terms: runner::Terms::default(),
        images: None,
        hooks: None,
        hooks_disabled: None,
        is_sandbox: true,
        hint: None,
        next: String::new(),
    };
    let (_stop, shutdown) = runner::shutdown();
    let outcome =
        runner::run(run, client, begun, Box::new(ErrorsOnly::new(std::io::sink())), shutdown).await?;
    let stats = stats_of(&sandbox.ledger());
    sandbox.stop().await;
    match outcome.counts.of(mjbatch::task::Status::Done) {
        done if done == work.tasks as u64 => Ok(stats),
        done => Err(format!("only {done} tasks are done").into()),
    }
}

/// The figures of a run by the sandbox's own records, whose times are Unix milliseconds.
fn stats_of(ledger: &BillingLedger) -> SimStats {
    let first = ledger.jobs.iter().map(|job| job.accepted_at).min().unwrap_or_default();
    let last = ledger.jobs.iter().map(|job| job.accepted_at).max().unwrap_or_default();
    let used = |job: &mjbatch::sandbox::LedgerEntry| job.ends_at.min(last).saturating_sub(job.accepted_at);
    let used: u64 = ledger.jobs.iter().map(used).sum();
    SimStats {
        took: Duration::from_millis(last - first),
        slots_busy: used as f64 / (10 * (last - first)) as f64,
        jobs: [ledger.jobs.len() as u64, 0],
        submits: ledger.submits,
        polls: ledger.statuses,
        slot_refusals: ledger.refusals.get(&1002).copied().unwrap_or_default(),
        ..SimStats::default()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let only = support::argument();
    if only.as_deref() != Some("real") {
        in_virtual_time();
    }
    if only.as_deref() != Some("virtual") {
        println!("\nThe program in real time, {}:", WORKS[0].name);
        println!("- {}", cell(&in_real_time(false).await?));
        println!("- called back: {}", cell(&in_real_time(true).await?));
    }
    Ok(())
}
