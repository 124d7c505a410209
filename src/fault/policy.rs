//! What a run does with a row that fails.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// What a run does with a row on which the row function returns an error, panics, or is given a value that does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnError {
    /// End the run with the error of the lowest such row.
    #[default]
    Fail,
    /// Make the row's result null, or of a tuple or struct of results those that failed. The ledger counts such rows and keeps no messages.
    Null,
    /// Leave the row out of the result.
    Skip,
    /// Make the row's result null as [`Null`](Self::Null) does, and keep the row, its message and its cause in the ledger.
    Collect,
}

impl OnError {
    /// The word that stands for it on a command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Null => "null",
            Self::Skip => "skip",
            Self::Collect => "collect",
        }
    }
}

impl fmt::Display for OnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for OnError {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        [Self::Fail, Self::Null, Self::Skip, Self::Collect]
            .into_iter()
            .find(|it| it.as_str() == text)
            .ok_or_else(|| {
                Error::invalid_option("on-error", format!("{text:?} is none of fail, null, skip, collect"))
            })
    }
}
