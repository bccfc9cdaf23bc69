//! The column `kept_cells`: a JSON object by the names of columns. A cell of a task is text; those
//! of its single images are an object by their numbers. `action`, `pick`, `ref` and `status`, which
//! no column of a person is called, are the decision that was typed.

use serde_json::{Map, Value};

use crate::task::{AddedCell, KeptCells, Status, TypedDecision};

/// Reads the column. What is not as it was written is left out.
pub(super) fn read(json: &str) -> KeptCells {
    let Ok(Value::Object(mut columns)) = serde_json::from_str(json) else { return KeptCells::default() };
    let mut typed = |name: &str| match columns.shift_remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (action, pick, row_ref) = (typed("action"), typed("pick"), typed("ref"));
    let status = typed("status").and_then(|status| Status::from_word(&status));
    let decision = row_ref.and_then(|text| text.parse().ok()).map(|row_ref| TypedDecision {
        row_ref,
        status,
        action: action.unwrap_or_default(),
        pick: pick.unwrap_or_default(),
    });
    let mut added = Vec::new();
    for (column, value) in columns {
        match value {
            Value::String(text) => added.push(AddedCell { column, image: None, text }),
            Value::Object(images) => added.extend(images.into_iter().filter_map(|(n, text)| {
                let Value::String(text) = text else { return None };
                Some(AddedCell { column: column.clone(), image: Some(n.parse().ok()?), text })
            })),
            _ => {}
        }
    }
    KeptCells { added, decision }
}

/// What the column holds of these cells: `None` where there are none.
pub(super) fn write(kept: &KeptCells) -> Option<String> {
    if kept.is_empty() {
        return None;
    }
    let mut columns = Map::new();
    for cell in &kept.added {
        match cell.image {
            None => drop(columns.insert(cell.column.clone(), cell.text.as_str().into())),
            Some(n) => {
                let images = columns.entry(cell.column.clone()).or_insert_with(|| Map::new().into());
                if let Value::Object(images) = images {
                    images.insert(n.to_string(), cell.text.as_str().into());
                }
            }
        }
    }
    if let Some(typed) = &kept.decision {
        let status = typed.status.map(|status| status.as_str().to_owned()).unwrap_or_default();
        let cells = [("action", typed.action.clone()), ("pick", typed.pick.clone()), ("status", status)];
        columns.extend(
            cells
                .into_iter()
                .filter(|(_, text)| !text.is_empty())
                .map(|(name, text)| (name.to_owned(), text.into())),
        );
        columns.insert("ref".to_owned(), typed.row_ref.to_string().into());
    }
    Some(Value::Object(columns).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_cells_are_read_as_they_were_written() {
        let cell = |column: &str, image, text: &str| AddedCell {
            column: column.to_owned(),
            image,
            text: text.to_owned(),
        };
        let decision = TypedDecision {
            row_ref: "kqzmwtpa-t12-a1".parse().unwrap(),
            status: Some(Status::Done),
            action: "redo".to_owned(),
            pick: "1 3".to_owned(),
        };
        let added = vec![
            cell("comment", None, "so \"so\""),
            cell("look", Some(1), "dark"),
            cell("look", Some(3), "é"),
        ];
        for kept in [
            KeptCells { added: added.clone(), decision: Some(decision.clone()) },
            KeptCells { added, decision: None },
            KeptCells {
                added: Vec::new(),
                decision: Some(TypedDecision { pick: String::new(), ..decision }),
            },
        ] {
            assert_eq!(read(&write(&kept).unwrap()), kept);
        }
        assert_eq!(write(&KeptCells::default()), None);
        for damaged in ["", "[]", "{\"a\": 1}", "{\"action\": \"redo\"}", "{\"ref\": \"x\"}"] {
            assert_eq!(read(damaged), KeptCells::default(), "{damaged}");
        }
    }
}
