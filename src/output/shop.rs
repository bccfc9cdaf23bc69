//! Columns that shops import: a row, or some, for each product, with the pictures of all its tasks that are done.
//!
//! | set | columns | a product is told by | pictures of a product |
//! | --- | --- | --- | --- |
//! | `shopify` | `Handle`, `Title`, `Image Src`, `Image Position`, `Image Alt Text` | `Handle` | a row each, 250 at most; rows after the first have the handle and the picture alone |
//! | `woocommerce` | `SKU`, `Name`, `Images` | `SKU` | one cell, with commas between |
//! | `google` | `id`, `title`, `image_link`, `additional_image_link` | `id` | the first, and ten more with commas between |
//!
//! The values come from the manifest's variables, whose names may be written in any case: `sku`, or else the task's id;
//! `handle`, or else the SKU, in small letters without accents, digits and dashes; `title`, or else `product`, `name`, or the SKU; `alt`, or
//! else the title. There is a further column for each of these variables that the manifest has, and for no other, since an
//! empty column would empty what is in the shop: `description`, `vendor`, `type`, `tags` (Shopify); `description`,
//! `short_description`, `categories`, `tags`, `price` (WooCommerce); `description`, `link`, `price`, `availability`,
//! `brand`, `condition`, `gtin`, `mpn` (Google, which needs the first four of a product that it does not know yet).
//!
//! # Sources
//!
//! - Shopify: help.shopify.com, "Using CSV files": the columns, one row a picture, positions from 1, alt texts of 512
//!   characters, handles of letters, digits and dashes, without accents and periods. Newer templates call the columns `URL handle`, `Product image URL`, `Image position` and
//!   `Image alt text`; the import takes both. The import fetches each picture, so addresses have to be public.
//! - WooCommerce: github.com/woocommerce/woocommerce, wiki, "Product CSV Import Schema": the columns, commas between values.
//! - Google: support.google.com/merchants/answer/6324370: up to ten additional pictures, commas between them, and `%2C` for
//!   one within an address. In a .csv file the quotes round the cell make it one value, so take a .tsv file. Pictures that
//!   were made with AI must carry the IPTC `DigitalSourceType` `TrainedAlgorithmicMedia` in the file itself (the Merchant
//!   Center's policy of 2024, for `image_link`, `additional_image_link` and `lifestyle_image_link`); no attribute of the
//!   feed says it, so nothing here can.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::Wrote;
use super::table::Cell;
use crate::diagnostic::quoted;
use crate::manifest::Shop;
use crate::task::{Record, State};

/// Pictures that a product has in Shopify.
const MOST_OF_SHOPIFY: usize = 250;
/// Pictures that a product has in a feed of Google's.
const MOST_OF_GOOGLE: usize = 11;
/// Characters of an alternative text in Shopify.
const LONGEST_ALT: usize = 512;
/// Characters of a title in a feed of Google's.
const LONGEST_TITLE: usize = 150;

/// Columns that are there only where the manifest has a variable for them: the column, and the variable.
fn further(shop: Shop) -> &'static [(&'static str, &'static str)] {
    match shop {
        Shop::Shopify => {
            &[("Body (HTML)", "description"), ("Vendor", "vendor"), ("Type", "type"), ("Tags", "tags")]
        }
        Shop::WooCommerce => &[
            ("Description", "description"),
            ("Short description", "short_description"),
            ("Categories", "categories"),
            ("Tags", "tags"),
            ("Regular price", "price"),
        ],
        Shop::Google => &[
            ("description", "description"),
            ("link", "link"),
            ("price", "price"),
            ("availability", "availability"),
            ("brand", "brand"),
            ("condition", "condition"),
            ("gtin", "gtin"),
            ("mpn", "mpn"),
        ],
    }
}

/// The place of a variable among the columns.
fn place(columns: &[String], name: &str) -> Option<usize> {
    columns.iter().position(|column| column.eq_ignore_ascii_case(name))
}

/// The names of the columns.
pub(super) fn header(shop: Shop, columns: &[String]) -> Vec<String> {
    let (first, last): (&[&str], &[&str]) = match shop {
        Shop::Shopify => (&["Handle", "Title"], &["Image Src", "Image Position", "Image Alt Text"]),
        Shop::WooCommerce => (&["SKU", "Name"], &["Images"]),
        Shop::Google => (&["id", "title"], &["image_link", "additional_image_link"]),
    };
    let own = further(shop).iter().filter(|(_, variable)| place(columns, variable).is_some());
    first
        .iter()
        .copied()
        .chain(own.map(|(name, _)| *name))
        .chain(last.iter().copied())
        .map(str::to_owned)
        .collect()
}

/// A product: its first task that is done, and the pictures of all.
struct Product {
    record: Record,
    images: Vec<String>,
    /// Another name whose product has the same handle.
    shared_with: Option<String>,
}

/// The products so far, in the order of their first tasks. They are held until the last task is read, since any may add
/// pictures to any.
pub(super) struct Products<'c> {
    shop: Shop,
    columns: &'c [String],
    products: Vec<Product>,
    index: HashMap<String, usize>,
    /// Tasks that are not done.
    left_out: u64,
}

impl<'c> Products<'c> {
    pub(super) fn of(shop: Shop, columns: &'c [String]) -> Products<'c> {
        Products { shop, columns, products: Vec::new(), index: HashMap::new(), left_out: 0 }
    }

    /// Takes up a task.
    pub(super) fn add(&mut self, mut record: Record) {
        let images = std::mem::take(&mut record.images.urls);
        if record.state != State::Done || images.is_empty() {
            self.left_out += 1;
            return;
        }
        let key = self.name(&record);
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

    /// Gives the rows.
    pub(super) fn rows(self, mut write: impl FnMut(&[Cell<'_>]) -> io::Result<()>) -> io::Result<Wrote> {
        let mut wrote = Wrote::default();
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

    fn row<'r>(&self, record: &'r Record, images: &'r [String], n: usize) -> Vec<Cell<'r>> {
        let mut cells = vec![Cell::Text(self.name(record).into())];
        let is_first = n == 0;
        let of_first = |text: Cow<'r, str>| if is_first { Cell::Text(text) } else { Cell::Empty };
        let title = self.title(record);
        cells.push(of_first(match self.shop {
            Shop::Google => cut(title, LONGEST_TITLE).to_owned().into(),
            _ => title.into(),
        }));
        let own = further(self.shop).iter().filter_map(|(_, variable)| place(self.columns, variable));
        cells.extend(own.map(|at| of_first(record.task.vars.get(at).map_or("", String::as_str).into())));
        match self.shop {
            Shop::Shopify => cells.extend([
                Cell::Link(images[n].as_str().into()),
                Cell::Count(n as u64 + 1),
                Cell::Text(cut(self.var(record, "alt").unwrap_or(title), LONGEST_ALT).to_owned().into()),
            ]),
            Shop::WooCommerce => cells.push(joined(images)),
            Shop::Google => cells.extend([Cell::Link(images[0].as_str().into()), joined(&images[1..])]),
        }
        cells
    }

    /// What the shop tells a product by.
    fn name(&self, record: &Record) -> String {
        let own = self.own_name(record);
        if self.shop == Shop::Shopify { handle(own) } else { own.to_owned() }
    }

    /// What the person tells it by.
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
        let text = record.task.vars.get(place(self.columns, name)?)?.trim();
        Some(text).filter(|text| !text.is_empty())
    }

    fn notes(&self, most: usize) -> Vec<String> {
        let mut notes = Vec::new();
        match self.left_out {
            0 => {}
            1 => notes.push("1 task without pictures is left out".to_owned()),
            n => notes.push(format!("{n} tasks without pictures are left out")),
        }
        let shared = |product: &Product| {
            let (one, other) = (self.own_name(&product.record), product.shared_with.as_ref()?);
            Some(format!(
                "{} and {} have the same handle, `{}`, and are one product to the shop: give them a `handle` each",
                quoted(one),
                quoted(other),
                self.name(&product.record)
            ))
        };
        notes.extend(self.products.iter().find_map(shared));
        let crowded = self.products.iter().filter(|product| product.images.len() > most).count();
        if crowded > 0 {
            notes.push(format!(
                "the shop takes {most} pictures of a product: {crowded} products have more, left out"
            ));
        }
        let images = || self.products.iter().flat_map(|product| &product.images);
        if images().any(|image| says_when_it_ends(image)) {
            notes.push(
                "some addresses say themselves that they expire: host the pictures yourself".to_owned(),
            );
        } else if images().next().is_some() {
            let asked = "the pictures are at the service, and how long it keeps them is not documented";
            notes.push(format!("{asked}: import the file soon, or host them yourself"));
        }
        if self.shop == Shop::Google && !self.products.is_empty() {
            let needed =
                "Google wants the IPTC DigitalSourceType TrainedAlgorithmicMedia in the files of pictures";
            notes.push(format!("{needed} made with AI: see that they have it where you host them"));
        }
        notes
    }
}

/// Whether an address has the parameters of one that is signed for a time: `ex=` as Discord's, `Expires=` as others'.
fn says_when_it_ends(address: &str) -> bool {
    let Some((_, query)) = address.split_once('?') else { return false };
    let names = ["ex", "expires", "x-amz-expires", "x-goog-expires", "se"];
    query.split('&').any(|part| {
        let name = part.split('=').next().unwrap_or_default();
        names.iter().any(|known| name.eq_ignore_ascii_case(known))
    })
}

/// Addresses in one cell.
fn joined(images: &[String]) -> Cell<'static> {
    let images: Vec<String> = images.iter().map(|image| image.replace(',', "%2C")).collect();
    match images.as_slice() {
        [] => Cell::Empty,
        [one] => Cell::Link(one.clone().into()),
        several => Cell::Text(several.join(",").into()),
    }
}

/// Small letters without accents, digits and dashes, as in an address of the shop. Text without any stays as it is, for the
/// import to judge.
fn handle(text: &str) -> String {
    let mut handle = String::new();
    for c in text.nfc().flat_map(char::to_lowercase).flat_map(without_accent) {
        if c.is_alphanumeric() {
            handle.push(c);
        } else if !handle.is_empty() && !handle.ends_with('-') {
            handle.push('-');
        }
    }
    handle.truncate(handle.trim_end_matches('-').len());
    if handle.is_empty() { text.to_owned() } else { handle }
}

/// The letter alone: `é` is `e`, `ø` is `o`, `ß` is `ss`. Letters of other scripts stay whole.
fn without_accent(c: char) -> impl Iterator<Item = char> {
    let c = match c {
        'ø' => 'o',
        'đ' | 'ð' => 'd',
        'ł' => 'l',
        'ı' => 'i',
        c => c,
    };
    let spelt = match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        _ => "",
    };
    let bare = std::iter::once(c).nfkd().next().filter(char::is_ascii_alphanumeric).unwrap_or(c);
    // What lower case or another form has split off is a mark that belongs to the letter before it.
    let alone = (spelt.is_empty() && !is_combining_mark(c)).then_some(bare);
    spelt.chars().chain(alone)
}

fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::manifest::{ColumnSet, TableFormat};
    use crate::output::tests::{done, record};
    use crate::output::{Layout, csv};
    use crate::task::Images;

    fn written(shop: Shop, columns: &[&str], records: Vec<Record>) -> (Vec<Vec<String>>, Vec<String>) {
        let columns: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
        let shape = TableFormat { columns: ColumnSet::Shop(shop), ..TableFormat::default() };
        let layout = Layout { columns: &columns, max_images: 4, run_lives: false, batch: "", shape: &shape };
        let mut out = Vec::new();
        let Ok(wrote) = csv::write(&mut out, b',', &layout, records.into_iter().map(Ok::<_, Infallible>))
        else {
            panic!()
        };
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(out.as_slice());
        let rows: Vec<Vec<String>> =
            reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        assert_eq!(rows.len() as u64, wrote.rows + 1);
        (rows, wrote.notes)
    }

    /// Two tasks of one product with another between them, and one that is not done.
    fn catalogue() -> Vec<Record> {
        vec![
            done("a", &["MG 01/é", "Mug, sage", "Kiln & Co"], 2),
            done("b", &["", "Bowl", ""], 1),
            done("c", &["MG 01/é", "another title", ""], 1),
            record("d", &["X", "Vase", ""]),
        ]
    }

    #[test]
    fn shopify_gets_a_row_a_picture_and_the_product_in_the_first_alone() {
        let (rows, notes) = written(Shop::Shopify, &["SKU", "title", "vendor"], catalogue());
        let rows: Vec<String> = rows.iter().map(|row| row.join(" | ")).collect();
        insta::assert_snapshot!(rows.join("\n"), @r"
        Handle | Title | Vendor | Image Src | Image Position | Image Alt Text
        mg-01-e | Mug, sage | Kiln & Co | https://cdn/a_1.png | 1 | Mug, sage
        mg-01-e |  |  | https://cdn/a_2.png | 2 | Mug, sage
        mg-01-e |  |  | https://cdn/c_1.png | 3 | Mug, sage
        b | Bowl |  | https://cdn/b_1.png | 1 | Bowl
        ");
        insta::assert_snapshot!(notes.join("\n"), @r"
        1 task without pictures is left out
        the pictures are at the service, and how long it keeps them is not documented: import the file soon, or host them yourself
        ");
    }

    #[test]
    fn a_handle_has_no_accents_and_one_that_two_products_share_is_told() {
        for (text, expected) in [
            ("Crème Brûlée No. 7", "creme-brulee-no-7"),
            ("Smørrebrød, 2 Stück à 100 g (groß)", "smorrebrod-2-stuck-a-100-g-gross"),
            ("İstanbul", "istanbul"),
            ("MG.0142", "mg-0142"),
            ("磁器 が", "磁器-が"),
            ("…", "…"),
        ] {
            assert_eq!(handle(text), expected);
        }
        let rows = vec![done("a", &["MG.1"], 1), done("b", &["MG-1"], 1), done("c", &["MG.1"], 1)];
        let (rows, notes) = written(Shop::Shopify, &["sku"], rows);
        assert_eq!(rows.len(), 4);
        assert!(notes[0].starts_with("`MG.1` and `MG-1` have the same handle, `mg-1`"), "{notes:?}");
    }

    #[test]
    fn shopify_takes_250_pictures_of_a_product_and_alt_texts_of_512_characters() {
        let title = "é".repeat(600);
        let (rows, notes) = written(Shop::Shopify, &["title"], vec![done("a", &[&title], 260)]);
        assert_eq!((rows.len(), rows[250][3].as_str()), (251, "250"));
        assert!(rows[1..].iter().all(|row| row[4].chars().count() == 512));
        assert_eq!(rows[1][1], title);
        assert!(notes[0].contains("250 pictures of a product: 1 products have more"), "{notes:?}");
    }

    #[test]
    fn woocommerce_and_google_get_a_row_a_product() {
        let (rows, _) = written(Shop::WooCommerce, &["sku", "title", "price"], catalogue());
        let rows: Vec<String> = rows.iter().map(|row| row.join(" | ")).collect();
        insta::assert_snapshot!(rows.join("\n"), @r"
        SKU | Name | Regular price | Images
        MG 01/é | Mug, sage | Kiln & Co | https://cdn/a_1.png,https://cdn/a_2.png,https://cdn/c_1.png
        b | Bowl |  | https://cdn/b_1.png
        ");
        let (rows, notes) = written(Shop::Google, &["sku"], vec![done("a", &["A"], 14)]);
        assert_eq!(rows[0], ["id", "title", "image_link", "additional_image_link"]);
        assert_eq!((rows[1][2].as_str(), rows[1][3].split(',').count()), ("https://cdn/a_1.png", 10));
        assert!(notes.iter().any(|note| note.contains("TrainedAlgorithmicMedia")), "{notes:?}");
    }

    #[test]
    fn an_address_keeps_its_commas_to_itself_and_one_that_ends_is_told() {
        let images = ["https://cdn/a,1.png?ex=66&is=1", "https://cdn/2.png"].map(str::to_owned).to_vec();
        let images = Images { grid: None, urls: images };
        let (rows, notes) = written(Shop::WooCommerce, &[], vec![Record { images, ..done("a", &[], 0) }]);
        assert_eq!(rows[1][2], "https://cdn/a%2C1.png?ex=66&is=1,https://cdn/2.png");
        assert_eq!(notes, ["some addresses say themselves that they expire: host the pictures yourself"]);
        assert!(!says_when_it_ends("https://cdn/ex=1/a.png?width=2"));
    }

    #[test]
    fn a_batch_without_pictures_is_a_header_alone() {
        let (rows, notes) = written(Shop::Shopify, &[], vec![record("a", &[])]);
        assert_eq!(
            (rows.len(), notes.as_slice()),
            (1, &["1 task without pictures is left out".to_owned()][..])
        );
    }
}
