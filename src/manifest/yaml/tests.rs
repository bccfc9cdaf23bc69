use super::limits::DEEPEST;
use super::{Node, NodeValue, parse};
use crate::diagnostic::Source;

fn tree(text: &str) -> String {
    fn write(node: &Node<'_>, text: &str, out: &mut String) {
        let written = &text[node.span.clone()];
        match &node.value {
            NodeValue::Null => out.push_str("null"),
            NodeValue::Scalar(scalar) if scalar == written => out.push_str(scalar),
            NodeValue::Scalar(scalar) => out.push_str(&format!("{scalar:?}<{}>", written.replace('\n', "/"))),
            NodeValue::List(items) => {
                out.push('[');
                items.iter().for_each(|item| {
                    write(item, text, out);
                    out.push(' ');
                });
                out.push(']');
            }
            NodeValue::Map(pairs) => {
                out.push('{');
                pairs.iter().for_each(|(key, value)| {
                    write(key, text, out);
                    out.push('=');
                    write(value, text, out);
                    out.push(' ');
                });
                out.push('}');
            }
        }
    }
    match parse(&Source::new("m.yaml", text)) {
        Ok(None) => "none".to_owned(),
        Ok(Some(root)) => {
            let mut out = String::new();
            write(&root, text, &mut out);
            out
        }
        Err(found) => crate::diagnostic::Renderer::plain().one(&found),
    }
}

#[test]
fn scalars_stay_what_was_written() {
    let text = "[007, 1e3, 16:9, no, true, 0x1F, 1_000, .nan, -5, ~, null, '1', \"a\\tb\", 2024-01-01, 1.50, 1e999, +1]";
    insta::assert_snapshot!(tree(text), @r#"[007 1e3 16:9 no true 0x1F 1_000 .nan -5 null null "1"<'1'> "a\tb"<"a\tb"> 2024-01-01 1.50 1e999 +1 ]"#);
    insta::assert_snapshot!(tree("a: &x 007\nb: *x\nc: !!str 12\nd:\n? e\n? ~\n7: x\ntrue: y"), @"{a=007 b=007 c=12 d=null e=null null=null 7=x true=y }");
    insta::assert_snapshot!(tree("a: |\n  one\n  two\nb: >-\n  three\n  four\nc: plain\n  folded\n"), @r#"{a="one\ntwo\n"<one/  two/> b="three four"<three/  four/> c="plain folded"<plain/  folded> }"#);
}

#[test]
fn repeated_keys_and_merged_ones_are_in_the_tree() {
    insta::assert_snapshot!(tree("base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\na: 1\na: 2\n"), @"{base={x=1 y=2 } use={y=3 x=1 } a=1 a=2 }");
}

#[test]
fn a_text_without_a_document_has_no_tree() {
    assert_eq!(tree(""), "none");
    assert_eq!(tree("# only a comment\n"), "none");
    insta::assert_snapshot!(tree("---\n"), @"none");
}

#[test]
fn a_syntax_error_is_reported_with_its_place_and_the_usual_fix() {
    insta::assert_snapshot!(tree("version: 1\nprompts:\n\t- a mug\n"), @r"
    error: a tab in the indentation
     --> m.yaml:3:1
      |
    3 |  - a mug
      | ^ YAML is indented with spaces only
      |
      = help: replace the tab by two spaces for each level
    ");
    insta::assert_snapshot!(tree("version: 1\nname: spring: the sale\n"), @r"
    error: this is not YAML: mapping values are not allowed in this context
     --> m.yaml:2:13
      |
    2 | name: spring: the sale
      |             ^ not understood here
      |
      = help: a text with `: ` in it needs quotes around it
    ");
    insta::assert_snapshot!(tree("prompts:\n  - prompt: {{ product }} on sand\n"), @r"
    error: this is not YAML: while parsing a block mapping, did not find expected key
     --> m.yaml:2:27
      |
    2 |   - prompt: {{ product }} on sand
      |                           ^ not understood here
      |
      = help: a text that starts with one of { [ & * ! | > % @ ` , ? or a quote needs quotes around it
    ");
    insta::assert_snapshot!(tree("prompts:\n  - prompt: \"a mug\n  - prompt: b\n"), @r#"
    error: this is not YAML: unclosed quote
     --> m.yaml:2:13
      |
    2 |   - prompt: "a mug
      |             ^ not understood here
      |
      = help: close the quote at the end of the text
    "#);
    insta::assert_snapshot!(tree("prompts: [a, b\nname: x\n"), @r"
    error: this is not YAML: illegal placement of ':' indicator
     --> m.yaml:2:5
      |
    2 | name: x
      |     ^ not understood here
    ");
    insta::assert_snapshot!(tree("prompts:\n  - prompt: *star* quality\n"), @r"
    error: an alias that names no anchor
     --> m.yaml:2:13
      |
    2 |   - prompt: *star* quality
      |             ^ nothing before this has the name
      |
      = help: a text that starts with `*` needs quotes around it
    ");
    insta::assert_snapshot!(tree("prompt: !important shoes\n"), @r"
    error: the YAML tag `!important` is not understood
     --> m.yaml:1:20
      |
    1 | prompt: !important shoes
      |                    ^^^^^ here
      |
      = help: a text that starts with `!` needs quotes around it
    ");
    insta::assert_snapshot!(tree("prompt: @home\n"), @r"
    error: this is not YAML: unexpected character: `@'
     --> m.yaml:1:9
      |
    1 | prompt: @home
      |         ^ not understood here
      |
      = help: a text that starts with one of { [ & * ! | > % @ ` , ? or a quote needs quotes around it
    ");
    insta::assert_snapshot!(tree("prompts:\n  - id: a\n    prompt: b\n   mode: fast\n"), @r"
    error: this is not YAML: while parsing a block collection, did not find expected '-' indicator
     --> m.yaml:4:4
      |
    4 |    mode: fast
      |    ^ not understood here
    ");
    insta::assert_snapshot!(tree("a: 1\n---\nb: 2\n"), @r"
    error: a manifest is one YAML document
     --> m.yaml:3:1
      |
    3 | b: 2
      | ^ a second one starts here
      |
      = help: remove the line `---` and what follows it
    ");
    insta::assert_snapshot!(tree("a: &a [*a]\n"), @r"
    error: an alias inside the value that it refers to
     --> m.yaml:1:8
      |
    1 | a: &a [*a]
      |        ^^ this would repeat forever
    ");
    insta::assert_snapshot!(tree("a: 1\n<<: 5\n"), @r"
    error: `<<` takes a map, or a list of maps
     --> m.yaml:2:5
      |
    2 | <<: 5
      |     ^ this is neither
    ");
}

#[test]
fn a_document_that_expands_without_end_is_refused_early() {
    let mut bomb = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for i in 1..12 {
        let list = vec![format!("*a{}", i - 1); 9].join(", ");
        bomb.push_str(&format!("a{i}: &a{i} [{list}]\n"));
    }
    insta::assert_snapshot!(tree(&bomb), @r"
    error: this YAML expands to more than a manifest may hold
     --> m.yaml:1:50
      |
    1 | a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]
      |                                                  ^^^ the limit is reached here
      |
      = note: lists and maps may nest 24 deep, and a manifest may have 10000 aliases (`*name`) that repeat little
    ");
    assert!(tree(&"[".repeat(200_000)).contains("error: "));
    assert!(tree(&"- ".repeat(200_000)).contains("error: "));
    assert!(tree(&"a: ".repeat(200_000)).contains("error: "));
    let deep = format!("{}x{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST));
    assert!(tree(&deep).contains('x') && !tree(&deep).contains("error"), "{}", tree(&deep));
}

#[test]
fn escaped_text_is_not_repeated_beyond_its_bound() {
    let text = format!("a: &a \"{}\\n\"\nb: [{}]\n", "x".repeat(20_000), "*a, ".repeat(100));
    assert!(tree(&text).contains("expands to more"));
}

#[test]
fn a_long_manifest_has_no_bound_on_its_entries() {
    let text = format!("prompts:\n{}", "- {id: a, prompt: b}\n".repeat(60_000));
    let Ok(Some(root)) = parse(&Source::new("m.yaml", &text)) else { panic!("refused") };
    let NodeValue::Map(pairs) = root.value else { panic!("no map") };
    let NodeValue::List(items) = &pairs[0].1.value else { panic!("no list") };
    assert_eq!(items.len(), 60_000);
}
