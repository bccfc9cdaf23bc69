//! Checks texts: the prompt, and the names of tasks, batches and variables.

use super::error::ValueError;

/// Makes the prompt as it will be sent: trimmed, with each line break and the blanks around it
/// replaced by one space.
pub(crate) fn prompt(text: &str) -> Result<String, ValueError> {
    let text = one_line(text.trim());
    if text.is_empty() {
        return Err(ValueError::new("the prompt is empty", "expected the text of a prompt"));
    }
    if text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
        return Ok(text);
    }
    match text.char_indices().find(|(_, c)| c.is_control()) {
        Some((at, c)) => Err(ValueError::new("the prompt holds a control character", "in this text")
            .within(&text, at..at + c.len_utf8())),
        None => Ok(text),
    }
}

fn one_line(text: &str) -> String {
    if !text.contains(['\n', '\r', '\t']) {
        return text.to_owned();
    }
    let mut line = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(blank) = rest.find(char::is_whitespace) {
        let (before, after) = rest.split_at(blank);
        let word = after.find(|c: char| !c.is_whitespace()).unwrap_or(after.len());
        let (blanks, after) = after.split_at(word);
        line.push_str(before);
        line.push_str(if blanks.contains(['\n', '\r', '\t']) { " " } else { blanks });
        rest = after;
    }
    line + rest
}

/// Checks a task's id: trimmed, 1 to 200 characters, no control characters.
pub(crate) fn id(text: &str) -> Result<String, ValueError> {
    name_of(text, "id")
}

/// Checks a batch's name, by the same rules.
pub(crate) fn batch_name(text: &str) -> Result<String, ValueError> {
    name_of(text, "name")
}

/// Checks a variable's name, by the same rules.
pub(crate) fn variable(text: &str) -> Result<String, ValueError> {
    name_of(text, "name of a variable")
}

/// The error of a value in a column without a name.
pub(crate) fn unnamed_column() -> ValueError {
    ValueError::new("a value in a column without a name", "this belongs to no column")
        .help("give the column a name in the first row, or empty this cell")
}

fn name_of(text: &str, what: &str) -> Result<String, ValueError> {
    const LONGEST: usize = 200;
    let text = text.trim();
    if text.is_empty() {
        return Err(ValueError::new(format!("the {what} is empty"), "expected some text, or no key at all"));
    }
    let length = text.chars().count();
    if length > LONGEST {
        return Err(ValueError::new(
            format!("the {what} is too long"),
            format!("{length} characters, and at most {LONGEST} are allowed"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(ValueError::new(
            format!("the {what} holds a line break or another control character"),
            "in this text",
        ));
    }
    Ok(text.to_owned())
}

/// Checks the path of a file or a folder.
pub(crate) fn path(text: &str) -> Result<String, ValueError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ValueError::new("the path is empty", "expected the path of a file"));
    }
    if text.contains(char::is_control) {
        return Err(ValueError::new("the path holds a control character", "in this text"));
    }
    Ok(text.to_owned())
}
