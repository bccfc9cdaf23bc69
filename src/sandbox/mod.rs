//! The API's stand-in: a real HTTP/1.1 server on this machine that accepts, runs, answers for and draws jobs.
//!
//! It knows nothing of the rest of the house but the word for a mode. It keeps nothing on disk: a taskId carries what is
//! needed to answer for its job, so a new sandbox goes on where an earlier one was stopped. Without faults it behaves as
//! the service is described; each [`Fault`] switches one reading of what is not described on.
//!
//! Flow: `server` holds what all share, `submit`, `status` and `images` answer, `jobs` keeps the books (pure), `item` shapes
//! what goes out, `webhook` calls back, `connection` makes connections that can be cut, `picture` draws.

mod clock;
mod connection;
mod faults;
mod images;
mod item;
mod jobs;
mod ledger;
mod page;
mod picture;
mod server;
mod settings;
mod status;
mod submit;
mod task_id;
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

pub use faults::{Fault, FaultError, Faults, Form, Row, TABLE, describe};
pub use ledger::{Ledger, LedgerJob, Outcome};
pub use settings::Settings;
pub use task_id::gave;

use clock::{Clock, Speed};
use connection::{Door, Knife, stopping};
use faults::Dice;
use item::Shape;
use jobs::{Books, Rules};
use server::Service;
use webhook::Postman;

/// A running sandbox. It stops when it is told to or dropped.
#[derive(Debug)]
pub struct Sandbox {
    addr: SocketAddr,
    service: Arc<Service>,
    stop: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
}

impl Sandbox {
    /// Starts a sandbox on the runtime that this is awaited on, of whichever kind; it serves while that runs.
    ///
    /// # Errors
    /// The address is taken or not this machine's; or, as `InvalidInput`, a setting is out of its range.
    pub async fn start(settings: Settings) -> io::Result<Sandbox> {
        if let Some(problem) = settings.problem() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        let listener = TcpListener::bind(settings.listen).await?;
        let addr = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let service = Arc::new(service(settings, addr, stopped.clone()));
        let door = Door { listener, stopped: stopped.clone() };
        let routes = server::routes(service.clone()).into_make_service_with_connect_info::<Knife>();
        let serving = axum::serve(door, routes).with_graceful_shutdown(stopping(stopped));
        let server = tokio::spawn(serving.into_future());
        Ok(Sandbox { addr, service, stop, server })
    }

    /// Where clients reach it: the public address if one was given. No slash at the end.
    pub fn base_url(&self) -> String {
        self.service.base_url.clone()
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// All that it has done so far.
    pub fn ledger(&self) -> Ledger {
        self.service.books().ledger(self.service.clock.now())
    }

    /// Stops serving. Connections that are open are cut, callbacks that are due are not made.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // Only a reply in the middle of being drawn can hold this up, and not for long.
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

fn service(settings: Settings, addr: SocketAddr, stopped: watch::Receiver<bool>) -> Service {
    let base_url = settings.public_url.unwrap_or_else(|| format!("http://{}", reachable(addr)));
    let base_url = base_url.trim_end_matches('/').to_owned();
    let speed = Speed(settings.speed);
    let pictures = match settings.faults.text(Fault::ImageHost) {
        Some(host) => format!("http://{host}:{}", addr.port()),
        None => base_url.clone(),
    };
    let rules = Rules {
        dice: Dice::new(settings.seed, settings.faults.clone()),
        speed,
        slots: settings.slots,
        fast: settings.fast,
        relaxed: settings.relaxed,
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    Service {
        clock: Clock::start(),
        speed,
        shape: Shape { faults: settings.faults, pictures, picture_side: settings.picture_side },
        base_url,
        key: settings.key,
        postman: Postman::default(),
        drawing: Semaphore::new(processors),
        stopped,
        books: Mutex::new(Books::new(rules)),
    }
}

/// An address that says "all of this machine" is none that a client can call; loopback is.
fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, addr.port())
}
