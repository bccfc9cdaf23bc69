//! Which files are tables that the program wrote, and which are manifests.

use std::path::Path;

use super::BatchError;
use crate::output::{ReturnedTable, TableOrigin, read_back, table_origin};

/// Reads a table that the program wrote. `None` where it did not write the file, which then is a
/// manifest, or is to be reported as one.
pub(super) fn read(path: &Path) -> Result<Option<ReturnedTable>, BatchError> {
    if !may_be_table(path) {
        return Ok(None);
    }
    let table = match read_back(path) {
        Ok(table) => table,
        Err(_) if may_be_manifest(path) => return Ok(None),
        Err(problems) => return Err(BatchError::Table(problems)),
    };
    match table.origin {
        TableOrigin::Foreign => Ok(None),
        TableOrigin::WithoutRefs => Err(refs_gone(path)),
        TableOrigin::WithRefs => Ok(Some(table)),
    }
}

/// Whether a file of this name may be a manifest, whose reader says what is wrong with it, and
/// refuses the columns of results.
fn may_be_manifest(path: &Path) -> bool {
    !["jsonl", "xlsx"].iter().any(|table| has_ending(path, table))
}

fn has_ending(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(wanted))
}

/// Whether a file of this name may be a table that the program wrote.
fn may_be_table(path: &Path) -> bool {
    ["csv", "tsv", "txt", "jsonl", "xlsx"].iter().any(|table| has_ending(path, table))
}

/// Refuses a table that the program wrote where a manifest is wanted.
pub(super) fn check_is_none(manifest: &Path) -> Result<(), BatchError> {
    if !may_be_table(manifest) || !manifest.exists() {
        return Ok(());
    }
    match table_origin(manifest) {
        Ok(TableOrigin::WithRefs) => Err(BatchError::TableAsManifest(manifest.to_owned())),
        Ok(TableOrigin::WithoutRefs) => Err(refs_gone(manifest)),
        // What is wrong with it is said by whoever reads it as a manifest.
        Ok(TableOrigin::Foreign) | Err(_) => Ok(()),
    }
}

fn refs_gone(table: &Path) -> BatchError {
    let name = table.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split_once(".results.").or_else(|| name.split_once(".picks")).map(|(stem, _)| stem);
    let named = |ending| table.with_file_name(format!("{}.{ending}", stem.unwrap_or_default()));
    let manifest =
        stem.and_then(|_| ["yaml", "yml", "csv"].map(named).into_iter().find(|path| path.exists()));
    BatchError::RefsGone { table: table.to_owned(), manifest }
}
