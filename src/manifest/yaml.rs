//! YAML text becomes a tree with places. The only file that knows which YAML crate there is.
//!
//! What the text may unfold to is bounded by its length: nodes, nesting, and what aliases repeat. Repeated keys are left
//! in the tree, so that all of them can be told with both places; booleans and numbers stay text.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{DuplicateKeyPolicy, Error, Location, NonFiniteFloatPolicy, Spanned};

use super::node::{Node, Value};
use crate::diagnostic::{Diagnostic, Source, quoted};

/// Lists and maps within each other. The language needs five.
const DEEPEST: usize = 24;
/// Events that aliases may repeat, besides one for each byte of the text.
const REPEATED: usize = 100_000;
/// Aliases in one document, and the bytes of escaped or folded text that their anchors may hold: their product bounds
/// the memory that repeats of such text can take (plain text is shared).
const ALIASES: usize = 10_000;
const ANCHORED_BYTES: usize = 16 * 1024;

/// Reads the one document of a text. `None` where there is none.
///
/// # Errors
///
/// One problem: the crate stops at the first thing that is not YAML, or is too much of it.
pub(super) fn parse<'a>(source: &Source<'a>) -> Result<Option<Node<'a>>, Box<Diagnostic>> {
    let text = source.text();
    let read: Result<Option<Spanned<Raw<'a>>>, Error> =
        serde_yaml::from_str_with_options(text, options(text.len()));
    match read {
        Ok(root) => Ok(root.map(|root| node(root, text))),
        Err(error) => Err(Box::new(explain(&error, source))),
    }
}

fn options(length: usize) -> serde_yaml::Options {
    let most = length.saturating_mul(2).saturating_add(REPEATED + 1000);
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_events: most.saturating_mul(2),
            max_nodes: most,
            max_depth: DEEPEST,
            max_aliases: ALIASES,
            max_anchors: ALIASES,
            max_recorded_anchor_events: REPEATED,
            max_recorded_anchor_bytes: ANCHORED_BYTES,
            max_total_scalar_bytes: length.saturating_mul(4).saturating_add(64 * 1024 * 1024),
            max_documents: 2,
            max_merge_keys: ALIASES,
            enforce_alias_anchor_ratio: false, // one `vars: *common` in each entry is honest
        },
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: REPEATED.saturating_add(length),
            max_replay_stack_depth: DEEPEST,
        },
        emit_comments: false,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true, // `no` is the word no
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}

/// A node as the crate hands it out, before numbers have their text back.
enum Raw<'a> {
    Null,
    Text(Cow<'a, str>),
    /// A number or a truth value: its text is that of the file.
    AsWritten,
    List(Vec<Spanned<Raw<'a>>>),
    Map(Vec<(Spanned<Raw<'a>>, Spanned<Raw<'a>>)>),
}

impl<'de> Deserialize<'de> for Raw<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode)
    }
}

struct AnyNode;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Raw<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list or a map")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Raw<'de>, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Raw<'de>, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Raw<'de>, E> {
        Ok(Raw::AsWritten)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Raw<'de>, E> {
        Ok(Raw::AsWritten)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Raw<'de>, E> {
        Ok(Raw::AsWritten)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Raw<'de>, E> {
        Ok(Raw::AsWritten)
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Raw<'de>, E> {
        Ok(Raw::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Raw<'de>, E> {
        Ok(Raw::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Raw<'de>, E> {
        Ok(Raw::Text(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Raw<'de>, A::Error> {
        let mut map = Vec::new();
        while let Some(pair) = pairs.next_entry()? {
            map.push(pair);
        }
        Ok(Raw::Map(map))
    }
}

fn node<'a>(raw: Spanned<Raw<'a>>, text: &'a str) -> Node<'a> {
    let span = span(&raw.defined);
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Text(text) => Value::Scalar(text),
        Raw::AsWritten => Value::Scalar(Cow::Borrowed(text.get(span.clone()).unwrap_or_default().trim())),
        Raw::List(items) => Value::List(items.into_iter().map(|item| node(item, text)).collect()),
        Raw::Map(pairs) => {
            Value::Map(pairs.into_iter().map(|(key, value)| (node(key, text), node(value, text))).collect())
        }
    };
    Node { value, span }
}

fn span(location: &Location) -> Range<usize> {
    let bytes = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let start = bytes(location.span().byte_offset());
    start..start + bytes(location.span().byte_len())
}

/// The span of an error: those of the scanner have a line and a column only.
fn span_of(location: &Location, source: &Source<'_>) -> Range<usize> {
    if location.span().byte_offset().is_some() {
        return span(location);
    }
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let at = source.offset(number(location.line()), number(location.column()));
    at..at
}

/// The crate's error as one of ours.
fn explain(error: &Error, source: &Source<'_>) -> Diagnostic {
    let error = error.without_snippet();
    let place = error.location().map(|location| source.place(span_of(&location, source)));
    let (found, label) = match error {
        Error::ExternalMessage { msg, location, .. } => return not_yaml(msg, span_of(location, source), source),
        Error::Eof { .. } => (Diagnostic::error("the file ends too early to be YAML"), "here"),
        Error::MultipleDocuments { .. } => (
            Diagnostic::error("a manifest is one YAML document").help("remove the line `---` and what follows it"),
            "a second one starts here",
        ),
        Error::UnknownAnchor { .. } => (
            Diagnostic::error("an alias that names no anchor")
                .help("a text that starts with `*` needs quotes round it"),
            "nothing before this has the name",
        ),
        Error::UnsupportedTag { tag, .. } => (
            Diagnostic::error(format!("the YAML tag {} is not understood", quoted(tag)))
                .help("a text that starts with `!` needs quotes round it"),
            "here",
        ),
        Error::MergeValueNotMapOrSeqOfMaps { .. } => {
            (Diagnostic::error("`<<` takes a map, or a list of maps"), "this is neither")
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            (Diagnostic::error("an alias within what it stands for"), "this would never end")
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => (
            Diagnostic::error("this YAML unfolds to more than a manifest can hold").note(format!(
                "lists and maps may nest {DEEPEST} deep, and a manifest may have {ALIASES} aliases (`*name`) that \
                 repeat little"
            )),
            "the bound is reached here",
        ),
        Error::AliasError { error, .. } => return explain(error, source),
        other => (Diagnostic::error(format!("this YAML cannot be read: {}", first_line(&other.to_string()))), ""),
    };
    match place {
        Some(place) => found.at(place, label),
        None => found.at(source.place(0..0), label),
    }
}

fn line_before(text: &str, line_start: usize) -> &str {
    text[..line_start].trim_end().rsplit(['\n', '\r']).next().unwrap_or_default()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// What the scanner did not understand. The usual slips are told from the line itself.
fn not_yaml(reason: &str, span: Range<usize>, source: &Source<'_>) -> Diagnostic {
    let text = source.text();
    let at = text.floor_char_boundary(span.start);
    let line_start = text[..at].rfind(['\n', '\r']).map_or(0, |i| i + 1);
    let rest = &text[line_start..];
    let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
    let indent = line.len() - line.trim_start_matches([' ', '\t']).len();

    if let Some(tab) = line[..indent].find('\t') {
        let tab = line_start + tab;
        return Diagnostic::error("a tab in the indentation")
            .at(source.place(tab..line_start + indent), "YAML is indented with spaces only")
            .help("replace the tab by two spaces for each level");
    }
    let found = Diagnostic::error(format!("this is not YAML: {}", first_line(reason)));
    let value = line.trim_start().trim_start_matches("- ").split_once(": ").map(|(_, value)| value.trim());
    match value {
        Some(value)
            if value.starts_with(['{', '[', '&', '*', '!', '|', '>', '%', '@', '`', '"', '\'', ',', '?']) =>
        {
            found.help(
                "a text that starts with one of { [ & * ! | > % @ ` , ? or a quote needs quotes round it",
            )
        }
        Some(value) if value.contains(": ") || value.ends_with(':') => {
            found.help("a text with `: ` in it needs quotes round it")
        }
        _ if line_before(text, line_start).matches('"').count() % 2 == 1 => {
            found.help("a quote on the line before is not closed there")
        }
        _ => found,
    }
    .at(source.place(span), "not understood here")
}

#[cfg(test)]
#[expect(clippy::too_many_lines, reason = "messages are long")]
mod tests {
    use super::*;

    fn tree(text: &str) -> String {
        fn write(node: &Node<'_>, text: &str, out: &mut String) {
            let written = &text[node.span.clone()];
            match &node.value {
                Value::Null => out.push_str("null"),
                Value::Scalar(scalar) if scalar == written => out.push_str(scalar),
                Value::Scalar(scalar) => out.push_str(&format!("{scalar:?}<{}>", written.replace('\n', "/"))),
                Value::List(items) => {
                    out.push('[');
                    items.iter().for_each(|item| {
                        write(item, text, out);
                        out.push(' ');
                    });
                    out.push(']');
                }
                Value::Map(pairs) => {
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
    fn what_is_not_yaml_is_told_with_its_place_and_the_usual_mend() {
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
          = help: a text with `: ` in it needs quotes round it
        ");
        insta::assert_snapshot!(tree("prompts:\n  - prompt: {{ product }} on sand\n"), @r"
        error: this is not YAML: while parsing a block mapping, did not find expected key
         --> m.yaml:2:27
          |
        2 |   - prompt: {{ product }} on sand
          |                           ^ not understood here
          |
          = help: a text that starts with one of { [ & * ! | > % @ ` , ? or a quote needs quotes round it
        ");
        insta::assert_snapshot!(tree("prompts:\n  - prompt: \"a mug\n  - prompt: b\n"), @r"
        error: this is not YAML: invalid indentation in multiline quoted scalar
         --> m.yaml:3:3
          |
        3 |   - prompt: b
          |   ^ not understood here
          |
          = help: a quote on the line before is not closed there
        ");
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
          = help: a text that starts with `*` needs quotes round it
        ");
        insta::assert_snapshot!(tree("prompt: !important shoes\n"), @r"
        error: the YAML tag `!important` is not understood
         --> m.yaml:1:20
          |
        1 | prompt: !important shoes
          |                    ^^^^^ here
          |
          = help: a text that starts with `!` needs quotes round it
        ");
        insta::assert_snapshot!(tree("prompt: @home\n"), @r"
        error: this is not YAML: unexpected character: `@'
         --> m.yaml:1:9
          |
        1 | prompt: @home
          |         ^ not understood here
          |
          = help: a text that starts with one of { [ & * ! | > % @ ` , ? or a quote needs quotes round it
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
        error: an alias within what it stands for
         --> m.yaml:1:8
          |
        1 | a: &a [*a]
          |        ^^ this would never end
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
    fn what_unfolds_without_end_is_refused_soon() {
        let mut bomb = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
        for i in 1..12 {
            let list = vec![format!("*a{}", i - 1); 9].join(", ");
            bomb.push_str(&format!("a{i}: &a{i} [{list}]\n"));
        }
        insta::assert_snapshot!(tree(&bomb), @r"
        error: this YAML unfolds to more than a manifest can hold
         --> m.yaml:1:50
          |
        1 | a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]
          |                                                  ^^^ the bound is reached here
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
        assert!(tree(&text).contains("unfolds to more"));
    }

    #[test]
    fn a_long_manifest_has_no_bound_on_its_entries() {
        let text = format!("prompts:\n{}", "- {id: a, prompt: b}\n".repeat(60_000));
        let Ok(Some(root)) = parse(&Source::new("m.yaml", &text)) else { panic!("refused") };
        let Value::Map(pairs) = root.value else { panic!("no map") };
        let Value::List(items) = &pairs[0].1.value else { panic!("no list") };
        assert_eq!(items.len(), 60_000);
    }
}
