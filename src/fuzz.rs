//! What the fuzz targets of `fuzz/` call: bytes of others in, and what must hold of them asserted.

use std::collections::HashSet;
use std::path::Path;

use crate::diagnostic::Renderer;
use crate::store::BatchStore;
use crate::{api, manifest};

/// The most tasks of a manifest that are looked at.
const MOST_TASKS: usize = 2_000;

/// Reads a manifest whose name determines the format. Its tasks have ids of their own, and its
/// problems can be shown.
///
/// # Panics
/// Where that does not hold.
pub fn manifest(name: &str, bytes: &[u8]) {
    match manifest::parse(Path::new(name), bytes) {
        Ok(manifest) => {
            let mut ids = HashSet::new();
            for task in manifest.tasks().take(MOST_TASKS) {
                assert!(ids.insert(task.id.0.clone()), "two tasks are `{}`", task.id.0);
            }
            let _ = Renderer::plain().all(&manifest.warnings);
        }
        Err(problems) => {
            assert!(problems.errors() > 0, "refused without an error");
            let _ = Renderer::plain().all(&problems);
        }
    }
}

/// Reads the body of a reply with this HTTP status, as that of a submit, of a status request and as
/// a callback.
pub fn reply(status: u16, body: &[u8]) {
    api::read_any(status, body);
}

/// Lists what is left in a state file, which the caller then compares with what it was.
pub fn salvage(state: &Path) {
    let _ = BatchStore::at(state).salvage();
}
