//! What kind of picture some bytes are, told by the bytes alone: an address or a header may say anything.

/// How many bytes from the beginning tell the kind.
pub(super) const HEAD: usize = 32;
/// How many bytes from the end tell whether a picture is whole.
pub(super) const TAIL: usize = 1024;

/// The kinds of picture that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are their own names")]
pub enum Kind {
    Png,
    Jpeg,
    Webp,
    Gif,
    Avif,
}

impl Kind {
    /// The ending of a file's name, without the dot, which is the word in the state as well.
    pub fn ending(self) -> &'static str {
        match self {
            Kind::Png => "png",
            Kind::Jpeg => "jpg",
            Kind::Webp => "webp",
            Kind::Gif => "gif",
            Kind::Avif => "avif",
        }
    }

    /// The kind of a picture that begins like this: PNG (W3C, 5.2), JPEG (JFIF and Exif begin alike), WebP (RIFF container),
    /// GIF (89a and 87a), AVIF (ISO-BMFF with its brand).
    pub fn of(head: &[u8]) -> Option<Kind> {
        let brands = || head.get(8..).unwrap_or_default().chunks(4);
        match head {
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Kind::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Kind::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Kind::Webp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Kind::Gif),
            [_, _, _, _, b'f', b't', b'y', b'p', ..]
                if brands().any(|brand| brand == b"avif" || brand == b"avis") =>
            {
                Some(Kind::Avif)
            }
            _ => None,
        }
    }

    /// Whether a picture of this kind with this beginning, length and end is all there, as far as its format tells: a server
    /// that announces too short a length would else leave a picture with its lower part missing.
    pub(super) fn is_whole(self, head: &[u8], length: u64, tail: &[u8]) -> bool {
        let has = |mark: &[u8]| tail.windows(mark.len()).any(|window| window == mark);
        match self {
            Kind::Png => has(b"IEND"),
            Kind::Jpeg => has(&[0xff, 0xd9]),
            Kind::Webp => match head {
                [_, _, _, _, a, b, c, d, ..] => {
                    length >= u64::from(u32::from_le_bytes([*a, *b, *c, *d])).saturating_add(8)
                }
                _ => false,
            },
            Kind::Gif => has(&[0x3b]),
            Kind::Avif => true,
        }
    }
}

/// What bytes that are no picture seem to be, for people.
pub(super) fn guess(head: &[u8]) -> &'static str {
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
    fn a_kind_is_told_by_the_first_bytes() {
        for (head, kind) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], Some(Kind::Png)),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some(Kind::Jpeg)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some(Kind::Webp)),
            (b"RIFF\x10\0\0\0WAVEfmt ", None),
            (b"GIF89a\x01\0", Some(Kind::Gif)),
            (b"\0\0\0\x1cftypavif\0\0\0\0avif", Some(Kind::Avif)),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", Some(Kind::Avif)),
            (b"\0\0\0\x1cftypisom\0\0\0\0isom", None),
            (b"<html>", None),
            (b"\x89PN", None),
            (b"", None),
        ] {
            assert_eq!(Kind::of(head), kind, "{head:?}");
        }
    }

    #[test]
    fn a_picture_without_its_end_is_not_whole() {
        assert!(Kind::Png.is_whole(b"", 100, b"....IEND\xaeB`\x82"));
        assert!(!Kind::Png.is_whole(b"", 100, b"...."));
        assert!(Kind::Jpeg.is_whole(b"", 100, b"..\xff\xd9"));
        assert!(!Kind::Jpeg.is_whole(b"", 100, b"..\xff\x00"));
        assert!(Kind::Webp.is_whole(b"RIFF\x10\0\0\0WEBP", 24, b""));
        assert!(!Kind::Webp.is_whole(b"RIFF\x10\0\0\0WEBP", 23, b""));
    }

    #[test]
    fn what_is_no_picture_is_called_by_its_name() {
        assert_eq!(guess(b"\n<!DOCTYPE html>"), "a web page (HTML)");
        assert_eq!(guess(b"\x1f\x8b\x08"), "compressed data (gzip)");
        assert_eq!(guess(b""), "nothing at all");
    }
}
