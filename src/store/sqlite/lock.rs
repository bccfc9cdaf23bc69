//! One run holds a state: kernel locks, freed by the kernel however the run ends, on a file beside
//! the state and on the state.
//!
//! The lock file says who holds the state, so that a second run can say so; a lock file without a
//! lock on it means nothing. The lock on the state itself holds where the lock file was removed, or
//! where the state has another name (a mount). SQLite locks the state in its own way; only where
//! the two ways are known not to meet is the state locked too.
//!
//! The lock file is never reached through a link, and never written to or removed where it is
//! somebody else's.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::file_access::{self, FileIdentity, without_links};
use crate::store::{StateLocation, StoreError};

/// How often a lock that is taken is tried again: somebody may only be looking whether it is.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(30);

/// What a lock file begins with. Those of earlier versions begin with one of the others.
const OURS: &str = "mjbatch: ";
const EARLIER: [&str; 2] = ["process ", "an update of the state"];
/// The longest lock file that is read.
const MOST: u64 = 1000;

/// The states that this process holds, by their lock files.
static HELD_HERE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// The hold on a state. Given back when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
    /// The state itself, locked. Closed after SQLite has closed it: that takes away every lock of
    /// this process on it.
    state: Option<File>,
}

impl Lock {
    /// Takes the lock for the state at this path.
    ///
    /// # Errors
    /// [`StoreError::Held`] where another run has it, [`StoreError::NotOurs`] where the lock file
    /// is somebody else's.
    pub(super) fn take(state: &Path, holder: &str) -> Result<Lock, StoreError> {
        let path = absolute_beside(state);
        for _ in 0..TRIES {
            match try_take(&path) {
                Ok(Some(mut file)) => {
                    file.set_len(0)
                        .and_then(|()| write!(file, "{OURS}{holder}"))
                        .map_err(|e| StoreError::file(&path, e))?;
                    held_here().insert(path.clone());
                    return Ok(Lock { file, path, state: None });
                }
                Ok(None) => std::thread::sleep(BETWEEN_TRIES),
                Err(e) if is_not_ours(&e) => return Err(StoreError::NotOurs(beside(state))),
                Err(e) => return Err(StoreError::file(&beside(state), e)),
            }
        }
        Err(StoreError::Held { path: state.into(), holder: words(&path) })
    }

    /// Locks the state itself too, once it is there and before SQLite opens it.
    ///
    /// # Errors
    /// [`StoreError::Held`] where another run has it, under another name or because its lock file
    /// was removed.
    pub(super) fn hold_state(&mut self, state: &Path) -> Result<(), StoreError> {
        let opened = without_links(OpenOptions::new().read(true)).open(state);
        let file = opened.map_err(|e| StoreError::file(state, e))?;
        if !can_lock_state(&file) {
            return Ok(());
        }
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => {
                    self.state = Some(file);
                    return Ok(());
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN_TRIES),
                // A file system without such locks.
                Err(TryLockError::Error(_)) => return Ok(()),
            }
        }
        let holder = "another process, under another name or without its lock file".to_owned();
        Err(StoreError::Held { path: state.into(), holder })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        held_here().remove(&self.path);
        // Removed while still held: whoever opened it meanwhile sees that the name is gone, and
        // opens again. One that has taken its name since is not ours.
        #[cfg(unix)]
        if is_still_named(&self.file, &self.path) {
            let _ = std::fs::remove_file(&self.path);
        }
        #[cfg(not(unix))]
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
        self.state = None;
    }
}

fn held_here() -> std::sync::MutexGuard<'static, BTreeSet<PathBuf>> {
    HELD_HERE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this process holds the state at this path.
pub(super) fn is_held_here(state: &Path) -> bool {
    held_here().contains(&absolute_beside(state))
}

/// Who runs this batch now, in words, if anybody does.
pub(in crate::store) fn holder(location: &StateLocation) -> Option<String> {
    let state = location.path();
    let path = absolute_beside(state);
    if is_held_here(state) {
        return Some(words(&path));
    }
    if let Some(file) = open_ours(&path)
        && let Err(TryLockError::WouldBlock) = file.try_lock_shared()
    {
        return Some(words(&path));
    }
    let state = without_links(OpenOptions::new().read(true)).open(state).ok()?;
    match can_lock_state(&state).then(|| state.try_lock_shared())? {
        Err(TryLockError::WouldBlock) => Some(words(&path)),
        _ => None,
    }
}

/// Whether a lock on the state is no business of SQLite's: so on Linux, but for network folders,
/// which make one kind of the two.
fn can_lock_state(state: &File) -> bool {
    #[cfg(target_os = "linux")]
    {
        // Of NFS, SMB and CIFS, from `statfs(2)`, which has them in 32 bits.
        let network: [u32; 4] = [0x6969, 0x517B, 0xFE53_4D42, 0xFF53_4D42];
        let is_network = |found: rustix::fs::StatFs| network.contains(&(found.f_type as u32));
        rustix::fs::fstatfs(state).is_ok_and(|found| !is_network(found))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = state;
        false
    }
}

fn beside(state: &Path) -> PathBuf {
    file_access::beside(state, ".lock")
}

/// The same, under a name that is the same wherever it is looked at from.
fn absolute_beside(state: &Path) -> PathBuf {
    let path = beside(state);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

fn try_take(path: &Path) -> io::Result<Option<File>> {
    loop {
        let mut options = file_access::private();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
        let options = options.read(true).create(true).truncate(false);
        let mut file = match without_links(options).open(path) {
            // A link, a folder or the like has the name.
            Err(_) if std::fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) => {
                return Err(not_ours());
            }
            opened => opened?,
        };
        match file.try_lock() {
            Ok(()) if is_still_named(&file, path) => {
                if !is_ours(&mut file)? {
                    return Err(not_ours());
                }
                file.rewind()?;
                return Ok(Some(file));
            }
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(e),
        }
    }
}

/// What the system never says of a file, but this module does.
fn not_ours() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a lock file of mjbatch")
}

fn is_not_ours(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData
}

/// Whether a lock file was written by this program, or by nobody: it may then be written again.
fn is_ours(file: &mut File) -> io::Result<bool> {
    let found = file.metadata()?;
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(&found) > 1 {
        return Ok(false);
    }
    if !found.is_file() || found.len() > MOST {
        return Ok(false);
    }
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(MOST).read_to_end(&mut bytes)?;
    // A machine that crashed may have kept its length and no more.
    let is_blank = bytes.iter().all(|byte| *byte == 0);
    let begins = |word: &str| bytes.starts_with(word.as_bytes());
    Ok(is_blank || begins(OURS) || EARLIER.into_iter().any(begins))
}

/// Opens a lock file to look at it.
fn open_ours(path: &Path) -> Option<File> {
    let file = without_links(OpenOptions::new().read(true)).open(path).ok()?;
    file.metadata().ok()?.is_file().then_some(file)
}

/// Whether the locked file is the one that others will find under the name.
fn is_still_named(file: &File, path: &Path) -> bool {
    file.metadata().is_ok_and(|found| FileIdentity::at(path) == Some(FileIdentity::of(&found)))
}

fn words(path: &Path) -> String {
    let mut words = String::new();
    let _ = open_ours(path).map(|file| file.take(500).read_to_string(&mut words));
    let words: String = words.chars().filter(|c| !c.is_control()).collect();
    let words = words.strip_prefix(OURS).unwrap_or(&words);
    if words.is_empty() { "another process".to_owned() } else { words.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_and_the_next_learns_who() {
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
