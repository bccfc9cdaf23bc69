//! A reserve of disk space beside the state, for the moment when the disk is full and a job that is paid for has no record.
//!
//! It is a file of zeros, made when a run begins and removed when it ends. It is given up for what the service has said
//! (taskIds, ends), never for an intent: nothing is submitted any more once it is gone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Room for the records of thousands of jobs.
const SIZE: usize = 16 << 20;
/// Written at once: a file that is only said to be long holds no space.
const PIECE: usize = 1 << 20;

/// The space that is kept.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    is_kept: bool,
}

impl Reserve {
    /// Keeps space beside this state, if the disk has it to spare. A disk without is no reason not to run: then what could
    /// not be recorded is said on the terminal.
    pub(super) fn keep(state: &Path) -> Reserve {
        let mut name = state.as_os_str().to_owned();
        name.push(".reserve");
        let path = PathBuf::from(name);
        let is_kept = fill(&path).is_ok();
        if !is_kept {
            let _ = fs::remove_file(&path);
        }
        Reserve { path, is_kept }
    }

    /// Gives the space up. False where there was none to give.
    pub(super) fn release(&mut self) -> bool {
        let given = self.is_kept && fs::remove_file(&self.path).is_ok();
        self.is_kept = false;
        given
    }
}

impl Drop for Reserve {
    fn drop(&mut self) {
        self.release();
    }
}

fn fill(path: &Path) -> io::Result<()> {
    // One that a run left that was killed is as good as new, if it is whole.
    if fs::metadata(path).is_ok_and(|file| file.len() == SIZE as u64) {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file: File = options.open(path)?;
    // Not zeros all the way: a file system that squeezes them would keep nothing.
    let mut piece = vec![0; PIECE];
    let mut x: u64 = 0x9E37_79B9_7F4A_7C15;
    for chunk in piece.chunks_exact_mut(8) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        chunk.copy_from_slice(&x.to_le_bytes());
    }
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
