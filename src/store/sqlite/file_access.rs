//! How the files of a state are named, opened and distinguished: private to their owner, and
//! never through a symlink.

use std::fs::{Metadata, OpenOptions};
use std::path::{Path, PathBuf};

/// Which file this is, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileIdentity(u64, u64);

impl FileIdentity {
    #[cfg(unix)]
    pub(super) fn of(found: &Metadata) -> FileIdentity {
        use std::os::unix::fs::MetadataExt;
        FileIdentity(found.dev(), found.ino())
    }

    #[cfg(not(unix))]
    pub(super) fn of(_: &Metadata) -> FileIdentity {
        FileIdentity(0, 0)
    }

    /// The file that a path names now, links not followed; none where it names none.
    pub(super) fn at(path: &Path) -> Option<FileIdentity> {
        std::fs::symlink_metadata(path).ok().as_ref().map(FileIdentity::of)
    }
}

/// A file beside the state, whose name is the state's with this ending.
pub(super) fn beside(state: &Path, ending: &str) -> PathBuf {
    let mut name = state.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Whether anything has this name, a symlink that leads nowhere too.
pub(super) fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// How a file beside the state is opened for writing: readable by its owner alone.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Never follows a symlink at the end of the path, and never waits for the other end of a pipe.
pub(super) fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, i32::try_from(flags).unwrap_or(0));
    }
    options
}
