//! The results as CSV: RFC 4180 (CRLF line ends), UTF-8, one row a task in the order of the records.
//!
//! Columns: `id`, the batch's own, then `task_id` to `finished_at` as in [`columns`]; `image_n` goes on after `image_4`
//! where a task has more. Times are RFC 3339 in UTC to the second; what is not known is empty.
//!
//! There is no byte order mark: the first column has to read back as `id` in every reader, and most keep a mark as part of
//! the name. Cells are data and are written as they are, line breaks and leading `=` included; quoting makes that safe for
//! every reader of the format. The one exception is NUL, at which some readers stop (Python's before 3.11 refuses the
//! whole file): it becomes U+FFFD.

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;

use ::csv::{Terminator, Writer, WriterBuilder};
use jiff::Timestamp;

use super::whole::Target;
use super::{Layout, WriteError};
use crate::task::Record;

/// The picture columns that are always there.
const LEAST_IMAGES: usize = 4;

/// Writes the results to a file, whole or not at all, and returns the number of rows.
///
/// The records are read one at a time, so memory does not grow with their number.
///
/// # Errors
///
/// The file cannot be made or replaced, a record cannot be read, or one does not fit the layout. The file that was there
/// before is then untouched.
pub fn write<E>(
    path: &Path,
    layout: &Layout<'_>,
    records: impl IntoIterator<Item = Result<Record, E>>,
) -> Result<u64, WriteError<E>> {
    let target = Target::of(path)?;
    let mut rows = 0;
    target.replace(|out| {
        rows = write_rows(out, layout, records).map_err(|error| match error {
            RowError::Out(cause) => WriteError::File(target.failed(cause)),
            RowError::Of(error) => error,
        })?;
        Ok::<_, WriteError<E>>(())
    })?;
    Ok(rows)
}

/// The names of the columns, in order.
pub fn columns(layout: &Layout<'_>) -> Vec<String> {
    let mut names = vec!["id".to_owned()];
    names.extend_from_slice(layout.columns);
    names.extend(["task_id", "status", "mode", "prompt", "reason", "grid"].map(str::to_owned));
    names.extend((1..=image_columns(layout)).map(|n| format!("image_{n}")));
    names.extend(["attempts", "quota", "submitted_at", "finished_at"].map(str::to_owned));
    names
}

fn image_columns(layout: &Layout<'_>) -> usize {
    layout.max_images.max(LEAST_IMAGES)
}

enum RowError<E> {
    Out(std::io::Error),
    Of(WriteError<E>),
}

impl<E> From<::csv::Error> for RowError<E> {
    fn from(error: ::csv::Error) -> Self {
        // Rows are made field by field and never ragged, so writing is all that can fail.
        match error.into_kind() {
            ::csv::ErrorKind::Io(cause) => RowError::Out(cause),
            other => RowError::Out(std::io::Error::other(format!("{other:?}"))),
        }
    }
}

fn write_rows<E>(
    out: impl Write,
    layout: &Layout<'_>,
    records: impl IntoIterator<Item = Result<Record, E>>,
) -> Result<u64, RowError<E>> {
    let mut csv = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
    csv.write_record(columns(layout).iter().map(|name| cell(name).into_owned()))?;
    let mut rows = 0;
    for record in records {
        let record = record.map_err(|error| RowError::Of(WriteError::Record(error)))?;
        let (images, columns) = (record.pictures.images.len(), image_columns(layout));
        if images > columns {
            return Err(RowError::Of(WriteError::Columns { id: record.task.id, images, columns }));
        }
        write_row(&mut csv, layout, &record)?;
        rows += 1;
    }
    csv.flush().map_err(RowError::Out)?;
    Ok(rows)
}

fn write_row(csv: &mut Writer<impl Write>, layout: &Layout<'_>, record: &Record) -> Result<(), ::csv::Error> {
    let task = &record.task;
    csv.write_field(cell(&task.id.0).as_bytes())?;
    for n in 0..layout.columns.len() {
        csv.write_field(cell(task.vars.get(n).map_or("", String::as_str)).as_bytes())?;
    }
    let task_id = record.task_id.as_ref().map_or("", |task_id| &task_id.0);
    let reason = record.reason.as_deref().unwrap_or("");
    let grid = record.pictures.grid.as_deref().unwrap_or("");
    let status = record.state.shown(layout.run_lives).as_str();
    for text in [task_id, status, task.mode.as_str(), &task.prompt, reason, grid] {
        csv.write_field(cell(text).as_bytes())?;
    }
    for n in 0..image_columns(layout) {
        csv.write_field(cell(record.pictures.images.get(n).map_or("", String::as_str)).as_bytes())?;
    }
    csv.write_field(record.attempts.to_string())?;
    csv.write_field(record.quota.map(|quota| quota.to_string()).unwrap_or_default())?;
    csv.write_field(time(record.submitted_at))?;
    csv.write_field(time(record.finished_at))?;
    csv.write_record(None::<&[u8]>)
}

fn cell(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

fn time(at: Option<Timestamp>) -> String {
    at.map(|at| format!("{at:.0}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::task::{Id, Mode, Pictures, Quota, State, Task, TaskId};

    fn record(id: &str, vars: &[&str]) -> Record {
        Record {
            task: Task {
                id: Id(id.to_owned()),
                prompt: format!("a {id}, soft light --ar 16:9"),
                mode: Mode::Fast,
                timeout: None,
                hook_url: None,
                vars: vars.iter().map(|&v| v.to_owned()).collect(),
                action: None,
                priority: 0,
                entry: 0,
                earlier: None,
            },
            state: State::Pending,
            reason: None,
            attempts: 0,
            quota: None,
            task_id: None,
            pictures: Pictures::default(),
            submitted_at: None,
            finished_at: None,
        }
    }

    fn done(id: &str, vars: &[&str], images: usize) -> Record {
        Record {
            state: State::Done,
            attempts: 1,
            quota: Some(Quota(1500)),
            task_id: Some(TaskId(format!("T-{id}"))),
            pictures: Pictures {
                grid: Some(format!("https://cdn/{id}.png")),
                images: (1..=images).map(|n| format!("https://cdn/{id}_{n}.png")).collect(),
            },
            submitted_at: Some("2026-03-01T09:00:00.999Z".parse().unwrap()),
            finished_at: Some("2026-03-01T10:01:02+01:00".parse().unwrap()),
            ..record(id, vars)
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&n| n.to_owned()).collect()
    }

    fn written(layout: &Layout<'_>, records: Vec<Record>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.csv");
        let rows = records.len() as u64;
        assert_eq!(write(&path, layout, records.into_iter().map(Ok::<_, Infallible>)).unwrap(), rows);
        String::from_utf8(fs::read(&path).unwrap()).unwrap()
    }

    #[test]
    fn a_row_holds_what_was_sent_and_what_came_of_it_in_the_order_of_the_records() {
        let columns = names(&["sku", "scene"]);
        let layout = Layout { columns: &columns, max_images: 4, run_lives: true };
        let failed = Record {
            state: State::Failed,
            reason: Some("banned word: \"blood\"".to_owned()),
            attempts: 2,
            ..record("vase", &["B-2", "a shelf,\nwhite"])
        };
        let text = written(&layout, vec![done("mug", &["A-1", "beach"], 4), failed, record("lamp", &[])]);
        insta::assert_snapshot!(text.replace("\r\n", "␍␊\n"), @r#"
        id,sku,scene,task_id,status,mode,prompt,reason,grid,image_1,image_2,image_3,image_4,attempts,quota,submitted_at,finished_at␍␊
        mug,A-1,beach,T-mug,done,fast,"a mug, soft light --ar 16:9",,https://cdn/mug.png,https://cdn/mug_1.png,https://cdn/mug_2.png,https://cdn/mug_3.png,https://cdn/mug_4.png,1,1.5,2026-03-01T09:00:00Z,2026-03-01T09:01:02Z␍␊
        vase,B-2,"a shelf,
        white",,failed,fast,"a vase, soft light --ar 16:9","banned word: ""blood""",,,,,,2,,,␍␊
        lamp,,,,pending,fast,"a lamp, soft light --ar 16:9",,,,,,,0,,,␍␊
        "#);
    }

    #[test]
    fn more_than_four_images_get_columns_after_the_fourth() {
        let layout = Layout { columns: &[], max_images: 6, run_lives: true };
        let text = written(&layout, vec![done("mug", &[], 6), done("cup", &[], 1)]);
        insta::assert_snapshot!(text.replace("\r\n", "␍␊\n"), @r#"
        id,task_id,status,mode,prompt,reason,grid,image_1,image_2,image_3,image_4,image_5,image_6,attempts,quota,submitted_at,finished_at␍␊
        mug,T-mug,done,fast,"a mug, soft light --ar 16:9",,https://cdn/mug.png,https://cdn/mug_1.png,https://cdn/mug_2.png,https://cdn/mug_3.png,https://cdn/mug_4.png,https://cdn/mug_5.png,https://cdn/mug_6.png,1,1.5,2026-03-01T09:00:00Z,2026-03-01T09:01:02Z␍␊
        cup,T-cup,done,fast,"a cup, soft light --ar 16:9",,https://cdn/cup.png,https://cdn/cup_1.png,,,,,,1,1.5,2026-03-01T09:00:00Z,2026-03-01T09:01:02Z␍␊
        "#);
    }

    #[test]
    fn a_batch_without_tasks_has_a_header_alone_that_starts_with_id() {
        let text = written(&Layout { columns: &[], max_images: 0, run_lives: false }, vec![]);
        insta::assert_snapshot!(text.replace("\r\n", "␍␊\n"), @"id,task_id,status,mode,prompt,reason,grid,image_1,image_2,image_3,image_4,attempts,quota,submitted_at,finished_at␍␊");
        assert!(text.starts_with("id,"), "a byte order mark would become part of the name");
    }

    #[test]
    fn a_submit_in_flight_is_running_or_unknown_as_its_run_lives_or_not() {
        for (run_lives, word) in [(true, ",running,"), (false, ",unknown,")] {
            let submitting = Record { state: State::Submitting, ..record("mug", &[]) };
            let text = written(&Layout { columns: &[], max_images: 0, run_lives }, vec![submitting]);
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn the_old_file_stays_when_the_records_end_in_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.csv");
        fs::write(&path, "old").unwrap();
        let layout = Layout { columns: &[], max_images: 0, run_lives: false };
        let error = write(&path, &layout, [Ok(record("mug", &[])), Err("disk I/O error")]).unwrap_err();
        insta::assert_snapshot!(error, @"the results cannot be written, because the state could not be read: disk I/O error");
        let error = write(&path, &layout, [Ok::<_, Infallible>(done("mug", &[], 5))]).unwrap_err();
        insta::assert_snapshot!(error, @"the results cannot be written: `mug` has 5 images and there are columns for 4");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    }

    #[test]
    fn nul_is_the_one_character_that_is_not_kept() {
        let layout = Layout { columns: &[], max_images: 0, run_lives: false };
        let text = written(&layout, vec![record("a\0b", &[])]);
        assert!(!text.contains('\0'));
        assert!(text.contains("\r\na\u{fffd}b,"), "{text}");
    }

    /// Text with all that CSV gives a meaning to, and anything else.
    fn hostile() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[\",;\\r\\n\\t =@+\u{feff}'a-c-]{0,12}",
            Just("\u{feff}".to_owned()),
            Just("\r".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn whatever_the_text_it_reads_back_equal(
            columns in prop::collection::vec(hostile(), 0..3),
            rows in prop::collection::vec(
                (hostile(), hostile(), hostile(), prop::collection::vec(hostile(), 0..7), prop::collection::vec(hostile(), 3)),
                0..4,
            ),
        ) {
            let layout = Layout { columns: &columns, max_images: 6, run_lives: true };
            let records: Vec<Record> = rows
                .iter()
                .map(|(id, prompt, reason, images, vars)| {
                    let mut record = done(id, &[], 0);
                    record.task.prompt.clone_from(prompt);
                    record.reason = Some(reason.clone());
                    record.pictures = Pictures { grid: Some(prompt.clone()), images: images.clone() };
                    record.task.vars = vars[..columns.len()].to_vec();
                    record
                })
                .collect();
            let mut out = Vec::new();
            let counted = write_rows(&mut out, &layout, records.iter().cloned().map(Ok::<_, Infallible>));
            prop_assert!(matches!(counted, Ok(n) if n == records.len() as u64));

            let mut reader = ::csv::Reader::from_reader(out.as_slice());
            let kept = |text: &str| text.replace('\0', "\u{fffd}");
            let expected: Vec<String> = super::columns(&layout).iter().map(|name| kept(name)).collect();
            prop_assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), expected);
            let read: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            prop_assert_eq!(read.len(), records.len());
            for (row, record) in read.iter().zip(&records) {
                let mut cells = vec![kept(&record.task.id.0)];
                cells.extend(record.task.vars.iter().map(|var| kept(var)));
                cells.push(kept(&record.task_id.as_ref().unwrap().0));
                cells.extend(["done", "fast"].map(str::to_owned));
                cells.push(kept(&record.task.prompt));
                cells.push(kept(record.reason.as_ref().unwrap()));
                cells.push(kept(record.pictures.grid.as_ref().unwrap()));
                cells.extend((0..6).map(|n| kept(record.pictures.images.get(n).map_or("", String::as_str))));
                cells.extend(["1", "1.5", "2026-03-01T09:00:00Z", "2026-03-01T09:01:02Z"].map(str::to_owned));
                prop_assert_eq!(row.iter().collect::<Vec<_>>(), cells);
            }
        }
    }
}
