//! What a person wrote into the results about a task, so that the next table shows it again.

use super::{RowRef, Status};

/// The cells of a task's row that belong to the person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptCells {
    /// The cells of columns that the person added, in the order of the columns.
    pub added: Vec<AddedCell>,
    /// The decision that was typed and not carried out.
    pub decision: Option<TypedDecision>,
}

/// A cell of a column that a person added to the results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedCell {
    /// The name of the column.
    pub column: String,
    /// The image in whose row it stands, from 1; `None` where it is about the whole task.
    pub image: Option<u16>,
    /// The text, which is not empty.
    pub text: String,
}

/// What was typed into the columns `action` and `pick` of a row, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedDecision {
    /// The ref of the row into which it was typed.
    pub row_ref: RowRef,
    /// The status that the row showed, where that can be read.
    pub status: Option<Status>,
    /// The cell under `action`; may be empty.
    pub action: String,
    /// The cell under `pick`; may be empty.
    pub pick: String,
}

impl KeptCells {
    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.decision.is_none()
    }

    /// The text that the row of the task, or of one of its images, shows in an added column.
    pub fn cell(&self, column: &str, image: Option<u16>) -> String {
        let cells = || self.added.iter().filter(|cell| cell.column == column);
        match image {
            Some(_) => {
                let its = cells()
                    .find(|cell| cell.image == image)
                    .or_else(|| cells().find(|cell| cell.image.is_none()));
                its.map(|cell| cell.text.clone()).unwrap_or_default()
            }
            None => {
                let texts = cells().map(|cell| match cell.image {
                    Some(n) => format!("{n}: {}", cell.text),
                    None => cell.text.clone(),
                });
                texts.collect::<Vec<_>>().join("; ")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_single_images_is_shown_in_their_rows_or_together() {
        let cell = |image, text: &str| AddedCell { column: "note".to_owned(), image, text: text.to_owned() };
        let kept = KeptCells { added: vec![cell(Some(1), "dark"), cell(Some(3), "crop")], decision: None };
        assert_eq!(kept.cell("note", None), "1: dark; 3: crop");
        assert_eq!(kept.cell("note", Some(3)), "crop");
        assert_eq!(kept.cell("note", Some(2)), "");
        let kept = KeptCells { added: vec![cell(None, "fine")], decision: None };
        assert_eq!(
            (kept.cell("note", None), kept.cell("note", Some(2))),
            ("fine".to_owned(), "fine".to_owned())
        );
        assert_eq!(kept.cell("other", None), "");
    }
}
