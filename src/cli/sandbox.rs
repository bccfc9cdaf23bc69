//! `mjbatch sandbox`: serves the sandbox to any client.

use std::io::Write as _;

use super::args::SandboxArgs;
use super::exit::Exit;
use super::failure::CommandFailure;
use super::options;
use crate::diagnostic::Diagnostic;
use crate::sandbox::{self, Sandbox};

/// Serves until Ctrl-C.
pub(super) async fn serve(args: SandboxArgs) -> Result<Exit, CommandFailure> {
    if args.list_faults {
        let _ = anstream::stdout().write_all(sandbox::describe_faults().as_bytes());
        return Ok(Exit::Success);
    }
    let settings = sandbox::SandboxSettings {
        listen: args.listen,
        speed: args.speed,
        seed: args.seed,
        faults: options::faults(&args.faults)?,
        public_url: args.public_url,
        ..sandbox::SandboxSettings::default()
    };
    let sandbox = Sandbox::start(settings).await.map_err(|e| {
        let error = format!("the sandbox cannot start at {}: {e}", args.listen);
        CommandFailure::usage(Diagnostic::error(error).help("choose a free address with `--listen`"))
    })?;
    let url = sandbox.base_url();
    let _ = writeln!(
        anstream::stderr(),
        "the sandbox is at {url} (any key works, nothing is billed)\n  \
         MIDJOURNEY_API_BASE_URL={url} MIDJOURNEY_API_KEY=any …\n  \
         stop it with Ctrl-C"
    );
    let _ = tokio::signal::ctrl_c().await;
    sandbox.stop().await;
    Ok(Exit::Success)
}
