//! A batch run from Rust, by the rules that its manifest states: its budget, its prices, its results and hooks.
//!
//! The service is a sandbox, so this needs no key and no network:
//!
//! ```sh
//! cargo run --example run_batch
//! ```
#![expect(clippy::print_stdout, reason = "an example talks")]

use std::error::Error;

use mjbatch::api::Endpoint;
use mjbatch::batch::{Batch, Options, Service};
use mjbatch::progress::RunEvent;
use mjbatch::sandbox::{Sandbox, SandboxSettings};
use mjbatch::task::Status;

const MANIFEST: &str = "
version: 1
name: Mugs
batch: { prices: { fast: 4 }, budget: 8quota, poll_min: 50ms, poll_max: 200ms }
defaults: { mode: fast }
prompts:
  - id: sage
    prompt: ceramic mug in sage green on grey linen --ar 1:1
  - id: rust
    prompt: ceramic mug in rust red on grey linen --ar 1:1
  - id: sand
    prompt: ceramic mug in sand beige on grey linen --ar 1:1
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let manifest = folder.path().join("mugs.yaml");
    std::fs::write(&manifest, MANIFEST)?;

    // The real service is `Service::from_env()?`, and needs no sandbox.
    let sandbox = Sandbox::start(SandboxSettings { speed: 200.0, ..SandboxSettings::default() }).await?;
    let service = Service::sandbox(&Endpoint::parse(&sandbox.base_url())?)?;

    let mut batch = Batch::open(&manifest, Options::default())?;
    // `run.stop_handle().stop(Signal::Interrupt)` is what Ctrl-C does in the program.
    let mut run = batch.run(service).await?;
    while let Some((event, _)) = run.next().await {
        match event {
            Some(RunEvent::Submitted { id, task_id }) => println!("{id} is job {task_id}"),
            Some(RunEvent::Ended { id, status, images, .. }) => {
                println!("{id} is {}, {} images", status.as_str(), images.urls.len());
            }
            _ => {}
        }
    }
    let outcome = run.outcome().await?;
    sandbox.stop().await;

    let (done, all) = (outcome.counts.of(Status::Done), outcome.counts.total());
    println!("{:?}: {done} of {all} tasks done, which is what 8 quota pay for", outcome.stop_reason);
    Ok(())
}
