//! `mjbatch download`: downloads the images of finished tasks to files.

use std::io::Write as _;

use super::args::DownloadArgs;
use super::exit::Exit;
use super::failure::{CommandFailure, say};
use super::run::start_sandbox;
use super::{options, signals};
use crate::batch::{Batch, Download, MissedImage, Service};
use crate::diagnostic::{Diagnostic, quoted};
use crate::download::DownloadStats;
use crate::runner::Signal;
use crate::text;

/// How many failed downloads are named.
const MOST_NAMED: usize = 20;

/// Downloads the images that are missing.
pub(super) async fn download(args: DownloadArgs) -> Result<Exit, CommandFailure> {
    let mut batch = Batch::at(&args.manifest, options::download_options(&args));
    batch.check()?;
    let (address, service, sandbox) = if args.batch.sandbox {
        let sandbox = start_sandbox(options::image_sandbox()).await?;
        (sandbox.base_url(), None, Some(sandbox))
    } else {
        let endpoint = options::endpoint(args.base_url.as_ref())?;
        let service = options::key().and_then(|key| Service::new(&endpoint, &key).ok());
        (endpoint.to_string(), service, None)
    };
    let mut download = batch.download(address, service)?;
    follow(&mut download).await?;
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    let (folder, stats) = (text::sanitize(&download.folder().display().to_string()), download.stats());
    let _ = writeln!(anstream::stdout(), "{folder}: {}", in_words(&stats));
    Ok(match download.signal() {
        Some(Signal::Interrupt) => Exit::Interrupted,
        Some(Signal::Terminate) => Exit::Terminated,
        None if stats.failed > 0 => Exit::SomeFailed,
        None => Exit::Success,
    })
}

/// Waits for all downloads, and names the first that fail.
async fn follow(download: &mut Download) -> Result<(), CommandFailure> {
    let mut stop = signals::listen();
    let mut named = 0;
    loop {
        tokio::select! {
            missed = download.next() => {
                let Some(missed) = missed? else { return Ok(()) };
                for MissedImage { id, n, why } in missed.iter().take(MOST_NAMED - named) {
                    let warning = format!("image {n} of {}: {why}", quoted(&id.0));
                    say(&Diagnostic::warning(warning).into());
                }
                named = (named + missed.len()).min(MOST_NAMED);
            }
            signal = stop.next() => download.stop(signal),
        }
    }
}

fn in_words(stats: &DownloadStats) -> String {
    let mut pieces =
        vec![format!("{} already there", stats.existing), format!("{} downloaded", stats.downloaded)];
    let mut add = |n: u64, what: &str| {
        if n > 0 {
            pieces.push(format!("{n} {what}"));
        }
    };
    add(stats.missing, "had gone missing");
    add(stats.changed, "had changed");
    add(stats.failed, "failed");
    pieces.join(" · ")
}
