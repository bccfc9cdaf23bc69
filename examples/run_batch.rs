//! A batch run from Rust: a manifest, a service, a state file, and a view of one's own on what happens.
//!
//! The service is the sandbox, so this needs no key and no network:
//!
//! ```sh
//! cargo run --example run_batch
//! ```
#![expect(clippy::print_stdout, reason = "an example talks")]

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use mjbatch::api::{Client, Endpoint};
use mjbatch::engine::Policy;
use mjbatch::progress::{RunEvent, Sink, Standing};
use mjbatch::runner::{self, Run};
use mjbatch::sandbox::{Sandbox, Settings};
use mjbatch::store::{BatchStore, Listing};
use mjbatch::task::Status;
use mjbatch::{manifest, plan};

const MANIFEST: &str = "
version: 1
name: Mugs
defaults: { mode: fast }
prompts:
  - id: sage
    prompt: ceramic mug in sage green on grey linen --ar 1:1
  - id: rust
    prompt: ceramic mug in rust red on grey linen --ar 1:1
  - id: sand
    prompt: ceramic mug in sand beige on grey linen --ar 1:1
";

/// Shows one line a task as it ends. A sink cannot fail and cannot stop a run: the state file has it all.
struct Lines;

impl Sink for Lines {
    fn event(&mut self, event: &RunEvent, now: &Standing) {
        match event {
            RunEvent::Submitted { id, task_id } => println!("{id} is job {task_id}"),
            RunEvent::Ended { id, status, images, .. } => {
                let (done, all) = (now.counts.of(Status::Done), now.counts.total());
                println!("{id} is {}, {} images ({done}/{all})", status.as_str(), images.urls.len());
            }
            RunEvent::Notice(notice) => println!("{}: {notice}", notice.level().as_str()),
            _ => {}
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // What is wanted. The path is for messages, and names the batch where the manifest does not.
    let manifest = manifest::parse(Path::new("mugs.yaml"), MANIFEST.as_bytes())?;

    // Who does it: a stand-in two hundred times as fast as the service. The real one is
    // `Endpoint::parse(mjbatch::api::DEFAULT_BASE_URL)` with your key.
    let sandbox = Sandbox::start(Settings { speed: 200.0, ..Settings::default() }).await?;
    let endpoint = Endpoint::parse(&sandbox.base_url())?;
    let client = Client::new(&endpoint, &"any key".into())?;

    // What is known already. With a file that stays, the same lines resume the batch.
    let folder = tempfile::tempdir()?;
    let mut store =
        BatchStore::at(folder.path().join("mugs.mjbatch")).open(&endpoint.identity(), "the example")?;
    let plan = plan::compare(manifest.tasks(), &store.known_tasks()?);
    let listing = Listing {
        batch: &manifest.name,
        columns: &manifest.columns,
        manifest: manifest.hash,
        file: "mugs.yaml",
    };
    store.list(listing, manifest.tasks(), &plan)?;
    let begun = store.begin(manifest.batch.prices)?;

    // Jobs that take a blink are asked for more often than those of a minute; for the real service the default is right.
    let (poll_min, poll_max) = (Duration::from_millis(50), Duration::from_millis(200));
    let policy = Policy { poll_min, poll_max, ..Policy::default() };
    let run = Run {
        batch: manifest.name,
        service: endpoint.to_string(),
        policy,
        results: folder.path().join("mugs.results.csv").into(),
        webhook: None,
        hint: None,
        next: "cargo run --example run_batch".to_owned(),
        terms: runner::Terms::default(),
        images: None,
        hooks: None,
        hooks_disabled: None,
        is_sandbox: true,
    };
    // `stop.send(Signal::Interrupt)` is what Ctrl-C does in the program.
    let (_stop, shutdown) = runner::shutdown();
    let outcome = runner::run(run, client, begun, Box::new(Lines), shutdown).await?;
    sandbox.stop().await;

    let results = std::fs::read_to_string(folder.path().join("mugs.results.csv"))?;
    println!("{:?}: {} of {} tasks", outcome.ending, results.lines().skip(1).count(), outcome.counts.total());
    Ok(())
}
