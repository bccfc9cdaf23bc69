//! Fills in templates such as `{{ product }} on {{ scene }}` by minijinja, which no other file
//! knows.
//!
//! Templates are strict: a name that does not exist is an error. They are bounded: a template ends
//! soon, and its text is short. They are closed: a template reaches no file and no other template.
//! In a prompt whose braces make permutations, the values of variables are protected while they are
//! written, whatever filters they went through, so that they stay literal.

mod explain;
mod scope;

use std::borrow::Cow;
use std::io::{self, Write};

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Template, UndefinedBehavior};

use self::explain::explain;
use self::scope::ALL;
pub(super) use self::scope::{Scope, ScopeValue};
use crate::manifest::value::ValueError;
use crate::prompt::permutation;

/// The most instructions that one template may execute.
const FUEL: u64 = 20_000;
/// The most bytes that one template may produce.
const LONGEST: usize = 1_000_000;
/// The first letter of the names of those templates whose variables are protected.
const PROTECTED: char = 'p';

/// Whether a text has variables, statements or comments of a template.
pub(crate) fn is_template(text: &str) -> bool {
    text.contains('{') && ["{{", "{%", "{#"].iter().any(|sign| text.contains(sign))
}

/// How the value of a variable is written into a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escaping {
    /// As it is.
    Plain,
    /// Protected, so that its braces and commas do not make permutations.
    Literal,
}

/// A text of the manifest, which may be a template.
#[derive(Debug, Clone)]
pub(crate) struct TemplateText {
    pub(crate) source: String,
    /// The name of its template, if it is one.
    template: Option<String>,
}

impl TemplateText {
    /// Whether the text has to be filled in.
    pub(crate) fn is_template(&self) -> bool {
        self.template.is_some()
    }
}

/// All templates of a manifest.
#[derive(Debug, Clone)]
pub(crate) struct Templates {
    environment: Environment<'static>,
    count: usize,
}

impl Default for Templates {
    fn default() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.set_debug(false);
        environment.set_formatter(|out, state, value| {
            if state.name().starts_with(PROTECTED) {
                // The content of a captured block is protected already.
                let text = shown(value);
                return Ok(write!(out, "{}", permutation::protect(&permutation::unprotect(&text)))?);
            }
            Ok(write!(out, "{value}")?)
        });
        Templates { environment, count: 0 }
    }
}

impl Templates {
    /// Registers a text of the manifest.
    pub(crate) fn add(&mut self, source: &str, writing: Escaping) -> Result<TemplateText, ValueError> {
        let mut text = TemplateText { source: source.to_owned(), template: None };
        if is_template(source) {
            self.count += 1;
            let name = format!("{}{}", prefix(writing), self.count);
            self.environment
                .add_template_owned(name.clone(), source.to_owned())
                .map_err(|error| explain(&error, source, &Scope::default(), &[]))?;
            text.template = Some(name);
        }
        Ok(text)
    }

    /// Fills in the variables of a text.
    pub(crate) fn fill<'t>(&self, text: &'t TemplateText, scope: &Scope) -> Result<Cow<'t, str>, ValueError> {
        let Some(name) = &text.template else { return Ok(Cow::Borrowed(&text.source)) };
        let template = self.environment.get_template(name);
        let template = template.map_err(|error| explain(&error, &text.source, scope, &[]))?;
        Ok(Cow::Owned(render(&template, &text.source, scope)?))
    }

    /// Fills in a text that is needed once and so is not registered.
    pub(crate) fn fill_once<'t>(
        &self,
        source: &'t str,
        writing: Escaping,
        scope: &Scope,
    ) -> Result<Cow<'t, str>, ValueError> {
        if !is_template(source) {
            return Ok(Cow::Borrowed(source));
        }
        let template = self.environment.template_from_named_str(prefix(writing), source);
        let template = template.map_err(|error| explain(&error, source, scope, &[]))?;
        Ok(Cow::Owned(render(&template, source, scope)?))
    }

    /// The names that a text takes from outside, whether or not such variables exist.
    pub(crate) fn names_in(&self, text: &TemplateText) -> Vec<String> {
        let template = text.template.as_ref().and_then(|name| self.environment.get_template(name).ok());
        template
            .map(|template| template.undeclared_variables(false).into_iter().collect())
            .unwrap_or_default()
    }
}

fn render(template: &Template<'_, '_>, source: &str, scope: &Scope) -> Result<String, ValueError> {
    let mut out = BoundedWriter::default();
    match template.render_captured_to(scope.value(), &mut out) {
        Ok(_) => Ok(out.text()),
        Err(error) => {
            let taken = template.undeclared_variables(false);
            let missing: Vec<&str> =
                taken.iter().map(String::as_str).filter(|name| name != &ALL && !scope.has(name)).collect();
            Err(explain(&error, source, scope, &missing))
        }
    }
}

fn prefix(writing: Escaping) -> &'static str {
    match writing {
        Escaping::Literal => "p",
        Escaping::Plain => "t",
    }
}

/// Formats a value: text as it is, anything else as minijinja writes it.
fn shown(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}

/// Collects the output of a template, up to the bound.
#[derive(Default)]
struct BoundedWriter(Vec<u8>);

impl BoundedWriter {
    fn text(self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

impl Write for BoundedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST {
            return Err(io::Error::other("too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
