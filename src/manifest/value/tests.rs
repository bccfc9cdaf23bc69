use super::*;
use crate::diagnostic::Renderer;
use crate::diagnostic::Source;
use crate::manifest::settings::values::{concurrency, price, span};

fn refused<T: std::fmt::Debug>(check: impl Fn(&str) -> Result<T, ValueError>, text: &str) -> String {
    let fault = check(text).expect_err("it is refused");
    Renderer::plain().one(&fault.at(&Source::new("m.csv", text), 0..text.len()))
}

#[test]
fn a_prompt_is_one_line_without_blanks_at_its_ends() {
    assert_eq!(prompt("  a mug \r\n  on  linen\n").unwrap(), "a mug on  linen");
    assert_eq!(prompt("a\n\n\nb\tc").unwrap(), "a b c");
    assert_eq!(prompt("x --raw").unwrap(), "x --raw");
    let long = "é ".repeat(50_000);
    assert_eq!(prompt(&long).unwrap(), long.trim_end());
}

#[test]
fn each_wrong_value_is_reported_with_what_was_expected() {
    insta::assert_snapshot!(refused(prompt, " \n "), @r"
    error: the prompt is empty
     --> m.csv:1:1
      |
    1 |  
      | ^ expected the text of a prompt
    ");
    insta::assert_snapshot!(refused(prompt, "a \u{7} mug"), @r"
     error: the prompt holds a control character
      --> m.csv:1:3
       |
     1 | a ␇ mug
       |   ^ in this text
     ");
    insta::assert_snapshot!(refused(id, ""), @r"
    error: the id is empty
     --> m.csv:1:1
      |
    1 |
      | ^ expected some text, or no key at all
    ");
    insta::assert_snapshot!(refused(id, &"x".repeat(201)), @r"
    error: the id is too long
     --> m.csv:1:1
      |
    1 | xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ 201 characters, and at most 200 are allowed
    ");
    insta::assert_snapshot!(refused(id, "a\nb"), @r"
    error: the id holds a line break or another control character
     --> m.csv:1:1
      |
    1 | a
      | ^ in this text
    ");
    insta::assert_snapshot!(refused(mode, "relaxd"), @r"
    error: `relaxd` is not a mode
     --> m.csv:1:1
      |
    1 | relaxd
      | ^^^^^^ expected `fast`, `relaxed` or `auto`
      |
      = help: did you mean `relaxed`?
    ");
    insta::assert_snapshot!(refused(mode, "no"), @r"
    error: `no` is not a mode
     --> m.csv:1:1
      |
    1 | no
      | ^^ expected `fast`, `relaxed` or `auto`
      |
      = note: `fast` takes about a minute per job and costs more, `relaxed` takes up to ten, `auto` decides by the `deadline`
    ");
    insta::assert_snapshot!(refused(timeout, "60"), @r"
    error: a timeout of 60 seconds is out of range
     --> m.csv:1:1
      |
    1 | 60
      | ^^ expected 300 to 1200 seconds
      |
      = note: the service waits 600 seconds for a job unless a timeout is given
    ");
    insta::assert_snapshot!(refused(timeout, "soon"), @r"
    error: `soon` is not a timeout
     --> m.csv:1:1
      |
    1 | soon
      | ^^^^ expected 300 to 1200 seconds
      |
      = help: write whole seconds as in `900`, or minutes as in `15m`
    ");
    insta::assert_snapshot!(refused(price, "-4"), @r"
    error: `-4` is not an amount of quota
     --> m.csv:1:1
      |
    1 | -4
      | ^^ expected a number such as `2` or `1.5`
      |
      = note: from 0 to 1000000, with at most three decimals
    ");
    insta::assert_snapshot!(refused(span, "5"), @r"
    error: `5` is not a duration
     --> m.csv:1:1
      |
    1 | 5
      | ^ expected a number and its unit
      |
      = help: write it as in `500ms`, `90s`, `15m` or `2h`
    ");
    insta::assert_snapshot!(refused(span, "0s"), @r"
    error: the duration is zero
     --> m.csv:1:1
      |
    1 | 0s
      | ^^ expected more than zero, such as `1s`
    ");
    insta::assert_snapshot!(refused(concurrency, "0"), @r"
    error: `0` is not a number of jobs
     --> m.csv:1:1
      |
    1 | 0
      | ^ expected 1 to 1000
      |
      = note: an account runs ten jobs at once unless it was given more
    ");
}

#[test]
fn a_timeout_is_seconds_or_a_span_of_time() {
    assert_eq!(timeout(" 300 ").unwrap(), 300);
    assert_eq!(timeout("20m").unwrap(), 1200);
    for text in ["299", "1201", "65836", "99999999999999999999", "500ms", "-300", ""] {
        assert!(timeout(text).is_err(), "{text}");
    }
}
