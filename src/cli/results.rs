//! `mjbatch results`: the results once more, from the state, also while it runs.

use std::io::Write as _;

use super::args::ResultsArgs;
use super::exit::Exit;
use super::failure::{Failure, say};
use super::settings::{self, Files};
use crate::diagnostic::{Diagnostic, Problems};
use crate::manifest;
use crate::progress::counts_line;
use crate::runner::{When, write_results};
use crate::store::{Reader, StoreError};

/// Writes the results again.
pub(super) fn results(args: &ResultsArgs) -> Result<Exit, Failure> {
    let paths = if args.results.is_empty() {
        let manifest = manifest::read(&args.manifest).map_err(Failure::manifest)?;
        settings::results_of(&[], &args.manifest, &args.place, &manifest.batch)
    } else {
        args.results.clone()
    };
    let files = Files::of(&args.manifest, &args.place, paths);
    files.check(&args.manifest, &args.place)?;
    let written = Reader::open(&files.state)
        .map(|reader| reader.holder().is_some())
        .and_then(|lives| write_results(&files.state, &files.results, lives, None, When::AtTheEnd));
    let written = written.map_err(|e| match e {
        StoreError::Absent(_) => Failure::never_run(&files.state),
        e => Failure::opening(&e),
    })?;
    for (path, why) in &written.beside {
        say(&Diagnostic::warning(format!("the results are in `{}` instead: {why}", path.display())).into());
    }
    for (path, what) in &written.notes {
        say(&Diagnostic::warning(format!("{}: {what}", path.display())).into());
    }
    for path in &written.files {
        let _ = writeln!(anstream::stdout(), "{}: {}", path.display(), counts_line(&written.counts));
    }
    let mut failed = Problems::new();
    for why in written.failed {
        failed.push(Diagnostic::error(why));
    }
    if failed.errors() > 0 { Err(Failure::not_written(failed)) } else { Ok(Exit::Success) }
}
