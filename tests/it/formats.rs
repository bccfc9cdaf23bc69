//! The results in each format, read back by another library than the one that wrote them.

use calamine::{Data, Reader, Xlsx};
use serde_json::Value;

use crate::support::{Desk, Results, Service};

const NAMES: [&str; 4] = ["a.csv", "a.tsv", "a.jsonl", "a.xlsx"];

/// The run's results in all formats, of rows that try to be more than text.
fn desk(service: &Service) -> Desk {
    let desk =
        Desk::with("id,prompt,sku\na,a mug,=1+1\nb,\"a \"\"cup\"\", é 漢字\",<b>\nc,a jar,\"two\nlines\"\n");
    let run = NAMES.iter().fold(desk.run(&service.url()), |run, name| run.and("--results").arg(name));
    run.ends_with(0);
    desk
}

/// The cells of three columns, as each format's own reader has them.
fn read(desk: &Desk, name: &str) -> Vec<[String; 3]> {
    let columns = ["id", "sku", "image_1"];
    let path = desk.path(name);
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
fn a_run_writes_several_formats_at_once_and_all_say_the_same() {
    let service = Service::with("");
    let desk = desk(&service);
    let expected = read(&desk, "a.csv");
    assert_eq!(expected.iter().map(|row| row[1].as_str()).collect::<Vec<_>>(), ["=1+1", "<b>", "two\nlines"]);
    for name in NAMES {
        assert_eq!(read(&desk, name), expected, "{name}");
    }
    assert!(!desk.files().contains(&"spring.results.csv".to_owned()), "only what was asked for");
}

#[test]
fn the_results_are_written_again_in_any_format_and_nothing_is_submitted() {
    let service = Service::with("");
    let desk = desk(&service);
    let before = read(&desk, "a.csv");
    let ran = desk.mjbatch("results spring.csv --results b.jsonl --results b.xlsx").ends_with(0);
    assert_eq!(ran.stdout, "b.jsonl: 3 done\nb.xlsx: 3 done\n");
    assert_eq!((read(&desk, "b.jsonl"), read(&desk, "b.xlsx")), (before.clone(), before));
    assert_eq!(service.submits(), 3);
}

#[test]
fn a_name_of_no_format_and_one_that_is_there_twice_are_refused_before_anything_is_spent() {
    let service = Service::with("");
    let desk = Desk::of(1);
    for (words, said) in [
        ("--results a.xls", "its ending is that of no format"),
        ("--results a.csv --results ./a.csv", "written over"),
        ("--results a.jsonl --results no/such/a.xlsx", "does not exist"),
    ] {
        let ran = desk.run(&service.url()).and(words).ends_with(2);
        assert!(ran.stderr.contains(said) && ran.stderr.contains("nothing was submitted"), "{}", ran.stderr);
    }
    assert_eq!(service.submits(), 0);
}

#[test]
fn the_manifest_names_its_files_and_a_rehearsals_are_its_own() {
    let desk = Desk::bare();
    desk.write(
        "m.yaml",
        "version: 1\nbatch: { results: [m.results.csv, m.jsonl, m.xlsx] }\nprompts: [a mug]\n",
    );
    desk.mjbatch("run m.yaml --sandbox --speed 3000 --poll-min 20ms --poll-max 100ms").ends_with(0);
    assert_eq!(Results::read(&desk.path("m.sandbox.results.csv")).count("done"), 1);
    for name in ["m.sandbox.jsonl", "m.sandbox.xlsx"] {
        assert!(desk.files().contains(&name.to_owned()), "{name}: {:?}", desk.files());
    }
}
