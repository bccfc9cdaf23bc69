//! The names of image files: `images/{{ sku }}/{{ id }}-{{ n }}.{{ ext }}`.
//!
//! The part before the first variable is the folder; each part after it is a template of its own,
//! so that a `/` in a value makes no folder. The variables are the task's columns and `id`, `mode`,
//! `n` (the image's number, 0 for the grid) and `ext` (by its content). Which characters a file
//! name may have is decided in [`download`](crate::download).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Place, quoted};
use crate::manifest::table::Variables;
use crate::manifest::template::{Escaping, Scope, TemplateText, Templates, is_template};
use crate::manifest::value::{self, ValueError};
use crate::manifest::yaml::{KnownKeys, NodeReader};
use crate::task::Task;

/// The template of names if the manifest has only a folder.
const PLAIN: &str = "{{ id }}-{{ n }}.{{ ext }}";
/// Variables that every image has, besides the task's own.
const OWN: [&str; 4] = ["id", "mode", "n", "ext"];

/// The settings of the image files: `images`, `grid` and `sidecar` of `output`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSettings {
    /// The folder, or the folder and the names in it, as written and relative to the manifest's
    /// folder. [`ImageName`] parses it.
    pub template: Option<String>,
    /// The place of the setting in the manifest.
    #[serde(skip)]
    pub place: Option<Place>,
    /// Whether the grid, the 2×2 overview, is downloaded too.
    pub grid: bool,
    /// Whether each image gets a `.json` file beside it.
    pub sidecar: bool,
}

/// Reads the keys of `output` that are about images.
pub(crate) fn settings(output: &KnownKeys<'_, '_>, reader: &mut NodeReader<'_>) -> ImageSettings {
    let images = output.get("images");
    ImageSettings {
        place: images.map(|field| reader.source.place(field.value.span.clone())),
        template: reader.value(images, check),
        grid: reader.value(output.get("grid"), yes_or_no).unwrap_or_default(),
        sidecar: reader.value(output.get("sidecar"), yes_or_no).unwrap_or_default(),
    }
}

fn yes_or_no(text: &str) -> Result<bool, ValueError> {
    match text.trim() {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(ValueError::new(
            format!("{} is neither true nor false", quoted(other)),
            "expected `true` or `false`",
        )),
    }
}

/// The template of the names of image files.
#[derive(Debug, Clone)]
pub struct ImageName {
    folder: String,
    parts: Vec<TemplateText>,
    templates: Templates,
    columns: Arc<Variables>,
    /// The number of variables that are columns of the task; the others come after them.
    names: usize,
}

/// The reason, as a phrase, why an image cannot be named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ImageNameError(pub String);

impl ImageName {
    /// Parses a folder, or a folder with a template of names. `columns` are those of the batch.
    ///
    /// # Errors
    ///
    /// The template is not valid.
    pub fn parse(text: &str, columns: &[String]) -> Result<ImageName, ImageNameError> {
        read(text, columns).map_err(|fault| ImageNameError(fault.message().to_owned()))
    }

    /// The folder, as written.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// The parts of an image's name within the folder, not yet made safe for a file system.
    ///
    /// # Errors
    ///
    /// The template uses a variable that the task lacks or has empty.
    pub fn of(&self, task: &Task, n: u32, ext: &str) -> Result<Vec<String>, ImageNameError> {
        let given = task.vars.iter().map(|var| (!var.is_empty()).then(|| var.clone()));
        let mut values: Vec<_> = given.chain(std::iter::repeat(None)).take(self.names).collect();
        values.resize(self.columns.len(), None);
        for (name, value) in OWN.into_iter().zip([&task.id.0, task.mode.as_str(), &n.to_string(), ext]) {
            if let Some(variable) = self.columns.find(name) {
                values[variable] = Some(value.to_owned());
            }
        }
        let scope = Scope::new(&self.columns, values);
        let fill = |part| self.templates.fill(part, &scope).map(|part| part.into_owned());
        self.parts
            .iter()
            .map(fill)
            .collect::<Result<_, _>>()
            .map_err(|fault| ImageNameError(fault.message().to_owned()))
    }
}

/// Checks that the text is a valid template for names of images, whatever the columns are, and
/// returns it unchanged.
fn check(text: &str) -> Result<String, ValueError> {
    let text = value::path(text)?;
    read(&text, &[]).map(|_| text)
}

fn read(text: &str, columns: &[String]) -> Result<ImageName, ValueError> {
    let (folder, mut parts) = split(text);
    if parts.is_empty() {
        parts.push(PLAIN.to_owned());
    }
    let mut variables = Variables::default();
    for name in columns {
        variables.hidden(name);
    }
    let names = variables.len();
    for name in OWN {
        variables.hidden(name);
    }
    let mut templates = Templates::default();
    let taken =
        parts.iter().map(|part| templates.add(part, Escaping::Plain)).collect::<Result<Vec<_>, _>>()?;
    let says = |name: &str| taken.iter().any(|part| templates.names_in(part).iter().any(|n| n == name));
    if !says("n") {
        return Err(ValueError::new("the images of a task would get one name", "no `{{ n }}` in it")
            .help("name them as in `images/{{ id }}-{{ n }}.{{ ext }}`"));
    }
    // The extension is added, because programs recognize the type of a file by it.
    let ends = parts.last().is_some_and(|last| last.replace(' ', "").ends_with(".{{ext}}"));
    let mut taken = taken;
    if !ends && let Some(last) = parts.last() {
        taken.pop();
        taken.push(templates.add(&format!("{last}.{{{{ ext }}}}"), Escaping::Plain)?);
    }
    Ok(ImageName { folder, parts: taken, templates, columns: Arc::new(variables), names })
}

/// Splits the text into the folder before the first template, and the parts from there on. A `/`
/// within `{{ }}` or `{% %}` does not split.
fn split(text: &str) -> (String, Vec<String>) {
    let mut parts = vec![String::new()];
    let (mut depth, mut before) = (0_u32, ' ');
    for c in text.chars() {
        match (before, c) {
            ('{', '{' | '%' | '#') => depth += 1,
            ('}' | '%' | '#', '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        match c {
            '/' if depth == 0 => parts.push(String::new()),
            c => parts.last_mut().into_iter().for_each(|part| part.push(c)),
        }
        before = if (before, c) == ('}', '}') { ' ' } else { c };
    }
    let first = parts.iter().position(|part| is_template(part)).unwrap_or(parts.len());
    let named = parts.split_off(first);
    let mut folder = parts.join("/");
    if folder.is_empty() {
        folder = if text.starts_with('/') { "/".into() } else { ".".into() };
    }
    (folder, named.into_iter().filter(|part| !part.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Mode;

    fn name(template: &str, vars: &[&str]) -> Result<String, String> {
        let columns = ["sku".to_owned(), "n".to_owned(), "price €".to_owned()];
        let mut task = Task::new("hero/red", "a mug", Mode::Fast);
        task.vars = vars.iter().map(|var| (*var).to_owned()).collect();
        let name = ImageName::parse(template, &columns).map_err(|e| e.0)?;
        let parts = name.of(&task, 2, "png").map_err(|e| e.0)?;
        Ok(format!("{} | {}", name.folder(), parts.join(" | ")))
    }

    #[test]
    fn a_name_is_filled_in_part_by_part() {
        for (template, expected) in [
            ("images", "images | hero/red-2.png"),
            ("../out/photos/", "../out/photos/ | hero/red-2.png"),
            ("/srv/{{ sku }}/{{ n }}.{{ext}}", "/srv | A/../1 | 2.png"),
            ("{{ sku | lower }}-{{ n }}", ". | a/../1-2.png"),
            ("x/{{ id | replace('/', '.') }}/{{ vars['price €'] }}/{{ n }}", "x | hero.red | 9 | 2.png"),
            ("x/{{ mode }}/y/{{ n }}", "x | fast | y | 2.png"),
        ] {
            assert_eq!(name(template, &["A/../1", "7", "9"]).as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn a_variable_that_is_missing_or_empty_is_an_error_and_so_is_one_name_for_all() {
        assert_eq!(name("{{ sku }}-{{ n }}", &[""]).unwrap_err(), "there is no variable `sku`");
        assert_eq!(name("{{ color }}-{{ n }}", &["A"]).unwrap_err(), "there is no variable `color`");
        assert_eq!(name("{{ id }}", &[]).unwrap_err(), "the images of a task would get one name");
        assert!(name("{{ id }-{{ n }}", &[]).is_err());
    }
}
