//! One try of a command: from its start to the end of everything that it has started.

use std::io;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::error::plain;

use super::finished::Ending;
use super::outputs::Outputs;
use super::system::{self, Group};

/// How long a command that is asked to end may take to do so.
const GRACE: Duration = Duration::from_secs(1);

/// How long outputs are waited for that somebody holds when the command has ended.
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
        Self { ending: unstarted(error), stdout: Vec::new(), stderr: Vec::new() }
    }
}

/// What a try may use up.
pub(super) struct Limits {
    pub(super) time: Option<Duration>,
    /// Bytes of each output.
    pub(super) output: usize,
}

/// Runs the command until it ends, is over its limits, or `is_stopped` says so. When this returns, nothing of it is running.
pub(super) fn supervise(command: &str, limits: &Limits, is_stopped: impl Fn() -> bool) -> Try {
    let mut shell = system::shell(command);
    let spawned = shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut process = match spawned {
        Ok(child) => Process::of(child),
        Err(error) => return Try::unstarted(&error),
    };
    // A point in time too far away to be told is no limit.
    let deadline = limits.time.and_then(|time| Instant::now().checked_add(time));
    let outputs = match Outputs::of(&mut process.child, limits.output) {
        Ok(outputs) => outputs,
        Err(error) => {
            process.end();
            return Try::unstarted(&error);
        }
    };
    let mut ending = process.watch(deadline, &outputs, is_stopped);
    outputs.end_within(HELD_PIPE);
    // A command that nobody reads any more may well have ended by itself.
    if outputs.are_too_much() && !matches!(ending, Ending::Stopped | Ending::TimedOut) {
        ending = Ending::TooMuchOutput;
    }
    let (stdout, stderr) = outputs.take();
    Try { ending, stdout, stderr }
}

/// A command that is running.
pub(crate) struct Process {
    pub(crate) child: Child,
    group: Group,
}

impl Process {
    /// The command that `child`, which has a group of its own, is the first process of.
    pub(crate) fn of(child: Child) -> Self {
        Self { group: Group::of(&child), child }
    }

    fn watch(
        &mut self,
        deadline: Option<Instant>,
        outputs: &Outputs,
        is_stopped: impl Fn() -> bool,
    ) -> Ending {
        let mut tick = FIRST_TICK;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    // What still hands on the command's last words may do so: a shell doesn't wait for tee in
                    // `command > >(tee log)`.
                    if self.group.exists() && (!outputs.end_within(HELD_PIPE) || self.group.exists()) {
                        self.end();
                    }
                    return system::ending(status);
                }
                Ok(None) => {}
                Err(error) => {
                    self.end();
                    return unstarted(&error);
                }
            }
            let left = deadline.map_or(TICK, |deadline| deadline.saturating_duration_since(Instant::now()));
            let ending = if is_stopped() {
                Ending::Stopped
            } else if left.is_zero() {
                Ending::TimedOut
            } else if outputs.are_too_much() {
                Ending::TooMuchOutput
            } else {
                if outputs.end_within(left.min(TICK)) {
                    sleep(left.min(tick));
                    tick = (tick * 2).min(TICK);
                }
                continue;
            };
            self.end();
            return ending;
        }
    }

    /// Asks what is left of the command to end, and kills what doesn't.
    pub(crate) fn end(&mut self) {
        self.group.terminate(&mut self.child);
        let deadline = Instant::now() + GRACE;
        let mut tick = FIRST_TICK;
        while self.is_there() {
            if Instant::now() >= deadline {
                return self.kill();
            }
            sleep(tick);
            tick = (tick * 2).min(TICK);
        }
    }

    /// Ends what is left of the command at once.
    pub(crate) fn kill(&mut self) {
        self.group.kill(&mut self.child);
        // Nobody survives that; without an answer there is no child to wait for.
        let _ = self.child.wait();
    }

    /// Whether the command's process or another of its group is there.
    pub(crate) fn is_there(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None)) || self.group.exists()
    }
}

fn unstarted(error: &io::Error) -> Ending {
    Ending::Unstarted { message: plain(error) }
}
