//! The columns of each set.

use crate::manifest::Shop;

/// The columns that exist only where the manifest has a variable for them: the column, and the
/// variable.
pub(super) fn optional_columns(shop: Shop) -> &'static [(&'static str, &'static str)] {
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

/// The index of a variable among the columns.
pub(super) fn column_index(columns: &[String], name: &str) -> Option<usize> {
    columns.iter().position(|column| column.eq_ignore_ascii_case(name))
}

/// The names of the columns.
pub(in crate::output) fn header(shop: Shop, columns: &[String]) -> Vec<String> {
    let (first, last): (&[&str], &[&str]) = match shop {
        Shop::Shopify => (&["Handle", "Title"], &["Image Src", "Image Position", "Image Alt Text"]),
        Shop::WooCommerce => (&["SKU", "Name"], &["Images"]),
        Shop::Google => (&["id", "title"], &["image_link", "additional_image_link"]),
    };
    let own = optional_columns(shop).iter().filter(|(_, variable)| column_index(columns, variable).is_some());
    first
        .iter()
        .copied()
        .chain(own.map(|(name, _)| *name))
        .chain(last.iter().copied())
        .map(str::to_owned)
        .collect()
}
