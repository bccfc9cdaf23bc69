//! Reads a document key by key and gathers every error in it, rather than stopping at the first.

use std::collections::HashMap;

use super::node::{Node, NodeValue};
use crate::diagnostic::{Diagnostic, Problems, Source, close_name, quoted};
use crate::manifest::value::ValueError;

/// The text of a document, and the problems found in it so far.
pub(crate) struct NodeReader<'s> {
    pub(crate) source: &'s Source<'s>,
    pub(crate) problems: Problems,
}

/// A key and its value.
#[derive(Clone, Copy)]
pub(crate) struct KeyValue<'n, 'a> {
    pub(crate) name: &'n str,
    pub(crate) key: &'n Node<'a>,
    pub(crate) value: &'n Node<'a>,
}

/// A map whose keys were checked against the known ones.
pub(crate) struct KnownKeys<'n, 'a> {
    fields: Vec<KeyValue<'n, 'a>>,
    /// The known keys that misspelled ones were probably meant to be.
    meant: Vec<&'static str>,
}

impl<'n, 'a> KnownKeys<'n, 'a> {
    /// The value of a key. A key without a value counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<KeyValue<'n, 'a>> {
        self.fields.iter().find(|field| field.name == name && field.value.value != NodeValue::Null).copied()
    }

    /// A key without a value.
    pub(crate) fn bare(&self, name: &str) -> Option<KeyValue<'n, 'a>> {
        self.fields.iter().find(|field| field.name == name && field.value.value == NodeValue::Null).copied()
    }

    /// Whether the key is absent and no misspelled key was probably meant to be it.
    pub(crate) fn lacks(&self, name: &str) -> bool {
        self.get(name).is_none() && !self.meant.contains(&name)
    }
}

impl NodeReader<'_> {
    /// Reads a map that may have these keys and no others.
    pub(crate) fn map<'n, 'a>(
        &mut self,
        node: &'n Node<'a>,
        what: &str,
        known: &[&'static str],
    ) -> Option<KnownKeys<'n, 'a>> {
        let mut fields = KnownKeys { fields: Vec::new(), meant: Vec::new() };
        for field in self.pairs(node, what)? {
            if known.contains(&field.name) {
                fields.fields.push(field);
                continue;
            }
            let place = self.source.place(field.key.span.clone());
            let close = close_name(field.name, known.iter().copied());
            let meant = close.and_then(|close| known.iter().find(|name| **name == close));
            fields.meant.extend(meant);
            let found = Diagnostic::error(format!("{what} has no key {}", quoted(field.name)))
                .at(place, "unknown key")
                .note(format!(
                    "the keys are {}",
                    known.iter().map(|key| quoted(key)).collect::<Vec<_>>().join(", ")
                ));
            self.problems.push(match meant {
                Some(meant) => found.help(format!("did you mean `{meant}`?")),
                None => found,
            });
        }
        Some(fields)
    }

    /// Reads the pairs of a map with any keys, without those that repeat one.
    pub(crate) fn pairs<'n, 'a>(&mut self, node: &'n Node<'a>, what: &str) -> Option<Vec<KeyValue<'n, 'a>>> {
        let NodeValue::Map(pairs) = &node.value else {
            self.wrong_kind(node, what, "a map");
            return None;
        };
        let mut seen: HashMap<&str, &Node<'_>> = HashMap::new();
        let mut fields = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let NodeValue::Scalar(name) = &key.value else {
                self.wrong_kind(key, "a key", "a single value");
                continue;
            };
            if let Some(first) = seen.insert(name, key) {
                self.problems.push(
                    Diagnostic::error(format!("the key {} is written twice", quoted(name)))
                        .at(self.source.place(key.span.clone()), "here again")
                        .at(self.source.place(first.span.clone()), "first here")
                        .help("remove one of them"),
                );
                continue;
            }
            fields.push(KeyValue { name, key, value });
        }
        Some(fields)
    }

    /// Reads the items of a list.
    pub(crate) fn list<'n, 'a>(&mut self, node: &'n Node<'a>, what: &str) -> Option<&'n [Node<'a>]> {
        match &node.value {
            NodeValue::List(items) => Some(items),
            _ => {
                self.wrong_kind(node, what, "a list");
                None
            }
        }
    }

    /// Reads and checks the value of a key. `None` if there is no such key, or if the value is
    /// wrong, which is then reported.
    pub(crate) fn value<T>(
        &mut self,
        field: Option<KeyValue<'_, '_>>,
        check: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Option<T> {
        let field = field?;
        let text = self.text(field.value, &quoted(field.name))?;
        self.checked(check(text), field.value, field.key)
    }

    /// Reads the text of a single value; a missing value is the empty text.
    pub(crate) fn text<'n>(&mut self, node: &'n Node<'_>, what: &str) -> Option<&'n str> {
        match &node.value {
            NodeValue::Scalar(text) => Some(text),
            NodeValue::Null => Some(""),
            NodeValue::List(_) | NodeValue::Map(_) => {
                self.wrong_kind(node, what, "a single value");
                None
            }
        }
    }

    /// Takes the outcome of a check. An error is reported at the value, or at its key if there is
    /// no value.
    pub(crate) fn checked<T>(
        &mut self,
        outcome: Result<T, ValueError>,
        value: &Node<'_>,
        key: &Node<'_>,
    ) -> Option<T> {
        let span = if value.span.is_empty() { &key.span } else { &value.span };
        outcome.map_err(|fault| self.problems.push(fault.at(self.source, span.clone()))).ok()
    }

    fn wrong_kind(&mut self, node: &Node<'_>, what: &str, expected: &str) {
        let found = Diagnostic::error(format!("{what} takes {expected}"))
            .at(self.source.place(node.head()), format!("this is {}", node.kind()));
        self.problems.push(found);
    }
}
