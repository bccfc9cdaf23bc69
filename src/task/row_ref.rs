//! The `ref` of a row: the cell by which a table that the program wrote is recognized.

use std::fmt;
use std::str::FromStr;

use super::TaskRow;

/// How many letters name a batch in a ref.
const BATCH_LETTERS: usize = 8;

/// Which row of which batch a row of a table is about, and how far the task was when the table was
/// written.
///
/// One opaque cell: its text (`kqzmwtpa-t12-a1`) is nothing that a spreadsheet takes for a number,
/// a date or a formula, and it survives sorting and copying with its row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RowRef {
    /// The letters that name the batch, drawn when its state was made.
    pub batch: String,
    /// The task.
    pub task: TaskRow,
    /// How many attempts the task had that were not certainly rejected.
    pub attempts: u32,
}

impl RowRef {
    /// Makes the letters that name a batch, from random bytes.
    pub fn batch_letters(random: [u8; BATCH_LETTERS]) -> String {
        random.iter().map(|byte| char::from(b'a' + byte % 26)).collect()
    }
}

impl fmt::Display for RowRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-t{}-a{}", self.batch, self.task.0, self.attempts)
    }
}

/// A cell that is no ref.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a ref that mjbatch wrote")]
pub struct RowRefError(pub String);

impl FromStr for RowRef {
    type Err = RowRefError;

    fn from_str(text: &str) -> Result<RowRef, RowRefError> {
        let parse = || {
            let (batch, rest) = text.trim().split_once("-t")?;
            let (task, attempts) = rest.split_once("-a")?;
            let is_batch =
                batch.len() == BATCH_LETTERS && batch.bytes().all(|byte| byte.is_ascii_lowercase());
            let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
            (is_batch && is_number(task) && is_number(attempts)).then_some(())?;
            let task = TaskRow(task.parse().ok().filter(|row| *row > 0)?);
            Some(RowRef { batch: batch.to_owned(), task, attempts: attempts.parse().ok()? })
        };
        parse().ok_or_else(|| RowRefError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ref_is_read_as_it_was_written_and_nothing_else_is_one() {
        let written = RowRef {
            batch: RowRef::batch_letters([0, 25, 26, 51, 255, 7, 8, 9]),
            task: TaskRow(12),
            attempts: 1,
        };
        assert_eq!(written.to_string(), "azazvhij-t12-a1");
        assert_eq!(" azazvhij-t12-a1 ".parse(), Ok(written));
        for text in [
            "",
            "12",
            "azazvhij-t12",
            "azazvhij-t-a1",
            "azazvhij-t0-a1",
            "azazvhij-t1-a-1",
            "AZAZVHIJ-t1-a1",
            "azaz-t1-a1",
        ] {
            assert_eq!(text.parse::<RowRef>(), Err(RowRefError(text.to_owned())), "{text}");
        }
    }
}
