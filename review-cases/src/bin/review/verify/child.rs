//! A child process with a time limit. A hang is an answer, never a hang of ours.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use wait_timeout::ChildExt;

/// The most that is kept of what a child prints, in bytes: the end of it.
const KEPT: usize = 4 << 20;

/// How a child ended and what it printed.
#[derive(Debug)]
pub(crate) struct ChildOutput {
    /// How it ended; nothing if it was stopped at the time limit.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl ChildOutput {
    pub(crate) fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

/// Runs `command` to its end, or until `limit` has passed.
///
/// # Errors
/// If it cannot be started or waited for.
pub(crate) fn run(command: &mut Command, limit: Duration) -> io::Result<ChildOutput> {
    let start = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (closed, both_closed) = mpsc::channel();
    let stdout = drain(child.stdout.take(), closed.clone());
    let stderr = drain(child.stderr.take(), closed);
    let status = wait(&mut child, &both_closed, start, limit)?;
    if status.is_none() {
        child.kill()?;
        child.wait()?;
    }
    Ok(ChildOutput {
        status,
        stdout: stdout.join().unwrap_or_default(),
        stderr: stderr.join().unwrap_or_default(),
        took: start.elapsed(),
    })
}

/// Waits until both pipes are closed and the child is gone, or the time is up.
/// How the child ended, if it was in time.
fn wait(
    child: &mut Child,
    both_closed: &mpsc::Receiver<()>,
    start: Instant,
    limit: Duration,
) -> io::Result<Option<ExitStatus>> {
    let left = || limit.saturating_sub(start.elapsed());
    // The channel disconnects when both readers have dropped their senders.
    match both_closed.recv_timeout(left()) {
        Err(RecvTimeoutError::Timeout) => Ok(None),
        _ => child.wait_timeout(left()),
    }
}

/// Reads a pipe to its end on a thread of its own, and keeps the end of it.
fn drain(pipe: Option<impl Read + Send + 'static>, closed: mpsc::Sender<()>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut kept = Vec::new();
        let mut chunk = [0; 1 << 14];
        if let Some(mut pipe) = pipe {
            while let Ok(n @ 1..) = pipe.read(&mut chunk) {
                kept.extend_from_slice(&chunk[..n]);
                if kept.len() > 2 * KEPT {
                    kept.drain(..kept.len() - KEPT);
                }
            }
        }
        drop(closed);
        String::from_utf8_lossy(&kept).into_owned()
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> ChildOutput {
        run(Command::new("sh").args(["-c", script]), limit).unwrap()
    }

    #[test]
    fn output_and_exit_code_come_back() {
        let ran = shell("echo out; echo err >&2; exit 3", Duration::from_secs(60));
        assert_eq!(ran.status.and_then(|s| s.code()), Some(3));
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("out\n", "err\n"));
        assert!(!ran.succeeded());
    }

    #[test]
    fn a_child_that_hangs_is_stopped() {
        let ran = shell("echo begun; exec sleep 600", Duration::from_millis(300));
        assert!(ran.status.is_none());
        assert_eq!(ran.stdout, "begun\n");
        assert!(ran.took < Duration::from_secs(60));
    }

    #[test]
    fn endless_output_keeps_its_end() {
        let script = "head -c 20000000 /dev/zero | tr '\\0' x; echo; echo last";
        let ran = shell(script, Duration::from_secs(60));
        assert!(ran.succeeded());
        assert!(ran.stdout.len() <= 2 * KEPT && ran.stdout.ends_with("last\n"));
    }
}
