//! Files: those that cannot be read, and those of the repository.

use super::*;

fn refused(path: &Path, folder: &Path) -> String {
    let problems = read(path, Options::default()).expect_err("it is refused");
    Renderer::plain().all(&problems).replace(&folder.display().to_string(), "DIR")
}

#[test]
fn a_file_that_is_not_there_is_told_with_the_close_one_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("spring.yaml"), "").unwrap();
    std::fs::write(path("sprung.txt"), "").unwrap();
    insta::assert_snapshot!(refused(&path("sprng.yaml"), folder.path()).replace('\\', "/"), @r"
    error: there is no file `DIR/sprng.yaml`
     |
     = note: nothing was submitted
     = help: did you mean `DIR/spring.yaml`?
    ");
    insta::assert_snapshot!(refused(&path("other.csv"), folder.path()).replace('\\', "/"), @r"
    error: there is no file `DIR/other.csv`
     |
     = note: nothing was submitted
    ");
    insta::assert_snapshot!(refused(&path("no/where.csv"), folder.path()).replace('\\', "/"), @r"
    error: there is no file `DIR/no/where.csv`
     |
     = note: nothing was submitted
    ");
}

#[test]
fn a_folder_and_an_unknown_format_are_no_manifests() {
    let folder = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(refused(folder.path(), folder.path()), @r"
    error: `DIR` is a folder, not a manifest
     |
     = note: nothing was submitted
     = help: name the file in it: a .yaml, .yml, .csv or .tsv one
    ");
    insta::assert_snapshot!(errors("notes.txt", "a mug"), @r"
    error: the format of `notes.txt` cannot be told from its name
     |
     = note: a manifest is a .yaml or .yml file, or a table in a .csv or .tsv file
     = note: nothing was submitted
    ");
    insta::assert_snapshot!(errors("notes", "a mug"), @r"
    error: the format of `notes` cannot be told from its name
     |
     = note: a manifest is a .yaml or .yml file, or a table in a .csv or .tsv file
     = note: nothing was submitted
    ");
}

#[test]
fn every_manifest_of_the_repository_is_right() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests");
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if Format::of(&path).is_none() || path.to_string_lossy().contains(".results.") {
            continue; // what runs leave beside them
        }
        let manifest = read(&path, Options::default()).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(manifest.warnings.is_empty(), "{}", manifest.warnings);
        names.push(format!("{}: {} tasks, {}", manifest.name, manifest.len(), manifest.columns.join(" ")));
    }
    names.sort();
    insta::assert_snapshot!(names.join("\n"), @r"
    Blog heroes, May: 8 tasks, post publish author
    Quickstart: 6 tasks, channel format
    Spring sale, social: 10 tasks, campaign locale channel placement format
    products: 12 tasks, timeout sku product colour shot price_eur
    ");
}

#[test]
fn the_manifest_in_the_documentation_is_right() {
    let docs = include_str!("../mod.rs");
    let text: String = docs
        .lines()
        .skip_while(|line| *line != "//! ```yaml")
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .map(|line| format!("{}\n", line.strip_prefix("//! ").unwrap_or_default()))
        .collect();
    assert_eq!(manifest("spring.yaml", &text).len(), 2);
}
