//! Multiplication: which tasks an entry makes, in which order, and under which names.

mod names;

use super::*;

/// A manifest with one data file beside it.
fn with_data(text: &str, data: &str) -> Result<Manifest, Problems> {
    let mut load = |path: &Path| match path.to_str() {
        Some("shop/products.csv") => Ok(data.as_bytes().to_vec()),
        _ => Err(LoadError::Missing(Some("products.csv".to_owned()))),
    };
    parse_with(Path::new("shop/spring.yaml"), text.as_bytes(), ReadOptions::default(), &mut load)
}

fn data_table(text: &str, data: &str) -> String {
    table(&with_data(text, data).unwrap_or_else(|problems| panic!("{problems}")))
}

fn entries(text: &str) -> String {
    let manifest = manifest("m.yaml", &format!("version: 1\nprompts:\n{text}"));
    assert!(manifest.warnings.is_empty(), "{}", manifest.warnings);
    table(&manifest)
}

fn factors(manifest: &Manifest) -> String {
    manifest.factors().map(|of| format!("{}:{}: {of}\n", of.line, of.name)).collect()
}

#[test]
fn entries_override_defaults_key_by_key() {
    insta::assert_snapshot!(table(&manifest("m.yaml", "version: 1
defaults:
  mode: relaxed
  hook_url: https://shop.example/hook
  params: { ar: '1:1', stylize: 200, tile: true }
  vars: { season: spring, colour: sage }
prompts:
  - a {{ colour }} mug
  - prompt: a {{ colour }} mug in {{ season }} --ar 4:5
    mode: fast
    params: { s: 50, tile: false, no: [text, hands] }
    vars: { colour: rust }
")), @r"
    columns: season, colour
    a-sage-mug-604de344fcc0 | a sage mug --ar 1:1 --stylize 200 --tile | relaxed | - | spring, sage;
    a-rust-mug-in-spring-9372e2811df0 | a rust mug in spring --ar 4:5 --stylize 50 --no text, hands | fast | - | spring, rust;
    ");
}

#[test]
fn a_matrix_multiplies_in_the_order_of_its_lists() {
    insta::assert_snapshot!(entries("
  - id: hero
    prompt: a mug on a {{ scene }}, {{ light }} light
    params: { ar: '{{ ratio }}' }
    matrix: { scene: [beach, Oak table], light: [soft] }
    zip: { ratio: ['16:9', '1:1'], place: [banner, feed] }
"), @r"
    columns: scene, light, ratio, place
    hero/beach/soft/16x9/banner | a mug on a beach, soft light --ar 16:9 | fast | - | beach, soft, 16:9, banner;
    hero/beach/soft/1x1/feed | a mug on a beach, soft light --ar 1:1 | fast | - | beach, soft, 1:1, feed;
    hero/oak-table/soft/16x9/banner | a mug on a Oak table, soft light --ar 16:9 | fast | - | Oak table, soft, 16:9, banner;
    hero/oak-table/soft/1x1/feed | a mug on a Oak table, soft light --ar 1:1 | fast | - | Oak table, soft, 1:1, feed;
    ");
}

#[test]
fn exclude_goes_before_include() {
    insta::assert_snapshot!(entries("
  - id: hero
    prompt: a mug on a {{ scene }} in {{ season }}{% if extra is defined %}, {{ extra }}{% endif %}
    matrix:
      scene: [beach, forest]
      season: [spring, winter]
      exclude:
        - { scene: beach, season: winter }
      include:
        - { season: winter, extra: snow }
        - { scene: studio, season: any }
"), @r"
    columns: scene, season, extra
    hero/beach/spring | a mug on a beach in spring | fast | - | beach, spring, ;
    hero/forest/spring | a mug on a forest in spring | fast | - | forest, spring, ;
    hero/forest/winter | a mug on a forest in winter, snow | fast | - | forest, winter, snow;
    hero/studio/any | a mug on a studio in any | fast | - | studio, any, ;
    ");
}

#[test]
fn each_row_of_a_data_file_is_an_entry() {
    let data = "id,sku,product,price €\nmug,MG-1,\"mug, sage\",24\n,BW-7,bowl {small},38\n";
    insta::assert_snapshot!(data_table("version: 1
prompts:
  - prompt: \"{{ product }} on linen, {cold, warm} light\"
    data: products.csv
  - id: hero
    prompt: '{{ product | upper }} for {{ vars[\"price €\"] }} on {{ scene }}'
    data: products.csv
    matrix: { scene: [sand, oak] }
  - id: '{{ sku }}'
    prompt: '{{ product }} in a box'
    data: products.csv
    repeat: 2
", data), @r"
    columns: sku, product, price €, scene
    mug/cold | mug, sage on linen, cold light | fast | - | MG-1, mug, sage, 24, ;
    mug/warm | mug, sage on linen, warm light | fast | - | MG-1, mug, sage, 24, ;
    bowl-small-on-linen-cold-1a8d5f9fd41a | bowl {small} on linen, cold light | fast | - | BW-7, bowl {small}, 38, ;
    bowl-small-on-linen-warm-2fa85206c3de | bowl {small} on linen, warm light | fast | - | BW-7, bowl {small}, 38, ;
    hero/mug/sand | MUG, SAGE for 24 on sand | fast | - | MG-1, mug, sage, 24, sand;
    hero/mug/oak | MUG, SAGE for 24 on oak | fast | - | MG-1, mug, sage, 24, oak;
    hero/sand/bowl-small-for-38-on-254245dfafcb | BOWL {SMALL} for 38 on sand | fast | - | BW-7, bowl {small}, 38, sand;
    hero/oak/bowl-small-for-38-on-5daca7abb486 | BOWL {SMALL} for 38 on oak | fast | - | BW-7, bowl {small}, 38, oak;
    MG-1 | mug, sage in a box | fast | - | MG-1, mug, sage, 24, ;
    MG-1~2 | mug, sage in a box | fast | - | MG-1, mug, sage, 24, ;
    BW-7 | bowl {small} in a box | fast | - | BW-7, bowl {small}, 38, ;
    BW-7~2 | bowl {small} in a box | fast | - | BW-7, bowl {small}, 38, ;
    ");
}

#[test]
fn the_value_of_a_variable_never_expands() {
    insta::assert_snapshot!(entries(r"
  - prompt: 'a {{ thing }} {in, on} {a, b}'
    vars: { thing: '{x, y} \, z' }
  - prompt: 'a {{ thing }} {a, b}'
    permutations: off
    vars: { thing: '{x, y}' }
  - prompt: '{% set t %}{{ thing }}{% endset %}one {{ t }}'
    vars: { thing: '{x, y}' }
"), @r"
    columns: thing
    a-x-y-z-in-f20234f6d1fe | a {x, y} \, z in a | fast | - | {x, y} \, z;
    a-x-y-z-in-63aae993d6e8 | a {x, y} \, z in b | fast | - | {x, y} \, z;
    a-x-y-z-on-1cdb7762c853 | a {x, y} \, z on a | fast | - | {x, y} \, z;
    a-x-y-z-on-5f97d8b5e60f | a {x, y} \, z on b | fast | - | {x, y} \, z;
    a-x-y-a-b-d36e5969ce7e | a {x, y} {a, b} | fast | - | {x, y};
    one-x-y-632d8ed40d8e | one {x, y} | fast | - | {x, y};
    ");
}

#[test]
fn columns_of_a_table_are_flags_variables_and_settings() {
    insta::assert_snapshot!(table(&manifest("m.csv", "\
id,prompt,sku,--ar,params.s,tile,repeat,hook_url,action
'{{ sku }}',a {{ sku }} mug,A-1,4:5,200,x,2,https://h.example/x,
b,\"a {red, blue} mug\",B-1,,{{ sku | length }},,,,redo
c,a cup,C-1,,,,,,skip
")), @r"
    columns: sku, --ar, params.s, tile, repeat, hook_url
    'A-1' | a A-1 mug --ar 4:5 --stylize 200 | fast | - | A-1, 4:5, 200, x, 2, https://h.example/x;
    'A-1'~2 | a A-1 mug --ar 4:5 --stylize 200 | fast | - | A-1, 4:5, 200, x, 2, https://h.example/x;
    b/red | a red mug --stylize 3 | fast | - | B-1, , {{ sku | length }}, , , ;
    b/blue | a blue mug --stylize 3 | fast | - | B-1, , {{ sku | length }}, , , ;
    c | a cup | fast | - | C-1, , , , , ;
    ");
}

#[test]
fn results_are_no_manifest() {
    let results = "id,sku,task_id,status,mode,prompt,reason,grid,image_1,attempts,action,pick,ref\r\n\
        mug,A-1,T1,done,relaxed,a mug,,g,1,1,redo,,kqzmwtpa-t1-a1\r\n";
    insta::assert_snapshot!(super::errors("spring.results.csv", results), @"
    error: the table is results that mjbatch wrote, and not a manifest
     --> spring.results.csv:1:1
      |
    1 | id,sku,task_id,status,mode,prompt,reason,grid,image_1,attempts,action,pick,ref
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ these are the columns of results
      |
      = note: nothing was submitted
      = help: name the manifest that they are the results of; `mjbatch run` of results carries out what is decided in them
    ");
}

#[test]
fn factors_say_where_the_tasks_come_from() {
    let text = "version: 1
prompts:
  - a mug
  - id: hero
    prompt: '{{ product }} on {{ scene }}, {a, b}'
    data: products.csv
    matrix:
      scene: [sand, oak]
      place: [x, y]
      exclude: [{ scene: sand, place: x }]
    repeat: 3
  - prompt: '{a, b --repeat 2}'
    zip: { u: [1, 2], v: [3, 4] }
    id: z
";
    let manifest = with_data(text, "id,product\na,mug\nb,cup\n").unwrap();
    insta::assert_snapshot!(factors(&manifest), @r"
    3:a mug: 1
    4:hero: 2 products × 2 scenes × 2 places × 2 permutations × 3 takes, 1 excluded = 36
    12:z: 2 u+v × 2 permutations × 1 to 2 takes = 6
    ");
    assert_eq!(manifest.len(), manifest.tasks().count() as u64);
    let rows = super::manifest("m.csv", "prompt\na\nb\n\"{c, d}\"\n");
    insta::assert_snapshot!(factors(&rows), @"1:m.csv: 3 rows × 1 to 2 permutations = 4");
}

#[test]
fn the_hash_covers_the_data() {
    let text = "version: 1\nprompts:\n  - { prompt: '{{ a }}', data: products.csv }\n";
    let hash = |data: &str| with_data(text, data).unwrap().hash;
    assert_eq!(hash("a\nx\n"), hash("a\nx\n"));
    assert_ne!(hash("a\nx\n"), hash("a\ny\n"));
}

#[test]
fn settings_of_the_batch_are_read() {
    let manifest = manifest(
        "m.yaml",
        "version: 1
prompts: [a mug]
batch:
  budget: 20usd
  prices: { fast: 4, usd: 0.0077 }
  retries: 3
  on_unknown: resend
  max_tasks: 5000
  results: [out/spring.csv, out/spring.jsonl]
output: { images: out/photos }
",
    );
    assert_eq!(manifest.images.template.as_deref(), Some("out/photos"));
    let batch = manifest.batch;
    assert_eq!(batch.budget, Some(Budget::Usd(Usd(20_000_000))));
    assert_eq!(batch.usd_per_quota, Some(Usd(7700)));
    assert_eq!((batch.retries, batch.max_tasks), (Some(3), Some(5000)));
    assert_eq!(batch.on_unknown, Some(OnUnknown::Resend));
    assert_eq!(batch.results, ["out/spring.csv", "out/spring.jsonl"]);
}
