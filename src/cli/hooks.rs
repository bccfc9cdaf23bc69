//! The hooks that a run will use, from the arguments and the manifest, and their errors in words.

use std::path::Path;

use super::args::{FollowUpArgs, Place};
use super::failure::Failure;
use super::settings::{self, KEY};
use crate::diagnostic::{Diagnostic, quoted};
use crate::hooks::{HookConfig, HookError};
use crate::manifest::{BatchSettings, HookAction, HookSpec, PostUrl};
use crate::store::Told;
use crate::text::sanitize_line;

/// The hooks of a run.
#[derive(Debug, Default)]
pub(super) struct RunHooks {
    /// Which tasks are delivered; kept in the state even where no hook is run.
    pub(super) notify_on: Option<Told>,
    /// The hooks that are run.
    pub(super) config: HookConfig,
    /// Why hooks are not run though the manifest has some.
    pub(super) disabled: Option<String>,
}

/// Resolves the hooks of the manifest. None are run with `--no-hooks`, nor with `--sandbox` unless `--hooks` is given.
pub(super) fn resolve(
    manifest: &Path,
    place: &Place,
    args: &FollowUpArgs,
    batch: &BatchSettings,
) -> Result<RunHooks, Failure> {
    let notify_on = batch.on_done.as_ref().map(|done| if done.failed { Told::Ended } else { Told::Done });
    let mut hooks = RunHooks { notify_on, ..RunHooks::default() };
    let named: Vec<_> = named(batch).map(|(name, _)| format!("`{name}`")).collect();
    if named.is_empty() {
        if args.hooks || args.deliver_all {
            let error = "no hooks: the manifest has no `on_done` and no `on_finish`";
            return Err(Failure::usage(Diagnostic::error(error).help("add them under `batch:`")));
        }
        return Ok(hooks);
    }
    let named = named.join(" and ");
    if args.no_hooks || (place.sandbox && !args.hooks) {
        hooks.disabled = (!args.no_hooks)
            .then(|| format!("{named}: hooks are disabled with `--sandbox`; add `--hooks` to run them"));
        return Ok(hooks);
    }
    hooks.config = HookConfig::resolve(batch, manifest, KEY).map_err(|(hook, error)| {
        Failure::usage(diagnostic(&error).at(hook.place.clone(), "configured here"))
    })?;
    Ok(hooks)
}

fn diagnostic(error: &HookError) -> Diagnostic {
    let install = "install it, or run with `--no-hooks`";
    match error {
        HookError::Folder(cause) => Diagnostic::error(cause.to_string()),
        HookError::NotExecutable(program) => {
            Diagnostic::error(format!("the command {} is not executable", quoted(program)))
                .help(format!("`chmod +x {}`", settings::quoted(program)))
        }
        HookError::NoSuchFile(program) => {
            Diagnostic::error(format!("there is no command {} beside the manifest", quoted(program)))
                .help(install)
        }
        HookError::NotInPath(program) => {
            Diagnostic::error(format!("there is no command {} in the PATH", quoted(program))).help(install)
        }
        HookError::VariableNotSet(name) => {
            Diagnostic::error(format!("the environment variable {} is not set", quoted(name)))
                .help(format!("`export {name}=…`, or run with `--no-hooks`"))
        }
        HookError::UnusableUrl(why) => {
            Diagnostic::error(format!("the URL of the hook cannot be used: {why}"))
        }
    }
}

fn named(batch: &BatchSettings) -> impl Iterator<Item = (&'static str, &HookSpec)> {
    let both = [("on_done", &batch.on_done), ("on_finish", &batch.on_finish)];
    both.into_iter().filter_map(|(name, hook)| Some((name, hook.as_ref()?)))
}

/// The hooks of the manifest, a line each: `on_done runs: ./publish.sh --now`.
pub(super) fn in_words(batch: &BatchSettings) -> Vec<String> {
    let line = |(name, hook): (&str, &HookSpec)| match &hook.target {
        HookAction::Command(words) => {
            let words: Vec<_> = words.iter().map(|word| settings::quoted(word)).collect();
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
