//! The cache of a manifest: used if nothing has changed, and never otherwise.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

const YAML: &str = r#"
version: 1
name: Spring sale
batch:
  concurrency: 7
  poll_min: 2s
  poll_max: 1m
  budget: 20usd
  prices: { fast: 4, relaxed: 2.5, usd: 0.0077 }
  deadline: "08:00"
  retries: 3
  on_unknown: resend
  max_tasks: 5000
  results: [out.csv, out.jsonl]
output:
  rows: image
  columns: { "Image Src": "{{ image }}", Handle: "{{ sku }}-{{ n }}" }
  formula_guard: true
  images: "images/{{ id }}-{{ n }}.{{ ext }}"
  grid: true
  sidecar: true
prompts:
  - data: products.csv
    prompt: "{{ sku }} on linen, {a,b,c,d,e,f,g,h}"
"#;

/// A manifest of 2,400 tasks with a data file.
fn shop() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let skus: String = (0..300).map(|n| format!("SKU-{n}\n")).collect();
    fs::write(folder.path().join("products.csv"), format!("sku\n{skus}")).unwrap();
    let path = folder.path().join("spring.yaml");
    fs::write(&path, YAML).unwrap();
    (folder, path)
}

fn keep(path: &Path, options: ReadOptions) -> String {
    read_with(path, options).unwrap_or_else(|problems| panic!("{problems}")).cache().serialize().unwrap()
}

fn is_believed(text: &str, path: &Path) -> bool {
    ManifestCache::load(text, path, ReadOptions::default()).is_some()
}

/// A state may come from anywhere, and its hooks are not what `check` shows.
#[test]
fn hooks_are_never_taken_from_the_cache() {
    for hook in ["on_done: [rm, -r, x]", "on_finish: https://hooks.example/x"] {
        let (_folder, path) = shop();
        fs::write(&path, YAML.replace("retries: 3", hook)).unwrap();
        assert_eq!(read(&path).unwrap().cache().serialize(), None, "{hook}");
        // Nor where it was put into it.
        fs::write(&path, YAML).unwrap();
        let text = keep(&path, ReadOptions::default()).replace("\"retries\"", "\"on_done\":{},\"retries\"");
        let loaded = ManifestCache::load(&text, &path, ReadOptions::default())
            .and_then(|outline| outline.batch.on_done);
        assert_eq!(loaded, None);
    }
}

#[test]
fn the_cache_says_what_the_manifest_says() {
    let (_folder, path) = shop();
    let whole = read(&path).unwrap();
    let text = keep(&path, ReadOptions::default());
    let outline = ManifestCache::load(&text, &path, ReadOptions::default()).unwrap();
    assert_eq!((&outline.name, &outline.columns), (&whole.name, &whole.columns));
    assert_eq!((&outline.batch, outline.hash), (&whole.batch, whole.hash));
    let images = ImageSettings { place: None, ..whole.images.clone() };
    assert_eq!((outline.images.clone(), outline.warnings), (images, whole.warnings.warnings()));
    let [ours, theirs] = [&outline.output, &whole.output].map(|shape| serde_json::to_string(shape).unwrap());
    assert_eq!(ours, theirs);
    let ColumnSet::Custom(pattern) = &outline.output.columns else { panic!("{outline:?}") };
    assert!(pattern.names().eq(["Image Src", "Handle"]));
    assert_eq!(outline.serialize().as_ref(), Some(&text));
}

#[test]
fn every_manifest_of_the_repository_can_be_cached_and_loaded() {
    let folder = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/manifests")).unwrap();
    // Some are the data of others.
    let manifests: Vec<_> = folder.filter_map(|entry| read(&entry.unwrap().path()).ok()).collect();
    assert!(manifests.len() > 5);
    for outline in manifests.iter().map(Manifest::cache) {
        let text = serde_json::to_string(&outline).unwrap();
        let back: ManifestCache = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&back).unwrap(), text);
    }
}

#[test]
fn a_cache_in_doubt_is_not_used() {
    let (folder, path) = shop();
    let text = keep(&path, ReadOptions::default());
    assert!(is_believed(&text, &path));

    let products = folder.path().join("products.csv");
    let was = fs::read(&products).unwrap();
    fs::write(&products, String::from_utf8_lossy(&was).replace("SKU-7\n", "SKU-8\n")).unwrap();
    assert!(!is_believed(&text, &path), "a data file was edited, and is as long as before");
    fs::remove_file(&products).unwrap();
    assert!(!is_believed(&text, &path), "a data file is gone");
    fs::write(&products, was).unwrap();
    assert!(is_believed(&text, &path));

    fs::write(&path, YAML.replace("retries: 3", "retries: 4")).unwrap();
    assert!(!is_believed(&text, &path), "it was edited, and is as long as before");
    fs::write(&path, YAML).unwrap();
    let other = folder.path().join("summer.yaml");
    fs::copy(&path, &other).unwrap();
    assert!(!is_believed(&text, &other), "the same under another name");
    let options = ReadOptions { max_tasks: Some(100_000) };
    assert!(ManifestCache::load(&text, &path, options).is_none(), "read with another option");
    let text_with_option = keep(&path, options);
    assert!(ManifestCache::load(&text_with_option, &path, options).is_some());
    assert!(!is_believed(&text_with_option, &path));

    let version = concat!("\"program\":\"", env!("CARGO_PKG_VERSION"), "\"");
    assert!(text.contains(version));
    let mut others = vec![
        text.replace(version, "\"program\":\"0.0.1\""),
        text.replace("\"retries\":3", "\"retries\":\"3\""),
        text.replace("\"retries\":3", "\"tries\":3"),
        text.replace("{{ image }}", "{{ image"),
        text.replacen("\"hash\":[", "\"hash\":[1,", 1),
        String::new(),
    ];
    others.extend((1..text.len()).step_by(17).map(|cut| text[..cut].to_owned()));
    for other in others {
        assert_ne!(other, text);
        assert!(!is_believed(&other, &path), "{other}");
    }
    fs::remove_file(&path).unwrap();
    assert!(!is_believed(&text, &path), "the manifest is gone");
}

#[test]
fn a_small_manifest_and_one_with_decisions_are_not_cached() {
    assert_eq!(manifest("a.csv", "prompt\na mug\n").cache().serialize(), None);
    let rows = |header: &str, row: &str| {
        let rows: String = (0..2_000).map(|n| format!("t{n},{row}\n")).collect();
        manifest("a.csv", &format!("id,{header}\n{rows}")).cache().serialize()
    };
    assert!(rows("prompt", "a mug").is_some());
    assert_eq!(rows("prompt,action", "a mug,redo"), None);
    assert_eq!(rows("prompt,action", "a mug,"), None);
}
