//! The rows and warnings of each set.

use std::convert::Infallible;

use super::text::{handle, has_expiry};
use crate::manifest::{ColumnSet, Shop, TableFormat};
use crate::output::tests::{done, layout, record};
use crate::output::{Layout, csv};
use crate::task::{Images, Record};

fn written(shop: Shop, columns: &[&str], records: Vec<Record>) -> (Vec<Vec<String>>, Vec<String>) {
    let columns: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
    let shape = TableFormat { columns: ColumnSet::Shop(shop), ..TableFormat::default() };
    let layout = Layout { columns: &columns, ..layout(&shape) };
    let mut out = Vec::new();
    let Ok(wrote) = csv::write(&mut out, b',', &layout, records.into_iter().map(Ok::<_, Infallible>)) else {
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
fn shopify_gets_a_row_per_image_and_the_product_in_the_first_only() {
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
    1 task without images is left out
    the images are at the service, and how long it keeps them is not documented: import the file soon, or host them yourself
    ");
}

#[test]
fn a_handle_has_no_accents_and_one_that_two_products_share_is_reported() {
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
fn shopify_takes_250_images_per_product_and_alt_texts_of_512_characters() {
    let title = "é".repeat(600);
    let (rows, notes) = written(Shop::Shopify, &["title"], vec![done("a", &[&title], 260)]);
    assert_eq!((rows.len(), rows[250][3].as_str()), (251, "250"));
    assert!(rows[1..].iter().all(|row| row[4].chars().count() == 512));
    assert_eq!(rows[1][1], title);
    assert!(notes[0].contains("250 images per product: 1 products have more"), "{notes:?}");
}

#[test]
fn woocommerce_and_google_get_a_row_per_product() {
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
fn commas_in_urls_are_escaped_and_urls_that_expire_are_reported() {
    let images = ["https://cdn/a,1.png?ex=66&is=1", "https://cdn/2.png"].map(str::to_owned).to_vec();
    let images = Images { grid: None, urls: images };
    let (rows, notes) = written(Shop::WooCommerce, &[], vec![Record { images, ..done("a", &[], 0) }]);
    assert_eq!(rows[1][2], "https://cdn/a%2C1.png?ex=66&is=1,https://cdn/2.png");
    assert_eq!(notes, ["some URLs expire, as their parameters say: host the images yourself"]);
    assert!(!has_expiry("https://cdn/ex=1/a.png?width=2"));
}

#[test]
fn of_a_task_with_picks_only_those_are_passed_on() {
    let picked = Record { picks: vec![2, 4], ..done("a", &["A"], 4) };
    let (rows, _) = written(Shop::WooCommerce, &["sku"], vec![picked, done("b", &["A"], 1)]);
    assert_eq!(rows[1][2], "https://cdn/a_2.png,https://cdn/a_4.png,https://cdn/b_1.png");
}

#[test]
fn a_batch_without_images_is_a_header_only() {
    let (rows, notes) = written(Shop::Shopify, &[], vec![record("a", &[])]);
    assert_eq!((rows.len(), notes.as_slice()), (1, &["1 task without images is left out".to_owned()][..]));
}
