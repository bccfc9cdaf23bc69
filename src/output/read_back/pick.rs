//! What a person types to pick images of a task.

/// A cell that picks no images.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` does not name images by their numbers")]
pub struct PickError(pub String);

/// Reads the cell; in the row of one image, `image` is its number.
pub(super) fn read(cell: &str, image: Option<u16>) -> Result<Option<Vec<u16>>, PickError> {
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
