//! Links to images: a file by its path relative to the page, anything else by its URL.

use std::path::{Path, absolute};

use reqwest::Url;

/// The page's own location, which links to files are relative to.
#[derive(Debug)]
pub(super) struct LinkBase {
    folder: Option<Url>,
}

impl LinkBase {
    /// The location of a page at this path.
    pub(super) fn of(page: &Path) -> LinkBase {
        LinkBase { folder: url_of(page) }
    }

    /// The link to a file, if it exists.
    pub(super) fn to_file(&self, file: &Path) -> Option<String> {
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

/// The normalized URL of a file.
fn url_of(path: &Path) -> Option<Url> {
    let url = Url::from_file_path(absolute(path).ok()?).ok()?;
    Url::parse(url.as_str()).ok()
}

/// The link to a URL, if it is http or https, as a browser would write it.
pub(super) fn to_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_and_https_urls_become_links() {
        assert_eq!(to_url("https://cdn/a b.png"), Some("https://cdn/a%20b.png".to_owned()));
        assert_eq!(to_url(" HTTP://CDN/\"><script>"), Some("http://cdn/%22%3E%3Cscript%3E".to_owned()));
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
            assert_eq!(to_url(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_is_linked_by_its_relative_path() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("out/a b")).unwrap();
        for name in ["out/a b/100% #1?.png", "top.png"] {
            std::fs::write(at(name), "x").unwrap();
        }
        let way = |page: &str, file: &str| LinkBase::of(&at(page)).to_file(&at(file));
        assert_eq!(way("r.html", "out/a b/100% #1?.png").unwrap(), "./out/a%20b/100%25%20%231%3F.png");
        assert_eq!(way("out/r.html", "top.png").unwrap(), "./../top.png");
        assert_eq!(way("r.html", "out/../top.png").unwrap(), "./top.png");
        assert_eq!(way("r.html", "gone.png"), None);
        assert_eq!(way("r.html", "out"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_name_with_a_colon_is_not_a_scheme() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("javascript:alert(1).png");
        std::fs::write(&file, "x").unwrap();
        let way = LinkBase::of(&folder.path().join("r.html")).to_file(&file).unwrap();
        assert!(way.starts_with("./javascript"), "{way}");
    }
}
