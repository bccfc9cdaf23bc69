//! The header of a state, and the reference to a manifest that a state is synced with.

/// What a state says about its batch as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// The name of the batch.
    pub batch: String,
    /// The identity of the service whose taskIds the state keeps.
    pub service: String,
    /// The manifest's own columns.
    pub columns: Vec<String>,
}

/// The manifest whose tasks a state takes over, without the tasks.
#[derive(Debug, Clone, Copy)]
pub struct ManifestRef<'a> {
    /// The name of the batch.
    pub batch: &'a str,
    /// The manifest's own columns.
    pub columns: &'a [String],
    /// The BLAKE3 hash of the manifest, by which an unchanged one is recognized.
    pub hash: [u8; 32],
    /// The name of the manifest's file, without its folder.
    pub file: &'a str,
}
