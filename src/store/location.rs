//! Where a state is: today the path of a file.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The place of a state, as a person names it with `--state`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateLocation(PathBuf);

impl StateLocation {
    /// The state's file.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Whether this file is the state's own.
    pub fn is_file(&self, file: &Path) -> bool {
        is_same_file(&self.0, file)
    }

    /// Whether another place is the same, under whatever name.
    pub fn is_same(&self, other: &StateLocation) -> bool {
        is_same_file(&self.0, &other.0)
    }

    /// The folder from which relative paths of images count.
    pub fn base_dir(&self) -> PathBuf {
        self.0.with_file_name("")
    }

    /// The same place, whatever the current folder is.
    pub fn absolute(&self) -> StateLocation {
        StateLocation(std::path::absolute(&self.0).unwrap_or_else(|_| self.0.clone()))
    }
}

impl From<PathBuf> for StateLocation {
    fn from(path: PathBuf) -> StateLocation {
        StateLocation(path)
    }
}

impl From<&Path> for StateLocation {
    fn from(path: &Path) -> StateLocation {
        StateLocation(path.into())
    }
}

impl From<&PathBuf> for StateLocation {
    fn from(path: &PathBuf) -> StateLocation {
        StateLocation(path.clone())
    }
}

impl FromStr for StateLocation {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<StateLocation, Infallible> {
        Ok(StateLocation(text.into()))
    }
}

impl fmt::Display for StateLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

/// Whether two paths name one file, whether or not it is there.
pub fn is_same_file(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let named = || Some(folder.canonicalize().ok()?.join(path.file_name()?));
        path.canonicalize().ok().or_else(named).unwrap_or_else(|| path.to_owned())
    };
    real(a) == real(b)
}
