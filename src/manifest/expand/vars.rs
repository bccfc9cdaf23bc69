//! Finds the variables that an entry sets or uses.

use std::collections::HashSet;

use crate::diagnostic::Diagnostic;
use crate::manifest::table::Variables;
use crate::manifest::value;
use crate::manifest::yaml::{Node, NodeReader};

/// The most variables of a manifest: each is a column of the results.
const MOST_VARIABLES: usize = 1000;
/// The variable of a name, registered as a column of the results.
pub(crate) fn variable(
    name: &str,
    at: &Node<'_>,
    columns: &mut Variables,
    reader: &mut NodeReader<'_>,
) -> Option<usize> {
    let name = reader.checked(value::variable(name), at, at)?;
    let (variable, renamed) = columns.of(&name);
    if let Some(renamed) = renamed {
        reader.problems.push(renamed.at(reader.source.place(at.span.clone())));
    }
    if variable >= MOST_VARIABLES {
        let found = Diagnostic::error(format!("more than {MOST_VARIABLES} different variables"))
            .at(reader.source.place(at.span.clone()), "one too many")
            .note("each variable is a column of the results");
        reader.problems.push(found);
        return None;
    }
    Some(variable)
}

/// The variables that a template uses, by the names that it takes from outside.
pub(crate) fn used_variables(columns: &Variables, names: &[String]) -> Vec<usize> {
    let unique: HashSet<usize> = names.iter().filter_map(|name| columns.find(name)).collect();
    unique.into_iter().collect()
}
