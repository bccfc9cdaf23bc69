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

pub(super) use csv_table::{CsvRow, CsvTable};
pub(super) use data_files::DataFiles;
pub use data_files::{FileLoader, LoadError};
pub use guard::{GUARD_COLUMN, guard_formula};
pub(super) use header::header;
pub(super) use role::{ColumnRole, TablePurpose};
pub(super) use variables::Variables;
