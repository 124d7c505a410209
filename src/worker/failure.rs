//! Why a worker gave no answer.

use std::fmt;
use std::time::Duration;

use crate::error::Error;
use crate::processes::Ending;

/// What came instead of an answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The worker is to blame, or the rows that it was given; another one may do better.
    Worker(Failure),
    /// Nothing that another worker would change.
    Run(Error),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Worker(failure)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Run(error)
    }
}

/// What is wrong with a worker. Its text completes “the worker …”.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Failure {
    /// It is gone.
    Ended {
        ending: Ending,
        /// The end of what it wrote to standard error.
        last_words: String,
    },
    /// It lives, and has closed its standard output.
    Closed,
    /// It took too long.
    Silent(Duration),
    /// It does not keep to the protocol.
    Wrong(String),
}

impl Failure {
    pub(super) fn wrong(message: impl Into<String>) -> Self {
        Self::Wrong(message.into())
    }

    /// Whether the shell did not find the program, or may not run it.
    pub(super) fn is_no_program(&self) -> bool {
        matches!(self, Self::Ended { ending: Ending::Exited(126 | 127), .. })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended { ending, last_words } => {
                match ending {
                    Ending::Exited(code) => write!(f, "ended with exit code {code}")?,
                    Ending::Signalled(signal) => write!(f, "was killed by signal {signal}")?,
                    ending => write!(f, "failed: {ending}")?,
                }
                match last_words.trim() {
                    "" => Ok(()),
                    words => write!(f, "; it wrote: {words}"),
                }
            }
            Self::Closed => f.write_str("closed its standard output"),
            Self::Silent(limit) => {
                write!(f, "gave no answer in {} s, the time limit of a chunk", limit.as_secs_f64())
            }
            Self::Wrong(message) => f.write_str(message),
        }
    }
}
