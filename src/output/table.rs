//! The rows of the formats that have rows: which value is in which column, before a format decides
//! how it is written.

use std::io;

use super::cell::TableCell;
use super::decision;
use super::layout::{Layout, ResultsError, RowError, WriteStats};
use super::own_columns::is_own;
use super::shop::{self, Products};
use crate::manifest::{ColumnSet, CustomColumns, RowContext, RowUnit};
use crate::task::Record;

/// The least number of image columns.
const LEAST_IMAGES: usize = 4;

/// The names of the columns, in order.
pub(super) fn header(layout: &Layout<'_>) -> Vec<String> {
    match &layout.shape.columns {
        ColumnSet::Results => own_header(layout),
        ColumnSet::Shop(shop) => shop::header(*shop, layout.columns),
        ColumnSet::Custom(pattern) => pattern.names().map(str::to_owned).collect(),
    }
}

fn own_header(layout: &Layout<'_>) -> Vec<String> {
    let mut names = vec!["id".to_owned()];
    names.extend(shown_columns(layout.columns));
    names.extend(added_columns(layout).map(str::to_owned));
    names.extend(
        ["action", "pick", "task_id", "status", "mode", "prompt", "reason", "grid"].map(str::to_owned),
    );
    match layout.shape.rows {
        RowUnit::Task => names.extend((1..=image_columns(layout)).map(|n| format!("image_{n}"))),
        RowUnit::Image => names.extend(["n", "image"].map(str::to_owned)),
    }
    names.extend(["attempts", "quota", "submitted_at", "finished_at", "ref"].map(str::to_owned));
    names
}

/// The names that the manifest's own columns have in the results: some are the results' own.
pub fn shown_columns(columns: &[String]) -> impl Iterator<Item = String> + '_ {
    let name = |name: &String| if is_own(name) { format!("manifest_{name}") } else { name.clone() };
    columns.iter().map(name)
}

/// The columns that a person added, without those whose names the manifest's own have by now.
fn added_columns<'a>(layout: &Layout<'a>) -> impl Iterator<Item = &'a str> {
    let columns = layout.columns;
    let is_free =
        move |added: &&String| !shown_columns(columns).any(|own| own.to_lowercase() == added.to_lowercase());
    layout.added.iter().filter(is_free).map(String::as_str)
}

/// Writes the rows one by one, each with as many cells as there are columns.
pub(super) fn rows<E>(
    layout: &Layout<'_>,
    records: impl IntoIterator<Item = Result<Record, E>>,
    mut write: impl FnMut(&[TableCell<'_>]) -> io::Result<()>,
) -> Result<WriteStats, RowError<E>> {
    let records = records.into_iter().map(|record| record.map_err(|e| RowError::Of(ResultsError::Record(e))));
    if let ColumnSet::Shop(shop) = layout.shape.columns {
        let mut products = Products::of(shop, layout.columns);
        for record in records {
            products.add(record?);
        }
        return Ok(products.rows(write)?);
    }
    let mut wrote = WriteStats::default();
    for record in records {
        let record = record?;
        let (images, columns) = (record.images.urls.len(), image_columns(layout));
        if images > columns {
            return Err(RowError::Of(ResultsError::Columns { id: record.task.id, images, columns }));
        }
        let rows = match layout.shape.rows {
            RowUnit::Task => 1,
            RowUnit::Image => images.max(1),
        };
        for image in 0..rows {
            match &layout.shape.columns {
                ColumnSet::Custom(pattern) => write(&filled(pattern, layout, &record, image)?)?,
                _ => write(&row(layout, &record, image))?,
            }
            wrote.rows += 1;
        }
    }
    Ok(wrote)
}

fn image_columns(layout: &Layout<'_>) -> usize {
    layout.max_images.max(LEAST_IMAGES)
}

/// A row of custom columns. URLs of images become links where the format has links.
fn filled<E>(
    pattern: &CustomColumns,
    layout: &Layout<'_>,
    record: &Record,
    image: usize,
) -> Result<Vec<TableCell<'static>>, RowError<E>> {
    let status = record.state.shown(layout.run_lives);
    let subject =
        RowContext { record, status, batch: layout.batch, letters: layout.letters, image_index: image };
    let texts = pattern.fill(layout.columns, &subject).map_err(|why| {
        let id = record.task.id.clone();
        RowError::Of(ResultsError::Column { id, why })
    })?;
    let is_address = |text: &str| record.images.urls.iter().any(|image| image == text);
    let cells = texts.into_iter().map(|text| match is_address(&text) {
        true => TableCell::Link(text.into()),
        false => TableCell::Text(text.into()),
    });
    Ok(cells.collect())
}

fn row<'r>(layout: &Layout<'_>, record: &'r Record, n: usize) -> Vec<TableCell<'r>> {
    let task = &record.task;
    let mut cells = vec![TableCell::text(&task.id.0)];
    let var = |n: usize| TableCell::text(task.vars.get(n).map_or("", String::as_str));
    cells.extend((0..layout.columns.len()).map(var));
    let of_image = match layout.shape.rows {
        RowUnit::Task => None,
        RowUnit::Image => u16::try_from(n + 1).ok(),
    };
    cells.extend(added_columns(layout).map(|name| TableCell::Text(record.kept.cell(name, of_image).into())));
    cells.push(TableCell::text(if n == 0 { decision::action(record) } else { "" }));
    cells.push(TableCell::Text(decision::pick(record, of_image).into()));
    cells.push(record.task_id.as_ref().map_or(TableCell::Empty, |task_id| TableCell::text(&task_id.0)));
    cells.push(TableCell::Status(record.state.shown(layout.run_lives)));
    cells.push(TableCell::text(record.mode().as_str()));
    cells.push(TableCell::text(&task.prompt));
    cells.push(record.reason.as_deref().map_or(TableCell::Empty, TableCell::text));
    cells.push(TableCell::link(record.images.grid.as_ref()));
    let image = |n: usize| TableCell::link(record.images.urls.get(n));
    match layout.shape.rows {
        RowUnit::Task => cells.extend((0..image_columns(layout)).map(image)),
        RowUnit::Image if record.images.urls.is_empty() => cells.extend([TableCell::Empty, TableCell::Empty]),
        RowUnit::Image => cells.extend([TableCell::Count(n as u64 + 1), image(n)]),
    }
    cells.push(TableCell::Count(record.attempts.into()));
    cells.push(record.quota.map_or(TableCell::Empty, TableCell::Quota));
    cells.extend(
        [record.submitted_at, record.finished_at].map(|at| at.map_or(TableCell::Empty, TableCell::Time)),
    );
    cells.push(
        decision::row_ref(record, layout.letters)
            .map_or(TableCell::Empty, |it| TableCell::Text(it.to_string().into())),
    );
    cells
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::path::Path;

    use super::*;
    use crate::manifest::{self, TableFormat};
    use crate::output::csv;
    use crate::output::tests::{done, layout, record};

    fn written(shape: &TableFormat, records: Vec<Record>) -> String {
        let columns = ["sku".to_owned(), "image".to_owned()];
        let layout = Layout { columns: &columns, batch: "Spring", ..layout(shape) };
        let mut out = Vec::new();
        let Ok(_) = csv::write(&mut out, b',', &layout, records.into_iter().map(Ok::<_, Infallible>)) else {
            panic!()
        };
        String::from_utf8(out).unwrap().replace("\r\n", "\n")
    }

    fn shape(output: &str) -> TableFormat {
        let text =
            format!("version: 1\noutput: {output}\nprompts: [{{prompt: a, vars: {{sku: A, image: x}}}}]");
        manifest::parse(Path::new("m.yaml"), text.as_bytes()).unwrap_or_else(|e| panic!("{e}")).output
    }

    #[test]
    fn a_row_may_be_an_image_and_a_task_without_one_has_a_row_too() {
        let records = vec![done("mug", &["A", "x"], 2), record("lamp", &["", ""])];
        insta::assert_snapshot!(written(&shape("{ rows: image }"), records), @r#"
        id,sku,image,action,pick,task_id,status,mode,prompt,reason,grid,n,image,attempts,quota,submitted_at,finished_at,ref
        mug,A,x,,,T-mug,done,fast,"a mug, soft light --ar 16:9",,https://cdn/mug.png,1,https://cdn/mug_1.png,1,1.5,2026-03-01T09:00:00Z,2026-03-01T09:01:02Z,kqzmwtpa-t12-a1
        mug,A,x,,,T-mug,done,fast,"a mug, soft light --ar 16:9",,https://cdn/mug.png,2,https://cdn/mug_2.png,1,1.5,2026-03-01T09:00:00Z,2026-03-01T09:01:02Z,kqzmwtpa-t12-a1
        lamp,,,,,,pending,fast,"a lamp, soft light --ar 16:9",,,,,0,,,,kqzmwtpa-t12-a0
        "#);
    }

    #[test]
    fn custom_columns_keep_their_order_and_use_what_is_known() {
        let own = shape(
            r#"{ rows: image, columns: { "Image Src": "{{ image }}", "Nr": "{{ n }}{% if n > 1 %}!{% endif %}",
            who: "{{ sku | lower }}/{{ id }} of {{ batch }}", all: "{{ images | join(' ') }}", own: "{{ vars.image }}",
            what: "{{ status }} {{ mode }} {{ attempts + 1 }} {{ quota }} {{ finished_at[:10] }} {{ image_4 }}", fixed: 007 } }"#,
        );
        insta::assert_snapshot!(written(&own, vec![done("mug", &["A", "x"], 2), record("lamp", &["B", ""])]), @r"
        Image Src,Nr,who,all,own,what,fixed
        https://cdn/mug_1.png,1,a/mug of Spring,https://cdn/mug_1.png https://cdn/mug_2.png,x,done fast 2 1.5 2026-03-01 ,007
        https://cdn/mug_2.png,2!,a/mug of Spring,https://cdn/mug_1.png https://cdn/mug_2.png,x,done fast 2 1.5 2026-03-01 ,007
        ,1,b/lamp of Spring,,,pending fast 1   ,007
        ");
    }

    #[test]
    fn the_value_of_a_variable_is_never_a_template() {
        let own = shape("{ columns: { sku: '{{ sku }}' } }");
        let text = written(&own, vec![record("a", &["{{ prompt }}{% raw %}<b>", ""])]);
        assert_eq!(text, "sku\n{{ prompt }}{% raw %}<b>\n");
    }
}
