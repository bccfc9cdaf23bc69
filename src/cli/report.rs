//! `mjbatch report`: the page of all pictures, from the state alone, also while a run writes it.

use std::io::Write as _;

use super::args::ReportArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::settings::{self, Files};
use crate::diagnostic::{Diagnostic, Problems};
use crate::output::{WriteError, report};
use crate::progress::counts_line;
use crate::runner::{WantedReport, write_report};
use crate::store::{StoreError, is_same_file};
use crate::text;

/// Writes the page.
pub(super) fn report(args: &ReportArgs) -> Result<Exit, Failure> {
    let named = |ending: &str| settings::named(&args.manifest, &args.place, ending);
    let files = Files::of(&args.manifest, &args.place, Vec::new());
    let out = args.out.clone().unwrap_or_else(|| named("report.html"));
    let overwritten =
        [&args.manifest].into_iter().chain(&files.results).any(|other| is_same_file(&out, other));
    if overwritten || files.store.location().is_file(&out) {
        let error = format!("the report would be written over {}", out.display());
        return Err(Failure::nothing_to_show(
            Diagnostic::error(error).help("choose another file with `--out`"),
        ));
    }
    let no_file = |e: String| Failure::nothing_to_show(Diagnostic::error(e));
    report::check(&out).map_err(|e| no_file(e.to_string()))?;
    let picks = named("picks.csv");
    let wanted = WantedReport {
        picks: picks.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        next: settings::command_for("run", &picks, &args.place, &[]),
    };
    let counts = files
        .store
        .snapshot()
        .map_err(WriteError::Record)
        .and_then(|snapshot| write_report(&snapshot, &files.store.location().base_dir(), &out, wanted));
    let counts = counts.map_err(|e| match e {
        WriteError::Record(StoreError::Absent(path)) => Failure::never_run(&path.into()),
        WriteError::Record(e) => Failure::opening(&e),
        other => Failure::not_written(Problems::from(Diagnostic::error(other.to_string()))),
    })?;
    let path = text::sanitize(&out.to_string_lossy());
    let _ = writeln!(anstream::stdout(), "{path}: {}", counts_line(&counts));
    Ok(Exit::Success)
}
