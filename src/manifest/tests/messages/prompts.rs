//! Messages about params and prompts.

use super::*;

#[test]
fn params_are_reported_at_their_place() {
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
    insta::assert_snapshot!(super::super::errors("m.csv", "prompt,--ar,params.chaos\na mug,16x9,5\na mug --ar 1:1,4:5,\na cup,,{{ x }}\n"), @r#"
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
fn the_prompts_own_problems_are_reported_where_they_are_written() {
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
       |               ^^^^^^^^^^^^^^^^ given twice
       |
       = help: remove one of them

    error: nothing was submitted: 5 errors
    ");
    insta::assert_snapshot!(super::super::errors("m.csv", "prompt,id\n\"a \"\"red\"\" mug --ar 16x9\",a\n{{ id }} --ar 1x1,b\n"), @r#"
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
      = help: put quotes around the prompt, or the comment on a line of its own

    warning: a ` #` cuts this prompt: what follows is a comment
     --> spring.yaml:5:11
      |
    5 |   - a mug #2
      |           ^^ not sent
      |
      = help: put quotes around the prompt, or the comment on a line of its own

    warning: a ` #` cuts this value: what follows is a comment
      --> spring.yaml:11:15
       |
    11 |       colour: #ff0000
       |               ^^^^^^^ not sent
       |
       = help: put quotes around the value, or the comment on a line of its own
    ");
}
