//! From entries to tasks: rows, combinations of a matrix, permutations and takes, in this order, one by one.
//!
//! The same way is gone twice: by the check, which tells all that is wrong on it, and by whoever lists the tasks, as often
//! as they are wanted. Nothing is kept in between but the entries and the text of the tables.

use std::borrow::Cow;
use std::sync::Arc;

use super::columns::Columns;
use super::earlier;
use super::entry::{Entry, Item, Part, Source};
use super::factors::Tally;
use super::ids::{Name, Namer, Register};
use super::matrix::Combination;
use super::naming::Chosen;
use super::params;
use super::table::{Role, Row, Table};
use super::template::{Scope, Templates, Writing, is_template};
use super::value::{self, Fault};
use crate::prompt::permutation::{self, Tree};
use crate::prompt::{self, Counterpart, Origin, Param};
use crate::task::Task;

/// What is wrong with parts of an item.
pub(super) type Faults = Vec<(Part, Fault)>;

/// All that tasks are made from.
#[derive(Debug, Clone, Default)]
pub(super) struct Expansion {
    pub(super) entries: Vec<Entry>,
    pub(super) tables: Vec<Table>,
    pub(super) templates: Templates,
    pub(super) columns: Arc<Columns>,
    /// The variables of all entries, unless they say them themselves.
    pub(super) vars: Vec<(usize, String)>,
    pub(super) params: Vec<params::Written>,
    /// What the check found: names that need numbers, and how many tasks each entry makes.
    pub(super) register: Register,
    pub(super) tallies: Vec<Tally>,
}

/// A prompt of an item for one combination, before its takes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) name: Name,
    pub(super) prompt: String,
    pub(super) takes: u32,
    /// How much of the prompt, from the start, is not made of params.
    pub(super) written: usize,
}

/// The prompts of an item for one combination, before they are made one by one.
pub(super) struct Variants<'i> {
    pub(super) item: &'i Item<'i>,
    pub(super) scope: Option<Scope>,
    pub(super) combination: Combination<'i>,
    text: String,
    pub(super) tree: Option<Tree>,
}

impl Expansion {
    /// All tasks, in the order of the manifest, made one by one.
    pub(super) fn tasks(&self) -> impl Iterator<Item = Task> + '_ {
        let shown = self.columns.shown();
        let mut namer = self.register.namer();
        self.entries
            .iter()
            .zip(0..)
            .flat_map(|(entry, number)| self.items(entry).map(move |item| (item, number)))
            .flat_map(|(item, number)| {
                let item = Arc::new(item);
                combinations(item.entry).map(move |combination| (Arc::clone(&item), combination, number))
            })
            .flat_map(move |(item, combination, number)| {
                let tasks = self.make(&item, combination, &shown, &mut namer);
                tasks.into_iter().map(move |task| Task { entry: number, ..task })
            })
    }

    fn make(
        &self,
        item: &Item<'_>,
        combination: Combination<'_>,
        shown: &[usize],
        namer: &mut Namer<'_>,
    ) -> Vec<Task> {
        let mut values = self.values(item, &combination);
        // The check let nothing pass that is wrong.
        let drafts = self.variants(item, combination).and_then(|variants| self.drafts(&variants));
        let vars: Vec<String> =
            shown.iter().map(|variable| values[*variable].take().unwrap_or_default()).collect();
        let mut tasks = Vec::new();
        for draft in drafts.unwrap_or_default() {
            for take in 1..=draft.takes {
                tasks.push(Task {
                    id: namer.id(&draft.name, take),
                    prompt: draft.prompt.clone(),
                    mode: item.mode,
                    timeout: item.timeout,
                    hook_url: item.hook_url.clone(),
                    action: item.action,
                    priority: item.priority,
                    entry: 0,
                    earlier: item.earlier.clone(),
                    vars: vars.clone(),
                });
            }
        }
        tasks
    }

    pub(super) fn items<'a>(&'a self, entry: &'a Entry) -> Box<dyn Iterator<Item = Item<'a>> + 'a> {
        match entry.table.and_then(|table| self.tables.get(table)) {
            None => Box::new(std::iter::once(Item::of(entry))),
            Some(table) => Box::new(
                table
                    .rows()
                    .filter(|row| !row.is_blank())
                    .filter_map(|row| self.item(entry, table, row).ok()),
            ),
        }
    }

    /// A row as an item of an entry.
    pub(super) fn item<'a>(&self, entry: &'a Entry, table: &Table, row: Row) -> Result<Item<'a>, Faults> {
        let mut item = Item::of(entry);
        let mut faults = Faults::new();
        let is_data = matches!(entry.prompt, Source::Text(_));
        for (column, of) in table.columns.iter().enumerate().filter(|_| !is_data) {
            let cell = row.cell(column);
            if cell.is_empty() {
                continue;
            }
            let kept = match &of.role {
                Role::Mode => value::mode(cell).map(|mode| item.mode = mode),
                Role::Timeout => value::timeout(cell).map(|timeout| item.timeout = Some(timeout)),
                Role::HookUrl => value::hook_url(cell).map(|url| item.hook_url = Some(url)),
                Role::Repeat => value::repeat(cell).map(|repeat| item.repeat = Some(repeat)),
                Role::Priority => value::priority(cell).map(|priority| item.priority = priority),
                Role::Action => value::action(cell).map(|action| item.action = action),
                Role::Flag(name) if !is_template(cell) => {
                    item.flags.extend(Param::from_text(name, cell).map(|param| (column, param)));
                    Ok(())
                }
                _ => Ok(()),
            };
            if let Err(fault) = kept {
                faults.push((Part::Cell(column), fault));
            }
        }
        for (column, param) in &item.flags {
            faults.extend(
                prompt::check_param(param)
                    .into_iter()
                    .map(|finding| (Part::Cell(*column), params::told(finding).1)),
            );
        }
        if matches!(entry.prompt, Source::FinalCells) {
            item.earlier = earlier::read(table, &row);
        }
        item.row = Some(row);
        // Warnings are told as well, but they do not keep the row from being one.
        if faults.iter().any(|(_, fault)| fault.is_error()) { Err(faults) } else { Ok(item) }
    }

    /// What is wrong with the flags of a row, though it can be sent.
    pub(super) fn doubts(&self, item: &Item<'_>) -> Faults {
        let told = item.flags.iter().flat_map(|(column, param)| {
            prompt::check_param(param)
                .into_iter()
                .map(|finding| (Part::Cell(*column), params::told(finding).1))
        });
        told.collect()
    }

    /// The value of each variable: of the defaults, the entry, the row, the combination; the last one counts.
    fn values(&self, item: &Item<'_>, combination: &Combination<'_>) -> Vec<Option<String>> {
        let mut values = vec![None; self.columns.len()];
        for (variable, value) in self.vars.iter().chain(&item.entry.vars) {
            values[*variable] = Some(value.clone());
        }
        if let (Some(row), Some(table)) = (&item.row, item.entry.table) {
            let is_data = matches!(item.entry.prompt, Source::Text(_));
            for (column, of) in self.tables[table].columns.iter().enumerate() {
                let Some(variable) = of.variable else { continue };
                let cell = match of.role {
                    Role::Variable | Role::Pick if !is_data => row.cells.get(column).unwrap_or_default(),
                    _ => row.cell(column),
                };
                values[variable] = Some(cell.to_owned());
            }
        }
        for (variable, value) in &combination.values {
            values[*variable] = Some((*value).to_owned());
        }
        values
    }

    /// The prompts of an item for one combination, templates filled in.
    pub(super) fn variants<'i>(
        &self,
        item: &'i Item<'i>,
        combination: Combination<'i>,
    ) -> Result<Variants<'i>, Faults> {
        let scope =
            self.needs_variables(item).then(|| Scope::new(&self.columns, self.values(item, &combination)));
        let of_prompt = |fault| vec![(Part::Prompt, fault)];
        let is_final = matches!(item.entry.prompt, Source::FinalCells);
        let writing = if item.entry.permutes { Writing::Protected } else { Writing::Plain };
        let text = match (&item.entry.prompt, &scope) {
            (Source::Text(text), Some(scope)) => {
                self.templates.fill(text, scope).map_err(of_prompt)?.into_owned()
            }
            (Source::Text(text), None) => text.source.clone(),
            (Source::Cells, Some(scope)) => {
                let cell = self.cell(item, &Role::Prompt);
                self.templates.fill_once(cell, writing, scope).map_err(of_prompt)?.into_owned()
            }
            (Source::Cells | Source::FinalCells, _) => self.cell(item, &Role::Prompt).to_owned(),
        };
        let is_marked = || matches!(permutation::unprotect(&text), Cow::Owned(_));
        let permutes = item.entry.permutes && !is_final && (text.contains(['{', '}', '\\']) || is_marked());
        let tree = match permutes {
            false => None,
            true => Some(permutation::parse(&text).map_err(|error| {
                let permutation::PermutationError { span, message, label, notes, help } = error;
                let fault = Fault::told(prompt::Severity::Error, message, label, notes, help);
                of_prompt(fault.within(&text, span))
            })?),
        };
        Ok(Variants { item, scope, combination, text, tree })
    }

    fn needs_variables(&self, item: &Item<'_>) -> bool {
        let of_row = |role: &Role| is_template(self.cell(item, role));
        let of_entry = match &item.entry.prompt {
            Source::Text(text) => text.is_template(),
            Source::Cells => of_row(&Role::Prompt) || of_row(&Role::Id) || self.has_flag_templates(item),
            Source::FinalCells => false,
        };
        of_entry
            || item.entry.id.as_ref().is_some_and(super::template::Text::is_template)
            || self.params.iter().chain(&item.entry.params).any(params::Written::is_template)
    }

    fn has_flag_templates(&self, item: &Item<'_>) -> bool {
        self.flag_columns(item).any(|(_, _, cell)| is_template(cell))
    }

    /// The columns of a row that are flags: the column, the flag, the cell.
    fn flag_columns<'i>(&'i self, item: &'i Item<'_>) -> impl Iterator<Item = (usize, &'i str, &'i str)> {
        let table = item.entry.table.and_then(|table| self.tables.get(table));
        let row = item.row.as_ref();
        table.into_iter().flat_map(|table| table.columns.iter().enumerate()).filter_map(
            move |(column, of)| match &of.role {
                Role::Flag(name) => Some((column, name.as_str(), row?.cell(column))),
                _ => None,
            },
        )
    }

    pub(super) fn cell<'i>(&self, item: &'i Item<'_>, role: &Role) -> &'i str {
        let column = item.entry.table.and_then(|table| self.tables.get(table)?.column(role));
        column.zip(item.row.as_ref()).map_or("", |(column, row)| row.cell(column))
    }

    /// The final prompts, with the names of their tasks.
    pub(super) fn drafts(&self, variants: &Variants<'_>) -> Result<Vec<Draft>, Faults> {
        let item = variants.item;
        let is_final = matches!(item.entry.prompt, Source::FinalCells);
        let params = self.flags(variants)?;
        let base = self.base(variants).map_err(|fault| vec![(Part::Id, fault)])?;
        let chosen = if base.is_some() { Chosen::of(variants) } else { Chosen::default() };
        let mut drafts = Vec::new();
        let mut faults = Faults::new();
        let texts: Box<dyn Iterator<Item = String>> = match &variants.tree {
            Some(tree) => Box::new(tree.expand()),
            None => Box::new(std::iter::once(variants.text.clone())),
        };
        for (number, text) in texts.enumerate() {
            let made = self.finish(item, &text, &params, is_final);
            let (prompt, takes, written) = match made {
                Ok(made) => made,
                Err(found) => {
                    faults.extend(found);
                    continue;
                }
            };
            match self.name(variants, base.as_deref(), &chosen, number, &prompt) {
                Ok(name) => drafts.push(Draft { name, prompt, takes, written }),
                Err(fault) => faults.push((Part::Id, fault)),
            }
        }
        if faults.is_empty() { Ok(drafts) } else { Err(faults) }
    }

    /// Whether something was told of a param for itself.
    pub(super) fn has_doubtful_params(&self, variants: &Variants<'_>) -> bool {
        let flags = self.flags(variants).unwrap_or_default();
        flags.iter().any(|(_, param, _)| !prompt::check_param(param).is_empty())
    }

    /// The params with their parts of the manifest.
    fn flags(&self, variants: &Variants<'_>) -> Result<Vec<(Part, Param, Origin)>, Faults> {
        let Variants { item, scope, .. } = variants;
        if matches!(item.entry.prompt, Source::FinalCells) {
            return Ok(Vec::new());
        }
        let empty = Scope::default();
        let scope = scope.as_ref().unwrap_or(&empty);
        let mut flags = Vec::new();
        let mut faults = Faults::new();
        for (i, written) in self.params.iter().chain(&item.entry.params).enumerate() {
            let part = |part| Part::Param(i, part);
            match written.fill(&self.templates, scope) {
                Err((of, fault)) => faults.push((part(of), fault)),
                Ok(None) => {}
                Ok(Some(param)) => {
                    if written.is_template() {
                        let found = prompt::check_param(&param).into_iter().map(params::told);
                        faults.extend(
                            found.filter(|(_, fault)| fault.is_error()).map(|(of, fault)| (part(of), fault)),
                        );
                    }
                    flags.push((part(prompt::Part::Name), param, written.origin));
                }
            }
        }
        flags.extend(
            item.flags.iter().map(|(column, param)| (Part::Cell(*column), param.clone(), Item::OF_CELLS)),
        );
        for (column, name, cell) in self.flag_columns(item).filter(|(.., cell)| is_template(cell)) {
            match self.templates.fill_once(cell, Writing::Plain, scope) {
                Err(fault) => faults.push((Part::Cell(column), fault)),
                Ok(text) => {
                    let Some(param) = Param::from_text(name, &text) else { continue };
                    let found = prompt::check_param(&param).into_iter().map(|f| params::told(f).1);
                    faults.extend(found.filter(Fault::is_error).map(|fault| (Part::Cell(column), fault)));
                    flags.push((Part::Cell(column), param, Item::OF_CELLS));
                }
            }
        }
        if faults.is_empty() { Ok(flags) } else { Err(faults) }
    }

    /// A prompt as it will be sent, how often, and how much of it is not made of params.
    fn finish(
        &self,
        item: &Item<'_>,
        text: &str,
        flags: &[(Part, Param, Origin)],
        is_final: bool,
    ) -> Result<(String, u32, usize), Faults> {
        let of_prompt = |fault| vec![(Part::Prompt, fault)];
        let line = value::prompt(text).map_err(of_prompt)?;
        if is_final {
            let written = line.len();
            return Ok((line, 1, written));
        }
        let (line, said) = match prompt::take_repeat(&line) {
            Ok(taken) => taken,
            Err(finding) => return Err(of_prompt(Fault::of(*finding, &line))),
        };
        let line = if said.is_some() { value::prompt(&line).map_err(of_prompt)? } else { line };
        if said.is_some() && item.repeat.is_some() {
            let fault = Fault::new("the prompt has a `--repeat`, and so has its entry", "said twice");
            return Err(of_prompt(fault.help("remove one of them")));
        }
        let takes = said.or(item.repeat).unwrap_or(1);
        let params: Vec<(Param, Origin)> =
            flags.iter().map(|(_, param, origin)| (param.clone(), *origin)).collect();
        if params.is_empty() {
            let written = line.len();
            return Ok((line, takes, written));
        }
        match prompt::with_params(&line, &params) {
            Ok(prompt) => {
                let written = if prompt.starts_with(&line) { line.len() } else { prompt.len() };
                Ok((prompt, takes, written))
            }
            Err(clashes) => Err(clashes
                .into_iter()
                .map(|clash| {
                    let part = flags.get(clash.param).map_or(Part::Prompt, |(part, ..)| *part);
                    let of = match &clash.with {
                        Counterpart::Prompt(span) => line.get(span.clone()).map(str::to_owned),
                        Counterpart::Param(_) => None,
                    };
                    let prompt::Clash { message, label, mut notes, help, .. } = clash;
                    notes.extend(of.map(|flag| format!("the prompt has `{flag}`")));
                    (part, Fault::told(prompt::Severity::Error, message, label, notes, help))
                })
                .collect()),
        }
    }
}

impl<'a> Item<'a> {
    pub(super) fn of(entry: &'a Entry) -> Self {
        Item {
            entry,
            row: None,
            mode: entry.mode,
            timeout: entry.timeout,
            hook_url: entry.hook_url.clone(),
            repeat: entry.repeat,
            priority: entry.priority,
            action: None,
            earlier: None,
            flags: Vec::new(),
        }
    }
}

impl Variants<'_> {
    /// The text with templates filled in, before permutation.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the prompts are not what is written in the manifest.
    pub(super) fn is_made(&self) -> bool {
        self.scope.is_some() || self.tree.is_some()
    }

    /// How many prompts there are.
    pub(super) fn count(&self) -> u64 {
        self.tree.as_ref().map_or(1, |tree| u64::try_from(tree.count()).unwrap_or(u64::MAX))
    }
}

/// The combinations of an entry: one of nothing where it has no matrix.
pub(super) fn combinations(entry: &Entry) -> Box<dyn Iterator<Item = Combination<'_>> + '_> {
    match &entry.matrix {
        None => Box::new(std::iter::once(Combination::default())),
        Some(matrix) => Box::new(matrix.combinations()),
    }
}
