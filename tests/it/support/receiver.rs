//! Somebody who is told: a server of bytes that keeps each request, and answers it as a test wants.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    /// The first line and the headers.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Post {
    /// A header, whatever the case of its name.
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

type Answer = dyn Fn(usize, &Post) -> Vec<u8> + Send + Sync;

/// Serves until it is dropped.
pub(crate) struct Receiver {
    addr: SocketAddr,
    posts: Arc<Mutex<Vec<Post>>>,
    over: Arc<AtomicBool>,
}

impl Receiver {
    /// Answers the nth request, counted from 0, in this way.
    pub(crate) fn answering(answer: impl Fn(usize, &Post) -> Vec<u8> + Send + Sync + 'static) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let receiver = Receiver { addr, posts: Arc::default(), over: Arc::default() };
        let (posts, over, answer) = (
            receiver.posts.clone(),
            receiver.over.clone(),
            Arc::<Answer>::from(Box::new(answer) as Box<Answer>),
        );
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), posts, answer) = (stream, posts.clone(), answer.clone()) else { continue };
                // A client may hang up at any moment.
                std::thread::spawn(move || drop(serve(stream, &posts, &*answer)));
            }
        });
        receiver
    }

    /// Takes all.
    pub(crate) fn taking() -> Receiver {
        Receiver::answering(|_, _| super::reply("200 OK", "", "ok"))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// All that arrived so far.
    pub(crate) fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }

    /// The ids of the tasks that were told of, in order of arrival.
    pub(crate) fn tasks(&self) -> Vec<String> {
        let told = self.posts().into_iter().filter(|post| post.header("x-mjbatch-event") == Some("done"));
        told.map(|post| post.json()["task"]["id"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.addr);
    }
}

fn serve(mut stream: TcpStream, posts: &Mutex<Vec<Post>>, answer: &Answer) -> std::io::Result<()> {
    loop {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let mut post = Post { head: String::from_utf8(head).unwrap(), body: String::new() };
        let length = post.header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        post.body = String::from_utf8(body).unwrap();
        let number = {
            let mut posts = posts.lock().unwrap();
            posts.push(post.clone());
            posts.len() - 1
        };
        stream.write_all(&answer(number, &post))?;
    }
}
