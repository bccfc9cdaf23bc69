//! `mjbatch salvage`: lists every taskId that can still be read from a state, damaged or not, so
//! that nothing paid for is lost.

use std::io;

use super::args::SalvageArgs;
use super::exit::Exit;
use super::failure::CommandFailure;
use super::sanitize_cell;
use crate::diagnostic::Diagnostic;
use crate::store::BatchStore;
use crate::text;

/// Lists the taskIds of a state as CSV. Changes no file.
pub(super) fn salvage(args: &SalvageArgs) -> Result<Exit, CommandFailure> {
    let found = BatchStore::at(args.state.clone()).salvage().map_err(|e| {
        let wrong = Diagnostic::error(text::sanitize(&e.to_string()));
        CommandFailure::read_only(
            wrong.help("name the state of a batch, such as `spring.mjbatch` for `spring.yaml`"),
        )
    })?;
    if found.is_empty() {
        let error = format!("no taskId could be read from {}", text::sanitize(&args.state.to_string()));
        return Err(CommandFailure::after(Diagnostic::error(error).help("keep the file anyway")));
    }
    let mut csv = csv::Writer::from_writer(io::stdout().lock());
    // A reader that has seen enough (`| head`) is no failure.
    let _ = csv.write_record(["id", "task_id"]).and_then(|()| {
        for (id, task_id) in &found {
            let id = id.as_ref().map(|id| id.0.clone()).unwrap_or_default();
            csv.write_record([sanitize_cell(id), sanitize_cell(task_id.0.clone())])?;
        }
        csv.flush().map_err(csv::Error::from)
    });
    Ok(Exit::Success)
}
