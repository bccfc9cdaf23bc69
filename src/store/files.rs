//! The state as a file: made private, told from other files, and its folder synced.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use super::StoreError;

const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// Creates the file, readable by its owner alone. False where it is already there with something in it.
pub(super) fn create_private(path: &Path) -> Result<bool, StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|e| StoreError::file(path, e))?;
    let length = file.metadata().map_err(|e| StoreError::file(path, e))?.len();
    Ok(length == 0)
}

/// Refuses what is not an SQLite file, before SQLite itself could touch it.
pub(super) fn check_is_state(path: &Path) -> Result<(), StoreError> {
    let file = File::open(path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => StoreError::Absent(path.into()),
        _ => StoreError::file(path, e),
    })?;
    let mut magic = Vec::with_capacity(SQLITE_MAGIC.len());
    file.take(SQLITE_MAGIC.len() as u64).read_to_end(&mut magic).map_err(|e| StoreError::file(path, e))?;
    if magic == SQLITE_MAGIC { Ok(()) } else { Err(StoreError::NotAState(path.into())) }
}

/// Makes the file's name durable. Not possible everywhere, and then not needed to go on.
pub(super) fn sync_folder_of(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Whether there is nothing in the file: a run died before it wrote anything.
pub(super) fn is_empty(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0)
}
