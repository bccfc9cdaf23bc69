//! The names of a batch's files: beside its manifest, unless said otherwise; a sandbox's are never
//! those of the real thing.

use std::path::{Path, PathBuf};

use super::{BatchError, Options, OverwrittenBy};
use crate::manifest::{BatchSettings, ManifestCache};
use crate::store::{BatchStore, StateLocation, is_same_file};

/// Where a batch is, and whose.
#[derive(Debug, Clone)]
pub(super) struct Files {
    manifest: PathBuf,
    sandbox: bool,
    state: Option<StateLocation>,
}

impl Files {
    pub(super) fn of(manifest: &Path, options: &Options) -> Files {
        Files { manifest: manifest.to_owned(), sandbox: options.sandbox, state: options.state.clone() }
    }

    /// The state.
    pub(super) fn store(&self) -> BatchStore {
        BatchStore::at(self.state.clone().unwrap_or_else(|| self.named("mjbatch").into()))
    }

    /// Whether the state has its default name, which depends on the manifest's.
    pub(super) fn has_default_state(&self) -> bool {
        self.state.is_none()
    }

    /// A file of the batch beside its manifest: `spring.report.html`, or
    /// `spring.sandbox.report.html` with a sandbox.
    pub(super) fn named(&self, ending: &str) -> PathBuf {
        let sandbox = if self.sandbox { ".sandbox" } else { "" };
        let stem = self.manifest.file_stem().unwrap_or_default().to_string_lossy();
        self.manifest.with_file_name(format!("{stem}{sandbox}.{ending}"))
    }

    /// Where the results go: as said in the options, else in the manifest, else beside it.
    pub(super) fn results(&self, said: &[PathBuf], batch: &BatchSettings) -> Vec<PathBuf> {
        if !said.is_empty() {
            return said.to_owned();
        }
        let named = |path: &String| {
            let path = self.manifest.with_file_name(path);
            if self.sandbox { sandbox_name(&path) } else { path }
        };
        let paths: Vec<PathBuf> = batch.results.iter().map(named).collect();
        if paths.is_empty() { vec![self.named("results.csv")] } else { paths }
    }

    /// The files beside the manifest that it reads too.
    pub(super) fn data(&self, manifest: &ManifestCache) -> Vec<PathBuf> {
        manifest.data_files().iter().map(|written| self.manifest.with_file_name(written)).collect()
    }

    /// Refuses names under which one file would be written over another. `data` are the files that
    /// the manifest reads.
    pub(super) fn check(&self, results: &[PathBuf], data: &[PathBuf]) -> Result<(), BatchError> {
        let clash = |by, path: &Path| Err(BatchError::Overwrites { by, path: path.to_owned() });
        let store = self.store();
        for (n, path) in results.iter().enumerate() {
            if store.location().is_file(path) || results[..n].iter().any(|other| is_same_file(path, other)) {
                return clash(OverwrittenBy::Results, path);
            }
            if is_same_file(path, &self.manifest) {
                return clash(OverwrittenBy::Results, &self.manifest);
            }
            if let Some(table) = data.iter().find(|table| is_same_file(path, table)) {
                return clash(OverwrittenBy::Results, table);
            }
        }
        if store.location().is_file(&self.manifest) {
            return clash(OverwrittenBy::State, &self.manifest);
        }
        Ok(())
    }

    /// Refuses a report that would be written over another file of the batch.
    pub(super) fn check_report(
        &self,
        out: &Path,
        results: &[PathBuf],
        data: &[PathBuf],
    ) -> Result<(), BatchError> {
        let files = [&self.manifest].into_iter().chain(results).chain(data);
        let is_taken = files.into_iter().any(|other| is_same_file(out, other));
        if is_taken || self.store().location().is_file(out) {
            return Err(BatchError::Overwrites { by: OverwrittenBy::Report, path: out.to_owned() });
        }
        Ok(())
    }

    /// The manifest's file name.
    pub(super) fn name(&self) -> String {
        self.manifest.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Whether the file of this name was results, or picks, that an older program ran as a manifest. A
/// state that it wrote names them as its manifest.
pub(super) fn were_results(file: &str) -> bool {
    file.ends_with(".results.csv") || file.strip_suffix(".csv").is_some_and(|stem| stem.contains(".picks"))
}

/// The name of a sandbox's file: `out/spring.xlsx` becomes `out/spring.sandbox.xlsx`.
fn sandbox_name(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = if name.ends_with(".results.csv") {
        Some("results.csv")
    } else {
        path.extension().and_then(|e| e.to_str())
    };
    match ending.and_then(|ending| Some((name.strip_suffix(ending)?, ending))) {
        Some((stem, ending)) => path.with_file_name(format!("{stem}sandbox.{ending}")),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(manifest: &Path, sandbox: bool) -> Files {
        Files::of(manifest, &Options { sandbox, ..Options::default() })
    }

    fn files(manifest: &str, sandbox: bool) -> (String, String) {
        let files = at(Path::new(manifest), sandbox);
        let results = files.results(&[], &BatchSettings::default());
        (files.store().location().to_string(), results[0].display().to_string())
    }

    #[test]
    fn files_stand_beside_the_manifest_and_a_sandbox_has_its_own() {
        let expected = ("shop/spring.mjbatch".to_owned(), "shop/spring.results.csv".to_owned());
        assert_eq!(files("shop/spring.yaml", false), expected);
        let expected = ("spring.sandbox.mjbatch".to_owned(), "spring.sandbox.results.csv".to_owned());
        assert_eq!(files("spring.csv", true), expected);
        assert_eq!(files("v1.2.yaml", false).0, "v1.2.mjbatch");
    }

    #[test]
    fn no_file_is_written_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("spring.csv"), "prompt\na mug\n").unwrap();
        let check = |state: &str, results: &str, manifest: &str| {
            let state = Some(path(state).into());
            let files = Files::of(&path(manifest), &Options { state, ..Options::default() });
            files.check(&results.split(' ').map(path).collect::<Vec<_>>(), &[path("products.csv")]).is_ok()
        };
        assert!(check("spring.mjbatch", "spring.results.csv", "spring.csv"));
        assert!(!check("spring.mjbatch", "spring.results.csv", "spring.results.csv"));
        assert!(!check("spring.mjbatch", "spring.csv", "spring.csv"));
        assert!(!check("spring.csv", "spring.results.csv", "spring.csv"));
        assert!(!check("spring.mjbatch", "spring.mjbatch", "spring.csv"));
        assert!(check("spring.mjbatch", "a.csv a.xlsx b.csv", "spring.csv"));
        assert!(!check("spring.mjbatch", "a.csv a.xlsx a.csv", "spring.csv"));
        assert!(!check("spring.mjbatch", "a.csv spring.mjbatch", "spring.csv"));
        assert!(!check("spring.mjbatch", "a.csv products.csv", "spring.csv"), "a table that it reads");
    }

    #[test]
    fn results_of_a_sandbox_have_names_of_their_own() {
        let batch = BatchSettings {
            results: vec!["out/a.results.csv".to_owned(), "b.xlsx".to_owned()],
            ..BatchSettings::default()
        };
        let named = |said: &[PathBuf], sandbox| {
            let paths = at(Path::new("shop/spring.yaml"), sandbox).results(said, &batch);
            paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(named(&[], false), ["shop/out/a.results.csv", "shop/b.xlsx"]);
        assert_eq!(named(&[], true), ["shop/out/a.sandbox.results.csv", "shop/b.sandbox.xlsx"]);
        assert_eq!(named(&["c.jsonl".into()], true), ["c.jsonl"]);
    }
}
