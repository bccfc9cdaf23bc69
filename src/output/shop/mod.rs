//! Column sets that shops import: one or more rows per product, with the images of all its tasks
//! that are done.
//!
//! | set | columns | a product is identified by | images of a product |
//! | --- | --- | --- | --- |
//! | `shopify` | `Handle`, `Title`, `Image Src`, `Image Position`, `Image Alt Text` | `Handle` | a row each, 250 at most; rows after the first have the handle and the image only |
//! | `woocommerce` | `SKU`, `Name`, `Images` | `SKU` | one cell, separated by commas |
//! | `google` | `id`, `title`, `image_link`, `additional_image_link` | `id` | the first, and ten more separated by commas |
//!
//! The values come from the manifest's variables, whose names may be written in any case: `sku`, or
//! else the task's id; `handle`, or else the SKU, in lowercase letters without accents, digits and
//! dashes; `title`, or else `product`, `name`, or the SKU; `alt`, or else the title. There is a
//! further column for each of these variables that the manifest has, and for no other, since an
//! empty column would clear what is in the shop: `description`, `vendor`, `type`, `tags` (Shopify);
//! `description`, `short_description`, `categories`, `tags`, `price` (WooCommerce); `description`,
//! `link`, `price`, `availability`, `brand`, `condition`, `gtin`, `mpn` (Google, which needs the
//! first four of a product that it does not know yet).
//!
//! # Sources
//!
//! - Shopify: help.shopify.com, "Using CSV files": the columns, one row per image, positions from
//!   1, alt texts of 512 characters, handles of letters, digits and dashes, without accents and
//!   periods. Newer templates call the columns `URL handle`, `Product image URL`, `Image position`
//!   and `Image alt text`; the import takes both. The import downloads each image, so URLs have to
//!   be public.
//! - WooCommerce: github.com/woocommerce/woocommerce, wiki, "Product CSV Import Schema": the
//!   columns, commas between values.
//! - Google: support.google.com/merchants/answer/6324370: up to ten additional images, separated by
//!   commas, and `%2C` for a comma within a URL. In a .csv file the quotes around the cell make it
//!   one value, so use a .tsv file. Images that were made with AI must carry the IPTC
//!   `DigitalSourceType` `TrainedAlgorithmicMedia` in the file itself (the Merchant Center's policy
//!   of 2024, for `image_link`, `additional_image_link` and `lifestyle_image_link`); no attribute
//!   of the feed says it, so nothing here can.

mod columns;
mod products;
mod text;

pub(super) use columns::header;
pub(super) use products::Products;

#[cfg(test)]
mod tests;
