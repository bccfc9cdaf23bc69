//! The state in an SQLite file.
//!
//! One run at a time holds a state ([`HeldStore`]) and writes it through one thread
//! ([`BatchWriter`]); anybody may read it meanwhile ([`Snapshot`]). What is answered is on the
//! disk: an intent before its request leaves, a taskId the moment it is known.

mod attempts;
mod batch_writer;
mod breakdown;
mod columns;
mod common_values;
mod decisions;
mod deliveries;
mod durations;
mod file_access;
mod found;
mod held_store;
mod history;
mod image_files;
mod integrity;
mod intents;
mod kept_cells;
mod lock;
mod manifest_path;
mod migrate;
mod open_run;
mod outcomes;
mod records;
mod reserve;
mod resolve;
mod results_files;
mod retry;
mod run_start;
pub(super) mod schema;
mod snapshot;
mod state_file;
mod sync;
mod task_claims;
#[cfg(test)]
pub(in crate::store) mod tests;
mod watch;
mod writer;
mod writer_thread;

use std::path::Path;

pub use batch_writer::{BatchWriter, RunReader};
pub(super) use found::{found_in, has_prompt, has_tasks, look_at};
pub use held_store::HeldStore;
pub(super) use lock::holder;
pub use snapshot::Snapshot;
pub(super) use snapshot::cached_manifest;
pub(crate) use state_file::check_is_state;
pub(super) use state_file::resolve;

use super::StoreError;
use crate::failpoint::{self, Point};

/// What SQLite says of the state at this path, as a fact about the state.
fn database_error(path: &Path, source: rusqlite::Error) -> StoreError {
    match source.sqlite_error_code() {
        // A file that does not begin like a database is refused before SQLite sees it: the rest of
        // its header is damaged.
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged { path: path.into(), what: source.to_string() }
        }
        _ => StoreError::Failed { path: path.into(), source: Box::new(source) },
    }
}

/// The same as [`failpoint::reach`], as SQLite would say it.
fn reach(point: Point) -> rusqlite::Result<()> {
    failpoint::reach(point).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}
