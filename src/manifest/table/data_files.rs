//! Loads the files that a manifest names: each once, and each as part of the manifest's hash.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::csv_table::CsvTable;
use super::header::header;
use super::variables::Variables;
use crate::diagnostic::{Problems, Source, quoted};
use crate::manifest::format;
use crate::manifest::provenance::announce;
use crate::manifest::value::ValueError;

/// The reason why a file that a manifest names cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadError {
    /// There is no such file. The name, if any, is of a similar file beside it.
    Missing(Option<String>),
    /// The file cannot be read, for this reason.
    Unreadable(String),
}

/// Loads the bytes of a file that a manifest names. The path is relative to the manifest's folder.
pub type FileLoader<'l> = dyn FnMut(&Path) -> Result<Vec<u8>, LoadError> + 'l;

/// The tables of data files.
pub(crate) struct DataFiles<'l> {
    folder: PathBuf,
    load: &'l mut FileLoader<'l>,
    /// The table of each file by its path as written; `None` if it has errors.
    known: HashMap<String, Option<usize>>,
    pub(crate) tables: Vec<CsvTable>,
    pub(crate) hasher: blake3::Hasher,
    /// Paths as written of the files that were loaded, in the order in which they were hashed.
    pub(crate) loaded: Vec<String>,
    /// Problems within the files.
    pub(crate) problems: Problems,
}

impl<'l> DataFiles<'l> {
    pub(crate) fn new(manifest: &Path, load: &'l mut FileLoader<'_>) -> Self {
        DataFiles {
            folder: manifest.parent().unwrap_or(Path::new("")).to_owned(),
            load,
            known: HashMap::new(),
            tables: Vec::new(),
            hasher: blake3::Hasher::new(),
            loaded: Vec::new(),
            problems: Problems::new(),
        }
    }

    /// Whether the manifest names no other file.
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The table of a data file. `Ok(None)` if it has errors, which are then reported.
    pub(crate) fn data(
        &mut self,
        written: &str,
        columns: &mut Variables,
    ) -> Result<Option<usize>, ValueError> {
        if let Some(known) = self.known.get(written) {
            return Ok(*known);
        }
        let path = self.folder.join(written);
        let bytes = (self.load)(&path).map_err(|why| not_loaded(written, why))?;
        announce(&mut self.hasher, written, bytes.len() as u64);
        self.hasher.update(&bytes);
        self.loaded.push(written.to_owned());
        let table = self.table(&path, &bytes, columns);
        let index = table.map(|table| {
            self.tables.push(table);
            self.tables.len() - 1
        });
        self.known.insert(written.to_owned(), index);
        Ok(index)
    }

    fn table(&mut self, path: &Path, bytes: &[u8], columns: &mut Variables) -> Option<CsvTable> {
        let shown = path.display().to_string();
        let text: Arc<str> = match format::utf8(&shown, bytes) {
            Ok(text) => text.into(),
            Err(found) => {
                self.problems.push(*found);
                return None;
            }
        };
        let source = Source::new(shown, &text);
        header(&source, &text, true, columns, &mut self.problems)
    }
}

fn not_loaded(written: &str, why: LoadError) -> ValueError {
    match why {
        LoadError::Missing(close) => {
            let fault = ValueError::new(
                format!("there is no data file {}", quoted(written)),
                "looked for in the manifest's folder",
            );
            match close {
                Some(close) => fault.help(format!("did you mean `{close}`?")),
                None => fault,
            }
        }
        LoadError::Unreadable(reason) => ValueError::new(
            format!("the data file {} cannot be read: {reason}", quoted(written)),
            "named here",
        ),
    }
}
