//! Where a picture is, as the page says it: a file by its way from the page's folder, anything else by its address.

use std::path::{Path, absolute};

use reqwest::Url;

/// The page's own place.
#[derive(Debug)]
pub(super) struct Places {
    folder: Option<Url>,
}

impl Places {
    /// Of a page at this path.
    pub(super) fn of(page: &Path) -> Places {
        Places { folder: url_of(page) }
    }

    /// The way to a file that is there.
    pub(super) fn way_to(&self, file: &Path) -> Option<String> {
        let base = self.folder.as_ref()?;
        let file = url_of(file)?;
        if !file.to_file_path().is_ok_and(|file| file.is_file()) {
            return None;
        }
        // A name with a colon in it would be read as a scheme.
        let way = base.make_relative(&file).map(|way| format!("./{way}"));
        let leads_there = |way: &String| base.join(way).is_ok_and(|url| url == file);
        Some(way.filter(leads_there).unwrap_or_else(|| file.to_string()))
    }
}

/// The address of a file, without detours.
fn url_of(path: &Path) -> Option<Url> {
    let url = Url::from_file_path(absolute(path).ok()?).ok()?;
    Url::parse(url.as_str()).ok()
}

/// An address of others, if it is one that may be a link: http or https, as a browser would write it.
pub(super) fn address(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_web_is_becomes_a_link() {
        assert_eq!(address("https://cdn/a b.png"), Some("https://cdn/a%20b.png".to_owned()));
        assert_eq!(address(" HTTP://CDN/\"><script>"), Some("http://cdn/%22%3E%3Cscript%3E".to_owned()));
        for text in [
            "",
            "javascript:alert(1)",
            " jAva\nscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "//cdn/1.png",
            "1.png",
            "blob:https://cdn/1",
            "vbscript:x",
        ] {
            assert_eq!(address(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_is_named_by_the_way_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("out/a b")).unwrap();
        for name in ["out/a b/100% #1?.png", "top.png"] {
            std::fs::write(at(name), "x").unwrap();
        }
        let way = |page: &str, file: &str| Places::of(&at(page)).way_to(&at(file));
        assert_eq!(way("r.html", "out/a b/100% #1?.png").unwrap(), "./out/a%20b/100%25%20%231%3F.png");
        assert_eq!(way("out/r.html", "top.png").unwrap(), "./../top.png");
        assert_eq!(way("r.html", "out/../top.png").unwrap(), "./top.png");
        assert_eq!(way("r.html", "gone.png"), None);
        assert_eq!(way("r.html", "out"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_name_with_a_colon_is_no_scheme() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("javascript:alert(1).png");
        std::fs::write(&file, "x").unwrap();
        let way = Places::of(&folder.path().join("r.html")).way_to(&file).unwrap();
        assert!(way.starts_with("./javascript"), "{way}");
    }
}
