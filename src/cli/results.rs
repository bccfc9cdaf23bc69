//! `mjbatch results`: the results once more, from the state, also while it runs.

use std::io::Write as _;

use super::args::ResultsArgs;
use super::exit::Exit;
use super::failure::{Failure, say};
use super::settings::{self, Files};
use crate::diagnostic::Diagnostic;
use crate::manifest;
use crate::progress::counts_line;
use crate::runner::write_results;
use crate::store::{Reader, StoreError};

/// Writes the results again.
pub(super) fn results(args: &ResultsArgs) -> Result<Exit, Failure> {
    let path = match &args.results {
        Some(typed) => Some(typed.clone()),
        None => {
            let manifest = manifest::read(&args.manifest).map_err(Failure::manifest)?;
            settings::results_of(&args.manifest, &args.place, &manifest.batch)?
        }
    };
    let files = Files::of(&args.manifest, &args.place, path.as_deref());
    files.check(&args.manifest, &args.place)?;
    let written = Reader::open(&files.state)
        .map(|reader| reader.holder().is_some())
        .and_then(|lives| write_results(&files.state, &files.results, lives, None, true));
    let written = written.map_err(|e| match e {
        StoreError::Absent(_) => Failure::never_run(&files.state),
        e => Failure::opening(&e),
    })?;
    let path = written.to.map_err(|why| Failure::after(Diagnostic::error(why)))?;
    if let Some(why) = written.beside {
        say(&Diagnostic::warning(format!("the results are in `{}` instead: {why}", path.display())).into());
    }
    let _ = writeln!(anstream::stdout(), "{}: {}", path.display(), counts_line(&written.counts));
    Ok(Exit::Success)
}
