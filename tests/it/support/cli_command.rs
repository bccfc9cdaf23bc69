//! The built program: started with a clean environment, observed while it runs, its output recorded.
//!
//! The API key must never leak: every command ends with a search for it in the output and in all files.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use super::{DEADLINE, wait_until};

/// The API key that runs use.
pub(crate) const KEY: &str = "mj-key-Zq7rT2vX9";

/// A command line of the program, before it is started.
pub(crate) struct CliCommand {
    command: Command,
    folder: PathBuf,
}

impl CliCommand {
    pub(super) fn new(folder: &Path, words: &str) -> CliCommand {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mjbatch"));
        command.args(words.split_whitespace()).current_dir(folder).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Without these, programs on Windows have no sockets.
        for name in ["SystemRoot", "SystemDrive", "TEMP"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        CliCommand { command, folder: folder.to_owned() }
    }

    /// Adds arguments, separated by blanks.
    pub(crate) fn args(mut self, words: &str) -> CliCommand {
        self.command.args(words.split_whitespace());
        self
    }

    /// Adds one argument, which may contain blanks.
    pub(crate) fn arg(mut self, argument: &str) -> CliCommand {
        self.command.arg(argument);
        self
    }

    /// Uses the service at this URL, with [`KEY`].
    pub(crate) fn with_service(self, url: &str) -> CliCommand {
        self.env("MIDJOURNEY_API_BASE_URL", url).env("MIDJOURNEY_API_KEY", KEY)
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> CliCommand {
        self.command.env(name, value);
        self
    }

    /// Starts the command.
    pub(crate) fn start(mut self) -> RunningCommand {
        let mut child = self.command.spawn().unwrap();
        let stdout = PipeReader::new(child.stdout.take().unwrap());
        let stderr = PipeReader::new(child.stderr.take().unwrap());
        RunningCommand { child, stdout, stderr, folder: self.folder }
    }

    /// Runs the command to its end.
    pub(crate) fn output(self) -> CommandOutput {
        self.start().wait()
    }

    /// Runs the command to its end and asserts its exit code.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> CommandOutput {
        let ran = self.output();
        assert_eq!(ran.code, Some(code), "{ran:?}");
        ran
    }
}

/// A running command. It is killed when dropped.
pub(crate) struct RunningCommand {
    child: Child,
    stdout: PipeReader,
    stderr: PipeReader,
    folder: PathBuf,
}

impl RunningCommand {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until stdout contains this text.
    #[track_caller]
    pub(crate) fn wait_for_stdout(&self, words: &str) {
        wait_until(words, || self.stdout.so_far().contains(words));
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Kills the command, as `kill -9` does.
    pub(crate) fn kill(mut self) -> CommandOutput {
        self.child.kill().unwrap();
        self.wait()
    }

    /// Waits for the command to end.
    pub(crate) fn wait(mut self) -> CommandOutput {
        let begun = Instant::now();
        while !self.has_ended() {
            if begun.elapsed() > DEADLINE {
                panic!(
                    "the command does not end; its output:\n{}\n{}",
                    self.stdout.so_far(),
                    self.stderr.so_far()
                );
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let code = self.child.wait().unwrap().code();
        let ran = CommandOutput { code, stdout: self.stdout.all(), stderr: self.stderr.all() };
        ran.assert_no_key(&self.folder);
        ran
    }
}

impl Drop for RunningCommand {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The outcome of a command that has ended.
#[derive(Debug)]
pub(crate) struct CommandOutput {
    /// The exit code; `None` where a signal ended the command.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl CommandOutput {
    fn assert_no_key(&self, folder: &Path) {
        assert!(!self.stdout.contains(KEY) && !self.stderr.contains(KEY), "the key leaked: {self:?}");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let found = bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes());
            assert!(!found, "the key is in {}", path.display());
        }
    }
}

/// Collects the bytes of a pipe in a thread.
struct PipeReader {
    bytes: Arc<Mutex<Vec<u8>>>,
    listener: Option<JoinHandle<()>>,
}

impl PipeReader {
    fn new(mut pipe: impl Read + Send + 'static) -> PipeReader {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let into = bytes.clone();
        let listener = std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(n @ 1..) = pipe.read(&mut piece) {
                into.lock().unwrap().extend_from_slice(&piece[..n]);
            }
        });
        PipeReader { bytes, listener: Some(listener) }
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
