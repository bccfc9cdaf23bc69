//! Resolves which hooks of a manifest a run uses, before anything is spent.

use std::path::Path;

use super::{BatchError, HookUse, Options};
use crate::hooks::HookConfig;
use crate::manifest::BatchSettings;
use crate::store::NotifyOn;

/// The environment variable of the API key, which is hidden from commands.
const KEY: &str = "MIDJOURNEY_API_KEY";

/// The hooks of a run.
#[derive(Debug, Default)]
pub(super) struct RunHooks {
    /// Which tasks are delivered. It is recorded in the state even if no hook runs this time.
    pub(super) notify_on: Option<NotifyOn>,
    /// The hooks to run.
    pub(super) config: HookConfig,
    /// The reason why none runs although the manifest has some.
    pub(super) disabled: Option<String>,
}

/// Resolves the hooks of a manifest. None runs if the options say so, or with a sandbox unless the
/// options want that.
pub(super) fn resolve(
    manifest: &Path,
    options: &Options,
    batch: &BatchSettings,
) -> Result<RunHooks, BatchError> {
    let notify_on =
        batch.on_done.as_ref().map(|done| if done.failed { NotifyOn::Ended } else { NotifyOn::Done });
    let mut hooks = RunHooks { notify_on, ..RunHooks::default() };
    let both = [("`on_done`", batch.on_done.is_some()), ("`on_finish`", batch.on_finish.is_some())];
    let names: Vec<_> = both.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| *name).collect();
    if names.is_empty() {
        if options.hooks == HookUse::Always || options.deliver_all {
            return Err(BatchError::NoHooks);
        }
        return Ok(hooks);
    }
    match options.hooks {
        HookUse::Never => {}
        HookUse::Real if options.sandbox => {
            let names = names.join(" and ");
            let why = format!("{names}: hooks are disabled with `--sandbox`; add `--hooks` to run them");
            hooks.disabled = Some(why);
        }
        HookUse::Real | HookUse::Always => {
            hooks.config = HookConfig::resolve(batch, manifest, KEY)
                .map_err(|(hook, error)| BatchError::Hook { error, place: Box::new(hook.place.clone()) })?;
        }
    }
    Ok(hooks)
}
