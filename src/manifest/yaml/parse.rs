//! Parses YAML text into a tree with places. This is the only file that knows the YAML crate.
//!
//! The size of the tree is bounded by the length of the text: nodes, nesting, and what aliases
//! repeat. Repeated keys stay in the tree, so that all of them can be reported with both places;
//! booleans and numbers stay text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Error, NonFiniteFloatPolicy, Spanned};

use super::explain::{explain, span};
use super::limits::{ALIASES, ANCHORED_BYTES, DEEPEST, REPEATED};
use super::node::{Node, NodeValue};
use crate::diagnostic::{Diagnostic, Source};

/// Parses the one document of a text. `None` if there is none.
///
/// # Errors
///
/// One problem: the parser stops at the first syntax error, or when a bound is exceeded.
pub(crate) fn parse<'a>(source: &Source<'a>) -> Result<Option<Node<'a>>, Box<Diagnostic>> {
    let text = source.text();
    let read: Result<Option<Spanned<RawNode<'a>>>, Error> =
        serde_saphyr::from_str_with_options(text, options(text.len()));
    match read {
        Ok(root) => Ok(root.map(|root| node(root, text))),
        Err(error) => Err(Box::new(explain(&error, source))),
    }
}

fn options(length: usize) -> serde_saphyr::Options {
    let most = length.saturating_mul(2).saturating_add(REPEATED + 1000);
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
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
        alias_limits: serde_saphyr::alias_limits! {
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

/// A node as the crate parses it, before numbers get their text back.
enum RawNode<'a> {
    Null,
    Text(Cow<'a, str>),
    /// A number or a truth value, whose text is taken from the file.
    AsWritten,
    List(Vec<Spanned<RawNode<'a>>>),
    Map(Vec<(Spanned<RawNode<'a>>, Spanned<RawNode<'a>>)>),
}

impl<'de> Deserialize<'de> for RawNode<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawNodeVisitor)
    }
}

struct RawNodeVisitor;

impl<'de> Visitor<'de> for RawNodeVisitor {
    type Value = RawNode<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list or a map")
    }

    fn visit_unit<E: de::Error>(self) -> Result<RawNode<'de>, E> {
        Ok(RawNode::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<RawNode<'de>, E> {
        Ok(RawNode::Null)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<RawNode<'de>, E> {
        Ok(RawNode::AsWritten)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<RawNode<'de>, E> {
        Ok(RawNode::AsWritten)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<RawNode<'de>, E> {
        Ok(RawNode::AsWritten)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<RawNode<'de>, E> {
        Ok(RawNode::AsWritten)
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<RawNode<'de>, E> {
        Ok(RawNode::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<RawNode<'de>, E> {
        Ok(RawNode::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<RawNode<'de>, E> {
        Ok(RawNode::Text(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawNode<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(RawNode::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<RawNode<'de>, A::Error> {
        let mut map = Vec::new();
        while let Some(pair) = pairs.next_entry()? {
            map.push(pair);
        }
        Ok(RawNode::Map(map))
    }
}

fn node<'a>(raw: Spanned<RawNode<'a>>, text: &'a str) -> Node<'a> {
    let span = span(&raw.defined);
    let value = match raw.value {
        RawNode::Null => NodeValue::Null,
        RawNode::Text(text) => NodeValue::Scalar(text),
        RawNode::AsWritten => {
            NodeValue::Scalar(Cow::Borrowed(text.get(span.clone()).unwrap_or_default().trim()))
        }
        RawNode::List(items) => NodeValue::List(items.into_iter().map(|item| node(item, text)).collect()),
        RawNode::Map(pairs) => NodeValue::Map(
            pairs.into_iter().map(|(key, value)| (node(key, text), node(value, text))).collect(),
        ),
    };
    Node { value, span }
}
