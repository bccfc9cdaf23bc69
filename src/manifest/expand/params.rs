//! Reads `params`, Midjourney's flags as keys of a map, and fills in those that are templates. What
//! a flag means is the business of [`prompt`](crate::prompt).

use std::ops::Range;

use crate::manifest::template::{Escaping, Scope, TemplateText, Templates};
use crate::manifest::value::ValueError;
use crate::manifest::yaml::{KeyValue, KnownKeys, Node, NodeReader, NodeValue};
use crate::prompt::{self, Origin, Param, ParamFinding, ParamPart, ParamValue};

/// A param as the manifest has it: a flag's name and its value, which may be a template.
#[derive(Debug, Clone)]
pub(crate) struct ManifestParam {
    name: String,
    value: ParamTemplate,
    pub(crate) origin: Origin,
    key: Range<usize>,
    span: Range<usize>,
}

#[derive(Debug, Clone)]
enum ParamTemplate {
    Text(TemplateText),
    List(Vec<(TemplateText, Range<usize>)>),
    Switch(bool),
}

impl ManifestParam {
    /// The place of its name or of its value in the manifest.
    pub(crate) fn span(&self, part: ParamPart) -> Range<usize> {
        match (part, &self.value) {
            (ParamPart::Name, _) => self.key.clone(),
            (ParamPart::Item(i), ParamTemplate::List(items)) => {
                items.get(i).map_or(self.span.clone(), |(_, span)| span.clone())
            }
            _ if self.span.is_empty() => self.key.clone(),
            _ => self.span.clone(),
        }
    }

    pub(crate) fn is_template(&self) -> bool {
        match &self.value {
            ParamTemplate::Text(text) => text.is_template(),
            ParamTemplate::List(items) => items.iter().any(|(text, _)| text.is_template()),
            ParamTemplate::Switch(_) => false,
        }
    }

    pub(crate) fn texts(&self) -> Vec<&TemplateText> {
        match &self.value {
            ParamTemplate::Text(text) => vec![text],
            ParamTemplate::List(items) => items.iter().map(|(text, _)| text).collect(),
            ParamTemplate::Switch(_) => Vec::new(),
        }
    }

    /// Fills in its variables. `None` if the param is left out: its value is `false` or empty.
    pub(crate) fn fill(
        &self,
        templates: &Templates,
        scope: &Scope,
    ) -> Result<Option<Param>, (ParamPart, ValueError)> {
        let value = match &self.value {
            ParamTemplate::Switch(on) => ParamValue::Switch(*on),
            ParamTemplate::Text(text) => {
                let filled = templates.fill(text, scope).map_err(|fault| (ParamPart::Value, fault))?;
                if text.is_template() {
                    return Ok(Param::from_text(&self.name, &filled));
                }
                ParamValue::Text(filled.into_owned())
            }
            ParamTemplate::List(items) => {
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

/// Reads the map `params`. Params that are not templates are checked at once.
pub(crate) fn read(
    fields: &KnownKeys<'_, '_>,
    origin: Origin,
    templates: &mut Templates,
    reader: &mut NodeReader<'_>,
) -> Vec<ManifestParam> {
    let pairs = fields.get("params").and_then(|field| reader.pairs(field.value, "`params`"));
    let mut params = Vec::new();
    for pair in pairs.unwrap_or_default() {
        let Some(value) = given(pair, templates, reader) else { continue };
        let (key, span) = (pair.key.span.clone(), pair.value.span.clone());
        let written = ManifestParam { name: pair.name.to_owned(), value, origin, key, span };
        if !written.is_template() {
            check(&written, reader);
        }
        params.push(written);
    }
    params
}

fn given(
    pair: KeyValue<'_, '_>,
    templates: &mut Templates,
    reader: &mut NodeReader<'_>,
) -> Option<ParamTemplate> {
    let mut text = |node: &Node<'_>, reader: &mut NodeReader<'_>| {
        let text = reader.text(node, &format!("the param `{}`", pair.name))?;
        reader.checked(templates.add(text, Escaping::Plain), node, pair.key)
    };
    match &pair.value.value {
        NodeValue::List(items) => {
            let items = items.iter().map(|item| Some((text(item, reader)?, item.span.clone())));
            Some(ParamTemplate::List(items.collect::<Option<_>>()?))
        }
        NodeValue::Scalar(word) if word == "true" => Some(ParamTemplate::Switch(true)),
        NodeValue::Scalar(word) if word == "false" => Some(ParamTemplate::Switch(false)),
        _ => Some(ParamTemplate::Text(text(pair.value, reader)?)),
    }
}

fn check(written: &ManifestParam, reader: &mut NodeReader<'_>) {
    let scope = Scope::default();
    let Ok(Some(param)) = written.fill(&Templates::default(), &scope) else { return };
    for finding in prompt::check_param(&param) {
        let (part, fault) = value_error(finding);
        reader.problems.push(fault.at(reader.source, written.span(part)));
    }
}

/// Converts a finding about a param into an error, with the part that it is about.
pub(crate) fn value_error(finding: ParamFinding) -> (ParamPart, ValueError) {
    let ParamFinding { severity, part, message, label, notes, help } = finding;
    (part, ValueError::from_parts(severity, message, label, notes, help))
}
