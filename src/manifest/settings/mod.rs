//! What a manifest sets besides its prompts: how to run the batch, its hooks, and what the results
//! look like.

mod batch;
mod custom_columns;
mod hooks;
mod images;
mod money;
mod on_unknown;
pub(super) mod output;
pub(super) mod values;

#[cfg(test)]
pub(super) use batch::BATCH;
pub use batch::BatchSettings;
pub(super) use batch::read;
pub use custom_columns::{ColumnError, CustomColumns, RowContext};
#[cfg(test)]
pub(super) use hooks::{DONE, FINISH};
pub use hooks::{HookAction, HookSpec, PostUrl};
pub use images::{ImageName, ImageNameError, ImageSettings};
pub use money::{Budget, InvalidBudget, InvalidUsd, Usd};
pub use on_unknown::{InvalidOnUnknown, OnUnknown};
#[cfg(test)]
pub(super) use output::OUTPUT;
pub use output::{ColumnSet, InvalidTableFormat, RowUnit, Shop, TableFormat};
