//! Templates: `{{ product }} on {{ scene }}`, by minijinja, the only file that knows it.
//!
//! Strict: what is not there is an error. Bounded: a template ends soon, and its text is short. Closed: it reaches no file
//! and no other template. In a prompt whose braces make permutations, what a variable holds is protected as it is written
//! out, whatever filters it went through, so that it stays literal.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use minijinja::{AutoEscape, Environment, ErrorKind, Template, UndefinedBehavior};

use super::columns::Columns;
use super::value::Fault;
use crate::diagnostic::{close_name, quoted};
use crate::prompt::permutation;

/// Instructions that one template may take.
const FUEL: u64 = 20_000;
/// Bytes that one template may make.
const LONGEST: usize = 1_000_000;
/// The name under which all variables are a map, for names that are no identifiers: `{{ vars["price €"] }}`.
const ALL: &str = "vars";
/// The first letter of the names of templates whose variables are protected.
const PROTECTED: char = 'p';

/// Whether the text is more than text.
pub(super) fn is_template(text: &str) -> bool {
    text.contains('{') && ["{{", "{%", "{#"].iter().any(|sign| text.contains(sign))
}

/// What becomes of the text of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// It stays as it is.
    Plain,
    /// It is protected from permutation.
    Protected,
}

/// A text that may be a template.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) source: String,
    /// Its name among the templates, if it is one.
    template: Option<String>,
}

impl Text {
    /// A template's text is not known before its variables are.
    pub(super) fn is_template(&self) -> bool {
        self.template.is_some()
    }
}

/// All templates of a manifest.
#[derive(Debug, Clone)]
pub(super) struct Templates {
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
                // What a block caught is protected already.
                let text = shown(value);
                return Ok(write!(out, "{}", permutation::protect(&permutation::unprotect(&text)))?);
            }
            Ok(write!(out, "{value}")?)
        });
        Templates { environment, count: 0 }
    }
}

impl Templates {
    /// Takes up a text of the manifest.
    pub(super) fn add(&mut self, source: &str, writing: Writing) -> Result<Text, Fault> {
        let mut text = Text { source: source.to_owned(), template: None };
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

    /// The text with its variables filled in.
    pub(super) fn fill<'t>(&self, text: &'t Text, scope: &Scope) -> Result<Cow<'t, str>, Fault> {
        let Some(name) = &text.template else { return Ok(Cow::Borrowed(&text.source)) };
        let template = self.environment.get_template(name);
        let template = template.map_err(|error| explain(&error, &text.source, scope, &[]))?;
        Ok(Cow::Owned(render(&template, &text.source, scope)?))
    }

    /// The same for a text that comes up once.
    pub(super) fn fill_once<'t>(
        &self,
        source: &'t str,
        writing: Writing,
        scope: &Scope,
    ) -> Result<Cow<'t, str>, Fault> {
        if !is_template(source) {
            return Ok(Cow::Borrowed(source));
        }
        let template = self.environment.template_from_named_str(prefix(writing), source);
        let template = template.map_err(|error| explain(&error, source, scope, &[]))?;
        Ok(Cow::Owned(render(&template, source, scope)?))
    }

    /// The names that a text takes from outside, whether or not there are such variables.
    pub(super) fn names_in(&self, text: &Text) -> Vec<String> {
        let template = text.template.as_ref().and_then(|name| self.environment.get_template(name).ok());
        template
            .map(|template| template.undeclared_variables(false).into_iter().collect())
            .unwrap_or_default()
    }
}

fn render(template: &Template<'_, '_>, source: &str, scope: &Scope) -> Result<String, Fault> {
    let mut out = Short::default();
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

fn prefix(writing: Writing) -> &'static str {
    match writing {
        Writing::Protected => "p",
        Writing::Plain => "t",
    }
}

/// Text as it is, anything else as minijinja writes it.
fn shown(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}

/// A text within its bound.
#[derive(Default)]
struct Short(Vec<u8>);

impl Short {
    fn text(self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

impl Write for Short {
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

/// What a variable may be besides text: a number, a list.
pub(super) type Known = Value;

/// The variables of a task, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    columns: Arc<Columns>,
    values: Arc<Vec<Option<String>>>,
    /// What has a name besides, and goes before a variable of that name.
    named: Arc<BTreeMap<String, Value>>,
}

impl Scope {
    pub(super) fn new(columns: &Arc<Columns>, values: Vec<Option<String>>) -> Self {
        Scope { columns: Arc::clone(columns), values: Arc::new(values), named: Arc::default() }
    }

    /// The same with these beside, which are text, numbers or lists.
    pub(super) fn with(self, named: impl IntoIterator<Item = (String, Known)>) -> Self {
        Scope { named: Arc::new(named.into_iter().collect()), ..self }
    }

    fn value(&self) -> Value {
        Value::from_object(Variables(self.clone()))
    }

    fn has(&self, name: &str) -> bool {
        self.named.contains_key(name)
            || self
                .columns
                .find(name)
                .is_some_and(|variable| self.values.get(variable).is_some_and(Option::is_some))
    }

    fn names(&self) -> Vec<&str> {
        let has_value = |variable: &usize| self.values.get(*variable).is_some_and(Option::is_some);
        let mut named: Vec<_> = self.columns.written().filter(|(_, variable)| has_value(variable)).collect();
        named.sort_by_key(|(_, variable)| *variable);
        named.into_iter().map(|(name, _)| name).chain(self.named.keys().map(String::as_str)).collect()
    }
}

#[derive(Debug)]
struct Variables(Scope);

impl Object for Variables {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        let Variables(Scope { columns, values, named }) = &**self;
        if let Some(value) = named.get(name) {
            return Some(value.clone());
        }
        let own = columns.find(name).and_then(|variable| values.get(variable)?.as_deref());
        match own {
            Some(text) => Some(Value::from(text)),
            None if name == ALL => {
                Some(Value::from_object(Variables(Scope { named: Arc::default(), ..self.0.clone() })))
            }
            None => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}

/// The template's error as a fault of its text. Of the names that are not there the error may concern one.
fn explain(error: &minijinja::Error, source: &str, scope: &Scope, missing: &[&str]) -> Fault {
    let span = error.range().filter(|span| source.get(span.clone()).is_some());
    let fault = match error.kind() {
        ErrorKind::UndefinedError => return undefined(source, span, scope, missing),
        ErrorKind::OutOfFuel => Fault::new("a template that does not end soon", "in this text"),
        ErrorKind::WriteFailure => Fault::new(
            "a template that makes too long a text",
            format!("at most {LONGEST} bytes are allowed"),
        ),
        ErrorKind::UnknownFilter => Fault::new(format!("the template's {}", detail(error)), "not known here")
            .note("filters are those of minijinja, such as lower, upper, title, replace, default"),
        ErrorKind::SyntaxError => syntax(error, source),
        _ => Fault::new(format!("the template cannot be filled in: {}", detail(error)), "here"),
    };
    match span {
        Some(span) => fault.within(source, span),
        None => fault,
    }
}

fn detail(error: &minijinja::Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}

fn syntax(error: &minijinja::Error, source: &str) -> Fault {
    let fault = Fault::new(format!("this is no template: {}", detail(error)), "not understood here");
    let is_group = source.contains("{{") && source.contains(',');
    if source.contains("{#") {
        fault.help("`{#` starts a comment; a group that starts with # needs a blank: `{ #fff, #000}`")
    } else if is_group {
        fault.help("`{{` starts a template; a group that starts with a group needs a blank: `{ {a, b}, c}`")
    } else {
        fault.help("a template is written `{{ name }}`")
    }
}

fn undefined(source: &str, span: Option<Range<usize>>, scope: &Scope, missing: &[&str]) -> Fault {
    const LISTED: usize = 12;
    // Where a filter was given nothing, the error points at the filter.
    let piece = span.clone().map(|span| source[span].trim()).unwrap_or_default();
    let word = piece.split(['.', '[', '|', ' ']).next().unwrap_or_default();
    let at_missing = |name: &&&str| source.find(**name).is_some();
    let (piece, word, span) = match missing.iter().find(at_missing).filter(|_| !missing.contains(&word)) {
        Some(name) => (*name, *name, source.find(name).map(|start| start..start + name.len())),
        None => (piece, word, span),
    };
    let fault = if piece.is_empty() {
        Fault::new("the template uses a variable that is not there", "in this text")
    } else {
        Fault::new(format!("there is no variable {}", quoted(piece)), "used here")
    };
    let names = scope.names();
    let close = close_name(word, names.iter().copied()).map(|close| format!("did you mean `{close}`?"));
    let mut list = names.iter().take(LISTED).map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        list.push_str(&format!(" and {} more", names.len() - LISTED));
    }
    let fault = match names.is_empty() {
        true => fault.note("there are no variables here; `vars`, `matrix`, `zip` and `data` make some"),
        false => fault.note(&format!("the variables here are {list}")),
    };
    let fault = match span {
        Some(span) => fault.within(source, span),
        None => fault,
    };
    match close {
        Some(close) => fault.help(close),
        None => fault,
    }
}
