//! The service's callbacks received: one job is submitted with a `hookUrl`, and what comes there is printed.
//!
//! The service is the sandbox, so this needs no key and no network:
//!
//! ```sh
//! cargo run --example receive_webhook
//! ```
#![expect(clippy::print_stdout, reason = "an example talks")]

use std::error::Error;
use std::time::Duration;

use mjbatch::api::{CallbackListener, Client, Endpoint, SubmitRequest};
use mjbatch::engine::{Progress, SubmitOutcome};
use mjbatch::sandbox::{Sandbox, SandboxSettings};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start(SandboxSettings { speed: 200.0, ..SandboxSettings::default() }).await?;
    let client = Client::new(&Endpoint::parse(&sandbox.base_url())?, &"any key".into())?;
    let mut webhook = CallbackListener::listen("127.0.0.1:0".parse()?).await?;

    // Callbacks are not signed, so the address itself is the secret: it ends with a token that nobody can guess. With the
    // real service, what stands before it is the public https address that leads here.
    let mut token = [0; 16];
    getrandom::fill(&mut token)?;
    let token: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
    let request = SubmitRequest {
        prompt: "a fishing harbour at dawn, mist over the water --ar 16:9".to_owned(),
        mode: "fast",
        hook_url: Some(format!("http://{}/{token}", webhook.addr())),
        timeout: None,
    };
    let task_id = match client.submit(&request).await {
        SubmitOutcome::Accepted(task_id) => task_id,
        other => return Err(format!("not accepted: {other:?}").into()),
    };
    println!("submitted: {task_id}");

    // A callback may never come; whoever waits for one asks for the status too, after a while.
    let patience = Duration::from_secs(30);
    while let Some(call) = tokio::time::timeout(patience, webhook.next()).await? {
        if call.token != token || call.item.task_id != task_id {
            continue; // from a stranger, or about another job
        }
        match call.item.progress {
            Progress::Running => println!("called: it runs"),
            Progress::Failed(failure) => {
                println!("called: it failed: {}", failure.reason);
                break;
            }
            Progress::Done(images) => {
                println!("called: it is done");
                images.urls.iter().for_each(|url| println!("  {url}"));
                break;
            }
        }
    }
    sandbox.stop().await;
    Ok(())
}
