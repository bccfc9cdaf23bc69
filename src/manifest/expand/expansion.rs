//! Everything that the tasks of a manifest are made from.

use std::sync::Arc;

use super::entry::ManifestEntry;
use super::factors::EntryCounts;
use super::ids::IdIndex;
use super::params;
use crate::manifest::table::{CsvTable, Variables};
use crate::manifest::template::Templates;

/// A read and checked manifest from which its tasks are listed, as often as needed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expansion {
    pub(crate) entries: Vec<ManifestEntry>,
    pub(crate) tables: Vec<CsvTable>,
    pub(crate) templates: Templates,
    pub(crate) columns: Arc<Variables>,
    /// The variables of `defaults`, which apply unless an entry sets them.
    pub(crate) vars: Vec<(usize, String)>,
    pub(crate) params: Vec<params::ManifestParam>,
    /// The result of the check: the names that need numbers, and how many tasks each entry makes.
    pub(crate) ids: IdIndex,
    pub(crate) tallies: Vec<EntryCounts>,
}
