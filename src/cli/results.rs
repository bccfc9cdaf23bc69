//! `mjbatch results`: the results once more, from the state, also while it runs.

use std::io::Write as _;
use std::path::Path;

use super::args::ResultsArgs;
use super::exit::Exit;
use super::failure::{Failure, say};
use super::settings::{self, Files};
use crate::diagnostic::{Diagnostic, Problems};
use crate::manifest;
use crate::progress::counts_line;
use crate::runner::{Wanted, When, write_results};
use crate::store::StoreError;

/// Writes the results again.
pub(super) fn results(args: &ResultsArgs) -> Result<Exit, Failure> {
    // A table says nothing about results, and one of a million rows takes its time.
    let says_something = args.results.is_empty() || args.look.columns.is_none() && !is_table(&args.manifest);
    let (paths, shape) = if says_something {
        let manifest = manifest::read(&args.manifest).map_err(Failure::manifest)?;
        let paths = settings::results_of(&args.results, &args.manifest, &args.place, &manifest.batch);
        (paths, args.look.over(&manifest.output))
    } else {
        (args.results.clone(), args.look.over(&manifest::TableFormat::default()))
    };
    let files = Files::of(&args.manifest, &args.place, paths);
    files.check(&args.manifest, &args.place)?;
    let wanted = Wanted { paths: files.results, shape };
    let written =
        files.store.snapshot().and_then(|snapshot| write_results(&snapshot, &wanted, None, When::AtTheEnd));
    let written = written.map_err(|e| match e {
        StoreError::Absent(_) => Failure::never_run(files.store.location()),
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

fn is_table(manifest: &Path) -> bool {
    let ending = manifest.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ["csv", "tsv"].iter().any(|table| ending.eq_ignore_ascii_case(table))
}
