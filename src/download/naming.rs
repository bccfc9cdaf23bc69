//! Resolves where images go and what they are called, and finds conflicts before anything is spent.

use std::collections::HashMap;
use std::path::Path;

use super::error::DownloadError;
use super::folder::ImageFolder;
use super::names::{LONGEST_NAME, collision_key, safe_part};
use crate::manifest::{ImageName, ImageNameError};
use crate::task::{Task, TaskId};

/// The folder of a sandbox's images below the manifest's own: never mixed with real ones.
const SANDBOX_FOLDER: &str = "sandbox-pictures";

/// The place where the template of a name was written, which decides where its folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateOrigin<'a> {
    /// On the command line: relative to the working directory.
    CommandLine,
    /// In the manifest: relative to the manifest's folder, and in a sandbox in a folder of its own
    /// below.
    Manifest {
        /// The manifest's folder.
        folder: &'a Path,
        /// Whether the images are those of a sandbox.
        is_sandbox: bool,
    },
}

/// The folder and the names of the images of a batch, both checked.
#[derive(Debug)]
pub struct Destination {
    /// The names of the files.
    pub name: ImageName,
    /// The folder.
    pub folder: ImageFolder,
}

/// The reason why images cannot be written.
#[derive(Debug)]
pub enum DestinationError {
    /// The template cannot be read.
    Template(ImageNameError),
    /// A task's images cannot be named, or would be named as another's.
    Name(Box<NameConflict>),
    /// No file can be created in the folder.
    Folder(DownloadError),
}

/// A name that cannot be given to a task's images.
#[derive(Debug, PartialEq, Eq)]
pub enum NameConflict {
    /// The name cannot be derived.
    Underivable {
        /// The task.
        id: TaskId,
        /// The reason, as a phrase.
        why: String,
    },
    /// Two images would be the same file, on some system at least.
    SameFile {
        /// The task.
        id: TaskId,
        /// The task that has the name already; the same one where two images of a task share a
        /// name.
        other: TaskId,
        /// The name.
        name: String,
    },
}

impl Destination {
    /// Resolves a template, checks the names of all `tasks` (where they are given) and that files
    /// can be created.
    ///
    /// `columns` are the batch's own; `grid` says whether the 2×2 grid gets a file too.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn resolve(
        template: &str,
        columns: &[String],
        origin: TemplateOrigin<'_>,
        grid: bool,
        tasks: Option<impl Iterator<Item = Task>>,
    ) -> Result<Destination, DestinationError> {
        let name = ImageName::parse(template, columns).map_err(DestinationError::Template)?;
        if let Some(tasks) = tasks {
            check_names(&name, grid, tasks).map_err(DestinationError::Name)?;
        }
        let folder = match origin {
            TemplateOrigin::CommandLine => Path::new(name.folder()).to_owned(),
            TemplateOrigin::Manifest { folder, is_sandbox: false } => folder.join(name.folder()),
            TemplateOrigin::Manifest { folder, is_sandbox: true } => {
                folder.join(name.folder()).join(SANDBOX_FOLDER)
            }
        };
        let folder = ImageFolder::at(&folder);
        folder.check().map_err(DestinationError::Folder)?;
        Ok(Destination { name, folder })
    }
}

/// The parts of an image's name, safe on every system.
pub(super) fn safe_name(
    name: &ImageName,
    task: &Task,
    n: u32,
    extension: &str,
) -> Result<Vec<String>, DownloadError> {
    let parts = name.of(task, n, extension).map_err(|e| DownloadError::Name(e.to_string()))?;
    let parts: Vec<_> = parts.iter().map(|part| safe_part(part)).collect();
    let length: usize = parts.iter().map(|part| part.len() + 1).sum();
    if length > LONGEST_NAME {
        return Err(DownloadError::Name(format!("the file's name is longer than {LONGEST_NAME} bytes")));
    }
    Ok(parts)
}

/// Finds a task whose images cannot be named, or would be named as another's. Checks the four
/// images that a job makes, and with `grid` the grid.
///
/// # Errors
/// The first conflict.
pub fn check_names(
    name: &ImageName,
    grid: bool,
    tasks: impl Iterator<Item = Task>,
) -> Result<(), Box<NameConflict>> {
    let mut taken: HashMap<[u8; 16], TaskId> = HashMap::new();
    for task in tasks {
        for n in u32::from(!grid)..=4 {
            let id = || task.id.clone();
            let parts = safe_name(name, &task, n, "png")
                .map_err(|error| Box::new(NameConflict::Underivable { id: id(), why: error.to_string() }))?;
            let mut hash = [0; 16];
            hash.copy_from_slice(&blake3::hash(collision_key(&parts).as_bytes()).as_bytes()[..16]);
            if let Some(other) = taken.insert(hash, id()) {
                return Err(Box::new(NameConflict::SameFile { id: id(), other, name: parts.join("/") }));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Mode;

    fn check(template: &str, tasks: &[(&str, &str)]) -> Result<(), String> {
        let name = ImageName::parse(template, &["sku".into()]).unwrap();
        let task = |(id, sku): &(&str, &str)| Task {
            vars: vec![(*sku).to_owned()],
            ..Task::new(*id, "a mug", Mode::Fast)
        };
        check_names(&name, false, tasks.iter().map(task)).map_err(|conflict| match *conflict {
            NameConflict::SameFile { id, other, name } => format!("{id} and {other}: {name}"),
            NameConflict::Underivable { id, why } => format!("{id}: {why}"),
        })
    }

    #[test]
    fn names_that_are_the_same_file_on_some_system_are_found() {
        assert_eq!(check("x", &[("a", ""), ("b", "")]), Ok(()));
        let found = |template, tasks: &[_]| check(template, tasks).unwrap_err();
        assert_eq!(found("x", &[("Mug", ""), ("mug", "")]), "mug and Mug: mug-1.png");
        assert_eq!(
            found("x", &[("caf\u{e9}", ""), ("cafe\u{301}", "")]),
            "cafe\u{301} and caf\u{e9}: caf\u{e9}-1.png"
        );
        assert_eq!(found("x", &[("a/b", ""), ("a-b", "")]), "a-b and a/b: a-b-1.png");
        assert_eq!(found("{{ sku }}-{{ n }}", &[("a", "A"), ("b", "A")]), "b and a: A-1.png");
        assert_eq!(found("{{ sku }}-{{ n }}", &[("a", "A"), ("b", "")]), "b: there is no variable `sku`");
    }
}
