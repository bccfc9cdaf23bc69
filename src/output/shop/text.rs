//! Texts as shops want them: handles, lists of URLs, lengths.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::output::cell::TableCell;

/// Whether a URL has the parameters of one that is signed for a limited time: `ex=` as Discord's,
/// `Expires=` as others'.
pub(super) fn has_expiry(url: &str) -> bool {
    let Some((_, query)) = url.split_once('?') else { return false };
    let names = ["ex", "expires", "x-amz-expires", "x-goog-expires", "se"];
    query.split('&').any(|part| {
        let name = part.split('=').next().unwrap_or_default();
        names.iter().any(|known| name.eq_ignore_ascii_case(known))
    })
}

/// URLs in one cell, separated by commas.
pub(super) fn joined(urls: &[String]) -> TableCell<'static> {
    let urls: Vec<String> = urls.iter().map(|url| url.replace(',', "%2C")).collect();
    match urls.as_slice() {
        [] => TableCell::Empty,
        [one] => TableCell::Link(one.clone().into()),
        several => TableCell::Text(several.join(",").into()),
    }
}

/// Derives a handle: lowercase letters without accents, digits and dashes, as in a URL of the shop.
/// Text without any of these is returned unchanged, for the import to judge.
pub(super) fn handle(text: &str) -> String {
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

/// Removes the accent of a Latin letter: `é` is `e`, `ø` is `o`, `ß` is `ss`. Letters of other
/// scripts are kept.
fn without_accent(c: char) -> impl Iterator<Item = char> {
    let c = match c {
        'ø' => 'o',
        'đ' | 'ð' => 'd',
        'ł' => 'l',
        'ı' => 'i',
        c => c,
    };
    let spelled = match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        _ => "",
    };
    let bare = std::iter::once(c).nfkd().next().filter(char::is_ascii_alphanumeric).unwrap_or(c);
    // A combining mark that lowercasing or normalizing has split off belongs to the letter before
    // it.
    let alone = (spelled.is_empty() && !is_combining_mark(c)).then_some(bare);
    spelled.chars().chain(alone)
}

/// The first characters of a text, at most this many.
pub(super) fn truncated(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(at, _)| &text[..at])
}
