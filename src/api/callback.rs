//! The listener for callbacks: it answers at once and passes on every body that it can read, with
//! the token of its URL.
//!
//! Each attempt has a callback URL of its own, which ends with a token that cannot be guessed. Only
//! the service knows it, so the token proves which attempt a callback is about. The runner checks
//! the token; the engine decides what the callback means.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

use super::wire;
use crate::engine::Item;

/// The largest body that is read, in bytes. Real callbacks have a few kilobytes.
const LARGEST_BODY: usize = 1 << 20;
/// How many callbacks may wait to be handled; further ones are answered with 503.
const BACKLOG: usize = 1024;

/// A callback whose body could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// The last segment of the path that was called. It has not been checked yet.
    pub token: String,
    /// The job that it is about.
    pub item: Item,
}

/// A listener for callbacks. It stops listening when dropped.
#[derive(Debug)]
pub struct CallbackListener {
    addr: SocketAddr,
    callbacks: Receiver<Callback>,
    server: JoinHandle<()>,
}

impl CallbackListener {
    /// Listens at this address; port 0 takes any free port.
    ///
    /// # Errors
    /// The error of the system where the address cannot be bound.
    pub async fn listen(addr: SocketAddr) -> io::Result<CallbackListener> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let (sender, callbacks) = channel(BACKLOG);
        // A proxy in front of us may put any path before the token.
        let routes = Router::new()
            .route("/{*path}", post(receive))
            .layer(DefaultBodyLimit::max(LARGEST_BODY))
            .with_state(sender);
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Ok(CallbackListener { addr, callbacks, server })
    }

    /// The address that the listener is bound to.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The next callback; `None` once the listener has stopped.
    pub async fn next(&mut self) -> Option<Callback> {
        self.callbacks.recv().await
    }
}

impl Drop for CallbackListener {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(
    State(callbacks): State<Sender<Callback>>,
    Path(path): Path<String>,
    body: Bytes,
) -> StatusCode {
    let token = path.rsplit('/').next().unwrap_or_default().to_owned();
    match wire::parse_callback(&body) {
        None => StatusCode::BAD_REQUEST,
        // The answer is the same for a valid and an invalid token, so that it does not help to
        // guess one.
        Some(item) => match callbacks.try_send(Callback { token, item }) {
            Ok(()) => StatusCode::OK,
            Err(_) => StatusCode::SERVICE_UNAVAILABLE,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Progress;
    use crate::task::RemoteTaskId;

    #[tokio::test]
    async fn a_callback_is_answered_at_once_and_passed_on_with_its_token() {
        let mut listener = CallbackListener::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let url = format!("http://{}/behind/a/proxy/tok-1", listener.addr());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let call = |body: &'static str| client.post(&url).body(body).send();
        assert_eq!(call("{\"data\":{\"taskId\":\"t\",\"status\":0}}").await.unwrap().status(), 200);
        assert_eq!(call("not json").await.unwrap().status(), 400);
        let item = Item { task_id: RemoteTaskId("t".into()), progress: Progress::Running };
        assert_eq!(listener.next().await, Some(Callback { token: "tok-1".into(), item }));
        let long = client.post(&url).body(vec![b' '; LARGEST_BODY + 1]).send().await;
        assert!(long.is_err() || long.is_ok_and(|reply| reply.status() == 413));
    }
}
