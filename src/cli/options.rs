//! Converts arguments, as typed, and the environment into options of a batch.

use std::net::SocketAddr;

use secrecy::SecretString;

use super::args::{
    BatchArgs, BeginningArgs, DownloadArgs, ImageArgs, PlanArgs, RunArgs, SandboxTuning, TableArgs,
};
use super::failure::CommandFailure;
use crate::api::{DEFAULT_BASE_URL, Endpoint};
use crate::batch::{Beginning, CallbackOptions, HookUse, ImageOptions, Options};
use crate::diagnostic::Diagnostic;
use crate::sandbox::{self, SandboxFaults};

/// The environment variable of the API key, named as in the vendor's samples.
pub(super) const KEY: &str = "MIDJOURNEY_API_KEY";
const BASE_URL: &str = "MIDJOURNEY_API_BASE_URL";
const WEBHOOK_URL: &str = "MIDJOURNEY_WEBHOOK_URL";

/// The default of `--speed`: how much faster than the real service the sandbox is.
const SANDBOX_SPEED: f64 = 60.0;
/// The port of a run's sandbox, if it is free, so that the URLs in its results work again whenever
/// a sandbox runs there.
const SANDBOX_PORT: u16 = 8797;

/// The service that a run talks to.
#[derive(Debug)]
pub(super) enum ServiceChoice {
    /// The sandbox inside the program.
    Sandbox(Box<sandbox::SandboxSettings>),
    /// A service at a URL, with a key.
    At(Endpoint, SecretString),
}

/// The options of a command that only needs to find the batch.
pub(super) fn options_of(batch: &BatchArgs) -> Options {
    let mut options = Options::default();
    options.state.clone_from(&batch.state);
    options.sandbox = batch.sandbox;
    options.is_sandbox_id = Some(sandbox::is_sandbox_id);
    options
}

/// The options of `run`.
pub(super) fn run_options(args: &RunArgs) -> Result<Options, CommandFailure> {
    let mut options = options_of(&args.batch);
    if args.batch.sandbox {
        options.speed = args.sandbox_tuning.speed.unwrap_or(SANDBOX_SPEED);
    }
    options.beginning = beginning(&args.beginning);
    let limits = &args.limits;
    options.max_tasks = args.expansion.max_tasks;
    options.only.clone_from(&limits.selection.only);
    options.pilot = limits.selection.pilot;
    options.max_changed = limits.max_changed;
    options.limit = args.limit;
    options.concurrency = args.concurrency;
    (options.poll_min, options.poll_max) = (args.poll_min, args.poll_max);
    options.prices = args.prices;
    options.budget = limits.budget;
    options.deadline.clone_from(&limits.deadline);
    (options.retries, options.retry_after) = (limits.retries, limits.retry_after);
    options.on_unknown = limits.on_unknown;
    options.breaker = Some(limits.breaker);
    (options.max_duration, options.drain) = (limits.max_duration, Some(limits.drain));
    options.no_wait = limits.no_wait;
    (options.lost_after, options.patience) = (Some(args.lost_after), args.patience);
    options.callbacks = callbacks(args)?;
    options.results.clone_from(&args.results);
    set_table(&mut options, &args.table);
    options.images = images(&args.images);
    options.hooks = match &args.hooks {
        hooks if hooks.no_hooks => HookUse::Never,
        hooks if hooks.hooks => HookUse::Always,
        _ => HookUse::Real,
    };
    options.deliver_all = args.hooks.deliver_all;
    Ok(options)
}

/// The options of `plan`.
pub(super) fn plan_options(args: &PlanArgs) -> Options {
    let mut options = options_of(&args.batch);
    if args.batch.sandbox {
        options.speed = SANDBOX_SPEED;
    }
    options.beginning = beginning(&args.beginning);
    options.max_tasks = args.expansion.max_tasks;
    options.concurrency = args.concurrency;
    options.prices = args.prices;
    options.only.clone_from(&args.selection.only);
    options.pilot = args.selection.pilot;
    options.max_changed = args.max_changed;
    options.budget = args.budget;
    options.deadline.clone_from(&args.deadline);
    options
}

fn beginning(args: &BeginningArgs) -> Beginning {
    match (args.take_over, args.fresh) {
        (true, _) => Beginning::TakeOver,
        (false, true) => Beginning::Fresh,
        (false, false) => Beginning::IfNew,
    }
}

/// The options of `download`.
pub(super) fn download_options(args: &DownloadArgs) -> Options {
    let mut options = options_of(&args.batch);
    options.max_tasks = args.expansion.max_tasks;
    options.images = ImageOptions { verify: args.verify, ..images(&args.images) };
    options
}

/// Applies the flags about tables.
pub(super) fn set_table(options: &mut Options, table: &TableArgs) {
    options.rows = table.rows;
    options.columns.clone_from(&table.columns);
    options.formula_guard = table.formula_guard;
    options.overwrite = table.overwrite;
}

fn images(args: &ImageArgs) -> ImageOptions {
    ImageOptions {
        folder: args.download.clone(),
        sidecar: args.sidecar,
        parallel: args.downloads,
        largest_mb: args.largest,
        allow_private: args.allow_private,
        verify: false,
    }
}

fn callbacks(args: &RunArgs) -> Result<Option<CallbackOptions>, CommandFailure> {
    let Some(listen) = args.webhook_listen else { return Ok(None) };
    let url = args.webhook_url.clone().or_else(|| environment(WEBHOOK_URL));
    if let Some(url) = &url {
        Endpoint::parse(url).map_err(|e| CommandFailure::usage(Diagnostic::error(e.to_string())))?;
    }
    Ok(Some(CallbackOptions { listen, url }))
}

/// Determines the service of a run.
pub(super) fn service(args: &RunArgs) -> Result<ServiceChoice, CommandFailure> {
    if args.batch.sandbox {
        return Ok(ServiceChoice::Sandbox(Box::new(sandbox_settings(&args.sandbox_tuning)?)));
    }
    let endpoint = endpoint(args.base_url.as_ref())?;
    let key = key().ok_or(crate::batch::BatchError::NoKey(KEY))?;
    Ok(ServiceChoice::At(endpoint, key))
}

/// Determines the URL of the service.
pub(super) fn endpoint(typed: Option<&String>) -> Result<Endpoint, CommandFailure> {
    let text =
        typed.cloned().or_else(|| environment(BASE_URL)).unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
    Endpoint::parse(&text).map_err(|e| CommandFailure::usage(Diagnostic::error(e.to_string())))
}

/// The API key, if it is set.
pub(super) fn key() -> Option<SecretString> {
    environment(KEY).map(SecretString::from)
}

/// The sandbox that serves the images of an earlier sandbox run.
pub(super) fn image_sandbox() -> sandbox::SandboxSettings {
    sandbox::SandboxSettings {
        listen: SocketAddr::from(([127, 0, 0, 1], SANDBOX_PORT)),
        speed: SANDBOX_SPEED,
        ..sandbox::SandboxSettings::default()
    }
}

fn sandbox_settings(args: &SandboxTuning) -> Result<sandbox::SandboxSettings, CommandFailure> {
    let default = sandbox::SandboxSettings::default();
    Ok(sandbox::SandboxSettings {
        speed: args.speed.unwrap_or(SANDBOX_SPEED),
        seed: args.seed.unwrap_or(default.seed),
        faults: faults(&args.faults)?,
        ..image_sandbox()
    })
}

/// Parses the faults of `--fault`.
pub(super) fn faults(texts: &[String]) -> Result<SandboxFaults, CommandFailure> {
    let mut faults = SandboxFaults::none();
    for text in texts {
        faults.set(text).map_err(|e| {
            let listed = "`mjbatch sandbox --list-faults` lists them";
            CommandFailure::usage(Diagnostic::error(e.to_string()).help(listed))
        })?;
    }
    Ok(faults)
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
