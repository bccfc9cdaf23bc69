//! Params: Midjourney's flags as keys of a map. What they mean is for the prompt's own module; here they are read, and
//! filled in where they are templates.

use std::ops::Range;

use crate::manifest::template::{Scope, Templates, Text, Writing};
use crate::manifest::value::Fault;
use crate::manifest::yaml::{Field, Fields, Node, Reader, Value};
use crate::prompt::{self, Origin, Param, ParamFinding, ParamPart, ParamValue};

/// A param as the manifest has it.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    name: String,
    value: Given,
    pub(crate) origin: Origin,
    key: Range<usize>,
    span: Range<usize>,
}

#[derive(Debug, Clone)]
enum Given {
    Text(Text),
    List(Vec<(Text, Range<usize>)>),
    Switch(bool),
}

impl Written {
    /// Where a part of it stands in the manifest.
    pub(crate) fn span(&self, part: ParamPart) -> Range<usize> {
        match (part, &self.value) {
            (ParamPart::Name, _) => self.key.clone(),
            (ParamPart::Item(i), Given::List(items)) => {
                items.get(i).map_or(self.span.clone(), |(_, span)| span.clone())
            }
            _ if self.span.is_empty() => self.key.clone(),
            _ => self.span.clone(),
        }
    }

    pub(crate) fn is_template(&self) -> bool {
        match &self.value {
            Given::Text(text) => text.is_template(),
            Given::List(items) => items.iter().any(|(text, _)| text.is_template()),
            Given::Switch(_) => false,
        }
    }

    pub(crate) fn texts(&self) -> Vec<&Text> {
        match &self.value {
            Given::Text(text) => vec![text],
            Given::List(items) => items.iter().map(|(text, _)| text).collect(),
            Given::Switch(_) => Vec::new(),
        }
    }

    /// The param with its variables filled in. `None` where nothing is left of it.
    pub(crate) fn fill(
        &self,
        templates: &Templates,
        scope: &Scope,
    ) -> Result<Option<Param>, (ParamPart, Fault)> {
        let value = match &self.value {
            Given::Switch(on) => ParamValue::Switch(*on),
            Given::Text(text) => {
                let filled = templates.fill(text, scope).map_err(|fault| (ParamPart::Value, fault))?;
                if text.is_template() {
                    return Ok(Param::from_text(&self.name, &filled));
                }
                ParamValue::Text(filled.into_owned())
            }
            Given::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (i, (text, _)) in items.iter().enumerate() {
                    let filled = templates.fill(text, scope).map_err(|fault| (ParamPart::Item(i), fault))?;
                    list.push(filled.into_owned());
                }
                ParamValue::List(list)
            }
        };
        Ok(Some(Param { name: self.name.clone(), value }))
    }
}

/// Reads the map `params`. What is no template is checked at once.
pub(crate) fn read(
    fields: &Fields<'_, '_>,
    origin: Origin,
    templates: &mut Templates,
    reader: &mut Reader<'_>,
) -> Vec<Written> {
    let pairs = fields.get("params").and_then(|field| reader.pairs(field.value, "`params`"));
    let mut params = Vec::new();
    for pair in pairs.unwrap_or_default() {
        let Some(value) = given(pair, templates, reader) else { continue };
        let (key, span) = (pair.key.span.clone(), pair.value.span.clone());
        let written = Written { name: pair.name.to_owned(), value, origin, key, span };
        if !written.is_template() {
            check(&written, reader);
        }
        params.push(written);
    }
    params
}

fn given(pair: Field<'_, '_>, templates: &mut Templates, reader: &mut Reader<'_>) -> Option<Given> {
    let mut text = |node: &Node<'_>, reader: &mut Reader<'_>| {
        let text = reader.text(node, &format!("the param `{}`", pair.name))?;
        reader.checked(templates.add(text, Writing::Plain), node, pair.key)
    };
    match &pair.value.value {
        Value::List(items) => {
            let items = items.iter().map(|item| Some((text(item, reader)?, item.span.clone())));
            Some(Given::List(items.collect::<Option<_>>()?))
        }
        Value::Scalar(word) if word == "true" => Some(Given::Switch(true)),
        Value::Scalar(word) if word == "false" => Some(Given::Switch(false)),
        _ => Some(Given::Text(text(pair.value, reader)?)),
    }
}

fn check(written: &Written, reader: &mut Reader<'_>) {
    let scope = Scope::default();
    let Ok(Some(param)) = written.fill(&Templates::default(), &scope) else { return };
    for finding in prompt::check_param(&param) {
        let (part, fault) = told(finding);
        reader.problems.push(fault.at(reader.source, written.span(part)));
    }
}

/// What is wrong with a param, and with which part of it.
pub(crate) fn told(finding: ParamFinding) -> (ParamPart, Fault) {
    let ParamFinding { severity, part, message, label, notes, help } = finding;
    (part, Fault::told(severity, message, label, notes, help))
}
