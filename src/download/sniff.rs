//! Detects the format of an image from its bytes alone: a URL or a header may claim anything.

/// How many bytes from the beginning are needed to detect the format.
pub(super) const HEAD: usize = 32;
/// How many bytes from the end are needed to see whether an image is complete.
pub(super) const TAIL: usize = 1024;

/// The image formats that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ImageFormat {
    Png,
    Jpeg,
    Webp,
    Gif,
    Avif,
}

impl ImageFormat {
    /// The extension of a file's name, without the dot, which is also the word in the state.
    pub fn extension(self) -> &'static str {
        match self {
            ImageFormat::Png => "png",
            ImageFormat::Jpeg => "jpg",
            ImageFormat::Webp => "webp",
            ImageFormat::Gif => "gif",
            ImageFormat::Avif => "avif",
        }
    }

    /// Detects the format from the first bytes: PNG (W3C, 5.2), JPEG (JFIF and Exif begin alike),
    /// WebP (RIFF container), GIF (89a and 87a), AVIF (ISO-BMFF with its brand).
    pub fn detect(head: &[u8]) -> Option<ImageFormat> {
        let brands = || head.get(8..).unwrap_or_default().chunks(4);
        match head {
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(ImageFormat::Png),
            [0xff, 0xd8, 0xff, ..] => Some(ImageFormat::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(ImageFormat::Webp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(ImageFormat::Gif),
            [_, _, _, _, b'f', b't', b'y', b'p', ..]
                if brands().any(|brand| brand == b"avif" || brand == b"avis") =>
            {
                Some(ImageFormat::Avif)
            }
            _ => None,
        }
    }

    /// Whether an image with these first bytes, length and last bytes is complete, as far as its
    /// format shows. A server that announces too short a length would otherwise leave an image with
    /// its lower part missing.
    pub(super) fn is_complete(self, head: &[u8], length: u64, tail: &[u8]) -> bool {
        let has = |mark: &[u8]| tail.windows(mark.len()).any(|window| window == mark);
        match self {
            ImageFormat::Png => has(b"IEND"),
            ImageFormat::Jpeg => has(&[0xff, 0xd9]),
            ImageFormat::Webp => match head {
                [_, _, _, _, a, b, c, d, ..] => {
                    length >= u64::from(u32::from_le_bytes([*a, *b, *c, *d])).saturating_add(8)
                }
                _ => false,
            },
            ImageFormat::Gif => has(&[0x3b]),
            ImageFormat::Avif => true,
        }
    }
}

/// Describes bytes that are not an image, for people.
pub(super) fn describe(head: &[u8]) -> &'static str {
    let start = head.trim_ascii_start();
    let begins = |word: &[u8]| start.get(..word.len()).is_some_and(|s| s.eq_ignore_ascii_case(word));
    match head {
        [] => "nothing at all",
        [0x1f, 0x8b, ..] => "compressed data (gzip)",
        _ if begins(b"<svg") => "an SVG, which can hold a program",
        _ if begins(b"<!doctype") || begins(b"<html") => "a web page (HTML)",
        _ if begins(b"<?xml") || begins(b"<error") => "an XML document",
        _ if begins(b"{") || begins(b"[") => "JSON",
        _ if head.is_ascii() => "text",
        _ => "something else",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_detected_from_the_first_bytes() {
        for (head, format) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], Some(ImageFormat::Png)),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some(ImageFormat::Jpeg)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some(ImageFormat::Webp)),
            (b"RIFF\x10\0\0\0WAVEfmt ", None),
            (b"GIF89a\x01\0", Some(ImageFormat::Gif)),
            (b"\0\0\0\x1cftypavif\0\0\0\0avif", Some(ImageFormat::Avif)),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", Some(ImageFormat::Avif)),
            (b"\0\0\0\x1cftypisom\0\0\0\0isom", None),
            (b"<html>", None),
            (b"\x89PN", None),
            (b"", None),
        ] {
            assert_eq!(ImageFormat::detect(head), format, "{head:?}");
        }
    }

    #[test]
    fn an_image_without_its_end_is_not_complete() {
        assert!(ImageFormat::Png.is_complete(b"", 100, b"....IEND\xaeB`\x82"));
        assert!(!ImageFormat::Png.is_complete(b"", 100, b"...."));
        assert!(ImageFormat::Jpeg.is_complete(b"", 100, b"..\xff\xd9"));
        assert!(!ImageFormat::Jpeg.is_complete(b"", 100, b"..\xff\x00"));
        assert!(ImageFormat::Webp.is_complete(b"RIFF\x10\0\0\0WEBP", 24, b""));
        assert!(!ImageFormat::Webp.is_complete(b"RIFF\x10\0\0\0WEBP", 23, b""));
    }

    #[test]
    fn bytes_that_are_not_an_image_are_described() {
        assert_eq!(describe(b"\n<!DOCTYPE html>"), "a web page (HTML)");
        assert_eq!(describe(b"\x1f\x8b\x08"), "compressed data (gzip)");
        assert_eq!(describe(b""), "nothing at all");
    }
}
