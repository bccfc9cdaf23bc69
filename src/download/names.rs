//! Makes file names safe on every system, whatever a manifest or a service puts into them.
//!
//! A name is a list of parts: folders, and last the file. No part leads out of its folder, is a
//! device on Windows, or is longer than file systems allow. [`collision_key`] is equal for names
//! that are the same file on a system that does not distinguish case or Unicode forms. The rules
//! for Windows are those of Microsoft's "Naming Files, Paths, and Namespaces".

use unicode_normalization::UnicodeNormalization;

/// The most bytes of a part. File systems allow 255; the rest is for `.part` and `.json`.
const LONGEST_PART: usize = 200;
/// The most bytes of all parts together, with the `/` between them.
pub(super) const LONGEST_NAME: usize = 800;

/// Characters that no part may hold on Windows, and separators of parts anywhere.
const FORBIDDEN: &str = "<>:\"/\\|?*";

/// Makes a part of a name safe on every system while people still recognize it. Idempotent.
pub(super) fn safe_part(text: &str) -> String {
    let plain = |c: char| {
        if FORBIDDEN.contains(c) || crate::text::is_unsafe_on_screen(c) || c.is_control() { '-' } else { c }
    };
    let text: String = text.nfc().map(plain).nfc().collect();
    let end = |c: char| c == '.' || c.is_whitespace();
    let text = text.trim_start_matches(char::is_whitespace).trim_end_matches(end);
    let text = match text.strip_prefix('.') {
        Some(rest) => format!("_{rest}"), // a hidden file
        None if text.is_empty() => "_".to_owned(),
        None => text.to_owned(),
    };
    let text = if is_device(&text) { format!("_{text}") } else { text };
    cut(text)
}

/// Whether Windows takes the name for a device, with any extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str()) {
        return true;
    }
    let number = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    number.is_some_and(|n| {
        n.chars().count() == 1 && n.contains(|c: char| c.is_ascii_digit() || "¹²³".contains(c))
    })
}

/// Shortens a long part and inserts a hash of the whole before its extension, so that it stays
/// unique.
fn cut(text: String) -> String {
    if text.len() <= LONGEST_PART {
        return text;
    }
    let hash = &blake3::hash(text.as_bytes()).to_hex()[..12];
    let ending =
        text.rfind('.').map(|dot| &text[dot..]).filter(|ending| ending.len() <= 8).unwrap_or_default();
    let mut room = LONGEST_PART - ending.len() - hash.len() - 1;
    while !text.is_char_boundary(room) {
        room -= 1;
    }
    format!("{}~{hash}{ending}", text[..room].trim_end_matches(['.', ' ']))
}

/// Folds a name so that two names with the same key may be the same file on some system.
pub(super) fn collision_key(parts: &[String]) -> String {
    let whole = parts.join("/");
    let folded: String = whole.nfd().collect::<String>().to_uppercase().to_lowercase();
    folded.nfc().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_part_is_made_safe_on_every_system() {
        for (text, safe) in [
            ("mug-sage", "mug-sage"),
            ("hero/red", "hero-red"),
            ("..", "_"),
            (".", "_"),
            ("", "_"),
            ("  ", "_"),
            ("../../etc/passwd", "_.-..-etc-passwd"),
            ("C:\\x", "C--x"),
            ("a<b>c:d\"e|f?g*h", "a-b-c-d-e-f-g-h"),
            ("line\nbreak\0\u{1b}[31m", "line-break--[31m"),
            ("mug. . ", "mug"),
            (".htaccess", "_htaccess"),
            ("CON", "_CON"),
            ("con.png", "_con.png"),
            ("Com1 .tar.gz", "_Com1 .tar.gz"),
            ("LPT²", "_LPT²"),
            ("COM10", "COM10"),
            ("console", "console"),
            ("cafe\u{301}", "caf\u{e9}"),
            ("right\u{202e}gnp.exe", "right-gnp.exe"),
        ] {
            assert_eq!(safe_part(text), safe, "{text:?}");
        }
    }

    #[test]
    fn long_parts_keep_their_extension_and_stay_unique() {
        let long = |end: &str| safe_part(&format!("{}{end}.png", "ü".repeat(300)));
        assert!(long("a").len() <= LONGEST_PART && long("a").ends_with(".png"));
        assert_ne!(long("a"), long("b"));
    }

    #[test]
    fn names_that_are_the_same_file_on_some_system_have_the_same_key() {
        let key = |name: &str| collision_key(&name.split('/').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(key("A/Mug.png"), key("a/mug.PNG"));
        assert_eq!(key("cafe\u{301}"), key("CAF\u{c9}"));
        assert_eq!(key("straße"), key("STRASSE"));
        assert_ne!(key("a/b"), key("a-b"));
    }

    proptest! {
        #[test]
        fn no_text_leaves_the_folder_or_is_refused_by_a_system(text in "(\\PC|[./\\\\:\0-\u{1f}]){0,300}") {
            let part = safe_part(&text);
            prop_assert!(!part.is_empty() && part.len() <= 255 - 8);
            prop_assert!(!part.contains(|c: char| FORBIDDEN.contains(c) || c.is_control()));
            prop_assert!(!part.starts_with('.') && !part.ends_with(['.', ' ']));
            prop_assert!(!is_device(&part));
            let components: Vec<_> = std::path::Path::new(&part).components().collect();
            prop_assert_eq!(components.len(), 1);
            prop_assert!(matches!(components[0], std::path::Component::Normal(_)));
            prop_assert_eq!(safe_part(&part), part);
        }
    }
}
