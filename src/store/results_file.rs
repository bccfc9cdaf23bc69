//! A file of results as the state remembers it.

/// A file of results that the program wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// The BLAKE3 hash of its bytes.
    pub hash: [u8; 32],
    /// The columns of a person that it has, in their order.
    pub added: Vec<String>,
}
