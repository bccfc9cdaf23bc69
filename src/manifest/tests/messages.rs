//! Every message about what multiplies, as a person sees it.

use super::*;

fn errors(text: &str) -> String {
    super::errors("spring.yaml", format!("version: 1\n{text}"))
}

fn of_entry(text: &str) -> String {
    errors(&format!("prompts:\n{text}"))
}

fn warnings_of_entry(text: &str) -> String {
    warnings("spring.yaml", &format!("version: 1\nprompts:\n{text}"))
}

fn beside(data: &[u8], text: &str) -> String {
    let mut load = |path: &Path| match path.file_name().and_then(|name| name.to_str()) {
        Some("products.csv") => Ok(data.to_vec()),
        Some("folder") => Err(LoadError::Unreadable("it is a folder".to_owned())),
        _ => Err(LoadError::Missing(Some("products.csv".to_owned()))),
    };
    match parse_with(Path::new("spring.yaml"), text.as_bytes(), ReadOptions::default(), &mut load) {
        Ok(manifest) => Renderer::plain().all(&manifest.warnings),
        Err(problems) => Renderer::plain().all(&problems),
    }
}

#[test]
fn a_missing_variable_names_the_close_one_once() {
    insta::assert_snapshot!(of_entry("
  - prompt: \"{{ prodct }} on {{ scene }} {a, b}\"
    vars: { product: mug }
    matrix: { scene: [sand, oak] }
  - prompt: |
      a mug on
      {{ scenery | upper }}
"), @r#"
    error: there is no variable `prodct`
     --> spring.yaml:4:17
      |
    4 |   - prompt: "{{ prodct }} on {{ scene }} {a, b}"
      |                 ^^^^^^ used here
      |
      = note: the variables here are `product`, `scene`
      = help: did you mean `product`?

    error: there is no variable `scenery`
     --> spring.yaml:9:10
      |
    9 |       {{ scenery | upper }}
      |          ^^^^^^^ used here
      |
      = note: there are no variables here; `vars`, `matrix`, `zip` and `data` make some

    error: nothing was submitted: 2 errors
    "#);
    insta::assert_snapshot!(super::errors("m.csv", "prompt,SKU\n\"a \"\"{{ sku }}\"\" mug\",1\na {{ nothing }},2\n"), @r#"
    error: there is no variable `sku`
     --> m.csv:2:9
      |
    2 | "a ""{{ sku }}"" mug",1
      |         ^^^ used here
      |
      = note: the variables here are `SKU`
      = help: did you mean `SKU`?

    error: there is no variable `nothing`
     --> m.csv:3:6
      |
    3 | a {{ nothing }},2
      |      ^^^^^^^ used here
      |
      = note: the variables here are `SKU`

    error: nothing was submitted: 2 errors
    "#);
}

#[test]
fn what_is_no_template_is_told_at_its_place() {
    insta::assert_snapshot!(of_entry("
  - prompt: 'a {{ mug'
  - prompt: 'a mug {{{tall, small}, round}'
  - prompt: 'a {#fff, #000} mug'
  - { prompt: 'a {{ x | shout }} mug', vars: { x: y } }
  - 'a {% for i in range(99999) %}x{% endfor %}'
  - { prompt: a mug, id: '{{ name }}' }
"), @r"
    error: this is no template: unexpected end of input, expected end of variable block
     --> spring.yaml:4:19
      |
    4 |   - prompt: 'a {{ mug'
      |                   ^^^ not understood here
      |
      = help: a template is written `{{ name }}`

    error: this is no template: unexpected `,`, expected `:`
     --> spring.yaml:5:27
      |
    5 |   - prompt: 'a mug {{{tall, small}, round}'
      |                           ^ not understood here
      |
      = help: `{{` starts a template; a group that starts with a group needs a blank: `{ {a, b}, c}`

    error: this is no template: unexpected end of comment
     --> spring.yaml:6:13
      |
    6 |   - prompt: 'a {#fff, #000} mug'
      |             ^^^^^^^^^^^^^^^^^^^^ not understood here
      |
      = help: `{#` starts a comment; a group that starts with # needs a blank: `{ #fff, #000}`

    error: the template's filter shout is unknown
     --> spring.yaml:7:25
      |
    7 |   - { prompt: 'a {{ x | shout }} mug', vars: { x: y } }
      |                         ^^^^^ not known here
      |
      = note: filters are those of minijinja, such as lower, upper, title, replace, default

    error: a template that does not end soon
     --> spring.yaml:8:20
      |
    8 |   - 'a {% for i in range(99999) %}x{% endfor %}'
      |                    ^^^^^^^^^^^^ in this text

    error: there is no variable `name`
     --> spring.yaml:9:30
      |
    9 |   - { prompt: a mug, id: '{{ name }}' }
      |                              ^^^^ used here
      |
      = note: there are no variables here; `vars`, `matrix`, `zip` and `data` make some

    error: nothing was submitted: 6 errors
    ");
}

#[test]
fn braces_that_do_not_match_are_told() {
    insta::assert_snapshot!(of_entry("
  - a {red, blue mug
  - prompt: a red} mug
"), @r"
    error: a `{` that is never closed
     --> spring.yaml:4:7
      |
    4 |   - a {red, blue mug
      |       ^ opened here
      |
      = note: `{red, blue}` makes one prompt for each option
      = help: close it with `}`; write a literal brace as `\{` or `\}`

    error: a `}` without a `{` before it
     --> spring.yaml:5:18
      |
    5 |   - prompt: a red} mug
      |                  ^ closes nothing
      |
      = note: `{red, blue}` makes one prompt for each option
      = help: write a literal brace as `\{` or `\}`

    error: nothing was submitted: 2 errors
    ");
    insta::assert_snapshot!(super::errors("m.csv", "id,prompt\na,\"a {red, blue mug\"\n"), @r#"
    error: a `{` that is never closed
     --> m.csv:2:6
      |
    2 | a,"a {red, blue mug"
      |      ^ opened here
      |
      = note: `{red, blue}` makes one prompt for each option
      = note: nothing was submitted
      = help: close it with `}`; write a literal brace as `\{` or `\}`
    "#);
}

#[test]
fn params_are_told_at_their_place() {
    insta::assert_snapshot!(errors("
defaults:
  params: { ar: 16x9, stylise: 20 }
prompts:
  - prompt: a mug --ar 1:1
    params: { ar: '4:5', chaos: 200, no: [a, ''] }
  - prompt: a mug
    params: { chaos: '{{ c }}' }
    matrix: { c: [10, 2000, 3000] }
"), @r#"
    error: `ar: 16x9` is not an aspect ratio
     --> spring.yaml:4:17
      |
    4 |   params: { ar: 16x9, stylise: 20 }
      |                 ^^^^ not `width:height`
      |
      = note: `ar` takes two whole numbers from 1 up, as in `16:9`
      = help: write `ar: "16:9"`

    error: `ar` clashes with `--ar 1:1` in the prompt
     --> spring.yaml:7:15
      |
    7 |     params: { ar: '4:5', chaos: 200, no: [a, ''] }
      |               ^^ given here too
      |
      = note: a flag in the prompt wins over a default, and clashes with a param of the entry
      = note: the prompt has `--ar 1:1`
      = help: leave out either the param or `--ar 1:1`

    error: `chaos: 200` is out of range
     --> spring.yaml:7:33
      |
    7 |     params: { ar: '4:5', chaos: 200, no: [a, ''] }
      |                                 ^^^ out of range
      |
      = note: `chaos` takes a whole number from 0 to 100
      = help: write `chaos: 100`

    error: `no` has no value
     --> spring.yaml:7:46
      |
    7 |     params: { ar: '4:5', chaos: 200, no: [a, ''] }
      |                                              ^^ a value is missing
      |
      = note: `no` takes a list separated by commas, as in `text, hands`

    error: `chaos: 2000` is out of range
     --> spring.yaml:9:22
      |
    9 |     params: { chaos: '{{ c }}' }
      |                      ^^^^^^^^^ out of range
      |
      = note: `chaos` takes a whole number from 0 to 100
      = help: write `chaos: 100`

    error: `chaos: 3000` is out of range
     --> spring.yaml:9:22
      |
    9 |     params: { chaos: '{{ c }}' }
      |                      ^^^^^^^^^ out of range
      |
      = note: `chaos` takes a whole number from 0 to 100
      = help: write `chaos: 100`

    warning: `stylise` is not a flag known here
     --> spring.yaml:4:23
      |
    4 |   params: { ar: 16x9, stylise: 20 }
      |                       ^^^^^^^ unknown flag
      |
      = note: Midjourney adds flags now and then: it is sent as `--stylise`
      = help: did you mean `stylize`?

    error: nothing was submitted: 6 errors
    "#);
    insta::assert_snapshot!(super::errors("m.csv", "prompt,--ar,params.chaos\na mug,16x9,5\na mug --ar 1:1,4:5,\na cup,,{{ x }}\n"), @r#"
    error: `ar: 16x9` is not an aspect ratio
     --> m.csv:2:7
      |
    2 | a mug,16x9,5
      |       ^^^^ not `width:height`
      |
      = note: `ar` takes two whole numbers from 1 up, as in `16:9`
      = help: write `ar: "16:9"`

    error: `ar` clashes with `--ar 1:1` in the prompt
     --> m.csv:3:16
      |
    3 | a mug --ar 1:1,4:5,
      |                ^^^ given here too
      |
      = note: a flag in the prompt wins over a default, and clashes with a param of the entry
      = note: the prompt has `--ar 1:1`
      = help: leave out either the param or `--ar 1:1`

    error: there is no variable `x`
     --> m.csv:4:11
      |
    4 | a cup,,{{ x }}
      |           ^ used here
      |
      = note: the variables here are `--ar`, `params.chaos`

    error: nothing was submitted: 3 errors
    "#);
}

#[test]
fn the_prompts_own_problems_are_told_where_they_are_written() {
    insta::assert_snapshot!(of_entry("
  - a mug --ar 16x9
  - prompt: >-
      a {{ thing }} on linen,
      soft light --stylize 2000
    matrix: { thing: [mug, cup] }
  - prompt: 'a {red, blue} mug --fast'
    mode: relaxed
  - prompt: a mug --repeat 50
  - { prompt: a mug --repeat 2, repeat: 3 }
"), @r"
    error: `--ar 16x9` is not an aspect ratio
     --> spring.yaml:4:16
      |
    4 |   - a mug --ar 16x9
      |                ^^^^ not `width:height`
      |
      = note: `--ar` takes two whole numbers from 1 up, as in `16:9`
      = help: write `--ar 16:9`

    error: `--stylize 2000` is out of range
     --> spring.yaml:7:28
      |
    7 |       soft light --stylize 2000
      |                            ^^^^ out of range
      |
      = note: `--stylize` takes a whole number from 0 to 1000
      = note: found in the task `a-mug-on-linen-soft-735c5b7d6e16`: `a mug on linen, soft light --stylize 2000`
      = help: write `--stylize 1000`

    error: `--fast` clashes with the mode `relaxed`
     --> spring.yaml:9:32
      |
    9 |   - prompt: 'a {red, blue} mug --fast'
      |                                ^^^^^^ the mode is different
      |
      = note: found in the task `a-red-mug-4c01aed7aec9`: `a red mug --fast`
      = help: leave `--fast` out, or write `mode: fast`

    error: `--repeat 50` is out of range
      --> spring.yaml:11:28
       |
    11 |   - prompt: a mug --repeat 50
       |                            ^^ out of range
       |
       = note: `--repeat` takes a whole number from 1 to 40
       = help: write `--repeat 40`

    error: the prompt has a `--repeat`, and so has its entry
      --> spring.yaml:12:15
       |
    12 |   - { prompt: a mug --repeat 2, repeat: 3 }
       |               ^^^^^^^^^^^^^^^^ said twice
       |
       = help: remove one of them

    error: nothing was submitted: 5 errors
    ");
    insta::assert_snapshot!(super::errors("m.csv", "prompt,id\n\"a \"\"red\"\" mug --ar 16x9\",a\n{{ id }} --ar 1x1,b\n"), @r#"
    error: `--ar 16x9` is not an aspect ratio
     --> m.csv:2:21
      |
    2 | "a ""red"" mug --ar 16x9",a
      |                     ^^^^ not `width:height`
      |
      = note: `--ar` takes two whole numbers from 1 up, as in `16:9`
      = help: write `--ar 16:9`

    error: `--ar 1x1` is not an aspect ratio
     --> m.csv:3:15
      |
    3 | {{ id }} --ar 1x1,b
      |               ^^^ not `width:height`
      |
      = note: `--ar` takes two whole numbers from 1 up, as in `16:9`
      = note: found in the task `b`: `b --ar 1x1`
      = help: write `--ar 1:1`

    error: nothing was submitted: 2 errors
    "#);
}

#[test]
fn a_comment_that_cuts_a_text_is_warned_of() {
    insta::assert_snapshot!(warnings_of_entry("
  - prompt: the #1 mug # 1 in the world
  - a mug #2
  - 'a cup #3' # a comment
  - { prompt: a pen, id: x } # a comment
  - prompt: a bowl
    id: y # a comment
    vars:
      colour: #ff0000
"), @r"
    warning: a ` #` cuts this prompt: what follows is a comment
     --> spring.yaml:4:17
      |
    4 |   - prompt: the #1 mug # 1 in the world
      |                 ^^^^^^^^^^^^^^^^^^^^^^^ not sent
      |
      = help: put quotes round the prompt, or the comment on a line of its own

    warning: a ` #` cuts this prompt: what follows is a comment
     --> spring.yaml:5:11
      |
    5 |   - a mug #2
      |           ^^ not sent
      |
      = help: put quotes round the prompt, or the comment on a line of its own

    warning: a ` #` cuts this value: what follows is a comment
      --> spring.yaml:11:15
       |
    11 |       colour: #ff0000
       |               ^^^^^^^ not sent
       |
       = help: put quotes round the value, or the comment on a line of its own
    ");
}

#[test]
fn data_that_cannot_be_had_is_told() {
    let entry = |path: &str| format!("version: 1\nprompts:\n  - prompt: '{{{{ sku }}}}'\n    data: {path}\n");
    insta::assert_snapshot!(beside(b"", &entry("prodcts.csv")), @r"
    error: there is no data file `prodcts.csv`
     --> spring.yaml:4:11
      |
    4 |     data: prodcts.csv
      |           ^^^^^^^^^^^ looked for in the manifest's folder
      |
      = note: nothing was submitted
      = help: did you mean `products.csv`?
    ");
    insta::assert_snapshot!(beside(b"", &entry("folder")), @r"
    error: the data file `folder` cannot be read: it is a folder
     --> spring.yaml:4:11
      |
    4 |     data: folder
      |           ^^^^^^ named here
      |
      = note: nothing was submitted
    ");
    insta::assert_snapshot!(beside(b"", &entry("products.csv")), @r"
    error: the data file is empty
     --> products.csv:1:1
      |
    1 |
      | ^
      |
      = note: nothing was submitted
    ");
    insta::assert_snapshot!(beside(b"sku,name\n", &entry("products.csv")), @r"
    error: the table has no rows
     --> products.csv:1:9
      |
    1 | sku,name
      |         ^ expected rows after the header
      |
      = note: nothing was submitted
    ");
    insta::assert_snapshot!(beside(b"sku,name\na,b,c\nd\n", &entry("products.csv")), @r#"
    error: a row of 3 cells in a table of 2 columns
     --> products.csv:2:5
      |
    2 | a,b,c
      |     ^ this is beyond the last column
      |
      = help: a cell with `,` in it needs quotes round it: "..."

    error: a row of 1 cells in a table of 2 columns
     --> products.csv:3:2
      |
    3 | d
      |  ^ the row ends here
      |
      = help: write the separators of the empty cells too

    error: nothing was submitted: 2 errors
    "#);
    insta::assert_snapshot!(beside(b"sku,sku\na,b\n", &entry("products.csv")), @r"
    error: two columns have the name `sku`
     --> products.csv:1:5
      |
    1 | sku,sku
      |     ^^^ here again
      |
     ::: products.csv:1:1
      |
    1 | sku,sku
      | --- first here
      |
      = note: nothing was submitted
      = help: rename or remove one of them
    ");
    insta::assert_snapshot!(beside(b"sku\n\xff\n", &entry("products.csv")), @r#"
    error: the file is not UTF-8
     --> products.csv:2:1
      |
    2 | �
      | ^ the byte 0xff
      |
      = note: it is byte 5 of the file
      = note: nothing was submitted
      = help: save it as UTF-8; in Excel, as "CSV UTF-8 (Comma delimited)"
    "#);
    insta::assert_snapshot!(beside(b"SKU,name\na,b\n", &entry("products.csv")), @r"
    error: there is no variable `sku`
     --> spring.yaml:3:17
      |
    3 |   - prompt: '{{ sku }}'
      |                 ^^^ used here
      |
      = note: the variables here are `SKU`, `name`
      = note: nothing was submitted
      = help: did you mean `SKU`?
    ");
    insta::assert_snapshot!(beside(b"sku\na\n", &entry("products.csv\n    matrix: { sku: [b] }")), @r"
    error: the data has a column `sku` as well
     --> spring.yaml:5:15
      |
    5 |     matrix: { sku: [b] }
      |               ^^^ which of the two is meant?
      |
      = note: nothing was submitted
      = help: give the list another name
    ");
}

#[test]
fn lists_that_cannot_multiply_are_told() {
    insta::assert_snapshot!(of_entry("
  - prompt: a
    vars: { scene: [sand, oak] }
  - prompt: b
    matrix: { scene: sand, light: [], place: [x, y, x], deep: [[a]] }
  - prompt: c
    matrix:
      scene: [sand, oak]
      zip: { u: [1] }
  - prompt: d
    matrix: { scene: [sand, oak] }
    zip: { scene: [a], u: [1, 2], v: [1] }
  - prompt: e
    matrix:
      scene: [sand, oak]
      exclude: [{ scenes: sand }]
      include: { scene: x }
  - prompt: f
    matrix: { scene: [sand], exclude: [{ scene: sand }] }
  - prompt: g
    matrix: [a, b]
"), @r"
    error: the variable `scene` takes a single value
     --> spring.yaml:5:21
      |
    5 |     vars: { scene: [sand, oak] }
      |                     ^^^^ this is a list
      |
      = help: a list multiplies its entry, and only under `matrix`

    error: `scene` takes a list
     --> spring.yaml:7:22
      |
    7 |     matrix: { scene: sand, light: [], place: [x, y, x], deep: [[a]] }
      |                      ^^^^ this is a single value

    error: the list `light` is empty
     --> spring.yaml:7:28
      |
    7 |     matrix: { scene: sand, light: [], place: [x, y, x], deep: [[a]] }
      |                            ^^^^^ expected at least one value

    error: the list `place` has `x` twice
     --> spring.yaml:7:53
      |
    7 |     matrix: { scene: sand, light: [], place: [x, y, x], deep: [[a]] }
      |                                                     ^ here again
      |
     ::: spring.yaml:7:47
      |
    7 |     matrix: { scene: sand, light: [], place: [x, y, x], deep: [[a]] }
      |                                               - first here
      |
      = help: remove one of them; `repeat` makes takes

    error: a value of `deep` takes a single value
     --> spring.yaml:7:65
      |
    7 |     matrix: { scene: sand, light: [], place: [x, y, x], deep: [[a]] }
      |                                                                 ^ this is a list

    error: `zip` stands beside `matrix`, not under it
      --> spring.yaml:11:7
       |
    11 |       zip: { u: [1] }
       |       ^^^ here it is the name of a list

    error: two lists have the name `scene`
      --> spring.yaml:14:12
       |
    14 |     zip: { scene: [a], u: [1, 2], v: [1] }
       |            ^^^^^ here again
       |
      ::: spring.yaml:13:15
       |
    13 |     matrix: { scene: [sand, oak] }
       |               ----- first here
       |
       = help: rename or remove one of them

    error: the lists of a `zip` differ in length
      --> spring.yaml:14:35
       |
    14 |     zip: { scene: [a], u: [1, 2], v: [1] }
       |                                   ^ 1 value
       |
      ::: spring.yaml:14:24
       |
    14 |     zip: { scene: [a], u: [1, 2], v: [1] }
       |                        - 2 values
       |
       = note: the first values belong together, then the second ones, and so on
       = help: make them equally long, or write them under `matrix` if each is meant with each

    error: the matrix has no list `scenes`
      --> spring.yaml:18:19
       |
    18 |       exclude: [{ scenes: sand }]
       |                   ^^^^^^ unknown name
       |
       = note: the lists are `scene`
       = help: did you mean `scene`?

    error: `include` takes a list
      --> spring.yaml:19:18
       |
    19 |       include: { scene: x }
       |                  ^^^^^ this is a map

    error: a matrix without combinations
      --> spring.yaml:21:5
       |
    21 |     matrix: { scene: [sand], exclude: [{ scene: sand }] }
       |     ^^^^^^ nothing is left of it
       |
       = help: a matrix is a map of lists:
               matrix:
                 scene: [beach, forest]

    error: `matrix` takes a map
      --> spring.yaml:23:14
       |
    23 |     matrix: [a, b]
       |              ^ this is a list

    error: nothing was submitted: 12 errors
    ");
    insta::assert_snapshot!(warnings_of_entry("
  - prompt: 'on {{ scene }}'
    matrix:
      scene: [sand, oak]
      exclude: [{ scene: snad }]
"), @r"
    warning: an `exclude` that takes nothing away
     --> spring.yaml:7:19
      |
    7 |       exclude: [{ scene: snad }]
      |                   ^^^^^ no combination has these values
    ");
}

#[test]
fn more_tasks_than_anyone_foresees_need_to_be_allowed() {
    let list = |n: usize| (0..n).map(|i| format!("s{i}")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "
  - id: hero
    prompt: '{{{{ a }}}} {{{{ b }}}} {{x, y}}'
    matrix:
      a: [{}]
      b: [{}]
    repeat: 3
  - id: other
    prompt: '{{{{ c }}}}'
    matrix: {{ c: [a, b, d] }}
",
        list(20),
        list(30)
    );
    insta::assert_snapshot!(of_entry(&text), @r"
    error: 3603 tasks come of multiplication, and more than 1000 need `max_tasks`
     --> spring.yaml:6:5
      |
    6 |     matrix:
      |     ^^^^^^ 20 as × 30 bs × 2 permutations × 3 takes = 3600
      |
      = note: nothing was submitted
      = help: if all of them are meant, say so:
              batch:
                max_tasks: 3603
    ");
    insta::assert_snapshot!(errors(&format!("batch: {{ max_tasks: 100 }}\nprompts:\n{text}")), @r"
    error: the manifest makes 3603 tasks, and `max_tasks` allows 100
     --> spring.yaml:7:5
      |
    7 |     matrix:
      |     ^^^^^^ 20 as × 30 bs × 2 permutations × 3 takes = 3600
      |
      = note: nothing was submitted
      = help: if all of them are meant, say so:
              batch:
                max_tasks: 3603
    ");
    assert_eq!(
        manifest("m.yaml", &format!("version: 1\nbatch: {{ max_tasks: 3603 }}\nprompts:\n{text}")).len(),
        3603
    );
    let rows = format!("prompt,repeat\n{}", "\"a {b, c, d}\",40\n".repeat(9));
    insta::assert_snapshot!(super::errors("m.csv", &rows), @r"
    error: 1080 tasks come of multiplication, and more than 1000 need `max_tasks`
     --> m.csv:1:1
      |
    1 | prompt,repeat
      | ^ 9 rows × 3 permutations × 40 takes = 1080
      |
      = note: nothing was submitted
      = help: if all of them are meant, run with `--max-tasks 1080`
    ");
    insta::assert_snapshot!(of_entry(&format!("  - a {}\n", "{a, b, c, d}".repeat(40))), @r"
    error: the manifest makes more tasks than any may make, which are 10000000
     --> spring.yaml:3:5
      |
    3 |   - a {a, b, c, d}{a, b, c, d}{a, b, c, d}{a, b, c, d}{a, b, c, d}{a, b, c, d}{a, b, c, d}{a, b, c, d}{a, b, c, d...
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ countless permutations = countless
      |
      = note: nothing was submitted
    ");
}

#[test]
fn a_plain_list_of_rows_is_no_multiplication() {
    let rows: String = (0..5000).map(|i| format!("a mug {i}\n")).collect();
    assert_eq!(manifest("m.csv", &format!("prompt\n{rows}")).len(), 5000);
    let options = ReadOptions { max_tasks: Some(4999) };
    let problems = parse_with(Path::new("m.csv"), format!("prompt\n{rows}").as_bytes(), options, &mut |_| {
        Err(LoadError::Missing(None))
    });
    insta::assert_snapshot!(Renderer::plain().all(&problems.unwrap_err()), @r"
    error: the manifest makes 5000 tasks, and `max_tasks` allows 4999
     --> m.csv:1:1
      |
    1 | prompt
      | ^ 5000 rows = 5000
      |
      = note: nothing was submitted
      = help: if all of them are meant, run with `--max-tasks 5000`
    ");
}

#[test]
fn settings_that_are_none_are_told() {
    insta::assert_snapshot!(errors("
defaults: { hook_url: 'http://shop.example' }
prompts:
  - { prompt: a mug, repeat: 0, permutations: maybe, hook_url: 'https://' }
batch: { budget: 20 eur, retries: 11, max_tasks: many, results: ['', [x]], prices: { usd: cheap } }
output: { images: '' }
"), @r"
    error: `http://shop.example` is not an address that the service can call
     --> spring.yaml:3:23
      |
    3 | defaults: { hook_url: 'http://shop.example' }
      |                       ^^^^^^^^^^^^^^^^^^^^^ expected `https://`
      |
      = help: write a public address, as in `https://shop.example/hooks/images`

    error: a repeat of 0 is out of range
     --> spring.yaml:5:30
      |
    5 |   - { prompt: a mug, repeat: 0, permutations: maybe, hook_url: 'https://' }
      |                              ^ expected 1 to 40

    error: `maybe` is neither on nor off
     --> spring.yaml:5:47
      |
    5 |   - { prompt: a mug, repeat: 0, permutations: maybe, hook_url: 'https://' }
      |                                               ^^^^^ expected `on` or `off`

    error: `https://` is not an address that the service can call
     --> spring.yaml:5:64
      |
    5 |   - { prompt: a mug, repeat: 0, permutations: maybe, hook_url: 'https://' }
      |                                                                ^^^^^^^^^^ expected a host after `https://`
      |
      = help: write a public address, as in `https://shop.example/hooks/images`

    error: `20 eur` is not a budget
     --> spring.yaml:6:18
      |
    6 | batch: { budget: 20 eur, retries: 11, max_tasks: many, results: ['', [x]], prices: { usd: cheap } }
      |                  ^^^^^^ expected a number and its unit
      |
      = help: write it as in `20usd` or `500quota`

    error: a number of retries of 11 is out of range
     --> spring.yaml:6:35
      |
    6 | batch: { budget: 20 eur, retries: 11, max_tasks: many, results: ['', [x]], prices: { usd: cheap } }
      |                                   ^^ expected 0 to 10

    error: `many` is not a number
     --> spring.yaml:6:50
      |
    6 | batch: { budget: 20 eur, retries: 11, max_tasks: many, results: ['', [x]], prices: { usd: cheap } }
      |                                                  ^^^^ expected 1 to 10000000

    error: the path is empty
     --> spring.yaml:6:66
      |
    6 | batch: { budget: 20 eur, retries: 11, max_tasks: many, results: ['', [x]], prices: { usd: cheap } }
      |                                                                  ^^ expected the path of a file

    error: a path of `results` takes a single value
     --> spring.yaml:6:71
      |
    6 | batch: { budget: 20 eur, retries: 11, max_tasks: many, results: ['', [x]], prices: { usd: cheap } }
      |                                                                       ^ this is a list

    error: `cheap` is not an amount of US dollars
     --> spring.yaml:6:91
      |
    6 | batch: { budget: 20 eur, retries: 11, max_tasks: many, results: ['', [x]], prices: { usd: cheap } }
      |                                                                                           ^^^^^ expected a number such as `0.0077`
      |
      = note: from 0 to 1000000, with at most six decimals

    error: the path is empty
     --> spring.yaml:7:19
      |
    7 | output: { images: '' }
      |                   ^^ expected the path of a file

    error: nothing was submitted: 11 errors
    ");
    insta::assert_snapshot!(super::errors("m.csv", "prompt,action,hook_url,repeat\na,redoo,ftp://x,41\n"), @r"
    error: `redoo` is not an action
     --> m.csv:2:3
      |
    2 | a,redoo,ftp://x,41
      |   ^^^^^ expected `redo`, `skip` or nothing
      |
      = help: did you mean `redo`?

    error: `ftp://x` is not an address that the service can call
     --> m.csv:2:9
      |
    2 | a,redoo,ftp://x,41
      |         ^^^^^^^ expected `https://`
      |
      = help: write a public address, as in `https://shop.example/hooks/images`

    error: a repeat of 41 is out of range
     --> m.csv:2:17
      |
    2 | a,redoo,ftp://x,41
      |                 ^^ expected 1 to 40

    error: nothing was submitted: 3 errors
    ");
}

#[test]
fn names_that_tasks_share_are_told() {
    insta::assert_snapshot!(of_entry("
  - id: mug
    prompt: 'a mug {red, Red}'
  - id: '{{ sku }}'
    prompt: 'a {{ sku }}'
    matrix: { sku: [a b, a-b] }
  - { id: pen, prompt: a pen, repeat: 2 }
  - { id: pen~2, prompt: another pen }
"), @r"
    error: two tasks of one entry have the id `mug/red`
     --> spring.yaml:4:9
      |
    4 |   - id: mug
      |         ^^^ both come from here
      |
      = help: what tells them apart makes the same name: change a value or an option, or write an entry for each

    error: two entries have the id `pen~2`
      --> spring.yaml:10:11
       |
    10 |   - { id: pen~2, prompt: another pen }
       |           ^^^^^ here again
       |
      ::: spring.yaml:9:11
       |
     9 |   - { id: pen, prompt: a pen, repeat: 2 }
       |           --- first here
       |
       = help: give one of them another id

    error: nothing was submitted: 2 errors
    ");
    insta::assert_snapshot!(super::errors("m.csv", "id,prompt\na,\"x {b, b}\"\n"), @r#"
    error: two tasks of one row have the id `a/b`
     --> m.csv:2:1
      |
    2 | a,"x {b, b}"
      | ^ both come from here
      |
      = note: nothing was submitted
      = help: what tells them apart makes the same name: change a value or an option, or write an entry for each
    "#);
    insta::assert_snapshot!(warnings_of_entry("
  - prompt: 'a mug'
    matrix: { scene: [sand, oak] }
"), @r"
    warning: 2 tasks of one entry have the same prompt: they are takes, and each is paid for
     --> spring.yaml:4:13
      |
    4 |   - prompt: 'a mug'
      |             ^^^^^^^ all come from here
      |
      = help: use the variables that tell them apart in the prompt, or write `repeat` if takes are meant
    ");
}

#[test]
fn a_list_that_makes_no_difference_is_warned_of() {
    insta::assert_snapshot!(warnings_of_entry("
  - id: hero
    prompt: a mug on {{ scene }}, {a, b}
    matrix:
      scene: [sand, oak]
      light: [cold, warm]
"), @r"
    warning: some combinations make the same prompt, and each is paid for
     --> spring.yaml:6:5
      |
    6 |     matrix:
      |     ^^^^^^ a list of it makes no difference
      |
      = note: it is `a mug on sand, a`
      = help: use each list in the prompt or the params, or write `repeat` if takes are meant
    ");
}

#[test]
fn a_column_that_is_named_as_a_flag_is_warned_of() {
    insta::assert_snapshot!(warnings("m.csv", "prompt,AR\na mug,16:9\n"), @r"
    warning: the column `AR` is a variable that no prompt uses
     --> m.csv:1:8
      |
    1 | prompt,AR
      |        ^^ not sent
      |
      = help: name it `--ar` if the flag is meant
    ");
    assert_eq!(warnings("m.csv", "prompt,ar\na mug --ar {{ ar }},16:9\n"), "");
}
