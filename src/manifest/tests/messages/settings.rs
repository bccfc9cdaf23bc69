//! Messages about settings.

use super::*;

#[test]
fn invalid_settings_are_reported() {
    insta::assert_snapshot!(errors("
defaults: { hook_url: 'http://shop.example' }
prompts:
  - { prompt: a mug, repeat: 0, permutations: maybe, hook_url: 'https://' }
batch: { budget: 20 eur, retries: 11, max_tasks: many, results: ['', [x]], prices: { usd: cheap } }
output: { images: '' }
"), @r"
    error: `http://shop.example` is not a URL that the service can call
     --> spring.yaml:3:23
      |
    3 | defaults: { hook_url: 'http://shop.example' }
      |                       ^^^^^^^^^^^^^^^^^^^^^ expected `https://`
      |
      = help: write a public URL, as in `https://shop.example/hooks/images`

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

    error: `https://` is not a URL that the service can call
     --> spring.yaml:5:64
      |
    5 |   - { prompt: a mug, repeat: 0, permutations: maybe, hook_url: 'https://' }
      |                                                                ^^^^^^^^^^ expected a host after `https://`
      |
      = help: write a public URL, as in `https://shop.example/hooks/images`

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
    insta::assert_snapshot!(super::super::errors("m.csv", "prompt,action,hook_url,repeat\na,redoo,ftp://x,41\n"), @r"
    error: `redoo` is not an action
     --> m.csv:2:3
      |
    2 | a,redoo,ftp://x,41
      |   ^^^^^ expected `redo`, `skip`, `make` or nothing
      |
      = help: did you mean `redo`?

    error: `ftp://x` is not a URL that the service can call
     --> m.csv:2:9
      |
    2 | a,redoo,ftp://x,41
      |         ^^^^^^^ expected `https://`
      |
      = help: write a public URL, as in `https://shop.example/hooks/images`

    error: a repeat of 41 is out of range
     --> m.csv:2:17
      |
    2 | a,redoo,ftp://x,41
      |                 ^^ expected 1 to 40

    error: nothing was submitted: 3 errors
    ");
}
