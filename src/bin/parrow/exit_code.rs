//! What the program's exit codes mean: the one place that says it.

use std::process::ExitCode;

use parrow::{Error, ErrorKind};

use super::system;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// Done. Also when the reader of standard output has gone away (`parrow … | head`).
    Done = 0,
    /// A row failed: under `--on-error fail` nothing was written, otherwise everything else is done. Or a program that was
    /// run failed: under `--halt on-error` the others were ended, otherwise they are done.
    Failed = 1,
    /// Wrong usage: an unknown command or flag, nothing to run, a column that is not there, an expression that is none.
    Usage = 2,
    /// The input could not be read or the output not be written, or the program itself failed.
    Files = 3,
    /// Ended since the terminal is gone.
    HungUp = 129,
    /// Ended by Ctrl-C.
    Interrupted = 130,
    /// Ended by a request of the system.
    Terminated = 143,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

impl Code {
    /// The code for a run that ended with this error.
    pub fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Cancelled => system::code_of_interruption(),
            ErrorKind::Io { source, .. } if is_closed_pipe(source) => Self::Done,
            ErrorKind::Row { .. } | ErrorKind::TooManyFaults { .. } => Self::Failed,
            // What one line of a file holds is not what was typed.
            ErrorKind::Dtype { .. } if error.position().line.is_some() => Self::Files,
            ErrorKind::ColumnNotFound { .. }
            | ErrorKind::DuplicateColumn { .. }
            | ErrorKind::Dtype { .. }
            | ErrorKind::NotHeld { .. }
            | ErrorKind::Shape { .. }
            | ErrorKind::InvalidOption { .. }
            | ErrorKind::UnknownFormat { .. }
            | ErrorKind::Expression { .. } => Self::Usage,
            _ => Self::Files,
        }
    }
}

/// Whether somebody stopped reading what is written.
pub fn is_closed_pipe(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}

/// Prints what the parser has to say, help or a complaint, and gives its exit code.
pub fn of_parser(answer: &clap::Error) -> ExitCode {
    // A closed pipe is no failure here either.
    let _ = answer.print();
    match answer.use_stderr() {
        true => Code::Usage.into(),
        false => Code::Done.into(),
    }
}
