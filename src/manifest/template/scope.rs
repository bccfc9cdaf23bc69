//! The variables that a template may use.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};

use crate::manifest::table::Variables;

/// The name under which all variables are a map, for names that are no identifiers: `{{ vars["price
/// €"] }}`.
pub(super) const ALL: &str = "vars";

/// The value of a variable: text, a number or a list.
pub(crate) type ScopeValue = Value;

/// The variables of a task, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    columns: Arc<Variables>,
    values: Arc<Vec<Option<String>>>,
    /// Further names, which take precedence over variables of the same name.
    named: Arc<BTreeMap<String, Value>>,
}

impl Scope {
    pub(crate) fn new(columns: &Arc<Variables>, values: Vec<Option<String>>) -> Self {
        Scope { columns: Arc::clone(columns), values: Arc::new(values), named: Arc::default() }
    }

    /// Adds names with their values: texts, numbers or lists.
    pub(crate) fn with(self, named: impl IntoIterator<Item = (String, ScopeValue)>) -> Self {
        Scope { named: Arc::new(named.into_iter().collect()), ..self }
    }

    pub(super) fn value(&self) -> Value {
        Value::from_object(ScopeObject(self.clone()))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.named.contains_key(name)
            || self
                .columns
                .find(name)
                .is_some_and(|variable| self.values.get(variable).is_some_and(Option::is_some))
    }

    pub(super) fn names(&self) -> Vec<&str> {
        let has_value = |variable: &usize| self.values.get(*variable).is_some_and(Option::is_some);
        let mut named: Vec<_> = self.columns.written().filter(|(_, variable)| has_value(variable)).collect();
        named.sort_by_key(|(_, variable)| *variable);
        named.into_iter().map(|(name, _)| name).chain(self.named.keys().map(String::as_str)).collect()
    }
}

#[derive(Debug)]
struct ScopeObject(Scope);

impl Object for ScopeObject {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        let ScopeObject(Scope { columns, values, named }) = &**self;
        if let Some(value) = named.get(name) {
            return Some(value.clone());
        }
        let own = columns.find(name).and_then(|variable| values.get(variable)?.as_deref());
        match own {
            Some(text) => Some(Value::from(text)),
            None if name == ALL => {
                Some(Value::from_object(ScopeObject(Scope { named: Arc::default(), ..self.0.clone() })))
            }
            None => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}
