//! `mjbatch report`: the page of all pictures, from the state alone, also while a run writes it.

use std::io::Write as _;

use super::args::ReportArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::settings::{self, Files, is_same};
use crate::diagnostic::{Diagnostic, Problems};
use crate::output::{WriteError, report};
use crate::progress::counts_line;
use crate::runner::{WantedReport, write_report};
use crate::store::StoreError;
use crate::text;

/// Writes the page.
pub(super) fn report(args: &ReportArgs) -> Result<Exit, Failure> {
    let named = |ending: &str| settings::named(&args.manifest, &args.place, ending);
    let files = Files::of(&args.manifest, &args.place, Vec::new());
    let out = args.out.clone().unwrap_or_else(|| named("report.html"));
    for other in [&args.manifest, &files.state].into_iter().chain(&files.results) {
        if is_same(&out, other) {
            let error = format!("the report would be written over {}", other.display());
            return Err(Failure::nothing_to_show(
                Diagnostic::error(error).help("choose another file with `--out`"),
            ));
        }
    }
    let no_file = |e: String| Failure::nothing_to_show(Diagnostic::error(e));
    report::check(&out).map_err(|e| no_file(e.to_string()))?;
    let picks = named("picks.csv");
    let wanted = WantedReport {
        picks: picks.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        next: settings::command_for("run", &picks, &args.place, &[]),
    };
    let counts = write_report(&files.state, &out, wanted).map_err(|e| match e {
        WriteError::Record(StoreError::Absent(path)) => Failure::never_run(&path),
        WriteError::Record(e) => Failure::opening(&e),
        other => Failure::not_written(Problems::from(Diagnostic::error(other.to_string()))),
    })?;
    let path = text::harmless(&out.to_string_lossy());
    let _ = writeln!(anstream::stdout(), "{path}: {}", counts_line(&counts));
    Ok(Exit::Success)
}
