//! Results as CSV: RFC 4180 (CRLF line ends), UTF-8, one row per task in the order of the records;
//! or as TSV, the same with tabs.
//!
//! The columns are those of the [`Layout`]; the default ones continue after `image_4` where a task
//! has more images. Times are RFC 3339 in UTC to the second; unknown values are empty.
//!
//! There is no byte order mark: the first column has to read back as `id` in every reader, and most
//! keep a mark as part of the name. Cells are written as they are, line breaks and leading `=`
//! included; quoting makes that safe for every reader of the format. The exceptions are NUL, which
//! becomes U+FFFD because some readers stop at it (Python's before 3.11 refuses the whole file),
//! and with `formula_guard` a quote before what a spreadsheet would run as a formula
//! ([`guard_formula`]), which a further column then says.

use std::borrow::Cow;
use std::io::{self, Write};

use ::csv::{Terminator, WriterBuilder};
use jiff::Timestamp;

use super::cell::TableCell;
use super::layout::{Layout, RowError, WriteStats};
use super::table;
use crate::manifest::{ColumnSet, GUARD_COLUMN, guard_formula};
use crate::task::Record;

/// Writes the rows with this separator between the cells.
pub(super) fn write<E>(
    out: impl Write,
    separator: u8,
    layout: &Layout<'_>,
    records: impl IntoIterator<Item = Result<Record, E>>,
) -> Result<WriteStats, RowError<E>> {
    let mut csv = WriterBuilder::new().terminator(Terminator::CRLF).delimiter(separator).from_writer(out);
    let is_guarded = layout.shape.formula_guard;
    // Only results are read back, and shops do not know the column.
    let has_guard_column = is_guarded && matches!(layout.shape.columns, ColumnSet::Results);
    let safe =
        |text: Cow<'_, str>| if is_guarded { guard_formula(&text).into_owned() } else { text.into_owned() };
    let mut header: Vec<String> =
        table::header(layout).iter().map(|name| safe(sanitize_cell(name))).collect();
    // Before the ref, which is the last column.
    let guard_column = has_guard_column.then(|| header.len() - 1);
    if let Some(column) = guard_column {
        header.insert(column, GUARD_COLUMN.to_owned());
    }
    csv.write_record(header).map_err(io_error)?;
    let wrote = table::rows(layout, records, |cells| {
        for (column, of) in cells.iter().enumerate() {
            if guard_column == Some(column) {
                csv.write_field("on").map_err(io_error)?;
            }
            let text = text(of);
            let text = if is_guarded { guard_formula(&text) } else { Cow::Borrowed(&*text) };
            csv.write_field(text.as_bytes()).map_err(io_error)?;
        }
        csv.write_record(None::<&[u8]>).map_err(io_error)
    })?;
    csv.flush()?;
    Ok(wrote)
}

/// Rows are made cell by cell and never ragged, so writing is all that can fail.
fn io_error(error: ::csv::Error) -> io::Error {
    match error.into_kind() {
        ::csv::ErrorKind::Io(cause) => cause,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn text<'c>(of: &'c TableCell<'_>) -> Cow<'c, str> {
    match of {
        TableCell::Empty => Cow::Borrowed(""),
        TableCell::Text(text) | TableCell::Link(text) => sanitize_cell(text),
        TableCell::Status(status) => Cow::Borrowed(status.as_str()),
        TableCell::Count(count) => Cow::Owned(count.to_string()),
        TableCell::Quota(quota) => Cow::Owned(quota.to_string()),
        TableCell::Time(at) => Cow::Owned(time(*at)),
    }
}

/// Replaces NUL, which some readers of CSV cannot read.
fn sanitize_cell(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// Formats a time as RFC 3339 in UTC, to the second.
pub(super) fn time(at: Timestamp) -> String {
    format!("{at:.0}")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::output::tests::{PLAIN, done, layout, record};
    use crate::output::write;
    use crate::task::{Images, State};

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&n| n.to_owned()).collect()
    }

    fn written(layout: &Layout<'_>, records: Vec<Record>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.csv");
        let rows = records.len() as u64;
        assert_eq!(write(&path, layout, records.into_iter().map(Ok::<_, Infallible>)).unwrap().rows, rows);
        String::from_utf8(fs::read(&path).unwrap()).unwrap()
    }

    #[test]
    fn a_row_holds_what_was_sent_and_what_came_of_it_in_the_order_of_the_records() {
        let columns = names(&["sku", "scene"]);
        let layout = Layout { columns: &columns, max_images: 4, run_lives: true, ..layout(&PLAIN) };
        let failed = Record {
            state: State::Failed,
            reason: Some("banned word: \"blood\"".to_owned()),
            attempts: 2,
            ..record("vase", &["B-2", "a shelf,\nwhite"])
        };
        let text = written(&layout, vec![done("mug", &["A-1", "beach"], 4), failed, record("lamp", &[])]);
        insta::assert_snapshot!(text.replace("\r\n", "␍␊\n"), @r#"
        id,sku,scene,action,pick,task_id,status,mode,prompt,reason,grid,image_1,image_2,image_3,image_4,attempts,quota,submitted_at,finished_at,ref␍␊
        mug,A-1,beach,,,T-mug,done,fast,"a mug, soft light --ar 16:9",,https://cdn/mug.png,https://cdn/mug_1.png,https://cdn/mug_2.png,https://cdn/mug_3.png,https://cdn/mug_4.png,1,1.5,2026-03-01T09:00:00Z,2026-03-01T09:01:02Z,kqzmwtpa-t12-a1␍␊
        vase,B-2,"a shelf,
        white",,,,failed,fast,"a vase, soft light --ar 16:9","banned word: ""blood""",,,,,,2,,,,kqzmwtpa-t12-a2␍␊
        lamp,,,,,,pending,fast,"a lamp, soft light --ar 16:9",,,,,,,0,,,,kqzmwtpa-t12-a0␍␊
        "#);
    }

    #[test]
    fn more_than_four_images_get_columns_after_the_fourth() {
        let layout = Layout { max_images: 6, run_lives: true, ..layout(&PLAIN) };
        let text = written(&layout, vec![done("mug", &[], 6), done("cup", &[], 1)]);
        insta::assert_snapshot!(text.replace("\r\n", "␍␊\n"), @r#"
        id,action,pick,task_id,status,mode,prompt,reason,grid,image_1,image_2,image_3,image_4,image_5,image_6,attempts,quota,submitted_at,finished_at,ref␍␊
        mug,,,T-mug,done,fast,"a mug, soft light --ar 16:9",,https://cdn/mug.png,https://cdn/mug_1.png,https://cdn/mug_2.png,https://cdn/mug_3.png,https://cdn/mug_4.png,https://cdn/mug_5.png,https://cdn/mug_6.png,1,1.5,2026-03-01T09:00:00Z,2026-03-01T09:01:02Z,kqzmwtpa-t12-a1␍␊
        cup,,,T-cup,done,fast,"a cup, soft light --ar 16:9",,https://cdn/cup.png,https://cdn/cup_1.png,,,,,,1,1.5,2026-03-01T09:00:00Z,2026-03-01T09:01:02Z,kqzmwtpa-t12-a1␍␊
        "#);
    }

    #[test]
    fn a_batch_without_tasks_has_a_header_alone_that_starts_with_id() {
        let text = written(&Layout { max_images: 0, run_lives: false, ..layout(&PLAIN) }, vec![]);
        insta::assert_snapshot!(text.replace("\r\n", "␍␊\n"), @"id,action,pick,task_id,status,mode,prompt,reason,grid,image_1,image_2,image_3,image_4,attempts,quota,submitted_at,finished_at,ref␍␊");
        assert!(text.starts_with("id,"), "a byte order mark would become part of the name");
    }

    #[test]
    fn a_submit_in_flight_is_running_or_unknown_as_its_run_lives_or_not() {
        for (run_lives, word) in [(true, ",running,"), (false, ",unknown,")] {
            let submitting = Record { state: State::Submitting, ..record("mug", &[]) };
            let text = written(&Layout { run_lives, ..layout(&PLAIN) }, vec![submitting]);
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn the_old_file_stays_when_the_records_end_in_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.csv");
        fs::write(&path, "old").unwrap();
        let layout = Layout { max_images: 0, run_lives: false, ..layout(&PLAIN) };
        let error = write(&path, &layout, [Ok(record("mug", &[])), Err("disk I/O error")]).unwrap_err();
        insta::assert_snapshot!(error, @"the results cannot be written, because the state could not be read: disk I/O error");
        let error = write(&path, &layout, [Ok::<_, Infallible>(done("mug", &[], 5))]).unwrap_err();
        insta::assert_snapshot!(error, @"the results cannot be written: `mug` has 5 images and there are columns for 4");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    }

    #[test]
    fn nul_is_the_one_character_that_is_not_kept() {
        let layout = Layout { max_images: 0, run_lives: false, ..layout(&PLAIN) };
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
        fn any_text_reads_back_equal(
            columns in prop::collection::vec(hostile(), 0..3),
            rows in prop::collection::vec(
                (hostile(), hostile(), hostile(), prop::collection::vec(hostile(), 0..7), prop::collection::vec(hostile(), 3)),
                0..4,
            ),
        ) {
            let layout = Layout { columns: &columns, max_images: 6, run_lives: true, ..layout(&PLAIN) };
            let records: Vec<Record> = rows
                .iter()
                .map(|(id, prompt, reason, images, vars)| {
                    let mut record = done(id, &[], 0);
                    record.task.prompt.clone_from(prompt);
                    record.reason = Some(reason.clone());
                    record.images = Images { grid: Some(prompt.clone()), urls: images.clone() };
                    record.task.vars = vars[..columns.len()].to_vec();
                    record
                })
                .collect();
            let mut out = Vec::new();
            let counted = super::write(&mut out, b',', &layout, records.iter().cloned().map(Ok::<_, Infallible>));
            prop_assert!(matches!(counted, Ok(wrote) if wrote.rows == records.len() as u64));

            let mut reader = ::csv::Reader::from_reader(out.as_slice());
            let kept = |text: &str| text.replace('\0', "\u{fffd}");
            let expected: Vec<String> = table::header(&layout).iter().map(|name| kept(name)).collect();
            prop_assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), expected);
            let read: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            prop_assert_eq!(read.len(), records.len());
            for (row, record) in read.iter().zip(&records) {
                let mut cells = vec![kept(&record.task.id.0)];
                cells.extend(record.task.vars.iter().map(|var| kept(var)));
                cells.extend(["", ""].map(str::to_owned));
                cells.push(kept(&record.task_id.as_ref().unwrap().0));
                cells.extend(["done", "fast"].map(str::to_owned));
                cells.push(kept(&record.task.prompt));
                cells.push(kept(record.reason.as_ref().unwrap()));
                cells.push(kept(record.images.grid.as_ref().unwrap()));
                cells.extend((0..6).map(|n| kept(record.images.urls.get(n).map_or("", String::as_str))));
                cells.extend(["1", "1.5", "2026-03-01T09:00:00Z", "2026-03-01T09:01:02Z", "kqzmwtpa-t12-a1"].map(str::to_owned));
                prop_assert_eq!(row.iter().collect::<Vec<_>>(), cells);
            }
        }
    }
}
