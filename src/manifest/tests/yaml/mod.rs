//! YAML manifests that are accepted, and what is read of them.

mod problems;

use super::*;

fn errors(text: &str) -> String {
    super::errors("spring.yaml", text)
}

/// The errors of a manifest that is valid except for this text.
fn errors_beside(text: &str) -> String {
    errors(&format!("version: 1\nprompts: [a mug]\n{text}"))
}

fn errors_of_entry(text: &str) -> String {
    errors(&format!("version: 1\nprompts:\n{text}"))
}

#[test]
fn the_whole_language_is_read() {
    let text = "\u{feff}version: 1
name: Spring
defaults: {mode: relax, timeout: 900, vars: {channel: web, lang: en}}
batch: {concurrency: 5, poll_min: 500ms, poll_max: 15m, prices: {fast: 4, relaxed: 1.5}}
prompts:
  - a mug --ar 1:1
  - {id: 007, prompt: a pen, mode: fast, timeout: 10m, vars: {sku: 1e3, lang: no}}
  - id: ' 1e3 '
    prompt: |
      a cup
        of tea
    vars: {ratio: 16:9, empty: , flag: true}
";
    let manifest = manifest("dir/spring.yaml", text);
    insta::assert_snapshot!(table(&manifest), @r"
    columns: channel, lang, sku, ratio, empty, flag
    a-mug-3af7c54d62cc | a mug --ar 1:1 | relaxed | 900 | web, en, , , , ;
    007 | a pen | fast | 600 | web, no, 1e3, , , ;
    1e3 | a cup of tea | relaxed | 900 | web, en, , 16:9, , true;
    ");
    assert_eq!(manifest.name, "Spring");
    assert_eq!(manifest.batch.concurrency, Some(5));
    assert_eq!(manifest.batch.poll_min, Some(Duration::from_millis(500)));
    assert_eq!(manifest.batch.poll_max, Some(Duration::from_secs(900)));
    assert_eq!(manifest.batch.prices, Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(1500)) });
    assert!(manifest.warnings.is_empty());
    assert_eq!(manifest.hash, *blake3::hash(text.as_bytes()).as_bytes());
}

#[test]
fn the_file_names_the_batch_where_the_manifest_does_not() {
    assert_eq!(manifest("dir/spring.sale.YML", "version: 1\nprompts: [a]\n").name, "spring.sale");
}

#[test]
fn anchors_and_merges_save_writing() {
    let text = "version: 1
prompts:
  - &mug {prompt: a mug, id: mug, vars: &v {sku: 1}}
  - {<<: *mug, id: pen, prompt: a pen}
  - {prompt: a cup, id: cup, vars: *v}
";
    insta::assert_snapshot!(table(&manifest("m.yaml", text)), @r"
    columns: sku
    mug | a mug | fast | - | 1;
    pen | a pen | fast | - | 1;
    cup | a cup | fast | - | 1;
    ");
}

#[test]
fn a_word_that_other_parsers_take_for_false_is_the_word() {
    insta::assert_snapshot!(errors_of_entry("  - {prompt: a, mode: no}\n"), @r"
    error: `no` is not a mode
     --> spring.yaml:3:23
      |
    3 |   - {prompt: a, mode: no}
      |                       ^^ expected `fast`, `relaxed` or `auto`
      |
      = note: `fast` takes about a minute per job and costs more, `relaxed` takes up to ten, `auto` decides by the `deadline`
      = note: nothing was submitted
    ");
}

#[test]
fn a_template_at_the_start_of_a_prompt_needs_quotes() {
    insta::assert_snapshot!(errors_of_entry("  - prompt: {{ product }} on sand\n"), @r"
    error: this is not YAML: while parsing a block mapping, did not find expected key
     --> spring.yaml:3:27
      |
    3 |   - prompt: {{ product }} on sand
      |                           ^ not understood here
      |
      = note: nothing was submitted
      = help: a text that starts with one of { [ & * ! | > % @ ` , ? or a quote needs quotes around it
    ");
}

#[test]
fn takes_are_warned_of() {
    insta::assert_snapshot!(warnings("m.yaml", "version: 1\nprompts:\n  - a mug\n  - a pen\n  - {prompt: a  mug}\n  - prompt: a mug\n  - prompt: a mug\n    mode: relaxed\n"), @r"
    warning: 2 entries have the same prompt: they are takes, and each is billed
     --> m.yaml:6:13
      |
    6 |   - prompt: a mug
      |             ^^^^^ take 2
      |
     ::: m.yaml:3:5
      |
    3 |   - a mug
      |     ----- take 1
      |
      = help: give each its own id if they are intended, or remove them
    ");
}

#[test]
fn variables_with_reserved_names_get_another_name() {
    let text = "version: 1\nprompts:\n  - {prompt: a, vars: {Status: x, image_1: y}}\n  - {prompt: b, vars: {Status: z}}\n";
    assert_eq!(manifest("m.yaml", text).columns, ["manifest_Status", "manifest_image_1"]);
    insta::assert_snapshot!(warnings("m.yaml", text), @r"
    warning: the results have a column `Status` of their own
     --> m.yaml:3:24
      |
    3 |   - {prompt: a, vars: {Status: x, image_1: y}}
      |                        ^^^^^^ kept as `manifest_Status`

    warning: the results have a column `image_1` of their own
     --> m.yaml:3:35
      |
    3 |   - {prompt: a, vars: {Status: x, image_1: y}}
      |                                   ^^^^^^^ kept as `manifest_image_1`
    ");
}

#[test]
fn a_short_text_cannot_expand_to_much() {
    let many_columns: String =
        (0..2000).map(|i| format!("  - {{prompt: p{i}, vars: {{v{i}: 1}}}}\n")).collect();
    insta::assert_snapshot!(errors_of_entry(&many_columns).lines().next().unwrap(), @"error: more than 1000 different variables");
    let long = "x".repeat(1_000_000);
    let repeated = format!("  - &p {long}\n{}", "  - *p\n".repeat(9000));
    insta::assert_snapshot!(errors_of_entry(&repeated).lines().next().unwrap(), @"error: this YAML expands to more than a manifest may hold");
}

#[test]
fn an_entry_of_100_000_characters_is_read() {
    let prompt = "very ".repeat(20_000);
    let manifest = manifest("m.yaml", &format!("version: 1\nprompts:\n  - {prompt}long\n"));
    assert_eq!(manifest.tasks().next().unwrap().prompt, format!("{prompt}long"));
}
