//! Expands a manifest: entries are read, multiplied, named and checked.

mod check;
mod drafts;
mod entries;
mod entry;
mod expansion;
mod factors;
mod ids;
mod items;
mod lists;
mod matrix;
mod naming;
mod params;
mod slug;
mod tasks;
mod variants;
mod vars;

pub(super) use check::check;
pub(super) use entries::EntryReader;
#[cfg(test)]
pub(super) use entries::{DEFAULTS, ENTRY};
pub(super) use entry::ManifestEntry;
pub(super) use expansion::Expansion;
pub(super) use factors::of as factors_of;
pub use factors::{EntryFactors, Factor};
