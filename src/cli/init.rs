//! `mjbatch init`: writes a starter manifest with comments.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::args::{InitArgs, StarterKind};
use super::exit::Exit;
use super::failure::CommandFailure;
use crate::diagnostic::Diagnostic;

/// A file of a starter manifest: its name and its content.
type Template = (&'static str, &'static str);

impl StarterKind {
    /// The files of this kind, the manifest first. The tests run the same files.
    fn files(self) -> &'static [Template] {
        match self {
            StarterKind::Products => &[
                ("catalogue.yaml", include_str!("../../manifests/catalogue.yaml")),
                ("catalogue.csv", include_str!("../../manifests/catalogue.csv")),
            ],
            StarterKind::Social => &[("social.yaml", include_str!("../../manifests/social.yaml"))],
            StarterKind::Blog => &[("blog.yaml", include_str!("../../manifests/blog.yaml"))],
        }
    }
}

/// Writes the files of a starter manifest. Existing files are not replaced.
pub(super) fn init(args: &InitArgs) -> Result<Exit, CommandFailure> {
    let files: Vec<(PathBuf, &str)> =
        args.kind.files().iter().map(|(name, text)| (args.into.join(name), *text)).collect();
    if let Some((there, _)) = files.iter().find(|(path, _)| path.exists()) {
        let error = format!("{} already exists; nothing was written", there.display());
        return Err(CommandFailure::usage(
            Diagnostic::error(error).help("choose another folder with `--into`"),
        ));
    }
    for (path, text) in &files {
        write_new(path, text).map_err(|e| {
            CommandFailure::usage(Diagnostic::error(format!("cannot write {}: {e}", path.display())))
        })?;
    }
    let manifest = files[0].0.display();
    let _ = writeln!(
        anstream::stdout(),
        "wrote {}\nnext:  mjbatch plan {manifest}\n       mjbatch run {manifest} --sandbox",
        files.iter().map(|(path, _)| path.display().to_string()).collect::<Vec<_>>().join(" and "),
    );
    Ok(Exit::Success)
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}
