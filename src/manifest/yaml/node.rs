//! A document as it was written: maps, lists and scalars, each with its place.
//!
//! Scalars keep the text of the file: an id `007` or `1e3` stays what it is, and a variable `16:9`
//! too. What a text is to mean is decided where its key is known.

use std::borrow::Cow;
use std::ops::Range;

/// A piece of the document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node<'a> {
    pub(crate) value: NodeValue<'a>,
    /// Bytes of the text.
    pub(crate) span: Range<usize>,
}

/// What it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NodeValue<'a> {
    /// Nothing written, `~` or `null`.
    Null,
    /// Text, a number or a truth value: all are text as written.
    Scalar(Cow<'a, str>),
    List(Vec<Node<'a>>),
    /// In the order of the file, repeated keys too.
    Map(Vec<(Node<'a>, Node<'a>)>),
}

impl Node<'_> {
    /// What it is, for a message.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            NodeValue::Null => "nothing",
            NodeValue::Scalar(_) => "a single value",
            NodeValue::List(_) => "a list",
            NodeValue::Map(_) => "a map",
        }
    }

    /// Where to point for it: at the first key of a map, the first item of a list.
    pub(crate) fn head(&self) -> Range<usize> {
        match &self.value {
            NodeValue::Map(pairs) => pairs.first().map_or(self.span.clone(), |(key, _)| key.head()),
            NodeValue::List(items) => items.first().map_or(self.span.clone(), Node::head),
            NodeValue::Null | NodeValue::Scalar(_) => self.span.clone(),
        }
    }
}
