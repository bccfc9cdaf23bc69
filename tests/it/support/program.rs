//! The built program: called with a clean environment, watched while it runs, and all that it says kept.
//!
//! Whatever a test is about, the key must not show: every call ends with a search for it in all that was said and written.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use super::{DEADLINE, until};

/// The key that runs are given.
pub(crate) const KEY: &str = "mj-key-Zq7rT2vX9";

/// A call of the program that is being put together.
pub(crate) struct Call {
    command: Command,
    folder: PathBuf,
}

impl Call {
    pub(super) fn of(folder: &Path, words: &str) -> Call {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mjbatch"));
        command.args(words.split_whitespace()).current_dir(folder).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Without these, programs on Windows have no sockets.
        for name in ["SystemRoot", "SystemDrive", "TEMP"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        Call { command, folder: folder.to_owned() }
    }

    /// With more words as arguments.
    pub(crate) fn and(mut self, words: &str) -> Call {
        self.command.args(words.split_whitespace());
        self
    }

    /// With one more argument, blanks and all.
    pub(crate) fn arg(mut self, argument: &str) -> Call {
        self.command.arg(argument);
        self
    }

    /// Against the service at this address, with [`KEY`].
    pub(crate) fn at(self, url: &str) -> Call {
        self.env("MIDJOURNEY_API_BASE_URL", url).env("MIDJOURNEY_API_KEY", KEY)
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Call {
        self.command.env(name, value);
        self
    }

    /// Starts it.
    pub(crate) fn start(mut self) -> Running {
        let mut child = self.command.spawn().unwrap();
        let stdout = Heard::of(child.stdout.take().unwrap());
        let stderr = Heard::of(child.stderr.take().unwrap());
        Running { child, stdout, stderr, folder: self.folder }
    }

    /// Runs it to its end.
    pub(crate) fn go(self) -> Ran {
        self.start().ended()
    }

    /// Runs it to its end, which must have this exit code.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Ran {
        let ran = self.go();
        assert_eq!(ran.code, Some(code), "{ran:?}");
        ran
    }
}

/// A program that runs. Killed when dropped.
pub(crate) struct Running {
    child: Child,
    stdout: Heard,
    stderr: Heard,
    folder: PathBuf,
}

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it has said this on stdout.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) {
        until(words, || self.stdout.so_far().contains(words));
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(mut self) -> Ran {
        self.child.kill().unwrap();
        self.ended()
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> Ran {
        let begun = Instant::now();
        while !self.is_over() {
            if begun.elapsed() > DEADLINE {
                panic!("does not end; said\n{}\n{}", self.stdout.so_far(), self.stderr.so_far());
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let code = self.child.wait().unwrap().code();
        let ran = Ran { code, stdout: self.stdout.all(), stderr: self.stderr.all() };
        ran.keeps_the_key(&self.folder);
        ran
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// None where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    fn keeps_the_key(&self, folder: &Path) {
        assert!(!self.stdout.contains(KEY) && !self.stderr.contains(KEY), "the key shows: {self:?}");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let found = bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes());
            assert!(!found, "the key is in {}", path.display());
        }
    }
}

/// What comes out of a pipe.
struct Heard {
    bytes: Arc<Mutex<Vec<u8>>>,
    listener: Option<JoinHandle<()>>,
}

impl Heard {
    fn of(mut pipe: impl Read + Send + 'static) -> Heard {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let into = bytes.clone();
        let listener = std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(n @ 1..) = pipe.read(&mut piece) {
                into.lock().unwrap().extend_from_slice(&piece[..n]);
            }
        });
        Heard { bytes, listener: Some(listener) }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    fn all(&mut self) -> String {
        if let Some(listener) = self.listener.take() {
            listener.join().unwrap();
        }
        String::from_utf8(self.bytes.lock().unwrap().clone()).expect("output is UTF-8")
    }
}
