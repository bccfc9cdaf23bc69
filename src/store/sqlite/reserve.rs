//! A reserve of disk space beside the state, for the moment when the disk is full and a job that is
//! paid for has no record.
//!
//! It is a file of zeros, made when a run begins and removed when it ends. It is given up for what
//! the service has said (taskIds, ends), never for an intent: nothing is submitted any more once it
//! is gone.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::file_access::{self, FileIdentity};

/// Room for the records of thousands of jobs.
const SIZE: usize = 16 << 20;
/// Written at once: a file that is only said to be long holds no space.
const PIECE: usize = 1 << 20;

/// The space that is kept.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    /// The file that holds it; what else may have its name is left alone.
    kept: Option<FileIdentity>,
}

impl Reserve {
    /// Keeps space beside this state, if the disk has it to spare. A disk without is no reason not
    /// to run: then what could not be recorded is said on the terminal.
    pub(super) fn keep(state: &Path) -> Reserve {
        let path = file_access::beside(state, ".reserve");
        let kept = fill(&path).ok();
        Reserve { path, kept }
    }

    /// Gives the space up. False where there was none to give.
    pub(super) fn release(&mut self) -> bool {
        let kept = self.kept.take();
        kept.is_some() && FileIdentity::at(&self.path) == kept && fs::remove_file(&self.path).is_ok()
    }
}

impl Drop for Reserve {
    fn drop(&mut self) {
        self.release();
    }
}

/// Fills the file, and gives which it is. One that is there under the name and was not made here is
/// not written to: a link least of all.
fn fill(path: &Path) -> io::Result<FileIdentity> {
    let found = fs::symlink_metadata(path).ok();
    if let Some(found) = &found {
        // One that a run left that was killed is as good as new if it is whole, and else begins as
        // it should.
        if !is_ours(path, found) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if found.len() == SIZE as u64 {
            return Ok(FileIdentity::of(found));
        }
        fs::remove_file(path)?;
    }
    let mut file = file_access::private().create_new(true).open(path)?;
    let identity = FileIdentity::of(&file.metadata()?);
    let filled = write_all(&mut file);
    if filled.is_err() && FileIdentity::at(path) == Some(identity) {
        let _ = fs::remove_file(path);
    }
    filled.map(|()| identity)
}

/// Whether this is a reserve, whole or in part.
fn is_ours(path: &Path, found: &fs::Metadata) -> bool {
    let is_single = {
        #[cfg(unix)]
        {
            std::os::unix::fs::MetadataExt::nlink(found) == 1
        }
        #[cfg(not(unix))]
        {
            true
        }
    };
    if !found.is_file() || !is_single || found.len() > SIZE as u64 {
        return false;
    }
    let piece = piece();
    let begins = || {
        use std::io::Read;
        let mut begin = Vec::new();
        let mut options = fs::OpenOptions::new();
        let file = file_access::without_links(options.read(true)).open(path)?;
        file.take(512).read_to_end(&mut begin).map(|_| begin)
    };
    begins().is_ok_and(|begin| piece.starts_with(&begin) || begin.iter().all(|byte| *byte == 0))
}

fn piece() -> Vec<u8> {
    // Not zeros all the way: a file system that squeezes them would keep nothing.
    let mut piece = vec![0; PIECE];
    let mut x: u64 = 0x9E37_79B9_7F4A_7C15;
    for chunk in piece.chunks_exact_mut(8) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        chunk.copy_from_slice(&x.to_le_bytes());
    }
    piece
}

fn write_all(file: &mut fs::File) -> io::Result<()> {
    let piece = piece();
    for _ in 0..SIZE / PIECE {
        file.write_all(&piece)?;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_is_kept_while_a_run_goes_on_and_can_be_given_up_once() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("spring.mjbatch");
        let file = folder.path().join("spring.mjbatch.reserve");
        drop(Reserve::keep(&state));
        assert!(!file.exists(), "it goes with the run");
        let mut reserve = Reserve::keep(&state);
        assert_eq!(fs::metadata(&file).unwrap().len(), SIZE as u64);
        assert!(reserve.release());
        assert!(!file.exists());
        assert!(!reserve.release());
    }

    #[test]
    fn a_folder_that_cannot_hold_it_is_no_reason_not_to_run() {
        let mut reserve = Reserve::keep(Path::new("/nowhere/at/all/spring.mjbatch"));
        assert!(!reserve.release());
    }
}
