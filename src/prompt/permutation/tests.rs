//! The order of texts, escapes, messages, and what holds for any text.

use proptest::prelude::*;

use super::*;

fn expanded(text: &str) -> String {
    parse(text).unwrap().expand().map(|text| format!("[{text}]")).collect::<Vec<_>>().join(" ")
}

#[test]
fn groups_multiply_and_the_last_varies_fastest() {
    insta::assert_snapshot!(expanded("a {red, blue} {mug, bowl}"), @"[a red mug] [a red bowl] [a blue mug] [a blue bowl]");
    insta::assert_snapshot!(expanded("no groups, at all"), @"[no groups, at all]");
    insta::assert_snapshot!(expanded("{one}"), @"[one]");
}

#[test]
fn groups_nest() {
    insta::assert_snapshot!(expanded("{a, b{1, 2}, {c, {d}}}"), @"[a] [b1] [b2] [c] [d]");
}

#[test]
fn an_empty_option_leaves_one_space_and_none_at_the_ends() {
    insta::assert_snapshot!(expanded("a {, red} mug {, --tile}"), @"[a mug] [a mug --tile] [a red mug] [a red mug --tile]");
    insta::assert_snapshot!(expanded("{, big} {} mug{}, {} on linen"), @"[mug, on linen] [big mug, on linen]");
    insta::assert_snapshot!(expanded("a  mug {big,}"), @"[a  mug big] [a  mug]");
}

#[test]
fn escaped_signs_are_text() {
    insta::assert_snapshot!(expanded(r"{salt\, pepper, \{x\}} a\b \\ c\"), @r#"[salt, pepper a\b \\ c\] [{x} a\b \\ c\]"#);
    insta::assert_snapshot!(expanded(r"red\, blue"), @"[red, blue]");
}

#[test]
fn groups_work_in_addresses_and_flags() {
    insta::assert_snapshot!(expanded("https://x.test/{a,b}.png mug --sref {12, random}"), @"[https://x.test/a.png mug --sref 12] [https://x.test/a.png mug --sref random] [https://x.test/b.png mug --sref 12] [https://x.test/b.png mug --sref random]");
}

#[test]
fn a_protected_text_composes_with_the_text_around_it() {
    let value = protect("{a, b}");
    insta::assert_snapshot!(expanded(&format!(r"\{value} {{{value}, \{value}}}")), @r#"[\{a, b} {a, b}] [\{a, b} \{a, b}]"#);
    insta::assert_snapshot!(expanded(&format!("{{ {}, b }}.", protect(" a "))), @"[ a .] [b.]");
}

fn refused(text: &str) -> String {
    let error = parse(text).unwrap_err();
    let piece = &text[error.span];
    format!("{} [{piece}]\n  {}\n  {:?}\n  {}", error.message, error.label, error.notes, error.help.unwrap())
}

#[test]
fn unmatched_braces_are_errors() {
    insta::assert_snapshot!(refused("a {red, {blue} mug"), @r#"
    a `{` that is never closed [{]
      opened here
      ["`{red, blue}` makes one prompt for each option"]
      close it with `}`; write a literal brace as `\{` or `\}`
    "#);
    insta::assert_snapshot!(refused("a red} mug"), @r#"
    a `}` without a `{` before it [}]
      closes nothing
      ["`{red, blue}` makes one prompt for each option"]
      write a literal brace as `\{` or `\}`
    "#);
    insta::assert_snapshot!(refused(&"{".repeat(100_000)), @r"
    braces nest more than 32 deep [{]
      one level too many
      []
      write a literal brace as `\{` or `\}`
    ");
}

#[test]
fn a_count_saturates() {
    let tree = parse(&"{a,b}".repeat(200)).unwrap();
    assert_eq!(tree.count(), u128::MAX);
    assert_eq!(tree.expand().nth(1).map(|text| text.ends_with("ab")), Some(true));
}

/// A text with groups, and how many texts it is.
fn groups() -> impl Strategy<Value = String> {
    let leaf = r"[a-c \\,{}]{0,4}".prop_map(|text| protect(&text).into_owned());
    leaf.prop_recursive(4, 24, 4, |inner| {
        let group = prop::collection::vec(inner.clone(), 1..4)
            .prop_map(|options| format!("{{{}}}", options.join(" , ")));
        prop::collection::vec(prop_oneof![inner, group, Just(" x ".to_owned())], 0..4)
            .prop_map(|pieces| pieces.concat())
    })
}

proptest! {
    #[test]
    fn the_count_is_the_number_of_texts(text in groups()) {
        let tree = parse(&text).unwrap();
        prop_assume!(tree.count() < 2000);
        prop_assert_eq!(tree.expand().count() as u128, tree.count());
        prop_assert_eq!(tree.groups().into_iter().product::<u128>(), tree.count());
    }

    #[test]
    fn a_printed_tree_parses_to_an_equal_tree(text in groups()) {
        let tree = parse(&text).unwrap();
        let printed = tree.to_string();
        prop_assert_eq!(parse(&printed), Ok(tree), "{}", printed);
    }

    #[test]
    fn any_text_that_can_be_read_can_be_printed_and_read_again(text in r"[ab \\,{}\u{fdd0}]{0,12}") {
        if let Ok(tree) = parse(&text) {
            let printed = tree.to_string();
            prop_assert_eq!(parse(&printed), Ok(tree), "{}", printed);
        }
    }

    #[test]
    fn a_protected_text_comes_back_as_it_is(text in r"(?s)[ab \\,{}\n\u{fdd0}]{0,12}|.*") {
        let shielded = protect(&text);
        prop_assert_eq!(unprotect(&shielded), text.as_str());
        let alone: Vec<_> = parse(&shielded).unwrap().expand().collect();
        prop_assert_eq!(alone, [text.as_str()]);
        let tree = parse(&format!("<{{{shielded}|, b}}>")).unwrap();
        prop_assert_eq!(tree.expand().collect::<Vec<_>>(), [format!("<{text}|>"), "<b>".to_owned()]);
    }

    #[test]
    fn reading_never_panics(text in any::<String>()) {
        if let Err(error) = parse(&text) {
            prop_assert!(text.get(error.span).is_some());
        }
    }

    #[test]
    fn a_text_without_signs_is_itself(text in "[a-z ,.:-]{0,20}") {
        prop_assert_eq!(parse(&text).unwrap().expand().collect::<Vec<_>>(), [text]);
    }
}
