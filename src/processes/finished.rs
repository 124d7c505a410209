//! What came of a command.

use std::fmt;
use std::time::SystemTime;

/// What came of a command.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Finished {
    /// The command's place among the commands, counted from 0.
    pub index: usize,
    /// The command.
    pub command: String,
    /// When its first try began.
    pub start: SystemTime,
    /// How long it took, all tries together.
    pub seconds: f64,
    /// How its last try ended.
    pub ending: Ending,
    /// How often it was tried: 1 unless it failed and was tried again.
    pub tries: u32,
    /// What the last try wrote to standard output.
    pub stdout: Vec<u8>,
    /// What the last try wrote to standard error.
    pub stderr: Vec<u8>,
}

impl Finished {
    /// Whether the command ended by itself with exit code 0.
    pub fn succeeded(&self) -> bool {
        self.ending == Ending::Exited(0)
    }

    /// Whether the command was ended because the run was stopped.
    pub fn is_stopped(&self) -> bool {
        self.ending == Ending::Stopped
    }

    /// The exit code, as shells would say it: see [`Ending::exit_code`].
    pub fn exit_code(&self) -> i32 {
        self.ending.exit_code()
    }

    /// The signal that ended the command, where one did.
    pub fn signal(&self) -> Option<i32> {
        match self.ending {
            Ending::Signalled(signal) => Some(signal),
            _ => None,
        }
    }
}

/// How a command ended. Its text completes “the command failed: …”.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// By itself, with this exit code; a shell gives 127 for a command that does not exist, and 126 for one that cannot be
    /// run.
    Exited(i32),
    /// By a signal that somebody else sent, or that it earned (Unix).
    Signalled(i32),
    /// It took longer than the time limit, and was ended.
    TimedOut,
    /// It wrote more than is held in memory, and was ended; what it wrote until then is there.
    TooMuchOutput,
    /// It was ended because the run was stopped.
    Stopped,
    /// The system could not start it, or not watch it.
    Unstarted {
        /// What the system said.
        message: String,
    },
}

impl Ending {
    /// The exit code, as shells and `timeout` say it: a signal is 128 more than its number, a time limit 124, too much output
    /// 141 (as when a reader goes away), a run that was stopped 143, a command that could not be started 126.
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Exited(code) => *code,
            Self::Signalled(signal) => 128 + signal,
            Self::TimedOut => 124,
            Self::TooMuchOutput => 141,
            Self::Stopped => 143,
            Self::Unstarted { .. } => 126,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit code {code}"),
            Self::Signalled(signal) => write!(f, "ended by signal {signal}"),
            Self::TimedOut => f.write_str("ended at the time limit"),
            Self::TooMuchOutput => {
                f.write_str("it wrote more than is held in memory; write to a file (command > file)")
            }
            Self::Stopped => f.write_str("stopped with the run"),
            Self::Unstarted { message } => write!(f, "could not be run: {message}"),
        }
    }
}
