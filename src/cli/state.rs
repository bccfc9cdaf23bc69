//! `mjbatch state`: copies the state to a file, whole, also while a run writes it.

use std::io::Write as _;

use super::args::BackupArgs;
use super::exit::Exit;
use super::failure::CommandFailure;
use super::options;
use crate::batch::Batch;
use crate::progress::counts_line;

/// Copies the state to a new file.
pub(super) fn back_up(args: &BackupArgs) -> Result<Exit, CommandFailure> {
    let counts = Batch::at(&args.manifest, options::options_of(&args.batch)).back_up(&args.to)?;
    let said = format!(
        "{}: {}\nto go on with the copy, add `--state`; never run both: each would pay\n",
        args.to.display(),
        counts_line(&counts)
    );
    let _ = anstream::stdout().write_all(said.as_bytes());
    Ok(Exit::Success)
}
