//! A folder with a manifest in it, in which the program is run.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use mjbatch::store::BatchStore;
use mjbatch::task::{Record, State};
use tempfile::TempDir;

use super::{Call, Results};

/// A folder of its own, gone with the test. Its manifest, unless said otherwise, is `spring.csv`.
pub(crate) struct Desk {
    folder: TempDir,
}

/// A CSV manifest of so many tasks: `t0` to `t…`, each with a prompt of its own.
pub(crate) fn rows(count: usize) -> String {
    let mut csv = "id,prompt\n".to_owned();
    for n in 0..count {
        writeln!(csv, "t{n},a mug number {n} on linen").unwrap();
    }
    csv
}

impl Desk {
    /// A folder with nothing in it.
    pub(crate) fn bare() -> Desk {
        Desk { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with this text as `spring.csv`.
    pub(crate) fn with(csv: &str) -> Desk {
        let desk = Desk::bare();
        desk.write("spring.csv", csv);
        desk
    }

    /// A folder with so many tasks in `spring.csv`.
    pub(crate) fn of(count: usize) -> Desk {
        Desk::with(&rows(count))
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The names of all files, in order.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The program with these words as its arguments, without a key or an address.
    pub(crate) fn mjbatch(&self, words: &str) -> Call {
        Call::of(self.folder(), words)
    }

    /// A run of `spring.csv` at this address, with a key, that asks often, and sends again only what it is told to, soon.
    pub(crate) fn run(&self, url: &str) -> Call {
        self.run_of("spring.csv", url)
    }

    /// The same of another manifest.
    pub(crate) fn run_of(&self, manifest: &str, url: &str) -> Call {
        let words = "--poll-min 20ms --poll-max 100ms --lost-after 300ms --retries 0 --retry-after 20ms";
        self.mjbatch(&format!("run {manifest} {words}")).at(url)
    }

    /// `spring.results.csv`, read back.
    pub(crate) fn results(&self) -> Results {
        Results::read(&self.path("spring.results.csv"))
    }

    /// What the state has of each task of the manifest.
    pub(crate) fn records(&self) -> Vec<Record> {
        let snapshot = BatchStore::at(self.path("spring.mjbatch")).snapshot().unwrap();
        snapshot.records().map(Result::unwrap).collect()
    }

    /// How many tasks the state has in each of these states.
    pub(crate) fn count<const N: usize>(&self, states: [State; N]) -> [usize; N] {
        let records = self.records();
        states.map(|state| records.iter().filter(|record| record.state == state).count())
    }
}
