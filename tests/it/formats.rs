//! The results in each format, read back by another library than the one that wrote them.

use calamine::{Data, Reader, Xlsx};
use serde_json::Value;

use crate::support::{ResultsFile, SandboxService, TestDir};

const NAMES: [&str; 4] = ["a.csv", "a.tsv", "a.jsonl", "a.xlsx"];

/// The run's results in all formats, of rows that try to be more than text.
fn test_dir(service: &SandboxService) -> TestDir {
    let dir = TestDir::with_csv(
        "id,prompt,sku\na,a mug,=1+1\nb,\"a \"\"cup\"\", é 漢字\",<b>\nc,a jar,\"two\nlines\"\n",
    );
    let run = NAMES.iter().fold(dir.run(&service.url()), |run, name| run.args("--results").arg(name));
    run.expect_code(0);
    dir
}

/// The cells of three columns, as each format's own reader has them.
fn read(dir: &TestDir, name: &str) -> Vec<[String; 3]> {
    let columns = ["id", "sku", "image_1"];
    let path = dir.path(name);
    let pick = |header: &[String], row: &[String]| {
        columns.map(|column| row[header.iter().position(|name| name == column).unwrap()].clone())
    };
    if name.ends_with(".jsonl") {
        let text = std::fs::read_to_string(path).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        return lines
            .map(|line| {
                [&line["id"], &line["vars"]["sku"], &line["images"][0]]
                    .map(|v| v.as_str().unwrap().to_owned())
            })
            .collect();
    }
    let mut rows: Vec<Vec<String>> = if name.ends_with(".xlsx") {
        let mut book: Xlsx<_> = calamine::open_workbook(path).unwrap();
        let sheet = book.worksheet_range("results").unwrap();
        assert!(sheet.rows().skip(1).flatten().any(|cell| matches!(cell, Data::DateTime(_))));
        sheet.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
    } else {
        let separator = if name.ends_with(".tsv") { b'\t' } else { b',' };
        let reader = csv::ReaderBuilder::new().has_headers(false).delimiter(separator).from_path(path);
        reader.unwrap().records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    };
    let header = rows.remove(0);
    rows.iter().map(|row| pick(&header, row)).collect()
}

#[test]
fn a_run_writes_several_formats_with_the_same_content() {
    let service = SandboxService::with_faults("");
    let dir = test_dir(&service);
    let expected = read(&dir, "a.csv");
    assert_eq!(expected.iter().map(|row| row[1].as_str()).collect::<Vec<_>>(), ["=1+1", "<b>", "two\nlines"]);
    for name in NAMES {
        assert_eq!(read(&dir, name), expected, "{name}");
    }
    assert!(!dir.files().contains(&"spring.results.csv".to_owned()), "only what was asked for");
}

#[test]
fn results_can_be_rewritten_in_any_format_and_nothing_is_submitted() {
    let service = SandboxService::with_faults("");
    let dir = test_dir(&service);
    let before = read(&dir, "a.csv");
    let ran = dir.mjbatch("results spring.csv --results b.jsonl --results b.xlsx").expect_code(0);
    assert_eq!(ran.stdout, "b.jsonl: 3 done\nb.xlsx: 3 done\n");
    assert_eq!((read(&dir, "b.jsonl"), read(&dir, "b.xlsx")), (before.clone(), before));
    assert_eq!(service.submits(), 3);
}

#[test]
fn an_unknown_format_and_a_repeated_name_are_errors_before_anything_is_submitted() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_tasks(1);
    for (words, said) in [
        ("--results a.xls", "its extension is not that of a format"),
        ("--results a.csv --results ./a.csv", "written over"),
        ("--results a.jsonl --results no/such/a.xlsx", "does not exist"),
    ] {
        let ran = dir.run(&service.url()).args(words).expect_code(2);
        assert!(ran.stderr.contains(said) && ran.stderr.contains("nothing was submitted"), "{}", ran.stderr);
    }
    assert_eq!(service.submits(), 0);
}

#[test]
fn a_sandbox_run_has_its_own_results_files_where_the_manifest_names_them() {
    let dir = TestDir::empty();
    dir.write(
        "m.yaml",
        "version: 1\nbatch: { results: [m.results.csv, m.jsonl, m.xlsx] }\nprompts: [a mug]\n",
    );
    dir.mjbatch("run m.yaml --sandbox --speed 3000 --poll-min 20ms --poll-max 100ms").expect_code(0);
    assert_eq!(ResultsFile::read(&dir.path("m.sandbox.results.csv")).count("done"), 1);
    for name in ["m.sandbox.jsonl", "m.sandbox.xlsx"] {
        assert!(dir.files().contains(&name.to_owned()), "{name}: {:?}", dir.files());
    }
}

/// A manifest of two products in three scenes, and what its output is to be.
fn shop(output: &str) -> TestDir {
    let dir = TestDir::empty();
    dir.write("products.csv", "sku,title,vendor\nMG-1,\"Mug, sage\",Kiln\nBW-7,Bowl,Kiln\n");
    let entry = "id: \"{{ sku }}\", data: products.csv, prompt: \"{{ title }} {{ scene }}\"";
    let text = format!(
        "version: 1\noutput: {output}\nprompts:\n  - {{ {entry}, matrix: {{ scene: [on oak, in the sun, on linen] }} }}\n"
    );
    dir.write("spring.yaml", text);
    dir
}

const SANDBOX_RUN: &str = "run spring.yaml --sandbox --speed 3000 --poll-min 20ms --poll-max 100ms";

fn table(dir: &TestDir, name: &str) -> Vec<Vec<String>> {
    let reader = csv::ReaderBuilder::new().has_headers(false).from_path(dir.path(name));
    reader.unwrap().records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn the_shopify_file_follows_the_rules_of_its_columns() {
    let dir = shop("{ columns: shopify }");
    let ran = dir.mjbatch(SANDBOX_RUN).args("--results shop.csv --results all.jsonl").expect_code(0);
    assert!(ran.stderr.contains("host them yourself"), "{}", ran.stderr);
    let rows = table(&dir, "shop.csv");
    assert_eq!(rows[0], ["Handle", "Title", "Vendor", "Image Src", "Image Position", "Image Alt Text"]);
    for (handle, title) in [("mg-1", "Mug, sage"), ("bw-7", "Bowl")] {
        let product: Vec<_> = rows[1..].iter().filter(|row| row[0] == handle).collect();
        assert_eq!(product.len(), 12, "three scenes of four images");
        for (n, row) in product.iter().enumerate() {
            let (own_title, own_vendor) = if n == 0 { (title, "Kiln") } else { ("", "") };
            assert_eq!((row[1].as_str(), row[2].as_str()), (own_title, own_vendor));
            assert_eq!((row[4].as_str(), row[5].as_str()), ((n + 1).to_string().as_str(), title));
            assert!(row[3].starts_with("http"), "{row:?}");
        }
    }
    let lines = dir.read("all.jsonl").iter().filter(|&&byte| byte == b'\n').count();
    assert_eq!(lines, 6, "JSON lines are one a task, whatever the tables are");
}

#[test]
fn other_columns_can_be_written_later_and_omitted_tasks_are_reported() {
    let dir = shop("{ columns: { Picture: \"{{ image }}\", Of: \"{{ title }} {{ n }}\" }, rows: image }");
    dir.mjbatch(SANDBOX_RUN).args("--limit 2").expect_code(10);
    let rows = table(&dir, "spring.sandbox.results.csv");
    assert_eq!(
        (rows.len(), &rows[0][..], rows[4][1].as_str()),
        (1 + 8 + 4, &["Picture".to_owned(), "Of".to_owned()][..], "Mug, sage 4")
    );
    let ran =
        dir.mjbatch("results spring.yaml --sandbox --results w.csv --columns woocommerce").expect_code(0);
    assert!(ran.stderr.contains("4 tasks without images are left out"), "{}", ran.stderr);
    assert_eq!(table(&dir, "w.csv").len(), 2);
    dir.mjbatch("results spring.yaml --sandbox --results r.csv --columns results --rows task").expect_code(0);
    assert_eq!(ResultsFile::read(&dir.path("r.csv")).count("done"), 2);
    dir.mjbatch("results spring.yaml --sandbox --columns amazon").expect_code(2);
}

#[test]
fn a_column_that_cannot_be_rendered_is_an_error_before_anything_is_submitted() {
    let dir = shop("{ columns: { Picture: \"{{ imag }}\" } }");
    let ran = dir.mjbatch(SANDBOX_RUN).expect_code(2);
    assert!(
        ran.stderr.contains("spring.yaml:2:") && ran.stderr.contains("did you mean `image`?"),
        "{}",
        ran.stderr
    );
    assert!(!dir.files().contains(&"spring.sandbox.mjbatch".to_owned()));
}

#[test]
fn guarded_results_contain_no_formulas_and_are_not_submitted_again() {
    let service = SandboxService::with_faults("");
    let table = "id,prompt,=sku\na,=a mug,@x\nb,'@home' on a door,-1\nc,+size fashion,'=y\n";
    let dir = TestDir::with_csv(table);
    dir.run(&service.url()).args("--formula-guard").expect_code(0);
    let guarded = ResultsFile::guarded(&dir.path("spring.results.csv"));
    let expected = [["'=a mug", "'@x"], ["''@home' on a door", "'-1"], ["'+size fashion", "''=y"]];
    assert_eq!(guarded.rows.iter().map(|row| [&row["prompt"], &row["'=sku"]]).collect::<Vec<_>>(), expected);
    let text = String::from_utf8(dir.read("spring.results.csv")).unwrap();

    // Read back, as themselves and as a copy: the prompts are the same, and nothing is new.
    dir.mjbatch("run spring.results.csv").with_service(&service.url()).expect_code(0);
    dir.write("picks.csv", text);
    dir.mjbatch("run picks.csv").with_service(&service.url()).expect_code(0);
    assert_eq!(service.submits(), 3);
    let results = dir.results();
    assert_eq!(results.column("prompt"), ["=a mug", "'@home' on a door", "+size fashion"]);
    assert_eq!((results.column("=sku"), results.count("done")), (vec!["@x", "-1", "'=y"], 3));
}
