//! Rows of `attempt` and `task`, recognised by their shape alone in the bytes of a page: for a
//! state whose schema, tree or page headers a disk has damaged. Pure; whatever the bytes are, it
//! gives what it recognises.
//!
//! A cell of a table is the length of its payload, the key, and the payload: a header that has a
//! number for the type of each column, then the values. Of a long payload the page has only the
//! first part, and a chain of others the rest (sqlite.org/fileformat2.html, 1.6 and 2.1). Every
//! offset of a page is tried, so that neither its header nor its list of cells is needed. A row
//! passes only where the count of its columns, the type of each, the sum of their lengths, and the
//! words in columns that have a few are all as in the table.

/// The columns of `attempt`: those it was made with, and those that later steps added.
pub(super) const ATTEMPT_COLUMNS: std::ops::RangeInclusive<usize> = 13..=15;
const OUTCOMES: [&str; 6] = ["not_accepted", "refused", "unknown", "done", "failed", "lost"];
const MODES: [&str; 3] = ["fast", "relaxed", "auto"];

/// The longest name that is read, in bytes.
const LONGEST: usize = 1 << 16;

/// A row that was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    /// An attempt that has a taskId.
    Attempt { key: i64, task: i64, task_id: String },
    /// A task.
    Task { key: i64, id: String },
}

/// Tells of every row that begins in this page, or in as much of it as is there, of a file with
/// pages of this size. `chain` gives so many bytes, or fewer, of the chain of pages that begins
/// with the one of this number.
pub(super) fn rows(
    page: &[u8],
    size: usize,
    mut chain: impl FnMut(u32, usize) -> Vec<u8>,
    mut found: impl FnMut(Row),
) {
    for (at, pair) in page.windows(2).enumerate() {
        // The first column is the key, and so NULL in the payload; no header is so long that its
        // length takes two bytes.
        if let [6..0x80, 0] = pair
            && let Some(record) = RawRecord::at(page, at, size)
            && let Some(row) = record.row(&mut chain)
        {
            found(row);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Int,
    Blob,
    Text,
}

/// A value by its place in the payload.
#[derive(Debug, Clone, Copy)]
struct Value {
    kind: Kind,
    start: usize,
    length: usize,
    /// The number of its type; 8 and 9 are the integers 0 and 1 themselves.
    number: u64,
}

impl Value {
    fn of(number: u64, start: usize) -> Option<Value> {
        let (kind, length) = match number {
            0 => (Kind::Null, 0),
            1..=4 => (Kind::Int, number),
            5 => (Kind::Int, 6),
            6 => (Kind::Int, 8),
            8 | 9 => (Kind::Int, 0),
            // Real numbers, which no table has, and numbers of no type.
            7 | 10 | 11 => return None,
            _ if number.is_multiple_of(2) => (Kind::Blob, (number - 12) / 2),
            _ => (Kind::Text, (number - 13) / 2),
        };
        Some(Value { kind, start, length: usize::try_from(length).ok()?, number })
    }

    fn end(self) -> usize {
        self.start.saturating_add(self.length)
    }

    fn may_be(self, kind: Kind) -> bool {
        self.kind == kind || self.kind == Kind::Null
    }
}

/// A row of some table.
struct RawRecord<'p> {
    key: i64,
    values: Vec<Value>,
    /// As much of the payload as lies in the page.
    local: &'p [u8],
    /// The first page of the rest.
    next: Option<u32>,
}

impl<'p> RawRecord<'p> {
    /// The row whose payload begins here, if one does.
    fn at(page: &'p [u8], at: usize, size: usize) -> Option<RawRecord<'p>> {
        let (before, payload) = page.split_at(at);
        let header = usize::from(*payload.first()?);
        let mut numbers = payload.get(1..header)?;
        let mut values = Vec::with_capacity(*ATTEMPT_COLUMNS.end());
        let mut length = header;
        while !numbers.is_empty() {
            let value = Value::of(varint(&mut numbers)?, length)?;
            length = value.end();
            values.push(value);
        }
        let key = key_before(before, length)?;
        let kept = kept(length, size);
        let next = payload.get(kept..).and_then(<[u8]>::first_chunk).filter(|_| kept < length);
        let local = &payload[..kept.min(payload.len())];
        Some(RawRecord { key, values, local, next: next.map(|next| u32::from_be_bytes(*next)) })
    }

    fn row(&self, chain: &mut impl FnMut(u32, usize) -> Vec<u8>) -> Option<Row> {
        match self.values[..] {
            [_, task, _, _, _, _, task_id, ..] if self.is_attempt() => {
                let task = self.int(task).filter(|task| *task > 0)?;
                Some(Row::Attempt { key: self.key, task, task_id: self.name(task_id, chain)? })
            }
            [_, id, ..] if self.is_task() => Some(Row::Task { key: self.key, id: self.name(id, chain)? }),
            _ => None,
        }
    }

    /// Whether it has the shape of an attempt that has a taskId.
    fn is_attempt(&self) -> bool {
        let [
            _,
            task,
            run,
            intended,
            token,
            quota,
            task_id,
            outcome,
            class,
            reason,
            grid,
            images,
            finished,
            ref added @ ..,
        ] = self.values[..]
        else {
            return false;
        };
        ATTEMPT_COLUMNS.contains(&self.values.len())
            && (task.kind, intended.kind, task_id.kind) == (Kind::Int, Kind::Int, Kind::Text)
            && [run, quota, finished].iter().all(|value| value.may_be(Kind::Int))
            && [token, class, reason, grid, images].iter().all(|value| value.may_be(Kind::Text))
            && self.may_have(outcome, &OUTCOMES)
            && added.first().is_none_or(|mode| self.may_have(*mode, &MODES))
            && added.get(1).is_none_or(|prompt| prompt.may_be(Kind::Text))
    }

    fn is_task(&self) -> bool {
        let [_, id, fingerprint, prompt, mode] = self.values[..] else { return false };
        (id.kind, fingerprint.kind, prompt.kind, mode.kind)
            == (Kind::Text, Kind::Blob, Kind::Text, Kind::Text)
            && [16, 32].contains(&fingerprint.length)
            && self.may_have(mode, &MODES)
    }

    /// Whether the value is one of these words or NULL; where it does not lie in the page, whether
    /// its length is right.
    fn may_have(&self, value: Value, words: &[&str]) -> bool {
        let here = self.local.get(value.start..value.end());
        value.kind == Kind::Null
            || value.kind == Kind::Text
                && words.iter().any(|word| match here {
                    Some(bytes) => bytes == word.as_bytes(),
                    None => value.length == word.len(),
                })
    }

    fn int(&self, value: Value) -> Option<i64> {
        let bytes = self.local.get(value.start..value.end())?;
        match value.number {
            8 => Some(0),
            9 => Some(1),
            _ => {
                let first = i64::from(bytes.first()?.cast_signed());
                Some(bytes[1..].iter().fold(first, |int, byte| int << 8 | i64::from(*byte)))
            }
        }
    }

    fn name(&self, value: Value, chain: &mut impl FnMut(u32, usize) -> Vec<u8>) -> Option<String> {
        let place = value.start..value.end();
        let bytes = match self.local.get(place.clone()) {
            Some(bytes) => bytes.to_vec(),
            None if place.end > LONGEST => return None,
            None => {
                let mut payload = self.local.to_vec();
                payload.extend(chain(self.next?, place.end - payload.len()));
                payload.get(place)?.to_vec()
            }
        };
        String::from_utf8(bytes).ok().filter(|name| !name.is_empty())
    }
}

/// The key before a payload, where before that stands the payload's length.
fn key_before(before: &[u8], length: usize) -> Option<i64> {
    // Of an integer, all bytes but the last have their highest bit set: the key begins after the
    // last one of the length.
    let last = before.len().checked_sub(1)?;
    let start = before[..last].iter().rposition(|byte| *byte < 0x80)? + 1;
    let whole = |mut bytes: &[u8]| varint(&mut bytes).filter(|_| bytes.is_empty());
    let mut lengths = (1..=9).filter_map(|n| whole(&before[start.checked_sub(n)?..start]));
    let key = i64::try_from(whole(&before[start..])?).ok()?;
    (key > 0 && lengths.any(|declared| usize::try_from(declared) == Ok(length))).then_some(key)
}

/// How much of a payload lies in its cell, the rest being in a chain of pages.
fn kept(payload: usize, size: usize) -> usize {
    let most = size - 35;
    if payload <= most {
        return payload;
    }
    let least = (size - 12) * 32 / 255 - 23;
    let kept = least + (payload - least) % (size - 4);
    if kept <= most { kept } else { least }
}

/// An integer of one to nine bytes, seven bits in each but the ninth.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut int = 0;
    for n in 0..9 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if n == 8 {
            return Some(int << 8 | u64::from(*byte));
        }
        int = int << 7 | u64::from(byte & 0x7f);
        if *byte < 0x80 {
            return Some(int);
        }
    }
    None
}
