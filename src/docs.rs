//! The pages of the folder `docs/`: reference for people, in the program (`mjbatch help hooks`) and
//! here.
//!
//! The page of the manifest's language is that of the module [`manifest`](crate::manifest).

/// A page that `mjbatch help` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HelpPage {
    /// The name that is typed, as in `mjbatch help exit-codes`.
    pub name: &'static str,
    /// What the page is about, in a few words.
    pub about: &'static str,
    /// The whole page, in Markdown.
    pub text: &'static str,
}

/// The pages that `mjbatch help` prints, in the order in which it lists them.
pub const PAGES: [HelpPage; 9] = [
    HelpPage { name: "manifest", about: "the language of manifests", text: MANIFEST },
    HelpPage { name: "running", about: "pilot, selection, cost, deadlines, cron, webhooks", text: RUNNING },
    HelpPage { name: "decisions", about: "redo, skip, make and picks in a spreadsheet", text: DECISIONS },
    HelpPage { name: "columns", about: "results: formats, columns, shops", text: COLUMNS },
    HelpPage { name: "images", about: "images as files, the report", text: IMAGES },
    HelpPage { name: "hooks", about: "on_done and on_finish, their messages and signatures", text: HOOKS },
    HelpPage { name: "state", about: "the state file: resume, resolve, backup, salvage", text: STATE },
    HelpPage { name: "events", about: "the lines of --progress json", text: EVENTS },
    HelpPage { name: "exit-codes", about: "what each exit code means", text: EXIT_CODES },
];

/// The page of the manifest's language as text; [`manifest`](crate::manifest) shows it.
pub const MANIFEST: &str = include_str!("../docs/manifest.md");

#[doc = include_str!("../docs/running.md")]
pub const RUNNING: &str = include_str!("../docs/running.md");

#[doc = include_str!("../docs/decisions.md")]
pub const DECISIONS: &str = include_str!("../docs/decisions.md");

#[doc = include_str!("../docs/images.md")]
pub const IMAGES: &str = include_str!("../docs/images.md");

#[doc = include_str!("../docs/hooks.md")]
pub const HOOKS: &str = include_str!("../docs/hooks.md");

#[doc = include_str!("../docs/events.md")]
pub const EVENTS: &str = include_str!("../docs/events.md");

#[doc = include_str!("../docs/columns.md")]
pub const COLUMNS: &str = include_str!("../docs/columns.md");

#[doc = include_str!("../docs/exit-codes.md")]
pub const EXIT_CODES: &str = include_str!("../docs/exit-codes.md");

#[doc = include_str!("../docs/state.md")]
pub const STATE: &str = include_str!("../docs/state.md");

#[doc = include_str!("../docs/architecture.md")]
pub const ARCHITECTURE: &str = include_str!("../docs/architecture.md");
