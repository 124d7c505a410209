//! What a Python function gets of a row.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// What a Python function gets: a row, in one of four ways, or a whole batch of rows, in one of three.
///
/// # Example
/// ```
/// use parrow::worker::RowsAs;
///
/// assert_eq!("tuple".parse::<RowsAs>()?, RowsAs::Tuple);
/// # Ok::<(), parrow::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RowsAs {
    /// The cells by the names of its parameters. One called `row`, where no column is, gets the row as a list; `**kwargs`
    /// gets all columns that no other parameter has, and so does `*args` where there are no `**kwargs`.
    #[default]
    Kwargs,
    /// The row as a `list`, its first argument.
    List,
    /// The row as a `tuple`, its first argument.
    Tuple,
    /// The row as a `dict` by the columns' names, its first argument.
    Dict,
    /// The batch as a `pyarrow.Table`. Whatever the size of the batch, each row must get the same result.
    PyArrow,
    /// The batch as a `pandas.DataFrame`, of which the same holds.
    Pandas,
    /// The batch as a `polars.DataFrame`, of which the same holds.
    Polars,
}

impl RowsAs {
    const ALL: [Self; 7] =
        [Self::Kwargs, Self::List, Self::Tuple, Self::Dict, Self::PyArrow, Self::Pandas, Self::Polars];

    /// The word that stands for it on a command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kwargs => "kwargs",
            Self::List => "list",
            Self::Tuple => "tuple",
            Self::Dict => "dict",
            Self::PyArrow => "pyarrow",
            Self::Pandas => "pandas",
            Self::Polars => "polars",
        }
    }

    /// Whether it is a batch of rows and not a row.
    pub(super) fn is_batch(self) -> bool {
        matches!(self, Self::PyArrow | Self::Pandas | Self::Polars)
    }
}

impl fmt::Display for RowsAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RowsAs {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|rows_as| rows_as.as_str() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|rows_as| rows_as.as_str()).collect();
            Error::invalid_option("as", format!("{text:?} is none of {}", known.join(", ")))
        })
    }
}
