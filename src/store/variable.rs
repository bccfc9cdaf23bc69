//! The variables by which a breakdown groups tasks.

/// A property of tasks to group them by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// The mode.
    Mode,
    /// The manifest's own column of this index, from 0.
    Column(usize),
}
