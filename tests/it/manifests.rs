//! Every manifest that comes with the program runs to its end on the sandbox.

use std::path::Path;

use crate::support::{ResultsFile, TestDir};

#[test]
fn every_bundled_manifest_completes_in_the_sandbox() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests");
    let names = files_of(&folder);
    let texts: Vec<String> =
        names.iter().map(|name| std::fs::read_to_string(folder.join(name)).unwrap()).collect();
    // A file that another manifest reads its rows from is not one itself.
    let is_data = |name: &str| texts.iter().any(|text| text.contains(&format!("data: {name}")));
    let mut ran = 0;
    for name in names.iter().filter(|name| !is_data(name)) {
        let dir = TestDir::empty();
        for name in &names {
            dir.write(name, std::fs::read(folder.join(name)).unwrap());
        }
        let words = "--sandbox --speed 3000 --poll-min 20ms --poll-max 100ms";
        let first = dir.mjbatch(&format!("run {name} {words}")).expect_code(0);
        assert!(!first.stderr.contains("warning"), "{name}: {}", first.stderr);
        let results = ResultsFile::read(&dir.path(&with_ending(name, "sandbox.results.csv")));
        assert!(!results.rows.is_empty() && results.count("done") == results.rows.len(), "{name}");
        assert!(results.rows.iter().all(|row| row.images().len() == 4), "{name}");
        dir.mjbatch(&format!("run {name} {words}")).expect_code(0);
        ran += 1;
    }
    assert!(ran >= 4, "only {ran} manifests");
}

fn files_of(folder: &Path) -> Vec<String> {
    let ours = ["yaml", "yml", "csv", "tsv"];
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        // What a run of a manifest in its place leaves beside it.
        .filter(|path| !path.to_string_lossy().ends_with(".results.csv"))
        .filter(|path| {
            path.extension().is_some_and(|end| ours.iter().any(|our| end.eq_ignore_ascii_case(our)))
        })
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn with_ending(name: &str, ending: &str) -> String {
    Path::new(name).with_extension(ending).to_string_lossy().into_owned()
}

#[test]
fn the_shop_manifest_makes_the_files_that_its_comment_names() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests");
    let dir = TestDir::empty();
    for name in ["shop.yaml", "shop-products.csv"] {
        dir.write(name, std::fs::read(folder.join(name)).unwrap());
    }
    let words = "run shop.yaml --sandbox --speed 3000 --poll-min 20ms --poll-max 100ms";
    dir.mjbatch(words)
        .args("--results a.csv --results a.tsv --results a.jsonl --results a.xlsx")
        .expect_code(0);
    for (file, set, rows, first) in [
        ("shopify.csv", "shopify", 24, "stoneware-mug-sage"),
        ("woo.csv", "woocommerce", 3, "MG-0142"),
        ("feed.tsv", "google", 3, "MG-0142"),
    ] {
        let again = format!("results shop.yaml --sandbox --results {file} --columns {set}");
        dir.mjbatch(&again).expect_code(0);
        let separator = if file.ends_with(".tsv") { b'\t' } else { b',' };
        let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_path(dir.path(file)).unwrap();
        let read: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!((read.len(), &read[0][0]), (rows, first), "{file}");
    }
}
