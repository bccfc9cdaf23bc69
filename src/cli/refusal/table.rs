//! The sentences about a table with decisions that cannot be carried out.

use super::super::paste::command_of_same_batch;
use crate::batch::BatchError;
use crate::diagnostic::Diagnostic;

/// The message of an error about a table, with advice; `None` if it is about something else.
pub(super) fn about_table(error: &BatchError) -> Option<Diagnostic> {
    let found = Diagnostic::error(error.to_string());
    Some(match error {
        BatchError::RefsGone { manifest, .. } => {
            let manifest = manifest.as_ref().map_or("MANIFEST".into(), |path| path.to_string_lossy());
            let [results, run] = ["results", "run"].map(|name| command_of_same_batch(name, &manifest));
            found
                .note("results are decisions about their batch, and `ref` says which row is which task")
                .help(format!(
                    "`{results}` writes them again, to decide there; to go on with the batch, `{run}`"
                ))
        }
        BatchError::NoStateOfTable(_) => found
            .note("a table decides about the batch that wrote it, and the state has what was paid for")
            .help("put the table beside the state of its batch, or name the state with `--state`"),
        BatchError::SeveralStatesOfTable { states, .. } => {
            let names: Vec<String> = states.iter().map(ToString::to_string).collect();
            found
                .note(format!("they are copies of one another: {}", names.join(", ")))
                .help("name the one that is in use with `--state`: of two copies only one should ever be run")
        }
        BatchError::OtherTable { .. } => {
            found.help("leave `--state` out where the table lies beside its state")
        }
        BatchError::ManifestGone { manifest, .. } => {
            let found = match manifest {
                Some(manifest) => found.note(format!("it was at {}", manifest.display())),
                None => found,
            };
            found
                .note("its budget, prices and hooks hold for what a table decides")
                .help("put the manifest back, or run it once from where it is now, with this state")
        }
        BatchError::TableAsManifest(table) => {
            let run = command_of_same_batch("run", &table.to_string_lossy());
            found.help(format!("`{run}` carries out what is decided in it; for the rest, name the manifest"))
        }
        BatchError::PilotOfTable => found.help("`--limit N` carries out the first of them"),
        _ => return None,
    })
}
