//! Messages about lists that multiply.

use super::*;

#[test]
fn lists_that_cannot_multiply_are_reported() {
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
       = help: make them equally long, or write them under `matrix` to combine each with each

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
    warning: an `exclude` that removes nothing
     --> spring.yaml:7:19
      |
    7 |       exclude: [{ scene: snad }]
      |                   ^^^^^ no combination has these values
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
    warning: some combinations make the same prompt, and each is billed
     --> spring.yaml:6:5
      |
    6 |     matrix:
      |     ^^^^^^ a list of it makes no difference
      |
      = note: it is `a mug on sand, a`
      = help: use each list in the prompt or the params, or write `repeat` if takes are intended
    ");
}
