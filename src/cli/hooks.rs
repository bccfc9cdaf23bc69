//! The hooks of a manifest in words. A manifest from elsewhere may run commands, and nobody should
//! have to find them in it.

use super::paste::shell_quoted;
use crate::manifest::{BatchSettings, HookAction, HookSpec, PostUrl};
use crate::text::sanitize_line;

fn named(batch: &BatchSettings) -> impl Iterator<Item = (&'static str, &HookSpec)> {
    let both = [("on_done", &batch.on_done), ("on_finish", &batch.on_finish)];
    both.into_iter().filter_map(|(name, hook)| Some((name, hook.as_ref()?)))
}

/// A line for each hook of the manifest: `on_done runs: ./publish.sh --now`.
pub(super) fn in_words(batch: &BatchSettings) -> Vec<String> {
    let line = |(name, hook): (&str, &HookSpec)| match &hook.target {
        HookAction::Command(words) => {
            let words: Vec<_> = words.iter().map(|word| shell_quoted(word)).collect();
            format!("{name} runs: {}", sanitize_line(&words.join(" "), 500))
        }
        HookAction::Post { to: PostUrl::Url(url), .. } => {
            format!("{name} posts to: {}", sanitize_line(url, 500))
        }
        HookAction::Post { to: PostUrl::Env(variable), .. } => {
            format!("{name} posts to: the URL in {variable}")
        }
    };
    named(batch).map(line).collect()
}
