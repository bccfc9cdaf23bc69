//! `mjbatch run`: makes options of the arguments, and passes the events of the run to the terminal.

use super::args::RunArgs;
use super::exit::Exit;
use super::failure::{CommandFailure, say};
use super::options::{self, ServiceChoice};
use super::{decisions, paste, refusal, signals};
use crate::api::Endpoint;
use crate::batch::{Batch, DecisionTable, Run, Service};
use crate::diagnostic::Diagnostic;
use crate::progress;
use crate::sandbox::{self, Sandbox};

/// Runs the batch of a manifest.
pub(super) async fn run(args: RunArgs) -> Result<Exit, CommandFailure> {
    let choice = options::service(&args)?;
    let mut options = options::run_options(&args)?;
    if let Some(table) = DecisionTable::open(&args.manifest, options.clone())? {
        return run_decisions(args, table, choice).await;
    }
    options.hints.again = paste::same_command();
    options.hints.without_selection = Some(paste::command_for_all());
    options.hints.resolve = Some(paste::command_for("resolve", &args.manifest, &args.batch, &[]));
    let mut batch = Batch::open(&args.manifest, options)?;
    warn_about_manifest(&batch);
    let (service, sandbox) = connect(choice).await?;
    let run = batch.run(service).await?;
    follow(run, sandbox, &args).await
}

/// Carries out the decisions of a table.
async fn run_decisions(
    args: RunArgs,
    mut table: DecisionTable,
    choice: ServiceChoice,
) -> Result<Exit, CommandFailure> {
    table.set_hints(decisions::hints(&table, &args.batch));
    warn_about_manifest(table.batch());
    let (service, sandbox) = connect(choice).await?;
    let (decided, run) = table.run(service).await?;
    let _ = decisions::write(&mut anstream::stderr(), &table, &decided);
    follow(run, sandbox, &args).await
}

/// Passes the events of a run to the terminal, to its end.
async fn follow(mut run: Run, sandbox: Option<Sandbox>, args: &RunArgs) -> Result<Exit, CommandFailure> {
    run.warnings().iter().for_each(|warning| refusal::warn(warning, &args.batch));
    signals::stop_on_signals(run.stop_handle());
    let mut sink = progress::sink_for(args.progress);
    while let Some((event, standing)) = run.next().await {
        match event {
            Some(event) => sink.event(&event, &standing),
            None => sink.tick(&standing),
        }
    }
    let outcome = run.outcome().await;
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    Ok(Exit::of(&outcome?))
}

fn warn_about_manifest(batch: &Batch) {
    if let Some(warnings) = batch.warnings() {
        say(warnings);
    }
    let warnings = match batch.earlier_warnings() {
        0 => return,
        1 => "1 warning".to_owned(),
        many => format!("{many} warnings"),
    };
    let file = batch.path().display();
    let found = Diagnostic::warning(format!("{file} was not edited since it was read with {warnings}"));
    say(&found.help(format!("`{}` shows them again", paste::command_to_check(batch.path()))).into());
}

/// Connects to the service, or starts the sandbox.
async fn connect(choice: ServiceChoice) -> Result<(Service, Option<Sandbox>), CommandFailure> {
    match choice {
        ServiceChoice::At(endpoint, key) => {
            if endpoint.exposes_key() {
                let clear = format!("the API key goes to {endpoint} in the clear");
                say(&Diagnostic::warning(clear).help("use an https:// address").into());
            }
            Ok((Service::new(&endpoint, &key)?, None))
        }
        ServiceChoice::Sandbox(settings) => {
            let sandbox = start_sandbox(*settings).await?;
            let endpoint = Endpoint::parse(&sandbox.base_url());
            let endpoint = endpoint.map_err(|e| CommandFailure::usage(Diagnostic::error(e.to_string())))?;
            let service = Service::sandbox(&endpoint)?.with_note(where_images_are(&sandbox));
            Ok((service, Some(sandbox)))
        }
    }
}

/// Says that the URLs in the results of a sandbox run work only while a sandbox runs there.
fn where_images_are(sandbox: &Sandbox) -> String {
    format!("images: their links work while this runs: mjbatch sandbox --listen {}", sandbox.addr())
}

/// Starts a sandbox on its usual port if that is free, else on any.
pub(super) async fn start_sandbox(settings: sandbox::SandboxSettings) -> Result<Sandbox, CommandFailure> {
    let started = match Sandbox::start(settings.clone()).await {
        Err(e) if e.kind() == std::io::ErrorKind::AddrInUse => {
            let listen = std::net::SocketAddr::new(settings.listen.ip(), 0);
            Sandbox::start(sandbox::SandboxSettings { listen, ..settings }).await
        }
        started => started,
    };
    started.map_err(|e| CommandFailure::usage(Diagnostic::error(e.to_string())))
}
