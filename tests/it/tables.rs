//! Tables out and back: what people write into results stays there, and nothing is replaced that
//! is not results of the batch.

use std::collections::HashMap;
use std::path::Path;

use crate::support::{CommandOutput, ResultsFile, SandboxService, TestDir};

/// A batch of three tasks, done, with a column of its own.
fn done(service: &SandboxService) -> TestDir {
    let dir = TestDir::with_csv("id,prompt,sku\na,a mug,S-1\nb,a cup,S-2\nc,a jar,S-3\n");
    dir.run(&service.url()).expect_code(0);
    dir
}

/// Edits a table as a person does in a spreadsheet: sets cells by the ids of their rows; a column
/// that is not there is added at the end.
fn edit(path: &Path, cells: &[(&str, &str, &str)]) {
    let separator = if path.extension().is_some_and(|end| end == "tsv") { b'\t' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_path(path).unwrap();
    let mut header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let mut rows: Vec<Vec<String>> =
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    for (id, name, text) in cells {
        let column = header.iter().position(|other| other == name).unwrap_or_else(|| {
            header.push((*name).to_owned());
            rows.iter_mut().for_each(|row| row.push(String::new()));
            header.len() - 1
        });
        for row in rows.iter_mut().filter(|row| row[0] == *id) {
            row[column] = (*text).to_owned();
        }
    }
    let mut writer = csv::WriterBuilder::new().delimiter(separator).from_path(path).unwrap();
    writer.write_record(&header).unwrap();
    rows.iter().for_each(|row| writer.write_record(row).unwrap());
    writer.flush().unwrap();
}

/// The same with a column removed.
fn remove_column(path: &Path, name: &str) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let column = reader.headers().unwrap().iter().position(|other| other == name).unwrap();
    let mut rows = vec![reader.headers().unwrap().clone()];
    rows.extend(reader.records().map(Result::unwrap));
    let mut writer = csv::Writer::from_path(path).unwrap();
    for row in rows {
        writer
            .write_record(row.iter().enumerate().filter(|(n, _)| *n != column).map(|(_, cell)| cell))
            .unwrap();
    }
}

fn column(dir: &TestDir, name: &str) -> Vec<String> {
    dir.results().column(name).into_iter().map(str::to_owned).collect()
}

fn refused(ran: &CommandOutput, words: &str) {
    assert!(ran.stderr.contains(words) && ran.stderr.contains("nothing was submitted"), "{}", ran.stderr);
}

#[test]
fn what_a_colleague_writes_into_the_results_survives_a_run_of_the_manifest() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    let results = dir.path("spring.results.csv");
    edit(
        &results,
        &[("b", "comment", "too dark, \"really\""), ("c", "for", "Ann"), ("a", "comment", "fine")],
    );
    dir.write("spring.csv", "id,prompt,sku\na,a mug,S-1\nb,a cup,S-2\nc,a jar,S-3\nd,a bowl,S-4\n");
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.submits(), 4);
    assert_eq!(dir.results().header[..5], ["id", "sku", "comment", "for", "action"]);
    assert_eq!(column(&dir, "comment"), ["fine", "too dark, \"really\"", "", ""]);
    assert_eq!(column(&dir, "for"), ["", "", "Ann", ""]);

    // Sorted, and with a cell cleared: the cells go with their rows.
    let text = String::from_utf8(dir.read("spring.results.csv")).unwrap();
    let (header, rows) = text.split_once("\r\n").unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.reverse();
    dir.write("spring.results.csv", format!("{header}\r\n{}\r\n", rows.join("\r\n")));
    edit(&results, &[("a", "comment", "")]);
    dir.run(&service.url()).expect_code(0);
    assert_eq!(column(&dir, "comment"), ["", "too dark, \"really\"", "", ""]);

    // Removed, and written in another format: it is as the person left it.
    remove_column(&results, "comment");
    dir.mjbatch("results spring.csv --results spring.results.csv --results b.jsonl").expect_code(0);
    assert_eq!(dir.results().header[..4], ["id", "sku", "for", "action"]);
    let lines = String::from_utf8(dir.read("b.jsonl")).unwrap();
    assert!(lines.contains("\"added\":{\"for\":\"Ann\"}") && !lines.contains("too dark"), "{lines}");
}

#[test]
fn cells_without_a_heading_and_columns_that_are_called_as_others_are_kept() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    let text = String::from_utf8(dir.read("spring.results.csv")).unwrap();
    let noted: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(n, line)| format!("{line},{}", if n == 2 { "look!" } else { "" }))
        .collect();
    dir.write("spring.results.csv", noted.join("\r\n") + "\r\n");
    dir.mjbatch("results spring.csv").expect_code(0);
    assert_eq!(column(&dir, "note"), ["", "look!", ""]);
    // The manifest has a column of this name later: it is the manifest's.
    dir.write("spring.csv", "id,prompt,sku,Note\na,a mug,S-1,x\nb,a cup,S-2,y\nc,a jar,S-3,z\n");
    dir.run(&service.url()).expect_code(0);
    assert_eq!(column(&dir, "Note"), ["x", "y", "z"]);
    assert_eq!(service.submits(), 3);
    assert!(!dir.results().header.contains(&"note".to_owned()));
}

#[cfg(feature = "xlsx")]
#[test]
fn what_is_written_into_a_spreadsheet_survives_and_is_in_every_format() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    dir.mjbatch("results spring.csv --results a.xlsx").expect_code(0);
    let rows: Vec<Vec<String>> = {
        use calamine::Reader as _;
        let mut book: calamine::Xlsx<_> = calamine::open_workbook(dir.path("a.xlsx")).unwrap();
        let sheet = book.worksheet_range("results").unwrap();
        sheet.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
    };
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (n, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            sheet.write_string(n as u32, column as u16, cell).unwrap();
        }
    }
    let width = rows[0].len() as u16;
    sheet.write_string(0, width, "stars").unwrap();
    sheet.write_number(2, width, 4.5).unwrap();
    book.save(dir.path("a.xlsx")).unwrap();
    dir.mjbatch("results spring.csv --results a.xlsx --results b.tsv").expect_code(0);
    dir.run(&service.url()).expect_code(0);
    assert_eq!(column(&dir, "stars"), ["", "4.5", ""]);
    // A sheet of their own cannot be kept.
    book.add_worksheet().set_name("Totals").unwrap().write_number(0, 0, 7).unwrap();
    book.save(dir.path("a.xlsx")).unwrap();
    let ran = dir.mjbatch("results spring.csv --results a.xlsx").expect_code(2);
    assert!(ran.stderr.contains("its sheet `Totals` is not results"), "{}", ran.stderr);
    assert_eq!(service.submits(), 3);
}

#[test]
fn decisions_that_were_typed_are_kept_and_a_run_says_how_they_are_carried_out() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    let refs = column(&dir, "ref");
    edit(
        &dir.path("spring.results.csv"),
        &[("b", "action", "redo"), ("c", "pick", "1, 3"), ("c", "why", "crop")],
    );
    let ran = dir.run(&service.url()).expect_code(0);
    assert!(
        ran.stderr.contains("`spring.results.csv` has decisions about 2 tasks that were not carried out")
            && ran.stderr.contains("mjbatch run spring.results.csv"),
        "{}",
        ran.stderr
    );
    let ran = dir.mjbatch("plan spring.csv").expect_code(0);
    assert!(ran.stderr.contains("decisions about 2 tasks"), "{}", ran.stderr);
    dir.mjbatch("results spring.csv").expect_code(0);
    assert_eq!(column(&dir, "action"), ["", "redo", ""]);
    assert_eq!(column(&dir, "pick"), ["", "", "1 3"]);
    assert_eq!((column(&dir, "ref"), service.submits()), (refs.clone(), 3));

    // Paid for once more in another way: the ref stays that of the attempt that was seen, so that
    // it can be told that the redo was carried out, and then it is kept no longer.
    dir.write("spring.csv", "id,prompt,sku,action\na,a mug,S-1,\nb,a cup,S-2,redo\nc,a jar,S-3,\n");
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.submits(), 4);
    dir.mjbatch("results spring.csv").expect_code(0);
    assert_eq!(column(&dir, "action"), ["", "", ""]);
    assert_ne!(column(&dir, "ref")[1], refs[1]);
    // Taken back in the file: gone.
    edit(&dir.path("spring.results.csv"), &[("c", "pick", "")]);
    let ran = dir.run(&service.url()).expect_code(0);
    assert!(!ran.stderr.contains("decisions"), "{}", ran.stderr);
    assert_eq!(column(&dir, "pick"), [""; 3]);
    assert_eq!(column(&dir, "why"), ["", "", "crop"]);
}

#[test]
fn what_is_saved_while_a_run_goes_on_is_not_lost() {
    let service = SandboxService::with_job_time(1500.0..=1500.0, "");
    let dir = TestDir::with_csv("id,prompt\na,a mug\nb,a cup\n");
    let results = dir.path("spring.results.csv");
    dir.run(&service.url()).args("--limit 1").expect_code(10);
    let run = dir.run(&service.url()).args("--progress json").start();
    run.wait_for_stdout("\"event\":\"submitted\"");
    edit(&results, &[("a", "comment", "yes")]);
    dir.mjbatch("results spring.csv").expect_code(0);
    assert_eq!(column(&dir, "comment"), ["yes", ""]);
    edit(&results, &[("a", "to", "Ann"), ("b", "comment", "no")]);
    assert_eq!(run.wait().code, Some(0));
    // Whether it was saved before the last results were written, or after.
    dir.mjbatch("results spring.csv").expect_code(0);
    assert_eq!(column(&dir, "comment"), ["yes", "no"]);
    assert_eq!(column(&dir, "to"), ["Ann", ""]);
    assert_eq!((dir.results().count("done"), service.submits()), (2, 2));
}

#[test]
fn a_file_that_is_not_results_of_the_batch_is_never_replaced() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::empty();
    dir.write("products.csv", "sku\nS-1\nS-2\n");
    dir.write(
        "spring.yaml",
        "version: 1\nprompts: [{ id: \"{{ sku }}\", data: products.csv, prompt: \"a mug {{ sku }}\" }]\n",
    );
    dir.write("notes.csv", "who,what\nAnn,call\n");
    dir.write("other.csv", "id,prompt\na,a mug\n");
    dir.write("empty.csv", "");
    dir.run_of("other.csv", &service.url()).args("--results theirs.csv").expect_code(0);
    let before: HashMap<String, Vec<u8>> =
        ["notes.csv", "products.csv", "theirs.csv"].map(|name| (name.to_owned(), dir.read(name))).into();
    let run = |name: &str| dir.run_of("spring.yaml", &service.url()).args("--results").arg(name);
    for (name, why) in [
        ("notes.csv", "it is not results of this batch"),
        ("theirs.csv", "theirs.csv"),
        ("products.csv", "written over products.csv"),
        ("./products.csv", "written over"),
    ] {
        refused(&run(name).expect_code(2), why);
        assert_eq!(dir.read(name.trim_start_matches("./")), before[name.trim_start_matches("./")]);
    }
    refused(&run("products.csv").args("--overwrite").expect_code(2), "written over products.csv");
    assert_eq!(service.submits(), 1, "that of the other batch");

    run("empty.csv").expect_code(0);
    for name in ["notes.csv", "theirs.csv"] {
        let ran = dir.mjbatch("results spring.yaml --results").arg(name).expect_code(2);
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
        assert_eq!(dir.read(name), before[name]);
    }
    let ran = dir.mjbatch("plan spring.yaml").expect_code(0);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    for name in ["products.csv", "spring.yaml"] {
        dir.mjbatch("report spring.yaml --overwrite --out").arg(name).expect_code(2);
        let words = format!("results spring.yaml --columns results --overwrite --results {name}");
        dir.mjbatch(&words).expect_code(2);
    }
    dir.mjbatch("results spring.yaml --results notes.csv --results theirs.csv --overwrite").expect_code(0);
    assert_eq!(ResultsFile::read(&dir.path("theirs.csv")).count("done"), 2);
    assert_eq!(dir.read("products.csv"), before["products.csv"]);
    assert_eq!(service.submits(), 3);
}

#[test]
fn a_row_that_is_a_persons_own_is_never_lost() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    let text = String::from_utf8(dir.read("spring.results.csv")).unwrap();
    dir.write("spring.results.csv", format!("{text}Total,3 mugs\r\n"));
    refused(&dir.run(&service.url()).expect_code(2), "row 5 is not a task of this batch, and would be lost");
    let ran = dir.mjbatch("plan spring.csv").expect_code(0);
    assert!(ran.stderr.contains("a run would stop with exit code 2"), "{}", ran.stderr);
    dir.run(&service.url()).args("--overwrite").expect_code(0);
    assert_eq!(dir.results().rows.len(), 3);
    // A state that was restored from an older copy does not know what was made since.
    dir.write("older.mjbatch", dir.read("spring.mjbatch"));
    dir.write("spring.csv", "id,prompt,sku\na,a mug,S-1\nb,a cup,S-2\nc,a jar,S-3\nd,a bowl,S-4\n");
    dir.run(&service.url()).expect_code(0);
    dir.write("spring.mjbatch", dir.read("older.mjbatch"));
    refused(&dir.run(&service.url()).expect_code(2), "row 5 is about a job that the state does not know");
    assert_eq!(service.submits(), 4);
}

#[test]
fn columns_that_name_no_batch_are_known_by_what_was_written() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv("id,prompt,sku\na,a mug,S-1\nb,a cup,S-2\n");
    let run = || dir.run(&service.url()).args("--columns woocommerce --results shop.csv");
    run().expect_code(0);
    let before = dir.read("shop.csv");
    dir.write("spring.csv", "id,prompt,sku\na,a mug,S-1\nb,a cup,S-2\nc,a jar,S-3\n");
    run().expect_code(0);
    assert_ne!(dir.read("shop.csv"), before, "it is the program's own, and replaced");
    dir.mjbatch("results spring.csv --columns google --results shop.csv").expect_code(0);
    let text = String::from_utf8(dir.read("shop.csv")).unwrap();
    dir.write("shop.csv", text.replace("S-1", "S-1 (new)"));
    refused(&run().expect_code(2), "it was edited since it was written");
    run().args("--overwrite").expect_code(0);
    // What a program before this one wrote is not remembered, and known by its columns.
    let state = rusqlite::Connection::open(dir.path("spring.mjbatch")).unwrap();
    state.execute("DELETE FROM results_file", []).unwrap();
    drop(state);
    run().expect_code(0);
    assert_eq!(service.submits(), 3);
}

#[test]
fn results_of_the_version_before_are_the_batchs_own() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    for name in ["ref", "pick", "action"] {
        remove_column(&dir.path("spring.results.csv"), name);
    }
    edit(&dir.path("spring.results.csv"), &[("b", "comment", "keep"), ("c", "action", "redo")]);
    let ran = dir.run(&service.url()).expect_code(0);
    assert!(ran.stderr.contains("decisions about 1 task"), "{}", ran.stderr);
    assert_eq!(column(&dir, "comment"), ["", "keep", ""]);
    assert_eq!(column(&dir, "action"), ["", "", "redo"]);
    assert!(column(&dir, "ref")[2].ends_with("-t3-a1"));
    assert_eq!(service.submits(), 3);
}

#[test]
fn in_the_row_of_an_image_what_is_written_is_about_that_image() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv("id,prompt\na,a mug\n");
    let run = || dir.run(&service.url()).args("--rows image --results i.csv").expect_code(0);
    run();
    let rows = |name: &str| {
        let mut reader = csv::Reader::from_path(dir.path("i.csv")).unwrap();
        let column = reader.headers().unwrap().iter().position(|other| other == name).unwrap();
        reader.records().map(|row| row.unwrap()[column].to_owned()).collect::<Vec<_>>()
    };
    let text = String::from_utf8(dir.read("i.csv")).unwrap();
    let noted: Vec<String> = text
        .lines()
        .zip([",note", ",", ",dark", ",", ",crop"])
        .enumerate()
        .map(
            |(n, (line, more))| if n == 2 { line.replacen("a,,", "a,,x", 1) } else { line.to_owned() } + more,
        )
        .collect();
    dir.write("i.csv", noted.join("\r\n") + "\r\n");
    run();
    assert_eq!(rows("note"), ["", "dark", "", "crop"]);
    assert_eq!(rows("pick"), ["", "2", "", ""]);
    dir.mjbatch("results spring.csv").expect_code(0);
    assert_eq!(dir.results().column("note"), ["2: dark; 4: crop"]);
    dir.mjbatch("results spring.csv").expect_code(0);
    run();
    assert_eq!(rows("note"), ["", "dark", "", "crop"]);
    assert_eq!(service.submits(), 1);
}

#[test]
fn a_report_replaces_nothing_but_a_report() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    dir.write("page.html", "<p>ours</p>");
    let ran = dir.mjbatch("report spring.csv --out page.html").expect_code(2);
    assert!(ran.stderr.contains("which is no report"), "{}", ran.stderr);
    assert_eq!(dir.read("page.html"), b"<p>ours</p>");
    for _ in 0..2 {
        dir.mjbatch("report spring.csv").expect_code(0);
    }
    dir.mjbatch("report spring.csv --out page.html --overwrite").expect_code(0);
    dir.mjbatch("report spring.csv --out page.html").expect_code(0);
}

#[test]
fn check_and_plan_list_what_a_run_would_write() {
    let dir = TestDir::empty();
    dir.write(
        "spring.yaml",
        "version: 1\nbatch: { results: [a.csv, out/b.xlsx] }\noutput: { images: pics }\nprompts: [a mug]\n",
    );
    let expected = "writes: spring.mjbatch, a.csv, out/b.xlsx, pics\n";
    let ran = dir.mjbatch("check spring.yaml").expect_code(0);
    assert_eq!(ran.stdout, format!("spring.yaml: 1 task, no errors\n  {expected}"));
    std::fs::create_dir(dir.path("out")).unwrap();
    let ran = dir.mjbatch("plan spring.yaml").expect_code(0);
    assert!(ran.stdout.contains(expected), "{}", ran.stdout);
    for words in ["check spring.yaml --json", "plan spring.yaml --json"] {
        let ran = dir.mjbatch(words).expect_code(0);
        let object: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(object["writes"], serde_json::json!(["spring.mjbatch", "a.csv", "out/b.xlsx", "pics"]));
    }
    assert_eq!(dir.files(), ["out", "spring.yaml"], "and none of it is made");
}

#[test]
fn of_a_task_with_picks_only_those_go_to_shops_files_and_the_report() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    let state = rusqlite::Connection::open(dir.path("spring.mjbatch")).unwrap();
    state.execute("UPDATE state SET picks = '[1,3]' WHERE task = 2", []).unwrap();
    drop(state);
    dir.mjbatch("results spring.csv --columns shopify --results shop.csv --results a.jsonl").expect_code(0);
    let mut shop = csv::Reader::from_path(dir.path("shop.csv")).unwrap();
    let handles: Vec<String> = shop.records().map(|row| row.unwrap()[0].to_owned()).collect();
    assert_eq!(handles, ["s-1"; 4].into_iter().chain(["s-2"; 2]).chain(["s-3"; 4]).collect::<Vec<_>>());
    dir.mjbatch("download spring.csv --download pics").with_service(&service.url()).expect_code(0);
    let names = crate::support::file_names(&dir.path("pics"));
    assert_eq!(names[4..6], ["b-1.png", "b-3.png"]);
    assert_eq!(names.len(), 10);
    dir.mjbatch("report spring.csv").expect_code(0);
    let page = String::from_utf8(dir.read("spring.report.html")).unwrap();
    assert_eq!((page.matches("<img ").count(), page.matches("class=\"pic unpicked\"").count()), (12, 2));
    dir.mjbatch("results spring.csv").expect_code(0);
    assert_eq!(column(&dir, "pick"), ["", "1 3", ""]);
    assert_eq!(dir.results().rows[1].images().len(), 4, "the results have them all");
}
