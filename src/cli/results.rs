//! `mjbatch results`: writes the results again from the state, also while a run goes on.

use std::io::Write as _;

use super::args::ResultsArgs;
use super::exit::Exit;
use super::failure::{CommandFailure, say};
use super::options;
use crate::batch::Batch;
use crate::diagnostic::{Diagnostic, Problems};
use crate::progress::counts_line;

/// Writes the results.
pub(super) fn results(args: &ResultsArgs) -> Result<Exit, CommandFailure> {
    let mut options = options::options_of(&args.batch);
    options.results.clone_from(&args.results);
    options::set_table(&mut options, &args.table);
    let written = Batch::at(&args.manifest, options).results()?;
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
    if failed.errors() > 0 { Err(CommandFailure::not_written(failed)) } else { Ok(Exit::Success) }
}
