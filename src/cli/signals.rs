//! Signals and limits of the operating system.

use tokio::sync::mpsc::UnboundedSender;

use crate::batch::StopHandle;
use crate::runner::{Shutdown, Signal, shutdown};

/// Listens for Ctrl-C and requests to terminate, and passes each on.
pub(super) fn listen() -> Shutdown {
    let (sender, shutdown) = shutdown();
    listen_to_system(&sender);
    shutdown
}

/// Passes each signal to a run as a request to stop.
pub(super) fn stop_on_signals(run: StopHandle) {
    let mut signals = listen();
    tokio::spawn(async move {
        loop {
            run.stop(signals.next().await);
        }
    });
}

#[cfg(unix)]
fn listen_to_system(sender: &UnboundedSender<Signal>) {
    use tokio::signal::unix::{SignalKind, signal};
    // A closed terminal (SIGHUP) is treated like a shutdown of the system (SIGTERM).
    for (kind, meaning) in [
        (SignalKind::interrupt(), Signal::Interrupt),
        (SignalKind::terminate(), Signal::Terminate),
        (SignalKind::hangup(), Signal::Terminate),
    ] {
        // There is one listener for all signals: a new one for each would miss those that arrive in
        // between.
        let Ok(mut signals) = signal(kind) else { continue };
        let sender = sender.clone();
        tokio::spawn(async move { while signals.recv().await.is_some() && sender.send(meaning).is_ok() {} });
    }
}

#[cfg(windows)]
fn listen_to_system(sender: &UnboundedSender<Signal>) {
    use tokio::signal::windows::{ctrl_c, ctrl_close};
    if let Ok(mut pressed) = ctrl_c() {
        let sender = sender.clone();
        tokio::spawn(async move {
            while pressed.recv().await.is_some() && sender.send(Signal::Interrupt).is_ok() {}
        });
    }
    if let Ok(mut closed) = ctrl_close() {
        let sender = sender.clone();
        tokio::spawn(async move {
            while closed.recv().await.is_some() && sender.send(Signal::Terminate).is_ok() {}
        });
    }
}

/// Raises the limit of open files as far as the system allows: each request in flight is one.
pub(super) fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let wanted = limit.maximum.map_or(65_536, |maximum| maximum.min(65_536));
        if limit.current.is_some_and(|current| current < wanted) {
            let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit });
        }
    }
}
