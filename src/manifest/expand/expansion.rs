//! All that the tasks of a manifest are made from.

use std::sync::Arc;

use super::entry::Entry;
use super::factors::Tally;
use super::ids::Register;
use super::params;
use crate::manifest::table::{Columns, Table};
use crate::manifest::template::Templates;

/// All that tasks are made from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expansion {
    pub(crate) entries: Vec<Entry>,
    pub(crate) tables: Vec<Table>,
    pub(crate) templates: Templates,
    pub(crate) columns: Arc<Columns>,
    /// The variables of all entries, unless they say them themselves.
    pub(crate) vars: Vec<(usize, String)>,
    pub(crate) params: Vec<params::Written>,
    /// What the check found: names that need numbers, and how many tasks each entry makes.
    pub(crate) register: Register,
    pub(crate) tallies: Vec<Tally>,
}
