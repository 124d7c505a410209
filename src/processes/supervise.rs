//! One try of a command: from its start to the end of everything that it has started.

use std::io;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::drain::Drain;
use super::finished::Ending;
use super::system::{self, Group};

/// How long a command that is asked to end may take to do so.
const GRACE: Duration = Duration::from_secs(1);

/// How long outputs are waited for that somebody holds who has left the command's group.
const HELD_PIPE: Duration = Duration::from_millis(500);

/// How often a command that is running is looked at. The end of its outputs is heard at once.
const TICK: Duration = Duration::from_millis(20);

/// How soon it is looked at first, once its outputs have ended: then it is about to end itself.
const FIRST_TICK: Duration = Duration::from_micros(100);

/// What came of a try.
pub(super) struct Try {
    pub(super) ending: Ending,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

impl Try {
    fn unstarted(error: &io::Error) -> Self {
        Self {
            ending: Ending::Unstarted { message: error.to_string() },
            stdout: Vec::new(),
            stderr: Vec::new(),
        }
    }
}

/// Runs the command until it ends, `timeout` is over, or `is_stopped` says so. When this returns, nothing of it is running.
pub(super) fn supervise(command: &str, timeout: Option<Duration>, is_stopped: impl Fn() -> bool) -> Try {
    let mut shell = system::shell(command);
    let spawned = shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut process = match spawned {
        Ok(child) => Process { group: Group::of(&child), child },
        Err(error) => return Try::unstarted(&error),
    };
    // A point in time too far away to be told is no limit.
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let (at_end, outputs_end) = channel();
    let drains =
        process.child.stdout.take().map(|pipe| Drain::start(pipe, at_end.clone())).transpose().and_then(
            |stdout| {
                Ok((stdout, process.child.stderr.take().map(|pipe| Drain::start(pipe, at_end)).transpose()?))
            },
        );
    let (stdout, stderr) = match drains {
        Ok(drains) => drains,
        Err(error) => {
            process.end();
            return Try::unstarted(&error);
        }
    };
    let ending = process.watch(deadline, &outputs_end, is_stopped);
    wait_for_outputs(&outputs_end);
    let taken = |drain: Option<Drain>| drain.map(Drain::take).unwrap_or_default();
    Try { ending, stdout: taken(stdout), stderr: taken(stderr) }
}

/// A command that is running.
struct Process {
    child: Child,
    group: Group,
}

impl Process {
    fn watch(
        &mut self,
        deadline: Option<Instant>,
        outputs_end: &Receiver<()>,
        is_stopped: impl Fn() -> bool,
    ) -> Ending {
        let mut tick = FIRST_TICK;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    if self.group.exists() {
                        self.end();
                    }
                    return system::ending(status);
                }
                Ok(None) => {}
                Err(error) => {
                    self.end();
                    return Ending::Unstarted { message: error.to_string() };
                }
            }
            let left = deadline.map_or(TICK, |deadline| deadline.saturating_duration_since(Instant::now()));
            let ending = match (is_stopped(), left.is_zero()) {
                (true, _) => Ending::Stopped,
                (false, true) => Ending::TimedOut,
                (false, false) => {
                    if outputs_end.recv_timeout(left.min(TICK)) == Err(RecvTimeoutError::Disconnected) {
                        sleep(left.min(tick));
                        tick = (tick * 2).min(TICK);
                    }
                    continue;
                }
            };
            self.end();
            return ending;
        }
    }

    /// Asks what is left of the command to end, and kills what doesn't.
    fn end(&mut self) {
        self.group.terminate(&mut self.child);
        let deadline = Instant::now() + GRACE;
        let mut tick = FIRST_TICK;
        while self.is_there() {
            if Instant::now() >= deadline {
                self.group.kill(&mut self.child);
                // Nobody survives that; without an answer there is no child to wait for.
                let _ = self.child.wait();
                return;
            }
            sleep(tick);
            tick = (tick * 2).min(TICK);
        }
    }

    /// Whether the command's process or another of its group is there.
    fn is_there(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None)) || self.group.exists()
    }
}

/// Waits until the outputs have ended, or for as long as is sensible.
fn wait_for_outputs(outputs_end: &Receiver<()>) {
    // Nothing is ever sent: the last sender goes away when the last pipe has ended.
    let _ = outputs_end.recv_timeout(HELD_PIPE);
}
