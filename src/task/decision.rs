//! A decision of a person about a task: the words of the column `action`.

/// A decision of a person about one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decision {
    /// Generate it again, even if it is done.
    Redo,
    /// Do not submit it.
    Skip,
    /// End a skip: what waited is submitted, and what had failed is failed again.
    Make,
}

impl Decision {
    /// Every decision, in the order in which they are listed to people.
    pub const ALL: [Decision; 3] = [Decision::Redo, Decision::Skip, Decision::Make];

    /// The word of the column `action`.
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Redo => "redo",
            Decision::Skip => "skip",
            Decision::Make => "make",
        }
    }

    /// The decision of this word, whatever its case and the blanks around it.
    pub fn from_word(word: &str) -> Option<Decision> {
        let word = word.trim();
        Decision::ALL.into_iter().find(|decision| word.eq_ignore_ascii_case(decision.as_str()))
    }
}
