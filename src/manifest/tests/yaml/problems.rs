//! YAML manifests that are refused, with every message.

use super::*;

#[test]
fn all_problems_are_reported_at_once_in_the_order_of_the_file() {
    insta::assert_snapshot!(errors("version: 1
nmae: Spring
prompts:
  - promt: a mug
  - prompt: a pen
    mode: turbo
    timeout: 60
  - id: x
  - {prompt: , id: y}
  - 7:
  - [a]
  -
  - prompt: [a, b]
"), @r"
    error: a manifest has no key `nmae`
     --> spring.yaml:2:1
      |
    2 | nmae: Spring
      | ^^^^ unknown key
      |
      = note: the keys are `version`, `name`, `defaults`, `prompts`, `batch`, `output`
      = help: did you mean `name`?

    error: an entry of `prompts` has no key `promt`
     --> spring.yaml:4:5
      |
    4 |   - promt: a mug
      |     ^^^^^ unknown key
      |
      = note: the keys are `prompt`, `id`, `mode`, `timeout`, `hook_url`, `vars`, `params`, `data`, `matrix`, `zip`, `permutations`, `repeat`, `priority`
      = help: did you mean `prompt`?

    error: `turbo` is not a mode
     --> spring.yaml:6:11
      |
    6 |     mode: turbo
      |           ^^^^^ expected `fast`, `relaxed` or `auto`
      |
      = note: `fast` takes about a minute per job and costs more, `relaxed` takes up to ten, `auto` decides by the `deadline`

    error: a timeout of 60 seconds is out of range
     --> spring.yaml:7:14
      |
    7 |     timeout: 60
      |              ^^ expected 300 to 1200 seconds
      |
      = note: the service waits 600 seconds for a job unless a timeout is given

    error: an entry without a prompt
     --> spring.yaml:8:5
      |
    8 |   - id: x
      |     ^^ expected a key `prompt` in this entry

    error: the prompt is empty
     --> spring.yaml:9:6
      |
    9 |   - {prompt: , id: y}
      |      ^^^^^^ expected the text of a prompt

    error: an entry of `prompts` has no key `7`
      --> spring.yaml:10:5
       |
    10 |   - 7:
       |     ^ unknown key
       |
       = note: the keys are `prompt`, `id`, `mode`, `timeout`, `hook_url`, `vars`, `params`, `data`, `matrix`, `zip`, `permutations`, `repeat`, `priority`

    error: an entry without a prompt
      --> spring.yaml:10:5
       |
    10 |   - 7:
       |     ^ expected a key `prompt` in this entry

    error: an entry of `prompts` is a prompt, or a map with one
      --> spring.yaml:11:6
       |
    11 |   - [a]
       |      ^ this is a list

    error: an entry of `prompts` is a prompt, or a map with one
      --> spring.yaml:12:4
       |
    12 |   -
       |    ^ this is nothing

    error: `prompt` takes a single value
      --> spring.yaml:13:14
       |
    13 |   - prompt: [a, b]
       |              ^ this is a list

    error: nothing was submitted: 11 errors
    ");
}

#[test]
fn missing_required_keys_are_reported() {
    insta::assert_snapshot!(errors(""), @r"
    error: the manifest is empty
     --> spring.yaml:1:1
      |
    1 |
      | ^
      |
      = note: nothing was submitted
      = help: the smallest manifest is
              version: 1
              prompts:
                - a ceramic mug on grey linen --ar 1:1
    ");
    insta::assert_snapshot!(errors("- a mug\n"), @r"
    error: a manifest is a map with `version` and `prompts`
     --> spring.yaml:1:3
      |
    1 | - a mug
      |   ^^^^^ this is a list
      |
      = note: nothing was submitted
      = help: the smallest manifest is
              version: 1
              prompts:
                - a ceramic mug on grey linen --ar 1:1
    ");
    insta::assert_snapshot!(errors("prompts: [a]\n"), @r"
    error: the manifest has no `version`
     --> spring.yaml:1:1
      |
    1 | prompts: [a]
      | ^^^^^^^ expected `version: 1` before this
      |
      = note: nothing was submitted
      = help: write this as the first line:
              version: 1
    ");
    insta::assert_snapshot!(errors("version: 2\nthings: [a]\n"), @r"
    error: version `2` of the manifest language is not supported
     --> spring.yaml:1:10
      |
    1 | version: 2
      |          ^ expected 1
      |
      = note: nothing was submitted
      = help: write `version: 1`, or install a newer mjbatch
    ");
    insta::assert_snapshot!(errors("version: 1\nname: x\n"), @r"
    error: the manifest has no prompts
     --> spring.yaml:1:1
      |
    1 | version: 1
      | ^^^^^^^ expected a key `prompts` in this map
      |
      = note: nothing was submitted
      = help: write them under a key of their own:
              prompts:
                - a ceramic mug on grey linen --ar 1:1
    ");
    insta::assert_snapshot!(errors("version: 1\nprompts:\n"), @r"
    error: the list of prompts is empty
     --> spring.yaml:2:1
      |
    2 | prompts:
      | ^^^^^^^ expected at least one entry
      |
      = note: nothing was submitted
    ");
    insta::assert_snapshot!(errors("version: 1\nprompts: a mug\n"), @r"
    error: `prompts` takes a list
     --> spring.yaml:2:10
      |
    2 | prompts: a mug
      |          ^^^^^ this is a single value
      |
      = note: nothing was submitted
    ");
    insta::assert_snapshot!(errors("version: 1\nprompt: a mug\n"), @r"
    error: a manifest has no key `prompt`
     --> spring.yaml:2:1
      |
    2 | prompt: a mug
      | ^^^^^^ unknown key
      |
      = note: the keys are `version`, `name`, `defaults`, `prompts`, `batch`, `output`
      = note: nothing was submitted
      = help: did you mean `prompts`?
    ");
}

#[test]
fn settings_are_checked() {
    insta::assert_snapshot!(errors_beside("batch:
  concurrency: ten
  poll_min: 1m
  poll_max: 15s
  prices: {fast: cheap, turbo: 8}
defaults: {vars: [a], mode: , tineout: 5}
name: ''
"), @r"
    error: `ten` is not a number of jobs
     --> spring.yaml:4:16
      |
    4 |   concurrency: ten
      |                ^^^ expected 1 to 1000
      |
      = note: an account runs ten jobs at once unless it was given more

    error: `poll_max` is less than `poll_min`
     --> spring.yaml:6:13
      |
    6 |   poll_max: 15s
      |             ^^^ expected at least `poll_min`

    error: `cheap` is not an amount of quota
     --> spring.yaml:7:18
      |
    7 |   prices: {fast: cheap, turbo: 8}
      |                  ^^^^^ expected a number such as `2` or `1.5`
      |
      = note: from 0 to 1000000, with at most three decimals

    error: `prices` has no key `turbo`
     --> spring.yaml:7:25
      |
    7 |   prices: {fast: cheap, turbo: 8}
      |                         ^^^^^ unknown key
      |
      = note: the keys are `fast`, `relaxed`, `usd`

    error: `vars` takes a map
     --> spring.yaml:8:19
      |
    8 | defaults: {vars: [a], mode: , tineout: 5}
      |                   ^ this is a list

    error: `defaults` has no key `tineout`
     --> spring.yaml:8:31
      |
    8 | defaults: {vars: [a], mode: , tineout: 5}
      |                               ^^^^^^^ unknown key
      |
      = note: the keys are `mode`, `timeout`, `hook_url`, `vars`, `params`
      = help: did you mean `timeout`?

    error: the name is empty
     --> spring.yaml:9:7
      |
    9 | name: ''
      |       ^^ expected some text, or no key at all

    error: nothing was submitted: 7 errors
    ");
}

#[test]
fn repeated_keys_and_ids_are_reported_with_both_places() {
    insta::assert_snapshot!(errors_of_entry("  - prompt: a\n    prompt: b\n"), @r"
    error: the key `prompt` is written twice
     --> spring.yaml:4:5
      |
    4 |     prompt: b
      |     ^^^^^^ here again
      |
     ::: spring.yaml:3:5
      |
    3 |   - prompt: a
      |     ------ first here
      |
      = note: nothing was submitted
      = help: remove one of them
    ");
    insta::assert_snapshot!(errors_of_entry("  - {prompt: a, id: x}\n  - b\n  - {prompt: c, id: x}\n"), @r"
    error: two entries have the id `x`
     --> spring.yaml:5:21
      |
    5 |   - {prompt: c, id: x}
      |                     ^ here again
      |
     ::: spring.yaml:3:21
      |
    3 |   - {prompt: a, id: x}
      |                     - first here
      |
      = note: nothing was submitted
      = help: give one of them another id
    ");
}

#[test]
fn an_invalid_version_is_reported() {
    insta::assert_snapshot!(errors("version: [1]\nprompts: [a]\n"), @r"
    error: `version` takes a single value
     --> spring.yaml:1:11
      |
    1 | version: [1]
      |           ^ this is a list
      |
      = note: nothing was submitted
    ");
    insta::assert_snapshot!(errors("version:\nprompts: [a]\n"), @r"
    error: the manifest has no `version`
     --> spring.yaml:1:1
      |
    1 | version:
      | ^^^^^^^ expected `version: 1` before this
      |
      = note: nothing was submitted
      = help: write this as the first line:
              version: 1
    ");
}

#[test]
fn a_syntax_error_is_one_error() {
    insta::assert_snapshot!(errors_of_entry("\t- a mug\n"), @r"
    error: a tab in the indentation
     --> spring.yaml:3:1
      |
    3 |  - a mug
      | ^ YAML is indented with spaces only
      |
      = note: nothing was submitted
      = help: replace the tab by two spaces for each level
    ");
    insta::assert_snapshot!(errors_of_entry("  - prompt: still life: lemons\n"), @r"
    error: this is not YAML: mapping values are not allowed in this context
     --> spring.yaml:3:23
      |
    3 |   - prompt: still life: lemons
      |                       ^ not understood here
      |
      = note: nothing was submitted
      = help: a text with `: ` in it needs quotes around it
    ");
}
