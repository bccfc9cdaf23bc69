//! One task as the page shows it.

use std::path::Path;

use serde::Serialize;

use super::place::{self, Places};
use super::{Entry, Page};
use crate::task::State;

/// What a card shows.
#[derive(Debug, Serialize)]
pub(super) struct Card<'e> {
    /// Its number, counted from 0.
    n: usize,
    id: &'e str,
    status: &'static str,
    prompt: &'e str,
    reason: Option<&'e str>,
    vars: Vec<(&'e str, &'e str)>,
    pictures: Vec<Picture>,
    /// Pictures that are named by what is no address.
    nowhere: usize,
    /// Whether the task can be made once more.
    redo: bool,
}

#[derive(Debug, Serialize)]
struct Picture {
    /// 0 is the grid, which is shown where there is nothing else.
    n: usize,
    link: String,
}

impl<'e> Card<'e> {
    /// The card of the nth task.
    pub(super) fn of(n: usize, entry: &'e Entry, page: &'e Page, places: &Places) -> Card<'e> {
        let record = &entry.record;
        let file = |number: usize| {
            entry.files.iter().find(|(n, _)| *n as usize == number).map(|(_, path)| path.as_path())
        };
        let link = |number: usize, address: &str| {
            let way = file(number).and_then(|path: &Path| places.way_to(path));
            Some(Picture { n: number, link: way.or_else(|| place::address(address))? })
        };
        let images = record.images.urls.iter().enumerate();
        let mut pictures: Vec<Picture> =
            images.filter_map(|(index, address)| link(index + 1, address)).collect();
        let nowhere = record.images.urls.len() - pictures.len();
        if record.images.urls.is_empty() {
            pictures.extend(record.images.grid.as_ref().and_then(|grid| link(0, grid)));
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
            pictures,
            nowhere,
            redo: matches!(record.state, State::Done | State::Failed | State::Lost),
        }
    }
}
