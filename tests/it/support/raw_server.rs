//! A service that speaks raw bytes: it counts every request and answers submits as the test specifies.
//!
//! The sandbox simulates what a service may do; this simulates what a network may do to its replies, and counts requests
//! without any HTTP library.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The reply to a submit.
pub(crate) enum RawReply {
    /// Sends these bytes and keeps the connection open.
    Bytes(Vec<u8>),
    /// Sends these bytes and closes the connection.
    Last(Vec<u8>),
    /// Sends these bytes after a delay.
    Late(Duration, Vec<u8>),
    /// Closes the connection without sending a byte.
    Close,
    /// Resets the connection without reading the body of the request.
    Reset,
}

/// A complete HTTP reply with a body.
pub(crate) fn reply(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

#[derive(Debug, Clone)]
struct Seen {
    line: String,
    headers: String,
}

struct Shared {
    answer: Box<dyn Fn(usize) -> RawReply + Send + Sync>,
    /// The status item of a job.
    item: Box<dyn Fn(&str) -> serde_json::Value + Send + Sync>,
    seen: Mutex<Vec<Seen>>,
    over: AtomicBool,
}

/// A server with a thread per connection. It runs until it is dropped.
pub(crate) struct RawServer {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

impl RawServer {
    /// Starts a server whose reply to the nth submit, counted from 0, is what `answer` returns, and for which every job is done.
    pub(crate) fn with_reply(answer: impl Fn(usize) -> RawReply + Send + Sync + 'static) -> RawServer {
        RawServer::start(answer, |task_id| {
            let images: Vec<String> =
                (1..=4).map(|n| format!("http://images.invalid/{task_id}/{n}.png")).collect();
            serde_json::json!({"taskId": task_id, "status": 1, "image": "", "images": images})
        })
    }

    /// Starts a server that accepts every submit and whose status of each job is what `item` returns.
    pub(crate) fn with_status(item: impl Fn(&str) -> serde_json::Value + Send + Sync + 'static) -> RawServer {
        let accepted = |n| {
            let body = format!(r#"{{"status":0,"data":{{"taskId":"job-{n}"}},"message":"success"}}"#);
            RawReply::Bytes(reply("200 OK", "Content-Type: application/json\r\n", &body))
        };
        RawServer::start(accepted, item)
    }

    fn start(
        answer: impl Fn(usize) -> RawReply + Send + Sync + 'static,
        item: impl Fn(&str) -> serde_json::Value + Send + Sync + 'static,
    ) -> RawServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            answer: Box::new(answer),
            item: Box::new(item),
            seen: Mutex::default(),
            over: AtomicBool::new(false),
        });
        let server = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if server.over.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), server) = (stream, server.clone()) else { continue };
                // A client may hang up at any moment.
                std::thread::spawn(move || drop(serve(stream, &server)));
            }
        });
        RawServer { addr, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The number of submits that have arrived.
    pub(crate) fn submits(&self) -> usize {
        self.shared.seen.lock().unwrap().iter().filter(|seen| seen.line.contains("/submit-jobs ")).count()
    }

    /// The request lines and headers of all requests.
    pub(crate) fn requests(&self) -> Vec<String> {
        let seen = self.shared.seen.lock().unwrap();
        seen.iter().map(|seen| format!("{}\r\n{}", seen.line, seen.headers)).collect()
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.addr); // wakes the listener, which sees that it is over
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    loop {
        let head = read_head(&mut stream)?;
        let (line, headers) = head.split_once("\r\n").unwrap_or((&head, ""));
        let seen = Seen { line: line.to_owned(), headers: headers.to_owned() };
        let submit = line.contains("/submit-jobs ");
        let number = {
            let mut all = shared.seen.lock().unwrap();
            let before = all.iter().filter(|seen| seen.line.contains("/submit-jobs ")).count();
            all.push(seen);
            before
        };
        let answer = if submit { (shared.answer)(number) } else { RawReply::Close };
        if matches!(answer, RawReply::Reset) {
            return Ok(()); // closing with the body unread makes the system send a reset
        }
        let body = read_body(&mut stream, headers)?;
        match answer {
            _ if line.contains("/job-status ") => stream.write_all(&all_done(&body, &shared.item))?,
            RawReply::Bytes(bytes) => stream.write_all(&bytes)?,
            RawReply::Late(wait, bytes) => {
                std::thread::sleep(wait);
                stream.write_all(&bytes)?;
            }
            RawReply::Last(bytes) => return stream.write_all(&bytes),
            RawReply::Close | RawReply::Reset => return Ok(()),
        }
    }
}

fn read_head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn read_body(stream: &mut TcpStream, headers: &str) -> std::io::Result<Vec<u8>> {
    let length = headers.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    Ok(body)
}

fn all_done(body: &[u8], item: &dyn Fn(&str) -> serde_json::Value) -> Vec<u8> {
    let asked: serde_json::Value = serde_json::from_slice(body).unwrap();
    let asked = asked["taskIds"].as_array().unwrap().iter();
    let items: Vec<_> = asked.map(|id| item(id.as_str().unwrap())).collect();
    let envelope = serde_json::json!({"status": 0, "data": items, "message": "success"});
    reply("200 OK", "Content-Type: application/json\r\n", &envelope.to_string())
}
