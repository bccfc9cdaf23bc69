//! Walks a document and gathers all that is wrong with it, rather than stopping at the first.

use std::collections::HashMap;

use super::node::{Node, NodeValue};
use crate::diagnostic::{Diagnostic, Problems, Source, close_name, quoted};
use crate::manifest::value::ValueError;

/// The document's text and what is wrong so far.
pub(crate) struct NodeReader<'s> {
    pub(crate) source: &'s Source<'s>,
    pub(crate) problems: Problems,
}

/// A key and what stands under it.
#[derive(Clone, Copy)]
pub(crate) struct KeyValue<'n, 'a> {
    pub(crate) name: &'n str,
    pub(crate) key: &'n Node<'a>,
    pub(crate) value: &'n Node<'a>,
}

/// A map whose keys are known ones.
pub(crate) struct KnownKeys<'n, 'a> {
    fields: Vec<KeyValue<'n, 'a>>,
    /// The known keys that misspelt ones probably mean.
    meant: Vec<&'static str>,
}

impl<'n, 'a> KnownKeys<'n, 'a> {
    /// What stands under a key; a key with nothing under it is as good as none.
    pub(crate) fn get(&self, name: &str) -> Option<KeyValue<'n, 'a>> {
        self.fields.iter().find(|field| field.name == name && field.value.value != NodeValue::Null).copied()
    }

    /// A key with nothing under it.
    pub(crate) fn bare(&self, name: &str) -> Option<KeyValue<'n, 'a>> {
        self.fields.iter().find(|field| field.name == name && field.value.value == NodeValue::Null).copied()
    }

    /// The key is not there, and no key looks as if it were meant.
    pub(crate) fn lacks(&self, name: &str) -> bool {
        self.get(name).is_none() && !self.meant.contains(&name)
    }
}

impl NodeReader<'_> {
    /// The fields of a map that may have these keys and no others.
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

    /// The pairs of a map with whatever keys, without those that repeat one.
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

    /// The items of a list.
    pub(crate) fn list<'n, 'a>(&mut self, node: &'n Node<'a>, what: &str) -> Option<&'n [Node<'a>]> {
        match &node.value {
            NodeValue::List(items) => Some(items),
            _ => {
                self.wrong_kind(node, what, "a list");
                None
            }
        }
    }

    /// The value of a field, checked. `None` where there is no such field, or where it is wrong,
    /// which is then reported.
    pub(crate) fn value<T>(
        &mut self,
        field: Option<KeyValue<'_, '_>>,
        check: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Option<T> {
        let field = field?;
        let text = self.text(field.value, &quoted(field.name))?;
        self.checked(check(text), field.value, field.key)
    }

    /// The text of a single value; nothing written is the empty text.
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

    /// The outcome of a check, with the error reported at the value, or at its key where nothing is
    /// written.
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
