//! The table of Midjourney's flags.

/// The flag's own name, without dashes, for any of its names with or without them; `None` where it is no known flag.
///
/// ```
/// use mjbatch::prompt::canonical;
///
/// assert_eq!(canonical("aspect"), Some("ar"));
/// assert_eq!(canonical("--s"), Some("stylize"));
/// assert_eq!(canonical("sku"), None);
/// ```
pub fn canonical(name: &str) -> Option<&'static str> {
    let name = name.strip_prefix("--").unwrap_or(name);
    [("ar", "ar"), ("aspect", "ar"), ("s", "stylize"), ("stylize", "stylize")]
        .iter()
        .find(|(alias, _)| *alias == name)
        .map(|(_, canonical)| *canonical)
}

/// Whether this is the name of a known flag, with or without dashes.
pub fn is_flag(name: &str) -> bool {
    canonical(name).is_some()
}
