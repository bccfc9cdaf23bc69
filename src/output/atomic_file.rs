//! Writes a file completely or not at all: to a temporary file beside it, which is synced, then
//! renamed into place.
//!
//! In all else it behaves as an ordinary write: symbolic links are followed, a new file gets the
//! permissions that the umask leaves, an existing one keeps its own, and a read-only file is not
//! replaced.

use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::{FileError, FileErrorKind};
use crate::failpoint::{Point, reach};

/// A file that will be replaced by a rename.
#[derive(Debug)]
pub(super) struct AtomicFile {
    /// The path as given, for messages.
    asked: PathBuf,
    /// The path of the file itself, links followed.
    file: PathBuf,
    folder: PathBuf,
    /// The existing file.
    present: Option<Metadata>,
}

/// The file while it is written.
pub(super) struct HashedFile<'f> {
    out: BufWriter<&'f File>,
    hasher: blake3::Hasher,
}

impl Write for HashedFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl AtomicFile {
    /// Inspects the path, and refuses what a file cannot replace.
    pub(super) fn of(asked: &Path) -> Result<Self, FileError> {
        let refused = |kind| Err(FileError::new(asked, kind));
        let ends_as_folder = asked.as_os_str().as_encoded_bytes().last().is_some_and(|&b| is_separator(b));
        if asked.is_dir() || ends_as_folder || asked.file_name().is_none() {
            return refused(FileErrorKind::Folder);
        }
        let is_link = fs::symlink_metadata(asked).is_ok_and(|found| found.is_symlink());
        let file = match asked.canonicalize() {
            Ok(followed) if is_link => followed,
            Err(_) if is_link => return refused(FileErrorKind::BrokenLink),
            _ => asked.to_owned(),
        };
        let folder = match file.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        match fs::metadata(&folder) {
            Ok(found) if !found.is_dir() => return refused(FileErrorKind::NotAFolder(folder)),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                return refused(FileErrorKind::NoFolder(folder));
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotADirectory => {
                return refused(FileErrorKind::NotAFolder(folder));
            }
            Err(cause) => return refused(FileErrorKind::ClosedFolder(folder, cause)),
            Ok(_) => {}
        }
        let present = fs::metadata(&file).ok();
        match &present {
            Some(found) if !found.is_file() => return refused(FileErrorKind::NotAFile),
            Some(found) if found.permissions().readonly() => return refused(FileErrorKind::ReadOnly),
            _ => {}
        }
        Ok(AtomicFile { asked: asked.to_owned(), file, folder, present })
    }

    /// Creates a file in the folder and removes it again.
    pub(super) fn probe(&self) -> Result<(), FileError> {
        self.draft().map(drop)
    }

    /// Replaces the file by what `fill` writes, or leaves everything as it was. `placing` is called
    /// with the BLAKE3 hash of the new file before it is in its place.
    pub(super) fn replace<E>(
        &self,
        fill: impl FnOnce(&mut HashedFile<'_>) -> Result<(), E>,
        placing: impl FnOnce([u8; 32]),
    ) -> Result<(), E>
    where
        E: From<FileError>,
    {
        let draft = self.draft()?;
        let out = BufWriter::with_capacity(1 << 16, draft.as_file());
        let mut out = HashedFile { out, hasher: blake3::Hasher::new() };
        fill(&mut out)?;
        out.flush().map_err(|cause| self.failed(cause))?;
        placing(*out.hasher.finalize().as_bytes());
        drop(out);
        self.commit(draft)?;
        Ok(())
    }

    /// The error of a write that failed.
    pub(super) fn failed(&self, cause: io::Error) -> FileError {
        FileError::new(&self.asked, FileErrorKind::Failed(cause))
    }

    /// An empty file in the same folder, since a rename is atomic only within one file system.
    fn draft(&self) -> Result<NamedTempFile, FileError> {
        let name = self.file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        // Few enough characters that the name beside fits where the name itself does.
        let prefix = format!(".{}.", name.chars().take(40).collect::<String>());
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(".tmp");
        #[cfg(unix)]
        {
            // The umask takes from this what the person does not want; the default here would be
            // 0600.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        builder.tempfile_in(&self.folder).map_err(|error| {
            // The error of this library repeats the name made up above, which means nothing to a
            // person.
            let cause = error.raw_os_error().map_or(error, io::Error::from_raw_os_error);
            FileError::new(&self.asked, FileErrorKind::ClosedFolder(self.folder.clone(), cause))
        })
    }

    fn commit(&self, draft: NamedTempFile) -> Result<(), FileError> {
        #[cfg(unix)]
        if let Some(present) = &self.present {
            draft.as_file().set_permissions(present.permissions()).map_err(|cause| self.failed(cause))?;
        }
        draft.as_file().sync_all().map_err(|cause| self.failed(cause))?;
        reach(Point::ResultsWritten).map_err(|cause| self.failed(cause))?;
        draft.persist(&self.file).map_err(|refused| {
            let kind = if is_held_open(&refused.error) {
                FileErrorKind::Busy(refused.error)
            } else {
                FileErrorKind::Failed(refused.error)
            };
            FileError::new(&self.asked, kind)
        })?;
        sync_folder(&self.folder);
        reach(Point::ResultsPlaced).map_err(|cause| self.failed(cause))?;
        Ok(())
    }
}

fn is_separator(byte: u8) -> bool {
    std::path::is_separator(char::from(byte))
}

/// Whether a rename was refused because another program has the old file open. Only Windows refuses
/// that.
fn is_held_open(refused: &io::Error) -> bool {
    // ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION, ERROR_USER_MAPPED_FILE
    cfg!(windows) && matches!(refused.raw_os_error(), Some(5 | 32 | 33 | 1224))
}

/// Makes the rename durable. A folder that cannot be opened or synced (some network file systems)
/// is no reason to report a file as missing that is there: it can be written again from the state.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) -> Result<(), FileError> {
        let target = AtomicFile::of(path)?;
        let mut hash = None;
        let fill =
            |out: &mut HashedFile<'_>| out.write_all(text.as_bytes()).map_err(|cause| target.failed(cause));
        target.replace(fill, |placed| hash = Some(placed))?;
        assert_eq!(hash, Some(*blake3::hash(text.as_bytes()).as_bytes()));
        Ok(())
    }

    /// The message about a path in an otherwise empty folder, with that folder's name shortened.
    fn refusal(folder: &Path, path: &Path) -> String {
        let error = AtomicFile::of(path).and_then(|target| target.probe()).unwrap_err();
        assert_eq!(error.path(), path);
        error.to_string().replace(&folder.display().to_string(), "DIR")
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_created_and_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.csv");
        AtomicFile::of(&path).unwrap().probe().unwrap();
        assert!(names_in(folder.path()).is_empty());
        write(&path, "old").unwrap();
        write(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names_in(folder.path()), ["r.csv"]);
    }

    #[test]
    fn the_old_file_survives_a_write_that_fails() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.csv");
        write(&path, "old").unwrap();
        let target = AtomicFile::of(&path).unwrap();
        let fill = |out: &mut HashedFile<'_>| {
            out.write_all(&[b'x'; 200_000]).map_err(|cause| target.failed(cause))?;
            Err(target.failed(io::Error::from(io::ErrorKind::StorageFull)))
        };
        let outcome = target.replace(fill, |_| ());
        let message = outcome.unwrap_err().to_string().replace(&folder.path().display().to_string(), "DIR");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names_in(folder.path()), ["r.csv"]);
        insta::assert_snapshot!(message.replace('\\', "/"), @"the results could not be written to `DIR/r.csv`: no storage space; what was there before is unchanged, and nothing is lost: the state file has everything");
    }

    #[test]
    fn a_path_that_cannot_become_a_file_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        fs::write(dir.join("file"), "").unwrap();
        let refused = |path: PathBuf| refusal(dir, &path).replace('\\', "/");
        insta::assert_snapshot!(refused(dir.join("none/r.csv")), @"results cannot be written to `DIR/none/r.csv`: the folder `DIR/none` does not exist; create it, or give another path with `--results`");
        insta::assert_snapshot!(refused(dir.join("file/r.csv")), @"results cannot be written to `DIR/file/r.csv`: `DIR/file` is not a folder; give another path with `--results`");
        insta::assert_snapshot!(refused(dir.to_owned()), @"results cannot be written to `DIR`: it is a folder; add a file name, as in `--results DIR/results.csv`");
        insta::assert_snapshot!(refused(dir.join("out/")), @"results cannot be written to `DIR/out/`: it is a folder; add a file name, as in `--results DIR/out/results.csv`");
        let mut closed = fs::metadata(dir.join("file")).unwrap().permissions();
        closed.set_readonly(true);
        fs::set_permissions(dir.join("file"), closed).unwrap();
        insta::assert_snapshot!(refused(dir.join("file")), @"results cannot be written to `DIR/file`: the file is marked read-only; make it writable, move it away, or give another path with `--results`");
    }

    #[cfg(unix)]
    mod unix {
        use std::os::unix::fs::{PermissionsExt, symlink};

        use super::*;

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o7777
        }

        #[test]
        fn a_reader_who_has_the_old_file_open_reads_it_to_its_end() {
            use std::io::Read;
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("r.csv");
            write(&path, "the old text").unwrap();
            let mut reader = File::open(&path).unwrap();
            write(&path, "the new").unwrap();
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            assert_eq!(text, "the old text");
        }

        #[test]
        fn permissions_are_those_of_an_ordinary_file_and_are_kept() {
            let folder = tempfile::tempdir().unwrap();
            let (path, ordinary) = (folder.path().join("r.csv"), folder.path().join("ordinary"));
            fs::write(&ordinary, "").unwrap();
            write(&path, "new").unwrap();
            assert_eq!(mode(&path), mode(&ordinary));
            for chosen in [0o600, 0o664] {
                fs::set_permissions(&path, fs::Permissions::from_mode(chosen)).unwrap();
                write(&path, "again").unwrap();
                assert_eq!(mode(&path), chosen);
            }
        }

        #[test]
        fn a_link_stays_a_link_and_the_file_behind_it_is_replaced() {
            let folder = tempfile::tempdir().unwrap();
            let (file, link) = (folder.path().join("real.csv"), folder.path().join("link.csv"));
            fs::write(&file, "old").unwrap();
            symlink("real.csv", &link).unwrap();
            write(&link, "new").unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(fs::read_to_string(&file).unwrap(), "new");
            fs::remove_file(&file).unwrap();
            insta::assert_snapshot!(refusal(folder.path(), &link), @"results cannot be written to `DIR/link.csv`: it is a link to a file that does not exist; remove it, or give another path with `--results`");
        }

        #[test]
        fn a_device_is_never_replaced_by_a_file() {
            insta::assert_snapshot!(refusal(Path::new("/none"), Path::new("/dev/null")), @"results cannot be written to `/dev/null`: it is not a regular file, and results are put in place by a rename; give another path with `--results`");
        }

        #[test]
        fn a_name_as_long_as_the_system_allows_can_be_written() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(format!("{}.csv", "n".repeat(251)));
            write(&path, "x").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "x");
        }
    }
}
