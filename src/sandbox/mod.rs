//! The sandbox: a local HTTP/1.1 server with the API of the service, for tests and for trying
//! things out.
//!
//! It accepts, runs and reports jobs, and draws their images. It uses nothing of the other modules
//! but the task's mode and taskId. It keeps nothing on disk: a taskId encodes all that is needed to
//! report its job, so a new sandbox continues where an earlier one was stopped. Without faults it
//! behaves as the service is documented; each [`SandboxFault`] switches on one behavior that the
//! documentation leaves open.
//!
//! Modules: `service` is the state that handlers share, `routes` the router, `submit`, `status`,
//! `images` and `pages` the handlers, `accounts` the slots, quota and jobs (pure), `item` the JSON
//! of replies, `webhook` the callbacks, `connection` the connections that can be cut, `drawing` the
//! images.

mod accounts;
mod callback_sender;
mod clock;
mod connection;
mod drawing;
mod encoded_id;
mod faults;
mod html;
mod images;
mod item;
mod job;
mod ledger;
mod pages;
mod routes;
mod service;
mod settings;
mod status;
mod submit;
#[cfg(test)]
mod tests;
mod webhook;
mod wire;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

pub use encoded_id::is_sandbox_id;
pub use faults::{
    FAULT_TABLE, FaultError, FaultForm, FaultRow, SandboxFault, SandboxFaults, describe_faults,
};
pub use ledger::{BillingLedger, LedgerEntry, LedgerOutcome};
pub use settings::SandboxSettings;

use accounts::Accounts;
use callback_sender::CallbackSender;
use clock::{SandboxClock, SandboxSpeed};
use connection::{CutHandle, CuttableListener, stopping};
use faults::FaultRoller;
use item::ReplyShape;
use job::ServiceRules;
use service::SandboxService;

/// A running sandbox. It stops on [`stop`](Sandbox::stop) or when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    addr: SocketAddr,
    service: Arc<SandboxService>,
    stop: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
}

impl Sandbox {
    /// Starts a sandbox on the current tokio runtime, of any flavor. It serves while the runtime
    /// runs.
    ///
    /// # Errors
    /// If the address is in use or not of this machine; as `InvalidInput`, if a setting is out of
    /// range.
    pub async fn start(settings: SandboxSettings) -> io::Result<Sandbox> {
        if let Some(problem) = settings.problem() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        let listener = TcpListener::bind(settings.listen).await?;
        let addr = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let service = Arc::new(service(settings, addr, stopped.clone()));
        let listener = CuttableListener { listener, stopped: stopped.clone() };
        let routes = routes::routes(service.clone()).into_make_service_with_connect_info::<CutHandle>();
        let serving = axum::serve(listener, routes).with_graceful_shutdown(stopping(stopped));
        let server = tokio::spawn(serving.into_future());
        Ok(Sandbox { addr, service, stop, server })
    }

    /// The URL that clients use: the public URL if one was given. Without a slash at the end.
    pub fn base_url(&self) -> String {
        self.service.base_url.clone()
    }

    /// The address on which the sandbox listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A snapshot of what the sandbox has done so far.
    pub fn ledger(&self) -> BillingLedger {
        self.service.accounts().ledger(self.service.clock.now())
    }

    /// Stops serving. Open connections are cut, pending callbacks are not sent.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // Only an image that is being drawn can delay this, and not for long.
        if tokio::time::timeout(Duration::from_secs(2), &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

fn service(settings: SandboxSettings, addr: SocketAddr, stopped: watch::Receiver<bool>) -> SandboxService {
    let base_url = settings.public_url.unwrap_or_else(|| format!("http://{}", reachable(addr)));
    let base_url = base_url.trim_end_matches('/').to_owned();
    let speed = SandboxSpeed(settings.speed);
    let image_base_url = match settings.faults.text(SandboxFault::ImageHost) {
        Some(host) => format!("http://{host}:{}", addr.port()),
        None => base_url.clone(),
    };
    let rules = ServiceRules {
        roller: FaultRoller::new(settings.seed, settings.faults.clone()),
        speed,
        slots: settings.slots,
        fast: settings.fast,
        relaxed: settings.relaxed,
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    SandboxService {
        clock: SandboxClock::start(),
        speed,
        shape: ReplyShape { faults: settings.faults, image_base_url, image_side: settings.image_side },
        base_url,
        key: settings.key,
        callbacks: CallbackSender::default(),
        draw_permits: Semaphore::new(processors),
        stopped,
        accounts: Mutex::new(Accounts::new(rules)),
    }
}

/// Replaces the unspecified address, which no client can call, by loopback.
fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, addr.port())
}
