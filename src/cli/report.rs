//! `mjbatch report`: writes the page of all images from the state alone, also while a run goes on.

use std::io::Write as _;

use super::args::ReportArgs;
use super::exit::Exit;
use super::failure::CommandFailure;
use super::{options, paste};
use crate::batch::Batch;
use crate::progress::counts_line;
use crate::text;

/// Writes the report.
pub(super) fn report(args: &ReportArgs) -> Result<Exit, CommandFailure> {
    let mut options = options::options_of(&args.batch);
    options.overwrite = args.overwrite;
    let batch = Batch::at(&args.manifest, options);
    let next = |picks: &std::path::Path| paste::command_for("run", picks, &args.batch, &[]);
    let (out, counts) = batch.report(args.out.as_deref(), next)?;
    let path = text::sanitize(&out.to_string_lossy());
    let _ = writeln!(anstream::stdout(), "{path}: {}", counts_line(&counts));
    Ok(Exit::Success)
}
