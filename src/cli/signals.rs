//! What the program gets from the system: its signals, its name among other processes.

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use crate::runner::{Shutdown, Signal, shutdown};

/// Passes on Ctrl-C and requests to terminate, as often as they come.
pub(super) fn listen() -> Shutdown {
    let (sender, shutdown) = shutdown();
    listen_to_system(&sender);
    shutdown
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
        // Heard from here on, and once: a listener made anew for each signal would miss those that come in between.
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

/// Who holds a state, for whoever comes second: `process 4711 on desk, since 2026-03-01T08:00:00Z`.
pub(super) fn who_we_are() -> String {
    let since = Timestamp::now().round(jiff::Unit::Second).unwrap_or_else(|_| Timestamp::now());
    format!("process {}{}, since {since}", std::process::id(), on_host())
}

#[cfg(unix)]
fn on_host() -> String {
    format!(" on {}", rustix::system::uname().nodename().to_string_lossy())
}

#[cfg(not(unix))]
fn on_host() -> String {
    std::env::var("COMPUTERNAME").map(|name| format!(" on {name}")).unwrap_or_default()
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
