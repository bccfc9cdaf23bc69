//! The ` #` that silently cuts an unquoted text: `prompt: the #1 mug` is the prompt `the`.

use super::node::{Node, Value};
use super::reader::Reader;
use crate::diagnostic::Diagnostic;

/// Warns where a comment follows an unquoted text in its line.
pub(super) fn judge(node: &Node<'_>, what: &str, reader: &mut Reader<'_>) {
    let text = reader.source.text();
    let is_plain = match &node.value {
        Value::Scalar(_) => {
            !text.get(node.span.clone()).unwrap_or_default().starts_with(['"', '\'', '|', '>'])
        }
        Value::Null => node.span.is_empty(),
        Value::List(_) | Value::Map(_) => false,
    };
    let Some(rest) = text.get(node.span.end..).filter(|_| is_plain) else { return };
    let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
    let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
    let Some(comment) = line.get(blanks..).filter(|comment| blanks > 0 && comment.starts_with('#')) else {
        return;
    };
    let start = node.span.end + blanks;
    let place = reader.source.place(start..start + comment.trim_end().len());
    let found = Diagnostic::warning(format!("a ` #` cuts this {what}: what follows is a comment"))
        .at(place, "not sent")
        .help(format!("put quotes round the {what}, or the comment on a line of its own"));
    reader.problems.push(found);
}
