//! Gathers the tasks of a batch by product, and writes the products' rows.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;

use super::columns::{column_index, optional_columns};
use super::text::{handle, has_expiry, joined, truncated};
use crate::diagnostic::quoted;
use crate::manifest::Shop;
use crate::output::cell::TableCell;
use crate::output::layout::WriteStats;
use crate::task::{Record, State};

/// The most images of a product in Shopify.
const MOST_OF_SHOPIFY: usize = 250;
/// The most images of a product in a Google feed.
const MOST_OF_GOOGLE: usize = 11;
/// The most characters of an alternative text in Shopify.
const LONGEST_ALT: usize = 512;
/// The most characters of a title in a Google feed.
const LONGEST_TITLE: usize = 150;

/// A product: its first task that is done, and the images of all its tasks.
struct Product {
    record: Record,
    images: Vec<String>,
    /// Another product that has the same handle.
    shared_with: Option<String>,
}

/// The products so far, in the order of their first tasks. They are kept until the last task is
/// read, since any task may add images to any product.
pub(in crate::output) struct Products<'c> {
    shop: Shop,
    columns: &'c [String],
    products: Vec<Product>,
    index: HashMap<String, usize>,
    /// Tasks that are not done.
    left_out: u64,
}

impl<'c> Products<'c> {
    pub(in crate::output) fn of(shop: Shop, columns: &'c [String]) -> Products<'c> {
        Products { shop, columns, products: Vec::new(), index: HashMap::new(), left_out: 0 }
    }

    /// Adds a task.
    pub(in crate::output) fn add(&mut self, mut record: Record) {
        let chosen: Vec<bool> = (0..record.images.urls.len()).map(|index| record.is_chosen(index)).collect();
        let urls = std::mem::take(&mut record.images.urls);
        let images: Vec<String> =
            urls.into_iter().zip(chosen).filter(|(_, is_chosen)| *is_chosen).map(|(url, _)| url).collect();
        if record.state != State::Done || images.is_empty() {
            self.left_out += 1;
            return;
        }
        let key = self.key(&record);
        let next = self.products.len();
        match *self.index.entry(key).or_insert(next) {
            known if known < next => {
                let own = self.own_name(&record);
                if self.own_name(&self.products[known].record) != own {
                    let own = own.to_owned();
                    self.products[known].shared_with.get_or_insert(own);
                }
                self.products[known].images.extend(images);
            }
            _ => self.products.push(Product { record, images, shared_with: None }),
        }
    }

    /// Writes the rows.
    pub(in crate::output) fn rows(
        self,
        mut write: impl FnMut(&[TableCell<'_>]) -> io::Result<()>,
    ) -> io::Result<WriteStats> {
        let mut wrote = WriteStats::default();
        let most = match self.shop {
            Shop::Shopify => MOST_OF_SHOPIFY,
            Shop::WooCommerce => usize::MAX,
            Shop::Google => MOST_OF_GOOGLE,
        };
        for product in &self.products {
            let images = &product.images[..product.images.len().min(most)];
            let rows = match self.shop {
                Shop::Shopify => images.len(),
                Shop::WooCommerce | Shop::Google => 1,
            };
            for n in 0..rows {
                write(&self.row(&product.record, images, n))?;
                wrote.rows += 1;
            }
        }
        wrote.notes = self.notes(most);
        Ok(wrote)
    }

    fn row<'r>(&self, record: &'r Record, images: &'r [String], n: usize) -> Vec<TableCell<'r>> {
        let mut cells = vec![TableCell::Text(self.key(record).into())];
        let is_first = n == 0;
        let of_first = |text: Cow<'r, str>| if is_first { TableCell::Text(text) } else { TableCell::Empty };
        let title = self.title(record);
        cells.push(of_first(match self.shop {
            Shop::Google => truncated(title, LONGEST_TITLE).to_owned().into(),
            _ => title.into(),
        }));
        let own = optional_columns(self.shop)
            .iter()
            .filter_map(|(_, variable)| column_index(self.columns, variable));
        cells.extend(own.map(|at| of_first(record.task.vars.get(at).map_or("", String::as_str).into())));
        match self.shop {
            Shop::Shopify => cells.extend([
                TableCell::Link(images[n].as_str().into()),
                TableCell::Count(n as u64 + 1),
                TableCell::Text(
                    truncated(self.var(record, "alt").unwrap_or(title), LONGEST_ALT).to_owned().into(),
                ),
            ]),
            Shop::WooCommerce => cells.push(joined(images)),
            Shop::Google => cells.extend([TableCell::Link(images[0].as_str().into()), joined(&images[1..])]),
        }
        cells
    }

    /// What the shop identifies a product by.
    fn key(&self, record: &Record) -> String {
        let own = self.own_name(record);
        if self.shop == Shop::Shopify { handle(own) } else { own.to_owned() }
    }

    /// What the manifest identifies a product by.
    fn own_name<'r>(&self, record: &'r Record) -> &'r str {
        let handle = self.var(record, "handle").filter(|_| self.shop == Shop::Shopify);
        handle.or_else(|| self.var(record, "sku")).unwrap_or(&record.task.id.0)
    }

    fn title<'r>(&self, record: &'r Record) -> &'r str {
        let named = ["title", "product", "name", "sku"].iter().find_map(|name| self.var(record, name));
        named.unwrap_or(&record.task.id.0)
    }

    /// A variable, where the task has it.
    fn var<'r>(&self, record: &'r Record, name: &str) -> Option<&'r str> {
        let text = record.task.vars.get(column_index(self.columns, name)?)?.trim();
        Some(text).filter(|text| !text.is_empty())
    }

    fn notes(&self, most: usize) -> Vec<String> {
        let mut notes = Vec::new();
        match self.left_out {
            0 => {}
            1 => notes.push("1 task without images is left out".to_owned()),
            n => notes.push(format!("{n} tasks without images are left out")),
        }
        let shared = |product: &Product| {
            let (one, other) = (self.own_name(&product.record), product.shared_with.as_ref()?);
            Some(format!(
                "{} and {} have the same handle, `{}`, and are one product to the shop: give each a `handle` of its own",
                quoted(one),
                quoted(other),
                self.key(&product.record)
            ))
        };
        notes.extend(self.products.iter().find_map(shared));
        let crowded = self.products.iter().filter(|product| product.images.len() > most).count();
        if crowded > 0 {
            notes.push(format!(
                "the shop takes {most} images per product: {crowded} products have more, which are left out"
            ));
        }
        let images = || self.products.iter().flat_map(|product| &product.images);
        if images().any(|image| has_expiry(image)) {
            notes.push("some URLs expire, as their parameters say: host the images yourself".to_owned());
        } else if images().next().is_some() {
            let asked = "the images are at the service, and how long it keeps them is not documented";
            notes.push(format!("{asked}: import the file soon, or host them yourself"));
        }
        if self.shop == Shop::Google && !self.products.is_empty() {
            let needed =
                "Google requires the IPTC DigitalSourceType TrainedAlgorithmicMedia in the files of images";
            notes.push(format!("{needed} made with AI: make sure that they have it where you host them"));
        }
        notes
    }
}
