//! Every message, and the order in which params are written.

use proptest::prelude::*;

use super::super::Severity;
use super::super::lint;
use super::*;
use crate::task::Mode;

fn text(name: &str, text: &str) -> Param {
    Param { name: name.to_owned(), value: ParamValue::Text(text.to_owned()) }
}

fn list(name: &str, items: &[&str]) -> Param {
    let items = items.iter().map(|item| (*item).to_owned()).collect();
    Param { name: name.to_owned(), value: ParamValue::List(items) }
}

fn switch(name: &str, on: bool) -> Param {
    Param { name: name.to_owned(), value: ParamValue::Switch(on) }
}

fn checked(param: &Param) -> String {
    let mut lines = Vec::new();
    for found in check_param(param) {
        let severity = if found.severity == Severity::Error { "error" } else { "warning" };
        lines.push(format!("{severity}: {}", found.message));
        lines.push(format!("  {:?}: {}", found.part, found.label));
        lines.extend(found.notes.iter().map(|note| format!("  note: {note}")));
        lines.extend(found.help.iter().map(|help| format!("  help: {help}")));
    }
    lines.join("\n")
}

#[test]
fn valid_params_have_no_findings() {
    for param in [
        text("ar", "16:9"),
        text("--aspect", "1:1"),
        text("stylize", "250"),
        text("no", "text, hands"),
        list("no", &["text", "hands, feet"]),
        list("sref", &["12", "random", "https://x.test/a.png"]),
        switch("tile", true),
        switch("tile", false),
        switch("seed", false),
        switch("p", true),
        text("p", "3w5b2gu"),
    ] {
        assert_eq!(checked(&param), "", "{param:?}");
    }
}

#[test]
fn an_unknown_name_is_a_warning_and_an_impossible_one_an_error() {
    insta::assert_snapshot!(checked(&text("stylise", "250")), @r"
    warning: `stylise` is not a flag known here
      Name: unknown flag
      note: Midjourney adds flags now and then: it is sent as `--stylise`
      help: did you mean `stylize`?
    ");
    insta::assert_snapshot!(checked(&text("motion", "low")), @r"
    warning: `motion` is not a flag known here
      Name: unknown flag
      note: Midjourney adds flags now and then: it is sent as `--motion`
    ");
    insta::assert_snapshot!(checked(&text("aspect ratio", "1:1")), @r"
    error: `aspect ratio` cannot be a flag
      Name: not a flag's name
      note: a flag's name is letters, digits, `-` and `_`
    ");
}

#[test]
fn a_value_is_checked_as_in_a_prompt_and_corrected_as_a_param() {
    insta::assert_snapshot!(checked(&text("ar", "16x9")), @r#"
    error: `ar: 16x9` is not an aspect ratio
      Value: not `width:height`
      note: `ar` takes two whole numbers from 1 up, as in `16:9`
      help: write `ar: "16:9"`
    "#);
    insta::assert_snapshot!(checked(&text("chaos", "150")), @r"
    error: `chaos: 150` is out of range
      Value: out of range
      note: `chaos` takes a whole number from 0 to 100
      help: write `chaos: 100`
    ");
    insta::assert_snapshot!(checked(&text("chaos", "5 on a beach")), @r"
    error: `chaos: 5 on a beach` has text after its value
      Value: `on a beach` is not part of the value
      note: `chaos` takes a whole number from 0 to 100
    ");
    insta::assert_snapshot!(checked(&text("ar", "16:9 --tile")), @r"
    error: a flag in the value of `ar`
      Value: `--tile` is a separate flag
      help: make it a separate param
    ");
    insta::assert_snapshot!(checked(&text("seed", "")), @r"
    error: `seed` has no value
      Value: a value is missing
      note: `seed` takes a whole number from 0 to 4294967295
    ");
    insta::assert_snapshot!(checked(&text("v", "9")), @r"
    warning: `v: 9` is a version not known here
      Value: unknown version
      note: known are 1, 2, 3, 4, 5, 5.1, 5.2, 6, 6.1, 7, 8.1; it is sent as it is
    ");
    insta::assert_snapshot!(checked(&list("sref", &["12", "moody"])), @r"
    warning: `sref: moody` is not a URL or a style code
      Item(1): not a URL or a style code
      note: `sref` takes URLs of images, style codes or `random`
    ");
}

#[test]
fn the_kind_of_a_value_fits_the_flag() {
    insta::assert_snapshot!(checked(&switch("seed", true)), @r"
    error: `seed` has no value
      Value: a value is missing
      note: `seed` takes a whole number from 0 to 4294967295
    ");
    insta::assert_snapshot!(checked(&text("tile", "true")), @r"
    error: `tile` is given a value
      Value: unexpected
      note: `tile` takes no value
      help: write `tile: true`
    ");
    insta::assert_snapshot!(checked(&text("tile", "big")), @r"
    error: `tile: big` has text after its value
      Value: `big` is not part of the value
      note: `tile` takes no value
    ");
    insta::assert_snapshot!(checked(&list("ar", &["1:1", "16:9"])), @r"
    error: `ar` takes one value, not a list
      Value: a list
      note: `ar` takes two whole numbers from 1 up, as in `16:9`
      help: to make a task for each value, put the list under `matrix` and use its variable here
    ");
    insta::assert_snapshot!(checked(&list("no", &[])), @r"
    error: `no` has no value
      Value: a value is missing
      note: `no` takes a list separated by commas, as in `text, hands`
    ");
}

#[test]
fn the_mode_and_repeats_are_not_params() {
    insta::assert_snapshot!(checked(&switch("relax", true)), @r"
    error: `relax` is the mode, not a param
      Name: not a param
      help: write `mode: relaxed` beside the prompt
    ");
    insta::assert_snapshot!(checked(&switch("turbo", true)), @r"
    error: `turbo` is the mode, not a param
      Name: not a param
      note: the service has the modes `fast` and `relaxed`
    ");
    insta::assert_snapshot!(checked(&text("repeat", "3")), @r"
    error: `repeat` is not a param
      Name: not a param
      note: repeats are expanded before anything is sent: each becomes a task
      help: write `repeat: 3` beside the prompt
    ");
}

#[test]
fn a_cell_of_a_table_is_a_param() {
    assert_eq!(Param::from_text("tile", "No"), Some(switch("tile", false)));
    assert_eq!(Param::from_text("no", "no"), Some(text("no", "no")));
    assert_eq!(Param::from_text("ar", ""), None);
}

fn defaults(params: impl IntoIterator<Item = Param>) -> Vec<(Param, Origin)> {
    params.into_iter().map(|param| (param, Origin::Default)).collect()
}

fn explicit(params: impl IntoIterator<Item = Param>) -> Vec<(Param, Origin)> {
    params.into_iter().map(|param| (param, Origin::Explicit)).collect()
}

#[test]
fn flags_are_written_in_one_order_whatever_the_order_given() {
    let mut params = explicit([
        text("later", "1"),
        text("earlier", "2"),
        list("no", &["text", "hands"]),
        list("sref", &["12", "34"]),
        switch("tile", true),
        text("s", "250"),
        text("aspect", "16:9"),
    ]);
    let written = "a mug --ar 16:9 --stylize 250 --tile --sref 12 34 --no text, hands --earlier 2 --later 1";
    assert_eq!(with_params("a mug ", &params).as_deref(), Ok(written));
    params.reverse();
    assert_eq!(with_params("a mug ", &params).as_deref(), Ok(written));
    assert_eq!(with_params("", &defaults([text("ar", "1:1")])).as_deref(), Ok("--ar 1:1"));
}

#[test]
fn a_default_gives_way() {
    let given = defaults([text("ar", "1:1"), text("v", "7"), switch("tile", true)]);
    let with =
        |prompt: &str, more: &[(Param, Origin)]| with_params(prompt, &[&given, more].concat()).unwrap();
    assert_eq!(with("a mug --aspect 3:2", &[]), "a mug --aspect 3:2 --v 7 --tile");
    assert_eq!(with("a mug —ar 3:2", &[]), "a mug —ar 3:2 --v 7 --tile");
    assert_eq!(with("a mug --niji 6", &[]), "a mug --niji 6 --ar 1:1 --tile");
    assert_eq!(
        with("a mug", &explicit([text("ar", "3:2"), text("niji", "6")])),
        "a mug --ar 3:2 --niji 6 --tile"
    );
    assert_eq!(with("a mug", &explicit([switch("tile", false), switch("v", false)])), "a mug --ar 1:1");
}

#[test]
fn a_default_without_effect_is_left_out() {
    let given = defaults([text("iw", "2"), text("sw", "50")]);
    assert_eq!(with_params("a mug", &given).as_deref(), Ok("a mug"));
    assert_eq!(
        with_params("https://x.test/a.png a mug --sref 12", &given).as_deref(),
        Ok("https://x.test/a.png a mug --sref 12 --iw 2 --sw 50")
    );
}

fn clashes(prompt: &str, params: &[(Param, Origin)]) -> String {
    let clashes = with_params(prompt, params).unwrap_err();
    let mut lines = Vec::new();
    for clash in clashes {
        let with = match &clash.with {
            Counterpart::Prompt(span) => format!("[{}]", &prompt[span.clone()]),
            Counterpart::Param(index) => format!("param {index}"),
        };
        lines.push(format!("error: {}", clash.message));
        lines.push(format!("  param {} with {with}: {}", clash.param, clash.label));
        lines.extend(clash.notes.iter().map(|note| format!("  note: {note}")));
        lines.extend(clash.help.iter().map(|help| format!("  help: {help}")));
    }
    lines.join("\n")
}

#[test]
fn an_explicit_param_clashes() {
    insta::assert_snapshot!(clashes("a mug --ar 1:1", &explicit([text("aspect", "16:9")])), @r"
    error: `aspect` clashes with `--ar 1:1` in the prompt
      param 0 with [--ar 1:1]: given here too
      note: a flag in the prompt wins over a default, and clashes with a param of the entry
      help: leave out either the param or `--ar 1:1`
    ");
    insta::assert_snapshot!(clashes("a mug --v 7 --tile", &explicit([text("niji", "6"), switch("tile", false)])), @r"
    error: `niji` clashes with `--v 7` in the prompt
      param 0 with [--v 7]: given here too
      note: a flag in the prompt wins over a default, and clashes with a param of the entry
      help: leave out either the param or `--v 7`
    error: `tile` clashes with `--tile` in the prompt
      param 1 with [--tile]: given here too
      note: a flag in the prompt wins over a default, and clashes with a param of the entry
      help: leave out either the param or `--tile`
    ");
    insta::assert_snapshot!(clashes("a mug", &explicit([text("v", "7"), text("niji", "6")])), @r"
    error: `niji` cannot be combined with `v`
      param 1 with param 0: excluded
      help: leave one of them out
    ");
    insta::assert_snapshot!(clashes("a mug", &explicit([text("ar", "1:1"), text("aspect", "1:1")])), @r"
    error: `aspect` and `ar` are the same flag
      param 1 with param 0: again here
      help: leave one of them out
    ");
    insta::assert_snapshot!(clashes("a mug", &defaults([text("ar", "1:1"), text("ar", "3:2")])), @r"
    error: `ar` is given twice
      param 1 with param 0: again here
      help: leave one of them out
    ");
    insta::assert_snapshot!(clashes("a mug", &defaults([text("v", "7"), text("niji", "6")])), @r"
    error: `niji` cannot be combined with `v`
      param 1 with param 0: excluded
      help: leave one of them out
    ");
}

/// Legal params that need nothing else.
fn legal() -> impl Strategy<Value = Vec<(Param, Origin)>> {
    let ar = (1_u32..99, 1_u32..99).prop_map(|(width, height)| text("ar", &format!("{width}:{height}")));
    let s = (0_u32..=1000).prop_map(|n| text("stylize", &n.to_string()));
    let seed = any::<u32>().prop_map(|n| text("seed", &n.to_string()));
    let tile = any::<bool>().prop_map(|on| switch("tile", on));
    let no = prop::collection::vec("[a-mo-z]{2,6}( [a-z]{2,6})?", 1..4)
        .prop_map(|items| list("no", &items.iter().map(String::as_str).collect::<Vec<_>>()));
    let sref = prop::collection::vec("[0-9]{1,9}|random", 1..3)
        .prop_map(|items| list("sref", &items.iter().map(String::as_str).collect::<Vec<_>>()));
    let origin = prop_oneof![Just(Origin::Default), Just(Origin::Explicit)];
    (ar, s, seed, tile, no, sref, prop::collection::vec(origin, 6), any::<u8>()).prop_map(
        |(ar, s, seed, tile, no, sref, origins, kept)| {
            let all = [ar, s, seed, tile, no, sref].into_iter().zip(origins).enumerate();
            all.filter(|(at, _)| kept & (1 << at) != 0).map(|(_, param)| param).collect()
        },
    )
}

proptest! {
    #[test]
    fn a_clean_prompt_with_legal_params_stays_clean(
        prompt in "[a-z]{1,8}([ ,-]{1,3}[a-z]{1,8}){0,3}( --chaos [0-9]{1,2})?( --no [a-m]{2,5})?( -{0,2})?",
        params in legal(),
    ) {
        prop_assume!(lint(&prompt, Mode::Fast).is_empty());
        for (param, _) in &params {
            prop_assert_eq!(check_param(param), []);
        }
        if let Ok(whole) = with_params(&prompt, &params) {
            prop_assert_eq!(lint(&whole, Mode::Fast), [], "{}", whole);
        }
    }

    #[test]
    fn checking_and_writing_never_panic(name in any::<String>(), value in any::<String>(), prompt in any::<String>()) {
        let param = text(&name, &value);
        let _ = check_param(&param);
        let _ = Param::from_text(&name, &value);
        let _ = with_params(&prompt, &[(param, Origin::Explicit)]);
    }
}
