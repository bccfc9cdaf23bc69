//! Pictures brought to files: what they are called, where they may come from, and how they get there whole.
//!
//! The service names the addresses and serves the bytes, so neither is believed: `address` says what may be asked, `sniff`
//! what the bytes are, `names` what a file may be called, `folder` keeps files inside their folder, and `fetch` brings one
//! picture, bounded in size, time, tries and redirects. The API key is not known here. What is fetched appears under its
//! name whole or not at all.

mod address;
mod fault;
mod fetch;
mod folder;
mod names;
mod sniff;

pub use address::Trust;
pub use fault::Fault;
pub use fetch::{Fetched, Fetcher, Limits};
pub use folder::{Folder, Spot, hash_of};
pub use names::{LONGEST_NAME, key, safe_part};
pub use sniff::Kind;
