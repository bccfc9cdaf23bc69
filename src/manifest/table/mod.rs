//! Reads CSV files: manifests, and data files that a manifest names.

mod cells;
mod csv_table;
mod data_files;
mod guard;
mod header;
mod role;
pub(super) mod row_check;
mod text_table;
mod variables;

pub(super) use csv_table::{CsvRow, CsvTable};
pub(super) use data_files::DataFiles;
pub use data_files::{FileLoader, LoadError};
pub(crate) use guard::unguard_formula;
pub use guard::{GUARD_COLUMN, guard_formula};
pub(super) use header::header;
pub(super) use role::ColumnRole;
pub(crate) use text_table::{NumberedRow, NumberedRows, decode};
pub(super) use variables::Variables;
pub(crate) use variables::is_reserved as is_reserved_column;
