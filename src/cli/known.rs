//! What a run knows of its manifest: all that is in it, or, where nothing was edited, what the state has kept of it.

use super::args::RunArgs;
use super::failure::{Failure, say};
use super::settings::{self, Files};
use crate::diagnostic::Diagnostic;
use crate::manifest::{self, Manifest, ManifestCache};

/// A manifest, read as far as is needed.
#[derive(Debug)]
pub(super) struct Known {
    /// All of it but the tasks.
    pub(super) outline: ManifestCache,
    /// The manifest itself, where it was read.
    pub(super) whole: Option<Manifest>,
}

impl Known {
    /// Reads it, unless the state lists the tasks of just this manifest and nothing asks for a look at them.
    pub(super) fn of(args: &RunArgs) -> Result<Known, Failure> {
        if let Some(outline) = kept(args) {
            if outline.warnings > 0 {
                say(&as_told_before(&outline, args).into());
            }
            return Ok(Known { outline, whole: None });
        }
        let manifest = read(args)?;
        say(&manifest.warnings);
        Ok(Known { outline: manifest.cache(), whole: Some(manifest) })
    }

    /// The manifest with its tasks, read now if it was not before.
    pub(super) fn whole(&mut self, args: &RunArgs) -> Result<&Manifest, Failure> {
        let manifest = match self.whole.take() {
            Some(manifest) => manifest,
            None => read(args)?,
        };
        if manifest.hash != self.outline.hash {
            let error = format!("{} was edited just now", args.manifest.display());
            return Err(Failure::usage(Diagnostic::error(error).help("run again")));
        }
        Ok(self.whole.insert(manifest))
    }
}

fn read(args: &RunArgs) -> Result<Manifest, Failure> {
    manifest::read_with(&args.manifest, args.reading.options()).map_err(Failure::manifest)
}

/// What was kept of the manifest, if that is still what it is, and enough for this run.
fn kept(args: &RunArgs) -> Option<ManifestCache> {
    let chooses = args.rules.selection.pilot || !args.rules.selection.only.is_empty();
    if chooses {
        return None;
    }
    let store = Files::of(&args.manifest, &args.place, Vec::new()).store;
    let outline = ManifestCache::load(&store.kept_outline()?, &args.manifest, args.reading.options())?;
    let named = picture_names(args, &outline);
    (named.is_none() || named == outline.validated_name_template.as_ref()).then_some(outline)
}

/// What pictures are to be called, as it was written.
pub(super) fn picture_names<'a>(args: &'a RunArgs, outline: &'a ManifestCache) -> Option<&'a String> {
    args.pictures.download.as_ref().or(outline.images.template.as_ref())
}

fn as_told_before(outline: &ManifestCache, args: &RunArgs) -> Diagnostic {
    let (file, check) = (args.manifest.display(), settings::command_to_check(&args.manifest));
    let warnings = match outline.warnings {
        1 => "1 warning".to_owned(),
        many => format!("{many} warnings"),
    };
    Diagnostic::warning(format!("{file} was not edited since it was read with {warnings}"))
        .help(format!("`{check}` tells them again"))
}
