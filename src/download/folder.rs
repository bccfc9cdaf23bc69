//! The folder that images are downloaded to, which no file can leave.
//!
//! The folder itself is the user's choice and may be a symbolic link. Below it, each part of a path
//! is created in turn, and a symbolic link among the parts is refused. A file appears under its
//! name by a rename, after its bytes are on the disk.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::DownloadError;
use super::names::safe_part;

/// The folder of a batch's images.
#[derive(Debug, Clone)]
pub struct ImageFolder(PathBuf);

/// The path of one image in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePath(PathBuf);

impl ImageFolder {
    /// The folder at this path, whether it exists or not.
    pub fn at(path: &Path) -> ImageFolder {
        ImageFolder(path.to_owned())
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Checks that files can be created in the folder, creating it if needed. Called before
    /// anything is spent.
    ///
    /// # Errors
    /// [`DownloadError::File`] with the cause.
    pub fn check(&self) -> Result<(), DownloadError> {
        let failed = |cause| DownloadError::File(self.0.clone(), cause);
        fs::create_dir_all(&self.0).map_err(failed)?;
        tempfile::tempfile_in(&self.0).map(drop).map_err(failed)
    }

    /// Returns the path of a file with this name, and creates its folders.
    ///
    /// # Errors
    /// [`DownloadError::Symlink`] where a link is in the way, [`DownloadError::File`] where a
    /// folder cannot be created.
    pub(super) fn image_path(&self, name: &[String]) -> Result<ImagePath, DownloadError> {
        let Some((file, folders)) = name.split_last() else {
            return Err(DownloadError::Name("the file would have no name".into()));
        };
        let mut path = self.0.clone();
        fs::create_dir_all(&path).map_err(|cause| DownloadError::File(path.clone(), cause))?;
        for part in folders {
            path.push(safe_part(part));
            refuse_link(&path)?;
            match fs::create_dir(&path) {
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
                Err(cause) => return Err(DownloadError::File(path, cause)),
                Ok(()) => sync_folder(path.parent()),
            }
        }
        path.push(safe_part(file));
        refuse_link(&path)?;
        Ok(ImagePath(path))
    }
}

fn refuse_link(path: &Path) -> Result<(), DownloadError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(DownloadError::Symlink(path.to_owned())),
        _ => Ok(()),
    }
}

impl ImagePath {
    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.0.file_name().unwrap_or_default().to_owned();
        name.push(ending);
        self.0.with_file_name(name)
    }

    fn failed(&self) -> impl Fn(io::Error) -> DownloadError + '_ {
        |cause| DownloadError::File(self.0.clone(), cause)
    }

    /// Opens an empty `.part` file beside the image. One that a killed run left is truncated.
    pub(super) fn draft(&self) -> Result<File, DownloadError> {
        let path = self.beside(".part");
        refuse_link(&path)?;
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(true);
        options.open(&path).map_err(self.failed())
    }

    /// Removes the `.part` file.
    pub(super) fn discard(&self) {
        let _ = fs::remove_file(self.beside(".part"));
    }

    /// Renames the `.part` file to the image's name, once its bytes are on the disk. `ours` says
    /// whether a file that is there was put there by this batch: a file of somebody else is never
    /// replaced, unless its `hash` is the same.
    pub(super) fn commit(&self, draft: &File, hash: &[u8; 32], ours: bool) -> Result<(), DownloadError> {
        draft.sync_all().map_err(self.failed())?;
        refuse_link(&self.0)?;
        if !ours && self.0.exists() && hash_of(&self.0).map_err(self.failed())?.0 != *hash {
            return Err(DownloadError::NameTaken(self.0.clone()));
        }
        fs::rename(self.beside(".part"), &self.0).map_err(self.failed())?;
        sync_folder(self.0.parent());
        Ok(())
    }

    /// Writes a file beside the image, named as the image plus `ending`, complete or not at all.
    pub(super) fn write_beside(&self, ending: &str, text: &str) -> Result<PathBuf, DownloadError> {
        let target = self.beside(ending);
        refuse_link(&target)?;
        let folder = self.0.parent().unwrap_or(Path::new("."));
        let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(self.failed())?;
        draft.write_all(text.as_bytes()).map_err(self.failed())?;
        draft.as_file().sync_all().map_err(self.failed())?;
        draft.persist(&target).map_err(|e| DownloadError::File(target.clone(), e.error))?;
        Ok(target)
    }
}

/// Returns the BLAKE3 hash and the size in bytes of a file.
pub(super) fn hash_of(path: &Path) -> io::Result<([u8; 32], u64)> {
    let mut hasher = blake3::Hasher::new();
    let bytes = io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok((hasher.finalize().into(), bytes))
}

/// Makes a rename durable. A folder that cannot be synced (some network file systems) is no reason
/// to report a file as missing that is there.
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
    fn a_file_of_any_name_stays_in_the_folder() {
        let outer = tempfile::tempdir().unwrap();
        let folder = ImageFolder::at(&outer.path().join("in"));
        for bad in ["..|..|x.png", "/etc/passwd", "a|../../b", ".|.|.", "C:\\x|y"] {
            let path = folder.image_path(&name(bad)).unwrap();
            assert!(path.path().starts_with(folder.path()), "{bad}");
            assert!(!path.path().components().any(|part| part == std::path::Component::ParentDir), "{bad}");
        }
        assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_in_the_folder_are_not_followed() {
        use std::os::unix::fs::symlink;
        let outer = tempfile::tempdir().unwrap();
        let folder = ImageFolder::at(&outer.path().join("in"));
        folder.check().unwrap();
        symlink(outer.path(), folder.path().join("out")).unwrap();
        symlink(outer.path().join("x"), folder.path().join("a.png")).unwrap();
        symlink(outer.path().join("x"), folder.path().join("b.png.part")).unwrap();
        assert!(matches!(folder.image_path(&name("out|a.png")), Err(DownloadError::Symlink(_))));
        assert!(matches!(folder.image_path(&name("a.png")), Err(DownloadError::Symlink(_))));
        assert!(matches!(folder.image_path(&name("b.png")).unwrap().draft(), Err(DownloadError::Symlink(_))));
        assert!(!outer.path().join("x").exists());
    }

    #[test]
    fn a_file_of_somebody_else_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let folder = ImageFolder::at(folder.path());
        let path = folder.image_path(&name("a.png")).unwrap();
        fs::write(path.path(), "theirs").unwrap();
        let commit = |bytes: &[u8], ours| {
            let mut draft = path.draft().unwrap();
            draft.write_all(bytes).unwrap();
            path.commit(&draft, &blake3::hash(bytes).into(), ours)
        };
        assert!(matches!(commit(b"new", false), Err(DownloadError::NameTaken(_))));
        assert_eq!(fs::read(path.path()).unwrap(), b"theirs");
        commit(b"theirs", false).unwrap();
        commit(b"new", true).unwrap();
        assert_eq!(fs::read(path.path()).unwrap(), b"new");
    }
}
