//! Reads the hooks of a batch: `on_done` and `on_finish` of `batch`.
//!
//! A command is a list of its words, since no shell reads it; a URL gets a POST. Secrets are in the
//! environment, and the manifest has only the names of their variables.

use std::time::Duration;

use reqwest::Url;

use crate::diagnostic::{Diagnostic, Place, quoted};
use crate::duration;
use crate::manifest::value::{self, ValueError};
use crate::manifest::yaml::{KeyValue, Node, NodeReader, NodeValue};

pub(crate) const DONE: [&str; 7] =
    ["command", "url", "url_env", "secret_env", "timeout", "at_once", "failed"];
pub(crate) const FINISH: [&str; 5] = ["command", "url", "url_env", "secret_env", "timeout"];
/// The longest `timeout` of a hook.
const LONGEST: Duration = Duration::from_secs(3600);

/// A hook as the manifest configures it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookSpec {
    /// The command to run, or the URL to post to.
    pub target: HookAction,
    /// The time limit of one try; `None` for the default.
    pub timeout: Option<Duration>,
    /// How many deliveries run at once, 1 to 16; `None` for the default.
    pub at_once: Option<u8>,
    /// Whether failed and lost tasks are delivered too.
    pub failed: bool,
    /// The place in the manifest.
    pub place: Place,
}

/// What a hook does with a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookAction {
    /// Runs this program with these arguments, without a shell.
    Command(Vec<String>),
    /// Posts to a URL.
    Post {
        /// The URL.
        to: PostUrl,
        /// The environment variable with the secret that posts are signed with.
        secret_env: Option<String>,
    },
}

/// The URL of a hook, or where to find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostUrl {
    /// The URL itself.
    Url(String),
    /// The name of the environment variable that holds the URL.
    Env(String),
}

/// Reads `on_done` or `on_finish`; the latter has fewer keys.
pub(crate) fn read(field: KeyValue<'_, '_>, is_done: bool, reader: &mut NodeReader<'_>) -> Option<HookSpec> {
    let place = reader.source.place(field.value.head());
    let plain =
        |target| HookSpec { target, timeout: None, at_once: None, failed: false, place: place.clone() };
    match &field.value.value {
        NodeValue::List(_) => return command(field, reader).map(plain),
        NodeValue::Map(_) => {}
        _ => {
            let to = reader.value(Some(field), address)?;
            return Some(plain(HookAction::Post { to: PostUrl::Url(to), secret_env: None }));
        }
    }
    let known: &[&'static str] = if is_done { &DONE } else { &FINISH };
    let fields = reader.map(field.value, &quoted(field.name), known)?;
    let ways: Vec<_> = ["command", "url", "url_env"].iter().filter_map(|way| fields.get(way)).collect();
    let [way] = ways[..] else {
        let place = ways.get(1).map_or(place, |second| reader.source.place(second.key.span.clone()));
        let found = Diagnostic::error(format!("{} is one command or one URL", quoted(field.name)))
            .at(place, "expected one of `command`, `url` and `url_env`")
            .help("write `command: [./publish.sh, --now]`, or `url: https://cms.example/hooks/images`");
        reader.problems.push(found);
        return None;
    };
    let secret_env = reader.value(fields.get("secret_env"), variable);
    let target = match way.name {
        "command" => {
            if let Some(secret) = fields.get("secret_env") {
                let found = Diagnostic::error("a command is not signed")
                    .at(reader.source.place(secret.key.span.clone()), "this is for URLs");
                reader.problems.push(found.help("a command finds its own secrets in the environment"));
            }
            command(way, reader)?
        }
        "url" => HookAction::Post { to: PostUrl::Url(reader.value(Some(way), address)?), secret_env },
        _ => HookAction::Post { to: PostUrl::Env(reader.value(Some(way), variable)?), secret_env },
    };
    Some(HookSpec {
        target,
        timeout: reader.value(fields.get("timeout"), limit),
        at_once: reader.value(fields.get("at_once"), at_once),
        failed: reader.value(fields.get("failed"), value::switch).unwrap_or_default(),
        place,
    })
}

fn command(field: KeyValue<'_, '_>, reader: &mut NodeReader<'_>) -> Option<HookAction> {
    let NodeValue::List(items) = &field.value.value else {
        let found = Diagnostic::error("a command is a list of its words")
            .at(reader.source.place(field.value.head()), "no shell reads this")
            .help("write it as in `command: [./publish.sh, --now]`");
        reader.problems.push(found);
        return None;
    };
    let words: Option<Vec<String>> = items.iter().map(|item| word(item, field, reader)).collect();
    let words = words?;
    if words.first().is_none_or(|program| program.trim().is_empty()) {
        let found = Diagnostic::error("the command names no program")
            .at(reader.source.place(field.value.head()), "expected a program, and perhaps its arguments");
        reader.problems.push(found);
        return None;
    }
    Some(HookAction::Command(words))
}

fn word(item: &Node<'_>, field: KeyValue<'_, '_>, reader: &mut NodeReader<'_>) -> Option<String> {
    let text = reader.text(item, "a word of a command")?;
    let whole = match text.contains('\0') {
        false => Ok(text.to_owned()),
        true => Err(ValueError::new("a word of a command holds a null character", "in this text")),
    };
    reader.checked(whole, item, field.key)
}

/// Checks an http or https URL. User names and passwords in it are refused.
pub(crate) fn address(text: &str) -> Result<String, ValueError> {
    let text = text.trim();
    let refused = |label: &str| {
        ValueError::new(format!("{} is not a URL to post to", quoted(text)), label)
            .help("write a URL as in `https://cms.example/hooks/images`, or a command as a list of its words")
    };
    let url = Url::parse(text).map_err(|_| refused("expected `https://` and a host"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(refused("expected `https://` and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ValueError::new(
            "a URL with a user name or a password in it",
            "secrets do not belong in a manifest",
        )
        .help(
            "sign the posts with `secret_env`, or take the whole URL from the environment with `url_env`",
        ));
    }
    Ok(text.to_owned())
}

/// Checks the name of an environment variable.
fn variable(text: &str) -> Result<String, ValueError> {
    let text = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(plain) {
        // The text is not quoted, because it may be the secret itself.
        return Err(ValueError::new("this is not the name of an environment variable", "expected a name")
            .note("a manifest never contains the secret itself")
            .help("write the name of a variable that holds it, as in `MJBATCH_HOOK_SECRET`"));
    }
    Ok(text.to_owned())
}

fn limit(text: &str) -> Result<Duration, ValueError> {
    let found = duration::parse(text.trim());
    found.ok().filter(|limit| !limit.is_zero() && *limit <= LONGEST).ok_or_else(|| {
        ValueError::new(
            format!("{} is not a time limit", quoted(text)),
            "expected a time as in `30s`, up to `1h`",
        )
    })
}

fn at_once(text: &str) -> Result<u8, ValueError> {
    value::number(text, "a number", 1, 16).map(|n| u8::try_from(n).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::manifest::parse;

    fn read(batch: &str) -> Result<(Option<HookSpec>, Option<HookSpec>), String> {
        let text = format!("version: 1\nbatch:\n  {batch}\nprompts: [a mug]\n");
        let read = parse(Path::new("m.yaml"), text.as_bytes());
        read.map(|read| (read.batch.on_done, read.batch.on_finish)).map_err(|e| e.to_string())
    }

    fn target(batch: &str) -> HookAction {
        read(batch).unwrap().0.unwrap().target
    }

    #[test]
    fn a_list_is_a_command_and_a_text_is_a_url() {
        let words = ["./publish.sh", "--to", "a b"].map(str::to_owned).to_vec();
        assert_eq!(target("on_done: [./publish.sh, --to, a b]"), HookAction::Command(words.clone()));
        assert_eq!(target("on_done: {command: [./publish.sh, --to, a b]}"), HookAction::Command(words));
        let to = |to, secret_env| HookAction::Post { to, secret_env };
        let url = || PostUrl::Url("https://cms.example/x".to_owned());
        assert_eq!(target("on_done: https://cms.example/x"), to(url(), None));
        assert_eq!(
            target("on_done: {url: https://cms.example/x, secret_env: SECRET}"),
            to(url(), Some("SECRET".into()))
        );
        assert_eq!(target("on_done: {url_env: CHAT}"), to(PostUrl::Env("CHAT".into()), None));
        let (_, finish) = read("on_finish: {command: [say, done], timeout: 5s}").unwrap();
        assert_eq!(finish.unwrap().timeout, Some(Duration::from_secs(5)));
        let (done, _) = read("on_done: {command: [x], failed: true, at_once: 3}").unwrap();
        assert_eq!(done.map(|done| (done.failed, done.at_once)), Some((true, Some(3))));
    }

    #[test]
    fn a_value_that_is_neither_is_reported_at_its_place() {
        for (batch, said) in [
            ("on_done: ./publish.sh --now", "or a command as a list of its words"),
            ("on_done: {command: ./publish.sh --now}", "a command is a list of its words"),
            ("on_done: []", "names no program"),
            ("on_done: ['']", "names no program"),
            ("on_done: [[a]]", "a word of a command takes a single value"),
            ("on_done: {command: [a], url: 'https://x.example'}", "one command or one URL"),
            ("on_done: {failed: true}", "one command or one URL"),
            ("on_done: {command: [a], secret_env: S}", "a command is not signed"),
            ("on_done: ftp://cms.example/x", "expected `https://`"),
            ("on_done: 'https://me:word@cms.example/x'", "secrets do not belong in a manifest"),
            (
                "on_done: {url: 'https://x.example', secret_env: 's3cr3t!'}",
                "never contains the secret itself",
            ),
            ("on_done: {command: [a], timeout: 2h}", "is not a time limit"),
            ("on_done: {command: [a], at_once: 0}", "out of range"),
            ("on_done: {comand: [a]}", "did you mean `command`?"),
            ("on_finish: {command: [a], failed: true}", "has no key `failed`"),
            ("on_finsh: [a]", "did you mean `on_finish`?"),
        ] {
            let message = read(batch).unwrap_err();
            assert!(message.contains(said) && message.contains("m.yaml:3:"), "{batch}: {message}");
            assert!(!message.contains("`s3cr3t!`"), "{message}");
        }
    }
}
