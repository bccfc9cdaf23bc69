//! `mjbatch download`: the pictures of done tasks to files, also long after the run. It spends nothing, and needs a key only
//! to ask for fresh addresses.

use std::io::Write as _;

use super::args::DownloadArgs;
use super::exit::Exit;
use super::failure::{Failure, say};
use super::run::start_sandbox;
use super::settings::{self, Files};
use super::{pictures, signals};
use crate::api::Client;
use crate::diagnostic::{Diagnostic, quoted};
use crate::manifest;
use crate::runner::{Downloads, Picturing, Signal, Tally};
use crate::store::{HeldStore, StoreError};
use crate::text;

/// At most so many pictures are named that could not be brought.
const MOST_NAMED: u64 = 20;

/// Brings what is not there.
pub(super) async fn download(args: DownloadArgs) -> Result<Exit, Failure> {
    let manifest = manifest::read_with(&args.manifest, args.reading.options()).map_err(Failure::manifest)?;
    let naming =
        pictures::naming(&args.manifest, &args.place, &args.pictures, &manifest.outline(), Some(&manifest))?
            .ok_or_else(|| {
                Failure::nothing_to_show(Diagnostic::error("nothing says where the pictures go").help(
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
    let picturing = naming.from(service, client, &files.store, &args.pictures)?;
    let picturing = Picturing { verify: args.verify, ..picturing };
    let (tally, signal, folder) = bring(picturing, &store).await?;
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    let folder = text::sanitize(&folder);
    let _ = writeln!(anstream::stdout(), "{folder}: {}", said(&tally));
    Ok(match signal {
        Some(Signal::Interrupt) => Exit::Interrupted,
        Some(Signal::Terminate) => Exit::Terminated,
        None if tally.failed > 0 => Exit::SomeFailed,
        None => Exit::Success,
    })
}

async fn bring(picturing: Picturing, store: &HeldStore) -> Result<(Tally, Option<Signal>, String), Failure> {
    let mut downloads = Downloads::new(picturing);
    downloads.add_all().map_err(|e| Failure::opening(&e))?;
    let mut stop = signals::listen();
    let mut signal = None;
    while downloads.is_busy() {
        tokio::select! {
            got = downloads.next() => {
                for row in &got.rows {
                    store.record_file(row).map_err(|e| Failure::after(Diagnostic::error(e.to_string())))?;
                }
                let told = downloads.tally.failed - got.failed.len() as u64;
                let room = usize::try_from(MOST_NAMED.saturating_sub(told)).unwrap_or(0);
                for (id, n, why) in got.failed.iter().take(room) {
                    say(&Diagnostic::warning(format!("picture {n} of {}: {why}", quoted(&id.0))).into());
                }
            }
            asked = stop.next() => {
                if signal.replace(asked).is_some() { downloads.leave() } else { downloads.finish_soon() }
            }
        }
    }
    let folder = downloads.folder().display().to_string();
    Ok((downloads.tally, signal, folder))
}

fn said(tally: &Tally) -> String {
    let mut pieces = vec![format!("{} there", tally.there), format!("{} brought", tally.brought)];
    let mut add = |n: u64, what: &str| {
        if n > 0 {
            pieces.push(format!("{n} {what}"));
        }
    };
    add(tally.missing, "had gone missing");
    add(tally.changed, "had changed");
    add(tally.failed, "could not be brought");
    pieces.join(" · ")
}
