//! A YAML document as it was written: maps, lists and scalars, each with its place.
//!
//! Scalars keep the text of the file: an id `007` or `1e3` stays what it is, and so does a variable
//! `16:9`. The meaning of a text is decided where its key is known.

use std::borrow::Cow;
use std::ops::Range;

/// A value of the document with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node<'a> {
    pub(crate) value: NodeValue<'a>,
    /// Its bytes in the text.
    pub(crate) span: Range<usize>,
}

/// The kind of a node, with its content.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NodeValue<'a> {
    /// Nothing, `~` or `null`.
    Null,
    /// Text, a number or a truth value: all are kept as the text that was written.
    Scalar(Cow<'a, str>),
    List(Vec<Node<'a>>),
    /// Pairs of key and value in the order of the file, repeated keys too.
    Map(Vec<(Node<'a>, Node<'a>)>),
}

impl Node<'_> {
    /// The name of the kind, for a message.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            NodeValue::Null => "nothing",
            NodeValue::Scalar(_) => "a single value",
            NodeValue::List(_) => "a list",
            NodeValue::Map(_) => "a map",
        }
    }

    /// The bytes that a message should point at: the first key of a map, the first item of a list,
    /// else the node.
    pub(crate) fn head(&self) -> Range<usize> {
        match &self.value {
            NodeValue::Map(pairs) => pairs.first().map_or(self.span.clone(), |(key, _)| key.head()),
            NodeValue::List(items) => items.first().map_or(self.span.clone(), Node::head),
            NodeValue::Null | NodeValue::Scalar(_) => self.span.clone(),
        }
    }
}
