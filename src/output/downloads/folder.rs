//! The folder that pictures go to, which nothing leaves.
//!
//! The folder itself is the person's choice and may be a link; whatever is made in it goes part by part, and a link among
//! the parts is refused. A file appears under its name by a rename, after its bytes are on the disk.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Fault;
use super::names::safe_part;

/// The folder of a batch's pictures.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

/// Where one picture goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot(PathBuf);

impl Folder {
    /// The folder at this path, there or not.
    pub fn at(path: &Path) -> Folder {
        Folder(path.to_owned())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether files can be made in the folder; it is made where it is not there. For before anything is spent.
    ///
    /// # Errors
    /// What is in the way.
    pub fn check(&self) -> Result<(), Fault> {
        let failed = |cause| Fault::File(self.0.clone(), cause);
        fs::create_dir_all(&self.0).map_err(failed)?;
        tempfile::tempfile_in(&self.0).map(drop).map_err(failed)
    }

    /// The place of a file with this name, whose folders are made.
    ///
    /// # Errors
    /// [`Fault::Link`] where a link is in the way, [`Fault::File`] where a folder cannot be made.
    pub fn spot(&self, name: &[String]) -> Result<Spot, Fault> {
        let Some((file, folders)) = name.split_last() else {
            return Err(Fault::Name("the file would have no name".into()));
        };
        let mut path = self.0.clone();
        fs::create_dir_all(&path).map_err(|cause| Fault::File(path.clone(), cause))?;
        for part in folders {
            path.push(safe_part(part));
            refuse_link(&path)?;
            match fs::create_dir(&path) {
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
                Err(cause) => return Err(Fault::File(path, cause)),
                Ok(()) => sync_folder(path.parent()),
            }
        }
        path.push(safe_part(file));
        refuse_link(&path)?;
        Ok(Spot(path))
    }
}

fn refuse_link(path: &Path) -> Result<(), Fault> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(Fault::Link(path.to_owned())),
        _ => Ok(()),
    }
}

impl Spot {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.0.file_name().unwrap_or_default().to_owned();
        name.push(ending);
        self.0.with_file_name(name)
    }

    fn failed(&self) -> impl Fn(io::Error) -> Fault + '_ {
        |cause| Fault::File(self.0.clone(), cause)
    }

    /// An empty file beside, for what is on its way. One that a killed run left is begun anew.
    pub(super) fn draft(&self) -> Result<File, Fault> {
        let path = self.beside(".part");
        refuse_link(&path)?;
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(true);
        options.open(&path).map_err(self.failed())
    }

    /// Takes away what was on its way.
    pub(super) fn discard(&self) {
        let _ = fs::remove_file(self.beside(".part"));
    }

    /// Gives the draft its name, once its bytes are on the disk. `ours` is the hash of what we put there before, if we did:
    /// a file that is not of this batch is never replaced.
    pub(super) fn settle(&self, draft: &File, hash: &[u8; 32], ours: bool) -> Result<(), Fault> {
        draft.sync_all().map_err(self.failed())?;
        refuse_link(&self.0)?;
        if !ours && self.0.exists() && hash_of(&self.0).map_err(self.failed())?.0 != *hash {
            return Err(Fault::Taken(self.0.clone()));
        }
        fs::rename(self.beside(".part"), &self.0).map_err(self.failed())?;
        sync_folder(self.0.parent());
        Ok(())
    }

    /// Writes what is known of a picture beside it, whole or not at all.
    ///
    /// # Errors
    /// What is in the way.
    pub fn write_beside(&self, ending: &str, text: &str) -> Result<PathBuf, Fault> {
        let target = self.beside(ending);
        refuse_link(&target)?;
        let folder = self.0.parent().unwrap_or(Path::new("."));
        let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(self.failed())?;
        draft.write_all(text.as_bytes()).map_err(self.failed())?;
        draft.as_file().sync_all().map_err(self.failed())?;
        draft.persist(&target).map_err(|e| Fault::File(target.clone(), e.error))?;
        Ok(target)
    }
}

/// The BLAKE3 hash and the size of a file.
///
/// # Errors
/// What the file system says.
pub fn hash_of(path: &Path) -> io::Result<([u8; 32], u64)> {
    let mut hasher = blake3::Hasher::new();
    let bytes = io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok((hasher.finalize().into(), bytes))
}

/// As `whole.rs` does: a folder that cannot be synced is no reason to call a file not written that is there.
fn sync_folder(folder: Option<&Path>) {
    #[cfg(unix)]
    if let Some(Ok(folder)) = folder.map(File::open) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Vec<String> {
        text.split('|').map(str::to_owned).collect()
    }

    #[test]
    fn whatever_the_name_the_file_is_in_the_folder() {
        let outer = tempfile::tempdir().unwrap();
        let folder = Folder::at(&outer.path().join("in"));
        for bad in ["..|..|x.png", "/etc/passwd", "a|../../b", ".|.|.", "C:\\x|y"] {
            let spot = folder.spot(&name(bad)).unwrap();
            assert!(spot.path().starts_with(folder.path()), "{bad}");
            assert!(!spot.path().components().any(|part| part == std::path::Component::ParentDir), "{bad}");
        }
        assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_in_the_folder_are_not_followed() {
        use std::os::unix::fs::symlink;
        let outer = tempfile::tempdir().unwrap();
        let folder = Folder::at(&outer.path().join("in"));
        folder.check().unwrap();
        symlink(outer.path(), folder.path().join("out")).unwrap();
        symlink(outer.path().join("x"), folder.path().join("a.png")).unwrap();
        symlink(outer.path().join("x"), folder.path().join("b.png.part")).unwrap();
        assert!(matches!(folder.spot(&name("out|a.png")), Err(Fault::Link(_))));
        assert!(matches!(folder.spot(&name("a.png")), Err(Fault::Link(_))));
        assert!(matches!(folder.spot(&name("b.png")).unwrap().draft(), Err(Fault::Link(_))));
        assert!(!outer.path().join("x").exists());
    }

    #[test]
    fn a_file_of_somebody_else_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::at(folder.path());
        let spot = folder.spot(&name("a.png")).unwrap();
        fs::write(spot.path(), "theirs").unwrap();
        let settle = |bytes: &[u8], ours| {
            let mut draft = spot.draft().unwrap();
            draft.write_all(bytes).unwrap();
            spot.settle(&draft, &blake3::hash(bytes).into(), ours)
        };
        assert!(matches!(settle(b"new", false), Err(Fault::Taken(_))));
        assert_eq!(fs::read(spot.path()).unwrap(), b"theirs");
        settle(b"theirs", false).unwrap();
        settle(b"new", true).unwrap();
        assert_eq!(fs::read(spot.path()).unwrap(), b"new");
    }
}
