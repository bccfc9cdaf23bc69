//! The JSON Schema against the parser and against every manifest there is.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::expand::{DEFAULTS, ENTRY};
use super::super::settings::{BATCH, DONE, FINISH, OUTPUT};
use super::super::{SCHEMA, parse};
use crate::prompt;

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// The keys that the schema has at this place.
fn keys(pointer: &str) -> BTreeSet<String> {
    let schema = schema();
    let properties = schema.pointer(&format!("{pointer}/properties")).unwrap();
    properties.as_object().unwrap().keys().cloned().collect()
}

fn accepts(yaml: &str) -> bool {
    let document: Value = serde_saphyr::from_str(yaml).unwrap();
    jsonschema::validator_for(&schema()).unwrap().is_valid(&document)
}

fn parses(yaml: &str) -> bool {
    let path = std::path::Path::new("spring.yaml");
    parse(path, yaml.as_bytes()).is_ok()
}

#[test]
fn the_schema_has_the_keys_that_the_parser_has() {
    let set = |keys: &[&str]| keys.iter().map(|&key| key.to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(keys(""), set(&["version", "name", "defaults", "prompts", "batch", "output"]));
    assert_eq!(keys("/properties/defaults"), set(&DEFAULTS));
    assert_eq!(keys("/properties/output"), set(&OUTPUT));
    assert_eq!(keys("/$defs/entry"), set(&ENTRY));
    assert_eq!(keys("/$defs/batch"), set(&BATCH));
    assert_eq!(keys("/$defs/batch/properties/on_done/anyOf/3"), set(&DONE));
    assert_eq!(keys("/$defs/batch/properties/on_finish/anyOf/3"), set(&FINISH));
    for param in keys("/$defs/params") {
        assert_eq!(prompt::canonical(&param), Some(param.as_str()), "the params of the schema are flags");
    }
}

#[test]
fn every_manifest_of_the_repository_is_one_by_the_schema() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            assert!(accepts(&std::fs::read_to_string(&path).unwrap()), "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 5, "only {seen} manifests");
}

#[test]
fn the_schema_accepts_every_value_that_the_parser_accepts() {
    for yaml in [
        "version: 1\nprompts: [a mug]",
        "version: '1'\nname: 7\nprompts: [a mug, {prompt: 7, id: 7, repeat: 2}]",
        "version: 1\ndefaults: {mode: Relax, timeout: 10m, vars: {a: 1, b: true, c: null}}\nprompts: [a mug]",
        "version: 1\ndefaults:\nbatch:\nprompts: [a mug]",
        "version: 1\nbatch: {concurrency: 5, poll_min: 500ms, poll_max: 2h, budget: 20usd, retries: 2}\nprompts: [a mug]",
        "version: 1\nbatch: {prices: {fast: 4, relaxed: 1.5, usd: 0.0075}, max_tasks: 5000}\nprompts: [a mug]",
        "version: 1\nbatch: {results: [a.csv, b.csv]}\noutput: {images: photos}\nprompts: [a mug]",
        "version: 1\nbatch: {on_unknown: Resend}\nprompts: [a mug]",
        "version: 1\nbatch: {on_done: [./publish.sh, --now, 2], on_finish: https://hooks.example/x}\nprompts: [a mug]",
        "version: 1\nbatch: {on_done: {command: [a], timeout: 5s, at_once: 2, failed: true}}\nprompts: [a mug]",
        "version: 1\nbatch: {on_finish: {url_env: CHAT, secret_env: SECRET}}\nprompts: [a mug]",
        "version: 1\nprompts: [{prompt: 'a {{ x }}', matrix: {x: [a, 2], exclude: [{x: a}], include: [{x: c}]}}]",
        "version: 1\noutput: {rows: image, columns: shopify, formula_guard: true}\nprompts: [a mug]",
        "version: 1\noutput: {columns: {'Image Src': '{{ image }}', n: 1}}\nprompts: [a mug]",
        "version: 1\nprompts: [{prompt: 'a {{ x }}', zip: {x: [a, b], y: [1, 2]}}]",
        "version: 1\nprompts: [{prompt: 'a {b', permutations: off}]",
        "version: 1\nprompts: [{prompt: a mug, params: {ar: '16:9', stylize: 250, tile: true, no: [text, hands]}}]",
        "version: 1\nprompts: [{prompt: a mug, hook_url: 'https://shop.example/hook', timeout: 300}]",
    ] {
        assert!(parses(yaml), "the parser refuses {yaml}");
        assert!(accepts(yaml), "the schema refuses {yaml}");
    }
}

#[test]
fn the_parser_refuses_every_value_that_the_schema_refuses() {
    for yaml in [
        "prompts: [a mug]",
        "version: 2\nprompts: [a mug]",
        "version: 1",
        "version: 1\nprompts: []",
        "version: 1\nprompts: a mug",
        "version: 1\nprompts: [a mug]\nmore: 1",
        "version: 1\nprompts: [{id: a}]",
        "version: 1\nprompts: [{prompt: a, moed: fast}]",
        "version: 1\nprompts: [{prompt: a, mode: turbo}]",
        "version: 1\nprompts: [{prompt: a, timeout: 200}]",
        "version: 1\nprompts: [{prompt: a, repeat: 41}]",
        "version: 1\nprompts: [{prompt: a, hook_url: 'http://shop.example'}]",
        "version: 1\nprompts: [{prompt: a, permutations: maybe}]",
        "version: 1\nprompts: [{prompt: a, vars: [b]}]",
        "version: 1\ndefaults: {id: a}\nprompts: [a mug]",
        "version: 1\noutput: {formula_guard: maybe}\nprompts: [a mug]",
        "version: 1\noutput: {rows: pixel}\nprompts: [a mug]",
        "version: 1\noutput: {columns: amazon}\nprompts: [a mug]",
        "version: 1\noutput: {columns: {}}\nprompts: [a mug]",
        "version: 1\nbatch: {concurrency: 0}\nprompts: [a mug]",
        "version: 1\nbatch: {poll_min: 5}\nprompts: [a mug]",
        "version: 1\nbatch: {retries: 11}\nprompts: [a mug]",
        "version: 1\nbatch: {on_unknown: retry}\nprompts: [a mug]",
        "version: 1\nbatch: {on_done: ./publish.sh}\nprompts: [a mug]",
        "version: 1\nbatch: {on_done: []}\nprompts: [a mug]",
        "version: 1\nbatch: {on_done: {command: ./publish.sh}}\nprompts: [a mug]",
        "version: 1\nbatch: {on_finish: {command: [a], failed: true}}\nprompts: [a mug]",
        "version: 1\nbatch: {prices: {turbo: 4}}\nprompts: [a mug]",
    ] {
        assert!(!accepts(yaml), "the schema takes {yaml}");
        assert!(!parses(yaml), "the parser takes {yaml}");
    }
}
