//! A temporary folder with a manifest, in which the program is run.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use mjbatch::store::BatchStore;
use mjbatch::task::{Record, State};
use tempfile::TempDir;

use super::{CliCommand, ResultsFile};

/// A temporary folder, deleted with the test. Its manifest is `spring.csv` by default.
pub(crate) struct TestDir {
    folder: TempDir,
}

/// A CSV manifest of `count` tasks, from `t0` on, each with a different prompt.
pub(crate) fn csv_rows(count: usize) -> String {
    let mut csv = "id,prompt\n".to_owned();
    for n in 0..count {
        writeln!(csv, "t{n},a mug number {n} on linen").unwrap();
    }
    csv
}

impl TestDir {
    /// Creates an empty folder.
    pub(crate) fn empty() -> TestDir {
        TestDir { folder: tempfile::tempdir().unwrap() }
    }

    /// Creates an empty folder in memory, where the system has such a place: nothing there waits for a disk.
    pub(crate) fn in_memory() -> TestDir {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        TestDir { folder: folder.unwrap() }
    }

    /// Creates a folder with this text as `spring.csv`.
    pub(crate) fn with_csv(csv: &str) -> TestDir {
        let dir = TestDir::empty();
        dir.write("spring.csv", csv);
        dir
    }

    /// Creates a folder whose `spring.csv` has `count` tasks.
    pub(crate) fn with_tasks(count: usize) -> TestDir {
        TestDir::with_csv(&csv_rows(count))
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

    /// The sorted names of all files.
    pub(crate) fn files(&self) -> Vec<String> {
        super::file_names(self.folder())
    }

    /// The program with these arguments, without a key or a base URL.
    pub(crate) fn mjbatch(&self, words: &str) -> CliCommand {
        CliCommand::new(self.folder(), words)
    }

    /// A run of `spring.csv` against the service at this URL, with a key, that polls often and retries nothing by default.
    pub(crate) fn run(&self, url: &str) -> CliCommand {
        self.run_of("spring.csv", url)
    }

    /// The same run of another manifest.
    pub(crate) fn run_of(&self, manifest: &str, url: &str) -> CliCommand {
        let words = "--poll-min 20ms --poll-max 100ms --lost-after 300ms --retries 0 --retry-after 20ms";
        self.mjbatch(&format!("run {manifest} {words}")).with_service(url)
    }

    /// The same run of a manifest whose name may contain blanks.
    pub(crate) fn run_arg(&self, manifest: &str, url: &str) -> CliCommand {
        let words = "--poll-min 20ms --poll-max 100ms --lost-after 300ms --retries 0 --retry-after 20ms";
        self.mjbatch("run").arg(manifest).args(words).with_service(url)
    }

    /// The content of `spring.results.csv`.
    pub(crate) fn results(&self) -> ResultsFile {
        ResultsFile::read(&self.path("spring.results.csv"))
    }

    /// The records in the state of the manifest's tasks.
    pub(crate) fn records(&self) -> Vec<Record> {
        let snapshot = BatchStore::at(self.path("spring.mjbatch")).snapshot().unwrap();
        snapshot.records().map(Result::unwrap).collect()
    }

    /// The number of tasks in each of these states.
    pub(crate) fn count<const N: usize>(&self, states: [State; N]) -> [usize; N] {
        let records = self.records();
        states.map(|state| records.iter().filter(|record| record.state == state).count())
    }
}
