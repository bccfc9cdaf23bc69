//! Every row of `attempt` and `task` that lies anywhere in the files of a state, read without
//! SQLite: for a damaged one, of which SQLite reads only what it reaches by way of sound pages.
//!
//! Read a page at a time, from the state and from its `-wal`, of whose frames all are taken,
//! whether they were committed or are left of earlier use: a taskId is the service's, and was paid
//! for, whatever became of the transaction. Freed pages and stale copies give the same rows once
//! more.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::rows::{self, Row};

/// That of every state, unless somebody rewrote it with another.
const PAGE_SIZE: usize = 4096;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Attempts that have a taskId: the key, that of the task, and the taskId.
    pub(super) attempts: BTreeSet<(i64, i64, String)>,
    /// The tasks' ids by their keys.
    pub(super) ids: HashMap<i64, String>,
}

/// Reads the files of the state at this path for as much as can be read.
///
/// # Errors
/// Where the state cannot be opened.
pub(super) fn carve(state: &Path) -> io::Result<Found> {
    let mut wal = state.as_os_str().to_owned();
    wal.push("-wal");
    let main = Pages { file: File::open(state)?, header: 0, frame: 0 };
    let wal = File::open(wal).ok().map(|file| Pages { file, header: 32, frame: 24 });
    let mut found = Found::default();
    for size in sizes(&main, wal.as_ref()) {
        let files = DamagedFiles { main: &main, wal: wal.as_ref(), newest: newest(wal.as_ref(), size), size };
        files.read(&main, &mut found);
        if let Some(wal) = &wal {
            files.read(wal, &mut found);
        }
    }
    Ok(found)
}

/// The page sizes that may be true: a header that says another may be what is damaged.
fn sizes(main: &Pages, wal: Option<&Pages>) -> BTreeSet<usize> {
    // The main file's takes two bytes, in which 1 stands for 65536.
    let declared = main.bytes(16, 2).and_then(|bytes| bytes.try_into().ok()).map(u16::from_be_bytes);
    let declared = declared.map(|size| if size == 1 { 1 << 16 } else { usize::from(size) });
    let wal = wal.and_then(|wal| wal.bytes(8, 4)).and_then(|bytes| bytes.try_into().ok());
    let wal = wal.and_then(|bytes| usize::try_from(u32::from_be_bytes(bytes)).ok());
    let legal = |size: &usize| size.is_power_of_two() && (512..=1 << 16).contains(size);
    [declared, wal].into_iter().flatten().filter(legal).chain([PAGE_SIZE]).collect()
}

/// The newest frame of each page in the WAL.
fn newest(wal: Option<&Pages>, size: usize) -> HashMap<u32, u64> {
    let Some(wal) = wal else { return HashMap::new() };
    let number = |frame| wal.bytes(wal.place(frame, size), 4)?.try_into().ok().map(u32::from_be_bytes);
    (0..wal.count(size)).filter_map(|frame| Some((number(frame)?, frame))).collect()
}

/// A file with pages in it.
struct Pages {
    file: File,
    /// How long its own header is.
    header: u64,
    /// How long that of each page is.
    frame: u64,
}

impl Pages {
    /// So many bytes at this place, or as many as there are; none where they cannot be read.
    fn bytes(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(at)).ok()?;
        let mut bytes = Vec::with_capacity(length);
        // A disk that gave a part has given that part.
        let _ = file.take(length as u64).read_to_end(&mut bytes);
        Some(bytes)
    }

    /// How many pages there are, the last of which may be cut off.
    fn count(&self, size: usize) -> u64 {
        let length = self.file.metadata().map_or(0, |file| file.len());
        length.saturating_sub(self.header).div_ceil(self.frame + size as u64)
    }

    /// Where a page's own header begins.
    fn place(&self, index: u64, size: usize) -> u64 {
        self.header.saturating_add(index.saturating_mul(self.frame + size as u64))
    }

    fn page(&self, index: u64, size: usize) -> Vec<u8> {
        self.bytes(self.place(index, size).saturating_add(self.frame), size).unwrap_or_default()
    }
}

/// The files of a state, taken to have pages of this size.
struct DamagedFiles<'f> {
    main: &'f Pages,
    wal: Option<&'f Pages>,
    /// The newest frame of each page in the WAL.
    newest: HashMap<u32, u64>,
    size: usize,
}

impl DamagedFiles<'_> {
    fn read(&self, pages: &Pages, found: &mut Found) {
        for index in 0..pages.count(self.size) {
            let page = pages.page(index, self.size);
            rows::rows(
                &page,
                self.size,
                |first, length| self.chain(first, length),
                |row| match row {
                    Row::Attempt { key, task, task_id } => {
                        found.attempts.insert((key, task, task_id));
                    }
                    Row::Task { key, id } => {
                        found.ids.entry(key).or_insert(id);
                    }
                },
            );
        }
    }

    /// So many bytes of the chain that begins with this page, or as many as can be read. Each page
    /// has four bytes that name the next one, and at least one byte more is had of each, so that it
    /// ends also where the chain is a ring.
    fn chain(&self, first: u32, length: usize) -> Vec<u8> {
        let (mut bytes, mut number) = (Vec::new(), first);
        while bytes.len() < length && number > 0 {
            let page = match (self.wal, self.newest.get(&number)) {
                (Some(wal), Some(frame)) => wal.page(*frame, self.size),
                _ => self.main.page(u64::from(number - 1), self.size),
            };
            let Some((next, part @ [_, ..])) = page.split_first_chunk() else { break };
            bytes.extend_from_slice(&part[..part.len().min(length - bytes.len())]);
            number = u32::from_be_bytes(*next);
        }
        bytes
    }
}
