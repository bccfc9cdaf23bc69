//! How this process describes itself to whoever finds a state held: `process 4711 on desk, since
//! 2026-03-01T08:00:00Z`.

use jiff::Timestamp;

pub(super) fn holder_description() -> String {
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
