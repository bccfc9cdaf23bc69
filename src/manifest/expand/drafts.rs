//! Makes drafts of tasks from prompts: writes the params after the text, counts takes, and names
//! each draft.

use super::entry::{EntryItem, ItemPart};
use super::expansion::Expansion;
use super::ids::DraftName;
use super::items::ItemErrors;
use super::naming::OptionWords;
use super::params;
use super::variants::PromptVariants;
use crate::manifest::template::{Escaping, Scope, is_template};
use crate::manifest::value::{self, ValueError};
use crate::prompt::{self, Counterpart, Origin, Param};

/// A prompt for one combination of an item, before it is repeated for its takes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TaskDraft {
    pub(crate) name: DraftName,
    pub(crate) prompt: String,
    pub(crate) takes: u32,
    /// The length in bytes of the text before the flags that `params` added.
    pub(crate) written: usize,
}

impl Expansion {
    /// Makes the drafts of one combination: final prompts, with the names of their tasks.
    pub(crate) fn drafts(&self, variants: &PromptVariants<'_>) -> Result<Vec<TaskDraft>, ItemErrors> {
        let item = variants.item;
        let params = self.flags(variants)?;
        let base = self.base(variants).map_err(|fault| vec![(ItemPart::Id, fault)])?;
        let chosen = if base.is_some() { OptionWords::of(variants) } else { OptionWords::default() };
        let mut drafts = Vec::new();
        let mut faults = ItemErrors::new();
        let texts: Box<dyn Iterator<Item = String>> = match &variants.tree {
            Some(tree) => Box::new(tree.expand()),
            None => Box::new(std::iter::once(variants.text.clone())),
        };
        for (number, text) in texts.enumerate() {
            let made = self.finish(item, &text, &params);
            let (prompt, takes, written) = match made {
                Ok(made) => made,
                Err(found) => {
                    faults.extend(found);
                    continue;
                }
            };
            match self.name(variants, base.as_deref(), &chosen, number, &prompt) {
                Ok(name) => drafts.push(TaskDraft { name, prompt, takes, written }),
                Err(fault) => faults.push((ItemPart::Id, fault)),
            }
        }
        if faults.is_empty() { Ok(drafts) } else { Err(faults) }
    }

    /// Whether a param of this combination has a problem by itself, which was reported at the
    /// param.
    pub(crate) fn has_doubtful_params(&self, variants: &PromptVariants<'_>) -> bool {
        let flags = self.flags(variants).unwrap_or_default();
        flags.iter().any(|(_, param, _)| !prompt::check_param(param).is_empty())
    }

    /// The params of the defaults, the entry and the row, filled in, each with the part of the
    /// manifest it comes from.
    fn flags(&self, variants: &PromptVariants<'_>) -> Result<Vec<(ItemPart, Param, Origin)>, ItemErrors> {
        let PromptVariants { item, scope, .. } = variants;
        let empty = Scope::default();
        let scope = scope.as_ref().unwrap_or(&empty);
        let mut flags = Vec::new();
        let mut faults = ItemErrors::new();
        for (i, written) in self.params.iter().chain(&item.entry.params).enumerate() {
            let part = |part| ItemPart::Param(i, part);
            match written.fill(&self.templates, scope) {
                Err((of, fault)) => faults.push((part(of), fault)),
                Ok(None) => {}
                Ok(Some(param)) => {
                    if written.is_template() {
                        let found = prompt::check_param(&param).into_iter().map(params::value_error);
                        faults.extend(
                            found.filter(|(_, fault)| fault.is_error()).map(|(of, fault)| (part(of), fault)),
                        );
                    }
                    flags.push((part(prompt::ParamPart::Name), param, written.origin));
                }
            }
        }
        flags.extend(
            item.flags
                .iter()
                .map(|(column, param)| (ItemPart::Cell(*column), param.clone(), EntryItem::OF_CELLS)),
        );
        for (column, name, cell) in self.flag_columns(item).filter(|(.., cell)| is_template(cell)) {
            match self.templates.fill_once(cell, Escaping::Plain, scope) {
                Err(fault) => faults.push((ItemPart::Cell(column), fault)),
                Ok(text) => {
                    let Some(param) = Param::from_text(name, &text) else { continue };
                    let found = prompt::check_param(&param).into_iter().map(|f| params::value_error(f).1);
                    faults.extend(
                        found.filter(ValueError::is_error).map(|fault| (ItemPart::Cell(column), fault)),
                    );
                    flags.push((ItemPart::Cell(column), param, EntryItem::OF_CELLS));
                }
            }
        }
        if faults.is_empty() { Ok(flags) } else { Err(faults) }
    }

    /// Makes the line that will be sent, how often, and the length of it that is not made of
    /// params.
    fn finish(
        &self,
        item: &EntryItem<'_>,
        text: &str,
        flags: &[(ItemPart, Param, Origin)],
    ) -> Result<(String, u32, usize), ItemErrors> {
        let of_prompt = |fault| vec![(ItemPart::Prompt, fault)];
        let line = value::prompt(text).map_err(of_prompt)?;
        let (line, said) = match prompt::take_repeat(&line) {
            Ok(taken) => taken,
            Err(finding) => return Err(of_prompt(ValueError::of_finding(*finding, &line))),
        };
        let line = if said.is_some() { value::prompt(&line).map_err(of_prompt)? } else { line };
        if said.is_some() && item.repeat.is_some() {
            let fault = ValueError::new("the prompt has a `--repeat`, and so has its entry", "given twice");
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
                    let part = flags.get(clash.param).map_or(ItemPart::Prompt, |(part, ..)| *part);
                    let of = match &clash.with {
                        Counterpart::Prompt(span) => line.get(span.clone()).map(str::to_owned),
                        Counterpart::Param(_) => None,
                    };
                    let prompt::Clash { message, label, mut notes, help, .. } = clash;
                    notes.extend(of.map(|flag| format!("the prompt has `{flag}`")));
                    (part, ValueError::from_parts(prompt::Severity::Error, message, label, notes, help))
                })
                .collect()),
        }
    }
}
