//! Tables as people and spreadsheets leave them.

use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::manifest::{RowUnit, TableFormat};
use crate::output::tests::{done, layout, record};
use crate::output::{Layout, write};
use crate::task::{AddedCell, KeptCells, Record, TaskRow, TypedDecision};

const RESULTS: &str = "id,sku,action,pick,task_id,status,mode,prompt,reason,grid,image_1,image_2,image_3,image_4,attempts,quota,submitted_at,finished_at";

fn read_as(name: &str, bytes: impl AsRef<[u8]>) -> Result<ReturnedTable, Problems> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    read_back(&path)
}

/// Results of one task, with this ref, and what a person wrote beside it.
fn results(row_ref: &str) -> String {
    format!(
        "{RESULTS},ref,comment\na,S-1,redo,,job-1,done,fast,\"a mug\",,,,,,,1,,,,{row_ref},\"for Ann, \"\n"
    )
}

fn origin(name: &str, text: &str) -> TableOrigin {
    read_as(name, text).unwrap().origin
}

#[test]
fn a_table_is_known_by_its_refs_whatever_was_done_to_it() {
    let table = read_as("spring.results.csv", results("kqzmwtpa-t12-a1")).unwrap();
    assert_eq!(
        (table.origin, table.columns.as_slice()),
        (TableOrigin::WithRefs, &["sku".to_owned(), "comment".to_owned()][..])
    );
    let row = &table.rows[0];
    assert_eq!((row.line, row.row_ref.clone()), (2, "kqzmwtpa-t12-a1".parse().ok()));
    assert_eq!((row.id.as_str(), row.prompt.as_str(), row.action.as_str()), ("a", "a mug", "redo"));
    assert_eq!((row.task_id.as_str(), row.status.as_str()), ("job-1", "done"));
    let added =
        [("sku", "S-1"), ("comment", "for Ann, ")].map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(row.added, added);

    for text in [
        results("kqzmwtpa-t12-a1").replace(',', ";").replace("Ann; ", "Ann, "),
        results("kqzmwtpa-t12-a1").replace(',', "\t").replace("Ann\t ", "Ann, "),
        format!("sep=,\r\n{}", results("kqzmwtpa-t12-a1").replace('\n', "\r\n")),
        format!("\u{feff}{}", results("kqzmwtpa-t12-a1")),
    ] {
        assert_eq!(read_as("a.csv", &text).unwrap().rows, table.rows, "{text}");
        let wide: Vec<u8> =
            [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        if !text.starts_with('\u{feff}') {
            assert_eq!(read_as("a.txt", wide).unwrap().rows, table.rows, "{text}");
        }
    }
}

#[test]
fn a_persons_table_is_none_of_ours_and_results_without_refs_are_recognized() {
    assert_eq!(origin("a.csv", &results("")), TableOrigin::WithoutRefs);
    assert_eq!(origin("a.csv", &results("R-77")), TableOrigin::WithoutRefs);
    assert_eq!(origin("a.csv", &results("").replace(",ref", "")), TableOrigin::WithoutRefs);
    assert_eq!(origin("a.csv", "id,prompt,ref\na,a mug,R-77\n"), TableOrigin::Foreign);
    assert_eq!(origin("a.csv", "id,prompt\na,a mug\n"), TableOrigin::Foreign);
    assert_eq!(origin("a.csv", "Handle,Title,Image Src\nmug,Mug,https://cdn/1.png\n"), TableOrigin::Foreign);
    assert_eq!(origin("a.csv", ""), TableOrigin::Foreign);
    // Columns may be removed as long as the refs are there: it is never a manifest.
    assert_eq!(origin("a.csv", "id,prompt,ref\na,a mug,kqzmwtpa-t12-a1\n"), TableOrigin::WithRefs);
    assert!(!read_as("a.csv", "id,action,ref\na,redo,kqzmwtpa-t12-a1\n").unwrap().has_prompts);
}

#[test]
fn cells_without_a_name_and_names_that_are_taken_are_kept_under_others() {
    let text = format!(
        "{RESULTS},status,,Comment,comment,ref,\na,S-1,,,,done,,a mug,,,,,,,1,,,,s,x,one,two,kqzmwtpa-t12-a1,y,z\n"
    );
    let table = read_as("a.csv", &text).unwrap();
    let names: Vec<&str> = table.rows[0].added.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["sku", "status_2", "note", "Comment", "comment_2", "note_2", "note_3"]);
    assert_eq!(table.columns, ["sku", "status_2", "Comment", "comment_2"]);
    assert_eq!(table.rows[0].status, "done");
}

#[test]
fn what_is_no_whole_table_is_reported_with_its_row() {
    let problem = |name: &str, text: &str| {
        let text = read_as(name, text).unwrap_err().to_string();
        let start = text.rfind("--> ").map_or(0, |at| at + 4);
        let path = text[start..].lines().next().unwrap().rsplit(['/', '\\']).next().unwrap().to_owned();
        (text.lines().next().unwrap().to_owned(), path)
    };
    let open = results("kqzmwtpa-t12-a1") + "\nb,\"S-2\n";
    assert_eq!(problem("a.csv", &open), ("error: a quote that is never closed".into(), "a.csv:4:1".into()));
    assert_eq!(problem("a.jsonl", "{\"id\":\"a\"}\n[]\n").1, "a.jsonl:2:1");
    assert!(read_back(Path::new("/no/such/file.csv")).unwrap_err().to_string().contains("cannot be read"));
    assert!(read_as("a.csv", b"id,prompt,ref\na,caf\xe9,\n").unwrap_err().to_string().contains("not UTF-8"));
    assert!(read_as("a.xlsx", "PK\u{3}\u{4}garbage").is_err());
}

#[test]
fn json_lines_have_what_is_not_the_programs_beside_or_within() {
    let text = "{\"id\":\"a\",\"status\":\"done\",\"mode\":\"fast\",\"prompt\":\"a mug\",\"vars\":{\"sku\":\"S-1\",\"w\":\"\"},\"task_id\":null,\"images\":[],\"attempts\":1,\"added\":{\"comment\":\"x\"},\"stars\":5,\"action\":\"redo\",\"pick\":[1,3],\"ref\":\"kqzmwtpa-t1-a0\"}\n\n";
    let table = read_as("a.jsonl", text).unwrap();
    assert_eq!((table.origin, table.rows.len()), (TableOrigin::WithRefs, 1));
    assert_eq!(table.columns, ["sku", "w", "comment", "stars"]);
    let row = &table.rows[0];
    assert_eq!(row.picks(), Ok(Some(vec![1, 3])));
    let added = [("sku", "S-1"), ("comment", "x"), ("stars", "5")]
        .map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!((row.added.as_slice(), row.task_id.as_str()), (&added[..], ""));
    assert_eq!(origin("a.jsonl", "{\"prompt\":\"a mug\"}\n"), TableOrigin::Foreign);
}

#[cfg(feature = "xlsx")]
#[test]
fn a_spreadsheet_has_numbers_dates_and_sheets_of_its_own() {
    use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
    let mut book = Workbook::new();
    for sheet in 0..2 {
        let sheet_of = book.add_worksheet();
        for (column, name) in
            ["id", "status", "prompt", "pick", "when", "ok", "stars", "ref"].iter().enumerate()
        {
            sheet_of.write_string(0, column as u16, *name).unwrap();
        }
        sheet_of.write_string(2, 0, "a").unwrap();
        sheet_of.write_number(2, 3, 2.0).unwrap();
        let date = ExcelDateTime::from_ymd(2026, 3, 1).unwrap();
        sheet_of
            .write_datetime_with_format(2, 4, &date, &Format::new().set_num_format("yyyy-mm-dd"))
            .unwrap();
        sheet_of.write_boolean(2, 5, true).unwrap();
        sheet_of.write_number(2, 6, 4.5).unwrap();
        sheet_of.write_string(2, 7, format!("kqzmwtpa-t{}-a1", sheet + 1)).unwrap();
    }
    book.add_worksheet().write_string(5, 5, "a pivot").unwrap();
    book.add_worksheet();
    let table = read_as("a.xlsx", book.save_to_buffer().unwrap()).unwrap();
    assert_eq!(
        (table.origin, table.foreign_sheets.as_slice()),
        (TableOrigin::WithRefs, &["Sheet3".to_owned()][..])
    );
    let lines: Vec<(usize, usize)> = table.rows.iter().map(|row| (row.sheet, row.line)).collect();
    assert_eq!(lines, [(0, 3), (1, 3)]);
    let added = [("when", "2026-03-01"), ("ok", "TRUE"), ("stars", "4.5")]
        .map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!((table.rows[0].added.as_slice(), table.rows[0].picks()), (&added[..], Ok(Some(vec![2]))));
    assert_eq!(table.rows[1].row_ref, "kqzmwtpa-t2-a1".parse().ok());
}

/// Text that a format may trip over. Each can hold it, but for NUL, and all but blanks in JSON.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,12}", "[\",;\r\n\t =@+'a-c漢\u{feff}-]{0,12}", any::<String>()]
        .prop_map(|text| text.replace('\0', "").trim().to_owned())
}

fn records() -> impl Strategy<Value = (Vec<String>, Vec<Record>)> {
    let typed = prop_oneof![Just(None), (0u32..3, "redo|skip|no idea", "|2|1 3|none").prop_map(Some)];
    let row = (
        hostile(),
        hostile(),
        prop::collection::vec(hostile(), 2),
        typed,
        prop::collection::vec(1u16..5, 0..3),
    );
    (prop::collection::vec("[a-z]{3,6}|=x y|@z", 2), prop::collection::vec(row, 1..5)).prop_map(
        |(names, rows)| {
            let names = vec![format!("{}1", names[0]), format!("{}2", names[1])];
            let records = rows.into_iter().enumerate().map(|(n, (id, prompt, cells, typed, mut picks))| {
                picks.sort_unstable();
                picks.dedup();
                let mut record = if n % 2 == 0 { done(&id, &[], 4) } else { record(&id, &[]) };
                record.row = TaskRow(n as i64 + 1);
                record.task.prompt = prompt;
                record.task.vars = vec![cells[0].clone()];
                record.picks = picks;
                let cell = AddedCell { column: names[1].clone(), image: None, text: cells[1].clone() };
                let decision = typed.map(|(attempts, action, pick)| TypedDecision {
                    row_ref: RowRef { attempts, ..record.row_ref("kqzmwtpa") },
                    status: None,
                    action,
                    pick,
                });
                let added = if cell.text.is_empty() { Vec::new() } else { vec![cell] };
                record.kept = KeptCells { added, decision };
                record
            });
            let records = records.collect();
            (names, records)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_is_written_in_any_format_is_read_back_equal((names, records) in records(), formula_guard in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let shape = TableFormat { formula_guard, ..TableFormat::default() };
        let layout = Layout { columns: &names[..1], added: &names[1..], ..layout(&shape) };
        let names_of = ["a.csv", "a.tsv", "a.jsonl", "a.xlsx"];
        for name in names_of.iter().filter(|name| cfg!(feature = "xlsx") || !name.ends_with("xlsx")) {
            let path = folder.path().join(name);
            write(&path, &layout, records.iter().cloned().map(Ok::<_, Infallible>)).unwrap();
            let table = read_back(&path).unwrap();
            prop_assert_eq!((table.origin, &table.columns), (TableOrigin::WithRefs, &names), "{}", name);
            prop_assert_eq!(table.rows.len(), records.len());
            for (row, record) in table.rows.iter().zip(&records) {
                let typed = record.kept.decision.clone();
                let row_ref = typed.as_ref().map_or_else(|| record.row_ref("kqzmwtpa"), |typed| typed.row_ref.clone());
                prop_assert_eq!(row.row_ref.as_ref(), Some(&row_ref));
                prop_assert_eq!((&row.id, &row.prompt), (&record.task.id.0, &record.task.prompt), "{}", name);
                prop_assert_eq!(&row.action, &typed.as_ref().map(|typed| typed.action.clone()).unwrap_or_default());
                let picks = match typed.map(|typed| typed.pick).filter(|pick| !pick.is_empty()) {
                    Some(typed) => picks(&typed, None),
                    None => Ok(Some(record.picks.clone()).filter(|picks| !picks.is_empty())),
                };
                prop_assert_eq!(row.picks(), picks);
                let status = record.state.shown(false).as_str();
                prop_assert_eq!(row.status.as_str(), status);
                prop_assert_eq!(row.task_id.clone(), record.task_id.as_ref().map(ToString::to_string).unwrap_or_default());
                let cells = [record.task.vars[0].clone(), record.kept.cell(&names[1], None)];
                let added: Vec<_> = names.iter().cloned().zip(cells).filter(|(_, cell)| !cell.is_empty()).collect();
                prop_assert_eq!(&row.added, &added, "{}", name);
            }
        }
    }
}

#[test]
fn a_row_per_image_has_the_picks_and_the_words_about_that_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let shape = TableFormat { rows: RowUnit::Image, ..TableFormat::default() };
    let (columns, added) = (["image".to_owned()], ["note".to_owned()]);
    let layout = Layout { columns: &columns, added: &added, ..layout(&shape) };
    let cell = AddedCell { column: "note".to_owned(), image: Some(2), text: "dark".to_owned() };
    let kept = KeptCells { added: vec![cell], decision: None };
    let picked = Record { picks: vec![1, 2], kept, ..done("mug", &["x"], 3) };
    write(&path, &layout, [Ok::<_, Infallible>(picked)]).unwrap();
    let table = read_back(&path).unwrap();
    let rows =
        table.rows.iter().map(|row| (row.image, row.picks().unwrap(), row.added.last().unwrap().1.as_str()));
    let expected = [(Some(1), Some(vec![1]), "x"), (Some(2), Some(vec![2]), "dark"), (Some(3), None, "x")];
    assert_eq!(rows.collect::<Vec<_>>(), expected);
    assert_eq!(table.columns, ["image", "note"]);
}

#[test]
fn columns_of_the_manifest_that_are_called_as_the_results_own_have_another_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let columns = ["Ref", "pick", "sku"].map(str::to_owned);
    let shape = TableFormat::default();
    let layout = Layout { columns: &columns, added: &["SKU".to_owned()], ..layout(&shape) };
    write(&path, &layout, [Ok::<_, Infallible>(record("mug", &["R-1", "P", "S-1"]))]).unwrap();
    assert_eq!(read_back(&path).unwrap().columns, ["manifest_Ref", "manifest_pick", "sku"]);
}
