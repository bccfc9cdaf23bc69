//! What a person types to pick images of a task.

use std::collections::BTreeSet;

/// A cell that picks no images.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` does not name images by their numbers")]
pub struct PickError(pub String);

/// The images that all cells about one task pick together, each with the image in whose row it
/// stands: `None` where all are empty, which changes nothing; no images where `none` is typed.
///
/// # Errors
/// The first cell that says none of this.
pub fn typed_picks<'c>(
    cells: impl IntoIterator<Item = (&'c str, Option<u16>)>,
) -> Result<Option<Vec<u16>>, PickError> {
    let mut picked: Option<BTreeSet<u16>> = None;
    for (cell, image) in cells {
        if let Some(picks) = read(cell, image)? {
            picked.get_or_insert_default().extend(picks);
        }
    }
    Ok(picked.map(|picks| picks.into_iter().collect()))
}

/// Reads the cell; in the row of one image, `image` is its number.
pub(in crate::output) fn read(cell: &str, image: Option<u16>) -> Result<Option<Vec<u16>>, PickError> {
    let word = cell.trim().to_lowercase();
    match (word.as_str(), image) {
        ("", _) => return Ok(None),
        ("none", _) => return Ok(Some(Vec::new())),
        ("x" | "yes" | "y" | "true" | "✓" | "✔", Some(image)) => return Ok(Some(vec![image])),
        _ => {}
    }
    // A spreadsheet makes `1.3` of `1,3` where the comma is a decimal point.
    let numbers =
        word.split([' ', ',', ';', '.', '+', '&', '/', '\u{a0}']).filter(|number| !number.is_empty());
    let numbers = numbers.map(|number| number.parse().ok().filter(|n| *n > 0));
    let mut picks = numbers.collect::<Option<Vec<u16>>>().ok_or_else(|| PickError(cell.to_owned()))?;
    picks.sort_unstable();
    picks.dedup();
    if picks.is_empty() { Err(PickError(cell.to_owned())) } else { Ok(Some(picks)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_one_task_pick_together() {
        let rows = |cells: [&'static str; 3]| {
            typed_picks(cells.into_iter().zip(1..).map(|(cell, image)| (cell, Some(image))))
        };
        assert_eq!(rows(["", "x", "3"]), Ok(Some(vec![2, 3])));
        assert_eq!(rows(["none", "", ""]), Ok(Some(vec![])));
        assert_eq!(rows(["", "", ""]), Ok(None));
        assert_eq!(rows(["x", "?", ""]), Err(PickError("?".to_owned())));
    }

    #[test]
    fn images_are_picked_by_their_numbers_or_in_their_rows() {
        assert_eq!(read(" ", None), Ok(None));
        assert_eq!(read("None", None), Ok(Some(vec![])));
        for cell in ["3 1", "1,3", "1; 3", "1.3", "3 + 1", "1\u{a0}3", "1 3 1"] {
            assert_eq!(read(cell, None), Ok(Some(vec![1, 3])), "{cell}");
        }
        for cell in ["x", "Yes", "2", "TRUE"] {
            assert_eq!(read(cell, Some(2)), Ok(Some(vec![2])), "{cell}");
        }
        for cell in ["x", "yes", "0", "-1", "the first", ",", "1.0"] {
            assert_eq!(read(cell, None), Err(PickError(cell.to_owned())), "{cell}");
        }
    }
}
