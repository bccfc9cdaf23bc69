//! The state of a batch: the only truth about it. Everything shown or exported is derived from it.
//!
//! `sqlite` keeps it in a file; `salvage` reads what is left of a damaged one. Nothing above this module knows how a state is
//! kept.

mod error;
mod salvage;
mod sqlite;

pub use error::StoreError;
pub use salvage::salvage;
pub use sqlite::*;
