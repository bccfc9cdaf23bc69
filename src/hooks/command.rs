//! Delivers to a command: it gets the JSON on its standard input, and its exit code says whether
//! the delivery succeeded.
//!
//! The command has a process group of its own, so that Ctrl-C at the terminal does not reach it and
//! all processes that it started can be killed with it. Its output is read to the end, and only the
//! last line is kept, as the reason of a failure.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin};

use super::error::DeliveryError;
use super::message::HookMessage;

/// How many bytes at the end of a command's output are kept.
const KEPT: usize = 4096;
/// How long processes that a command left behind may hold its pipes open.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookCommand {
    /// The program: a name in the PATH, or an absolute path.
    pub program: PathBuf,
    /// The arguments; no shell reads them.
    pub arguments: Vec<String>,
    /// The working directory.
    pub folder: PathBuf,
    /// Environment variables that are removed from its environment.
    pub hidden_variables: Vec<String>,
}

impl HookCommand {
    /// Runs the command with the message on its standard input.
    pub(super) async fn run(&self, message: &HookMessage, limit: Duration) -> Result<(), DeliveryError> {
        let mut child = self.start()?;
        let group = ProcessGroup::of(&child);
        let (out, err) = (OutputTail::default(), OutputTail::default());
        let pipes = {
            let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
            let (out, err) = (&out, &err);
            async move {
                tokio::join!(
                    write_message(stdin, message.body.as_bytes()),
                    out.fill(stdout),
                    err.fill(stderr)
                )
            }
        };
        tokio::pin!(pipes);
        let ended = tokio::time::timeout(limit, async {
            let mut is_drained = false;
            loop {
                tokio::select! {
                    status = child.wait() => break status,
                    _ = &mut pipes, if !is_drained => is_drained = true,
                }
            }
        });
        let Ok(ended) = ended.await else {
            drop(group);
            let _ = child.start_kill();
            let _ = child.wait().await;
            return Err(DeliveryError::permanent(format!("it took longer than {limit:?} and was stopped")));
        };
        group.release();
        let status = ended.map_err(|e| DeliveryError::transient(e.to_string()))?;
        if status.success() {
            return Ok(());
        }
        // The pipes may have been drained already: then the future must not be polled again.
        if !(out.is_over() && err.is_over()) {
            let _ = tokio::time::timeout(LAST_WORDS, &mut pipes).await;
        }
        Err(DeliveryError::transient(match err.last_line().or_else(|| out.last_line()) {
            Some(line) => format!("{}: {line}", in_words(status)),
            None => in_words(status),
        }))
    }

    fn start(&self) -> Result<Child, DeliveryError> {
        let mut command = tokio::process::Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        for name in &self.hidden_variables {
            command.env_remove(name);
        }
        #[cfg(unix)]
        command.process_group(0);
        command.spawn().map_err(|e| {
            DeliveryError::permanent(format!("`{}` cannot be started: {e}", self.program.display()))
        })
    }
}

/// Writes the message; a command need not read it.
async fn write_message(stdin: Option<ChildStdin>, body: &[u8]) {
    let Some(mut stdin) = stdin else { return };
    let _ = stdin.write_all(body).await;
    let _ = stdin.write_all(b"\n").await;
}

/// The end of a command's output, and whether it is over.
#[derive(Debug, Default)]
struct OutputTail(Mutex<(Vec<u8>, bool)>);

impl OutputTail {
    async fn fill(&self, pipe: Option<impl AsyncRead + Unpin>) {
        let Some(mut pipe) = pipe else { return };
        let mut piece = vec![0; KEPT];
        while let Ok(n @ 1..) = pipe.read(&mut piece).await {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.0.extend_from_slice(&piece[..n]);
            let excess = kept.0.len().saturating_sub(KEPT);
            kept.0.drain(..excess);
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
    }

    fn is_over(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    fn last_line(&self) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept.0);
        text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
    }
}

fn in_words(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("it ended with exit code {code}"),
        None => status.to_string(),
    }
}

/// The processes that a command has started. They are killed when this is dropped.
struct ProcessGroup(Option<u32>);

impl ProcessGroup {
    fn of(child: &Child) -> ProcessGroup {
        ProcessGroup(child.id())
    }

    /// Leaves the processes alone: the command ended by itself.
    fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        let Some(id) = self.0 else { return };
        #[cfg(unix)]
        if let Some(group) = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        // Elsewhere only the command itself is killed, by its owner.
        #[cfg(not(unix))]
        let _ = id;
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn message(body: &str) -> HookMessage {
        HookMessage { id: "d1".into(), event: "done", body: body.into() }
    }

    async fn sh(script: &str, body: &str, limit: Duration) -> Result<(), DeliveryError> {
        let command = HookCommand {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            folder: std::env::temp_dir(),
            hidden_variables: vec!["PATH".into()],
        };
        command.run(&message(body), limit).await
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_command_gets_the_body_and_its_last_line_is_the_reason_of_a_failure() {
        assert_eq!(sh("read line; test \"$line\" = '{\"a\":1}'", "{\"a\":1}", LONG).await, Ok(()));
        let why = |ran: Result<(), DeliveryError>| ran.unwrap_err().why;
        let said = why(sh("echo one; echo 'tw\x1b[31mo ' >&2; echo >&2; exit 3", "", LONG).await);
        assert_eq!(said, "it ended with exit code 3: tw\u{fffd}[31mo");
        assert_eq!(why(sh("echo one; exit 1", "", LONG).await), "it ended with exit code 1: one");
        assert_eq!(why(sh("exit 1", "", LONG).await), "it ended with exit code 1");
        assert!(why(sh("kill -9 $$", "", LONG).await).contains("signal: 9"));
    }

    #[tokio::test]
    async fn more_than_a_pipe_holds_blocks_neither_direction() {
        let long = "x".repeat(1 << 20);
        assert_eq!(sh("exit 0", &long, LONG).await, Ok(()), "it need not be read");
        let flood = "i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done; exit 2";
        let said = sh(flood, &long, LONG).await.unwrap_err().why;
        assert_eq!(said, "it ended with exit code 2: 0123456789012345678901234567890123456789");
    }

    #[tokio::test]
    async fn a_command_that_does_not_end_is_killed_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let (pid, alive) = (folder.path().join("pid"), folder.path().join("alive"));
        let (pid, shown) = (pid.display(), alive.display());
        let script = format!("(sleep 1; echo > {shown}) & echo $! > {pid}; wait; /bin/sleep 100");
        let ran = sh(&script, "", Duration::from_millis(200)).await;
        assert_eq!(ran, Err(DeliveryError::permanent("it took longer than 200ms and was stopped")));
        let child: i32 = std::fs::read_to_string(folder.path().join("pid")).unwrap().trim().parse().unwrap();
        let child = rustix::process::Pid::from_raw(child).unwrap();
        // It may be a zombie that was not reaped yet, which runs nothing.
        let gone = || rustix::process::test_kill_process(child).is_err() || is_zombie(child);
        assert!(gone(), "what it started still runs");
    }

    fn is_zombie(process: rustix::process::Pid) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
        stat.is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')))
    }

    #[tokio::test]
    async fn a_process_that_a_command_leaves_running_blocks_nothing() {
        assert_eq!(sh("/bin/sleep 100 & exit 0", "", LONG).await, Ok(()));
        let begun = std::time::Instant::now();
        assert!(sh("/bin/sleep 3 & exit 1", "", LONG).await.is_err());
        assert!(begun.elapsed() < Duration::from_secs(3));
    }

    #[tokio::test]
    async fn a_program_that_does_not_exist_is_not_retried() {
        let command = HookCommand {
            program: "/no/such/program".into(),
            arguments: Vec::new(),
            folder: ".".into(),
            hidden_variables: Vec::new(),
        };
        let error = command.run(&message(""), LONG).await.unwrap_err();
        assert!(
            !error.is_transient && error.why.starts_with("`/no/such/program` cannot be started"),
            "{error:?}"
        );
    }
}
