//! Downloads the images of finished tasks to files: names, allowed addresses, transfer, and the
//! queue beside a run.
//!
//! The service names the URLs and serves the bytes, so neither is trusted: `address` decides which
//! hosts may be contacted, `sniff` detects the file type from the content, `names` makes file names
//! safe on every system, `folder` keeps files inside their folder, and `fetch` transfers one image,
//! bounded in size, time, tries and redirects. `naming` resolves where images go before anything is
//! spent. `attempt` downloads the images of one attempt, `queue` those of a batch, a few in
//! parallel.
//!
//! An image appears under its name complete or not at all. The API key is not known here. What an
//! attempt made, and fresh links where old ones are gone, come through [`ImageSource`]; outcomes
//! are handed back to be recorded by the caller.

mod address;
mod attempt;
mod config;
mod error;
mod fetch;
mod folder;
mod names;
mod naming;
mod partial;
mod queue;
mod sniff;

pub use address::AddressPolicy;
pub use attempt::{
    DownloadOutcome, DownloadStats, FailedImage, ImageFile, ImageJob, ImageRow, ImageSource, KnownFile,
};
pub use config::DownloadConfig;
pub use error::DownloadError;
pub use fetch::{DownloadLimits, FetchedImage, Fetcher};
pub use folder::{ImageFolder, ImagePath};
pub use naming::{Destination, DestinationError, NameConflict, TemplateOrigin, check_names};
pub use queue::Downloads;
pub use sniff::ImageFormat;
