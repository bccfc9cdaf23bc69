//! `mjbatch run`: check everything that can be wrong before anything is spent, then run.

use jiff::ZonedDateTime;

use super::args::RunArgs;
use super::exit::Exit;
use super::failure::{Failure, say};
use super::hooks::{self, RunHooks};
use super::images;
use super::known::{self, Known};
use super::rules;
use super::settings::{self, Callbacks, Files, Service};
use super::signals;
use crate::api::{CallbackListener, Client, Endpoint};
use crate::diagnostic::Diagnostic;
use crate::manifest::{Manifest, ManifestCache};
use crate::plan::Selection;
use crate::sandbox::{self, Sandbox};
use crate::store::{HeldStore, Listing};
use crate::task::{Task, TaskMode};
use crate::{output, plan, progress, runner};

/// The service in a rehearsal's state.
const REHEARSAL: &str = "the sandbox";

/// Runs the batch of a manifest.
pub(super) async fn run(args: RunArgs) -> Result<Exit, Failure> {
    let service = settings::service(&args)?;
    let callbacks = settings::callbacks(&args)?;
    let mut known = Known::of(&args)?;
    let manifest = &known.outline;
    let selection = rules::selection(&args.rules.selection, &manifest.columns)?;
    let cap = rules::budget(args.rules.budget, &manifest.batch);
    let results = settings::results_of(&args.results, &args.manifest, &args.place, &manifest.batch);
    let files = Files::of(&args.manifest, &args.place, results);
    files.check(&args.manifest, &args.place)?;
    let due = rules::deadline(args.rules.deadline.as_ref(), &manifest.batch, &ZonedDateTime::now())?;
    let policy = settings::policy(&args, &manifest.batch, &service, due.as_ref())?;
    let prices = settings::prices(&args, &manifest.batch);
    // Before anything is opened, where that is enough to know.
    if let Some(manifest) = &known.whole {
        rules::check_prices(cap.as_ref(), &rules::unpriced(manifest, &prices, cap.is_some()))?;
    }
    for path in &files.results {
        output::check(path).map_err(|e| Failure::usage(Diagnostic::error(e.to_string())))?;
    }

    let tasks = known.whole.as_ref();
    let destination = images::destination(&args.manifest, &args.place, &args.pictures, manifest, tasks)?;
    let hooks = hooks::resolve(&args.manifest, &args.place, &args.follow_up, &manifest.batch)?;

    let webhook = listen(callbacks).await?;
    let service = Connected::to(service).await?;
    let images = destination.map(|destination| {
        images::config(destination, manifest, service.address.clone(), &files.store, &args.pictures)
    });
    let images = images.transpose()?;
    if !service.is_on_this_machine {
        known.whole.as_ref().map_or(Ok(()), |manifest| check_real(&args.manifest, manifest))?;
    }
    let store = take_up(&args, &files, &mut known, &service.identity, &selection)?;
    if cap.is_some() {
        let unpriced = store.unpriced(&prices).map_err(|e| Failure::opening(&e))?;
        rules::check_prices(cap.as_ref(), &unpriced)?;
    }
    let manifest = known.outline;
    drop(known.whole);
    enqueue(&store, &hooks, &manifest, args.follow_up.deliver_all)?;
    let (snapshot, ledger) = store.begin_with(prices, &selection).map_err(|e| Failure::opening(&e))?;
    let auto = snapshot.waiting.iter().filter(|waiting| waiting.mode == TaskMode::Auto).count() as u64;
    if let Some(about) = rules::about_deadline(due.as_ref(), auto) {
        say(&about.into());
    }
    let run = runner::Run {
        batch: manifest.name,
        service: service.shown.clone(),
        policy,
        results: runner::Wanted { paths: files.results, shape: args.look.over(&manifest.output) },
        webhook,
        hint: service.sandbox.as_ref().map(where_pictures_are),
        next: settings::same_command(),
        terms: runner::Terms {
            budget: cap.map(|cap| cap.words),
            deadline: due.map(|due| due.words),
            pilot: selection.pilot,
            next_without: Some(settings::command_for_all()),
            resolve: Some(settings::command_for("resolve", &args.manifest, &args.place, &[])),
        },
        images,
        hooks_disabled: hooks.disabled,
        hooks: Some(hooks.config).filter(|config| !config.is_empty()),
        is_sandbox: args.place.sandbox,
    };
    let sink = progress::sink(args.progress);
    let outcome = runner::run(run, service.client, (snapshot, ledger), sink, signals::listen()).await;
    if let Some(sandbox) = service.sandbox {
        sandbox.stop().await;
    }
    let outcome = outcome.map_err(|e| {
        let kept = "what was submitted is in the state; run again to go on";
        Failure::after(Diagnostic::error(e.to_string()).note(kept))
    })?;
    Ok(Exit::of(&outcome))
}

/// The state, listing what the manifest lists now.
fn take_up(
    args: &RunArgs,
    files: &Files,
    known: &mut Known,
    service: &str,
    selection: &Selection,
) -> Result<HeldStore, Failure> {
    let opening = |e| Failure::opening(&e);
    let mut store = files.store.open(service, &signals::who_we_are()).map_err(opening)?;
    let file = args.manifest.file_name().unwrap_or_default().to_string_lossy();
    if let Some(other) = store.listed_from().map_err(opening)?
        && args.place.state.is_none()
        && other != file
        && !settings::is_results(&other)
        && !settings::is_results(&file)
    {
        let error = format!("{} is the state of `{other}`, and this is `{file}`", files.store.location());
        return Err(Failure::usage(
            Diagnostic::error(error)
                .note("two manifests that differ only in their ending share the default name of their state")
                .help("give this one a state of its own with `--state`, or rename it"),
        ));
    }
    // Nothing to compare where nothing was edited: a batch of a million tasks resumes without writing each of them again.
    let is_listed = store.lists(&known.outline.hash).map_err(opening)?;
    if known.whole.is_none() && is_listed {
        return Ok(store);
    }
    let mut outline = known.outline.clone();
    outline.validated_name_template = known::picture_names(args, &outline).cloned();
    let manifest = known.whole(args)?;
    let keep = |store: &HeldStore| outline.serialize().map_or(Ok(()), |text| store.keep_outline(&text));
    let asks_for_more = *selection != Selection::default() || manifest.actions().next().is_some();
    if !asks_for_more && is_listed {
        keep(&store).map_err(opening)?;
        return Ok(store);
    }
    let plan = plan::compare(manifest.tasks(), &store.known_tasks().map_err(opening)?);
    let listing =
        Listing { batch: &manifest.name, columns: &manifest.columns, manifest: manifest.hash, file: &file };
    rules::chooses_something(manifest, &plan, selection, &args.rules.selection)?;
    store.list(listing, manifest.tasks(), &plan).map_err(opening)?;
    keep(&store).map_err(opening)?;
    Ok(store)
}

/// Records which tasks are delivered from now on. Results that are fed back say nothing about that.
fn enqueue(store: &HeldStore, hooks: &RunHooks, manifest: &ManifestCache, all: bool) -> Result<(), Failure> {
    let opening = |e| Failure::opening(&e);
    if !manifest.is_results {
        store.tell(hooks.notify_on).map_err(opening)?;
    }
    if all {
        store.tell_all().map_err(opening)?;
    }
    Ok(())
}

/// Refuses the results of a rehearsal, whatever their file is called now: what a sandbox drew would pass for done.
fn check_real(path: &std::path::Path, manifest: &Manifest) -> Result<(), Failure> {
    let rehearsed = |task: &Task| {
        let task_id = task.earlier.as_ref().and_then(|earlier| earlier.task_id.as_ref());
        task_id.is_some_and(sandbox::gave)
    };
    match manifest.tasks().find(rehearsed).filter(|_| manifest.is_results) {
        None => Ok(()),
        Some(task) => Err(Failure::rehearsed(path, Some(&task.id))),
    }
}

/// A service that can be talked to.
struct Connected {
    client: Client,
    /// Where it is.
    address: String,
    /// Its name in a state.
    identity: String,
    /// Its address, for people.
    shown: String,
    is_on_this_machine: bool,
    sandbox: Option<Sandbox>,
}

impl Connected {
    async fn to(service: Service) -> Result<Connected, Failure> {
        let usage = |e: &dyn std::error::Error| Failure::usage(Diagnostic::error(e.to_string()));
        match service {
            Service::At(endpoint, key) => {
                if endpoint.exposes_key() {
                    let clear = format!("the API key goes to {endpoint} in the clear");
                    say(&Diagnostic::warning(clear).help("use an https:// address").into());
                }
                let client = Client::new(&endpoint, &key).map_err(|e| usage(&e))?;
                let (identity, shown) = (endpoint.identity(), endpoint.to_string());
                let is_on_this_machine = endpoint.is_local();
                let address = shown.clone();
                Ok(Connected { client, address, identity, shown, is_on_this_machine, sandbox: None })
            }
            Service::Sandbox(settings) => {
                let sandbox = start_sandbox(*settings).await.map_err(|e| usage(&e))?;
                let endpoint = Endpoint::parse(&sandbox.base_url()).map_err(|e| usage(&e))?;
                let client = Client::new(&endpoint, &"rehearsal".into()).map_err(|e| usage(&e))?;
                let shown = format!("the sandbox ({endpoint})");
                let identity = REHEARSAL.to_owned();
                let address = endpoint.to_string();
                Ok(Connected {
                    client,
                    address,
                    identity,
                    shown,
                    is_on_this_machine: true,
                    sandbox: Some(sandbox),
                })
            }
        }
    }
}

/// The addresses in a rehearsal's results are dead once it is over, until a sandbox runs there again.
fn where_pictures_are(sandbox: &Sandbox) -> String {
    format!("pictures: their links work while this runs: mjbatch sandbox --listen {}", sandbox.addr())
}

/// At its own port where that is free, else at any.
pub(super) async fn start_sandbox(settings: crate::sandbox::Settings) -> std::io::Result<Sandbox> {
    match Sandbox::start(settings.clone()).await {
        Err(e) if e.kind() == std::io::ErrorKind::AddrInUse => {
            let listen = std::net::SocketAddr::new(settings.listen.ip(), 0);
            Sandbox::start(crate::sandbox::Settings { listen, ..settings }).await
        }
        started => started,
    }
}

async fn listen(callbacks: Option<Callbacks>) -> Result<Option<(CallbackListener, String)>, Failure> {
    let Some(Callbacks { listen, url }) = callbacks else { return Ok(None) };
    let webhook = CallbackListener::listen(listen).await.map_err(|e| {
        let error = format!("cannot receive callbacks at {listen}: {e}");
        Failure::usage(Diagnostic::error(error).help("choose a free local address with `--webhook-listen`"))
    })?;
    let url = url.unwrap_or_else(|| format!("http://{}", webhook.addr()));
    Ok(Some((webhook, url)))
}
