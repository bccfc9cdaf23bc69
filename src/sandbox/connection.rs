//! Connections that can be cut in the middle of a reply, as axum closes a connection only after
//! one.
//!
//! Each connection has a [`CutHandle`], which the handlers of its requests receive. A cut takes
//! effect at the next byte to be written. All connections end when the sandbox stops, also idle
//! ones.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const WHOLE: u8 = 0;
const HALF: u8 = 1;
const CUT: u8 = 2;

/// Cuts the connection of a request.
#[derive(Debug, Clone)]
pub(super) struct CutHandle(Arc<AtomicU8>);

impl CutHandle {
    /// Cuts the connection at once: no more bytes are sent.
    pub(super) fn cut(&self) {
        self.0.store(CUT, Ordering::Release);
    }

    /// Cuts the connection after the head and half of the body of the next reply.
    pub(super) fn cut_in_half(&self) {
        self.0.store(HALF, Ordering::Release);
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for CutHandle {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.io().cut_handle.clone()
    }
}

/// A listener whose connections can be cut.
pub(super) struct CuttableListener {
    pub(super) listener: TcpListener,
    pub(super) stopped: watch::Receiver<bool>,
}

/// Completes when the sandbox stops or is dropped.
pub(super) async fn stopping(mut stopped: watch::Receiver<bool>) {
    // An error means that the sandbox was dropped.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

impl Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (CuttableStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, from)) => {
                    // Replies are small, and clients wait for them.
                    let _ = stream.set_nodelay(true);
                    let stopping = Box::pin(stopping(self.stopped.clone()));
                    return (
                        CuttableStream {
                            stream,
                            cut_handle: CutHandle(Arc::new(AtomicU8::new(WHOLE))),
                            stopping,
                        },
                        from,
                    );
                }
                // Most likely too many open files, of which some will be closed soon.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that can be cut.
pub(super) struct CuttableStream {
    stream: TcpStream,
    cut_handle: CutHandle,
    stopping: Pin<Box<dyn Future<Output = ()> + Send>>,
}

fn cut() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionAborted)
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.stopping.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(cut()));
        }
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.cut_handle.0.load(Ordering::Acquire) {
            CUT => Poll::Ready(Err(cut())),
            HALF => {
                let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
                let half = (head + (bytes.len() - head) / 2).max(1);
                let written = Pin::new(&mut self.stream).poll_write(cx, &bytes[..half.min(bytes.len())]);
                if written.is_ready() {
                    self.cut_handle.cut();
                }
                written
            }
            _ => Pin::new(&mut self.stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
