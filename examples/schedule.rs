//! How busy the slots are, and at how many requests: the scheduler beside rules that ask at fixed intervals.
//!
//! ```sh
//! cargo run --release --example schedule            # all of it
//! cargo run --release --example schedule -- virtual # in virtual time alone
//! cargo run --release --example schedule -- real    # the whole program against the sandbox alone, in real time
//! ```
#![expect(clippy::print_stdout, reason = "an example talks")]

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use mjbatch::api::{CallbackListener, Client, Endpoint};
use mjbatch::engine::{Figures, ObservedDurations, Policy, Trial};
use mjbatch::progress::Quiet;
use mjbatch::runner::{self, Run};
use mjbatch::sandbox::{Ledger, Sandbox, Settings};
use mjbatch::store::{BatchStore, Listing};
use mjbatch::task::Mode;
use mjbatch::{manifest, plan};

/// A sequence that looks random and is the same every time.
struct Dice(u64);

impl Dice {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        low + (high - low) * ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// What jobs there are, and how quick the service is.
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

/// The default, as quick as the service is.
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

/// The mean over some runs.
fn tried(work: &Work, change: impl Fn(&mut Trial)) -> Figures {
    let runs = 20;
    let mut sum = Figures::default();
    for seed in 0..runs {
        let policy = Policy { seed, ..scaled_policy(work) };
        let request = Duration::from_millis(180).div_f64(work.speed);
        let mut trial = Trial {
            policy,
            tasks: work.modes.iter().map(|mode| (*mode).into()).cycle().take(work.tasks).collect(),
            slots: 10,
            request,
            durable: Duration::from_millis(60).div_f64(work.speed),
            frees_after: Duration::ZERO,
            calls_back_after: None,
            learned: ObservedDurations::default(),
        };
        change(&mut trial);
        let mut dice = Dice(seed);
        let figures = trial.play(&mut |mode| {
            let (low, high) = match mode {
                Mode::Fast => work.fast,
                Mode::Relaxed => work.relaxed,
            };
            Duration::from_secs_f64(dice.between(low, high))
        });
        sum.took += figures.took / runs as u32;
        sum.busy += figures.busy / runs as f64;
        sum.jobs += figures.jobs;
        sum.submits += figures.submits;
        sum.asks += figures.asks;
        sum.refusals += figures.refusals;
    }
    sum
}

fn cell(figures: &Figures) -> String {
    format!("{:.1} % at {:.2}", 100.0 * figures.busy, figures.requests_a_job())
}

/// How slots busy and requests a job look under each rule, for each kind of work.
fn in_virtual_time() {
    println!("| slots busy, at requests a job | {} |", WORKS.map(|work| work.name).join(" | "));
    println!("| --- |{}", " --- |".repeat(WORKS.len()));
    type Change = Box<dyn Fn(&Work, &mut Trial)>;
    let every = |seconds: f64| -> Change {
        Box::new(move |work, trial| {
            let every = Duration::from_secs_f64(seconds / work.speed);
            (trial.policy.poll_min, trial.policy.poll_max) = (every, every);
        })
    };
    let at_most = |seconds: f64| -> Change {
        Box::new(move |work, trial| {
            trial.policy.poll_max = Duration::from_secs_f64(seconds / work.speed);
        })
    };
    let called: Change = Box::new(|_, trial| {
        trial.policy.callbacks = true;
        trial.calls_back_after = Some(trial.request / 2);
    });
    let promised: Change = Box::new(|_, trial| trial.policy.callbacks = true);
    let greedy: Change = Box::new(|_, trial| trial.policy.concurrency = 40);
    let late: Change = Box::new(|work, trial| {
        trial.frees_after = Duration::from_secs_f64(3.0 / work.speed);
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
        let figures: Vec<_> = WORKS.iter().map(|work| tried(work, |trial| change(work, trial))).collect();
        let cells: Vec<_> = figures.iter().map(cell).collect();
        println!("| {name} | {} |", cells.join(" | "));
        if figures.iter().any(|figures| figures.refusals > 0) {
            let refusals: Vec<_> =
                figures.iter().map(|figures| format!("{:.2}", figures.refusals_a_job())).collect();
            println!("| its refusals a job | {} |", refusals.join(" | "));
        }
    }
}

/// The whole program against the sandbox, in real time: 150 jobs of 0.5–1.5 s in ten slots, 3 ms a request.
async fn in_real_time(callbacks: bool) -> Result<Figures, Box<dyn Error>> {
    let work = &WORKS[0];
    let mut settings =
        Settings { speed: work.speed, fast: 30.0..=90.0, picture_side: 8, ..Settings::default() };
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
    let listing = Listing {
        batch: &manifest.name,
        columns: &manifest.columns,
        manifest: manifest.hash,
        file: "mugs.csv",
    };
    store.list(listing, manifest.tasks(), &plan)?;
    let begun = store.begin(manifest.batch.prices)?;

    let webhook = match callbacks {
        true => {
            let webhook = CallbackListener::listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
            let url = format!("http://{}", webhook.addr());
            Some((webhook, url))
        }
        false => None,
    };
    let run = Run {
        batch: manifest.name,
        service: endpoint.to_string(),
        policy: Policy { callbacks, ..scaled_policy(work) },
        results: folder.path().join("mugs.results.csv").into(),
        webhook,
        terms: runner::Terms::default(),
        images: None,
        follow_up: None,
        untold: None,
        hint: None,
        next: String::new(),
    };
    let (_stop, shutdown) = runner::shutdown();
    let outcome = runner::run(run, client, begun, Box::new(Quiet::new(std::io::sink())), shutdown).await?;
    let figures = figures_of(&sandbox.ledger());
    sandbox.stop().await;
    match outcome.counts.of(mjbatch::task::Status::Done) {
        done if done == work.tasks as u64 => Ok(figures),
        done => Err(format!("only {done} tasks are done").into()),
    }
}

/// By the sandbox's own books, in which times are Unix milliseconds.
fn figures_of(ledger: &Ledger) -> Figures {
    let first = ledger.jobs.iter().map(|job| job.accepted_at).min().unwrap_or_default();
    let last = ledger.jobs.iter().map(|job| job.accepted_at).max().unwrap_or_default();
    let used = |job: &mjbatch::sandbox::LedgerJob| job.ends_at.min(last).saturating_sub(job.accepted_at);
    let used: u64 = ledger.jobs.iter().map(used).sum();
    Figures {
        took: Duration::from_millis(last - first),
        busy: used as f64 / (10 * (last - first)) as f64,
        jobs: ledger.jobs.len() as u64,
        submits: ledger.submits,
        asks: ledger.statuses,
        refusals: ledger.refusals.get(&1002).copied().unwrap_or_default(),
        ..Figures::default()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let only = std::env::args().nth(1);
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
