//! A server for hooks: it records each request and answers it as the test specifies.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A request as it was received.
#[derive(Debug, Clone)]
pub(crate) struct ReceivedRequest {
    /// The first line and the headers.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl ReceivedRequest {
    /// The value of a header, by its case-insensitive name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

type ReplyFn = dyn Fn(usize, &ReceivedRequest) -> Vec<u8> + Send + Sync;

/// A server that runs until it is dropped.
pub(crate) struct HookReceiver {
    addr: SocketAddr,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
    over: Arc<AtomicBool>,
}

impl HookReceiver {
    /// Starts a server whose reply to the nth request, counted from 0, is what `answer` returns.
    pub(crate) fn with_reply(
        answer: impl Fn(usize, &ReceivedRequest) -> Vec<u8> + Send + Sync + 'static,
    ) -> HookReceiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let receiver = HookReceiver { addr, requests: Arc::default(), over: Arc::default() };
        let (requests, over, answer) = (
            receiver.requests.clone(),
            receiver.over.clone(),
            Arc::<ReplyFn>::from(Box::new(answer) as Box<ReplyFn>),
        );
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), requests, answer) = (stream, requests.clone(), answer.clone()) else {
                    continue;
                };
                // A client may hang up at any moment.
                std::thread::spawn(move || drop(serve(stream, &requests, &*answer)));
            }
        });
        receiver
    }

    /// Starts a server that accepts every request.
    pub(crate) fn accepting() -> HookReceiver {
        HookReceiver::with_reply(|_, _| super::reply("200 OK", "", "ok"))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.requests.lock().unwrap().clone()
    }

    /// The ids of the tasks that were delivered as done, in order of arrival.
    pub(crate) fn done_tasks(&self) -> Vec<String> {
        let done =
            self.requests().into_iter().filter(|request| request.header("x-mjbatch-event") == Some("done"));
        done.map(|request| request.json()["task"]["id"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for HookReceiver {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.addr);
    }
}

fn serve(
    mut stream: TcpStream,
    requests: &Mutex<Vec<ReceivedRequest>>,
    answer: &ReplyFn,
) -> std::io::Result<()> {
    loop {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let mut post = ReceivedRequest { head: String::from_utf8(head).unwrap(), body: String::new() };
        let length = post.header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        post.body = String::from_utf8(body).unwrap();
        let number = {
            let mut requests = requests.lock().unwrap();
            requests.push(post.clone());
            requests.len() - 1
        };
        stream.write_all(&answer(number, &post))?;
    }
}
