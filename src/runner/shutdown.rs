//! Requests to stop, as an argument of a run: from signals in the program, from anywhere in a test.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Who wants the run to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// A person pressed Ctrl-C (SIGINT).
    Interrupt,
    /// The system asks (SIGTERM; on Windows the console is closed).
    Terminate,
}

/// The run's end of the line. The first signal lets it follow what runs, the second makes it leave.
#[derive(Debug)]
pub struct Shutdown(UnboundedReceiver<Signal>);

/// A line for signals.
pub fn shutdown() -> (UnboundedSender<Signal>, Shutdown) {
    let (sender, receiver) = unbounded_channel();
    (sender, Shutdown(receiver))
}

impl Shutdown {
    /// The next signal; never, where nobody can send one any more.
    pub(crate) async fn next(&mut self) -> Signal {
        match self.0.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}
