//! Connections that can be cut: axum closes one only after a reply, but a service may vanish in the middle of one.
//!
//! Each connection has a [`Knife`] that its requests' handlers get. What is cut shows at the next byte to be written. All
//! connections end when the sandbox stops, also those whose client neither speaks nor hangs up.

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

/// Cuts the connection that a request came by.
#[derive(Debug, Clone)]
pub(super) struct Knife(Arc<AtomicU8>);

impl Knife {
    /// Not one byte more goes out.
    pub(super) fn cut(&self) {
        self.0.store(CUT, Ordering::Release);
    }

    /// The next reply goes out with its head and half of what comes with it, then no more.
    pub(super) fn cut_in_half(&self) {
        self.0.store(HALF, Ordering::Release);
    }
}

impl Connected<IncomingStream<'_, Door>> for Knife {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().knife.clone()
    }
}

/// Listens, and hands out connections that can be cut.
pub(super) struct Door {
    pub(super) listener: TcpListener,
    pub(super) stopped: watch::Receiver<bool>,
}

/// Ends when the sandbox stops or is dropped.
pub(super) async fn stopping(mut stopped: watch::Receiver<bool>) {
    // An error means that the sandbox itself is gone, which is as good.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

impl Listener for Door {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, from)) => {
                    // Replies are small and waited for.
                    let _ = stream.set_nodelay(true);
                    let stopping = Box::pin(stopping(self.stopped.clone()));
                    return (Line { stream, knife: Knife(Arc::new(AtomicU8::new(WHOLE))), stopping }, from);
                }
                // Too many open files, most likely; some will be closed soon.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// One connection.
pub(super) struct Line {
    stream: TcpStream,
    knife: Knife,
    stopping: Pin<Box<dyn Future<Output = ()> + Send>>,
}

fn cut() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionAborted)
}

impl AsyncRead for Line {
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

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.knife.0.load(Ordering::Acquire) {
            CUT => Poll::Ready(Err(cut())),
            HALF => {
                let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
                let half = (head + (bytes.len() - head) / 2).max(1);
                let written = Pin::new(&mut self.stream).poll_write(cx, &bytes[..half.min(bytes.len())]);
                if written.is_ready() {
                    self.knife.cut();
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
