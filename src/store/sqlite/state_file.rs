//! The state as a file: found through symlinks, distinguished from other files, made under another
//! name, and its folder synced.
//!
//! A state is one regular file under one name. A pipe, an empty file or one that has several names
//! (`cp -al`) is refused before anything is opened: the first would hang, the second has lost what
//! it held, and of the third two runs could each believe that it is theirs.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::file_access::{beside, exists, private};
use crate::store::StoreError;

const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// A state that is being made, under another name. Gone where it was not settled.
#[derive(Debug)]
pub(super) struct DraftState(PathBuf);

impl DraftState {
    /// An empty file beside the state, readable by its owner alone. One that a run left that died
    /// is begun anew.
    pub(super) fn begin(state: &Path) -> Result<DraftState, StoreError> {
        let mut name = state.as_os_str().to_owned();
        name.push("-new");
        let draft = DraftState(name.into());
        draft.clear();
        private().create_new(true).open(&draft.0).map_err(|e| StoreError::file(state, e))?;
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

    /// Gives it its name, unless something has that name already.
    pub(super) fn publish_new(self, name: &Path) -> Result<(), StoreError> {
        let settled = File::open(&self.0).and_then(|file| file.sync_all());
        let settled = settled.and_then(|()| {
            std::fs::hard_link(&self.0, name).or_else(|e| match e.kind() {
                // Where a file cannot have two names, the one that it is to have was free a moment
                // ago.
                io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied if !exists(name) => {
                    std::fs::rename(&self.0, name)
                }
                _ => Err(e),
            })
        });
        settled.map_err(|e| StoreError::file(name, e))?;
        drop(self);
        sync_folder_of(name);
        Ok(())
    }

    fn clear(&self) {
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(beside(&self.0, ending));
        }
    }
}

impl Drop for DraftState {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Finds the file that a state's path names, through symlinks, and refuses what no state can be. A
/// path that names nothing is given back as it is: there a state may be made.
pub(in crate::store) fn resolve(path: &Path) -> Result<PathBuf, StoreError> {
    let failed = |e| StoreError::file(path, e);
    let named = match std::fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(path.to_owned()),
        named => named.map_err(failed)?,
    };
    let real = if named.is_symlink() {
        path.canonicalize().map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => StoreError::LeadsNowhere(path.into()),
            _ => failed(e),
        })?
    } else {
        path.to_owned()
    };
    let found = std::fs::metadata(&real).map_err(failed)?;
    if let Some(what) = what_else(&found) {
        return Err(StoreError::NotAFile { path: path.into(), what });
    }
    if found.len() == 0 {
        return Err(StoreError::Empty(path.into()));
    }
    if let names @ 2.. = names_of(&found) {
        return Err(StoreError::SeveralNames { path: path.into(), names });
    }
    // The log is part of the state, and is written to like it.
    let wal = beside(&real, "-wal");
    match std::fs::symlink_metadata(&wal).map(|found| what_else(&found)) {
        Ok(Some(what)) => Err(StoreError::NotAFile { path: wal, what }),
        _ => Ok(real),
    }
}

/// What this is, where it is not a regular file.
fn what_else(found: &Metadata) -> Option<&'static str> {
    let kind = found.file_type();
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return Some("a pipe");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
        if kind.is_block_device() || kind.is_char_device() {
            return Some("a device");
        }
    }
    match () {
        () if kind.is_file() => None,
        () if kind.is_dir() => Some("a folder"),
        () if kind.is_symlink() => Some("a symlink"),
        () => Some("something else"),
    }
}

/// How many names (hard links) a file has.
#[cfg(unix)]
fn names_of(found: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(found)
}

#[cfg(not(unix))]
fn names_of(_: &Metadata) -> u64 {
    1
}

/// Refuses what is not an SQLite file, before SQLite itself could touch it.
pub(crate) fn check_is_state(path: &Path) -> Result<(), StoreError> {
    if !exists(path) {
        return Err(StoreError::Absent(path.into()));
    }
    resolve(path)?;
    // To close a file takes away this process's locks on it, those of SQLite in it too.
    if super::lock::is_held_here(path) {
        return Ok(());
    }
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
