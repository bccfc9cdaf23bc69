//! The card of a task on the page.

use std::path::Path;

use serde::Serialize;

use super::links::{self, LinkBase};
use super::page::{ReportEntry, ReportPage};
use crate::task::State;

/// The content of a card.
#[derive(Debug, Serialize)]
pub(super) struct Card<'e> {
    /// The task's index, from 0.
    n: usize,
    id: &'e str,
    status: &'static str,
    prompt: &'e str,
    reason: Option<&'e str>,
    vars: Vec<(&'e str, &'e str)>,
    images: Vec<CardImage>,
    /// How many of them are shown unless all are asked for: the picked ones, if there are any.
    shown: usize,
    /// How many images have no usable URL.
    nowhere: usize,
    /// Whether the task can be redone.
    redo: bool,
}

#[derive(Debug, Serialize)]
struct CardImage {
    /// The image's number; 0 is the grid, which is shown where there is no single image.
    n: usize,
    link: String,
    /// Whether others of the task were picked, and this one was not.
    is_unpicked: bool,
}

impl<'e> Card<'e> {
    /// The card of the nth task.
    pub(super) fn of(n: usize, entry: &'e ReportEntry, page: &'e ReportPage, base: &LinkBase) -> Card<'e> {
        let record = &entry.record;
        let file = |number: usize| {
            entry.files.iter().find(|(n, _)| *n as usize == number).map(|(_, path)| path.as_path())
        };
        let link = |number: usize, url: &str| {
            let local = file(number).and_then(|path: &Path| base.to_file(path));
            let is_unpicked = number > 0 && !record.is_chosen(number - 1);
            Some(CardImage { n: number, link: local.or_else(|| links::to_url(url))?, is_unpicked })
        };
        let urls = record.images.urls.iter().enumerate();
        let mut images: Vec<CardImage> = urls.filter_map(|(index, url)| link(index + 1, url)).collect();
        let nowhere = record.images.urls.len() - images.len();
        if record.images.urls.is_empty() {
            images.extend(record.images.grid.as_ref().and_then(|grid| link(0, grid)));
        }
        let vars = page.columns.iter().zip(&record.task.vars);
        Card {
            n,
            id: &record.task.id.0,
            status: record.state.shown(page.run_lives).as_str(),
            prompt: &record.task.prompt,
            reason: record.reason.as_deref(),
            vars: vars
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect(),
            shown: images.iter().filter(|image| !image.is_unpicked).count(),
            images,
            nowhere,
            redo: matches!(record.state, State::Done | State::Failed | State::Lost),
        }
    }
}
