//! The state as a file: made private, told from other files, and its folder synced.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::store::StoreError;

const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// A state that is being made, under another name. Gone where it was not settled.
#[derive(Debug)]
pub(super) struct DraftState(PathBuf);

impl DraftState {
    /// An empty file beside the state, readable by its owner alone. One that a run left that died is begun anew.
    pub(super) fn begin(state: &Path) -> Result<DraftState, StoreError> {
        let mut name = state.as_os_str().to_owned();
        name.push("-new");
        let draft = DraftState(name.into());
        draft.clear();
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&draft.0).map_err(|e| StoreError::file(state, e))?;
        Ok(draft)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Gives it its name, once it is on the disk.
    pub(super) fn publish(self, state: &Path) -> Result<(), StoreError> {
        let settled = File::open(&self.0).and_then(|file| file.sync_all());
        let settled = settled.and_then(|()| std::fs::rename(&self.0, state));
        settled.map_err(|e| StoreError::file(state, e))?;
        sync_folder_of(state);
        Ok(())
    }

    fn clear(&self) {
        for ending in ["", "-wal", "-shm"] {
            let mut name = self.0.as_os_str().to_owned();
            name.push(ending);
            let _ = std::fs::remove_file(name);
        }
    }
}

impl Drop for DraftState {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Refuses what is not an SQLite file, before SQLite itself could touch it.
pub(crate) fn check_is_state(path: &Path) -> Result<(), StoreError> {
    let file = File::open(path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => StoreError::Absent(path.into()),
        _ => StoreError::file(path, e),
    })?;
    let mut magic = Vec::with_capacity(SQLITE_MAGIC.len());
    file.take(SQLITE_MAGIC.len() as u64).read_to_end(&mut magic).map_err(|e| StoreError::file(path, e))?;
    if magic == SQLITE_MAGIC { Ok(()) } else { Err(StoreError::NotAState(path.into())) }
}

/// Makes the file's name durable. Not possible everywhere, and then not needed to go on.
fn sync_folder_of(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Whether there is nothing in the file: a run died before it wrote anything.
pub(super) fn is_empty(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0)
}
