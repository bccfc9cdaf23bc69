//! Warns of the ` #` that silently cuts an unquoted text: `prompt: the #1 mug` is the prompt `the`.

use super::node::{Node, NodeValue};
use super::reader::NodeReader;
use crate::diagnostic::Diagnostic;

/// Warns if a comment follows an unquoted text on its line.
pub(crate) fn judge(node: &Node<'_>, key: &Node<'_>, what: &str, reader: &mut NodeReader<'_>) {
    let text = reader.source.text();
    let after = match &node.value {
        NodeValue::Scalar(_) => {
            let written = text.get(node.span.clone()).unwrap_or_default();
            (!written.starts_with(['"', '\'', '|', '>'])).then_some(node.span.end)
        }
        // Of `colour: #fff` nothing is left at all.
        NodeValue::Null => {
            text.get(key.span.end..).filter(|rest| rest.starts_with(':')).map(|_| key.span.end + 1)
        }
        NodeValue::List(_) | NodeValue::Map(_) => None,
    };
    let Some((after, rest)) = after.and_then(|after| Some((after, text.get(after..)?))) else { return };
    let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
    let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
    let Some(comment) = line.get(blanks..).filter(|comment| blanks > 0 && comment.starts_with('#')) else {
        return;
    };
    let start = after + blanks;
    let place = reader.source.place(start..start + comment.trim_end().len());
    let found = Diagnostic::warning(format!("a ` #` cuts this {what}: what follows is a comment"))
        .at(place, "not sent")
        .help(format!("put quotes around the {what}, or the comment on a line of its own"));
    reader.problems.push(found);
}
