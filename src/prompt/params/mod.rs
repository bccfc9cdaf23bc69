//! Params: flags given beside the prompt, as `params:` in YAML or as columns of a table.
//!
//! They are appended to the prompt, always in the order of the table of flags: `ar`, `v`, `niji`,
//! `raw`, `style`, `stylize`, `chaos`, `weird`, `exp`, `quality`, `draft`, `hd`, `tile`, `stop`,
//! `seed`, `iw`, `sref`, `sw`, `sv`, `cref`, `cw`, `oref`, `ow`, `p`, `no`, and then unknown ones
//! by name. So reordering params changes no task.

mod check;
mod merge;
mod param;
#[cfg(test)]
mod tests;

pub use check::check_param;
pub use merge::{Clash, Counterpart, with_params};
pub use param::{Origin, Param, ParamValue};
