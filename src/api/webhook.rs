//! The receiver of callbacks: it answers at once, hands on what it can read, and believes nobody without a token.
//!
//! Each attempt has an address of its own that ends with a token nobody can guess; the caller proves by it that the service
//! (or whoever the service told) is speaking of that attempt. What the call means is decided by the engine.

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

/// A callback is a few kilobytes; more is not from the service.
const LARGEST_BODY: usize = 1 << 20;
/// How many calls may wait to be looked at.
const BACKLOG: usize = 1024;

/// A callback that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The last part of the address that was called. Not checked yet.
    pub token: String,
    /// What it says.
    pub item: Item,
}

/// A listener for callbacks. Stops listening when dropped.
#[derive(Debug)]
pub struct Webhook {
    addr: SocketAddr,
    calls: Receiver<Call>,
    server: JoinHandle<()>,
}

impl Webhook {
    /// Listens at this address; port 0 takes any that is free.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub async fn listen(addr: SocketAddr) -> io::Result<Webhook> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let (sender, calls) = channel(BACKLOG);
        // Whatever stands before the token is the business of a proxy in front of us.
        let routes = Router::new()
            .route("/{*path}", post(receive))
            .layer(DefaultBodyLimit::max(LARGEST_BODY))
            .with_state(sender);
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Webhook { addr, calls, server })
    }

    /// The address that was bound.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The next call. `None` once the listener is gone.
    pub async fn next(&mut self) -> Option<Call> {
        self.calls.recv().await
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(State(calls): State<Sender<Call>>, Path(path): Path<String>, body: Bytes) -> StatusCode {
    let token = path.rsplit('/').next().unwrap_or_default().to_owned();
    match wire::callback(&body) {
        None => StatusCode::BAD_REQUEST,
        // The answer is the same for a good token and a bad one, so it tells nobody which is which.
        Some(item) => match calls.try_send(Call { token, item }) {
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
    async fn a_call_is_answered_at_once_and_handed_on_with_its_token() {
        let mut webhook = Webhook::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let url = format!("http://{}/behind/a/proxy/tok-1", webhook.addr());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let call = |body: &'static str| client.post(&url).body(body).send();
        assert_eq!(call("{\"data\":{\"taskId\":\"t\",\"status\":0}}").await.unwrap().status(), 200);
        assert_eq!(call("not json").await.unwrap().status(), 400);
        let item = Item { task_id: RemoteTaskId("t".into()), progress: Progress::Running };
        assert_eq!(webhook.next().await, Some(Call { token: "tok-1".into(), item }));
        let long = client.post(&url).body(vec![b' '; LARGEST_BODY + 1]).send().await;
        assert!(long.is_err() || long.is_ok_and(|reply| reply.status() == 413));
    }
}
