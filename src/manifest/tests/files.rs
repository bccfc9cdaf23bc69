//! Files: those that cannot be read, and those of the repository.

use super::*;

fn refused(path: &Path, folder: &Path) -> String {
    let problems = read(path).expect_err("it is refused");
    Renderer::plain().all(&problems).replace(&folder.display().to_string(), "DIR")
}

#[test]
fn a_file_that_is_not_there_is_reported_with_the_close_one_in_its_folder() {
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
    error: the format of `notes.txt` is not known from its name
     |
     = note: a manifest is a .yaml or .yml file, or a table in a .csv or .tsv file
     = note: nothing was submitted
    ");
    assert!(
        errors("spring.results.XLS", "")
            .contains("= help: save it as .csv; results and picks may also be saved as .xlsx")
    );
    insta::assert_snapshot!(errors("notes", "a mug"), @r"
    error: the format of `notes` is not known from its name
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
        if ManifestFormat::of(&path).is_none() || path.to_string_lossy().contains(".results.") {
            continue; // what runs leave beside them
        }
        if path.ends_with("catalogue.csv") || path.ends_with("shop-products.csv") {
            continue; // the data of a manifest
        }
        let manifest = read(&path).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(manifest.warnings.is_empty(), "{}", manifest.warnings);
        names.push(format!("{}: {} tasks, {}", manifest.name, manifest.len(), manifest.columns.join(" ")));
    }
    names.sort();
    insta::assert_snapshot!(names.join("\n"), @r"
    Autumn catalogue: 13 tasks, product setting
    Autumn mood board: 14 tasks, 
    Blog heroes, May: 8 tasks, post publish author
    Catalogue: 12 tasks, sku product material ratio season view
    Quickstart: 6 tasks, channel format
    Shop: 6 tasks, sku handle title vendor tags scene
    Spring sale, social: 10 tasks, campaign locale channel placement format
    Trail shoes, launch: 13 tasks, campaign light scene ratio placement part angle
    products: 12 tasks, timeout sku product colour shot price_eur
    ");
}

#[test]
fn every_example_of_the_documentation_is_right() {
    let docs = include_str!("../../../docs/manifest.md");
    let mut counts = Vec::new();
    let mut lines = docs.lines();
    while let Some(line) = lines.next() {
        let Some(format @ ("yaml" | "csv")) = line.strip_prefix("```") else { continue };
        let block = lines.by_ref().take_while(|line| *line != "```");
        let text: String = block.map(|line| format!("{line}\n")).collect();
        let mut load = |_: &Path| Ok(b"id,product,ratio\nmug,a mug,1:1\nbowl,a bowl,4:5\n".to_vec());
        let manifest = parse_with(
            Path::new(&format!("example.{format}")),
            text.as_bytes(),
            ReadOptions::default(),
            &mut load,
        )
        .unwrap_or_else(|problems| panic!("{problems}"));
        assert!(manifest.warnings.is_empty(), "{}", manifest.warnings);
        counts.push(manifest.len());
    }
    assert_eq!(counts, [2, 1, 2, 6, 1, 5, 1, 1, 1, 1, 4]);
}
