//! Custom columns of the results: their names, and the templates that fill them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::manifest::table::Variables;
use crate::manifest::template::{Escaping, Scope, ScopeValue, TemplateText, Templates};
use crate::manifest::value::ValueError;
use crate::task::{Record, Status};

/// How many images have a variable of their own (`image_1`…) in every row.
const LEAST_IMAGES: usize = 4;

/// The names of custom columns, each with the template of its cells.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(into = "Vec<(String, String)>", try_from = "Vec<(String, String)>")]
pub struct CustomColumns {
    templates: Templates,
    columns: Vec<(String, TemplateText)>,
}

impl From<CustomColumns> for Vec<(String, String)> {
    fn from(pattern: CustomColumns) -> Self {
        pattern.columns.into_iter().map(|(name, text)| (name, text.source)).collect()
    }
}

impl TryFrom<Vec<(String, String)>> for CustomColumns {
    type Error = String;

    fn try_from(columns: Vec<(String, String)>) -> Result<Self, String> {
        let mut pattern = CustomColumns::default();
        for (name, template) in columns {
            pattern.add(&name, &template).map_err(|fault| fault.message().to_owned())?;
        }
        Ok(pattern)
    }
}

/// A template that cannot be filled in for a task.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the column `{column}` cannot be filled in: {why}")]
pub struct ColumnError {
    /// The name of the column.
    pub column: String,
    /// The error of the template.
    pub why: String,
}

/// What the templates of one row are filled in from.
#[derive(Debug, Clone, Copy)]
pub struct RowContext<'r> {
    /// The task with its outcome.
    pub record: &'r Record,
    /// The task's status.
    pub status: Status,
    /// The batch's name.
    pub batch: &'r str,
    /// The letters that name the batch in refs.
    pub letters: Option<&'r str>,
    /// The index of the row's image, from 0; 0 where the row is for the whole task.
    pub image_index: usize,
}

impl CustomColumns {
    /// Adds a column.
    pub(crate) fn add(&mut self, name: &str, template: &str) -> Result<(), ValueError> {
        let text = self.templates.add(template, Escaping::Plain)?;
        self.columns.push((name.to_owned(), text));
        Ok(())
    }

    /// The names of the columns, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// Fills in the cells of a row. `columns` are the names of the task's variables.
    ///
    /// # Errors
    ///
    /// A template does not fit the values, or uses a variable that does not exist.
    pub fn fill(&self, columns: &[String], subject: &RowContext<'_>) -> Result<Vec<String>, ColumnError> {
        let scope = scope(columns, subject);
        let filled = self.columns.iter().map(|(name, text)| {
            let filled = self.templates.fill(text, &scope).map(std::borrow::Cow::into_owned);
            filled.map_err(|fault| ColumnError { column: name.clone(), why: fault.message().to_owned() })
        });
        filled.collect()
    }

    /// The errors of the templates when they are filled in for one task, with the index of the
    /// column.
    pub(crate) fn faults(&self, columns: &[String], subject: &RowContext<'_>) -> Vec<(usize, ValueError)> {
        let scope = scope(columns, subject);
        let filled = self.columns.iter().enumerate();
        filled.filter_map(|(n, (_, text))| Some((n, self.templates.fill(text, &scope).err()?))).collect()
    }
}

fn scope(names: &[String], subject: &RowContext<'_>) -> Scope {
    let RowContext { record, status, batch, letters, image_index } = *subject;
    let mut columns = Variables::default();
    for name in names {
        columns.hidden(name);
    }
    let vars = (0..names.len()).map(|n| Some(record.task.vars.get(n).cloned().unwrap_or_default()));
    let images = &record.images.urls;
    let image = |n: usize| images.get(n).cloned().unwrap_or_default();
    let text = |name: &str, text: String| (name.to_owned(), ScopeValue::from(text));
    let time = |at: Option<jiff::Timestamp>| at.map(|at| format!("{at:.0}")).unwrap_or_default();
    let mut named = vec![
        text("id", record.task.id.0.clone()),
        text("prompt", record.task.prompt.clone()),
        text("mode", record.mode().to_string()),
        text("status", status.as_str().to_owned()),
        text("task_id", record.task_id.as_ref().map(ToString::to_string).unwrap_or_default()),
        text("reason", record.reason.clone().unwrap_or_default()),
        text("grid", record.images.grid.clone().unwrap_or_default()),
        text("image", image(image_index)),
        text("quota", record.quota.map(|quota| quota.to_string()).unwrap_or_default()),
        text("submitted_at", time(record.submitted_at)),
        text("finished_at", time(record.finished_at)),
        text("batch", batch.to_owned()),
        ("images".to_owned(), images.clone().into()),
        ("n".to_owned(), (image_index + 1).into()),
        ("attempts".to_owned(), record.attempts.into()),
    ];
    // A manifest may have had columns of these names before the results had.
    let row_ref = letters.map(|letters| record.row_ref(letters).to_string()).unwrap_or_default();
    let pick = record.picks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let newer = [text("ref", row_ref), text("pick", pick)];
    named.extend(newer.into_iter().filter(|(name, _)| !names.contains(name)));
    named.extend((0..images.len().max(LEAST_IMAGES)).map(|n| text(&format!("image_{}", n + 1), image(n))));
    Scope::new(&Arc::new(columns), vars.collect()).with(named)
}
