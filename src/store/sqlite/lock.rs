//! One run holds a state: a kernel lock on a file beside it, freed by the kernel however the run ends.
//!
//! The lock is not on the state itself, since SQLite locks that in its own ways, which some systems mix up with ours. The
//! lock file says who holds it, so that a second run can tell; a lock file without a lock on it means nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{StateLocation, StoreError};

/// How often a lock that is taken is tried again: somebody may only be looking whether it is.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(30);

/// The hold on a state. Given back when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock for the state at this path.
    ///
    /// # Errors
    /// [`StoreError::Held`] where another run has it.
    pub(super) fn take(state: &Path, holder: &str) -> Result<Lock, StoreError> {
        let path = beside(state);
        for _ in 0..TRIES {
            match try_take(&path) {
                Ok(Some(mut file)) => {
                    file.set_len(0)
                        .and_then(|()| file.write_all(holder.as_bytes()))
                        .map_err(|e| StoreError::file(&path, e))?;
                    return Ok(Lock { file, path });
                }
                Ok(None) => std::thread::sleep(BETWEEN_TRIES),
                Err(e) => return Err(StoreError::file(&path, e)),
            }
        }
        Err(StoreError::Held { path: state.into(), holder: words(&path) })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while still held: whoever opened it meanwhile sees that the name is gone, and opens again.
        #[cfg(unix)]
        let _ = std::fs::remove_file(&self.path);
        #[cfg(not(unix))]
        let _ = (self.file.set_len(0), &self.path);
        let _ = self.file.unlock();
    }
}

/// Who runs this batch now, in words, if anybody does.
pub(in crate::store) fn holder(location: &StateLocation) -> Option<String> {
    let path = beside(location.path());
    let file = File::open(&path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(words(&path)),
        _ => None,
    }
}

fn beside(state: &Path) -> PathBuf {
    let mut name = state.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

fn try_take(path: &Path) -> io::Result<Option<File>> {
    loop {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) if is_still_named(&file, path) => {
                file.rewind()?;
                return Ok(Some(file));
            }
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(e),
        }
    }
}

/// Whether the locked file is the one that others will find under the name.
fn is_still_named(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let same = |a: &std::fs::Metadata, b: &std::fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
        matches!((file.metadata(), std::fs::metadata(path)), (Ok(a), Ok(b)) if same(&a, &b))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

fn words(path: &Path) -> String {
    let mut words = String::new();
    let _ = File::open(path).map(|file| file.take(500).read_to_string(&mut words));
    let words: String = words.chars().filter(|c| !c.is_control()).collect();
    if words.is_empty() { "another process".to_owned() } else { words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_and_the_next_is_told_who() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("spring.mjbatch");
        let lock = Lock::take(&state, "process 7 on desk").unwrap();
        assert_eq!(holder(&state.as_path().into()).as_deref(), Some("process 7 on desk"));
        match Lock::take(&state, "me too") {
            Err(StoreError::Held { holder, .. }) => assert_eq!(holder, "process 7 on desk"),
            other => panic!("{other:?}"),
        }
        drop(lock);
        assert_eq!(holder(&state.as_path().into()), None);
        Lock::take(&state, "me now").unwrap();
    }

    #[test]
    fn a_lock_file_that_nobody_holds_means_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("spring.mjbatch");
        std::fs::write(beside(&state), "process 7, long dead").unwrap();
        assert_eq!(holder(&state.as_path().into()), None);
        Lock::take(&state, "me").unwrap();
    }
}
