//! Messages about ids.

use super::*;

#[test]
fn names_that_tasks_share_are_reported() {
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
      = help: their values or options make the same name: change one, or write an entry for each

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
    insta::assert_snapshot!(super::super::errors("m.csv", "id,prompt\na,\"x {b, b}\"\n"), @r#"
    error: two tasks of one row have the id `a/b`
     --> m.csv:2:1
      |
    2 | a,"x {b, b}"
      | ^ both come from here
      |
      = note: nothing was submitted
      = help: their values or options make the same name: change one, or write an entry for each
    "#);
    insta::assert_snapshot!(warnings_of_entry("
  - prompt: 'a mug'
    matrix: { scene: [sand, oak] }
"), @r"
    warning: 2 tasks of one entry have the same prompt: they are takes, and each is billed
     --> spring.yaml:4:13
      |
    4 |   - prompt: 'a mug'
      |             ^^^^^^^ all come from here
      |
      = help: use the variables that distinguish them in the prompt, or write `repeat` if takes are intended
    ");
}
