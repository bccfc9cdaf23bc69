//! `mjbatch download`: downloads the images of finished tasks, also long after the run. It spends nothing, and needs an API
//! key only to ask the service for fresh links.

use std::io::Write as _;

use super::args::DownloadArgs;
use super::exit::Exit;
use super::failure::{Failure, say};
use super::run::start_sandbox;
use super::settings::{self, Files};
use super::{images, signals};
use crate::api::Client;
use crate::diagnostic::{Diagnostic, quoted};
use crate::download::{DownloadConfig, DownloadStats, Downloads};
use crate::runner::{Signal, attempts_with_images, downloads, file_row};
use crate::store::{HeldStore, StoreError};
use crate::text;

/// At most this many images that could not be downloaded are named.
const MOST_NAMED: u64 = 20;

/// Downloads what is missing.
pub(super) async fn download(args: DownloadArgs) -> Result<Exit, Failure> {
    let manifest =
        crate::manifest::read_with(&args.manifest, args.reading.options()).map_err(Failure::manifest)?;
    let outline = manifest.cache();
    let destination =
        images::destination(&args.manifest, &args.place, &args.pictures, &outline, Some(&manifest))?
            .ok_or_else(|| {
                Failure::nothing_to_show(Diagnostic::error("no folder is given for the images").help(
                    "name a folder with `--download FOLDER`, or in the manifest with `output: { images: … }`",
                ))
            })?;
    let files = Files::of(&args.manifest, &args.place, Vec::new());
    let store = files.store.hold(&signals::who_we_are()).map_err(|e| match e {
        StoreError::Absent(_) => Failure::never_run(files.store.location()),
        e => Failure::opening(&e),
    })?;
    let (service, client, sandbox) = if args.place.sandbox {
        let started = start_sandbox(settings::rehearsed()).await;
        let sandbox = started.map_err(|e| Failure::usage(Diagnostic::error(e.to_string())))?;
        (sandbox.base_url(), None, Some(sandbox))
    } else {
        let endpoint = settings::endpoint(args.base_url.as_ref())?;
        let client = settings::key().and_then(|key| Client::new(&endpoint, &key).ok());
        (endpoint.to_string(), client, None)
    };
    let config = images::config(destination, &outline, service, &files.store, &args.pictures)?;
    let config = DownloadConfig { verify: args.verify, ..config };
    let mut downloads = downloads(config, files.store.clone(), client);
    downloads.add(attempts_with_images(&files.store).map_err(|e| Failure::opening(&e))?);
    let signal = download_all(&mut downloads, &store).await?;
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    let folder = downloads.folder().display().to_string();
    let folder = text::sanitize(&folder);
    let _ = writeln!(anstream::stdout(), "{folder}: {}", in_words(&downloads.stats));
    Ok(match signal {
        Some(Signal::Interrupt) => Exit::Interrupted,
        Some(Signal::Terminate) => Exit::Terminated,
        None if downloads.stats.failed > 0 => Exit::SomeFailed,
        None => Exit::Success,
    })
}

/// Waits for all downloads, records each in the state, and returns the signal that stopped them, if one did.
async fn download_all(downloads: &mut Downloads, store: &HeldStore) -> Result<Option<Signal>, Failure> {
    let mut stop = signals::listen();
    let mut signal = None;
    while downloads.is_busy() {
        tokio::select! {
            outcome = downloads.next() => {
                if let Some(attempt) = outcome.attempt {
                    for row in outcome.rows {
                        let recorded = store.record_file(&file_row(attempt, row));
                        recorded.map_err(|e| Failure::after(Diagnostic::error(e.to_string())))?;
                    }
                }
                let named = downloads.stats.failed - outcome.failed.len() as u64;
                let room = usize::try_from(MOST_NAMED.saturating_sub(named)).unwrap_or(0);
                for image in outcome.failed.iter().take(room) {
                    let (n, id) = (image.n, quoted(&image.id.0));
                    say(&Diagnostic::warning(format!("image {n} of {id}: {}", image.why)).into());
                }
            }
            asked = stop.next() => {
                if signal.replace(asked).is_some() { downloads.abort() } else { downloads.finish_soon() }
            }
        }
    }
    Ok(signal)
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
