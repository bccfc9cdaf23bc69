//! Messages about templates and permutations.

use super::*;

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
      = note: no variables are defined here; `vars`, `matrix`, `zip` and `data` define them

    error: nothing was submitted: 2 errors
    "#);
    insta::assert_snapshot!(super::super::errors("m.csv", "prompt,SKU\n\"a \"\"{{ sku }}\"\" mug\",1\na {{ nothing }},2\n"), @r#"
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
fn an_invalid_template_is_reported_at_its_place() {
    insta::assert_snapshot!(of_entry("
  - prompt: 'a {{ mug'
  - prompt: 'a mug {{{tall, small}, round}'
  - prompt: 'a {#fff, #000} mug'
  - { prompt: 'a {{ x | shout }} mug', vars: { x: y } }
  - 'a {% for i in range(99999) %}x{% endfor %}'
  - { prompt: a mug, id: '{{ name }}' }
"), @r"
    error: this is not a valid template: unexpected end of input, expected end of variable block
     --> spring.yaml:4:19
      |
    4 |   - prompt: 'a {{ mug'
      |                   ^^^ not understood here
      |
      = help: a template is written `{{ name }}`

    error: this is not a valid template: unexpected `,`, expected `:`
     --> spring.yaml:5:27
      |
    5 |   - prompt: 'a mug {{{tall, small}, round}'
      |                           ^ not understood here
      |
      = help: `{{` starts a template; a group that starts with a group needs a blank: `{ {a, b}, c}`

    error: this is not a valid template: unexpected end of comment
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
      |                         ^^^^^ unknown filter
      |
      = note: filters are those of minijinja, such as lower, upper, title, replace, default

    error: the template runs for too long
     --> spring.yaml:8:5
      |
    8 |   - 'a {% for i in range(99999) %}x{% endfor %}'
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ in this text

    error: there is no variable `name`
     --> spring.yaml:9:30
      |
    9 |   - { prompt: a mug, id: '{{ name }}' }
      |                              ^^^^ used here
      |
      = note: no variables are defined here; `vars`, `matrix`, `zip` and `data` define them

    error: nothing was submitted: 6 errors
    ");
}

#[test]
fn braces_that_do_not_match_are_reported() {
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
    insta::assert_snapshot!(super::super::errors("m.csv", "id,prompt\na,\"a {red, blue mug\"\n"), @r#"
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
