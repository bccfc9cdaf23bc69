//! Reads `matrix` with its `include` and `exclude`, and `zip`.

use std::collections::{HashMap, HashSet};

use super::matrix::{Matrix, MatrixFactor, VariableValues};
use super::vars::variable;
use crate::diagnostic::{Diagnostic, close_name, quoted};
use crate::manifest::table::Variables;
use crate::manifest::yaml::{KeyValue, KnownKeys, Node, NodeReader, NodeValue};

const INCLUDE: &str = "include";
const EXCLUDE: &str = "exclude";

/// Reads the matrix of an entry. `Some(None)` if it has none; `None` if it is wrong, which is then
/// reported.
pub(crate) fn read(
    fields: &KnownKeys<'_, '_>,
    data: &HashSet<usize>,
    columns: &mut Variables,
    reader: &mut NodeReader<'_>,
) -> Option<Option<Matrix>> {
    let (matrix, zip) = (fields.get("matrix"), fields.get("zip"));
    if matrix.is_none() && zip.is_none() {
        return Some(None);
    }
    let errors = reader.problems.errors();
    let mut lists = MatrixReader { data, columns, named: HashMap::new(), factors: Vec::new(), reader };
    let pairs = matrix.and_then(|field| lists.reader.pairs(field.value, "`matrix`")).unwrap_or_default();
    let (of_rules, of_lists): (Vec<_>, Vec<_>) =
        pairs.into_iter().partition(|pair| [INCLUDE, EXCLUDE].contains(&pair.name));
    for pair in of_lists {
        lists.list(pair);
    }
    if let Some(field) = zip {
        lists.zip(field);
    }
    let rule = |name| of_rules.iter().find(|pair| pair.name == name).copied();
    let exclude = rule(EXCLUDE).map(|field| lists.exclude(field)).unwrap_or_default();
    let include = rule(INCLUDE).map(|field| lists.include(field)).unwrap_or_default();
    let MatrixReader { factors, reader, .. } = lists;
    if reader.problems.errors() > errors {
        return None;
    }
    let key = matrix.or(zip)?.key;
    let (spans, exclude): (Vec<_>, Vec<VariableValues>) = exclude.into_iter().unzip();
    let matrix = Matrix::new(factors, exclude, include);
    for idle in matrix.idle() {
        let found = Diagnostic::warning("an `exclude` that removes nothing")
            .at(reader.source.place(spans[idle].clone()), "no combination has these values");
        reader.problems.push(found);
    }
    if matrix.len() == 0 {
        let found = Diagnostic::error("a matrix without combinations")
            .at(reader.source.place(key.span.clone()), "nothing is left of it")
            .help("a matrix is a map of lists:\nmatrix:\n  scene: [beach, forest]");
        reader.problems.push(found);
        return None;
    }
    Some(Some(matrix))
}

struct MatrixReader<'r, 'c, 's> {
    /// Variables that columns of the data table set.
    data: &'c HashSet<usize>,
    columns: &'c mut Variables,
    /// The lists read so far: name and place of each, by variable.
    named: HashMap<usize, (String, std::ops::Range<usize>)>,
    factors: Vec<MatrixFactor>,
    reader: &'r mut NodeReader<'s>,
}

impl MatrixReader<'_, '_, '_> {
    fn list(&mut self, pair: KeyValue<'_, '_>) {
        if let ("zip", NodeValue::Map(_)) = (pair.name, &pair.value.value) {
            let found = Diagnostic::error("`zip` stands beside `matrix`, not under it")
                .at(self.reader.source.place(pair.key.span.clone()), "here it is the name of a list");
            self.reader.problems.push(found);
            return;
        }
        let (Some(variable), Some(values)) = (self.named(pair), self.values(pair)) else { return };
        let mut seen: HashMap<&str, &Node<'_>> = HashMap::new();
        for (value, node) in &values {
            if let Some(first) = seen.insert(value, node) {
                let found =
                    Diagnostic::error(format!("the list {} has {} twice", quoted(pair.name), quoted(value)))
                        .at(self.reader.source.place(node.span.clone()), "here again")
                        .at(self.reader.source.place(first.span.clone()), "first here")
                        .help("remove one of them; `repeat` makes takes");
                self.reader.problems.push(found);
            }
        }
        let values = values.into_iter().map(|(value, _)| vec![value.to_owned()]).collect();
        self.factors.push(MatrixFactor { name: pair.name.to_owned(), variables: vec![variable], values });
    }

    fn zip(&mut self, field: KeyValue<'_, '_>) {
        let Some(pairs) = self.reader.pairs(field.value, "`zip`") else { return };
        let mut variables = Vec::new();
        let mut lists: Vec<(KeyValue<'_, '_>, Vec<(&str, &Node<'_>)>)> = Vec::new();
        for pair in pairs {
            let (Some(variable), Some(values)) = (self.named(pair), self.values(pair)) else { continue };
            variables.push(variable);
            if let Some((first, others)) = lists.first()
                && others.len() != values.len()
            {
                let count = |n: usize| if n == 1 { "1 value".to_owned() } else { format!("{n} values") };
                let found = Diagnostic::error("the lists of a `zip` differ in length")
                    .at(self.reader.source.place(pair.key.span.clone()), count(values.len()))
                    .at(self.reader.source.place(first.key.span.clone()), count(others.len()))
                    .note("the first values belong together, then the second ones, and so on")
                    .help("make them equally long, or write them under `matrix` to combine each with each");
                self.reader.problems.push(found);
            }
            lists.push((pair, values));
        }
        let Some(length) = lists.iter().map(|(_, values)| values.len()).min() else { return };
        let names: Vec<&str> = lists.iter().map(|(pair, _)| pair.name).collect();
        let row = |i: usize| lists.iter().map(|(_, values)| values[i].0.to_owned()).collect();
        self.factors.push(MatrixFactor {
            name: names.join("+"),
            variables,
            values: (0..length).map(row).collect(),
        });
    }

    /// The variable of a list. A second list of one name is an error.
    fn named(&mut self, pair: KeyValue<'_, '_>) -> Option<usize> {
        let variable = variable(pair.name, pair.key, self.columns, self.reader)?;
        let place = self.reader.source.place(pair.key.span.clone());
        if let Some((_, first)) = self.named.get(&variable) {
            let found = Diagnostic::error(format!("two lists have the name {}", quoted(pair.name)))
                .at(place, "here again")
                .at(self.reader.source.place(first.clone()), "first here")
                .help("rename or remove one of them");
            self.reader.problems.push(found);
            return None;
        }
        if self.data.contains(&variable) {
            let found = Diagnostic::error(format!("the data has a column {} as well", quoted(pair.name)))
                .at(place, "both would define this variable")
                .help("give the list another name");
            self.reader.problems.push(found);
            return None;
        }
        self.named.insert(variable, (pair.name.to_owned(), pair.key.span.clone()));
        Some(variable)
    }

    fn values<'n>(&mut self, pair: KeyValue<'n, '_>) -> Option<Vec<(&'n str, &'n Node<'n>)>> {
        let what = quoted(pair.name);
        let items = self.reader.list(pair.value, &what)?;
        if items.is_empty() {
            let found = Diagnostic::error(format!("the list {what} is empty"))
                .at(self.reader.source.place(pair.key.span.clone()), "expected at least one value");
            self.reader.problems.push(found);
            return None;
        }
        let values =
            items.iter().map(|item| Some((self.reader.text(item, &format!("a value of {what}"))?, item)));
        values.collect()
    }

    fn exclude(&mut self, field: KeyValue<'_, '_>) -> Vec<(std::ops::Range<usize>, VariableValues)> {
        let mut rules = Vec::new();
        for item in self.reader.list(field.value, "`exclude`").unwrap_or_default() {
            let mut pairs = VariableValues::new();
            for pair in self.reader.pairs(item, "an entry of `exclude`").unwrap_or_default() {
                let known = self.columns.find(pair.name).filter(|variable| self.named.contains_key(variable));
                let Some(variable) = known else {
                    self.unknown(pair);
                    continue;
                };
                let what = format!("a value of {}", quoted(pair.name));
                pairs.extend(self.reader.text(pair.value, &what).map(|text| (variable, text.to_owned())));
            }
            if !pairs.is_empty() {
                rules.push((item.head(), pairs));
            }
        }
        rules
    }

    fn unknown(&mut self, pair: KeyValue<'_, '_>) {
        let mut names: Vec<_> = self.named.values().collect();
        names.sort_by_key(|(_, span)| span.start);
        let names: Vec<&str> = names.into_iter().map(|(name, _)| name.as_str()).collect();
        let found = Diagnostic::error(format!("the matrix has no list {}", quoted(pair.name)))
            .at(self.reader.source.place(pair.key.span.clone()), "unknown name")
            .note(format!(
                "the lists are {}",
                names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
            ));
        let close = close_name(pair.name, names.iter().copied());
        self.reader.problems.push(match close {
            Some(close) => found.help(format!("did you mean `{close}`?")),
            None => found,
        });
    }

    fn include(&mut self, field: KeyValue<'_, '_>) -> Vec<VariableValues> {
        let mut rules = Vec::new();
        for item in self.reader.list(field.value, "`include`").unwrap_or_default() {
            let mut pairs = VariableValues::new();
            for pair in self.reader.pairs(item, "an entry of `include`").unwrap_or_default() {
                let Some(variable) = variable(pair.name, pair.key, self.columns, self.reader) else {
                    continue;
                };
                let what = format!("a value of {}", quoted(pair.name));
                pairs.extend(self.reader.text(pair.value, &what).map(|text| (variable, text.to_owned())));
            }
            if !pairs.is_empty() {
                rules.push(pairs);
            }
        }
        rules
    }
}
