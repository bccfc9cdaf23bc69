//! What the program gets from the system: its signals and its limits.

use tokio::sync::mpsc::UnboundedSender;

use crate::batch::StopHandle;
use crate::runner::{Shutdown, Signal, shutdown};

/// Passes on Ctrl-C and requests to terminate, as often as they come.
pub(super) fn listen() -> Shutdown {
    let (sender, shutdown) = shutdown();
    listen_to_system(&sender);
    shutdown
}

/// Stops a run as often as a signal comes.
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
    // A terminal that is closed (SIGHUP) wants the same as a system that goes down (SIGTERM).
    for (kind, meaning) in [
        (SignalKind::interrupt(), Signal::Interrupt),
        (SignalKind::terminate(), Signal::Terminate),
        (SignalKind::hangup(), Signal::Terminate),
    ] {
        // Heard from here on, and once: a listener made anew for each signal would miss those that
        // come in between.
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

/// Lets as many files be open as the system allows: each request under way is one.
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
