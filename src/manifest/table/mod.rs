//! CSV files: the manifest itself, results of an earlier run, and data files that a manifest names.

mod cells;
mod csv_table;
mod data_files;
pub(super) mod earlier;
mod guard;
mod header;
mod role;
pub(super) mod row_check;
mod variables;

pub(super) use csv_table::{Row, Table};
pub(super) use data_files::Tables;
pub use data_files::{Load, NotLoaded};
pub use guard::{GUARD_COLUMN, guarded};
pub(super) use header::header;
pub(super) use role::{Purpose, Role};
pub(super) use variables::Columns;
