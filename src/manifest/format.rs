//! Determines a file's format by its name, and its text by its bytes.

use std::path::Path;

use crate::diagnostic::{Diagnostic, Source};

/// The formats of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ManifestFormat {
    Yaml,
    Csv,
}

impl ManifestFormat {
    pub(super) fn of(path: &Path) -> Option<ManifestFormat> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(ManifestFormat::Yaml),
            "csv" | "tsv" => Some(ManifestFormat::Csv),
            _ => None,
        }
    }
}

/// Extensions of spreadsheets that cannot be read.
const SPREADSHEETS: [&str; 5] = ["xls", "xlsb", "xlsm", "ods", "numbers"];

/// The error of a file whose name says no format.
pub(super) fn unknown(shown: &str) -> Diagnostic {
    let found = Diagnostic::error(format!("the format of `{shown}` is not known from its name"))
        .note("a manifest is a .yaml or .yml file, or a table in a .csv or .tsv file");
    let extension = Path::new(shown).extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    match extension {
        Some(end) if SPREADSHEETS.contains(&end.as_str()) => {
            found.help("save it as .csv; results and picks may also be saved as .xlsx")
        }
        _ => found,
    }
}

/// The text of a file. The error points at the first byte that is not UTF-8.
pub(super) fn utf8<'b>(shown: &str, bytes: &'b [u8]) -> Result<&'b str, Box<Diagnostic>> {
    std::str::from_utf8(bytes)
        .map_err(|error| Box::new(not_utf8(shown.to_owned(), bytes, error.valid_up_to())))
}

fn not_utf8(shown: String, bytes: &[u8], valid: usize) -> Diagnostic {
    const SHOWN: usize = 200;
    let wrong = bytes.get(valid).copied().unwrap_or_default();
    let utf16 = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    // Everything before the byte is valid; the message shows the rest of its line.
    let until = bytes.len().min(valid + SHOWN);
    let text = String::from_utf8_lossy(&bytes[..until]);
    let source = Source::new(shown, &text);
    let span = valid..valid + char::REPLACEMENT_CHARACTER.len_utf8();
    let found =
        Diagnostic::error(if utf16 { "the file is UTF-16, not UTF-8" } else { "the file is not UTF-8" });
    let mark = text.len() - source.text().len();
    found
        .at(
            source.place(span.start - mark.min(span.start)..span.end - mark),
            format!("the byte 0x{wrong:02x}"),
        )
        .note(format!("it is byte {} of the file", valid + 1))
        .help("save it as UTF-8; in Excel, as \"CSV UTF-8 (Comma delimited)\"")
}
